import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { sendTargetList } from "../esxcli/iscsiDiscovery.js";
import { hintFor, isFailure } from "../esxcli/lastError.js";
import { rescan as rescanAdapter } from "../esxcli/storage.js";
import {
  adapterLanes,
  adapterOf,
  allAdapterLanes,
  isFound,
  observeAdapters,
  owners,
  type Resolution,
  resolve,
} from "./adapterReference.js";
import { define, everything, type JsonRecord } from "./definition.js";
import { adapterReference, portal } from "./fields.js";
import {
  devicesOf,
  type FoundDevice,
  type FoundSession,
  type FoundTarget,
  isLoggedIn,
  isUp,
  type Looked,
  sessionsOf,
  targetsOf,
} from "./inventory.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";

export type { FoundDevice, FoundSession, FoundTarget } from "./inventory.js";

interface Inputs {
  readonly adapter?: string;
  readonly triggers?: unknown;
}

interface Have {
  /** Undefined when it is about all iSER adapters of the host. */
  readonly resolution: Resolution | undefined;
  readonly adapters: readonly Looked[];
  /** The SendTargets discovery addresses of the adapters. */
  readonly addresses: readonly string[];
  readonly targets: readonly FoundTarget[];
  readonly sessions: readonly FoundSession[];
  readonly devices: readonly FoundDevice[];
}

type Before = JsonRecord;

export const rescan = define<Inputs, Have, Before>({
  type: "Rescan",
  fields: {
    adapter: adapterReference.optional(),
    triggers: z
      .union([z.array(z.json()), z.record(z.string(), z.json())], "must be a list or a map of plain values")
      .optional(),
  },
  identity: ["adapter"],
  parents: ["adapter"],
  outputs: ["targets", "sessions", "devices"],
  status: ["sessions"],
  settleSeconds: 30,
  leavesNothing: true,
  settlesAside: true,

  id: ({ adapter }) => (adapter === undefined ? "rescan" : `${adapter}/rescan`),
  lanes: (ask, { adapter }) => (adapter === undefined ? allAdapterLanes(ask) : adapterLanes(ask, { adapter })),

  async observe(ask, { adapter }, { aim } = everything) {
    const view = await observeAdapters(ask);
    const resolution = adapter === undefined ? undefined : resolve(view, adapter);
    const looked =
      resolution === undefined
        ? [...owners(view)].map(([one, device]) => ({ adapter: one, device }))
        : resolution.kind === "found"
          ? [resolution]
          : [];
    const adapters = looked.map(({ adapter: { adapter: vmhba }, device }) => ({
      vmhba,
      adapter: device?.name ?? vmhba,
    }));
    // To scan, it need not be known what there is.
    if (aim === "plan") return { resolution, adapters, addresses: [], targets: [], sessions: [], devices: [] };
    const [addresses, targets, sessions, devices] = await Promise.all([
      Promise.all(adapters.map(({ vmhba }) => ask(sendTargetList(vmhba)))),
      targetsOf(ask, adapters),
      sessionsOf(ask, adapters),
      devicesOf(ask, adapters),
    ]);
    const discovery = addresses.flat().map(({ sendtarget }) => sendtarget);
    return { resolution, adapters, addresses: discovery, targets, sessions, devices };
  },

  exists: ({ resolution }) => resolution === undefined || isFound(resolution),

  plan({ resolution }, want, { last, unfinished }) {
    const vmhba = resolution === undefined ? undefined : adapterOf(resolution).vmhba;
    const isDone = !unfinished && last !== undefined && isDeepStrictEqual(last.triggers, want.triggers);
    return isDone ? [] : [rescanAdapter(vmhba)];
  },

  record: () => ({}),
  current: () => ({}),
  // How a target or a path is doing changes by itself: a refresh shows what came or went.
  report({ targets, sessions, devices }, _inputs, { wrote, was }) {
    const old = wrote ? {} : (was as { targets?: readonly FoundTarget[]; devices?: readonly FoundDevice[] });
    return {
      targets: keepIfSame(old.targets, targets, whichTarget),
      sessions,
      devices: keepIfSame(old.devices, devices, whichDevice),
    };
  },

  // Discovery and login go on in the background.
  rests: (have) =>
    (have.targets.length > 0 || have.addresses.length === 0) &&
    have.targets.every((one) => isLoggedIn(have.sessions, one) || isFailure(one.lastError)),

  remarks(have) {
    if (have.targets.length === 0) return [nothingFound(have)];
    const failed = have.targets
      .filter((one) => !isLoggedIn(have.sessions, one))
      .map(
        ({ adapter, targetName, address, port, lastError }) =>
          `no session of ${adapter} with ${targetName} at ${portal(address, port)}: ${isFailure(lastError) ? `ESXi says "${lastError}" ${hintFor(lastError)}` : "ESXi gives no reason. It may still be logging in; pulumi refresh shows it."}`,
      );
    return [...failed, ...fewerSessions(have)];
  },

  // A rescan leaves nothing that could be taken back.
  remove: () => ({ commands: [] }),
});

