import type { Cost, Listening } from "./hosts.js";

/** What a transport is to the benchmark: how a program reaches a host over it, and what a command over it costs. */
interface Way {
  /** For people. */
  readonly title: string;
  /** What a command is on the host. */
  readonly commandIs: "process" | "call";
  /** Milliseconds that a command takes on the host, whatever it does. */
  readonly commandMs: (cost: Cost) => number;
  /** Whether commands that follow each other share a round trip: a shell takes several, a call is one. */
  readonly joinsCommands: boolean;
  /** The host as the program declares it: what it is known by is in the settings. */
  readonly reach: (host: Listening) => object;
  /** The settings of the stack. */
  readonly settings: (hosts: readonly Listening[]) => Readonly<Record<string, string>>;
}

const address = "127.0.0.1";

/** Each of them does everything that ours does. */
export const transports = {
  ssh: {
    title: "SSH",
    commandIs: "process",
    commandMs: ({ startMs }) => startMs,
    joinsCommands: true,
    reach: ({ port }) => ({ host: address, port }),
    // One key of all, in the settings, as the README has it.
    settings: ([first]) => (first ? { "esxi-iser:hostKey": first.identity } : {}),
  },
  vsphere: {
    title: "vSphere API",
    commandIs: "call",
    commandMs: ({ callMs }) => callMs,
    joinsCommands: false,
    reach: ({ port }) => ({ host: address, transport: "vsphere", port }),
    // Each has a certificate of its own.
    settings: (hosts) => ({ "esxi-iser:thumbprint": hosts.map(({ identity }) => identity).join(",") }),
  },
} as const satisfies Readonly<Record<string, Way>>;

export type Transport = keyof typeof transports;

export const allTransports = Object.keys(transports) as readonly Transport[];
