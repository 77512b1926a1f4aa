import type { Finding } from "../doctor/check.js";
import type { Health } from "./graph.js";

/** How bad it is for the node that it is on. */
export function severityOf({ severity }: Finding): Health {
  return severity === "error" ? "broken" : "warning";
}

/** What a finding may be on, and the names that it has there. */
export interface Named {
  readonly id: string;
  readonly names: readonly string[];
  /** Names of other nodes that it answers to in their place. */
  readonly standsFor?: readonly string[];
}

/**
 * Lays findings on what they name: one name, or several with commas. A finding on an adapter names it by its RDMA device, so that name is the adapter's,
 * but in a finding on the device itself. The second part of the answer is what names nothing that is there.
 */
export function assign(
  findings: readonly Finding[],
  all: readonly Named[],
): { readonly on: ReadonlyMap<string, readonly Finding[]>; readonly elsewhere: readonly Finding[] } {
  const on = new Map<string, Finding[]>();
  const elsewhere: Finding[] = [];
  for (const finding of findings) {
    const whole = idsOf(finding.on, finding, all);
    const ids = whole.length > 0 ? whole : finding.on.split(", ").flatMap((name) => idsOf(name, finding, all));
    if (ids.length === 0) elsewhere.push(finding);
    for (const id of new Set(ids)) on.set(id, [...(on.get(id) ?? []), finding]);
  }
  return { on, elsewhere };
}

function idsOf(name: string, { check }: Finding, all: readonly Named[]): readonly string[] {
  const own = all.filter(({ names }) => names.includes(name));
  const inPlace = all.filter(({ standsFor = [] }) => standsFor.includes(name));
  return (check.startsWith("rdma-") || inPlace.length === 0 ? own : inPlace).map(({ id }) => id);
}
