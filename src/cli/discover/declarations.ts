import { isDeepStrictEqual } from "node:util";
import { hasUplink } from "../../resources/adapterReference.js";
import type { AdapterView, HostView } from "../hostView.js";
import { type Args, type ClassName, type Declaration, type HostProgram, Reference, type Value } from "./declaration.js";
import { Names, Secrets } from "./names.js";
import { chapOf, moduleParametersOf, type Network, namesOf, networkOf, parametersOf, pauseOf } from "./settings.js";
import { both, type Found, Labels, type Targets, targetsOf } from "./targets.js";

/** An adapter whose RDMA device is known. */
interface Known extends AdapterView {
  readonly device: NonNullable<AdapterView["device"]>;
}

/** What is declared of an adapter, whichever way. */
interface Settings {
  readonly adapter: Known;
  /** `{ iqn?, alias? }` */
  readonly names: Args;
  /** As the arguments of a path: `{ roceVersion?, chap?, parameters?, pauseParams? }`. */
  readonly shared: Args;
  readonly targets: Targets;
}

/** A path of an IserHost. */
interface Path extends Settings {
  readonly key: string;
  readonly args: Args;
}

/**
 * What a host has of iSER, as a program declares it: an IserHost of the adapters that have one VMkernel adapter each, and single resources for the rest.
 * What cannot be declared is told in comments. `hasShell`: the host's log could be read.
 */
export function declarationsOf(view: HostView, host: Value, label: string, hasShell: boolean): HostProgram {
  const secrets = new Secrets(label);
  const comments = notDeclared(view);
  if (!hasShell && view.adapters.length > 0)
    comments.push(
      "RoCE versions are not declared: only the VMkernel log says them, which the vSphere API does not show.",
    );
  const known = view.adapters.filter((one): one is Known => one.device !== undefined);
  const settings = known.map((adapter) => settingsOf(adapter, view, secrets, comments));
  const isPath = ({ adapter }: Settings) =>
    adapter.bindings.length === 1 &&
    known.every((other) => other === adapter || other.bindings.every(({ vmknic }) => vmknic !== vmkOf(adapter)));
  const keys = new Names();
  const paths = settings.filter(isPath).map((one) => pathOf(one, view, keys, comments));
  const { modules, comments: aboutModules } = moduleParametersOf(view);
  comments.push(...aboutModules);
  const iserHost = paths.length === 0 ? undefined : iserHostOf(paths, host, label, modules);
  const rest = settings.filter((one) => !isPath(one));
  const declarations = [
    ...(iserHost === undefined ? [] : [iserHost, ...paths.flatMap((path) => discoveredIn(path, host, iserHost))]),
    ...(iserHost !== undefined || rest.length === 0
      ? []
      : Object.entries(modules).map(
          ([module, parameters]): Declaration => ({
            class: "ModuleParameters",
            name: `${label}/${module}`,
            args: { host, module, ...(parameters === undefined ? {} : { parameters }) },
          }),
        )),
    ...rest.flatMap((one) => singlesOf(one, view, host, label, comments)),
  ];
  return { host: view.host, declarations, comments };
}

/** What nobody declares, in sentences. */
export function notDeclared({ adapters, devices }: HostView): string[] {
  const unknown = adapters
    .filter(({ device }) => device === undefined)
    .map(({ vmhba }) => `${vmhba} is not declared: the host does not say which RDMA device it belongs to.`);
  const bare = devices
    .filter(({ name }) => unknown.length === 0 && !adapters.some(({ device }) => device?.name === name))
    .map((device) => `${device.name} has no ${hasUplink(device) ? "iSER adapter" : "uplink, so no iSER adapter"}.`);
  return [...unknown, ...bare];
}

const vmkOf = ({ bindings }: AdapterView) => bindings[0]?.vmknic ?? "";

function settingsOf(adapter: Known, view: HostView, secrets: Secrets, comments: string[]): Settings {
  const names = namesOf(adapter);
  const scope = { words: adapter.name, inputs: { adapter: adapter.name } };
  const pauseParams = pauseOf(adapter.device, view);
  const targets = targetsOf(adapter, secrets);
  comments.push(...names.comments, ...targets.comments);
  return {
    adapter,
    names: names.args ?? {},
    shared: {
      ...(adapter.roce === undefined ? {} : { roceVersion: adapter.roce }),
      ...both(chapOf(adapter, scope, secrets), parametersOf(adapter, scope), comments),
      ...(pauseParams === undefined ? {} : { pauseParams }),
    },
    targets,
  };
}

