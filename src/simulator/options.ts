import type { Model } from "./model.js";
import type { StorageTarget } from "./state.js";
import type { Unknowns } from "./unknowns.js";

/** What a simulated host is made of. Each list that is given takes the place of the whole default list. */
export interface HostOptions {
  /** The ESXi release. Default: 8.0. */
  readonly model?: Model;
  /** Its name, with or without a domain. Default: esx01.lab. */
  readonly name?: string;
  readonly nics?: readonly NicOptions[];
  readonly rdmaDevices?: readonly RdmaDeviceOptions[];
  readonly switches?: readonly SwitchOptions[];
  readonly portGroups?: readonly PortGroupOptions[];
  readonly vmkernelAdapters?: readonly VmkernelAdapterOptions[];
  /** The storage systems that the host reaches. Default: one at 192.168.50.100 with one target, which has one device. */
  readonly storage?: readonly StorageOptions[];
  /** Which way the simulated host goes where ESXi's behaviour is not known. */
  readonly unknowns?: Partial<Unknowns>;
  /** The host's clock at the start. Default: 2024-01-15T08:00:00Z. It moves only when it is moved. */
  readonly clock?: Date;
  /** What it takes to start a process of esxcli, in milliseconds, however many run at once. Default: 0. Nothing is known of real hosts: an assumption. */
  readonly processStartMs?: number;
}

export interface NicOptions {
  /** `vmnic4` */
  readonly name: string;
  readonly driver?: string;
  readonly description?: string;
  /** In Mbit/s. Default: 100000. */
  readonly speed?: number;
  readonly linkUp?: boolean;
  readonly mac?: string;
  readonly pci?: string;
  /** Flow control. Default: on both ways, as nmlx5_core has it. */
  readonly pause?: {
    readonly supported?: boolean;
    readonly rx?: boolean;
    readonly tx?: boolean;
    readonly auto?: boolean;
  };
}

export interface RdmaDeviceOptions {
  /** `vmrdma0` */
  readonly name: string;
  /** The paired uplink. Left out: none. */
  readonly uplink?: string;
  readonly driver?: string;
  readonly state?: "Active" | "Down";
  /** The RDMA MTU, 256 to 4096. Default: 1024. */
  readonly mtu?: number;
  /** `100 Gbps` */
  readonly speed?: string;
  readonly description?: string;
  readonly protocols?: { readonly v1?: boolean; readonly v2?: boolean; readonly iwarp?: boolean };
}

export interface SwitchOptions {
  readonly name: string;
  readonly uplinks?: readonly string[];
  readonly mtu?: number;
}

export interface PortGroupOptions {
  readonly name: string;
  readonly virtualSwitch: string;
  readonly vlan?: number;
}

export interface VmkernelAdapterOptions {
  /** `vmk1` */
  readonly name: string;
  readonly portGroup: string;
  readonly ipv4?: { readonly address: string; readonly netmask: string; readonly gateway?: string };
  readonly mtu?: number;
  readonly mac?: string;
  readonly netstack?: string;
}

export interface StorageOptions {
  readonly address: string;
  /** Default: 3260. */
  readonly port?: number;
  /** The largest packet that the network on the way carries, in bytes. Default: 9000. */
  readonly mtu?: number;
  readonly targets: readonly StorageTarget[];
}
