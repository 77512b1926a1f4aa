import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ErrorCode } from "../../../src/errors.js";
import { describe as shown } from "../../../src/esxcli/command.js";
import { check, type Properties } from "../../../src/resources/inputs.js";
import { leftMtu } from "../../../src/resources/leftMtu.js";
import { vmkernelAdapter } from "../../../src/resources/vmkernelAdapter.js";
import { binding } from "../../support/views.js";

type Have = Parameters<typeof vmkernelAdapter.plan>[0];
type Want = Parameters<typeof vmkernelAdapter.plan>[1];
type Before = Parameters<typeof vmkernelAdapter.remove>[2];

const ip = "esxcli network ip interface";
const netmask = "255.255.255.0";
const vmk = (name: string, changes = {}) => ({
  name,
  macAddress: "00:50:56:00:00:01",
  portset: "a",
  portGroup: "iser-a",
  vdsName: "N/A",
  netstack: "defaultTcpipStack",
  mtu: 1500,
  ...changes,
});
const v4 = (interfaceName: string, address: string, changes = {}) => ({
  interfaceName,
  address,
  netmask,
  type: "STATIC" as const,
  gateway: "192.168.50.1",
  peerDns: false,
  ...changes,
});
const v6 = (interfaceName: string, address: string, prefix = 64) => ({
  interfaceName,
  address,
  prefix,
  type: "STATIC",
});
const host: Have = {
  interfaces: [vmk("vmk0"), vmk("vmk1")],
  portGroups: [{ name: "iser-a", virtualSwitch: "a", vlanId: 0 }],
  switches: [{ name: "a", mtu: 9000, cdp: "listen", uplinks: [] }],
  ipv4: [v4("vmk0", "192.168.50.10"), v4("vmk1", "192.168.50.11")],
  ipv6: [v6("vmk0", "fd00::10"), v6("vmk1", "FD00:0::11")],
  bindings: [],
};
const want = (changes: Partial<Want> = {}): Want => ({ name: "vmk1", portGroup: "iser-a", ...changes });
const fresh = { last: undefined, unfinished: false };
const set = (address: string, gateway?: string) =>
  `${ip} ipv4 set --interface-name=vmk1 --type=static --ipv4=${address} --netmask=${netmask}${gateway === undefined ? "" : ` --gateway=${gateway}`}`;
const withIpv4 = (changes: object): Have => ({ ...host, ipv4: [v4("vmk1", "192.168.50.11", changes)] });
const eleven = { address: "192.168.50.11", netmask };

