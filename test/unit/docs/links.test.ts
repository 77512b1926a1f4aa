import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { anchorsIn, deadLinks, documents, linksIn, read } from "../../support/markdown.js";

describe("the links in the documents", () => {
  it("lead somewhere, in every document", async () => {
    const dead: string[] = [];
    for (const file of documents()) dead.push(...(await deadLinks(file)).map((link) => `${file}: ${link}`));
    assert.deepEqual(dead, []);
  });

  it("are found: those of the README, and those of the API reference", () => {
    assert.ok(linksIn(read("README.md")).length > 20);
    assert.ok(documents().some((file) => file.startsWith("docs/api/") && linksIn(read(file)).length > 20));
  });

  it("would be found dead: a file, a heading of another file, a heading of the same one", async () => {
    const text =
      "# Here `code`\n[a](nowhere.md) [b](README.md#nowhere) [c](#nowhere) [d](#here-code) [e](docs) ![f](no.svg)";
    assert.deepEqual(await deadLinks("CHANGELOG.md", text), ["nowhere.md", "README.md#nowhere", "#nowhere", "no.svg"]);
  });

  it("go to headings as GitHub names them", async () => {
    const text = "# See what is wrong\n## `topology`, or: the `way`\n## See what is wrong\n";
    assert.deepEqual([...(await anchorsIn(text))], ["see-what-is-wrong", "topology-or-the-way", "see-what-is-wrong-1"]);
  });
});
