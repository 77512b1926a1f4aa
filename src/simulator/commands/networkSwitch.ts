import { newSwitch } from "../defaults.js";
import { accepted, blocks, table } from "../result.js";
import { type CommandSpec, integer, required, string } from "../spec.js";
import { fail, type HostState, type PortGroup, type VirtualSwitch } from "../state.js";
import { named, portGroupOf, switchOf } from "../topology.js";

const switchOption = string("vswitch-name", "v", "The name of the virtual switch.", required);
const portGroupOption = string("portgroup-name", "p", "The name of the port group.", required);
const uplinkOption = string("uplink-name", "u", "The name of the uplink.", required);
const cdp = ["down", "listen", "advertise", "both"] as const;

function portGroupsOf(host: HostState, { name }: VirtualSwitch): PortGroup[] {
  return host.portGroups.filter(({ virtualSwitch }) => virtualSwitch === name);
}

function clientsOf(host: HostState, portGroup: PortGroup): number {
  return host.interfaces.filter((vmk) => vmk.portGroup === portGroup.name).length;
}

const list: CommandSpec = {
  path: "network vswitch standard list",
  effect: "read",
  help: "List the virtual switches current on the ESXi host.",
  options: [string("vswitch-name", "v", "Limit the output to one virtual switch.")],
  run: (host, args) => {
    const name = args.text("vswitch-name");
    const one = name === undefined ? undefined : named(host.switches, name);
    if (name !== undefined && !one) fail(`Unable to find a legacy virtual switch with the name ${name}`);
    const clients = (it: VirtualSwitch) =>
      portGroupsOf(host, it).reduce((sum, portGroup) => sum + clientsOf(host, portGroup), 0);
    return blocks<VirtualSwitch>("VirtualSwitch", one ? [one] : host.switches, (it) => it.name, {
      Name: (it) => it.name,
      Class: () => "cswitch",
      "Num Ports": () => 2816,
      "Used Ports": (it) => (it.uplinks.length > 0 || clients(it) > 0 ? 1 + 2 * it.uplinks.length + clients(it) : 1),
      "Configured Ports": (it) => it.configuredPorts,
      MTU: (it) => it.mtu,
      "CDP Status": (it) => it.cdp,
      "Beacon Enabled": (it) => it.failover.failureDetection === "beacon",
      "Beacon Interval": () => 1,
      "Beacon Threshold": () => 3,
      "Beacon Required By": () => [],
      Uplinks: (it) => it.uplinks,
      Portgroups: (it) => portGroupsOf(host, it).map((portGroup) => portGroup.name),
    });
  },
};

/** The text contains "this name already exists" (seen); the rest of it is not known. */
const add: CommandSpec = {
  path: "network vswitch standard add",
  effect: "write",
  help: "Add a new virtual switch to the ESXi networking system.",
  options: [switchOption, integer("ports", "P", "The number of ports to give this newly created virtual switch.")],
  run: (host, args) => {
    const name = args.required("vswitch-name");
    if (named(host.switches, name))
      fail(`Unable to add virtual switch ${name}: A vswitch with this name already exists`);
    host.switches.push({ ...newSwitch({ name }), configuredPorts: args.integer("ports") ?? 128 });
    return accepted;
  },
};

/** The highest MTU is not known for sure; 9000 is what vendors document. */
const set: CommandSpec = {
  path: "network vswitch standard set",
  effect: "write",
  help: "This command sets the MTU size and CDP status of a given virtual switch.",
  options: [
    switchOption,
    integer("mtu", "m", "The MTU (maximum transmission unit) of the virtual switch."),
    string("cdp-status", "c", "The CDP status of the given virtual switch.", { values: cdp }),
  ],
  run: (host, args) => {
    const name = args.required("vswitch-name");
    const found = named(host.switches, name) ?? fail(`Unable to find a virtual switch with name ${name}`);
    const mtu = args.integer("mtu") ?? found.mtu;
    if (mtu < 1280 || mtu > 9000) fail(`Unable to set MTU to ${mtu} on ${name}`);
    const larger = host.interfaces.find((vmk) => vmk.mtu > mtu && switchOf(host, portGroupOf(host, vmk)) === found);
    if (larger && mtu < found.mtu && host.unknowns.mtuBeyondSwitch === "refused")
      fail(`Unable to set MTU to ${mtu} on ${name}: ${larger.name} has ${larger.mtu}`);
    found.mtu = mtu;
    found.cdp = cdp.find((word) => word === args.text("cdp-status")) ?? found.cdp;
    return accepted;
  },
};

/** The reason for a switch in use is not known. */
const remove: CommandSpec = {
  path: "network vswitch standard remove",
  effect: "write",
  help: "Remove a virtual switch from the ESXi networking system.",
  options: [switchOption],
  run: (host, args) => {
    const name = args.required("vswitch-name");
    const found = named(host.switches, name) ?? fail(`Unable to find virtual switch with the name ${name}`);
    if (portGroupsOf(host, found).some((portGroup) => clientsOf(host, portGroup) > 0))
      fail(`Unable to remove virtual switch ${name}: Busy`);
    host.switches = host.switches.filter((it) => it !== found);
    host.portGroups = host.portGroups.filter(({ virtualSwitch }) => virtualSwitch !== name);
    return accepted;
  },
};

