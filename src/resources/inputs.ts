import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import type { Beside, Definition, JsonRecord } from "./definition.js";
import { hostField, hostName } from "./host.js";

/** What Pulumi sends for a value that is not known yet, whatever its type. [seen with CLI 3.259] */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export type Properties = Record<string, unknown>;

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a definition of any resource; its functions are only called with what it made itself.
export type AnyDefinition = Definition<any, any, any>;

/** True when a value is unknown or holds one that is. */
export function isUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(isUnknown);
}

/**
 * Validates and brings to canonical form. Unknown values pass as they are: they are checked again when they are known.
 * A failure of a secret field, and of `host`, which may hold a password, is reported under the property "", because Pulumi prints
 * the value of the property that it is reported under.
 */
export function check(
  definition: AnyDefinition,
  news: Properties,
  beside?: Beside,
): { inputs: Properties; failures: CheckFailure[] } {
  const inputs: Properties = {};
  const failures: CheckFailure[] = [];
  const fields: Record<string, z.ZodType> = { host: hostField, ...definition.fields };
  const fail = (field: string, reason: string) => failures.push(failureOf(definition, news.host, field, reason));

  for (const field of Object.keys(news)) {
    if (field !== "__provider" && !(field in fields)) {
      fail(field, `is not a field of this resource. Its fields are ${Object.keys(fields).join(", ")}.`);
    }
  }
  for (const [field, schema] of Object.entries(fields)) {
    const value = news[field] ?? undefined;
    if (isUnknown(value)) {
      inputs[field] = value;
      continue;
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) {
      if (parsed.data !== undefined) inputs[field] = parsed.data;
    } else if (value === undefined) {
      fail(field, "is required.");
    } else {
      for (const issue of parsed.error.issues) fail([field, ...issue.path.map(String)].join("."), issue.message);
    }
  }
  return { inputs, failures: failures.length > 0 ? failures : brokenRules(definition, inputs, beside) };
}

/** The rules over several fields, and over what else is declared on the host, that checked inputs break. */
export function brokenRules(definition: AnyDefinition, inputs: Properties, beside: Beside = () => []): CheckFailure[] {
  const broken = definition.rules?.(known(inputs), (name) => inputs[name] !== undefined, beside) ?? [];
  return broken.map(({ field, reason }) => failureOf(definition, inputs.host, field, reason));
}

function failureOf(definition: AnyDefinition, host: unknown, path: string, reason: string): CheckFailure {
  const [field = ""] = path.split(".");
  // What is no field may be a misspelt secret, so nothing may print its value.
  const isPrintable = Object.hasOwn(definition.fields, field) && !definition.secrets?.includes(field);
  const name = hostName(host);
  const on = name === undefined || name === unknown ? "" : `${name}: `;
  return {
    property: isPrintable ? path : "",
    reason: `${on}${definition.type}: ${path} ${reason}`,
  };
}

/** The known texts of the secret fields; of a `{ name, secret }` the secret, for its name may be read. */
export function secretsIn({ secrets = [], fields }: AnyDefinition, properties: Properties): string[] {
  return secrets.flatMap((field) => {
    const value = properties[field];
    const inner = typeof value === "object" && value !== null ? (value as { secret?: unknown }).secret : undefined;
    // A field that takes no other text than certain words, as `mutual` does, has no secret in them.
    const secret = fields[field]?.safeParse("any text").success ? value : inner;
    return typeof secret === "string" && !isUnknown(secret) ? [secret] : [];
  });
}

/** The fields whose values are known. */
export function known(inputs: Properties): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isUnknown(value)));
}

export interface Difference {
  /** The fields that differ. */
  readonly changed: readonly string[];
  readonly replaces: readonly string[];
  /** The fields that were given and are no longer. */
  readonly dropped: readonly string[];
  /** Whether any of them is a matter of the host: not its address or credentials, not the manner of writing, not a field that is no longer managed. */
  readonly touchesHost: boolean;
}

/**
 * Compares what is in state with what is declared, without asking the host. An option that is not given is not compared. One that
 * was given and no longer is, is a change of the declaration only: the host keeps it.
 */
export function difference(definition: AnyDefinition, olds: Properties, news: Properties): Difference {
  const fields = Object.keys(definition.fields);
  const outputs = new Set(definition.outputs);
  const differing = fields.filter((field) => given(news[field]) && !isDeepStrictEqual(olds[field], news[field]));
  const dropped = fields.filter((field) => !given(news[field]) && given(olds[field]) && !outputs.has(field));
  // An identity field that is no longer given can make it another object: CHAP of a target becomes CHAP of the adapter.
  const droppedIdentity = dropped.filter((field) => definition.identity.includes(field));
  const elsewhere =
    droppedIdentity.length > 0 &&
    definition.id(fieldsOf(definition, olds)) !== definition.id(fieldsOf(definition, news));
  const moved = !isUnknown(news.host) && hostName(olds.host) !== hostName(news.host);
  const hostChanged = moved || isUnknown(news.host) || !isDeepStrictEqual(olds.host, news.host);
  const manner = new Set<string>(definition.manner ?? []);
  return {
    changed: [...(hostChanged ? ["host"] : []), ...differing, ...dropped],
    replaces: [
      ...(moved ? ["host"] : []),
      ...(elsewhere ? droppedIdentity : []),
      ...differing.filter(
        (field) =>
          definition.identity.includes(field) && (!isUnknown(news[field]) || definition.parents?.includes(field)),
      ),
    ],
    dropped,
    touchesHost: differing.some((field) => !manner.has(field)),
  };
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/**
 * The declared fields of a resource out of its properties in state. A field that is also an output is in state whether it was declared
 * or not: `declared` says.
 */
export function fieldsOf(definition: AnyDefinition, properties: Properties): Properties {
  const { declared } = properties as Kept;
  const reported = declared === undefined ? [] : ambiguous(definition).filter((field) => !declared.includes(field));
  return pick(
    properties,
    Object.keys(definition.fields).filter((field) => !reported.includes(field)),
  );
}

/** What to keep in state of which fields were declared: nothing, where no field is also an output. */
export function declaredIn(definition: AnyDefinition, inputs: Properties): Kept {
  const fields = ambiguous(definition);
  return fields.length === 0 ? {} : { declared: fields.filter((field) => given(inputs[field])) };
}

function ambiguous({ fields, outputs }: AnyDefinition): string[] {
  return Object.keys(fields).filter((field) => outputs.includes(field));
}

export function pick(properties: Properties, keys: readonly string[]): Properties {
  return Object.fromEntries(keys.filter((key) => given(properties[key])).map((key) => [key, properties[key]]));
}

/** What the lifecycle itself keeps in state beside inputs and outputs. */
export interface Kept {
  readonly before?: JsonRecord;
  readonly unfinished?: true;
  readonly declared?: readonly string[];
  /** Which create this state is of. */
  readonly instance?: string;
}
