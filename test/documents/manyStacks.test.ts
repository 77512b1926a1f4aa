import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { type HostOptions, type Simulator, startSimulator } from "../../src/simulator/index.js";
import { findEngine } from "../../tools/engine/find.js";
import { type Env, killGroup, onAbandon, run } from "../../tools/engine/process.js";
import { isolated, remove } from "../../tools/engine/pulumi.js";
import { setUp } from "../support/flatten.js";
import { quickNode } from "../support/quickStack.js";
import { serve } from "../support/served.js";

const repository = join(__dirname, "../..");
const password = "simulated-root-password";
const target = "iqn.2010-09.lab.storage:databases";
const racks = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `rack-${number}`);
/** Nine hosts: rack-1 has two, the others one each. */
const inRack = ["rack-1", ...racks];
const nameOf = (at: number) => `esx0${at + 1}.lab`;

const bare: HostOptions = {
  switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
  portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
  vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network" }],
  storage: ["192.168.50.100", "192.168.51.100"].map((address) => ({ address, targets: [{ name: target }] })),
};

interface Entry {
  stack: string;
  number: number;
  address: string;
  port: number;
  hostKey?: string | undefined;
  transport?: "ssh" | "vsphere" | undefined;
  thumbprint?: string | undefined;
}

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

interface Summary {
  stack: string;
  hosts: string[];
  status: string;
  changes: Record<string, number>;
  errors: string[];
}

