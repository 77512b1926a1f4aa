import { blocks, nothing, table } from "../result.js";
import { boolean, type CommandSpec, required, string } from "../spec.js";
import { fail, type HostState, type IscsiAdapter, type VmkernelInterface } from "../state.js";
import { compliance, named, nicOf, portGroupOf, switchOf, uplinksOf } from "../topology.js";
import { adapterFilter, adapterGiven, adapterOption, adaptersWanted } from "./common.js";

const nicOption = string("nic", "n", "The VMkernel interface to bind.", required);

/** `--force` takes a boolean value in all calls that were seen. The messages begin as on 6.7.0; what follows is not known. */
const add: CommandSpec = {
  path: "iscsi networkportal add",
  effect: "write",
  help: "Add (bind) a network portal for the iSCSI adapter.",
  options: [adapterOption, nicOption, boolean("force", "f", "Force the operation.")],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    const name = args.required("nic");
    const force = args.flag("force");
    const refuse = (reason: string) => fail(`Unable to bind iscsi port. [force = ${force}]: ${reason}`);
    const vmk = named(host.interfaces, name);
    if (!vmk) return refuse("Invalid networkportal input.");
    if (adapter.bindings.includes(name))
      return host.unknowns.duplicate === "error" ? refuse("Already bound.") : nothing;
    const { compliant, message } = compliance(host, adapter, vmk);
    if (!compliant && !force && host.unknowns.nonCompliantBinding === "refused") return refuse(message);
    adapter.bindings.push(name);
    return nothing;
  },
};

/** A binding with sessions goes only by force. Its sessions go with it. */
const remove: CommandSpec = {
  path: "iscsi networkportal remove",
  effect: "write",
  help: "Remove (unbind) a network portal from the iSCSI adapter.",
  options: [adapterOption, nicOption, boolean("force", "f", "Force the operation when sessions are active using it.")],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    const name = args.required("nic");
    if (!adapter.bindings.includes(name))
      return host.unknowns.missing === "error" ? fail("Unable to unbind iscsi port: Not bound.") : nothing;
    if (adapter.sessions.some(({ vmk }) => vmk === name) && !args.flag("force"))
      return fail("Unable to unbind iscsi port: The network portal is in use by active sessions.");
    adapter.bindings = adapter.bindings.filter((one) => one !== name);
    adapter.sessions = adapter.sessions.filter(({ vmk }) => vmk !== name);
    return nothing;
  },
};

interface Binding {
  readonly adapter: IscsiAdapter;
  readonly vmk: VmkernelInterface;
}

/** The blocks of 6.7.0; the heading is the adapter's name again for every binding (seen). */
const list: CommandSpec = {
  path: "iscsi networkportal list",
  effect: "read",
  help: "List the network portals of the iSCSI adapters.",
  options: [adapterFilter],
  run: (host, args) => {
    const bindings: Binding[] = adaptersWanted(host, args).flatMap((adapter) =>
      adapter.bindings.flatMap((name) => named(host.interfaces, name) ?? []).map((vmk) => ({ adapter, vmk })),
    );
    const uplink = ({ vmk }: Binding) => {
      const { active, standby } = uplinksOf(host, vmk);
      return named(host.nics, active[0] ?? standby[0] ?? "");
    };
    const judged = ({ adapter, vmk }: Binding) => compliance(host, adapter, vmk);
    return blocks<Binding>("NetworkPortal", bindings, ({ adapter }) => adapter.vmhba, {
      Adapter: ({ adapter }) => adapter.vmhba,
      Vmknic: ({ vmk }) => vmk.name,
      "MAC Address": ({ vmk }) => vmk.mac,
      "MAC Address Valid": () => true,
      IPv4: ({ vmk }) => vmk.ipv4.address,
      "IPv4 Subnet Mask": ({ vmk }) => vmk.ipv4.netmask,
      IPv6: ({ vmk }) => vmk.ipv6[0]?.address ?? "",
      MTU: ({ vmk }) => vmk.mtu,
      "Vlan Supported": () => true,
      "Vlan ID": ({ vmk }) => portGroupOf(host, vmk)?.vlan ?? 0,
      "Reserved Ports": () => "63488~65536",
      TOE: () => false,
      TSO: () => true,
      "TCP Checksum": () => false,
      "Link Up": (binding) => uplink(binding)?.linkUp ?? false,
      "Current Speed": (binding) => (uplink(binding)?.linkUp ? (uplink(binding)?.speed ?? 0) : 0),
      "Rx Packets": () => 0,
      "Tx Packets": () => 0,
      "NIC Driver": (binding) => uplink(binding)?.driver ?? "",
      "NIC Driver Version": (binding) => uplink(binding)?.driverVersion ?? "",
      "NIC Firmware Version": (binding) => uplink(binding)?.firmwareVersion ?? "",
      "Compliant Status": (binding) => (judged(binding).compliant ? "compliant" : "non-compliant"),
      "NonCompliant Message": (binding) => judged(binding).message,
      "NonCompliant Remedy": (binding) => judged(binding).remedy,
      Vswitch: ({ vmk }) => switchOf(host, portGroupOf(host, vmk))?.name ?? "",
      PortGroup: ({ vmk }) => vmk.portGroup,
      VswitchUuid: () => "",
      PortGroupKey: () => "",
      PortKey: () => "",
      "Opaque Network Id": () => "",
      "Opaque Network Type": () => "",
      "External Id": () => "",
      Duplex: () => "",
      "Path Status": pathStatus,
    });
  },
};

