import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Env, RunError, run } from "../../tools/engine/process.js";

/** A way to have the package that is promised. */
export interface Layout {
  readonly install: Installer;
  /** What the program is written in. TypeScript is run by ts-node, as Pulumi does by default. */
  readonly language: "TypeScript" | "JavaScript" | "ES module";
  /** The major version of Node. */
  readonly node?: "22" | "24";
  readonly sdk?: "lowest" | "newest";
}

export interface Manifest {
  readonly [field: string]: unknown;
  readonly dependencies: Record<string, string>;
}

export interface Packed {
  readonly tarball: string;
  readonly files: string[];
}

/** Puts the packed package beside a program and returns the program's folder. */
type Installer = (folder: string, tarball: string, program: Manifest) => Promise<string>;

export const repository = join(__dirname, "../..");
const LIMIT_MS = 180_000;
const quick = ["--prefer-offline", "--ignore-scripts"];
const npmInstall = ["install", ...quick, "--no-audit", "--no-fund"];

export const npm: Installer = async (folder, tarball, program) => {
  writeManifest(folder, withPackage(program, `file:${tarball}`));
  await command("npm", npmInstall, folder);
  return folder;
};

const pnpm: Installer = async (folder, tarball, program) => {
  writeManifest(folder, withPackage(program, `file:${tarball}`));
  // Started in the repository: where pnpm is among its dependencies, npx takes that one. With CI set, pnpm would ask for a lock file.
  const arguments_ = ["--yes", "pnpm@9", "--dir", folder, "install", ...quick, "--no-frozen-lockfile"];
  await command("npx", arguments_, repository);
  return folder;
};

const workspace: Installer = async (folder, tarball, program) => {
  const programFolder = join(folder, "program");
  writeManifest(folder, { name: "workspaces", private: true, workspaces: ["package", "program"] });
  writeManifest(programFolder, withPackage(program, "*"));
  // The tarball has all in the folder "package".
  await command("tar", ["-xzf", tarball], folder);
  // What it is developed with would have npm put the program's version of a peer elsewhere, as soon as there is a newer one.
  const { devDependencies, ...manifest } = readManifest(join(folder, "package"));
  writeManifest(join(folder, "package"), manifest);
  await command("npm", [...npmInstall, "--omit=dev"], folder);
  return programFolder;
};

/** Yarn, which knows nothing of npm's settings. `linker`: where it puts packages. */
export function yarn(linker: "node-modules" | "pnp"): Installer {
  return async (folder, tarball, program) => {
    writeManifest(folder, withPackage(program, `file:${tarball}`));
    const registry = (await command("npm", ["config", "get", "registry"], repository)).trim();
    const settings = {
      nodeLinker: linker,
      npmRegistryServer: registry,
      enableScripts: false,
      enableImmutableInstalls: false,
      enableTelemetry: false,
    };
    writeFileSync(join(folder, ".yarnrc.yml"), JSON.stringify(settings));
    // Without a lock file of its own, Yarn takes the folder to belong to a project above.
    writeFileSync(join(folder, "yarn.lock"), "");
    await runYarn(folder, ["install"]);
    return folder;
  };
}

export function runYarn(folder: string, args: readonly string[]): Promise<string> {
  return command("npx", ["--yes", "@yarnpkg/cli-dist@4", ...args], folder);
}

/**
 * Each way to install, each language, each version of Node and of the SDK at least once; not each with each. Where nothing is said the Node is the one
 * that runs the tests, and the SDK the one of this repository.
 */
export const layouts: Readonly<Record<string, Layout>> = {
  npm: { install: npm, language: "TypeScript" },
  "pnpm, Node 22": { install: pnpm, language: "TypeScript", node: "22" },
  "Yarn with node_modules, JavaScript, Node 24": { install: yarn("node-modules"), language: "JavaScript", node: "24" },
  "an npm workspace, ES module": { install: workspace, language: "ES module" },
  "npm, the lowest SDK that is promised": { install: npm, language: "TypeScript", sdk: "lowest" },
  "npm, the newest SDK, Node 24": { install: npm, language: "TypeScript", node: "24", sdk: "newest" },
};

/** The manifest of a program of that layout. */
export function manifestOf({ language, sdk }: Pick<Layout, "language" | "sdk">): Manifest {
  const { peerDependencies } = readManifest(repository) as { peerDependencies: Record<string, string> };
  const lowest = (peerDependencies["@pulumi/pulumi"] ?? "").replace("^", "");
  return {
    name: "program",
    private: true,
    type: language === "ES module" ? "module" : "commonjs",
    dependencies: {
      "@pulumi/pulumi": { lowest, newest: "latest", here: versionHere("@pulumi/pulumi") }[sdk ?? "here"],
      ...(language === "TypeScript"
        ? { "@types/node": versionHere("@types/node"), typescript: versionHere("typescript") }
        : {}),
    },
  };
}

/** The folder of a Node of that major version, from the packages that nodejs.org's builds are in on npm. */
export async function nodeOf(folder: string, major: string | undefined): Promise<string> {
  if (major === undefined) return dirname(process.execPath);
  return join(await fromNpm(folder, `node-${process.platform}-${process.arch}`, major), "bin");
}

/** The folder of Bun's program. */
export async function bunIn(folder: string): Promise<string> {
  const architecture = process.arch === "arm64" ? "aarch64" : process.arch;
  return join(await fromNpm(folder, `@oven/bun-${process.platform}-${architecture}`, "1"), "bin");
}

async function fromNpm(folder: string, name: string, version: string): Promise<string> {
  const home = join(folder, `${name.replace("/", "-")}-${version}`);
  mkdirSync(home, { recursive: true });
  await command("npm", [...npmInstall, "--prefix", home, `${name}@${version}`], home);
  return join(home, "node_modules", name);
}

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
  return versionIn(repository, name);
}

/** The version of a package that a folder has. */
export function versionIn(folder: string, name: string): string {
  return String(readManifest(join(folder, "node_modules", name)).version);
}

/** Runs a command to its end and returns what it printed; any status but 0 is an error that quotes all of it. */
export async function command(name: string, args: readonly string[], cwd: string, env?: Env): Promise<string> {
  const line = [name, ...args].join(" ");
  try {
    const options = { cwd, env: { ...process.env, ...env }, timeoutMs: LIMIT_MS };
    const { code, stdout, stderr } = await run(name, args, options);
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
