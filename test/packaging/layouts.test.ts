import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { startSimulator } from "../../src/simulator/index.js";
import { onAbandon } from "../../tools/engine/process.js";
import { Stack } from "../../tools/engine/pulumi.js";
import { broughtAlong } from "../../tools/release.js";
import {
  bunIn,
  command,
  type Layout,
  layouts,
  manifestOf,
  nodeOf,
  npm,
  type Packed,
  pack,
  repository,
  runYarn,
  versionIn,
  yarn,
} from "../support/layouts.js";

const chapSecret = "simulated-chap-secret";

/** What a state has for good. Written out, not computed by the package: it must never change. */
const providerText = (type: string) =>
  `exports.handler=()=>require("module").createRequire(process.cwd()+"/_")("pulumi-esxi-iser/provider").${type}`;

/** The program, but for how modules are taken in and given out. */
const declared = `
const config = new pulumi.Config();
const host = { host: config.require("host"), port: config.requireNumber("port"), hostKey: config.require("hostKey") };
const adapter = new IserAdapter("iser-a", { host, device: "vmrdma0" });
new Chap("iser-a", { host, adapter, level: "required", name: "esx01", secret: config.requireSecret("chapSecret") });
`;
const asModule = `
import * as pulumi from "@pulumi/pulumi";
import { Chap, IserAdapter } from "pulumi-esxi-iser";
${declared}
export const vmhba = adapter.vmhba;
export const node = process.version;
`;
const programs: Record<Layout["language"], readonly [file: string, text: string]> = {
  TypeScript: ["index.ts", asModule],
  "ES module": ["index.js", asModule],
  JavaScript: [
    "index.js",
    `
const pulumi = require("@pulumi/pulumi");
const { Chap, IserAdapter } = require("pulumi-esxi-iser");
${declared}
module.exports = { vmhba: adapter.vmhba, node: process.version };
`,
  ],
};

/** The exports that are no types, as both module systems see them. */
const imports = {
  "named.mjs": `
import { Chap, IserAdapter, IserError } from "pulumi-esxi-iser";
import { setIserMocks } from "pulumi-esxi-iser/mocks";
import { iserPolicies } from "pulumi-esxi-iser/policy";
import { models, SimulatedHost, startSimulator } from "pulumi-esxi-iser/simulator";
console.log([Chap, IserAdapter, IserError, models, SimulatedHost, startSimulator, setIserMocks, iserPolicies].map((it) => typeof it).join());
`,
  "named.cjs": `
const { Chap, IserAdapter, IserError } = require("pulumi-esxi-iser");
const { setIserMocks } = require("pulumi-esxi-iser/mocks");
const { iserPolicies } = require("pulumi-esxi-iser/policy");
const { models, SimulatedHost, startSimulator } = require("pulumi-esxi-iser/simulator");
console.log([Chap, IserAdapter, IserError, models, SimulatedHost, startSimulator, setIserMocks, iserPolicies].map((it) => typeof it).join());
`,
};

/** What a program loads of the package, as folders of `dist`. */
const loaded = `
const root = require("node:path").dirname(require.resolve("pulumi-esxi-iser"));
require("pulumi-esxi-iser");
const files = Object.keys(require.cache).filter((file) => file.startsWith(root)).map((file) => file.slice(root.length + 1));
console.log([...new Set(files.map((file) => file.split(/[\\\\/]/)).filter((path) => path.length > 1).map(([folder]) => folder))].sort().join());
`;

/** A consumer that is checked as an ES module and as CommonJS; what is marked must be refused. */
const consumer = `
import { Chap, type ChapArgs, IserAdapter } from "pulumi-esxi-iser";
import { type IserMocks, setIserMocks } from "pulumi-esxi-iser/mocks";
import { type Model, startSimulator } from "pulumi-esxi-iser/simulator";
const adapter = new IserAdapter("iser-a", { host: "esx01.lab", device: "vmrdma0" });
const args: ChapArgs = { host: { host: "esx01.lab", port: 22 }, adapter, level: "required", name: "esx01" };
export const chap = new Chap("iser-a", args);
export const model: Model = "8.0";
export const dump: () => Promise<string> = async () => (await startSimulator({ model })).host.dump();
export const mocks: Promise<IserMocks> = setIserMocks({ host: { model } });
// @ts-expect-error: the host is missing.
new IserAdapter("iser-a", { device: "vmrdma0" });
// @ts-expect-error: no such level.
new Chap("iser-a", { host: "esx01.lab", adapter, level: "always" });
`;

