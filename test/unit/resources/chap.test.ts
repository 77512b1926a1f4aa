import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type EsxcliCommand, describe as shown } from "../../../src/esxcli/command.js";
import { resolve } from "../../../src/resources/adapterReference.js";
import { chap } from "../../../src/resources/chap.js";
import { check } from "../../../src/resources/inputs.js";
import { tied } from "../../support/views.js";

const resolution = resolve(tied, "vmrdma0");
const off = { level: "prohibited", name: "" } as const;
const on = (name: string) => ({ level: "required", name }) as const;
const host = (uni: { level: string; name: string } = off, mutual: { level: string; name: string } = off) =>
  ({ resolution, uni, mutual }) as Parameters<typeof chap.plan>[0];
type Want = Parameters<typeof chap.plan>[1];
const base = { adapter: "vmrdma0", secretVia: "prompt" } as const;
const uni: Want = { ...base, level: "required", name: "esx01", secret: "first-secret" };
const both: Want = { ...uni, mutual: { name: "array", secret: "second-secret" } };
const nothing = { last: undefined, unfinished: false };
const same = (last: Want) => ({ last, unfinished: false });

const setUni =
  "esxcli iscsi adapter auth chap set --adapter=vmhba64 --direction=uni --level=required --authname=esx01 --secret";
const setMutual =
  "esxcli iscsi adapter auth chap set --adapter=vmhba64 --direction=mutual --level=required --authname=array --secret";
const dropUni = "esxcli iscsi adapter auth chap set --adapter=vmhba64 --direction=uni --default";
const dropMutual = "esxcli iscsi adapter auth chap set --adapter=vmhba64 --direction=mutual --default";

const table: [string, Parameters<typeof chap.plan>, string[]][] = [
  ["sets CHAP on a bare adapter", [host(), uni, nothing], [setUni]],
  ["writes nothing when it is there and the secret is the one in state", [host(on("esx01")), uni, same(uni)], []],
  ["writes the secret when it is not known to be there", [host(on("esx01")), uni, nothing], [setUni]],
  ["writes a changed secret", [host(on("esx01")), uni, same({ ...uni, secret: "older-secret" })], [setUni]],
  ["writes a changed name", [host(on("esx02")), uni, same(uni)], [setUni]],
  ["sets mutual after required", [host(), both, nothing], [setUni, setMutual]],
  ["leaves mutual CHAP that is not declared", [host(on("esx02"), on("array")), uni, same(uni)], [setUni]],
  ["writes only the direction that differs", [host(on("esx01"), off), both, same(both)], [setMutual]],
  [
    "writes a changed mutual secret",
    [host(on("esx01"), on("array")), both, same({ ...both, mutual: { name: "array", secret: "older-secret" } })],
    [setMutual],
  ],
  ["writes nothing when both are there", [host(on("esx01"), on("array")), both, same(both)], []],
  [
    "switches mutual off before it lowers the level",
    [host(on("esx01"), on("array")), { ...base, level: "prohibited", mutual: "prohibited" }, nothing],
    [dropMutual, dropUni],
  ],
  ["switches CHAP off", [host(on("esx01")), { ...base, level: "prohibited" }, nothing], [dropUni]],
  ["writes nothing when CHAP is off already", [host(), { ...base, level: "prohibited" }, nothing], []],
  ["writes nothing when mutual is off already", [host(on("esx01")), { ...uni, mutual: "prohibited" }, same(uni)], []],
];

describe("Chap plans", () => {
  for (const [title, [have, want, memory], commands] of table) {
    it(title, () => assert.deepEqual(chap.plan(have, want, memory).map(shown), commands));
  }

  it("hands the secret over on standard input unless the argument is asked for", () => {
    const [first] = chap.plan(host(), uni, nothing) as EsxcliCommand[];
    const [second] = chap.plan(host(), { ...uni, secretVia: "argument" }, nothing) as EsxcliCommand[];
    assert.deepEqual(first?.secret, { name: "secret", value: "first-secret", via: "prompt" });
    assert.deepEqual(second?.secret, { name: "secret", value: "first-secret", via: "argument" });
  });

  it("refuses to lower the level under mutual CHAP that is not declared", () => {
    assert.throws(() => chap.plan(host(on("esx01"), on("array")), { ...base, level: "prohibited" }, nothing), {
      code: "MUTUAL_CHAP_IN_THE_WAY",
    });
  });
});

