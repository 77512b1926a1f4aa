import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Round, Sample } from "../../../../tools/bench/measure.js";
import { type Operation, operations } from "../../../../tools/bench/result.js";
import { differencesIn, sizesOf, summaries } from "../../../../tools/bench/summary.js";

const contacts = { connections: 1, logins: 1, processes: 9, calls: 0, writes: 2, reads: 7 };

const own = { urn: "urn:1", type: "pulumi-nodejs:dynamic/esxi-iser:Chap", id: "x" };

const calls = { ...contacts, connections: 6, processes: 0, calls: 10, reads: 8 };
const longer = { ...own, outputs: { thumbprint: "AA" } };

function round(seconds: number, memory: number | undefined): Round {
  const every = <T>(sample: T) =>
    Object.fromEntries(operations.map((operation) => [operation, sample])) as Record<Operation, T>;
  const ssh: Sample = { seconds, memory, contacts: [contacts, contacts], simulatorBusy: seconds / 100 };
  const alone = { memory: undefined, contacts: [], simulatorBusy: 0 };
  const stack = { urn: "urn:0", type: "pulumi:pulumi:Stack" };
  return {
    ours: { ssh: every(ssh), vsphere: every({ ...ssh, seconds: seconds - 1, contacts: [calls, calls] }) },
    engine: every({ ...alone, seconds: seconds / 2 }),
    baseline: { create: { ...alone, seconds: seconds * 2 } },
    states: {
      ssh: { version: 3, deployment: { resources: [stack, own, own] } },
      vsphere: { version: 3, deployment: { resources: [stack, longer, longer] } },
    },
    dumps: { ssh: ['{"a":1}', '{"a":1}'], vsphere: ['{"a":3}', '{"a":1}'], baseline: ['{"a":1}', '{"a":2}'] },
  };
}

const assumptions = {
  shape: [{ name: "Chap", after: [], writes: ["one", "two"] }],
  cost: { startMs: 300, callMs: 5, roundTripMs: 10 },
  roundTrips: { ssh: { connect: 6, command: 2 }, vsphere: { connect: 5, command: 1 } },
  commandsAtOnce: 6,
};

describe("the rounds of the benchmark", () => {
  const measured = summaries(2, [round(3, 100), round(5, 120)], assumptions);
  const of = (operation: Operation, transport = "ssh") =>
    measured.find((it) => it.operation === operation && it.transport === transport);

  it("come together as one measurement an operation and a transport", () => {
    assert.equal(measured.length, 2 * operations.length);
    assert.deepEqual(of("create"), {
      hosts: 2,
      operation: "create",
      transport: "ssh",
      seconds: { ours: [3, 5], engine: [1.5, 2.5], baseline: [6, 10] },
      hostFloorSeconds: 0.68,
      contacts: [{ ...contacts, hosts: 4 }],
      memory: { ours: 120 },
      simulatorBusy: 0.05,
    });
    assert.deepEqual(of("create", "vsphere"), {
      hosts: 2,
      operation: "create",
      transport: "vsphere",
      seconds: { ours: [2, 4], engine: [1.5, 2.5], baseline: [6, 10] },
      // 5 round trips, and two writes of a round trip and a call each.
      hostFloorSeconds: 0.08,
      contacts: [{ ...calls, hosts: 4 }],
      memory: { ours: 120 },
      simulatorBusy: 0.05,
    });
    assert.equal(of("refresh")?.hostFloorSeconds, 0.7);
    // Eight questions, six at once.
    assert.equal(of("refresh", "vsphere")?.hostFloorSeconds, 0.08);
    for (const operation of ["noop", "preview", "update", "destroy"] as const) {
      assert.equal(of(operation)?.hostFloorSeconds, undefined);
      assert.equal(of(operation)?.seconds.baseline, undefined);
    }
  });

  it("say nothing of memory that was not seen", () => {
    assert.deepEqual(summaries(2, [round(3, undefined)], assumptions)[0]?.memory, {});
  });

  it("have no baseline where it was left out", () => {
    const { baseline, ...rest } = round(3, 100);
    assert.equal(summaries(2, [rest], assumptions)[0]?.seconds.baseline, undefined);
  });

  it("know the sizes of the states by our own resources", () => {
    const sizes = sizesOf(2, round(3, 100));
    assert.deepEqual(
      sizes.map(({ transport, resources, bytesPerResource }) => [transport, resources, bytesPerResource]),
      [
        ["ssh", 2, JSON.stringify(own).length],
        ["vsphere", 2, JSON.stringify(longer).length],
      ],
    );
    for (const { bytes, bytesPerResource } of sizes) assert.ok(bytes > 2 * bytesPerResource);
  });

  it("know in what the hosts of the others differ", () => {
    assert.deepEqual(differencesIn(round(3, 100)), ["vsphere: a: 1 and 3", "baseline: a: 1 and 2"]);
  });
});
