import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ErrorCode } from "../../../src/errors.js";
import { describe as shown } from "../../../src/esxcli/command.js";
import { check, type Properties } from "../../../src/resources/inputs.js";
import { portGroup } from "../../../src/resources/portGroup.js";
import { device } from "../../support/views.js";

type Have = Parameters<typeof portGroup.plan>[0];
type Want = Parameters<typeof portGroup.plan>[1];
type Before = Parameters<typeof portGroup.remove>[2];

const path = "esxcli network vswitch standard portgroup";
const row = { name: "iser-a", virtualSwitch: "a", activeClients: 0, vlanId: 7 };
const inherited = { active: ["vmnic4", "vmnic0"], standby: [], ownUplinks: false, own: {} };
const host: Have = {
  switches: [
    { name: "a", mtu: 1500, cdp: "listen", uplinks: ["vmnic0", "vmnic4"] },
    { name: "b", mtu: 1500, cdp: "listen", uplinks: ["vmnic5"] },
  ],
  portGroups: [row],
  interfaces: [],
  devices: [device(0), device(1)],
  failover: inherited,
};
const empty: Have = { ...host, portGroups: [], failover: undefined };
const want = (changes: Partial<Want> = {}): Want => ({ name: "iser-a", virtualSwitch: "a", ...changes });
const fresh = { last: undefined, unfinished: false };
const order = (active: string, standby?: string) =>
  `${path} policy failover set --portgroup-name=iser-a --active-uplinks=${active}${standby === undefined ? "" : ` --standby-uplinks=${standby}`}`;

describe("PortGroup plans", () => {
  const rows: [string, Have, Want, readonly string[]][] = [
    ["makes one", empty, want(), [`${path} add --portgroup-name=iser-a --vswitch-name=a`]],
    [
      "makes one with VLAN and failover order",
      empty,
      want({ vlanId: 0, activeUplinks: ["vmnic4"], standbyUplinks: [] }),
      [
        `${path} add --portgroup-name=iser-a --vswitch-name=a`,
        `${path} set --portgroup-name=iser-a --vlan-id=0`,
        order("vmnic4", ""),
      ],
    ],
    ["writes nothing when it is there", host, want(), []],
    [
      "writes nothing when the order of the switch is the declared one",
      host,
      want({ vlanId: 7, activeUplinks: ["vmrdma0", "vmnic0"], standbyUplinks: [] }),
      [],
    ],
    ["sets the VLAN", host, want({ vlanId: 4095 }), [`${path} set --portgroup-name=iser-a --vlan-id=4095`]],
    [
      "sets another order of the same uplinks",
      host,
      want({ activeUplinks: ["vmnic0", "vmnic4"] }),
      [order("vmnic0,vmnic4")],
    ],
    ["sets active and leaves standby", host, want({ activeUplinks: ["vmrdma0"] }), [order("vmnic4")]],
    [
      "does not compare what is not declared",
      { ...host, failover: { ...inherited, active: ["vmnic4"], standby: ["vmnic0"] } },
      want({ activeUplinks: ["vmnic4"] }),
      [],
    ],
    [
      "clears standby",
      { ...host, failover: { ...inherited, active: ["vmnic4"], standby: ["vmnic0"] } },
      want({ activeUplinks: ["vmnic4"], standbyUplinks: [] }),
      [order("vmnic4", "")],
    ],
  ];
  for (const [title, have, inputs, commands] of rows)
    it(title, () => assert.deepEqual(portGroup.plan(have, inputs, fresh).map(shown), commands));

  const refusals: [string, Have, Want, ErrorCode, RegExp][] = [
    ["a switch that is not there", empty, want({ virtualSwitch: "c" }), "SWITCH_NOT_FOUND", /switch c\. .*: a, b/],
    [
      "a name that another switch has",
      host,
      want({ virtualSwitch: "b" }),
      "PORT_GROUP_ELSEWHERE",
      /"iser-a" is on virtual switch a, not on b/,
    ],
    [
      "an uplink that the switch does not have",
      host,
      want({ activeUplinks: ["vmnic4"], standbyUplinks: ["vmrdma1"] }),
      "UPLINK_NOT_FOUND",
      /a has no uplink vmnic5\. Its uplinks: vmnic0, vmnic4/,
    ],
    [
      "one uplink by two names",
      host,
      want({ activeUplinks: ["vmnic4"], standbyUplinks: ["vmrdma0"] }),
      "INPUT_INVALID",
      /vmnic4 and vmrdma0 are the same uplink/,
    ],
  ];
  for (const [title, have, inputs, code, message] of refusals)
    it(`refuses ${title}`, () => assert.throws(() => portGroup.plan(have, inputs, fresh), { code, message }));
});

