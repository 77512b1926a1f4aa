import assert from "node:assert/strict";
import { changesIn, parseEvents } from "../../../tools/engine/events.js";

// Recorded from CLI 3.259.0 with a dynamic resource of one property; texts of __provider and other properties left out.
const STACK = "urn:pulumi:test::trivial::pulumi:pulumi:Stack::trivial-test";
const PROVIDER = "urn:pulumi:test::trivial::pulumi:providers:pulumi-nodejs::default";
const THING = "urn:pulumi:test::trivial::pulumi-nodejs:dynamic/trivial:Thing::one";

type Sizes = [inputs: number, outputs?: number];
const thing = (sizes: Sizes | undefined) =>
  sizes
    ? {
        type: "pulumi-nodejs:dynamic/trivial:Thing",
        urn: THING,
        custom: true,
        id: sizes.length === 2 ? "thing-1" : "",
        parent: STACK,
        inputs: { size: sizes[0] },
        outputs: sizes.length === 2 ? { size: sizes[1], made: 1 } : {},
        provider: `${PROVIDER}::357c54fe-8f0c-4b4a-bd5b-5a3110a32811`,
      }
    : null;
const about = (op: string, old: Sizes | undefined, next: Sizes | undefined, more: object = {}) => ({
  metadata: {
    op,
    urn: THING,
    type: "pulumi-nodejs:dynamic/trivial:Thing",
    old: thing(old),
    new: thing(next),
    detailedDiff: null,
    logical: true,
    provider: "",
    ...more,
  },
});
const other = (op: string, urn: string, type: string) => ({
  metadata: { op, urn, type, old: null, new: null, detailedDiff: null, logical: true, provider: "" },
});
const log = (...events: object[]) =>
  events.map((event, sequence) => `${JSON.stringify({ sequence, timestamp: 1795520270, ...event })}\n`).join("");
const digest = (text: string) =>
  parseEvents(text).steps.map((step) => [
    step.op,
    step.name,
    step.old?.outputs.size,
    step.new?.outputs.size ?? step.new?.inputs.size,
    step.failed,
  ]);

describe("the engine's event log", () => {
  it("gives one step for what is announced and then done, with the outputs", () => {
    const { steps, summary, diagnostics } = parseEvents(
      log(
        { preludeEvent: { config: { "trivial:size": "1" } } },
        { resourcePreEvent: about("create", undefined, [1]) },
        { resOutputsEvent: about("create", undefined, [1, 1]) },
        {
          summaryEvent: {
            maybeCorrupt: false,
            durationSeconds: 2,
            resourceChanges: { create: 2 },
            PolicyPacks: {},
            isPreview: false,
            result: "succeeded",
          },
        },
        { cancelEvent: {} },
      ),
    );
    assert.equal(steps.length, 1);
    assert.deepEqual(
      [steps[0]?.op, steps[0]?.name, steps[0]?.old, steps[0]?.new?.id],
      ["create", "one", undefined, "thing-1"],
    );
    assert.deepEqual(steps[0]?.new?.outputs, { size: 1, made: 1 });
    assert.deepEqual([steps[0]?.keys, steps[0]?.diffs, steps[0]?.detailedDiff], [[], [], undefined]);
    assert.deepEqual(summary, { create: 2 });
    assert.deepEqual(diagnostics, []);
  });

  it("gives the three steps of a replacement in their order", () => {
    const events = ["create-replacement", "replace", "delete-replaced"].flatMap((op) => {
      const next: Sizes | undefined = op === "delete-replaced" ? undefined : [90, 90];
      const event = about(op, [1, 1], next, op === "delete-replaced" ? {} : { keys: ["size"] });
      return [{ resourcePreEvent: event }, { resOutputsEvent: event }];
    });
    assert.deepEqual(digest(log(...events)), [
      ["create-replacement", "one", 1, 90, false],
      ["replace", "one", 1, 90, false],
      ["delete-replaced", "one", 1, undefined, false],
    ]);
    assert.deepEqual(parseEvents(log(...events)).steps[0]?.keys, ["size"]);
  });

  it("gives for a refresh what was found", () => {
    const found = (op: string, next: Sizes | undefined) =>
      digest(
        log({ resourcePreEvent: about("refresh", [90, 90], [90, 90]) }, { resOutputsEvent: about(op, [90, 90], next) }),
      );
    assert.deepEqual(found("same", [90, 90]), [["same", "one", 90, 90, false]]);
    assert.deepEqual(found("update", [90, 99]), [["update", "one", 90, 99, false]]);
    assert.deepEqual(found("delete", undefined), [["delete", "one", 90, undefined, false]]);
  });

  it("marks what failed, and keeps the engine's words with the resource", () => {
    const text = log(
      { resourcePreEvent: about("create-replacement", [90, 90], [13], { keys: ["size"] }) },
      { diagnosticEvent: { urn: THING, prefix: "error: ", message: "thirteen\n", color: "never", severity: "error" } },
      {
        diagnosticEvent: {
          prefix: "debug: ",
          message: "Using vendored ts-node@7.0.1\n",
          color: "never",
          severity: "debug",
        },
      },
      { resOpFailedEvent: { ...about("create-replacement", [90, 90], [13], { keys: ["size"] }), status: 0, steps: 1 } },
      { diagnosticEvent: { prefix: "error: ", message: "update failed\n", color: "never", severity: "error" } },
    );
    assert.deepEqual(digest(text), [["create-replacement", "one", 90, 13, true]]);
    assert.deepEqual(parseEvents(text).diagnostics, [
      { severity: "error", message: "thirteen", urn: THING },
      { severity: "error", message: "update failed", urn: undefined },
    ]);
  });

  it("counts neither the stack, nor providers, nor what stays as a change", () => {
    const { steps } = parseEvents(
      log(
        { resourcePreEvent: other("create", STACK, "pulumi:pulumi:Stack") },
        { resourcePreEvent: other("update", PROVIDER, "pulumi:providers:pulumi-nodejs") },
        { resourcePreEvent: about("same", [1, 1], [1, 1]) },
        {
          resourcePreEvent: { ...other("update", THING.replace("one", "two"), "pulumi-nodejs:dynamic/trivial:Thing") },
        },
      ),
    );
    assert.equal(steps.length, 4);
    assert.deepEqual(
      changesIn(steps).map(({ op, name }) => [op, name]),
      [["update", "two"]],
    );
  });

  it("stops at a line that it does not understand, and quotes it", () => {
    assert.throws(
      () => parseEvents('{"resourcePreEvent":{"metadata":{"op":1}}}\n'),
      /not understood: \{"resourcePreEvent"/,
    );
    assert.throws(() => parseEvents('{"cut'), /not understood: \{"cut/);
    assert.deepEqual(parseEvents(""), { steps: [], diagnostics: [], summary: {} });
  });
});
