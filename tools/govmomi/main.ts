import { parseArgs } from "node:util";
import { Unusable } from "../engine/probe.js";
import { findGovmomi, GOVMOMI_VERSION } from "./find.js";

const HELP = `Usage: npx tsx tools/govmomi/main.ts

Finds govc and vcsim ${GOVMOMI_VERSION} of govmomi, or builds them with Go, and prints the folder that they are in.
What takes time is told on standard error.

Searched in this order: PATH, the cache, a build with Go.
The cache is ~/.cache/pulumi-esxi-iser/govmomi (XDG_CACHE_HOME; ESXI_ISER_GOVMOMI_CACHE overrides).
`;

async function main(): Promise<void> {
  if (parseArgs({ options: { help: { type: "boolean", short: "h" } } }).values.help) process.stdout.write(HELP);
  else process.stdout.write(`${(await findGovmomi()).path}\n`);
}

main().catch((error: unknown) => {
  const known = error instanceof Unusable;
  process.stderr.write(
    `${known ? `No usable govmomi: ${error.message}` : error instanceof Error ? error.stack : error}\n`,
  );
  process.exitCode = 1;
});
