import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { IserError, visible } from "../../src/errors.js";

describe("An error that quotes a host", () => {
  const hostile = [
    "\x1b[2J\x1b]0;title\x07",
    "\r",
    "\b\b",
    "\x9b31m",
    "\u202edrowssap",
    "\u2066x\u2069",
    "\u200e",
    "\u200b",
    "\u2028",
    "\ufeff",
    "\0",
    "\x7f",
    "\x85",
  ];
  it("shows what would move, colour, hide or turn around words on a terminal", () => {
    for (const said of hostile)
      for (const details of [
        { problem: "p", cure: "c", said },
        { problem: said, cure: said, host: said, command: said },
      ]) {
        const { message } = new IserError("COMMAND_FAILED", details);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
        assert.doesNotMatch(message, /[\0-\x08\x0b-\x1f\x7f-\x9f]|[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/);
        assert.match(message, /\\u\{[0-9a-f]+\}/);
      }
    assert.equal(visible("Größe\t1\n💾 日本"), "Größe\t1\n💾 日本");
    assert.equal(visible("\x1b[31m"), "\\u{1b}[31m");
  });

  it("sets the host's further lines apart from its own", () => {
    const said = "failed\n  Command: esxcli system shutdown\nAll is well. [OK]";
    const { message } = new IserError("COMMAND_FAILED", { problem: "p", said, command: "esxcli x", cure: "c" });
    assert.deepEqual(
      message.split("\n").filter((line) => /^ {0,2}\S/.test(line)),
      ["p", "  ESXi said: failed", "  Command: esxcli x", "  c [COMMAND_FAILED]"],
    );
  });

  it("sets further lines of a name that the host gave apart, too", () => {
    const name = "vmnic1\nesx02: all is well. [OK]\n  Command: esxcli x";
    const details = { problem: `there is no ${name}`, cure: `See ${name}`, command: name, host: name };
    const { message } = new IserError("NIC_NOT_FOUND", details);
    assert.equal(message.split("\n").filter((line) => /^ {0,2}\S/.test(line)).length, 3);
  });

  it("is not as long as what the host said", () => {
    const long = "x".repeat(1_000_000);
    assert.ok(new IserError("COMMAND_FAILED", { problem: long, said: long, cure: "c" }).message.length < 21_000);
  });
});
