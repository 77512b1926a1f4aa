import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ErrorCode } from "../../../src/errors.js";
import { describe as shown } from "../../../src/esxcli/command.js";
import { resolve } from "../../../src/resources/adapterReference.js";
import { check, unknown } from "../../../src/resources/inputs.js";
import { iscsiParameters } from "../../../src/resources/iscsiParameters.js";
import { tied, view } from "../../support/views.js";

type Have = Parameters<typeof iscsiParameters.plan>[0];
type Row = Have["rows"][number];
type Want = Parameters<typeof iscsiParameters.plan>[1];

const number = (name: string, initial: number, min: number, max: number, settable = true): Row => ({
  name,
  current: `${initial}`,
  default: `${initial}`,
  min: `${min}`,
  max: `${max}`,
  settable,
  inherits: false,
});
const word = (name: string, initial: string): Row => ({
  ...number(name, 0, 0, 0),
  current: initial,
  default: initial,
  min: "na",
  max: "na",
});
/** A part of the table that was seen on 5.0. */
const rows = [
  number("FirstBurstLength", 262144, 512, 16777215),
  number("MaxBurstLength", 262144, 512, 16777215),
  number("MaxCmds", 128, 2, 2048, false),
  number("LoginTimeout", 5, 1, 60),
  word("DelayedAck", "true"),
  word("HeaderDigest", "prohibited"),
];
const adapter = { kind: "adapter", vmhba: "vmhba64" } as const;
const sendTarget = { kind: "sendtarget", vmhba: "vmhba64", address: "192.168.50.100:3260" } as const;
const target = { ...sendTarget, kind: "target", name: "iqn.2010-09.lab:a" } as const;

/** The host with some rows changed. */
function host(changes: Readonly<Record<string, Partial<Row>>> = {}, level: Have["level"] = adapter): Have {
  const inherits = level?.kind !== "adapter";
  return {
    resolution: resolve(tied, "vmrdma0"),
    level,
    known: [],
    rows: rows.map((row) => ({ ...row, inherits, ...changes[row.name] })),
  };
}
const want = (parameters: Record<string, string>, scope: Partial<Want> = {}): Want => ({
  adapter: "vmrdma0",
  ...scope,
  parameters,
});
const memory = { last: undefined, unfinished: false };
const plan = (have: Have, parameters: Record<string, string>) =>
  iscsiParameters.plan(have, want(parameters), memory).map(shown);
const onAdapter = (rest: string) => `esxcli iscsi adapter param set --adapter=vmhba64 ${rest}`;
const onAddress = (rest: string) =>
  `esxcli iscsi adapter discovery sendtarget param set --adapter=vmhba64 --address=192.168.50.100:3260 ${rest}`;
const onTarget = (rest: string) =>
  `esxcli iscsi adapter target portal param set --adapter=vmhba64 --address=192.168.50.100:3260 --name=iqn.2010-09.lab:a ${rest}`;

