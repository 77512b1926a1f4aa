import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import { type HostCommand, unusableAsValue } from "../esxcli/command.js";
import {
  type ChapDirection,
  type ChapLevel,
  type ChapState,
  type ChapValues,
  chapDefault,
  chapGet,
  chapInherit,
  chapLevels,
  chapSet,
} from "../esxcli/iscsiAuth.js";
import type { Level } from "../esxcli/iscsiCommand.js";
import { type Beside, define, everything, type Failure } from "./definition.js";
import { optionText, secretText } from "./fields.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";
import {
  type DiscoveryAddressReference,
  findPlace,
  levelOf,
  nameOf,
  type Place,
  type Scope,
  scoped,
  scopeFields,
  scopeId,
  scopeRules,
  type TargetReference,
} from "./scope.js";

interface Credentials {
  readonly name: string;
  readonly secret: string;
}

/** What a refresh shows of a direction that is declared here and is inherited on the host. It cannot be declared. */
const inherited = "inherited";

interface Inputs extends Scope {
  readonly level?: ChapLevel | typeof inherited;
  readonly inherit?: boolean;
  readonly name?: string;
  readonly secret?: string;
  readonly mutual?: Credentials | "prohibited" | typeof inherited;
  readonly secretVia: "prompt" | "argument";
}

interface Have extends Place {
  readonly uni: ChapState;
  readonly mutual: ChapState;
}

type Remembered = { readonly level: ChapLevel; readonly name: string; readonly inherits?: true };

interface Before {
  readonly uni: Remembered;
  readonly mutual?: Remembered;
  /** `inherit` was declared at some time, so both directions were taken over. */
  readonly inherit?: true;
  readonly [key: string]: Remembered | true | undefined;
}

const off: ChapState = { level: "prohibited", name: "" };
const longestName = 511;
const longestSecret = 255;
const authName = optionText(`a CHAP name of 1 to ${longestName} bytes`, longestName);

