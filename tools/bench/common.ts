import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { type Engine, findEngine } from "../engine/find.js";
import { onAbandon } from "../engine/process.js";

const repository = join(__dirname, "../..");

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** `1 host`, `2 hosts` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The average of the last minute. */
export function load(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2));
}

export interface Machine {
  readonly engine: string;
  readonly node: string;
  readonly cpus: number;
  readonly memoryGb: number;
}

export function machine(engine: Engine): Machine {
  return {
    engine: engine.version,
    node: process.version,
    cpus: cpus().length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
  };
}

export function progress(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

export function findBenchEngine(): Promise<Engine> {
  return findEngine({ log: progress });
}

export interface Project {
  readonly folder: string;
  remove(): void;
}

/** A project in a folder of its own, which goes with `remove` or with this process. `links`: packages by name, and where they are in the repository. */
export function makeProject(files: Readonly<Record<string, string>>, links: Readonly<Record<string, string>>): Project {
  const folder = mkdtempSync(join(tmpdir(), "esxi-iser-bench-"));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  const forget = onAbandon(removeFolder);
  const remove = () => {
    forget();
    removeFolder();
  };
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    for (const [name, target] of Object.entries(links)) {
      const link = join(folder, "node_modules", name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(repository, target), link);
    }
    return { folder, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The sides of a round: the one that goes first alternates, so that what slows the machine meanwhile slows all of them. */
export function inTurn<T>(sides: readonly T[], round: number): T[] {
  const first = sides.length === 0 ? 0 : round % sides.length;
  return [...sides.slice(first), ...sides.slice(0, first)];
}

/** Ends the process with what `main` gives, or with 1 and the message of what it threw. */
export function runMain(main: () => Promise<number>): void {
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}
