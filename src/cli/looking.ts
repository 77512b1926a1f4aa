import { IserError } from "../errors.js";
import type { Ask } from "../resources/definition.js";
import { SshReach } from "../resources/reach.js";
import { Readings } from "../resources/readings.js";
import type { Session } from "../transport/session.js";
import { type DeclaredHost, forEach, hostsOf, type LoginOptions } from "./hosts.js";
import { noConfig, readStackConfig, type StackOptions } from "./stackConfig.js";
import { note, Progress } from "./terminal.js";

export interface LookOptions extends LoginOptions, StackOptions {}

/** What was found on a host that was reached. */
export interface Looked<T> {
  /** Its name or address, without user and port. */
  readonly host: string;
  /** As it was given. */
  readonly name: string;
  readonly found: T;
}

/** A host that could not be read. */
export interface Unread {
  /** As it was given. */
  readonly name: string;
  readonly error: Error;
}

/** A host that is being looked at. */
export interface Reached {
  /** As a program declares it. */
  readonly settings: DeclaredHost;
  readonly session: Session;
}

/** How many hosts are read side by side. */
const hostsAtOnce = 16;

/**
 * Reads from hosts, some side by side, with the credentials and host keys that the provider has. A host that cannot be read is told on stderr and does
 * not keep the others from being read; the answer says which such there were.
 */
export async function lookAtHosts<T>(
  names: readonly string[],
  options: LookOptions,
  look: (ask: Ask, host: string, reached: Reached) => Promise<T>,
): Promise<{ readonly looked: readonly Looked<T>[]; readonly unread: readonly Unread[] }> {
  const hosts = hostsOf(names, options);
  const config = (await readStackConfig(options, note)) ?? noConfig;
  const reach = new SshReach();
  reach.configure(config);
  const progress = new Progress("Hosts read", hosts.length);
  try {
    const results = await forEach(hosts, hostsAtOnce, async (host) => {
      try {
        const found = await reach.use(host, (session) => {
          // One observation: what several parts of a look ask is asked once.
          const { ask } = new Readings(Date.now).observe(session, "run");
          return look(ask, host.host, { settings: host, session }).catch((error: unknown) => {
            throw error instanceof IserError ? error.on(session.host) : error;
          });
        });
        return { host: host.host, found };
      } finally {
        progress.step();
      }
    });
    progress.clear();
    const named = results.map((result, at) => ({ name: names[at] ?? "", result }));
    const unread = named.flatMap(({ name, result }) =>
      result.status === "rejected" ? [{ name, error: result.reason as Error }] : [],
    );
    for (const { error } of unread) process.stderr.write(`${error.message}\n`);
    const looked = named.flatMap(({ name, result }) =>
      result.status === "fulfilled" ? [{ name, ...result.value }] : [],
    );
    return { looked, unread };
  } finally {
    progress.clear();
    await reach.close();
  }
}
