import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import { unusableAsValue } from "../esxcli/command.js";
import {
  type ChapDirection,
  type ChapLevel,
  type ChapState,
  chapDefault,
  chapGet,
  chapLevels,
  chapSet,
} from "../esxcli/iscsi.js";
import { adapterLanes, adapterOf, isFound, observeAdapters, type Resolution, resolve } from "./adapterReference.js";
import { define, type Failure } from "./definition.js";
import { adapterReference, optionText, secretText } from "./fields.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";

interface Credentials {
  readonly name: string;
  readonly secret: string;
}

interface Inputs {
  readonly adapter: string;
  readonly level: ChapLevel;
  readonly name?: string;
  readonly secret?: string;
  readonly mutual?: Credentials | "prohibited";
  readonly secretVia: "prompt" | "argument";
}

interface Have {
  readonly resolution: Resolution;
  readonly uni: ChapState;
  readonly mutual: ChapState;
}

interface Before {
  readonly uni: { readonly level: ChapLevel; readonly name: string };
  readonly mutual: { readonly level: ChapLevel; readonly name: string };
  readonly [key: string]: { readonly level: ChapLevel; readonly name: string };
}

const off: ChapState = { level: "prohibited", name: "" };
const longestName = 511;
const longestSecret = 255;
const authName = optionText(`a CHAP name of 1 to ${longestName} bytes`, longestName);

export const chap = define<Inputs, Have, Before>({
  type: "Chap",
  fields: {
    adapter: adapterReference,
    level: z.enum(chapLevels, `must be one of ${chapLevels.join(", ")}`),
    name: authName.optional(),
    secret: secretText(longestSecret).optional(),
    mutual: z
      .union([z.literal("prohibited"), z.strictObject({ name: authName, secret: secretText(longestSecret) })], {
        error: `must be { name, secret }, or "prohibited"; the name has 1 to ${longestName} bytes and does not begin with a hyphen, the secret has 1 to ${longestSecret} printable characters`,
      })
      .optional(),
    secretVia: z.enum(["prompt", "argument"], "must be prompt or argument").default("prompt"),
  },
  identity: ["adapter"],
  parents: ["adapter"],
  secrets: ["secret", "mutual"],
  manner: ["secretVia"],
  outputs: [],

  rules(inputs, given) {
    const { level, secret, mutual, secretVia } = inputs;
    const pairs = typeof mutual === "object" ? [secret, mutual.secret] : [secret];
    const asOption =
      secretVia === "argument" && pairs.some((value) => value !== undefined && unusableAsValue(value) !== undefined);
    const needed = level !== undefined && level !== "prohibited";
    const missing = (["name", "secret"] as const).filter((field) => !given(field));
    const rules: [boolean, Failure<Inputs>][] = [
      [
        needed ? missing.length > 0 : missing.length === 1,
        {
          field: missing[0] ?? "name",
          reason: needed
            ? `is missing: level "${level}" needs both name and secret, for ESXi takes level, name and secret together.`
            : "is missing: name and secret go together, give both or neither.",
        },
      ],
      [
        level !== undefined && level !== "required" && (mutual === undefined ? false : mutual !== "prohibited"),
        {
          field: "level",
          reason: `is ${level}, but mutual CHAP needs level required. Set level to required, or remove mutual.`,
        },
      ],
      [
        typeof mutual === "object" && mutual.secret === secret,
        {
          field: "mutual",
          reason: "must have another secret than the one of the adapter: ESXi refuses the same for both directions.",
        },
      ],
      [
        asOption,
        {
          field: "secret",
          reason:
            'begins with a hyphen, and esxcli would take it for an option; use secretVia "prompt", or another secret.',
        },
      ],
    ];
    return rules.filter(([broken]) => broken).map(([, failure]) => failure);
  },

  id: ({ adapter }) => `${adapter}/chap`,
  lanes: adapterLanes,

  async observe(ask, { adapter }) {
    const resolution = resolve(await observeAdapters(ask), adapter);
    if (resolution.kind !== "found") return { resolution, uni: off, mutual: off };
    const [uni, mutual] = await Promise.all([
      ask(chapGet(resolution.vmhba, "uni")),
      ask(chapGet(resolution.vmhba, "mutual")),
    ]);
    return { resolution, uni, mutual };
  },

  exists: ({ resolution }) => isFound(resolution),

  plan(have, want, { last }) {
    const { vmhba } = adapterOf(have.resolution);
    const write = (direction: ChapDirection, target: ChapState, secret: string | undefined) =>
      secret === undefined
        ? chapDefault(vmhba, direction)
        : chapSet(vmhba, direction, { ...target, secret }, want.secretVia);

    const uni = { level: want.level, name: want.name ?? "" };
    const mutual = wantedMutual(want.mutual, have.mutual);
    const uniDue = differs(have.uni, uni) || (want.secret !== undefined && want.secret !== last?.secret);
    const mutualDue =
      differs(have.mutual, mutual) ||
      (typeof want.mutual === "object" && want.mutual.secret !== secretOf(last?.mutual));
    if (uniDue && uni.level !== "required" && mutual.level === "required") {
      throw mutualInTheWay(vmhba, mutual, uni.level);
    }
    const uniCommand = uniDue ? [write("uni", uni, want.secret)] : [];
    const mutualCommand = mutualDue ? [write("mutual", mutual, secretOf(want.mutual))] : [];
    // ESXi takes mutual CHAP only while CHAP is required: on after it, off before it. [6.7]
    return mutual.level === "required" ? [...uniCommand, ...mutualCommand] : [...mutualCommand, ...uniCommand];
  },

  record: ({ uni, mutual }, want) => (want.mutual === undefined ? ({ uni } as Before) : { uni, mutual }),

  current({ uni, mutual }, inputs) {
    const named = inputs.name !== undefined && uni.level !== "prohibited";
    const shown = { level: uni.level, ...(named ? { name: uni.name } : {}) };
    if (inputs.mutual === undefined) return shown;
    const declared = inputs.mutual;
    if (declared === "prohibited" || mutual.level !== "required") {
      return { ...shown, mutual: mutual.level === "required" ? { name: mutual.name, secret: "" } : "prohibited" };
    }
    return { ...shown, mutual: { ...declared, name: mutual.name } };
  },

  report: () => ({}),

  remove({ resolution, uni, mutual }, inputs, before) {
    if (resolution.kind !== "found") return { commands: [] };
    const { vmhba } = resolution;
    const directions = [
      // What is no longer declared is somebody else's by now.
      { direction: "mutual", have: mutual, was: inputs.mutual === undefined ? undefined : before.mutual },
      { direction: "uni", have: uni, was: before.uni },
    ] as const;
    const due = directions.filter(({ have, was }) => was !== undefined && differs(have, was) && differs(have, off));
    const mutualStays = mutual.level === "required" && !due.some(({ direction }) => direction === "mutual");
    if (mutualStays && due.length > 0) throw mutualInTheWay(vmhba, mutual, "prohibited");
    return {
      commands: due.map(({ direction }) => chapDefault(vmhba, direction)),
      notes: directions.flatMap(({ direction, have, was }) =>
        was === undefined || was.level === "prohibited" ? [] : [unrestored(direction, was, differs(have, was))],
      ),
    };
  },
});

