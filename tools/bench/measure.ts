import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { changesIn, parseEvents } from "../engine/events.js";
import { CommandError, type Engine, Stack, type StackState } from "../engine/pulumi.js";
import { counted, inTurn, progress } from "./common.js";
import { parameterValues } from "./declared.js";
import type { Contacts, Cost, Listening, Secrets } from "./hosts.js";
import type { HostsClient } from "./hostsClient.js";
import { MemoryWatch } from "./memory.js";
import type { Baseline } from "./programs.js";
import { type Operation, operations } from "./result.js";
import { type ShapedResource, shapeOf } from "./shape.js";
import { ourSide, type Side, type SideName, sidesOf } from "./sides.js";
import { allTransports, type Transport } from "./transports.js";

const timeoutMs = 60 * 60_000;

export interface Bench {
  readonly engine: Engine;
  /** Of the project. */
  readonly folder: string;
  readonly hosts: HostsClient;
  readonly cost: Cost;
  readonly secrets: Secrets;
  readonly baseline: Baseline;
  /** With more hosts the baseline is left out. */
  readonly baselineHosts: number;
  readonly parallel: number | undefined;
}

export interface Sample {
  readonly seconds: number;
  readonly memory: number | undefined;
  /** Of each host. */
  readonly contacts: readonly Contacts[];
  readonly simulatorBusy: number;
}

export type Samples = Readonly<Record<Operation, Sample>>;

export interface Round {
  readonly ours: Readonly<Record<Transport, Samples>>;
  readonly engine: Samples;
  readonly baseline?: Pick<Samples, "create">;
  /** After our create. */
  readonly states: Readonly<Record<Transport, StackState>>;
  /** The hosts after the create of each. */
  readonly dumps: Readonly<Record<Transport, readonly string[]>> & { readonly baseline?: readonly string[] };
}

/** A side on its hosts. */
interface Contender extends Side {
  readonly listening: readonly Listening[];
  readonly stack: Stack;
  readonly bare: readonly string[];
}

/** A create on one host that costs nothing: which resources there are, what they depend on, and what they run. It also warms the machine up. */
export async function recordShape(bench: Bench): Promise<ShapedResource[]> {
  const free = { ...bench, cost: { startMs: 0, callMs: 0, roundTripMs: 0 } };
  const { name, stack } = await enter(free, ourSide("ssh", 1, 0));
  try {
    await stack.up();
    const { deployment } = await stack.exportState();
    return shapeOf(deployment.resources ?? [], await bench.hosts.ask("journal", name));
  } finally {
    await leave(bench, { name, stack });
  }
}

/** Everything once on new hosts. What is measured beside another takes turns with it, and `round` says which goes first. */
export async function measureRound(
  bench: Bench,
  shape: readonly ShapedResource[],
  hosts: number,
  round: number,
): Promise<Round> {
  const { chapSecret } = bench.secrets;
  const baseline = hosts <= bench.baselineHosts ? bench.baseline : undefined;
  const contenders: Contender[] = [];
  const samples: Partial<Record<SideName, Record<string, Sample>>> = {};
  const states: Partial<Record<SideName, StackState>> = {};
  const dumps: Partial<Record<SideName, readonly string[]>> = {};
  try {
    for (const side of sidesOf({ hosts, shape, baseline, chapSecret })) contenders.push(await enter(bench, side));
    for (const operation of operations) {
      for (const side of inTurn(
        contenders.filter((it) => it.operations.includes(operation)),
        round,
      )) {
        const sample = await measureOne(bench, side, operation, hosts);
        samples[side.name] = { ...samples[side.name], [operation]: sample };
        progress(
          `${counted(hosts, "host")}, round ${round + 1}: ${operation}, ${side.name}: ${sample.seconds.toFixed(2)} s`,
        );
      }
      if (operation !== "create") continue;
      for (const { name, listening } of contenders)
        if (listening.length > 0) dumps[name] = await bench.hosts.ask("dumps", name);
      for (const { name, stack } of ours(contenders)) states[name] = await stack.exportState();
    }
    for (const { name, bare } of ours(contenders))
      if (JSON.stringify(await bench.hosts.ask("dumps", name)) !== JSON.stringify(bare))
        throw new Error("after the destroy the hosts are not as they were: what was measured is not what it says");
    const { engine, baseline: commands, ...transports } = samples;
    return { ours: transports, engine, ...(commands ? { baseline: commands } : {}), states, dumps } as Round;
  } finally {
    for (const side of contenders) await leave(bench, side);
  }
}

