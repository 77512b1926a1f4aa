import { z } from "zod";
import { IserError } from "../../errors.js";
import { definitions, typeToken } from "../../resources/definitions.js";
import { type AnyDefinition, type Properties, unknown } from "../../resources/inputs.js";

/** What the engine puts in place of a secret. [seen with CLI 3.259] */
export const hidden = "[secret]";

/** A resource as the state has it, or as the program declares it. */
export interface Snapshot {
  readonly id: string | undefined;
  readonly inputs: Properties;
  readonly outputs: Properties;
  /** By property, the URNs that it came from; under no name where the preview does not say which. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** Not deleted on the host. */
  readonly retained: boolean;
  /** The URN of what it goes with, unasked. */
  readonly deletedWith: string | undefined;
}

/** A step of the engine for a resource of this package. */
export interface Step {
  readonly op: string;
  readonly urn: string;
  readonly name: string;
  readonly definition: AnyDefinition;
  readonly old: Snapshot | undefined;
  readonly new: Snapshot | undefined;
  /** The properties for which the engine replaces it. */
  readonly reasons: readonly string[];
}

export interface Preview {
  readonly steps: readonly Step[];
  /** Changes of resources of other providers. */
  readonly others: number;
  /** Resources that stay the same and that the preview does not list. */
  readonly unlisted: number;
  /** Resources of this package that this version does not know, by type and name. */
  readonly strange: readonly string[];
  /** Why the preview failed, as far as it is about resources of this package. */
  readonly failures: readonly { readonly name: string; readonly message: string }[];
  /** Errors of the preview that are about something else. Nothing says what is in them, so they are for who runs the review and not for its readers. */
  readonly otherFailures: readonly string[];
}

const properties = z.record(z.string(), z.unknown()).nullish();

const state = z.looseObject({
  type: z.string().nullish(),
  id: z.string().nullish(),
  inputs: properties,
  outputs: properties,
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
  retainOnDelete: z.boolean().nullish(),
  deletedWith: z.string().nullish(),
});

const step = z.looseObject({
  op: z.string(),
  urn: z.string().startsWith("urn:pulumi:"),
  oldState: state.nullish(),
  newState: state.nullish(),
  replaceReasons: z.array(z.string()).nullish(),
});

const diagnostic = z.looseObject({ urn: z.string().nullish(), message: z.string(), severity: z.string() });

const digest = z.looseObject({
  steps: z.array(step).nullish(),
  diagnostics: z.array(diagnostic).nullish(),
  changeSummary: z.record(z.string(), z.number()).nullish(),
});
type Digest = z.infer<typeof digest>;

/** A line of an event log, or of the streaming form of `preview --json`. [seen with CLI 3.259] */
const event = z.looseObject({
  sequence: z.number(),
  resourcePreEvent: z
    .looseObject({
      metadata: z.looseObject({
        op: z.string(),
        urn: z.string(),
        old: state.nullish(),
        new: state.nullish(),
        keys: z.array(z.string()).nullish(),
      }),
    })
    .optional(),
  diagnosticEvent: diagnostic.optional(),
  summaryEvent: z.looseObject({ resourceChanges: z.record(z.string(), z.number()).nullish() }).optional(),
});

/** Reads what `pulumi preview --json` printed, or the events of a preview, one a line. */
export function readPreview(text: string): Preview {
  if (text.trim() === "")
    throw unreadable("nothing was given", "The preview may have failed before it printed anything: see what it said.");
  return understood(jsonOf(text) ?? eventsOf(text));
}

function jsonOf(text: string): Digest | undefined {
  const value = parsed(text);
  if (value === undefined || event.safeParse(value).success) return undefined;
  const read = digest.safeParse(value);
  const isOne = read.success && ["steps", "changeSummary", "diagnostics"].some((key) => read.data[key] !== undefined);
  if (isOne) return read.data;
  const where = read.error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).slice(0, 3) ?? [];
  throw unreadable(`it is JSON, but not that of a preview${where.length === 0 ? "" : ` (${where.join("; ")})`}`);
}

