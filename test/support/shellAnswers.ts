import assert from "node:assert/strict";
import type { SimulatedHost } from "../../src/simulator/index.js";
import type { Element } from "../../src/xml.js";
import type { Oracle } from "./xmlOracle.js";

/** A command and its long options; one without a value is a flag. */
export interface Command {
  readonly path: readonly string[];
  readonly options: readonly (readonly [name: string, value?: string])[];
}

/** The command of a line without quotes. */
export function commandOf(line: string): Command {
  const [path = "", ...options] = line.split(" --");
  return {
    path: path.split(" "),
    options: options.map((option) => {
      const at = option.indexOf("=");
      return at < 0 ? [option] : [option.slice(0, at), option.slice(at + 1)];
    }),
  };
}

export interface Structure {
  readonly type: string;
  readonly fields: Readonly<Record<string, Value>>;
}
export type Value = string | number | boolean | Structure | readonly Value[];
/** Nothing, a value, or a fault with its type. */
export type Answer = null | Value | Fault;
export interface Fault {
  readonly fault: string;
  readonly [property: string]: unknown;
}

/** What commands answer in a shell, as the vSphere API has it: with a type for each structure, and faults in place of messages. */
export class ShellAnswers {
  /** By the name of a structure its fields, each with its type as pyvmomi calls it. */
  readonly types: Record<string, Record<string, string>> = {};

  constructor(private readonly oracle: Oracle) {}

  of(host: SimulatedHost, { path, options }: Command): Answer {
    const words = options.map(([name, value]) => (value === undefined ? `--${name}` : `--${name}='${value}'`));
    const { status, stdout } = host.execute(["esxcli --formatter=xml", ...path, ...words].join(" "));
    if (status !== 0) return faultOf(stdout.trimEnd());
    if (stdout === "") return null;
    const [value] = this.oracle(stdout)?.children[0]?.children ?? [];
    assert.ok(value, stdout);
    return this.value(value, `VimEsxCLI${path.join("")}`);
  }

  private value({ tag, text, attributes, children }: Element, prefix: string): Value {
    switch (tag) {
      case "integer":
        return Number(text);
      case "boolean":
        return text === "true";
      case "list":
        return children.map((child) => this.value(child, prefix));
      case "structure": {
        const type = `${prefix}${attributes.typeName}`;
        this.types[type] ??= {};
        const fields = children.map((field) => this.field(field, type, prefix));
        // Nothing says of a list that it is there and empty.
        const set = fields.filter(([, value]) => !(Array.isArray(value) && value.length === 0));
        return { type, fields: Object.fromEntries(set) };
      }
      default:
        assert.equal(tag, "string");
        return text;
    }
  }

  private field({ attributes, children }: Element, type: string, prefix: string): readonly [string, Value] {
    const { name = "" } = attributes;
    const [held] = children;
    assert.ok(held, `${type} ${name}`);
    const value = this.value(held, prefix);
    const fields = this.types[type] ?? {};
    const kind = kindOf(held, prefix);
    assert.equal(fields[name] ?? kind, kind, `${type} ${name}`);
    fields[name] = kind;
    return [name, value];
  }
}

/** The type of a field, as pyvmomi calls it. */
function kindOf({ tag, attributes }: Element, prefix: string): string {
  switch (tag) {
    case "integer":
      return "long";
    case "list":
      return `${attributes.type}[]`;
    case "structure":
      return `vim.EsxCLI.${prefix}${attributes.typeName}`;
    default:
      return tag;
  }
}

function faultOf(said: string): Fault {
  if (said.startsWith("Error: Unknown command or namespace")) return { fault: "NotFound" };
  const [, option] = /^Error: Invalid option --(.*)/.exec(said) ?? [];
  if (option !== undefined) return { fault: "InvalidArgument", invalidProperty: option.replaceAll("-", "") };
  return { fault: "VimEsxCLICLIFault", errMsg: [said] };
}
