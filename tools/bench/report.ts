import { type Bar, floorRatio, megabytes, names } from "./bars.js";
import { counted } from "./common.js";
import { formulas } from "./floors.js";
import { type Measurement, medianOf, most, type Result } from "./result.js";
import { transports } from "./transports.js";

const headings = [
  "hosts",
  "operation",
  "over",
  "rounds",
  "ours",
  "baseline",
  "ours / baseline",
  "engine floor",
  "ours / engine floor",
  "host floor",
  "ours / both floors",
  "connections",
  "logins",
  "processes",
  "calls",
  "writes",
  "memory",
  "simulator busy",
] as const;

/** The columns whose text stands at the left. */
const leftColumns: readonly number[] = [1, 2];

/** One row an operation, a transport and a number of hosts; times are medians. */
export function tableOf(result: Result): string[][] {
  return [[...headings], ...result.measurements.map(row)];
}

function row(measured: Measurement): string[] {
  const { hosts, operation, transport, seconds, hostFloorSeconds, memory, simulatorBusy } = measured;
  const [ours, baseline, engine] = [
    medianOf(measured, "ours"),
    medianOf(measured, "baseline"),
    medianOf(measured, "engine"),
  ];
  return [
    String(hosts),
    names[operation],
    transports[transport].title,
    String(seconds.ours.length),
    time(ours),
    time(baseline),
    ratio(ours, baseline),
    time(engine),
    ratio(ours, engine),
    time(hostFloorSeconds),
    shown(floorRatio(measured), (value) => value.toFixed(2)),
    String(most(measured, "connections")),
    String(most(measured, "logins")),
    String(most(measured, "processes")),
    String(most(measured, "calls")),
    String(most(measured, "writes")),
    shown(memory.ours, megabytes),
    `${Math.round(simulatorBusy * 100)} %`,
  ];
}

function shown(value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? "" : show(value);
}

function time(seconds: number | undefined): string {
  return shown(seconds, (value) => `${value.toFixed(2)} s`);
}

function ratio(one: number | undefined, other: number | undefined): string {
  return one === undefined || other === undefined ? "" : (one / other).toFixed(2);
}

/** What was measured, on what, and what was assumed; one sentence each. */
export function about(result: Result): string[] {
  const { machine, cost, roundTrips, resourcesPerHost, writesPerHost } = result;
  const { engine, node, cpus, memoryGb, loadBefore, loadAfter } = machine;
  return [
    `${result.date}, on ${cpus} CPUs and ${memoryGb} GB, Pulumi ${engine}, Node ${node}; load ${loadBefore} before and ${loadAfter} after.`,
    `Assumed, not measured on ESXi: an esxcli process takes ${cost.startMs} ms to start, and a round trip to a host ${cost.roundTripMs} ms. Over the vSphere API a managed-method call starts no process there, and is assumed to take ${cost.callMs} ms; no real host was asked whether that is so. What a command does beside takes no time over either.`,
    `${resourcesPerHost} resources and ${writesPerHost} writes a host. Resources at a time (--parallel): ${result.parallel}.`,
    `Baseline: the same writes with one connection each, nothing read; ${
      result.baseline === "command"
        ? "by @pulumi/command"
        : "by a provider of the benchmark in place of @pulumi/command"
    }. Engine floor: as many resources with the same dependencies and an empty provider.`,
    `SSH takes ${roundTrips.ssh.connect} round trips to log in and ${roundTrips.ssh.command} a command, the vSphere API ${roundTrips.vsphere.connect} and ${roundTrips.vsphere.command} (counted on a way of 200 ms).`,
    `Host floor of a create: ${formulas.create}.`,
    `Host floor of a refresh: ${formulas.refresh}; C is ${result.commandsAtOnce}.`,
    `Host floors over the vSphere API: ${formulas.vsphere}.`,
    `After the create, the hosts of the baseline and of the vSphere API ${
      result.differences.length === 0
        ? "are as ours over SSH, byte for byte"
        : `differ from ours over SSH in ${counted(result.differences.length, "value")}`
    }.`,
    "Rows of one operation are of the same rounds, in turn; baseline and engine floor are the same in both. Connections, logins, processes, calls and writes are the most of a host; connections over the vSphere API are those of TLS, calls those of managed methods; memory is the peak of the provider process, the most of all rounds. Simulator busy: the share of a CPU that the simulated hosts took.",
  ];
}

/** One line each but the first: what the state takes, and the text of the provider in it. */
export function sizes({ states, providerText }: Result): string[] {
  const lines = states.map(
    ({ hosts, transport, resources, bytes, bytesPerResource }) =>
      `State of ${counted(hosts, "host")}, ${transports[transport].title}: ${bytes} bytes for ${resources} resources, ${Math.round(bytesPerResource)} bytes a resource.`,
  );
  if (providerText === undefined) return lines;
  const { resources, rounds, ours, constant, ratio: by } = providerText;
  return [
    ...lines,
    `Provider text, ${resources} resources, ${counted(rounds, "round")}: ${ours.medianSeconds.toFixed(2)} s with ours (${ours.textBytes} bytes), ${constant.medianSeconds.toFixed(2)} s with one of ${constant.textBytes} bytes, ratio ${by.toFixed(3)}.`,
  ];
}

export function verdict({ met }: Bar): string {
  return met === undefined ? "not measured" : met ? "met" : "NOT MET";
}

export function textReport(result: Result, bars: readonly Bar[]): string {
  const rows = bars.map((bar) => [verdict(bar), bar.bar, bar.value ?? ""]);
  const parts = [
    about(result),
    result.differences,
    aligned(tableOf(result), leftColumns),
    sizes(result),
    aligned(rows, [0, 1, 2]),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

/** Columns as wide as they must be; `left`: those whose text stands at the left. */
function aligned(rows: readonly (readonly string[])[], left: readonly number[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((cell, column) => (left.includes(column) ? cell.padEnd(width(column)) : cell.padStart(width(column))))
      .join("  ")
      .trimEnd(),
  );
}