function nothingFound({ adapters, addresses }: Have): string {
  if (adapters.length === 0) return "the host has no iSER adapter, so there is nothing to find.";
  const where = adapters.map(({ adapter }) => adapter).join(", ");
  return addresses.length === 0
    ? `no targets on ${where}, which has no discovery address. Declare a DiscoveryAddress or a StaticTarget, and pass it in dependsOn.`
    : `no targets on ${where}, although it has the discovery addresses ${addresses.join(", ")}. Check that a bound VMkernel adapter reaches them, and that the storage system shows targets to the adapter's IQN.`;
}

/**
 * A target may have portals that its adapter does not reach, so fewer sessions are told and not waited for. A target that redirects its
 * initiators has connections to other addresses than its portals': then only the numbers tell.
 */
function fewerSessions(have: Have): readonly string[] {
  const targets = new Map(have.targets.map((one) => [`${one.adapter} ${one.targetName}`, one]));
  return [...targets.values()].flatMap(({ adapter, targetName }) => {
    const isIts = (one: { readonly adapter: string; readonly targetName: string }) =>
      one.adapter === adapter && one.targetName === targetName;
    const portals = new Map(have.targets.filter(isIts).map((one) => [portal(one.address, one.port), one.address]));
    const sessions = have.sessions.filter((one) => isIts(one) && one.connections.some(isUp));
    const reached = sessions.flatMap(({ connections }) => connections.filter(isUp).map(({ address }) => address));
    const isRedirected = !reached.every((address) => [...portals.values()].includes(address));
    const missing = isRedirected ? [] : [...portals].filter(([, address]) => !reached.includes(address));
    const served = Math.min(sessions.length, portals.size - missing.length);
    if (sessions.length === 0 || served === portals.size) return [];
    const where = missing.length === 0 ? "" : `, none at ${missing.map(([name]) => name).join(", ")}`;
    return [`${served} of ${portals.size} portals of ${targetName} have a session of ${adapter}${where}.`];
  });
}

function whichTarget({ adapter, targetName, address, port, discoveryMethod }: FoundTarget) {
  return { adapter, targetName, address, port, discoveryMethod };
}

function whichDevice({ name, displayName, sizeMb, paths }: FoundDevice) {
  const whichPath = ({ adapter, targetName, lun }: FoundDevice["paths"][number]) => `${adapter} ${targetName} ${lun}`;
  return { name, displayName, sizeMb, paths: paths.map(whichPath).sort() };
}

function keepIfSame<T>(old: readonly T[] | undefined, now: readonly T[], which: (one: T) => object): readonly T[] {
  return old !== undefined && isDeepStrictEqual(old.map(which), now.map(which)) ? old : now;
}

/** What `Rescan` takes. */
export interface RescanArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /**
   * An IserAdapter, its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of an adapter that is not iSER. Left out: every
   * storage adapter of the host is scanned, and the outputs are of its iSER adapters.
   */
  adapter?: AdapterInput | undefined;
  /**
   * A list or map of plain values: when they change, it scans again. The ids of the bindings, addresses and targets that it depends on, for
   * instance. No secrets: it is plain in state.
   */
  triggers?: pulumi.Input<pulumi.Input<unknown>[] | Record<string, pulumi.Input<unknown>>> | undefined;
}

/**
 * Looks for targets and devices: `esxcli storage core adapter rescan`, which also logs in to targets. Done when it is created and when `triggers`
 * change, and waits up to 30 seconds for a session with each target or for ESXi's reason why there is none, which a message tells.
 *
 * A change of `triggers` is an update, not a replacement: a replacement would first delete what depends on the devices. In a preview of such an
 * update the outputs are unknown. Deleting it does nothing.
 *
 * Give `dependsOn` the bindings, addresses and CHAP settings that must be there first.
 *
 * Errors: DEVICE_NOT_FOUND, ADAPTER_NOT_FOUND, ADAPTER_AMBIGUOUS, COMMAND_FAILED, COMMAND_TIMEOUT (a session list can hang while targets come and go). Sources:
 * seen on 5.5 and in the ESXCLI reference; targets and sessions seen on 5.0, paths and devices on 5.x to 8 for other adapters than iSER.
 *
 * @example
 * const scan = new Rescan("scan", { host: "esx01.lab", adapter, triggers: [binding.id, array.id] }, { dependsOn: [binding, array] });
 * export const devices = scan.devices.apply((all) => all.map(({ name }) => name));
 */
export class Rescan extends EsxiResource {
  declare readonly adapter: pulumi.Output<string | undefined>;
  declare readonly triggers: pulumi.Output<unknown>;
  /** What was found, a row each address of a target. `lastError` is as of the last rescan, or of the last target that came or went. */
  declare readonly targets: pulumi.Output<FoundTarget[]>;
  /** As of the last change that was seen of anything but these. */
  declare readonly sessions: pulumi.Output<FoundSession[]>;
  /** The devices that are reached through the adapter, by name. `state` and `runtimeName` of a path are as of the last rescan, or of the last path that came or went. */
  declare readonly devices: pulumi.Output<FoundDevice[]>;

  constructor(name: string, args: RescanArgs, opts?: pulumi.CustomResourceOptions) {
    super(rescan, name, args, opts);
  }
}
