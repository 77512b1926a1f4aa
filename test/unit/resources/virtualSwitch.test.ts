import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ErrorCode } from "../../../src/errors.js";
import { describe as shown } from "../../../src/esxcli/command.js";
import type { JsonRecord } from "../../../src/resources/definition.js";
import { check } from "../../../src/resources/inputs.js";
import { leaveMtu } from "../../../src/resources/leftMtu.js";
import { virtualSwitch } from "../../../src/resources/virtualSwitch.js";
import { binding, device } from "../../support/views.js";

type Have = Parameters<typeof virtualSwitch.plan>[0];
type Want = Parameters<typeof virtualSwitch.plan>[1];
type Before = Parameters<typeof virtualSwitch.remove>[2];

const vswitch = "esxcli network vswitch standard";
const vmk = (name: string, portset: string, mtu: number) => ({
  name,
  macAddress: "00:50:56:00:00:01",
  portset,
  portGroup: "iser-a",
  vdsName: "N/A",
  netstack: "defaultTcpipStack",
  mtu,
});
const a = { name: "a", mtu: 1500, cdp: "listen", uplinks: ["vmnic4"] };
const b = { name: "b", mtu: 1500, cdp: "listen", uplinks: ["vmnic5", "vmnic6"] };
const group = (name: string, on: string) => ({ name, virtualSwitch: on, activeClients: 0, vlanId: 0 });

const host: Have = {
  switches: [a, b],
  nics: ["vmnic0", "vmnic4", "vmnic5", "vmnic6"],
  orders: new Map([
    ["a", { active: ["vmnic4"], standby: [] }],
    ["b", { active: ["vmnic6"], standby: ["vmnic5"] }],
  ]),
  portGroups: [group("iser-a", "a")],
  interfaces: [vmk("vmk1", "a", 1500)],
  devices: [device(0), device(1), device(2, { pairedUplink: "" })],
  groupOrders: [],
  bindings: [],
};
const orderOf = (portGroup: string, own: boolean, ...names: string[]) => ({ portGroup, own, names });
const jumbo: Have = { ...host, switches: [{ ...a, mtu: 9000 }, b], interfaces: [vmk("vmk1", "a", 9000)] };
const withTwo: Have = { ...host, switches: [{ ...a, uplinks: ["vmnic4", "vmnic0"] }, b] };
const fresh = { last: undefined, unfinished: false };
const onA = (want: Partial<Want>): Want => ({ name: "a", force: false, ...want });