function eventsOf(text: string): Digest {
  const events = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, at) => {
      const read = event.safeParse(parsed(line));
      if (!read.success) throw unreadable(`line ${at + 1} is not JSON, or no event of a preview`);
      return read.data;
    });
  return {
    steps: events.flatMap(({ resourcePreEvent }) => {
      if (resourcePreEvent === undefined) return [];
      const { op, urn, old, new: now, keys } = resourcePreEvent.metadata;
      return [{ op, urn, oldState: old, newState: now, replaceReasons: keys }];
    }),
    diagnostics: events.flatMap(({ diagnosticEvent }) => diagnosticEvent ?? []),
    changeSummary: events.find(({ summaryEvent }) => summaryEvent !== undefined)?.summaryEvent?.resourceChanges,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const component = /^esxi-iser:index:/;

function understood({ steps: given, diagnostics, changeSummary }: Digest): Preview {
  const lastRefresh = (given ?? []).findLastIndex(({ op }) => op === "refresh");
  const created = new Set((given ?? []).flatMap(({ op, urn }) => (op === "create" ? [urn] : [])));
  const all = (given ?? []).map((one, at) => ({
    ...one,
    // A refresh that finds it gone says delete, too.
    op: one.op === "delete" && (at < lastRefresh || created.has(one.urn)) ? "gone" : one.op,
    type: typeOf(one.urn),
    name: nameOf(one.urn),
  }));
  const isNews = ({ op }: { op: string }) => !["same", "refresh", "read", "gone"].includes(op);
  const ours = all.filter(({ type }) => type.startsWith(typeToken("")));
  const isOther = ({ type }: { type: string }) =>
    !type.startsWith(typeToken("")) && !type.startsWith("pulumi:") && !component.test(type);
  const errors = (diagnostics ?? []).filter(({ severity }) => severity === "error");
  const isOurs = ({ urn }: { urn?: string | null | undefined }) => typeOf(urn ?? "").startsWith(typeToken(""));
  const same = all.filter(({ op }) => op === "same").length;
  return {
    steps: ours.flatMap(({ op, urn, name, type, oldState, newState, replaceReasons }) => {
      const definition = definitions.get(type);
      if (definition === undefined) return [];
      return [
        {
          op,
          urn,
          name,
          definition,
          // After a refresh it is as that has found it.
          old: snapshot(op === "refresh" ? (newState ?? oldState) : oldState),
          new: snapshot(newState),
          reasons: replaceReasons ?? [],
        },
      ];
    }),
    others: new Set(all.filter((one) => isOther(one) && isNews(one)).map(({ urn }) => urn)).size,
    unlisted: Math.max(0, (changeSummary?.same ?? 0) - same),
    strange: ours.filter(({ type }) => !definitions.has(type)).map(({ type, name }) => `${type} ${name}`),
    failures: errors.filter(isOurs).map(({ urn, message }) => ({ name: nameOf(urn ?? ""), message })),
    otherFailures: errors.filter((one) => !isOurs(one)).map(({ message }) => message.trim()),
  };
}

function snapshot(from: z.infer<typeof state> | null | undefined): Snapshot | undefined {
  if (from === null || from === undefined) return undefined;
  const byProperty = Object.entries(from.propertyDependencies ?? { "": from.dependencies });
  return {
    id: from.id ?? undefined,
    inputs: readable(from.inputs ?? {}) as Properties,
    outputs: readable(from.outputs ?? {}) as Properties,
    dependencies: new Map(byProperty.map(([property, urns]) => [property, urns ?? []])),
    retained: from.retainOnDelete ?? false,
    deletedWith: from.deletedWith || undefined,
  };
}

/** A value that is known only when the program runs is named by its field. */
function readable(value: unknown, field = "value"): unknown {
  if (value === unknown) return `<${field} is known later>`;
  if (Array.isArray(value)) return value.map((one) => readable(one, field));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner, key)]));
}

/** Whether it is one of these, or has one in it. */
export function isLater(value: unknown): boolean {
  if (typeof value === "string") return /^<\w+ is known later>$/.test(value);
  return typeof value === "object" && value !== null && Object.values(value).some(isLater);
}

/** `urn:pulumi:stack::project::parent$type::name`; the name may have `::` in it. */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function unreadable(
  problem: string,
  cure = "Give what `pulumi preview --json --show-sames` printed on standard output, all of it and nothing else.",
): IserError {
  return new IserError("INPUT_INVALID", { problem: `the preview cannot be read: ${problem}`, cure });
}
