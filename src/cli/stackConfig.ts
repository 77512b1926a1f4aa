import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { IserError } from "../errors.js";
import type { ConfigReader } from "../transport/places.js";

const run = promisify(execFile);

export interface StackOptions {
  /** The folder of the Pulumi project, or one below it. Default: the current one. */
  readonly cwd?: string;
  /** Default: the one that is selected. */
  readonly stack?: string;
}

/** The config of a stack, secrets included, as the provider is given it. */
export interface StackConfig extends ConfigReader {
  /** Writes a plain value: `esxi-iser:hosts["esx01.lab"].hostKey`. */
  set(path: string, value: string): Promise<void>;
}

/** What there is without a stack: the environment, known_hosts and the SSH agent. */
export const noConfig: ConfigReader = { get: () => undefined };

/**
 * Reads the config by `pulumi config`. Undefined outside of a Pulumi project. `note` is told why the config of a project is not read; where a stack
 * was named that is an error.
 */
export async function readStackConfig(
  options: StackOptions,
  note: (text: string) => void,
): Promise<StackConfig | undefined> {
  const folder = projectFolder(resolve(options.cwd ?? "."));
  if (folder === undefined) {
    if (options.stack === undefined && options.cwd === undefined) return undefined;
    throw new IserError("INPUT_INVALID", {
      problem: `${resolve(options.cwd ?? ".")} is in no Pulumi project: neither it nor a folder above has a Pulumi.yaml`,
      cure: "Name the folder of one with --cwd, or leave --cwd and --stack out to go without the config of a stack.",
    });
  }
  const named = options.stack === undefined ? [] : ["--stack", options.stack];
  const pulumi = async (...args: string[]) =>
    (await run("pulumi", [...args, ...named, "--non-interactive"], { cwd: folder, maxBuffer: 64 * 1024 * 1024 }))
      .stdout;
  try {
    const values = JSON.parse(await pulumi("config", "--show-secrets", "--json")) as Record<string, { value?: string }>;
    return {
      get: (key) => values[`esxi-iser:${key}`]?.value,
      async set(path, value) {
        await pulumi("config", "set", "--path", path, value, "--plaintext");
      },
    };
  } catch (error) {
    const why = reasonOf(error as NodeJS.ErrnoException & { stderr?: string });
    if (options.stack === undefined) {
      note(`the config of the stack in ${folder} is not used: ${why}`);
      return undefined;
    }
    throw new IserError("INPUT_INVALID", {
      problem: `the config of stack ${options.stack} in ${folder} cannot be read: ${why}`,
      cure: "See whether `pulumi config` shows it there.",
    });
  }
}

function projectFolder(from: string): string | undefined {
  if (["Pulumi.yaml", "Pulumi.yml"].some((name) => existsSync(join(from, name)))) return from;
  return dirname(from) === from ? undefined : projectFolder(dirname(from));
}

/** What pulumi said, which never has a value in it, in one line. What node says has the command line. */
function reasonOf({ code, stderr }: NodeJS.ErrnoException & { stderr?: string }): string {
  if (code === "ENOENT") return "there is no `pulumi` on PATH";
  const said = (stderr ?? "").split("\n").map((line) => line.replace(/^error: /, "").trim());
  return said.find((line) => line !== "") ?? "`pulumi config` failed";
}
