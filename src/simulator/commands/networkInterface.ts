import { newInterface } from "../defaults.js";
import { builds } from "../model.js";
import { accepted, blocks, table } from "../result.js";
import { type Args, boolean, type CommandSpec, integer, required, string } from "../spec.js";
import { fail, type HostState, type VmkernelInterface } from "../state.js";
import { broadcastOf, isIpv4, isIpv6, named, portGroupOf, switchOf } from "../topology.js";

const nameOption = string("interface-name", "i", "The name of the VMkernel network interface.", required);
const nameFilter = string("interface-name", "i", "The name of the VMkernel network interface.");

/** The fields of 6.7 and later (seen); URPF is of 9 (seen). */
const list: CommandSpec = {
  path: "network ip interface list",
  effect: "read",
  help: "This command will list the VMkernel network interfaces currently known to the system.",
  options: [string("netstack", "N", "The network stack instance.")],
  run: (host, args) => {
    const netstack = args.text("netstack");
    const shown = host.interfaces.filter((vmk) => netstack === undefined || vmk.netstack === netstack);
    return blocks<VmkernelInterface>("NetworkInterface", shown, ({ name }) => name, {
      Name: ({ name }) => name,
      "MAC Address": ({ mac }) => mac,
      Enabled: ({ enabled }) => enabled,
      Portset: (vmk) => switchOf(host, portGroupOf(host, vmk))?.name ?? "",
      Portgroup: ({ portGroup }) => portGroup,
      "Netstack Instance": (vmk) => vmk.netstack,
      "VDS Name": () => "N/A",
      "VDS UUID": () => "N/A",
      "VDS Port": () => "N/A",
      "VDS Connection": () => -1,
      "Opaque Network ID": () => "N/A",
      "Opaque Network Type": () => "N/A",
      "External ID": () => "N/A",
      MTU: ({ mtu }) => mtu,
      "TSO MSS": () => 65535,
      "RXDispQueue Size": () => 2,
      "Port ID": ({ portId }) => portId,
      ...(builds[host.model].urpf ? { URPF: () => 0 } : {}),
    });
  },
};

const add: CommandSpec = {
  path: "network ip interface add",
  effect: "write",
  help: "Add a new VMkernel network interface.",
  options: [
    nameFilter,
    string("portgroup-name", "p", "The name of the vswitch port group to add this interface to.", required),
    integer("mtu", "m", "Set the MTU setting for a given VMkernel network interface on creation"),
    string("mac-address", "M", "Set the MAC address for the newly created VMkernel network interface."),
    string("netstack", "N", "The network stack instance."),
  ],
  run: (host, args) => {
    const portGroup = args.required("portgroup-name");
    if (!named(host.portGroups, portGroup)) fail(`Invalid vswitch port group name ${portGroup}`);
    const name = args.text("interface-name") ?? freeName(host);
    const refuse = (reason: string) => fail(`Unable to add VMkernel network interface. Error was : ${reason}`);
    if (!/^vmk\d+$/.test(name) || Number(name.slice(3)) > 255) refuse(`Invalid name ${name}`);
    if (named(host.interfaces, name)) refuse("Already exists");
    const mac = args.text("mac-address")?.toLowerCase();
    const netstack = args.text("netstack");
    const options = { ...(mac ? { mac } : {}), ...(netstack ? { netstack } : {}) };
    const at = 1 + Math.max(-1, ...host.interfaces.map(({ portId }) => (portId - 67_108_867) / 8));
    const vmk = newInterface({ name, portGroup, mtu: 1500, ...options }, at, host.hostName);
    host.interfaces.push({ ...vmk, mtu: mtuGiven(host, args, vmk) ?? vmk.mtu });
    return accepted;
  },
};

function freeName(host: HostState): string {
  const names = Array.from({ length: host.interfaces.length + 1 }, (_, at) => `vmk${at}`);
  return names.find((name) => !named(host.interfaces, name)) ?? "";
}

