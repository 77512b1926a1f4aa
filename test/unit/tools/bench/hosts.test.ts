import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { SimulatedHost } from "../../../../src/simulator/index.js";
import { TextInput } from "../../../../src/simulator/process.js";
import { Hosts } from "../../../../tools/bench/hosts.js";
import { closeAll, exec, login, start } from "../../simulator/sshSupport.js";

const secrets = { password: "simulated-root-password", chapSecret: "simulated-chap-secret" };
const free = { startMs: 0, roundTripMs: 0 };

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
    const { ports } = await hosts.start("set", 2, { startMs: 0, roundTripMs: 1 }, secrets);
    try {
      const client = await login({ address: "127.0.0.1", port: ports[1] ?? 0, password: secrets.password } as never);
      await exec(client, "esxcli rdma device list; esxcli rdma device list; grep x /var/log/vmkernel.log");
      await exec(client, "esxcli rdma iser add --device=vmrdma0");
      const none = { connections: 0, logins: 0, processes: 0, writes: 0, reads: 0 };
      const some = { connections: 1, logins: 1, processes: 3, writes: 1, reads: 1 };
      assert.deepEqual(hosts.contacts("set"), [none, some]);
      assert.deepEqual(hosts.contacts("set"), [none, none]);
    } finally {
      await hosts.stop("set");
    }
  });

  it("are bare, each with a name of its own, and gone when they are stopped", async () => {
    const hosts = new Hosts();
    await hosts.start("set", 2, free, secrets);
    const [first = "", second = ""] = hosts.dumps("set");
    assert.match(first, /"hostName": "esx001"/);
    assert.match(second, /"hostName": "esx002"/);
    assert.doesNotMatch(first, /"iser-a"/);
    assert.deepEqual(hosts.journal("set"), []);
    await hosts.stop("set");
    assert.throws(() => hosts.dumps("set"), /no simulated hosts called set/);
  });
});
