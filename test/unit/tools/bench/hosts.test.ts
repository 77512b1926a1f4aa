import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { SimulatedHost } from "../../../../src/simulator/index.js";
import { TextInput } from "../../../../src/simulator/process.js";
import { Hosts } from "../../../../tools/bench/hosts.js";
import { SoapSession } from "../../../../tools/bench/soap.js";
import { closeAll, exec, login, start } from "../../simulator/sshSupport.js";

const secrets = { password: "simulated-root-password", chapSecret: "simulated-chap-secret" };
const free = { startMs: 0, callMs: 0, roundTripMs: 0 };

describe("the cost of an esxcli process", () => {
  /** The delays that a line asks for, of which none takes any time here. */
  const delaysOf = (line: string): number[] => {
    const host = new SimulatedHost({ processStartMs: 300 });
    const streams = { input: new TextInput(""), out: () => undefined, err: () => undefined };
    const process = host.run(line, streams);
    const delays: number[] = [];
    for (let step = process.next(); !step.done; step = process.next())
      if (step.value.kind === "delay") delays.push(step.value.milliseconds);
    return delays;
  };

  it("is that of every process, once each", () => {
    for (const line of [
      "esxcli rdma device list",
      "LANG=en_US.UTF-8 esxcli --formatter=xml network vswitch standard list",
      "esxcli iscsi adapter param set --help",
      "esxcli iscsi adapter list --no-such-option",
      "esxcli network vswitch",
      "esxcli no such command",
      "esxcli esxcli command list",
      "localcli iscsi adapter list",
    ])
      assert.deepEqual(delaysOf(line), [300], line);
    assert.deepEqual(delaysOf("esxcli rdma device list; esxcli iscsi adapter list"), [300, 300]);
  });

  it("is that of no other program", () => {
    assert.deepEqual(delaysOf("grep -F -- iser_set_roce /var/log/vmkernel.log 2>/dev/null | tail -n 1"), []);
    assert.deepEqual(delaysOf("true"), []);
  });
});

describe("the simulated hosts of the benchmark", () => {
  afterEach(closeAll);

  it("run the processes of one host side by side", async () => {
    const simulator = await start({ processStartMs: 30 });
    const client = await login(simulator);
    await Promise.all([1, 2, 3].map(() => exec(client, "esxcli rdma device list")));
    assert.equal(simulator.host.counters.atOnce, 3);
  });

  it("count what each of them has seen since they were last asked", async () => {
    const hosts = new Hosts();
    const [, second] = await hosts.start("set", "ssh", 2, { ...free, roundTripMs: 1 }, secrets);
    try {
      const client = await login({ address: "127.0.0.1", port: second?.port, password: secrets.password } as never);
      await exec(client, "esxcli rdma device list; esxcli rdma device list; grep x /var/log/vmkernel.log");
      await exec(client, "esxcli rdma iser add --device=vmrdma0");
      const none = { connections: 0, logins: 0, processes: 0, calls: 0, writes: 0, reads: 0 };
      const some = { connections: 1, logins: 1, processes: 3, calls: 0, writes: 1, reads: 1 };
      assert.deepEqual(hosts.contacts("set"), [none, some]);
      assert.deepEqual(hosts.contacts("set"), [none, none]);
    } finally {
      await hosts.stop("set");
    }
  });

  it("count managed-method calls in place of processes, and start none", async () => {
    const hosts = new Hosts();
    // A process would take longer than the test may.
    const cost = { startMs: 60_000, callMs: 1, roundTripMs: 1 };
    const [host] = await hosts.start("set", "vsphere", 1, cost, secrets);
    try {
      const session = await SoapSession.open(host?.port ?? 0, "root", secrets.password);
      await session.command();
      await session.command();
      session.close();
      assert.deepEqual(hosts.contacts("set"), [
        { connections: 1, logins: 1, processes: 0, calls: 2, writes: 0, reads: 1 },
      ]);
    } finally {
      await hosts.stop("set");
    }
  });

  it("are the same over each transport, known by a key or a certificate", async () => {
    const hosts = new Hosts();
    const [ssh] = await hosts.start("ssh", "ssh", 1, free, secrets);
    const [first, second] = await hosts.start("vsphere", "vsphere", 2, free, secrets);
    assert.match(ssh?.identity ?? "", /^SHA256:/);
    assert.match(first?.identity ?? "", /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    assert.notEqual(first?.identity, second?.identity);
    assert.equal(hosts.dumps("vsphere")[0], hosts.dumps("ssh")[0]);
    for (const set of ["ssh", "vsphere"]) await hosts.stop(set);
  });

  it("are bare, each with a name of its own, and gone when they are stopped", async () => {
    const hosts = new Hosts();
    await hosts.start("set", "ssh", 2, free, secrets);
    const [first = "", second = ""] = hosts.dumps("set");
    assert.match(first, /"hostName": "esx001"/);
    assert.match(second, /"hostName": "esx002"/);
    assert.doesNotMatch(first, /"iser-a"/);
    assert.deepEqual(hosts.journal("set"), []);
    await hosts.stop("set");
    assert.throws(() => hosts.dumps("set"), /no simulated hosts called set/);
  });
});
