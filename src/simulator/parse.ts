import { Args, type CommandSpec, type OptionSpec } from "./spec.js";

/** A command line that esxcli does not take: `Error: <message>`, a blank line, the help; exit status 1. */
export class ParseError extends Error {}

export type Parsed =
  | { readonly kind: "help" }
  | {
      readonly kind: "args";
      readonly args: (secrets: readonly string[]) => Args;
      readonly prompts: readonly OptionSpec[];
    };

const booleanWords: Readonly<Record<string, boolean>> = {
  "1": true,
  y: true,
  yes: true,
  t: true,
  true: true,
  on: true,
  "0": false,
  n: false,
  no: false,
  f: false,
  false: false,
  off: false,
};

/** `-5` is a value; `-a…` and `--…` are options wherever they stand, so no value can begin like that. 6.7.0 */
function isOption(word: string): boolean {
  return /^-[A-Za-z?]|^--/.test(word);
}

/** Cuts `--opt=value` at its first `=` only. What comes out behind it is judged like any other word. */
function cut(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const at = word.indexOf("=");
    return isOption(word) && at >= 0 ? [word.slice(0, at), word.slice(at + 1)] : [word];
  });
}

/** Reads the words behind a command. The messages are those of 6.7.0. */
export function parse(spec: CommandSpec, options: readonly OptionSpec[], given: readonly string[]): Parsed {
  const words = cut(given);
  if (words.includes("--help") || words.includes("-?")) return { kind: "help" };
  const values = new Map<string, string | number | boolean | readonly string[]>();
  const prompts: OptionSpec[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const option = options.find(
      ({ long, short }) => word === `--${long}` || (short !== undefined && word === `-${short}`),
    );
    if (option === undefined) throw new ParseError(`Invalid option ${word}`);
    if (option.kind !== "list" && (values.has(option.long) || prompts.includes(option)))
      throw new ParseError(`Duplicated option ${word}`);
    const next = words[at + 1];
    const value = next === undefined || isOption(next) ? undefined : next;
    if (value !== undefined) at += 1;
    if (option.kind === "flag") {
      if (value !== undefined) throw new ParseError(flagWithValue(spec, word));
      values.set(option.long, true);
    } else if (value !== undefined) {
      const before = values.get(option.long);
      const list = Array.isArray(before) ? before : [];
      values.set(option.long, option.kind === "list" ? [...list, value] : convert(option, word, value));
    } else if (option.secret) {
      prompts.push(option);
    } else {
      throw new ParseError(`${word} must have value`);
    }
  }
  const missing = options.filter((option) => option.required && !values.has(option.long) && !prompts.includes(option));
  if (missing.length > 0) throw new ParseError(`Missing required parameter ${missing.map(aliases).join("\n       ")}`);
  return {
    kind: "args",
    prompts,
    args: (secrets) =>
      new Args(new Map([...values, ...prompts.map(({ long }, at) => [long, secrets[at] ?? ""] as const)])),
  };
}

/** The flag `--default` of CHAP has a message of its own for a value that says no. 6.7.0 */
function flagWithValue(spec: CommandSpec, word: string): string {
  return spec.path.endsWith("auth chap set") && word === "--default"
    ? "Invalid default option use, it does not take false/no/n/0 value."
    : `'${word}' is a flag and cannot accept any values.`;
}

/** The value that a text is of an option: its type, and whether it is one of those that are taken. */
export function convert(option: OptionSpec, word: string, value: string): string | number | boolean {
  if (option.kind === "boolean") {
    const known = booleanWords[value.toLowerCase()];
    if (known === undefined)
      throw new ParseError(
        `While processing '${word}'. Argument type mismatch. Expecting one of {0, 1, n[o], y[es], f[alse], t[rue], off, on}. Got '${value}'`,
      );
    return known;
  }
  if (option.kind === "integer") {
    if (!/^-?\d+$/.test(value))
      throw new ParseError(`While processing '${word}'. Argument type mismatch. Expecting integer. Got '${value}'`);
    return Number(value);
  }
  if (option.values && !option.values.includes(value))
    throw new ParseError(`'${value}' is not in [${option.values.join(", ")}]`);
  return value;
}

/** `-A|--adapter` */
export function aliases({ long, short }: OptionSpec): string {
  return short === undefined ? `--${long}` : `-${short}|--${long}`;
}

/** The words of a command, with every value of a secret option masked: for the journal. */
export function masked(options: readonly OptionSpec[], words: readonly string[]): string[] {
  const secrets = new Set(
    options.filter(({ secret }) => secret).flatMap(({ long, short }) => [`--${long}`, ...(short ? [`-${short}`] : [])]),
  );
  return words.map((word, at) => {
    const equals = word.indexOf("=");
    if (equals >= 0 && secrets.has(word.slice(0, equals))) return `${word.slice(0, equals)}=***`;
    // The form -Svalue is not taken by esxcli, but it was meant as a secret all the same.
    const glued = [...secrets].find((option) => /^-\w$/.test(option) && word.startsWith(option) && word.length > 2);
    if (glued !== undefined) return `${glued}***`;
    return secrets.has(words[at - 1] ?? "") && !secrets.has(word) ? "***" : word;
  });
}
