import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bar, names } from "./bars.js";
import { about, sizes, tableOf, verdict } from "./report.js";
import { medianOf, type Operation, type Result } from "./result.js";
import { logLogPlot, type Series } from "./svg.js";
import type { Transport } from "./transports.js";

const markers = {
  begin: "<!-- What stands from here to the end marker is written by `npm run bench -- --write`. -->",
  end: "<!-- End of what is written by `npm run bench -- --write`. -->",
} as const;

/** Writes the results into performance.md, between the markers, and the plot and all numbers beside it. */
export function writeDocs(folder: string, result: Result, bars: readonly Bar[]): void {
  const file = join(folder, "performance.md");
  const before = existsSync(file) ? readFileSync(file, "utf8") : newDocument();
  writeFileSync(file, between(before, markdown(result, bars)));
  writeFileSync(join(folder, "performance.svg"), plotOf(result));
  writeFileSync(join(folder, "performance.json"), `${JSON.stringify({ ...result, bars }, null, 2)}\n`);
}

function newDocument(): string {
  return `# Performance\n\n${markers.begin}\n${markers.end}\n`;
}

/** The document with the text between its markers, and what else is in it as it was. */
export function between(document: string, text: string): string {
  const { begin, end } = markers;
  const [first, last] = [document.indexOf(begin), document.indexOf(end)];
  const once = (marker: string) => document.indexOf(marker) === document.lastIndexOf(marker);
  if (first < 0 || last < first || !once(begin) || !once(end))
    throw new Error(`performance.md must have these two lines, once each and in this order:\n${begin}\n${end}`);
  return `${document.slice(0, first + begin.length)}\n\n${text.trim()}\n\n${document.slice(last)}`;
}

export function markdown(result: Result, bars: readonly Bar[]): string {
  const [heading = [], ...rows] = tableOf(result);
  const verdicts = bars.map((bar) => [bar.bar, bar.value ?? "", verdict(bar)]);
  return [
    about(result)
      .map((sentence) => `- ${sentence}`)
      .join("\n"),
    "![Time over the number of hosts](performance.svg)",
    table(heading, rows, 3),
    sizes(result)
      .map((sentence) => `- ${sentence}`)
      .join("\n"),
    table(["bar", "measured", ""], verdicts, 3),
    "All numbers are in [performance.json](performance.json).",
  ].join("\n\n");
}

/** The columns from `left` on stand at the right. */
function table(heading: readonly string[], rows: readonly (readonly string[])[], left: number): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = heading.map((_, column) => (column < left ? "---" : "---:"));
  return [line(heading), line(rule), ...rows.map(line)].join("\n");
}

export function plotOf(result: Result): string {
  const series = (
    name: string,
    color: string,
    operation: Operation,
    side: "ours" | "engine" | "baseline",
    transport: Transport = "ssh",
  ): Series => ({
    name,
    color,
    dashed: side !== "ours",
    points: result.measurements
      .filter((it) => it.operation === operation && it.transport === transport)
      .flatMap((it) => {
        const seconds = medianOf(it, side);
        return seconds === undefined ? [] : [[it.hosts, seconds] as const];
      }),
  });
  const { startMs, callMs, roundTripMs } = result.cost;
  const assumed = `esxcli ${startMs} ms, managed call ${callMs} ms, round trip ${roundTripMs} ms`;
  return logLogPlot(`Time over hosts (assumed: ${assumed})`, "hosts", "seconds", [
    series("create", "#1f77b4", "create", "ours"),
    series("create, vSphere API", "#9467bd", "create", "ours", "vsphere"),
    series("create, baseline", "#d62728", "create", "baseline"),
    series("create, engine floor", "#7fb3d9", "create", "engine"),
    series("refresh", "#2ca02c", "refresh", "ours"),
    series("refresh, vSphere API", "#17becf", "refresh", "ours", "vsphere"),
    series("refresh, engine floor", "#8fcf8f", "refresh", "engine"),
    series(names.noop, "#ff7f0e", "noop", "ours"),
  ]);
}
