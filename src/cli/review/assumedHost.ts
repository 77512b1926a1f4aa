import { describe, type HostCommand } from "../../esxcli/command.js";
import {
  adapterGet,
  adapterList,
  type NetworkPortal,
  networkPortalList,
  physicalNetworkPortalList,
} from "../../esxcli/iscsi.js";
import { type ChapDirection, type ChapState, chapGet } from "../../esxcli/iscsiAuth.js";
import type { Level } from "../../esxcli/iscsiCommand.js";
import { type StaticTarget, sendTargetList, staticTargetList } from "../../esxcli/iscsiDiscovery.js";
import { type Parameter, parameterList } from "../../esxcli/iscsiParams.js";
import { connectionList, sessionList, targetList, targetPortalList } from "../../esxcli/iscsiSession.js";
import { moduleList, moduleParameterList } from "../../esxcli/module.js";
import {
  type Failover,
  interfaceList,
  nicList,
  type OwnPolicies,
  portGroupFailover,
  portGroupList,
  switchFailover,
  switchList,
} from "../../esxcli/network.js";
import { type NicPause, pauseList } from "../../esxcli/nic.js";
import { deviceList, protocolList, roceLog } from "../../esxcli/rdma.js";
import { pathList, storageAdapterList, storageDeviceList } from "../../esxcli/storage.js";
import { commandList, time, uptime } from "../../esxcli/system.js";
import { type Ipv4Settings, type Ipv6Address, ipv4List, ipv6List } from "../../esxcli/vmkernel.js";
import type { Ask } from "../../resources/definition.js";

export interface Device {
  readonly name: string;
  readonly uplink: string;
}

export interface Adapter {
  /** Undefined for one that is not iSER. */
  readonly device: string | undefined;
  iqn: string;
  alias: string;
  readonly bindings: Set<string>;
  readonly addresses: Set<string>;
  statics: StaticTarget[];
  /** Discovered ones. */
  readonly targets: readonly StaticTarget[];
}

export interface VirtualSwitch {
  mtu: number;
  cdp: string;
  uplinks: string[];
  order: Failover;
}

export interface PortGroup {
  readonly virtualSwitch: string;
  vlanId: number;
  /** Undefined: that of its switch. */
  order: Failover | undefined;
  own: OwnPolicies;
}

export interface Interface {
  readonly portGroup: string;
  readonly netstack: string;
  mtu: number;
  ipv4: Omit<Ipv4Settings, "interfaceName">;
  ipv6: Pick<Ipv6Address, "address" | "prefix">[];
}

/** What the build can do. What it was asked is kept, for another build may say otherwise. */
export class Build {
  readonly asked = new Set<string>();

  constructor(readonly lacks: string | undefined) {}

  /** `rdma iser params set`, or with an option: `rdma iser add --device`. */
  can(feature: string): boolean {
    this.asked.add(feature);
    return feature !== this.lacks;
  }

  commands(): ReadonlySet<string> {
    return new Capabilities((command) => this.can(command));
  }

  options(path: string): ReadonlySet<string> {
    return new Capabilities((option) => this.can(`${path} --${option}`));
  }
}

class Capabilities extends Set<string> {
  constructor(private readonly can: (what: string) => boolean) {
    super();
  }

  override has(what: string): boolean {
    return this.can(what);
  }
}

/**
 * A host that nobody has asked, as far as the preview says what is on it: what a look at it would find, in decoded form. What a write leads to is in
 * assumedEffects.ts. Which commands there are to write is the resources' own affair.
 */
export class AssumedHost {
  readonly adapters = new Map<string, Adapter>();
  readonly switches = new Map<string, VirtualSwitch>();
  readonly portGroups = new Map<string, PortGroup>();
  readonly interfaces = new Map<string, Interface>();
  readonly modules = new Map<string, Map<string, string>>();
  readonly pauses = new Map<string, Omit<NicPause, "nic">>();
  /** By place and direction. */
  readonly chap = new Map<string, ChapState>();
  /** By place, then by name. */
  readonly parameters = new Map<string, Map<string, Parameter>>();