describe("IscsiParameters plans", () => {
  const table: [string, Have, Record<string, string>, string[]][] = [
    ["sets a number", host(), { LoginTimeout: "10" }, [onAdapter("--key=LoginTimeout --value=10")]],
    ["writes nothing when all are there", host(), { LoginTimeout: "5", DelayedAck: "true" }, []],
    ["compares numbers as numbers", host(), { LoginTimeout: "005" }, []],
    ...["1", "Y", "yes", "True"].map((spelling): [string, Have, Record<string, string>, string[]] => [
      `takes ${spelling} for true`,
      host(),
      { DelayedAck: spelling },
      [],
    ]),
    ...["0", "n", "No", "false"].map((spelling): [string, Have, Record<string, string>, string[]] => [
      `takes ${spelling} for false`,
      host(),
      { DelayedAck: spelling },
      [onAdapter("--key=DelayedAck --value=false")],
    ]),
    ["sets a digest", host(), { HeaderDigest: "Required" }, [onAdapter("--key=HeaderDigest --value=required")]],
    [
      "sets only what differs, one a command",
      host({ LoginTimeout: { current: "7" } }),
      { LoginTimeout: "7", DelayedAck: "false", HeaderDigest: "preferred" },
      [onAdapter("--key=DelayedAck --value=false"), onAdapter("--key=HeaderDigest --value=preferred")],
    ],
    [
      "lets the longest burst grow before the first",
      host(),
      { FirstBurstLength: "524288", MaxBurstLength: "16776192" },
      [onAdapter("--key=MaxBurstLength --value=16776192"), onAdapter("--key=FirstBurstLength --value=524288")],
    ],
    [
      "lets the longest burst shrink after the first",
      host(),
      { FirstBurstLength: "1024", MaxBurstLength: "2048" },
      [onAdapter("--key=FirstBurstLength --value=1024"), onAdapter("--key=MaxBurstLength --value=2048")],
    ],
    [
      "lets the longest burst shrink after the first in whatever order they are declared",
      host(),
      { MaxBurstLength: "2048", FirstBurstLength: "1024" },
      [onAdapter("--key=FirstBurstLength --value=1024"), onAdapter("--key=MaxBurstLength --value=2048")],
    ],
    [
      "lets the first burst grow before the longest shrinks to it",
      host({ FirstBurstLength: { current: "1024" } }),
      { MaxBurstLength: "2048", FirstBurstLength: "2048" },
      [onAdapter("--key=FirstBurstLength --value=2048"), onAdapter("--key=MaxBurstLength --value=2048")],
    ],
    [
      "sets one burst up to the other that the host has",
      host({ FirstBurstLength: { current: "1024" } }),
      { FirstBurstLength: "262144" },
      [onAdapter("--key=FirstBurstLength --value=262144")],
    ],
    [
      "sets something else where the host's bursts do not fit",
      host({ MaxBurstLength: { current: "1024" } }),
      { FirstBurstLength: "262144", LoginTimeout: "10" },
      [onAdapter("--key=LoginTimeout --value=10")],
    ],
    ["takes what cannot be set when it is so", host(), { MaxCmds: "128" }, []],
    ["takes what cannot be set below the adapter when it is so", host({}, sendTarget), { MaxCmds: "128" }, []],
    [
      "gives a discovery address its own value",
      host({}, sendTarget),
      { LoginTimeout: "10" },
      [onAddress("--key=LoginTimeout --value=10")],
    ],
    [
      "gives a discovery address its own value also where that equals the inherited one",
      host({}, sendTarget),
      { LoginTimeout: "5" },
      [onAddress("--key=LoginTimeout --value=5")],
    ],
    [
      "writes nothing when the value is the discovery address's own",
      host({ LoginTimeout: { inherits: false } }, sendTarget),
      { LoginTimeout: "5" },
      [],
    ],
    [
      "gives a target its own value",
      host({}, target),
      { HeaderDigest: "required" },
      [onTarget("--key=HeaderDigest --value=required")],
    ],
  ];
  for (const [title, have, parameters, commands] of table)
    it(title, () => assert.deepEqual(plan(have, parameters), commands));

  const refused: [string, Have, Record<string, string>, ErrorCode, RegExp][] = [
    [
      "a parameter that the host does not have, and lists those it has",
      host(),
      { LoginTimeout: "10", Nonsense: "1" },
      "PARAMETER_UNKNOWN",
      /no iSCSI parameter Nonsense on vmhba64\. Parameters: FirstBurstLength, .*, HeaderDigest\n/,
    ],
    [
      "to set what cannot be set, and lists what can",
      host(),
      { LoginTimeout: "10", MaxCmds: "64" },
      "PARAMETER_NOT_SETTABLE",
      /MaxCmds of vmhba64 is 128 and cannot be set, so it does not become 64\. Settable: FirstBurstLength, MaxBurstLength, LoginTimeout, /,
    ],
    ...["0", "61", "5s", "0x10"].map((value): [string, Have, Record<string, string>, ErrorCode, RegExp] => [
      `the number ${value} with the host's own bounds`,
      host(),
      { DelayedAck: "false", LoginTimeout: value },
      "PARAMETER_OUT_OF_RANGE",
      /LoginTimeout is to be .* on vmhba64, but the host takes whole numbers from 1 to 60; it is 5 now/,
    ]),
    [
      "a first burst that is longer than the longest that the host has",
      host(),
      { LoginTimeout: "10", FirstBurstLength: "524288" },
      "PARAMETER_OUT_OF_RANGE",
      /FirstBurstLength is to be 524288 on vmhba64, which makes FirstBurstLength 524288 and MaxBurstLength 262144[\s\S]*Declare FirstBurstLength and MaxBurstLength together/,
    ],
    [
      "a longest burst that is shorter than the first that a discovery address inherits",
      host({}, sendTarget),
      { MaxBurstLength: "1024" },
      "PARAMETER_OUT_OF_RANGE",
      /MaxBurstLength is to be 1024 on discovery address .*, which makes FirstBurstLength 262144 and MaxBurstLength 1024/,
    ],
    ["a boolean that is none", host(), { DelayedAck: "2" }, "PARAMETER_OUT_OF_RANGE", /takes true or false/],
    [
      "a digest that is none",
      host(),
      { HeaderDigest: "crc32c" },
      "PARAMETER_OUT_OF_RANGE",
      /takes prohibited, discouraged, preferred, required/,
    ],
    [
      "an adapter that is not there",
      { ...host(), resolution: resolve(view(), "vmrdma0"), level: undefined },
      { LoginTimeout: "10" },
      "ADAPTER_NOT_FOUND",
      /no iSER adapter/,
    ],
  ];
  for (const [title, have, parameters, code, message] of refused)
    it(`refuses ${title}`, () => assert.throws(() => plan(have, parameters), { code, message }));

  it("refuses a place that is not there, before anything is recorded", () => {
    const have: Have = { ...host(), level: undefined, known: ["iqn.2010-09.lab:b at 192.168.50.100:3260"] };
    const gone = want(
      { LoginTimeout: "10" },
      { target: { targetName: "iqn.2010-09.lab:a", address: "192.168.50.100", port: 3260 } },
    );
    for (const act of [() => iscsiParameters.plan(have, gone, memory), () => iscsiParameters.record(have, gone, peers)])
      assert.throws(act, {
        code: "TARGET_NOT_FOUND",
        message: /Its targets: iqn\.2010-09\.lab:b at 192\.168\.50\.100:3260/,
      });
  });
});

