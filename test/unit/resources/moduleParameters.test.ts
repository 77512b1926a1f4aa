import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { describe as shown } from "../../../src/esxcli/command.js";
import { priorityFlowControl } from "../../../src/resources/flowControl.js";
import { check } from "../../../src/resources/inputs.js";
import { moduleParameters } from "../../../src/resources/moduleParameters.js";

type Have = Parameters<typeof moduleParameters.plan>[0];

const uptime = 3600;
const now = new Date("2024-01-15T08:00:00Z");
const names = ["max_vfs", "pfcrx", "pfctx", "trust_state"];
const have = (values: Record<string, string> = {}, loaded = true, appends = false): Have => ({
  modules: [
    { name: "vmkernel", loaded: true, enabled: true },
    { name: "nmlx5_core", loaded, enabled: true },
    { name: "nmlx5_rdma", loaded: true, enabled: true },
  ],
  parameters: names.map((name) => ({
    name,
    type: name === "max_vfs" ? "array of int" : "int",
    value: values[name] ?? "",
  })),
  uptime,
  appends,
});
const want = (parameters: Record<string, string>, module = "nmlx5_core") => ({ module, parameters });
const fresh = { last: undefined, unfinished: false };
const peers = { first: have(), declared: new Map(), released: new Map(), left: new Map() };
const set = "esxcli system module parameters set --module=nmlx5_core --parameter-string=";

describe("ModuleParameters plans", () => {
  const rows: [string, Record<string, string>, Record<string, string>, string[]][] = [
    ["nothing when all is as declared", { pfctx: "0x08" }, { pfctx: "0x08" }, []],
    ["nothing when the host shows the number in another way", { pfctx: "8" }, { pfctx: "0x08" }, []],
    ["nothing for a list of numbers that are the same", { max_vfs: "4,0x4" }, { max_vfs: "4,4" }, []],
    ["the first parameter of a module", {}, { pfctx: "0x08" }, [`${set}'pfctx=0x08'`]],
    [
      "with what others have set, or it would be lost",
      { max_vfs: "4,4", trust_state: "1" },
      { pfctx: "0x08", pfcrx: "0x08" },
      [`${set}'max_vfs=4,4 pfcrx=0x08 pfctx=0x08 trust_state=1'`],
    ],
    [
      "a change of one of two",
      { pfctx: "0x08", pfcrx: "0x04" },
      { pfctx: "0x08", pfcrx: "0x08" },
      [`${set}'pfcrx=0x08 pfctx=0x08'`],
    ],
    ["text that only looks alike", { pfctx: "08" }, { pfctx: "8" }, [`${set}'pfctx=8'`]],
    ["a negative number", { pfctx: "1" }, { pfctx: "-1" }, [`${set}'pfctx=-1'`]],
  ];
  for (const [title, values, parameters, commands] of rows)
    it(title, () =>
      assert.deepEqual(moduleParameters.plan(have(values), want(parameters), fresh).map(shown), commands),
    );

  const additions: [string, Record<string, string>, Record<string, string>, string][] = [
    [
      "adds to what others have set",
      { max_vfs: "4,4" },
      { pfcrx: "0x08", pfctx: "0x08" },
      "'pfcrx=0x08 pfctx=0x08' --append",
    ],
    [
      "writes all where one of two is set",
      { pfctx: "0x04" },
      { pfcrx: "0x08", pfctx: "0x08" },
      "'pfcrx=0x08 pfctx=0x08'",
    ],
  ];
  for (const [title, values, parameters, commands] of additions)
    it(`${title}, where the build can add`, () =>
      assert.deepEqual(moduleParameters.plan(have(values, true, true), want(parameters), fresh).map(shown), [
        `${set}${commands}`,
      ]));

  it("again what an interrupted run may have written unseen, so that a reboot is known to be due", () =>
    assert.deepEqual(
      moduleParameters
        .plan(have({ pfctx: "8" }), want({ pfctx: "8" }), { last: undefined, unfinished: true })
        .map(shown),
      [`${set}'pfctx=8'`],
    ));

  const refused: [string, Have, ReturnType<typeof want>, string, RegExp][] = [
    [
      "a module that is not there, and names those that are alike",
      have(),
      want({ pfctx: "8" }, "nmlx4_core"),
      "MODULE_NOT_FOUND",
      /no VMkernel module nmlx4_core\. Modules: nmlx5_core, nmlx5_rdma \(and 1 more\)/,
    ],
    [
      "a module like no other",
      have(),
      want({ x: "8" }, "qedrntv"),
      "MODULE_NOT_FOUND",
      /vmkernel, nmlx5_core, nmlx5_rdma\n/,
    ],
    [
      "a parameter that the module does not have, and names those that it has",
      have(),
      want({ pfctx: "8", dscp_force: "26" }),
      "PARAMETER_UNKNOWN",
      /nmlx5_core has no parameter dscp_force\. Its parameters: max_vfs, pfcrx, pfctx, trust_state/,
    ],
    [
      "to write where somebody's value has a blank, for it would be lost",
      have({ max_vfs: "4 4" }),
      want({ pfctx: "8" }),
      "PARAMETER_NOT_SETTABLE",
      /blanks or quotes: max_vfs\./,
    ],
  ];
  for (const [title, from, wanted, code, message] of refused)
    it(`refuses ${title}`, () => assert.throws(() => moduleParameters.plan(from, wanted, fresh), { code, message }));

  it("nothing, and refuses nothing, where a value with a blank is beside what is as declared", () =>
    assert.deepEqual(moduleParameters.plan(have({ max_vfs: "4 4", pfctx: "8" }), want({ pfctx: "8" }), fresh), []));
});

