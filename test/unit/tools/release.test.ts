import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { broughtAlong, changelog, licences, versionFree } from "../../../tools/release.js";

describe("the check before a release", () => {
  it("asks for a version that is one, and that nobody has yet", () => {
    assert.deepEqual(versionFree("0.2.0", ["v0.1.0"]), []);
    assert.deepEqual(versionFree("1.0.0-rc.1", []), []);
    assert.match(versionFree("0.1.0", ["v0.1.0"])[0] ?? "", /v0\.1\.0 is released already/);
    assert.match(versionFree("0.1", [])[0] ?? "", /0\.1 is no version/);
  });

  it("asks for a changelog that begins with the version and its day", () => {
    const text = (first: string) => `# Changelog\n\n## ${first}\n\n- One.\n\n## 0.1.0 (2026-01-31)\n`;
    assert.deepEqual(changelog(text("0.2.0 (2026-02-28)"), "0.2.0"), []);
    assert.match(changelog(text("0.2.0 (unreleased)"), "0.2.0")[0] ?? "", /put the day of the release there/);
    assert.match(changelog(text("0.2.0"), "0.2.0")[0] ?? "", /put the day/);
    assert.match(changelog(text("0.1.1 (2026-02-28)"), "0.2.0")[0] ?? "", /and not with 0\.2\.0/);
    assert.equal(changelog("", "0.2.0").length, 1);
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
