import { isDeepStrictEqual } from "node:util";
import { hostName } from "../../resources/host.js";
import { difference, type Properties } from "../../resources/inputs.js";
import { type Act, actsOf } from "./acts.js";
import { type Concern, consequencesOf } from "./consequences.js";
import { wasThere } from "./former.js";
import { type Move, moveOf, placeOf, placesIn, stepsAt } from "./places.js";
import { hidden, type Preview, type Step } from "./preview.js";
import { appeared, isOnlyHidden, type Outcome, oldsOf, rehearse } from "./rehearsal.js";

export interface Change {
  readonly property: string;
  /** Left out where there was none. */
  readonly old?: unknown;
  readonly new?: unknown;
}

export interface ReportedCommand {
  readonly command: string;
  readonly notes?: readonly string[];
}

export interface Variant {
  /** What a build lacks: `rdma iser add --device`. */
  readonly without: string;
  readonly commands: readonly string[];
  readonly refusal?: string;
}

export interface Flag {
  readonly concern: Concern;
  readonly what: string;
}

/** What happens to one resource at one point of the run. */
export interface Item {
  readonly action: "create" | "update" | "delete" | "delete to replace" | "create to replace";
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly changes: readonly Change[];
  /** Why it is replaced. */
  readonly because?: string;
  readonly commands: readonly ReportedCommand[];
  readonly variants: readonly Variant[];
  readonly notes: readonly string[];
  readonly flags: readonly Flag[];
}

export interface HostReport {
  readonly host: string;
  readonly items: readonly Item[];
}

export interface Report {
  readonly hosts: readonly HostReport[];
  readonly flagged: boolean;
  /** Changes of resources of other providers. */
  readonly others: number;
  /** Resources that stay as they are and that the preview does not list. */
  readonly unlisted: number;
  readonly strange: readonly string[];
  readonly failures: Preview["failures"];
  readonly otherFailures: number;
}

/** What a preview comes to, host by host. */
export async function reportOn(preview: Preview): Promise<Report> {
  const acts = actsOf(preview);
  const places = placesIn(preview.steps);
  const names = places.map((place) => place.replace(/:\d+$/, ""));
  const hosts: HostReport[] = [];
  for (const [at, place] of places.entries()) {
    const own = acts.filter((act) => placeOf(act) === place);
    const items = await itemsOf(stepsAt(place, preview.steps), own);
    const isAlone = names.filter((name) => name === names[at]).length === 1;
    if (items.length > 0) hosts.push({ host: (isAlone ? names[at] : place) || "(unknown host)", items });
  }
  const { others, unlisted, strange, failures } = preview;
  const otherFailures = preview.otherFailures.length;
  const isFlagged = hosts.some(({ items }) => items.some(({ flags }) => flags.length > 0));
  return {
    hosts,
    flagged: isFlagged || strange.length + failures.length + otherFailures > 0,
    others,
    unlisted,
    strange,
    failures,
    otherFailures,
  };
}

async function itemsOf(steps: readonly Step[], acts: readonly Act[]): Promise<readonly Item[]> {
  if (acts.every(({ kind }) => kind === "same")) return [];
  const { outcomes, asked } = await rehearse(steps, acts);
  const others = await Promise.all(
    [...asked].map(async (without) => ({ without, outcomes: (await rehearse(steps, acts, without)).outcomes })),
  );
  const replaced = new Set(acts.flatMap(({ isReplacement, step }) => (isReplacement ? [step.urn] : [])));
  return outcomes.flatMap((outcome, at) => {
    if (outcome.act.kind === "same") return [];
    const variants = others.flatMap(({ without, outcomes }) => {
      const other = outcomes[at];
      return other === undefined || other.isUntold || isDeepStrictEqual(linesOf(other), linesOf(outcome))
        ? []
        : [{ without, commands: linesOf(other), ...(other.refusal === undefined ? {} : { refusal: other.refusal }) }];
    });
    return [itemOf(outcome, variants, replaced)];
  });
}

function linesOf({ commands }: Outcome): string[] {
  return commands.map(({ line }) => line);
}

function itemOf(outcome: Outcome, variants: readonly Variant[], replaced: ReadonlySet<string>): Item {
  const { act, commands, notes } = outcome;
  const { step } = act;
  const isHidden = act.kind === "update" && isOnlyHidden(step);
  const because = act.isReplacement && act.kind === "create" ? reasonOf(step, replaced) : undefined;
  return {
    action: act.isReplacement ? `${act.kind === "delete" ? "delete" : "create"} to replace` : (act.kind as "update"),
    type: step.definition.type,
    name: step.name,
    urn: step.urn,
    changes: act.kind === "delete" ? [] : changesOf(step),
    ...(because === undefined ? {} : { because }),
    commands: commands.map(({ line, secret, mayFail }) => {
      const about = [
        ...(secret === "stdin" ? ["the secret goes in on standard input"] : []),
        ...(secret !== undefined && isHidden ? ["only if this secret is what changes"] : []),
        ...(mayFail ? ["the host may refuse it, which is told and stops nothing"] : []),
      ];
      return { command: line, ...(about.length === 0 ? {} : { notes: about }) };
    }),
    variants,
    notes: [...notesOn(act), ...notes],
    flags: flagsOf(outcome),
  };
}