const peers = { first: host(), declared: new Map(), released: new Map(), left: new Map() };

describe("IscsiParameters reads", () => {
  const current = (have: Have, parameters: Record<string, string>) =>
    iscsiParameters.current(have, want(parameters)).parameters;
  const declared = { LoginTimeout: "005", DelayedAck: "yes", HeaderDigest: "REQUIRED" };

  it("values that are as declared, as they are spelt", () =>
    assert.deepEqual(current(host({ HeaderDigest: { current: "required" } }), declared), declared));
  it("another value as the host spells it", () =>
    assert.deepEqual(current(host({ DelayedAck: { current: "false" } }), declared), {
      LoginTimeout: "005",
      DelayedAck: "false",
      HeaderDigest: "prohibited",
    }));
  it("that a value is inherited again", () =>
    assert.deepEqual(current(host({ DelayedAck: { inherits: false } }, sendTarget), declared), {
      LoginTimeout: "inherited",
      DelayedAck: "yes",
      HeaderDigest: "inherited",
    }));
  it("what cannot be set as it is, inherited or not", () =>
    assert.deepEqual(current(host({}, sendTarget), { MaxCmds: "128" }), { MaxCmds: "128" }));
});

describe("IscsiParameters gives back", () => {
  const undone = (have: Have, parameters: Record<string, string>, before: object) =>
    iscsiParameters.remove(have, want(parameters), before, peers).commands.map(shown);
  const set = { LoginTimeout: { current: "10", inherits: false } };
  const was = (value: string, isDefault: boolean, inherits: boolean) => ({
    LoginTimeout: { value, default: isDefault, inherits },
  });
  const declared = { LoginTimeout: "10" };

  const table: [string, Have, object, string[]][] = [
    ["the default that it was", host(set), was("5", true, false), [onAdapter("--key=LoginTimeout --default")]],
    ["the value that it was", host(set), was("7", false, false), [onAdapter("--key=LoginTimeout --value=7")]],
    ["nothing that is so already", host(), was("5", true, false), []],
    ["nothing that was so before", host(set), was("10", false, false), []],
    ["inheritance", host(set, sendTarget), was("5", true, true), [onAddress("--key=LoginTimeout --inherit")]],
    ["nothing that inherits already", host({}, sendTarget), was("5", true, true), []],
    [
      "its own value, also the default",
      host(set, target),
      was("5", true, false),
      [onTarget("--key=LoginTimeout --value=5")],
    ],
    [
      "its own value where it inherits now, also an equal one",
      host({}, target),
      was("5", true, false),
      [onTarget("--key=LoginTimeout --value=5")],
    ],
  ];
  for (const [title, have, before, commands] of table)
    it(title, () => assert.deepEqual(undone(have, declared, before), commands));

  it("nothing of a parameter that is declared no longer, or was not recorded", () => {
    assert.deepEqual(undone(host(set), { DelayedAck: "true" }, was("5", true, false)), []);
    assert.deepEqual(undone(host(set), declared, {}), []);
  });

  it("what it has recorded, by name", () => {
    const have = host({ LoginTimeout: { current: "7", inherits: false } }, sendTarget);
    assert.deepEqual(iscsiParameters.record(have, want({ LoginTimeout: "10", DelayedAck: "false" }), peers), {
      LoginTimeout: { value: "7", default: false, inherits: false },
      DelayedAck: { value: "true", default: true, inherits: true },
    });
  });

  it("the longest burst first where it grows", () =>
    assert.deepEqual(
      undone(
        host({ FirstBurstLength: { current: "1024" }, MaxBurstLength: { current: "2048" } }),
        { FirstBurstLength: "1024", MaxBurstLength: "2048" },
        {
          FirstBurstLength: { value: "262144", default: true, inherits: false },
          MaxBurstLength: { value: "262144", default: true, inherits: false },
        },
      ),
      [onAdapter("--key=MaxBurstLength --default"), onAdapter("--key=FirstBurstLength --default")],
    ));
});

