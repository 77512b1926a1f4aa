import { differences } from "./dumps.js";
import { createFloor, type RoundTrips, refreshFloor } from "./floors.js";
import type { Cost } from "./hosts.js";
import type { Round } from "./measure.js";
import { grouped, type Measurement, type Operation, operations, type StateSize } from "./result.js";
import type { ShapedResource } from "./shape.js";
import { allTransports, type Transport, transports } from "./transports.js";

/** What the floors are computed of. */
export interface Assumptions {
  readonly shape: readonly ShapedResource[];
  readonly cost: Cost;
  readonly roundTrips: Readonly<Record<Transport, RoundTrips>>;
  readonly commandsAtOnce: number;
}

/** The rounds on a number of hosts: of each operation one of each transport. */
export function summaries(hosts: number, rounds: readonly Round[], assumptions: Assumptions): Measurement[] {
  return operations.flatMap((operation) =>
    allTransports.map((transport) => summary(hosts, operation, transport, rounds, assumptions)),
  );
}

function summary(
  hosts: number,
  operation: Operation,
  transport: Transport,
  rounds: readonly Round[],
  assumptions: Assumptions,
): Measurement {
  const ours = rounds.map((round) => round.ours[transport][operation]);
  const engine = rounds.map((round) => round.engine[operation]);
  const baseline = operation === "create" ? rounds.flatMap((round) => round.baseline?.create ?? []) : [];
  const contacts = grouped(ours.flatMap((sample) => sample.contacts));
  const questions = Math.max(...contacts.map(({ reads }) => reads));
  const floor = hostFloor(operation, transport, questions, assumptions);
  return {
    hosts,
    operation,
    transport,
    seconds: {
      ours: ours.map(({ seconds }) => seconds),
      engine: engine.map(({ seconds }) => seconds),
      ...(baseline.length > 0 ? { baseline: baseline.map(({ seconds }) => seconds) } : {}),
    },
    ...(floor === undefined ? {} : { hostFloorSeconds: floor }),
    contacts,
    memory: { ...peak("ours", ours), ...peak("engine", engine) },
    simulatorBusy: Math.max(...ours.map(({ simulatorBusy }) => simulatorBusy)),
  };
}

function hostFloor(
  operation: Operation,
  transport: Transport,
  questions: number,
  { shape, cost, roundTrips, commandsAtOnce }: Assumptions,
): number | undefined {
  const { commandMs, joinsCommands } = transports[transport];
  const price = { commandMs: commandMs(cost), roundTripMs: cost.roundTripMs, joinsCommands };
  const trips = roundTrips[transport];
  if (operation === "create") return createFloor(shape, price, trips);
  return operation === "refresh" ? refreshFloor(questions, commandsAtOnce, price, trips) : undefined;
}

function peak(side: "ours" | "engine", samples: readonly { memory: number | undefined }[]) {
  const seen = samples.flatMap(({ memory }) => memory ?? []);
  return seen.length === 0 ? {} : { [side]: Math.max(...seen) };
}

/** The states after the create. */
export function sizesOf(hosts: number, { states }: Round): StateSize[] {
  return allTransports.map((transport) => {
    const { deployment } = states[transport];
    const own = (deployment.resources ?? []).filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/"));
    const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
    const sum = own.reduce((total, resource) => total + bytes(resource), 0);
    return { hosts, transport, resources: own.length, bytes: bytes(deployment), bytesPerResource: sum / own.length };
  });
}

/** What the hosts of the others have otherwise than ours over SSH. */
export function differencesIn({ dumps: { ssh, ...others } }: Round): string[] {
  return Object.entries(others).flatMap(([side, dumps]) =>
    ssh.flatMap((dump, index) => differences(dump, dumps[index] ?? "null").map((line) => `${side}: ${line}`)),
  );
}