describe("VirtualSwitch plans", () => {
  const rows: [string, Have, Want, readonly string[]][] = [
    ["makes one", host, { name: "new", force: false }, [`${vswitch} add --vswitch-name=new`]],
    [
      "makes one with uplink, MTU and CDP",
      host,
      { name: "new", uplinks: ["vmnic0"], mtu: 1500, cdp: "listen", force: false },
      [
        `${vswitch} add --vswitch-name=new`,
        `${vswitch} uplink add --vswitch-name=new --uplink-name=vmnic0`,
        `${vswitch} set --vswitch-name=new --mtu=1500 --cdp-status=listen`,
      ],
    ],
    ["writes nothing when it is there", host, onA({}), []],
    ["writes nothing when all is as declared", host, onA({ uplinks: ["vmnic4"], mtu: 1500, cdp: "listen" }), []],
    ["finds the uplink of an RDMA device", host, onA({ uplinks: ["vmrdma0"] }), []],
    ["sets the MTU alone", host, onA({ mtu: 9000, cdp: "listen" }), [`${vswitch} set --vswitch-name=a --mtu=9000`]],
    ["sets CDP alone", host, onA({ cdp: "both" }), [`${vswitch} set --vswitch-name=a --cdp-status=both`]],
    [
      "adds an uplink",
      host,
      onA({ uplinks: ["vmnic0", "vmnic4"] }),
      [`${vswitch} uplink add --vswitch-name=a --uplink-name=vmnic0`],
    ],
    [
      "takes off an uplink by force, and adds the new one before",
      host,
      onA({ uplinks: ["vmnic0"], force: true }),
      [
        `${vswitch} uplink add --vswitch-name=a --uplink-name=vmnic0`,
        `${vswitch} uplink remove --vswitch-name=a --uplink-name=vmnic4`,
      ],
    ],
    [
      "takes off by force an uplink that no bound VMkernel adapter uses",
      {
        ...withTwo,
        bindings: [binding("vmk1"), binding("vmk2", "vmhba65")],
        interfaces: [vmk("vmk1", "a", 1500), { ...vmk("vmk2", "b", 1500), portGroup: "iser-b" }],
        groupOrders: [orderOf("iser-a", true, "vmnic4"), orderOf("Management", false, "vmnic0", "vmnic4")],
      },
      onA({ uplinks: ["vmnic4"], force: true }),
      [`${vswitch} uplink remove --vswitch-name=a --uplink-name=vmnic0`],
    ],
    [
      "takes by force an uplink of another switch",
      host,
      onA({ uplinks: ["vmnic4", "vmrdma1"], force: true }),
      [
        `${vswitch} uplink remove --vswitch-name=b --uplink-name=vmnic5`,
        `${vswitch} uplink add --vswitch-name=a --uplink-name=vmnic5`,
      ],
    ],
    [
      "lowers the named VMkernel adapters before the switch",
      jumbo,
      onA({ mtu: 1500, lowerFirst: ["vmk1", "vmk7"] }),
      [
        `esxcli network ip interface set --interface-name=vmk1 --mtu=1500`,
        `${vswitch} set --vswitch-name=a --mtu=1500`,
      ],
    ],
    [
      "does not mind a larger MTU on another switch",
      { ...jumbo, interfaces: [vmk("vmk1", "b", 9000)] },
      onA({ mtu: 1500 }),
      [`${vswitch} set --vswitch-name=a --mtu=1500`],
    ],
  ];
  for (const [title, have, want, commands] of rows)
    it(title, () => assert.deepEqual(virtualSwitch.plan(have, want, fresh).map(shown), commands));

  it("takes no uplink off without force, whoever has declared it before", () => {
    for (const last of [onA({ uplinks: ["vmnic0", "vmnic4"] }), onA({}), undefined])
      for (const unfinished of [true, false])
        assert.throws(() => virtualSwitch.plan(withTwo, onA({ uplinks: ["vmnic4"] }), { last, unfinished }), {
          code: "UPLINK_REMOVAL",
        });
  });

  const named = { ...host, groupOrders: [orderOf("VM Network", true, "vmnic5")] };
  const namedHere = { ...withTwo, groupOrders: [orderOf("iser-a", true, "vmnic0")] };
  const bound = {
    ...withTwo,
    groupOrders: [orderOf("iser-a", false, "vmnic4", "vmnic0")],
    bindings: [binding("vmk1")],
  };
  const boundThere = {
    ...host,
    interfaces: [{ ...vmk("vmk2", "b", 1500), portGroup: "iser-b" }],
    groupOrders: [orderOf("iser-b", true, "vmnic5")],
    bindings: [binding("vmk2", "vmhba65")],
  };
  const refusals: [string, Have, Want, ErrorCode, RegExp][] = [
    ["a NIC that is not there", host, onA({ uplinks: ["vmnic9"] }), "NIC_NOT_FOUND", /vmnic9\. NICs: vmnic0, vmnic4/],
    [
      "an RDMA device that is not there",
      host,
      onA({ uplinks: ["vmrdma9"] }),
      "DEVICE_NOT_FOUND",
      /no RDMA device vmrdma9\. RDMA devices: vmrdma0/,
    ],
    ["an RDMA device without uplink", host, onA({ uplinks: ["vmrdma2"] }), "DEVICE_WITHOUT_UPLINK", /vmrdma2 has no/],
    [
      "one uplink by two names",
      host,
      onA({ uplinks: ["vmnic4", "vmrdma0"] }),
      "INPUT_INVALID",
      /vmnic4 and vmrdma0 are the same uplink/,
    ],
    [
      "an uplink of another switch",
      host,
      onA({ uplinks: ["vmnic4", "vmnic5"] }),
      "UPLINK_IN_USE",
      /vmnic5 is an uplink of virtual switch b\n.*Declare another uplink for a, or b in place of a, or give IserHost a VMkernel adapter of b \(vmkernelAdapter: "vmk1"\), or set force: true to take vmnic5 away from b, where sessions over it lose their path\. If b is of this program/,
    ],
    [
      "an uplink of another switch, and says at once which port group names it",
      named,
      onA({ uplinks: ["vmnic4", "vmnic5"] }),
      "UPLINK_IN_USE",
      /port group "VM Network" names it [\s\S]*force: true[\s\S]*Before that, take vmnic5 out of the failover order/,
    ],
    [
      "by force an uplink of another switch that a bound VMkernel adapter there uses",
      boundThere,
      onA({ uplinks: ["vmnic4", "vmnic5"], force: true }),
      "UPLINK_BOUND",
      /vmnic5 is an uplink of virtual switch b, and vmk2, which uses it, is bound to vmhba65\n.*Unbind vmk2 first: remove its PortBinding/,
    ],
    [
      "by force an uplink that a port group there names",
      named,
      onA({ uplinks: ["vmnic4", "vmnic5"], force: true }),
      "UPLINK_IN_USE",
      /port group "VM Network" names it/,
    ],
    [
      "to take off an uplink that was never declared",
      withTwo,
      onA({ uplinks: ["vmnic4"] }),
      "UPLINK_REMOVAL",
      /a has the uplink vmnic0, which is not declared\n.*force: true to remove it: sessions over vmnic0 lose their path/,
    ],
    [
      "to take off by force an uplink that a bound VMkernel adapter uses",
      bound,
      onA({ uplinks: ["vmnic4"], force: true }),
      "UPLINK_BOUND",
      /a has the uplink vmnic0, which is not declared, and vmk1, which uses it, is bound to vmhba64/,
    ],
    [
      "to take off by force an uplink that a port group names",
      namedHere,
      onA({ uplinks: ["vmnic4"], force: true }),
      "UPLINK_REMOVAL",
      /port group "iser-a" names it/,
    ],
    [
      "an MTU below that of a VMkernel adapter",
      jumbo,
      onA({ mtu: 1500 }),
      "MTU_MISMATCH",
      /MTU 1500, but vmk1 on it has 9000\n.*lowerFirst: \["vmk1"\]/,
    ],
    [
      "an MTU below that of a VMkernel adapter that is not named",
      { ...jumbo, interfaces: [...jumbo.interfaces, vmk("vmk3", "a", 4000)] },
      onA({ mtu: 1500, lowerFirst: ["vmk1"] }),
      "MTU_MISMATCH",
      /but vmk3 on it has 4000\n/,
    ],
  ];
  for (const [title, have, want, code, message] of refusals)
    it(`refuses ${title}`, () => assert.throws(() => virtualSwitch.plan(have, want, fresh), { code, message }));
});

