/**
 * Whether this tree can be released: `npm run release:check`. Nothing is published. Says of each point whether it holds, and ends with 1 where one does not.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./engine/process.js";
import { broughtAlong, changelog, licences, type Objections, versionFree, waitingChanges } from "./release.js";

const repository = join(__dirname, "..");
const read = (file: string) => readFileSync(join(repository, file), "utf8");
const { version } = JSON.parse(read("package.json")) as { version: string };

const commanded = (command: string, ...args: readonly string[]) =>
  run(command, args, { cwd: repository, env: process.env, timeoutMs: 300_000 });

async function holds(command: string, ...args: readonly string[]): Promise<Objections> {
  const { code, stdout, stderr } = await commanded(command, ...args);
  return code === 0 ? [] : [`${stdout}${stderr}`.trim() || `${command} ended with ${code}`];
}

/** The lines that a command of git prints. */
async function git(...args: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await commanded("git", ...args);
  if (code !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
  return lines(stdout);
}

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

function checks(folder: string): readonly [what: string, check: () => Objections | Promise<Objections>][] {
  const tarball = join(folder, `pulumi-esxi-iser-${version}.tgz`);
  return [
    ["nothing is uncommitted", () => git("status", "--porcelain")],
    ["the version is a new one", async () => versionFree(version, await git("tag", "--list"))],
    ["the changelog has it, with its day", () => changelog(read("CHANGELOG.md"), version, waitingChanges())],
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
