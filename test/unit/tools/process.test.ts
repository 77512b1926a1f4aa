import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lastLine, RunError, run } from "../../../tools/engine/process.js";
import { Machine, REPOSITORY, runs, until } from "./machine.js";

describe("running a command", () => {
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
  });
  afterEach(() => machine.dispose());

  const sh = (script: string, options: Partial<Parameters<typeof run>[2]> = {}) =>
    run("/bin/sh", ["-c", script], { env: machine.env, timeoutMs: 5_000, ...options });
  const failure = async (running: Promise<unknown>) => {
    const error = await running.then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(error instanceof RunError, String(error));
    return error;
  };
  const background = 'sleep 600 & echo $! > "$HOME/pid"';
  const backgroundPid = () => Number(readFileSync(join(machine.root, "home/pid"), "utf8"));

  it("gives status and output, a failure's too", async () => {
    assert.deepEqual(await sh("echo out; echo err >&2; exit 3"), { code: 3, stdout: "out\n", stderr: "err\n" });
  });

  it("passes output on as it comes", async () => {
    const parts: string[] = [];
    await sh("echo one; echo two >&2", { onOutput: (text) => parts.push(text) });
    assert.deepEqual(parts.sort(), ["one\n", "two\n"]);
  });

  it("says that a program is not there", async () => {
    assert.equal(
      (await failure(run("no-such-program", [], { timeoutMs: 1_000 }))).message,
      "no-such-program is not on PATH",
    );
  });

  it("ends a command that takes too long, and keeps what it printed", async () => {
    const error = await failure(sh(`echo begun; ${background}; wait`, { timeoutMs: 300 }));
    assert.deepEqual([error.message, error.stdout], ["took longer than 300 ms", "begun\n"]);
    await until(() => !runs(backgroundPid()));
  });

  it("ends a command that falls silent, and not one that keeps talking", async () => {
    assert.equal((await failure(sh("sleep 600", { silenceMs: 50 }))).message, "printed nothing for 50 ms");
    assert.equal((await sh("for i in 1 2 3 4; do echo $i; sleep 0.15; done", { silenceMs: 500 })).code, 0);
  });

  it("ends what a command leaves behind", async () => {
    assert.equal((await sh(background)).code, 0);
    await until(() => !runs(backgroundPid()));
  });

  it("interrupts a command, which decides how it ends", async () => {
    const interrupt = new AbortController();
    const running = sh('trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.01; done', {
      interrupt: interrupt.signal,
      onOutput: (text) => text.startsWith("ready") && interrupt.abort(),
    });
    assert.deepEqual(await running, { code: 5, stdout: "ready\ncaught\n", stderr: "" });
  });

  it("does not start what was interrupted before", async () => {
    const interrupt = AbortSignal.abort();
    await assert.rejects(sh('touch "$HOME/started"', { interrupt }), /interrupted/);
    assert.ok(!existsSync(join(machine.root, "home/started")));
  });

  it("takes a signal to this process as the end of it all, even where somebody else keeps the process alive", async () => {
    const program = join(machine.root, "program.ts");
    writeFileSync(
      program,
      `import { onAbandon, run } from "${REPOSITORY}/tools/engine/process.js";
       process.on("SIGTERM", () => console.error("kept alive"));
       onAbandon(() => console.error("undone"));
       run("/bin/sh", ["-c", 'echo $$ > "$HOME/pid"; sleep 600'], { timeoutMs: 60_000 }).catch((error) => { console.error(error.message); process.exit(7); });
       console.error("started");`,
    );
    const started = machine.start(program);
    await started.says(/started/);
    await until(() => existsSync(join(machine.root, "home/pid")) && backgroundPid() > 0);
    started.child.kill("SIGTERM");
    assert.deepEqual(await started.ended, { code: 7, signal: null });
    assert.match(started.stderr, /undone\n/);
    assert.match(started.stderr, /kept alive\n/);
    assert.match(started.stderr, /interrupted\n$/);
    await until(() => !runs(backgroundPid()));
  });

  it("takes the last line that says something as the reason", () => {
    assert.equal(lastLine({ stdout: "a\n", stderr: "b\n\n  c  \n\n" }), "c");
    assert.equal(lastLine({ stdout: "a\n", stderr: "" }), "a");
    assert.equal(lastLine({ stdout: "", stderr: "\n" }), "no output");
  });
});
