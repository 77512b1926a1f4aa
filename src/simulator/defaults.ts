import { createHash } from "node:crypto";
import type {
  HostOptions,
  NicOptions,
  PortGroupOptions,
  RdmaDeviceOptions,
  StorageOptions,
  SwitchOptions,
  VmkernelAdapterOptions,
} from "./options.js";
import type { FailoverPolicy, HostState, Module, Nic, RdmaDevice, VirtualSwitch, VmkernelInterface } from "./state.js";
import { defaultUnknowns } from "./unknowns.js";

const connectX4 = "Mellanox Technologies MT27700 Family [ConnectX-4]";

const defaultNics: readonly NicOptions[] = [
  {
    name: "vmnic0",
    driver: "ixgben",
    description: "Intel(R) Ethernet Controller X550",
    speed: 10000,
    pause: { rx: false, tx: false },
  },
  { name: "vmnic4" },
  { name: "vmnic5" },
];

const defaultRdmaDevices: readonly RdmaDeviceOptions[] = [
  { name: "vmrdma0", uplink: "vmnic4" },
  { name: "vmrdma1", uplink: "vmnic5" },
];

const defaultSwitches: readonly SwitchOptions[] = [
  { name: "vSwitch0", uplinks: ["vmnic0"] },
  { name: "vSwitch1", uplinks: ["vmnic4"] },
  { name: "vSwitch2", uplinks: ["vmnic5"] },
];

const defaultPortGroups: readonly PortGroupOptions[] = [
  { name: "Management Network", virtualSwitch: "vSwitch0" },
  { name: "iser-a", virtualSwitch: "vSwitch1" },
  { name: "iser-b", virtualSwitch: "vSwitch2" },
];

const netmask = "255.255.255.0";
const defaultInterfaces: readonly VmkernelAdapterOptions[] = [
  {
    name: "vmk0",
    portGroup: "Management Network",
    ipv4: { address: "192.168.1.11", netmask, gateway: "192.168.1.1" },
  },
  { name: "vmk1", portGroup: "iser-a", ipv4: { address: "192.168.50.11", netmask } },
  { name: "vmk2", portGroup: "iser-b", ipv4: { address: "192.168.50.12", netmask } },
];

const defaultStorage: readonly StorageOptions[] = [
  { address: "192.168.50.100", targets: [{ name: "iqn.2010-09.lab.storage:iser-a" }] },
];

/** A host as it is before iSER is set up. */
export function newHost(options: HostOptions = {}): HostState {
  const model = options.model ?? "8.0";
  const [hostName = "", ...domain] = (options.name ?? "esx01.lab").split(".");
  const clock = (options.clock ?? new Date("2024-01-15T08:00:00Z")).getTime();
  return structuredClone({
    model,
    unknowns: { ...defaultUnknowns(model), ...options.unknowns },
    hostName,
    domain: domain.join("."),
    clock,
    bootedAt: clock - 3_600_000,
    nics: (options.nics ?? defaultNics).map((nic, at) => newNic(nic, at, hostName)),
    rdmaDevices: (options.rdmaDevices ?? defaultRdmaDevices).map(newRdmaDevice),
    switches: (options.switches ?? defaultSwitches).map(newSwitch),
    portGroups: (options.portGroups ?? defaultPortGroups).map(({ name, virtualSwitch, vlan = 0 }) => ({
      name,
      virtualSwitch,
      vlan,
      override: {},
    })),
    interfaces: (options.vmkernelAdapters ?? defaultInterfaces).map((vmk, at) => newInterface(vmk, at, hostName)),
    localAdapters: [
      {
        vmhba: "vmhba0",
        driver: "vmw_ahci",
        linkState: "link-n/a",
        uid: "sata.vmhba0",
        capabilities: "",
        description: "(0000:00:11.5) Intel Corporation Lewisburg SATA AHCI Controller",
      },
    ],
    softwareIscsi: false,
    iscsiAdapters: [],
    modules: newModules(),
    storage: (options.storage ?? defaultStorage).map(({ address, port = 3260, mtu = 9000, targets }) => ({
      address,
      port,
      mtu,
      targets: [...targets],
    })),
    log: [],
  });
}

