import { printFolder } from "../engine/command.js";
import { findGovmomi, GOVMOMI_VERSION } from "./find.js";

const HELP = `Usage: npx tsx tools/govmomi/main.ts

Finds govc and vcsim ${GOVMOMI_VERSION} of govmomi, or builds them with Go, and prints the folder that they are in.
What takes time is told on standard error.

Searched in this order: PATH, the cache, a build with Go.
The cache is ~/.cache/pulumi-esxi-iser/govmomi (XDG_CACHE_HOME; ESXI_ISER_GOVMOMI_CACHE overrides).
`;

void printFolder(HELP, findGovmomi);
