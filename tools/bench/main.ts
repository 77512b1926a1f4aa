import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandsAtOnce } from "../../src/transport/connection.js";
import { onPath } from "../engine/probe.js";
import { InterruptedError } from "../engine/process.js";
import { barsOf } from "./bars.js";
import { countRoundTrips } from "./calibrate.js";
import { findBenchEngine, load, machine, progress, runMain } from "./common.js";
import { writeDocs } from "./docs.js";
import { formulas } from "./floors.js";
import type { Cost } from "./hosts.js";
import { HostsClient } from "./hostsClient.js";
import { type Bench, measureRound, type Round, recordShape } from "./measure.js";
import { HELP, type Options, readOptions, roundsFor } from "./options.js";
import { type Baseline, makeBenchProject } from "./programs.js";
import { type Compared, compareTexts } from "./providerText.js";
import { textReport } from "./report.js";
import type { Measurement, Result, StateSize } from "./result.js";
import { differencesIn, sizesOf, summaries } from "./summary.js";

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const save = (result: Result) => {
    const bars = barsOf(result);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ ...result, bars }, null, 2)}\n`);
    return bars;
  };
  const result = await measure(options, save);
  const bars = save(result);
  process.stdout.write(textReport(result, bars));
  if (result.failure !== undefined) throw new Error(`The measurement ended early: ${result.failure}`);
  if (options.write) writeDocs(join(__dirname, "../../docs"), result, bars);
  return bars.some(({ met }) => met === false) ? 1 : 0;
}

/** `save` is given what there is after each number of hosts. */
async function measure(options: Options, save: (result: Result) => void): Promise<Result> {
  const engine = await findBenchEngine();
  const loadBefore = load();
  const hosts = new HostsClient();
  const project = makeBenchProject();
  try {
    const secret = () => randomBytes(10).toString("hex");
    const { parallel, baselineHosts, startMs, callMs, roundTripMs } = options;
    const cost: Cost = { startMs, callMs, roundTripMs };
    const baseline: Baseline = onPath("pulumi-resource-command", process.env).length > 0 ? "command" : "equivalent";
    const secrets = { password: secret(), chapSecret: secret() };
    const bench: Bench = { engine, folder: project.folder, hosts, cost, secrets, baseline, baselineHosts, parallel };

    progress("counting round trips");
    const roundTrips = {
      ssh: await countRoundTrips(hosts, "ssh", secrets),
      vsphere: await countRoundTrips(hosts, "vsphere", secrets),
    };
    progress("recording what a create runs");
    const shape = await recordShape(bench);

    const measurements: Measurement[] = [];
    const states: StateSize[] = [];
    const differing: string[] = [];
    let compared: Compared | undefined;
    let failure: string | undefined;
    const soFar = (): Result => ({
      date: new Date().toISOString().slice(0, 10),
      machine: { ...machine(engine), loadBefore, loadAfter: load() },
      cost,
      roundTrips,
      parallel: parallel ?? "the engine's own",
      commandsAtOnce,
      baseline,
      resourcesPerHost: shape.length,
      writesPerHost: shape.reduce((sum, { writes }) => sum + writes.length, 0),
      formulas,
      measurements,
      states,
      differences: [...new Set(differing)],
      ...(compared ? { providerText: compared } : {}),
      ...(failure === undefined ? {} : { failure }),
    });
    try {
      for (const count of options.hosts) {
        const rounds: Round[] = [];
        for (let round = 0; round < roundsFor(count, options); round += 1)
          rounds.push(await measureRound(bench, shape, count, round));
        measurements.push(...summaries(count, rounds, { shape, cost, roundTrips, commandsAtOnce }));
        states.push(...rounds.slice(0, 1).flatMap((round) => sizesOf(count, round)));
        differing.push(...rounds.flatMap(differencesIn));
        save(soFar());
      }
      progress("comparing provider texts");
      if (options.textRounds > 0) compared = await compareTexts(engine, options.textRounds);
    } catch (error) {
      // What was measured before took long, and is shown.
      if (error instanceof InterruptedError) throw error;
      failure = error instanceof Error ? error.message : String(error);
    }
    return soFar();
  } finally {
    project.remove();
    hosts.close();
  }
}

// Not started by the command tsx: it kills what does not answer a Ctrl-C within 60 ms, and cleaning up takes longer.
runMain(main);
