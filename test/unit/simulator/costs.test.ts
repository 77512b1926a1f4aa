import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { SimulatedHost } from "../../../src/simulator/index.js";
import { closeAll, exec, login, start } from "./sshSupport.js";

describe("a simulated host", () => {
  afterEach(closeAll);

  it("behind a long way does what it does without, and closes with all of it", async () => {
    const simulator = await start({ roundTripMs: 1, processStartMs: 1 });
    const client = await login(simulator);
    assert.equal((await exec(client, "esxcli system hostname get")).status, 0);
    assert.deepEqual([simulator.open, simulator.host.counters.connections], [1, 1]);
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    await simulator.close();
    await closed;
    await assert.rejects(login(simulator), { code: "ECONNREFUSED" });
  });

  it("is prepared before it listens", async () => {
    const simulator = await start({ prepare: (host) => host.execute("esxcli rdma iser add") });
    assert.match((await exec(await login(simulator), "esxcli iscsi adapter list")).stdout, /vmhba65/);
  });

  it("tells of every program as it is started, until nobody wants to know any more", () => {
    const host = new SimulatedHost();
    const told: string[] = [];
    const end = host.onEntry(({ line, status }) => told.push(`${line} ${status}`));
    host.faults.add({ match: "iscsi session list", kind: "hang" });
    host.execute("esxcli iscsi session list; echo no; reboot");
    host.execute("esxcli rdma device list; reboot");
    end();
    host.execute("esxcli rdma device list");
    assert.deepEqual(told, [
      "esxcli iscsi session list undefined",
      "esxcli rdma device list undefined",
      "reboot undefined",
    ]);
  });

  it("shows LUNs by the numbers and names that they are given", () => {
    const target = "iqn.2010-09.lab.storage:numbered";
    const luns = [
      { device: "naa.600000000000000000000000000000aa", sizeMb: 10, lun: 7, displayName: "Database" },
      { device: "naa.600000000000000000000000000000bb", sizeMb: 20 },
    ];
    const host = new SimulatedHost({ storage: [{ address: "192.168.50.100", targets: [{ name: target, luns }] }] });
    for (const line of [
      "rdma iser add -d vmrdma0",
      "iscsi networkportal add -A vmhba64 -n vmk1",
      "iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100",
      "storage core adapter rescan --all",
    ])
      assert.equal(host.execute(`esxcli ${line}`).status, 0, line);
    const paths = host.execute("esxcli storage core path list").stdout;
    assert.match(paths, /Runtime Name: vmhba64:C0:T0:L7\n[\s\S]*Runtime Name: vmhba64:C0:T0:L1\n/);
    assert.match(host.execute("esxcli storage core device list").stdout, /Display Name: Database\n/);
  });
});
