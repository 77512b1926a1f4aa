import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { describe as shown } from "../../../src/esxcli/command.js";
import { check } from "../../../src/resources/inputs.js";
import { pauseParams } from "../../../src/resources/pauseParams.js";
import { device } from "../../support/views.js";

type Have = Parameters<typeof pauseParams.plan>[0];
type Want = Parameters<typeof pauseParams.plan>[1];

const nic = { nic: "vmnic4", supported: true, rx: true, tx: true, auto: false };
const other = { ...nic, nic: "vmnic5" };
const have = (changes: Partial<typeof nic> = {}): Have => ({
  devices: [],
  nics: [{ ...nic, ...changes }, other],
  nic: { ...nic, ...changes },
});
const memory = { last: undefined, unfinished: false };
const peers = { first: have(), declared: new Map(), released: new Map(), left: new Map() };
const plan = (from: Have, want: Partial<Want>) => pauseParams.plan(from, { nic: "vmnic4", ...want }, memory).map(shown);
const set = "esxcli network nic pauseParams set --nic-name=vmnic4";

describe("PauseParams plans", () => {
  const rows: [string, Have, Partial<Want>, string[]][] = [
    ["nothing for a NIC that is as declared", have(), { rx: true, tx: true, auto: false }, []],
    ["nothing for what is not declared", have({ auto: true }), { rx: true }, []],
    ["one option, with the others as they are", have(), { rx: false }, [`${set} --auto=false --rx=false --tx=true`]],
    [
      "one option of several that are declared",
      have({ auto: true }),
      { rx: true, tx: false },
      [`${set} --auto=true --rx=true --tx=false`],
    ],
    [
      "all three in one command",
      have(),
      { rx: false, tx: false, auto: true },
      [`${set} --auto=true --rx=false --tx=false`],
    ],
  ];
  for (const [title, from, want, commands] of rows) it(title, () => assert.deepEqual(plan(from, want), commands));

  const refused: [string, Have, string, string, RegExp][] = [
    [
      "a NIC that is not there, and names those that are",
      { ...have(), nic: undefined },
      "vmnic9",
      "NIC_NOT_FOUND",
      /no NIC vmnic9\. NICs: vmnic4, vmnic5/,
    ],
    ["a NIC without pause parameters", have({ supported: false }), "vmnic4", "PAUSE_NOT_SUPPORTED", /vmnic4 does not/],
    [
      "an RDMA device that is not there",
      { ...have(), devices: [device(0)], nic: undefined },
      "vmrdma7",
      "DEVICE_NOT_FOUND",
      /no RDMA device vmrdma7\. RDMA devices: vmrdma0/,
    ],
    [
      "an RDMA device without an uplink",
      { ...have(), devices: [device(0, { pairedUplink: "" })], nic: undefined },
      "vmrdma0",
      "DEVICE_WITHOUT_UPLINK",
      /vmrdma0 has no paired uplink/,
    ],
    [
      "an RDMA device whose uplink is not listed",
      { ...have(), devices: [device(5)], nic: undefined },
      "vmrdma5",
      "NIC_NOT_FOUND",
      /no NIC vmnic9/,
    ],
  ];
  for (const [title, from, named, code, message] of refused)
    it(`refuses ${title}`, () => assert.throws(() => plan(from, { nic: named, rx: false }), { code, message }));

  it("takes a NIC without pause parameters that shows what is declared", () =>
    assert.deepEqual(plan(have({ supported: false }), { rx: true }), []));
});

describe("PauseParams observes", () => {
  const asked: string[] = [];
  const answers: Record<string, unknown> = {
    "esxcli network nic pauseParams list": [nic, other],
    "esxcli rdma device list": [device(0), device(1)],
  };
  const ask = (async (command: Parameters<typeof shown>[0]) => {
    asked.push(shown(command));
    return answers[shown(command)];
  }) as Parameters<typeof pauseParams.observe>[0];

  it("a NIC without asking for RDMA devices", async () => {
    asked.length = 0;
    assert.equal((await pauseParams.observe(ask, { nic: "vmnic5", rx: true })).nic?.nic, "vmnic5");
    assert.deepEqual(asked, ["esxcli network nic pauseParams list"]);
  });
  it("the uplink of an RDMA device", async () =>
    assert.equal((await pauseParams.observe(ask, { nic: "vmrdma1", rx: true })).nic?.nic, "vmnic5"));
  it("nothing for an RDMA device that is not there", async () =>
    assert.equal((await pauseParams.observe(ask, { nic: "vmrdma9", rx: true })).nic, undefined));
  it("one lane for a NIC, however it is named", async () =>
    assert.deepEqual(
      [await pauseParams.lanes(ask, { nic: "vmrdma1" }), await pauseParams.lanes(ask, { nic: "vmnic5" })],
      [["nic vmnic5"], ["nic vmnic5"]],
    ));
});

describe("PauseParams gives back", () => {
  const remove = (want: Partial<Want>, before: object, now = have({ rx: false, tx: false })) =>
    pauseParams.remove(now, { nic: "vmnic4", ...want }, before, peers).attempts?.map(shown);

  it("what it changed, and leaves the rest", () =>
    assert.deepEqual(remove({ rx: false }, { rx: true }), [`${set} --auto=false --rx=true --tx=false`]));
  it("not what is no longer declared", () =>
    assert.deepEqual(remove({ rx: false }, { rx: true, tx: true }), [`${set} --auto=false --rx=true --tx=false`]));
  it("nothing when it changed nothing", () => assert.deepEqual(remove({ rx: false }, { rx: false }), []));
  it("nothing on a NIC that is gone", () =>
    assert.deepEqual(remove({ rx: false }, { rx: true }, { ...have(), nic: undefined }), []));
  it("what it notes before it writes: the declared options only", () =>
    assert.deepEqual(pauseParams.record(have({ rx: false }), { nic: "vmnic4", rx: true }, peers), { rx: false }));
});

describe("PauseParams inputs", () => {
  const reasons = (inputs: object) =>
    check(pauseParams, { host: "esx01", ...inputs }).failures.map(({ property, reason }) => `${property}: ${reason}`);
  const rows: [string, object, RegExp][] = [
    ["none of rx, tx and auto", { nic: "vmnic4" }, /^rx: .*at least one/],
    ["a VMkernel adapter", { nic: "vmk1", rx: true }, /^nic: .*vmnic4/],
    ["text in place of a boolean", { nic: "vmnic4", rx: "true" }, /^rx: .*true or false/],
    ["no NIC", { rx: true }, /^nic: .*required/],
  ];
  for (const [title, inputs, message] of rows)
    it(`are refused with ${title}`, () => assert.match(reasons(inputs).join("\n"), message));
  it("are taken with a NIC or an RDMA device", () =>
    assert.deepEqual([...reasons({ nic: "vmnic4", rx: true }), ...reasons({ nic: "vmrdma0", auto: false })], []));
});