describe("Chap reads", () => {
  it("level and name", () =>
    assert.deepEqual(chap.current(host(on("esx02")), uni), { level: "required", name: "esx02" }));
  it("no name where CHAP is prohibited, for plan does not heal it: whether ESXi keeps one is not known", () =>
    assert.deepEqual(chap.current(host(), { ...uni, level: "prohibited" }), { level: "prohibited" }));
  it("mutual CHAP with its name, and that it is off", () => {
    assert.deepEqual(chap.current(host(on("esx01"), on("other")), both).mutual, {
      name: "other",
      secret: "second-secret",
    });
    assert.equal(chap.current(host(on("esx01")), both).mutual, "prohibited");
  });
});

describe("Chap gives back", () => {
  const peers = { first: host(), declared: new Set<string>(), released: new Map() };
  const undone = (have: ReturnType<typeof host>, before: object) => chap.remove(have, both, before, peers);

  it("what was off, mutual first", () => {
    assert.deepEqual(undone(host(on("esx01"), on("array")), { uni: off, mutual: off }).commands.map(shown), [
      dropMutual,
      dropUni,
    ]);
  });
  it("nothing when it was so before, and says that its secret may have been another", () => {
    const { commands, notes } = undone(host(on("esx01")), { uni: on("esx01") });
    assert.deepEqual(commands, []);
    assert.match(notes?.[0] ?? "", /It stays with the secret that was declared here/);
  });
  it("nothing under mutual CHAP that is not declared, which ESXi would refuse, and says what to do", () => {
    assert.throws(() => chap.remove(host(on("esx01"), on("array")), uni, { uni: off, mutual: off }, peers), {
      code: "MUTUAL_CHAP_IN_THE_WAY",
    });
  });
  it("nothing of mutual CHAP that is declared no longer", () => {
    assert.deepEqual(chap.remove(host(off, off), uni, { uni: off, mutual: on("array") }, peers), {
      commands: [],
      notes: [],
    });
  });
  it("nothing when only the name is left that ESXi keeps beside prohibited", () => {
    const kept = { level: "prohibited", name: "esx01" } as const;
    assert.deepEqual(undone(host(kept), { uni: off }).commands, []);
  });
  it("the default where another secret was, and says so", () => {
    const { commands, notes } = undone(host(on("esx01")), { uni: on("older") });
    assert.deepEqual(commands.map(shown), [dropUni]);
    assert.match(
      notes?.[0] ?? "",
      /was required with the name older before, and its secret could not be read, so it is not given back/,
    );
  });
});

describe("Chap refuses, before any host is asked", () => {
  const host = "esx01.lab";
  const rows: [string, object, RegExp][] = [
    [
      "a level without credentials",
      { level: "required" },
      /name is missing: level "required" needs both name and secret/,
    ],
    [
      "a name without a secret",
      { level: "prohibited", name: "esx01" },
      /secret is missing: name and secret go together/,
    ],
    [
      "mutual without required",
      { ...both, level: "preferred" },
      /level is preferred, but mutual CHAP needs level required/,
    ],
    [
      "the same secret both ways",
      { ...both, mutual: { name: "array", secret: "first-secret" } },
      /mutual must have another secret/,
    ],
    [
      "a name that looks like an option",
      { ...uni, name: "-abc" },
      /name begins with a hyphen, and esxcli would take it for an option/,
    ],
    [
      "a secret that looks like an option on the command line",
      { ...uni, secret: "-abc", secretVia: "argument" },
      /secret begins with a hyphen/,
    ],
    [
      "a secret with a line break",
      { ...uni, secret: "first\nsecret" },
      /secret contains a control character or a line break/,
    ],
    ["an empty secret", { ...uni, secret: "" }, /secret is empty/],
    ["a secret of 256 bytes", { ...uni, secret: "x".repeat(256) }, /secret is longer than 255 bytes/],
    ["an unknown level", { level: "maybe" }, /level must be one of prohibited, discouraged, preferred, required/],
  ];
  for (const [title, inputs, reason] of rows) {
    it(title, () => {
      const { failures } = check(chap, { host, adapter: "vmrdma0", ...inputs });
      assert.equal(failures.length, 1, JSON.stringify(failures));
      assert.match(failures[0]?.reason ?? "", reason);
      assert.match(failures[0]?.reason ?? "", /^esx01\.lab: Chap: /);
    });
  }

  it("says nothing of a secret's value, and reports it under no property, whose value Pulumi would print", () => {
    const { failures } = check(chap, { host, ...both, secret: "first\nsecret" });
    assert.deepEqual(
      failures.map(({ property }) => property),
      [""],
    );
    assert.doesNotMatch(failures[0]?.reason ?? "", /first|second/);
  });

  it("takes a secret that begins with a hyphen on standard input", () => {
    assert.deepEqual(check(chap, { host, ...uni, secret: "-abcdefghijkl" }).failures, []);
  });
});
