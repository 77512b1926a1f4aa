import { folded } from "./fold.js";
import {
  findingsOf,
  type Health,
  type HostTopology,
  isRead,
  type Kind,
  kindNames,
  type Topology,
  type TopologyNode,
} from "./graph.js";
import { type Box, type Layout, type Line, layOut, sizes } from "./layout.js";
import { pictureCss } from "./palette.js";
import { escapeXml, printable, sans, shortened } from "./words.js";

/** What is above each column. */
const headings: Readonly<Record<Kind, string>> = kindNames;

/** In words, for those who do not see colours. */
export const healthWords: Readonly<Record<Health, string>> = {
  ok: "ok",
  unknown: "not known",
  warning: "warning",
  broken: "broken",
};

/** The picture of one host: the content of an `svg` element, and how large it is. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly content: string;
}

/**
 * Draws a host. `idPrefix` makes the identifiers of nodes the only ones on a page; with it nodes can be pointed at, by keyboard too.
 */
export function pictureOf(topology: Topology, idPrefix?: string): Picture {
  const layout = layOut(folded(topology), headings);
  const number = new Map(layout.boxes.map(({ node }, index) => [node.id, index]));
  const content = [
    ...layout.columns.map(
      ({ kind, x, width }) =>
        `<text class="heading" x="${x + width / 2}" y="${sizes.margin + 8}" text-anchor="middle">${headings[kind]}</text>`,
    ),
    ...[...layout.lines].sort(okFirst).map((line) => drawnLine(line, layout, number)),
    ...layout.boxes.map((box, index) => drawnBox(box, index, idPrefix)),
  ];
  return { width: layout.width, height: layout.height, content: content.join("\n") };
}

/** What is broken lies on top. */
function okFirst(a: Line, b: Line): number {
  return Number(a.edge.health !== "ok") - Number(b.edge.health !== "ok");
}

function drawnLine({ edge, points }: Line, { boxes }: Layout, number: ReadonlyMap<string, number>): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let path = `M${first.x} ${first.y}`;
  let from = first;
  let middle = first;
  for (const [index, to] of rest.entries()) {
    // Every other part goes straight through a column.
    const bend = (from.x + to.x) / 2;
    path += index % 2 === 0 ? `C${bend} ${from.y} ${bend} ${to.y} ${to.x} ${to.y}` : `H${to.x}`;
    if (index === 0) middle = { x: bend, y: (from.y + to.y) / 2 };
    from = to;
  }
  const name = (id: string) => printable(boxes[number.get(id) ?? -1]?.node.name ?? "");
  const title = [
    `${name(edge.from)} – ${name(edge.to)}: ${healthWords[edge.health]}`,
    ...(edge.note ? [printable(edge.note)] : []),
  ];
  const ends = `data-from="${number.get(edge.from)}" data-to="${number.get(edge.to)}"`;
  const cross =
    edge.health === "broken" ? `<path class="cross" d="M${middle.x - 5} ${middle.y - 5}l10 10m0 -10l-10 10"/>` : "";
  return `<g class="edge ${edge.health}" ${ends}><title>${escapeXml(title.join("\n"))}</title><path class="line" d="${path}"/>${cross}</g>`;
}

/** One form for each health, so that colour is not all that tells them apart. */
const signShapes: Readonly<Record<Health, string>> = {
  ok: `<circle cx="0" cy="0" r="7"/><path d="M-3.2 0.3l2.2 2.4l4.2 -5"/>`,
  unknown: `<circle cx="0" cy="0" r="7"/><path d="M-2 -1.8a2 2 0 1 1 2.6 2q-0.6 0.3 -0.6 1.2M0 3.7v0.2"/>`,
  warning: `<path class="sign-shape" d="M0 -7.5L8 6.5H-8Z"/><path d="M0 -2.6v4.2M0 4.1v0.2"/>`,
  broken: `<path class="sign-shape" d="M-3.1 -7.5H3.1L7.5 -3.1V3.1L3.1 7.5H-3.1L-7.5 3.1V-3.1Z"/><path d="M-3 -3l6 6m0 -6l-6 6"/>`,
};

/** The sign of a health, 16 by 16 around 0,0. */
export function sign(health: Health): string {
  return `<g class="sign ${health}">${signShapes[health]}</g>`;
}

