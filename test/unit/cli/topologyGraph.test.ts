import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { folded } from "../../../src/cli/topology/fold.js";
import { byName, worst } from "../../../src/cli/topology/graph.js";
import { assign, severityOf } from "../../../src/cli/topology/health.js";
import { edge, finding, node, topology } from "../../support/topologies.js";

const there = [
  { id: "rdma", names: ["vmrdma0", "nmlx5_rdma"] },
  { id: "rdma1", names: ["vmrdma1", "nmlx5_rdma"] },
  { id: "hba", names: ["vmhba64"], standsFor: ["vmrdma0"] },
  { id: "vmk", names: ["vmk1"] },
  { id: "comma", names: ["a, b"] },
];

/** The nodes that a finding lands on. */
function landsOn(check: string, on: string): readonly string[] {
  const { on: found, elsewhere } = assign([finding(check, on)], there);
  return elsewhere.length > 0 ? ["elsewhere"] : [...found.keys()];
}

describe("a finding", () => {
  for (const [what, check, on, ids] of [
    ["on a VMkernel adapter is there", "path", "vmk1", ["vmk"]],
    ["on an adapter by its device is on the adapter", "not-bound", "vmrdma0", ["hba"]],
    ["on a device that has no adapter is on the device", "no-adapter", "vmrdma1", ["rdma1"]],
    ["on the device itself is on the device", "rdma-device-down", "vmrdma0", ["rdma"]],
    ["on several is on each", "roce-versions-differ", "vmrdma0, vmk1", ["hba", "vmk"]],
    ["on a driver is on its devices", "module-not-loaded", "nmlx5_rdma", ["rdma", "rdma1"]],
    ["on a name with a comma is on that", "path", "a, b", ["comma"]],
    ["on nothing that is there is not lost", "no-rdma-device", "host", ["elsewhere"]],
  ] as const)
    it(what, () => assert.deepEqual(landsOn(check, on), ids));

  it("is as bad for its node as it is", () => {
    assert.equal(severityOf(finding("single-path", "a", "warning")), "warning");
    assert.equal(severityOf(finding("target-error", "a")), "broken");
  });
});

describe("many nodes that are alike", () => {
  const target = node("target", "iqn.a");
  const devices = (count: number) => Array.from({ length: count }, (_, at) => node("device", `naa.${at}`));
  const withDevices = (count: number, changes: object = {}) => {
    const all = devices(count).map((one, at) => (at === 0 ? { ...one, ...changes } : one));
    return folded(
      topology(
        [target, ...all],
        all.map((one) => edge(target, one)),
      ),
    );
  };

  it("are drawn as one, with their names", () => {
    const { nodes, edges } = withDevices(40);
    assert.deepEqual(
      nodes.map(({ name }) => name),
      ["iqn.a", "40 devices"],
    );
    assert.equal(nodes[1]?.members?.length, 40);
    assert.deepEqual(
      edges.map(({ from, to }) => [from, to]),
      [["target:iqn.a", nodes[1]?.id]],
    );
  });

  it("stay where they are few", () => assert.equal(withDevices(6).nodes.length, 7));

  it("do not hide one that is not in order", () => {
    const { nodes } = withDevices(40, { health: "warning" });
    assert.deepEqual(
      nodes.map(({ name }) => name),
      ["iqn.a", "naa.0", "39 devices"],
    );
  });

  it("of targets with a device each become two", () => {
    const portal = node("portal", "192.168.50.100:3260");
    const targets = Array.from({ length: 30 }, (_, at) => node("target", `iqn.${at}`));
    const own = devices(30);
    const edges = targets.flatMap((one, at) => [edge(portal, one), edge(one, own[at] ?? one)]);
    const { nodes } = folded(topology([portal, ...targets, ...own], edges));
    assert.deepEqual(
      nodes.map(({ name }) => name),
      ["192.168.50.100:3260", "30 targets", "30 devices"],
    );
  });

  it("of different targets stay apart", () => {
    const other = node("target", "iqn.b");
    const all = devices(14);
    const edges = all.map((one, at) => edge(at < 7 ? target : other, one));
    assert.deepEqual(
      folded(topology([target, other, ...all], edges)).nodes.map(({ name }) => name),
      ["iqn.a", "iqn.b", "7 devices", "7 devices"],
    );
  });
});

it("counts in names, and takes the worst of several", () => {
  assert.deepEqual(["vmnic10", "vmnic4"].sort(byName), ["vmnic4", "vmnic10"]);
  assert.equal(worst(["ok", "broken", "warning"]), "broken");
  assert.equal(worst([]), "ok");
});
