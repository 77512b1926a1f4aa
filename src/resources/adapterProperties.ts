import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import {
  type AdapterInfo,
  type AdapterNames,
  adapterGet,
  adapterSet,
  adapterSetPath,
  skipIfSessionActive,
} from "../esxcli/iscsi.js";
import { type Session, sessionList } from "../esxcli/iscsiSession.js";
import { optionsOf } from "../esxcli/system.js";
import { adapterLanes, adapterOf, findAdapter, isFound, type Resolution, spellings } from "./adapterReference.js";
import { define } from "./definition.js";
import { adapterReference, iqn, isSameIqn, optionText } from "./fields.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";

interface Inputs {
  readonly adapter: string;
  readonly iqn?: string;
  readonly alias?: string;
  readonly force?: boolean;
}

interface Have {
  readonly resolution: Resolution;
  readonly info: AdapterInfo | undefined;
  /** Of the adapter. Only asked where the IQN is to change: the list has been seen to hang while targets flap. */
  readonly sessions: readonly Session[];
  /** The build can leave the IQN as it is while sessions are active. */
  readonly canSkip: boolean;
}

interface Before {
  readonly iqn?: string;
  readonly alias?: string;
  readonly [key: string]: string | undefined;
}

export const adapterProperties = define<Inputs, Have, Before>({
  type: "AdapterProperties",
  fields: {
    adapter: adapterReference,
    iqn: iqn.optional(),
    alias: optionText("an alias of 1 to 255 bytes", 255).optional(),
    force: z.boolean("must be true or false").optional(),
  },
  identity: ["adapter"],
  parents: ["adapter"],
  manner: ["force"],
  outputs: [],

  rules: (_inputs, given) =>
    given("iqn") || given("alias") ? [] : [{ field: "iqn", reason: "and alias: give at least one of them." }],

  id: ({ adapter }) => `${adapter}/properties`,
  spellings,
  lanes: adapterLanes,
  settlesAside: true,

  async observe(ask, { adapter, iqn }) {
    const resolution = await findAdapter(ask, adapter);
    if (resolution.kind !== "found") return { resolution, info: undefined, sessions: [], canSkip: false };
    const info = await ask(adapterGet(resolution.vmhba));
    if (iqn === undefined || isSameIqn(iqn, info.iqn)) return { resolution, info, sessions: [], canSkip: false };
    const [sessions, options] = await Promise.all([ask(sessionList(resolution.vmhba)), ask(optionsOf(adapterSetPath))]);
    return { resolution, info, sessions, canSkip: options.has(skipIfSessionActive) };
  },

  exists: ({ resolution }) => isFound(resolution),

  plan(have, want) {
    return changes(have, adapterOf(have.resolution).vmhba, want, want.force);
  },

  record: ({ info }, want) => pickNamed(info, want),
  current: ({ info }, inputs) => ({
    ...pickNamed(info, inputs),
    ...(inputs.iqn !== undefined && isSameIqn(info?.iqn, inputs.iqn) ? { iqn: inputs.iqn } : {}),
  }),
  report: () => ({}),

  // Whoever deletes it wants the host as it was, and what holds the sessions may be deleted in the same run: they are not in the way.
  remove(have, inputs, before) {
    if (have.resolution.kind !== "found") return { commands: [] };
    const { vmhba } = have.resolution;
    // What is no longer declared is somebody else's by now.
    const declared = names.filter((name) => inputs[name] !== undefined).map((name) => [name, before[name]]);
    const { iqn, alias } = differing(have.info, Object.fromEntries(declared));
    const aliasBack = alias === undefined ? [] : [adapterSet(vmhba, { alias })];
    // Whether ESXi takes an empty alias is not known.
    const isRisky = alias === "";
    return {
      commands: [...(iqn === undefined ? [] : [adapterSet(vmhba, { iqn })]), ...(isRisky ? [] : aliasBack)],
      attempts: isRisky ? aliasBack : [],
    };
  },
});

