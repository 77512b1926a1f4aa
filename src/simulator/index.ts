export type { FaultKind, FaultOptions, Faults } from "./faults.js";
export type { Output } from "./frontend.js";
export { type RebootOptions, SimulatedHost } from "./host.js";
export type { Counters, JournalEntry } from "./journal.js";
export { type Model, models } from "./model.js";
export type {
  HostOptions,
  NicOptions,
  PortGroupOptions,
  RdmaDeviceOptions,
  StorageOptions,
  SwitchOptions,
  VmkernelAdapterOptions,
} from "./options.js";
export { type Simulator, type SimulatorOptions, startSimulator } from "./sshServer.js";
export type { HostState } from "./state.js";
export type { Unknowns } from "./unknowns.js";
export type { VcenterHost } from "./vsphere/inventory.js";
export { startVcenter, startVsphere, type VsphereEndpoint, type VsphereOptions } from "./vsphere/server.js";
export type { VsphereCounters } from "./vsphere/service.js";