describe("VirtualSwitch gives back", () => {
  const peers = { first: host, declared: new Map(), released: new Map(), left: new Map() };
  const all = onA({ uplinks: ["vmnic4"], mtu: 9000, cdp: "both", lowerFirst: ["vmk1"] });
  const hadFour = { names: ["vmnic4"], active: ["vmnic4"], standby: [] };
  const hadTwo = { names: ["vmnic5", "vmnic6"], active: ["vmnic6"], standby: ["vmnic5"] };
  const took: Have = {
    ...host,
    switches: [
      { ...a, uplinks: ["vmnic4", "vmnic5"] },
      { ...b, uplinks: ["vmnic6"] },
    ],
    orders: new Map([
      ["a", { active: ["vmnic4", "vmnic5"], standby: [] }],
      ["b", { active: ["vmnic6"], standby: [] }],
    ]),
  };
  const empty = { ...took, portGroups: [], interfaces: [] };
  const taking = onA({ uplinks: ["vmnic4", "vmrdma1"], force: true });

  const rows: [string, Have, Want, Before, readonly string[], RegExp?, JsonRecord?][] = [
    ["nothing when it was as declared", host, all, { existed: true, mtu: 1500, cdp: "listen", uplinks: hadFour }, []],
    [
      "MTU and CDP as they were",
      { ...host, switches: [{ ...a, mtu: 9000, cdp: "both" }, b] },
      all,
      { existed: true, mtu: 1500, cdp: "listen", uplinks: hadFour },
      [`${vswitch} set --vswitch-name=a --mtu=1500 --cdp-status=listen`],
    ],
    [
      "nothing that is not declared any more",
      { ...host, switches: [{ ...a, mtu: 9000, cdp: "both" }, b] },
      onA({}),
      { existed: true, mtu: 1500, cdp: "listen", uplinks: { names: [], active: [], standby: [] } },
      [],
    ],
    [
      "a lower MTU after lowering the named VMkernel adapters",
      jumbo,
      all,
      { existed: true, mtu: 1500 },
      [
        `esxcli network ip interface set --interface-name=vmk1 --mtu=1500`,
        `${vswitch} set --vswitch-name=a --mtu=1500`,
      ],
    ],
    [
      "not the MTU, with a note, when another VMkernel adapter has a larger one",
      { ...jumbo, interfaces: [vmk("vmk3", "a", 9000)] },
      all,
      { existed: true, mtu: 1500 },
      [],
      /MTU 9000 stays, and not the former 1500, because vmk3 on it has 9000/,
    ],
    [
      "the MTU of a VMkernel adapter that it lowered, after its own",
      host,
      onA({ mtu: 1500, lowerFirst: ["vmk1"] }),
      { existed: true, mtu: 9000, vmk1: 8000 },
      [
        `${vswitch} set --vswitch-name=a --mtu=9000`,
        `esxcli network ip interface set --interface-name=vmk1 --mtu=8000`,
      ],
    ],
    [
      "no MTU to a VMkernel adapter that somebody has set since",
      { ...host, interfaces: [vmk("vmk1", "a", 1400)] },
      onA({ mtu: 1500, lowerFirst: ["vmk1"] }),
      { existed: true, mtu: 9000, vmk1: 8000 },
      [`${vswitch} set --vswitch-name=a --mtu=9000`],
    ],
    [
      "the MTU that a VMkernel adapter could not have before its own",
      host,
      onA({ mtu: 1500 }),
      { existed: true, mtu: 9000 },
      [
        `${vswitch} set --vswitch-name=a --mtu=9000`,
        `esxcli network ip interface set --interface-name=vmk1 --mtu=8000`,
      ],
      /^$/,
      leaveMtu("vmk1", { was: 8000, now: 1500 }),
    ],
    [
      "no MTU to a VMkernel adapter that had, by its own record, a smaller one than it was lowered from",
      host,
      onA({ mtu: 1500, lowerFirst: ["vmk1"] }),
      { existed: true, mtu: 9000, vmk1: 4000 },
      [`${vswitch} set --vswitch-name=a --mtu=9000`],
      /^$/,
      leaveMtu("vmk1", { was: 1500, now: 1500 }),
    ],
    [
      "no MTU to a VMkernel adapter that somebody has set since it was left",
      { ...host, interfaces: [vmk("vmk1", "a", 1400)] },
      onA({ mtu: 1500 }),
      { existed: true, mtu: 9000 },
      [`${vswitch} set --vswitch-name=a --mtu=9000`],
      /^$/,
      leaveMtu("vmk1", { was: 9000, now: 1500 }),
    ],
    [
      "no MTU to a VMkernel adapter that is larger than its own",
      host,
      onA({ mtu: 1500 }),
      { existed: true, mtu: 4000 },
      [`${vswitch} set --vswitch-name=a --mtu=4000`],
      /^$/,
      leaveMtu("vmk1", { was: 9000, now: 1500 }),
    ],
    [
      "no MTU to a VMkernel adapter of another switch",
      { ...host, interfaces: [vmk("vmk1", "b", 1500)] },
      onA({ mtu: 1500 }),
      { existed: true, mtu: 9000 },
      [`${vswitch} set --vswitch-name=a --mtu=9000`],
      /^$/,
      leaveMtu("vmk1", { was: 9000, now: 1500 }),
    ],
    [
      "an uplink that it took, with the failover order there",
      took,
      taking,
      { existed: true, uplinks: hadFour, vmnic5: { from: "b", had: hadTwo } },
      [
        `${vswitch} uplink remove --vswitch-name=a --uplink-name=vmnic5`,
        `${vswitch} uplink add --vswitch-name=b --uplink-name=vmnic5`,
        `${vswitch} policy failover set --vswitch-name=b --active-uplinks=vmnic6 --standby-uplinks=vmnic5`,
      ],
    ],
    [
      "the failover order there that an interrupted run has not set",
      {
        ...host,
        orders: new Map([
          ["a", { active: ["vmnic4"], standby: [] }],
          ["b", { active: ["vmnic6", "vmnic5"], standby: [] }],
        ]),
      },
      taking,
      { existed: true, uplinks: hadFour, vmnic5: { from: "b", had: hadTwo } },
      [`${vswitch} policy failover set --vswitch-name=b --active-uplinks=vmnic6 --standby-uplinks=vmnic5`],
    ],
    [
      "an uplink that it took off, in its place of the order, and keeps what somebody has added since",
      {
        ...host,
        switches: [
          { ...a, uplinks: ["vmnic4", "vmnic6"] },
          { ...b, uplinks: ["vmnic5"] },
        ],
        orders: new Map([["a", { active: ["vmnic4", "vmnic6"], standby: [] }]]),
      },
      onA({ uplinks: ["vmnic4"] }),
      { existed: true, uplinks: { names: ["vmnic0", "vmnic4"], active: ["vmnic0"], standby: ["vmnic4"] } },
      [
        `${vswitch} uplink add --vswitch-name=a --uplink-name=vmnic0`,
        `${vswitch} policy failover set --vswitch-name=a --active-uplinks=vmnic0,vmnic6 --standby-uplinks=vmnic4`,
      ],
    ],
    [
      "no uplink that another switch has by now, with a note",
      host,
      onA({ uplinks: ["vmnic4"] }),
      { existed: true, uplinks: { names: ["vmnic4", "vmnic5"], active: ["vmnic4"], standby: [] } },
      [],
      /vmnic5 is not given back to a, because it is an uplink of b now/,
    ],
    [
      "no uplink to a switch that is gone, with a note",
      { ...took, switches: [{ ...a, uplinks: ["vmnic4", "vmnic5"] }] },
      taking,
      { existed: true, uplinks: hadFour, vmnic5: { from: "b", had: hadTwo } },
      [`${vswitch} uplink remove --vswitch-name=a --uplink-name=vmnic5`],
      /vmnic5 is not given back to b, which is not there any more/,
    ],
    [
      "what it took before the switch that it made goes",
      empty,
      taking,
      { existed: false, vmnic5: { from: "b", had: hadTwo } },
      [
        `${vswitch} uplink remove --vswitch-name=a --uplink-name=vmnic5`,
        `${vswitch} uplink add --vswitch-name=b --uplink-name=vmnic5`,
        `${vswitch} policy failover set --vswitch-name=b --active-uplinks=vmnic6 --standby-uplinks=vmnic5`,
        `${vswitch} remove --vswitch-name=a`,
      ],
    ],
    [
      "not the switch that it made while something is on it, with a note",
      took,
      taking,
      { existed: false, vmnic5: { from: "b", had: hadTwo } },
      [],
      /left on the host, because it still carries port group iser-a, vmk1/,
    ],
    ["nothing when it is gone", host, { name: "gone", force: false }, { existed: false }, []],
  ];
  for (const [title, have, want, before, commands, note = /^$/, left = {}] of rows)
    it(title, () => {
      const undo = virtualSwitch.remove(have, want, before, {
        ...peers,
        left: new Map(Object.entries(left)),
      });
      assert.deepEqual(undo.commands.map(shown), commands);
      assert.match((undo.notes ?? []).join("\n"), note);
    });

  it("what it records before the first write", () => {
    const want = onA({ uplinks: ["vmnic4", "vmrdma1"], mtu: 1500, lowerFirst: ["vmk1"], force: true });
    assert.deepEqual(virtualSwitch.record({ ...jumbo, switches: [{ ...a, mtu: 9000 }, b] }, want, peers), {
      existed: true,
      mtu: 9000,
      uplinks: hadFour,
      vmk1: 9000,
      vmnic5: { from: "b", had: hadTwo },
    });
    const later = virtualSwitch.record(jumbo, want, peers, { existed: true, mtu: 1500 });
    assert.equal("vmk1" in later, false);
    const first = { existed: true, mtu: 9000, vmk1: 9000, vmnic5: { from: "b", had: hadTwo } };
    const kept = virtualSwitch.record(took, want, peers, first);
    assert.deepEqual([kept.vmk1, kept.vmnic5], [first.vmk1, first.vmnic5]);
    const { existed: _, ...undeclared } = virtualSwitch.record(took, onA({}), peers, first);
    assert.deepEqual(undeclared, {});
    assert.deepEqual(virtualSwitch.record(host, { name: "new", force: false, mtu: 9000 }, peers), { existed: false });
  });
});

