import { available, find, optionsOn } from "./catalogue.js";
import { commands } from "./commands/index.js";
import { type Formatter, format, formatterNamed } from "./format.js";
import { commandHelp, namespaceHelp } from "./help.js";
import { masked, ParseError, parse } from "./parse.js";
import type { Result } from "./result.js";
import type { CommandSpec, OptionSpec } from "./spec.js";
import { CommandFailure, type HostState } from "./state.js";

/** What a command line ended with. */
export interface Output {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line that was understood, ready to run. */
export interface Invocation {
  readonly spec: CommandSpec;
  /** What esxcli asks for before it starts, one line of standard input each. */
  readonly prompts: readonly OptionSpec[];
  run(secrets: readonly string[]): Output;
}

/** What a line comes to before anything is done: an answer, or an invocation. */
export type Read = { readonly output: Output; readonly spec?: CommandSpec } | { readonly invocation: Invocation };

/**
 * esxcli itself: global options, namespace and command, options. All text goes to standard output, errors as well; the exit
 * status is 1 for a bad line and for a command that failed, 2 for a bad global option. 6.7.0, and seen in use.
 */
export function read(host: HostState, words: readonly string[]): Read {
  const globals = globalOptions(words);
  if ("output" in globals) return globals;
  const { formatter, rest } = globals;
  const specs = available(host);
  const firstOption = rest.findIndex((word) => word.startsWith("-"));
  const path = firstOption < 0 ? rest : rest.slice(0, firstOption);
  const found = find(specs, path);
  if (found.kind === "namespace") {
    const help = namespaceHelp(found.path, specs);
    const stray = rest.slice(path.length).find((word) => word !== "--help" && word !== "-?");
    return { output: stray === undefined ? said(help) : parseError(`Invalid option ${stray}`, help) };
  }
  if (found.kind === "unknown")
    return { output: parseError(`Unknown command or namespace ${path.join(" ")}`, namespaceHelp(found.path, specs)) };
  const { spec } = found;
  const options = optionsOn(host, spec);
  const help = commandHelp(spec, options);
  try {
    const parsed = parse(spec, options, rest.slice(spec.path.split(" ").length));
    if (parsed.kind === "help") return { output: said(help), spec };
    const { prompts } = parsed;
    const run = (secrets: readonly string[]) =>
      perform(host, spec, () => spec.run(host, parsed.args(secrets)), formatter);
    return { invocation: { spec, prompts, run } };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { output: parseError(error.message, help), spec };
  }
}

function perform(host: HostState, spec: CommandSpec, run: () => Result, formatter: Formatter | undefined): Output {
  try {
    return said(format(run(), formatter, host.unknowns));
  } catch (error) {
    if (error instanceof CommandFailure) return { status: 1, stdout: `${error.message}\n`, stderr: "" };
    throw new Error(`the simulated command ${spec.path} is broken`, { cause: error });
  }
}

function said(stdout: string): Output {
  return { status: 0, stdout, stderr: "" };
}

function parseError(message: string, help: string): Output {
  return { status: 1, stdout: `Error: ${message}\n\n${help}`, stderr: "" };
}

type Globals =
  | { readonly formatter: Formatter | undefined; readonly rest: readonly string[] }
  | { readonly output: Output };

/** Global options stand before the namespace. */
function globalOptions(words: readonly string[]): Globals {
  let wanted: string | undefined;
  let debug = false;
  let at = 0;
  for (; words[at]?.startsWith("-"); at += 1) {
    const word = words[at] ?? "";
    if (word === "--formatter") {
      wanted = words[at + 1] ?? "";
      at += 1;
    } else if (word.startsWith("--formatter=")) wanted = word.slice("--formatter=".length);
    else if (word === "--debug") debug = true;
    else if (word === "--help" || word === "-?") return { output: said(namespaceHelp("", commands)) };
    else return { output: badGlobal(word) };
  }
  const formatter = wanted === undefined ? undefined : formatterNamed(wanted, debug);
  if (wanted !== undefined && formatter === undefined)
    return { output: { status: 1, stdout: `Unable to find requested formatter: ${wanted}\n`, stderr: "" } };
  return { formatter, rest: words.slice(at) };
}

/** Status and message are inferred from Python's optparse. */
function badGlobal(word: string): Output {
  const stderr = `Usage: esxcli [options] {namespace}+ {cmd} [cmd options]\n\nesxcli: error: no such option: ${word}\n`;
  return { status: 2, stdout: "", stderr };
}

/** The command that a line names, if any, and its words as they may be kept: secrets masked. */
export function describe(host: HostState, words: readonly string[]): { words: readonly string[]; spec?: CommandSpec } {
  const start = words.findIndex((word, at) => !word.startsWith("-") && words[at - 1] !== "--formatter");
  const found = find(available(host), start < 0 ? [] : words.slice(start));
  // Of a line that names no command the secret options are not known, so all that there are count.
  const options = found.kind === "command" ? found.spec.options : commands.flatMap((spec) => spec.options);
  return { words: masked(options, words), ...(found.kind === "command" ? { spec: found.spec } : {}) };
}
