import { SimulatedHost, startSimulator, startVsphere } from "../../src/simulator/index.js";

export const transports = ["ssh", "vsphere"] as const;
export type Transport = (typeof transports)[number];
/** Of a transport, in the title of a test. */
export const over = { ssh: " over SSH", vsphere: " through the vSphere API" } as const;
/** Now the one, now the other: for cases that need not be run over both each. */
export const inTurn = (at: number): Transport => (at % 2 === 0 ? "ssh" : "vsphere");

type Options = Parameters<typeof startSimulator>[0];

/** A simulated host that is served in one way alone: over SSH, or, with SSH off, through the vSphere API. */
export interface Served {
  readonly host: SimulatedHost;
  readonly address: string;
  readonly port: number;
  readonly password: string;
  /** Of its host key, or of its certificate. */
  readonly fingerprint: string;
  /** The host as a resource declares it, but for the password. */
  readonly settings: Settings;
  /** How often somebody came: connections of SSH, logins of the vSphere API. */
  readonly visits: number;
  /** How many are there now: connections, or sessions. */
  readonly open: number;
  /** Connections, TLS' over the vSphere API, and logins. */
  readonly counters: { readonly connections: number; readonly logins: number; readonly failedLogins: number };
  /** Cuts all connections without a word. */
  dropConnections(): void;
  close(): Promise<void>;
}

type Settings = {
  readonly host: string;
  readonly port: number;
  readonly transport?: Transport;
  readonly hostKey?: string;
  readonly thumbprint?: string;
};

export async function serve(options: Options = {}, transport: Transport = "ssh"): Promise<Served> {
  if (transport === "ssh") {
    const simulator = await startSimulator(options);
    const { host, address, port, password, fingerprint } = simulator;
    return {
      ...{ host, address, port, password, fingerprint, counters: host.counters },
      settings: { host: address, port, hostKey: fingerprint },
      get visits() {
        return host.counters.connections;
      },
      get open() {
        return simulator.open;
      },
      dropConnections: () => simulator.dropConnections(),
      close: () => simulator.close(),
    };
  }
  const host = new SimulatedHost(options);
  const endpoint = await startVsphere(host, options.password === undefined ? {} : { password: options.password });
  const { address, port, password, thumbprint, counters } = endpoint;
  return {
    ...{ host, address, port, password, fingerprint: thumbprint, counters },
    settings: { host: address, transport, port, thumbprint },
    get visits() {
      return counters.logins;
    },
    get open() {
      return endpoint.sessions;
    },
    dropConnections: () => endpoint.dropConnections(),
    close: () => endpoint.close(),
  };
}
