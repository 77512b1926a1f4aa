import { createHash } from "node:crypto";
import { newHost } from "./defaults.js";
import { markScanned } from "./devices.js";
import { type FaultOptions, Faults } from "./faults.js";
import { describe, type Invocation, type Output, read } from "./frontend.js";
import { rediscover } from "./iscsi.js";
import { type Counters, type JournalEntry, newCounters, quoted } from "./journal.js";
import type { HostOptions } from "./options.js";
import { type Process, runNow, type Streams } from "./process.js";
import { programs } from "./programs.js";
import { type Program, Shell, type System } from "./shell.js";
import type { HostState } from "./state.js";

/** What a reboot does beside ending all connections. */
export interface RebootOptions {
  /** Two `vmhba#` that change places: each then belongs to the other's RDMA device. Of one that nobody has the other one takes the number. */
  readonly swapAdapters?: readonly [string, string];
  /** The iSER adapters do not come back. */
  readonly loseAdapters?: boolean;
}

/** Something that is asked of the host without a process there: a managed-method call. */
export interface ServedCall<T> {
  readonly entry: Omit<JournalEntry, "status">;
  /** What faults know it by. */
  readonly path: string;
  readonly run: () => T;
  /** What it comes to when it is made to fail with a message. */
  readonly failed: (message: string) => T;
  readonly status: (answer: T) => number;
  /** The answer with its text spoilt. */
  readonly spoilt: (answer: T, spoil: (text: string) => string) => T;
}

/** What the shell does itself, without a process. */
const builtins = ["echo", "printf", "true", "false", ":"];
const vmkernelLog = "/var/log/vmkernel.log";

/** A simulated ESXi host, without a network: what is set is what is read, by ESXi's rules. Nothing is shared between hosts. */
export class SimulatedHost implements System {
  /** The live state. Commands change it; a test may change what no command does: pull a cable, take a target off the storage. */
  readonly state: HostState;
  /** Every program that was run, but for `echo` and `printf`, in the order they were started. Never a secret, never standard input. */
  readonly journal: JournalEntry[] = [];
  /**
   * The arguments of every process that was started, as they were given: what anybody who may list the processes of the host can read, secrets
   * that are on a command line too. A line over SSH is a process by itself, `sh -c LINE`; lines of a shell that goes on are not.
   */
  readonly processes: (readonly string[])[] = [];
  readonly counters: Counters = newCounters();
  readonly faults = new Faults();
  private readonly programs: Readonly<Record<string, Program>>;
  private readonly files = new Map<string, string>();
  private readonly rebootListeners = new Set<() => void>();
  private readonly entryListeners = new Set<(entry: JournalEntry) => void>();
  private readonly processStartMs: number;
  private running = 0;

  constructor(options: HostOptions = {}) {
    this.state = newHost(options);
    this.processStartMs = options.processStartMs ?? 0;
    const esxcli =
      (name: string): Program =>
      (words, streams) =>
        this.esxcli(name, words, streams);
    this.programs = {
      ...this.journaled(programs(this.state)),
      esxcli: esxcli("esxcli"),
      localcli: esxcli("localcli"),
      ...this.journaled({ reboot: () => this.rebooting() }, "write"),
    };
  }

  /** Runs a line as `ssh host line` would, and answers at once: delays take no time, and what hangs or is cut ends with 255. */
  execute(line: string, stdin = ""): Output {
    let stdout = "";
    let stderr = "";
    const streams = (input: Streams["input"]): Streams => ({
      input,
      out: (text) => {
        stdout += text;
      },
      err: (text) => {
        stderr += text;
      },
    });
    const status = runNow((input) => this.run(line, streams(input)), stdin);
    return { status, stdout, stderr };
  }

  /** A line as a process, for whoever can wait: in a shell of its own, or in one that goes on. */
  *run(line: string, streams: Streams, shell?: Shell): Process<number> {
    this.counters.commands += 1;
    if (shell === undefined) this.processes.push(["sh", "-c", line]);
    return yield* (shell ?? new Shell(this)).run(line, streams);
  }

  /** A managed-method call, for whoever can wait: in the journal, and with the fault that is due for it. It starts no process. */
  *serve<T>({ entry: begun, path, run, failed, status, spoilt: spoil }: ServedCall<T>): Process<T> {
    this.counters.commands += 1;
    const entry = this.entry(begun);
    const fault = this.faults.take(path);
    if (fault) yield* this.before(fault);
    const fails = fault?.kind === "fail";
    if (begun.effect === "write" && !fails) this.counters.writes += 1;
    const answer = fails ? failed(fault.message ?? "Failed.") : run();
    if (fault) yield* this.after(fault);
    entry.status = status(answer);
    return fault ? spoil(answer, (text) => spoilt(text, fault)) : answer;
  }

