/**
 * A command is a value: what is asked of the host, and how its answer is decoded. Nothing here does I/O.
 *
 * The transport decides how a value reaches the host: SSH renders `esxcli --formatter=xml <path> --name=value`, another
 * transport may send the same value as a managed-method call. So no value here is quoted or escaped.
 */
export interface Argument {
  /** The long option without hyphens, for instance `adapter`. Short options differ between commands and builds. */
  readonly name: string;
  /** Left out for a flag, an option that takes no value. */
  readonly value?: string | number | boolean;
}

/** A secret argument is never written to a log or an error. */
export interface SecretArgument {
  readonly name: string;
  readonly value: string;
  /**
   * `prompt`: the option is given without a value and esxcli reads the secret from standard input, so it is on no command
   * line of the host. `argument`: `--secret=value`; the host's process list and shell log may show it.
   */
  readonly via: "prompt" | "argument";
}

interface Decodes<T> {
  /** The answer cannot change while a connection lasts: a property of the build, not of the configuration. */
  readonly stable?: true;
  /** The answer changes by itself all the time: a clock. */
  readonly fleeting?: true;
  /** What is read of an answer of which others read more, so that a write may change one and not the other. */
  readonly part?: string;
  /** Turns what a successful command printed into a value, or throws OUTPUT_NOT_UNDERSTOOD quoting what was not understood. */
  readonly decode: (stdout: string) => T;
}

/** One esxcli command. */
export interface EsxcliCommand<T = unknown> extends Decodes<T> {
  readonly kind: "esxcli";
  /** Namespace and command, for instance `iscsi adapter list`. */
  readonly path: string;
  readonly args: readonly Argument[];
  readonly secret?: SecretArgument;
  /** A read may be repeated after a lost connection; a write may not. */
  readonly effect: "read" | "write";
}

/** The help of an esxcli command: the feature test for options. */
export interface HelpQuery<T = unknown> extends Decodes<T> {
  readonly kind: "help";
  readonly path: string;
  readonly effect: "read";
}

/** The last lines of a log that contain a fixed text. Matching nothing, or a missing file, is an empty answer. */
export interface LogQuery<T = unknown> extends Decodes<T> {
  readonly kind: "log";
  /** Absolute path, for instance `/var/log/vmkernel.log`. */
  readonly file: string;
  readonly containing: string;
  readonly last: number;
  readonly effect: "read";
}

export type HostCommand<T = unknown> = EsxcliCommand<T> | HelpQuery<T> | LogQuery<T>;

/** How a person would type the command, with the secret masked: for errors, plans and the journal of a reviewer. */
export function describe(command: HostCommand): string {
  switch (command.kind) {
    case "help":
      return `esxcli ${command.path} --help`;
    case "log":
      return `grep -F ${command.containing} ${command.file}`;
    case "esxcli":
      return [
        `esxcli ${command.path}`,
        ...command.args.map(describeArgument),
        ...(command.secret ? [`--${command.secret.name}${command.secret.via === "argument" ? "=***" : ""}`] : []),
      ].join(" ");
  }
}

function describeArgument({ name, value }: Argument): string {
  if (value === undefined) return `--${name}`;
  const text = String(value);
  return `--${name}=${/^[\w.:,@%+/[\]-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`}`;
}

/**
 * Why esxcli could not take a text as the value of an option, or undefined if it can.
 * A value that begins with `-` and a letter, or with `--`, is taken for an option even after `=`. [ESXi 6.7]
 */
export function unusableAsValue(text: string): string | undefined {
  if (text === "") return "is empty";
  if (/^-[A-Za-z]|^--/.test(text)) return "begins with a hyphen, and esxcli would take it for an option";
  if (text.includes("\0")) return "contains a NUL byte, which no command line can carry";
  return undefined;
}
