import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, it } from "mocha";
import type { FaultKind, FaultOptions } from "../../src/simulator/index.js";
import type { Outcome } from "../../tools/engine/pulumi.js";
import { changed } from "../support/flatten.js";
import { type Declaration, errorsOf, Program } from "../support/program.js";
import { inTurn, over, serve, transports } from "../support/served.js";

const secret = "simulated-secret-one";
const mutualSecret = "simulated-secret-two";

/** A card with all that a path needs, made from nothing. */
function card(device: string, uplink: string, number: number, parameter: Record<string, string>): Declaration[] {
  const [vmk, group, carrier] = [`vmk${10 + number}`, `pg-${number}`, `vs-${number}`];
  const all: Declaration[] = [
    { type: "ModuleParameters", as: "module", module: "nmlx5_core", parameters: parameter },
    { type: "PauseParams", as: "pause", nic: uplink, rx: false },
    { type: "VirtualSwitch", as: "switch", name: carrier, uplinks: [uplink], mtu: 9000 },
    { type: "PortGroup", as: "group", name: group, virtualSwitch: carrier, vlanId: 10 + number, after: ["switch"] },
    {
      type: "VmkernelAdapter",
      as: "vmk",
      name: vmk,
      portGroup: group,
      ipv4: { address: `192.168.50.${100 + number}`, netmask: "255.255.255.0" },
      mtu: 9000,
      after: ["group"],
    },
    { type: "IserAdapter", as: "adapter", device },
    {
      type: "Chap",
      as: "chap",
      adapter: device,
      level: "required",
      name: `esx-${number}`,
      secret,
      mutual: { name: "array", secret: mutualSecret },
      after: ["adapter"],
    },
    { type: "PortBinding", as: "binding", adapter: device, vmkernelAdapter: vmk, after: ["adapter", "vmk"] },
    {
      type: "DiscoveryAddress",
      as: "storage",
      adapter: device,
      address: `192.168.50.${200 + number}`,
      after: ["binding", "chap"],
    },
  ];
  return all;
}

const nics = ["vmnic0", "vmnic4", "vmnic5", "vmnic6", "vmnic7"].map((name) => ({ name }));
const options = {
  model: "8.0",
  nics,
  rdmaDevices: [
    { name: "vmrdma0", uplink: "vmnic6" },
    { name: "vmrdma1", uplink: "vmnic7" },
  ],
} as const;
const first = card("vmrdma0", "vmnic6", 1, { pfctx: "0x08" });
const second = card("vmrdma1", "vmnic7", 2, { max_vfs: "4" });

const path = /^(interfaces\[vmk11\]|portGroups\[pg-1\]|switches\[vs-1\])/;

/** What kills a process in the middle of: its own write, before or after the effect, and what of it then stays after a destroy. */
const kills: [path: string, kind: FaultKind, stays: RegExp | undefined][] = [
  ["network vswitch standard add", "hang", undefined],
  ["iscsi adapter auth chap set", "hang", undefined],
  // What is adopted stays, and so does what it is on. A binding goes with its adapter, but a VMkernel adapter that is bound is left before.
  ["iscsi networkportal add", "hangAfter", path],
  ["network ip interface add", "hangAfter", path],
];

/** An adapter on a path that is there. Commands are not waited for as long as usual. */
const adapterOnly = (host: object): Declaration[] =>
  [
    { type: "IserAdapter", as: "adapter", device: "vmrdma0" },
    { type: "AdapterProperties", as: "names", adapter: "vmrdma0", alias: "storage-a", after: ["adapter"] },
    { type: "Chap", as: "chap", adapter: "vmrdma0", level: "required", name: "esx01", secret, after: ["adapter"] },
    { type: "PortBinding", as: "binding", adapter: "vmrdma0", vmkernelAdapter: "vmk1", after: ["adapter"] },
    {
      type: "DiscoveryAddress",
      as: "storage",
      adapter: "vmrdma0",
      address: "192.168.50.100",
      after: ["binding", "chap"],
    },
  ].map((one) => ({ host: { ...host, commandTimeout: 5 }, ...one }));

const always = 1000;

