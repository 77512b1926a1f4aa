import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { onAbandon } from "../engine/process.js";
import type { Requests } from "./hosts.js";

export interface Question {
  readonly id: number;
  readonly method: keyof Requests;
  readonly args: readonly unknown[];
}

export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string });

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The simulated hosts, in a process of their own that ends with this one. */
export class HostsClient {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, Waiting>();
  private readonly forget: () => void;
  private asked = 0;

  constructor() {
    this.child = fork(join(__dirname, "hostsMain.ts"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.forget = onAbandon(() => this.child.kill("SIGKILL"));
    this.child.on("message", (answer: Answer) => {
      const waiting = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      if ("error" in answer) waiting?.reject(new Error(`simulated hosts: ${answer.error}`));
      else waiting?.resolve(answer.value);
    });
    this.child.on("error", (error) => this.gone(error.message));
    this.child.on("exit", (code, signal) => this.gone(signal ?? `status ${code}`));
  }

  ask<M extends keyof Requests>(
    method: M,
    ...args: Parameters<Requests[M]>
  ): Promise<Awaited<ReturnType<Requests[M]>>> {
    return new Promise((resolve, reject) => {
      this.asked += 1;
      const id = this.asked;
      this.waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      if (this.child.connected) this.child.send({ id, method, args } satisfies Question);
      else this.gone("it is not there");
    });
  }

  close(): void {
    this.forget();
    this.child.removeAllListeners();
    this.child.kill("SIGKILL");
  }

  private gone(reason: string): void {
    for (const { reject } of this.waiting.values())
      reject(new Error(`the process with the simulated hosts ended: ${reason}`));
    this.waiting.clear();
  }
}
