import { parseArgs } from "node:util";
import { Unusable } from "./probe.js";

/** The command that prints the folder of a tool, once it is there. */
export async function printFolder(help: string, find: () => Promise<{ readonly path: string }>): Promise<void> {
  try {
    const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" } } });
    process.stdout.write(values.help ? help : `${(await find()).path}\n`);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