/** "MTU size should be a positive value" is of 6.7.0; the highest is what vendors document. */
function mtuGiven(host: HostState, args: Args, vmk: VmkernelInterface): number | undefined {
  const mtu = args.integer("mtu");
  if (mtu !== undefined && mtu <= 0) fail("MTU size should be a positive value");
  if (mtu !== undefined && mtu > 9000) fail(`Unable to set MTU to ${mtu}`);
  const carrier = switchOf(host, portGroupOf(host, vmk));
  if (mtu !== undefined && carrier && mtu > carrier.mtu && host.unknowns.mtuBeyondSwitch === "refused")
    fail(`Unable to set MTU to ${mtu}: ${carrier.name} has ${carrier.mtu}`);
  return mtu;
}

const set: CommandSpec = {
  path: "network ip interface set",
  effect: "write",
  help: "This command sets the enabled status and MTU size of a given IP interface",
  options: [
    nameOption,
    boolean("enabled", "e", "Set to true to enable the interface, set to false to disable it."),
    integer("mtu", "m", "The MTU size of the IP interface."),
  ],
  run: (host, args) => {
    const name = args.required("interface-name");
    const vmk = named(host.interfaces, name) ?? fail(`Unable to find an interface with name ${name}`);
    vmk.mtu = mtuGiven(host, args, vmk) ?? vmk.mtu;
    vmk.enabled = args.boolean("enabled") ?? vmk.enabled;
    return accepted;
  },
};

/** Whether one that is bound to an iSCSI adapter counts as in use is not known, nor the reason's text; where it does not, binding and sessions go with it. */
const remove: CommandSpec = {
  path: "network ip interface remove",
  effect: "write",
  help: "Remove a VMkernel network interface from the ESXi host.",
  options: [nameOption],
  run: (host, args) => {
    const name = args.required("interface-name");
    const vmk = named(host.interfaces, name) ?? fail(`Unable to find VMkernel network interface with the name ${name}`);
    const binders = host.iscsiAdapters.filter(({ bindings }) => bindings.includes(name));
    if (binders.length > 0 && host.unknowns.removeBoundInterface === "refused")
      fail("Unable to remove VMkernel network interface. Error was : Busy");
    for (const binder of binders) {
      binder.bindings = binder.bindings.filter((one) => one !== name);
      binder.sessions = binder.sessions.filter((session) => session.vmk !== name);
    }
    host.interfaces = host.interfaces.filter((one) => one !== vmk);
    return accepted;
  },
};

function interfacesWanted(host: HostState, args: Args): VmkernelInterface[] {
  const name = args.text("interface-name");
  if (name === undefined) return host.interfaces;
  return [named(host.interfaces, name) ?? fail(`Unable to find an interface with name ${name}`)];
}

const ipv4Get: CommandSpec = {
  path: "network ip interface ipv4 get",
  effect: "read",
  help: "Get IPv4 settings for VMkernel network interfaces.",
  options: [nameFilter],
  run: (host, args) =>
    table<VmkernelInterface>("IPv4Interface", interfacesWanted(host, args), {
      Name: ({ name }) => name,
      "IPv4 Address": ({ ipv4 }) => ipv4.address,
      "IPv4 Netmask": ({ ipv4 }) => ipv4.netmask,
      "IPv4 Broadcast": ({ ipv4 }) => (ipv4.type === "NONE" ? "0.0.0.0" : broadcastOf(ipv4.address, ipv4.netmask)),
      "Address Type": ({ ipv4 }) => ipv4.type,
      Gateway: ({ ipv4 }) => ipv4.gateway,
      "DHCP DNS": ({ ipv4 }) => ipv4.peerDns,
    }),
};

