import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { parse } from "yaml";
import { startSimulator } from "../../src/simulator/index.js";
import { run } from "../../tools/engine/process.js";
import { Stack } from "../../tools/engine/pulumi.js";
import { marked, read, repository } from "../support/markdown.js";
import { explains, optionsOf, toldOf } from "../support/shellBlocks.js";

const blocks = marked("run");
const textOf = (name: string) => blocks.get(name)?.text ?? "";
const chapSecret = "simulated-chap-secret";
const password = "simulated-root-password";

interface Workflow {
  readonly on: unknown;
  readonly jobs: Readonly<
    Record<
      string,
      { env: Record<string, string>; steps: { name?: string; uses?: string; run?: string; if?: string }[] }
    >
  >;
}

/** The job of a workflow of the guides, and those of its steps that are run here: not npm's and not GitHub's. */
function jobOf(name: string) {
  const workflow = parse(read(`docs/guides/workflows/${name}.yml`)) as Workflow;
  const [job] = Object.values(workflow.jobs);
  assert.ok(workflow.on && job);
  const steps = job.steps.flatMap(({ run: line }) => (line === undefined ? [] : [line]));
  return { env: job.env, ours: steps.filter((line) => !/^(npm ci$|gh )/.test(line)), all: steps };
}

describe("the guides, on the real engine and a simulated host", function () {
  this.timeout(300_000);
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let stack: Stack;
  let home: string;
  let bare: string;

  before(async () => {
    simulator = await startSimulator({
      password,
      storage: [
        {
          address: "192.168.50.100",
          targets: [{ name: "iqn.2010-09.lab.storage:iser-a", chap: { name: "esx01", secret: chapSecret } }],
        },
      ],
    });
    bare = simulator.host.dump();
    home = mkdtempSync(join(tmpdir(), "esxi-iser-guides-"));
    writeFileSync(join(home, "Pulumi.yaml"), "name: unused\nruntime: nodejs\n");
    stack = await Stack.init(home, "unused");
    rmSync(join(home, "Pulumi.yaml"));
  });
  after(async () => {
    stack?.dispose();
    await simulator?.close();
    if (home) rmSync(home, { recursive: true, force: true });
  });

  const project = () => join(home, "storage");
  /** Runs lines as a terminal does, and says how they end. */
  const shell = async (lines: string, { cwd = project(), env = {}, typed = "" } = {}) =>
    run("/bin/bash", ["-e", "-c", typed === "" ? lines : `${lines.trimEnd()} <<< '${typed}'`], {
      cwd,
      env: { ...stack.env, PATH: [join(project(), "node_modules/.bin"), stack.env.PATH].join(delimiter), ...env },
      timeoutMs: 280_000,
    });
  const goes = async (lines: string, options: Parameters<typeof shell>[1] = {}) => {
    const result = await shell(lines, options);
    assert.equal(result.code, 0, `${lines}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const addresses = () => simulator.host.execute("esxcli iscsi adapter discovery sendtarget list").stdout;
  const steps = async (name: string, env: Record<string, string>) => {
    const { ours, env: own } = jobOf(name);
    const plain = Object.fromEntries(Object.entries(own).filter(([, value]) => !value.includes("${{")));
    return shell(ours.join("\n"), { env: { ...plain, ...env } });
  };

  /** What `npm install` of the page does, without a registry. */
  function install(): void {
    const modules = join(project(), "node_modules");
    for (const folder of ["@pulumi", ".bin"]) mkdirSync(join(modules, folder), { recursive: true });
    symlinkSync(repository, join(modules, "pulumi-esxi-iser"));
    symlinkSync(join(repository, "node_modules/@pulumi/pulumi"), join(modules, "@pulumi/pulumi"));
    const bin = join(modules, ".bin/npx");
    // npx of a project finds its programs; this one is the project's only one.
    writeFileSync(
      bin,
      `#!/bin/sh\n[ "$1" = esxi-iser ] || exit 99\nshift\nexec node ${repository}/dist/cli/main.js "$@"\n`,
    );
    chmodSync(bin, 0o755);
  }

  it("goes as the page says: a project, a host, a program, up", async () => {
    const [npmInstall, ...others] = textOf("project").trim().split("\n").reverse();
    assert.equal(npmInstall, "npm install pulumi-esxi-iser @pulumi/pulumi");
    await goes(others.reverse().join("\n"), { cwd: home });
    install();
    assert.match(textOf("host"), /--port 2201 --chap-name esx01 --known-hosts known_hosts\n$/);
    const { port, address } = simulator;
    const program = marked("program").get("getting-started")?.text ?? "";
    writeFileSync(join(project(), "index.ts"), program.replace("2201", String(port)));
    const [loggingIn = "", initial = "", hosts = "", ...secrets] = textOf("config").trim().split("\n");
    assert.deepEqual([loggingIn, secrets.length], ["pulumi login --local", 2]);
    // The state is in the test's folder.
    await goes(initial);
    await goes(
      `npx esxi-iser trust ${address}:${port} --yes --fingerprint ${simulator.fingerprint} --known-hosts known_hosts`,
    );
    await goes(hosts);
    await goes(secrets[0] ?? "", { typed: password });
    await goes(secrets[1] ?? "", { typed: chapSecret });
    const stdout = await goes(textOf("up"));
    assert.match(stdout, /vmhba64/);
    const sessions = simulator.host.execute("esxcli iscsi session list").stdout;
    assert.equal(sessions.split("AuthenticationMethod: chap").length - 1, 2);
  });

  it("has a workflow that finds drift, and none where there is none", async () => {
    const { all, ours } = jobOf("drift");
    assert.deepEqual([all.length, ours.length], [2, 1]);
    assert.equal(textOf("drift job").replace("dev", '"$STACK"').trim(), ours[0]);
    const still = await steps("drift", { ESXI_ISER_PASSWORD: password });
    assert.equal(still.code, 0, still.stdout + still.stderr);

    const line = textOf("by hand")
      .replace(/^ssh -p 2201 root@127\.0\.0\.1 /, "")
      .trim();
    assert.equal(simulator.host.execute(line).status, 0);
    const changed = await steps("drift", { ESXI_ISER_PASSWORD: password });
    assert.notEqual(changed.code, 0);
    assert.match(changed.stdout, /DiscoveryAddress/);
    assert.doesNotMatch(addresses(), /vmhba64/);
  });

  it("heals what was changed by hand, as the page says", async () => {
    await goes(textOf("drift"));
    assert.match(addresses(), /vmhba64 +192\.168\.50\.100:3260/);
  });

  it("has a workflow that reviews a change", async () => {
    const { all, ours } = jobOf("review");
    assert.deepEqual([all.length, ours.length], [5, 2]);
    const file = join(project(), "index.ts");
    const program = readFileSync(file, "utf8");
    writeFileSync(file, program.replace('"192.168.50.100"', '"192.168.50.200"'));
    const before = simulator.host.journal.length;
    const env = { RUNNER_TEMP: home, GITHUB_STEP_SUMMARY: join(home, "summary"), GITHUB_OUTPUT: join(home, "output") };
    const reviewed = await steps("review", env);
    assert.equal(reviewed.code, 0, reviewed.stdout + reviewed.stderr);
    assert.match(readFileSync(join(home, "review.md"), "utf8"), /sendtarget add .*192\.168\.50\.200:3260/);
    assert.equal(readFileSync(env.GITHUB_STEP_SUMMARY, "utf8"), readFileSync(join(home, "review.md"), "utf8"));
    assert.equal(readFileSync(env.GITHUB_OUTPUT, "utf8"), "status=1\n");
    assert.equal(simulator.host.journal.length, before);

    // A program that does not run gives no preview, and the job fails.
    writeFileSync(file, "throw new Error();\n");
    assert.notEqual((await steps("review", env)).code, 0);
    writeFileSync(file, program);
  });

  it("leaves the host as it was", async () => {
    await goes(textOf("away"));
    assert.equal(simulator.host.dump(), bare);
  });

  it("names commands and options that Pulumi has", async () => {
    const told = toldOf("pulumi");
    const subcommands = new Map(
      told.map(({ words }) => {
        const end = words.findIndex((word) => !/^[a-z-]+$/.test(word) || word.startsWith("-"));
        const named = words.slice(0, end < 0 ? undefined : end);
        return [words.join(" "), named.slice(0, ["stack", "config", "state"].includes(named[0] ?? "") ? 2 : 1)];
      }),
    );
    const helps = new Map<string, string>();
    for (const names of subcommands.values())
      if (!helps.has(names.join(" "))) {
        const { code, stdout } = await stack.run([...names, "--help"]);
        assert.equal(code, 0, names.join(" "));
        helps.set(names.join(" "), stdout);
      }
    assert.ok(helps.size > 5, [...helps.keys()].join());
    const unknown = told.flatMap(({ at, words }) =>
      optionsOf(words)
        .filter((option) => !explains(helps.get(subcommands.get(words.join(" "))?.join(" ") ?? "") ?? "", option))
        .map((option) => `${at}: pulumi ${words.join(" ")}: ${option}`),
    );
    assert.deepEqual(unknown, []);
  });
});