function drawnBox(
  { node, x, y, width, height, label, note }: Box,
  index: number,
  idPrefix: string | undefined,
): string {
  const id = idPrefix === undefined ? "" : ` id="${idPrefix}n${index}"`;
  const role =
    idPrefix === undefined
      ? ` role="img"`
      : ` role="button" aria-pressed="false" tabindex="${index === 0 ? 0 : -1}" data-node="${index}"`;
  const texts =
    note === ""
      ? `<text class="name" x="${sizes.textAt}" y="${height / 2 + 4.5}">${escapeXml(label)}</text>`
      : `<text class="name" x="${sizes.textAt}" y="20">${escapeXml(label)}</text><text class="note" x="${sizes.textAt}" y="36">${escapeXml(note)}</text>`;
  const behind =
    node.members === undefined ? "" : `<rect class="behind" x="4" y="4" width="${width}" height="${height}" rx="7"/>`;
  return `<g${id} class="node ${node.health}" data-kind="${node.kind}" transform="translate(${x} ${y})"${role} aria-label="${escapeXml(spokenName(node))}"><title>${escapeXml(titleOf(node))}</title>${behind}<rect class="box" width="${width}" height="${height}" rx="7"/><g transform="translate(17 ${height / 2})">${sign(node.health)}</g>${texts}</g>`;
}

function spokenName(node: TopologyNode): string {
  const found = node.findings.length === 0 ? "" : `: ${node.findings.map(({ what }) => printable(what)).join("; ")}`;
  return `${kindNames[node.kind]} ${printable(node.name)}, ${healthWords[node.health]}${found}`;
}

function titleOf(node: TopologyNode): string {
  const notes = node.note === "" ? [] : [printable(node.note)];
  return [
    `${kindNames[node.kind]} ${printable(node.name)}: ${healthWords[node.health]}`,
    ...notes,
    ...node.findings.map(({ what }) => printable(what)),
  ].join("\n");
}

/** A host in one sentence. */
export function summaryOf(topology: Topology): string {
  const findings = findingsOf(topology).length;
  return `${healthWords[topology.health]}${findings === 0 ? "" : `, ${findings} finding${findings === 1 ? "" : "s"}`}`;
}

const titleHeight = 34;

/** All hosts in one picture, one beneath the other. It has its own background, and colours for dark displays. */
export function svgOf(hosts: readonly HostTopology[]): string {
  const parts = hosts.map((host) => {
    const picture = isRead(host) ? pictureOf(host) : { width: 480, height: 30, content: unread(host.problem) };
    const about = isRead(host) ? host.findings.map(({ what }) => printable(what)) : [];
    return { host, picture, about };
  });
  const width = Math.max(320, ...parts.map(({ picture }) => picture.width));
  let top = 6;
  const drawn = parts.map(({ host, picture, about }) => {
    const health: Health = isRead(host) ? host.health : "unknown";
    const words = isRead(host) ? summaryOf(host) : "not read";
    const room = width - 60 - words.length * sans.size;
    const name = shortened(printable(host.host), { ...sans, size: 16 }, room);
    const lines = about.map(
      (text, at) =>
        `<text class="about" x="40" y="${titleHeight + 8 + at * 18}">${escapeXml(shortened(text, sans, width - 60))}</text>`,
    );
    const own = titleHeight + lines.length * 18;
    const group = `<g transform="translate(0 ${top})"><g transform="translate(24 18)">${sign(health)}</g><text class="title" x="40" y="24"><tspan>${escapeXml(name)}</tspan><tspan class="summary" dx="10">${words}</tspan></text>${lines.join("")}<g transform="translate(0 ${own})">${picture.content}</g></g>`;
    top += own + picture.height;
    return group;
  });
  const title = `iSER storage of ${hosts.map(({ host }) => printable(host)).join(", ")}`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top + 6}" viewBox="0 0 ${width} ${top + 6}" role="group" aria-label="${escapeXml(title)}">
<title>${escapeXml(title)}</title>
<style>${pictureCss()}</style>
<rect class="canvas" width="100%" height="100%"/>
${drawn.join("\n")}
</svg>
`;
}

function unread(problem: string): string {
  return `<text class="about" x="40" y="8">${escapeXml(shortened(printable(problem), sans, 420))}</text>`;
}
