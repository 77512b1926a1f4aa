import * as pulumi from "@pulumi/pulumi";
import { IserError } from "../errors.js";
import { ModuleParameters, type ModuleParametersArgs } from "../resources/moduleParameters.js";
import type { HostInput } from "../resources/provider.js";
import type { FoundDevice } from "../resources/rescan.js";
import {
  type DiscoveryOptions,
  declarePath,
  type IserPath,
  type IserPathArgs,
  type PathDefaults,
  type PathSettings,
  type StaticTargetOptions,
} from "./iserPath.js";

/** What does not differ between the hosts of a cluster. A key of a map is a name: it is part of the names of the resources that are made for it. */
export interface IserHostSettings extends PathDefaults {
  /**
   * The paths by name, usually two: each its own RDMA device, virtual switch, port group, VMkernel adapter and iSER adapter.
   *
   * A name is part of the names of what is made for the path. Another name for it is one path removed and another made, which needs the card and the
   * VMkernel adapter free: remove the path in one `up` and add it in the next. To keep what is there instead, give `virtualSwitch` and `portGroup` the names
   * that they have, and Pulumi's `aliases` to the resources through `transforms`.
   */
  paths: Readonly<Record<string, IserPathArgs>>;
  /** SendTargets discovery addresses by a name of your choice: an address, or one with port, CHAP and parameters. On every path unless it names some. */
  discovery?: Readonly<Record<string, string | pulumi.Output<string> | DiscoveryOptions>> | undefined;
  /** Targets that are listed by hand. */
  staticTargets?: Readonly<Record<string, StaticTargetOptions>> | undefined;
  /** Parameters of VMkernel modules by module; `priorityFlowControl` gives those of flow control. They take effect at the next reboot. */
  moduleParameters?: Readonly<Record<string, ModuleParametersArgs["parameters"]>> | undefined;
  /**
   * Look for devices at the end, and again when an address, a target or one of `triggers` changes: give those another value when the storage
   * system has something new. `false`: no rescan, so that a host that is as declared gets no write at all. Default: without triggers.
   */
  rescan?: false | { triggers: readonly pulumi.Input<string | number>[] } | undefined;
}

export interface IserHostArgs extends IserHostSettings {
  /** The host: its name, or how to reach it. */
  host: HostInput;
}

/**
 * iSER storage on one host, whole: for each path a virtual switch, a port group, a VMkernel adapter, an iSER adapter and their binding; then
 * discovery, static targets, CHAP, parameters, and a rescan.
 *
 * Everything it makes can also be declared resource by resource, and every argument of theirs can be given; options of
 * Pulumi reach them through `transforms`. Two paths make the multipath case.
 *
 * Errors: those of its resources, and INPUT_INVALID in the preview for paths that share what iSER cannot share.
 *
 * @example
 * new IserHost("esx01", {
 *   host: "esx01.lab",
 *   mtu: 9000,
 *   paths: {
 *     "iser-a": { device: "vmrdma0", vmkernelAdapter: { name: "vmk1", ipv4: { address: "192.168.50.11", netmask: "255.255.255.0" } } },
 *     "iser-b": { device: "vmrdma1", vmkernelAdapter: { name: "vmk2", ipv4: { address: "192.168.51.11", netmask: "255.255.255.0" } } },
 *   },
 *   discovery: { array: "192.168.50.100" },
 * });
 */
export class IserHost extends pulumi.ComponentResource {
  /** The resources of each path. */
  readonly paths: Readonly<Record<string, IserPath>>;
  /** The `vmhba#` of each path. It can change at a reboot. */
  readonly adapters: pulumi.Output<Record<string, string>>;
  /** The iSCSI name of each path: what the storage system is told. */
  readonly iqns: pulumi.Output<Record<string, string>>;
  /** The module parameters by module. */
  readonly modules: Readonly<Record<string, ModuleParameters>>;
  /** A module has parameters that count from the next reboot of the host. */
  readonly rebootRequired: pulumi.Output<boolean>;
  /** The storage devices found, by canonical name, with their paths over all adapters. Empty without a rescan. */
  readonly devices: pulumi.Output<FoundDevice[]>;

  constructor(name: string, args: IserHostArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("esxi-iser:index:IserHost", name, {}, opts);
    const { host, paths, discovery = {}, staticTargets = {}, moduleParameters = {}, rescan, ...defaults } = args;
    const addresses = mapped(discovery, (one) =>
      typeof one === "string" || pulumi.Output.isInstance(one) ? { address: one } : one,
    );
    refuse(name, paths, { ...addresses, ...staticTargets });
    const own: pulumi.CustomResourceOptions = {
      parent: this,
      ...(opts.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }),
    };

