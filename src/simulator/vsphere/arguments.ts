import { convert, ParseError } from "../parse.js";
import { Args, type OptionSpec } from "../spec.js";
import { parseXml, XmlError } from "./xml.js";

/** An argument of a managed-method call: `val` is a text that is XML itself. */
export interface Argument {
  readonly name: string;
  readonly val: string;
}

/** A call whose arguments do not fit. `property`: the one that does not, never its value. */
export class ArgumentError extends Error {
  constructor(readonly property: string) {
    super(`A specified parameter was not correct: ${property}`);
  }
}

/** The name of an option in the API: without its hyphens. */
export function argumentName({ long }: OptionSpec): string {
  return long.replaceAll("-", "");
}

/** The elements of a `val`: each is named as the argument, and holds a text. */
export function valuesIn({ name, val }: Argument): readonly string[] {
  try {
    const { children, text } = parseXml(`<val>${val}</val>`);
    const fits = children.length > 0 && children.every((one) => one.name === name && one.children.length === 0);
    if (!fits || text.trim() !== "") throw new ArgumentError(name);
    return children.map((one) => one.text);
  } catch (error) {
    if (error instanceof XmlError) throw new ArgumentError(name);
    throw error;
  }
}

/** Types, allowed values and what is required are as on a command line; a flag is a boolean here. */
export function argsOf(options: readonly OptionSpec[], given: readonly Argument[]): Args {
  const values = new Map<string, string | number | boolean | readonly string[]>();
  for (const argument of given) {
    const option = options.find((one) => argumentName(one) === argument.name);
    if (option === undefined || values.has(option.long)) throw new ArgumentError(argument.name);
    const texts = valuesIn(argument);
    const [only = "", ...more] = texts;
    if (option.kind === "list") values.set(option.long, texts);
    else if (more.length > 0) throw new ArgumentError(argument.name);
    else values.set(option.long, converted(option, only));
  }
  const missing = options.find(({ required, long }) => required && !values.has(long));
  if (missing) throw new ArgumentError(argumentName(missing));
  // A flag that is false is one that is not given.
  const set = [...values].filter(([long, value]) => value !== false || kindOf(options, long) !== "flag");
  return new Args(new Map(set));
}

function kindOf(options: readonly OptionSpec[], long: string): OptionSpec["kind"] | undefined {
  return options.find((one) => one.long === long)?.kind;
}

function converted(option: OptionSpec, text: string): string | number | boolean {
  if (option.kind === "flag" || option.kind === "boolean") {
    // xsd:boolean.
    if (!/^(true|false|1|0)$/.test(text)) throw new ArgumentError(argumentName(option));
    return text === "true" || text === "1";
  }
  try {
    return convert(option, `--${option.long}`, text);
  } catch (error) {
    if (error instanceof ParseError) throw new ArgumentError(argumentName(option));
    throw error;
  }
}
