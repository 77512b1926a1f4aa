import type { Colour, painter } from "../terminal.js";
import { folded } from "./fold.js";
import { findingsOf, type Health, type HostTopology, isRead, type Topology, type TopologyNode } from "./graph.js";
import { severityOf } from "./health.js";
import { summaryOf } from "./svg.js";
import { printable, signs } from "./words.js";

const colours: Readonly<Record<Health, Colour>> = { ok: "green", unknown: "dim", warning: "yellow", broken: "red" };

type Paint = ReturnType<typeof painter>;

/** The hosts as trees of lines, for a terminal: what has one way on is on one line with it. */
export function treeOf(hosts: readonly HostTopology[], paint: Paint): string {
  return hosts.map((host) => `${hostLines(host, paint).join("\n")}\n`).join("\n");
}

function hostLines(host: HostTopology, paint: Paint): readonly string[] {
  const name = paint("bold", printable(host.host));
  if (!isRead(host)) return [`${signed("unknown", name, paint)}  not read`];
  const topology = folded(host);
  return [
    `${signed(host.health, name, paint)}  ${summaryOf(host)}`,
    ...new Branches(topology, paint).lines(),
    ...findingsOf(host).map((one) => `  ${signed(severityOf(one), printable(`${one.check}: ${one.what}`), paint)}`),
  ];
}

function signed(health: Health, text: string, paint: Paint): string {
  return `${paint(colours[health], signs[health])} ${text}`;
}

class Branches {
  private readonly after: ReadonlyMap<string, readonly TopologyNode[]>;
  private readonly before: ReadonlyMap<string, number>;
  private readonly shown = new Set<string>();

  constructor(
    private readonly topology: Topology,
    private readonly paint: Paint,
  ) {
    const byId = new Map(topology.nodes.map((node) => [node.id, node]));
    const edges = topology.edges.filter(({ implied }) => !implied);
    const next = (id: string) => edges.flatMap(({ from, to }) => (from === id ? (byId.get(to) ?? []) : []));
    this.after = new Map(topology.nodes.map(({ id }) => [id, next(id)]));
    this.before = new Map(topology.nodes.map(({ id }) => [id, edges.filter(({ to }) => to === id).length]));
  }

  lines(): readonly string[] {
    return this.branches(this.topology.nodes.filter(({ id }) => this.before.get(id) === 0));
  }

  private branches(nodes: readonly TopologyNode[]): readonly string[] {
    return nodes.flatMap((node, at) => {
      const isLast = at === nodes.length - 1;
      const [first = "", ...rest] = this.branch(node);
      return [`${isLast ? "└─" : "├─"} ${first}`, ...rest.map((line) => `${isLast ? "  " : "│ "} ${line}`)];
    });
  }

  private branch(node: TopologyNode): readonly string[] {
    const words = [this.word(node)];
    let last = node;
    for (;;) {
      if (this.shown.has(last.id)) return [`${words.join(" ─ ")}${this.after.get(last.id)?.length ? " (above)" : ""}`];
      this.shown.add(last.id);
      const next = this.after.get(last.id) ?? [];
      const [only] = next;
      if (only === undefined || next.length > 1 || this.before.get(only.id) !== 1)
        return [words.join(" ─ "), ...this.branches(next)];
      words.push(this.word(only));
      last = only;
    }
  }

  private word({ name, note, health, kind }: TopologyNode): string {
    const isTelling = health !== "ok" || kind === "device";
    const text = printable(name) + (isTelling && note !== "" ? ` (${printable(note)})` : "");
    return signed(health, text, this.paint);
  }
}
