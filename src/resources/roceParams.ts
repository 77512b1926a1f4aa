import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import {
  protocolList,
  type RdmaProtocols,
  type RoceLogLine,
  type RoceVersion,
  roceLog,
  roceSet,
  roceSetPath,
  roceVersions,
} from "../esxcli/rdma.js";
import { commandList, time, uptime } from "../esxcli/system.js";
import {
  adapterLanes,
  adapterOf,
  isFound,
  observeAdapters,
  type Resolution,
  resolve,
  spellings,
} from "./adapterReference.js";
import { type Ask, askAhead, define, everything } from "./definition.js";
import { adapterReference } from "./fields.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";

export type { RoceVersion } from "../esxcli/rdma.js";

interface Inputs {
  readonly adapter: string;
  readonly version: RoceVersion;
}

interface Have {
  readonly resolution: Resolution;
  readonly protocols: readonly RdmaProtocols[];
  /** What the log says of this adapter since the host was started; undefined when it says nothing. */
  readonly logged: RoceVersion | undefined;
  readonly hasCommand: boolean;
}

interface Before {
  readonly version: RoceVersion;
  /** Whether the log said so. */
  readonly known: boolean;
  readonly [key: string]: string | boolean;
}

export const roceParams = define<Inputs, Have, Before>({
  type: "RoceParams",
  fields: {
    adapter: adapterReference,
    version: z.enum(roceVersions, `must be one of ${roceVersions.join(", ")}`),
  },
  identity: ["adapter"],
  parents: ["adapter"],
  outputs: ["confirmed"],

  id: ({ adapter }) => `${adapter}/roce`,
  spellings,
  lanes: adapterLanes,
  settlesAside: true,

  async observe(ask, { adapter }, { aim } = everything) {
    // The write was logged, most likely.
    if (aim === "verify") for (const clock of [time, uptime]) askAhead(ask, clock);
    const [view, protocols, commands, lines] = await Promise.all([
      observeAdapters(ask),
      ask(protocolList),
      ask(commandList),
      ask(roceLog),
    ]);
    const resolution = resolve(view, adapter);
    const concerned = linesOf(lines, resolution);
    return {
      resolution,
      protocols,
      logged: concerned.length === 0 ? undefined : lastSince(await startOf(ask), concerned),
      hasCommand: commands.has(roceSetPath),
    };
  },

  // The setting has no object of its own: it is there with the adapter.
  exists: ({ resolution }) => isFound(resolution),

  plan({ resolution, protocols, logged, hasCommand }, { version }, { last }) {
    const { vmhba, device } = adapterOf(resolution);
    const drifted = logged !== undefined && logged !== version;
    if (last?.version === version && !drifted) return [];
    if (!hasCommand) {
      throw new IserError("COMMAND_UNKNOWN", {
        problem: `this ESXi build has no \`esxcli ${roceSetPath}\`, so it chooses the RoCE version itself`,
        cure: "Remove the RoceParams of this host. The command is not in 6.7 GA and gone after 8.0; those builds take the highest version that the card speaks.",
      });
    }
    const speaks = protocols.find((row) => row.device === device?.name);
    if (version !== "auto" && speaks?.[version] !== true) {
      const spoken = (["v1", "v2", "iwarp"] as const).filter((known) => speaks?.[known]);
      throw new IserError("ROCE_NOT_SUPPORTED", {
        problem: `${device?.name ?? vmhba} does not speak ${version}. It speaks: ${spoken.join(", ") || "nothing that the host lists"}`,
        cure: "Declare one of these, or auto. `esxcli rdma device protocol list` shows them.",
      });
    }
    return [roceSet(vmhba, version)];
  },

  // What it was before is known only if the log says so; unset, the host takes the highest version that the card speaks.
  record: ({ logged }) => ({ version: logged ?? "auto", known: logged !== undefined }),
  current: ({ logged }) => (logged === undefined ? {} : { version: logged }),
  report: ({ logged }, { version }) => ({ confirmed: logged === version }),
  // The log confirmed it and does not any more: the host was started anew, and whether it keeps the version is not known.
  mayBeLost: (was, now) => was.confirmed === true && now.confirmed === false,

  remove({ resolution, logged, hasCommand }, inputs, { version = "auto", known = false }, _peers, done = false) {
    if (!hasCommand || resolution.kind !== "found" || version === inputs.version) return { commands: [] };
    const givenBack = logged === undefined ? done : logged === version;
    return {
      commands: givenBack ? [] : [roceSet(resolution.vmhba, version)],
      notes: known ? [] : ["set to auto: ESXi does not say which RoCE version was set before."],
    };
  },
});

function linesOf(lines: readonly RoceLogLine[], resolution: Resolution): readonly RoceLogLine[] {
  return resolution.kind === "found" ? lines.filter(({ vmhba }) => vmhba === resolution.vmhba) : [];
}

/** What the log says of each adapter since the host was started, by `vmhba#`. */
export async function loggedVersions(ask: Ask): Promise<ReadonlyMap<string, RoceVersion>> {
  const lines = await ask(roceLog);
  if (lines.length === 0) return new Map();
  const started = await startOf(ask);
  return new Map(lines.filter(({ at }) => at >= started).map(({ vmhba, version }) => [vmhba, version]));
}

/** When the host was started, by its own clock. */
async function startOf(ask: Ask): Promise<Date> {
  const [now, up] = await Promise.all([ask(time), ask(uptime)]);
  return new Date(now.getTime() - up / 1000);
}

/** Before the last start the number may have belonged to another device. */
function lastSince(started: Date, lines: readonly RoceLogLine[]): RoceVersion | undefined {
  return lines.filter(({ at }) => at >= started).at(-1)?.version;
}

/** What `RoceParams` takes. */
export interface RoceParamsArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** An IserAdapter, its RDMA device (`vmrdma0`), or the uplink of that (`vmnic4`). */
  adapter: AdapterInput;
  /** `auto`: the highest version that the card speaks. */
  version: pulumi.Input<RoceVersion>;
}

/**
 * The RoCE version that iSER uses on an adapter: `esxcli rdma iser params set --roce`.
 *
 * ESXi has no command that shows it. Drift is read from the last `iser_set_roce` line of the VMkernel log, if it has one for the adapter
 * since the host was started; `confirmed` says whether it does. Whether the setting survives a reboot is not known: where the log confirmed
 * it and, after a reboot, does not any more, `pulumi refresh` says so and the next `up` sets it again.
 * Through the vSphere API the log cannot be read: `confirmed` is false there, and drift is not seen.
 *
 * Deleting it sets the version that the log showed before, else auto, and a note says so.
 *
 * Errors: COMMAND_UNKNOWN on builds without the command (6.7 GA, 9.x), ROCE_NOT_SUPPORTED, DEVICE_NOT_FOUND, ADAPTER_NOT_FOUND, ADAPTER_AMBIGUOUS,
 * COMMAND_FAILED.
 * Sources: ESXCLI reference 8.0.2 (where it is marked deprecated); the log lines are from the vendor's manual for 7.0.
 *
 * @example
 * new RoceParams("iser-a", { host: "esx01.lab", adapter, version: "v2" });
 */
export class RoceParams extends EsxiResource {
  declare readonly adapter: pulumi.Output<string>;
  declare readonly version: pulumi.Output<RoceVersion>;
  /** The VMkernel log since the host's start shows this `version` for the adapter. Always false through the vSphere API, where it cannot be read. */
  declare readonly confirmed: pulumi.Output<boolean>;

  constructor(name: string, args: RoceParamsArgs, opts?: pulumi.CustomResourceOptions) {
    super(roceParams, name, args, opts);
  }
}
