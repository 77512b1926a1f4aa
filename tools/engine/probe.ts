import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { type Env, lastLine, RunError, run } from "./process.js";

/** `pulumi import --file` takes the inputs and outputs of dynamic resources since CLI 3.254; `esxi-iser import` writes such files. */
export const MINIMUM_VERSION = "3.254.0";

export const CLI = "pulumi";
export const LANGUAGE_HOST = "pulumi-language-nodejs";
export const DYNAMIC_PROVIDER = "pulumi-resource-pulumi-nodejs";
/** All that an engine for dynamic resources consists of. */
export const FILES = [CLI, LANGUAGE_HOST, DYNAMIC_PROVIDER] as const;

const PROBE_TIMEOUT_MS = 20_000;

export interface Probed {
  /** Absolute path of the CLI. */
  pulumi: string;
  /** Folder to put first on PATH, so that the language host and the dynamic-provider launcher are found. */
  path: string;
  version: string;
}

/** Why a candidate cannot be used. */
export class Unusable extends Error {}

/** There is no candidate there, which is nothing to talk about. */
export class Absent extends Unusable {}

/** Every `pulumi` on PATH, in its order. */
export function onPath(name: string, env: Env): string[] {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...new Set(folders)].map((folder) => join(folder, name)).filter(isExecutable);
}

export async function probe(pulumi: string, env: Env): Promise<Probed> {
  const version = await versionOf(pulumi, env);
  if (older(version, MINIMUM_VERSION)) throw new Unusable(`is version ${version}; ${MINIMUM_VERSION} is needed`);
  const folder = dirname(pulumi);
  // The official npm package is a launcher: the CLI and its language hosts are in its install folder, shared with the Automation API.
  const installed = npmInstallFolder(version, env);
  for (const beside of [folder, dirname(realpathSync(pulumi)), installed]) {
    if (!hasHost(beside)) continue;
    const cli = isExecutable(join(beside, CLI)) ? join(beside, CLI) : pulumi;
    return { pulumi: cli, path: beside, version };
  }
  for (const name of [LANGUAGE_HOST, DYNAMIC_PROVIDER]) {
    if (onPath(name, env).length === 0) throw new Unusable(`${name} is neither beside it nor on PATH`);
  }
  return { pulumi, path: folder, version };
}

export function npmInstallFolder(version: string, env: Env): string {
  return join(env.PULUMI_HOME ?? join(env.HOME ?? "/", ".pulumi"), "versions", version, "bin");
}

async function versionOf(pulumi: string, env: Env): Promise<string> {
  const quiet = { ...env, PULUMI_SKIP_UPDATE_CHECK: "1" };
  const result = await run(pulumi, ["version"], { env: quiet, timeoutMs: PROBE_TIMEOUT_MS }).catch((error: unknown) => {
    throw error instanceof RunError ? new Unusable(`\`pulumi version\` ${error.message}`) : error;
  });
  if (result.code !== 0) throw new Unusable(`\`pulumi version\` ended with ${result.code}: ${lastLine(result)}`);
  const version = /^v?(\d+\.\d+\.\d+\S*)\s*$/m.exec(result.stdout)?.[1];
  // A CLI that was built without the linker's version flag prints an empty line.
  if (version === undefined) throw new Unusable(`\`pulumi version\` prints ${JSON.stringify(result.stdout.trim())}`);
  return version;
}

function hasHost(folder: string): boolean {
  return [LANGUAGE_HOST, DYNAMIC_PROVIDER].every((name) => isExecutable(join(folder, name)));
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function older(version: string, minimum: string): boolean {
  const [have, want] = [version, minimum].map((text) => text.split(/[.-]/, 3).map(Number));
  for (const [index, least] of (want ?? []).entries()) {
    const part = have?.[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}
