import { execFileSync } from "node:child_process";
import { join } from "node:path";

const repository = join(__dirname, "../..");
const { NODE_V8_COVERAGE } = process.env;

// When a test file is loaded, not in a test: it may have to compile.
if (NODE_V8_COVERAGE === undefined)
  execFileSync(process.execPath, [join(repository, "tools/bootstrap.mjs"), "--build"], { stdio: "inherit" });

/**
 * How Node starts the program `esxi-iser`: as it is built from these sources, a third of the time that tsx takes. Where coverage is counted it is
 * compiled as the tests are, whatever the folder: what two compilers make of a function counts as two functions.
 */
export const started =
  NODE_V8_COVERAGE === undefined
    ? { args: [join(repository, "dist/cli/main.js")], env: {} }
    : {
        args: ["--import", require.resolve("tsx"), join(repository, "src/cli/main.ts")],
        env: { NODE_V8_COVERAGE, TSX_TSCONFIG_PATH: join(repository, "tsconfig.json") },
      };