describe("ModuleParameters shows", () => {
  const current = (values: Record<string, string>, parameters: Record<string, string>) =>
    moduleParameters.current(have(values), want(parameters)).parameters;
  it("a number as it was declared", () =>
    assert.deepEqual(current({ pfctx: "8" }, { pfctx: "0x08" }), { pfctx: "0x08" }));
  it("a value that somebody changed", () =>
    assert.deepEqual(current({ pfctx: "4" }, { pfctx: "0x08" }), { pfctx: "4" }));
  it("a value that somebody took away", () => assert.deepEqual(current({}, { pfctx: "0x08" }), { pfctx: "" }));
  it("nothing of what is not declared", () =>
    assert.deepEqual(current({ max_vfs: "4" }, { pfctx: "8" }), { pfctx: "" }));
});

describe("A reboot for ModuleParameters", () => {
  type Was = { rebootRequired?: boolean; writtenAt?: string; uptimeWhenWritten?: number };
  const pending = { rebootRequired: true, writtenAt: now.toISOString(), uptimeWhenWritten: uptime };
  const none = { rebootRequired: false, writtenAt: "", uptimeWhenWritten: 0 };
  const report = (state: Have, wrote: boolean, was: Was = {}, seconds = 0) =>
    moduleParameters.report(state, want({ pfctx: "8" }), {
      rebootRequired: false,
      wrote,
      was,
      now: new Date(now.getTime() + seconds * 1000),
    });
  const up = (seconds: number) => ({ ...have(), uptime: seconds });

  it("is due after a write to a loaded module", () => assert.deepEqual(report(have(), true), pending));
  it("is not due for a module that is not loaded", () => assert.deepEqual(report(have({}, false), true), none));
  it("is not due for what was there already", () => assert.deepEqual(report(have(), false), none));
  it("stays due while the host runs on, whatever its clock says", () => {
    assert.deepEqual(report(have(), false, pending), pending);
    assert.deepEqual(report(up(uptime + 86_400), false, pending, 86_400), pending);
    assert.deepEqual(report(up(uptime + 86_350), false, pending, 86_400), pending);
  });
  // Uptime then is 3600; uptime now, what has passed by our clock, and whether it is still due.
  const rows: [string, number, number, boolean][] = [
    ["is no longer due soon after the host was started anew", 90, 400, false],
    ["is no longer due long after the host was started anew", 86_000, 86_400, false],
    ["is no longer due after a start at which our clock was set back", 90, -7200, false],
    ["stays due when our clock was set back", uptime + 100, -7200, true],
    ["stays due when our clock was set forward by less than a minute", uptime + 100, 150, true],
    ["stays due when the host had been up for longer than has passed", uptime + 10, 10, true],
  ];
  for (const [title, seconds, passed, isDue] of rows)
    it(title, () => assert.deepEqual(report(up(seconds), false, pending, passed), isDue ? pending : none));
  it("is due again after a write on the new start", () =>
    assert.deepEqual(report(up(90), true, pending, 400), {
      rebootRequired: true,
      writtenAt: "2024-01-15T08:06:40.000Z",
      uptimeWhenWritten: 90,
    }));
  it("is told after a write", () => {
    assert.deepEqual(moduleParameters.remarks?.(have(), want({ pfctx: "8" })), [
      "takes effect at the next reboot of the host.",
    ]);
    assert.deepEqual(moduleParameters.remarks?.(have({}, false), want({ pfctx: "8" })), []);
  });
});

