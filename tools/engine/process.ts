import { spawn } from "node:child_process";

export type Env = Record<string, string | undefined>;

export interface RunOptions {
  cwd?: string;
  env?: Env;
  /** The process group is killed after this long. */
  timeoutMs: number;
  /** … and after this long without a word of output, for commands that show progress. */
  silenceMs?: number;
  /** Gets what the command prints, as it prints it. */
  onOutput?: ((text: string) => void) | undefined;
  /** Aborting it interrupts the command (SIGINT) as Ctrl-C does; the command decides how it ends. */
  interrupt?: AbortSignal | undefined;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command did not run to its end: it could not be started, was killed, or took too long. */
export class RunError extends Error {
  constructor(
    message: string,
    readonly stdout = "",
    readonly stderr = "",
  ) {
    super(message);
    this.name = "RunError";
  }
}

/** This process was told to stop meanwhile: there is nothing to be tried instead. */
export class InterruptedError extends Error {
  constructor() {
    super("interrupted");
    this.name = "InterruptedError";
  }
}

/** Runs a command in a process group of its own, so that whatever it starts ends with it. A status other than 0 is a result, not an error. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    if (options.interrupt?.aborted) throw new InterruptedError();
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let abandoned = false;
    const forget = onAbandon(() => {
      abandoned = true;
      killGroup(child.pid);
    });
    const output = { stdout: "", stderr: "" };
    let cause: string | undefined;
    const stop = (reason: string) => {
      cause ??= reason;
      killGroup(child.pid);
    };
    const limit = setTimeout(() => stop(`took longer than ${seconds(options.timeoutMs)}`), options.timeoutMs);
    const { silenceMs } = options;
    const silence =
      silenceMs === undefined
        ? undefined
        : setTimeout(() => stop(`printed nothing for ${seconds(silenceMs)}`), silenceMs);
    const interrupt = () => child.kill("SIGINT");
    options.interrupt?.addEventListener("abort", interrupt, { once: true });
    const settle = () => {
      options.interrupt?.removeEventListener("abort", interrupt);
      clearTimeout(limit);
      clearTimeout(silence);
      forget();
    };

    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
        options.onOutput?.(text);
        silence?.refresh();
      });
    }
    child.on("error", (error: NodeJS.ErrnoException) => {
      settle();
      reject(new RunError(error.code === "ENOENT" ? `${command} is not on PATH` : error.message));
    });
    // What outlives its parent may hold the pipes open: once the parent is gone, so is its group.
    child.on("exit", () => killGroup(child.pid));
    child.on("close", (code, signal) => {
      settle();
      if (abandoned) reject(new InterruptedError());
      else if (cause === undefined && code !== null) resolve({ code, ...output });
      else reject(new RunError(cause ?? `was ended by ${signal}`, output.stdout, output.stderr));
    });
  });
}

export function killGroup(pid: number | undefined, signal: NodeJS.Signals = "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Already gone.
  }
}

export function seconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`;
}

/** The last words of a failed command, for a reason of one line. */
export function lastLine(result: { stdout: string; stderr: string }): string {
  const lines = `${result.stdout}\n${result.stderr}`.split("\n").filter((line) => line.trim() !== "");
  return lines.at(-1)?.trim() ?? "no output";
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const hooks = new Set<() => void>();

/** Registers what must be undone (synchronously) if this process is interrupted or exits before it is done. */
export function onAbandon(hook: () => void): () => void {
  if (hooks.size === 0) {
    for (const signal of SIGNALS) process.on(signal, interrupted);
    process.on("exit", abandon);
  }
  hooks.add(hook);
  return () => {
    if (hooks.delete(hook) && hooks.size === 0) ignoreSignals();
  };
}

function abandon(): void {
  for (const hook of [...hooks].reverse()) hook();
  hooks.clear();
  ignoreSignals();
}

function interrupted(signal: NodeJS.Signals): void {
  abandon();
  // Die of the signal as if we had not listened, unless someone else (the test runner) decides about that.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function ignoreSignals(): void {
  for (const signal of SIGNALS) process.off(signal, interrupted);
  process.off("exit", abandon);
}
