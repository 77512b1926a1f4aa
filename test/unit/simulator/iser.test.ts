import assert from "node:assert/strict";
import { hand, withAdapter, withSession } from "./support.js";

/** The adapters of `iscsi adapter list`, as `vmhba64 iser unbound`. */
function adapters(run: (line: string) => string): string[] {
  return run("esxcli iscsi adapter list")
    .split("\n")
    .slice(2)
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/).slice(0, 3).join(" "));
}

describe("iSER on the simulated host", () => {
  it("has no iSCSI adapter at first", () => {
    assert.equal(hand().run("esxcli iscsi adapter list"), "");
  });

  it("prints an adapter as the vendor's manual does", () => {
    assert.equal(
      withAdapter().run("esxcli iscsi adapter list"),
      `Adapter  Driver  State    UID            Description
-------  ------  -------  -------------  -------------------------------------
vmhba64  iser    unbound  iscsi.vmhba64  VMware iSCSI over RDMA (iSER) Adapter
`,
    );
  });

  it("adds one adapter for one device where the build takes --device", () => {
    for (const model of ["8.0", "9.0"] as const) {
      const { run } = hand({ model });
      assert.equal(run("esxcli rdma iser add --device=vmrdma1"), "");
      assert.deepEqual(adapters(run), ["vmhba64 iser unbound"]);
      assert.match(run("esxcli iscsi physicalnetworkportal list"), /^vmhba64 {2}vmnic5 /m);
    }
  });

  it("adds one for each active device with an uplink where the build takes no --device", () => {
    for (const model of ["6.7", "7.0"] as const) {
      const { run, refused } = hand({ model });
      assert.match(refused("esxcli rdma iser add -d vmrdma0"), /^Error: Invalid option -d\n/);
      run("esxcli rdma iser add");
      assert.deepEqual(adapters(run), ["vmhba64 iser unbound", "vmhba65 iser unbound"]);
    }
    const { run } = hand({ model: "7.0", unknowns: { deviceOptionOn70: true } });
    run("esxcli rdma iser add -d vmrdma0");
    assert.deepEqual(adapters(run), ["vmhba64 iser unbound"]);
  });

  it("adds for all devices when --device is left out", () => {
    const { run } = hand();
    run("esxcli rdma iser add");
    assert.equal(adapters(run).length, 2);
  });

  it("adds nothing for a device that is down, has no uplink or is not there", () => {
    const { run, refused } = hand({
      model: "8.0",
      rdmaDevices: [
        { name: "vmrdma0", uplink: "vmnic4", state: "Down" },
        { name: "vmrdma1" },
        { name: "vmrdma2", uplink: "vmnic5" },
      ],
    });
    for (const device of ["vmrdma0", "vmrdma1", "vmrdma9"])
      assert.match(refused(`esxcli rdma iser add -d ${device}`), /^Failed to add device: /);
    run("esxcli rdma iser add");
    assert.deepEqual(adapters(run), ["vmhba64 iser unbound"]);
  });

  it("refuses a second add, or says nothing where the unknown says so", () => {
    assert.match(withAdapter().refused("esxcli rdma iser add -d vmrdma0"), /^Failed to add device: /);
    const { run } = withAdapter({ unknowns: { secondIserAdd: "silent" } });
    assert.equal(run("esxcli rdma iser add -d vmrdma0"), "");
    assert.deepEqual(adapters(run), ["vmhba64 iser unbound"]);
  });

  it("loads the iser module with the first adapter", () => {
    const { run } = hand();
    assert.match(run("esxcli system module list"), /^iser +false +true$/m);
    run("esxcli rdma iser add");
    assert.match(run("esxcli system module list"), /^iser +true +true$/m);
  });

  it("deletes one adapter, or all when --device is left out, without a reboot", () => {
    const { run } = hand();
    run("esxcli rdma iser add");
    assert.equal(run("esxcli rdma iser delete -d vmrdma0"), "");
    assert.deepEqual(adapters(run), ["vmhba65 iser unbound"]);
    assert.equal(run("esxcli rdma iser delete"), "");
    assert.deepEqual(adapters(run), []);
  });

  it("keeps a deleted adapter until the reboot on 6.7, and says so", () => {
    const { host, run } = withAdapter({ model: "6.7" });
    assert.equal(run("esxcli rdma iser delete"), "Deleted ISER logical device. (Reboot Required)\n");
    assert.equal(adapters(run).length, 2);
    host.reboot();
    assert.deepEqual(adapters(run), []);
  });

  it("takes a deletion back when the adapter is added again before the reboot", () => {
    const { host, run, refused } = withAdapter({ unknowns: { iserDeleteNeedsReboot: true } });
    run("esxcli rdma iser delete -d vmrdma0");
    assert.match(refused("esxcli rdma iser delete -d vmrdma0"), /^Failed to delete device: /);
    run("esxcli rdma iser add -d vmrdma0");
    host.reboot();
    assert.deepEqual(adapters(run), ["vmhba64 iser unbound"]);
  });

  it("refuses to delete what is not there, or says nothing where the unknown says so", () => {
    assert.match(hand().refused("esxcli rdma iser delete -d vmrdma0"), /^Failed to delete device: /);
    assert.match(hand().refused("esxcli rdma iser delete -d vmrdma7"), /^Failed to delete device: /);
    assert.equal(hand({ unknowns: { missing: "silent" } }).run("esxcli rdma iser delete -d vmrdma0"), "");
  });

  it("gives a freed number to the next adapter", () => {
    const { run } = hand();
    run("esxcli rdma iser add; esxcli rdma iser delete -d vmrdma0; esxcli rdma iser add -d vmrdma0");
    assert.match(run("esxcli iscsi physicalnetworkportal list -A vmhba64"), / vmnic4 /);
  });

  describe("ties an adapter to its device", () => {
    const shown = (adapterDevice: "portal" | "description" | "allNics" | "none") => {
      const { run } = withAdapter({ unknowns: { adapterDevice } });
      const nics = run("esxcli iscsi physicalnetworkportal list").match(/vmnic\d/g) ?? [];
      const [description] = run("esxcli storage core adapter list").match(/VMware iSCSI.*$/m) ?? [];
      return { nics, description };
    };
    const plain = "VMware iSCSI over RDMA (iSER) Adapter";

    it("by one row of its physical network portals", () => {
      assert.deepEqual(shown("portal"), { nics: ["vmnic4"], description: plain });
    });
    it("by the description of the storage adapter only", () => {
      assert.deepEqual(shown("description"), { nics: [], description: `${plain} on vmrdma0` });
    });
    it("not, when every NIC is listed", () => {
      assert.deepEqual(shown("allNics"), { nics: ["vmnic0", "vmnic4", "vmnic5"], description: plain });
    });
    it("nowhere", () => assert.deepEqual(shown("none"), { nics: [], description: plain }));
  });

  it("shows a new adapter only after so many reads as the unknown says", () => {
    const { run, refused } = withAdapter({ unknowns: { adapterAppearsAfterReads: 2 } });
    assert.deepEqual(adapters(run), []);
    assert.match(refused("esxcli iscsi adapter get -A vmhba64"), /^Invalid adapter/);
    assert.deepEqual(adapters(run), []);
    assert.deepEqual(adapters(run), ["vmhba64 iser unbound"]);
  });

  it("sets the RoCE version where the build has the command, and logs it as the vendor's manual shows", () => {
    for (const model of ["7.0", "8.0"] as const) {
      const { host, run } = withAdapter({ model });
      assert.equal(run("esxcli rdma iser params set -a vmhba64 -r 1"), "");
      assert.equal(host.state.iscsiAdapters[0]?.roce, 1);
      const start = "2024-01-15T08:00:00.000Z cpu6:2100717 opID=45abe37e)iser: iser_set_roce:";
      assert.equal(
        run("cat /var/log/vmkernel.log"),
        `${start} Setting roce type: 1 for vmhba: vmhba64\n${start} Setting rdma port: 3260 for vmhba: vmhba64\n`,
      );
    }
    for (const model of ["6.7", "9.0"] as const)
      assert.match(
        withAdapter({ model }).refused("esxcli rdma iser params set -a vmhba64 -r 1"),
        /^Error: Unknown command/,
      );
  });

  it("logs no RoCE version where the unknown says so", () => {
    const { run } = withAdapter({ unknowns: { roceLogged: false } });
    run("esxcli rdma iser params set -a vmhba64 -r 1");
    assert.equal(run("cat /var/log/vmkernel.log"), "");
  });

  it("refuses a RoCE version of another adapter or another number", () => {
    const { refused } = withAdapter();
    for (const given of ["-a vmhba0 -r 1", "-a vmhba99 -r 1", "-a vmhba64 -r 4"])
      refused(`esxcli rdma iser params set ${given}`);
  });

  it("has the column iWARP, but not on 6.7", () => {
    const header = (model: "6.7" | "7.0") => hand({ model }).run("esxcli rdma device protocol list | head -n 1");
    assert.equal(header("6.7"), "Device   RoCE v1  RoCE v2\n");
    assert.equal(header("7.0"), "Device   RoCE v1  RoCE v2  iWARP\n");
  });

  it("lists the VMkernel adapters of one device, and none once its uplink is taken away", () => {
    const { run, refused } = hand();
    assert.match(run("esxcli rdma device vmknic list -d vmrdma1"), /^vmrdma1 {2}vmk2 {4}defaultTcpipStack$/m);
    run("esxcli network vswitch standard uplink remove -v vSwitch2 -u vmnic5");
    assert.equal(run("esxcli rdma device vmknic list -d vmrdma1"), "");
    assert.match(
      refused("esxcli rdma device vmknic list -d vmrdma9"),
      /^Unable to list vmknics for RDMA device \(vmrdma9\)/,
    );
  });

  it("counts queue pairs in the statistics of a device", () => {
    const stats = withSession().run("esxcli rdma device stats get -d vmrdma0");
    assert.match(stats, /^ {3}Packets received: 0$/m);
    assert.match(stats, /^ {3}Queue pairs in RTS state: 1$/m);
    assert.equal(
      hand().refused("esxcli rdma device stats get -d vmrdma7"),
      "Unable to find RDMA device named vmrdma7\n",
    );
  });

  it("shows iSER adapters among the storage adapters, beside the local one", () => {
    const { run } = withAdapter();
    const list = run("esxcli storage core adapter list");
    assert.match(list, /^vmhba0 {4}vmw_ahci {2}link-n\/a /m);
    assert.match(list, /^vmhba64 {3}iser {6}link-n\/a {4}iscsi\.vmhba64 /m);
    assert.equal(withAdapter().refused("esxcli iscsi adapter get -A vmhba0"), "Not iSCSI adapter.\n");
  });

  describe("has names", () => {
    it("an IQN of the host's name from the start, and no alias", () => {
      const { run } = hand({ name: "storage-1.example.org" });
      run("esxcli rdma iser add");
      assert.match(
        run("esxcli iscsi adapter get -A vmhba64"),
        /^vmhba64\n {3}Name: iqn\.1998-01\.com\.vmware:storage-1-[0-9a-f]{8}\n {3}Alias: \n/,
      );
      const names = ["vmhba64", "vmhba65"].map((vmhba) =>
        run(`esxcli iscsi adapter get -A ${vmhba} | grep -F ' Name: iqn'`),
      );
      assert.notEqual(names[0], names[1]);
    });

    it("that are set one by one or together", () => {
      const { run } = withAdapter();
      run("esxcli iscsi adapter set -A vmhba64 -n iqn.2020-01.lab:one -a first");
      run("esxcli iscsi adapter set -A vmhba64 --alias=second");
      run("esxcli iscsi adapter set -A vmhba64 --name=eui.0123456789ABCDEF");
      assert.match(run("esxcli iscsi adapter get -A vmhba64"), /Name: eui\.0123456789ABCDEF\n {3}Alias: second\n/);
    });

    it("that it refuses in the words of 6.7", () => {
      const { refused } = withAdapter();
      const set = (rest: string) => refused(`esxcli iscsi adapter set -A vmhba64 ${rest}`);
      assert.equal(
        set(""),
        "Invalid iscsi name or alias input. Make sure at least one of [--name] and [--alias] is given.\n",
      );
      assert.equal(set("-a x -s"), '"--skip-if-session-active|-s" option is not valid for changing alias name.\n');
      assert.match(set("-n nonsense"), /^Unable to set name or alias: /);
    });

    it("that are not changed while there is a session, when asked so", () => {
      const skip = "esxcli iscsi adapter set -A vmhba64 -n iqn.2020-01.lab:one -s";
      const silent = withSession();
      const before = silent.host.dump();
      assert.equal(silent.run(skip), "");
      assert.equal(silent.host.dump(), before);
      const loud = withSession({ unknowns: { skippedNameChange: "error" } });
      assert.match(loud.refused(skip), /^Unable to set name or alias: /);
      assert.equal(loud.host.dump(), before);
    });

    it("that are changed without a session, when asked so", () => {
      const { host, run } = withAdapter({ unknowns: { skippedNameChange: "error" } });
      run("esxcli iscsi adapter set -A vmhba64 -n iqn.2020-01.lab:one -s");
      assert.equal(host.state.iscsiAdapters[0]?.iqn, "iqn.2020-01.lab:one");
    });
  });

  it("tells what an adapter can, three t included", () => {
    const capabilities = withAdapter().run("esxcli iscsi adapter capabilities get -A vmhba64");
    assert.match(capabilities, /^vmhba64\n {3}ISnS Settable: false\n/);
    assert.match(capabilities, /^ {3}CHAP Authorization Supported: true$/m);
    assert.match(capabilities, /^ {3}Subnet Mask Setttable: false$/m);
  });
});
