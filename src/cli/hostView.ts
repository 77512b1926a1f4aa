import { adapterGet, adapterList, type NetworkPortal, networkPortalList } from "../esxcli/iscsi.js";
import { type ChapState, chapGet } from "../esxcli/iscsiAuth.js";
import type { Level } from "../esxcli/iscsiCommand.js";
import { type StaticTarget, sendTargetList, staticTargetList } from "../esxcli/iscsiDiscovery.js";
import { type Parameter, parameterList } from "../esxcli/iscsiParams.js";
import { targetPortalList } from "../esxcli/iscsiSession.js";
import { type ModuleParameter, moduleList, moduleParameterList, type VmkernelModule } from "../esxcli/module.js";
import {
  interfaceList,
  type PortGroupFailover,
  type PortGroupRow,
  portGroupFailover,
  portGroupList,
  type StandardSwitch,
  switchList,
  type VmkernelInterface,
} from "../esxcli/network.js";
import { type NicPause, type NicRow, nicRows, pauseList } from "../esxcli/nic.js";
import { protocolList, type RdmaDevice, type RdmaProtocols, type RoceVersion } from "../esxcli/rdma.js";
import { type Ipv4Settings, type Ipv6Address, ipv4List, ipv6List } from "../esxcli/vmkernel.js";
import { observeAdapters, owners } from "../resources/adapterReference.js";
import type { Ask } from "../resources/definition.js";
import { portal, withoutBrackets } from "../resources/fields.js";
import {
  devicesOf,
  type FoundDevice,
  type FoundSession,
  type FoundTarget,
  sessionsOf,
  targetsOf,
} from "../resources/inventory.js";
import { loggedVersions } from "../resources/roceParams.js";

/** What is set at one place: CHAP of both directions, without the secrets, which no host tells, and the iSCSI parameters. */
export interface SettingsView {
  readonly chap: { readonly uni: ChapState; readonly mutual: ChapState };
  readonly parameters: readonly Parameter[];
}

/** What is set for a discovery address or for one address of a target, or is inherited there. */
export interface ScopeView extends SettingsView {
  readonly level: Exclude<Level, { readonly kind: "adapter" }>;
}

/** An iSER adapter with all that hangs on it. */
export interface AdapterView extends SettingsView {
  /** `vmhba64` */
  readonly vmhba: string;
  /** What it is called by: its RDMA device, or its `vmhba#` where the host does not say which that is. */
  readonly name: string;
  readonly device: RdmaDevice | undefined;
  /** `online`, `offline` or `unbound`. */
  readonly state: string;
  readonly iqn: string;
  readonly alias: string;
  readonly bindings: readonly NetworkPortal[];
  /** As the host writes them: `192.168.50.100:3260`. */
  readonly discoveryAddresses: readonly string[];
  readonly staticTargets: readonly StaticTarget[];
  readonly targets: readonly FoundTarget[];
  readonly sessions: readonly FoundSession[];
  /** Of each discovery address and of each address of a target. */
  readonly scopes: readonly ScopeView[];
  /** What the VMkernel log says since the host was started. */
  readonly roce: RoceVersion | undefined;
}

/** A port group with the uplinks that it uses. */
export interface PortGroupView extends PortGroupRow {
  readonly failover: PortGroupFailover;
}

/** The iSER configuration of a host, and how it is doing. */
export interface HostView {
  readonly host: string;
  readonly devices: readonly RdmaDevice[];
  readonly protocols: readonly RdmaProtocols[];
  readonly modules: readonly VmkernelModule[];
  /** Of iSER itself, of the drivers of the RDMA devices and of those of the NICs beside them, by module. */
  readonly moduleParameters: Readonly<Record<string, readonly ModuleParameter[]>>;
  readonly adapters: readonly AdapterView[];
  readonly nics: readonly NicRow[];
  readonly switches: readonly StandardSwitch[];
  readonly portGroups: readonly PortGroupView[];
  readonly interfaces: readonly VmkernelInterface[];
  readonly addresses: readonly Ipv4Settings[];
  readonly ipv6Addresses: readonly Ipv6Address[];
  readonly pauses: readonly NicPause[];
  /** The devices that are reached through the adapters. */
  readonly storage: readonly FoundDevice[];
}