describe("ModuleParameters of another kind", () => {
  const plan = (name: string, value: string) =>
    moduleParameters.plan(have(), want({ [name]: value }), fresh).map(shown);
  it("are refused before anything is written: text for a number", () =>
    assert.throws(() => plan("trust_state", "dscp"), {
      code: "PARAMETER_OUT_OF_RANGE",
      message: /trust_state of the module nmlx5_core is of type int, but is declared as dscp/,
    }));
  it("are refused before anything is written: text in a list of numbers", () =>
    assert.throws(() => plan("max_vfs", "4,four"), {
      code: "PARAMETER_OUT_OF_RANGE",
      message: /is of type array of int, but is declared as 4,four[\s\S]*commas/,
    }));
  it("are refused before anything is written: a list for one number", () =>
    assert.throws(() => plan("pfctx", "4,4"), { code: "PARAMETER_OUT_OF_RANGE" }));
  const taken: [string, string, string][] = [
    ["a list", "max_vfs", "4,4"],
    ["a list of one", "max_vfs", "0x4"],
    ["a number with a zero before it", "pfctx", "08"],
    ["a negative number", "pfctx", "-1"],
  ];
  for (const [title, name, value] of taken)
    it(`are taken: ${title}`, () => assert.deepEqual(plan(name, value), [`${set}'${name}=${value}'`]));
  it("are taken where the type is none of numbers", () => {
    const [first, ...rest] = have().parameters;
    assert.ok(first);
    const text = { ...have(), parameters: [{ ...first, type: "string" }, ...rest] };
    assert.deepEqual(moduleParameters.plan(text, want({ max_vfs: "any" }), fresh).map(shown), [`${set}'max_vfs=any'`]);
  });
});

describe("ModuleParameters gives back", () => {
  const remove = (values: Record<string, string>, declared: Record<string, string>, before: Record<string, string>) =>
    moduleParameters.remove(have(values), want(declared), before, peers);

  it("nothing where somebody's value could not be written back, and says so", () => {
    const blank = { ...have({ pfctx: "8" }) };
    const parameters = blank.parameters.map((one) => (one.name === "max_vfs" ? { ...one, value: "4 4" } : one));
    const { commands, notes = [] } = moduleParameters.remove(
      { ...blank, parameters },
      want({ pfctx: "8" }),
      { pfctx: "" },
      peers,
    );
    assert.deepEqual(commands, []);
    assert.match(notes.join(), /pfctx stay as declared, because max_vfs has a value with a blank/);
  });

  it("nothing of a parameter that the module no longer has, and says so", () => {
    const gone = moduleParameters.remove(have(), want({ old_one: "1" }), { old_one: "7" }, peers);
    assert.deepEqual(gone.commands, []);
    assert.match((gone.notes ?? []).join(), /old_one=7 is not given back/);
  });

  it("the old value of each, and keeps the others", () =>
    assert.deepEqual(
      remove(
        { max_vfs: "4", pfctx: "8", pfcrx: "8" },
        { pfctx: "8", pfcrx: "8" },
        { pfctx: "", pfcrx: "2" },
      ).commands.map(shown),
      [`${set}'max_vfs=4 pfcrx=2'`],
    ));
  it("an empty string where nothing was set", () =>
    assert.deepEqual(remove({ pfctx: "8" }, { pfctx: "8" }, { pfctx: "" }).commands.map(shown), [set]));
  it("not what is no longer declared", () =>
    assert.deepEqual(remove({ pfctx: "8", pfcrx: "8" }, { pfctx: "8" }, { pfctx: "", pfcrx: "" }).commands.map(shown), [
      `${set}'pfcrx=8'`,
    ]));
  it("nothing when it changed nothing", () =>
    assert.deepEqual(remove({ pfctx: "8" }, { pfctx: "8" }, { pfctx: "0x08" }), { commands: [], notes: [] }));
  it("and says when it counts", () => {
    assert.match(remove({ pfctx: "8" }, { pfctx: "8" }, { pfctx: "" }).notes?.join() ?? "", /next reboot/);
    assert.deepEqual(
      moduleParameters.remove(have({ pfctx: "8" }, false), want({ pfctx: "8" }), { pfctx: "" }, peers).notes,
      [],
    );
  });
  it("what it notes before it writes: the value, or the empty text", () =>
    assert.deepEqual(moduleParameters.record(have({ pfctx: "2" }), want({ pfctx: "8", pfcrx: "8" }), peers), {
      pfctx: "2",
      pfcrx: "",
    }));
});