const nodenext = {
  compilerOptions: {
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ["consumer.mts", "consumer.cts"],
};

describe("the packed package", function () {
  // The first run fetches the dependencies of three programs; npm and pnpm have them afterwards.
  this.timeout(300_000);
  let folder: string;
  let packed: Packed;
  let forget: () => void;
  const remove = () => rmSync(folder, { recursive: true, force: true });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-layouts-"));
    forget = onAbandon(remove);
    packed = await pack(folder);
  });
  after(() => {
    forget();
    remove();
  });

  it("has what is built and the texts about it, and nothing else", () => {
    const outside = packed.files.filter((file) => !/^dist\/.*\.(js|d\.ts)$/.test(file));
    assert.deepEqual(outside.sort(), [
      "CHANGELOG.md",
      "DESIGN.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "docs/doctor.md",
      "docs/guides/adopting-existing-hosts.md",
      "docs/guides/credentials-and-host-keys.md",
      "docs/guides/credentials-rotation.md",
      "docs/guides/declaring.md",
      "docs/guides/drift-jobs.md",
      "docs/guides/getting-started.md",
      "docs/guides/hosts-without-ssh.md",
      "docs/guides/limits-and-unknowns.md",
      "docs/guides/network-and-flow-control.md",
      "docs/guides/policy.md",
      "docs/guides/review-in-pull-requests.md",
      "docs/guides/testing-without-hosts.md",
      "docs/guides/troubleshooting.md",
      "docs/guides/unit-testing.md",
      "docs/guides/workflows/drift.yml",
      "docs/guides/workflows/review.yml",
      "docs/performance.json",
      "docs/performance.md",
      "docs/performance.svg",
      "docs/reliability.md",
      "docs/scaling.md",
      "docs/security.md",
      "docs/topology.svg",
      "package.json",
    ]);
    for (const file of ["index", "provider", "simulator/index", "policy/index", "mocks/index", "cli/main"])
      assert.ok(packed.files.includes(`dist/${file}.js`), file);
  });

  it("is small, and brings little with it", () => {
    const kilobytes = Math.ceil(statSync(packed.tarball).size / 1000);
    const brought = broughtAlong().map(({ name }) => name);
    console.log(`      ${kilobytes} kB packed; with it come ${brought.length} packages: ${brought.join(", ")}`);
    assert.ok(kilobytes <= 600, `${kilobytes} kB`);
    assert.ok(brought.length <= 12);
  });

  it("is found, with its types, by every kind of module resolution: publint and attw have nothing to say", async () => {
    const publint = await command("npx", ["--no-install", "publint", "run", packed.tarball, "--strict"], repository);
    assert.match(publint, /All good!/);
    const attw = await command("npx", ["--no-install", "attw", packed.tarball], repository);
    assert.match(attw, /No problems found/);
  });

  for (const [name, layout] of Object.entries(layouts)) {
    describe(`with ${name}`, () => {
      let simulator: Awaited<ReturnType<typeof startSimulator>>;
      let stack: Stack;
      let home: string;
      let node: string;
      let bare: string;

      before(async () => {
        const root = mkdtempSync(join(folder, "layout-"));
        home = await layout.install(root, packed.tarball, manifestOf(layout));
        node = await nodeOf(root, layout.node);
        writeFileSync(join(home, "Pulumi.yaml"), "name: layouts\nruntime: nodejs\n");
        const [file, program] = programs[layout.language];
        writeFileSync(join(home, file), program);
        simulator = await startSimulator();
        bare = simulator.host.dump();
        const { address, port, fingerprint, password } = simulator;
        stack = await Stack.init(
          home,
          "dev",
          { host: address, port, hostKey: fingerprint, chapSecret: { secret: chapSecret } },
          { node, env: { ESXI_ISER_PASSWORD: password } },
        );
      });
      after(async () => {
        stack?.dispose();
        await simulator?.close();
      });

      it("is found by the engine for preview, up, refresh and destroy, and the host is as it was", async () => {
        const types = async (outcome: ReturnType<Stack["up"]>) =>
          (await outcome).changes.map(({ op, type }) => `${op} ${type.split(":").at(-1)}`).sort();
        assert.deepEqual(await types(stack.preview()), ["create Chap", "create IserAdapter"]);
        assert.equal(simulator.host.dump(), bare);

        assert.deepEqual(await types(stack.up()), ["create Chap", "create IserAdapter"]);
        const { vmhba, node: version } = await stack.outputs();
        assert.equal(vmhba, "vmhba64");
        assert.match(String(version), new RegExp(`^v${layout.node ?? process.versions.node}(\\.|$)`));
        if (layout.sdk !== undefined)
          console.log(`      @pulumi/pulumi ${versionIn(home, "@pulumi/pulumi")}, Node ${version}`);
        const chapOnHost = () => simulator.host.execute("esxcli iscsi adapter auth chap get -A vmhba64").stdout;
        assert.match(chapOnHost(), /esx01[\s\S]*required/);

        const { resources = [] } = (await stack.exportState()).deployment;
        for (const type of ["Chap", "IserAdapter"]) {
          const [state, ...others] = resources.filter((resource) => resource.type.endsWith(`:${type}`));
          assert.deepEqual(others, []);
          const text = providerText(type);
          assert.deepEqual([state?.inputs?.__provider, state?.outputs?.__provider], [text, text]);
          assert.ok(Buffer.byteLength(text) <= 400);
        }

        const weakened = `esxcli iscsi adapter auth chap set -A vmhba64 -d uni -l discouraged -N esx01 -S ${chapSecret}`;
        assert.equal(simulator.host.execute(weakened).status, 0);
        assert.deepEqual(await types(stack.refresh()), ["update Chap"]);

        assert.deepEqual(await types(stack.destroy()), ["delete Chap", "delete IserAdapter"]);
        assert.equal(simulator.host.dump(), bare);
      });

      for (const [file, text] of Object.entries(imports))
        it(`gives its named exports to ${file}`, async () => {
          writeFileSync(join(home, file), text);
          const printed = await command(join(node, "node"), [file], home);
          assert.equal(printed, "function,function,function,object,function,function,function,function\n");
        });

      it("loads neither policies, mocks, the simulator nor the command with a program", async () => {
        writeFileSync(join(home, "loaded.cjs"), loaded);
        assert.equal(
          await command(join(node, "node"), ["loaded.cjs"], home),
          "components,esxcli,functions,resources,transport\n",
        );
      });

      it("has the command esxi-iser", async () => {
        assert.match(
          await command("npx", ["--no-install", "esxi-iser", "--help"], home, {
            PATH: `${node}${delimiter}${process.env.PATH}`,
          }),
          /^Usage: esxi-iser /,
        );
      });

      // pnpm's is the strictest layout: what a declaration file imports must be a dependency of its own package.
      if (name.startsWith("pnpm"))
        it("is typed for ES modules and CommonJS, down to its declaration files", async () => {
          for (const file of nodenext.files) writeFileSync(join(home, file), consumer);
          writeFileSync(join(home, "tsconfig.consumer.json"), JSON.stringify(nodenext));
          await command("npx", ["--no-install", "tsc", "-p", "tsconfig.consumer.json"], home);
        });
    });
  }

  describe("in what it does not run in", () => {
    let home: string;
    const refusal = (problem: RegExp) => ({ message: new RegExp(`${problem.source}[^]*RUNTIME_NOT_SUPPORTED`) });

    it("says so under Bun", async () => {
      home = await npm(mkdtempSync(join(folder, "bun-")), packed.tarball, manifestOf({ language: "JavaScript" }));
      writeFileSync(join(home, "index.js"), 'require("pulumi-esxi-iser");');
      const bun = join(await bunIn(folder), "bun");
      await assert.rejects(
        command(bun, ["index.js"], home),
        refusal(/does not run with Bun\. *\n *Run the program with Node/),
      );
    });

    it("says so under Yarn's Plug'n'Play", async () => {
      const root = mkdtempSync(join(folder, "pnp-"));
      home = await yarn("pnp")(root, packed.tarball, manifestOf({ language: "JavaScript" }));
      writeFileSync(join(home, "index.js"), 'require("pulumi-esxi-iser");');
      await assert.rejects(runYarn(home, ["node", "index.js"]), refusal(/Plug'n'Play\. *\n *Put "nodeLinker/));
    });
  });
});
