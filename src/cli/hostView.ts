import { adapterGet, adapterList, type NetworkPortal, networkPortalList } from "../esxcli/iscsi.js";
import { type ChapState, chapGet } from "../esxcli/iscsiAuth.js";
import { type StaticTarget, sendTargetList, staticTargetList } from "../esxcli/iscsiDiscovery.js";
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
import { type NicPause, pauseList } from "../esxcli/nic.js";
import { protocolList, type RdmaDevice, type RdmaProtocols, type RoceVersion } from "../esxcli/rdma.js";
import { type Ipv4Settings, ipv4List } from "../esxcli/vmkernel.js";
import { observeAdapters, owners } from "../resources/adapterReference.js";
import type { Ask } from "../resources/definition.js";
import {
  devicesOf,
  type FoundDevice,
  type FoundSession,
  type FoundTarget,
  sessionsOf,
  targetsOf,
} from "../resources/inventory.js";
import { loggedVersions } from "../resources/roceParams.js";

/** An iSER adapter with all that hangs on it. */
export interface AdapterView {
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
  readonly chap: { readonly uni: ChapState; readonly mutual: ChapState };
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
  /** Of the drivers of the RDMA devices and of the NICs beside them, by module. */
  readonly moduleParameters: Readonly<Record<string, readonly ModuleParameter[]>>;
  readonly adapters: readonly AdapterView[];
  readonly switches: readonly StandardSwitch[];
  readonly portGroups: readonly PortGroupView[];
  readonly interfaces: readonly VmkernelInterface[];
  readonly addresses: readonly Ipv4Settings[];
  readonly pauses: readonly NicPause[];
  /** The devices that are reached through the adapters. */
  readonly storage: readonly FoundDevice[];
}

/** Reads all of it. Only reads. */
export async function lookAt(ask: Ask, host: string): Promise<HostView> {
  const [view, protocols, modules, switches, portGroups, interfaces, addresses, pauses, versions] = await Promise.all([
    observeAdapters(ask, adapterList),
    ask(protocolList),
    ask(moduleList),
    ask(switchList),
    portGroupsOf(ask),
    ask(interfaceList),
    ask(ipv4List),
    ask(pauseList),
    loggedVersions(ask),
  ]);
  const owned = [...owners(view)];
  const looked = owned.map(([{ adapter }, device]) => ({ vmhba: adapter, adapter: device?.name ?? adapter }));
  const [adapters, storage, moduleParameters] = await Promise.all([
    Promise.all(
      owned.map(async ([{ adapter: vmhba, state }, device]): Promise<AdapterView> => {
        const one = [{ vmhba, adapter: device?.name ?? vmhba }];
        const level = { kind: "adapter", vmhba } as const;
        const [info, bindings, discovery, staticTargets, targets, sessions, uni, mutual] = await Promise.all([
          ask(adapterGet(vmhba)),
          ask(networkPortalList(vmhba)),
          ask(sendTargetList(vmhba)),
          ask(staticTargetList(vmhba)),
          targetsOf(ask, one),
          sessionsOf(ask, one),
          ask(chapGet(level, "uni")),
          ask(chapGet(level, "mutual")),
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
          chap: { uni, mutual },
          roce: versions.get(vmhba),
        };
      }),
    ),
    devicesOf(ask, looked),
    parametersOf(ask, view.devices, modules),
  ]);
  const { devices } = view;
  return {
    host,
    devices,
    protocols,
    modules,
    moduleParameters,
    adapters,
    switches,
    portGroups,
    interfaces,
    addresses,
    pauses,
    storage,
  };
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
  const names = [...new Set(devices.flatMap(modulesBehind))].filter((name) => modules.some((one) => one.name === name));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await ask(moduleParameterList(name))] as const)),
  );
}