describe("PortGroup gives back", () => {
  const peers = { first: host, declared: new Map(), released: new Map(), left: new Map() };
  const own = { active: ["vmnic4"], standby: [], ownUplinks: true, own: {} };
  const reset = `${path} policy failover set --portgroup-name=iser-a --use-vswitch`;
  const declared = want({ vlanId: 20, activeUplinks: ["vmnic4"] });
  const policies = { loadBalancing: "srcmac", failureDetection: "beacon", notifySwitches: false, failback: false };
  const setAgain = `${path} policy failover set --portgroup-name=iser-a --load-balancing=mac --failure-detection=beacon --notify-switches=false --failback=false`;
  const had = { ...own, active: ["vmnic0"], standby: ["vmnic4"] };

  const rows: [string, Have, Want, Before, readonly string[], RegExp?][] = [
    ["nothing when it was as declared", host, declared, { existed: true, vlanId: 7, failover: inherited }, []],
    ["the VLAN", host, declared, { existed: true, vlanId: 3 }, [`${path} set --portgroup-name=iser-a --vlan-id=3`]],
    ["nothing that is not declared any more", host, want(), { existed: true, vlanId: 3, failover: had }, []],
    ["the order of the switch", { ...host, failover: own }, declared, { existed: true, failover: inherited }, [reset]],
    [
      "the order of the switch, and sets the policies of its own again",
      { ...host, failover: { ...own, own: policies } },
      declared,
      { existed: true, failover: { ...inherited, own: policies } },
      [reset, setAgain],
    ],
    [
      "the policies that an interrupted run has reset",
      host,
      declared,
      { existed: true, failover: { ...inherited, own: { loadBalancing: "srcport" } } },
      [`${path} policy failover set --portgroup-name=iser-a --load-balancing=portid`],
    ],
    [
      "an order of its own",
      { ...host, failover: own },
      declared,
      { existed: true, failover: had },
      [order("vmnic0", "vmnic4")],
    ],
    [
      "the order without an uplink that the switch has lost, with a note",
      { ...host, failover: own },
      declared,
      { existed: true, failover: { ...had, active: ["vmnic0", "vmnic9"] } },
      [order("vmnic0", "vmnic4")],
      /vmnic9 is not given back to its failover order, because a has no such uplink/,
    ],
    [
      "nothing by removing the one that it made",
      host,
      declared,
      { existed: false },
      [`${path} remove --portgroup-name=iser-a --vswitch-name=a`],
    ],
    [
      "not the one that it made while a VMkernel adapter uses it, with a note",
      {
        ...host,
        portGroups: [{ ...row, activeClients: 1 }],
        interfaces: [
          {
            name: "vmk3",
            macAddress: "",
            portset: "a",
            portGroup: "iser-a",
            vdsName: "N/A",
            netstack: "defaultTcpipStack",
            mtu: 1500,
          },
        ],
      },
      declared,
      { existed: false },
      [],
      /left on the host, because it is still used by vmk3/,
    ],
    [
      "not the one that it made while virtual machines use it, with a note",
      { ...host, portGroups: [{ ...row, activeClients: 2 }] },
      declared,
      { existed: false },
      [],
      /because it is still used by 2 active clients/,
    ],
    ["nothing when it is gone", empty, declared, { existed: false }, []],
  ];
  for (const [title, have, inputs, before, commands, note = /^$/] of rows)
    it(title, () => {
      const undo = portGroup.remove(have, inputs, before, peers);
      assert.deepEqual(undo.commands.map(shown), commands);
      assert.match((undo.notes ?? []).join("\n"), note);
    });
});

describe("PortGroup records before the first write", () => {
  const peers = { first: host, declared: new Map(), released: new Map(), left: new Map() };
  for (const [title, have, inputs, before] of [
    ["that there was none", empty, want({ vlanId: 20 }), { existed: false }],
    ["only what is declared", { ...host, failover: undefined }, want({ vlanId: 20 }), { existed: true, vlanId: 7 }],
    ["the whole uplink order", host, want({ standbyUplinks: [] }), { existed: true, failover: inherited }],
  ] as [string, Have, Want, Before][])
    it(title, () => assert.deepEqual(portGroup.record(have, inputs, peers), before));
});

describe("PortGroup inputs", () => {
  const inputs = { host: "esx01.lab", name: "iser-a", virtualSwitch: "a" };
  const failures = (more: Properties, switches: readonly Properties[] = []) =>
    check(portGroup, { ...inputs, ...more }, (type) => (type === "VirtualSwitch" ? switches : [])).failures;

  for (const [more, property] of [
    [{ vlanId: -1 }, "vlanId"],
    [{ vlanId: 4096 }, "vlanId"],
    [{ activeUplinks: [] }, "activeUplinks"],
    [{ activeUplinks: ["vmnic4", "vmnic4"] }, "activeUplinks"],
    [{ activeUplinks: ["vmnic4"], standbyUplinks: ["vmnic5", "vmnic4"] }, "standbyUplinks"],
    [{ standbyUplinks: ["vmk1"] }, "standbyUplinks.0"],
  ] as [Properties, string][])
    it(`refuse ${JSON.stringify(more)}`, () =>
      assert.deepEqual(
        failures(more).map((it) => it.property),
        [property],
      ));

  it("refuse an uplink that the declared switch will not have", () => {
    const declared = [{ name: "a", uplinks: ["vmnic0"] }];
    assert.match(
      failures({ activeUplinks: ["vmnic4"] }, declared)[0]?.reason ?? "",
      /activeUplinks has vmnic4, but virtual switch a is declared with the uplinks vmnic0;/,
    );
    assert.deepEqual(failures({ activeUplinks: ["vmnic0"] }, declared), []);
  });
  it("leave it to the host where uplinks are named by RDMA devices", () => {
    assert.deepEqual(failures({ activeUplinks: ["vmnic4"] }, [{ name: "a", uplinks: ["vmrdma0"] }]), []);
    assert.deepEqual(failures({ activeUplinks: ["vmrdma0"] }, [{ name: "a", uplinks: ["vmnic4"] }]), []);
  });
});
