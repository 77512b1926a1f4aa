import { join } from "node:path";
import { type Context, contextOf, MINUTE, steps } from "../engine/build.js";
import { cacheRoot, digestOf, whole } from "../engine/cache.js";

const REQUIREMENTS = join(__dirname, "requirements.txt");
/** Within a virtual environment. With another interpreter than it was made with the environment is made anew. */
const PYTHON = "bin/python";

/** VMware's own Python client of the vSphere API. */
export interface Pyvmomi {
  /** A Python that has it. */
  readonly python: string;
  /** The virtual environment. */
  readonly path: string;
}

/** pyvmomi of the one version that counts: from the cache, or installed into a virtual environment there. `Unusable` says what is missing. */
export async function findPyvmomi(): Promise<Pyvmomi> {
  const context = contextOf("pyvmomi");
  const { path } = await whole({
    root: cacheRoot(context.env, "pyvmomi"),
    version: digestOf([REQUIREMENTS]),
    names: [PYTHON],
    fill: (out) => install(out, context),
    log: context.log,
  });
  return { python: join(path, PYTHON), path };
}

async function install(out: string, context: Context): Promise<void> {
  const env = { ...context.env, PIP_DISABLE_PIP_VERSION_CHECK: "1" };
  const step = steps(context, { cwd: out, env, timeoutMs: 5 * MINUTE });
  await step("making a virtual environment with python3", "python3", ["-m", "venv", out]);
  // A wheel runs nothing when it is installed.
  const pip = ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:"];
  await step("installing pyvmomi", join(out, PYTHON), [...pip, "-r", REQUIREMENTS]);
}
