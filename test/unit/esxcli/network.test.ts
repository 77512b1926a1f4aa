import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EsxcliCommand } from "../../../src/esxcli/command.js";
import {
  interfaceList,
  nicList,
  portGroupFailover,
  portGroupList,
  switchFailover,
  switchList,
} from "../../../src/esxcli/network.js";
import { nicRows } from "../../../src/esxcli/nic.js";
import { ipv4List, ipv6List } from "../../../src/esxcli/vmkernel.js";

/** Values in the documented shape, by the names that 5.x and later have in the machine formats: strings, numbers, booleans, lists. */
type Value = string | number | boolean | readonly string[];
type Row = Readonly<Record<string, Value>>;

function element(value: Value): string {
  if (typeof value === "number") return `<integer>${value}</integer>`;
  if (typeof value === "boolean") return `<boolean>${value}</boolean>`;
  if (typeof value === "string") return `<string>${value}</string>`;
  return `<list type="string">${value.map((one) => `<string>${one}</string>`).join("")}</list>`;
}
const structure = (type: string, row: Row) =>
  `<structure typeName="${type}">${Object.entries(row)
    .map(([name, value]) => `<field name="${name}">${element(value)}</field>`)
    .join("")}</structure>`;
const document = (root: string) =>
  `<output xmlns="http://www.vmware.com/Products/ESX/5.0/esxcli"><root>${root}</root></output>`;
const listed = (type: string, row: Row) => document(`<list type="structure">${structure(type, row)}</list>`);
const without = (row: Row, field: string) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== field));

const vmk: Row = {
  Enabled: true,
  MACAddress: "00:50:56:6c:01:11",
  MTU: 1500,
  Name: "vmk0",
  NetstackInstance: "defaultTcpipStack",
  PortID: 33554443,
  Portgroup: "Management",
  Portset: "vSwitch0",
  VDSConnection: -1,
  VDSName: "N/A",
};
const vswitch: Row = {
  BeaconRequiredBy: [],
  CDPStatus: "listen",
  Class: "cswitch",
  MTU: 9000,
  Name: "storage",
  Portgroups: ["nfs-for-vm", "iscsi"],
  Uplinks: ["vmnic32"],
};
const portGroup: Row = { ActiveClients: 1, Name: "VM_VLAN3", VLANID: 3, VirtualSwitch: "vSwitch0" };
const order: Row = {
  ActiveAdapters: ["vmnic1"],
  Failback: true,
  LoadBalancing: "srcport",
  NetworkFailureDetection: "link",
  NotifySwitches: true,
  StandbyAdapters: [],
  UnusedAdapters: [],
};
const overrides: Row = {
  ...order,
  OverrideVswitchFailback: false,
  OverrideVswitchLoadBalancing: true,
  OverrideVswitchNetworkFailureDetection: false,
  OverrideVswitchNotifySwitches: true,
  OverrideVswitchUplinks: true,
};
const ipv4: Row = {
  AddressType: "STATIC",
  DHCPDNS: false,
  Gateway: "192.168.1.1",
  IPv4Address: "192.168.1.109",
  IPv4Broadcast: "192.168.1.255",
  IPv4Netmask: "255.255.255.0",
  Name: "vmk0",
};
const ipv6: Row = { Address: "fd00::1", Interface: "vmk0", Netmask: 64, Status: "PREFERRED", Type: "STATIC" };

