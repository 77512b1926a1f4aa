import { roceVersions } from "../../esxcli/rdma.js";
import type { HostOptions, HostState, Model, SimulatedHost } from "../../simulator/index.js";
import { RestoredAdapters } from "./restoreAdapters.js";
import type { MadeUpSecrets } from "./secrets.js";
import type { View } from "./view.js";

type Override = HostState["portGroups"][number]["override"];

/** A simulated host that shows what another one has shown. */
export interface Restored {
  readonly options: HostOptions;
  /** Brings about what no option says. */
  readonly prepare: (host: SimulatedHost) => void;
  /** What is not simulated, in sentences. */
  readonly notes: readonly string[];
}

/**
 * A simulated host that is as a view says. What no option says is put into its state and not brought about by commands: a host may be in a state that
 * commands do not lead to, such as an adapter whose card has no link, and numbers of adapters are those of the view.
 */
export function restored(view: View, model: Model, secrets: MadeUpSecrets): Restored {
  const adapters = new RestoredAdapters(view, secrets);
  const onStandard = view.interfaces.filter((vmk) => view.portGroups.some(({ name }) => name === vmk.portGroup));
  const notes = view.interfaces
    .filter((vmk) => !onStandard.includes(vmk))
    .map(({ name }) => `${name} is left out: it is on no port group of a standard switch, and no other is simulated`);
  const { pauses, devices, protocols, switches, portGroups } = view;
  const options: HostOptions = {
    model,
    nics: nicNames(view).map((name) => {
      const row = view.nics.find((nic) => nic.name === name);
      const device = devices.find(({ pairedUplink }) => pairedUplink === name);
      const pause = pauses.find(({ nic }) => nic === name);
      const driver = row?.driver ?? (device === undefined ? "ixgben" : device.driver?.replace(/_rdma$/, "_core"));
      return {
        name,
        ...(driver === undefined ? {} : { driver }),
        linkUp: row === undefined ? device === undefined || isActive(device) : row.link.toLowerCase() === "up",
        ...(pause === undefined ? {} : { pause }),
      };
    }),
    rdmaDevices: devices.map(({ name, pairedUplink, driver, mtu, speed, description, state }) => {
      const spoken = protocols.find(({ device }) => device === name);
      return {
        name,
        state: isActive({ state }) ? "Active" : "Down",
        uplink: pairedUplink,
        ...defined({ driver, mtu, speed, description }),
        ...(spoken === undefined ? {} : { protocols: spoken }),
      };
    }),
    switches,
    portGroups: portGroups.map(({ name, virtualSwitch, vlanId }) => ({ name, virtualSwitch, vlan: vlanId })),
    vmkernelAdapters: onStandard.map(({ name, portGroup, mtu, netstack, macAddress }) => ({
      name,
      portGroup,
      mtu,
      netstack,
      ...(macAddress === undefined ? {} : { mac: macAddress }),
    })),
    storage: adapters.storage(),
    ...(adapters.noneHasDevice ? { unknowns: { adapterDevice: "none" } } : {}),
  };
  const prepare = (host: SimulatedHost) => {
    restoreNetwork(host.state, view);
    restoreModules(host.state, view);
    host.state.iscsiAdapters = adapters.adapters(host.state);
    for (const { vmhba, roce } of view.adapters) {
      if (roce !== undefined) host.execute(`esxcli rdma iser params set -a ${vmhba} -r ${roceVersions.indexOf(roce)}`);
    }
  };
  return { options, prepare, notes: [...notes, ...adapters.notes] };
}

/** All that are named somewhere, in the order in which they are first. */
function nicNames({ nics, pauses, switches, devices }: View): readonly string[] {
  const all = [
    ...nics.map(({ name }) => name),
    ...pauses.map(({ nic }) => nic),
    ...switches.flatMap(({ uplinks }) => uplinks),
    ...devices.map(({ pairedUplink }) => pairedUplink),
  ];
  return [...new Set(all)].filter((name) => /^vmnic\d+$/.test(name));
}

function isActive({ state }: { readonly state: string }): boolean {
  return state.toLowerCase() === "active";
}

function restoreNetwork(state: HostState, view: View): void {
  for (const virtualSwitch of state.switches) {
    const given = view.switches.find(({ name }) => name === virtualSwitch.name);
    virtualSwitch.cdp = one(["down", "listen", "advertise", "both"] as const, given?.cdp) ?? virtualSwitch.cdp;
    // A port group without an order of its own shows its switch's.
    const follower = view.portGroups.find(
      (one) => one.virtualSwitch === virtualSwitch.name && one.failover?.ownUplinks === false,
    );
    if (follower?.failover === undefined) continue;
    const { active, standby } = follower.failover;
    virtualSwitch.failover = { ...virtualSwitch.failover, active: [...active], standby: [...standby] };
  }
  for (const portGroup of state.portGroups) {
    const failover = view.portGroups.find(({ name }) => name === portGroup.name)?.failover;
    if (failover !== undefined) portGroup.override = overrideOf(failover);
  }
  for (const vmk of state.interfaces) {
    const ipv4 = view.addresses.find(({ interfaceName }) => interfaceName === vmk.name);
    if (ipv4 !== undefined) {
      const { type, address, netmask, gateway, peerDns } = ipv4;
      vmk.ipv4 = { type, address, netmask, gateway: gateway || "0.0.0.0", peerDns };
    }
    vmk.ipv6 = view.ipv6Addresses
      .filter(({ interfaceName }) => interfaceName === vmk.name)
      .map(({ address, prefix }) => ({ address, prefix }));
  }
}

function overrideOf({
  ownUplinks,
  active,
  standby,
  own,
}: NonNullable<View["portGroups"][number]["failover"]>): Override {
  return {
    ...(ownUplinks ? { active: [...active], standby: [...standby] } : {}),
    ...defined({
      loadBalancing: one(["srcport", "iphash", "srcmac", "explicit"] as const, own.loadBalancing),
      failureDetection: one(["link", "beacon"] as const, own.failureDetection),
      notifySwitches: own.notifySwitches,
      failback: own.failback,
    }),
  };
}

function restoreModules(state: HostState, { modules, moduleParameters }: View): void {
  if (modules.length === 0) return;
  state.modules = modules.map(({ name, loaded, enabled }) => {
    const known = state.modules.find((module) => module.name === name);
    const listed = moduleParameters[name];
    const described = (parameter: string) => known?.parameters.find((one) => one.name === parameter)?.description ?? "";
    const set = (listed ?? []).filter(({ value }) => value !== "");
    const options = Object.fromEntries(set.map((parameter) => [parameter.name, parameter.value]));
    return {
      name,
      loaded,
      enabled,
      parameters:
        listed?.map((parameter) => ({
          name: parameter.name,
          type: parameter.type,
          description: described(parameter.name),
        })) ??
        known?.parameters ??
        [],
      options,
      active: { ...options },
    };
  });
}

function one<T extends string>(words: readonly T[], given: string | undefined): T | undefined {
  return words.find((known) => known === given);
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
