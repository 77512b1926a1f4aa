import { SimulatedHost, startSimulator, startVsphere } from "../../src/simulator/index.js";
import type { Transport } from "./lab.js";

/** A simulated host that is served in one way alone: over SSH, or, with SSH off, through the vSphere API. */
export interface Served {
  readonly host: SimulatedHost;
  readonly address: string;
  readonly port: number;
  readonly password: string;
  /** Of its host key, or of its certificate. */
  readonly fingerprint: string;
  /** The host as a resource declares it. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** How many times somebody has come: a connection of SSH, a login of the vSphere API. */
  readonly visits: number;
  /** How many are connected or logged in now. */
  readonly open: number;
  close(): Promise<void>;
}

export async function serve(
  options: Parameters<typeof startSimulator>[0],
  transport: Transport = "ssh",
): Promise<Served> {
  if (transport === "ssh") {
    const simulator = await startSimulator(options);
    const { host, address, port, password, fingerprint } = simulator;
    return {
      ...{ host, address, port, password, fingerprint },
      settings: { host: address, port, hostKey: fingerprint },
      get visits() {
        return host.counters.connections;
      },
      get open() {
        return simulator.open;
      },
      close: () => simulator.close(),
    };
  }
  const host = new SimulatedHost(options);
  const endpoint = await startVsphere(host, options?.password === undefined ? {} : { password: options.password });
  const { address, port, password, thumbprint } = endpoint;
  return {
    ...{ host, address, port, password, fingerprint: thumbprint },
    settings: { host: address, transport, port, thumbprint },
    get visits() {
      return endpoint.counters.logins;
    },
    get open() {
      return endpoint.sessions;
    },
    close: () => endpoint.close(),
  };
}
