import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { readPreview } from "../../src/cli/review/preview.js";
import { reportOn } from "../../src/cli/review/report.js";
import { SimulatedHost, startSimulator, startVsphere } from "../../src/simulator/index.js";
import type { Stack } from "../../tools/engine/pulumi.js";
import { esxiIser } from "../support/cli.js";
import { byHand, variations } from "../support/discovered.js";
import { chap, setUpByHand, storage, storageSystem, storageTarget } from "../support/iserHost.js";
import { linesOn, normal, onHost } from "../support/previewed.js";
import { asUser, quickStack } from "../support/quickStack.js";

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

const repository = join(__dirname, "../..");
const models = ["6.7", "7.0", "8.0", "9.0"] as const;
const password = "simulated-root-password";

describe("a stack of what esxi-iser discover wrote", function () {
  this.timeout(300_000);
  /** Inside the repository, where the package can refer to itself. */
  let folder: string;
  let simulators: readonly Simulator[];
  let stack: Stack;
  /** The hosts as they were before the stack. */
  let adopted: readonly string[];
  before(async () => {
    folder = mkdtempSync(join(repository, ".readme-discover-"));
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: "../tsconfig.json", compilerOptions: { rootDir: ".." }, include: ["*.ts"] }),
    );
    writeFileSync(join(folder, "Pulumi.yaml"), "name: storage\nruntime: nodejs\nmain: index.ts\n");
    simulators = await Promise.all(models.map((model) => startSimulator({ model, password, storage })));
    // The first without CHAP, and all of the last two with everything beside that can be set.
    for (const [at, { host }] of simulators.entries()) setUpByHand(host, { chap: at > 0 });
    for (const { host } of simulators.slice(2)) byHand(host, variations);
    stack = await quickStack(folder, {
      "esxi-iser:password": { secret: password },
      "esxi-iser:hostKey": "insecure-accept-any",
    });
  });
  after(async () => {
    stack?.dispose();
    await Promise.all((simulators ?? []).map((simulator) => simulator.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  const writes = () => simulators.map(({ host }) => host.counters.writes);
  const dumps = () => simulators.map(({ host }) => host.dump());

  it("is imported, and has no changes but the secrets that no host tells; nothing is written to the hosts", async () => {
    adopted = dumps();
    const before = writes();
    const names = simulators.map(({ port }) => `127.0.0.1:${port}`);
    const { status, stdout, stderr } = await esxiIser(["discover", ...names, "--out", folder], {
      cwd: join(stack.folder, "project"),
      env: stack.env as NodeJS.ProcessEnv,
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");

    const keys = [...stdout.matchAll(/pulumi config set --secret (\S+)/g)].map(([, key = ""]) => key);
    assert.equal(keys.length, 5);
    await stack.setConfig(Object.fromEntries(keys.map((key) => [key, { secret: chap.secret }])));
    const { stdout: imported } = await stack.import(join(folder, "import.json"));
    assert.doesNotMatch(imported, /warning|error/i);

    assert.deepEqual((await stack.refresh()).changes, []);
    const { changes } = await stack.preview(asUser);
    assert.deepEqual(
      [...new Set(changes.map(({ op, type }) => `${op} ${type}`))],
      ["update pulumi-nodejs:dynamic/esxi-iser:Chap"],
    );
    assert.equal(changes.length, 2 + 3 + 3);
    assert.deepEqual(writes(), before);
  });

  it("puts the children of a component under it", async () => {
    const { deployment } = await stack.exportState();
    const urns = (deployment.resources ?? []).map(({ urn }) => urn);
    const program = readFileSync(join(folder, "index.ts"), "utf8");
    assert.equal(program.split("new IserHost(").length - 1, 4);
    for (const type of ["IserAdapter", "VirtualSwitch", "PortBinding", "Rescan"]) {
      const mine = urns.filter((urn) => urn.includes(`:${type}::`));
      assert.equal(mine.length, 8, type);
      assert.ok(
        mine.every((urn) => urn.includes("::esxi-iser:index:IserHost$")),
        mine.join("\n"),
      );
    }
  });

  /** What is written to the hosts by a run, after it was reviewed: the review lists that, and for each host only that. */
  const reviewed = async (preview: readonly string[], run: () => Promise<unknown>): Promise<readonly string[][]> => {
    const { stdout } = await stack.run([...preview, "--json", "--show-sames"]);
    const report = await reportOn(readPreview(stdout));
    const starts = simulators.map(({ host }) => host.journal.length);
    await run();
    const lines = simulators.map(({ host }, at) =>
      host.journal
        .slice(starts[at])
        .filter(({ effect }) => effect === "write")
        .map(({ line }) => normal(line)),
    );
    const listed = models.map((model, at) => {
      const { port } = simulators[at] ?? {};
      const { items = [] } = report.hosts.find(({ host }) => host === `127.0.0.1:${port}`) ?? {};
      return items.flatMap((item) => linesOn(model, item)).map(onHost);
    });
    // Of different resources the engine takes now this one first, now that one.
    assert.deepEqual(
      listed.map((some) => some.sort()),
      lines.map((some) => [...some].sort()),
    );
    return lines;
  };

  it("writes by an up the secrets and nothing else, and then has no changes", async () => {
    const before = { writes: writes(), dumps: dumps() };
    const lines = await reviewed(["preview"], () => stack.up());
    for (const line of lines.flat()) assert.match(line, /auth chap set .*--direction=(uni|mutual)/);
    assert.deepEqual(
      lines.map(({ length }) => length),
      [0, 2, 3, 3],
    );
    assert.deepEqual(dumps(), before.dumps);
    assert.deepEqual((await stack.up()).changes, []);
  });

  it("changes what the program changes, by the commands that esxi-iser review lists", async () => {
    const file = join(folder, "index.ts");
    const program = readFileSync(file, "utf8");
    const other = [
      ['alias: "storage-a"', 'alias: "other"'],
      ["vlanId: 50", "vlanId: 60"],
      ["RecoveryTimeout: 25", "RecoveryTimeout: 30"],
    ].reduce((text, [was = "", is = ""]) => {
      assert.ok(text.includes(was), was);
      return text.replaceAll(was, is);
    }, program);
    writeFileSync(file, other);
    const lines = await reviewed(["preview"], () => stack.up());
    assert.deepEqual(
      lines.map(({ length }) => length),
      [0, 0, 3, 3],
    );
  });

  it("sees what is changed by hand, and destroyed it leaves the hosts as they were", async () => {
    const [first] = simulators;
    first?.host.execute("esxcli iscsi adapter discovery sendtarget remove -A vmhba64 -a 192.168.50.100:3260");
    const { changes } = await stack.refresh();
    assert.ok(changes.some(({ op, type }) => op === "delete" && type.endsWith(":DiscoveryAddress")));
    const [lines] = await reviewed(["preview"], () => stack.up());
    assert.ok(lines?.some((line) => line.includes("sendtarget add")));
    const back = await reviewed(["destroy", "--preview-only"], () => stack.destroy());
    // The discovery address of the first was made anew, so it goes.
    assert.deepEqual(
      back.map(({ length }) => length),
      [1, 0, 3, 3],
    );
    assert.deepEqual(dumps().slice(1), adopted.slice(1));
  });
});

describe("a stack of what esxi-iser discover wrote of a host whose SSH is off", function () {
  this.timeout(300_000);

  it("is imported, and has no changes", async () => {
    const folder = mkdtempSync(join(repository, ".readme-discover-"));
    const host = new SimulatedHost({ storage: [{ ...storageSystem, targets: [{ name: storageTarget }] }] });
    setUpByHand(host, { chap: false });
    const endpoint = await startVsphere(host, { password });
    try {
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({ extends: "../tsconfig.json", compilerOptions: { rootDir: ".." }, include: ["*.ts"] }),
      );
      writeFileSync(join(folder, "Pulumi.yaml"), "name: storage\nruntime: nodejs\nmain: index.ts\n");
      const stack = await quickStack(folder, { "esxi-iser:password": { secret: password } });
      try {
        const { writes } = host.counters;
        const reached = ["--transport", "vsphere", "--thumbprint", endpoint.thumbprint];
        const args = ["discover", `127.0.0.1:${endpoint.port}`, ...reached, "--out", folder];
        const { status, stderr } = await esxiIser(args, {
          cwd: join(stack.folder, "project"),
          env: stack.env as NodeJS.ProcessEnv,
        });
        assert.deepEqual([status, stderr], [0, ""]);
        const { stdout: imported } = await stack.import(join(folder, "import.json"));
        assert.doesNotMatch(imported, /warning|error/i);
        assert.deepEqual((await stack.refresh()).changes, []);
        assert.deepEqual((await stack.preview(asUser)).changes, []);
        assert.equal(host.counters.writes, writes);
      } finally {
        stack.dispose();
      }
    } finally {
      await endpoint.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
