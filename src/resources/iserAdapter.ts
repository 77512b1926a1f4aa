import type * as pulumi from "@pulumi/pulumi";
import { IserError } from "../errors.js";
import { type AdapterInfo, adapterGet, adapterList, type IscsiAdapter } from "../esxcli/iscsi.js";
import { iserAdd, iserAddPath, iserDelete, type RdmaDevice } from "../esxcli/rdma.js";
import { type CommandOptions, commandList, optionsOf } from "../esxcli/system.js";
import {
  type AdapterView,
  adapterOf,
  allAdapterLanes,
  hasUplink,
  isFound,
  listDevices,
  observeAdapters,
  owners,
  type Resolution,
  resolve,
} from "./adapterReference.js";
import { type Ask, askAhead, define, everything, type Peers } from "./definition.js";
import { rdmaDevice, uplink } from "./fields.js";
import { EsxiResource, type HostInput } from "./provider.js";

interface Inputs {
  readonly device?: string;
  readonly uplink?: string;
}

interface Have {
  readonly view: AdapterView;
  readonly resolution: Resolution;
  readonly info: AdapterInfo | undefined;
  /** Whether the build has `rdma iser add` at all, and whether it takes `--device`. */
  readonly hasCommand: boolean;
  readonly perDevice: boolean;
}

interface Before {
  readonly existed: boolean;
  /** The other devices that had an adapter before this one was made. */
  readonly beside: readonly string[];
  readonly [key: string]: boolean | readonly string[];
}

const reference = ({ device, uplink }: Inputs) => device ?? uplink ?? "";

export const iserAdapter = define<Inputs, Have, Before>({
  type: "IserAdapter",
  fields: { device: rdmaDevice.optional(), uplink: uplink.optional() },
  identity: ["device", "uplink"],
  outputs: ["ref", "vmhba", "device", "uplink", "iqn", "driver", "description", "state", "rebootRequired"],
  // The name is AdapterProperties' to declare: where that has set another one, the adapter has not drifted.
  status: ["state", "iqn"],
  settleSeconds: 60,

  rules: (_inputs, given) =>
    given("device") === given("uplink")
      ? [{ field: "device", reason: "and uplink: give exactly one of them, device (vmrdma#) or uplink (vmnic#)." }]
      : [],

  id: reference,
  spellings: ({ resolution }) =>
    "device" in resolution && resolution.device !== undefined
      ? [{ device: resolution.device.name }, { uplink: resolution.device.pairedUplink }]
      : [],
  lanes(ask) {
    for (const question of [optionsOf(iserAddPath), adapterList]) askAhead(ask, question);
    return allAdapterLanes(ask);
  },

  async observe(ask, inputs, { aim } = everything) {
    const ofAdapter = async () => {
      const view = await observeAdapters(ask, adapterList, aim !== "plan");
      const resolution = resolve(view, reference(inputs));
      const info = resolution.kind === "found" ? await ask(adapterGet(resolution.vmhba)) : undefined;
      return { view, resolution, info };
    };
    const [ofIt, options] = await Promise.all([
      ofAdapter(),
      // What the build can do is of no matter where nothing is made or deleted.
      aim === "refresh" ? undefined : optionsIfThere(ask, iserAddPath),
    ]);
    return { ...ofIt, hasCommand: options !== undefined, perDevice: options?.has("device") ?? false };
  },

  exists: ({ resolution }) => isFound(resolution),
  // With --device the adapter of a device can be deleted without knowing its number.
  mayExist: ({ resolution, perDevice }) => (perDevice && resolution.kind === "ambiguous") || isFound(resolution),

  plan({ view, resolution, hasCommand, perDevice }) {
    if (resolution.kind !== "absent") {
      adapterOf(resolution);
      return [];
    }
    const { device } = resolution;
    if (!hasUplink(device)) {
      throw new IserError("DEVICE_WITHOUT_UPLINK", {
        problem: `${device.name} has no paired uplink, so iSER cannot use it. RDMA devices: ${listDevices(view.devices)}`,
        cure: "Use a device that has one, or enable the NIC driver of this card.",
      });
    }
    if (device.state !== "Active") {
      throw new IserError("DEVICE_NOT_ACTIVE", {
        problem: `${device.name} is in state ${device.state}, not Active. RDMA devices: ${listDevices(view.devices)}`,
        cure: `Bring the link of ${device.pairedUplink} up (cable, switch port), or use another device.`,
      });
    }
    if (!hasCommand) {
      throw new IserError("COMMAND_UNKNOWN", {
        problem: "this ESXi build has no `esxcli rdma iser add`",
        cure: "iSER needs ESXi 6.7 or later.",
      });
    }
    return [iserAdd(perDevice ? device.name : undefined)];
  },

  // An adapter that came with another's `add`, in this run or an earlier one, or that was left by a delete, did not exist before.
  record({ resolution, perDevice }, inputs, { first, declared, released }) {
    const atFirst = resolve(first.view, reference(inputs)).kind === "found";
    const device = resolution.kind === "found" ? (resolution.device?.name ?? "") : "";
    const madeBy = [...(declared.values() as Iterable<Partial<Before>>)].find(
      ({ existed, beside = [] }) => !perDevice && existed === false && !beside.includes(device),
    );
    const wasLeft = released.get(reference(inputs))?.existed === false;
    const beside = [...owners(first.view).values()].flatMap((owner) => (owner === undefined ? [] : [owner.name]));
    return {
      existed: resolution.kind === "found" && atFirst && !wasLeft && madeBy === undefined,
      beside: madeBy?.beside ?? beside,
    };
  },

  current: () => ({}),

  report({ resolution, info }, inputs, { rebootRequired }) {
    const ref = reference(inputs);
    // Only when ESXi asked for a reboot is an adapter reported that is not there yet.
    if (resolution.kind !== "found") return { ref, ...inputs, vmhba: "", state: "", rebootRequired };
    const { adapter, device } = resolution;
    return {
      ref,
      vmhba: adapter.adapter,
      device: device?.name ?? "",
      uplink: device?.pairedUplink ?? "",
      iqn: info?.iqn ?? "",
      driver: adapter.driver,
      description: adapter.description,
      state: adapter.state,
      rebootRequired: false,
    };
  },

  remove({ view, perDevice, resolution }, _inputs, { existed, beside = [] }, peers, done = false) {
    if (existed) return { commands: [] };
    if (resolution.kind === "ambiguous") return { commands: done ? [] : [iserDelete(resolution.device.name)] };
    if (resolution.kind !== "found") return { commands: [] };
    const own = resolution.device;
    if (perDevice) return { commands: [iserDelete(own?.name)] };
    const others = [...owners(view)].filter(
      ([, owner]) => owner === undefined || (owner.name !== own?.name && !isAmong(peers.released, owner)),
    );
    const needed = others.filter(([adapter, owner]) => isNeeded(adapter, owner, beside, peers));
    if (needed.length === 0) {
      const along = `\`esxcli rdma iser delete\` of this build takes no device and also took ${list(others)}, which had come with it.`;
      return { commands: [iserDelete(undefined)], notes: others.length === 0 ? [] : [along] };
    }
    return {
      commands: [],
      notes: [
        `left on the host: \`esxcli rdma iser delete\` of this build takes no device and would also take ${list(needed)}. It goes with the last one that is deleted.`,
      ],
    };
  },
});

