// Asks the registry for known vulnerabilities of what a user gets with this package. A finding fails unless it is explained here.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Advisory (GHSA-…) → why it does not concern this package. Empty: none is known. */
const explained = {};

/** What `npm audit --json` printed, as a verdict: whether it was checked, and what is found and not explained. */
export function judge(text, known = explained) {
  let report;
  try {
    report = JSON.parse(text);
  } catch {
    return { checked: false, why: "npm printed no JSON", findings: [] };
  }
  // Not an empty list: the service may have answered something else.
  if (typeof report.vulnerabilities !== "object" || typeof report.metadata?.vulnerabilities?.total !== "number")
    return { checked: false, why: report.message ?? "npm printed no report", findings: [] };
  const advisories = Object.values(report.vulnerabilities).flatMap(({ name, via = [] }) =>
    via
      .filter((one) => typeof one === "object")
      .map(({ title, url = "", severity }) => ({
        id: url.split("/").at(-1),
        text: `${name}: ${title} (${severity}) ${url}`,
      })),
  );
  return { checked: true, findings: advisories.filter(({ id }) => !Object.hasOwn(known, id)).map(({ text }) => text) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { stdout } = spawnSync("npm", ["audit", "--omit=dev", "--json"], { encoding: "utf8" });
  const { checked, why, findings } = judge(stdout ?? "");
  if (!checked)
    console.log(
      `audit: NOT CHECKED, the registry has no audit service to ask (${why}). docs/security.md says what is known.`,
    );
  else if (findings.length === 0)
    console.log("audit: nothing is known of the dependencies, but what is explained in tools/audit.mjs");
  else {
    for (const finding of findings) console.error(`audit: ${finding}`);
    process.exitCode = 1;
  }
}
