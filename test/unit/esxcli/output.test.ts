import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "mocha";
import { IserError } from "../../../src/errors.js";
import type { HostCommand } from "../../../src/esxcli/command.js";
import { chapSet } from "../../../src/esxcli/iscsiAuth.js";
import { pauseSet } from "../../../src/esxcli/nic.js";
import { boolean, integer, maybe, one, rows, said, text, texts } from "../../../src/esxcli/output.js";
import { roceLog } from "../../../src/esxcli/rdma.js";
import { explained, interpret } from "../../../src/esxcli/run.js";
import { commandList, optionsOf } from "../../../src/esxcli/system.js";

const recorded = readFileSync(join(__dirname, "../../fixtures/esxcli/network-nic-list.xml"), "utf8");
const nics = rows({ name: text("Name"), mtu: integer("MTU"), description: text("Description") });
const document = (root: string) =>
  `<output xmlns="http://www.vmware.com/Products/ESX/5.0/esxcli"><root>${root}</root></output>`;
const structure = (fields: string) =>
  document(`<list type="structure"><structure typeName="T">${fields}</structure></list>`);
const field = (name: string, value: string) => `<field name="${name}">${value}</field>`;

describe("the XML of esxcli", () => {
  it("reads the recorded list of NICs", () =>
    assert.deepEqual(nics(recorded), [
      { name: "vmnic0", mtu: 1500, description: "Intel(R) Ethernet Controller X550" },
    ]));

  it("keeps blanks, entities and empty text as they are", () => {
    const value = rows({ name: text("Name") });
    const name = (inner: string) => value(structure(field("Name", `<string>${inner}</string>`)))[0]?.name;
    assert.deepEqual(
      [name(" a  b "), name("R&amp;D &lt;&#34;1&#34;&gt;"), name(""), name("007")],
      [" a  b ", 'R&D <"1">', "", "007"],
    );
  });

  it("reads lists, joined or not", () => {
    const uplinks = (value: string) => one({ uplinks: texts("Uplinks") })(structure(field("Uplinks", value))).uplinks;
    assert.deepEqual(uplinks('<list type="string"><string>vmnic4</string><string>vmnic5</string></list>'), [
      "vmnic4",
      "vmnic5",
    ]);
    assert.deepEqual(
      [
        uplinks('<list type="string"></list>'),
        uplinks("<string></string>"),
        uplinks("<string>vmnic4, vmnic5</string>"),
      ],
      [[], [], ["vmnic4", "vmnic5"]],
    );
  });

  it("reads a boolean that is written as a string, as iscsi adapter get does", () => {
    const flag = (value: string) => one({ flag: boolean("F") })(structure(field("F", value))).flag;
    assert.deepEqual([flag("<boolean>true</boolean>"), flag("<string>false</string>")], [true, false]);
  });

  it("reads an empty list", () => {
    for (const empty of ['<list type="structure"></list>', '<list type="structure"/>', ""])
      assert.deepEqual(nics(document(empty)), []);
  });

  it("takes a field that only some builds have, and ignores those that it does not read", () => {
    const decode = one({ name: text("Name"), iwarp: maybe(boolean("iWARP"), false) });
    assert.deepEqual(decode(structure(field("Name", "<string>a</string>") + field("URPF", "<integer>0</integer>"))), {
      name: "a",
      iwarp: false,
    });
  });

  const broken: [string, string, RegExp][] = [
    ["nothing", "", /not a complete XML document/],
    ["a table", "Name  MTU\n----  ---\n", /not a complete XML document/],
    ["a document that was cut", recorded.slice(0, -20), /not a complete XML document/],
    ["another document", "<html></html>", /not an <output> with one <root>/],
    ["a missing field", structure(field("Name", "<string>vmnic0</string>")), /the field MTU is missing/],
    [
      "a number that is none",
      structure(field("Name", "<string>a</string>") + field("MTU", "<string>N/A</string>")),
      /the field MTU is not an integer/,
    ],
    [
      "a number without digits",
      structure(field("Name", "<string>a</string>") + field("MTU", "<integer></integer>")),
      /the field MTU is not an integer/,
    ],
    ["a field without value", structure('<field name="Name"></field>'), /expected one element in <field>, found 0/],
    ["a string in place of a list", document("<string>x</string>"), /expected a list, found <string>/],
  ];
  for (const [title, stdout, message] of broken)
    it(`stops at ${title}, quoting it`, () =>
      assert.throws(() => nics(stdout), { code: "OUTPUT_NOT_UNDERSTOOD", message }));

  it("reads a prefix of a document as that document or not at all", () => {
    fc.assert(
      fc.property(fc.nat({ max: recorded.length - 1 }), (length) => {
        const cut = recorded.slice(0, length);
        if (cut.trim() !== recorded.trim()) assert.throws(() => nics(cut), IserError);
      }),
    );
  });
});

