import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { IserError } from "../errors.js";
import { examine } from "./doctor/diagnose.js";
import { type LookOptions, lookAtHosts } from "./looking.js";
import { note, painter } from "./terminal.js";
import { topologyOf } from "./topology/build.js";
import { findingsOf, type HostTopology, isRead } from "./topology/graph.js";
import { htmlOf } from "./topology/html.js";
import { edgesOf, mermaidOf, mostEdges } from "./topology/mermaid.js";
import { svgOf } from "./topology/svg.js";
import { treeOf } from "./topology/tree.js";

export const formats = ["text", "svg", "mermaid", "html", "json"] as const;
export type Format = (typeof formats)[number];

export interface TopologyOptions extends LookOptions {
  readonly format?: Format;
  /** Write into this file in place of stdout. */
  readonly out?: string;
}

const byExtension: Readonly<Record<string, Format>> = {
  ".txt": "text",
  ".svg": "svg",
  ".mmd": "mermaid",
  ".mermaid": "mermaid",
  ".html": "html",
  ".htm": "html",
  ".json": "json",
};

/** Draws what hosts have of iSER and how it is doing. The status that the command ends with. */
export async function topology(names: readonly string[], options: TopologyOptions): Promise<number> {
  const format = formatOf(options);
  const { looked, unread } = await lookAtHosts(names, options, examine);
  for (const { name, found } of looked) for (const one of found.untried) note(`${name}: not tried: ${one}`);
  const read = new Map<string, HostTopology>([
    ...looked.map(
      ({ name, found: { view, findings } }) =>
        [name, { ...topologyOf(view, findings), host: withoutUser(name) }] as const,
    ),
    ...unread.map(({ name, error }) => [name, { host: withoutUser(name), problem: error.message }] as const),
  ]);
  const hosts = [...new Set(names)].flatMap((name) => read.get(name) ?? []);
  const { out } = options;
  const text = render(hosts, format, out === undefined ? process.stdout : { isTTY: false });
  if (out === undefined) process.stdout.write(text);
  else {
    write(out, text);
    note(`written to ${out}`);
  }
  if (unread.length > 0) return 2;
  return hosts.some((host) => isRead(host) && host.health === "broken") ? 1 : 0;
}

function withoutUser(name: string): string {
  return name.replace(/^.*@/, "");
}

function render(hosts: readonly HostTopology[], format: Format, stream: Parameters<typeof painter>[0]): string {
  if (format === "svg") return svgOf(hosts);
  if (format === "html") return htmlOf(hosts);
  if (format === "json") return `${JSON.stringify(hosts.map(forScripts), null, 2)}\n`;
  if (format === "text") return treeOf(hosts, painter(stream));
  const edges = edgesOf(hosts);
  if (edges > mostEdges)
    note(
      `${edges} edges are more than the ${mostEdges} that Mermaid draws unless it is told otherwise; draw fewer hosts at a time.`,
    );
  return mermaidOf(hosts);
}

function forScripts(host: HostTopology) {
  return isRead(host)
    ? {
        ...host,
        findings: findingsOf(host),
        nodes: host.nodes.map((node) => ({ ...node, findings: node.findings.map(({ check }) => check) })),
      }
    : host;
}

function formatOf({ format, out, json }: TopologyOptions): Format {
  if (json && format !== undefined && format !== "json") throw twoFormats("--json", `--format ${format}`);
  const known = out === undefined ? undefined : byExtension[extname(out).toLowerCase()];
  const wanted = json ? "json" : format;
  if (wanted !== undefined && known !== undefined && wanted !== known)
    throw twoFormats(json ? "--json" : `--format ${format}`, `the name ${out}`);
  if (wanted !== undefined) return wanted;
  if (out === undefined) return "text";
  if (known !== undefined) return known;
  throw new IserError("INPUT_INVALID", {
    problem: `the name ${out} does not say which format is meant`,
    cure: `Name the file ${Object.keys(byExtension).join(", ")}, or give --format ${formats.join(", ")}.`,
  });
}

function twoFormats(one: string, other: string): IserError {
  return new IserError("INPUT_INVALID", {
    problem: `${one} and ${other} are two formats`,
    cure: "Leave one of them out, or name the file otherwise.",
  });
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new IserError("INPUT_INVALID", {
      problem: `${file} could not be written: ${(error as Error).message}`,
      cure: "Give --out a file in a folder that is there and may be written to.",
    });
  }
}