const names = ["iqn", "alias"] as const;
const isSame = { iqn: isSameIqn, alias: (one?: string, other?: string) => one === other };

/** The declared names, with their values on the host. */
function pickNamed(info: AdapterInfo | undefined, declared: Partial<Inputs>): Before {
  return Object.fromEntries(
    names.filter((name) => declared[name] !== undefined && info).map((name) => [name, info?.[name]]),
  );
}

/** Gives the adapter the names that differ. */
function changes({ info, sessions, canSkip }: Have, vmhba: string, target: AdapterNames, force = false) {
  const due = differing(info, target);
  if (Object.keys(due).length === 0) return [];
  const { iqn, ...rest } = due;
  if (iqn === undefined || force) return [adapterSet(vmhba, due)];
  if (sessions.length > 0) {
    const targets = [...new Set(sessions.map((session) => session.target))];
    throw new IserError("SESSIONS_ACTIVE", {
      problem: `${vmhba} has ${sessions.length} active sessions, with ${targets.join(", ")}, which keep the name ${info?.iqn} when it becomes ${iqn}`,
      cure: "End them with `esxcli iscsi session remove`, or set force: true and run pulumi up; sessions take the new name at their next login. The storage system must allow it.",
    });
  }
  if (!canSkip) return [adapterSet(vmhba, due)];
  // A session may begin meanwhile. ESXi does not take the option together with an alias. [6.7]
  const alone = adapterSet(vmhba, { iqn }, true);
  return rest.alias === undefined ? [alone] : [alone, adapterSet(vmhba, rest)];
}

function differing(info: AdapterInfo | undefined, target: AdapterNames): Before {
  return Object.fromEntries(
    names
      .filter((name) => target[name] !== undefined && !isSame[name](target[name], info?.[name]))
      .map((name) => [name, target[name]]),
  );
}

/** What `AdapterProperties` takes. */
export interface AdapterPropertiesArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** An IserAdapter, its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of an adapter that is not iSER. */
  adapter: AdapterInput;
  /** The iSCSI name: `iqn.yyyy-mm.domain:text`, `eui.` or `naa.` [RFC 3720, RFC 3980]. Written in lower case; one in other case is the same. */
  iqn?: pulumi.Input<string> | undefined;
  /** A name for people, 1 to 255 bytes. Must not begin with a hyphen. */
  alias?: pulumi.Input<string> | undefined;
  /** Change the IQN although sessions are active. Default false. A change of it alone does not touch the host. */
  force?: pulumi.Input<boolean> | undefined;
}

/**
 * The iSCSI name and the alias of an adapter: `esxcli iscsi adapter set`. What is not given is not touched.
 *
 * Sessions keep the old name until they log in again, so the IQN is not changed while there are any, unless by `force`. Let bindings and discovery
 * depend on this, so that it comes before them. Deleting it gives the old names back also while there are sessions; an alias that ESXi does
 * not take back, which an empty one may be, is told and stays.
 *
 * Errors: SESSIONS_ACTIVE, DEVICE_NOT_FOUND, ADAPTER_NOT_FOUND, ADAPTER_AMBIGUOUS, COMMAND_FAILED. Sources: ESXi 6.7 and ESXCLI reference 8.0.2.
 *
 * @example
 * new AdapterProperties("iser-a", { host: "esx01.lab", adapter, iqn: "iqn.1998-01.com.vmware:esx01-a" });
 */
export class AdapterProperties extends EsxiResource {
  declare readonly adapter: pulumi.Output<string>;
  declare readonly iqn: pulumi.Output<string | undefined>;
  declare readonly alias: pulumi.Output<string | undefined>;
  declare readonly force: pulumi.Output<boolean | undefined>;

  constructor(name: string, args: AdapterPropertiesArgs, opts?: pulumi.CustomResourceOptions) {
    super(adapterProperties, name, args, opts);
  }
}