describe("the answer of a write", () => {
  const table: [string, string, string, boolean][] = [
    ["nothing", "", "", false],
    ["an empty document", document(""), "", false],
    ["a string", document("<string>Rediscovery started</string>"), "Rediscovery started", false],
    ["true", document("<boolean>true</boolean>"), "", false],
    [
      "a message in plain text",
      "Deleted ISER logical device. (Reboot Required)\n",
      "Deleted ISER logical device. (Reboot Required)",
      true,
    ],
    [
      "a message in a document",
      document("<string>Deleted ISER logical device. (Reboot Required)</string>"),
      "Deleted ISER logical device. (Reboot Required)",
      true,
    ],
    ["a prompt before it", "Enter value for 'secret': ", "", false],
  ];
  for (const [title, stdout, words, rebootRequired] of table)
    it(`is ${title}`, () => assert.deepEqual(said(stdout), { text: words, rebootRequired }));

  it("is a failure when it is false", () =>
    assert.throws(() => said(document("<boolean>false</boolean>")), { code: "COMMAND_FAILED" }));
});

describe("a failure", () => {
  const command = {
    kind: "esxcli",
    path: "rdma iser add",
    args: [{ name: "device", value: "vmrdma0" }],
    effect: "write",
    decode: said,
  } as const;
  const failed = (stdout: string, stderr = "") => {
    try {
      interpret(command, { status: 1, stdout, stderr }, "esx01.lab");
    } catch (error) {
      return error as IserError;
    }
    throw new Error("did not fail");
  };

  it("gives host, words, command and cure, without the help that follows", () => {
    const error = failed("Error: Invalid option --device\n\nUsage: esxcli rdma iser add [cmd options]\n");
    assert.equal(error.code, "OPTION_UNKNOWN");
    assert.match(
      error.message,
      /^esx01\.lab: the command failed with status 1\n {2}ESXi said: Error: Invalid option --device\n {2}Command: esxcli rdma iser add --device=vmrdma0\n/,
    );
    assert.doesNotMatch(error.message, /Usage/);
  });

  it("is told apart by ESXi's words", () => {
    const codes = [
      "Error: Unknown command or namespace rdma iser params set\n\n",
      "No permission to execute rdma.iser.add",
      "Failed to add device: x",
      "Connect to localhost failed: Connection failure",
    ].map((words) => failed(words).code);
    assert.deepEqual(codes, ["COMMAND_UNKNOWN", "PERMISSION_DENIED", "COMMAND_FAILED", "COMMAND_FAILED"]);
  });

  it("says why a card refuses global pause, and says it of that command only", () => {
    const answer = { status: 1, stdout: "Unable to complete Sysinfo operation", stderr: "" };
    const of = (command: HostCommand) => {
      try {
        return interpret(command, answer, "esx01.lab");
      } catch (error) {
        return (error as Error).message;
      }
    };
    const pause = pauseSet("vmnic4", { rx: true, tx: true, auto: false });
    assert.match(String(of(pause)), /priority flow control is on/);
    assert.doesNotMatch(String(of({ ...pause, path: "network nic list" })), /priority flow control/);
  });

  describe("of a command that was to read a secret from standard input", () => {
    const adapter = { kind: "adapter", vmhba: "vmhba64" } as const;
    const values = { level: "required", name: "esx01", secret: "simulated-secret" } as const;
    const prompted = chapSet(adapter, "uni", values, "prompt");
    const argued = chapSet(adapter, "uni", values, "argument");
    const cured = (command: HostCommand, stdout: string) => {
      try {
        return interpret(command, { status: 1, stdout, stderr: "" }, "esx01.lab");
      } catch (error) {
        return (error as IserError).details.cure;
      }
    };
    const incomplete =
      "Invalid CHAP authentication input. Make sure [--default] or [--authname --secret --level] is given.";

    it("names the other way", () => assert.match(String(cured(prompted, incomplete)), /secretVia: "argument"/));
    it("does not where that was taken, or ESXi names another reason", () => {
      assert.doesNotMatch(String(cured(argued, incomplete)), /secretVia/);
      assert.match(String(cured(prompted, "No permission to execute x")), /^Log in as/);
      for (const command of [prompted, argued])
        assert.match(
          String(cured(command, "Invalid CHAP and Mutual CHAP combination. If setting")),
          /^Mutual CHAP needs level required where it is set and where it is inherited/,
        );
    });
    it("names it when there is no answer in time", () => {
      const late = new IserError("COMMAND_TIMEOUT", { problem: "no result", cure: "Run again." });
      assert.match(String(explained(prompted, late)), /Run again\. This build may not read .* secretVia: "argument"/);
      assert.equal(explained(argued, late), late);
      const other = new IserError("CONNECTION_LOST", { problem: "lost", cure: "Run again." });
      assert.equal(explained(prompted, other), other);
    });
  });

  it("has no stack to print", () => assert.equal(failed("x").stack, failed("x").message));
});

