import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { Step } from "../../tools/engine/pulumi.js";
import { Program } from "../support/program.js";
import { over } from "../support/served.js";

const secrets = { adapter: "simulated-chap-adapter", array: "simulated-chap-array", spare: "simulated-chap-spare" };
const netmask = "255.255.255.0";

/** Path a is there, other than it is declared; path b has to be made. */
const network = {
  nics: [{ name: "vmnic0" }, { name: "vmnic4" }, { name: "vmnic5" }],
  switches: [
    { name: "vSwitch0", uplinks: ["vmnic0"] },
    { name: "vSwitch1", uplinks: ["vmnic4"] },
  ],
  portGroups: [
    { name: "Management Network", virtualSwitch: "vSwitch0" },
    { name: "iser-a", virtualSwitch: "vSwitch1", vlan: 40 },
  ],
  vmkernelAdapters: [
    {
      name: "vmk0",
      portGroup: "Management Network",
      ipv4: { address: "192.168.1.11", netmask, gateway: "192.168.1.1" },
    },
    { name: "vmk1", portGroup: "iser-a", ipv4: { address: "192.168.50.9", netmask, gateway: "192.168.50.1" } },
  ],
  storage: [
    {
      address: "192.168.50.100",
      targets: [{ name: "iqn.2010-09.lab.storage:a", chap: { name: "esx01", secret: secrets.array } }],
    },
    {
      address: "192.168.51.100",
      targets: [{ name: "iqn.2010-09.lab.storage:b", chap: { name: "esx01", secret: secrets.spare } }],
    },
  ],
};

/** What an administrator had set before. */
const prelude = [
  "esxcli system module parameters set -m nmlx5_core -p max_vfs=4",
  "esxcli network nic pauseParams set -n vmnic4 --tx false",
  "esxcli network vswitch standard set -v vSwitch1 -c both",
];

const declaration = (roce: boolean) => ({
  type: "IserHost",
  as: "esx01",
  mtu: 9000,
  ...(roce ? { roceVersion: "v2" } : {}),
  chap: { level: "required", name: "esx01", secret: secrets.adapter },
  parameters: { RecoveryTimeout: 25 },
  pauseParams: { rx: false, tx: false },
  moduleParameters: {
    nmlx5_core: { pfctx: "0x08", pfcrx: "0x08", trust_state: 2 },
    nmlx5_rdma: { dscp_force: 26 },
  },
  paths: {
    "iser-a": {
      uplink: "vmnic4",
      alias: "storage-a",
      virtualSwitch: "vSwitch1",
      portGroup: { name: "iser-a", vlanId: 50 },
      vmkernelAdapter: { name: "vmk1", ipv4: { address: "192.168.50.11", netmask } },
    },
    "iser-b": {
      device: "vmrdma1",
      iqn: "iqn.1998-01.com.vmware:esx01-b",
      vmkernelAdapter: { name: "vmk2", ipv4: { address: "192.168.51.11", netmask } },
    },
  },
  discovery: {
    array: {
      address: "192.168.50.100",
      paths: ["iser-a"],
      chap: { level: "required", name: "esx01", secret: secrets.array },
      parameters: { LoginTimeout: 10 },
    },
  },
  staticTargets: {
    spare: {
      targetName: "iqn.2010-09.lab.storage:b",
      address: "192.168.51.100",
      paths: ["iser-b"],
      chap: { level: "required", name: "esx01", secret: secrets.spare },
    },
  },
});

const resources = (roce: boolean) =>
  [
    "Chap esx01/iser-a",
    "Chap esx01/iser-a/array",
    "Chap esx01/iser-b",
    "Chap esx01/iser-b/spare",
    "AdapterProperties esx01/iser-a",
    "AdapterProperties esx01/iser-b",
    "DiscoveryAddress esx01/iser-a/array",
    "IscsiParameters esx01/iser-a",
    "IscsiParameters esx01/iser-a/array",
    "IscsiParameters esx01/iser-b",
    "IserAdapter esx01/iser-a",
    "IserAdapter esx01/iser-b",
    "IserHost esx01",
    "ModuleParameters esx01/nmlx5_core",
    "ModuleParameters esx01/nmlx5_rdma",
    "PauseParams esx01/iser-a",
    "PauseParams esx01/iser-b",
    "PortBinding esx01/iser-a",
    "PortBinding esx01/iser-b",
    "PortGroup esx01/iser-a",
    "PortGroup esx01/iser-b",
    "Rescan esx01/iser-a",
    "Rescan esx01/iser-b",
    ...(roce ? ["RoceParams esx01/iser-a", "RoceParams esx01/iser-b"] : []),
    "StaticTarget esx01/iser-b/spare",
    "VirtualSwitch esx01/iser-a",
    "VirtualSwitch esx01/iser-b",
    "VmkernelAdapter esx01/iser-a",
    "VmkernelAdapter esx01/iser-b",
  ].sort();

