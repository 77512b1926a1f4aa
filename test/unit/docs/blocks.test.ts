import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { esxiIser } from "../../support/cli.js";
import { type Block, blocksOf, read, repository, written } from "../../support/markdown.js";
import { explains, isShell, optionsOf, toldCommands, toldOf } from "../../support/shellBlocks.js";

const blocks = written().flatMap((file) => blocksOf(file));

/** What is done with a block: by its mark, or by its language. */
function kindOf(block: Block): string {
  if (block.mark !== undefined) return block.mark.kind;
  return isShell(block) ? "commands" : `unmarked ${block.language}`.trim();
}

describe("the code blocks in the documents", function () {
  this.timeout(60_000);

  it("are run, checked or told not to be: so many of each", () => {
    const counts: Record<string, number> = {};
    for (const block of blocks) counts[kindOf(block)] = (counts[kindOf(block)] ?? 0) + 1;
    assert.deepEqual(counts, {
      /** Programs and tests: `test/documents/readme.test.ts`, `guides.test.ts`. */
      program: 7,
      /** Commands with what they print: `test/integration/cli/readmeSessions.test.ts`. */
      session: 6,
      /** Commands that are run in their order: `test/documents/guides.test.ts`. */
      run: 8,
      /** Commands whose names and options are checked: below, and in `guides.test.ts`. */
      commands: 18,
      /** A policy pack and its configuration: `test/acceptance/policy.test.ts`. */
      policy: 2,
      /** What a new resource consists of: `test/packaging/walkThrough.test.ts`. */
      "new file": 3,
      insert: 15,
      "not run": 10,
    });
  });

  it("that cannot run say why", () => {
    for (const { file, line, mark } of blocks)
      if (mark?.kind === "not run") assert.ok(mark.name.length > 8, `${file}:${line}`);
  });

  it("name scripts of npm, files and programs of this repository that there are", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const run = toldOf("npm", "run").map(({ at, words }) => [at, words[0] ?? ""] as const);
    assert.ok(run.length > 5);
    assert.deepEqual(
      run.filter(([, name]) => scripts[name] === undefined),
      [],
    );
    const files = toldCommands().filter(({ words: [program] }) => program === "node" || program === ".ci/run");
    for (const { at, words } of files) {
      const file = words.find((word) => /\w\/\w/.test(word)) ?? "";
      assert.ok(existsSync(join(repository, file)), `${at}: ${file}`);
    }
  });

  it("name commands and options that esxi-iser has", async () => {
    const told = toldOf("npx", "esxi-iser").concat(toldOf("esxi-iser"));
    const names = [...new Set(told.map(({ words }) => words[0] ?? ""))].filter((name) => !name.startsWith("-"));
    assert.ok(names.length >= 6, names.join());
    const helps = new Map(
      await Promise.all(
        names.map(async (name): Promise<[string, string]> => {
          const { status, stdout, stderr } = await esxiIser([name, "--help"]);
          assert.equal(status, 0, `esxi-iser ${name}: ${stderr}`);
          return [name, stdout];
        }),
      ),
    );
    const unknown = told.flatMap(({ at, words: [name = "", ...words] }) =>
      optionsOf(words)
        .filter((option) => !explains(helps.get(name) ?? "", option))
        .map((option) => `${at}: ${name} ${option}`),
    );
    assert.deepEqual(unknown, []);
    assert.ok(!explains(helps.get("doctor") ?? "", "--js"));
  });
});

describe("the files for GitHub", () => {
  const templates = ["bug.yml", "feature.yml", "esxi-output.yml"];

  for (const name of templates)
    it(`is a form: ${name}`, () => {
      const form = parse(read(`.github/ISSUE_TEMPLATE/${name}`)) as Record<string, unknown>;
      for (const field of ["name", "description", "body"]) assert.ok(form[field], field);
      const body = form.body as { type: string; id?: string; attributes: Record<string, unknown> }[];
      const ids = body.flatMap(({ id }) => id ?? []);
      assert.equal(new Set(ids).size, ids.length);
      for (const { type, id, attributes } of body) {
        assert.match(type, /^(markdown|input|textarea|dropdown|checkboxes)$/);
        if (type === "markdown") assert.ok(attributes.value);
        else assert.ok(id && attributes.label, JSON.stringify(attributes));
      }
    });

  it("asks in a report of a fault for what doctor says, and for versions", () => {
    const text = read(".github/ISSUE_TEMPLATE/bug.yml");
    assert.match(text, /esxi-iser doctor --json/);
    for (const version of ["pulumi version", "node --version", "esxcli system version get"])
      assert.ok(text.includes(version));
  });

  it("leads reports of weaknesses elsewhere", () => {
    const { contact_links: links } = parse(read(".github/ISSUE_TEMPLATE/config.yml")) as {
      contact_links: { about: string }[];
    };
    assert.match(links[0]?.about ?? "", /SECURITY\.md/);
  });
});
