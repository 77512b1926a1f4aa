import type { Cost } from "./hosts.js";
import type { ShapedResource } from "./shape.js";

/** Round trips, counted by how much longer things take on a longer way. */
export interface RoundTrips {
  /** From the first packet of TCP until SSH is logged in. */
  readonly connect: number;
  /** A command on a connection that is there. */
  readonly command: number;
}

/** For people: what `refreshFloor` and `createFloor` compute. */
export const formulas = {
  refresh:
    "connect × R + ceil(questions / C) × (start + command × R); R: a round trip, C: the commands that the product runs at once on a connection, questions: the different esxcli command lines that it has to ask",
  create:
    "connect × R + the longest chain of resources that depend on each other, each with its writes × start + command × R; all hosts at once, nothing is read",
} as const;

/** Seconds. All hosts at once, with nothing asked twice. */
export function refreshFloor(questions: number, atOnce: number, cost: Cost, trips: RoundTrips): number {
  const waves = Math.ceil(questions / atOnce);
  return (trips.connect * cost.roundTripMs + waves * (cost.startMs + trips.command * cost.roundTripMs)) / 1000;
}

/** Seconds. The writes of a resource come one after another, those of resources that do not depend on each other at once. */
export function createFloor(shape: readonly ShapedResource[], cost: Cost, trips: RoundTrips): number {
  const done: number[] = [];
  for (const { after, writes } of shape) {
    const begin = Math.max(0, ...after.map((index) => done[index] ?? 0));
    const own = writes.length * cost.startMs + (writes.length > 0 ? trips.command * cost.roundTripMs : 0);
    done.push(begin + own);
  }
  return (trips.connect * cost.roundTripMs + Math.max(0, ...done)) / 1000;
}

/** How many round trips something takes, of its times with a way of no length and with one of `roundTripMs`; in halves. */
export function tripsOf(near: number, far: number, roundTripMs: number): number {
  return Math.max(0, Math.round((2 * (far - near)) / roundTripMs) / 2);
}
