import assert from "node:assert/strict";
import { fieldNames, valuesOf, withAdapter, withSession } from "./support.js";

describe("the devices of the simulated host", () => {
  const pathList = "esxcli storage core path list";
  const deviceList = "esxcli storage core device list";
  const local = "t10.ATA_____SIMULATED_DISK__________________________________0001";
  const luns = [
    { device: "naa.6000000000000000000000000000000a", sizeMb: 1024 },
    { device: "naa.6000000000000000000000000000000b", sizeMb: 2048 },
  ];
  const storage = [{ address: "192.168.50.100", targets: [{ name: "iqn.2010-09.lab.storage:iser-a", luns }] }];

  it("are its own disk while it has no session", () => {
    const { run } = withAdapter();
    assert.deepEqual(valuesOf(run(pathList), "Device"), [local]);
    assert.deepEqual(valuesOf(run(deviceList), "Size"), ["228936"]);
  });

  it("are those of its targets, one path a session", () => {
    const { run } = withSession({ storage });
    assert.deepEqual(valuesOf(run(pathList), "Device"), [local, ...luns.map(({ device }) => device)]);
    assert.deepEqual(valuesOf(run(pathList), "Runtime Name"), [
      "vmhba0:C0:T0:L0",
      "vmhba64:C0:T0:L0",
      "vmhba64:C0:T0:L1",
    ]);
    assert.deepEqual(valuesOf(run(deviceList), "Size"), ["228936", "1024", "2048"]);
  });

  it("are there once, with a path each adapter, and the same on every host", () => {
    const { run } = withSession();
    for (const line of [
      "rdma iser add -d vmrdma1",
      "iscsi networkportal add -A vmhba65 -n vmk2",
      "iscsi adapter discovery sendtarget add -A vmhba65 -a 192.168.50.100",
      "storage core adapter rescan -A vmhba65",
    ])
      run(`esxcli ${line}`);
    const [, device = "", ...more] = valuesOf(run(deviceList), "Devfs Path").map((path) => path.split("/").at(-1));
    assert.deepEqual(more, []);
    assert.match(device, /^naa\.6[0-9a-f]{31}$/);
    assert.deepEqual(valuesOf(run(`${pathList} -d ${device}`), "Adapter"), ["vmhba64", "vmhba65"]);
    const other = withSession({ name: "esx02.lab" });
    assert.deepEqual(valuesOf(other.run(`${pathList} -p vmhba64:C0:T0:L0`), "Device"), [device]);
  });

  it("have the fields that were seen, and name the session and the target of a path", () => {
    const { run } = withSession({ storage });
    const path = run(`${pathList} -p vmhba64:C0:T0:L1`);
    assert.deepEqual(fieldNames(path), [
      "UID",
      "Runtime Name",
      "Device",
      "Device Display Name",
      "Adapter",
      "Channel",
      "Target",
      "LUN",
      "Plugin",
      "State",
      "Transport",
      "Adapter Identifier",
      "Target Identifier",
      "Adapter Transport Details",
      "Target Transport Details",
      "Maximum IO Size",
    ]);
    assert.deepEqual(valuesOf(path, "Target Identifier"), ["00023d000001,iqn.2010-09.lab.storage:iser-a,t,1"]);
    assert.deepEqual(valuesOf(path, "LUN"), ["1"]);
    const header = run(`esxcli --formatter=csv storage core device list`).split("\n")[0] ?? "";
    for (const field of ["Device", "DisplayName", "Size", "IsLocal"])
      assert.ok(header.split(",").includes(field), field);
  });

  it("are refused by a name that is not there", () => {
    const { refused } = withSession();
    assert.match(refused(`${pathList} -d naa.6f`), /naa\.6f/);
    assert.match(refused(`${deviceList} -d naa.6f`), /naa\.6f/);
  });

  it("go with their target", () => {
    const { host, run } = withSession({ storage });
    host.state.storage = [];
    run("esxcli storage core adapter rescan --all");
    assert.deepEqual(valuesOf(run(pathList), "Device"), [local]);
  });

  it("show after a rescan or a reboot where they need one", () => {
    const { host, run } = withSession({ storage, unknowns: { devicesNeedRescan: true } });
    assert.equal(valuesOf(run(deviceList), "Size").length, 1);
    run("esxcli storage core adapter rescan -A vmhba64");
    assert.equal(valuesOf(run(deviceList), "Size").length, 3);
    host.reboot();
    assert.equal(valuesOf(run(deviceList), "Size").length, 3);
  });

  it("leave what is dumped of a host as it was", () => {
    const { host, run } = withSession();
    const before = host.dump();
    run("esxcli storage core adapter rescan --all");
    assert.equal(host.dump(), before);
  });
});
