/**
 * The API reference in docs/api, made of the docstrings: `npm run docs:api` writes it, `npm run docs:check` fails where it is not what would be
 * written, or where something that users see has no docstring. What is made is set in typedoc.json.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, type DeclarationReflection, type ProjectReflection, ReflectionKind, UnknownType } from "typedoc";

const root = fileURLToPath(new URL("../..", import.meta.url));
const reference = join(root, "docs/api");

async function main(isCheck: boolean): Promise<string[]> {
  const written = isCheck ? mkdtempSync(join(tmpdir(), "esxi-iser-api-")) : reference;
  try {
    const app = await Application.bootstrapWithPlugins({ options: root, out: written, logLevel: "Warn" });
    const project = await app.convert();
    if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings())
      return ["typedoc failed: see above"];
    shorten(project);
    rmSync(written, { recursive: true, force: true });
    await app.generateOutputs(project);
    return [...undocumented(project), ...withoutPage(project, written), ...(isCheck ? differences(written) : [])];
  } finally {
    if (isCheck) rmSync(written, { recursive: true, force: true });
  }
}

/** A setting that may be left out in part: what TypeScript makes of it has a thousand characters, what the source says has twenty. */
function shorten(project: ProjectReflection): void {
  const partly = exportsOf(project).filter(({ extendedTypes = [] }) =>
    extendedTypes.some((type) => type.toString() === "Partly<IserHostSettings>"),
  );
  const settings = new Set(
    exportsOf(project)
      .filter(({ name }) => name === "IserHostSettings")
      .flatMap(({ children = [] }) => children.map(({ name }) => name)),
  );
  for (const property of partly.flatMap(({ children = [] }) => children))
    if (settings.has(property.name)) property.type = new UnknownType(`Partly<IserHostSettings["${property.name}"]>`);
}

/** What users pass in: of these, each property is explained. */
const isPassedIn = ({ kind, name }: DeclarationReflection) =>
  kind === ReflectionKind.Interface && /(Args|Options|Settings|Defaults)$/.test(name);

/** Whatever a program can import, and each property of what it passes in. */
function undocumented(project: ProjectReflection): string[] {
  const exported = exportsOf(project);
  const properties = exported.filter(isPassedIn).flatMap(({ children = [] }) => children);
  return [...exported, ...properties]
    .filter((reflection) => !hasText(reflection))
    .map((reflection) => `${reflection.getFullName()} has no docstring`);
}

function exportsOf(project: ProjectReflection): DeclarationReflection[] {
  return (project.children ?? []).flatMap(({ children = [] }) => children);
}

function hasText(reflection: DeclarationReflection): boolean {
  const comments = [reflection, ...(reflection.signatures ?? [])].map(({ comment }) => comment);
  return comments.some((comment) => (comment?.summary ?? []).some(({ text }) => text.trim() !== ""));
}

function withoutPage(project: ProjectReflection, folder: string): string[] {
  const pages = new Set(filesOf(folder).map((file) => file.split("/").at(-1)));
  return exportsOf(project).flatMap(({ name }) => (pages.has(`${name}.md`) ? [] : [`${name} has no page`]));
}

function differences(made: string): string[] {
  const [now, kept] = [contents(made), contents(reference)];
  return [...new Set([...now.keys(), ...kept.keys()])]
    .filter((file) => now.get(file) !== kept.get(file))
    .map((file) => `docs/api/${file} is not what the docstrings say: npm run docs:api`);
}

function contents(folder: string): Map<string, string> {
  return new Map(filesOf(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]));
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
}

const problems = await main(process.argv.includes("--check"));
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
