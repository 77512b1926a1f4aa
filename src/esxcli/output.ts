import { IserError } from "../errors.js";
import type { Element } from "../xml.js";
import { answer, isDocument, notUnderstood, sparse, untyped } from "./document.js";

/**
 * Strict decoding of answers, the same for both encodings (document.ts).
 *
 * Field names are the column names without blanks. A field that is read must be there and of its kind; a field that is not
 * read may be anything, because later builds add fields (URPF on 9.0 [seen]). That an empty list is an empty `<list>` and
 * that a field with many values holds a `<list type="string">` is inferred.
 */
export interface Field<T> {
  readonly name: string;
  readonly kind: string;
  /** The value, or undefined when the field is not of this kind. */
  readonly read: (value: Element) => T | undefined;
  /** What a field that is not there means. Left out: it must be there. */
  readonly absent?: T;
  /** What it means where a list that is empty is not there. */
  readonly empty?: T;
}

export type Fields<T> = { readonly [K in keyof T]: Field<T[K]> };

export function text(name: string): Field<string> {
  return { name, kind: "a string", read: (value) => scalar(value, ["string"]) };
}

/** A number, written as `<integer>` or as digits in a `<string>`: which commands do which is known of few. */
export function integer(name: string): Field<number> {
  return {
    name,
    kind: "an integer",
    read: (value) => {
      const digits = scalar(value, ["integer", "long", "string"]);
      const number = Number(digits);
      return digits !== undefined && /^-?\d+$/.test(digits) && Number.isSafeInteger(number) ? number : undefined;
    },
  };
}

/** A boolean, written as `<boolean>` or, as `iscsi adapter get` does for some [6.7], as the string true or false. */
export function boolean(name: string): Field<boolean> {
  const words = new Map([
    ["true", true],
    ["false", false],
  ]);
  return {
    name,
    kind: "true or false",
    read: (value) => words.get((scalar(value, ["boolean", "string"]) ?? "").toLowerCase()),
  };
}

/** Many values: a list of strings, or, as the text forms print them, one string with commas. */
export function texts(name: string): Field<readonly string[]> {
  return {
    name,
    kind: "a list of strings",
    empty: [],
    read: (value) => {
      if (value.tag === "list") {
        const values = value.children.flatMap((child) => scalar(child, ["string"]) ?? []);
        return values.length === value.children.length && isBlank(value) ? values : undefined;
      }
      const joined = scalar(value, ["string"]);
      return joined
        ?.split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "");
    },
  };
}

/** A structure within a structure. */
export function structure<T>(name: string, fields: Fields<T>): Field<T> {
  return {
    name,
    kind: "a structure of the fields that are read",
    read: (value) => {
      try {
        return record(value, fields, value.text);
      } catch {
        return undefined;
      }
    },
  };
}

/** A field that some builds do not have. */
export function maybe<T>(field: Field<T>, absent: T): Field<T> {
  return { ...field, absent };
}

/** The text of a value. U+FFFD is what bytes that are no UTF-8 were decoded to: then it is not known what the host has. */
function scalar({ tag, children, text }: Element, tags: readonly string[]): string | undefined {
  return (tags.includes(tag) || tag === untyped) && children.length === 0 && !text.includes("\ufffd")
    ? text
    : undefined;
}

/** Beside its child elements there is nothing. */
function isBlank({ children, text }: Element): boolean {
  return children.length > 0 || text.trim() === "";
}

/** Rows, from a list of structures. */
export function rows<T>(fields: Fields<T>): (stdout: string) => readonly T[] {
  return (stdout) => {
    const root = answer(stdout);
    if (root.children.length === 0 && isBlank(root)) return [];
    const list = only(root, stdout);
    if (list.tag !== "list" || !isBlank(list)) throw notUnderstood(`expected a list, found <${list.tag}>`, stdout);
    return list.children.map((structure) => record(structure, fields, stdout));
  };
}

/** One structure, bare or as the only one of a list. */
export function one<T>(fields: Fields<T>): (stdout: string) => T {
  return (stdout) => {
    const first = only(answer(stdout), stdout);
    return record(first.tag === "list" ? only(first, stdout) : first, fields, stdout);
  };
}

/** One bare value, as `iscsi software get` prints. */
export function bare<T>(field: Field<T>): (stdout: string) => T {
  return (stdout) => {
    const value = only(answer(stdout), stdout);
    const read = field.read(value);
    if (read === undefined) throw notUnderstood(`expected ${field.kind}, found <${value.tag}>${value.text}`, stdout);
    return read;
  };
}

/** What a successful write said. Most say nothing. */
export interface Said {
  readonly text: string;
  /** `Deleted ISER logical device. (Reboot Required)` [6.7] and the like. */
  readonly rebootRequired: boolean;
}

/**
 * The answer of a write: nothing, a document that is empty, a string, a boolean, or bare text. It is not data, so what is in it is
 * not judged; only an explicit `false` is a failure. A document must be one to the end, or a `false` could be missed.
 */
export function said(stdout: string): Said {
  const body = stdout.replace(/^(?:Enter value for '[^']*':\s*)+/, "").trim();
  const words = isDocument(body) ? flatten(answer(body)).trim() : body;
  // `True` and `False` come through the vSphere API. [vcsim]
  if (/^false$/i.test(words))
    throw new IserError("COMMAND_FAILED", {
      problem: "the command answered false",
      cure: "Run it by hand on the host to see why.",
    });
  return { text: /^true$/i.test(words) ? "" : words, rebootRequired: /reboot required/i.test(words) };
}

function flatten(from: Element): string {
  return from.children.length === 0 ? from.text : from.children.map(flatten).join("\n");
}

function record<T>(structure: Element, fields: Fields<T>, stdout: string): T {
  if ((structure.tag !== "structure" && structure.tag !== sparse) || !isBlank(structure))
    throw notUnderstood(`expected a structure, found <${structure.tag}>`, stdout);
  const stranger = structure.children.find(({ tag, attributes }) => tag !== "field" || attributes.name === undefined);
  if (stranger !== undefined) throw notUnderstood(`expected a field with a name, found <${stranger.tag}>`, stdout);
  const entries = Object.entries(fields) as [string, Field<unknown>][];
  return Object.fromEntries(
    entries.map(([key, field]) => {
      const [holder, ...more] = structure.children.filter(({ attributes }) => attributes.name === field.name);
      if (more.length > 0) throw notUnderstood(`the field ${field.name} is there more than once`, stdout);
      if (holder === undefined && structure.tag === sparse && field.empty !== undefined) return [key, field.empty];
      return [key, fieldValue(holder, field, stdout)];
    }),
  ) as T;
}

function fieldValue(holder: Element | undefined, field: Field<unknown>, stdout: string): unknown {
  if (holder === undefined) {
    if (field.absent !== undefined) return field.absent;
    throw notUnderstood(`the field ${field.name} is missing`, stdout);
  }
  const value = field.read(only(holder, stdout));
  if (value === undefined) throw notUnderstood(`the field ${field.name} is not ${field.kind}`, stdout);
  return value;
}

function only(parent: Element, stdout: string): Element {
  const [child, ...more] = parent.children;
  if (child === undefined || more.length > 0) {
    throw notUnderstood(`expected one element in <${parent.tag}>, found ${parent.children.length}`, stdout);
  }
  return child;
}