function pathOf(settings: Settings, view: HostView, keys: Names, comments: string[]): Path {
  const { adapter, names, shared } = settings;
  const vmk = vmkOf(adapter);
  const network = networkOf(view, adapter.device, vmk);
  const group = view.interfaces.find(({ name }) => name === vmk)?.portGroup;
  const isNamed = group !== undefined && group !== "N/A" && /^[\w.-]+$/.test(group);
  const key = keys.of(isNamed ? group : adapter.device.name, adapter.device.name);
  if ("why" in network) comments.push(`The network of ${key} is not declared: ${network.why}.`);
  const { mtu, ...rest } = networkArgs(network, vmk);
  const size = mtu === undefined ? {} : { mtu };
  return { ...settings, key, args: { device: adapter.device.name, ...size, ...shared, ...names, ...rest } };
}

function networkArgs(network: Network | { readonly why: string }, vmk: string): Args {
  if ("why" in network) return { vmkernelAdapter: vmk };
  const { virtualSwitch, portGroup, vmkernelAdapter, mtu } = network;
  const onlyName = Object.keys(virtualSwitch).length === 1;
  return { mtu, virtualSwitch: onlyName ? virtualSwitch.name : virtualSwitch, portGroup, vmkernelAdapter };
}

/** In this order in a program, for all paths where they are the same. */
const shareable = ["mtu", "roceVersion", "chap", "parameters", "pauseParams"];

function iserHostOf(paths: readonly Path[], host: Value, label: string, modules: Args): Declaration {
  const labels = new Labels();
  const isCommon = (key: string) =>
    key === "mtu"
      ? paths.some(({ args }) => args.mtu !== undefined) &&
        new Set(paths.flatMap(({ args }) => args.mtu ?? [])).size === 1
      : paths.every(({ args }) => args[key] !== undefined && isDeepStrictEqual(args[key], paths[0]?.args[key]));
  const common = shareable.filter(isCommon);
  const found = new Map<string, { readonly one: Found; readonly paths: string[] }>();
  for (const { key, targets } of paths)
    for (const one of targets.found) {
      const at = labels.of(one);
      found.set(at, { one, paths: [...(found.get(at)?.paths ?? []), key] });
    }
  const ofKind = (kind: Found["kind"]) => {
    const entries = [...found].filter(([, { one }]) => one.kind === kind);
    const args = entries.map(([at, { one, paths: on }]) => {
      const all = { ...one.place, ...one.own, ...(on.length === paths.length ? {} : { paths: on }) };
      const isPlain = kind === "discovery" && Object.keys(all).length === 1;
      return [at, isPlain ? one.place.address : all] as const;
    });
    return args.length === 0 ? {} : { [kind]: Object.fromEntries(args) };
  };
  return {
    class: "IserHost",
    name: label,
    args: {
      host,
      ...Object.fromEntries(common.map((key) => [key, paths.find(({ args }) => args[key] !== undefined)?.args[key]])),
      ...(Object.keys(modules).length === 0 ? {} : { moduleParameters: modules }),
      paths: Object.fromEntries(
        paths.map(({ key, args }) => [
          key,
          Object.fromEntries(Object.entries(args).filter(([name]) => !common.includes(name))),
        ]),
      ),
      ...ofKind("discovery"),
      ...ofKind("staticTargets"),
    },
  };
}

/** What is set for targets that were discovered: an IserHost has no place for it. */
function discoveredIn(path: Path, host: Value, iserHost: Declaration): readonly Declaration[] {
  const { adapter, targets, key } = path;
  const labels = new Labels();
  return targets.discovered.flatMap(({ target, own }) => {
    const at = labels.of({ kind: "staticTargets", place: target, own });
    return ownOf(`${iserHost.name}/${key}/target/${at}`, { host, adapter: adapter.device.name, target }, own, [
      iserHost,
    ]);
  });
}