const names = (steps: Step[]) => steps.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`).sort();

const models = [
  { model: "6.7", transport: "ssh", roce: false, rebootToDelete: true },
  { model: "7.0", transport: "vsphere", roce: true, rebootToDelete: false },
  { model: "8.0", transport: "ssh", roce: true, rebootToDelete: false },
  { model: "9.0", transport: "vsphere", roce: false, rebootToDelete: false },
] as const;

for (const { model, transport, roce, rebootToDelete } of models)
  describe(`a host with two uplinks, declared as one, on ESXi ${model}${over[transport]}`, function () {
    this.timeout(300_000);
    let program: Program;
    let bare: string;

    const hand = (line: string) => {
      const { status, stdout } = program.host.execute(line);
      assert.equal(status, 0, `${line}: ${stdout}`);
      return stdout;
    };
    const vmhbaOf = (nic: string) =>
      new RegExp(`^(vmhba\\d+) +${nic} `, "m").exec(hand("esxcli iscsi physicalnetworkportal list"))?.[1] ?? "none";
    const orderOf = (...patterns: RegExp[]) =>
      patterns.map((pattern) => program.host.journal.findIndex(({ line }) => pattern.test(line)));

    before(async () => {
      program = await Program.start({ model, ...network }, transport);
      for (const line of prelude) hand(line);
      bare = program.host.dump();
      await program.declare([declaration(roce)]);
    });
    after(() => program?.close());

    it("is shown whole in the first preview, by names that say which path is meant", async () => {
      const { changes, diagnostics } = await program.stack.preview();
      assert.deepEqual(names(changes), resources(roce));
      assert.deepEqual(
        diagnostics.filter(({ severity }) => severity === "error"),
        [],
      );
      assert.equal(program.served.visits, 0);
    });

    it("goes through the whole procedure in one up, over one connection", async () => {
      await program.stack.up();
      const [a, b] = [vmhbaOf("vmnic4"), vmhbaOf("vmnic5")];
      assert.match(hand(`esxcli iscsi session list -A ${a}`), /Target: iqn\.2010-09\.lab\.storage:a\n/);
      assert.match(hand(`esxcli iscsi session list -A ${b}`), /Target: iqn\.2010-09\.lab\.storage:b\n/);
      assert.match(hand(`esxcli iscsi adapter get -A ${a}`), /Alias: storage-a\n/);
      assert.match(hand(`esxcli iscsi adapter get -A ${b}`), /Name: iqn\.1998-01\.com\.vmware:esx01-b\n/);
      assert.match(hand(`esxcli iscsi adapter param get -A ${b}`), /RecoveryTimeout +25 /);
      for (const [vmk, carrier] of [
        ["vmk1", "vSwitch1"],
        ["vmk2", "vSwitch-iser-b"],
      ]) {
        assert.match(hand(`esxcli network vswitch standard list -v ${carrier}`), /MTU: 9000\n/);
        assert.match(hand("esxcli network ip interface list"), new RegExp(`Name: ${vmk}\\n[\\s\\S]*?MTU: 9000\\n`));
      }
      assert.match(hand("esxcli network ip interface ipv4 get -i vmk1"), /192\.168\.50\.11 .*192\.168\.50\.1 /);
      assert.match(hand("esxcli network vswitch standard portgroup list"), /iser-a +vSwitch1 +1 +50/);
      assert.match(hand("esxcli network nic pauseParams list -n vmnic5"), /vmnic5 +true +false +false/);
      assert.match(
        hand("esxcli system module parameters list -m nmlx5_core"),
        /max_vfs +int +4 [\s\S]*pfctx +int +0x08/,
      );
      assert.equal(program.served.visits, 1);
    });

    it("has written in the order in which nothing is lost", () => {
      const [up, interfaceUp, bind, discover] = orderOf(
        /vswitch standard set.*vSwitch1.*9000/,
        /ip interface set.*vmk1.*9000/,
        /networkportal add.*vmk1/,
        /sendtarget add/,
      );
      assert.ok([up, interfaceUp, bind, discover].every((at) => at !== undefined && at >= 0));
      assert.deepEqual(
        [up, interfaceUp, bind, discover],
        [up, interfaceUp, bind, discover].sort((x = 0, y = 0) => x - y),
      );
    });

    it("puts out the adapters, the iSCSI names and the devices that were found", async () => {
      const { esx01 } = (await program.stack.outputs()) as { esx01: Record<string, Record<string, unknown>> };
      assert.deepEqual(esx01?.adapters, { "iser-a": vmhbaOf("vmnic4"), "iser-b": vmhbaOf("vmnic5") });
      assert.equal(esx01?.iqns?.["iser-b"], "iqn.1998-01.com.vmware:esx01-b");
      assert.match(String(esx01?.iqns?.["iser-a"]), /^iqn\.1998-01\.com\.vmware:/);
      const devices = esx01?.devices as unknown as { name: string }[];
      assert.ok(devices.length > 0);
      for (const { name } of devices)
        assert.match(hand("esxcli storage core path list"), new RegExp(`Device: ${name}\\n`));
    });

    it("is empty in the second up, which opens no connection, and in a refresh", async () => {
      const { visits } = program.served;
      assert.deepEqual((await program.stack.up()).changes, []);
      assert.equal(program.served.visits, visits);
      assert.deepEqual((await program.stack.refresh()).changes, []);
    });

    it("goes down from jumbo frames with the VMkernel adapter first", async () => {
      const start = program.host.journal.length;
      await program.declare([{ ...declaration(roce), mtu: 1500 }]);
      await program.stack.up();
      const lines = program.host.journal
        .slice(start)
        .filter(({ effect }) => effect === "write")
        .map(({ line }) => line);
      for (const [vmk, carrier] of [
        ["vmk1", "vSwitch1"],
        ["vmk2", "vSwitch-iser-b"],
      ]) {
        const down = lines.findIndex((line) => new RegExp(`ip interface set.*${vmk}.*1500`).test(line));
        const below = lines.findIndex((line) => new RegExp(`vswitch standard set.*${carrier}.*1500`).test(line));
        assert.ok(down >= 0 && below > down, lines.join("\n"));
      }
      assert.deepEqual((await program.stack.refresh()).changes, []);
    });

    it("gives the host back as it was, with what was there before and was changed", async () => {
      await program.stack.destroy();
      if (rebootToDelete) program.host.reboot();
      assert.equal(program.host.dump(), bare);
    });
  });

describe("a host that is already as it is declared", function () {
  this.timeout(180_000);
  let program: Program;
  before(async () => {
    program = await Program.start({ model: "8.0" });
    for (const line of [
      "esxcli network vswitch standard set -v vSwitch1 -m 9000",
      "esxcli network ip interface set -i vmk1 -m 9000",
      "esxcli rdma iser add -d vmrdma0",
      "esxcli iscsi adapter set -A vmhba64 -a storage-a",
      "esxcli iscsi networkportal add -A vmhba64 -n vmk1",
      "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100",
      "esxcli iscsi adapter discovery rediscover -A vmhba64",
    ])
      assert.equal(program.host.execute(line).status, 0, line);
  });
  after(() => program?.close());

  it("is adopted without a write, and left without one", async () => {
    const { dump, writes } = { dump: program.host.dump(), writes: program.host.counters.writes };
    await program.declare([
      {
        type: "IserHost",
        as: "esx01",
        mtu: 9000,
        rescan: false,
        paths: {
          "iser-a": {
            device: "vmrdma0",
            alias: "storage-a",
            virtualSwitch: "vSwitch1",
            portGroup: "iser-a",
            vmkernelAdapter: { name: "vmk1", ipv4: { address: "192.168.50.11", netmask } },
          },
        },
        discovery: { array: "192.168.50.100" },
      },
    ]);
    await program.stack.up();
    assert.deepEqual((await program.stack.refresh()).changes, []);
    await program.stack.destroy();
    assert.deepEqual([program.host.counters.writes, program.host.dump()], [writes, dump]);
  });
});
