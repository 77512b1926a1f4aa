import { createHash } from "node:crypto";
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { isAlive, withLock } from "../lock.cjs";
import { Absent, FILES, isExecutable, Unusable } from "./probe.js";
import { type Env, onAbandon } from "./process.js";

const MANIFEST = "manifest.json";
const TEMPORARY = ".tmp-";
/** No build takes this long: a temporary folder that is older belongs to nobody, even if its process id has been given to another process. */
const TEMPORARY_EXPIRES_MS = 6 * 60 * 60 * 1000;

/** Where tools of a kind are kept; ESXI_ISER_<KIND>_CACHE names another folder. */
export function cacheRoot(env: Env, kind: "engine" | "govmomi" | "pyvmomi" = "engine"): string {
  const caches = env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), ".cache");
  return resolve(env[`ESXI_ISER_${kind.toUpperCase()}_CACHE`] ?? join(caches, "pulumi-esxi-iser", kind));
}

export function cacheEntry(root: string, version: string): string {
  return join(root, `${version}-${process.platform}-${process.arch}`);
}

/** Does the work while no other process works on the entry; another may have filled it meanwhile. */
export function underLock<T>(
  entry: string,
  work: () => Promise<T>,
  waiting: (pid: number | undefined) => void,
): Promise<T> {
  return withLock(
    `${entry}.lock`,
    async (release) => {
      const forget = onAbandon(release);
      try {
        return await work();
      } finally {
        forget();
      }
    },
    waiting,
  );
}

/** Nothing if the entry is whole; else `Unusable` with what is wrong. */
export async function verify(entry: string, names: readonly string[] = FILES): Promise<void> {
  const expected = readManifest(join(entry, MANIFEST));
  for (const name of names) {
    const file = join(entry, name);
    if (!isExecutable(file)) throw new Unusable(`${name} is missing or not executable`);
    if ((await sha256(file)) !== expected[name])
      throw new Unusable(`${name} is not the file that was put there (SHA-256 differs)`);
  }
}

/** An entry of a cache, and what it takes to have it there. */
export interface Kept {
  readonly root: string;
  /** Of the contents: another one is another entry. */
  readonly version: string;
  /** The files that the entry is checked by. */
  readonly names: readonly string[];
  readonly fill: (out: string, scratch: string) => Promise<void>;
  readonly log: (line: string) => void;
}

/** The folder of the entry, which is filled first if it is not whole. */
export async function whole(kept: Kept): Promise<{ readonly path: string; readonly isNew: boolean }> {
  const { root, version, names, fill, log } = kept;
  const path = cacheEntry(root, version);
  const isWhole = () =>
    verify(path, names).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Unusable) return false;
        throw error;
      },
    );
  if (await isWhole()) return { path, isNew: false };
  return underLock(
    path,
    async () => {
      if (await isWhole()) return { path, isNew: false };
      await install(path, root, fill, names);
      log(`${path} is ready`);
      return { path, isNew: true };
    },
    (pid) => log(`waiting for process ${pid ?? "?"}, which makes it already`),
  );
}

function readManifest(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new Absent("empty");
  }
  try {
    return Object(JSON.parse(text).files);
  } catch {
    throw new Unusable(`${MANIFEST} is not readable`);
  }
}

/**
 * Fills the entry: `fill` writes the files into a temporary sibling, which is renamed into place at the end. So an entry is there whole or not at
 * all, whenever this process is stopped, and of two processes that get here at once the last one wins with the same content.
 */
export async function install(
  entry: string,
  root: string,
  fill: (out: string, scratch: string) => Promise<void>,
  names: readonly string[] = FILES,
): Promise<void> {
  mkdirSync(root, { recursive: true });
  removeStale(root);
  const temporary = mkdtempSync(join(root, `${TEMPORARY}${hostname()}-${process.pid}-`));
  const remove = () => removeTree(temporary);
  const forget = onAbandon(remove);
  try {
    const [out, scratch] = [join(temporary, "out"), join(temporary, "scratch")];
    mkdirSync(out);
    mkdirSync(scratch);
    await fill(out, scratch);
    const files: Record<string, string> = {};
    for (const name of names) files[name] = await sha256(join(out, name));
    writeFileSync(join(out, MANIFEST), `${JSON.stringify({ files }, undefined, 2)}\n`);
    replace(entry, out, join(temporary, "old"));
  } finally {
    forget();
    remove();
  }
}

/** A short name for what these files say together. */
export function digestOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 8);
}

function replace(entry: string, by: string, aside: string): void {
  try {
    renameSync(entry, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  renameSync(by, entry);
}

function removeStale(root: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const owner = /^(.*)-(\d+)-[^-]+$/.exec(name.slice(TEMPORARY.length));
    const dead = owner?.[1] === hostname() && !isAlive(Number(owner[2]));
    const age = Date.now() - (statSync(join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (dead || age > TEMPORARY_EXPIRES_MS) removeTree(join(root, name));
  }
}

function removeTree(folder: string): void {
  // A killed compiler may still be writing when the removal begins.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}
