import { readFileSync } from "node:fs";
import type { Stack } from "../engine/pulumi.js";

/** In milliseconds. */
const sampling = 100;

/** Watches the process of the dynamic provider; Linux only. The peak is the kernel's own, so only the very end can be missed. */
export class MemoryWatch {
  private readonly timer: NodeJS.Timeout;
  private readonly pids = new Set<number>();
  private peak: number | undefined;

  constructor(private readonly stack: Stack) {
    this.timer = setInterval(() => this.look(), sampling);
  }

  /** In bytes, of the largest such process. */
  stop(): number | undefined {
    clearInterval(this.timer);
    return this.peak;
  }

  private look(): void {
    if (process.platform !== "linux") return;
    // Looked for until there is one: a stack has one for all its resources.
    if (this.pids.size === 0) for (const { pid } of this.stack.processes("dynamic-provider/")) this.pids.add(pid);
    for (const pid of this.pids) {
      const bytes = peakIn(readStatus(pid));
      if (bytes === undefined) this.pids.delete(pid);
      else this.peak = Math.max(this.peak ?? 0, bytes);
    }
  }
}

/** VmHWM of a /proc/<pid>/status, in bytes. */
export function peakIn(status: string): number | undefined {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}
