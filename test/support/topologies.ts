import fc from "fast-check";
import type { Finding } from "../../src/cli/doctor/check.js";
import {
  healths,
  kinds,
  type Topology,
  type TopologyEdge,
  type TopologyNode,
  worst,
} from "../../src/cli/topology/graph.js";

/** A node of a topology that no host had. */
export function node(kind: TopologyNode["kind"], name: string, changes: Partial<TopologyNode> = {}): TopologyNode {
  return { id: `${kind}:${name}`, kind, name, note: "", health: "ok", details: {}, findings: [], ...changes };
}

export function edge(from: TopologyNode, to: TopologyNode, changes: Partial<TopologyEdge> = {}): TopologyEdge {
  return { from: from.id, to: to.id, health: "ok", ...changes };
}

export function topology(
  nodes: readonly TopologyNode[],
  edges: readonly TopologyEdge[] = [],
  changes: Partial<Topology> = {},
): Topology {
  const health = worst([...nodes, ...edges].map((one) => one.health));
  return { host: "esx01.lab", health, nodes, edges, findings: [], ...changes };
}

export function finding(check: string, on: string, severity: Finding["severity"] = "error"): Finding {
  return { check, severity, on, what: `${check} of ${on}`, why: "", fix: "" };
}

/** Paths that have nothing in common, a node of each kind each. */
export function paths(count: number): Topology {
  const all = Array.from({ length: count }, (_, at) => kinds.map((kind) => node(kind, `${kind}${at}`)));
  const edges = all.flatMap((path) =>
    path.flatMap((from, at) => {
      const to = path[at + 1];
      return to === undefined ? [] : [edge(from, to)];
    }),
  );
  return topology(all.flat(), edges);
}

/** Any nodes, and any edges that lead further along the path. */
export const anyTopology: fc.Arbitrary<Topology> = fc
  .uniqueArray(
    fc.record({
      kind: fc.constantFrom(...kinds),
      name: fc.string({ unit: "grapheme", maxLength: 60 }),
      note: fc.string({ unit: "grapheme", maxLength: 40 }),
      health: fc.constantFrom(...healths),
    }),
    { selector: ({ kind, name }) => `${kind} ${name}`, maxLength: 40 },
  )
  .chain((all) => {
    const nodes = all.map(({ kind, name, ...rest }) => node(kind, name, rest));
    const further = nodes.flatMap((from) =>
      nodes.filter((to) => kinds.indexOf(to.kind) > kinds.indexOf(from.kind)).map((to) => [from, to] as const),
    );
    return fc
      .tuple(fc.subarray(further, { maxLength: Math.min(60, further.length) }), fc.constantFrom(...healths))
      .map(([chosen, health]) =>
        topology(
          nodes,
          chosen.map(([from, to]) => edge(from, to, { health })),
        ),
      );
  });