  /** The configuration and the runtime inventory as canonical JSON. Of a CHAP secret only a digest is in it. */
  dump(): string {
    const { clock, bootedAt, log, unknowns, storage, iscsiAdapters, switches, interfaces, modules, ...rest } =
      this.state;
    const adapters = iscsiAdapters.map(({ readsUntilListed, discoveryStatus, chap, targets, ...adapter }) => ({
      ...adapter,
      targets: targets.map(({ readsUntilListed, ...target }) => target),
      // An adapter inherits from nobody: set to the default is the same as never set.
      chap: Object.fromEntries(
        Object.entries(chap).filter(([, { level, name }]) => level !== "prohibited" || name !== ""),
      ),
    }));
    // What a module was loaded with is of the running system.
    const configured = modules.map(({ active, ...module }) => module);
    // The order of a switch's uplinks and of addresses means nothing; that of active and standby uplinks does.
    const network = {
      switches: switches.map((it) => ({ ...it, uplinks: [...it.uplinks].sort() })),
      interfaces: interfaces.map((vmk) => ({
        ...vmk,
        ipv6: [...vmk.ipv6].sort((a, b) => (a.address < b.address ? -1 : 1)),
      })),
    };
    return `${JSON.stringify(canonical({ ...rest, ...network, iscsiAdapters: adapters, modules: configured }), undefined, 2)}\n`;
  }

  /** Starts the host anew: what is only of the running system is gone, and the iSCSI adapters log in again. */
  reboot({ swapAdapters, loseAdapters = false }: RebootOptions = {}): void {
    const { state } = this;
    const { adaptersPersist, rocePersists, pauseParamsPersist, settingsFollow } = state.unknowns;
    state.iscsiAdapters = state.iscsiAdapters.filter(
      ({ driver, deleted }) => !deleted && (driver !== "iser" || (adaptersPersist && !loseAdapters)),
    );
    if (swapAdapters) this.swap(swapAdapters, settingsFollow);
    this.advance(180_000);
    state.bootedAt = state.clock - 60_000;
    for (const module of state.modules) {
      const needed = module.name !== "iser" || state.iscsiAdapters.length > 0;
      module.loaded = module.enabled && needed;
      module.active = { ...module.options };
    }
    for (const nic of state.nics) if (!pauseParamsPersist) Object.assign(nic.pause, nic.pauseAtBoot);
    for (const adapter of state.iscsiAdapters) {
      adapter.sessions = [];
      adapter.readsUntilListed = 0;
      for (const target of adapter.targets) target.readsUntilListed = 0;
      if (!rocePersists) adapter.roce = 0;
      if (adapter.sendTargets.length + adapter.targets.length > 0) rediscover(state, adapter);
      markScanned(state, adapter);
    }
    state.log.push(`${new Date(state.bootedAt).toISOString()} cpu0:2097152)VMKernel: the simulated host was started`);
    for (const listener of this.rebootListeners) listener();
  }

  /** A command line begins to run beside others, or has ended: for the counter `atOnce`. */
  begin(): void {
    this.running += 1;
    this.counters.atOnce = Math.max(this.counters.atOnce, this.running);
  }

  end(): void {
    this.running -= 1;
  }

  /** Tells of every reboot. The answer ends it. */
  onReboot(listener: () => void): () => void {
    this.rebootListeners.add(listener);
    return () => this.rebootListeners.delete(listener);
  }

  /** Tells of every program as it is started. The answer ends it. */
  onEntry(listener: (entry: JournalEntry) => void): () => void {
    this.entryListeners.add(listener);
    return () => this.entryListeners.delete(listener);
  }

  /** Moves the host's clock on. */
  advance(milliseconds: number): void {
    this.state.clock += milliseconds;
  }

