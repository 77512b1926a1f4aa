import { join } from "node:path";
import { buildWithGo, type Context, downloadWithNpm, ENGINE_VERSION } from "./build.js";
import { cacheEntry, cacheRoot, install, underLock, verify } from "./cache.js";
import { Absent, CLI, MINIMUM_VERSION, onPath, type Probed, probe, Unusable } from "./probe.js";
import type { Env } from "./process.js";

export interface Engine extends Probed {
  source: "PATH" | "cache" | "npm" | "go";
}

export interface FindOptions {
  /** Gets a line for each step that takes time. Default: standard error. */
  log?: (line: string) => void;
  cacheDir?: string;
  env?: Env;
  heartbeatMs?: number;
}

export interface Attempt {
  what: string;
  reason: string;
}

export class EngineNotFoundError extends Error {
  constructor(readonly attempts: readonly Attempt[]) {
    const tried = attempts.map(({ what, reason }) => `  - ${what}: ${reason}`).join("\n");
    super(
      `No usable Pulumi engine. Tried:\n${tried}\n` +
        `Cure: put the Pulumi CLI ${MINIMUM_VERSION} or later, with its Node language host, on PATH; ` +
        "or Go 1.25.11 or later with access to a module proxy, and run this again.",
    );
    this.name = "EngineNotFoundError";
  }
}

/** The Pulumi CLI to work with: from PATH, from our cache, by the official npm package, or built with Go; the first one that works. */
export async function findEngine(options: FindOptions = {}): Promise<Engine> {
  const search = new Search(options);
  return (await search.path()) ?? (await search.cache()) ?? (await search.fillCache());
}

class Search {
  private readonly env: Env;
  private readonly context: Context;
  private readonly root: string;
  private readonly entry: string;
  private readonly attempts: Attempt[] = [];

  constructor(options: FindOptions) {
    const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`));
    this.env = options.env ?? process.env;
    this.context = { env: this.env, log: (line) => log(`engine: ${line}`), heartbeatMs: options.heartbeatMs ?? 15_000 };
    this.root = options.cacheDir ?? cacheRoot(this.env);
    this.entry = cacheEntry(this.root, ENGINE_VERSION);
  }

  async path(): Promise<Engine | undefined> {
    const candidates = onPath(CLI, this.env);
    if (candidates.length === 0) this.attempts.push({ what: "pulumi on PATH", reason: "not there" });
    for (const pulumi of candidates) {
      const engine = await this.attempt(pulumi, "PATH", () => probe(pulumi, this.env));
      if (engine) return engine;
    }
    return undefined;
  }

  cache(): Promise<Engine | undefined> {
    return this.attempt(`cache ${this.entry}`, "cache", () => this.cached());
  }

  async fillCache(): Promise<Engine> {
    try {
      const engine = await this.lockAndFill();
      if (engine) return engine;
    } catch (error) {
      if (!(error instanceof Error && "syscall" in error)) throw error;
      this.attempts.push({
        what: `cache folder ${this.root}`,
        reason: `${error.message} (ESXI_ISER_ENGINE_CACHE names another)`,
      });
    }
    throw new EngineNotFoundError(this.attempts);
  }

  private lockAndFill(): Promise<Engine | undefined> {
    const waiting = (pid: number | undefined) =>
      this.context.log(`waiting for process ${pid ?? "?"}, which is getting the engine already`);
    return underLock(
      this.entry,
      async () => {
        const ready = await this.cached().catch(ifUnusable);
        if (ready) return { ...ready, source: "cache" };
        return (
          (await this.attempt(`npm package pulumi ${ENGINE_VERSION}`, "npm", () => this.filled(downloadWithNpm))) ??
          (await this.attempt(`build of ${ENGINE_VERSION} with Go`, "go", () => this.filled(buildWithGo)))
        );
      },
      waiting,
    );
  }

  private async cached(): Promise<Probed> {
    await verify(this.entry);
    return probe(join(this.entry, CLI), this.env);
  }

  private async filled(fill: typeof buildWithGo): Promise<Probed> {
    await install(this.entry, this.root, async (out, scratch) => {
      await fill(out, scratch, this.context);
      await probe(join(out, CLI), this.env);
    });
    this.context.log(`${this.entry} is ready`);
    return probe(join(this.entry, CLI), this.env);
  }

  private async attempt(
    what: string,
    source: Engine["source"],
    find: () => Promise<Probed>,
  ): Promise<Engine | undefined> {
    try {
      return { ...(await find()), source };
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      this.attempts.push({ what, reason: error.message });
      if (!(error instanceof Absent)) this.context.log(`${what}: ${error.message}`);
      return undefined;
    }
  }
}

function ifUnusable(error: unknown): undefined {
  if (error instanceof Unusable) return undefined;
  throw error;
}