  constructor(
    readonly build: Build,
    readonly devices: readonly Device[],
    readonly nics: readonly string[],
    /** By RDMA device, the targets that its adapter finds: they come and go by themselves. */
    readonly discovered: ReadonlyMap<string, readonly StaticTarget[]>,
    /** What a virtual switch has of what is not declared of it. */
    readonly unsaid: (virtualSwitch: string) => Partial<Pick<VirtualSwitch, "mtu" | "uplinks">>,
  ) {}

  readonly ask: Ask = async <T>(command: HostCommand<T>): Promise<T> => {
    if (command.kind === "help") return this.build.options(command.path) as T;
    const answers = this.answers();
    const question = describe(command);
    if (!answers.has(question)) throw new Error(`nothing is assumed of \`${question}\``);
    return answers.get(question) as T;
  };

  /** The uplink order that a port group uses. */
  orderOf({ order, virtualSwitch }: PortGroup): Failover {
    return order ?? this.switches.get(virtualSwitch)?.order ?? { active: [], standby: [] };
  }

  /** The places where CHAP and parameters are set. */
  private levels(vmhba: string, { addresses, targets, statics }: Adapter): readonly Level[] {
    return [
      { kind: "adapter", vmhba },
      ...[...addresses].map((address) => ({ kind: "sendtarget", vmhba, address }) as const),
      ...[...targets, ...statics].map((target) => ({ kind: "target", vmhba, ...target }) as const),
    ];
  }

  /** What the host would answer to each question that a resource may ask. */
  private answers(): ReadonlyMap<string, unknown> {
    const answers = new Map<string, unknown>();
    const tell = <T>(command: HostCommand<T>, answer: T) => answers.set(describe(command), answer);
    tell(commandList, this.build.commands());
    tell(uptime, 0);
    tell(time, new Date(0));
    tell(roceLog, []);
    tell(storageAdapterList, []);
    // What a storage system has for the host, nobody knows before.
    tell(pathList, []);
    tell(storageDeviceList, []);
    for (const vmhba of [undefined, ...this.adapters.keys()]) {
      tell(sessionList(vmhba), []);
      tell(connectionList(vmhba), []);
      tell(targetList(vmhba), []);
    }
    tell(targetPortalList(), []);
    tell(nicList, this.nics);
    tell(
      moduleList,
      [...this.modules.keys()].map((name) => ({ name, loaded: true, enabled: true })),
    );
    for (const [module, values] of this.modules)
      tell(
        moduleParameterList(module),
        [...values].map(([name, value]) => ({ name, type: "string", value })),
      );
    tell(
      pauseList,
      [...this.pauses].map(([nic, pause]) => ({ nic, ...pause })),
    );
    this.tellNetwork(tell);
    this.tellAdapters(tell);
    return answers;
  }

  private tellNetwork(tell: <T>(command: HostCommand<T>, answer: T) => void): void {
    tell(
      switchList,
      [...this.switches].map(([name, { mtu, cdp, uplinks }]) => ({ name, mtu, cdp, uplinks })),
    );
    for (const [name, { order }] of this.switches) tell(switchFailover(name), order);
    const clients = (group: string) => [...this.interfaces.values()].filter(({ portGroup }) => portGroup === group);
    tell(
      portGroupList,
      [...this.portGroups].map(([name, { virtualSwitch, vlanId }]) => ({
        name,
        virtualSwitch,
        vlanId,
        activeClients: clients(name).length,
      })),
    );
    for (const [name, group] of this.portGroups)
      tell(portGroupFailover(name), {
        ...this.orderOf(group),
        ownUplinks: group.order !== undefined,
        own: group.own,
      });
    const interfaces = [...this.interfaces];
    tell(
      interfaceList,
      interfaces.map(([name, { portGroup, netstack, mtu }]) => ({
        name,
        portGroup,
        netstack,
        mtu,
        macAddress: "",
        vdsName: "N/A",
        portset: this.portGroups.get(portGroup)?.virtualSwitch ?? "",
      })),
    );
    tell(
      ipv4List,
      interfaces.map(([interfaceName, { ipv4 }]) => ({ interfaceName, ...ipv4 })),
    );
    tell(
      ipv6List,
      interfaces.flatMap(([interfaceName, { ipv6 }]) => ipv6.map((one) => ({ interfaceName, ...one, type: "STATIC" }))),
    );
  }

