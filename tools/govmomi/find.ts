import { dirname, join } from "node:path";
import { type Context, contextOf, MINUTE, steps } from "../engine/build.js";
import { cacheRoot, digestOf, whole } from "../engine/cache.js";
import { isExecutable, onPath } from "../engine/probe.js";
import { type Env, RunError, run } from "../engine/process.js";

/** The release that the tests were written against, as go.mod has it. */
export const GOVMOMI_VERSION = "0.53.1";
const FILES = ["govc", "vcsim"] as const;
/** Small mains: the packages of the release are served by the module proxy, its own mains are not. */
const SOURCES = ["go.mod", "go.sum", "govc/main.go", "vcsim/main.go"] as const;

/** The tools of govmomi: a client and a simulator of the vSphere API that nobody of this project wrote. */
export interface Govmomi {
  readonly govc: string;
  readonly vcsim: string;
  /** The folder that both are in. */
  readonly path: string;
  readonly source: "PATH" | "cache" | "go";
}

/** `govc` and `vcsim` of the one version that counts: from PATH, from the cache, or built with Go. `Unusable` says what is missing. */
export async function findGovmomi(): Promise<Govmomi> {
  const context = contextOf("govmomi");
  const { env } = context;
  for (const govc of onPath("govc", env)) {
    const reason = await unusable(govc, env);
    if (reason === undefined) return toolsIn(dirname(govc), "PATH");
    context.log(`${govc}: ${reason}`);
  }
  const { path, isNew } = await whole({
    root: cacheRoot(env, "govmomi"),
    version: `${GOVMOMI_VERSION}-${digestOf(SOURCES.map((name) => join(__dirname, name)))}`,
    names: FILES,
    fill: (out) => build(out, context),
    log: context.log,
  });
  return toolsIn(path, isNew ? "go" : "cache");
}

async function unusable(govc: string, env: Env): Promise<string | undefined> {
  if (!isExecutable(join(dirname(govc), "vcsim"))) return "no vcsim is beside it";
  try {
    const { stdout } = await run(govc, ["version"], { env, timeoutMs: 20_000 });
    return stdout.trim() === `govc ${GOVMOMI_VERSION}`
      ? undefined
      : `says ${JSON.stringify(stdout.trim())}; ${GOVMOMI_VERSION} is needed`;
  } catch (error) {
    if (error instanceof RunError) return error.message;
    throw error;
  }
}

async function build(out: string, context: Context): Promise<void> {
  const env = { ...context.env, GO111MODULE: "on", GOWORK: "off", GOFLAGS: "-mod=readonly" };
  const step = steps(context, { cwd: __dirname, env, timeoutMs: 15 * MINUTE });
  await step(`downloading the sources of govmomi ${GOVMOMI_VERSION}`, "go", ["mod", "download"]);
  const packages = FILES.map((name) => `./${name}`);
  await step("building govc and vcsim (a minute, once)", "go", ["build", "-trimpath", "-o", `${out}/`, ...packages]);
}

function toolsIn(path: string, source: Govmomi["source"]): Govmomi {
  return { govc: join(path, "govc"), vcsim: join(path, "vcsim"), path, source };
}
