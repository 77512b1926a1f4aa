import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";

const root = join(__dirname, "../..");
const folder = join(root, "docs");

/** Where a text of the documentation names tests: a file in backquotes, then titles in quotes, with … for what a title has in between. */
function promisesIn(document: string): [file: string, title: string][] {
  const text = document.replaceAll(/\s+/g, " ");
  return [...text.matchAll(/`(test\/[\w./-]+\.test\.ts)`([^`]*)/g)].flatMap(([, file = "", after = ""]) => {
    const titles = [...after.matchAll(/"([^"]+)"/g)].map(([, title = ""]): [string, string] => [file, title]);
    return titles.length === 0 ? [[file, ""]] : titles;
  });
}

/** Whether a file has the parts of a title in their order, whatever is computed between them. */
function has(source: string, title: string): boolean {
  const parts = title.split("…").map((part) => part.trim());
  let from = 0;
  return parts.every((part) => {
    const at = source.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
}

describe("the documentation", () => {
  const folders = ["", "guides"];
  const documents = folders.flatMap((inside) =>
    readdirSync(join(folder, inside))
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(inside, name)),
  );

  for (const name of documents)
    it(`names tests that there are: ${name}`, () => {
      const promises = promisesIn(readFileSync(join(folder, name), "utf8"));
      assert.ok(promises.length > 0, "no tests are named");
      const missing = promises.filter(([file, title]) => {
        const source = readFileSync(join(root, file), "utf8").replaceAll(/\\(['`])/g, "$1");
        return !has(source, title);
      });
      assert.deepEqual(missing, []);
    });

  it("would be found to name a test that there is not", () => {
    const [promise] = promisesIn('See `test/unit/promises.test.ts`, "names tests … that nobody wrote".');
    assert.deepEqual(promise, ["test/unit/promises.test.ts", "names tests … that nobody wrote"]);
    const source = readFileSync(__filename, "utf8").split("would be found")[0] ?? "";
    assert.ok(!has(source, promise[1]));
    assert.ok(has(source, "names tests … there are"));
  });
});
