import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { broughtAlong, changelog, licences, versionFree, waitingChanges, withChanges } from "../../../tools/release.js";

describe("the check before a release", () => {
  it("asks for a version that is one, and that nobody has yet", () => {
    assert.deepEqual(versionFree("0.2.0", ["v0.1.0"]), []);
    assert.deepEqual(versionFree("1.0.0-rc.1", []), []);
    assert.match(versionFree("0.1.0", ["v0.1.0"])[0] ?? "", /v0\.1\.0 is released already/);
    assert.match(versionFree("0.1", [])[0] ?? "", /0\.1 is no version/);
  });

  const text = (first: string) => `# Changelog\n\n## ${first}\n\n- One.\n\n## 0.1.0 (2026-01-31)\n\n- Old.\n`;

  it("asks for a changelog that begins with the version and its day, and for no change that waits", () => {
    const objection = (first: string, waiting: readonly string[] = []) =>
      changelog(text(first), "0.2.0", waiting)[0] ?? "none";
    assert.equal(objection("0.2.0 (2026-02-28)"), "none");
    assert.match(objection("0.2.0 (unreleased)"), /0 changes wait.*npm run changelog/);
    assert.match(objection("0.2.0 (2026-02-28)", ["changes/a.md"]), /1 changes wait.*npm run changelog/);
    assert.match(objection("0.2.0"), /put the day/);
    assert.match(objection("0.1.1 (2026-02-28)"), /and not with 0\.2\.0/);
    assert.equal(changelog("", "0.2.0", []).length, 1);
  });

  it("puts the changes that wait under the version and the day", () => {
    const put = (given: string) =>
      withChanges(given, "0.2.0", "2026-02-28", ["- Two.\n", "- Three,\n  long.\n- Four.\n"]);
    const changes = "- Two.\n- Three,\n  long.\n- Four.\n";
    assert.equal(
      put(text("0.2.0 (unreleased)")),
      `# Changelog\n\n## 0.2.0 (2026-02-28)\n\n- One.\n${changes}\n## 0.1.0 (2026-01-31)\n\n- Old.\n`,
    );
    assert.equal(
      put("# Changelog\n\n## 0.1.0 (2026-01-31)\n\n- Old.\n"),
      `# Changelog\n\n## 0.2.0 (2026-02-28)\n\n${changes}\n## 0.1.0 (2026-01-31)\n\n- Old.\n`,
    );
    assert.equal(put("# Changelog\n\n"), `# Changelog\n\n## 0.2.0 (2026-02-28)\n\n${changes}`);
    assert.deepEqual(changelog(put(text("0.2.0 (unreleased)")), "0.2.0", []), []);
  });

  it("takes no change that is not written as one", () => {
    for (const change of ["Two.\n", "- Two.", "- Two.\nmore\n", "\n- Two.\n", ""])
      assert.throws(() => withChanges(text("0.2.0"), "0.2.0", "2026-02-28", [change]), /begins with "- "/, change);
    const waiting = waitingChanges().map((file) => readFileSync(file, "utf8"));
    assert.doesNotThrow(() => withChanges("", "0.2.0", "2026-02-28", waiting));
  });

  it("asks for licences that allow a release, of what a user gets", () => {
    const lock = (packages: object) => JSON.stringify({ packages });
    const dependencies = broughtAlong(
      lock({
        "": { version: "0.1.0", license: "Apache-2.0" },
        "node_modules/a": { version: "1.0.0", license: "MIT" },
        "node_modules/a/node_modules/@scope/b": { version: "2.0.0", license: "GPL-3.0" },
        "node_modules/c": { version: "3.0.0" },
        "node_modules/d": { version: "4.0.0", license: "GPL-3.0", dev: true },
        "node_modules/e": { version: "5.0.0", license: "GPL-3.0", peer: true },
      }),
    );
    assert.deepEqual(
      dependencies.map(({ name }) => name),
      ["a", "@scope/b", "c"],
    );
    assert.deepEqual(licences(dependencies), [
      "@scope/b 2.0.0 has the licence GPL-3.0",
      "c 3.0.0 has the licence (none that is told)",
    ]);
  });

  it("has no objection to what comes with this package", () => {
    assert.ok(broughtAlong().some(({ name }) => name === "ssh2"));
    assert.deepEqual(licences(broughtAlong()), []);
  });
});