describe("VirtualSwitch inputs", () => {
  const failures = (inputs: object) =>
    check(virtualSwitch, { host: "esx01.lab", name: "a", ...inputs }).failures.map(({ property }) => property);

  it("are brought to one form", () => {
    const { inputs } = check(virtualSwitch, { host: "esx01.lab", name: "a", uplinks: [" vmnic5", "vmnic4"] });
    assert.deepEqual([inputs.uplinks, inputs.force], [["vmnic4", "vmnic5"], false]);
  });
  for (const [inputs, property] of [
    [{ name: "" }, "name"],
    [{ name: "-vswitch" }, "name"],
    [{ name: "x".repeat(33) }, "name"],
    [{ uplinks: ["eth0"] }, "uplinks.0"],
    [{ uplinks: ["vmnic4", "vmnic4"] }, "uplinks"],
    [{ mtu: 1279 }, "mtu"],
    [{ mtu: 9191 }, "mtu"],
    [{ mtu: 1500.5 }, "mtu"],
    [{ cdp: "loud" }, "cdp"],
    [{ lowerFirst: ["vmnic1"] }, "lowerFirst.0"],
  ] as const)
    it(`refuse ${JSON.stringify(inputs).slice(0, 40)}`, () => assert.deepEqual(failures(inputs), [property]));
});

describe("a VirtualSwitch whose uplinks the host does not use", () => {
  it("says so", () => {
    const have = { ...host, orders: new Map([["a", { active: [], standby: [] }]]) };
    assert.match((virtualSwitch.remarks?.(have, onA({ uplinks: ["vmnic4"] })) ?? []).join(), /^vmnic4 is not used/);
    assert.deepEqual(virtualSwitch.remarks?.(host, onA({ uplinks: ["vmnic4"] })), []);
  });
});
