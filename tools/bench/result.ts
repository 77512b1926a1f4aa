import type { Machine } from "./common.js";
import { median } from "./common.js";
import type { RoundTrips } from "./floors.js";
import type { Contacts, Cost } from "./hosts.js";
import type { Baseline } from "./programs.js";
import type { Compared } from "./providerText.js";
import type { Transport } from "./transports.js";

export const operations = ["create", "noop", "preview", "refresh", "update", "destroy"] as const;
export type Operation = (typeof operations)[number];

/** What one operation on a number of hosts took. */
export interface Measurement {
  readonly hosts: number;
  readonly operation: Operation;
  /** That we used. Engine and baseline are the same beside each of them. */
  readonly transport: Transport;
  /** A number each round. `engine`: the same number of resources of a provider that does nothing. `baseline` of a create only. */
  readonly seconds: { readonly ours: number[]; readonly engine: number[]; readonly baseline?: number[] };
  /** Computed; of create and refresh. */
  readonly hostFloorSeconds?: number;
  /** What the hosts saw of us, and how many of all rounds saw that. */
  readonly contacts: readonly (Contacts & { readonly hosts: number })[];
  /** The peak of the provider process in bytes, the most of all rounds. Undefined where it cannot be seen. */
  readonly memory: { readonly ours?: number; readonly engine?: number };
  /** Of one CPU, by the process with the simulated hosts during our operation: near 1, they were what was waited for. */
  readonly simulatorBusy: number;
}

export interface StateSize {
  readonly hosts: number;
  readonly transport: Transport;
  readonly resources: number;
  /** Of the whole deployment as JSON without indentation. */
  readonly bytes: number;
  /** Of a resource of ours, on average. */
  readonly bytesPerResource: number;
}

export interface Result {
  readonly date: string;
  readonly machine: Machine & { readonly loadBefore: number; readonly loadAfter: number };
  readonly cost: Cost;
  readonly roundTrips: Readonly<Record<Transport, RoundTrips>>;
  readonly parallel: number | "the engine's own";
  /** Commands that the product runs at once on a connection. */
  readonly commandsAtOnce: number;
  readonly baseline: Baseline;
  readonly resourcesPerHost: number;
  readonly writesPerHost: number;
  readonly formulas: Readonly<Record<string, string>>;
  readonly measurements: readonly Measurement[];
  readonly states: readonly StateSize[];
  /** What differs between the hosts after our create over SSH and after the others. */
  readonly differences: readonly string[];
  readonly providerText?: Compared;
  /** Why not everything was measured. */
  readonly failure?: string;
}

export function find(result: Result, hosts: number, operation: Operation): Measurement | undefined {
  return result.measurements.find((it) => it.hosts === hosts && it.operation === operation);
}

export function medianOf({ seconds }: Measurement, side: "ours" | "engine" | "baseline"): number | undefined {
  const values = seconds[side];
  return values === undefined || values.length === 0 ? undefined : median(values);
}

/** The most that a host saw. */
export function most({ contacts }: Measurement, what: keyof Contacts): number {
  return Math.max(0, ...contacts.map((it) => it[what]));
}

/** The same contacts together. */
export function grouped(all: readonly Contacts[]): (Contacts & { hosts: number })[] {
  const groups = new Map<string, Contacts & { hosts: number }>();
  for (const contacts of all) {
    const key = JSON.stringify(contacts);
    const group = groups.get(key) ?? { ...contacts, hosts: 0 };
    group.hosts += 1;
    groups.set(key, group);
  }
  return [...groups.values()];
}
