import { spawn } from "node:child_process";
import { quoted } from "./shellWord.js";
import { started } from "./started.js";

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** All of its environment but PATH. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What is typed, on a terminal. Left out: there is none. */
  readonly typed?: string;
}

/** Runs `esxi-iser` to its end. On a terminal both streams are one. */
export function esxiIser(args: readonly string[], { env = {}, cwd, typed }: CliOptions = {}): Promise<CliResult> {
  const node = [process.execPath, ...started.args, ...args];
  const [program = "", ...rest] =
    typed === undefined
      ? node
      : ["script", "--quiet", "--return", "--command", node.map(quoted).join(" "), "/dev/null"];
  const child = spawn(program, rest, {
    cwd,
    env: { PATH: process.env.PATH, ...started.env, ...env },
  });
  const output = { stdout: "", stderr: "" };
  let isTyped = false;
  child.stdout.on("data", (chunk: Buffer) => {
    output.stdout += chunk.toString();
    // Once it asks, as a person does: what is typed before that is lost when the terminal is set up.
    if (typed !== undefined && !isTyped && output.stdout.includes(")? ")) {
      isTyped = true;
      child.stdin.write(typed);
    }
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  if (typed === undefined) child.stdin.end();
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, ...output }));
  });
}
