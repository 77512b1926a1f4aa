import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { describe as shown } from "../../../src/esxcli/command.js";
import { resolve } from "../../../src/resources/adapterReference.js";
import { check } from "../../../src/resources/inputs.js";
import { staticTarget } from "../../../src/resources/staticTarget.js";
import { tied, view } from "../../support/views.js";

type Have = Parameters<typeof staticTarget.plan>[0];
const name = "iqn.2010-09.lab.storage:iser-a";
const portal = "192.168.50.100:3260";
const host = (...targets: Have["targets"]): Have => ({ resolution: resolve(tied, "vmrdma0"), targets });
const want = { adapter: "vmrdma0", targetName: name, address: "192.168.50.100", port: 3260 };
const memory = { last: undefined, unfinished: false };
const command = (verb: string, address = portal, target = name) =>
  `esxcli iscsi adapter discovery statictarget ${verb} --adapter=vmhba64 --address=${address} --name=${target}`;

describe("StaticTarget plans", () => {
  const table: [string, Have, Partial<typeof want>, string[]][] = [
    ["adds a target", host(), {}, [command("add")]],
    ["writes nothing when it is there", host({ name, address: portal }), {}, []],
    ["knows it in capitals and without a port", host({ name: name.toUpperCase(), address: "192.168.50.100" }), {}, []],
    ["adds another address of the name", host({ name, address: "192.168.50.101:3260" }), {}, [command("add")]],
    ["adds another name at the address", host({ name: `${name}-b`, address: portal }), {}, [command("add")]],
    ["adds another port", host({ name, address: "192.168.50.100:3261" }), {}, [command("add")]],
    [
      "writes an IPv6 address in brackets",
      host(),
      { address: "fd00::1", port: 860 },
      [command("add", "[fd00::1]:860")],
    ],
    ["knows an IPv6 address in another form", host({ name, address: "[FD00:0::1]:3260" }), { address: "fd00::1" }, []],
  ];
  for (const [title, have, changes, commands] of table)
    it(title, () => assert.deepEqual(staticTarget.plan(have, { ...want, ...changes }, memory).map(shown), commands));

  it("refuses an adapter that is not there", () =>
    assert.throws(() => staticTarget.plan({ ...host(), resolution: resolve(view(), "vmrdma0") }, want, memory), {
      code: "ADAPTER_NOT_FOUND",
    }));
});

describe("StaticTarget gives back", () => {
  const peers = { first: host(), declared: new Map(), released: new Map(), left: new Map() };
  const undone = (have: Have, existed: boolean) =>
    staticTarget.remove(have, want, { existed }, peers).commands.map(shown);

  it("the target that it added, as the host writes it", () =>
    assert.deepEqual(undone(host({ name: name.toUpperCase(), address: "192.168.50.100" }), false), [
      command("remove", "192.168.50.100", name.toUpperCase()),
    ]));
  it("not the one that was there before", () => assert.deepEqual(undone(host({ name, address: portal }), true), []));
  it("not another address of the name", () =>
    assert.deepEqual(undone(host({ name, address: "192.168.50.101:3260" }), false), []));
});

describe("StaticTarget, before any host is asked,", () => {
  it("brings name and address to their canonical form", () => {
    const { inputs, failures } = check(staticTarget, {
      host: "esx01.lab",
      adapter: "vmrdma0",
      targetName: " IQN.2010-09.lab.storage:ISER-A ",
      address: "FD00:0::1",
    });
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs, { host: "esx01.lab", ...want, address: "fd00::1" });
    assert.equal(staticTarget.id({ ...want, address: "fd00::1" }), `vmrdma0/statictarget/${name}@[fd00::1]:3260`);
  });
  for (const [field, value] of [
    ["targetName", "iqn"],
    ["address", "192.168.50.100:3260"],
    ["port", 0],
  ] as const)
    it(`refuses ${field} ${value}`, () =>
      assert.deepEqual(
        check(staticTarget, { host: "esx01.lab", ...want, [field]: value }).failures.map(({ property }) => property),
        [field],
      ));
});