/** The options of a command, undefined where the build does not have it. What it answers to a question for the help of such a one is not known. */
async function optionsIfThere(ask: Ask, path: string): Promise<CommandOptions | undefined> {
  try {
    return await ask(optionsOf(path));
  } catch (error) {
    if ((await ask(commandList)).has(path)) throw error;
    return undefined;
  }
}

/** Whether an adapter of another device speaks against a `delete` that takes them all. */
function isNeeded(
  { state }: IscsiAdapter,
  owner: RdmaDevice | undefined,
  beside: readonly string[],
  { declared }: Peers<Have>,
): boolean {
  // It was there before ours, or it is declared, or somebody has bound it. Else it only came with ours.
  return owner === undefined || beside.includes(owner.name) || isAmong(declared, owner) || state !== "unbound";
}

function isAmong(ids: { has(id: string): boolean }, { name, pairedUplink }: RdmaDevice): boolean {
  return ids.has(name) || ids.has(pairedUplink);
}

function list(adapters: readonly (readonly [IscsiAdapter, RdmaDevice | undefined])[]): string {
  return adapters
    .map(([{ adapter }, owner]) => `${adapter}${owner === undefined ? "" : ` of ${owner.name}`}`)
    .join(", ");
}

/** What `IserAdapter` takes. */
export interface IserAdapterArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /**
   * The RDMA device, `vmrdma#`. Exactly one of `device` and `uplink`. To go from one to the other for the same card replaces all that refers to
   * the adapter.
   */
  device?: pulumi.Input<string> | undefined;
  /** The physical NIC that the RDMA device is paired with, `vmnic#`. */
  uplink?: pulumi.Input<string> | undefined;
}

/**
 * The iSER adapter of an RDMA device: `esxcli rdma iser add`. It shows up as a `vmhba#` with the driver `iser`.
 *
 * Every input but `host` is part of its identity: it is made, read, replaced and deleted, never updated. On builds whose
 * `esxcli rdma iser add` takes no device (6.7, and 7.0 as far as known) one call serves all devices of the host; such an adapter is
 * deleted with the last one. An adapter that was there before is adopted, and stays when the resource is deleted.
 *
 * Errors: DEVICE_NOT_FOUND, DEVICE_NOT_ACTIVE, DEVICE_WITHOUT_UPLINK, ADAPTER_AMBIGUOUS, COMMAND_UNKNOWN, COMMAND_FAILED, NOT_CONVERGED.
 * Sources: ESXCLI reference 8.0.2 and 9.1 (`--device`), 6.7 (no options). Which `vmhba#` belongs to which device is inferred.
 *
 * @example
 * const adapter = new IserAdapter("iser-a", { host: "esx01.lab", device: "vmrdma0" });
 */
export class IserAdapter extends EsxiResource {
  /** What other resources call the adapter by: the declared device or uplink. Known in the first preview. */
  declare readonly ref: pulumi.Output<string>;
  /** The adapter's name on the host, `vmhba64`. It can change at a reboot. */
  declare readonly vmhba: pulumi.Output<string>;
  /** `vmrdma0` */
  declare readonly device: pulumi.Output<string>;
  /** `vmnic4` */
  declare readonly uplink: pulumi.Output<string>;
  /**
   * The iSCSI name as of the last change of the adapter that was seen. A refresh does not count another name as drift: where somebody relies on it,
   * declare it with AdapterProperties and use that.
   */
  declare readonly iqn: pulumi.Output<string>;
  /** `iser` */
  declare readonly driver: pulumi.Output<string>;
  declare readonly description: pulumi.Output<string>;
  /** `unbound` until a VMkernel adapter is bound, then `online`; as of the last change of the adapter that was seen. */
  declare readonly state: pulumi.Output<string>;
  /** ESXi asked for a reboot before the adapter can be used. */
  declare readonly rebootRequired: pulumi.Output<boolean>;

  constructor(name: string, args: IserAdapterArgs, opts?: pulumi.CustomResourceOptions) {
    super(iserAdapter, name, args, opts);
    this.nameItself("ref", args.device ?? args.uplink ?? "");
  }
}
