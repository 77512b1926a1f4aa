import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { changesIn, type Events, parseEvents, type Step } from "./events.js";
import { type Engine, findEngine } from "./find.js";
import { type Env, onAbandon, RunError, type RunResult, run } from "./process.js";

export type { Diagnostic, ResourceState, Step } from "./events.js";
export type { Engine } from "./find.js";
export type { RunResult } from "./process.js";

/** Strings, numbers and booleans are set as text, anything else as an object; `{ secret }` is encrypted. */
export type Config = Record<string, unknown>;

export interface StackOptions {
  /** Default: the one that findEngine finds, looked for once a process. */
  engine?: Engine;
  /** Added to the environment of every command: nothing else of this process's environment but PATH gets there. */
  env?: Env;
  /** Of one command. Default: 120 s. */
  timeoutMs?: number;
  /** The folder of the Node that the program runs with. Default: this process's. */
  node?: string;
  /** What encrypts the secrets, as `pulumi stack init --secrets-provider` takes it. Default: the passphrase of the environment. */
  secretsProvider?: string;
}

export interface CommandOptions {
  /** More arguments, as `["--target", urn]`. */
  args?: readonly string[];
  /** Added to the stack's environment for this command. */
  env?: Env;
  timeoutMs?: number;
  /** Aborting it is a Ctrl-C. */
  interrupt?: AbortSignal;
  /** Show the properties that differ in `stdout`. */
  diff?: boolean;
  /** Gets what the command prints, as it prints it. */
  onOutput?: (text: string) => void;
  /** Return the outcome of a command that failed, instead of throwing CommandError. */
  mayFail?: boolean;
}

export type RunOptions = Pick<CommandOptions, "env" | "timeoutMs" | "interrupt" | "onOutput">;

export interface Outcome extends RunResult, Events {
  /** The steps that change a resource: neither the stack itself, nor providers, nor what stays the same. */
  changes: Step[];
}

/** What `pulumi stack export` prints, as far as tests look at it. */
export interface StackState {
  version: number;
  deployment: { resources?: ExportedResource[]; [field: string]: unknown };
}

export interface ExportedResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  [field: string]: unknown;
}

export class CommandError extends Error {
  constructor(
    readonly command: string,
    readonly result: RunResult,
  ) {
    super(`\`pulumi ${command}\` ended with ${result.code}:\n${result.stdout}${result.stderr}`);
    this.name = "CommandError";
  }
}

const DEFAULT_TIMEOUT_MS = 120_000;
const KILL_TIMEOUT_MS = 5_000;

let engineOfProcess: Promise<Engine> | undefined;

/**
 * A stack on the real engine that depends on nothing of the user's machine and leaves nothing there: its backend, PULUMI_HOME, HOME, stack
 * settings and temporary files are in a folder of its own, which `dispose` removes. The project's folder is only read.
 */
export class Stack {
  private constructor(
    readonly engine: Engine,
    readonly name: string,
    /** The folder that holds all of this stack; the CLI runs in `project` inside. */
    readonly folder: string,
    /** What the CLI runs with; for commands that call it themselves, too. */
    readonly env: Env,
    private readonly timeoutMs: number,
    private readonly forget: () => void,
  ) {}

  /** Makes the stack. `projectDir` has the Pulumi.yaml. */
  static async init(projectDir: string, name: string, config: Config = {}, options: StackOptions = {}): Promise<Stack> {
    const engine = options.engine ?? (await anEngine());
    // Registered first, so that there is no moment at which an interrupt would leave the folder.
    let made: string | undefined;
    const forget = onAbandon(() => made && remove(made));
    const folder = mkdtempSync(join(tmpdir(), "esxi-iser-stack-"));
    made = folder;
    const env = { ...isolated(engine, folder, options.node), ...options.env };
    const stack = new Stack(engine, name, folder, env, options.timeoutMs ?? DEFAULT_TIMEOUT_MS, forget);
    try {
      const project = join(folder, "project");
      for (const name of ["project", "backend", "home", "pulumi", "tmp"]) mkdirSync(join(folder, name));
      writeFileSync(
        join(project, "Pulumi.yaml"),
        elsewhere(readFileSync(join(projectDir, "Pulumi.yaml"), "utf8"), projectDir),
      );
      const { secretsProvider = "default" } = options;
      await stack.must(["stack", "init", name, "--secrets-provider", secretsProvider]);
      await stack.setConfig(config);
      return stack;
    } catch (error) {
      stack.dispose();
      throw error;
    }
  }

