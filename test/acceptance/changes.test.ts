import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type Declaration, Program } from "../support/program.js";
import { over, transports } from "../support/served.js";

const all = (prefix: string, changes: { device?: string; vmk?: string; secret?: string } = {}): Declaration[] => {
  const { device = "vmrdma0", vmk = "vmk1", secret = "simulated-chap-secret" } = changes;
  const adapter = `${prefix}adapter`;
  return [
    { type: "IserAdapter", as: adapter, device },
    { type: "Chap", as: `${prefix}chap`, adapter, level: "required", name: "esx01", secret },
    { type: "PortBinding", as: `${prefix}binding`, adapter, vmkernelAdapter: vmk },
  ];
};

function filesHolding(folder: string, texts: readonly string[]): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) =>
      texts.some((text) => readFileSync(file, "utf8").replaceAll("\\", "").replaceAll(/\s/g, "").includes(text)),
    );
}

for (const transport of transports)
  describe(`a changed program for a host that is reached${over[transport]}, on the real engine`, function () {
    this.timeout(180_000);
    let program: Program;
    let bare: string;
    let start: number;
    beforeEach(async () => {
      program = await Program.start({ model: "8.0" }, transport);
      bare = program.host.dump();
      await program.declare(all(""));
      await program.stack.up();
      start = program.host.journal.length;
    });
    afterEach(() => program?.close());

    const hand = (line: string) => {
      const { status, stdout } = program.host.execute(line);
      assert.equal(status, 0, stdout);
      return stdout;
    };
    const writes = () =>
      program.host.journal
        .slice(start)
        .filter(({ effect }) => effect === "write")
        .map(({ path }) => path);
    const assertThere = (vmhba: string, vmk: string) => {
      assert.match(hand(`esxcli iscsi adapter auth chap get -A ${vmhba} -d uni`), /Name: esx01\n +Level: required/);
      assert.match(hand(`esxcli iscsi networkportal list -A ${vmhba}`), new RegExp(`Vmknic: ${vmk}\n`));
    };

    it("that renames its resources takes nothing away from the host", async () => {
      await program.declare(all("renamed-"));
      const { stdout } = await program.stack.up();
      assert.deepEqual(writes(), ["iscsi adapter auth chap set"]);
      assertThere("vmhba64", "vmk1");
      assert.match(stdout, /left to another resource of this program/);
      assert.deepEqual((await program.stack.preview()).changes, []);
    });

    it("that renames its resources and fails before the old ones are deleted takes nothing away in the next up", async () => {
      const later = { type: "DiscoveryAddress", as: "array", address: "192.168.50.100", after: ["renamed-binding"] };
      await program.declare([...all("renamed-"), { ...later, adapter: "renamed-adapter" }]);
      program.host.faults.add({
        match: "iscsi adapter discovery sendtarget add",
        kind: "fail",
        message: "Simulated failure.",
      });
      assert.notEqual((await program.stack.up({ mayFail: true })).code, 0);
      const { stdout } = await program.stack.up();
      assertThere("vmhba64", "vmk1");
      assert.match(stdout, /left to another resource of this program/);
      assert.deepEqual((await program.stack.refresh()).changes, []);
      assert.deepEqual((await program.stack.preview()).changes, []);
    });

    it("that renames its resources and calls the adapter by its other name takes nothing away", async () => {
      const named = (prefix: string, adapter: string): Declaration[] =>
        all(prefix)
          .slice(1)
          .map((one) => ({ ...one, adapter, after: ["adapter"] }));
      const adapter: Declaration = { type: "IserAdapter", as: "adapter", device: "vmrdma0" };
      await program.declare([adapter, ...named("by-uplink-", "vmnic4")]);
      await program.stack.up();
      assertThere("vmhba64", "vmk1");
      await program.declare([adapter, ...named("by-device-", "vmrdma0")]);
      await program.stack.up();
      assertThere("vmhba64", "vmk1");
      assert.deepEqual((await program.stack.refresh()).changes, []);
    });

    for (const [first, second] of [
      ["vmnic4", "vmrdma0"],
      ["vmrdma0", "vmnic4"],
    ])
      it(`that renames a PauseParams and calls its NIC ${second} instead of ${first} takes nothing away`, async () => {
        const pause = () =>
          /^vmnic4 .*$/m.exec(hand("esxcli network nic pauseParams list"))?.[0].split(/ +/).slice(2, 5);
        hand("esxcli network nic pauseParams set -n vmnic4 -r true -t true -a true");
        await program.declare([{ type: "PauseParams", as: "first", nic: first, rx: false, tx: false }]);
        await program.stack.up();
        await program.declare([{ type: "PauseParams", as: "second", nic: second, rx: false, tx: false }]);
        await program.stack.up();
        assert.deepEqual(pause(), ["false", "false", "true"]);
        assert.deepEqual((await program.stack.refresh()).changes, []);
      });

    it("that is told to replace an adapter unbinds it first, and makes everything again", async () => {
      const urn = (await program.stack.exportState()).deployment.resources?.find(({ type }) =>
        type.endsWith(":IserAdapter"),
      )?.urn;
      await program.stack.up({ args: ["--replace", urn ?? ""] });
      assertThere("vmhba64", "vmk1");
      assert.ok(writes().indexOf("rdma iser delete") < writes().indexOf("rdma iser add"), writes().join());
      await program.stack.destroy();
      assert.equal(program.host.dump(), bare);
    });

    it("that moves to another card undoes the first one, unbinding before it deletes, and makes the second", async () => {
      await program.declare(all("", { device: "vmrdma1", vmk: "vmk2" }));
      await program.stack.up();
      assertThere("vmhba64", "vmk2");
      assert.match(hand("esxcli iscsi physicalnetworkportal list"), /vmhba64 +vmnic5/);
      const order = ["iscsi networkportal remove", "rdma iser delete", "rdma iser add", "iscsi networkportal add"];
      assert.deepEqual(
        writes().filter((path) => order.includes(path ?? "")),
        order,
      );
      await program.stack.destroy();
      assert.equal(program.host.dump(), bare);
    });

    it("whose secret could not be written writes it with the next up, also after a refresh", async () => {
      await program.declare(all("", { secret: "simulated-rotated-secret" }));
      program.host.faults.add({ match: "iscsi adapter auth chap set", kind: "fail", message: "Simulated failure." });
      const failed = await program.stack.up({ mayFail: true });
      assert.notEqual(failed.code, 0);
      await program.stack.refresh();
      start = program.host.journal.length;
      assert.equal((await program.stack.preview()).changes.length, 1);
      await program.stack.up();
      assert.deepEqual(writes(), ["iscsi adapter auth chap set"]);
      assert.deepEqual((await program.stack.preview()).changes, []);
    });

    it("whose credentials change touches no host and knows the new ones", async () => {
      const { password } = program.served;
      const host = { ...program.settings, password };
      const { commands } = program.host.counters;
      await program.declare(all("").map((one) => ({ ...one, host })));
      const { changes } = await program.stack.up({ env: { ESXI_ISER_PASSWORD: "" } });
      assert.deepEqual([changes.length, program.host.counters.commands], [3, commands]);
      await program.stack.refresh({ env: { ESXI_ISER_PASSWORD: "" } });
      assert.ok(!JSON.stringify(await program.stack.exportState()).includes(`"password":"${password}"`));
      // State, history and backups of the backend, and the stack's settings.
      const secrets = ["simulated-chap-secret", `"password":"${password}"`];
      assert.deepEqual(filesHolding(program.stack.folder, secrets), []);
      await program.stack.destroy({ env: { ESXI_ISER_PASSWORD: "" } });
      assert.equal(program.host.dump(), bare);
    });
  });
