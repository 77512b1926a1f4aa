import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onAbandon } from "../../../tools/engine/process.js";
import { keygen } from "../sshServer.js";
import { configText, type Settings } from "./config.js";
import { counts } from "./counts.js";
import { find, sshdProgram } from "./requirements.js";

export interface SshdOptions {
  /** A folder that only root can write to, up to the root: StrictModes looks at all of it. */
  readonly folder: string;
  /** The PATH of its users. */
  readonly path: string;
  /** Public keys that may log in, by user. */
  readonly authorized: Readonly<Record<string, readonly string[]>>;
  /** Default: 127.0.0.1 and a free port. */
  readonly address?: string;
  readonly port?: number;
  readonly hostKeys?: HostKeys;
  /** In place of ESXi's. */
  readonly settings?: Settings;
}

export interface KeyPair {
  readonly private: string;
  /** As in a `.pub` file. */
  readonly public: string;
  /** `SHA256:…` by ssh-keygen's reckoning. */
  readonly fingerprint: string;
}

export interface HostKeys {
  readonly rsa: KeyPair;
  readonly ecdsa: KeyPair;
}

/** ESXi has an RSA and an ECDSA key (seen on 8.0.2). */
export function makeHostKeys(): HostKeys {
  return { rsa: makeKey("-t", "rsa", "-b", "2048"), ecdsa: makeKey("-t", "ecdsa", "-b", "256") };
}

function makeKey(...kind: readonly string[]): KeyPair {
  const pair = keygen(...kind, "-N", "");
  const listed = execFileSync("ssh-keygen", ["-l", "-f", "-"], { input: pair.public, encoding: "utf8" });
  return { ...pair, fingerprint: listed.split(" ")[1] ?? "" };
}

/** Made once a process: an RSA key takes long. */
let usual: HostKeys | undefined;
let started = 0;

/** Lines of its log. A key that is accepted to be tried is no login yet: "Accepted key". */
export const logs = {
  connection: /^Connection from /,
  end: /([Cc]losed|[Rr]eset|[Dd]isconnect(ed)?|Unable to negotiate|terminated)/,
  login: /^Accepted (?!key )/,
  refusal: /^Failed /,
  /** Not even the question what the server accepts was asked before. */
  anyAttempt: /userauth-request|^Accepted |^Failed |^Postponed /,
  command: /^Starting session: command/,
  noSession: /no more sessions/,
  /** MaxStartups was reached. */
  dropped: /^drop connection /,
};

