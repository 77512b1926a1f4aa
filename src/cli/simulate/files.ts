import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { visible } from "../../errors.js";
import { interpret } from "../../esxcli/run.js";
import type { Ask } from "../../resources/definition.js";
import { knownHostsName } from "../../transport/knownHosts.js";
import { render } from "../../transport/sshLine.js";
import { lookAt } from "../hostView.js";
import { note } from "../terminal.js";
import { usage } from "../usage.js";
import type { Running } from "./serving.js";
import { reachOf } from "./shown.js";

/** Sees to it that a file can be written, before anything listens. Gives its whole path. */
export function writable(option: string, file: string): string {
  const path = resolve(file);
  try {
    // Not any deeper: below /proc Node tries without end.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o700 });
    closeSync(openSync(path, "a", 0o600));
    return path;
  } catch (error) {
    throw usage(
      `${option} ${file} cannot be written: ${(error as Error).message}`,
      "Name a file that this user may write.",
    );
  }
}

/** Writes the hosts' keys into a known_hosts file, in place of those that earlier ones had at the same ports. What else is in it stays. */
export function writeKnownHosts(file: string, hosts: readonly Running[]): void {
  const ours = hosts.map((host) => ({ name: knownHostsName(reachOf(host), host.port), key: host.publicKey }));
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const others = lines.filter((line) => !ours.some(({ name }) => line.startsWith(`${name} `)));
  while (others.at(-1) === "") others.pop();
  writeFileSync(file, [...others, ...ours.map(({ name, key }) => `${name} ${key}`), ""].join("\n"));
}

/** Appends what hosts are told, a line each: time, host, whether it changes something, and the command, its secrets masked. */
export class JournalFile {
  private file: number | undefined;

  constructor(path: string) {
    this.file = openSync(path, "a");
  }

  follow({ name, host }: Running): void {
    host.onEntry(({ line, effect }) => this.write(name, effect, line));
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private write(name: string, effect: string, line: string): void {
    if (this.file === undefined) return;
    const shown = visible(line.replaceAll("\n", "\\n"));
    try {
      writeSync(this.file, `${new Date().toISOString()} ${name} ${effect.padEnd(5)} ${shown}\n`);
    } catch (error) {
      note(`the journal ends here, it cannot be written: ${(error as Error).message}`);
      this.close();
    }
  }
}

/** What `esxi-iser discover --json` would print of the hosts. */
export async function save(file: string, hosts: readonly Running[]): Promise<void> {
  const views = await Promise.all(
    hosts.map(async ({ name, host }) => {
      // Nobody else is there, and it is not to fail.
      host.faults.clear();
      const ask: Ask = async (command) => {
        const { line, stdin } = render(command);
        return interpret(command, host.execute(line, stdin), name);
      };
      return { host: name, found: await lookAt(ask, name) };
    }),
  );
  writeFileSync(file, `${JSON.stringify(views, undefined, 2)}\n`, { mode: 0o600 });
}
