import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { parameterValues } from "../../tools/bench/declared.js";
import { Hosts } from "../../tools/bench/hosts.js";
import { declareOurs, makeBenchProject } from "../../tools/bench/programs.js";
import { allTransports, transports } from "../../tools/bench/transports.js";
import { type ExportedResource, Stack, type StackState } from "../../tools/engine/pulumi.js";

const chapSecret = "simulated-chap-secret";
const password = "simulated-root-password";

for (const transport of allTransports)
  describe(`the state of the whole procedure over ${transports[transport].title}, on the real engine`, function () {
    this.timeout(180_000);
    const hosts = new Hosts();
    const project = makeBenchProject();
    let stack: Stack;
    let bare: readonly string[];
    let state: StackState;

    before(async () => {
      const free = { startMs: 0, callMs: 0, roundTripMs: 0 };
      const listening = await hosts.start("ours", transport, 1, free, { password, chapSecret });
      bare = hosts.dumps("ours");
      const declaration = join(project.folder, "ours.json");
      writeFileSync(declaration, JSON.stringify(declareOurs(transport, listening, parameterValues.before)));
      const config = { declaration, chapSecret: { secret: chapSecret }, ...transports[transport].settings(listening) };
      stack = await Stack.init(project.folder, "dev", config, { env: { ESXI_ISER_PASSWORD: password } });
      await stack.up();
      state = await stack.exportState();
    });
    after(async () => {
      stack?.dispose();
      await hosts.stop("ours");
      project.remove();
    });

    const ours = ({ deployment: { resources = [] } }: StackState): readonly ExportedResource[] =>
      resources.filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/esxi-iser:"));

    const instances = (of: StackState) =>
      Object.fromEntries(ours(of).map(({ urn, outputs }) => [urn, outputs?.instance]));

    it("is small, and has no line of this package", () => {
      const all = ours(state);
      assert.equal(all.length, 12);
      const bytes = all.map((resource) => Buffer.byteLength(JSON.stringify(resource)));
      assert.ok(bytes.reduce((sum, one) => sum + one) / all.length <= 1500, bytes.join());
      for (const { urn, stackTrace, sourcePosition } of all)
        assert.deepEqual([stackTrace, sourcePosition], [undefined, undefined], urn);
    });

    it("is understood as an earlier version wrote it: nothing changes, nothing is written, and a destroy gives all back", async () => {
      const lines = ["src/resources/chap.ts#422,5", "index.js#5,31"].map((at) => `project:///${at}`);
      for (const resource of ours(state)) {
        Object.assign(resource, {
          sourcePosition: lines[0],
          stackTrace: [...lines.map((sourcePosition) => ({ sourcePosition })), {}],
        });
        Object.assign(resource.outputs ?? {}, { instance: randomUUID() });
      }
      await stack.importState(state);
      const made = hosts.dumps("ours");
      hosts.contacts("ours");
      assert.deepEqual((await stack.preview()).changes, []);
      assert.deepEqual((await stack.up()).changes, []);
      assert.deepEqual((await stack.refresh()).changes, []);
      assert.equal(hosts.contacts("ours")[0]?.writes, 0);
      assert.deepEqual(hosts.dumps("ours"), made);
      assert.deepEqual(instances(await stack.exportState()), instances(state));
      await stack.destroy();
      assert.deepEqual(hosts.dumps("ours"), bare);
    });
  });
