import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CommandError, Stack } from "../../tools/engine/pulumi.js";

const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const config = new pulumi.Config();
const provider = {
  async check(olds, news) { return { inputs: news }; },
  async diff(id, olds, news) { return { changes: olds.size !== news.size, replaces: olds.name !== news.name ? ["name"] : [] }; },
  async create(inputs) {
    if (inputs.size === 13) throw new Error("no disk of size 13");
    while (inputs.waitFor && !require("node:fs").existsSync(inputs.waitFor)) await new Promise((next) => setTimeout(next, 50));
    return { id: inputs.name, outs: { ...inputs, serial: 1 } };
  },
  async update(id, olds, news) { return { outs: { ...news, serial: 1 } }; },
  async read(id, props) { return process.env.DISK_SIZE ? { id, props: { ...props, size: Number(process.env.DISK_SIZE) } } : {}; },
  async delete() {},
};
class Disk extends pulumi.dynamic.Resource {
  constructor(name, props) { super(provider, name, { serial: undefined, ...props }, {}, "trivial", "Disk"); }
}
const disk = new Disk("disk", { name: config.get("name") ?? "first", size: config.requireNumber("size"), key: config.getSecret("key"), waitFor: config.get("waitFor") });
exports.serial = disk.serial;
exports.key = disk.key;
exports.environment = Object.keys(process.env);
`;

describe("the engine", function () {
  // The first test may have to build it.
  this.timeout(20 * 60_000);

  let project: string;
  let stack: Stack;

  before(() => {
    project = mkdtempSync(join(tmpdir(), "esxi-iser-project-"));
    writeFileSync(join(project, "Pulumi.yaml"), "name: trivial\nruntime: nodejs\nmain: program/ # not at the root\n");
    mkdirSync(join(project, "program"));
    writeFileSync(join(project, "program", "index.js"), PROGRAM);
    writeFileSync(join(project, "program", "package.json"), '{"private":true}');
    symlinkSync(resolve(__dirname, "../../node_modules"), join(project, "node_modules"));
  });

  after(() => rmSync(project, { recursive: true, force: true }));

  beforeEach(async () => {
    stack = await Stack.init(project, "test", { size: 1, key: { secret: "not a real key" } });
  });

  afterEach(() => stack.dispose());

  it("creates, sees no changes, and destroys", async () => {
    const up = await stack.up();
    assert.deepEqual(
      up.changes.map(({ op, name }) => [op, name]),
      [["create", "disk"]],
    );
    assert.deepEqual(up.summary, { create: 2 });
    assert.deepEqual(up.changes[0]?.new?.outputs.size, 1);
    assert.equal(up.stderr, "");

    const preview = await stack.preview({ args: ["--expect-no-changes"] });
    assert.deepEqual(preview.changes, []);
    assert.deepEqual(preview.summary, { same: 2 });

    const destroy = await stack.destroy();
    assert.deepEqual(
      destroy.changes.map(({ op, name }) => [op, name]),
      [["delete", "disk"]],
    );
    assert.deepEqual((await stack.exportState()).deployment.resources ?? [], []);
  });

  it("previews an update with what differs, and a replacement with its three steps", async () => {
    await stack.up();
    await stack.setConfig({ size: 2 });
    const update = await stack.preview({ diff: true });
    assert.deepEqual(
      update.changes.map(({ op, old, new: next }) => [op, old?.inputs.size, next?.inputs.size]),
      [["update", 1, 2]],
    );
    assert.match(update.stdout, /~ size: 1 => 2/);
    assert.match(update.stdout, /key *: \[secret\]/);

    await stack.setConfig({ name: "second" });
    const replace = await stack.preview();
    assert.deepEqual(
      replace.changes.map(({ op }) => op),
      ["create-replacement", "replace", "delete-replaced"],
    );
    assert.deepEqual(replace.changes[0]?.keys, ["name"]);
  });

  it("tells what a refresh finds", async () => {
    await stack.up();
    const drift = await stack.refresh({ env: { DISK_SIZE: "5" } });
    assert.deepEqual(
      drift.changes.map(({ op, old, new: next }) => [op, old?.outputs.size, next?.outputs.size]),
      [["update", 1, 5]],
    );
    const gone = await stack.refresh();
    assert.deepEqual(
      gone.changes.map(({ op, name }) => [op, name]),
      [["delete", "disk"]],
    );
  });

  it("tells which resource failed and why", async () => {
    await stack.setConfig({ size: 13 });
    const failed = await stack.up({ mayFail: true });
    assert.notEqual(failed.code, 0);
    assert.deepEqual(
      failed.changes.map(({ op, name, failed }) => [op, name, failed]),
      [["create", "disk", true]],
    );
    assert.ok(
      failed.diagnostics.some(
        ({ severity, message, urn }) =>
          severity === "error" && message === "no disk of size 13" && urn?.endsWith("::disk"),
      ),
    );
    await assert.rejects(
      stack.up(),
      (error) => error instanceof CommandError && /no disk of size 13/.test(error.message),
    );
  });

  it("keeps secrets encrypted in the state, and gives them in plain when asked", async () => {
    await stack.up();
    assert.doesNotMatch(JSON.stringify(await stack.exportState()), /not a real key/);
    assert.match(JSON.stringify(await stack.exportState({ showSecrets: true })), /not a real key/);
    assert.equal((await stack.outputs()).key, "not a real key");
  });

  it("puts back an exported state", async () => {
    await stack.up();
    const state = await stack.exportState();
    await stack.destroy();
    await stack.importState(state);
    assert.deepEqual((await stack.preview()).changes, []);
  });

  it("imports from a file what exists, and then sees no changes", async () => {
    await stack.up();
    const [disk] = ((await stack.exportState({ showSecrets: true })).deployment.resources ?? []).filter(({ urn }) =>
      urn.endsWith("::disk"),
    );
    assert.ok(disk);
    const { type, id, inputs, outputs } = disk;
    const file = join(project, "import.json");
    const plain = (properties = {}) => ({ ...properties, key: "not a real key" });
    writeFileSync(
      file,
      JSON.stringify({ resources: [{ type, id, name: "disk", inputs: plain(inputs), outputs: plain(outputs) }] }),
    );

    const other = await Stack.init(project, "other", { size: 1, key: { secret: "not a real key" } });
    try {
      const imported = await other.import(file);
      assert.deepEqual(
        imported.changes.map(({ op, name }) => [op, name]),
        [["import", "disk"]],
      );
      assert.deepEqual((await other.preview()).changes, []);
    } finally {
      other.dispose();
      rmSync(file);
    }
  });

  it("lets the step that runs end when an update is interrupted as by Ctrl-C, and keeps it in the state", async () => {
    const go = join(stack.folder, "go");
    await stack.setConfig({ waitFor: go });
    const interrupt = new AbortController();
    let said = "";
    const onOutput = (text: string) => {
      said += text;
      if (/disk creating/.test(said)) interrupt.abort();
      if (/\^C received/.test(said)) writeFileSync(go, "");
    };
    const interrupted = await stack.up({ interrupt: interrupt.signal, onOutput, mayFail: true });
    assert.notEqual(interrupted.code, 0);
    const disks = ((await stack.exportState()).deployment.resources ?? []).filter(({ urn }) => urn.endsWith("::disk"));
    assert.equal(disks.length, 1);
    assert.deepEqual((await stack.up()).changes, []);
  });

  it("leaves the project's folder as it was, and passes nothing of this environment on", async () => {
    process.env.PULUMI_ACCESS_TOKEN = "not for the engine";
    try {
      const other = await Stack.init(project, "other", { size: 1 });
      try {
        await other.up();
        const names = (await other.outputs()).environment;
        assert.ok(Array.isArray(names) && names.includes("PULUMI_HOME") && !names.includes("PULUMI_ACCESS_TOKEN"));
      } finally {
        other.dispose();
      }
    } finally {
      delete process.env.PULUMI_ACCESS_TOKEN;
    }
    assert.deepEqual(readdirSync(project).sort(), ["Pulumi.yaml", "node_modules", "program"]);
    assert.deepEqual(readdirSync(join(project, "program")).sort(), ["index.js", "package.json"]);
  });

  it("ends an update that takes too long, with all that it started", async () => {
    await stack.setConfig({ waitFor: join(stack.folder, "never") });
    await assert.rejects(stack.up({ timeoutMs: 6_000 }), /pulumi up.* took longer than 6 s:\n/);
    assert.deepEqual(processesOf(stack), []);
    stack.dispose();
    assert.ok(!existsSync(stack.folder));
  });
});

function processesOf(stack: Stack): number[] {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && environment(pid).includes(stack.folder));
}

function environment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}
