import type { Model } from "./model.js";
import type { StorageTarget } from "./state.js";
import type { Unknowns } from "./unknowns.js";

/** What a simulated host is made of. Each list that is given takes the place of the whole default list. */
export interface HostOptions {
  /** The ESXi release. Default: 8.0. */
  readonly model?: Model;
  /** Its name, with or without a domain. Default: esx01.lab. */
  readonly name?: string;
  /** The physical NICs. Default: vmnic0 for management, and vmnic4 and vmnic5, which do RDMA. */
  readonly nics?: readonly NicOptions[];
  /** The RDMA devices. Default: vmrdma0 on vmnic4, vmrdma1 on vmnic5. */
  readonly rdmaDevices?: readonly RdmaDeviceOptions[];
  /** The standard switches. Default: vSwitch0, vSwitch1 and vSwitch2, a NIC each. */
  readonly switches?: readonly SwitchOptions[];
  /** The port groups. Default: Management Network, iser-a and iser-b, a switch each. */
  readonly portGroups?: readonly PortGroupOptions[];
  /** The VMkernel adapters. Default: vmk0 for management, vmk1 on iser-a, vmk2 on iser-b. */
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

/** A physical NIC. */
export interface NicOptions {
  /** `vmnic4` */
  readonly name: string;
  /** Default: nmlx5_core. */
  readonly driver?: string;
  /** What `esxcli network nic list` calls it. Default: a ConnectX-4. */
  readonly description?: string;
  /** In Mbit/s. Default: 100000. */
  readonly speed?: number;
  /** Default: true. */
  readonly linkUp?: boolean;
  /** Default: one that is made of the names of the host and the NIC. */
  readonly mac?: string;
  /** Its place on the PCI bus, `0000:3b:00.0`. Default: by its place in the list. */
  readonly pci?: string;
  /** Flow control. Default: on both ways, as nmlx5_core has it. */
  readonly pause?: {
    readonly supported?: boolean;
    readonly rx?: boolean;
    readonly tx?: boolean;
    readonly auto?: boolean;
  };
}

/** An RDMA device, and what `esxcli rdma device list` says of it. */
export interface RdmaDeviceOptions {
  /** `vmrdma0` */
  readonly name: string;
  /** The paired uplink. Left out: none. */
  readonly uplink?: string;
  /** Default: nmlx5_rdma. */
  readonly driver?: string;
  /** Default: Active. */
  readonly state?: "Active" | "Down";
  /** The RDMA MTU, 256 to 4096. Default: 1024. */
  readonly mtu?: number;
  /** `100 Gbps` */
  readonly speed?: string;
  /** Default: a ConnectX-4. */
  readonly description?: string;
  /** Which it speaks: RoCE v1, RoCE v2, iWARP. Default: the first two. */
  readonly protocols?: { readonly v1?: boolean; readonly v2?: boolean; readonly iwarp?: boolean };
}

/** A standard switch. */
export interface SwitchOptions {
  /** `vSwitch1` */
  readonly name: string;
  /** NICs, all active. Default: none. */
  readonly uplinks?: readonly string[];
  /** In bytes. Default: 1500. */
  readonly mtu?: number;
}

/** A port group of a standard switch. */
export interface PortGroupOptions {
  /** Its name. */
  readonly name: string;
  /** The switch that it is on. */
  readonly virtualSwitch: string;
  /** Default: 0, no VLAN. */
  readonly vlan?: number;
}

/** A VMkernel adapter. */
export interface VmkernelAdapterOptions {
  /** `vmk1` */
  readonly name: string;
  /** The port group that it is on. */
  readonly portGroup: string;
  /** A static address. Default: none. */
  readonly ipv4?: { readonly address: string; readonly netmask: string; readonly gateway?: string };
  /** In bytes. Default: 1500. */
  readonly mtu?: number;
  /** Default: one that is made of the names of the host and the adapter. */
  readonly mac?: string;
  /** Its TCP/IP stack. Default: defaultTcpipStack. */
  readonly netstack?: string;
}

/** A portal of a storage system. */
export interface StorageOptions {
  /** Its IP address. */
  readonly address: string;
  /** Default: 3260. */
  readonly port?: number;
  /** The largest packet that the network on the way carries, in bytes. Default: 9000. */
  readonly mtu?: number;
  /** The targets that it offers. */
  readonly targets: readonly StorageTarget[];
}
