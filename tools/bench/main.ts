import { randomBytes } from "node:crypto";
import { accessSync, constants, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { commandsAtOnce } from "../../src/transport/sshConnection.js";
import { barsOf } from "./bars.js";
import { countRoundTrips } from "./calibrate.js";
import { findBenchEngine, load, machine, progress, runMain } from "./common.js";
import { writeDocs } from "./docs.js";
import { differences } from "./dumps.js";
import { createFloor, formulas, type RoundTrips, refreshFloor } from "./floors.js";
import type { Cost } from "./hosts.js";
import { HostsClient } from "./hostsClient.js";
import { type Bench, measureRound, type Round, recordShape } from "./measure.js";
import { HELP, type Options, readOptions, roundsFor } from "./options.js";
import { type Baseline, makeBenchProject } from "./programs.js";
import { compareTexts } from "./providerText.js";
import { textReport } from "./report.js";
import { grouped, type Measurement, type Operation, operations, type Result, type StateSize } from "./result.js";
import type { ShapedResource } from "./shape.js";

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const result = await measure(options);
  const bars = barsOf(result);
  process.stdout.write(textReport(result, bars));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ ...result, bars }, null, 2)}\n`);
  if (options.write) writeDocs(join(__dirname, "../../docs"), result, bars);
  return bars.some(({ met }) => met === false) ? 1 : 0;
}

async function measure(options: Options): Promise<Result> {
  const engine = await findBenchEngine();
  const loadBefore = load();
  const hosts = new HostsClient();
  const project = makeBenchProject();
  try {
    const secret = () => randomBytes(10).toString("hex");
    const cost: Cost = { startMs: options.startMs, roundTripMs: options.roundTripMs };
    const baseline: Baseline = isOnPath("pulumi-resource-command") ? "command" : "equivalent";
    const secrets = { password: secret(), chapSecret: secret() };
    const { parallel, refreshParallel } = options;
    const bench: Bench = { engine, folder: project.folder, hosts, cost, secrets, baseline, parallel, refreshParallel };

    progress("counting round trips");
    const roundTrips = await countRoundTrips(hosts, secrets);
    progress("recording what a create runs");
    const shape = await recordShape(bench);

    const measurements: Measurement[] = [];
    const states: StateSize[] = [];
    const differing: string[] = [];
    for (const count of options.hosts) {
      const rounds: Round[] = [];
      for (let round = 0; round < roundsFor(count, options); round += 1)
        rounds.push(await measureRound(bench, shape, count, round));
      measurements.push(...summaries(count, rounds, shape, cost, roundTrips));
      states.push(...rounds.slice(0, 1).map((round) => sizeOf(count, round)));
      differing.push(...rounds.flatMap(differencesIn));
    }
    progress("comparing provider texts");
    const compared = options.textRounds > 0 ? await compareTexts(engine, options.textRounds) : undefined;
    return {
      date: new Date().toISOString().slice(0, 10),
      machine: { ...machine(engine), loadBefore, loadAfter: load() },
      cost,
      roundTrips,
      parallel: parallel ?? "the engine's own",
      refreshParallel,
      commandsAtOnce,
      baseline,
      resourcesPerHost: shape.length,
      writesPerHost: shape.reduce((sum, { writes }) => sum + writes.length, 0),
      formulas,
      measurements,
      states,
      differences: [...new Set(differing)],
      ...(compared ? { providerText: compared } : {}),
    };
  } finally {
    project.remove();
    hosts.close();
  }
}

function summaries(
  hosts: number,
  rounds: readonly Round[],
  shape: readonly ShapedResource[],
  cost: Cost,
  roundTrips: RoundTrips,
): Measurement[] {
  return operations.map((operation) => {
    const [ours, engine] = [
      rounds.map((round) => round.ours[operation]),
      rounds.map((round) => round.engine[operation]),
    ];
    const contacts = grouped(ours.flatMap((sample) => sample.contacts));
    const questions = Math.max(...contacts.map(({ reads }) => reads));
    const floor = hostFloor(operation, questions, shape, cost, roundTrips);
    return {
      hosts,
      operation,
      seconds: {
        ours: ours.map(({ seconds }) => seconds),
        engine: engine.map(({ seconds }) => seconds),
        ...(operation === "create" ? { baseline: rounds.map(({ baseline }) => baseline.seconds) } : {}),
      },
      ...(floor === undefined ? {} : { hostFloorSeconds: floor }),
      contacts,
      memory: { ...peak("ours", ours), ...peak("engine", engine) },
      simulatorBusy: Math.max(...ours.map(({ simulatorBusy }) => simulatorBusy)),
    };
  });
}

function hostFloor(
  operation: Operation,
  questions: number,
  shape: readonly ShapedResource[],
  cost: Cost,
  roundTrips: RoundTrips,
): number | undefined {
  if (operation === "create") return createFloor(shape, cost, roundTrips);
  return operation === "refresh" ? refreshFloor(questions, commandsAtOnce, cost, roundTrips) : undefined;
}

function peak(side: "ours" | "engine", samples: readonly { memory: number | undefined }[]) {
  const seen = samples.flatMap(({ memory }) => memory ?? []);
  return seen.length === 0 ? {} : { [side]: Math.max(...seen) };
}

function sizeOf(hosts: number, { state: { deployment } }: Round): StateSize {
  const own = (deployment.resources ?? []).filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/"));
  const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
  const sum = own.reduce((total, resource) => total + bytes(resource), 0);
  return { hosts, resources: own.length, bytes: bytes(deployment), bytesPerResource: sum / own.length };
}

function differencesIn({ dumps }: Round): string[] {
  return dumps.ours.flatMap((dump, index) => differences(dump, dumps.baseline[index] ?? "null"));
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

runMain(main);
