import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { Program } from "../support/program.js";
import { forProgram, releasedStates } from "../support/releasedState.js";
import { over, transports } from "../support/served.js";

const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as { version: string };
const typesIn = (resources: readonly { type: string }[]) => new Set(resources.map(({ type }) => type));

describe("an upgrade, on the real engine", function () {
  this.timeout(300_000);

  it("has a state of this version to start from next time", () => {
    assert.ok(releasedStates().has(version), "npm run state:keep");
  });

  const all = [...releasedStates()].flatMap(([released, { states, ...of }]) =>
    transports.map((transport) => ({ ...of, released, transport, state: states[transport] })),
  );
  for (const { released, transport, options, commands, resources, state } of all)
    it(`from ${released}${over[transport]} changes nothing and writes nothing, and a destroy gives all back`, async () => {
      const program = await Program.start(options, transport);
      try {
        const { stack, host } = program;
        for (const line of commands) assert.equal(host.execute(line).status, 0, line);
        const bare = host.dump();
        await program.declare(resources);
        await stack.up();
        const made = host.dump();
        const types = typesIn((await stack.exportState()).deployment.resources ?? []);
        await stack.importState(await forProgram(state, program));
        // The old state has what the new one has.
        assert.deepEqual(typesIn((await stack.exportState()).deployment.resources ?? []), types);
        const { writes } = host.counters;
        assert.deepEqual((await stack.preview()).changes, []);
        assert.deepEqual((await stack.up()).changes, []);
        assert.deepEqual((await stack.refresh()).changes, []);
        assert.deepEqual([host.counters.writes, host.dump()], [writes, made]);
        await stack.destroy();
        assert.equal(host.dump(), bare);
      } finally {
        await program.close();
      }
    });
});
