import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { describe as shown } from "../../../src/esxcli/command.js";
import { type AdapterView, resolve } from "../../../src/resources/adapterReference.js";
import { check } from "../../../src/resources/inputs.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { device, iser, tied, view } from "../../support/views.js";

type Have = Parameters<typeof iserAdapter.plan>[0];
const host = (seen: AdapterView, reference = "vmrdma0", perDevice = true): Have => ({
  view: seen,
  resolution: resolve(seen, reference),
  info: undefined,
  hasCommand: true,
  perDevice,
});
const memory = { last: undefined, unfinished: false };
const want = { device: "vmrdma0" };

describe("IserAdapter plans", () => {
  const plan = (have: Have) => iserAdapter.plan(have, want, memory).map(shown);

  it("enables one device where the build takes --device", () =>
    assert.deepEqual(plan(host(view())), ["esxcli rdma iser add --device=vmrdma0"]));
  it("enables all where it does not", () =>
    assert.deepEqual(plan(host(view(), "vmrdma0", false)), ["esxcli rdma iser add"]));
  it("writes nothing when the adapter is there", () => assert.deepEqual(plan(host(tied)), []));
  it("adopts an adapter whose link is down", () =>
    assert.deepEqual(plan(host({ ...tied, devices: [device(0, { state: "Down" }), device(1)] })), []));

  const refused: [string, Have, RegExp][] = [
    [
      "a device that is not there",
      host(view(), "vmrdma7"),
      /no RDMA device vmrdma7\. RDMA devices: vmrdma0 .*, vmrdma1/,
    ],
    [
      "a device that is not Active",
      host(view({ devices: [device(0, { state: "Down" }), device(1)] })),
      /vmrdma0 is in state Down.*vmrdma1 \(Active/,
    ],
    [
      "a device without uplink",
      host(view({ devices: [device(0, { pairedUplink: "" }), device(1)] })),
      /vmrdma0 has no paired uplink/,
    ],
    ["a build without iSER", { ...host(view()), hasCommand: false }, /no `esxcli rdma iser add`/],
    [
      "adapters that nothing ties",
      host(view({ adapters: [iser("vmhba64"), iser("vmhba65")] })),
      /Candidates: vmhba64, vmhba65/,
    ],
  ];
  for (const [title, have, message] of refused) it(`refuses ${title}`, () => assert.throws(() => plan(have), message));
});

describe("IserAdapter gives back", () => {
  interface Situation {
    existed?: boolean;
    beside?: string[];
    declared?: string[];
    released?: string[];
  }
  const remove = (
    have: Have,
    { existed = false, beside = [], declared = [], released = ["vmrdma0"] }: Situation = {},
  ) =>
    iserAdapter.remove(
      have,
      want,
      { existed, beside },
      {
        first: have,
        declared: new Map(declared.map((id) => [id, {}])),
        released: new Map(released.map((id) => [id, { existed: false }])),
        left: new Map(),
      },
    );
  const onOld = (state = "unbound") =>
    host({ ...tied, adapters: [iser("vmhba64"), iser("vmhba65", state)] }, "vmrdma0", false);
  const all = ["esxcli rdma iser delete"];

  it("its own device", () =>
    assert.deepEqual(remove(host(tied)).commands.map(shown), ["esxcli rdma iser delete --device=vmrdma0"]));
  it("not an adapter that was there before", () =>
    assert.deepEqual(remove(host(tied), { existed: true }), { commands: [] }));

  const table: [string, Have, Situation, boolean][] = [
    ["it is the only one present", host({ ...tied, adapters: [iser("vmhba64")] }, "vmrdma0", false), {}, true],
    ["the other only came with it and nobody uses it", onOld(), {}, true],
    ["the other is bound", onOld("online"), {}, false],
    ["the other is declared", onOld(), { declared: ["vmrdma1"] }, false],
    ["the other is declared by its uplink", onOld(), { declared: ["vmnic5"] }, false],
    ["the other was there before", onOld(), { beside: ["vmrdma1"] }, false],
    ["the other is deleted too", onOld("online"), { beside: ["vmrdma1"], released: ["vmrdma1", "vmrdma0"] }, true],
    [
      "the other was declared by its uplink and is deleted too",
      onOld("online"),
      { released: ["vmnic5", "vmrdma0"] },
      true,
    ],
  ];
  for (const [title, have, situation, taken] of table)
    it(`${taken ? "all" : "nothing yet"}, where the build takes no device and ${title}`, () => {
      const { commands, notes = [] } = remove(have, situation);
      assert.deepEqual(commands.map(shown), taken ? all : []);
      const along = title.includes("only came with it");
      assert.match(
        notes.join(),
        taken ? (along ? /also took vmhba65 of vmrdma1/ : /^$/) : /would also take vmhba65 of vmrdma1/,
      );
    });

  it("what another's add brought as its own, and remembers what was beside it", () => {
    const record = (first: Have) =>
      iserAdapter.record(host(tied), want, { first, declared: new Map(), released: new Map(), left: new Map() });
    assert.deepEqual(record(host(tied)), { existed: true, beside: ["vmrdma0", "vmrdma1"] });
    assert.deepEqual(record(host(view())), { existed: false, beside: [] });
  });

  it("what another's add brought in an earlier run, where the build takes no device", () => {
    const declared = new Map([["vmrdma1", { existed: false, beside: [] }]]);
    const record = (have: Have) =>
      iserAdapter.record(have, want, { first: have, declared, released: new Map(), left: new Map() });
    assert.deepEqual(record({ ...host(tied), perDevice: false }), { existed: false, beside: [] });
    assert.deepEqual(record({ ...host(tied), perDevice: true }), { existed: true, beside: ["vmrdma0", "vmrdma1"] });
  });
});

describe("IserAdapter reports", () => {
  it("an adapter that a reboot must bring first as not there, and says so", () =>
    assert.deepEqual(
      iserAdapter.report(host(view()), want, { rebootRequired: true, wrote: true, was: {}, now: new Date() }),
      {
        ref: "vmrdma0",
        device: "vmrdma0",
        vmhba: "",
        state: "",
        rebootRequired: true,
      },
    ));
});

describe("IserAdapter takes exactly one of device and uplink", () => {
  const failures = (inputs: object) =>
    check(iserAdapter, { host: "esx01.lab", ...inputs }).failures.map(({ reason }) => reason);
  it("either", () => assert.deepEqual([failures({ device: "vmrdma0" }), failures({ uplink: "vmnic4" })], [[], []]));
  it("not both, not none", () => {
    assert.match(failures({ device: "vmrdma0", uplink: "vmnic4" }).join(), /give exactly one of them/);
    assert.match(failures({}).join(), /give exactly one of them/);
  });
  it("no table header, no vmhba#", () => {
    for (const device of ["Name", "vmhba64", "vmrdma", "vmrdma01", "vmrdma0 ; reboot"])
      assert.equal(failures({ device }).length, 1, device);
  });
});
