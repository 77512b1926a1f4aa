import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, it } from "mocha";
import { Progress, painter } from "../../../src/cli/terminal.js";

/** Keeps what is written. */
function stream(isTTY: boolean) {
  let text = "";
  return {
    isTTY,
    write: (more: string | Uint8Array) => {
      text += String(more);
      return true;
    },
    get text() {
      return text;
    },
  };
}

describe("what a command shows of its work", () => {
  it("is one line on a terminal, written over, that is gone at the end", () => {
    const terminal = stream(true);
    const progress = new Progress("Hosts read", 3, terminal);
    progress.step();
    progress.step();
    assert.deepEqual(terminal.text.split("\r").map(stripVTControlCharacters), [
      "",
      "Hosts read: 0 of 3",
      "Hosts read: 1 of 3",
      "Hosts read: 2 of 3",
    ]);
    assert.equal(terminal.text.includes("\n"), false);
    progress.clear();
    assert.ok(terminal.text.endsWith("\r\u001b[K"));
    const before = terminal.text;
    progress.clear();
    assert.equal(terminal.text, before);
  });

  it("is nothing elsewhere", () => {
    const file = stream(false);
    const progress = new Progress("Hosts read", 1, file);
    progress.step();
    progress.clear();
    assert.equal(file.text, "");
  });
});

describe("colours", () => {
  const kept = { ...process.env };
  beforeEach(() => {
    for (const name of ["NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS", "TERM"]) delete process.env[name];
  });
  afterEach(() => {
    process.env = { ...kept };
  });

  it("are on a terminal", () => assert.equal(painter({ isTTY: true })("red", "broken"), "\u001b[31mbroken\u001b[39m"));

  const plain: Readonly<Record<string, { isTTY: boolean; env?: NodeJS.ProcessEnv }>> = {
    elsewhere: { isTTY: false },
    "where NO_COLOR is set": { isTTY: true, env: { NO_COLOR: "1" } },
    "on a terminal that has none": { isTTY: true, env: { TERM: "dumb" } },
  };
  for (const [where, { isTTY, env }] of Object.entries(plain))
    it(`are not ${where}`, () => {
      Object.assign(process.env, env);
      assert.equal(painter({ isTTY })("red", "broken"), "broken");
    });
});
