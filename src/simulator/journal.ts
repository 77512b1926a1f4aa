/** A program that was run on the host, or a managed-method call. */
export interface JournalEntry {
  /** The command line, quoted where it must be; the values of secret options are masked. */
  readonly line: string;
  /** Of esxcli: the command's path, if the build has it. */
  readonly path?: string;
  /** Whether it is a command that changes something. */
  readonly effect: "read" | "write";
  /** How it ended; undefined while it runs, and for good if it hangs or its connection was cut. */
  status: number | undefined;
}

/** How often things happened on the simulated host. */
export interface Counters {
  /** SSH connections that were opened; those of the vSphere API are counted by its endpoint. */
  connections: number;
  /** Logins that were accepted. */
  logins: number;
  /** Passwords that were refused. */
  failedLogins: number;
  /** Command lines and managed-method calls that were run. */
  commands: number;
  /** esxcli commands that change something and were run, whether they worked or not. */
  writes: number;
  /** The most of them that ran at the same time. */
  atOnce: number;
}

export function newCounters(): Counters {
  return { connections: 0, logins: 0, failedLogins: 0, commands: 0, writes: 0, atOnce: 0 };
}

/** A word as a shell would be given it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./*-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
