import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { changesIn, parseEvents } from "../engine/events.js";
import { CommandError, type Engine, Stack, type StackState } from "../engine/pulumi.js";
import { counted, inTurn, progress } from "./common.js";
import { parameterValues } from "./declared.js";
import type { Contacts, Cost, Secrets } from "./hosts.js";
import type { HostsClient } from "./hostsClient.js";
import { MemoryWatch } from "./memory.js";
import { type Baseline, declareBaseline, declareEngine, declareOurs, type Side } from "./programs.js";
import { type Operation, operations } from "./result.js";
import { commandNodes, type ShapedResource, shapeOf } from "./shape.js";

const timeoutMs = 60 * 60_000;

export interface Bench {
  readonly engine: Engine;
  /** Of the project. */
  readonly folder: string;
  readonly hosts: HostsClient;
  readonly cost: Cost;
  readonly secrets: Secrets;
  readonly baseline: Baseline;
  readonly parallel: number | undefined;
}

export interface Sample {
  readonly seconds: number;
  readonly memory: number | undefined;
}

export interface OurSample extends Sample {
  readonly contacts: readonly Contacts[];
  readonly simulatorBusy: number;
}

export interface Round {
  readonly ours: Record<Operation, OurSample>;
  readonly engine: Record<Operation, Sample>;
  readonly baseline: Sample;
  readonly state: StackState;
  /** The hosts after our create, and after the baseline's. */
  readonly dumps: { readonly ours: readonly string[]; readonly baseline: readonly string[] };
}

/** A create on one host that costs nothing: which resources there are, what they depend on, and what they run. It also warms the machine up. */
export async function recordShape(bench: Bench): Promise<ShapedResource[]> {
  const free = { ...bench, cost: { startMs: 0, roundTripMs: 0 } };
  const { ports, fingerprint } = await startSet(free, "recorded", 1);
  const stack = await newStack(bench, "recorded", declareOurs(ports, parameterValues.before), fingerprint);
  try {
    await stack.up();
    const { deployment } = await stack.exportState();
    return shapeOf(deployment.resources ?? [], await bench.hosts.ask("journal", "recorded"));
  } finally {
    stack.dispose();
    await bench.hosts.ask("stop", "recorded");
  }
}

/** Everything once on new hosts. What is measured beside another takes turns with it, and `round` says which goes first. */
export async function measureRound(
  bench: Bench,
  shape: readonly ShapedResource[],
  hosts: number,
  round: number,
): Promise<Round> {
  const stacks: Partial<Record<Side, Stack>> = {};
  const [ourSet, baselineSet] = [await startSet(bench, "ours", hosts), await startSet(bench, "baseline", hosts)];
  const updated = shape.findIndex(({ name }) => name === "IscsiParameters");
  const declare: Record<Side, (value: number) => object> = {
    ours: (value) => declareOurs(ourSet.ports, value),
    baseline: () =>
      declareBaseline(bench.baseline, baselineSet.ports, (host) => commandNodes(shape, host, bench.secrets.chapSecret)),
    engine: (value) => declareEngine(hosts, shape, updated, value),
  };
  try {
    for (const side of ["ours", "baseline", "engine"] as const)
      stacks[side] = await newStack(bench, side, declare[side](parameterValues.before), ourSet.fingerprint);
    const stackOf = (side: Side) => stacks[side] as Stack;
    const bare = await bench.hosts.ask("dumps", "ours");

    const ours = {} as Record<Operation, OurSample>;
    const engine = {} as Record<Operation, Sample>;
    let baseline: Sample | undefined;
    let state: StackState | undefined;
    let dumps: Round["dumps"] | undefined;
    for (const operation of operations) {
      const expected = changesOf(operation, hosts, shape.length);
      if (operation === "update")
        for (const side of ["ours", "engine"] as const) write(bench, side, declare[side](parameterValues.after));
      for (const side of inTurn<Side>(
        operation === "create" ? ["ours", "baseline", "engine"] : ["ours", "engine"],
        round,
      )) {
        if (side === "ours") ours[operation] = await ourOperation(bench, stackOf(side), operation, expected);
        else if (side === "engine") engine[operation] = await timed(bench, stackOf(side), operation, expected);
        else baseline = await timed(bench, stackOf(side), operation, hosts * commandsIn(shape));
        const { seconds } = side === "baseline" ? (baseline as Sample) : { ours, engine }[side][operation];
        progress(`${counted(hosts, "host")}, round ${round + 1}: ${operation}, ${side}: ${seconds.toFixed(2)} s`);
      }
      if (operation !== "create") continue;
      state = await stackOf("ours").exportState();
      dumps = {
        ours: await bench.hosts.ask("dumps", "ours"),
        baseline: await bench.hosts.ask("dumps", "baseline"),
      };
    }
    if (JSON.stringify(await bench.hosts.ask("dumps", "ours")) !== JSON.stringify(bare))
      throw new Error("after the destroy the hosts are not as they were: what was measured is not what it says");
    return { ours, engine, baseline, state, dumps } as Round;
  } finally {
    for (const stack of Object.values(stacks)) stack.dispose();
    for (const set of ["ours", "baseline"]) await bench.hosts.ask("stop", set);
  }
}

function startSet({ hosts, cost, secrets }: Bench, set: string, count: number) {
  return hosts.ask("start", set, count, cost, secrets);
}

function declarationFile({ folder }: Bench, name: string): string {
  return join(folder, `${name}.json`);
}

function write(bench: Bench, name: string, declaration: object): void {
  writeFileSync(declarationFile(bench, name), JSON.stringify(declaration));
}

function newStack(bench: Bench, name: string, declaration: object, hostKey: string): Promise<Stack> {
  write(bench, name, declaration);
  const { password, chapSecret } = bench.secrets;
  const config = {
    declaration: declarationFile(bench, name),
    chapSecret: { secret: chapSecret },
    "esxi-iser:hostKey": hostKey,
  };
  const env = { ESXI_ISER_PASSWORD: password };
  return Stack.init(bench.folder, name, config, { engine: bench.engine, env, timeoutMs });
}

function commandsIn(shape: readonly ShapedResource[]): number {
  return shape.reduce((sum, { writes }) => sum + writes.length, 0);
}

/** How many resources an operation must change: else something else was measured. */
function changesOf(operation: Operation, hosts: number, resources: number): number {
  if (operation === "create" || operation === "destroy") return hosts * resources;
  return operation === "update" ? hosts : 0;
}

async function ourOperation(bench: Bench, stack: Stack, operation: Operation, expected: number): Promise<OurSample> {
  await bench.hosts.ask("contacts", "ours");
  const before = await bench.hosts.ask("usage");
  const sample = await timed(bench, stack, operation, expected);
  const after = await bench.hosts.ask("usage");
  return {
    ...sample,
    contacts: await bench.hosts.ask("contacts", "ours"),
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
async function timed(bench: Bench, stack: Stack, operation: Operation, expected: number): Promise<Sample> {
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
