import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { IserError } from "../../../src/errors.js";
import { bare, boolean, integer, one, rows, said, structure, text, texts } from "../../../src/esxcli/output.js";
import { interpret } from "../../../src/esxcli/run.js";
import { optionsOf, uptime } from "../../../src/esxcli/system.js";

/** One row with a value of each kind that commands read. */
interface Row {
  readonly name: string;
  readonly mtu: number;
  readonly enabled: boolean;
  readonly uplinks: readonly string[];
  readonly info: { readonly driver: string };
}

const fields = {
  name: text("Name"),
  mtu: integer("MTU"),
  enabled: boolean("Enabled"),
  uplinks: texts("Uplinks"),
  info: structure("DriverInfo", { driver: text("Driver") }),
};

const escaped = (value: string) =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\r", "&#13;");

function formatted(values: readonly Row[]): string {
  const field = (name: string, value: string) => `<field name="${name}">${value}</field>`;
  const list = (strings: readonly string[]) =>
    `<list type="string">${strings.map((value) => `<string>${escaped(value)}</string>`).join("")}</list>`;
  const structures = values.map(
    ({ name, mtu, enabled, uplinks, info }) =>
      `<structure typeName="Nic">${[
        field("Name", `<string>${escaped(name)}</string>`),
        field("MTU", `<integer>${mtu}</integer>`),
        field("Enabled", `<boolean>${enabled}</boolean>`),
        field("Uplinks", list(uplinks)),
        field(
          "DriverInfo",
          `<structure typeName="Info">${field("Driver", `<string>${escaped(info.driver)}</string>`)}</structure>`,
        ),
      ].join("")}</structure>`,
  );
  return `<output xmlns="http://www.vmware.com/Products/ESX/5.0/esxcli"><root><list type="structure">${structures.join("")}</list></root></output>`;
}

const namespaces =
  'xmlns="urn:vim25" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const object = (type: string, content: string) => `<obj ${namespaces} xsi:type="${type}">${content}</obj>`;

/** `turn`: how far the fields are moved round, for they come in any order. */
function asObjects(values: readonly Row[], turn: number, capitals: boolean): string {
  const word = (value: boolean) => (capitals ? `${value ? "T" : "F"}${String(value).slice(1)}` : String(value));
  const objects = values.map(({ name, mtu, enabled, uplinks, info }) => {
    const elements = [
      `<Name>${escaped(name)}</Name>`,
      `<MTU>${mtu}</MTU>`,
      `<Enabled>${word(enabled)}</Enabled>`,
      uplinks.map((uplink) => `<Uplinks>${escaped(uplink)}</Uplinks>`).join(""),
      `<DriverInfo xsi:type="VimEsxCLInetworknicgetNICDriverInfo"><Driver>${escaped(info.driver)}</Driver></DriverInfo>`,
    ];
    const at = turn % elements.length;
    const turned = [...elements.slice(at), ...elements.slice(0, at)];
    return `<DataObject xsi:type="VimEsxCLInetworkniclistNic">${turned.join("")}</DataObject>`;
  });
  return object("ArrayOfDataObject", objects.join(""));
}

/** What XML can carry. */
const words = fc
  .string({ unit: "binary", maxLength: 12 })
  .map((value) => value.replaceAll(/[^\t\n\r\x20-\ud7ff\ue000-\ufffc\u{10000}-\u{10ffff}]/gu, ""));
const plain = { noNullPrototype: true };
const row: fc.Arbitrary<Row> = fc.record(
  {
    name: words,
    mtu: fc.maxSafeInteger(),
    enabled: fc.boolean(),
    uplinks: fc.array(fc.stringMatching(/^[\w.&<>"-]{1,8}$/), { maxLength: 4 }),
    info: fc.record({ driver: words }, plain),
  },
  plain,
);

const failing = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof IserError, String(error));
    return error;
  }
  throw new Error("it succeeded");
};

