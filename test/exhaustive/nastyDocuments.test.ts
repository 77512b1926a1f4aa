import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { IserError } from "../../src/errors.js";
import type { HostCommand } from "../../src/esxcli/command.js";
import { rows, said, text } from "../../src/esxcli/output.js";
import { roceLog } from "../../src/esxcli/rdma.js";
import { interpret } from "../../src/esxcli/run.js";
import { optionsOf } from "../../src/esxcli/system.js";
import { outputLimit } from "../../src/transport/sshExec.js";

const document = (root: string) => `<output xmlns="http://x"><root>${root}</root></output>`;
const structure = (fields: string) =>
  document(`<list type="structure"><structure typeName="T">${fields}</structure></list>`);
const named = (value: string) => structure(`<field name="Name"><string>${value}</string></field>`);
/** As often as it fits into what the transport takes of a command. */
const filled = (piece: string) => piece.repeat(Math.floor((outputLimit - 300) / piece.length));
const names = rows({ name: text("Name") });

/** Each as long as an answer can be. What takes more than a time in proportion to that does not come to an end here. */
const refused: Readonly<Record<string, string>> = {
  "elements in elements": `${filled("<a>")}`,
  "closed elements in elements": document("<a>".repeat(100_000) + "</a>".repeat(100_000)),
  brackets: filled("<"),
  "closing tags": filled("</a>"),
  "a tag of blanks": `<output ${filled(" ")}/>`,
  "a tag that never ends": `<output ${filled('a="')}`,
  attributes: structure(`<field ${filled('a="x" ')}/>`),
  "comments that never end": structure(filled("<!--")),
  "a comment": `<!--${filled("-")}`,
  "a CDATA section that never ends": named(`<![CDATA[${filled("]")}`),
  "processing instructions": structure(filled("<?x y?>")),
  "entities without an end": named(filled("&a")),
  "an entity of 8 MiB": named(`&${filled("a")};`),
  "a number of an entity of 8 MiB": named(`&#${filled("1")};`),
  "a document type of 8 MiB": `<!DOCTYPE output [${filled("<!ENTITY a 'a'>")}]>${document("")}`,
  "entities that multiply": `<!DOCTYPE output [<!ENTITY a "${"x".repeat(1000)}">${[..."bcdefgh"]
    .map((name, index) => `<!ENTITY ${name} "${`&${"abcdefg"[index]};`.repeat(100)}">`)
    .join("")}]>${named("&h;")}`,
  "the same field": structure(filled(`<field name="Name"><string>a</string></field>`)),
  quotes: structure(`<field ${filled('"')}`),
  blanks: filled(" "),
  "no line break": filled("a"),
  "line breaks": filled("\n"),
  NUL: filled("\0"),
};

