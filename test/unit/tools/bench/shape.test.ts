import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { JournalEntry } from "../../../../src/simulator/index.js";
import { differences } from "../../../../tools/bench/dumps.js";
import { createFloor, refreshFloor, tripsOf } from "../../../../tools/bench/floors.js";
import { commandNodes, shapeOf } from "../../../../tools/bench/shape.js";

const urn = (type: string) => `urn:pulumi:dev::bench::pulumi-nodejs:dynamic/esxi-iser:${type}::esx001`;
const resource = (type: string, ...dependencies: string[]) => ({
  urn: urn(type),
  type: `pulumi-nodejs:dynamic/esxi-iser:${type}`,
  dependencies: dependencies.map(urn),
});
const stack = { urn: "urn:pulumi:dev::bench::pulumi:pulumi:Stack::bench-dev", type: "pulumi:pulumi:Stack" };
const write = (path: string, options = ""): JournalEntry => ({
  line: `esxcli ${path}${options}`,
  path,
  effect: "write",
  status: 0,
});
const list: JournalEntry = { line: "esxcli rdma device list", path: "rdma device list", effect: "read", status: 0 };

const state = [
  stack,
  resource("VirtualSwitch"),
  resource("PortGroup", "VirtualSwitch"),
  resource("IserAdapter"),
  resource("Chap", "IserAdapter", "PortGroup"),
];
const journal = [
  list,
  write("network vswitch standard add", " --vswitch-name=vSwitch1"),
  write("rdma iser add", " --device=vmrdma0"),
  write("network vswitch standard uplink add", " --uplink-name=vmnic4"),
  write("iscsi adapter auth chap set", " --authname=chap-esx001 --secret"),
  list,
];

describe("the shape of what is created", () => {
  it("has the resources with what they depend on, and each command at the resource that runs it", () => {
    assert.deepEqual(shapeOf(state, journal), [
      {
        name: "VirtualSwitch",
        after: [],
        writes: [
          "esxcli network vswitch standard add --vswitch-name=vSwitch1",
          "esxcli network vswitch standard uplink add --uplink-name=vmnic4",
        ],
      },
      { name: "PortGroup", after: [0], writes: [] },
      { name: "IserAdapter", after: [], writes: ["esxcli rdma iser add --device=vmrdma0"] },
      { name: "Chap", after: [2, 1], writes: ["esxcli iscsi adapter auth chap set --authname=chap-esx001 --secret"] },
    ]);
  });

  it("takes no command that it knows no resource for, and none that failed", () => {
    assert.throws(
      () => shapeOf(state, [write("system module parameters set")]),
      /not known which resource.*parameters set/,
    );
    assert.throws(() => shapeOf(state, [{ ...write("rdma iser add"), status: 1 }]), /failed: esxcli rdma iser add/);
  });

  it("makes a resource of each command, after all that it was after", () => {
    const nodes = commandNodes(shapeOf(state, journal), 11, "canary");
    assert.deepEqual(
      nodes.map(({ name, after }) => [name, after]),
      [
        ["VirtualSwitch-0", []],
        ["VirtualSwitch-1", [0]],
        ["IserAdapter-0", []],
        ["Chap-0", [2, 1]],
      ],
    );
    assert.deepEqual(nodes[3], {
      name: "Chap-0",
      after: [2, 1],
      line: "LANG=en_US.UTF-8 esxcli iscsi adapter auth chap set --authname=chap-esx012 --secret",
      stdin: "canary\n",
    });
    assert.equal(nodes[2]?.stdin, undefined);
  });

  it("repeats no secret that was on a command line, for it is masked", () => {
    const masked = write("iscsi adapter auth chap set", " --secret=***");
    assert.throws(() => commandNodes(shapeOf(state, [masked]), 0, "canary"), /a secret on a command line/);
  });
});

describe("the floors of the hosts", () => {
  const cost = { commandMs: 300, roundTripMs: 10, joinsCommands: true };
  const trips = { connect: 6, command: 2 };

  it("count of a create the longest chain of writes, and the connection", () => {
    // 2 writes of the switch, none of the port group, 1 of CHAP; that of the adapter is beside them.
    assert.equal(createFloor(shapeOf(state, journal), cost, trips), (60 + 600 + 20 + 300 + 20) / 1000);
    assert.equal(createFloor([], cost, trips), 0.06);
  });

  it("count of a create a round trip for each write where none are joined", () => {
    const calls = { commandMs: 5, roundTripMs: 10, joinsCommands: false };
    assert.equal(createFloor(shapeOf(state, journal), calls, { connect: 5, command: 1 }), (50 + 3 * (5 + 10)) / 1000);
  });

  it("count of a refresh as many waves of questions as are needed, and the connection", () => {
    assert.equal(refreshFloor(30, 6, cost, trips), (60 + 5 * 320) / 1000);
    assert.equal(refreshFloor(31, 6, cost, trips), (60 + 6 * 320) / 1000);
    assert.equal(refreshFloor(0, 6, cost, trips), 0.06);
  });

  it("know round trips by what a longer way adds", () => {
    assert.equal(tripsOf(12, 1215, 200), 6);
    assert.equal(tripsOf(3, 310, 200), 1.5);
    assert.equal(tripsOf(5, 4, 200), 0);
  });
});

describe("two dumps of a host", () => {
  it("are told apart by path and values", () => {
    const one = JSON.stringify({ a: [1, { b: "x" }], same: { deep: true } });
    const other = JSON.stringify({ a: [1, { b: "y" }], same: { deep: true }, more: null });
    assert.deepEqual(differences(one, one), []);
    assert.deepEqual(differences(one, other), ['a.1.b: "x" and "y"', "more: undefined and null"]);
  });
});