/** What befalls a command of the up, and the error if it does not come through all the same. */
const befalls: [title: string, fault: FaultOptions, error: RegExp | undefined][] = [
  ["a connection dropped before the effect", { match: "rdma iser add", kind: "dropBefore" }, undefined],
  ["a connection dropped after the effect", { match: "iscsi networkportal add", kind: "dropAfter" }, undefined],
  ["a command that hangs", { match: "iscsi adapter auth chap set", kind: "hang" }, /COMMAND_TIMEOUT/],
  [
    "a command that fails",
    { match: "iscsi adapter set", kind: "fail", message: "Simulated failure." },
    /COMMAND_FAILED/,
  ],
  // What is asked for ahead and fails is asked for again in turn: only what goes on is an error.
  [
    "outputs that are cut",
    { match: "iscsi networkportal list", kind: "truncate", times: always },
    /OUTPUT_NOT_UNDERSTOOD/,
  ],
  [
    "outputs that are not understood",
    { match: "iscsi adapter auth chap get", kind: "garble", times: always },
    /OUTPUT_NOT_UNDERSTOOD/,
  ],
  [
    "a reboot that renumbers the adapters",
    { match: "iscsi networkportal add", kind: "reboot", reboot: { swapAdapters: ["vmhba64", "vmhba65"] } },
    undefined,
  ],
];