describe("the two encodings of an answer", () => {
  it("decode to the same rows, whatever is in them", () =>
    fc.assert(
      fc.property(fc.array(row, { maxLength: 4 }), fc.nat(7), fc.boolean(), (values, turn, capitals) => {
        const decode = rows(fields);
        assert.deepEqual(decode(formatted(values)), values);
        assert.deepEqual(decode(asObjects(values, turn, capitals)), values);
      }),
    ));

  it("decode to the same record, which the vSphere API writes without a list", () => {
    const decode = one({ name: text("Name"), uplinks: texts("Uplinks") });
    const content = "<Name>a</Name><Uplinks>vmnic4</Uplinks>";
    assert.deepEqual(decode(object("VimEsxCLInetworknicgetNICInfo", content)), { name: "a", uplinks: ["vmnic4"] });
    assert.deepEqual(decode(object("ArrayOfDataObject", `<DataObject>${content}</DataObject>`)), {
      name: "a",
      uplinks: ["vmnic4"],
    });
  });

  it("decode to the same lone value", () => {
    assert.equal(bare(boolean("it"))(object("xsd:boolean", "True")), true);
    assert.equal(uptime.decode(object("xsd:long", "151273")), 151273);
    assert.equal(bare(text("it"))(object("xsd:string", " R&amp;D ")), " R&D ");
    // As Go's encoder writes it: a prefix of its own and quotes as numbers.
    const of = 'xmlns:XMLSchema-instance="http://www.w3.org/2001/XMLSchema-instance" XMLSchema-instance:type';
    assert.equal(bare(text("it"))(`<v:obj xmlns:v="urn:vim25" ${of}="xsd:string">&#34;</v:obj>`), '"');
  });

  it("tell the same of a write", () => {
    assert.deepEqual(said(""), { text: "", rebootRequired: false });
    assert.deepEqual(said(object("xsd:string", "Added. (Reboot Required)")), {
      text: "Added. (Reboot Required)",
      rebootRequired: true,
    });
    assert.equal(said(object("xsd:boolean", "true")).text, "");
    assert.equal(failing(() => said(object("xsd:boolean", "false"))).code, "COMMAND_FAILED");
    assert.equal(failing(() => said(object("xsd:boolean", "False"))).code, "COMMAND_FAILED");
  });

  const refused: [string, string, RegExp][] = [
    ["no answer for an empty list", "", /not a complete XML document/],
    ["an array of a kind that was never seen", object("ArrayOfString", "<string>a</string>"), /ArrayOfString/],
    ["an object without a type", `<obj ${namespaces}><Name>a</Name></obj>`, /type \(none\)/],
    ["a row without a field", object("ArrayOfDataObject", "<DataObject><MTU>1</MTU></DataObject>"), /Name is missing/],
    [
      "two values for one",
      object("ArrayOfDataObject", "<DataObject><Name>a</Name><Name>b</Name></DataObject>"),
      /Name is not a string/,
    ],
    ["a text where a row was", object("ArrayOfDataObject", "words"), /expected a list/],
    ["a value for a list", object("xsd:string", "a"), /expected a list/],
  ];
  for (const [what, document, problem] of refused)
    it(`do not take ${what}`, () => {
      const error = failing(() => rows({ name: text("Name") })(document));
      assert.equal(error.code, "OUTPUT_NOT_UNDERSTOOD");
      assert.match(error.message, problem);
    });

  it("do not take the tags of one for the tree of the other", () => {
    const forged =
      '<output><root><list type="structure"><structure><field name="Name"><SOAP/></field></structure></list></root></output>';
    assert.equal(failing(() => rows({ name: text("Name") })(forged)).code, "OUTPUT_NOT_UNDERSTOOD");
    const empty = '<output><root><list type="structure"><structure/></list></root></output>';
    assert.match(failing(() => rows({ uplinks: texts("Uplinks") })(empty)).message, /Uplinks is missing/);
  });
});

describe("what FetchCLIInfo says of a namespace", () => {
  const parameter = (name: string) =>
    `<param><name>${name}</name><aliases>--${name}</aliases><flag>false</flag></param>`;
  const methods = [
    `<method><name>get</name>${parameter("adapter")}</method>`,
    `<method><name>set</name>${parameter("adapter")}${parameter("skipifsessionactive")}</method>`,
  ].join("");
  const info = object("VimCLIInfoInfo", `<name>iscsi.adapter</name>${methods}`);

  it("tells the options of a command, with and without hyphens", () => {
    const options = optionsOf("iscsi adapter set").decode(info);
    assert.deepEqual(
      ["adapter", "skip-if-session-active", "skipifsessionactive", "aliases", "set"].map((name) => options.has(name)),
      [true, true, true, false, false],
    );
    assert.equal(optionsOf("iscsi adapter get").decode(info).has("skip-if-session-active"), false);
    // vcsim's root has no type and another name.
    assert.ok(
      optionsOf("iscsi adapter set").decode(`<CommandInfo><name>x</name>${methods}</CommandInfo>`).has("adapter"),
    );
  });

  it("tells that a command is not there", () => {
    assert.equal(failing(() => optionsOf("iscsi adapter capabilities").decode(info)).code, "COMMAND_UNKNOWN");
    const nothing = { status: 1, stdout: "NotFound: The object or item referred to could not be found.", stderr: "" };
    assert.equal(failing(() => interpret(optionsOf("rdma iser add"), nothing, "esx01")).code, "COMMAND_UNKNOWN");
  });

  it("is not taken from something else", () =>
    assert.equal(failing(() => optionsOf("iscsi adapter set").decode("<html/>")).code, "OUTPUT_NOT_UNDERSTOOD"));
});