describe("VmkernelAdapter plans", () => {
  const rows: [string, Have, Want, readonly string[]][] = [
    ["makes one", host, want({ name: "vmk3" }), [`${ip} add --interface-name=vmk3 --portgroup-name=iser-a`]],
    [
      "makes one with everything",
      host,
      want({
        name: "vmk3",
        mtu: 9000,
        netstack: "vmotion",
        ipv4: { address: "192.168.50.13", netmask, gateway: "192.168.50.2" },
        ipv6Addresses: ["fd00::13/64"],
      }),
      [
        `${ip} add --interface-name=vmk3 --portgroup-name=iser-a --mtu=9000 --netstack=vmotion`,
        `${ip} ipv4 set --interface-name=vmk3 --type=static --ipv4=192.168.50.13 --netmask=255.255.255.0 --gateway=192.168.50.2`,
        `${ip} ipv6 address add --interface-name=vmk3 --ipv6=fd00::13/64`,
      ],
    ],
    ["writes nothing when it is there", host, want(), []],
    [
      "writes nothing when all is as declared",
      host,
      want({ mtu: 1500, netstack: "defaultTcpipStack", ipv4: eleven, ipv6Addresses: ["fd00::11/64"] }),
      [],
    ],
    ["sets the MTU", host, want({ mtu: 9000 }), [`${ip} set --interface-name=vmk1 --mtu=9000`]],
    [
      "passes on the gateway, which esxcli would reset",
      host,
      want({ ipv4: { address: "192.168.50.21", netmask } }),
      [set("192.168.50.21", "192.168.50.1")],
    ],
    [
      "leaves out the gateway of a lease that goes",
      withIpv4({ type: "DHCP" }),
      want({ ipv4: { address: "192.168.60.21", netmask } }),
      [set("192.168.60.21")],
    ],
    [
      "takes another gateway in place of one of another subnet",
      host,
      want({ ipv4: { address: "192.168.60.21", netmask, gateway: "192.168.60.1" } }),
      [set("192.168.60.21", "192.168.60.1")],
    ],
    [
      "leaves out a gateway that there is not, or that the build does not list",
      withIpv4({ gateway: "0.0.0.0" }),
      want({ ipv4: { address: "192.168.50.21", netmask } }),
      [set("192.168.50.21")],
    ],
    [
      "sets the gateway",
      host,
      want({ ipv4: { ...eleven, gateway: "192.168.50.2" } }),
      [set("192.168.50.11", "192.168.50.2")],
    ],
    [
      "takes a gateway as set that the build does not list",
      withIpv4({ gateway: "" }),
      want({ ipv4: { ...eleven, gateway: "192.168.50.2" } }),
      [],
    ],
    ["sets DHCP", host, want({ ipv4: "dhcp" }), [`${ip} ipv4 set --interface-name=vmk1 --type=dhcp`]],
    ["compares of DHCP only that it is on", withIpv4({ type: "DHCP" }), want({ ipv4: "dhcp" }), []],
    ["sets none", host, want({ ipv4: "none" }), [`${ip} ipv4 set --interface-name=vmk1 --type=none`]],
    [
      "sets an address in place of DHCP",
      withIpv4({ type: "DHCP", gateway: "0.0.0.0" }),
      want({ ipv4: eleven }),
      [set("192.168.50.11")],
    ],
    [
      "adds and removes IPv6 addresses, one of another length in turn",
      { ...host, ipv6: [v6("vmk1", "fd00::11"), v6("vmk1", "fd00::12")] },
      want({ ipv6Addresses: ["fd00::11/96", "fd00::12/64"] }),
      [
        `${ip} ipv6 address remove --interface-name=vmk1 --ipv6=fd00::11/64`,
        `${ip} ipv6 address add --interface-name=vmk1 --ipv6=fd00::11/96`,
      ],
    ],
  ];
  for (const [title, have, inputs, commands] of rows)
    it(title, () => assert.deepEqual(vmkernelAdapter.plan(have, inputs, fresh).map(shown), commands));

  const refusals: [string, Have, Want, ErrorCode, RegExp][] = [
    [
      "a port group that is not there",
      host,
      want({ name: "vmk3", portGroup: "nope" }),
      "PORT_GROUP_NOT_FOUND",
      /no port group "nope" .*Port groups: iser-a/,
    ],
    [
      "one that is on another port group",
      { ...host, interfaces: [vmk("vmk1", { portGroup: "iser-b", portset: "b" })] },
      want(),
      "VMKERNEL_ADAPTER_ELSEWHERE",
      /vmk1 is on port group "iser-b" of b with the TCP\/IP stack defaultTcpipStack, not on "iser-a"/,
    ],
    [
      "one that is in another TCP/IP stack",
      host,
      want({ netstack: "vmotion" }),
      "VMKERNEL_ADAPTER_ELSEWHERE",
      /not with vmotion on "iser-a"/,
    ],
    [
      "one of a distributed switch",
      { ...host, interfaces: [vmk("vmk1", { portGroup: "N/A", portset: "DvsPortset-0", vdsName: "vDS" })] },
      want(),
      "VMKERNEL_ADAPTER_ELSEWHERE",
      /of DvsPortset-0/,
    ],
    [
      "an MTU above that of the switch",
      { ...host, switches: [{ name: "a", mtu: 1500, cdp: "listen", uplinks: [] }] },
      want({ mtu: 9000 }),
      "MTU_MISMATCH",
      /vmk1 would get MTU 9000, but virtual switch a of its port group "iser-a" has 1500/,
    ],
    [
      "an IPv4 address of another VMkernel adapter",
      host,
      want({ ipv4: { address: "192.168.50.10", netmask } }),
      "ADDRESS_IN_USE",
      /vmk1 would get the address 192\.168\.50\.10, which vmk0 has/,
    ],
    [
      "a new subnet that would lose a gateway that is not declared",
      host,
      want({ ipv4: { address: "192.168.60.21", netmask } }),
      "GATEWAY_OUTSIDE",
      /vmk1 has the gateway 192\.168\.50\.1, which is not in the subnet of its new address 192\.168\.60\.21/,
    ],
    [
      "an IPv6 address of another VMkernel adapter",
      host,
      want({ ipv6Addresses: ["fd00::10/96"] }),
      "ADDRESS_IN_USE",
      /fd00::10, which vmk0 has/,
    ],
  ];
  for (const [title, have, inputs, code, message] of refusals)
    it(`refuses ${title}`, () => assert.throws(() => vmkernelAdapter.plan(have, inputs, fresh), { code, message }));

  it("does not mind an MTU above that of the switch that is there already", () => {
    const lowered = {
      ...host,
      interfaces: [vmk("vmk1", { mtu: 9000 })],
      switches: [{ ...host.switches[0], mtu: 1500 }],
    };
    assert.deepEqual(vmkernelAdapter.plan(lowered as Have, want({ mtu: 9000 }), fresh), []);
  });
});