function unrestored(direction: ChapDirection, was: ChapState, changed: boolean): string {
  const before = `CHAP ${direction} was ${was.level} with the name ${was.name} before, and its secret could not be read`;
  return changed
    ? `${before}, so it is not given back. It is now ESXi's default. Set it by hand if it is needed.`
    : `${before}. It stays with the secret that was declared here.`;
}

function mutualInTheWay(vmhba: string, mutual: ChapState, level: ChapLevel): IserError {
  return new IserError("MUTUAL_CHAP_IN_THE_WAY", {
    problem: `mutual CHAP is required on ${vmhba} for the name ${mutual.name} and is not declared here, so ESXi does not take level ${level}`,
    cure: 'Declare mutual: "prohibited" to switch it off, or level: "required".',
  });
}

function wantedMutual(mutual: Inputs["mutual"], have: ChapState): ChapState {
  if (mutual === undefined) return have;
  return mutual === "prohibited" ? off : { level: "required", name: mutual.name };
}

/** Where CHAP is prohibited, the name that the host may keep beside it does not matter. */
function differs(have: ChapState, want: ChapState): boolean {
  return have.level !== want.level || (want.level !== "prohibited" && have.name !== want.name);
}

function secretOf(mutual: Inputs["mutual"]): string | undefined {
  return typeof mutual === "object" ? mutual.secret : undefined;
}

export interface ChapArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** An IserAdapter, its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of an adapter that is not iSER. */
  adapter: AdapterInput;
  /**
   * `prohibited`: no CHAP. `discouraged`: only if the target insists. `preferred`: unless the target refuses. `required`: CHAP or no
   * login. All but `prohibited` need `name` and `secret`.
   */
  level: pulumi.Input<ChapLevel>;
  /** The name that the initiator authenticates with, 1 to 511 bytes. Must not begin with a hyphen. */
  name?: pulumi.Input<string> | undefined;
  /** 1 to 255 printable characters; ESXi recommends at least 12 bytes. Always encrypted in state. */
  secret?: pulumi.Input<string> | undefined;
  /** Mutual CHAP: what the target authenticates with. Only with level `required`. `"prohibited"` switches it off; left out, it is not managed. */
  mutual?: pulumi.Input<{ name: pulumi.Input<string>; secret: pulumi.Input<string> } | "prohibited"> | undefined;
  /**
   * How the secret reaches esxcli. `prompt` (default): on standard input, so that it is on no command line of the host.
   * `argument`: as `--secret=…`, for a build whose esxcli does not read it from standard input; the host's process list and logs may show it.
   */
  secretVia?: pulumi.Input<"prompt" | "argument"> | undefined;
}

/**
 * CHAP of an adapter: `esxcli iscsi adapter auth chap set`. The targets that inherit it use it at their next login; sessions that are open
 * keep the old values.
 *
 * A secret cannot be read back. It is written when it differs from the one in state; drift covers level and names. Deleting it goes back
 * to ESXi's default, or leaves what was there before with the same level and name; a secret that was there before cannot be given back, and a note says so.
 *
 * Errors: ADAPTER_NOT_FOUND, MUTUAL_CHAP_IN_THE_WAY, COMMAND_FAILED. Sources: ESXi 6.7 (rules and messages), vendor manuals (lengths). That a
 * bare `--secret` reads standard input without a terminal is deduced from Python's getpass.
 *
 * @example
 * new Chap("iser-a", { host: "esx01.lab", adapter, level: "required", name: "esx01", secret: config.requireSecret("chapSecret") });
 */
export class Chap extends EsxiResource {
  declare readonly adapter: pulumi.Output<string>;
  declare readonly level: pulumi.Output<ChapLevel>;
  declare readonly name: pulumi.Output<string | undefined>;

  constructor(name: string, args: ChapArgs, opts?: pulumi.CustomResourceOptions) {
    super(chap, name, args, opts);
  }
}
