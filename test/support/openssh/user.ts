import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { onAbandon } from "../../../tools/engine/process.js";
import { find } from "./requirements.js";

/** A real user of this machine, made for a test. */
export interface TestUser {
  readonly name: string;
  readonly password: string;
  readonly uid: number;
  readonly gid: number;
  remove(): void;
}

const prefix = "esxi-iser-";
let made = 0;

/** Adds a user. He goes with `remove`, or when this process is interrupted; one that a killed process left goes with the next. */
export function addUser(home: string, shell: string): TestUser {
  for (const stale of leftUsers()) removeUser(stale);
  const name = `${prefix}${process.pid}-${made++}`;
  // Not one of the repository: for as long as the test runs he may log in at any sshd of this machine.
  const password = `simulated-${randomBytes(12).toString("hex")}`;
  run("useradd", ["--system", "--user-group", "--no-create-home", "--home-dir", home, "--shell", shell, name]);
  const forget = onAbandon(() => removeUser(name));
  run("chpasswd", [], `${name}:${password}\n`);
  const [uid, gid] =
    passwd()
      .find(([entry]) => entry === name)
      ?.slice(2, 4) ?? [];
  return {
    name,
    password,
    uid: Number(uid),
    gid: Number(gid),
    remove: () => {
      forget();
      removeUser(name);
    },
  };
}

function removeUser(name: string): void {
  // By force, for a command of his may still be about to end.
  run("userdel", ["--force", name]);
}

/** Users of processes that are no more. */
function leftUsers(): string[] {
  return passwd()
    .map(([name = ""]) => name)
    .filter((name) => name.startsWith(prefix) && !isAlive(Number(/\d+/.exec(name)?.[0])));
}

function passwd(): string[][] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
}

/** Whether there is a process of that number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function run(program: string, args: readonly string[], input = ""): void {
  execFileSync(find(program) ?? program, args, { input, stdio: ["pipe", "pipe", "pipe"] });
}
