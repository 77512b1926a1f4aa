import type { EsxcliCommand, HelpQuery, LogQuery } from "./command.js";
import { bare, integer, notUnderstood, rows, text } from "./output.js";

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

/** The long options of a command, without hyphens: the feature test for options. Works on every build, and needs no adapter. */
export function optionsOf(path: string): HelpQuery<ReadonlySet<string>> {
  return {
    kind: "help",
    path,
    effect: "read",
    stable: true,
    decode: (stdout) => {
      if (!stdout.split("\n").some((line) => line.startsWith(`Usage: esxcli ${path} `)))
        throw notUnderstood("it is not the help of the command", stdout);
      return new Set([...stdout.matchAll(/^[ \t]+(?:-\w\|)?--([a-z][a-z0-9-]*)/gm)].map((match) => match[1] ?? ""));
    },
  };
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