  /** Sets configuration; keys without a namespace are the project's. */
  async setConfig(config: Config): Promise<void> {
    const values = Object.entries(config).map(([key, value]) => [key, toConfigValue(value)]);
    if (values.length > 0) await this.must(["config", "set-all", "--json", JSON.stringify(Object.fromEntries(values))]);
  }

  /** Any command, as `pulumi ARGS --non-interactive --color never`. A status other than 0 is a result. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const { env, timeoutMs = this.timeoutMs, interrupt, onOutput } = options;
    try {
      return await run(this.engine.pulumi, [...args, "--non-interactive", "--color", "never"], {
        cwd: join(this.folder, "project"),
        env: { ...this.env, ...env },
        timeoutMs,
        interrupt,
        onOutput,
      });
    } catch (error) {
      killAllIn(this.folder);
      if (!(error instanceof RunError)) throw error;
      throw new Error(`\`pulumi ${args.join(" ")}\` ${error.message}:\n${error.stdout}${error.stderr}`, {
        cause: error,
      });
    }
  }

  preview(options?: CommandOptions): Promise<Outcome> {
    return this.operation(["preview"], options);
  }

  /** Without the preview that the CLI makes first by default: each preview is a run of the program more. */
  up(options?: CommandOptions): Promise<Outcome> {
    return this.operation(["up", "--yes", "--skip-preview"], options);
  }

  refresh(options?: CommandOptions): Promise<Outcome> {
    return this.operation(["refresh", "--yes", "--skip-preview"], options);
  }

  destroy(options?: CommandOptions): Promise<Outcome> {
    return this.operation(["destroy", "--yes", "--skip-preview"], options);
  }

  /** `pulumi import --file`: the resources of the file get into the state as they stand there. */
  import(file: string, options?: CommandOptions): Promise<Outcome> {
    return this.operation(["import", "--file", file, "--yes", "--generate-code=false", "--protect=false"], options);
  }

  /** The stack's outputs, secrets in plain. */
  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.must(["stack", "output", "--json", "--show-secrets"])).stdout);
  }

  /** The state, secrets encrypted unless `showSecrets`. */
  async exportState({ showSecrets = false } = {}): Promise<StackState> {
    return JSON.parse((await this.must(["stack", "export", ...(showSecrets ? ["--show-secrets"] : [])])).stdout);
  }

  async importState(state: StackState): Promise<void> {
    const file = join(this.folder, "tmp", "state.json");
    writeFileSync(file, JSON.stringify(state));
    await this.must(["stack", "import", "--file", file]);
  }

  /** Kills the processes of this stack whose command line has the word, as `dynamic-provider/`, and says how many there were. */
  kill(word: string, signal: NodeJS.Signals = "SIGKILL"): number {
    const killed = this.processes(word);
    for (const { pid } of killed) kill(pid, signal);
    return killed.length;
  }

  /** The processes of this stack whose command line has the word. */
  processes(word: string): readonly Process[] {
    return marked(markOf(this.folder)).filter(({ command }) => command.includes(word));
  }

  /** Kills what still runs and removes everything. The resources are not destroyed. */
  dispose(): void {
    this.forget();
    remove(this.folder);
  }

  private async operation(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
    const log = join(this.folder, "tmp", "events.jsonl");
    rmSync(log, { force: true });
    const all = [...args, "--event-log", log, ...(options.diff ? ["--diff"] : []), ...(options.args ?? [])];
    const result = await this.run(all, options);
    if (result.code !== 0 && !options.mayFail) throw new CommandError(all.join(" "), result);
    const events = parseEvents(readIfThere(log));
    return { ...result, ...events, changes: changesIn(events.steps) };
  }

  private async must(args: readonly string[]): Promise<RunResult> {
    const result = await this.run(args);
    if (result.code !== 0) throw new CommandError(args.slice(0, 2).join(" "), result);
    return result;
  }
}