export const chap = define<Inputs, Have, Before>({
  ...scoped,
  type: "Chap",
  fields: {
    ...scopeFields,
    level: z.enum(chapLevels, `must be one of ${chapLevels.join(", ")}`).optional(),
    inherit: z.literal(true, "must be true; leave it out to set CHAP here").optional(),
    name: authName.optional(),
    secret: secretText(longestSecret).optional(),
    mutual: z
      .union([z.literal("prohibited"), z.strictObject({ name: authName, secret: secretText(longestSecret) })], {
        error: `must be { name, secret }, or "prohibited"; the name has 1 to ${longestName} bytes and does not begin with a hyphen, the secret has 1 to ${longestSecret} printable characters`,
      })
      .optional(),
    secretVia: z.enum(["prompt", "argument"], "must be prompt or argument").default("prompt"),
  },
  secrets: ["secret", "mutual"],
  manner: ["secretVia"],
  outputs: [],

  rules(inputs, given, beside) {
    const { level, secret, mutual, secretVia } = inputs;
    const own = (["level", "name", "secret", "mutual"] as const).filter(given);
    const isOfAdapter = !given("discoveryAddress") && !given("target");
    const pairs = typeof mutual === "object" ? [secret, mutual.secret] : [secret];
    const asOption =
      secretVia === "argument" && pairs.some((value) => value !== undefined && unusableAsValue(value) !== undefined);
    const needed = level !== undefined && level !== "prohibited";
    const missing = (["name", "secret"] as const).filter((field) => !given(field));
    const rules: [boolean, Failure<Inputs>][] = [
      [
        !given("level") && !given("inherit"),
        {
          field: "level",
          reason: `is missing: give one of ${chapLevels.join(", ")}${isOfAdapter ? "" : ", or inherit: true"}.`,
        },
      ],
      [
        given("inherit") && own.length > 0,
        { field: "inherit", reason: `takes the values from above, so there can be no ${own.join(", ")} beside it.` },
      ],
      [
        given("inherit") && isOfAdapter,
        { field: "inherit", reason: "needs a discoveryAddress or a target: nothing is above an adapter." },
      ],
      [
        !given("inherit") && (needed ? missing.length > 0 : missing.length === 1),
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
    return [
      ...scopeRules(given),
      ...rules.filter(([broken]) => broken).map(([, failure]) => failure),
      ...mutualBelow(inputs, given, beside),
    ];
  },

  id: (inputs) => `${inputs.adapter}/chap${scopeId(inputs)}`,

  async observe(ask, inputs, { aim } = everything) {
    const place = await findPlace(ask, inputs);
    if (place.level === undefined) return { ...place, uni: off, mutual: off };
    // Under level required any mutual CHAP may stay as it is.
    const isAlone = aim !== "delete" && inputs.level === "required" && inputs.mutual === undefined;
    const [uni, mutual] = await Promise.all([
      ask(chapGet(place.level, "uni")),
      isAlone ? off : ask(chapGet(place.level, "mutual")),
    ]);
    return { ...place, uni, mutual };
  },

  plan(have, want, { last }) {
    const level = levelOf(have, want);
    if (want.inherit) return directionsInOrder(have).flatMap(giveUp(level, have, () => "inherit", want.secretVia));
    const write = (direction: ChapDirection, target: ChapState, secret: string | undefined) =>
      secret === undefined
        ? switchOff(level, direction, want.secretVia)
        : chapSet(level, direction, { ...target, secret }, want.secretVia);

    const uni = wantedUni(want);
    const mutual = wantedMutual(want.mutual, have.mutual);
    // A secret is known to be there only as long as nothing else was seen of the direction since it was written.
    const uniIsApplied = last?.secret === want.secret && !differs(wantedUni(last ?? want), uni);
    const uniDue = differs(have.uni, uni) || (want.secret !== undefined && !uniIsApplied);
    const mutualDue =
      differs(have.mutual, mutual) ||
      (typeof want.mutual === "object" && !isDeepStrictEqual(last?.mutual, want.mutual));
    if (uniDue && uni.level !== "required" && mutual.level === "required") {
      throw mutualInTheWay(level, mutual, uni.level);
    }
    const uniCommand = uniDue ? [write("uni", uni, want.secret)] : [];
    const mutualCommand = mutualDue ? [write("mutual", mutual, secretOf(want.mutual))] : [];
    // ESXi takes mutual CHAP only while CHAP is required: on after it, off before it. [6.7]
    return mutual.level === "required" ? [...uniCommand, ...mutualCommand] : [...mutualCommand, ...uniCommand];
  },

  record({ resolution, level, known, uni, mutual }, want, _peers, earlier) {
    levelOf({ resolution, level, known }, want);
    const inherits = want.inherit === true || earlier?.inherit === true;
    return {
      uni,
      ...(inherits || managed(want).includes("mutual") ? { mutual } : {}),
      ...(inherits ? { inherit: true } : {}),
    };
  },

  current({ uni, mutual }, inputs) {
    if (inputs.inherit !== undefined) return { inherit: uni.inherits === true && mutual.inherits === true };
    const shownMutual = inputs.mutual === undefined ? {} : { mutual: shown(mutual, inputs.mutual) };
    if (uni.inherits) return { level: inherited, ...shownMutual };
    const named = inputs.name !== undefined && uni.level !== "prohibited";
    return { level: uni.level, ...(named ? { name: uni.name } : {}), ...shownMutual };
  },

  report: () => ({}),

  remove(have, inputs, before) {
    const { level } = have;
    if (level === undefined) return { commands: [] };
    const isOurs = (direction: ChapDirection) =>
      managed(inputs).includes(direction) || (before.inherit === true && have[direction].inherits === true);
    // What is no longer declared is somebody else's by now, unless it still is as `inherit` has left it.
    const was = (direction: ChapDirection) => (isOurs(direction) ? before[direction] : undefined);
    const target = (direction: ChapDirection) => givenBack(level, have[direction], was(direction));
    const commands = new Map(
      directionsInOrder(have).map((direction) => [direction, giveUp(level, have, target, inputs.secretVia)(direction)]),
    );
    const notes = (direction: ChapDirection) => unrestored(level, direction, have[direction], was(direction));
    const uniGoes = commands.get("uni")?.length === 1;
    const mutualStays = have.mutual.level === "required" && commands.get("mutual")?.length === 0;
    const bothInherit = have.mutual.inherits && target("uni") === "inherit";
    if (uniGoes && mutualStays && !bothInherit)
      return { commands: [], notes: [uniStays(level, have), ...notes("mutual")] };
    return { commands: [...commands.values()].flat(), notes: directions.flatMap(notes) };
  },
});

const directions = ["uni", "mutual"] as const;

/** Own values are given up in an order that ESXi takes: mutual CHAP never without a required one. [6.7] */
function directionsInOrder({ mutual }: Have): readonly ChapDirection[] {
  return mutual.level === "required" ? ["mutual", "uni"] : directions;
}

/** The directions that are declared. */
function managed({ inherit, mutual }: Inputs): readonly ChapDirection[] {
  return inherit !== undefined || mutual !== undefined ? directions : ["uni"];
}

/** What a direction without own values comes to. */
type Bare = "inherit" | "off" | "stays";

/** Values for CHAP that is off: ESXi takes a level only with name and secret, and uses neither. Not the same secret for both directions. */
const unused: Readonly<Record<ChapDirection, ChapValues>> = {
  uni: { level: "prohibited", name: "unused", secret: "unused-by-chap" },
  mutual: { level: "prohibited", name: "unused", secret: "unused-by-mutual-chap" },
};

/** Whether `--default` makes an own value below an adapter, or lets it inherit, is not known. A level that is written is its own. */
function switchOff(level: Level, direction: ChapDirection, via: Inputs["secretVia"]): HostCommand {
  return level.kind === "adapter" ? chapDefault(level, direction) : chapSet(level, direction, unused[direction], via);
}

function giveUp(level: Level, have: Have, target: (direction: ChapDirection) => Bare, via: Inputs["secretVia"]) {
  const commands: Readonly<Record<Bare, (direction: ChapDirection) => readonly HostCommand[]>> = {
    inherit: (direction) => (have[direction].inherits ? [] : [chapInherit(level, direction)]),
    off: (direction) => (differs(have[direction], off) ? [switchOff(level, direction, via)] : []),
    stays: () => [],
  };
  return (direction: ChapDirection) => commands[target(direction)](direction);
}

/** Only what needs no secret can be given back; of the rest, what is still the same stays. */
function givenBack(level: Level, have: ChapState, was: Remembered | undefined): Bare {
  if (was === undefined) return "stays";
  if (was.inherits) return "inherit";
  if (was.level === "prohibited") return "off";
  if (!differs(have, was)) return "stays";
  return level.kind === "adapter" ? "off" : "inherit";
}

function unrestored(level: Level, direction: ChapDirection, have: ChapState, was: Remembered | undefined): string[] {
  if (was === undefined || was.inherits || was.level === "prohibited") return [];
  const before = `CHAP ${direction} was ${was.level} with the name ${was.name} before, and its secret could not be read`;
  if (!differs(have, was)) return [`${before}. It stays with the secret that was declared here.`];
  const now = level.kind === "adapter" ? "now ESXi's default" : "inherited now";
  return [`${before}, so it is not given back. It is ${now}. Set it by hand if it is needed.`];
}

function uniStays(level: Level, { uni, mutual }: Have): string {
  return `CHAP uni of ${nameOf(level)} stays at level ${uni.level} with the name ${uni.name}: mutual CHAP is required there for the name ${mutual.name} and stays, and ESXi takes no other level under it. Set both by hand if they are not needed.`;
}

/**
 * What a discovery address would inherit of an adapter whose Chap is declared, too: mutual CHAP, which ESXi takes only beside level `required`.
 * What a target inherits from is not known before the host is asked.
 */
function mutualBelow(
  inputs: Partial<Inputs>,
  given: (field: keyof Inputs) => boolean,
  beside: Beside,
): Failure<Inputs>[] {
  const why = "and ESXi takes that only with level required";
  const others = (beside("Chap") as readonly Partial<Inputs>[]).filter(({ adapter }) => adapter === inputs.adapter);
  if (isLower(inputs) && !given("mutual"))
    return others
      .filter((other) => isOfAdapter(other) && typeof other.mutual === "object")
      .map(({ adapter }) => ({
        field: "mutual",
        reason: `is missing: the discovery address would inherit mutual CHAP of ${adapter}, ${why}. Give mutual: "prohibited" here, or level required.`,
      }));
  if (given("discoveryAddress") || given("target") || typeof inputs.mutual !== "object") return [];
  return others
    .filter((other) => isLower(other) && other.mutual === undefined)
    .map(({ discoveryAddress, level }) => ({
      field: "mutual",
      reason: `would be inherited by the discovery address ${discoveryAddress?.address}, whose level is ${level}, ${why}. Give the Chap there mutual: "prohibited", or level required.`,
    }));
}

function isOfAdapter({ discoveryAddress, target }: Partial<Inputs>): boolean {
  return discoveryAddress === undefined && target === undefined;
}

/** Of a discovery address, with a level of its own below `required`. */
function isLower({ discoveryAddress, level }: Partial<Inputs>): boolean {
  return discoveryAddress !== undefined && level !== undefined && level !== "required";
}

function mutualInTheWay(at: Level, mutual: ChapState, level: Inputs["level"]): IserError {
  return new IserError("MUTUAL_CHAP_IN_THE_WAY", {
    problem: `mutual CHAP is required on ${nameOf(at)} for the name ${mutual.name} and is not declared here, so ESXi does not take level ${level}`,
    cure: 'Declare mutual: "prohibited" to switch it off, or level: "required".',
  });
}

function wantedUni({ level, name = "" }: Inputs): ChapState {
  return level === undefined || level === inherited ? off : { level, name };
}

function wantedMutual(mutual: Inputs["mutual"], have: ChapState): ChapState {
  if (mutual === undefined) return have;
  return typeof mutual === "object" ? { level: "required", name: mutual.name } : off;
}

/** Where CHAP is prohibited, the name that the host may keep beside it does not matter. */
function differs(have: ChapState, want: ChapState): boolean {
  return (
    have.inherits !== want.inherits ||
    have.level !== want.level ||
    (want.level !== "prohibited" && have.name !== want.name)
  );
}

/** Mutual CHAP as the host has it. */
function shown(mutual: ChapState, declared: NonNullable<Inputs["mutual"]>): NonNullable<Inputs["mutual"]> {
  if (mutual.inherits) return inherited;
  if (mutual.level !== "required") return "prohibited";
  return { secret: secretOf(declared) ?? "", name: mutual.name };
}

function secretOf(mutual: Inputs["mutual"]): string | undefined {
  return typeof mutual === "object" ? mutual.secret : undefined;
}

/** What `Chap` takes. */
export interface ChapArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** An IserAdapter, its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of an adapter that is not iSER. */
  adapter: AdapterInput;
  /** Only for what is discovered at one of the adapter's discovery addresses. Left out, as `target` is: for the adapter. */
  discoveryAddress?: pulumi.Input<DiscoveryAddressReference> | undefined;
  /** Only for one address of one target, static or discovered. */
  target?: pulumi.Input<TargetReference> | undefined;
  /**
   * `prohibited`: no CHAP. `discouraged`: only if the target insists. `preferred`: unless the target refuses. `required`: CHAP or no
   * login. All but `prohibited` need `name` and `secret`. Either this or `inherit` is given.
   */
  level?: pulumi.Input<ChapLevel> | undefined;
  /** `true`: a discovery address has the adapter's CHAP, a target that of the address that found it or of the adapter, both ways. */
  inherit?: pulumi.Input<true> | undefined;
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
 * CHAP of an adapter, a discovery address or a target: `esxcli iscsi adapter auth chap set`, `… discovery sendtarget auth chap set` and
 * `… target portal auth chap set`. What inherits it uses it at its next login; sessions that are open keep the old values.
 *
 * Values that are declared for a discovery address or a target are its own also where they equal the inherited ones. A target that
 * discovery is about to find is waited for, 30 seconds at most.
 *
 * A secret cannot be read back. It is written when it differs from the one in state; drift covers level and names, and shows `inherited`
 * where the host has no own values. Deleting it goes back to ESXi's default or to inheritance, whichever was there before; other values
 * that were there before stay when level and name are the same, and cannot be given back when they are not: a note says so. Under mutual
 * CHAP of somebody else uni stays, too. Where CHAP is `prohibited` below an adapter without a name and a secret, a name and a secret
 * that are not used are written, for ESXi takes a level only with both.
 *
 * Errors: DEVICE_NOT_FOUND, ADAPTER_NOT_FOUND, ADAPTER_AMBIGUOUS, DISCOVERY_ADDRESS_NOT_FOUND, TARGET_NOT_FOUND, MUTUAL_CHAP_IN_THE_WAY, COMMAND_FAILED. Sources: ESXi 6.7 (rules and messages), vendor manuals (lengths). That a
 * bare `--secret` reads standard input without a terminal is deduced from Python's getpass.
 *
 * @example
 * new Chap("iser-a", { host: "esx01.lab", adapter, level: "required", name: "esx01", secret: config.requireSecret("chapSecret") });
 * new Chap("iser-a-array", { host: "esx01.lab", adapter, discoveryAddress: { address: "192.168.50.100" }, level: "prohibited" });
 */
export class Chap extends EsxiResource {
  declare readonly adapter: pulumi.Output<string>;
  declare readonly discoveryAddress: pulumi.Output<{ address: string; port: number } | undefined>;
  declare readonly target: pulumi.Output<{ targetName: string; address: string; port: number } | undefined>;
  declare readonly level: pulumi.Output<ChapLevel | undefined>;
  declare readonly inherit: pulumi.Output<true | undefined>;
  declare readonly name: pulumi.Output<string | undefined>;

  constructor(name: string, args: ChapArgs, opts?: pulumi.CustomResourceOptions) {
    super(chap, name, args, opts);
  }
}