function ours(contenders: readonly Contender[]): Contender[] {
  return contenders.filter(({ name }) => allTransports.some((transport) => transport === name));
}

/** Starts the hosts of a side, and makes its stack. */
async function enter(bench: Bench, side: Side): Promise<Contender> {
  const { name, transport, hosts: count, declare, settings } = side;
  const { hosts, cost, secrets, folder, engine } = bench;
  const listening = await hosts.ask("start", name, transport, count, cost, secrets);
  try {
    write(bench, name, declare(listening, parameterValues.before));
    const config = {
      declaration: declarationFile(bench, name),
      chapSecret: { secret: secrets.chapSecret },
      ...settings(listening),
    };
    const env = { ESXI_ISER_PASSWORD: secrets.password };
    const stack = await Stack.init(folder, name, config, { engine, env, timeoutMs });
    return { ...side, listening, stack, bare: await hosts.ask("dumps", name) };
  } catch (error) {
    await hosts.ask("stop", name);
    throw error;
  }
}

async function leave(bench: Bench, { name, stack }: Pick<Contender, "name" | "stack">): Promise<void> {
  stack.dispose();
  await bench.hosts.ask("stop", name);
}

function declarationFile({ folder }: Bench, name: string): string {
  return join(folder, `${name}.json`);
}

function write(bench: Bench, name: string, declaration: object): void {
  writeFileSync(declarationFile(bench, name), JSON.stringify(declaration));
}

/** How many resources an operation must change: else something else was measured. */
function changesOf(operation: Operation, hosts: number, { resources }: Side): number {
  if (operation === "create" || operation === "destroy") return resources;
  return operation === "update" ? hosts : 0;
}

async function measureOne(bench: Bench, side: Contender, operation: Operation, hosts: number): Promise<Sample> {
  const { name, stack, listening, declare } = side;
  if (operation === "update") write(bench, name, declare(listening, parameterValues.after));
  await bench.hosts.ask("contacts", name);
  const before = await bench.hosts.ask("usage");
  const sample = await timed(bench, stack, operation, changesOf(operation, hosts, side));
  const after = await bench.hosts.ask("usage");
  return {
    ...sample,
    contacts: await bench.hosts.ask("contacts", name),
    simulatorBusy: (after.cpu - before.cpu) / (after.wall - before.wall),
  };
}

const commands: Readonly<Record<Operation, readonly string[]>> = {
  create: ["up", "--yes", "--skip-preview"],
  noop: ["up", "--yes", "--skip-preview"],
  preview: ["preview"],
  refresh: ["refresh", "--yes", "--skip-preview"],
  update: ["up", "--yes", "--skip-preview"],
  destroy: ["destroy", "--yes", "--skip-preview"],
};

/** From the start of the CLI to its end. */
async function timed(
  bench: Bench,
  stack: Stack,
  operation: Operation,
  expected: number,
): Promise<Pick<Sample, "seconds" | "memory">> {
  const { parallel } = bench;
  // Its events are read when the time is taken: of many resources that takes a while.
  const log = join(stack.folder, "tmp", "bench.jsonl");
  rmSync(log, { force: true });
  const args = [
    ...commands[operation],
    ...["--event-log", log],
    ...(parallel === undefined ? [] : ["--parallel", String(parallel)]),
  ];
  const watch = new MemoryWatch(stack);
  const start = performance.now();
  const result = await stack.run(args).finally(() => watch.stop());
  const seconds = (performance.now() - start) / 1000;
  if (result.code !== 0) throw new CommandError(args.join(" "), result);
  const changed = changesIn(parseEvents(readFileSync(log, "utf8")).steps).length;
  if (changed !== expected)
    throw new Error(
      `${operation} changed ${changed} resources instead of ${expected}: what was measured is not what it says`,
    );
  return { seconds, memory: watch.stop() };
}
