import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { describe as shown } from "../../../src/esxcli/command.js";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { resolve } from "../../../src/resources/adapterReference.js";
import { tied, view } from "../../support/views.js";

type Have = Parameters<typeof adapterProperties.plan>[0];
type Want = Parameters<typeof adapterProperties.plan>[1];
const [old, next] = ["iqn.1998-01.com.vmware:old", "iqn.1998-01.com.vmware:esx01-a"];
const session = (target: string, isid: string) => ({ adapter: "vmhba64", target, isid, authenticationMethod: "none" });
const sessions = [
  session("iqn.2010-09.lab:a", "1"),
  session("iqn.2010-09.lab:a", "2"),
  session("iqn.2010-09.lab:b", "3"),
];
const host = (changes: Partial<Have> = {}): Have => ({
  resolution: resolve(tied, "vmrdma0"),
  info: { iqn: old, alias: "" },
  sessions: [],
  canSkip: true,
  ...changes,
});
const want = (names: Partial<Want>): Want => ({ adapter: "vmrdma0", ...names });
const memory = { last: undefined, unfinished: false };
const set = (rest: string) => `esxcli iscsi adapter set --adapter=vmhba64 ${rest}`;

describe("AdapterProperties plans", () => {
  const table: [string, Have, Partial<Want>, string[]][] = [
    [
      "sets the IQN, unless a session begins meanwhile",
      host(),
      { iqn: next },
      [set(`--name=${next} --skip-if-session-active`)],
    ],
    ["sets the alias", host(), { alias: "a" }, [set("--alias=a")]],
    [
      "sets both in two commands, for ESXi does not take the option together with an alias",
      host(),
      { iqn: next, alias: "a" },
      [set(`--name=${next} --skip-if-session-active`), set("--alias=a")],
    ],
    [
      "sets both at once on a build without the option",
      host({ canSkip: false }),
      { iqn: next, alias: "a" },
      [set(`--name=${next} --alias=a`)],
    ],
    [
      "sets both at once by force",
      host({ sessions }),
      { iqn: next, alias: "a", force: true },
      [set(`--name=${next} --alias=a`)],
    ],
    ["writes nothing when they are there", host(), { iqn: old, alias: "" }, []],
    [
      "writes nothing when the host has the IQN in other case, whatever sessions there are",
      host({ sessions, info: { iqn: old.toUpperCase(), alias: "" } }),
      { iqn: old },
      [],
    ],
    ["writes nothing when they are there, whatever sessions there are", host({ sessions }), { iqn: old }, []],
    ["sets the alias whatever sessions there are", host({ sessions }), { iqn: old, alias: "a" }, [set("--alias=a")]],
  ];
  for (const [title, have, names, commands] of table)
    it(title, () => assert.deepEqual(adapterProperties.plan(have, want(names), memory).map(shown), commands));

  it("refuses another IQN while sessions are active, and names their targets once", () =>
    assert.throws(() => adapterProperties.plan(host({ sessions }), want({ iqn: next, alias: "a" }), memory), {
      code: "SESSIONS_ACTIVE",
      message:
        /vmhba64 has 3 active sessions, with iqn\.2010-09\.lab:a, iqn\.2010-09\.lab:b, which keep the name .*:old when it becomes .*:esx01-a[\s\S]*force: true/,
    }));

  it("refuses an adapter that is not there", () =>
    assert.throws(
      () => adapterProperties.plan(host({ resolution: resolve(view(), "vmrdma0") }), want({ alias: "a" }), memory),
      { code: "ADAPTER_NOT_FOUND" },
    ));
});

describe("AdapterProperties reads", () => {
  const names = { iqn: old, alias: "a" };
  it("an IQN in other case as it is declared", () =>
    assert.deepEqual(adapterProperties.current(host({ info: { iqn: old.toUpperCase(), alias: "A" } }), want(names)), {
      iqn: old,
      alias: "A",
    }));
  it("another IQN as the host writes it", () =>
    assert.deepEqual(adapterProperties.current(host({ info: { iqn: "iqn.X", alias: "a" } }), want(names)), {
      iqn: "iqn.X",
      alias: "a",
    }));
});

describe("AdapterProperties asks for sessions and options", () => {
  const asked = async (inputs: Want, iqn = old) => {
    const lines: string[] = [];
    const answers: Record<string, unknown> = {
      "rdma device list": tied.devices,
      "iscsi adapter list": tied.adapters,
      "iscsi physicalnetworkportal list": tied.portals,
      "iscsi adapter get": { iqn, alias: "" },
      "iscsi adapter set": new Set(["name"]),
    };
    await adapterProperties.observe(async <T>(command: Parameters<typeof shown>[0]) => {
      lines.push(shown(command));
      return (command.kind === "log" ? undefined : (answers[command.path] ?? [])) as T;
    }, inputs);
    return lines.filter((line) => /session|--help/.test(line));
  };
  it("where the IQN is to change", async () =>
    assert.deepEqual(await asked(want({ iqn: next })), [
      "esxcli iscsi session list --adapter=vmhba64",
      "esxcli iscsi adapter set --help",
    ]));
  it("not where the IQN is as declared, but for its case", async () => {
    assert.deepEqual(await asked(want({ iqn: old })), []);
    assert.deepEqual(await asked(want({ iqn: old }), old.toUpperCase()), []);
  });
  it("not for an alias, for the list can hang", async () => assert.deepEqual(await asked(want({ alias: "a" })), []));
});

describe("AdapterProperties gives back", () => {
  const have = host({ info: { iqn: next, alias: "a" } });
  const peers = { first: have, declared: new Map(), released: new Map(), left: new Map() };
  const removed = (from: Have, inputs: Partial<Want>, alias = "") =>
    adapterProperties.remove(from, want(inputs), { iqn: old, alias }, peers);
  const undone = (...args: Parameters<typeof removed>) => removed(...args).commands.map(shown);
  const attempted = (...args: Parameters<typeof removed>) => (removed(...args).attempts ?? []).map(shown);

  it("both names, the IQN first", () =>
    assert.deepEqual(undone(have, { iqn: next, alias: "a" }, "older"), [set(`--name=${old}`), set("--alias=older")]));
  it("an empty alias by an attempt, for ESXi may not take it", () => {
    assert.deepEqual(undone(have, { iqn: next, alias: "a" }), [set(`--name=${old}`)]);
    assert.deepEqual(attempted(have, { iqn: next, alias: "a" }), [set("--alias=")]);
    assert.deepEqual(attempted(have, { iqn: next, alias: "a" }, "older"), []);
  });
  it("only what is still declared", () => {
    assert.deepEqual(undone(have, { alias: "a" }, "older"), [set("--alias=older")]);
    assert.deepEqual(attempted(have, { iqn: next }), []);
  });
  it("nothing of an adapter that is gone", () =>
    assert.deepEqual(undone({ ...have, resolution: resolve(view(), "vmrdma0") }, { iqn: next }), []));
  it("nothing when the IQN is as it was but for its case", () =>
    assert.deepEqual(undone(host({ info: { iqn: old.toUpperCase(), alias: "" } }), { iqn: old }), []));
  it("the IQN also while sessions are active", () =>
    assert.deepEqual(undone({ ...have, sessions }, { iqn: next }), [set(`--name=${old}`)]));
  it("nothing when the names are as they were", () => assert.deepEqual(undone(host(), { iqn: next, alias: "a" }), []));
});
