import type { Finding } from "../doctor/check.js";

/** What a node is, in the order of the path from the card to the device. */
export const kinds = [
  "uplink",
  "rdmaDevice",
  "virtualSwitch",
  "portGroup",
  "vmkernelAdapter",
  "adapter",
  "portal",
  "target",
  "device",
] as const;
export type Kind = (typeof kinds)[number];

export const kindNames: Readonly<Record<Kind, string>> = {
  uplink: "uplink",
  rdmaDevice: "RDMA device",
  virtualSwitch: "virtual switch",
  portGroup: "port group",
  vmkernelAdapter: "VMkernel adapter",
  adapter: "iSER adapter",
  portal: "portal",
  target: "target",
  device: "device",
};

/** How a node or a link is doing, the worst last. */
export const healths = ["ok", "unknown", "warning", "broken"] as const;
export type Health = (typeof healths)[number];

export interface TopologyNode {
  /** `adapter:vmhba64`: the same each time, and the only one on the host. */
  readonly id: string;
  readonly kind: Kind;
  /** As the host names it. */
  readonly name: string;
  /** A few words that go beneath the name. */
  readonly note: string;
  readonly health: Health;
  /** What else the host says of it. */
  readonly details: Readonly<Record<string, string>>;
  /** What is wrong with it. */
  readonly findings: readonly Finding[];
  /** The names of the nodes that it stands for, where many that are alike are drawn as one. */
  readonly members?: readonly string[];
}

/** What leads from one node to another, always further along the path. */
export interface TopologyEdge {
  readonly from: string;
  readonly to: string;
  readonly health: Health;
  /** In words, where there is more to say than that the one leads to the other. */
  readonly note?: string;
  /** It is so, and follows from the other edges: not drawn. */
  readonly implied?: true;
}

/** The iSER configuration of a host as nodes and edges. */
export interface Topology {
  readonly host: string;
  readonly health: Health;
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
  /** What is wrong with the host and with no node of its own. */
  readonly findings: readonly Finding[];
}

/** A host that could not be read. */
export interface UnreadHost {
  readonly host: string;
  readonly problem: string;
}

export type HostTopology = Topology | UnreadHost;

export function isRead(host: HostTopology): host is Topology {
  return "nodes" in host;
}

/** Ok where there is none. */
export function worst(all: readonly Health[]): Health {
  return all.reduce((sum, one) => (healths.indexOf(one) > healths.indexOf(sum) ? one : sum), "ok");
}

/** `vmnic4` before `vmnic10`. */
export function byName(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : Number(a > b));
}

const collator = new Intl.Collator("en", { numeric: true });

/** The findings of a host, on whichever node, each once. */
export function findingsOf({ nodes, findings }: Topology): readonly Finding[] {
  return [...new Set([...findings, ...nodes.flatMap((node) => node.findings)])];
}
