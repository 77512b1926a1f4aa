import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type Declaration, errorsOf, Program } from "../support/program.js";
import { inTurn, over, type Transport, transports } from "../support/served.js";

const netmask = "255.255.255.0";
const secret = "simulated-chap-secret";

/** One path, as a program declares it, with changes by resource type. */
function path(changes: Readonly<Record<string, object>> = {}): Declaration[] {
  const all: Declaration[] = [
    { type: "VirtualSwitch", as: "switch", name: "vSwitch1", uplinks: ["vmnic4"], mtu: 9000 },
    {
      type: "PortGroup",
      as: "group",
      after: ["switch"],
      name: "iser-a",
      virtualSwitch: "vSwitch1",
      activeUplinks: ["vmnic4"],
    },
    {
      type: "VmkernelAdapter",
      as: "vmk",
      after: ["group"],
      name: "vmk1",
      portGroup: "iser-a",
      mtu: 9000,
      ipv4: { address: "192.168.50.11", netmask },
    },
    { type: "IserAdapter", as: "adapter", uplink: "vmnic4" },
    { type: "PortBinding", as: "binding", after: ["vmk"], adapter: "adapter", vmkernelAdapter: "vmk1" },
  ];
  return all.map((one) => ({ ...one, ...changes[one.type] }));
}

const other = (address: string): Declaration => ({
  type: "VmkernelAdapter",
  as: "other",
  after: ["vmk"],
  name: "vmk2",
  portGroup: "iser-b",
  ipv4: { address, netmask },
});

/** What the inputs alone show: the rule and the fix, in a preview that reaches no host. */
const inPreview: [string, Declaration[], RegExp][] = [
  [
    "teaming",
    path({ VirtualSwitch: { uplinks: ["vmnic0", "vmnic4"] }, PortGroup: { activeUplinks: ["vmnic4", "vmnic0"] } }),
    /iSER needs exactly one active and no standby\. Declare a PortGroup with one in `activeUplinks`/,
  ],
  [
    "two RDMA uplinks on one switch",
    [
      ...path({
        VirtualSwitch: { uplinks: ["vmnic4", "vmnic5"] },
        PortBinding: { after: ["vmk", "second"] },
      }).toSpliced(3, 0, { type: "IserAdapter", as: "second", uplink: "vmnic5" }),
    ],
    /carries 2 RDMA devices: vmnic4, vmnic5; iSER takes one per virtual switch\. Give each its own/,
  ],
  [
    "different MTUs of switch and VMkernel adapter",
    path({ VmkernelAdapter: { mtu: 1500 } }),
    /virtual switch vSwitch1 has MTU 9000, but vmk1 has 1500\. Declare the same `mtu`/,
  ],
  [
    "a VMkernel adapter beyond its switch's MTU",
    path({ VirtualSwitch: { mtu: 1500 } }),
    /mtu is 9000, but the virtual switch vSwitch1 of its port group is declared with 1500; give both the same/,
  ],
  [
    "a VMkernel adapter on another card's uplink",
    path({ IserAdapter: { uplink: "vmnic5" } }),
    /port group "iser-a" of vmk1 uses vmnic4, but the adapter of vmnic5 is on vmnic5\. Bind a VMkernel adapter/,
  ],
  ["one address on two VMkernel adapters", [...path(), other("192.168.50.11")], /192\.168\.50\.11.*vmk1/],
  [
    "equal CHAP secrets in both directions",
    [
      ...path(),
      {
        type: "Chap",
        as: "chap",
        adapter: "adapter",
        level: "required",
        name: "esx01",
        secret,
        mutual: { name: "array", secret },
      },
    ],
    /mutual must have another secret than the one of the adapter/,
  ],
  ["a VLAN that does not exist", path({ PortGroup: { vlanId: 4096 } }), /vlanId must be 0 to 4095/],
];