describe("the feature tests", () => {
  const list = (namespace: string) =>
    structure(field("Namespace", `<string>${namespace}</string>`) + field("Command", "<string>add</string>"));
  it("read namespaces with dots and with blanks", () => {
    for (const namespace of ["rdma.iser", "rdma iser"])
      assert.deepEqual([...commandList.decode(list(namespace))], ["rdma iser add"]);
  });
  it("do not take an empty command list for a build", () =>
    assert.throws(() => commandList.decode(document('<list type="structure"></list>')), /without commands/));
  it("read the options of a help text", () => {
    const help =
      "Usage: esxcli rdma iser add [cmd options]\n\nDescription: \n  add                   Add --nothing here.\n\nCmd options:\n  -d|--device=<str>     Device on which to enable iSER\n  --long-only           x\n";
    const options = optionsOf("rdma iser add").decode(help);
    assert.deepEqual(
      ["device", "long-only", "nothing", "d"].filter((option) => options.has(option)),
      ["device", "long-only"],
    );
    assert.throws(() => optionsOf("rdma iser add").decode("sh: esxcli: not found"), IserError);
  });
});

describe("the VMkernel log", () => {
  it("reads the RoCE lines of the vendor's manual and leaves the others", () => {
    const log = [
      "2020-02-18T18:26:15.949Z cpu6:2100717 opID=45abe37e)iser: iser_set_roce: Setting roce type: 1 for vmhba: vmhba64",
      "vmkernel.0:2020-02-18T18:27:15.949Z cpu6:2100717 opID=45abe37e)iser: iser_set_roce: Setting roce type: 2 for vmhba: vmhba65",
      "2020-02-18T18:26:15.949Z cpu6:2100717 opID=45abe37e)iser: iser_set_roce: Setting roce type: 9 for vmhba: vmhba64",
      "Setting roce type: 1 for vmhba: vmhba6",
    ].join("\n");
    assert.deepEqual(roceLog.decode(log), [
      { at: new Date("2020-02-18T18:26:15.949Z"), vmhba: "vmhba64", version: "v1" },
      { at: new Date("2020-02-18T18:27:15.949Z"), vmhba: "vmhba65", version: "v2" },
    ]);
  });
  it("reads an empty answer as no line", () => assert.deepEqual(roceLog.decode(""), []));
});
