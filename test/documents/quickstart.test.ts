import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { resolveTarget } from "../../src/transport/credentials.js";
import { Pool } from "../../src/transport/pool.js";

const repository = join(__dirname, "../..");

/** A quickstart in a process group of its own, as in a terminal; everything that belongs to it has `folder` in its environment. */
class Run {
  private readonly child: ChildProcess;
  output = "";
  private readonly wake: (() => void)[] = [];
  private readonly ended: Promise<void>;

  constructor(
    readonly folder: string,
    args: readonly string[],
  ) {
    const env = { ...process.env, TMPDIR: folder };
    const command = ["--import", "tsx", "tools/quickstart.ts", ...args];
    this.child = spawn(process.execPath, command, {
      cwd: repository,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = new Promise((resolve) => this.child.on("close", () => resolve()));
    const wake = () => {
      for (const waiting of this.wake.splice(0)) waiting();
    };
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (text) => {
        this.output += text;
        wake();
      });
    this.child.on("close", wake);
  }

  async says(words: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = words.exec(this.output);
      if (found) return found;
      if (this.child.exitCode !== null) throw new Error(`It ended without ${words}:\n${this.output}`);
      await new Promise((resolve: (value?: unknown) => void) => this.wake.push(resolve));
    }
  }

  /** Ctrl-C: the terminal sends it to the whole group. */
  async interrupt(): Promise<void> {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, "SIGINT");
    await this.ended;
  }

  left(): string[] {
    return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && this.owns(pid));
  }

  private owns(pid: string): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(this.folder);
    } catch {
      return false;
    }
  }
}

describe("npm run quickstart", function () {
  this.timeout(300_000);
  let folder: string;
  let run: Run | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-quickstart-"));
  });
  afterEach(async () => {
    if (run?.left().length) await run.interrupt();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const moment of [/Making a Pulumi stack/, /IserAdapter iser-a creat/])
    it(`leaves no process and no stack behind when it is interrupted at ${moment}`, async () => {
      run = new Run(folder, []);
      await run.says(moment);
      await run.interrupt();
      assert.deepEqual(run.left(), []);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith("esxi-iser-stack")),
        [],
      );
    });

  it("leaves the host running with --keep, to be explored by ssh, until it is interrupted", async () => {
    run = new Run(folder, ["--keep", "--model", "7.0"]);
    const [, port = "", password = "", hostKey = ""] = await run.says(
      /ssh -p (\d+) root@127\.0\.0\.1 +password (\S+) +host key (\S+)/,
    );
    await run.says(/The host stays up/);
    const pool = new Pool();
    try {
      const target = resolveTarget(
        { host: "127.0.0.1", port: Number(port), password, hostKey },
        { get: () => undefined },
        {},
      );
      const command = {
        kind: "log",
        file: "/var/log/vmkernel.log",
        containing: "iser",
        last: 9,
        effect: "read",
        decode: String,
      } as const;
      const { stdout } = await pool.use(target, (session) => session.execute(command));
      assert.match(stdout, /Setting roce type: 2 for vmhba: vmhba64/);
    } finally {
      await pool.close();
    }
    await run.interrupt();
    assert.deepEqual(run.left(), []);
  });
});
