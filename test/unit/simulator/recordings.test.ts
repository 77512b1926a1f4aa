import assert from "node:assert/strict";
import { newIserAdapter } from "../../../src/simulator/commands/rdma.js";
import { SimulatedHost } from "../../../src/simulator/index.js";
import type { HostState, Session, Target } from "../../../src/simulator/state.js";
import { fieldNames, hand, recording, squeezed } from "./support.js";

/** Each printed form against what a real host printed: the host is made to hold what that one held. */
describe("what the simulated host prints, against recordings of real hosts", () => {
  const netmask = "255.255.255.0";

  it("prints network nic list as ESXi 6.0 does", () => {
    const tg3 = "Broadcom Corporation NetXtreme BCM57766 Gigabit Ethernet";
    const x540 = "Intel Corporation Ethernet Controller 10 Gigabit X540-AT2";
    const { run } = hand({
      nics: [
        { name: "vmnic0", pci: "0000:01:00.0", driver: "tg3", speed: 1000, mac: "68:5b:35:c9:96:10", description: tg3 },
        {
          name: "vmnic1",
          pci: "0000:09:00.0",
          driver: "ixgbe",
          speed: 10000,
          mac: "00:30:93:0c:05:c6",
          description: x540,
        },
        {
          name: "vmnic2",
          pci: "0000:09:00.1",
          driver: "ixgbe",
          speed: 10000,
          mac: "00:30:93:0c:05:c7",
          description: x540,
        },
      ],
      switches: [
        { name: "vSwitch0", uplinks: ["vmnic0"] },
        { name: "vSwitch1", uplinks: ["vmnic1", "vmnic2"], mtu: 9000 },
      ],
    });
    assert.equal(run("esxcli network nic list"), recording("network-nic-list--three-nics-elatov-esxi60"));
  });

  const x550 = {
    name: "vmnic0",
    pci: "0000:18:00.0",
    driver: "ixgben",
    speed: 10000,
    mac: "78:ac:44:07:b2:c4",
    description: "Intel(R) Ethernet Controller X550",
  };

  it("prints network nic list with the keyvalue formatter as ESXi 8 does", () => {
    const i350 = { driver: "igbn", description: "Intel(R) I350 Gigabit Network Connection", mac: "78:ac:44:07:b2:c6" };
    const { run } = hand({
      nics: [x550, { name: "vmnic1" }, { name: "vmnic2", pci: "0000:19:00.0", linkUp: false, ...i350 }],
      switches: [],
    });
    // The recorded NIC is without a link and still Admin Status Up.
    const printed = run("esxcli --formatter=keyvalue network nic list").split("\n");
    assert.deepEqual(
      printed.filter((line) => !line.startsWith("structure[1]")).join("\n"),
      recording("formatter-keyvalue--network-nic-list-esxi8"),
    );
  });

  it("prints network nic list with the xml formatter as ESXi 8 does", () => {
    const { run } = hand({ nics: [x550], switches: [] });
    const kept = ["AdminStatus", "DPUId", "Description", "MTU", "Name"];
    const printed = run("esxcli --formatter=xml network nic list").replace(
      / {9}<field name="(\w+)">\n.*\n {9}<\/field>\n/g,
      (whole, name: string) => (kept.includes(name) ? whole : ""),
    );
    assert.equal(printed, recording("formatter-xml--network-nic-list-esxi8"));
  });

  it("rejects the json formatter as ESXi 8.0.3 does", () => {
    const { status, stdout } = new SimulatedHost().execute("esxcli --formatter=json network nic list");
    const [, message, wanted] =
      /CommandResult\("(.*)\\n", exit_status=(\d)\)/.exec(recording("formatter-json--rejected-without-debug")) ?? [];
    assert.equal(stdout, `${message}\n`);
    assert.equal(status, Number(wanted));
  });

  it("prints network nic get as ESXi 6.5 does, its driver in a group", () => {
    const { run } = hand({ model: "6.7", nics: [{ name: "vmnic0", pci: "0000:00:1f.6", driver: "ne1000" }] });
    const layout = (text: string) => text.split("\n").map((line) => line.replace(/:.*/, ":"));
    assert.deepEqual(
      layout(run("esxcli network nic get -n vmnic0")),
      layout(recording("network-nic-get--elatov-esxi65")),
    );
    assert.match(run("esxcli network nic get -n vmnic0"), /^ {9}Bus Info: 0000:00:1f:6$/m);
  });

  const pause = (names: string[], on: boolean) =>
    hand({ nics: names.map((name) => ({ name, pause: { rx: on, tx: on } })) }).run(
      "esxcli network nic pauseParams list",
    );

  it("prints pause parameters as ESXi 8.0.1 with a ConnectX-5 does", () => {
    assert.equal(pause(["vmnic0", "vmnic1"], true), recording("network-nic-pauseParams-list--connectx5-esxi801"));
  });

  it("prints pause parameters as ESXi 7.0 with an X710 does", () => {
    const nics = ["vmnic0", "vmnic1", "vmnic2", "vmnic3"];
    assert.equal(pause(nics, false), recording("network-nic-pauseParams-list--x710-esxi70"));
  });

  const twoSwitches = () => {
    const it = hand({
      nics: [{ name: "vmnic0" }, { name: "vmnic32" }],
      switches: [
        { name: "vSwitch0", uplinks: ["vmnic0"] },
        { name: "storage", uplinks: ["vmnic32"], mtu: 9000 },
      ],
      portGroups: [
        { name: "VM_VLAN1", virtualSwitch: "vSwitch0" },
        { name: "VM Network", virtualSwitch: "vSwitch0" },
        { name: "VM_VLAN3", virtualSwitch: "vSwitch0", vlan: 3 },
        { name: "Management Network", virtualSwitch: "vSwitch0" },
        { name: "nfs-for-vm", virtualSwitch: "storage" },
        { name: "iscsi", virtualSwitch: "storage" },
      ],
      vmkernelAdapters: [
        {
          name: "vmk0",
          portGroup: "Management Network",
          ipv4: { address: "192.168.1.109", netmask, gateway: "192.168.1.1" },
        },
        { name: "vmk1", portGroup: "iscsi", ipv4: { address: "10.1.0.12", netmask } },
        // A virtual machine on the real host.
        { name: "vmk2", portGroup: "VM_VLAN3" },
      ],
    });
    for (const one of it.host.state.switches) if (one.name === "storage") one.configuredPorts = 1024;
    return it;
  };

  it("prints virtual switches as ESXi 6.x does", () => {
    const { run } = twoSwitches();
    assert.equal(run("esxcli network vswitch standard list"), recording("network-vswitch-standard-list--elatov-2024"));
  });

  it("prints port groups as ESXi 6.x does", () => {
    const { run } = twoSwitches();
    assert.equal(
      run("esxcli network vswitch standard portgroup list"),
      recording("network-vswitch-standard-portgroup-list--elatov-2024"),
    );
  });

  it("prints virtual switches with the keyvalue formatter as recorded, empty lists with a blank at the end", () => {
    const { host, run } = hand({
      nics: [{ name: "vmnic0" }],
      switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }, { name: "vSwitch2" }],
      portGroups: [
        { name: "vss-vmnet", virtualSwitch: "vSwitch0" },
        { name: "vss-mgmt", virtualSwitch: "vSwitch0" },
      ],
      vmkernelAdapters: [{ name: "vmk0", portGroup: "vss-mgmt" }],
    });
    assert.equal(host.state.switches.length, 2);
    // How many ports a host has depends on its memory.
    const printed = run("esxcli --formatter=keyvalue network vswitch standard list").replaceAll("=2816\n", "=2560\n");
    assert.equal(printed, recording("formatter-keyvalue--network-vswitch-standard-list"));
  });

  it("prints the teaming policy as noted by a user", () => {
    const printed = hand().run("esxcli network vswitch standard policy failover get --vswitch-name=vSwitch1");
    const noted = recording("network-vswitch-standard-policy-failover-get").replaceAll(/^# /gm, "");
    assert.deepEqual(squeezed(printed.replace("vmnic4", "vmnic1")).slice(0, 7), squeezed(noted).slice(-7));
  });

  it("prints IPv4 settings with a gateway as ESXi 6.x does", () => {
    const { host, run } = twoSwitches();
    host.state.interfaces.pop();
    assert.equal(
      run("esxcli network ip interface ipv4 get"),
      recording("network-ip-interface-ipv4-address-list--elatov-2024"),
    );
  });

  const management = (mac: string, portGroup: string, mtu: number, portId: number, model: "7.0" | "9.0") => {
    const it = hand({
      model,
      portGroups: [{ name: portGroup, virtualSwitch: "vSwitch0" }],
      vmkernelAdapters: [{ name: "vmk0", portGroup, mac, mtu }],
    });
    for (const vmk of it.host.state.interfaces) vmk.portId = portId;
    // The number of queues depends on the NIC.
    return it.run("esxcli network ip interface list").replace(/RXDispQueue Size: \d/, "RXDispQueue Size: N");
  };

  it("prints VMkernel adapters as ESXi 7 does", () => {
    assert.equal(
      management("00:50:56:6c:01:11", "Management", 1500, 33554443, "7.0"),
      recording("network-ip-interface-list--esxi7-portgroup").replace(/RXDispQueue Size: \d/, "RXDispQueue Size: N"),
    );
  });

  it("prints VMkernel adapters as ESXi 9 does, with URPF", () => {
    assert.equal(
      management("00:50:56:9f:78:3b", "Management Network", 9000, 67108875, "9.0"),
      recording("network-ip-interface-list--vcf9-urpf").replace(/RXDispQueue Size: \d/, "RXDispQueue Size: N"),
    );
  });

  const nenic = () => {
    const device = { driver: "nenic", mtu: 4096, speed: "50 Gbps", description: "Cisco UCS VIC 15XXX (A0)" };
    const protocols = { v1: false, v2: true };
    const portGroups = ["a", "b"].map((name, at) => ({ name, virtualSwitch: `vSwitch${at}` }));
    return hand({
      nics: [{ name: "vmnic1" }, { name: "vmnic2" }],
      rdmaDevices: [
        { name: "vmrdma0", uplink: "vmnic1", protocols, ...device },
        { name: "vmrdma1", uplink: "vmnic2", protocols, ...device },
      ],
      switches: ["vmnic1", "vmnic2"].map((uplink, at) => ({ name: `vSwitch${at}`, uplinks: [uplink] })),
      portGroups,
      vmkernelAdapters: portGroups.map(({ name }, at) => ({ name: `vmk${at + 1}`, portGroup: name })),
    });
  };

  for (const [command, file] of [
    ["esxcli rdma device list", "rdma-device-list--cisco-ucs-nenic"],
    ["esxcli rdma device protocol list", "rdma-device-protocol-list--cisco-ucs-nenic"],
    ["esxcli rdma device vmknic list", "rdma-device-vmknic-list--cisco-ucs-nenic"],
  ] as const) {
    it(`prints ${command.slice(7)} as a host with Cisco VICs does`, () => {
      // The guide was scanned: vmrdmal is vmrdma1.
      const wanted = squeezed(recording(file)).map((line) => line.replace("vmrdmal", "vmrdma1"));
      assert.deepEqual(squeezed(nenic().run(command)), wanted);
    });
  }

  it("prints storage adapters as recorded, the last dashes no wider than their name", () => {
    const { host, run } = hand();
    host.state.localAdapters = [
      {
        vmhba: "vmhba0",
        driver: "pvscsi",
        linkState: "link-n/a",
        uid: "pscsi.vmhba0",
        capabilities: "",
        description: "(0000:02:00.0) VMware Inc. PVSCSI SCSI Controller",
      },
    ];
    assert.equal(run("esxcli storage core adapter list"), recording("storage-core-adapter-list--pvscsi"));
  });

  it("prints the header of an empty table where the unknown says so", () => {
    const { host, run } = hand({ unknowns: { emptyTable: "header" } });
    host.state.localAdapters = [];
    assert.deepEqual(
      run("localcli storage core adapter list"),
      recording("storage-core-adapter-list--empty-localcli").replace("localcli storage core adapter list\n", ""),
    );
  });

  it("prints the version as ESXi 8.0.2 does", () => {
    assert.deepEqual(
      squeezed(hand().run("esxcli system version get")),
      squeezed(recording("system-version-get--esxi802")),
    );
  });

  it("prints module parameters with the value that was just set, as ESXi 6.0 does", () => {
    const { host, run } = hand();
    host.state.modules.push({
      name: "ixgbe",
      loaded: true,
      enabled: true,
      parameters: [
        { name: "LRO", type: "array of int", description: "Large Receive Offload (0,1), default 1 = on" },
        { name: "RxBuffersPerQueueAndMore", type: "int", description: "" },
      ],
      options: {},
      active: {},
    });
    run('esxcli system module parameters set --module ixgbe -p "LRO=0"');
    const printed = run("esxcli system module parameters list --module ixgbe | grep -E 'LRO|^Name'");
    const wanted = squeezed(recording("system-module-parameters-set-and-list--elatov-esxi60")).slice(0, 2);
    assert.deepEqual(squeezed(printed), wanted);
  });

  describe("of software iSCSI", () => {
    const adapterOf = (host: HostState, vmhba: string) => ({
      ...newIserAdapter(host, ""),
      vmhba,
      driver: "iscsi_vmk" as const,
    });
    const openindiana = "iqn.2010-09.org.openindiana:02:bd79a6ff-33c2-41d3-8f0e-9c8d8b6e9fcb";
    const target = (address: string): Target => ({
      name: openindiana,
      address,
      port: 3260,
      method: "SENDTARGETS",
      sources: ["192.168.1.107:3260"],
      lastError: "No Error",
      readsUntilListed: 0,
      chap: {},
      params: { DelayedAck: "false" },
    });
    const session = (isid: string, tsih: number, createdAt: string): Session => ({
      target: openindiana,
      address: "192.168.1.107",
      port: 3260,
      isid,
      tsih,
      vmk: "vmk1",
      localAddress: "192.168.1.106",
      authentication: "none",
      params: { FirstBurstLength: "65536", InitialR2T: "true" },
      createdAt: Date.parse(`${createdAt}Z`),
    });

    /** The host of most recordings: ESXi 5.0 with a software adapter. */
    const esxi50 = () => {
      const macs = { vmk0: "00:50:56:17:12:cb", vmk1: "00:50:56:17:16:07", vmk2: "00:50:56:17:16:58" };
      const nicMacs = ["16:a5", "12:cb", "16:07", "16:a4", "16:58", "16:a6"];
      const names = ["vmnic4", "vmnic0", "vmnic1", "vmnic3", "vmnic2", "vmnic5"];
      const it = hand({
        nics: names.map((name, at) => ({ name, driver: "e1000", speed: 1000, mac: `00:50:56:17:${nicMacs[at]}` })),
        switches: ["vmnic0", "vmnic1", "vmnic2"].map((uplink, at) => ({ name: `vSwitch${at}`, uplinks: [uplink] })),
        portGroups: ["Management", "iSCSI", "vMotion"].map((name, at) => ({ name, virtualSwitch: `vSwitch${at}` })),
        vmkernelAdapters: [
          { name: "vmk0", portGroup: "Management", mac: macs.vmk0 },
          { name: "vmk1", portGroup: "iSCSI", mac: macs.vmk1, ipv4: { address: "192.168.1.106", netmask } },
          { name: "vmk2", portGroup: "vMotion", mac: macs.vmk2 },
        ],
      });
      const { state } = it.host;
      state.softwareIscsi = true;
      state.iscsiAdapters.push({
        ...adapterOf(state, "vmhba33"),
        params: { DelayedAck: "false" },
        bindings: ["vmk1"],
        sendTargets: [{ address: "192.168.1.107", port: 3260, chap: {}, params: {} }],
        targets: [target("192.168.1.107"), target("10.131.67.12")],
        sessions: [
          session("00023d000001", 14, "2012-12-14T18:59:57"),
          session("00023d000003", 18, "2012-12-16T21:02:12"),
        ],
      });
      return it;
    };

    it("prints the adapter as ESXi 5.5 does", () => {
      const { host, run } = hand();
      host.state.iscsiAdapters.push(adapterOf(host.state, "vmhba37"));
      assert.equal(run("esxcli iscsi adapter list"), recording("iscsi-adapter-list--elatov-esxi55"));
    });

    for (const [command, file] of [
      ["iscsi adapter discovery sendtarget list", "iscsi-adapter-discovery-sendtarget-list--elatov-esxi50"],
      ["iscsi adapter discovery rediscover -A vmhba33", "iscsi-adapter-discovery-rediscover--elatov-esxi50"],
      ["iscsi adapter discovery statictarget list", "iscsi-adapter-discovery-statictarget-list--empty-elatov-esxi50"],
      ["iscsi adapter param get -A vmhba33", "iscsi-adapter-param-get--elatov-esxi50"],
      ["iscsi adapter target portal list", "iscsi-adapter-target-portal-list--elatov-esxi50"],
      [
        `iscsi adapter target portal param get -A vmhba33 -a 192.168.1.107 -n ${openindiana}`,
        "iscsi-adapter-target-portal-param-get--elatov-esxi50",
      ],
      ["iscsi logicalnetworkportal list", "iscsi-logicalnetworkportal-list--elatov-esxi50"],
      ["iscsi physicalnetworkportal list", "iscsi-physicalnetworkportal-list--elatov-esxi50"],
      ["iscsi session list", "iscsi-session-list--two-sessions-elatov-esxi50"],
      ["iscsi session connection list", "iscsi-session-connection-list--two-elatov-esxi50"],
      ["iscsi software get", "iscsi-software-get--elatov-esxi50"],
    ] as const) {
      it(`prints ${command.split(" -")[0]} as ESXi 5.0 does`, () => {
        const { host, run } = esxi50();
        // A target's own parameters are not inherited, and all of the recorded are.
        for (const one of host.state.iscsiAdapters.flatMap(({ targets }) => targets)) one.params = {};
        assert.deepEqual(squeezed(run(`esxcli ${command}`)), squeezed(recording(file)));
      });
    }

    it("prints a binding as ESXi 5.0 does, with three fields more since 6.7", () => {
      const printed = esxi50().run("esxcli iscsi networkportal list");
      const recorded = recording("iscsi-networkportal-list--elatov-esxi50");
      const newer = ["Opaque Network Id", "Opaque Network Type", "External Id"];
      assert.deepEqual(
        fieldNames(printed).filter((name) => !newer.includes(name)),
        fieldNames(recorded),
      );
      const varies = /^(Rx|Tx) Packets|^NIC (Driver|Firmware) Version|^Opaque|^External|^Path Status/;
      const steady = (text: string) => squeezed(text).filter((line) => !varies.test(line));
      assert.deepEqual(steady(printed), steady(recorded));
    });
  });
});
