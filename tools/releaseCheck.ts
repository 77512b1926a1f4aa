/**
 * Whether this tree can be released: `npm run release:check`. Nothing is published. Says of each point whether it holds, and ends with 1 where one does not.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { broughtAlong, changelog, licences, type Objections, versionFree } from "./release.js";

const repository = join(__dirname, "..");
const read = (file: string) => readFileSync(join(repository, file), "utf8");
const { version } = JSON.parse(read("package.json")) as { version: string };

/** What a command prints; rejected with what it said where it fails. */
async function printed(command: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(command, args, { cwd: repository, maxBuffer: 64 * 1024 * 1024 })).stdout;
}

async function holds(command: string, ...args: readonly string[]): Promise<Objections> {
  try {
    await printed(command, ...args);
    return [];
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    return [`${stdout}${stderr}`.trim() || message];
  }
}

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

function checks(folder: string): readonly [what: string, check: () => Objections | Promise<Objections>][] {
  const tarball = join(folder, `pulumi-esxi-iser-${version}.tgz`);
  return [
    ["nothing is uncommitted", async () => lines(await printed("git", "status", "--porcelain"))],
    ["the version is a new one", async () => versionFree(version, lines(await printed("git", "tag", "--list")))],
    ["the changelog has it, with its day", () => changelog(read("CHANGELOG.md"), version)],
    [
      "its state is kept for the tests of later versions",
      () =>
        existsSync(join(repository, `test/fixtures/states/${version}.json`))
          ? []
          : [`test/fixtures/states/${version}.json is missing: npm run state:keep`],
    ],
    ["the licences of what comes with it allow that", () => licences(broughtAlong())],
    ["the API reference is that of the docstrings", () => holds("npm", "run", "--silent", "docs:check")],
    ["it can be packed", () => holds("npm", "pack", "--pack-destination", folder)],
    ["publint finds nothing in the package", () => holds("npx", "--no-install", "publint", "run", tarball, "--strict")],
    ["attw finds nothing in its types", () => holds("npx", "--no-install", "attw", tarball)],
  ];
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "esxi-iser-release-"));
  try {
    console.log(`pulumi-esxi-iser ${version}`);
    for (const [what, check] of checks(folder)) {
      const objections = await check();
      console.log(`${objections.length === 0 ? "ok " : "NO "} ${what}`);
      for (const objection of objections) console.log(`    ${objection.replaceAll("\n", "\n    ")}`);
      if (objections.length > 0) process.exitCode = 1;
    }
    console.log(
      process.exitCode === 1
        ? "Not to be released like this."
        : `Can be released, when .ci/run has passed: git tag v${version}, npm publish.`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
