import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Machine, REPOSITORY, runs, type Started, until } from "./machine.js";

const NPM = `echo "npm says hello"
rm -rf node_modules
mkdir -p node_modules/typescript/bin
cp compiler node_modules/typescript/bin/tsc
cp package-lock.json node_modules/.package-lock.json`;

/** Copies src/*.ts to the folder after --outDir. */
const COMPILER = `
const { copyFileSync, readdirSync, appendFileSync } = require("node:fs");
appendFileSync(process.env.JOURNAL, "tsc\\n");
const out = process.argv[process.argv.indexOf("--outDir") + 1];
for (const name of readdirSync("src")) copyFileSync("src/" + name, out + "/" + name.replace(/ts$/, "js"));
process.exitCode = Number(process.env.TSC_STATUS ?? 0);
`;

const LOCKED = {
  packages: {
    "": { name: "checkout" },
    "node_modules/typescript": { version: "5.9.3", integrity: "sha512-a" },
    "node_modules/only-on-another-platform": { version: "1.0.0", integrity: "sha512-b", optional: true },
  },
};

describe("bootstrap", function () {
  this.timeout(180_000);

  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
    machine.folder("tools");
    for (const name of ["bootstrap.mjs", "lock.cjs"])
      copyFileSync(join(REPOSITORY, "tools", name), inRoot("tools", name));
    machine.script("npm", NPM);
    writeFileSync(inRoot("compiler"), COMPILER);
    writeFileSync(inRoot("package-lock.json"), JSON.stringify(LOCKED));
    for (const name of ["tsconfig.json", "tsconfig.build.json"]) writeFileSync(inRoot(name), "{}");
    mkdirSync(inRoot("src"));
    writeFileSync(inRoot("src", "index.ts"), "one");
  });
  afterEach(() => machine.dispose());

  const inRoot = (...names: string[]) => join(machine.root, ...names);
  const start = (...args: string[]): Started => machine.node(inRoot("tools", "bootstrap.mjs"), ...args);
  const bootstrap = async (...args: string[]) => {
    const started = start(...args);
    return { ...(await started.ended), stderr: started.stderr, stdout: started.stdout };
  };
  const calls = () => machine.calls().map((call) => call.split(" ").slice(0, 2).join(" "));
  const forget = () => rmSync(machine.journal, { force: true });

  it("installs and builds a fresh checkout, and then has nothing to do", async () => {
    const first = await bootstrap("--build");
    assert.equal(first.code, 0);
    assert.match(
      first.stderr,
      /installing dependencies \(npm ci\)\n[\s\S]*npm says hello\n[\s\S]*compiling src into dist \(tsc\)\n[\s\S]*done in/,
    );
    assert.equal(first.stdout, "");
    assert.deepEqual(calls(), ["npm ci", "tsc"]);
    assert.equal(readFileSync(inRoot("dist", "index.js"), "utf8"), "one");

    forget();
    assert.deepEqual(await bootstrap("--build"), { code: 0, signal: null, stdout: "", stderr: "" });
    assert.deepEqual(calls(), []);
    assert.deepEqual(
      readdirSync(machine.root).filter((name) => name.startsWith("dist")),
      ["dist"],
    );
    assert.deepEqual(readdirSync(inRoot("tmp")), []);
  });

  it("does not build unless asked", async () => {
    assert.equal((await bootstrap()).code, 0);
    assert.deepEqual(calls(), ["npm ci"]);
    assert.ok(!existsSync(inRoot("dist")));
  });

  it("installs again when the lock file has changed, or another Node installed", async () => {
    await bootstrap();
    writeFileSync(inRoot("package-lock.json"), JSON.stringify({ ...LOCKED, changed: true }));
    await bootstrap();
    const stamp = inRoot("node_modules", ".esxi-iser-stamp");
    writeFileSync(stamp, readFileSync(stamp, "utf8").replace(/node-abi \d+/, "node-abi 1"));
    await bootstrap();
    assert.deepEqual(calls(), ["npm ci", "npm ci", "npm ci"]);
  });

  it("installs again when an install was cut off", async () => {
    await bootstrap();
    for (const name of [".esxi-iser-stamp", ".package-lock.json"]) rmSync(inRoot("node_modules", name));
    await bootstrap();
    assert.deepEqual(calls(), ["npm ci", "npm ci"]);
  });

  describe("where somebody installed by hand", () => {
    const installed = (packages: object) => {
      machine.folder("node_modules");
      writeFileSync(inRoot("node_modules", ".package-lock.json"), JSON.stringify({ packages }));
    };
    const typescript = { "node_modules/typescript": { version: "5.9.3", integrity: "sha512-a" } };

    it("takes what is the same as in the lock file", async () => {
      installed(typescript);
      assert.equal((await bootstrap()).stderr, "bootstrap: the dependencies are there already\n");
      assert.deepEqual(await bootstrap(), { code: 0, signal: null, stdout: "", stderr: "" });
      assert.deepEqual(calls(), []);
    });

    const differences: [string, object][] = [
      ["of another version", { "node_modules/typescript": { version: "5.9.2", integrity: "sha512-a" } }],
      ["of other content", { "node_modules/typescript": { version: "5.9.3", integrity: "sha512-x" } }],
      ["missing", {}],
      ["not in the lock file", { ...typescript, "node_modules/extra": { version: "1.0.0" } }],
    ];
    for (const [difference, packages] of differences) {
      it(`installs when a package is ${difference}`, async () => {
        installed(packages);
        await bootstrap();
        assert.deepEqual(calls(), ["npm ci"]);
      });
    }
  });

  const changes: [string, () => void][] = [
    ["a source has changed", () => appendFileSync(inRoot("src", "index.ts"), "two")],
    ["a source was added", () => writeFileSync(inRoot("src", "new.ts"), "")],
    ["a source was renamed", () => renameSync(inRoot("src", "index.ts"), inRoot("src", "main.ts"))],
    ["the compiler's settings have changed", () => writeFileSync(inRoot("tsconfig.json"), '{"strict":true}')],
    ["dist is not there", () => rmSync(inRoot("dist"), { recursive: true })],
  ];
  for (const [change, make] of changes) {
    it(`builds again when ${change}, and leaves nothing old in dist`, async () => {
      await bootstrap("--build");
      make();
      forget();
      assert.equal((await bootstrap("--build")).code, 0);
      assert.deepEqual(calls(), ["tsc"]);
      const sources = readdirSync(inRoot("src")).map((name) => name.replace(/ts$/, "js"));
      assert.deepEqual(readdirSync(inRoot("dist")).sort(), [".stamp", ...sources].sort());
    });
  }

  it("ends with the status of a compiler that failed, keeps the old dist, and compiles again the next time", async () => {
    await bootstrap("--build");
    writeFileSync(inRoot("src", "index.ts"), "broken");
    machine.env.TSC_STATUS = "2";
    const failed = await bootstrap("--build");
    assert.equal(failed.code, 2);
    assert.match(failed.stderr, /compiling src into dist \(tsc\) failed with status 2\.\n$/);
    assert.equal(readFileSync(inRoot("dist", "index.js"), "utf8"), "one");
    delete machine.env.TSC_STATUS;
    assert.equal((await bootstrap("--build")).code, 0);
    assert.equal(readFileSync(inRoot("dist", "index.js"), "utf8"), "broken");
  });

  it("ends with the status of an npm that failed, and builds nothing then", async () => {
    machine.script("npm", "exit 42");
    const failed = await bootstrap("--build");
    assert.deepEqual([failed.code, calls()], [42, ["npm ci"]]);
    assert.ok(!existsSync(inRoot("dist")));
  });

  it("says that npm is missing", async () => {
    rmSync(join(machine.bin, "npm"));
    const failed = await bootstrap();
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /installing dependencies \(npm ci\): npm is not on PATH\n$/);
  });

  it("installs and builds once when two run at once", async () => {
    machine.script("npm", `until [ -e waiting ]; do sleep 0.01; done\n${NPM}`);
    const first = start("--build");
    await first.says(/installing/);
    const second = start("--build");
    await second.says(new RegExp(`waiting for process ${first.child.pid}, which is doing it already`));
    writeFileSync(inRoot("waiting"), "");
    assert.deepEqual([(await first.ended).code, (await second.ended).code], [0, 0]);
    assert.deepEqual(calls(), ["npm ci", "tsc"]);
  });

  describe("that is stopped while npm works", () => {
    const pid = () => Number(existsSync(inRoot("npm.pid")) && readFileSync(inRoot("npm.pid"), "utf8"));
    const startInstalling = async () => {
      machine.script("npm", `${NPM}\nrm node_modules/.package-lock.json\necho $$ > npm.pid\nexec sleep 600`);
      const started = start();
      await until(() => pid() > 0);
      machine.script("npm", NPM);
      return started;
    };

    it("stops npm too", async () => {
      const stopped = await startInstalling();
      stopped.child.kill("SIGTERM");
      assert.deepEqual(await stopped.ended, { code: 143, signal: null });
      assert.ok(!runs(pid()));
      assert.deepEqual(readdirSync(inRoot("tmp")), []);
    });

    it("starts afresh the next time, even if it was killed", async () => {
      const killed = await startInstalling();
      killed.child.kill("SIGKILL");
      process.kill(pid(), "SIGKILL");
      await killed.ended;
      assert.ok(!existsSync(inRoot("node_modules", ".esxi-iser-stamp")));
      assert.equal((await bootstrap()).code, 0);
      assert.ok(existsSync(inRoot("node_modules", ".esxi-iser-stamp")));
    });
  });

  it("refuses an old Node in one sentence", () => {
    const evaluate = `import("${REPOSITORY}/tools/bootstrap.mjs").then(({ requireNode }) => {
      requireNode("20.0.0");
      requireNode("24.1.0");
      requireNode("18.20.8");
    }).catch((error) => console.log(error.message, error.code))`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", evaluate], { encoding: "utf8" });
    assert.equal(said, "Node 20 or later is needed; this is Node 18.20.8. 1\n");
  });

  it("tells how it is called", async () => {
    const [help, wrong] = [await bootstrap("--help"), await bootstrap("--biuld")];
    assert.deepEqual([help.code, wrong.code], [0, 2]);
    assert.match(wrong.stderr, /^Usage: node tools\/bootstrap\.mjs \[--build\]/);
    assert.deepEqual(calls(), []);
  });
});
