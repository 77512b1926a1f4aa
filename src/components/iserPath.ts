import * as pulumi from "@pulumi/pulumi";
import { AdapterProperties, type AdapterPropertiesArgs } from "../resources/adapterProperties.js";
import { Chap, type ChapArgs } from "../resources/chap.js";
import { DiscoveryAddress } from "../resources/discoveryAddress.js";
import { IscsiParameters, type IscsiParametersArgs } from "../resources/iscsiParameters.js";
import { IserAdapter } from "../resources/iserAdapter.js";
import { PauseParams, type PauseParamsArgs } from "../resources/pauseParams.js";
import { PortBinding, type PortBindingArgs } from "../resources/portBinding.js";
import { PortGroup, type PortGroupArgs } from "../resources/portGroup.js";
import type { HostInput } from "../resources/provider.js";
import { Rescan } from "../resources/rescan.js";
import { RoceParams, type RoceVersion } from "../resources/roceParams.js";
import { StaticTarget } from "../resources/staticTarget.js";
import { VirtualSwitch, type VirtualSwitchArgs } from "../resources/virtualSwitch.js";
import { VmkernelAdapter, type VmkernelAdapterArgs } from "../resources/vmkernelAdapter.js";

/** The arguments of a resource without those that the component gives it, and with those that it only has a default for. */
type Options<Args, Given extends keyof Args, Defaulted extends keyof Args = never> = Omit<
  Args,
  "host" | Given | Defaulted
> &
  Partial<Pick<Args, Defaulted>>;

/** CHAP as `Chap` takes it, without what it is for. */
export type ChapOptions = Options<ChapArgs, "adapter" | "discoveryAddress" | "target">;
/** iSCSI parameters by name, as `IscsiParameters` takes them. */
export type ParameterOptions = IscsiParametersArgs["parameters"];

/** What can be said of every path at once, and of one path differently. */
export interface PathDefaults {
  /** MTU of virtual switch and VMkernel adapter, 1280 to 9190; 9000 for jumbo frames. Left out: not managed. */
  mtu?: pulumi.Input<number> | undefined;
  /** The RoCE version of the adapter. Not on 6.7 GA and 9.x. */
  roceVersion?: pulumi.Input<RoceVersion> | undefined;
  /** CHAP of the adapter. */
  chap?: ChapOptions | undefined;
  /** iSCSI parameters of the adapter. */
  parameters?: ParameterOptions | undefined;
  /** Global pause of the RDMA device's NIC: the other way of flow control than `moduleParameters`. */
  pauseParams?: Options<PauseParamsArgs, "nic"> | undefined;
}

/** One path: an RDMA device with its virtual switch, port group, VMkernel adapter and iSER adapter. */
export interface IserPathArgs extends PathDefaults {
  /**
   * The RDMA device, `vmrdma#`. Exactly one of `device` and `uplink`: to go from one to the other for the same card replaces the adapter and all that
   * refers to it, its binding and targets among them.
   */
  device?: string | undefined;
  /** The physical NIC that the RDMA device is paired with, `vmnic#`. See `device`. */
  uplink?: string | undefined;
  /** The virtual switch: its name, or all that `VirtualSwitch` takes. Default: `vSwitch-` and the path's name; its uplink is the RDMA device's. */
  virtualSwitch?: string | Options<VirtualSwitchArgs, never, "name"> | undefined;
  /** The port group: its name, or all that `PortGroup` takes. Default: the path's name; its only active uplink is the RDMA device's. */
  portGroup?: string | Options<PortGroupArgs, "virtualSwitch", "name"> | undefined;
  /**
   * The VMkernel adapter that is bound: all that `VmkernelAdapter` takes, and it is made with its virtual switch and port group. A lone name is one
   * that is there: nothing of the network is declared, and mtu, virtualSwitch and portGroup are refused.
   */
  vmkernelAdapter: string | Options<VmkernelAdapterArgs, "portGroup">;
  /** The iSCSI name of the adapter. */
  iqn?: pulumi.Input<string> | undefined;
  /** A name of the adapter for people, 1 to 255 bytes. */
  alias?: pulumi.Input<string> | undefined;
  /** What else `AdapterProperties` takes: `force`. */
  adapterProperties?: Options<AdapterPropertiesArgs, "adapter" | "iqn" | "alias"> | undefined;
  /** What else `PortBinding` takes: `force`. */
  portBinding?: Options<PortBindingArgs, "adapter" | "vmkernelAdapter"> | undefined;
}

/** What a path finds its targets by. */
export interface DiscoveryOptions {
  /** IPv4 address, IPv6 address without brackets, or DNS name. */
  address: pulumi.Input<string>;
  /** Default 3260. */
  port?: pulumi.Input<number> | undefined;
  /** CHAP for what this address finds. Left out: as the adapter has it. */
  chap?: ChapOptions | undefined;
  /** iSCSI parameters for what this address finds. Left out: as the adapter has them. */
  parameters?: ParameterOptions | undefined;
  /** The names of the paths that use it. Default: all. */
  paths?: readonly string[] | undefined;
}

export interface StaticTargetOptions extends DiscoveryOptions {
  /** The target's iSCSI name. */
  targetName: pulumi.Input<string>;
}

export interface PathSettings extends IserPathArgs {
  /** Undefined: no rescan. */
  readonly rescanTriggers: readonly pulumi.Input<unknown>[] | undefined;
  readonly discovery: Readonly<Record<string, DiscoveryOptions>>;
  readonly staticTargets: Readonly<Record<string, StaticTargetOptions>>;
}