describe("the example many-stacks, eight stacks by one driver on the real engine", function () {
  this.timeout(600_000);
  let folder: string;
  let project: string;
  let env: Env;
  let pulumi: string;
  let forget: () => void;
  let simulators: Simulator[] = [];
  let bareDumps: string[];
  /** What the hosts are when they are as they are declared. */
  let declared: string[];
  let inventory: Record<string, Entry>;

  before(async () => {
    const engine = await findEngine();
    pulumi = engine.pulumi;
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-stacks-"));
    forget = onAbandon(() => remove(folder));
    env = {
      ...isolated(engine, folder),
      ...quickNode(join(repository, "examples/many-stacks")),
      PULUMI_CONFIG_PASSPHRASE: "passphrase",
      // As a user gives it: on no command line.
      ESXI_ISER_PASSWORD: password,
    };
    for (const name of ["backend", "home", "pulumi", "tmp"]) mkdirSync(join(folder, name));
    project = copyOfExample(folder);
    simulators = await Promise.all(inRack.map((_, at) => startSimulator({ ...bare, name: nameOf(at), password })));
    bareDumps = dumps();
    inventory = Object.fromEntries(
      simulators.map(({ address, port, fingerprint }, at) => [
        nameOf(at),
        { stack: inRack[at] ?? "", number: 11 + at, hostKey: fingerprint, address, port },
      ]),
    );
    writeInventory();
  });
  after(async () => {
    if (folder !== undefined) {
      forget();
      remove(folder);
    }
    await Promise.all(simulators.map((simulator) => simulator.close()));
  });

  const writeInventory = (changed: Record<string, Partial<Entry>> = {}) => {
    const all = Object.entries(inventory).map(([name, entry]) => [name, { ...entry, ...changed[name] }]);
    writeFileSync(join(project, "inventory.json"), JSON.stringify(Object.fromEntries(all)));
  };
  const dumps = () => simulators.map(({ host }) => host.dump());
  const connections = () => simulators.map(({ host }) => host.counters.connections);
  /** How many connections each host got meanwhile. */
  const connectionsOf = async <T>(action: () => Promise<T>): Promise<{ result: T; made: number[] }> => {
    const before = connections();
    const result = await action();
    return { result, made: connections().map((count, at) => count - (before[at] ?? 0)) };
  };

  const start = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, ["--import=tsx", join(project, "driver.ts"), ...args], {
      // From where tsx is found; the driver knows its own folder.
      cwd: repository,
      env: env as NodeJS.ProcessEnv,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
  const ended = (child: ChildProcess, onOutput: (text: string) => void = () => undefined): Promise<Result> => {
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
        onOutput(text);
      });
    return new Promise((resolve, reject) => {
      const giveUp = onAbandon(() => killGroup(child.pid));
      child.on("error", reject).on("close", (code, signal) => {
        giveUp();
        assert.ok(!`${output.stdout}${output.stderr}`.includes(password), "the password is shown");
        if (code === null) reject(new Error(`the driver was ended by ${signal}:\n${output.stdout}${output.stderr}`));
        else resolve({ code, ...output });
      });
    });
  };
  /** Presses Ctrl-C when the words are shown. */
  const interrupted = (args: readonly string[], words: string) => {
    const child = start(args);
    let shown = "";
    return ended(child, (text) => {
      const before = shown.includes(words);
      shown += text;
      // As a terminal does: to the driver and to the engine that it runs.
      if (!before && shown.includes(words)) killGroup(child.pid, "SIGINT");
    });
  };
  const drive = (...args: string[]) => ended(start(args));
  const summaryOf = ({ stdout, stderr }: Result): Summary[] => {
    assert.ok(stdout.startsWith("{"), `${stdout}${stderr}`);
    return JSON.parse(stdout).stacks;
  };
  const statusOf = (summary: Summary[]) => Object.fromEntries(summary.map(({ stack, status }) => [stack, status]));

  /** The host has the two paths of the program, with its own addresses. */
  const isDeclared = (at: number) => {
    const host = simulators[at]?.host;
    assert.ok(host);
    const sessions = host.state.iscsiAdapters.flatMap(({ device, driver, sessions }) =>
      sessions.map(({ vmk, address }) => `${driver} ${device} ${vmk} ${address}`),
    );
    assert.deepEqual(sessions.sort(), ["iser vmrdma0 vmk1 192.168.50.100", "iser vmrdma1 vmk2 192.168.51.100"]);
    const shown = host.execute("esxcli network ip interface ipv4 get").stdout;
    for (const [vmk, network] of Object.entries({ vmk1: 50, vmk2: 51 }))
      assert.match(shown, new RegExp(`^${vmk} +192\\.168\\.${network}\\.${11 + at} `, "m"));
    const mtus = host.state.interfaces.filter(({ name }) => name !== "vmk0").map(({ mtu }) => mtu);
    assert.deepEqual(mtus, [9000, 9000]);
  };

  it("says how it is used, and refuses what it does not understand", async () => {
    const help = await drive("--help");
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^Usage: .*preview\|up\|refresh\|destroy[\s\S]*--at-once N/);
    const refused: [string[], RegExp][] = [
      [[], /say one of preview, up, refresh, destroy/],
      [["destroy"], /destroy wants names, or --all/],
      [["up", "rack-9"], /inventory\.json has no host in rack-9/],
      [["up", "--at-once", "none"], /--at-once must be a whole number/],
      [["up", "--password=x"], /Unknown option '--password'/],
    ];
    for (const [args, reason] of refused) {
      const { code, stderr } = await drive(...args);
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, reason);
    }
  });

  it("previews without a connection to any host", async () => {
    const { result, made } = await connectionsOf(() =>
      drive("preview", "rack-1", "rack-2", "--json", "--at-once", "2"),
    );
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(
      summaryOf(result).map(({ stack, hosts, changes }) => ({ stack, hosts, changes })),
      [
        { stack: "rack-1", hosts: [nameOf(0), nameOf(1)], changes: { create: 30 } },
        { stack: "rack-2", hosts: [nameOf(2)], changes: { create: 15 } },
      ],
    );
    assert.deepEqual(
      made,
      inRack.map(() => 0),
    );
    assert.deepEqual(dumps(), bareDumps);
  });

  it("lets the running stacks end what they have begun at Ctrl-C, and starts no other", async () => {
    simulators[2]?.host.faults.add({ match: "network vswitch standard add", kind: "slow", delayMs: 3000 });
    const args = ["up", "rack-2", "rack-3", "rack-4", "--at-once", "1", "--skip-preview"];
    const { code, stdout } = await interrupted(args, "rack-2 up 1/");
    assert.equal(code, 1, stdout);
    assert.match(stdout, /SIGINT: no other stack is started, 1 still run/);
    assert.match(stdout, /rack-2 +1 +(stopped|failed) .*\nrack-3 +1 +not started .*\nrack-4 +1 +not started /);
    assert.deepEqual(
      connections().slice(3),
      inRack.slice(3).map(() => 0),
    );

    const exported = await run(pulumi, ["stack", "export", "--stack", "rack-2"], {
      cwd: project,
      env,
      timeoutMs: 60_000,
    });
    const { resources = [], pending_operations = [] } = JSON.parse(exported.stdout).deployment;
    assert.deepEqual(pending_operations, []);
    assert.ok(resources.length > 1);
  });

  it("brings seven stacks up beside one that fails, and names that one with its error", async () => {
    writeInventory({ [nameOf(5)]: { hostKey: `SHA256:${"A".repeat(43)}` } });
    const { result, made } = await connectionsOf(() => drive("up", "--at-once", "4", "--skip-preview"));
    const { code, stdout } = result;
    assert.equal(code, 1, stdout);
    for (const rack of racks)
      assert.match(stdout, new RegExp(`^${rack} +[12] +${rack === "rack-5" ? "failed" : "succeeded"} `, "m"));
    assert.match(stdout, /^rack-5: esx06\.lab\/.*The host offered the key SHA256:.*[\s\S]*HOST_KEY_CHANGED/m);
    assert.doesNotMatch(stdout, /^rack-[^5]: /m);
    assert.match(stdout, /^rack-7 up \d+\/\d+, 0 failed: create IserAdapter esx08\.lab\/iser-a$/m);
    // The first two lines of a stack that has to wait come after the last one of another.
    assert.ok(stdout.indexOf("rack-8 up begins") > stdout.search(/^rack-\d up (succeeded|failed)$/m));

    for (const at of inRack.keys()) if (at !== 5) isDeclared(at);
    assert.equal(dumps()[5], bareDumps[5]);
    assert.deepEqual(
      made.filter((_, at) => at !== 5),
      inRack.slice(1).map(() => 1),
    );
  });

  it("mends the one, and connects to no other host", async () => {
    writeInventory();
    const { result, made } = await connectionsOf(() => drive("up", "--json", "--skip-preview"));
    assert.equal(result.code, 0, result.stderr);
    const changes = Object.fromEntries(summaryOf(result).map(({ stack, changes }) => [stack, changes]));
    const { create, ...others } = changes["rack-5"] ?? {};
    assert.ok((create ?? 0) > 0);
    assert.deepEqual(others, {});
    assert.deepEqual(
      racks.filter((rack) => Object.keys(changes[rack] ?? {}).length > 0),
      ["rack-5"],
    );
    assert.deepEqual(
      made,
      inRack.map((_, at) => (at === 5 ? 1 : 0)),
    );
    for (const at of inRack.keys()) isDeclared(at);
    declared = simulators.map(({ host }) => setUp(host));
  });

  it("finds by refresh what was changed by hand, and heals it", async () => {
    simulators[3]?.host.execute("esxcli network ip interface set -i vmk1 -m 1500");
    const { result, made } = await connectionsOf(() =>
      drive("refresh", "rack-2", "rack-3", "--json", "--at-once", "2"),
    );
    const found = summaryOf(result);
    assert.deepEqual(statusOf(found), { "rack-2": "succeeded", "rack-3": "succeeded" });
    assert.deepEqual(
      found.map(({ changes }) => changes),
      [{}, { update: 1 }],
    );
    assert.deepEqual(
      made,
      inRack.map((_, at) => (at === 2 || at === 3 ? 1 : 0)),
    );
    const { code, stdout } = await drive("up", "rack-3");
    assert.equal(code, 0, stdout);
    // With the preview it is known from the start how many there are.
    assert.match(stdout, /^rack-3 up \d+\/15, 0 failed: update VmkernelAdapter esx04\.lab\/iser-a$/m);
    isDeclared(3);
  });

  it("has a host in another stack after a move of its state, without a write or a connection", async () => {
    const urn = `urn:pulumi:rack-1::iser-many-stacks::esxi-iser:index:IserHost::${nameOf(1)}`;
    const args = ["state", "move", "--yes", "--source", "rack-1", "--dest", "rack-2", urn];
    const moved = await run(pulumi, args, { cwd: project, env, timeoutMs: 60_000 });
    assert.equal(moved.code, 0, moved.stderr);
    writeInventory({ [nameOf(1)]: { stack: "rack-2" } });
    const { result, made } = await connectionsOf(() => drive("up", "rack-1", "rack-2", "--json", "--skip-preview"));
    assert.deepEqual(
      summaryOf(result).map(({ stack, hosts, changes }) => ({ stack, hosts, changes })),
      [
        { stack: "rack-1", hosts: [nameOf(0)], changes: {} },
        { stack: "rack-2", hosts: [nameOf(1), nameOf(2)], changes: {} },
      ],
    );
    assert.deepEqual(
      made,
      inRack.map(() => 0),
    );
  });

  it("does not call a destroy a success that Ctrl-C has ended early", async () => {
    simulators[4]?.host.faults.add({
      match: "iscsi adapter discovery sendtarget remove",
      kind: "slow",
      delayMs: 3000,
      times: 2,
    });
    const { code, stdout } = await interrupted(["destroy", "rack-4"], "rack-4 destroy 1/15");
    assert.equal(code, 1, stdout);
    assert.match(stdout, /^rack-4 +1 +(stopped|failed) /m);
    assert.notEqual(dumps()[4], bareDumps[4]);
  });

  it("leaves the hosts as they were", async () => {
    const { result, made } = await connectionsOf(() => drive("destroy", "--all", "--json", "--skip-preview"));
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(new Set(Object.values(statusOf(summaryOf(result)))), new Set(["succeeded"]));
    assert.deepEqual(
      made,
      inRack.map(() => 1),
    );
    assert.deepEqual(dumps(), bareDumps);
  });

  it("does the same to hosts that the inventory has with the vSphere API, and leaves them as they were", async () => {
    const places = inRack.flatMap((rack, at) => (["rack-1", "rack-6"].includes(rack) ? [at] : []));
    const served = await Promise.all(places.map((at) => serve({ ...bare, name: nameOf(at), password }, "vsphere")));
    try {
      const reached = served.map(({ settings: { host, ...others } }, index) => [
        nameOf(places[index] ?? 0),
        { ...others, address: host, hostKey: undefined },
      ]);
      writeInventory(Object.fromEntries(reached));
      const logins: number[] = [];
      for (const [operation, wanted] of [
        ["up", declared],
        ["destroy", bareDumps],
      ] as const) {
        const { code, stderr } = await drive(operation, "rack-1", "rack-6", "--json", "--skip-preview");
        assert.equal(code, 0, stderr);
        for (const [index, { host, open, visits }] of served.entries()) {
          assert.equal(setUp(host), wanted[places[index] ?? 0]);
          assert.equal(open, 0);
          logins.push(visits);
        }
      }
      assert.deepEqual(logins, [1, 1, 1, 2, 2, 2]);
    } finally {
      await Promise.all(served.map((host) => host.close()));
    }
  });
});

/** Where a user has copied it to, with what `npm install` would put beside it. */
function copyOfExample(folder: string): string {
  const project = join(folder, "project");
  cpSync(join(repository, "examples/many-stacks"), project, { recursive: true });
  const modules = join(project, "node_modules");
  mkdirSync(modules);
  for (const name of ["@pulumi", "@types", "typescript"])
    symlinkSync(join(repository, "node_modules", name), join(modules, name));
  symlinkSync(repository, join(modules, "pulumi-esxi-iser"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "storage", private: true }));
  assert.ok(readFileSync(join(project, "Pulumi.yaml"), "utf8").includes("name: iser-many-stacks"));
  return project;
}