describe("VmkernelAdapter gives back", () => {
  const peers = { first: host, declared: new Map(), released: new Map(), left: new Map() };
  const was = { type: "STATIC" as const, address: "192.168.50.9", netmask, gateway: "192.168.50.1", peerDns: false };
  const declared = want({ mtu: 1500, ipv4: eleven, ipv6Addresses: ["fd00::11/64"] });

  const rows: [string, Have, Want, Before, readonly string[], RegExp?][] = [
    [
      "nothing by removing the one that it made",
      host,
      declared,
      { existed: false },
      [`${ip} remove --interface-name=vmk1`],
    ],
    [
      "nothing when it was as declared",
      host,
      declared,
      {
        existed: true,
        mtu: 1500,
        ipv4: { ...was, address: "192.168.50.11", peerDns: true },
        ipv6Addresses: ["fd00::11/64"],
      },
      [],
    ],
    [
      "MTU and addresses",
      host,
      declared,
      { existed: true, mtu: 4000, ipv4: was, ipv6Addresses: ["fd00::9/64"] },
      [
        `${ip} set --interface-name=vmk1 --mtu=4000`,
        set("192.168.50.9", "192.168.50.1"),
        `${ip} ipv6 address remove --interface-name=vmk1 --ipv6=fd00::11/64`,
        `${ip} ipv6 address add --interface-name=vmk1 --ipv6=fd00::9/64`,
      ],
    ],
    [
      "nothing that is not declared any more",
      host,
      want(),
      { existed: true, mtu: 4000, ipv4: was, ipv6Addresses: [] },
      [],
    ],
    [
      "no gateway where there was none",
      host,
      want({ ipv4: eleven }),
      { existed: true, ipv4: { ...was, gateway: "0.0.0.0" } },
      [set("192.168.50.9")],
    ],
    [
      "DHCP with its DNS",
      host,
      want({ ipv4: eleven }),
      { existed: true, ipv4: { ...was, type: "DHCP", peerDns: true } },
      [`${ip} ipv4 set --interface-name=vmk1 --type=dhcp --peer-dns=true`],
    ],
    [
      "no address",
      host,
      want({ ipv4: eleven }),
      { existed: true, ipv4: { ...was, type: "NONE" } },
      [`${ip} ipv4 set --interface-name=vmk1 --type=none`],
    ],
    [
      "not an IPv6 address that somebody has added since",
      { ...host, ipv6: [v6("vmk1", "fd00::11"), v6("vmk1", "fd00::77")] },
      want({ ipv6Addresses: ["fd00::11/64"] }),
      { existed: true, ipv6Addresses: [] },
      [`${ip} ipv6 address remove --interface-name=vmk1 --ipv6=fd00::11/64`],
    ],
    [
      "not an MTU above that of the switch, with a note",
      { ...host, switches: [{ name: "a", mtu: 1500, cdp: "listen", uplinks: [] }] },
      declared,
      { existed: true, mtu: 9000 },
      [],
      /MTU 1500 stays, and not the former 9000, as long as virtual switch a has 1500/,
    ],
    [
      "nothing by removing the one that it made while another is bound",
      { ...host, bindings: [binding("vmk0")] },
      declared,
      { existed: false },
      [`${ip} remove --interface-name=vmk1`],
    ],
    [
      "not the one that it made while it is bound, with a note",
      { ...host, bindings: [binding("vmk1")] },
      declared,
      { existed: false },
      [],
      /left on the host, because it is bound to vmhba64\. /,
    ],
  ];
  for (const [title, have, inputs, before, commands, note = /^$/] of rows)
    it(title, () => {
      const undo = vmkernelAdapter.remove(have, inputs, before, peers);
      assert.deepEqual(undo.commands.map(shown), commands);
      assert.match((undo.notes ?? []).join("\n"), note);
    });

  it("to its switch, which goes later, what to know: what it had and what it is left with", () => {
    const small = { ...host, switches: [{ name: "a", mtu: 1500, cdp: "listen", uplinks: [] }] };
    const told = (have: Have, was?: number) => {
      const { leaves = {} } = vmkernelAdapter.remove(
        have,
        declared,
        { existed: true, ...(was && { mtu: was }) },
        peers,
      );
      return leftMtu(new Map(Object.entries(leaves)), "vmk1");
    };
    assert.deepEqual(told(small, 9000), { was: 9000, now: 1500 });
    assert.deepEqual(told(host, 9000), { was: 9000, now: 9000 });
    assert.deepEqual(told(small, 1500), { was: 1500, now: 1500 });
    assert.equal(told(host), undefined);
  });

  it("a binding that goes in the same run time to go", () => {
    const bound = { ...host, bindings: [binding("vmk1")] };
    assert.equal(vmkernelAdapter.remove(bound, declared, { existed: false }, peers).wait, true);
    assert.equal(vmkernelAdapter.remove(bound, declared, { existed: true }, peers).wait, undefined);
  });

  it("what it records before the first write", () => {
    assert.deepEqual(vmkernelAdapter.record(host, declared, peers), {
      existed: true,
      mtu: 1500,
      ipv4: { ...was, address: "192.168.50.11" },
      ipv6Addresses: ["fd00::11/64"],
    });
    assert.deepEqual(vmkernelAdapter.record(host, want({ name: "vmk3", mtu: 9000 }), peers), { existed: false });
  });
});

