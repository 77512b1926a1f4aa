import { kindNames, type Topology, type TopologyEdge, type TopologyNode } from "./graph.js";

/** More nodes that are alike than this are drawn as one, and the fewer where there are more of their kind than `many`. */
export const mostAlike = { few: 6, many: 12, ofMany: 2 } as const;

/**
 * The picture without the hundredth line that says the same: targets, and then devices, that are in order, are reached the same way and are many become
 * one node each. What is not in order stays as it is.
 */
export function folded(topology: Topology): Topology {
  return foldKind(foldKind(topology, "target"), "device");
}

function foldKind(topology: Topology, kind: "target" | "device"): Topology {
  const all = topology.nodes.filter((node) => node.kind === kind).length;
  const most = all > mostAlike.many ? mostAlike.ofMany : mostAlike.few;
  const into = new Map<string, TopologyEdge[]>();
  const outOf = new Map<string, TopologyEdge[]>();
  for (const edge of topology.edges) {
    into.set(edge.to, [...(into.get(edge.to) ?? []), edge]);
    outOf.set(edge.from, [...(outOf.get(edge.from) ?? []), edge]);
  }
  const alike = new Map<string, TopologyNode[]>();
  for (const node of topology.nodes) {
    const edges = [...(into.get(node.id) ?? []), ...(outOf.get(node.id) ?? [])];
    if (node.kind !== kind || node.health !== "ok" || edges.some(({ health }) => health !== "ok")) continue;
    // A target may have devices that others have too; these must be the same for all that become one.
    const shared = (outOf.get(node.id) ?? []).map(({ to }) => to).filter((to) => (into.get(to)?.length ?? 0) > 1);
    const key = JSON.stringify([(into.get(node.id) ?? []).map(({ from }) => from), shared]);
    alike.set(key, [...(alike.get(key) ?? []), node]);
  }
  const groups = [...alike.values()].filter((nodes) => nodes.length > most);
  return groups.reduce(join, topology);
}

function join(topology: Topology, nodes: readonly TopologyNode[]): Topology {
  const [first, last] = [nodes[0], nodes.at(-1)];
  if (first === undefined || last === undefined) return topology;
  const members = nodes.map(({ name }) => name);
  const node: TopologyNode = {
    id: `${first.id}+${nodes.length - 1}`,
    kind: first.kind,
    name: `${nodes.length} ${kindNames[first.kind]}s`,
    note: "all in order",
    health: "ok",
    details: { names: members.join(", ") },
    findings: [],
    members,
  };
  const ids = new Set(nodes.map(({ id }) => id));
  const renamed = (id: string) => (ids.has(id) ? node.id : id);
  const edges = new Map<string, TopologyEdge>();
  for (const edge of topology.edges) {
    const moved = { ...edge, from: renamed(edge.from), to: renamed(edge.to) };
    edges.set(JSON.stringify([moved.from, moved.to]), moved);
  }
  const at = topology.nodes.indexOf(first);
  const others = topology.nodes.filter(({ id }) => !ids.has(id));
  return { ...topology, nodes: [...others.slice(0, at), node, ...others.slice(at)], edges: [...edges.values()] };
}
