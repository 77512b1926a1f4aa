/**
 * A lock between processes, as a file: made with its content in one step (link), renewed while it is held, and taken over from an owner that
 * is gone. Plain Node without dependencies, because bootstrap.mjs needs it before there are node_modules.
 */
const { randomUUID } = require("node:crypto");
const { linkSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } = require("node:fs");
const { hostname } = require("node:os");
const { dirname } = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");

const RENEW_MS = 5_000;
/** Not renewed for this long: the owner is gone, even where its process id is not ours to look up (another container, a reused id). */
const ABANDONED_MS = 60_000;

/** Runs `work` while holding the lock; `work` gets the (synchronous) release, for an exit by signal. `waiting` is told once, when another process holds it. */
async function withLock(path, work, waiting = () => {}) {
  const lock = await acquire(path, waiting);
  const renewal = setInterval(lock.renew, RENEW_MS);
  renewal.unref();
  process.on("exit", lock.release);
  try {
    return await work(lock.release);
  } finally {
    clearInterval(renewal);
    process.off("exit", lock.release);
    lock.release();
  }
}

async function acquire(path, waiting) {
  mkdirSync(dirname(path), { recursive: true });
  const owner = `${JSON.stringify({ host: hostname(), pid: process.pid, id: randomUUID() })}\n`;
  for (let told = false; !tryCreate(path, owner); ) {
    if (removeAbandoned(path)) continue;
    if (!told) waiting(read(path)?.pid);
    told = true;
    await sleep(200);
  }
  const ours = () => read(path)?.text === owner;
  return {
    renew: () => {
      try {
        if (ours()) utimesSync(path, new Date(), new Date());
      } catch {
        // Removed in between: there is nothing to renew.
      }
    },
    release: () => ours() && rmSync(path, { force: true }),
  };
}

function tryCreate(path, content) {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Looked at again under a second lock, so that of two who saw the same dead owner the slower one cannot remove the lock of the faster. */
function removeAbandoned(path) {
  if (!isAbandoned(path)) return false;
  const guard = `${path}.takeover`;
  if (!tryCreate(guard, `${process.pid}\n`)) {
    if (age(guard) > ABANDONED_MS) rmSync(guard, { force: true });
    return false;
  }
  try {
    if (!isAbandoned(path)) return false;
    rmSync(path, { force: true });
    return true;
  } finally {
    rmSync(guard, { force: true });
  }
}

function isAbandoned(path) {
  if (age(path) > ABANDONED_MS) return true;
  const owner = read(path);
  return owner !== undefined && owner.host === hostname() && !isAlive(owner.pid);
}

function read(path) {
  try {
    const text = readFileSync(path, "utf8");
    return { ...JSON.parse(text), text };
  } catch {
    return undefined;
  }
}

function age(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

module.exports = { withLock, isAlive };
