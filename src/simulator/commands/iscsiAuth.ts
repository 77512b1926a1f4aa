import { adapterChap, parentOf, portal, prohibited, targetChap } from "../iscsi.js";
import { blocks, nothing } from "../result.js";
import { type Args, type CommandSpec, flag, type OptionSpec, string } from "../spec.js";
import {
  type Chap,
  type ChapDirection,
  type ChapPair,
  chapLevels,
  fail,
  type HostState,
  type IscsiAdapter,
  type SendTarget,
  type Target,
} from "../state.js";
import type { Unknowns } from "../unknowns.js";
import { adapterGiven, adapterOption, addressOption, sendTargetGiven, targetGiven, targetOption } from "./common.js";

const directions = ["uni", "mutual"] as const;
const direction = string("direction", "d", "The direction of CHAP authentication: [uni, mutual]", {
  values: directions,
});

/** What is set at one level, and what it has where nothing is. */
interface Level {
  readonly own: ChapPair;
  readonly inherited: (direction: ChapDirection) => Chap;
  /** The levels that may inherit from it. */
  readonly below: readonly Level[];
  /** Something is above it: false of an adapter. */
  readonly canInherit: boolean;
}

const setOptions = [
  direction,
  string("level", "l", `The level of CHAP authentication: [${chapLevels.join(", ")}]`),
  string("authname", "N", "The CHAP authentication name."),
  string("secret", "S", "The CHAP secret. The recommended length is at least 12 bytes.", { secret: true }),
  flag("default", "D", "Reset to the default value."),
];

function setCommand(
  path: string,
  options: readonly OptionSpec[],
  canInherit: boolean,
  find: (host: HostState, args: Args) => Level,
): CommandSpec {
  const inherit = canInherit ? [flag("inherit", "I", "Inherit the value from the parent.")] : [];
  return {
    path,
    effect: "write",
    help: "Set iSCSI CHAP authentication.",
    options: [...options, ...setOptions, ...inherit],
    run: (host, args) => {
      setChap(host.unknowns, find(host, args), args);
      return nothing;
    },
  };
}

/** The rules and their words are those of 6.7.0. A reset without a direction is of both, which is inferred. Refused as a whole or done as a whole. */
function setChap(unknowns: Unknowns, level: Level, args: Args): void {
  const { own } = level;
  const given = directions.find((one) => one === args.text("direction"));
  const next = { ...own };
  if (args.flag("default") || args.flag("inherit")) {
    if (["authname", "secret", "level"].some((name) => args.has(name))) fail(incomplete);
    const inherits = args.flag("inherit") || (level.canInherit && unknowns.defaultBelowAdapter === "inherits");
    for (const one of given ? [given] : directions) {
      if (inherits) delete next[one];
      else next[one] = { ...prohibited };
    }
  } else {
    const values = chapGiven(args, given ?? "uni");
    const isBare = values.level === "prohibited" && unknowns.prohibitedChapName === "dropped";
    next[given ?? "uni"] = isBare ? { ...prohibited } : values;
  }
  const before = { ...own };
  replace(own, next);
  const checked = unknowns.chapBelowChecked === "inheriting" ? [level, ...level.below] : [level];
  if (checked.every(isAllowed)) return;
  replace(own, before);
  fail("Invalid CHAP and Mutual CHAP combination. If setting mutual CHAP, make sure CHAP is on [required] level.");
}

function isAllowed({ own, inherited }: Level): boolean {
  const levelOf = (one: ChapDirection) => (own[one] ?? inherited(one)).level;
  return levelOf("mutual") !== "required" || levelOf("uni") === "required";
}

function replace(own: ChapPair, next: ChapPair): void {
  for (const one of directions) {
    const value = next[one];
    if (value) own[one] = value;
    else delete own[one];
  }
}

const incomplete =
  "Invalid CHAP authentication input. Make sure [--default] or [--authname --secret --level] is given.";

/** Name, secret and level go together. 6.7.0. The lengths are from a storage vendor's manual. */
function chapGiven(args: Args, direction: ChapDirection): Chap {
  const name = args.text("authname");
  const secret = args.text("secret");
  const word = args.text("level");
  if (name === undefined || secret === undefined || word === undefined) return fail(incomplete);
  const level = chapLevels.find((known) => known === word);
  if (level === undefined)
    return fail("Invalid Chap Level value. Accepted Values: {prohibited, discouraged, preferred, required}");
  if (direction === "mutual" && level !== "prohibited" && level !== "required")
    fail("Invalid authentication level. Mutual CHAP can only be [prohibited] or [required].");
  if (name.length > 511 || secret.length > 255)
    fail("Failed to set iSCSI CHAP authentication: The name or the secret is too long.");
  return { level, name, secret };
}

