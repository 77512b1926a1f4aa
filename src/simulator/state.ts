import type { Model } from "./model.js";
import type { Unknowns } from "./unknowns.js";

/** Everything a simulated host is and holds: plain data, so that it can be copied and printed. */
export interface HostState {
  readonly model: Model;
  readonly unknowns: Unknowns;
  /** `esx01` */
  hostName: string;
  /** `lab` */
  domain: string;
  /** The host's clock, in milliseconds since 1970. It moves only when it is moved. */
  clock: number;
  bootedAt: number;
  nics: Nic[];
  rdmaDevices: RdmaDevice[];
  switches: VirtualSwitch[];
  portGroups: PortGroup[];
  interfaces: VmkernelInterface[];
  /** Adapters that are not iSCSI. */
  localAdapters: LocalAdapter[];
  softwareIscsi: boolean;
  iscsiAdapters: IscsiAdapter[];
  modules: Module[];
  /** What is reached over the network. */
  storage: StorageSystem[];
  /** Lines of /var/log/vmkernel.log. */
  log: string[];
}

export interface Nic {
  name: string;
  pci: string;
  driver: string;
  driverVersion: string;
  firmwareVersion: string;
  adminUp: boolean;
  linkUp: boolean;
  /** Mbit/s */
  speed: number;
  mac: string;
  description: string;
  pause: { supported: boolean; rx: boolean; tx: boolean; auto: boolean };
  /** What the driver sets at boot. */
  readonly pauseAtBoot: { rx: boolean; tx: boolean; auto: boolean };
}

export interface RdmaDevice {
  name: string;
  driver: string;
  state: "Active" | "Down";
  /** The RDMA MTU, not Ethernet's. */
  mtu: number;
  speed: string;
  uplink: string;
  description: string;
  v1: boolean;
  v2: boolean;
  iwarp: boolean;
}

/** `undefined` in a port group's policy: as the switch has it. */
export interface FailoverPolicy {
  loadBalancing: LoadBalancing;
  failureDetection: "link" | "beacon";
  notifySwitches: boolean;
  failback: boolean;
  active: string[];
  standby: string[];
}

/** As `policy failover get` prints it: `srcport` there is `portid` in `set` (seen in notes of a user). */
export type LoadBalancing = "srcport" | "iphash" | "srcmac" | "explicit";

export interface VirtualSwitch {
  name: string;
  configuredPorts: number;
  mtu: number;
  cdp: "down" | "listen" | "advertise" | "both";
  uplinks: string[];
  failover: FailoverPolicy;
}

export interface PortGroup {
  name: string;
  virtualSwitch: string;
  vlan: number;
  override: { [K in keyof FailoverPolicy]?: FailoverPolicy[K] };
}

export interface VmkernelInterface {
  name: string;
  mac: string;
  enabled: boolean;
  portGroup: string;
  netstack: string;
  mtu: number;
  portId: number;
  ipv4: { type: "STATIC" | "DHCP" | "NONE"; address: string; netmask: string; gateway: string; peerDns: boolean };
  ipv6: { address: string; prefix: number }[];
}

export interface LocalAdapter {
  vmhba: string;
  driver: string;
  linkState: string;
  uid: string;
  capabilities: string;
  description: string;
}

export const chapLevels = ["prohibited", "discouraged", "preferred", "required"] as const;
export type ChapLevel = (typeof chapLevels)[number];
export type ChapDirection = "uni" | "mutual";

export interface Chap {
  level: ChapLevel;
  name: string;
  secret: string;
}

/** `undefined`: inherited from the level above. */
export type ChapPair = { [K in ChapDirection]?: Chap };

export interface SendTarget {
  address: string;
  port: number;
  chap: ChapPair;
  params: Record<string, string>;
}

export interface Target {
  name: string;
  address: string;
  port: number;
  /** Where the adapter has it from. */
  method: "STATIC" | "SENDTARGETS";
  /** The send targets that report it, `192.168.50.100:3260`; empty for one that was added by hand. */
  sources: string[];
  lastError: string;
  /** Reads of a target list until it is shown. */
  readsUntilListed: number;
  chap: ChapPair;
  params: Record<string, string>;
}

export interface Session {
  target: string;
  address: string;
  port: number;
  isid: string;
  tsih: number;
  /** The binding that it runs over. */
  vmk: string;
  localAddress: string;
  authentication: "none" | "chap" | "mutual chap";
  params: Record<string, string>;
  createdAt: number;
  /** The state of its connection, of those that 6.7.0 has words for. Left out: `logged_in`. Its paths are dead in any other one. */
  connection?: "logged_in" | "xpt_wait" | "in_login";
  /** A rescan has followed the login. Only kept where that matters: see the unknown `devicesNeedRescan`. */
  scanned?: true;
}

export interface IscsiAdapter {
  vmhba: string;
  driver: "iser" | "iscsi_vmk";
  /** The RDMA device; empty for the software adapter. */
  device: string;
  iqn: string;
  alias: string;
  chap: ChapPair;
  params: Record<string, string>;
  /** `rdma iser params set`: 0 auto, 1 RoCE v1, 2 RoCE v2, 3 iWARP. */
  roce: number;
  bindings: string[];
  sendTargets: SendTarget[];
  targets: Target[];
  sessions: Session[];
  discoveryStatus: string;
  /** Reads of the adapter list until it is shown. */
  readsUntilListed: number;
  /** Deleted, but listed until the next reboot. */
  deleted: boolean;
}

export interface Module {
  name: string;
  loaded: boolean;
  enabled: boolean;
  parameters: { name: string; type: string; description: string }[];
  /** What is configured for the next load. */
  options: Record<string, string>;
  /** What it was loaded with. */
  active: Record<string, string>;
}

/** A storage system that speaks iSER. */
export interface StorageSystem {
  address: string;
  port: number;
  /** The largest packet that the network on the way carries, in bytes. */
  mtu: number;
  targets: StorageTarget[];
}

export interface StorageTarget {
  name: string;
  /** The credentials it asks of initiators, and, for mutual CHAP, those it answers with. */
  chap?: { name: string; secret: string; mutual?: { name: string; secret: string } };
  /** Its devices, from LUN 0 on unless one says which it is. Left out: one of 100 GB, named after the target. */
  luns?: { device: string; sizeMb: number; lun?: number; displayName?: string }[];
}

/** A command that failed: esxcli prints the message to standard output and exits with 1. */
export class CommandFailure extends Error {}

export function fail(message: string): never {
  throw new CommandFailure(message);
}