describe("IscsiParameters, before any host is asked,", () => {
  const checked = (inputs: object) => check(iscsiParameters, { host: "esx01.lab", adapter: "vmrdma0", ...inputs });
  const reasons = (parameters: unknown) => checked({ parameters }).failures.map(({ reason }) => reason);

  it("brings values to text", () =>
    assert.deepEqual(
      checked({ parameters: { LoginTimeout: 10, DelayedAck: false, HeaderDigest: "required" } }).inputs,
      {
        host: "esx01.lab",
        adapter: "vmrdma0",
        parameters: { LoginTimeout: "10", DelayedAck: "false", HeaderDigest: "required" },
      },
    ));

  it("takes values that are not known yet", () =>
    assert.deepEqual(reasons({ LoginTimeout: unknown, DelayedAck: true }), []));

  const refused: [string, unknown, RegExp][] = [
    ["no parameter", {}, /parameters is empty: give at least one/],
    [
      "a name with a blank",
      { "Login Timeout": 5 },
      /parameters has "Login Timeout": a name has letters and digits only/,
    ],
    ["a name that looks like an option", { "--key": 5 }, /a name has letters and digits only/],
    ["a fraction", { LoginTimeout: 1.5 }, /parameters\.LoginTimeout must be text, a whole number, or true or false/],
    ["a value that looks like an option", { LoginTimeout: "-v" }, /parameters\.LoginTimeout begins with a hyphen/],
    ["an empty value", { LoginTimeout: "" }, /parameters\.LoginTimeout is empty/],
    ["a list", [5], /parameters must be a map of names and values/],
    [
      "a first burst that is longer than the longest",
      { FirstBurstLength: 2048, MaxBurstLength: "1024" },
      /parameters has FirstBurstLength 2048 and MaxBurstLength 1024: the first burst must not be longer/,
    ],
  ];
  for (const [title, parameters, reason] of refused)
    it(`refuses ${title}`, () => {
      assert.equal(reasons(parameters).length, 1, JSON.stringify(reasons(parameters)));
      assert.match(reasons(parameters)[0] ?? "", reason);
    });

  it("takes bursts of the same length", () =>
    assert.deepEqual(reasons({ FirstBurstLength: 1024, MaxBurstLength: 1024 }), []));

  it("is called by its place", () =>
    assert.deepEqual(
      [
        want({}),
        want({}, { discoveryAddress: { address: "192.168.50.100", port: 3260 } }),
        want({}, { target: { targetName: "iqn.2010-09.lab:a", address: "fd00::1", port: 860 } }),
      ].map((inputs) => iscsiParameters.id(inputs)),
      [
        "vmrdma0/parameters",
        "vmrdma0/parameters/sendtarget/192.168.50.100:3260",
        "vmrdma0/parameters/target/iqn.2010-09.lab:a@[fd00::1]:860",
      ],
    ));
});