    this.modules = mapped(
      moduleParameters,
      (parameters, module) => new ModuleParameters(`${name}/${module}`, { host, module, parameters }, own),
    );
    this.paths = mapped(paths, (path, key) => {
      const settings: PathSettings = {
        ...defaults,
        ...path,
        discovery: ofPath(addresses, key),
        staticTargets: ofPath(staticTargets, key),
        rescanTriggers: rescan === false ? undefined : (rescan?.triggers ?? []),
      };
      return declarePath(name, key, host, settings, own);
    });
    this.adapters = pulumi.output(mapped(this.paths, ({ adapter }) => adapter.vmhba));
    this.iqns = pulumi.output(mapped(this.paths, ({ iqn }) => iqn));
    this.devices = pulumi.all(Object.values(this.paths).map(({ rescan }) => rescan?.devices ?? [])).apply(merged);
    this.rebootRequired = pulumi
      .all(Object.values(this.modules).map(({ rebootRequired }) => rebootRequired))
      .apply((all) => all.includes(true));
    this.registerOutputs({
      adapters: this.adapters,
      iqns: this.iqns,
      devices: this.devices,
      rebootRequired: this.rebootRequired,
    });
  }
}

/** What a path cannot share with another, said before anything is declared. */
function refuse(
  name: string,
  paths: IserHostSettings["paths"],
  found: Readonly<Record<string, Pick<DiscoveryOptions, "paths">>>,
): void {
  const shared: [string, (path: IserPathArgs, key: string) => string | undefined, string][] = [
    ["the RDMA device", ({ device, uplink }) => device ?? uplink, "Give each path its own."],
    [
      "the virtual switch",
      ({ virtualSwitch }, key) => plainName(virtualSwitch) ?? `vSwitch-${key}`,
      "iSER takes one RDMA device per virtual switch: give each path its own.",
    ],
    ["the port group", ({ portGroup }, key) => plainName(portGroup) ?? key, "Give each path its own."],
    ["the VMkernel adapter", ({ vmkernelAdapter }) => plainName(vmkernelAdapter), "Give each path its own."],
  ];
  const fail = (problem: string, cure: string): never => {
    throw new IserError("INPUT_INVALID", { problem: `IserHost ${name}: ${problem}`, cure });
  };
  if (Object.keys(paths).length === 0)
    fail("paths is empty.", "Give at least one path, with an RDMA device and a VMkernel adapter.");
  for (const [key, { device, uplink, vmkernelAdapter, mtu, virtualSwitch, portGroup }] of Object.entries(paths)) {
    if (typeof vmkernelAdapter === "string" && (mtu ?? virtualSwitch ?? portGroup) !== undefined)
      fail(
        `path ${key} takes ${vmkernelAdapter} as it is there, and has mtu, virtualSwitch or portGroup beside it.`,
        `Give vmkernelAdapter: { name: "${vmkernelAdapter}" } to declare its network, or leave those out.`,
      );
    // A cluster puts paths together, so the type does not say that it is there.
    if (vmkernelAdapter === undefined || (typeof vmkernelAdapter === "object" && vmkernelAdapter.name === undefined))
      fail(`path ${key} names no VMkernel adapter.`, "Give vmkernelAdapter: a name, or { name, ipv4, … }.");
    if ((device === undefined) === (uplink === undefined))
      fail(`path ${key} needs exactly one of device and uplink.`, "Give device (vmrdma#) or uplink (vmnic#).");
  }
  for (const [label, { paths: named = [] }] of Object.entries(found)) {
    const stray = named.find((key) => !(key in paths));
    if (stray !== undefined)
      fail(`${label} names the path ${stray}, which is not there.`, `The paths are ${Object.keys(paths).join(", ")}.`);
  }
  for (const [what, of, cure] of shared) {
    const seen = new Map<string, string>();
    for (const [key, path] of Object.entries(paths)) {
      const value = of(path, key);
      const other = value === undefined ? undefined : seen.get(value);
      if (other !== undefined) fail(`the paths ${other} and ${key} share ${what} ${value}.`, cure);
      if (value !== undefined) seen.set(value, key);
    }
  }
}

function plainName(
  given: string | { readonly name?: pulumi.Input<string> | undefined } | undefined,
): string | undefined {
  const name = typeof given === "object" ? given.name : given;
  return typeof name === "string" ? name : undefined;
}

function ofPath<T extends { readonly paths?: readonly string[] | undefined }>(
  all: Readonly<Record<string, T>>,
  key: string,
): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([, { paths }]) => paths?.includes(key) ?? true));
}

function mapped<T, U>(all: Readonly<Record<string, T>>, make: (one: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(all).map(([key, one]) => [key, make(one, key)]));
}

/** The same device over several adapters is one device. */
function merged(lists: FoundDevice[][]): FoundDevice[] {
  const all = new Map<string, FoundDevice>();
  for (const device of lists.flat()) {
    const known = all.get(device.name);
    all.set(device.name, known === undefined ? device : { ...known, paths: [...known.paths, ...device.paths] });
  }
  return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
