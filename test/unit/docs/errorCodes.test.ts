import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { errorCodes } from "../../../src/errors.js";
import { read } from "../../support/markdown.js";

const guide = read("docs/guides/troubleshooting.md");
/** The text of each section that is named by a code. */
const sections = new Map(
  guide
    .split(/^#{2,} /m)
    .slice(1)
    .map((section): [string, string] => {
      const [title = "", ...text] = section.split("\n");
      return [title.trim(), text.join("\n").trim()];
    })
    .filter(([title]) => /^[A-Z_]+$/.test(title)),
);
const codes = Object.keys(errorCodes).sort();

describe("the guide to errors", () => {
  it("has a section for every code, and for no other", () => assert.deepEqual([...sections.keys()].sort(), codes));

  it("says something in each", () => {
    for (const [code, text] of sections) assert.ok(text.length > 60, code);
  });

  it("names no code that there is not, in any of its words, nor does any other guide", () => {
    const known = new Set(codes);
    const like = /\b(?:[A-Z]+_)+[A-Z]+\b/g;
    // Variables of the environment are written as codes are.
    const others = /^(ESXI_ISER|PULUMI|GITHUB|GH|RUNNER)_|_TOKEN$/;
    const files = ["troubleshooting", "limits-and-unknowns", "credentials-rotation", "declaring", "drift-jobs"];
    const named = files.flatMap((file) => read(`docs/guides/${file}.md`).match(like) ?? []);
    assert.ok(named.length > codes.length);
    assert.deepEqual(
      named.filter((word) => !known.has(word) && !others.test(word)),
      [],
    );
  });
});