function anEngine(): Promise<Engine> {
  engineOfProcess ??= findEngine();
  return engineOfProcess;
}

export function isolated(engine: Engine, folder: string, node = dirname(process.execPath)): Env {
  return {
    PATH: [engine.path, node, process.env.PATH ?? ""].join(delimiter),
    HOME: join(folder, "home"),
    TMPDIR: join(folder, "tmp"),
    LANG: "C.UTF-8",
    PULUMI_HOME: join(folder, "pulumi"),
    PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: "passphrase",
    PULUMI_SKIP_UPDATE_CHECK: "1",
    // The option --event-log exists only with it (CLI 3.259.0); the Automation API sets it for the same reason.
    PULUMI_DEBUG_COMMANDS: "1",
    // Node hands it on to children that do not set it. They run what is built, whose coverage does not go with that of the sources.
    NODE_V8_COVERAGE: undefined,
  };
}

/** The project file for another folder. The program still runs where it is: seen with an absolute `main` on CLI 3.259.0. */
function elsewhere(projectFile: string, projectDir: string): string {
  const main = /^main:\s*["']?([^"'#\n]*?)["']?\s*(#.*)?$/m;
  const program = resolve(projectDir, main.exec(projectFile)?.[1] ?? "");
  return `${projectFile.replace(main, "").trimEnd()}\nmain: ${JSON.stringify(program)}\n`;
}

/** As `pulumi config --json` prints it, which is what `config set-all --json` reads. */
function toConfigValue(value: unknown): Record<string, unknown> {
  const secret = typeof value === "object" && value !== null && "secret" in value;
  const plain = secret ? value.secret : value;
  const structured = typeof plain === "object" && plain !== null;
  return {
    value: structured ? JSON.stringify(plain) : String(plain),
    // Not for a secret: the CLI encrypts the text and then fails to parse it as an object (3.259.0). Programs read the text as an object too.
    ...(structured && !secret ? { objectValue: plain } : {}),
    secret,
  };
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

export function remove(folder: string): void {
  killAllIn(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/**
 * Kills the processes that belong to the stack and waits for their end. The engine puts each plugin into a process group of its own, so they outlive
 * a killed CLI (seen on 3.259.0); they are known by the PULUMI_HOME in their environment. Synchronous, because it also runs at an exit.
 */
function killAllIn(folder: string): void {
  const mark = markOf(folder);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const end = Date.now() + KILL_TIMEOUT_MS;
  // Looked for again and again, for one of them may just be starting another.
  for (let found = marked(mark); found.length > 0 && Date.now() < end; found = marked(mark)) {
    for (const { pid } of found) kill(pid);
    Atomics.wait(pause, 0, 0, 10);
  }
}

function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended meanwhile.
  }
}

export interface Process {
  readonly pid: number;
  readonly command: string;
}

function markOf(folder: string): string {
  return `PULUMI_HOME=${join(folder, "pulumi")}`;
}

function marked(mark: string): Process[] {
  return existsSync("/proc") ? inProc(mark) : inPs(mark);
}

function inProc(mark: string): Process[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids
    .filter((pid) => readIfThere(`/proc/${pid}/environ`).split("\0").includes(mark))
    .map((pid) => ({ pid, command: readIfThere(`/proc/${pid}/cmdline`).replaceAll("\0", " ") }));
}

/** For macOS, whose ps prints the environment with -E. */
function inPs(mark: string): Process[] {
  const { stdout } = spawnSync("ps", ["-A", "-E", "-ww", "-o", "pid=,command="], { encoding: "utf8" });
  const lines = stdout.split("\n").filter((line) => line.split(" ").includes(mark));
  return lines.map((command) => ({ pid: Number.parseInt(command, 10), command }));
}
