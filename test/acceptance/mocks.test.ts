import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";

const repository = join(__dirname, "../..");
const [, tests = ""] =
  /```ts\n([\s\S]*?)```/.exec(readFileSync(join(repository, "docs/guides/unit-testing.md"), "utf8")) ?? [];

/** Runs a program of this repository; what is built does not count for the coverage of the sources. */
const node = (...args: string[]) =>
  promisify(execFile)(process.execPath, args, {
    cwd: repository,
    env: { ...process.env, NODE_V8_COVERAGE: undefined },
  });

describe("the guide to testing", function () {
  this.timeout(300_000);
  /** Inside the repository, where the package can refer to itself. */
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(repository, ".readme-"));
    writeFileSync(join(folder, "guide.test.ts"), tests);
    const compilerOptions = { rootDir: "..", noEmit: true };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: "../tsconfig.json", compilerOptions, include: ["*.ts"] }),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("has tests that pass, in a process without a network", async () => {
    const mocha = join(repository, "node_modules/mocha/bin/mocha.js");
    const { stdout } = await node(mocha, join(folder, "guide.test.ts"));
    assert.match(stdout, /4 passing/);
  });

  it("has tests of the right types", () => node(join(repository, "node_modules/typescript/bin/tsc"), "-p", folder));
});
