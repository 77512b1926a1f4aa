import type { Argument, HostCommand } from "../esxcli/command.js";
import { failure } from "./redact.js";

/** A command as ESXi's shell, BusyBox ash, is given it. */
export interface Line {
  readonly line: string;
  /** What the command reads: a secret, so that it is in no process list and no log of the host. */
  readonly stdin?: string;
  /** The line for people, the secret masked. */
  readonly shown: string;
}

/** With neither LANG nor LC_ALL set, the esxcli of 6.7 starts itself a second time, and an exec over SSH has neither. */
const environment = "LANG=en_US.UTF-8";

/** The only place that quotes for a shell. */
export function render(command: HostCommand): Line {
  switch (command.kind) {
    case "help":
      return same(`esxcli ${words(command.path)} --help`, environment);
    case "log": {
      // Of a pipe the status is the last command's, so neither a missing file nor no match is a failure.
      const search = `grep -F -- ${quote(command.containing)} ${quote(command.file)} 2>/dev/null`;
      return same(`${search} | tail -n ${Math.trunc(command.last)}`);
    }
    case "esxcli": {
      const start = ["esxcli --formatter=xml", words(command.path), ...command.args.map(argument)].join(" ");
      const { secret } = command;
      if (secret === undefined) return same(start, environment);
      if (secret.via === "argument") {
        const given = `${environment} ${start} ${argument(secret)}`;
        return { line: given, shown: `${start} --${words(secret.name)}=***` };
      }
      if (/[\r\n]/.test(secret.value)) throw unusable("A secret that is read from standard input holds a line break.");
      // A secret option without a value makes esxcli ask for it; without a terminal it reads standard input. [6.7, seen in use]
      const shown = `${start} --${words(secret.name)}`;
      return { line: `${environment} ${shown}`, stdin: `${carriable(secret.value)}\n`, shown };
    }
  }
}

function same(line: string, prefix?: string): Line {
  return { line: prefix === undefined ? line : `${prefix} ${line}`, shown: line };
}

function argument({ name, value }: Argument): string {
  if (value === undefined) return `--${words(name)}`;
  // `-s ''` is how an empty value was seen; `--name=` may count as no value.
  return value === "" ? `--${words(name)} ''` : quote(`--${words(name)}=${String(value)}`);
}

/** Inside single quotes ash takes everything literally but the single quote itself. */
function quote(text: string): string {
  return `'${carriable(text).replaceAll("'", "'\\''")}'`;
}

/** A command line ends at NUL, and half a surrogate pair has no UTF-8. */
function carriable(text: string): string {
  if (/\0|\p{Surrogate}/u.test(text))
    throw unusable("A value holds a NUL or half a character, which no command line can carry.");
  return text;
}

/** Names of commands and options are written in this package, not by its users, and need no quotes. */
function words(text: string): string {
  if (!/^[A-Za-z0-9]+([ -][A-Za-z0-9]+)*$/.test(text))
    throw unusable(`"${text}" is no name of an esxcli command or option.`);
  return text;
}

function unusable(problem: string) {
  return failure("INPUT_INVALID", { problem, cure: "Change the value." });
}