/** CHAP and parameters as resources of their own. */
function ownOf(name: string, scope: Args, { chap, parameters }: Args, after: readonly Declaration[]): Declaration[] {
  const all: Declaration[] = [
    ...(chap === undefined ? [] : [{ class: "Chap" as const, name, args: { ...scope, ...(chap as Args) }, after }]),
    ...(parameters === undefined
      ? []
      : [{ class: "IscsiParameters" as const, name, args: { ...scope, parameters }, after }]),
  ];
  return all;
}

/** The resources of an adapter that makes no path of an IserHost. */
function singlesOf(
  { adapter, names, shared, targets }: Settings,
  view: HostView,
  host: Value,
  label: string,
  comments: string[],
): readonly Declaration[] {
  const { device, bindings } = adapter;
  const called = `${label}/${device.name}`;
  const made = (type: ClassName, name: string, args: Args, after: readonly Declaration[] = []): Declaration => ({
    class: type,
    name,
    args: { host, ...args },
    ...(after.length === 0 ? {} : { after }),
  });
  const count =
    bindings.length === 0 ? "is bound to no VMkernel adapter" : `has VMkernel adapters that others have, or several`;
  comments.push(`${device.name} ${count}, so it is declared resource by resource.`);
  const iserAdapter = made("IserAdapter", called, { device: device.name });
  const reference = new Reference(iserAdapter);
  const { roceVersion, pauseParams, ...own } = shared;
  const before = [
    ...(roceVersion === undefined ? [] : [made("RoceParams", called, { adapter: reference, version: roceVersion })]),
    ...(Object.keys(names).length === 0 ? [] : [made("AdapterProperties", called, { adapter: reference, ...names })]),
  ];
  const ownSettings = ownOf(called, { host, adapter: reference }, own, []);
  const pause =
    pauseParams === undefined ? [] : [made("PauseParams", called, { nic: device.name, ...(pauseParams as Args) })];
  const networks: Declaration[] = [];
  const once = (declaration: Declaration): Declaration => {
    const same = networks.find((one) => one.class === declaration.class && one.args.name === declaration.args.name);
    if (same === undefined) networks.push(declaration);
    return same ?? declaration;
  };
  const ofNetwork = new Names();
  const portBindings = bindings.map(({ vmknic }) => {
    const network = networkOf(view, device, vmknic);
    const name = `${label}/${vmknic}`;
    if ("why" in network) {
      comments.push(`The network of ${vmknic} is not declared: ${network.why}.`);
      return made("PortBinding", `${called}/${vmknic}`, { adapter: reference, vmkernelAdapter: vmknic }, before);
    }
    const { virtualSwitch, portGroup, vmkernelAdapter, mtu } = network;
    const carrier = once(
      made("VirtualSwitch", `${called}/${ofNetwork.of(String(virtualSwitch.name), "switch")}`, {
        uplinks: [device.name],
        ...virtualSwitch,
        mtu,
      }),
    );
    const group = once(
      made("PortGroup", `${called}/${ofNetwork.of(String(portGroup.name), "group")}`, {
        ...portGroup,
        virtualSwitch: new Reference(carrier, "name"),
        activeUplinks: [device.name],
        standbyUplinks: [],
      }),
    );
    const vmk = once(
      made("VmkernelAdapter", name, { ...vmkernelAdapter, portGroup: new Reference(group, "name"), mtu }),
    );
    return made(
      "PortBinding",
      `${called}/${vmknic}`,
      { adapter: reference, vmkernelAdapter: new Reference(vmk, "name") },
      before,
    );
  });
  const labels = new Labels();
  const ready = [...portBindings, ...ownSettings];
  const found = targets.found.flatMap((one) => {
    const at = `${called}/${labels.of(one)}`;
    const [type, scope] =
      one.kind === "discovery"
        ? (["DiscoveryAddress", "discoveryAddress"] as const)
        : (["StaticTarget", "target"] as const);
    const declared = made(type, at, { adapter: reference, ...one.place }, ready);
    return [declared, ...ownOf(at, { host, adapter: reference, [scope]: one.place }, one.own, [declared])];
  });
  const discovered = targets.discovered.flatMap(({ target, own: set }) => {
    const at = labels.of({ kind: "staticTargets", place: target, own: set });
    const after = found.filter((one) => one.class === "DiscoveryAddress");
    return ownOf(`${called}/target/${at}`, { host, adapter: reference, target }, set, after);
  });
  return [...pause, ...networks, iserAdapter, ...before, ...ownSettings, ...portBindings, ...found, ...discovered];
}
