#!/usr/bin/env node
/**
 * Makes a checkout ready: `node tools/bootstrap.mjs [--build]`. Installs the dependencies if they are not those of package-lock.json, and with --build
 * compiles src into dist if it changed. Plain Node without dependencies, for it runs before there are any; quick when nothing is to do.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir, userInfo } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import lock from "./lock.cjs";

const MINIMUM_NODE = 20;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A step that failed, with the status that this program ends with. */
export class StepError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** Does what is needed and returns the names of the steps that were done. */
export async function bootstrap({ root = ROOT, build = false, log = defaultLog } = {}) {
  requireNode(process.versions.node);
  const done = [];
  const needed = () => [...(isInstalled(root) ? [] : ["install"]), ...(build && !isBuilt(root) ? ["build"] : [])];
  if (needed().length === 0) return done;
  await lock.withLock(
    lockPath(root),
    async () => {
      // Asked again: another process may have done it while this one waited.
      for (const step of needed()) {
        await (step === "install" ? install(root, log) : compile(root, log));
        done.push(step);
      }
    },
    (pid) => log(`waiting for process ${pid ?? "?"}, which is doing it already`),
  );
  return done;
}

export function requireNode(version) {
  if (Number.parseInt(version, 10) >= MINIMUM_NODE) return;
  throw new StepError(`Node ${MINIMUM_NODE} or later is needed; this is Node ${version}.`, 1);
}

/** Outside the checkout, because `npm ci` removes node_modules, and nothing of ours should show up in `git status`. */
function lockPath(root) {
  const name = sha256(`${userInfo().username}\0${realpathSync(root)}`).slice(0, 16);
  return join(tmpdir(), `esxi-iser-bootstrap-${name}.lock`);
}

// Dependencies

const installStamp = (root) => join(root, "node_modules", ".esxi-iser-stamp");

/** Native modules are compiled for one Node ABI, so the stamp names it beside the lock file. */
function installKey(root) {
  const node = `${process.versions.modules} ${process.platform} ${process.arch}`;
  return `${sha256(readFileSync(join(root, "package-lock.json")))} node-abi ${node}\n`;
}

export function isInstalled(root) {
  return read(installStamp(root)) === installKey(root);
}

async function install(root, log) {
  const key = installKey(root);
  if (read(installStamp(root)) === undefined && isInstalledByHand(root)) {
    log("the dependencies are there already");
  } else {
    await step(root, log, "installing dependencies (npm ci)", "npm", [
      "ci",
      "--include=dev",
      "--no-audit",
      "--no-fund",
    ]);
  }
  writeFileSync(installStamp(root), key);
}

/** npm's own record of what it put into node_modules, which it writes last, against the lock file: someone ran `npm install` or `npm ci` without us. */
function isInstalledByHand(root) {
  const wanted = packagesIn(join(root, "package-lock.json"));
  const there = packagesIn(join(root, "node_modules", ".package-lock.json"));
  if (wanted === undefined || there === undefined) return false;
  const same = (name) =>
    wanted[name]?.version === there[name]?.version && wanted[name]?.integrity === there[name]?.integrity;
  const missing = Object.keys(wanted).filter((name) => name !== "" && !(name in there) && !wanted[name].optional);
  return missing.length === 0 && Object.keys(there).every(same);
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

// Build

const buildStamp = (root) => join(root, "dist", ".stamp");

/** Over everything that the compiler reads: sources, its settings, and through the lock file its version and the types of the dependencies. */
function buildKey(root) {
  const hash = createHash("sha256");
  const files = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const settings = ["tsconfig.json", "tsconfig.build.json", "package-lock.json"].map((name) => join(root, name));
  for (const file of [...files, ...settings].sort()) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file)}\0${content.length}\0`).update(content);
  }
  return `${hash.digest("hex")}\n`;
}

export function isBuilt(root) {
  return read(buildStamp(root)) === buildKey(root);
}

/** Into a folder beside dist that then takes its place: dist is never half new, and has nothing of a source that was removed. */
async function compile(root, log) {
  const key = buildKey(root);
  const [next, old, dist] = ["dist.next", "dist.old", "dist"].map((name) => join(root, name));
  for (const folder of [next, old]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(next);
  try {
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    await step(root, log, "compiling src into dist (tsc)", process.execPath, [
      tsc,
      "-p",
      "tsconfig.build.json",
      "--outDir",
      next,
    ]);
    writeFileSync(join(next, ".stamp"), key);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(next, dist);
  } finally {
    for (const folder of [next, old]) rmSync(folder, { recursive: true, force: true });
  }
}

// Steps

async function step(root, log, what, command, args) {
  log(what);
  const start = Date.now();
  const code = await new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
    child.on("error", (error) =>
      reject(new StepError(`${what}: ${error.code === "ENOENT" ? `${command} is not on PATH` : error.message}`, 1)),
    );
    // Who stops this program stops npm too: left alone it would go on, beside the one of the next run.
    const forward = (signal) => child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, forward);
    child.on("close", (status, signal) => {
      for (const signal of SIGNALS) process.off(signal, forward);
      resolve(status ?? 128 + constants.signals[signal]);
    });
  });
  if (code !== 0) throw new StepError(`${what} failed with status ${code}.`, code);
  log(`done in ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}

function defaultLog(line) {
  process.stderr.write(`bootstrap: ${line}\n`);
}

async function main(args) {
  const unknown = args.find((arg) => arg !== "--build");
  if (unknown !== undefined) {
    process.stderr.write(`Usage: node tools/bootstrap.mjs [--build]\n`);
    return unknown === "--help" ? 0 : 2;
  }
  try {
    await bootstrap({ build: args.includes("--build") });
    return 0;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    defaultLog(error.message);
    return error.code;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
