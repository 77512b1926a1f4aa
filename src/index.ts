import "./runtime.js";

export { type HostDifference, IserCluster, type IserClusterArgs } from "./components/iserCluster.js";
export { IserHost, type IserHostArgs, type IserHostSettings } from "./components/iserHost.js";
export type {
  ChapOptions,
  DiscoveryOptions,
  IserPath,
  IserPathArgs,
  ParameterOptions,
  PathDefaults,
  StaticTargetOptions,
} from "./components/iserPath.js";
export { type ErrorCode, errorCodes, IserError } from "./errors.js";
export type { ChapLevel } from "./esxcli/iscsiAuth.js";
export {
  type FoundIserAdapter,
  type FoundRdmaDevice,
  getIserAdapters,
  getIserAdaptersOutput,
  getRdmaDevices,
  getRdmaDevicesOutput,
  getSessions,
  getSessionsOutput,
  getTargets,
  getTargetsOutput,
} from "./functions/lookups.js";
export type {
  AdapterLookupArgs,
  AdapterLookupOutputArgs,
  LookupArgs,
  LookupOutputArgs,
} from "./functions/reading.js";
export { AdapterProperties, type AdapterPropertiesArgs } from "./resources/adapterProperties.js";
export { Chap, type ChapArgs } from "./resources/chap.js";
export { DiscoveryAddress, type DiscoveryAddressArgs } from "./resources/discoveryAddress.js";
export {
  type FlowControlParameters,
  type PriorityFlowControlArgs,
  priorityFlowControl,
} from "./resources/flowControl.js";
export type { HostArgs, HostConnectionArgs, VcenterArgs } from "./resources/host.js";
export { IscsiParameters, type IscsiParametersArgs } from "./resources/iscsiParameters.js";
export { IserAdapter, type IserAdapterArgs } from "./resources/iserAdapter.js";
export { ModuleParameters, type ModuleParametersArgs } from "./resources/moduleParameters.js";
export { PauseParams, type PauseParamsArgs } from "./resources/pauseParams.js";
export { PortBinding, type PortBindingArgs } from "./resources/portBinding.js";
export { PortGroup, type PortGroupArgs } from "./resources/portGroup.js";
export type { AdapterInput, HostInput } from "./resources/provider.js";
export { type FoundDevice, type FoundSession, type FoundTarget, Rescan, type RescanArgs } from "./resources/rescan.js";
export { RoceParams, type RoceParamsArgs, type RoceVersion } from "./resources/roceParams.js";
export { StaticTarget, type StaticTargetArgs } from "./resources/staticTarget.js";
export { VirtualSwitch, type VirtualSwitchArgs } from "./resources/virtualSwitch.js";
export { VmkernelAdapter, type VmkernelAdapterArgs } from "./resources/vmkernelAdapter.js";
