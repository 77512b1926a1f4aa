import { portGroup } from "../../../../src/resources/portGroup.js";
import { virtualSwitch } from "../../../../src/resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../../../src/resources/vmkernelAdapter.js";
import type { Subject } from "./subject.js";

const sw = "esxcli network vswitch standard";
const ip = "esxcli network ip interface";
const netmask = "255.255.255.0";

const move = (nic: string, from: string, to: string) => [
  `${sw} uplink remove -u ${nic} -v ${from}`,
  `${sw} uplink add -u ${nic} -v ${to}`,
];

/** Everything that the tested objects are not: the management network and the second card, none of it as it comes. */
const neighbours = [
  `${sw} set -v vSwitch0 -m 1600 -c both`,
  `${sw} set -v vSwitch2 -m 9000 -c down`,
  `${sw} policy failover set -v vSwitch2 -l iphash -f beacon -b false`,
  `${sw} portgroup add -v vSwitch2 -p 'VM Network'`,
  `${sw} portgroup set -p 'VM Network' -v 77`,
  `${sw} portgroup policy failover set -p 'VM Network' -l mac -n false`,
  `${ip} set -i vmk2 -m 8000`,
  `${ip} ipv4 set -i vmk2 -t static -I 192.168.51.12 -N ${netmask} -g 192.168.51.1`,
  `${ip} ipv6 address add -i vmk2 -I fd00:51::12/64`,
];
const csv = (path: string) => `esxcli --formatter=csv network ${path}`;
const watch = [
  `${sw} list -v vSwitch0`,
  `${csv("vswitch standard portgroup list")} | grep Network`,
  `${sw} portgroup policy failover get -p 'VM Network' | grep -v Adapters`,
  `${sw} policy failover get -v vSwitch2 | grep -v Adapters`,
  `${ip} ipv4 get -i vmk0`,
  `${ip} ipv4 get -i vmk2`,
  `${csv("ip interface ipv6 address list")} | grep vmk2`,
  `${csv("ip interface list")} | grep vmk2`,
];

/** vSwitch1 with two uplinks, of which the management NIC is preferred. */
const teamed = [...move("vmnic0", "vSwitch0", "vSwitch1"), `${sw} policy failover set -v vSwitch1 -a vmnic0 -s vmnic4`];