/** `active` with a session, `last path` if it is the adapter's only one, else `unused`. The words are those of 6.7.0; when each is shown is inferred. */
function pathStatus({ adapter, vmk }: Binding): string {
  if (!adapter.sessions.some((session) => session.vmk === vmk.name)) return "unused";
  return adapter.sessions.length > 1 ? "active" : "last path";
}

/** Candidates for binding: those on the adapter's NIC; for the software adapter, all (seen). For iSER it is inferred. */
const logicalList: CommandSpec = {
  path: "iscsi logicalnetworkportal list",
  effect: "read",
  help: "List the logical network portals of the iSCSI adapters.",
  options: [adapterFilter],
  run: (host, args) => {
    const rows = adaptersWanted(host, args).flatMap((adapter) =>
      host.interfaces.filter((vmk) => isCandidate(host, adapter, vmk)).map((vmk) => ({ adapter, vmk })),
    );
    return table<Binding>("LogicalNetworkPortal", rows, {
      Adapter: ({ adapter }) => adapter.vmhba,
      Vmknic: ({ vmk }) => vmk.name,
      "MAC Address": ({ vmk }) => vmk.mac,
      "MAC Address Valid": () => true,
      Compliant: ({ adapter, vmk }) => compliance(host, adapter, vmk).compliant,
    });
  },
};

function isCandidate(host: HostState, adapter: IscsiAdapter, vmk: VmkernelInterface): boolean {
  const { active, standby } = uplinksOf(host, vmk);
  return adapter.driver !== "iser" || [...active, ...standby].includes(nicOf(host, adapter)?.name ?? "");
}

/** The one command that may tie a `vmhba#` to a NIC: see the unknown `adapterDevice`. */
const physicalList: CommandSpec = {
  path: "iscsi physicalnetworkportal list",
  effect: "read",
  help: "List the physical network portals of the iSCSI adapters.",
  options: [adapterFilter],
  run: (host, args) => {
    const rows = adaptersWanted(host, args).flatMap((adapter) =>
      nicsShown(host, adapter).map((nic) => ({ adapter, nic })),
    );
    return table("PhysicalNetworkPortal", rows, {
      Adapter: ({ adapter }) => adapter.vmhba,
      Vmnic: ({ nic }) => nic.name,
      "MAC Address": ({ nic }) => nic.mac,
      "MAC Address Valid": () => true,
      "Current Speed": ({ nic }) => (nic.linkUp ? nic.speed : 0),
      "Max Speed": ({ nic }) => nic.speed,
      "Max Frame Size": ({ nic }) => host.switches.find(({ uplinks }) => uplinks.includes(nic.name))?.mtu ?? 1500,
    });
  },
};

function nicsShown(host: HostState, adapter: IscsiAdapter) {
  if (adapter.driver === "iscsi_vmk") return host.nics;
  const own = nicOf(host, adapter);
  const shown = { portal: own ? [own] : [], allNics: host.nics, description: [], none: [] };
  return shown[host.unknowns.adapterDevice];
}

export const iscsiPortalCommands = [add, remove, list, logicalList, physicalList];