/** Reads all of it. Only reads. */
export async function lookAt(ask: Ask, host: string): Promise<HostView> {
  const [view, versions, protocols, modules, network] = await Promise.all([
    observeAdapters(ask, adapterList),
    loggedVersions(ask),
    ask(protocolList),
    ask(moduleList),
    networkOf(ask),
  ]);
  const owned = [...owners(view)];
  const looked = owned.map(([{ adapter }, device]) => ({ vmhba: adapter, adapter: device?.name ?? adapter }));
  const [adapters, storage, moduleParameters] = await Promise.all([
    Promise.all(
      owned.map(async ([{ adapter: vmhba, state }, device]): Promise<AdapterView> => {
        const one = [{ vmhba, adapter: device?.name ?? vmhba }];
        const [info, bindings, discovery, staticTargets, targets, sessions, settings, scopes] = await Promise.all([
          ask(adapterGet(vmhba)),
          ask(networkPortalList(vmhba)),
          ask(sendTargetList(vmhba)),
          ask(staticTargetList(vmhba)),
          targetsOf(ask, one),
          sessionsOf(ask, one),
          settingsOf(ask, { kind: "adapter", vmhba }),
          scopesOf(ask, vmhba),
        ]);
        return {
          vmhba,
          name: device?.name ?? vmhba,
          device,
          state,
          ...info,
          bindings,
          discoveryAddresses: discovery.map(({ sendtarget }) => sendtarget),
          staticTargets,
          targets,
          sessions,
          ...settings,
          scopes,
          roce: versions.get(vmhba),
        };
      }),
    ),
    devicesOf(ask, looked),
    parametersOf(ask, view.devices, modules),
  ]);
  const { devices } = view;
  return { host, devices, protocols, modules, moduleParameters, adapters, ...network, storage };
}

async function networkOf(ask: Ask) {
  const [nics, switches, portGroups, interfaces, addresses, ipv6Addresses, pauses] = await Promise.all([
    ask(nicRows),
    ask(switchList),
    portGroupsOf(ask),
    ask(interfaceList),
    ask(ipv4List),
    ask(ipv6List),
    ask(pauseList),
  ]);
  return { nics, switches, portGroups, interfaces, addresses, ipv6Addresses, pauses };
}

async function settingsOf(ask: Ask, level: Level): Promise<SettingsView> {
  const [uni, mutual, parameters] = await Promise.all([
    ask(chapGet(level, "uni")),
    ask(chapGet(level, "mutual")),
    ask(parameterList(level)),
  ]);
  return { chap: { uni, mutual }, parameters };
}

/** By the addresses as the host writes them: so it is asked. */
async function scopesOf(ask: Ask, vmhba: string): Promise<readonly ScopeView[]> {
  const [discovery, portals] = await Promise.all([ask(sendTargetList(vmhba)), ask(targetPortalList(vmhba))]);
  const levels: readonly ScopeView["level"][] = [
    ...discovery.map(({ sendtarget: address }) => ({ kind: "sendtarget", vmhba, address }) as const),
    ...portals.map(
      ({ target: name, ip, port }) =>
        ({ kind: "target", vmhba, name, address: portal(withoutBrackets(ip), port) }) as const,
    ),
  ];
  return Promise.all(levels.map(async (level) => ({ level, ...(await settingsOf(ask, level)) })));
}

async function portGroupsOf(ask: Ask): Promise<readonly PortGroupView[]> {
  const rows = await ask(portGroupList);
  return Promise.all(rows.map(async (row) => ({ ...row, failover: await ask(portGroupFailover(row.name)) })));
}

/** `nmlx5_rdma` goes with `nmlx5_core`, whose parameters are about flow control. */
export function modulesBehind({ driver }: RdmaDevice): readonly string[] {
  return [...new Set([driver, driver.replace(/_rdma$/, "_core")])];
}

async function parametersOf(ask: Ask, devices: readonly RdmaDevice[], modules: readonly VmkernelModule[]) {
  const names = [...new Set(["iser", ...devices.flatMap(modulesBehind)])].filter((name) =>
    modules.some((one) => one.name === name),
  );
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await ask(moduleParameterList(name))] as const)),
  );
}