describe("ModuleParameters inputs", () => {
  const checked = (inputs: object) => check(moduleParameters, { host: "esx01", ...inputs });
  const reasons = (inputs: object) =>
    checked(inputs)
      .failures.map(({ property, reason }) => `${property}: ${reason}`)
      .join("\n");
  const module = "nmlx5_core";
  const rows: [string, object, RegExp][] = [
    ["no parameter", { module, parameters: {} }, /^parameters: .*at least one/],
    ["an empty value", { module, parameters: { pfctx: "" } }, /^parameters\.pfctx: .*leave it out/],
    ["a value with a blank", { module, parameters: { pfctx: "8 pfcrx=8" } }, /^parameters\.pfctx: .*blanks/],
    ["a value with a quote", { module, parameters: { pfctx: "'8'" } }, /^parameters\.pfctx: .*quotes/],
    ["a name with an equals sign", { module, parameters: { "pfctx=8 x": 8 } }, /not the name of a parameter/],
    ["a fraction", { module, parameters: { pfctx: 0.5 } }, /^parameters\.pfctx: .*whole number/],
    ["a boolean", { module, parameters: { pfctx: true } }, /^parameters\.pfctx: .*text or a whole number/],
    ["a list", { module, parameters: ["pfctx=8"] }, /^parameters: .*map/],
    ["a module with a blank", { module: "nmlx5 core", parameters: { a: 1 } }, /^module: .*name of a VMkernel module/],
    ["a module like an option", { module: "-m", parameters: { a: 1 } }, /^module: /],
  ];
  for (const [title, inputs, message] of rows)
    it(`are refused with ${title}`, () => assert.match(reasons(inputs), message));
  it("are texts in the order of their names", () =>
    assert.deepEqual(
      Object.entries(checked({ module, parameters: { trust_state: 2, pfctx: "0x08" } }).inputs.parameters as object),
      [
        ["pfctx", "0x08"],
        ["trust_state", "2"],
      ],
    ));
  it("are taken as priorityFlowControl gives them", () =>
    assert.equal(reasons({ module, parameters: priorityFlowControl({ trust: "dscp" }).nmlx5_core }), ""));
});

describe("Priority flow control", () => {
  const rows: [string, Parameters<typeof priorityFlowControl>[0], object][] = [
    [
      "by DSCP as the vendor's manual has it",
      { priority: 3, trust: "dscp", dscp: 26 },
      { nmlx5_core: { pfctx: "0x08", pfcrx: "0x08", trust_state: 2 }, nmlx5_rdma: { dscp_force: 26 } },
    ],
    [
      "by DSCP 26 and priority 3 unless it is told otherwise",
      { trust: "dscp" },
      { nmlx5_core: { pfctx: "0x08", pfcrx: "0x08", trust_state: 2 }, nmlx5_rdma: { dscp_force: 26 } },
    ],
    [
      "by PCP",
      { trust: "pcp" },
      { nmlx5_core: { pfctx: "0x08", pfcrx: "0x08", trust_state: 1 }, nmlx5_rdma: { pcp_force: 3 } },
    ],
    [
      "of the highest priority",
      { priority: 7, trust: "pcp" },
      { nmlx5_core: { pfctx: "0x80", pfcrx: "0x80", trust_state: 1 }, nmlx5_rdma: { pcp_force: 7 } },
    ],
    [
      "of another priority, with a DSCP of it",
      { priority: 4, trust: "dscp" },
      { nmlx5_core: { pfctx: "0x10", pfcrx: "0x10", trust_state: 2 }, nmlx5_rdma: { dscp_force: 34 } },
    ],
    [
      "of the lowest priority and DSCP",
      { priority: 0, trust: "dscp", dscp: 0 },
      { nmlx5_core: { pfctx: "0x01", pfcrx: "0x01", trust_state: 2 }, nmlx5_rdma: { dscp_force: 0 } },
    ],
  ];
  for (const [title, args, parameters] of rows)
    it(title, () => assert.deepEqual(priorityFlowControl(args), parameters));

  const refused: [Parameters<typeof priorityFlowControl>[0], RegExp][] = [
    [{ priority: 8, trust: "pcp" }, /priority is 8\n.*0 to 7/],
    [{ priority: 1.5, trust: "pcp" }, /priority is 1\.5/],
    [{ trust: "dscp", dscp: 64 }, /dscp is 64\n.*0 to 63/],
    [{ priority: 4, trust: "dscp", dscp: 26 }, /dscp 26 counts as priority 3, not 4[\s\S]*32 to 39, or priority 3/],
    [{ trust: "pcp", dscp: 26 }, /dscp goes with trust dscp/],
  ];
  for (const [args, message] of refused)
    it(`is refused with ${JSON.stringify(args)}`, () =>
      assert.throws(() => priorityFlowControl(args), { code: "INPUT_INVALID", message }));
});
