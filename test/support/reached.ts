import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { startSimulator } from "../../src/simulator/index.js";

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/** How a command line names a simulated host. */
export function nameOf({ address, port }: Simulator): string {
  return `${address}:${port}`;
}

/** The environment in which a command finds the keys of simulated hosts, and the password, which is the same for all. */
export function envFor(simulators: readonly Simulator[], folder: string): NodeJS.ProcessEnv {
  const file = join(folder, "known_hosts");
  writeFileSync(file, simulators.map(({ address, port, hostKey }) => `[${address}]:${port} ${hostKey}\n`).join(""));
  return { HOME: folder, ESXI_ISER_KNOWN_HOSTS: file, ESXI_ISER_PASSWORD: simulators[0]?.password };
}
