import { aliases } from "./parse.js";
import type { CommandSpec, OptionSpec } from "./spec.js";

/** The help of a command, as seen on ESXi 6.x for `system coredump file set`. */
export function commandHelp(spec: CommandSpec, options: readonly OptionSpec[]): string {
  const words = spec.path.split(" ");
  return [
    `Usage: esxcli ${spec.path} [cmd options]`,
    "",
    "Description:",
    entry(words.at(-1) ?? "", spec.help),
    "",
    "Cmd options:",
    ...options.map((option) => entry(aliases(option) + placeholder[option.kind], describe(option))),
    "",
  ].join("\n");
}

/** A flag and a boolean show no placeholder (seen for a flag; for a boolean inferred). */
const placeholder: Record<OptionSpec["kind"], string> = {
  string: "=<str>",
  list: "=[ <str> ... ]",
  integer: "=<long>",
  boolean: "=<bool>",
  flag: "",
};

function describe({ help, required, secret }: OptionSpec): string {
  return `${help}${required ? " (required)" : ""}${
    secret
      ? " (secret) (WARNING: providing secrets on the command line is not secure: they may be logged or kept in the history)"
      : ""
  }`;
}

function entry(name: string, text: string): string {
  return `  ${name.padEnd(20)}  ${text}`;
}

/** The usage of a namespace, or of esxcli itself for the empty path: what is right below it. */
export function namespaceHelp(path: string, specs: readonly CommandSpec[]): string {
  const prefix = path === "" ? "" : `${path} `;
  const below = specs.filter((spec) => spec.path.startsWith(prefix));
  const rest = below.map((spec) => ({ words: spec.path.slice(prefix.length).split(" "), help: spec.help }));
  const namespaces = [
    ...new Set(rest.filter(({ words }) => words.length > 1).map(({ words }) => words[0] ?? "")),
  ].sort();
  const commands = rest.filter(({ words }) => words.length === 1).sort((a, b) => compare(a.words[0], b.words[0]));
  const usage =
    path === ""
      ? ["Usage: esxcli [options] {namespace}+ {cmd} [cmd options]", "", "Options:", ...globalOptions]
      : [`Usage: esxcli ${path} {cmd} [cmd options]`];
  return [
    ...usage,
    "",
    ...(namespaces.length > 0 ? ["Available Namespaces:", ...namespaces.map((name) => entry(name, "")), ""] : []),
    ...(commands.length > 0
      ? ["Available Commands:", ...commands.map(({ words, help }) => entry(words[0] ?? "", help)), ""]
      : []),
  ]
    .map((line) => line.trimEnd())
    .join("\n");
}

const globalOptions = [
  entry(
    "--formatter=FORMATTER",
    "Override the formatter to use for a given command. Available formatter: xml, csv, keyvalue",
  ),
  entry("--debug", "Enable debug or internal use options"),
  entry("-?, --help", "Display usage information for the script"),
];

function compare(a = "", b = ""): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
