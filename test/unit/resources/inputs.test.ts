import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import { canonicalPortal } from "../../../src/resources/fields.js";
import { type AnyDefinition, check, difference, secretsIn, unknown } from "../../../src/resources/inputs.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { roceParams } from "../../../src/resources/roceParams.js";
import { vmkernelAdapter } from "../../../src/resources/vmkernelAdapter.js";

const host = "esx01.lab";
const reasons = (definition: AnyDefinition, inputs: object) =>
  check(definition, { host, ...inputs }).failures.map(({ property, reason }) => `${property}|${reason}`);

describe("the secrets in inputs", () => {
  it("are the texts of secret fields and the secret of a pair, not its name, not a word of the schema, not what is unknown", () => {
    const pair = { name: "array", secret: "simulated-mutual" };
    assert.deepEqual(secretsIn(chap, { name: "esx01", secret: "simulated-uni", mutual: pair }), [
      "simulated-uni",
      "simulated-mutual",
    ]);
    assert.deepEqual(secretsIn(chap, { secret: unknown, mutual: "prohibited" }), []);
    assert.deepEqual(secretsIn(chap, { mutual: { name: "array", secret: unknown } }), []);
    assert.deepEqual(secretsIn(iserAdapter, { device: "vmrdma0" }), []);
  });
});