function newNic(options: NicOptions, at: number, hostName: string): Nic {
  const { pause = {} } = options;
  const atBoot = { rx: pause.rx ?? true, tx: pause.tx ?? true, auto: pause.auto ?? false };
  const driver = options.driver ?? "nmlx5_core";
  return {
    name: options.name,
    pci: options.pci ?? `0000:${(0x3b + at).toString(16)}:00.0`,
    driver,
    driverVersion: driver === "nmlx5_core" ? "4.23.0.36" : "1.7.1.35",
    firmwareVersion: driver === "nmlx5_core" ? "12.28.2006" : "0x80000aee",
    adminUp: true,
    linkUp: options.linkUp ?? true,
    speed: options.speed ?? 100_000,
    mac: options.mac ?? macOf("24:8a:07", hostName, options.name),
    description: options.description ?? connectX4,
    pause: { supported: pause.supported ?? true, ...atBoot },
    pauseAtBoot: atBoot,
  };
}

function newRdmaDevice(options: RdmaDeviceOptions): RdmaDevice {
  const { protocols = {} } = options;
  return {
    name: options.name,
    driver: options.driver ?? "nmlx5_rdma",
    state: options.state ?? "Active",
    mtu: options.mtu ?? 1024,
    speed: options.speed ?? "100 Gbps",
    uplink: options.uplink ?? "",
    description: options.description ?? "MT27700 Family  [ConnectX-4]",
    v1: protocols.v1 ?? true,
    v2: protocols.v2 ?? true,
    iwarp: protocols.iwarp ?? false,
  };
}

export function newSwitch({ name, uplinks = [], mtu = 1500 }: SwitchOptions): VirtualSwitch {
  return { name, configuredPorts: 128, mtu, cdp: "listen", uplinks: [...uplinks], failover: newPolicy(uplinks) };
}

function newPolicy(active: readonly string[]): FailoverPolicy {
  return {
    loadBalancing: "srcport",
    failureDetection: "link",
    notifySwitches: true,
    failback: true,
    active: [...active],
    standby: [],
  };
}

export function newInterface(options: VmkernelAdapterOptions, at: number, hostName: string): VmkernelInterface {
  const { ipv4 } = options;
  return {
    name: options.name,
    mac: options.mac ?? macOf("00:50:56", hostName, options.name),
    enabled: true,
    portGroup: options.portGroup,
    netstack: options.netstack ?? "defaultTcpipStack",
    mtu: options.mtu ?? 1500,
    portId: 67_108_867 + 8 * at,
    ipv4: {
      type: ipv4 ? "STATIC" : "NONE",
      address: ipv4?.address ?? "0.0.0.0",
      netmask: ipv4?.netmask ?? "0.0.0.0",
      gateway: ipv4?.gateway ?? "0.0.0.0",
      peerDns: false,
    },
    ipv6: [],
  };
}

function newModules(): Module[] {
  const module = (name: string, loaded: boolean, parameters: Module["parameters"] = []): Module => ({
    name,
    loaded,
    enabled: true,
    parameters,
    options: {},
    active: {},
  });
  const int = (name: string, description: string) => ({ name, type: "int", description });
  return [
    module("vmkernel", true),
    module("vmw_ahci", true),
    module("ixgben", true, [int("VMDQ", "Number of Virtual Machine Device Queues")]),
    // The parameters are those of a storage vendor's guide for RoCE with priority flow control; there are more on a real host.
    module("nmlx5_core", true, [
      int("max_vfs", "Number of PCI VFs to initialize"),
      int("pfcrx", "Priority based flow control policy on RX"),
      int("pfctx", "Priority based flow control policy on TX"),
      int("trust_state", "Port policy to calculate the switch priority and packet color based on incoming packet"),
    ]),
    module("nmlx5_rdma", true, [
      int("dscp_force", "DSCP value to force on outgoing RoCE traffic"),
      int("pcp_force", "PCP value to force on outgoing RoCE traffic"),
    ]),
    module("vrdma", true),
    module("iscsi_trans", true),
    // "default:128" and the type: from the module of 6.7.0.
    module("iser", false, [int("iser_LunQDepth", "Maximum Outstanding Commands Per LUN (default:128)")]),
  ];
}

/** An address that is the same whenever the same host is made. */
export function macOf(vendor: string, hostName: string, name: string): string {
  const [a, b, c] = digest(`${hostName} ${name}`);
  return `${vendor}:${[a, b, c].map((byte = 0) => byte.toString(16).padStart(2, "0")).join(":")}`;
}

/** The form `iqn.1998-01.com.vmware:<host>-<8 hex>` was seen for software iSCSI; for iSER it is inferred. */
export function iqnOf(hostName: string, name: string): string {
  return `iqn.1998-01.com.vmware:${hostName}-${digest(`${hostName} ${name}`).toString("hex").slice(0, 8)}`;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
