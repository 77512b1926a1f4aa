import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const repository = join(__dirname, "..");

/** What keeps a version from being released, in sentences; nothing where nothing does. */
export type Objections = readonly string[];

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: true;
  readonly peer?: true;
  readonly devOptional?: true;
}

export interface Dependency {
  readonly name: string;
  readonly version: string;
  readonly licence: string | undefined;
}

/** The packages that a user has of this one, beside the peers, by the lock file. */
export function broughtAlong(
  lock = readFileSync(join(repository, "package-lock.json"), "utf8"),
): readonly Dependency[] {
  const { packages } = JSON.parse(lock) as { packages: Record<string, Locked> };
  return Object.entries(packages).flatMap(([path, { version = "", license, dev, peer, devOptional }]) =>
    path === "" || dev || peer || devOptional
      ? []
      : [{ name: path.replace(/^.*node_modules\//, ""), version, licence: license ?? formerly(path) }],
  );
}

/** Packages of long ago have a list of licences, which a lock file does not take over. */
function formerly(path: string): string | undefined {
  const file = join(repository, path, "package.json");
  if (!existsSync(file)) return undefined;
  const { licenses = [] } = JSON.parse(readFileSync(file, "utf8")) as { licenses?: readonly { type?: string }[] };
  return licenses.map(({ type }) => type).join(" OR ") || undefined;
}

/** The files of changes that wait for a release. */
export function waitingChanges(): readonly string[] {
  const files = readdirSync(join(repository, "changes")).filter((file) => file !== "README.md");
  return files.sort().map((file) => join(repository, "changes", file));
}

/** What may be used in a product under Apache-2.0 without a further condition than to name its authors. */
const permissive = ["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"];

export function licences(dependencies: readonly Dependency[]): Objections {
  return dependencies
    .filter(({ licence }) => licence === undefined || !permissive.includes(licence))
    .map(({ name, version, licence }) => `${name} ${version} has the licence ${licence ?? "(none that is told)"}`);
}

const unreleased = "(unreleased)";

/** The changelog with the lines of changes that wait for a release, under the version and the day. */
export function withChanges(text: string, version: string, day: string, changes: readonly string[]): string {
  for (const change of changes)
    if (!/^- .*\n(( {2}|- ).*\n)*$/.test(change))
      throw new Error(`Each line of a change begins with "- ", or with two spaces where one goes on:\n${change}`);
  const open = `## ${version} ${unreleased}\n`;
  const lines = changes.join("");
  const [head, ...sections] = text.split(/^(?=## )/m);
  const [first = "", ...earlier] = sections;
  const section = first.startsWith(open) ? first.slice(open.length).trim() : "";
  const rest = section === "" ? sections : earlier;
  return [
    head,
    `## ${version} (${day})\n\n${section}${section && "\n"}${lines}${rest.length > 0 ? "\n" : ""}`,
    ...rest,
  ].join("");
}

/** A version has a section, with the day of the release, and no change waits. `waiting`: the files of changes. */
export function changelog(text: string, version: string, waiting: readonly string[]): Objections {
  const [, first = ""] = /^## (.*)$/m.exec(text) ?? [];
  const cure = "npm run changelog";
  if (first.startsWith(`${version} ${unreleased}`) || waiting.length > 0)
    return [`CHANGELOG.md is not that of a release yet, ${waiting.length} changes wait in changes/: ${cure}`];
  const [name, day] = first.split(/[ ()]+/);
  if (name !== version) return [`CHANGELOG.md begins with "${first}", and not with ${version}: ${cure}`];
  return /^\d{4}-\d\d-\d\d$/.test(day ?? "")
    ? []
    : [`CHANGELOG.md says "${first}": put the day of the release there, as in "${version} (2026-01-31)"`];
}

/** `tags`: those that there are. */
export function versionFree(version: string, tags: readonly string[]): Objections {
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) return [`${version} is no version as semver has them`];
  return tags.includes(`v${version}`) ? [`v${version} is released already: raise the version in package.json`] : [];
}
