import { find, type Measurement, medianOf, type Operation, operations, type Result } from "./result.js";
import type { Transport } from "./transports.js";

export interface Bar {
  /** What must be so. */
  readonly bar: string;
  /** What was measured; undefined if nothing was. */
  readonly value: string | undefined;
  /** Undefined if nothing was measured. */
  readonly met: boolean | undefined;
}

interface Checked {
  readonly value: string;
  readonly met: boolean;
}

export const limits = {
  createOfOneByBaseline: 1,
  createOfMoreByBaseline: 0.7,
  refreshByFloor: 1.5,
  memoryMb: 200,
  textRatio: 1.15,
  stateBytesPerResource: 1500,
} as const;

/** What the product must keep to over SSH; what it costs over the vSphere API is shown beside. */
export function barsOf(all: Result): Bar[] {
  const overSsh = <T extends { readonly transport: Transport }>(them: readonly T[]) =>
    them.filter(({ transport }) => transport === "ssh");
  const result = { ...all, measurements: overSsh(all.measurements), states: overSsh(all.states) };
  const bar = (text: string, checked: Checked | undefined): Bar => ({
    bar: text,
    value: checked?.value,
    met: checked?.met,
  });
  const { createOfOneByBaseline, createOfMoreByBaseline, refreshByFloor, memoryMb, textRatio, stateBytesPerResource } =
    limits;
  return [
    ...(["create", "refresh", "destroy"] as const).map((operation) =>
      bar(`connections a host, ${operation}: 1`, connections(result, operation, 1)),
    ),
    ...(["preview", "noop"] as const).map((operation) =>
      bar(`connections a host, ${names[operation]}: 0`, connections(result, operation, 0)),
    ),
    bar("esxcli processes a host, create: at most 2 × writes + 8", createProcesses(result)),
    bar("esxcli processes a host, refresh: at most the different list and get commands", refreshProcesses(result)),
    bar(
      `create of 1 host: at most ${createOfOneByBaseline.toFixed(1)} × baseline`,
      byBaseline(result, 1, createOfOneByBaseline),
    ),
    ...[10, 50].map((hosts) =>
      bar(
        `create of ${hosts} hosts: at most ${createOfMoreByBaseline} × baseline`,
        byBaseline(result, hosts, createOfMoreByBaseline),
      ),
    ),
    bar(
      `refresh of 100 hosts: at most ${refreshByFloor} × (engine floor + host floor)`,
      byFloor(result, 100, refreshByFloor),
    ),
    ...operations.map((operation) =>
      bar(`${names[operation]}, 100 hosts by 10 hosts: at most 10`, growth(result, operation)),
    ),
    bar(`memory of the provider at 100 hosts: at most ${memoryMb} MB`, memory(result, 100, memoryMb)),
    bar(
      `create with our provider text: at most ${textRatio} × with one of 60 bytes`,
      result.providerText && atMost(result.providerText.ratio, textRatio, (ratio) => ratio.toFixed(3)),
    ),
    bar(`state: at most ${stateBytesPerResource} bytes a resource`, state(result, stateBytesPerResource)),
  ];
}

export const names: Readonly<Record<Operation, string>> = {
  create: "create",
  noop: "no-op up",
  preview: "no-op preview",
  refresh: "refresh",
  update: "update of one field",
  destroy: "destroy",
};

function atMost(value: number, limit: number, show: (value: number) => string): Checked {
  return { value: show(value), met: value <= limit };
}

/** Megabytes of 1000² bytes. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function all(result: Result, operation: Operation): Measurement[] {
  return result.measurements.filter((it) => it.operation === operation);
}

function connections(result: Result, operation: Operation, wanted: number): Checked | undefined {
  const seen = all(result, operation).flatMap(({ contacts }) => contacts.map((it) => it.connections));
  if (seen.length === 0) return undefined;
  const different = [...new Set(seen)].sort((a, b) => a - b);
  return { value: different.join(", "), met: different.every((count) => count === wanted) };
}

function createProcesses(result: Result): Checked | undefined {
  const seen = all(result, "create").flatMap(({ contacts }) => contacts);
  const worst = byMost(seen, ({ processes, writes }) => processes - 2 * writes);
  if (worst === undefined) return undefined;
  const { processes, writes } = worst;
  return { value: `${processes} with ${writes} writes`, met: processes <= 2 * writes + 8 };
}

function refreshProcesses(result: Result): Checked | undefined {
  const seen = all(result, "refresh").flatMap(({ contacts }) => contacts);
  const worst = byMost(seen, ({ processes, reads }) => processes - reads);
  if (worst === undefined) return undefined;
  const { processes, reads } = worst;
  return { value: `${processes} with ${reads} different commands`, met: processes <= reads };
}

function byMost<T>(values: readonly T[], measure: (value: T) => number): T | undefined {
  return [...values].sort((a, b) => measure(b) - measure(a))[0];
}

function byBaseline(result: Result, hosts: number, limit: number): Checked | undefined {
  const measured = find(result, hosts, "create");
  const [ours, baseline] = measured ? [medianOf(measured, "ours"), medianOf(measured, "baseline")] : [];
  return ours === undefined || baseline === undefined ? undefined : atMost(ours / baseline, limit, times);
}

function byFloor(result: Result, hosts: number, limit: number): Checked | undefined {
  const measured = find(result, hosts, "refresh");
  const ratio = measured && floorRatio(measured);
  return ratio === undefined ? undefined : atMost(ratio, limit, times);
}

/** Our time by the engine's floor and the hosts' together, which is no floor of both: they could do their parts at once. */
export function floorRatio(measured: Measurement): number | undefined {
  const [ours, engine] = [medianOf(measured, "ours"), medianOf(measured, "engine")];
  const { hostFloorSeconds } = measured;
  if (ours === undefined || engine === undefined || hostFloorSeconds === undefined) return undefined;
  return ours / (engine + hostFloorSeconds);
}

function growth(result: Result, operation: Operation): Checked | undefined {
  const seconds = [10, 100].map((hosts) => {
    const measured = find(result, hosts, operation);
    return measured && medianOf(measured, "ours");
  });
  const [few, many] = seconds;
  return few === undefined || many === undefined ? undefined : atMost(many / few, 10, times);
}

function memory(result: Result, hosts: number, limit: number): Checked | undefined {
  const peaks = result.measurements.filter((it) => it.hosts === hosts).flatMap((it) => it.memory.ours ?? []);
  if (peaks.length === 0) return undefined;
  return atMost(Math.max(...peaks), limit * 1e6, megabytes);
}

function state(result: Result, limit: number): Checked | undefined {
  const sizes = result.states.map(({ bytesPerResource }) => bytesPerResource);
  if (sizes.length === 0) return undefined;
  return atMost(Math.max(...sizes), limit, (bytes) => `${Math.round(bytes)} bytes`);
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`;
}
