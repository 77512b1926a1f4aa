import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type EsxcliCommand, describe as shown } from "../../../src/esxcli/command.js";
import { resolve } from "../../../src/resources/adapterReference.js";
import { chap } from "../../../src/resources/chap.js";
import { check, difference, unknown } from "../../../src/resources/inputs.js";
import { tied } from "../../support/views.js";

const resolution = resolve(tied, "vmrdma0");
const off = { level: "prohibited", name: "" } as const;
const on = (name: string) => ({ level: "required", name }) as const;
type Have = Parameters<typeof chap.plan>[0];
type Want = Parameters<typeof chap.plan>[1];
type State = Have["uni"];
const adapterLevel = { kind: "adapter", vmhba: "vmhba64" } as const;
const host = (uni: State = off, mutual: State = off): Have => ({
  resolution,
  level: adapterLevel,
  known: [],
  uni,
  mutual,
});
const base = { adapter: "vmrdma0", secretVia: "prompt" } as const;
const uni: Want = { ...base, level: "required", name: "esx01", secret: "first-secret" };
const both: Want = { ...uni, mutual: { name: "array", secret: "second-secret" } };
const peersOf = (first: Have) => ({ first, declared: new Map(), released: new Map(), left: new Map() });
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
  [
    "writes the secret again when another level was seen meanwhile, for another secret may have come with it",
    [host(on("esx01")), uni, same({ ...uni, level: "preferred" })],
    [setUni],
  ],
  [
    "writes the secret again when another name was seen meanwhile",
    [host(on("esx01")), uni, same({ ...uni, name: "esx02" })],
    [setUni],
  ],
  [
    "writes the mutual secret again when another name was seen meanwhile",
    [host(on("esx01"), on("array")), both, same({ ...both, mutual: { name: "other", secret: "second-secret" } })],
    [setMutual],
  ],
  [
    "writes the mutual secret again when mutual CHAP was seen to be off meanwhile",
    [host(on("esx01"), on("array")), both, same({ ...both, mutual: "prohibited" })],
    [setMutual],
  ],
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
  const peers = peersOf(host());
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
  it("nothing under mutual CHAP that is not declared, which ESXi would refuse, and says what stays and why", () => {
    for (const before of [{ uni: off }, { uni: on("older") }]) {
      const { commands, notes = [] } = chap.remove(host(on("esx01"), on("array")), uni, before, peers);
      assert.deepEqual(commands, []);
      assert.equal(notes.length, 1);
      assert.match(
        notes[0] ?? "",
        /^CHAP uni of vmhba64 stays at level required with the name esx01: mutual CHAP is required there for the name array and stays/,
      );
    }
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

describe("Chap below the adapter plans", () => {
  const inherits = (state: State): State => ({ ...state, inherits: true });
  const place = { kind: "sendtarget", vmhba: "vmhba64", address: "192.168.50.100:3260" } as const;
  const at = (uni: State, mutual: State): Have => ({ ...host(uni, mutual), level: place });
  const scope = { adapter: "vmrdma0", discoveryAddress: { address: "192.168.50.100", port: 3260 } };
  const own: Want = { ...uni, ...scope };
  const inherit: Want = { ...base, ...scope, inherit: true };
  const set = "esxcli iscsi adapter discovery sendtarget auth chap set --adapter=vmhba64 --address=192.168.50.100:3260";
  const sets = {
    uni: `${set} --direction=uni --level=required --authname=esx01 --secret`,
    mutual: `${set} --direction=mutual --level=required --authname=array --secret`,
    offUni: `${set} --direction=uni --level=prohibited --authname=unused --secret`,
    offMutual: `${set} --direction=mutual --level=prohibited --authname=unused --secret`,
    inheritUni: `${set} --direction=uni --inherit`,
    inheritMutual: `${set} --direction=mutual --inherit`,
  };

  const table: [string, Have, Want, ReturnType<typeof same>, string[]][] = [
    ["sets its own", at(inherits(off), inherits(off)), own, same(own), [sets.uni]],
    [
      "sets its own also where it equals what is inherited",
      at(inherits(on("esx01")), inherits(off)),
      own,
      same(own),
      [sets.uni],
    ],
    ["writes nothing when it has its own", at(on("esx01"), inherits(off)), own, same(own), []],
    [
      "sets both directions, uni first",
      at(inherits(on("esx01")), inherits(on("array"))),
      { ...own, mutual: { name: "array", secret: "second-secret" } },
      same({ ...own, mutual: { name: "array", secret: "second-secret" } }),
      [sets.uni, sets.mutual],
    ],
    [
      "switches CHAP off for itself, mutual first",
      at(inherits(on("esx01")), inherits(on("array"))),
      { ...base, ...scope, level: "prohibited", mutual: "prohibited" },
      same(own),
      [sets.offMutual, sets.offUni],
    ],
    [
      "switches CHAP off for itself also where it is off above",
      at(inherits(off), inherits(off)),
      { ...base, ...scope, level: "prohibited" },
      same(own),
      [sets.offUni],
    ],
    ["inherits, uni first", at(on("esx01"), off), inherit, same(own), [sets.inheritUni, sets.inheritMutual]],
    [
      "inherits, mutual first where that is required",
      at(on("esx01"), on("array")),
      inherit,
      same(own),
      [sets.inheritMutual, sets.inheritUni],
    ],
    [
      "inherits in the one direction that does not yet",
      at(on("esx01"), inherits(off)),
      inherit,
      same(own),
      [sets.inheritUni],
    ],
    ["writes nothing when it inherits", at(inherits(on("esx01")), inherits(off)), inherit, same(inherit), []],
  ];
  for (const [title, have, want, memory, commands] of table)
    it(title, () => assert.deepEqual(chap.plan(have, want, memory).map(shown), commands));

  it("for one address of a target", () =>
    assert.deepEqual(
      chap
        .plan(
          { ...at(inherits(off), inherits(off)), level: { ...place, kind: "target", name: "iqn.2010-09.lab:a" } },
          { ...own, target: { targetName: "iqn.2010-09.lab:a", address: "192.168.50.100", port: 3260 } },
          nothing,
        )
        .map(shown),
      [
        "esxcli iscsi adapter target portal auth chap set --adapter=vmhba64 --address=192.168.50.100:3260 --name=iqn.2010-09.lab:a --direction=uni --level=required --authname=esx01 --secret",
      ],
    ));

  it("refuses a lower level under mutual CHAP that it inherits and does not declare", () =>
    assert.throws(
      () => chap.plan(at(inherits(on("esx01")), inherits(on("array"))), { ...own, level: "preferred" }, nothing),
      { code: "MUTUAL_CHAP_IN_THE_WAY", message: /on discovery address 192\.168\.50\.100:3260 of vmhba64/ },
    ));

  it("refuses what is not there, and says what is", () => {
    const gone = (known: string[]): Have => ({ ...host(), level: undefined, known });
    const target = { targetName: "iqn.2010-09.lab:a", address: "192.168.50.100", port: 3260 };
    const { discoveryAddress: _, ...bare } = own;
    for (const act of [chap.plan, (have: Have, want: Want) => chap.record(have, want, peersOf(have))]) {
      assert.throws(() => act(gone(["192.168.50.9:3260"]), own, nothing), {
        code: "DISCOVERY_ADDRESS_NOT_FOUND",
        message: /no discovery address 192\.168\.50\.100:3260\. Its discovery addresses: 192\.168\.50\.9:3260\n/,
      });
      assert.throws(() => act(gone([]), { ...bare, target }, nothing), {
        code: "TARGET_NOT_FOUND",
        message: /no target iqn\.2010-09\.lab:a at 192\.168\.50\.100:3260\. Its targets: none\n/,
      });
    }
  });

  it("shows a direction that inherits as drift, and one that does not where it should", () => {
    const both: Want = { ...own, mutual: "prohibited" };
    assert.deepEqual(chap.current(at(inherits(on("esx01")), inherits(off)), both), {
      level: "inherited",
      mutual: "inherited",
    });
    assert.deepEqual(chap.current(at(on("esx01"), off), both), {
      level: "required",
      name: "esx01",
      mutual: "prohibited",
    });
    assert.deepEqual(chap.current(at(inherits(on("esx01")), inherits(off)), inherit), { inherit: true });
    assert.deepEqual(chap.current(at(inherits(on("esx01")), off), inherit), { inherit: false });
  });

  describe("and gives back", () => {
    const undone = (have: Have, want: Want, before: object) => {
      const { commands, notes = [] } = chap.remove(have, want, before, peersOf(have));
      return { commands: commands.map(shown), notes: notes.join() };
    };
    const both: Want = { ...own, mutual: { name: "array", secret: "second-secret" } };
    const rows: [string, Have, Want, object, string[], RegExp][] = [
      ["inheritance", at(on("esx01"), inherits(off)), own, { uni: inherits(off) }, [sets.inheritUni], /^$/],
      [
        "inheritance both ways, mutual first",
        at(on("esx01"), on("array")),
        both,
        { uni: inherits(off), mutual: inherits(off) },
        [sets.inheritMutual, sets.inheritUni],
        /^$/,
      ],
      [
        "inheritance of uni under mutual CHAP that is inherited too",
        at(on("esx01"), inherits(on("array"))),
        own,
        { uni: inherits(on("esx01")) },
        [sets.inheritUni],
        /^$/,
      ],
      ["nothing when it inherits already", at(inherits(off), inherits(off)), own, { uni: inherits(off) }, [], /^$/],
      ["that CHAP was off for itself", at(on("esx01"), inherits(off)), own, { uni: off }, [sets.offUni], /^$/],
      [
        "that CHAP was off for itself, to what is declared to inherit",
        at(inherits(off), inherits(off)),
        inherit,
        { uni: off, mutual: inherits(off) },
        [sets.offUni],
        /^$/,
      ],
      [
        "nothing of values of its own that are still the same, and says so",
        at(on("esx01"), inherits(off)),
        own,
        { uni: on("esx01") },
        [],
        /It stays with the secret that was declared here/,
      ],
      [
        "inheritance where it had other values, and says so",
        at(on("esx01"), inherits(off)),
        own,
        { uni: on("older") },
        [sets.inheritUni],
        /was required with the name older before.*not given back\. It is inherited now/,
      ],
      [
        "nothing where it was declared to inherit and had its own values, and says so",
        at(inherits(off), inherits(off)),
        inherit,
        { uni: on("older"), mutual: off },
        [sets.offMutual],
        /name older before.*not given back\. It is inherited now/,
      ],
      [
        "that mutual CHAP was off for itself, which inheritance that was declared before has ended",
        at(on("esx01"), inherits(off)),
        own,
        { uni: inherits(off), mutual: off, inherit: true },
        [sets.inheritUni, sets.offMutual],
        /^$/,
      ],
      [
        "nothing of mutual CHAP that inheritance has ended and whose secret is lost, and says so",
        at(on("esx01"), inherits(off)),
        own,
        { uni: inherits(off), mutual: on("array"), inherit: true },
        [sets.inheritUni],
        /CHAP mutual was required with the name array before.*not given back\. It is inherited now/,
      ],
      [
        "nothing of mutual CHAP that somebody has set since inheritance was declared",
        at(on("esx01"), { ...on("array"), level: "prohibited" }),
        own,
        { uni: inherits(off), mutual: inherits(off), inherit: true },
        [sets.inheritUni],
        /^$/,
      ],
    ];
    for (const [title, have, want, before, commands, notes] of rows)
      it(title, () => {
        const given = undone(have, want, before);
        assert.deepEqual(given.commands, commands);
        assert.match(given.notes, notes);
      });

    it("nothing of uni under mutual CHAP of its own that is not declared, and says so", () => {
      const { commands, notes } = undone(at(on("esx01"), on("array")), own, { uni: inherits(off) });
      assert.deepEqual(commands, []);
      assert.match(notes, /^CHAP uni of discovery address .* stays at level required .* for the name array/);
    });
  });

  it("writes two secrets that are not used, and as it is asked to, where both directions are off", () => {
    const want: Want = { ...base, ...scope, level: "prohibited", mutual: "prohibited", secretVia: "argument" };
    const written = (chap.plan(at(inherits(off), inherits(off)), want, nothing) as EsxcliCommand[]).map(
      ({ secret }) => secret,
    );
    assert.equal(new Set(written.map((secret) => secret?.value)).size, 2);
    assert.deepEqual(new Set(written.map((secret) => secret?.via)), new Set(["argument"]));
  });

  it("records only the directions that are declared, and both where they are to inherit", () => {
    const have = at(on("older"), inherits(off));
    assert.deepEqual(chap.record(have, own, peersOf(have)), { uni: on("older") });
    assert.deepEqual(chap.record(have, inherit, peersOf(have)), {
      uni: on("older"),
      mutual: inherits(off),
      inherit: true,
    });
  });

  it("goes on recording both directions when an own level follows inheritance, and neither longer than declared otherwise", () => {
    const have = at(inherits(off), inherits(off));
    const directions = (earlier: Parameters<typeof chap.record>[3]) =>
      Object.keys(chap.record(have, own, peersOf(have), earlier));
    assert.deepEqual(directions({ uni: off, mutual: off, inherit: true }), ["uni", "mutual", "inherit"]);
    assert.deepEqual(directions({ uni: off, mutual: off }), ["uni"]);
  });

  it("goes with the target or discovery address that is replaced, and before it", () => {
    const olds = { host: "esx01.lab", ...own };
    const { replaces } = difference(chap, olds, { ...olds, discoveryAddress: { address: unknown, port: 3260 } });
    assert.deepEqual(replaces, ["discoveryAddress"]);
  });

  it("is called by its place", () => {
    const target = { targetName: "iqn.2010-09.lab:a", address: "fd00::1", port: 3260 };
    const { discoveryAddress: _, ...bare } = own;
    assert.deepEqual(
      [uni, own, { ...bare, target }].map((want) => chap.id(want)),
      [
        "vmrdma0/chap",
        "vmrdma0/chap/sendtarget/192.168.50.100:3260",
        "vmrdma0/chap/target/iqn.2010-09.lab:a@[fd00::1]:3260",
      ],
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
    ["neither a level nor inheritance", {}, /level is missing: give one of prohibited, .* required\.$/],
    [
      "neither, below the adapter",
      { discoveryAddress: { address: "192.168.50.100" } },
      /level is missing: give one of .*, or inherit: true\.$/,
    ],
    [
      "both a level and inheritance",
      { discoveryAddress: { address: "192.168.50.100" }, level: "prohibited", inherit: true },
      /inherit takes the values from above, so there can be no level beside it/,
    ],
    [
      "inheritance with credentials",
      { discoveryAddress: { address: "192.168.50.100" }, inherit: true, name: "esx01", secret: "first-secret" },
      /there can be no name, secret beside it/,
    ],
    ["inheritance of an adapter", { inherit: true }, /inherit needs a discoveryAddress or a target/],
    [
      "inherit: false",
      { discoveryAddress: { address: "192.168.50.100" }, inherit: false, level: "prohibited" },
      /inherit must be true; leave it out/,
    ],
    [
      "two places",
      {
        level: "prohibited",
        discoveryAddress: { address: "192.168.50.100" },
        target: { targetName: "iqn.2010-09.lab:a", address: "192.168.50.100" },
      },
      /target and discoveryAddress are two places/,
    ],
    [
      "a target without a name",
      { level: "prohibited", target: { address: "192.168.50.100" } },
      /target\.targetName must be an iSCSI name/,
    ],
    [
      "a field that the place does not have",
      { level: "prohibited", discoveryAddress: { address: "192.168.50.100", targetName: "iqn.2010-09.lab:a" } },
      /discoveryAddress must be \{ address, port\? \}/,
    ],
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

  describe("mutual CHAP of an adapter", () => {
    const address = { discoveryAddress: { address: "192.168.50.100", port: 3260 } };
    const refused = (inputs: object, ...others: object[]) =>
      check(chap, { host, ...inputs }, (type) =>
        type === "Chap" ? others.map((other) => ({ adapter: "vmrdma0", ...other })) : [],
      ).failures.map(({ reason }) => reason);
    const lower = { adapter: "vmrdma0", ...address, level: "prohibited" };

    it("over a discovery address with a lower level, whichever comes first", () => {
      const [first = "", ...more] = refused(lower, both);
      assert.match(first, /mutual is missing: the discovery address would inherit mutual CHAP of vmrdma0/);
      const [second = "", ...others] = refused(both, lower);
      assert.match(
        second,
        /mutual would be inherited by the discovery address 192\.168\.50\.100, whose level is prohibited/,
      );
      assert.deepEqual([...more, ...others], []);
    });

    const taken: [string, object, object][] = [
      ["where the address switches mutual CHAP off", { ...lower, mutual: "prohibited" }, both],
      ["where the address has level required", { ...uni, ...address }, both],
      ["where the address inherits", { adapter: "vmrdma0", ...address, inherit: true }, both],
      ["of another adapter", { ...lower, adapter: "vmrdma1" }, both],
      ["that is off", lower, { ...uni, mutual: "prohibited" }],
      ["that is not declared", lower, uni],
      [
        "over a target, for what that inherits from is not known",
        {
          adapter: "vmrdma0",
          level: "prohibited",
          target: { targetName: "iqn.2010-09.lab:a", address: "192.168.50.100" },
        },
        both,
      ],
    ];
    for (const [title, one, other] of taken)
      it(`not ${title}`, () => assert.deepEqual([...refused(one, other), ...refused(other, one)], []));

    it("not while it is not known", () => assert.deepEqual(refused({ ...lower, mutual: unknown }, both), []));
  });

  it("says nothing of a secret's value, and reports it under no property, whose value Pulumi would print", () => {
    const { failures } = check(chap, { host, ...both, secret: "first\nsecret" });
    assert.deepEqual(
      failures.map(({ property }) => property),
      [""],
    );
    assert.doesNotMatch(failures[0]?.reason ?? "", /first|second/);
  });

  it("and takes a place whose parts are not known yet", () =>
    assert.deepEqual(
      check(chap, {
        host,
        adapter: "vmrdma0",
        target: { targetName: unknown, address: "192.168.50.100" },
        inherit: true,
      }).failures,
      [],
    ));

  it("takes a secret that begins with a hyphen on standard input", () => {
    assert.deepEqual(check(chap, { host, ...uni, secret: "-abcdefghijkl" }).failures, []);
  });
});
