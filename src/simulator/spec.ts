import type { Result } from "./result.js";
import type { HostState } from "./state.js";

/** One option of a command. */
export interface OptionSpec {
  readonly long: string;
  readonly short?: string;
  /** `flag` takes no value; `list` may be given more than once. */
  readonly kind: "string" | "integer" | "boolean" | "flag" | "list";
  readonly help: string;
  readonly required?: boolean;
  /** Given without a value, esxcli asks for it. */
  readonly secret?: boolean;
  /** The only values that are taken. */
  readonly values?: readonly string[];
  readonly on?: (host: HostState) => boolean;
}

/** One command: parsing, help, the command list and what a build has all come from this. */
export interface CommandSpec {
  /** Namespace and command, `iscsi adapter list`. */
  readonly path: string;
  readonly effect: "read" | "write";
  readonly help: string;
  readonly options: readonly OptionSpec[];
  /** The builds that have it. */
  readonly on?: (host: HostState) => boolean;
  readonly run: (host: HostState, args: Args) => Result;
}

/** The values of a command's options, by long name. */
export class Args {
  constructor(private readonly values: ReadonlyMap<string, string | number | boolean | readonly string[]>) {}

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** A string that was given, or undefined. */
  text(name: string): string | undefined {
    const value = this.values.get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** A string that parsing has made sure of. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new Error(`--${name} is not declared as required`);
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.values.get(name);
    return typeof value === "number" ? value : undefined;
  }

  boolean(name: string): boolean | undefined {
    const value = this.values.get(name);
    return typeof value === "boolean" ? value : undefined;
  }

  /** Whether a flag was given, or a boolean is true. */
  flag(name: string): boolean {
    return this.values.get(name) === true;
  }
}

type Extra = Partial<Omit<OptionSpec, "long" | "kind" | "help">>;

function option(kind: OptionSpec["kind"]) {
  return (long: string, short: string, help: string, extra: Extra = {}): OptionSpec => ({
    long,
    ...(short === "" ? {} : { short }),
    kind,
    help,
    ...extra,
  });
}

export const string = option("string");
export const integer = option("integer");
export const boolean = option("boolean");
export const flag = option("flag");
export const required: Extra = { required: true };
