import { IserError } from "../errors.js";
import { interpret } from "../esxcli/run.js";
import type { Ask } from "../resources/definition.js";
import { SshReach } from "../resources/reach.js";
import { forEach, type HostOptions, hostOf } from "./hosts.js";
import { noConfig, readStackConfig, type StackOptions } from "./stackConfig.js";
import { note, Progress } from "./terminal.js";

export interface LookOptions extends HostOptions, StackOptions {}

/** What was found on a host that was reached. */
export interface Looked<T> {
  /** Its name or address, without user and port. */
  readonly host: string;
  readonly found: T;
}

/** How many hosts are read side by side. */
const hostsAtOnce = 16;

/**
 * Reads from hosts, some side by side, with the credentials and host keys that the provider has. A host that cannot be read is told on stderr and does
 * not keep the others from being read; the answer says how many such there were.
 */
export async function lookAtHosts<T>(
  names: readonly string[],
  options: LookOptions,
  look: (ask: Ask, host: string) => Promise<T>,
): Promise<{ readonly looked: readonly Looked<T>[]; readonly failed: number }> {
  const hosts = names.map((name) => hostOf(name, options));
  const config = (await readStackConfig(options, note)) ?? noConfig;
  const reach = new SshReach();
  reach.configure(config);
  const progress = new Progress("Hosts read", hosts.length);
  try {
    const results = await forEach(hosts, hostsAtOnce, async (host) => {
      try {
        const found = await reach.use(host, (session) => {
          const ask: Ask = async (command) => interpret(command, await session.execute(command), session.host);
          return look(ask, host.host).catch((error: unknown) => {
            throw error instanceof IserError ? error.on(session.host) : error;
          });
        });
        return { host: host.host, found };
      } finally {
        progress.step();
      }
    });
    progress.clear();
    const failed = results.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
    for (const error of failed) process.stderr.write(`${error.message}\n`);
    const looked = results.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    return { looked, failed: failed.length };
  } finally {
    progress.clear();
    await reach.close();
  }
}
