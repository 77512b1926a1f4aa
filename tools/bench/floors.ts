import type { ShapedResource } from "./shape.js";

/** Round trips, counted by how much longer things take on a longer way. */
export interface RoundTrips {
  /** From the first packet of TCP until commands can be given. */
  readonly connect: number;
  /** A command on a connection that is there. */
  readonly command: number;
}

/** What a command costs on a host, over one transport. */
export interface Price {
  readonly commandMs: number;
  readonly roundTripMs: number;
  /** Whether the writes of a resource share a round trip. */
  readonly joinsCommands: boolean;
}

/** For people: what `refreshFloor` and `createFloor` compute. */
export const formulas = {
  refresh:
    "connect × R + ceil(questions / C) × (start + command × R); R: a round trip, C: the commands that the product runs at once on a connection, questions: the different esxcli command lines that it has to ask",
  create:
    "connect × R + the longest chain of resources that depend on each other, each with its writes × start + command × R; all hosts at once, nothing is read",
  vsphere: "the same with the call in place of the start, and with a round trip for each write of a resource",
} as const;

/** Seconds. All hosts at once, with nothing asked twice. */
export function refreshFloor(questions: number, atOnce: number, price: Price, trips: RoundTrips): number {
  const waves = Math.ceil(questions / atOnce);
  return (trips.connect * price.roundTripMs + waves * (price.commandMs + trips.command * price.roundTripMs)) / 1000;
}

/** Seconds. The writes of a resource come one after another, those of resources that do not depend on each other at once. */
export function createFloor(shape: readonly ShapedResource[], price: Price, trips: RoundTrips): number {
  const done: number[] = [];
  for (const { after, writes } of shape) {
    const begin = Math.max(0, ...after.map((index) => done[index] ?? 0));
    const exchanges = price.joinsCommands ? Math.min(1, writes.length) : writes.length;
    done.push(begin + writes.length * price.commandMs + exchanges * trips.command * price.roundTripMs);
  }
  return (trips.connect * price.roundTripMs + Math.max(0, ...done)) / 1000;
}

/** How many round trips something takes, of its times with a way of no length and with one of `roundTripMs`; in halves. */
export function tripsOf(near: number, far: number, roundTripMs: number): number {
  return Math.max(0, Math.round((2 * (far - near)) / roundTripMs) / 2);
}
