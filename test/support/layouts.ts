import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunError, run } from "../../tools/engine/process.js";

export interface Layout {
  readonly name: string;
  /** The program is an ES module in JavaScript; else it is TypeScript, which Pulumi makes CommonJS. */
  readonly esm: boolean;
  /** Puts the packed package beside a program and returns the program's folder. */
  readonly install: (folder: string, tarball: string, program: Manifest) => Promise<string>;
}

export interface Manifest {
  readonly [field: string]: unknown;
  readonly dependencies: Record<string, string>;
}

export interface Packed {
  readonly tarball: string;
  readonly files: string[];
}

export const repository = join(__dirname, "../..");
const LIMIT_MS = 180_000;
const quick = ["--prefer-offline", "--ignore-scripts"];
const npmInstall = ["install", ...quick, "--no-audit", "--no-fund"];

/** How node_modules may come to be: flat, of links into a store, or with the package as a link to a folder beside it. */
export const layouts: readonly Layout[] = [
  {
    name: "an npm install",
    esm: false,
    async install(folder, tarball, program) {
      writeManifest(folder, withPackage(program, `file:${tarball}`));
      await command("npm", npmInstall, folder);
      return folder;
    },
  },
  {
    name: "a pnpm install",
    esm: false,
    async install(folder, tarball, program) {
      writeManifest(folder, withPackage(program, `file:${tarball}`));
      // Started in the repository: where pnpm is among its dependencies, npx takes that one. With CI set, pnpm would ask for a lock file.
      const pnpm = ["--yes", "pnpm@9", "--dir", folder, "install", ...quick, "--no-frozen-lockfile"];
      await command("npx", pnpm, repository);
      return folder;
    },
  },
  {
    name: "an npm workspace",
    esm: true,
    async install(folder, tarball, program) {
      const programFolder = join(folder, "program");
      writeManifest(folder, { name: "workspaces", private: true, workspaces: ["package", "program"] });
      writeManifest(programFolder, { ...withPackage(program, "*"), type: "module" });
      // The tarball has all in the folder "package".
      await command("tar", ["-xzf", tarball], folder);
      // What it is developed with would have npm put the program's version of a peer elsewhere, as soon as there is a newer one.
      const { devDependencies, ...manifest } = readManifest(join(folder, "package"));
      writeManifest(join(folder, "package"), manifest);
      await command("npm", [...npmInstall, "--omit=dev"], folder);
      return programFolder;
    },
  },
];

/** `npm pack` of this repository, built first if its source has changed. */
export async function pack(folder: string): Promise<Packed> {
  await command(process.execPath, ["tools/bootstrap.mjs", "--build"], repository);
  const printed = await command(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
    repository,
  );
  const [packed] = JSON.parse(printed) as { filename: string; files: { path: string }[] }[];
  if (packed === undefined) throw new Error(`npm pack names no package:\n${printed}`);
  return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** The version that this repository is tested with. */
export function versionHere(name: string): string {
  return String(readManifest(join(repository, "node_modules", name)).version);
}

/** Runs a command to its end and returns what it printed; any status but 0 is an error that quotes all of it. */
export async function command(name: string, args: readonly string[], cwd: string): Promise<string> {
  const line = [name, ...args].join(" ");
  try {
    const { code, stdout, stderr } = await run(name, args, { cwd, env: process.env, timeoutMs: LIMIT_MS });
    if (code !== 0) throw new Error(`\`${line}\` ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    throw new Error(`\`${line}\` ${error.message}:\n${error.stdout}${error.stderr}`, { cause: error });
  }
}

function withPackage(program: Manifest, from: string): Manifest {
  return { ...program, dependencies: { ...program.dependencies, "pulumi-esxi-iser": from } };
}

function readManifest(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

function writeManifest(folder: string, manifest: Record<string, unknown>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}