  private tellAdapters(tell: <T>(command: HostCommand<T>, answer: T) => void): void {
    const about = { driver: "nmlx5_rdma", state: "Active", mtu: 4096, speed: "", description: "" };
    tell(
      deviceList,
      this.devices.map(({ name, uplink }) => ({ ...about, name, pairedUplink: uplink })),
    );
    tell(
      protocolList,
      this.devices.map(({ name }) => ({ device: name, v1: true, v2: true, iwarp: true })),
    );
    const adapters = [...this.adapters];
    tell(
      adapterList,
      adapters.map(([adapter, { device, bindings }]) => ({
        adapter,
        driver: device === undefined ? "iscsi_vmk" : "iser",
        state: bindings.size > 0 ? "online" : "unbound",
        uid: "",
        description: "",
      })),
    );
    tell(
      physicalNetworkPortalList,
      adapters.flatMap(([adapter, { device }]) =>
        this.devices.filter(({ name }) => name === device).map(({ uplink }) => ({ adapter, vmnic: uplink })),
      ),
    );
    tell(
      networkPortalList(),
      adapters.flatMap(([vmhba, adapter]) => this.bindingsOf(vmhba, adapter)),
    );
    for (const [vmhba, adapter] of adapters) {
      tell(adapterGet(vmhba), { iqn: adapter.iqn, alias: adapter.alias });
      tell(networkPortalList(vmhba), this.bindingsOf(vmhba, adapter));
      tell(
        sendTargetList(vmhba),
        [...adapter.addresses].map((sendtarget) => ({ sendtarget })),
      );
      tell(staticTargetList(vmhba), adapter.statics);
      tell(
        targetPortalList(vmhba),
        [...adapter.targets, ...adapter.statics].map(({ name, address }) => {
          const [, ip = "", port] = /^(.*):(\d+)$/.exec(address) ?? [];
          return { adapter: vmhba, target: name, ip, port: Number(port) };
        }),
      );
      for (const level of this.levels(vmhba, adapter)) {
        for (const direction of ["uni", "mutual"] as const)
          tell(chapGet(level, direction), this.chap.get(chapPlace(level, direction)) ?? unset(level));
        tell(parameterList(level), [...(this.parameters.get(placeOf(level))?.values() ?? [])]);
      }
    }
  }

  private bindingsOf(adapter: string, { bindings }: Adapter): readonly NetworkPortal[] {
    return [...bindings].map((vmknic) => ({
      adapter,
      vmknic,
      ipv4: "",
      mtu: this.interfaces.get(vmknic)?.mtu ?? 0,
      compliantStatus: "compliant",
      nonCompliantMessage: "",
      virtualSwitch: "",
      portGroup: this.interfaces.get(vmknic)?.portGroup ?? "",
      pathStatus: "active",
    }));
  }
}

/** Nobody has set CHAP: an adapter has none, and what is below one has what the adapter has. */
function unset({ kind }: Level): ChapState {
  return { level: "prohibited", name: "", ...(kind === "adapter" ? {} : { inherits: true }) };
}

export function placeOf(level: Level): string {
  const { vmhba, address = "", name = "" } = level as Partial<Extract<Level, { kind: "target" }>>;
  return [vmhba, address, name].join(" ");
}

export function chapPlace(level: Level, direction: ChapDirection): string {
  return `${placeOf(level)} ${direction}`;
}