const shapes: [string, EsxcliCommand, (row: Row) => string, Row, readonly string[], unknown][] = [
  [
    "VMkernel adapters",
    interfaceList,
    (row) => listed("NetworkInterface", row),
    vmk,
    ["Name", "MACAddress", "Portset", "Portgroup", "VDSName", "NetstackInstance", "MTU"],
    [
      {
        name: "vmk0",
        macAddress: "00:50:56:6c:01:11",
        portset: "vSwitch0",
        portGroup: "Management",
        vdsName: "N/A",
        netstack: "defaultTcpipStack",
        mtu: 1500,
      },
    ],
  ],
  [
    "virtual switches",
    switchList,
    (row) => listed("VirtualSwitch", row),
    vswitch,
    ["Name", "MTU", "CDPStatus", "Uplinks"],
    [{ name: "storage", mtu: 9000, cdp: "listen", uplinks: ["vmnic32"] }],
  ],
  [
    "port groups",
    portGroupList,
    (row) => listed("PortGroup", row),
    portGroup,
    ["Name", "VirtualSwitch", "ActiveClients", "VLANID"],
    [{ name: "VM_VLAN3", virtualSwitch: "vSwitch0", activeClients: 1, vlanId: 3 }],
  ],
  ["NICs", nicList, (row) => listed("Nic", row), { Name: "vmnic4", MTU: 1500 }, ["Name"], ["vmnic4"]],
  [
    "NICs with driver and link",
    nicRows,
    (row) => listed("Nic", row),
    { Name: "vmnic4", Driver: "nmlx5_core", LinkStatus: "Up", MTU: 1500 },
    ["Name", "Driver", "LinkStatus"],
    [{ name: "vmnic4", driver: "nmlx5_core", link: "Up" }],
  ],
  [
    "the failover order of a virtual switch",
    switchFailover("vSwitch1"),
    (row) => document(structure("VirtualSwitchFailoverPolicy", row)),
    order,
    ["ActiveAdapters", "StandbyAdapters"],
    { active: ["vmnic1"], standby: [] },
  ],
  [
    "the failover policies of a port group",
    portGroupFailover("iser-a"),
    (row) => document(structure("PortGroupFailoverPolicy", row)),
    overrides,
    Object.keys(overrides).filter((field) => field !== "UnusedAdapters"),
    { active: ["vmnic1"], standby: [], ownUplinks: true, own: { loadBalancing: "srcport", notifySwitches: true } },
  ],
  [
    "IPv4 settings",
    ipv4List,
    (row) => listed("IPv4Interface", row),
    ipv4,
    ["Name", "IPv4Address", "IPv4Netmask", "AddressType", "DHCPDNS"],
    [
      {
        interfaceName: "vmk0",
        address: "192.168.1.109",
        netmask: "255.255.255.0",
        type: "STATIC",
        gateway: "192.168.1.1",
        peerDns: false,
      },
    ],
  ],
  [
    "IPv6 addresses",
    ipv6List,
    (row) => listed("IPv6Interface", row),
    ipv6,
    ["Interface", "Address", "Netmask", "Type"],
    [{ interfaceName: "vmk0", address: "fd00::1", prefix: 64, type: "STATIC" }],
  ],
];

describe("esxcli network", () => {
  for (const [title, command, render, row, needed, value] of shapes) {
    it(`reads ${title}`, () => assert.deepEqual(command.decode(render(row)), value));
    it(`does not read ${title} without a field that it needs`, () => {
      for (const field of needed)
        assert.throws(() => command.decode(render(without(row, field))), {
          code: "OUTPUT_NOT_UNDERSTOOD",
          message: new RegExp(`the field ${field} is missing`),
        });
    });
  }

  it("reads IPv4 settings of a build that does not list the gateway", () =>
    assert.equal(ipv4List.decode(listed("IPv4Interface", without(ipv4, "Gateway")))[0]?.gateway, ""));

  it("does not read an address type that is not known", () =>
    assert.throws(() => ipv4List.decode(listed("IPv4Interface", { ...ipv4, AddressType: "MAGIC" })), {
      message: /AddressType is not one of STATIC, DHCP, NONE/,
    }));

  it("reads that a port group has all policies of its own, and none", () => {
    const decode = (own: boolean) =>
      portGroupFailover("p").decode(
        document(
          structure(
            "PortGroupFailoverPolicy",
            Object.fromEntries(
              Object.entries(overrides).map(([name, value]) => [name, name.startsWith("Override") ? own : value]),
            ),
          ),
        ),
      );
    assert.deepEqual(decode(true).own, {
      loadBalancing: "srcport",
      failureDetection: "link",
      notifySwitches: true,
      failback: true,
    });
    assert.deepEqual([decode(false).ownUplinks, decode(false).own], [false, {}]);
  });
});
