import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { startSimulator } from "../../src/simulator/index.js";
import { Stack } from "../../tools/engine/pulumi.js";
import { examplesOf } from "../support/apiExamples.js";
import { marked, repository } from "../support/markdown.js";

/** The programs of all documents, each marked `<!-- program: name -->`. */
const programs = marked("program");
const programOf = (name: string) => programs.get(name)?.text ?? "";

/** Runs a program of this repository; what is built does not count for the coverage of the sources. */
const node = (...args: string[]) =>
  promisify(execFile)(process.execPath, args, {
    cwd: repository,
    env: { ...process.env, NODE_V8_COVERAGE: undefined },
  });

describe("the programs in the documents", function () {
  this.timeout(300_000);
  /** Inside the repository, where the package can refer to itself. */
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(repository, ".readme-"));
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../tsconfig.json",
        compilerOptions: { rootDir: "..", noEmit: true },
        include: ["*.ts", "*.mts"],
      }),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("are these", () => {
    const run = ["first", "one of each", "many hosts", "by what is there", "a test", "unit tests"];
    // Run in `guides.test.ts`, as part of the page that it is on.
    const elsewhere = ["getting-started"];
    assert.deepEqual([...programs.keys()].sort(), [...run, ...elsewhere].sort());
  });

  const secrets = { chapSecret: "simulated-chap-secret", spareSecret: "simulated-chap-spare" };
  const array = (address: string, name: string, secret?: string) => ({
    address,
    targets: [{ name, ...(secret === undefined ? {} : { chap: { name: "esx01", secret } }) }],
  });
  /** As it is before anything of iSER is there: cards without a virtual switch. */
  const bareHost = {
    switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
    portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
    vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network" }],
    storage: [
      array("192.168.50.100", "iqn.2010-09.lab.storage:iser-a", secrets.chapSecret),
      array("192.168.50.101", "iqn.2010-09.lab.storage:spare", secrets.spareSecret),
    ],
  };
  const netted = { storage: [array("192.168.50.100", "iqn.2010-09.lab.storage:iser-a")] };

  type Simulator = Awaited<ReturnType<typeof startSimulator>>;
  /** Runs a program on simulated hosts, and takes it away again. The hosts' names are the only thing that is changed: they are not in DNS. */
  const runs = async (
    program: string,
    options: Parameters<typeof startSimulator>[0],
    hosts: number,
    reach: (program: string, simulators: Simulator[]) => string,
    look: (simulators: Simulator[], outputs: Record<string, unknown>) => void,
  ) => {
    const password = "simulated-root-password";
    const simulators = await Promise.all(Array.from({ length: hosts }, () => startSimulator({ ...options, password })));
    let stack: Stack | undefined;
    try {
      assert.ok(program.includes('"esx01.lab"'));
      writeFileSync(join(folder, "index.ts"), reach(program, simulators));
      writeFileSync(join(folder, "Pulumi.yaml"), "name: readme\nruntime: nodejs\nmain: index.ts\n");
      const keys = Object.fromEntries(simulators.map(({ port, fingerprint }) => [port, fingerprint]));
      stack = await Stack.init(folder, "dev", {
        "esxi-iser:password": { secret: password },
        "esxi-iser:hostKey": hosts === 1 ? keys[simulators[0]?.port ?? 0] : "insecure-accept-any",
        ...Object.fromEntries(Object.entries(secrets).map(([key, secret]) => [key, { secret }])),
      });
      const bare = simulators.map(({ host }) => host.dump());
      await stack.up();
      look(simulators, await stack.outputs());
      assert.deepEqual((await stack.up()).changes, []);
      await stack.destroy();
      assert.deepEqual(
        simulators.map(({ host }) => host.dump()),
        bare,
      );
    } finally {
      stack?.dispose();
      await Promise.all(simulators.map((simulator) => simulator.close()));
    }
  };
  const alone = (program: string, [simulator]: Simulator[]) =>
    program.replace('"esx01.lab"', `{ host: "${simulator?.address}", port: ${simulator?.port} }`);
  const shows = (simulator: Simulator | undefined, line: string, pattern: RegExp) =>
    assert.match(simulator?.host.execute(line).stdout ?? "", pattern);

  it("has a program that does the whole procedure, with the config that it says", () =>
    runs(programOf("first"), bareHost, 1, alone, ([simulator], { adapters }) => {
      for (const vmhba of Object.values(adapters as object))
        shows(simulator, `esxcli iscsi session list -A ${vmhba}`, /Target: iqn\.2010-09\.lab\.storage:iser-a\n/);
      assert.deepEqual(Object.keys(adapters as object).sort(), ["iser-a", "iser-b"]);
      shows(simulator, "esxcli network vswitch standard list", /Name: vSwitch-iser-a\n[\s\S]*?MTU: 9000\n/);
    }));

  it("has a program with one of each resource", () =>
    runs(programOf("one of each"), bareHost, 1, alone, ([simulator], { devices }) => {
      shows(simulator, "esxcli iscsi session list -A vmhba64", /storage:iser-a\n[\s\S]*storage:spare\n/);
      shows(simulator, "esxcli network vswitch standard portgroup list", /iser-a +vSwitch1 +1 +50/);
      for (const device of devices as string[]) shows(simulator, "esxcli storage core path list", new RegExp(device));
    }));

  it("has a program for many hosts, one after the other", () =>
    runs(
      programOf("many hosts"),
      { ...bareHost, storage: netted.storage },
      2,
      (program, simulators) =>
        simulators.reduce(
          (text, { address, port }, at) =>
            text.replace(
              `"esx0${at + 1}.lab": {`,
              `"esx0${at + 1}.lab": { host: { host: "${address}", port: ${port} },`,
            ),
          program,
        ),
      (simulators) => {
        for (const [at, mtu] of [9000, 1500].entries()) {
          shows(simulators[at], "esxcli iscsi session list", /Target: iqn\.2010-09\.lab\.storage:iser-a\n/);
          shows(
            simulators[at],
            "esxcli network ip interface list",
            new RegExp(`Name: vmk1\\n[\\s\\S]*?MTU: ${mtu}\\n`),
          );
          assert.equal(simulators[at]?.host.counters.connections, 1);
        }
      },
    ));

  it("has a program that decides by what is there", () =>
    runs(programOf("by what is there"), netted, 1, alone, ([simulator], { card, adapters }) => {
      assert.match(String(card), /ConnectX-4/);
      assert.deepEqual(adapters, { "iser-a": "vmhba64" });
      shows(simulator, "esxcli iscsi networkportal list", /Vmknic: vmk1\n/);
    }));

  for (const [name, passing] of [
    ["a test", 1],
    ["unit tests", 4],
  ] as const)
    it(`has tests that pass: ${name}`, async () => {
      writeFileSync(join(folder, "host.test.ts"), programOf(name));
      const mocha = join(repository, "node_modules/mocha/bin/mocha.js");
      const { stdout } = await node(mocha, join(folder, "host.test.ts"));
      assert.match(stdout, new RegExp(`^ *${passing} passing`, "m"));
    });

  it("are of the right types, and so are the examples in the docstrings", async () => {
    rmSync(join(folder, "index.ts"), { force: true });
    for (const [at, { text }] of [...programs.values()].entries()) writeFileSync(join(folder, `program${at}.ts`), text);
    const examples = examplesOf();
    assert.ok(examples.length > 10);
    for (const [at, text] of examples.entries()) writeFileSync(join(folder, `example${at}.mts`), text);
    const tsc = join(repository, "node_modules/typescript/bin/tsc");
    await node(tsc, "-p", folder).catch(({ stdout }) => assert.fail(stdout));
  });
});
