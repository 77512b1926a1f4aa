import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { OurSample, Round } from "../../../../tools/bench/measure.js";
import { type Operation, operations } from "../../../../tools/bench/result.js";
import { differencesIn, sizeOf, summaries } from "../../../../tools/bench/summary.js";

const contacts = { connections: 1, logins: 1, processes: 9, writes: 2, reads: 7 };

const own = { urn: "urn:1", type: "pulumi-nodejs:dynamic/esxi-iser:Chap", id: "x" };

function round(seconds: number, memory: number | undefined): Round {
  const every = <T>(sample: T) =>
    Object.fromEntries(operations.map((operation) => [operation, sample])) as Record<Operation, T>;
  const ours: OurSample = { seconds, memory, contacts: [contacts, contacts], simulatorBusy: seconds / 100 };
  const stack = { urn: "urn:0", type: "pulumi:pulumi:Stack" };
  return {
    ours: every(ours),
    engine: every({ seconds: seconds / 2, memory: undefined }),
    baseline: { seconds: seconds * 2, memory: undefined },
    state: { version: 3, deployment: { resources: [stack, own, own] } },
    dumps: { ours: ['{"a":1}', '{"a":1}'], baseline: ['{"a":1}', '{"a":2}'] },
  };
}

const assumptions = {
  shape: [{ name: "Chap", after: [], writes: ["one", "two"] }],
  cost: { startMs: 300, roundTripMs: 10 },
  roundTrips: { connect: 6, command: 2 },
  commandsAtOnce: 6,
};

describe("the rounds of the benchmark", () => {
  const measured = summaries(2, [round(3, 100), round(5, 120)], assumptions);
  const of = (operation: Operation) => measured.find((it) => it.operation === operation);

  it("come together as one measurement an operation", () => {
    assert.deepEqual(of("create"), {
      hosts: 2,
      operation: "create",
      seconds: { ours: [3, 5], engine: [1.5, 2.5], baseline: [6, 10] },
      hostFloorSeconds: 0.68,
      contacts: [{ ...contacts, hosts: 4 }],
      memory: { ours: 120 },
      simulatorBusy: 0.05,
    });
    assert.equal(of("refresh")?.hostFloorSeconds, 0.7);
    for (const operation of ["noop", "preview", "update", "destroy"] as const) {
      assert.equal(of(operation)?.hostFloorSeconds, undefined);
      assert.equal(of(operation)?.seconds.baseline, undefined);
    }
  });

  it("say nothing of memory that was not seen", () => {
    assert.deepEqual(summaries(2, [round(3, undefined)], assumptions)[0]?.memory, {});
  });

  it("know the size of the state by our own resources", () => {
    const { resources, bytesPerResource, bytes } = sizeOf(2, round(3, 100));
    assert.deepEqual([resources, bytesPerResource], [2, JSON.stringify(own).length]);
    assert.ok(bytes > 2 * bytesPerResource);
  });

  it("know in what the hosts of the baseline differ", () => {
    assert.deepEqual(differencesIn(round(3, 100)), ["a: 1 and 2"]);
  });
});
