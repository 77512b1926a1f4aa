import { type HostOptions, SimulatedHost, startSimulator, startVsphere } from "../../src/simulator/index.js";
import type { Transport } from "./lab.js";

/** A simulated host with one server: of SSH, or of the vSphere API and then none of SSH. */
export interface ServedHost {
  readonly host: SimulatedHost;
  /** As a program declares it. */
  readonly connection: Connection;
  /** How often somebody came: connections over SSH, logins over the vSphere API. */
  visits(): number;
  /** How many are there now: connections, or sessions. */
  present(): number;
  close(): Promise<void>;
}

interface Connection {
  readonly host: string;
  readonly port: number;
  readonly transport?: Transport;
  readonly hostKey?: string;
  readonly thumbprint?: string;
}

/** The password of every host that is served here. */
export const password = "simulated-root-password";

export async function serveHost(options: HostOptions, transport: Transport): Promise<ServedHost> {
  if (transport === "ssh") {
    const simulator = await startSimulator({ ...options, password });
    const { host, address, port, fingerprint } = simulator;
    return {
      host,
      connection: { host: address, port, hostKey: fingerprint },
      visits: () => host.counters.connections,
      present: () => simulator.open,
      close: () => simulator.close(),
    };
  }
  const host = new SimulatedHost(options);
  const endpoint = await startVsphere(host, { password });
  const { address, port, thumbprint } = endpoint;
  return {
    host,
    connection: { host: address, port, transport, thumbprint },
    visits: () => endpoint.counters.logins,
    present: () => endpoint.sessions,
    close: () => endpoint.close(),
  };
}

/**
 * The dump of a host. The engine works on what does not depend on each other at the same time, so with several sessions it is without what
 * depends on which came first: the order of lists, and the numbers of adapters, of ports of switches and of sessions.
 */
export function setUp(host: SimulatedHost): string {
  const { iscsiAdapters } = host.state;
  if (iscsiAdapters.flatMap(({ sessions }) => sessions).length < 2) return host.dump();
  let dump = host.dump();
  for (const { vmhba, device } of iscsiAdapters) dump = dump.replaceAll(`"${vmhba}"`, `"of ${device}"`);
  const numbers = ["isid", "portId", "tsih"];
  return JSON.stringify(
    JSON.parse(dump, (key, value) => {
      if (numbers.includes(key)) return undefined;
      return Array.isArray(value) ? value.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : value;
    }),
    undefined,
    2,
  );
}
