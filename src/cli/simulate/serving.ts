import { generateKeyPairSync } from "node:crypto";
import { SimulatedHost, startSimulator, startVsphere } from "../../simulator/index.js";
import type { Transport } from "../transports.js";
import { usage } from "../usage.js";
import type { PlannedHost } from "./fleet.js";

/** What all hosts have alike. */
export interface Serving {
  readonly transport: Transport;
  readonly user: string;
  readonly password: string;
  /** Of SSH. */
  readonly authorizedKeys: readonly string[];
  /** Of SSH: what it takes to start a process of esxcli, in milliseconds. */
  readonly processStartMs: number;
  /** Of the vSphere API: what a call costs on the host, in milliseconds. */
  readonly callMs: number;
  readonly roundTripMs: number;
}

export interface Place {
  readonly listen: string;
  readonly port: number;
}

/** A simulated host that runs, reached in one way alone. */
export interface Running extends PlannedHost {
  readonly host: SimulatedHost;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** What it is known by, by the name of the setting that takes it. */
  readonly pin: { readonly hostKey: string } | { readonly thumbprint: string };
  /** Of SSH: its line in a known_hosts file, without the name. */
  readonly publicKey?: string;
  close(): Promise<void>;
}

export async function serve(planned: PlannedHost, place: Place, serving: Serving): Promise<Running> {
  try {
    return await ways[serving.transport](planned, place, serving);
  } catch (error) {
    throw notListening(error as NodeJS.ErrnoException, place);
  }
}

const ways: Record<Transport, typeof overSsh> = { ssh: overSsh, vsphere: overVsphere };

async function overSsh(planned: PlannedHost, place: Place, serving: Serving): Promise<Running> {
  const { user, password, authorizedKeys, processStartMs, roundTripMs } = serving;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const simulator = await startSimulator({
    ...planned.options,
    ...place,
    ...{ user, password, authorizedKeys: [...authorizedKeys], processStartMs, roundTripMs },
    model: planned.model,
    name: planned.name,
    hostKey: privateKey.export({ type: "sec1", format: "pem" }).toString(),
    clock: new Date(),
    prepare: (host) => prepare(host, planned),
  });
  const { host, address, port, fingerprint, hostKey: publicKey } = simulator;
  return {
    ...planned,
    ...{ host, address, port, user, pin: { hostKey: fingerprint }, publicKey },
    close: () => simulator.close(),
  };
}

async function overVsphere(planned: PlannedHost, place: Place, serving: Serving): Promise<Running> {
  const { user, password, callMs, roundTripMs } = serving;
  const { model, name } = planned;
  const host = new SimulatedHost({ ...planned.options, model, name, clock: new Date() });
  prepare(host, planned);
  const endpoint = await startVsphere(host, { ...place, user, password, callMs, roundTripMs });
  const { address, port, thumbprint } = endpoint;
  return { ...planned, ...{ host, address, port, user, pin: { thumbprint } }, close: () => endpoint.close() };
}

/** What it was made with is not what it was told. */
function prepare(host: SimulatedHost, planned: PlannedHost): void {
  planned.prepare(host);
  host.journal.length = 0;
  host.processes.length = 0;
  Object.assign(host.counters, { commands: 0, writes: 0 });
}

function notListening(error: NodeJS.ErrnoException, { listen, port }: Place): Error {
  if (error.code === "EADDRINUSE")
    return usage(`port ${port} of ${listen} is in use`, "Give another one with --port, or 0 for a free one.");
  if (error.code === "EACCES")
    return usage(
      `port ${port} of ${listen} is for root only`,
      "Give one from 1024 on with --port, or 0 for a free one.",
    );
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return usage(
      `this machine has no address ${listen}`,
      "Give one of its own with --listen; 127.0.0.1 is on every machine.",
    );
  if (error.message.startsWith("an authorized key is none"))
    return usage(error.message, "Give a file of public keys with --authorized-keys, RSA or ECDSA, a line each.");
  return error;
}