/** An uplink is of one switch only. An unknown NIC is "Not a valid pnic" (seen as a part of the text). */
const uplinkAdd: CommandSpec = {
  path: "network vswitch standard uplink add",
  effect: "write",
  help: "Add an uplink to the given virtual switch.",
  options: [uplinkOption, switchOption],
  run: (host, args) => {
    const name = args.required("uplink-name");
    const found = switchGiven(host, args.required("vswitch-name"));
    if (!named(host.nics, name)) fail(`Unable to add uplink ${name}: Not a valid pnic`);
    if (host.switches.some(({ uplinks }) => uplinks.includes(name)))
      fail(`Unable to add uplink ${name}: Already in use`);
    found.uplinks.push(name);
    if (host.unknowns.addedUplink === "active") found.failover.active.push(name);
    return accepted;
  },
};

const uplinkRemove: CommandSpec = {
  path: "network vswitch standard uplink remove",
  effect: "write",
  help: "Remove an uplink from the given virtual switch.",
  options: [uplinkOption, switchOption],
  run: (host, args) => {
    const name = args.required("uplink-name");
    const found = switchGiven(host, args.required("vswitch-name"));
    if (!found.uplinks.includes(name)) fail(`Unable to remove uplink ${name}: Not found on ${found.name}`);
    const without = (names: readonly string[]) => names.filter((one) => one !== name);
    found.uplinks = without(found.uplinks);
    found.failover.active = without(found.failover.active);
    found.failover.standby = without(found.failover.standby);
    for (const { override } of portGroupsOf(host, found)) {
      if (override.active) override.active = without(override.active);
      if (override.standby) override.standby = without(override.standby);
    }
    return accepted;
  },
};

/** Sorted by name (seen). */
const portGroupList: CommandSpec = {
  path: "network vswitch standard portgroup list",
  effect: "read",
  help: "List all of the port groups currently on the system.",
  options: [],
  run: (host) => {
    const rows = [...host.portGroups].sort((a, b) => (a.name < b.name ? -1 : 1));
    return table<PortGroup>("PortGroup", rows, {
      Name: ({ name }) => name,
      "Virtual Switch": ({ virtualSwitch }) => virtualSwitch,
      "Active Clients": (portGroup) => clientsOf(host, portGroup),
      "VLAN ID": ({ vlan }) => vlan,
    });
  },
};

const portGroupAdd: CommandSpec = {
  path: "network vswitch standard portgroup add",
  effect: "write",
  help: "Allows the addition of a standard port group to a virtual switch.",
  options: [portGroupOption, switchOption],
  run: (host, args) => {
    const name = args.required("portgroup-name");
    const { name: virtualSwitch } = switchGiven(host, args.required("vswitch-name"));
    if (named(host.portGroups, name))
      fail(`Unable to add port group ${name}: A portgroup with this name already exists`);
    host.portGroups.push({ name, virtualSwitch, vlan: 0, override: {} });
    return accepted;
  },
};

/** `-v` is the VLAN here. */
const portGroupSet: CommandSpec = {
  path: "network vswitch standard portgroup set",
  effect: "write",
  help: "Set the vlan id for the given port group",
  options: [
    portGroupOption,
    integer("vlan-id", "v", "The vlan id for this port group. This value is in the range (0 - 4095)"),
  ],
  run: (host, args) => {
    const found = portGroupGiven(host, args.required("portgroup-name"));
    const vlan = args.integer("vlan-id") ?? found.vlan;
    if (vlan < 0 || vlan > 4095) fail(`Invalid vlan id ${vlan}. This value is in the range (0 - 4095)`);
    found.vlan = vlan;
    return accepted;
  },
};

const portGroupRemove: CommandSpec = {
  path: "network vswitch standard portgroup remove",
  effect: "write",
  help: "Remove a port group from the given virtual switch.",
  options: [portGroupOption, switchOption],
  run: (host, args) => {
    const { name: virtualSwitch } = switchGiven(host, args.required("vswitch-name"));
    const found = portGroupGiven(host, args.required("portgroup-name"));
    if (found.virtualSwitch !== virtualSwitch) fail(`Unable to find a port group with the name ${found.name}`);
    if (clientsOf(host, found) > 0) fail(`Unable to remove port group ${found.name}: Busy`);
    host.portGroups = host.portGroups.filter((it) => it !== found);
    return accepted;
  },
};

export function switchGiven(host: HostState, name: string): VirtualSwitch {
  return named(host.switches, name) ?? fail(`Unable to find a legacy virtual switch with the name ${name}`);
}

export function portGroupGiven(host: HostState, name: string): PortGroup {
  return named(host.portGroups, name) ?? fail(`Unable to find a port group with the name ${name}`);
}

export const networkSwitchCommands = [
  list,
  add,
  set,
  remove,
  uplinkAdd,
  uplinkRemove,
  portGroupList,
  portGroupAdd,
  portGroupSet,
  portGroupRemove,
];
