import assert from "node:assert/strict";
import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { withLock } from "../../../tools/lock.cjs";
import { Machine, REPOSITORY } from "./machine.js";

describe("the lock between processes", () => {
  let machine: Machine;
  let path: string;
  beforeEach(() => {
    machine = new Machine();
    path = join(machine.root, "deep", "lock");
  });
  afterEach(() => machine.dispose());

  const owned = (owner: object) => {
    machine.folder("deep");
    writeFileSync(path, JSON.stringify({ host: hostname(), pid: process.pid, id: "other", ...owner }));
  };
  const long = new Date(Date.now() - 61_000);

  /** Resolves when `work` runs; fails when it has to wait. */
  const taken = () =>
    withLock(
      path,
      async () => "mine",
      () => {
        throw new Error("it waits");
      },
    );

  it("gives what the work gives, and is gone afterwards, after a failure too", async () => {
    assert.equal(await taken(), "mine");
    await assert.rejects(
      withLock(path, () => Promise.reject(new Error("failed"))),
      /failed/,
    );
    assert.deepEqual(readdirSync(join(machine.root, "deep")), []);
  });

  it("lets one work after the other", async () => {
    const order: string[] = [];
    let end = () => {};
    const ended = new Promise<void>((done) => {
      end = done;
    });
    const first = withLock(path, async () => {
      await ended;
      order.push("first");
    });
    const second = withLock(
      path,
      async () => void order.push("second"),
      (pid) => {
        assert.equal(pid, process.pid);
        end();
      },
    );
    await Promise.all([first, second]);
    assert.deepEqual(order, ["first", "second"]);
  });

  it("is taken over from a process that is gone", async () => {
    const gone = machine.start("tools/engine/main.ts", "--help");
    await gone.ended;
    owned({ pid: gone.child.pid });
    await withLock(path, async () => {});
    assert.deepEqual(readdirSync(join(machine.root, "deep")), []);
  });

  it("is taken over when it was not renewed, whoever has the process id now", async () => {
    owned({});
    utimesSync(path, long, long);
    await withLock(path, async () => {});
    owned({ host: "elsewhere", pid: 1 });
    utimesSync(path, long, long);
    await withLock(path, async () => {});
    writeFileSync(path, "");
    utimesSync(path, long, long);
    await withLock(path, async () => {});
  });

  it("is not taken over from another host while it is renewed", async () => {
    owned({ host: "elsewhere", pid: 2 ** 22 + 1 });
    await assert.rejects(taken(), /it waits/);
    assert.ok(existsSync(path));
  });

  it("gets past a takeover that was itself abandoned", async () => {
    owned({ pid: 2 ** 22 + 1 });
    writeFileSync(`${path}.takeover`, "");
    utimesSync(`${path}.takeover`, long, long);
    await withLock(path, async () => {});
    assert.deepEqual(readdirSync(join(machine.root, "deep")), []);
  });

  it("does not remove the lock of another process when it ends", async () => {
    await withLock(path, async () => owned({ pid: 1 }));
    assert.ok(existsSync(path));
  });

  it("lets many processes through one at a time, past a dead owner", async function () {
    this.timeout(180_000);
    owned({ pid: 2 ** 22 + 1 });
    const program = join(machine.root, "program.cjs");
    writeFileSync(
      program,
      `const { appendFileSync } = require("node:fs");
       const { withLock } = require("${REPOSITORY}/tools/lock.cjs");
       const note = (what) => appendFileSync("${machine.journal}", what + " " + process.pid + "\\n");
       withLock("${path}", async () => { note("in"); await new Promise((next) => setTimeout(next, 20)); note("out"); });`,
    );
    await Promise.all([1, 2, 3, 4, 5].map(() => machine.node(program).ended));
    const calls = machine.calls();
    assert.equal(calls.length, 10);
    for (let index = 0; index < 10; index += 2) assert.equal(calls[index]?.replace("in", "out"), calls[index + 1]);
  });
});
