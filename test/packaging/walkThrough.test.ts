import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { onAbandon } from "../../tools/engine/process.js";
import { command } from "../support/layouts.js";
import { type Block, blocksOf, repository } from "../support/markdown.js";

const guide = "docs/adding-a-resource.md";

/** What the steps and their checks need of the repository. */
const copied = [
  "src",
  "test",
  "tools",
  "package.json",
  "tsconfig.json",
  "biome.json",
  ".gitignore",
  ".mocharc.json",
  ".dependency-cruiser.cjs",
];

/** Does what a block says: a file that is new, or lines before the first line that begins with a text. */
function follow(root: string, { mark, text, line }: Block): void {
  const told = `${guide}:${line}`;
  if (mark?.kind === "new file") {
    const file = join(root, mark.name);
    assert.ok(!existsSync(file), `${told}: ${mark.name} is there already`);
    writeFileSync(file, text);
  }
  if (mark?.kind === "insert") {
    const { name = "", beginning = "" } =
      /^(?<name>\S+), before (["'])(?<beginning>.+)\2$/.exec(mark.name)?.groups ?? {};
    const lines = readFileSync(join(root, name), "utf8").split("\n");
    const at = lines.findIndex((one) => one.startsWith(beginning));
    assert.ok(at >= 0 && beginning !== "", `${told}: ${name} has no line that begins with ${beginning}`);
    writeFileSync(join(root, name), [...lines.slice(0, at), text.replace(/\n$/, ""), ...lines.slice(at)].join("\n"));
  }
}

describe("the walk-through to a new resource", function () {
  this.timeout(300_000);
  let root: string;
  let forget: () => void;
  const remove = () => rmSync(root, { recursive: true, force: true });
  // The coverage of another tree is none of this one.
  const run = (...[program = "", ...args]: string[]) => command(program, args, root, { NODE_V8_COVERAGE: undefined });

  before(() => {
    root = mkdtempSync(join(tmpdir(), "esxi-iser-walk-"));
    forget = onAbandon(remove);
    for (const name of copied) cpSync(join(repository, name), join(root, name), { recursive: true });
    symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  });
  after(() => {
    forget();
    remove();
  });

  it("makes a resource that passes what every resource passes", async () => {
    const blocks = blocksOf(guide);
    for (const block of blocks) follow(root, block);
    assert.ok(blocks.filter(({ mark }) => mark?.kind === "insert").length > 10);

    await run("npx", "--no-install", "biome", "check", "--write", "--error-on-warnings", "src", "test");
    await run("npx", "--no-install", "tsc", "--noEmit", "-p", "tsconfig.json");
    await run("npx", "--no-install", "depcruise", "--preserve-symlinks", "--config", ".dependency-cruiser.cjs", "src");
    const tests = ["test/unit/resources/hostName.test.ts", "test/integration/resources/lifecycle.test.ts"];
    const report = await run("npx", "--no-install", "mocha", ...tests, "-g", "HostName");
    assert.match(report, /HostName on an ESXi 8\.0 host[\s\S]*leaves the host as it was when it is destroyed/);
    const [, passing = "0"] = /(\d+) passing/.exec(report) ?? [];
    assert.ok(Number(passing) >= 10, report);
  });
});