function flagsOf({
  act: { kind, step },
  commands,
  notes,
  rebootRequired,
  refusal,
  isUntold,
}: Outcome): readonly Flag[] {
  const flags: Flag[] = commands.flatMap((command) =>
    consequencesOf(command, kind === "create").map(({ concern, what }) => ({ concern, what })),
  );
  const move = moveOf(step);
  if (move !== undefined) flags.unshift({ concern: "another host", what: movedTo(move) });
  if (rebootRequired && !flags.some(({ concern }) => concern === "reboot"))
    flags.push({ concern: "reboot", what: "a reboot of the host is due since an earlier run" });
  if (refusal !== undefined) flags.push({ concern: isUntold ? "not known" : "refused", what: refusal });
  // That a reboot is needed, the command has told.
  const left = kind === "delete" ? notes.filter((note) => !note.includes("next reboot")) : [];
  flags.push(...left.map((what) => ({ concern: "not undone", what }) as const));
  if (oldsOf(step).unfinished === true)
    flags.push({ concern: "unfinished", what: "the last run stopped in the middle of it; it is applied again" });
  return flags.filter((one, at) => flags.findIndex((other) => isDeepStrictEqual(one, other)) === at);
}

function movedTo({ from, to }: Move): string {
  return `its host changes from ${from} to ${to}, and another name is another host: it is deleted on ${from} and made on ${to}`;
}

function notesOn({ kind, step, spared }: Act): readonly string[] {
  if (spared !== undefined) return [`${spared}.`];
  if (kind === "delete" && wasThere(oldsOf(step)))
    return ["It was there before it was declared: it stays on the host."];
  const { definition } = step;
  const news = step.new?.inputs ?? {};
  const asAWhole = (definition.secrets ?? []).filter(
    (field) => news[field] === hidden && !isText(definition.fields[field]),
  );
  const notes =
    kind === "delete" ? [] : asAWhole.map((field) => `\`${field}\` is hidden as a whole; it is taken as "prohibited".`);
  const anew = kind === "update" ? appeared(step) : [];
  if (definition.shared && kind !== "delete")
    notes.push(
      "Written together with values of the same kind that are not declared: these are written as the host has them.",
    );
  if (anew.length > 0)
    notes.push(
      `What the host has for ${anew.join(", ")} is not known: it was not declared before. Commands and options that are not needed are left out.`,
    );
  if (kind === "update" && isOnlyHidden(step))
    notes.push(
      definition.secrets === undefined
        ? "Only how the host is reached changes: nothing is run."
        : "What changes is hidden: one or more of the secrets, or only how the host is reached.",
    );
  else if (kind === "update" && (definition.secrets ?? []).some((field) => holdsHidden(news[field])))
    notes.push("Whether a secret changes, too, is hidden: then it is written as well.");
  return notes;
}

/** A schema that takes any text. */
function isText(schema: { safeParse(value: unknown): { success: boolean } } | undefined): boolean {
  return schema?.safeParse("any text").success ?? false;
}

function holdsHidden(value: unknown): boolean {
  return value === hidden || (typeof value === "object" && value !== null && Object.values(value).some(holdsHidden));
}

function changesOf(step: Step): readonly Change[] {
  const { definition, old } = step;
  const news = step.new?.inputs ?? {};
  const isDeclared = (field: string) => news[field] !== undefined && news[field] !== null;
  if (old === undefined)
    return Object.keys(definition.fields)
      .filter(isDeclared)
      .map((property) => ({ property, new: masked(step, property, news) }));
  const olds = oldsOf(step);
  return difference(definition, olds, news).changed.map((property) => {
    if (property === "host") return hostChange(olds, news);
    return {
      property,
      ...(olds[property] === undefined ? {} : { old: masked(step, property, olds) }),
      ...(isDeclared(property) ? { new: masked(step, property, news) } : {}),
    };
  });
}

/** The engine has hidden secrets already; who reads another's output does not rely on it. */
function masked({ definition }: Step, property: string, from: Properties): unknown {
  const value = from[property];
  if (!definition.secrets?.includes(property)) return value;
  if (typeof value !== "object" || value === null) return hidden;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === "name" ? inner : hidden]));
}

function hostChange(olds: Properties, news: Properties): Change {
  const [was, is] = [hostName(olds.host), hostName(news.host)];
  return was === is ? { property: "how the host is reached" } : { property: "host", old: was, new: is };
}

function reasonOf(step: Step, replaced: ReadonlySet<string>): string {
  const { definition, reasons, old } = step;
  const { replaces } = difference(definition, oldsOf(step), step.new?.inputs ?? {});
  const belongs = [...(old?.dependencies ?? [])].flatMap(([property, urns]) =>
    urns.some((urn) => replaced.has(urn)) && property !== "" ? [property] : [],
  );
  if (replaces.length > 0) return `${replaces.join(" and ")} changed, and with that it is another object`;
  if (belongs.length > 0) return `what it belongs to is replaced (${belongs.join(", ")})`;
  return reasons.length > 0
    ? `the engine says so for ${reasons.join(", ")}`
    : "the engine says so: it was asked for, or what it depends on is replaced";
}
