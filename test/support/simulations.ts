import { type ChildProcess, spawn } from "node:child_process";
import { started } from "./started.js";

/** What `esxi-iser simulate --json` prints. */
export interface Shown {
  readonly hosts: readonly {
    readonly model: string;
    readonly name: string;
    readonly address: string;
    readonly port: number;
    readonly user: string;
    readonly password?: string;
    /** Of SSH. */
    readonly hostKey: string;
    readonly fingerprint: string;
    /** Of the vSphere API. */
    readonly transport?: string;
    readonly thumbprint?: string;
  }[];
  readonly chap: readonly { readonly name: string; readonly secret?: string }[];
  readonly config: { readonly "esxi-iser:hosts": Readonly<Record<string, Readonly<Record<string, string>>>> };
  readonly knownHosts?: string;
  readonly assumed: { readonly processStartMs?: number; readonly callMs?: number; readonly roundTripMs: number };
}

/** `esxi-iser simulate` as it runs, or has ended at once. */
export class Simulation {
  stdout = "";
  stderr = "";
  readonly status: Promise<number | null>;

  private constructor(readonly child: ChildProcess) {
    child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.status = new Promise((resolve) => child.once("close", resolve));
  }

  /** Until it says how to reach the hosts, or has ended. `env`: beside PATH, all of its environment. */
  static async start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Simulation> {
    const child = spawn(process.execPath, [...started.args, "simulate", ...args], {
      env: { PATH: process.env.PATH, ...started.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const simulation = new Simulation(child);
    running.add(simulation);
    await new Promise<void>((resolve) => {
      child.stdout?.on("data", () => {
        if (/Ctrl-C ends it|^\{.*\}\n$/s.test(simulation.stdout)) resolve();
      });
      void simulation.status.then(() => resolve());
    });
    return simulation;
  }

  get shown(): Shown {
    return JSON.parse(this.stdout);
  }

  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.child.kill(signal);
    return this.status;
  }
}

const running = new Set<Simulation>();

/** Ends those that a test has left running. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((one) => one.stop()));
  running.clear();
}