  program(name: string): Program | undefined {
    const short = name.replace(/^\/s?bin\//, "");
    const found = Object.hasOwn(this.programs, short) ? this.programs[short] : undefined;
    if (found === undefined || builtins.includes(short)) return found;
    return (words, streams, shell) => {
      this.processes.push([name, ...words]);
      return found(words, streams, shell);
    };
  }

  readFile(path: string): string | undefined {
    if (path === "/dev/null") return "";
    if (path === vmkernelLog) return this.state.log.map((line) => `${line}\n`).join("");
    return this.files.get(path);
  }

  writeFile(path: string, text: string, append: boolean): void {
    if (path === "/dev/null") return;
    this.files.set(path, (append ? (this.files.get(path) ?? "") : "") + text);
  }

  private rebooting(): Process<number> {
    return immediately(() => {
      this.reboot();
      return 0;
    });
  }

  private swap([first, second]: readonly [string, string], settingsFollow: "device" | "number"): void {
    const find = (name: string) => this.state.iscsiAdapters.find(({ vmhba }) => vmhba === name);
    const [a, b] = [find(first), find(second)];
    if (!a && !b) throw new Error(`the simulated host has no iSCSI adapter ${first} or ${second}`);
    if (a && b && settingsFollow === "number") [a.device, b.device] = [b.device, a.device];
    else {
      if (a) a.vmhba = second;
      if (b) b.vmhba = first;
    }
  }

  /** Programs that leave an entry. `echo` and `printf` leave none: what they print may be a secret for a pipe. */
  private journaled(
    all: Readonly<Record<string, Program>>,
    effect: "read" | "write" = "read",
  ): Record<string, Program> {
    const wrap = (name: string, program: Program): Program =>
      builtins.includes(name)
        ? program
        : (words, streams, shell) => {
            const entry = this.entry({ line: [name, ...words].map(quoted).join(" "), effect });
            return this.ended(
              entry,
              this.faulty(name, streams, (own) => program(words, own, shell)),
            );
          };
    return Object.fromEntries(Object.entries(all).map(([name, program]) => [name, wrap(name, program)]));
  }

  private entry(begun: Omit<JournalEntry, "status">): JournalEntry {
    const entry = { ...begun, status: undefined };
    this.journal.push(entry);
    for (const listener of this.entryListeners) listener(entry);
    return entry;
  }

  private *ended(entry: JournalEntry, process: Process<number>): Process<number> {
    entry.status = yield* process;
    return entry.status;
  }

  private *esxcli(name: string, words: readonly string[], streams: Streams): Process<number> {
    const { words: kept, spec } = describe(this.state, words);
    const reading = read(this.state, words);
    const entry = this.entry({
      line: [name, ...kept].map(quoted).join(" "),
      ...(spec ? { path: spec.path } : {}),
      // Help and a line that is not understood change nothing.
      effect: "invocation" in reading ? reading.invocation.spec.effect : "read",
    });
    if (this.processStartMs > 0) yield { kind: "delay", milliseconds: this.processStartMs };
    const run = "output" in reading ? () => reading.output : yield* this.prompted(reading.invocation, streams);
    const path = "output" in reading && spec ? `${spec.path} --help` : spec?.path;
    const print = ({ stdout, stderr, status }: Output, { out, err }: Streams) => {
      out(stdout);
      err(stderr);
      return status;
    };
    return yield* this.ended(
      entry,
      this.faulty(path ?? name, streams, (own) => immediately(() => print(run(), own))),
    );
  }

  /** Asks for the secrets, and gives what is then to be done. */
  private *prompted({ spec, prompts, run }: Invocation, streams: Streams): Process<() => Output> {
    const secrets: string[] = [];
    for (const { long } of prompts) {
      const prompt = this.state.unknowns.promptOn === "stdout" ? streams.out : streams.err;
      prompt(`Enter value for '${long}': `);
      secrets.push((yield* streams.input.line()) ?? "");
    }
    return () => {
      if (spec.effect === "write") this.counters.writes += 1;
      return run(secrets);
    };
  }

  /** Runs a program with the fault that is due for it, if any. */
  private *faulty(path: string, streams: Streams, run: (streams: Streams) => Process<number>): Process<number> {
    const fault = this.faults.take(path);
    if (!fault) return yield* run(streams);
    yield* this.before(fault);
    if (fault.kind === "fail") {
      streams.out(`${fault.message ?? "Failed."}\n`);
      return 1;
    }
    let stdout = "";
    const out = (text: string) => {
      stdout += text;
    };
    const status = yield* run({ ...streams, out });
    yield* this.after(fault);
    streams.out(spoilt(stdout, fault));
    return status;
  }

  private *before({ kind, delayMs = 1000, reboot, meanwhile }: FaultOptions): Process<void> {
    if (kind === "meanwhile") meanwhile?.();
    if (kind === "slow") yield { kind: "delay", milliseconds: delayMs };
    if (kind === "hang") yield { kind: "hang" };
    if (kind === "reboot") this.reboot(reboot);
    if (kind === "dropBefore" || kind === "reboot") yield { kind: "drop" };
  }

  private *after({ kind }: FaultOptions): Process<void> {
    if (kind === "dropAfter") yield { kind: "drop" };
    if (kind === "hangAfter") yield { kind: "hang" };
  }
}

// biome-ignore lint/correctness/useYield: it asks for nothing
function* immediately<T>(work: () => T): Process<T> {
  return work();
}

function spoilt(stdout: string, { kind, message }: FaultOptions): string {
  if (kind === "truncate") return stdout.slice(0, Math.floor(stdout.length / 2));
  return kind === "garble" ? (message ?? stdout.replace(/[<>=:]/g, "?")) : stdout;
}

/** Keys in order; a secret as a digest. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => key !== "createdAt")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, key === "secret" && inner !== "" ? digest(String(inner)) : canonical(inner)]),
  );
}

function digest(secret: string): string {
  return `sha256:${createHash("sha256").update(secret).digest("hex").slice(0, 16)}`;
}
