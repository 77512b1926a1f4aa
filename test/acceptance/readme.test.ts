import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { startSimulator } from "../../src/simulator/index.js";
import { Stack } from "../../tools/engine/pulumi.js";

const repository = join(__dirname, "../..");
const blocks = [...readFileSync(join(repository, "README.md"), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map(
  ([, code]) => code ?? "",
);

/** Runs a program of this repository; what is built does not count for the coverage of the sources. */
const node = (...args: string[]) =>
  promisify(execFile)(process.execPath, args, {
    cwd: repository,
    env: { ...process.env, NODE_V8_COVERAGE: undefined },
  });

describe("the README", function () {
  this.timeout(120_000);
  /** Inside the repository, where the package can refer to itself. */
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(repository, ".readme-"));
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../tsconfig.json",
        compilerOptions: { rootDir: "..", noEmit: true },
        include: ["*.ts"],
      }),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("has a program and a test", () => assert.equal(blocks.length, 2));

  it("has a program that does the main job, with the config that it says", async () => {
    const [program = ""] = blocks;
    const secret = "simulated-chap-secret";
    const chap = { name: "esx01", secret };
    const storage = [{ address: "192.168.50.100", targets: [{ name: "iqn.2010-09.lab.storage:iser-a", chap }] }];
    const simulator = await startSimulator({ storage });
    let stack: Stack | undefined;
    try {
      const { address, port, fingerprint, password, host } = simulator;
      // The name of the README's host is the only thing that is changed: it is not in DNS.
      const reached = `{ host: "${address}", port: ${port} }`;
      assert.ok(program.includes('"esx01.lab"'));
      writeFileSync(join(folder, "index.ts"), program.replace('"esx01.lab"', reached));
      writeFileSync(join(folder, "Pulumi.yaml"), "name: readme\nruntime: nodejs\nmain: index.ts\n");
      stack = await Stack.init(folder, "dev", {
        "esxi-iser:password": { secret: password },
        "esxi-iser:hostKey": fingerprint,
        chapSecret: { secret },
      });
      const bare = host.dump();
      await stack.up();
      assert.match(host.execute("esxcli iscsi session list").stdout, /Target: iqn\.2010-09\.lab\.storage:iser-a\n/);
      assert.deepEqual(await stack.outputs(), { vmhba: "vmhba64" });
      await stack.destroy();
      assert.equal(host.dump(), bare);
    } finally {
      stack?.dispose();
      await simulator.close();
    }
  });

  it("has a test that passes", async () => {
    writeFileSync(join(folder, "host.test.ts"), blocks[1] ?? "");
    const mocha = join(repository, "node_modules/mocha/bin/mocha.js");
    const { stdout } = await node(mocha, join(folder, "host.test.ts"));
    assert.match(stdout, /1 passing/);
  });

  it("has programs of the right types", async () => {
    const tsc = join(repository, "node_modules/typescript/bin/tsc");
    await node(tsc, "-p", folder);
  });
});