describe("VmkernelAdapter inputs", () => {
  const inputs = { host: "esx01.lab", name: "vmk1", portGroup: "iser-a" };
  const checked = (more: Properties, declared: Record<string, readonly Properties[]> = {}) =>
    check(vmkernelAdapter, { ...inputs, ...more }, (type) => declared[type] ?? []);
  const address = (given: string, mask = netmask, gateway?: string) => ({
    ipv4: { address: given, netmask: mask, ...(gateway === undefined ? {} : { gateway }) },
  });

  it("are brought to one form", () => {
    const ipv6Addresses = ["2001:DB8:0:0:1:0:0:1/64", "FD00:0::1/64"];
    assert.deepEqual(checked({ ipv6Addresses }).inputs.ipv6Addresses, ["2001:db8::1:0:0:1/64", "fd00::1/64"]);
  });

  const accepted: Properties[] = [
    { name: "vmk0" },
    { name: "vmk255" },
    { ipv4: "dhcp" },
    { ipv4: "none" },
    address("10.0.0.1", "255.0.0.0", "10.255.255.254"),
    address("10.0.0.0", "255.255.255.254", "10.0.0.1"),
    address("10.0.0.255", "255.255.254.0"),
    { ipv6Addresses: [] },
  ];
  for (const more of accepted) it(`accept ${JSON.stringify(more)}`, () => assert.deepEqual(checked(more).failures, []));

  const refused: [Properties, RegExp][] = [
    [{ name: "vmk256" }, /name must be vmk0 to vmk255/],
    [{ name: "vmk01" }, /name must be/],
    [{ portGroup: "" }, /portGroup is empty/],
    [{ mtu: 1279 }, /mtu must be 1280 to 9190/],
    [{ netstack: "-x" }, /netstack must be/],
    [{ ipv4: "static" }, /ipv4 must be \{ address/],
    [address("192.168.50.256"), /ipv4\.address must be an IPv4 address such as/],
    [{ ipv4: { address: "192.168.50.11" } }, /ipv4 must be \{ address/],
    [address("192.168.50.11", "255.0.255.0"), /has the netmask 255\.0\.255\.0, which is none/],
    [address("192.168.50.11", "0.0.0.0"), /has the netmask 0\.0\.0\.0, which is none/],
    [address("192.168.50.0"), /the network address of its subnet/],
    [address("192.168.50.255"), /the broadcast address of its subnet/],
    [address("224.0.0.5"), /not a unicast address/],
    [address("127.0.0.1"), /not a unicast address/],
    [address("192.168.50.11", netmask, "192.168.51.1"), /gateway 192\.168\.51\.1, which is not in the subnet/],
    [address("192.168.50.11", netmask, "192.168.50.11"), /which is its own address/],
    [{ ipv6Addresses: ["fd00::1"] }, /prefix length/],
    [{ ipv6Addresses: ["fd00::1/129"] }, /prefix length/],
    [{ ipv6Addresses: ["fe80::1/64"] }, /not a link-local one/],
    [{ ipv6Addresses: ["ff02::1/64"] }, /unicast/],
    [{ ipv6Addresses: ["192.168.50.11/24"] }, /IPv6/],
    [{ ipv6Addresses: ["fd00::1/64", "FD00::1/96"] }, /must not have an address twice/],
  ];
  for (const [more, reason] of refused)
    it(`refuse ${JSON.stringify(more)}`, () => {
      const [failure, ...others] = checked(more).failures;
      assert.match(failure?.reason ?? "", reason);
      assert.deepEqual(others, []);
    });

  it("refuse an address that is declared for another VMkernel adapter of the host", () => {
    const others = [{ name: "vmk2", ipv4: { address: "192.168.50.11", netmask }, ipv6Addresses: ["fd00::1/64"] }];
    const { failures } = checked({ ipv4: eleven, ipv6Addresses: ["fd00::1/96"] }, { VmkernelAdapter: others });
    assert.deepEqual(
      failures.map(({ property, reason }) => [property, / is declared for vmk2 /.test(reason)]),
      [
        ["ipv4", true],
        ["ipv6Addresses", true],
      ],
    );
  });

  it("refuse an MTU that the declared switch will not have", () => {
    const network = (mtu?: number) => ({
      PortGroup: [{ name: "iser-a", virtualSwitch: "a" }],
      VirtualSwitch: [{ name: "a", mtu }],
    });
    assert.match(
      checked({ mtu: 9000 }, network(1500)).failures[0]?.reason ?? "",
      /mtu is 9000, but the virtual switch a of its port group is declared with 1500/,
    );
    assert.deepEqual(checked({ mtu: 9000 }, network(9000)).failures, []);
    assert.deepEqual(checked({ mtu: 9000 }, network()).failures, []);
  });
});