/** A gateway that is left out is reset. 6.7.0. Of DHCP nobody answers here, so the address is 0.0.0.0. */
const ipv4Set: CommandSpec = {
  path: "network ip interface ipv4 set",
  effect: "write",
  help: "Configure IPv4 setting for a given VMkernel network interface.",
  options: [
    nameOption,
    string("type", "t", "IPv4 Address type.", { required: true, values: ["dhcp", "none", "static"] }),
    string("ipv4", "I", "The static IPv4 address for this interface."),
    string("netmask", "N", "The static IPv4 netmask for this interface."),
    string("gateway", "g", "The default gateway for this interface."),
    boolean(
      "peer-dns",
      "P",
      "A boolean value to indicate if the system should use the DNS settings published via DHCPv4.",
    ),
  ],
  run: (host, args) => {
    const [vmk] = interfacesWanted(host, args);
    const type = args.required("type").toUpperCase();
    const given = (option: string) => {
      const text = args.text(option);
      if (text !== undefined && !isIpv4(text))
        fail(`Invalid --${option} option provided. This address is not a valid IPv4 address`);
      return text;
    };
    const [address, netmask, gateway] = [given("ipv4"), given("netmask"), given("gateway")];
    if (type === "STATIC" && (address === undefined || netmask === undefined))
      fail("The --type=static requires the --ipv4 and --netmask options.");
    const none = "0.0.0.0";
    if (vmk)
      vmk.ipv4 =
        type === "STATIC"
          ? { type, address: address ?? none, netmask: netmask ?? none, gateway: gateway ?? none, peerDns: false }
          : {
              type: type === "DHCP" ? "DHCP" : "NONE",
              address: none,
              netmask: none,
              gateway: none,
              peerDns: args.flag("peer-dns"),
            };
    return accepted;
  },
};

const ipv6Option = string("ipv6", "I", "The IPv6 address in the form <address>/<prefix length>.", required);

function ipv6Given(args: Args): { address: string; prefix: number } {
  const text = args.required("ipv6");
  const [address = "", prefix = ""] = text.split("/");
  if (!isIpv6(address) || !/^\d{1,3}$/.test(prefix) || Number(prefix) > 128)
    fail(`Invalid --ipv6 option provided. ${text} is not a valid IPv6 address`);
  return { address: address.toLowerCase(), prefix: Number(prefix) };
}

const ipv6Add: CommandSpec = {
  path: "network ip interface ipv6 address add",
  effect: "write",
  help: "Add a static IPv6 address to a given VMkernel network interface.",
  options: [nameOption, ipv6Option],
  run: (host, args) => {
    const [vmk] = interfacesWanted(host, args);
    const given = ipv6Given(args);
    if (vmk?.ipv6.some(({ address }) => address === given.address))
      fail(`Unable to add ${given.address}: Already exists`);
    vmk?.ipv6.push(given);
    return accepted;
  },
};

const ipv6Remove: CommandSpec = {
  path: "network ip interface ipv6 address remove",
  effect: "write",
  help: "Remove an IPv6 address from a given VMkernel network interface.",
  options: [nameOption, ipv6Option],
  run: (host, args) => {
    const [vmk] = interfacesWanted(host, args);
    const given = ipv6Given(args);
    const kept = vmk?.ipv6.filter(({ address, prefix }) => address !== given.address || prefix !== given.prefix) ?? [];
    if (vmk?.ipv6.length === kept.length) fail(`Unable to find ${given.address}/${given.prefix} on ${vmk.name}`);
    if (vmk) vmk.ipv6 = kept;
    return accepted;
  },
};

/** Fields as on 5.x. The Netmask is the prefix length, which is inferred. */
const ipv6List: CommandSpec = {
  path: "network ip interface ipv6 address list",
  effect: "read",
  help: "This command will list all of the IPv6 addresses currently assigned to the system.",
  options: [],
  run: (host) => {
    const rows = host.interfaces.flatMap((vmk) => vmk.ipv6.map((ip) => ({ name: vmk.name, ...ip })));
    return table("IPv6Interface", rows, {
      Interface: ({ name }) => name,
      Address: ({ address }) => address,
      Netmask: ({ prefix }) => prefix,
      Type: () => "STATIC",
      Status: () => "PREFERRED",
    });
  },
};

export const networkInterfaceCommands = [list, add, set, remove, ipv4Get, ipv4Set, ipv6Add, ipv6Remove, ipv6List];
