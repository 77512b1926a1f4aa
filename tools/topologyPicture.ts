/** Makes docs/topology.svg: `npx tsx tools/topologyPicture.ts`. Its hosts are simulated: one with a link down, one in order. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { svgOf } from "../src/cli/topology/svg.js";
import { sickHosts, topologyWith } from "../test/support/sickHosts.js";

export const picture = join(__dirname, "../docs/topology.svg");

export async function topologyPicture(): Promise<string> {
  return svgOf([
    await topologyWith(sickHosts["with a link down"], "esx01.lab"),
    await topologyWith(sickHosts.healthy, "esx02.lab"),
  ]);
}

if (require.main === module) void topologyPicture().then((svg) => writeFileSync(picture, svg));
