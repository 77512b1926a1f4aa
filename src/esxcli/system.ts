import { IserError } from "../errors.js";
import type { EsxcliCommand, HelpQuery, LogQuery } from "./command.js";
import { notUnderstood, parametersIn } from "./document.js";
import { bare, integer, rows, text } from "./output.js";

/** Commands are kept as one text, for instance `rdma iser params set`. */
export type CommandList = ReadonlySet<string>;

/**
 * Every command of the build: the feature test for commands. The table's Namespace is dotted, `iscsi.adapter` [seen on 5.x];
 * blanks are taken too.
 */
export const commandList: EsxcliCommand<CommandList> = {
  kind: "esxcli",
  path: "esxcli command list",
  args: [],
  effect: "read",
  stable: true,
  decode: (stdout) => {
    const list = rows({ namespace: text("Namespace"), command: text("Command") })(stdout);
    if (list.length === 0) throw notUnderstood("a build without commands", stdout);
    return new Set(list.map(({ namespace, command }) => `${namespace.trim().replaceAll(".", " ")} ${command.trim()}`));
  },
};

/** The options of a command. */
export interface CommandOptions {
  /** By the long name without the leading hyphens, for instance `vswitch-name`. */
  has(option: string): boolean;
}

/**
 * The feature test for options. Works on every build, and needs no adapter. Asked of `--help`, or over the vSphere API of FetchCLIInfo, whose
 * parameters have no hyphens: so options are compared without.
 */
export function optionsOf(path: string): HelpQuery<CommandOptions> {
  return {
    kind: "help",
    path,
    effect: "read",
    stable: true,
    decode: (stdout) => {
      const options = new Set((/^\s*</.test(stdout) ? parametersOf(path, stdout) : helpOf(path, stdout)).map(bareName));
      return { has: (option) => options.has(bareName(option)) };
    },
  };
}

function bareName(option: string): string {
  return option.replaceAll("-", "");
}

function helpOf(path: string, stdout: string): readonly string[] {
  if (!stdout.split("\n").some((line) => line.startsWith(`Usage: esxcli ${path} `)))
    throw notUnderstood("it is not the help of the command", stdout);
  return [...stdout.matchAll(/^[ \t]+(?:-\w\|)?--([a-z][a-z0-9-]*)/gm)].map((match) => match[1] ?? "");
}

function parametersOf(path: string, stdout: string): readonly string[] {
  const parameters = parametersIn(stdout, path.split(" ").at(-1) ?? "");
  if (parameters === undefined)
    throw new IserError("COMMAND_UNKNOWN", {
      problem: "the namespace has no such command",
      cure: "This ESXi build does not have the command.",
    });
  return parameters;
}

/** The number of microseconds since the host was started. [ESXCLI reference 8.0.2; a long, seen through the vSphere API] */
export const uptime: EsxcliCommand<number> = {
  kind: "esxcli",
  path: "system stats uptime get",
  args: [],
  effect: "read",
  fleeting: true,
  decode: bare(integer("uptime")),
};

/** The host's clock, for instance 2020-02-18T18:26:15Z. [ESXCLI reference 8.0.2] */
export const time: EsxcliCommand<Date> = {
  kind: "esxcli",
  path: "system time get",
  args: [],
  effect: "read",
  fleeting: true,
  decode: (stdout) => {
    const said = bare(text("time"))(stdout);
    const now = new Date(said);
    // Without the Z it would be taken for this machine's time, and a Date takes almost any text for a time.
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(said) || Number.isNaN(now.getTime()))
      throw notUnderstood("it is not a time", stdout);
    return now;
  },
};

/** The last lines of the VMkernel log that contain a text. */
export function vmkernelLog<T>(containing: string, last: number, decode: (lines: readonly string[]) => T): LogQuery<T> {
  return {
    kind: "log",
    file: "/var/log/vmkernel.log",
    containing,
    last,
    effect: "read",
    decode: (stdout) => decode(stdout.split("\n").filter((line) => line !== "")),
  };
}
