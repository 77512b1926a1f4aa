import { differences } from "./dumps.js";
import { createFloor, type RoundTrips, refreshFloor } from "./floors.js";
import type { Cost } from "./hosts.js";
import type { Round } from "./measure.js";
import { grouped, type Measurement, type Operation, operations, type StateSize } from "./result.js";
import type { ShapedResource } from "./shape.js";

/** What the floors are computed of. */
export interface Assumptions {
  readonly shape: readonly ShapedResource[];
  readonly cost: Cost;
  readonly roundTrips: RoundTrips;
  readonly commandsAtOnce: number;
}

/** The rounds on a number of hosts, an operation each. */
export function summaries(hosts: number, rounds: readonly Round[], assumptions: Assumptions): Measurement[] {
  return operations.map((operation) => {
    const [ours, engine] = [
      rounds.map((round) => round.ours[operation]),
      rounds.map((round) => round.engine[operation]),
    ];
    const contacts = grouped(ours.flatMap((sample) => sample.contacts));
    const questions = Math.max(...contacts.map(({ reads }) => reads));
    const floor = hostFloor(operation, questions, assumptions);
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
  { shape, cost, roundTrips, commandsAtOnce }: Assumptions,
): number | undefined {
  if (operation === "create") return createFloor(shape, cost, roundTrips);
  return operation === "refresh" ? refreshFloor(questions, commandsAtOnce, cost, roundTrips) : undefined;
}

function peak(side: "ours" | "engine", samples: readonly { memory: number | undefined }[]) {
  const seen = samples.flatMap(({ memory }) => memory ?? []);
  return seen.length === 0 ? {} : { [side]: Math.max(...seen) };
}

/** The state after the create. */
export function sizeOf(hosts: number, { state: { deployment } }: Round): StateSize {
  const own = (deployment.resources ?? []).filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/"));
  const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
  const sum = own.reduce((total, resource) => total + bytes(resource), 0);
  return { hosts, resources: own.length, bytes: bytes(deployment), bytesPerResource: sum / own.length };
}

/** What the hosts of the baseline have otherwise than ours. */
export function differencesIn({ dumps }: Round): string[] {
  return dumps.ours.flatMap((dump, index) => differences(dump, dumps.baseline[index] ?? "null"));
}
