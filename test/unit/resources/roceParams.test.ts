import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { describe as shown } from "../../../src/esxcli/command.js";
import type { RoceVersion } from "../../../src/esxcli/rdma.js";
import { type AdapterView, resolve } from "../../../src/resources/adapterReference.js";
import type { Ask } from "../../../src/resources/definition.js";
import { roceParams } from "../../../src/resources/roceParams.js";
import { tied } from "../../support/views.js";

type Have = Parameters<typeof roceParams.plan>[0];
const host = (logged?: RoceVersion, changes: Partial<Have> = {}): Have => ({
  resolution: resolve(tied, "vmrdma0"),
  protocols: [{ device: "vmrdma0", v1: true, v2: true, iwarp: false }],
  logged,
  hasCommand: true,
  ...changes,
});
const want = (version: RoceVersion) => ({ adapter: "vmrdma0", version });
const first = { last: undefined, unfinished: false };
const last = (version: RoceVersion) => ({ last: want(version), unfinished: false });
const set = (number: number) => `esxcli rdma iser params set --adapter=vmhba64 --roce=${number}`;

describe("RoceParams plans", () => {
  const table: [string, Have, RoceVersion, Parameters<typeof roceParams.plan>[2], string[]][] = [
    ["sets auto", host(), "auto", first, [set(0)]],
    ["sets v1", host(), "v1", first, [set(1)]],
    ["sets v2", host(), "v2", first, [set(2)]],
    ["sets what a line of the log may only seem to say", host("v2"), "v2", first, [set(2)]],
    ["writes nothing when it was set and the log says nothing else", host(), "v2", last("v2"), []],
    ["writes nothing when the log confirms it", host("v2"), "v2", last("v2"), []],
    ["writes a change", host("v2"), "v1", last("v2"), [set(1)]],
    ["heals what the log says was set by another", host("v1"), "v2", last("v2"), [set(2)]],
    ["heals after a refresh that saw it", host("v1"), "v2", last("v1"), [set(2)]],
  ];
  for (const [title, have, version, memory, commands] of table)
    it(title, () => assert.deepEqual(roceParams.plan(have, want(version), memory).map(shown), commands));

  it("sets iWARP where the device speaks it", () => {
    const have = host(undefined, { protocols: [{ device: "vmrdma0", v1: false, v2: false, iwarp: true }] });
    assert.deepEqual(roceParams.plan(have, want("iwarp"), first).map(shown), [set(3)]);
  });
  it("refuses what the device does not speak, saying what it speaks", () =>
    assert.throws(
      () => roceParams.plan(host(), want("iwarp"), first),
      /vmrdma0 does not speak iwarp\. It speaks: v1, v2/,
    ));
  it("refuses a build without the command, saying so", () =>
    assert.throws(() => roceParams.plan(host(undefined, { hasCommand: false }), want("v2"), first), {
      code: "COMMAND_UNKNOWN",
      message: /no `esxcli rdma iser params set`/,
    }));
});

describe("RoceParams reads the log", () => {
  /** Answers each question with what a host with these lines would say. */
  const ask = (view: AdapterView, lines: [string, string, RoceVersion][]): Ask => {
    const answers: Record<string, unknown> = {
      "rdma device list": view.devices,
      "iscsi adapter list": view.adapters,
      "iscsi physicalnetworkportal list": view.portals,
      "storage core adapter list": view.storage,
      "rdma device protocol list": [{ device: "vmrdma0", v1: true, v2: true, iwarp: false }],
      "esxcli command list": new Set(["rdma iser params set"]),
      "system time get": new Date("2026-01-01T12:00:00Z"),
      "system stats uptime get": 3600 * 1e6,
    };
    const log = lines.map(([at, vmhba, version]) => ({ at: new Date(at), vmhba, version }));
    return async (command) => (command.kind === "esxcli" ? answers[command.path] : log) as never;
  };
  const logged = async (lines: [string, string, RoceVersion][], view = tied) =>
    (await roceParams.observe(ask(view, lines), want("v2"))).logged;

  it("takes the last line of the adapter", async () =>
    assert.equal(
      await logged([
        ["2026-01-01T11:10:00Z", "vmhba64", "v1"],
        ["2026-01-01T11:20:00Z", "vmhba64", "v2"],
      ]),
      "v2",
    ));
  it("leaves lines of other adapters", async () =>
    assert.equal(await logged([["2026-01-01T11:20:00Z", "vmhba65", "v1"]]), undefined));
  it("leaves lines from before the host was started, whose numbers may have been another device's", async () =>
    assert.equal(await logged([["2026-01-01T10:59:59Z", "vmhba64", "v1"]]), undefined));
  it("says whether the value is confirmed", () => {
    const confirmed = (have: Have) =>
      roceParams.report(have, want("v2"), { rebootRequired: false, wrote: false, was: {}, now: new Date() }).confirmed;
    assert.deepEqual([confirmed(host("v2")), confirmed(host("v1")), confirmed(host())], [true, false, false]);
  });
});

describe("RoceParams gives back", () => {
  const peers = { first: host(), declared: new Map(), released: new Map(), left: new Map() };
  it("what the log said before, or auto", () => {
    assert.deepEqual(roceParams.record(host("v1"), want("v2"), peers), { version: "v1", known: true });
    assert.deepEqual(roceParams.record(host(), want("v2"), peers), { version: "auto", known: false });
    assert.deepEqual(roceParams.remove(host("v2"), want("v2"), { version: "v1" }, peers).commands.map(shown), [set(1)]);
  });
  it("nothing when it was the same", () =>
    assert.deepEqual(roceParams.remove(host("v2"), want("v2"), { version: "v2" }, peers).commands, []));
});