/** The resources of one path. */
export interface IserPath {
  readonly virtualSwitch: VirtualSwitch | undefined;
  readonly portGroup: PortGroup | undefined;
  readonly vmkernelAdapter: VmkernelAdapter | undefined;
  readonly adapter: IserAdapter;
  readonly binding: PortBinding;
  readonly rescan: Rescan | undefined;
  /** The declared iSCSI name, or the one that the host made. */
  readonly iqn: pulumi.Output<string>;
}

/**
 * Declares a path in the order of the procedure: network and adapter, RoCE version and names, CHAP and parameters of the adapter, binding,
 * discovery and targets each with their own CHAP and parameters, rescan.
 */
export function declarePath(
  name: string,
  key: string,
  host: HostInput,
  settings: PathSettings,
  opts: pulumi.CustomResourceOptions,
): IserPath {
  const called = `${name}/${key}`;
  const { device, uplink, roceVersion, chap, parameters, pauseParams, iqn, alias } = settings;
  const { discovery, staticTargets, rescanTriggers } = settings;
  const after = (...made: (pulumi.Resource | undefined)[]) => pulumi.mergeOptions(opts, { dependsOn: existing(made) });

  const network = declareNetwork(called, key, host, settings, opts);
  const nic = device ?? uplink ?? "";
  const pause = pauseParams && new PauseParams(called, { host, nic, ...pauseParams }, opts);
  const adapter = new IserAdapter(called, { host, device, uplink }, opts);
  const roce = roceVersion && new RoceParams(called, { host, adapter, version: roceVersion }, opts);
  const named =
    (iqn ?? alias) === undefined
      ? undefined
      : new AdapterProperties(called, { host, adapter, iqn, alias, ...settings.adapterProperties }, opts);
  const ownChap = chap && new Chap(called, { host, adapter, ...chap }, opts);
  const ownParameters = parameters && new IscsiParameters(called, { host, adapter, parameters }, opts);
  const binding = new PortBinding(
    called,
    { host, adapter, vmkernelAdapter: network.vmkernelName, ...settings.portBinding },
    after(roce || undefined, named),
  );

  const ready = after(binding, ownChap, ownParameters, pause);
  const found = [
    ...Object.entries(discovery).map(([label, { address, port, ...more }]) => {
      const made = new DiscoveryAddress(`${called}/${label}`, { host, adapter, address, port }, ready);
      return [
        made,
        ...declareOwn(`${called}/${label}`, host, adapter, { discoveryAddress: { address, port } }, more, after(made)),
      ];
    }),
    ...Object.entries(staticTargets).map(([label, { targetName, address, port, ...more }]) => {
      const made = new StaticTarget(`${called}/${label}`, { host, adapter, targetName, address, port }, ready);
      return [
        made,
        ...declareOwn(
          `${called}/${label}`,
          host,
          adapter,
          { target: { targetName, address, port } },
          more,
          after(made),
        ),
      ];
    }),
  ].flat();

  // Whatever of these changes, the host is asked again what is there.
  const triggers = pulumi.output([
    network.vmkernelName,
    Object.values(discovery).map(place),
    Object.values(staticTargets).map(place),
    ...(rescanTriggers ?? []),
  ]);
  const rescan =
    rescanTriggers && new Rescan(called, { host, adapter, triggers }, after(...found, binding, ownChap, ownParameters));
  return {
    ...network,
    adapter,
    binding,
    rescan,
    iqn: iqn === undefined ? adapter.iqn : pulumi.output(iqn),
  };
}

function declareNetwork(
  called: string,
  key: string,
  host: HostInput,
  { device, uplink, mtu, virtualSwitch, portGroup, vmkernelAdapter }: PathSettings,
  opts: pulumi.CustomResourceOptions,
) {
  if (typeof vmkernelAdapter === "string")
    return {
      vmkernelName: vmkernelAdapter,
      virtualSwitch: undefined,
      portGroup: undefined,
      vmkernelAdapter: undefined,
    };
  const card = device ?? uplink ?? "";
  const carrier = new VirtualSwitch(
    called,
    {
      host,
      name: `vSwitch-${key}`,
      uplinks: [card],
      ...(mtu === undefined ? {} : { mtu }),
      // Frames that are too big for the switch would be lost, so the VMkernel adapter goes down first.
      lowerFirst: [vmkernelAdapter.name],
      ...optionsOf(virtualSwitch),
    },
    opts,
  );
  const group = new PortGroup(
    called,
    {
      host,
      name: key,
      virtualSwitch: carrier.name,
      activeUplinks: [card],
      standbyUplinks: [],
      ...optionsOf(portGroup),
    },
    opts,
  );
  const vmk = new VmkernelAdapter(
    called,
    { host, portGroup: group.name, ...(mtu === undefined ? {} : { mtu }), ...vmkernelAdapter },
    opts,
  );
  return { vmkernelName: vmk.name, virtualSwitch: carrier, portGroup: group, vmkernelAdapter: vmk };
}

/** CHAP and parameters of a discovery address or target, where it has its own. */
function declareOwn(
  called: string,
  host: HostInput,
  adapter: IserAdapter,
  scope: Partial<Pick<ChapArgs, "discoveryAddress" | "target">>,
  { chap, parameters }: Pick<DiscoveryOptions, "chap" | "parameters">,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return existing([
    chap && new Chap(called, { host, adapter, ...scope, ...chap }, opts),
    parameters && new IscsiParameters(called, { host, adapter, ...scope, parameters }, opts),
  ]);
}

function optionsOf<T extends object>(given: string | T | undefined): { name: string } | T | undefined {
  return typeof given === "string" ? { name: given } : given;
}

function place({ address, port }: DiscoveryOptions) {
  return { address, port: port ?? 3260 };
}

function existing<T>(made: readonly (T | undefined)[]): T[] {
  return made.filter((one) => one !== undefined);
}