/** A real sshd with the settings of a real ESXi host. */
export class Sshd {
  /** What it has logged. */
  readonly log: string[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly forget: () => void;
  private readonly exited: Promise<void>;

  private constructor(
    private readonly process: ChildProcess,
    readonly config: string,
    readonly address: string,
    readonly port: number,
    readonly hostKeys: HostKeys,
  ) {
    counts.servers += 1;
    this.forget = onAbandon(() => this.kill());
    this.exited = new Promise((resolve) => process.once("close", () => resolve()));
    void this.exited.then(() => this.changed());
    if (process.stderr) createInterface({ input: process.stderr }).on("line", (line) => this.take(line));
  }

  static async start(options: SshdOptions): Promise<Sshd> {
    usual ??= makeHostKeys();
    const { folder, address = "127.0.0.1", hostKeys = usual } = options;
    const own = join(folder, `sshd-${started++}`);
    mkdirSync(own, { mode: 0o755 });
    // Between the choice of a free port and sshd's own use somebody else may take it.
    for (let left = 5; ; left -= 1) {
      const port = options.port ?? (await freePort(address));
      const config = prepare(own, { ...options, address, port, hostKeys });
      // The kernel ends it with this process, however that ends.
      const args = ["--pdeathsig", "TERM", sshdProgram, "-D", "-e", "-f", config];
      const process = spawn(find("setpriv") ?? "setpriv", args, { stdio: ["ignore", "ignore", "pipe"] });
      const sshd = new Sshd(process, config, address, port, hostKeys);
      const said = await sshd.logged(/^Server listening on |Address already in use|^fatal|No such file/);
      if (said.startsWith("Server listening")) return sshd;
      await sshd.stop();
      if (left === 0 || options.port !== undefined) throw new Error(`sshd does not start:\n${sshd.log.join("\n")}`);
    }
  }

  /** What it makes of its configuration. */
  effective(): string {
    return execFileSync(sshdProgram, ["-T", "-f", this.config], { encoding: "utf8" });
  }

  /** The first line that matches, of those after the first `from`, as soon as it is logged. */
  async logged(pattern: RegExp, from = 0): Promise<string> {
    for (;;) {
      const line = this.log.slice(from).find((text) => pattern.test(text));
      if (line !== undefined) return line;
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`sshd ended without ${pattern}:\n${this.log.slice(from).join("\n")}`);
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** How many lines match, of those after the first `from`. */
  count(pattern: RegExp, from = 0): number {
    return this.log.slice(from).filter((line) => pattern.test(line)).length;
  }

  /**
   * Waits until all is logged of the connections that there were up to now, which have ended or are about to. What it has written
   * before it logs one of ours has then been read, and of each connection the last word is its end.
   */
  async settled(): Promise<void> {
    const own = connect(this.port, this.address);
    own.on("error", () => undefined);
    await once(own, "connect");
    await this.logged(new RegExp(`^Connection from \\S+ port ${own.localPort} `));
    own.destroy();
    const ports = this.log.flatMap((line) => /^Connection from \S+ port (\d+) /.exec(line)?.[1] ?? []);
    for (const port of ports) await this.logged(new RegExp(`${logs.end.source}.* port ${port}\\b`));
  }

  /** Cuts all connections without a word, as a power failure does; new ones are taken. */
  cutConnections(): void {
    for (const pid of descendants(this.process.pid)) kill(pid);
  }

  /** Ends it, its connections and what runs on them. */
  async stop(): Promise<void> {
    this.kill();
    await this.exited;
    this.forget();
  }

  private kill(): void {
    const { pid, exitCode, signalCode } = this.process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    for (const one of [...descendants(pid), pid]) kill(one);
  }

  private take(line: string): void {
    this.log.push(line);
    if (logs.login.test(line)) counts.logins += 1;
    if (logs.refusal.test(line)) counts.refusedLogins += 1;
    if (logs.command.test(line)) counts.commands += 1;
    this.changed();
  }

  private changed(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** Writes what it needs into its folder, and gives the path of its configuration. */
function prepare(
  own: string,
  {
    address,
    port,
    hostKeys,
    authorized,
    path,
    settings,
  }: Required<Pick<SshdOptions, "address" | "port" | "hostKeys">> & SshdOptions,
): string {
  mkdirSync("/run/sshd", { recursive: true });
  for (const [kind, key] of Object.entries(hostKeys))
    writeFileSync(join(own, `host_${kind}`), key.private, { mode: 0o600 });
  for (const [user, lines] of Object.entries(authorized)) {
    mkdirSync(join(own, `keys-${user}`), { recursive: true });
    writeFileSync(join(own, `keys-${user}`, "authorized_keys"), lines.join("\n"));
    chmodSync(join(own, `keys-${user}`, "authorized_keys"), 0o644);
  }
  const banner = join(own, "issue");
  writeFileSync(banner, "This is a simulated host.\n");
  const config = join(own, "sshd_config");
  const mine: Settings = {
    port: String(port),
    listenaddress: address,
    pidfile: "none",
    hostkey: Object.keys(hostKeys).map((kind) => join(own, `host_${kind}`)),
    authorizedkeysfile: join(own, "keys-%u", "authorized_keys"),
    banner,
    loglevel: "DEBUG1",
    setenv: `PATH=${path}`,
    // Later than ESXi 8's: it shuts out whoever had a login refused, here all tests after the first of those.
    ...(hasPenalties(join(own, "host_ecdsa")) ? { persourcepenalties: "no" } : {}),
    ...settings,
  };
  writeFileSync(config, configText(mine));
  return config;
}

function hasPenalties(hostKey: string): boolean {
  const settings = execFileSync(sshdProgram, ["-T", "-f", "/dev/null", "-h", hostKey], { encoding: "utf8" });
  return /^persourcepenalties/m.test(settings);
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** The processes that it has started, theirs, and so on. */
function descendants(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  let children: string;
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    return [];
  }
  const direct = children.split(" ").filter(Boolean).map(Number);
  return [...direct, ...direct.flatMap(descendants)];
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}
