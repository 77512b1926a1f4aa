import { chmodSync, copyFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { CLI, DYNAMIC_PROVIDER, FILES, isExecutable, LANGUAGE_HOST, npmInstallFolder, Unusable } from "./probe.js";
import { type Env, lastLine, RunError, type RunOptions, run, seconds } from "./process.js";

/** The CLI that our own cache holds: one version for both ways of getting it. */
export const ENGINE_VERSION = "3.259.0";
/** The last version of the sdk module that has the Node language host inside. It speaks the same protocol to a later CLI. */
const LANGUAGE_HOST_VERSION = "3.60.0";

const MODULES = {
  cli: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  languageHost: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
  sdk: "github.com/pulumi/pulumi/sdk/v3",
} as const;

export const MINUTE = 60_000;
/** A network that answers at all begins within this; a download that moves prints its progress. */
const NETWORK_SILENCE_MS = 45_000;

export interface Context {
  env: Env;
  log: (line: string) => void;
  heartbeatMs: number;
}

/** Of this process, which tells on standard error what takes time. */
export function contextOf(kind: string): Context {
  return { env: process.env, log: (line) => process.stderr.write(`${kind}: ${line}\n`), heartbeatMs: 15_000 };
}

/** The official npm package: it downloads the CLI release when it is first called. */
export async function downloadWithNpm(out: string, scratch: string, context: Context): Promise<void> {
  const folder = join(scratch, "npm");
  mkdirSync(folder);
  const env = { ...context.env, PULUMI_HOME: join(scratch, "home"), PULUMI_VERSION: ENGINE_VERSION };
  const step = steps(context, { cwd: folder, env, timeoutMs: 10 * MINUTE, silenceMs: NETWORK_SILENCE_MS });
  const quiet = ["--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", "--global=false"];
  await step(`installing the npm package pulumi ${ENGINE_VERSION}`, "npm", [
    "install",
    ...quiet,
    `pulumi@${ENGINE_VERSION}`,
  ]);
  const launcher = join(folder, "node_modules", "pulumi", "run.js");
  await step("letting it download the CLI", process.execPath, [launcher, "version"]);
  const installed = npmInstallFolder(ENGINE_VERSION, env);
  for (const name of FILES) {
    if (!isExecutable(join(installed, name))) throw new Unusable(`${name} is not in the release`);
    renameSync(join(installed, name), join(out, name));
  }
}

/**
 * A build from the Go module proxy. In scratch modules, because `go install package@version` refuses a module with replace directives, which
 * the CLI's has; two of them, because the language host needs an older sdk than the CLI.
 */
export async function buildWithGo(out: string, scratch: string, context: Context): Promise<void> {
  const env = { ...context.env, GO111MODULE: "on", GOWORK: "off" };
  const inModule = (name: string) => {
    const folder = join(scratch, name);
    mkdirSync(folder);
    return steps(context, { cwd: folder, env, timeoutMs: 30 * MINUTE });
  };
  // Without the flag `pulumi version` prints an empty line, and projects that require a version refuse to run.
  const version = `-X ${MODULES.sdk}/go/common/version.Version=v${ENGINE_VERSION}`;
  const flags = ["-ldflags", `-s -w ${version}`];

  const cli = inModule("cli");
  await cli("preparing a Go module", "go", ["mod", "init", "scratch"]);
  await cli(`downloading the sources of the CLI ${ENGINE_VERSION}`, "go", ["get", `${MODULES.cli}@v${ENGINE_VERSION}`]);
  await cli("building the CLI (about 4 minutes, once)", "go", ["build", ...flags, "-o", join(out, CLI), MODULES.cli]);
  const sdk = await cli("finding the launcher", "go", ["list", "-m", "-f", "{{.Dir}}", MODULES.sdk]);

  const host = inModule("host");
  await host("preparing a Go module", "go", ["mod", "init", "scratch"]);
  const wanted = `${MODULES.languageHost}@v${LANGUAGE_HOST_VERSION}`;
  await host(`downloading the sources of the Node language host ${LANGUAGE_HOST_VERSION}`, "go", ["get", wanted]);
  const target = join(out, LANGUAGE_HOST);
  await host("building the Node language host", "go", ["build", "-o", target, MODULES.languageHost]);

  const launcher = join(out, DYNAMIC_PROVIDER);
  copyFileSync(join(sdk.trim(), "nodejs", "dist", DYNAMIC_PROVIDER), launcher);
  // Files in the module cache are read-only and not executable.
  chmodSync(launcher, 0o755);
}

export type Step = (what: string, command: string, args: readonly string[]) => Promise<string>;

/** Runs commands one by one: a line at the start of each, a heartbeat while it runs, `Unusable` with its last words when it fails. */
export function steps(context: Context, options: RunOptions): Step {
  return async (what, command, args) => {
    context.log(what);
    const start = Date.now();
    const heartbeat = setInterval(
      () => context.log(`still ${what}: ${seconds(Date.now() - start)}`),
      context.heartbeatMs,
    );
    try {
      const result = await run(command, args, options);
      if (result.code !== 0) throw new Unusable(`${what} failed: ${lastLine(result)}`);
      return result.stdout;
    } catch (error) {
      throw error instanceof RunError ? new Unusable(`${what}: ${error.message}`) : error;
    } finally {
      clearInterval(heartbeat);
    }
  };
}