export const networkSubjects: readonly Subject[] = [
  {
    definition: virtualSwitch,
    of: "a NIC that no other has",
    needs: [`${sw} uplink remove -u vmnic5 -v vSwitch2`],
    neighbours,
    watch: [...watch, `${sw} list -v vSwitch2`],
    inputs: { name: "storage b", uplinks: ["vmnic5"], mtu: 9000, cdp: "both" },
    look: `${sw} list`,
    shows: /Name: storage b\n[\s\S]*MTU: 9000\n {3}CDP Status: both\n[\s\S]*Uplinks: vmnic5\n/,
    attributes: [
      { change: { mtu: 1500 }, is: "update", shows: /Name: storage b\n[\s\S]*MTU: 1500\n {3}CDP Status: both\n/ },
      { change: { cdp: "down" }, is: "update", shows: /Name: storage b\n[\s\S]*MTU: 9000\n {3}CDP Status: down\n/ },
      { change: { uplinks: [], force: true }, is: "update", shows: /Name: storage b\n[\s\S]*Uplinks: \n/ },
      { change: { uplinks: ["vmrdma1"] }, is: "update", shows: /Name: storage b\n[\s\S]*Uplinks: vmnic5\n/ },
      { change: { name: "storage-c" }, is: "replace", shows: /Name: storage-c\n[\s\S]*Uplinks: vmnic5\n/ },
    ],
    drift: { by: `${sw} set -v 'storage b' -c listen`, property: "cdp" },
    disappears: `${sw} remove -v 'storage b'`,
    parentDisappears: [],
    halfway: { fails: "network vswitch standard set" },
    byHand: [
      `${sw} add -v 'storage b'`,
      `${sw} uplink add -u vmnic5 -v 'storage b'`,
      `${sw} set -v 'storage b' -m 9000 -c both`,
    ],
  },
  {
    definition: virtualSwitch,
    of: "the host's own, with a failover order",
    needs: [...teamed, `${sw} set -v vSwitch1 -m 1600 -c advertise`],
    neighbours,
    watch,
    inputs: { name: "vSwitch1", uplinks: ["vmnic4", "vmnic0"], mtu: 9000, cdp: "both" },
    look: `${sw} list -v vSwitch1`,
    shows: /MTU: 9000\n {3}CDP Status: both\n[\s\S]*Uplinks: (vmnic4, vmnic0|vmnic4, vmnic5)\n/,
    attributes: [
      { change: { mtu: 1500 }, is: "update", shows: /MTU: 1500\n/ },
      { change: { cdp: "down" }, is: "update", shows: /CDP Status: down\n/ },
      { change: { uplinks: ["vmnic4"], force: true }, is: "update", shows: /Uplinks: vmnic4\n/ },
      { change: { uplinks: ["vmrdma0", "vmnic0"] }, is: "update", shows: /Uplinks: vmnic4, vmnic0\n/ },
      { change: { uplinks: ["vmnic4", "vmrdma1"], force: true }, is: "update", shows: /Uplinks: vmnic4, vmnic5\n/ },
    ],
    drift: { by: `${sw} set -v vSwitch1 -m 2000`, property: "mtu" },
    parentDisappears: [],
    halfway: { fails: "network vswitch standard set", inputs: { uplinks: ["vmnic4", "vmnic5"], force: true } },
    byHand: [`${sw} set -v vSwitch1 -m 9000 -c both`],
  },
  {
    definition: portGroup,
    of: "a switch with two uplinks",
    needs: teamed,
    neighbours,
    watch: [...watch, `${sw} portgroup policy failover get -p iser-a`],
    inputs: {
      name: "storage a",
      virtualSwitch: "vSwitch1",
      vlanId: 20,
      activeUplinks: ["vmnic4"],
      standbyUplinks: [],
    },
    look: `${sw} portgroup list | grep storage; ${sw} portgroup policy failover get -p 'storage a' || true`,
    shows: /^storage a +vSwitch1 +0 +20\n[\s\S]*Active Adapters: vmnic4\n +Standby Adapters: \n/,
    attributes: [
      { change: { vlanId: 4095 }, is: "update", shows: /^storage a +vSwitch1 +0 +4095\n/ },
      {
        change: { activeUplinks: ["vmnic4", "vmnic0"] },
        is: "update",
        shows: /Active Adapters: vmnic4, vmnic0\n +Standby Adapters: \n/,
      },
      {
        change: { standbyUplinks: ["vmnic0"] },
        is: "update",
        shows: /Active Adapters: vmnic4\n +Standby Adapters: vmnic0\n/,
      },
      { change: { activeUplinks: ["vmrdma0"] }, is: "update", shows: /Active Adapters: vmnic4\n/ },
      { change: { name: "storage-b" }, is: "replace", shows: /^storage-b +vSwitch1 +0 +20\n/ },
      {
        change: { virtualSwitch: "vSwitch2", activeUplinks: ["vmrdma1"] },
        is: "replace",
        shows: /^storage a +vSwitch2 +0 +20\n[\s\S]*Active Adapters: vmnic5\n/,
      },
    ],
    drift: { by: `${sw} portgroup policy failover set -p 'storage a' -a vmnic0`, property: "activeUplinks" },
    disappears: `${sw} portgroup remove -v vSwitch1 -p 'storage a'`,
    parentDisappears: [`${ip} remove -i vmk1`, `${sw} remove -v vSwitch1`],
    halfway: { fails: "network vswitch standard portgroup policy failover set" },
    byHand: [
      `${sw} portgroup add -v vSwitch1 -p 'storage a'`,
      `${sw} portgroup set -p 'storage a' -v 20`,
      `${sw} portgroup policy failover set -p 'storage a' -a vmnic4 -s ''`,
    ],
  },
  {
    definition: portGroup,
    of: "the host's own, with policies of its own but the order of its switch",
    needs: [
      ...teamed,
      `${sw} portgroup set -p iser-a -v 7`,
      `${sw} portgroup policy failover set -p iser-a -l mac -f beacon -b false -n false`,
    ],
    neighbours,
    watch: [...watch, `${sw} policy failover get -v vSwitch1`],
    inputs: { name: "iser-a", virtualSwitch: "vSwitch1", vlanId: 20, activeUplinks: ["vmnic4"] },
    look: `${sw} portgroup list | grep iser-a; ${sw} portgroup policy failover get -p iser-a`,
    shows: /^iser-a +vSwitch1 +1 +20\n +Load Balancing: srcmac\n[\s\S]*Active Adapters: vmnic4\n/,
    attributes: [
      { change: { vlanId: 0 }, is: "update", shows: /^iser-a +vSwitch1 +1 +0\n/ },
      { change: { activeUplinks: ["vmnic4", "vmnic0"] }, is: "update", shows: /Active Adapters: vmnic4, vmnic0\n/ },
      { change: { standbyUplinks: ["vmnic0"] }, is: "update", shows: /Standby Adapters: vmnic0\n/ },
    ],
    drift: { by: `${sw} portgroup set -p iser-a -v 9`, property: "vlanId" },
    parentDisappears: [`${ip} remove -i vmk1`, `${sw} remove -v vSwitch1`],
    halfway: { fails: "network vswitch standard portgroup policy failover set" },
    byHand: [`${sw} portgroup set -p iser-a -v 20`, `${sw} portgroup policy failover set -p iser-a -a vmnic4`],
  },
  {
    definition: portGroup,
    of: "the host's own, with an order of its own",
    needs: [...teamed, `${sw} portgroup policy failover set -p iser-a -a vmnic0,vmnic4 -s '' -l mac`],
    neighbours,
    watch: [...watch, `${sw} policy failover get -v vSwitch1`],
    inputs: { name: "iser-a", virtualSwitch: "vSwitch1", activeUplinks: ["vmnic4"], standbyUplinks: [] },
    look: `${sw} portgroup policy failover get -p iser-a`,
    shows:
      /^ +Load Balancing: srcmac\n[\s\S]*Active Adapters: vmnic4\n +Standby Adapters: \n +Unused Adapters: vmnic0\n/,
    attributes: [
      { change: { standbyUplinks: ["vmnic0"] }, is: "update", shows: /Standby Adapters: vmnic0\n/ },
      { change: { activeUplinks: ["vmnic4", "vmnic0"] }, is: "update", shows: /Active Adapters: vmnic4, vmnic0\n/ },
    ],
    drift: { by: `${sw} portgroup policy failover set -p iser-a -s vmnic0`, property: "standbyUplinks" },
    parentDisappears: [`${ip} remove -i vmk1`, `${sw} remove -v vSwitch1`],
    byHand: [`${sw} portgroup policy failover set -p iser-a -a vmnic4 -s ''`],
  },
  {
    definition: vmkernelAdapter,
    of: "a port group of jumbo frames",
    needs: [`${sw} set -v vSwitch1 -m 9000`],
    neighbours,
    watch,
    inputs: {
      name: "vmk3",
      portGroup: "iser-a",
      ipv4: { address: "192.168.50.13", netmask, gateway: "192.168.50.1" },
      ipv6Addresses: ["FD00:50:0::13/64"],
      mtu: 9000,
    },
    look: `${ip} list; ${ip} ipv4 get; ${ip} ipv6 address list`,
    shows:
      /Name: vmk3\n(?: .*\n)* +Portgroup: iser-a\n +Netstack Instance: defaultTcpipStack\n(?: .*\n)* +MTU: 9000\n[\s\S]*^vmk3 +192\.168\.50\.13 +255\.255\.255\.0 +192\.168\.50\.255 +STATIC +192\.168\.50\.1 [\s\S]*^vmk3 +fd00:50::13 +64 /m,
    attributes: [
      { change: { mtu: 1500 }, is: "update", shows: /Name: vmk3\n(?: .*\n)* +MTU: 1500\n/ },
      {
        change: { ipv4: { address: "192.168.50.14", netmask } },
        is: "update",
        // The gateway is not given any more, so it is kept.
        shows: /^vmk3 +192\.168\.50\.14 .* STATIC +192\.168\.50\.1 /m,
      },
      {
        change: { ipv4: { address: "192.168.50.13", netmask, gateway: "192.168.50.2" } },
        is: "update",
        shows: /^vmk3 .* STATIC +192\.168\.50\.2 /m,
      },
      { change: { ipv4: "dhcp" }, is: "update", shows: /^vmk3 .* DHCP /m },
      { change: { ipv4: "none" }, is: "update", shows: /^vmk3 .* NONE /m },
      {
        change: { ipv6Addresses: ["fd00:50::14/64", "fd00:50::13/96"] },
        is: "update",
        shows: /^vmk3 +fd00:50::13 +96 [\s\S]*^vmk3 +fd00:50::14 +64 /m,
      },
      {
        change: { name: "vmk4", ipv4: { address: "192.168.50.14", netmask }, ipv6Addresses: ["fd00:50::14/64"] },
        is: "replace",
        shows: /Name: vmk4\n[\s\S]*^vmk4 +192\.168\.50\.14 /m,
      },
      { change: { portGroup: "iser-b" }, is: "replace", shows: /Name: vmk3\n(?: .*\n)* +Portgroup: iser-b\n/ },
      { change: { netstack: "vmotion" }, is: "replace", shows: /Name: vmk3\n(?: .*\n)* +Netstack Instance: vmotion\n/ },
    ],
    drift: { by: `${ip} ipv4 set -i vmk3 -t static -I 192.168.50.13 -N ${netmask}`, property: "ipv4" },
    disappears: `${ip} remove -i vmk3`,
    parentDisappears: [`${ip} remove -i vmk3`, `${ip} remove -i vmk1`, `${sw} portgroup remove -v vSwitch1 -p iser-a`],
    halfway: { fails: "network ip interface ipv4 set" },
    byHand: [
      `${ip} add -i vmk3 -p iser-a -m 9000`,
      `${ip} ipv4 set -i vmk3 -t static -I 192.168.50.13 -N ${netmask} -g 192.168.50.1`,
      `${ip} ipv6 address add -i vmk3 -I fd00:50::13/64`,
    ],
  },
  {
    definition: vmkernelAdapter,
    of: "the host's own, with a gateway and IPv6",
    needs: [
      `${sw} set -v vSwitch1 -m 9000`,
      `${ip} set -i vmk1 -m 4000`,
      `${ip} ipv4 set -i vmk1 -t static -I 192.168.50.11 -N ${netmask} -g 192.168.50.1`,
      `${ip} ipv6 address add -i vmk1 -I fd00:50::11/64`,
      `${ip} ipv6 address add -i vmk1 -I fd00:50::99/64`,
    ],
    neighbours,
    watch,
    inputs: {
      name: "vmk1",
      portGroup: "iser-a",
      ipv4: { address: "192.168.50.21", netmask },
      ipv6Addresses: ["fd00:50::11/64", "fd00:50::21/64"],
      mtu: 9000,
    },
    look: `${ip} list; ${ip} ipv4 get; ${ip} ipv6 address list`,
    shows:
      /Name: vmk1\n(?: .*\n)* +MTU: 9000\n[\s\S]*^vmk1 +192\.168\.50\.21 .* STATIC +192\.168\.50\.1 [\s\S]*^vmk1 +fd00:50::11 .*\nvmk1 +fd00:50::21 .*\nvmk2 /m,
    attributes: [
      { change: { mtu: 1500 }, is: "update", shows: /Name: vmk1\n(?: .*\n)* +MTU: 1500\n/ },
      { change: { ipv4: "dhcp" }, is: "update", shows: /^vmk1 .* DHCP /m },
      { change: { ipv4: "none" }, is: "update", shows: /^vmk1 .* NONE /m },
      { change: { ipv6Addresses: [] }, is: "update", shows: /Name: vmk1\n(?![\s\S]*vmk1 +fd00:50)/ },
    ],
    drift: { by: `${ip} set -i vmk1 -m 1500`, property: "mtu" },
    parentDisappears: [`${ip} remove -i vmk1`, `${sw} portgroup remove -v vSwitch1 -p iser-a`],
    halfway: { fails: "network ip interface ipv4 set" },
    byHand: [
      `${ip} set -i vmk1 -m 9000`,
      `${ip} ipv4 set -i vmk1 -t static -I 192.168.50.21 -N ${netmask} -g 192.168.50.1`,
      `${ip} ipv6 address remove -i vmk1 -I fd00:50::99/64`,
      `${ip} ipv6 address add -i vmk1 -I fd00:50::21/64`,
    ],
  },
];