/** What one direction comes to. The secret is never shown. */
interface Shown extends Omit<Chap, "secret"> {
  readonly direction: ChapDirection;
  readonly inherits: boolean;
}

function shown({ own, inherited }: Level, args: Args): Shown[] {
  const given = args.text("direction");
  return directions
    .filter((one) => given === undefined || given === one)
    .map((one) => {
      const { level, name } = own[one] ?? inherited(one);
      return { direction: one, level, name, inherits: own[one] === undefined };
    });
}

function adapterLevel(adapter: IscsiAdapter): Level {
  const below = [
    ...adapter.sendTargets.map((one) => sendTargetLevel(adapter, one)),
    ...adapter.targets.map((one) => targetLevel(adapter, one)),
  ];
  return { own: adapter.chap, inherited: () => prohibited, below, canInherit: false };
}

function sendTargetLevel(adapter: IscsiAdapter, sendTarget: SendTarget): Level {
  const below = adapter.targets
    .filter((target) => parentOf(adapter, target) === sendTarget)
    .map((one) => targetLevel(adapter, one));
  return { own: sendTarget.chap, inherited: (one) => adapterChap(adapter, one), below, canInherit: true };
}

function targetLevel(adapter: IscsiAdapter, target: Target): Level {
  const inherited = (one: ChapDirection) => targetChap(adapter, { ...target, chap: {} }, one);
  return { own: target.chap, inherited, below: [], canInherit: true };
}

/** No output of a real host is known for any of the three: columns as in 6.7.0, fields as on 5.x. */
const adapterGet: CommandSpec = {
  path: "iscsi adapter auth chap get",
  effect: "read",
  help: "Get the iSCSI CHAP authentication for the iSCSI Host Bus Adapter.",
  options: [adapterOption, direction],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    return blocks<Shown>(
      "AdapterChapAuth",
      shown(adapterLevel(adapter), args),
      () => adapter.vmhba,
      { Direction: (it) => it.direction, Name: (it) => it.name, Level: (it) => it.level },
      { Adapter: () => adapter.vmhba },
    );
  },
};

const adapterSet = setCommand("iscsi adapter auth chap set", [adapterOption], false, (host, args) =>
  adapterLevel(adapterGiven(host, args)),
);

function sendTargetLevelGiven(host: HostState, args: Args): Level {
  const adapter = adapterGiven(host, args);
  return sendTargetLevel(adapter, sendTargetGiven(adapter, args));
}

const sendTargetGet: CommandSpec = {
  path: "iscsi adapter discovery sendtarget auth chap get",
  effect: "read",
  help: "Get the iSCSI CHAP authentication for the sendtarget.",
  options: [adapterOption, addressOption, direction],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    const heading = portal(sendTargetGiven(adapter, args));
    return blocks<Shown>(
      "Sendtarget",
      shown(sendTargetLevelGiven(host, args), args),
      () => heading,
      {
        Direction: (it) => it.direction,
        Name: (it) => it.name,
        Level: (it) => it.level,
        Inheritance: (it) => it.inherits,
        Parent: () => adapter.vmhba,
      },
      { Sendtarget: () => heading },
    );
  },
};

const sendTargetSet = setCommand(
  "iscsi adapter discovery sendtarget auth chap set",
  [adapterOption, addressOption],
  true,
  sendTargetLevelGiven,
);

function targetLevelGiven(host: HostState, args: Args): Level {
  const adapter = adapterGiven(host, args);
  return targetLevel(adapter, targetGiven(adapter, args));
}

const targetGet: CommandSpec = {
  path: "iscsi adapter target portal auth chap get",
  effect: "read",
  help: "Get the iSCSI CHAP authentication for the target.",
  options: [adapterOption, addressOption, targetOption, direction, string("method", "m", "The method: [chap]")],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    const target = targetGiven(adapter, args);
    const parent = parentOf(adapter, target);
    return blocks<Shown>("TargetAuth", shown(targetLevelGiven(host, args), args), () => portal(target), {
      Address: () => portal(target),
      TargetName: () => target.name,
      Method: () => "chap",
      Direction: (it) => it.direction,
      Name: (it) => it.name,
      Level: (it) => it.level,
      Inheritance: (it) => it.inherits,
      Parent: () => (parent ? portal(parent) : adapter.vmhba),
    });
  },
};

const targetSet = setCommand(
  "iscsi adapter target portal auth chap set",
  [adapterOption, addressOption, targetOption],
  true,
  targetLevelGiven,
);

export const iscsiAuthCommands = [adapterGet, adapterSet, sendTargetGet, sendTargetSet, targetGet, targetSet];
