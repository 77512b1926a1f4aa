/** `npm run changelog`: what waits in changes/ gets into CHANGELOG.md, under the version of package.json and today. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitingChanges, withChanges } from "./release.js";

const [file, manifest] = ["CHANGELOG.md", "package.json"].map((name) => join(__dirname, "..", name)) as [
  string,
  string,
];
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
const waiting = waitingChanges();
const changes = waiting.map((path) => readFileSync(path, "utf8"));
const today = new Date().toISOString().slice(0, "2026-01-31".length);
writeFileSync(file, withChanges(readFileSync(file, "utf8"), version, today, changes));
for (const path of waiting) rmSync(path);
console.log(`CHANGELOG.md: ${version} (${today}), ${waiting.length} changes more`);
