import assert from "node:assert/strict";
import { describe, it } from "mocha";

interface Verdict {
  readonly checked: boolean;
  readonly findings: readonly string[];
}

const finding = {
  name: "one",
  via: [{ title: "a hole", url: "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", severity: "high" }, "other"],
};
const report = (vulnerabilities: object) =>
  JSON.stringify({ vulnerabilities, metadata: { vulnerabilities: { total: Object.keys(vulnerabilities).length } } });

describe("the audit of the dependencies", () => {
  let judge: (text: string, known?: Record<string, string>) => Verdict;
  before(async () => {
    const file = "../../../tools/audit.mjs";
    ({ judge } = await import(file));
  });

  it("tells an advisory that nobody has explained", () => {
    assert.deepEqual(judge(report({ one: finding })).findings, [
      "one: a hole (high) https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
    ]);
    assert.deepEqual(judge(report({ one: finding }), { "GHSA-aaaa-bbbb-cccc": "not used" }).findings, []);
    assert.deepEqual(judge(report({})), { checked: true, findings: [] });
  });

  it("takes no other answer for a clean one", () => {
    for (const text of ["", "no JSON", '{"message":"405 Method Not Allowed"}', "{}"])
      assert.equal(judge(text).checked, false, text);
  });
});