describe("check", () => {
  it("fills in defaults and brings values to their canonical form", () => {
    const { inputs } = check(discoveryAddress, {
      host,
      adapter: "vmrdma0",
      address: "2001:0DB8:0::0001",
      __provider: "text",
    });
    assert.deepEqual(inputs, { host, adapter: "vmrdma0", address: "2001:db8::1", port: 3260 });
    assert.equal(
      check(adapterProperties, { host, adapter: "vmrdma0", iqn: "IQN.1998-01.com.VMware:A" }).inputs.iqn,
      "iqn.1998-01.com.vmware:a",
    );
  });

  it("gives back its own result unchanged", () => {
    const once = check(discoveryAddress, { host: { host, port: 22 }, adapter: "vmnic4", address: "Array.Lab" }).inputs;
    assert.deepEqual(check(discoveryAddress, once).inputs, once);
  });

  it("says nothing of the host where its name is unknown", () => {
    for (const of of [unknown, { host: unknown, port: 22 }])
      assert.deepEqual(
        check(iserAdapter, { host: of, device: 3 }).failures.map(({ reason }) => /^IserAdapter: device /.test(reason)),
        [true],
      );
  });

  it("lets unknown values through, also inside an object, and counts them as given", () => {
    const { inputs, failures } = check(iserAdapter, { host: { host, password: unknown }, device: unknown });
    assert.deepEqual([inputs, failures], [{ host: { host, password: unknown }, device: unknown }, []]);
    assert.deepEqual(
      check(chap, { host, adapter: unknown, level: "required", name: "a", secret: unknown }).failures,
      [],
    );
  });

  it("names a field that does not exist and those that do", () =>
    assert.match(
      reasons(iserAdapter, { device: "vmrdma0", devcie: "x" }).join(),
      /^\|esx01\.lab: IserAdapter: devcie is not a field .* host, device, uplink/,
    ));

  it("does not print the value of a misspelt field, which may be a secret", () =>
    assert.match(
      reasons(chap, { adapter: "vmrdma0", level: "prohibited", secrte: "canary" }).join(),
      /^\|[^|]*secrte is not a field/,
    ));

  it("names a field that is missing", () =>
    assert.match(reasons(roceParams, { adapter: "vmrdma0" }).join(), /version is required/));

  it("refuses malformed iSCSI names with the rule", () => {
    for (const iqn of [
      "iqn",
      "iqn.98-01.com.vmware",
      "iqn.1998-13.com.vmware",
      "iqn.1998-01.com.vmware:a b",
      "iqn.1998-01.com.vmware:a_b",
      "eui.123",
      "naa.123456789012345",
      `iqn.1998-01.com.vmware:${"a".repeat(201)}`,
    ])
      assert.match(
        reasons(adapterProperties, { adapter: "vmrdma0", iqn }).join(),
        /^iqn\|esx01\.lab: AdapterProperties: iqn must be an iSCSI name/,
        iqn,
      );
    for (const iqn of [
      "iqn.1998-01.com.vmware",
      "iqn.1998-01.com.vmware:esx01-64:a.b",
      "eui.02004567a425678d",
      "naa.52004567ba64678d",
      "naa.62004567ba64678d0123456789abcdef",
    ])
      assert.deepEqual(reasons(adapterProperties, { adapter: "vmrdma0", iqn }), [], iqn);
  });

  it("refuses malformed addresses", () => {
    for (const address of [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "01.2.3.4",
      "1.2.3.4:3260",
      "[fd00::1]",
      "fe80::1%vmk1",
      "a b",
      "-a",
      "a..b",
      "http://a",
      "host_name",
      "1.2.3.4 ; reboot",
      "x".repeat(64),
    ])
      assert.equal(reasons(discoveryAddress, { adapter: "vmrdma0", address }).length, 1, address);
  });

  it("reports a failure of the host under no property: the host may hold a password", () => {
    const [failure] = reasons(iserAdapter, { device: "vmrdma0", host: { host, password: "canary-canary", prot: 22 } });
    assert.match(failure ?? "", /^\|esx01\.lab: IserAdapter: host has the unknown field prot/);
    assert.doesNotMatch(failure ?? "", /canary/);
  });

  it("never fails on anything but with a reason, and never repeats a secret", () => {
    const anything = fc.dictionary(
      fc.constantFrom("host", "adapter", "level", "name", "secret", "mutual", "secretVia"),
      fc.anything(),
    );
    fc.assert(
      fc.property(anything, (inputs) => {
        const marked = { ...inputs, secret: "CANARY\n", mutual: { name: inputs.name, secret: "CANARY\u0000" } };
        const { failures } = check(chap, marked);
        assert.ok(failures.length > 0);
        for (const { reason } of failures) assert.doesNotMatch(reason, /CANARY/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("diff", () => {
  const all = { host, adapter: "vmrdma0", level: "required", name: "esx01", secret: "a", secretVia: "prompt" };
  const changes = (olds: object, news: object, definition: AnyDefinition = chap) => {
    const { changed, replaces, touchesHost } = difference(definition, olds as never, news as never);
    return { changed, replaces, touchesHost };
  };

  const table: [string, object, object, AnyDefinition, ReturnType<typeof changes>][] = [
    ["the same", all, all, chap, { changed: [], replaces: [], touchesHost: false }],
    [
      "an output is no input",
      { ...all, before: {}, unfinished: true },
      all,
      chap,
      { changed: [], replaces: [], touchesHost: false },
    ],
    ["a level", all, { ...all, level: "preferred" }, chap, { changed: ["level"], replaces: [], touchesHost: true }],
    ["a secret", all, { ...all, secret: "b" }, chap, { changed: ["secret"], replaces: [], touchesHost: true }],
    [
      "another adapter is another object",
      all,
      { ...all, adapter: "vmrdma1" },
      chap,
      { changed: ["adapter"], replaces: ["adapter"], touchesHost: true },
    ],
    [
      "an unknown adapter is one that is being replaced",
      all,
      { ...all, adapter: unknown },
      chap,
      { changed: ["adapter"], replaces: ["adapter"], touchesHost: true },
    ],
    [
      "an unknown VMkernel adapter is replaced with what it names, as an unknown adapter is",
      { host, adapter: "vmrdma0", vmkernelAdapter: "vmk1", force: false },
      { host, adapter: "vmrdma0", vmkernelAdapter: unknown, force: false },
      portBinding,
      { changed: ["vmkernelAdapter"], replaces: ["vmkernelAdapter"], touchesHost: true },
    ],
    [
      "another unknown identity is no replacement",
      { host, adapter: "vmrdma0", address: "192.168.50.100", port: 3260 },
      { host, adapter: "vmrdma0", address: unknown, port: 3260 },
      discoveryAddress,
      { changed: ["address"], replaces: [], touchesHost: true },
    ],
    [
      "another host is another object",
      all,
      { ...all, host: "esx02.lab" },
      chap,
      { changed: ["host"], replaces: ["host"], touchesHost: false },
    ],
    [
      "credentials alone do not touch the host",
      all,
      { ...all, host: { host, password: "x" } },
      chap,
      { changed: ["host"], replaces: [], touchesHost: false },
    ],
    [
      "the manner of writing does not touch the host",
      all,
      { ...all, secretVia: "argument" },
      chap,
      { changed: ["secretVia"], replaces: [], touchesHost: false },
    ],
    [
      "a field that is no longer given",
      { ...all, mutual: { name: "a", secret: "b" } },
      all,
      chap,
      { changed: ["mutual"], replaces: [], touchesHost: false },
    ],
    [
      "the device of an adapter that was declared by its uplink",
      { host, device: "vmrdma0", uplink: "vmnic4" },
      { host, device: "vmrdma0" },
      iserAdapter,
      { changed: [], replaces: [], touchesHost: false },
    ],
    [
      "CHAP of a target that becomes CHAP of the adapter",
      { host, adapter: "vmrdma0", target: { targetName: "iqn.2010-09.lab:a", address: "192.168.50.100", port: 3260 } },
      { host, adapter: "vmrdma0" },
      chap,
      { changed: ["target"], replaces: ["target"], touchesHost: false },
    ],
    [
      "a TCP/IP stack that is no longer declared",
      { host, name: "vmk1", portGroup: "iser-a", netstack: "iscsi" },
      { host, name: "vmk1", portGroup: "iser-a" },
      vmkernelAdapter,
      { changed: ["netstack"], replaces: [], touchesHost: false },
    ],
    [
      "another uplink",
      { host, device: "vmrdma0", uplink: "vmnic4" },
      { host, uplink: "vmnic5" },
      iserAdapter,
      { changed: ["uplink"], replaces: ["uplink"], touchesHost: true },
    ],
    [
      "another VMkernel adapter",
      { host, adapter: "vmrdma0", vmkernelAdapter: "vmk1", force: false },
      { host, adapter: "vmrdma0", vmkernelAdapter: "vmk2", force: false },
      portBinding,
      { changed: ["vmkernelAdapter"], replaces: ["vmkernelAdapter"], touchesHost: true },
    ],
  ];
  for (const [title, olds, news, definition, expected] of table)
    it(title, () => assert.deepEqual(changes(olds, news, definition), expected));
});

describe("a discovery address as ESXi lists it", () => {
  const table = [
    ["192.168.1.107:3260", "192.168.1.107:3260"],
    ["192.168.1.107", "192.168.1.107:3260"],
    ["[FD00::0001]:3261", "[fd00::1]:3261"],
    ["fd00::1", "[fd00::1]:3260"],
    ["Array.Lab:3260", "array.lab:3260"],
    ["what is this?", "what is this?"],
  ];
  for (const [listed, canonical] of table)
    it(`${listed} → ${canonical}`, () => assert.equal(canonicalPortal(listed ?? ""), canonical));
});