describe("An answer of 8 MiB", () => {
  for (const [what, stdout] of Object.entries(refused))
    it(`of ${what} is refused, in an error of a few lines`, () => {
      assert.throws(
        () => names(stdout),
        (error) => error instanceof IserError && error.code === "OUTPUT_NOT_UNDERSTOOD" && error.message.length < 6500,
      );
    });

  it("is read to the end where it is one value or many rows", () => {
    const long = filled("a");
    assert.equal(names(named(long))[0]?.name.length, long.length);
    assert.equal(names(named(filled("&amp;")))[0]?.name.length, filled("&amp;").length / 5);
    const row = `<structure typeName="T"><field name="Name"><string>a</string></field></structure>`;
    assert.equal(
      names(document(`<list type="structure">${filled(row)}</list>`)).length,
      filled(row).length / row.length,
    );
  });

  it("of a write is judged only where it is a document", () => {
    assert.throws(() => said(document("<a>".repeat(100_000))), { code: "OUTPUT_NOT_UNDERSTOOD" });
    assert.throws(() => said(`warning\n${document("<boolean>false</boolean>")}`), { code: "OUTPUT_NOT_UNDERSTOOD" });
    assert.throws(() => said(document("<boolean>false</boolean>").slice(0, -3)), { code: "OUTPUT_NOT_UNDERSTOOD" });
    assert.equal(said(filled("\n")).text, "");
  });

  it("of a failure is quoted in part", () => {
    const command: HostCommand = { kind: "esxcli", path: "a b", args: [], effect: "read", decode: names };
    for (const piece of ["a", "\n", " \n", "Error: a\n ", "Enter value for '", "Enter value for 'a': "])
      assert.throws(
        () => interpret(command, { status: 1, stdout: filled(piece), stderr: "" }, "esx01.lab"),
        (error) => error instanceof IserError && error.code === "COMMAND_FAILED" && error.message.length < 6500,
      );
  });

  it("of a log or a help has nothing in it", () => {
    const time = "2020-02-18T18:26:15.949Z";
    for (const piece of [time, `${time} (`, `${time} cpu6:1)iser: `, "vmkernel.0:", "(1)", "\n", " ", "\0"])
      assert.deepEqual(roceLog.decode(filled(piece)), []);
    assert.deepEqual(
      roceLog.decode(`${time} cpu6:1)iser: iser_set_roce: Setting roce type: 1 for vmhba: vmhba64${filled(" ")}x`),
      [],
    );
    for (const piece of ["\n", " ", "-", "  --"])
      assert.equal(
        optionsOf("a b")
          .decode(`Usage: esxcli a b x\n${filled(piece)}`)
          .has(piece.trim()),
        false,
      );
  });
});

describe("A value that only looks like one", () => {
  const flag = (value: string) => `<field name="F"><string>${value}</string></field>`;
  it("is no boolean because JavaScript has a word for it", async () => {
    const { boolean, one } = await import("../../src/esxcli/output.js");
    for (const word of ["constructor", "__proto__", "toString", "valueOf"])
      assert.throws(() => one({ flag: boolean("F") })(structure(flag(word))), { code: "OUTPUT_NOT_UNDERSTOOD" });
  });

  it("is no time without its zone, or with less than ESXi prints", async () => {
    const { time } = await import("../../src/esxcli/system.js");
    for (const word of [
      "2020-02-18T18:26:15",
      "2020",
      "1",
      "Tue Feb 18 2020",
      "2020-02-18T18:26:15+01:00",
      "2020-13-01T00:00:00Z",
    ])
      assert.throws(() => time.decode(document(`<string>${word}</string>`)), { code: "OUTPUT_NOT_UNDERSTOOD" });
    assert.equal(
      time.decode(document("<string>2020-02-18T18:26:15Z</string>")).getTime(),
      Date.UTC(2020, 1, 18, 18, 26, 15),
    );
  });

  it("is no CHAP of a direction that was not asked for, or that is said twice", async () => {
    const { chapGet } = await import("../../src/esxcli/iscsiAuth.js");
    const { decode } = chapGet({ kind: "adapter", vmhba: "vmhba64" }, "mutual");
    const row = (direction: string, level: string) =>
      `<structure>${Object.entries({ Direction: direction, Name: "a", Level: level })
        .map(([name, value]) => `<field name="${name}"><string>${value}</string></field>`)
        .join("")}</structure>`;
    const list = (...all: string[]) => document(`<list>${all.join("")}</list>`);
    assert.deepEqual(decode(list(row("uni", "preferred"), row("mutual", "required"))), {
      level: "required",
      name: "a",
    });
    assert.throws(() => decode(list(row("uni", "required"))), { code: "OUTPUT_NOT_UNDERSTOOD" });
    assert.throws(() => decode(list(row("mutual", "required"), row("mutual", "prohibited"))), {
      code: "OUTPUT_NOT_UNDERSTOOD",
    });
  });

  it("is no option of another command's help", () => {
    assert.throws(
      () => optionsOf("rdma iser add").decode("Usage: esxcli rdma iser delete [cmd options]\n  --device=<str>\n"),
      {
        code: "OUTPUT_NOT_UNDERSTOOD",
      },
    );
  });
});
