import { parseArgs } from "node:util";
import { EngineNotFoundError, findEngine } from "./find.js";

const HELP = `Usage: node --import tsx tools/engine/main.ts [--json]

Finds the Pulumi CLI, or gets it, and prints the folder to put first on PATH. What takes time is told on standard error.

  --json   print the whole answer: pulumi, path, version, source
  --help   this text

Searched in this order: PATH, the cache, the npm package pulumi, a build with Go.
The cache is ~/.cache/pulumi-esxi-iser/engine (XDG_CACHE_HOME; ESXI_ISER_ENGINE_CACHE overrides).
`;

async function main(): Promise<number> {
  let values: { json?: boolean; help?: boolean };
  try {
    ({ values } = parseArgs({ options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  try {
    const engine = await findEngine();
    process.stdout.write(values.json ? `${JSON.stringify(engine, undefined, 2)}\n` : `${engine.path}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof EngineNotFoundError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