/** What only the host shows: before the first write to it. */
const onHost: [string, string[], Declaration[], RegExp][] = [
  [
    "teaming",
    [
      "esxcli network vswitch standard uplink remove -u vmnic0 -v vSwitch0",
      "esxcli network vswitch standard uplink add -u vmnic0 -v vSwitch1",
    ],
    [],
    /port group "iser-a" of vmk1 has 2 active uplinks[\s\S]*iSER needs exactly one/,
  ],
  [
    "two RDMA uplinks on one switch",
    [
      "esxcli network vswitch standard uplink remove -u vmnic5 -v vSwitch2",
      "esxcli network vswitch standard uplink add -u vmnic5 -v vSwitch1",
      "esxcli network vswitch standard portgroup policy failover set -p iser-a -a vmnic4 -s ''",
    ],
    [],
    /carries 2 RDMA devices: vmrdma0 \(vmnic4\), vmrdma1 \(vmnic5\)/,
  ],
  [
    "another MTU of the switch",
    ["esxcli network vswitch standard set -v vSwitch1 -m 9000"],
    [],
    /vSwitch1 has MTU 9000, but vmk1 has 1500/,
  ],
  [
    "a VMkernel adapter on the wrong uplink",
    [],
    [{ type: "PortBinding", as: "binding", adapter: "vmrdma0", vmkernelAdapter: "vmk2" }],
    /port group "iser-b" of vmk2 uses vmnic5, but the adapter of vmrdma0 is on vmnic4/,
  ],
  [
    "an address that the host has on another VMkernel adapter",
    [],
    [
      {
        type: "VmkernelAdapter",
        as: "vmk",
        name: "vmk1",
        portGroup: "iser-a",
        ipv4: { address: "192.168.1.11", netmask },
      },
    ],
    /vmk0 has (the address )?192\.168\.1\.11|192\.168\.1\.11.*vmk0/,
  ],
  [
    "a value out of the host's bounds",
    [],
    [
      {
        type: "IscsiParameters",
        as: "parameters",
        adapter: "vmrdma0",
        parameters: { LoginTimeout: 10, RecoveryTimeout: 121 },
      },
    ],
    /RecoveryTimeout is to be 121 on vmhba64, but the host takes whole numbers from 1 to 120/,
  ],
];

describe("what iSER cannot use, on the real engine", function () {
  this.timeout(180_000);
  const programs = new Map<Transport, Program>();
  before(async () => {
    for (const transport of transports) programs.set(transport, await Program.start({ model: "8.0" }, transport));
  });
  after(async () => {
    for (const program of programs.values()) await program.close();
  });

  for (const [at, [title, resources, message]] of inPreview.entries())
    it(`is refused in the preview${over[inTurn(at)]}, which reaches no host: ${title}`, async () => {
      const program = programs.get(inTurn(at));
      assert.ok(program);
      await program.declare(resources);
      const outcome = await program.stack.preview({ mayFail: true });
      assert.notEqual(outcome.code, 0);
      const errors = errorsOf(outcome);
      assert.equal(errors.length, 1, outcome.stdout);
      assert.match(errors[0] ?? "", message);
      assert.match(errors[0] ?? "", /127\.0\.0\.1: [A-Z][A-Za-z]+: /);
      assert.doesNotMatch(outcome.stdout + outcome.stderr, new RegExp(secret));
      assert.deepEqual([program.served.visits, program.host.counters.writes], [0, 0]);
    });

  for (const [at, [title, prelude, resources, message]] of onHost.entries())
    it(`is refused by the host's own state${over[inTurn(at)]} before anything is written: ${title}`, async () => {
      const own = await Program.start({ model: "8.0" }, inTurn(at));
      try {
        for (const line of ["esxcli rdma iser add -d vmrdma0", ...prelude])
          assert.equal(own.host.execute(line).status, 0, line);
        const before = own.host.dump();
        const { writes } = own.host.counters;
        const binding = { type: "PortBinding", as: "binding", adapter: "vmrdma0", vmkernelAdapter: "vmk1" };
        await own.declare(resources.length === 0 ? [binding] : resources);
        const outcome = await own.stack.up({ mayFail: true });
        assert.notEqual(outcome.code, 0);
        assert.equal(errorsOf(outcome).length, 1, outcome.stdout);
        assert.match(errorsOf(outcome)[0] ?? "", message);
        assert.deepEqual([own.host.counters.writes, own.host.dump()], [writes, before]);
      } finally {
        await own.close();
      }
    });
});
