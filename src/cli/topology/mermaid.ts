import { folded } from "./fold.js";
import { type Health, type HostTopology, isRead, type Kind, kindNames, type Topology } from "./graph.js";
import { light } from "./palette.js";
import { printable, signs } from "./words.js";

/** More edges than this are refused by Mermaid as it is set up at GitHub and by default. */
export const mostEdges = 500;

/** The brackets that give a node its shape. */
const shapes: Readonly<Partial<Record<Kind, readonly [string, string]>>> = {
  portal: ["([", "])"],
  device: ["[(", ")]"],
  target: ["{{", "}}"],
};

const arrows: Readonly<Record<Health, string>> = { ok: "---", unknown: "-.-", warning: "-.-", broken: "-. ✗ .-" };

/** A flowchart for Markdown, a frame for each host. */
export function mermaidOf(hosts: readonly HostTopology[]): string {
  const lines = ["flowchart LR"];
  const links: Health[] = [];
  for (const [at, host] of hosts.entries()) {
    lines.push(`  subgraph h${at}["${label(host.host)}"]`, "    direction LR");
    if (isRead(host)) lines.push(...hostLines(folded(host), `h${at}n`, links).map((line) => `    ${line}`));
    else lines.push(`    h${at}n0["? not read"]:::unknown`);
    lines.push("  end", `  style h${at} fill:none,stroke:${light.health.unknown.line}`);
  }
  for (const [health, { line, fill }] of Object.entries(light.health)) {
    const style = health === "unknown" ? ",stroke-dasharray:4 3" : health === "broken" ? ",stroke-width:3px" : "";
    lines.push(`  classDef ${health} fill:${fill},stroke:${line},color:${light.text}${style}`);
    const numbers = links.flatMap((one, number) => (one === health ? [number] : []));
    if (numbers.length > 0) lines.push(`  linkStyle ${numbers.join(",")} stroke:${line}`);
  }
  return `${lines.join("\n")}\n`;
}

export function edgesOf(hosts: readonly HostTopology[]): number {
  return hosts.reduce((sum, host) => sum + (isRead(host) ? drawn(folded(host)).length : 0), 0);
}

function drawn({ edges }: Topology) {
  return edges.filter(({ implied }) => !implied);
}

function hostLines(topology: Topology, prefix: string, links: Health[]): readonly string[] {
  const ids = new Map(topology.nodes.map(({ id }, at) => [id, `${prefix}${at}`]));
  const nodes = topology.nodes.map(({ id, kind, name, note, health }) => {
    const [open, close] = shapes[kind] ?? ["[", "]"];
    const text = [`${signs[health]} ${label(name)}`, label(note === "" ? kindNames[kind] : note)].join("<br/>");
    return `${ids.get(id)}${open}"${text}"${close}:::${health}`;
  });
  const about = topology.findings.map(({ what }, at) => `${prefix}f${at}["${signs.broken} ${label(what)}"]:::broken`);
  const edges = drawn(topology).map(({ from, to, health }) => {
    links.push(health);
    return `${ids.get(from)} ${arrows[health]} ${ids.get(to)}`;
  });
  // A frame with nothing in it is no frame to Mermaid.
  const none = nodes.length + about.length === 0 ? [`${prefix}e["nothing of iSER"]:::unknown`] : [];
  return [...nodes, ...about, ...none, ...edges];
}

/**
 * A text that Mermaid and the Markdown and HTML in its labels take as it is: all but letters, digits and a few signs as a number. What is too long for a
 * box is cut.
 */
function label(text: string): string {
  const characters = [...printable(text)];
  const cut = characters.length <= 60 ? characters : [...characters.slice(0, 30), "…", ...characters.slice(-29)];
  return cut
    .map((one) => (/[\p{L}\p{N} .:,…]/u.test(one) ? one : one === "-" ? one : `#${one.codePointAt(0)};`))
    .join("");
}