describe("faults, on the real engine", function () {
  this.timeout(300_000);
  const programs: Program[] = [];
  const started = async (program: Promise<Program>) => {
    programs.push(await program);
    return program;
  };
  afterEach(async () => {
    for (const program of programs.splice(0).reverse()) await program.close();
  });

  /** An up, one resource after the other, that comes to a command and stays there, for something to be done meanwhile. */
  const caught = async (
    program: Program,
    path: string,
    kind: FaultKind,
    work: () => Promise<unknown> | unknown,
    up: () => Promise<Outcome> = () => program.stack.up({ mayFail: true, args: ["--parallel", "1"] }),
  ): Promise<Outcome> => {
    program.host.faults.add({ match: path, kind });
    let ended = false;
    const running = up().finally(() => {
      ended = true;
    });
    while (program.host.faults.left > 0) {
      assert.ok(!ended, `${path} was never run`);
      await pause(20);
    }
    await work();
    return running;
  };

  /** What the host has when all went well, by a stack for each of the declarations. */
  const undisturbed = async (...declarations: readonly Declaration[][]): Promise<string> => {
    const served = await serve(options);
    const alone: Program[] = [];
    try {
      for (const declared of declarations) {
        const program = await Program.on(served);
        alone.push(program);
        await program.declare(declared);
        await program.stack.up();
      }
      return served.host.dump();
    } finally {
      for (const program of alone) program.stack.dispose();
      await served.close();
    }
  };
  let firstAlone: Promise<string> | undefined;
  const undisturbedFirst = () => {
    firstAlone ??= undisturbed(first);
    return firstAlone;
  };

  for (const transport of transports)
    for (const [title, fault, again] of befalls)
      it(`${title} in the middle of an up${over[transport]} is followed by an up that makes what is declared, and by a destroy that leaves nothing`, async () => {
        const program = await started(Program.start({ model: "8.0" }, transport));
        const { host, stack } = program;
        for (const line of ["rdma iser add -d vmrdma1", "iscsi adapter set -A vmhba64 -a neighbour"])
          assert.equal(host.execute(`esxcli ${line}`).status, 0);
        const bare = host.dump();
        await program.declare(adapterOnly(program.settings));
        host.faults.add(fault);
        const up = await stack.up({ mayFail: true });
        if (fault.times === always) host.faults.clear();
        assert.equal(host.faults.left, 0);
        if (again) assert.match(errorsOf(up).join("\n"), again);
        else assert.equal(up.code, 0);
        await stack.up();
        const one = host.state.iscsiAdapters.find(({ device }) => device === "vmrdma0");
        assert.deepEqual(
          [one?.alias, one?.chap.uni?.secret, one?.bindings, one?.sendTargets.map(({ address }) => address)],
          ["storage-a", secret, ["vmk1"], ["192.168.50.100"]],
        );
        assert.deepEqual((await stack.refresh()).changes, []);
        await stack.destroy();
        assert.deepEqual(
          [...changed(bare, host.dump()).keys()].filter((line) => !line.endsWith(".vmhba")),
          [],
        );
      });

  for (const [at, [path, kind, stays]] of kills.entries())
    it(`a provider that is killed in the middle of \`${path}\` (${kind})${over[inTurn(at)]} is followed by an up that makes what is declared, and nothing twice`, async () => {
      const program = await started(Program.start(options, inTurn(at)));
      const { host, stack } = program;
      const bare = host.dump();
      await program.declare(first);
      const killed = await caught(program, path, kind, () => assert.equal(stack.kill("dynamic-provider/"), 1));
      assert.notEqual(killed.code, 0);
      assert.match(killed.stdout, /error reading from server: EOF/);
      const next = await stack.up();
      assert.equal(host.dump(), await undisturbedFirst());
      assert.deepEqual((await stack.refresh()).changes, []);
      if (stays)
        assert.match(
          next.stdout,
          /(VmkernelAdapter|PortBinding) \S+: was there before it was declared: it is adopted, and stays/,
        );
      await stack.destroy({ mayFail: stays !== undefined });
      const left = [...changed(bare, host.dump()).keys()].filter((line) => !stays?.test(line));
      assert.deepEqual(left, []);
    });

  it("an engine that is killed with its provider is followed by `pulumi cancel` and an up that makes what is declared", async () => {
    const program = await started(Program.start(options));
    const { host, stack } = program;
    await program.declare(first);
    await caught(program, "iscsi networkportal add", "hang", () => stack.kill("")).catch(() => undefined);
    assert.match((await stack.up({ mayFail: true })).stderr, /currently locked/);
    assert.equal((await stack.run(["cancel", "--yes"])).code, 0);
    await stack.up();
    assert.equal(host.dump(), await undisturbedFirst());
    assert.deepEqual((await stack.refresh()).changes, []);
  });

  for (const transport of transports)
    it(`Ctrl-C lets the write end that is under way, begins no other and leaves nobody logged in; the next up goes on,${over[transport]}`, async () => {
      const program = await started(Program.start(options, transport));
      const { host, stack, served } = program;
      await program.declare(first);
      const interrupt = new AbortController();
      let said = "";
      const stopped = await caught(
        program,
        "iscsi adapter auth chap set",
        "slow",
        () => interrupt.abort(),
        () =>
          stack.up({
            mayFail: true,
            args: ["--parallel", "1"],
            interrupt: interrupt.signal,
            onOutput: (text) => {
              said += text;
            },
          }),
      );
      assert.notEqual(stopped.code, 0);
      assert.match(said, /\^C received/);
      assert.equal(served.open, 0);
      // Both directions: what was begun is brought to its end.
      const chap = host.state.iscsiAdapters.find(({ device }) => device === "vmrdma0")?.chap;
      assert.deepEqual([chap?.uni?.secret, chap?.mutual?.secret], [secret, mutualSecret]);
      assert.ok(!host.journal.some(({ path }) => path === "iscsi networkportal add"));
      await stack.up();
      assert.equal(host.dump(), await undisturbedFirst());
    });

  it("a second Ctrl-C ends it at once: the secret that was under way is there whole or not at all, no connection stays, and the next up goes on", async () => {
    const program = await started(Program.start(options));
    const { host, stack, served } = program;
    await program.declare(first);
    const stopped = await caught(program, "iscsi adapter auth chap set", "hang", async () => {
      for (const again of [1, 2]) {
        assert.equal(stack.kill("/pulumi up", "SIGINT"), 1, String(again));
        await pause(500);
      }
    });
    assert.notEqual(stopped.code, 0);
    while (served.open > 0) await pause(20);
    const chap = host.state.iscsiAdapters.find(({ device }) => device === "vmrdma0")?.chap;
    assert.equal(chap?.uni?.secret ?? "", "");
    await stack.run(["cancel", "--yes"]);
    await stack.up();
    assert.equal(host.dump(), await undisturbedFirst());
  });

  for (const transport of transports)
    it(`two stacks that are applied to one host at the same time make both, and neither loses a setting of the other,${over[transport]}`, async () => {
      const one = await started(Program.start(options, transport));
      const other = await started(Program.on(one.served));
      const { host } = one;
      const bare = host.dump();
      await one.declare(first);
      await other.declare(second);
      await Promise.all([one.stack.up(), other.stack.up()]);
      assert.deepEqual([...changed(await undisturbed(first, second), host.dump())].filter(isOrder), []);
      for (const { stack } of [one, other]) assert.deepEqual((await stack.refresh()).changes, []);
      await Promise.all([one, other].map(({ stack }) => stack.destroy()));
      assert.equal(host.dump(), bare);
    });
});

/** Numbers that a host hands out in the order in which things are made. */
function isOrder([path]: readonly [string, unknown]): boolean {
  return !/\.(vmhba|iqn|portId|mac)$/.test(path);
}
