import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { unknown } from "../../src/resources/inputs.js";
import type { Stack, Step } from "../../tools/engine/pulumi.js";
import { quickStack } from "../support/quickStack.js";
import { over, type Served, serve } from "../support/served.js";

const repository = join(__dirname, "../..");
const chapSecret = "simulated-chap-secret";
const password = "simulated-root-password";

/** Where the builds differ: whether a RoCE version can be set, whether adapters are made one by one, and what deleting needs. */
const models = [
  { model: "6.7", transport: "ssh", roce: false, adapters: 2, rebootToDelete: true },
  { model: "7.0", transport: "vsphere", roce: true, adapters: 2, rebootToDelete: false },
  { model: "8.0", transport: "ssh", roce: true, adapters: 1, rebootToDelete: false },
  { model: "9.0", transport: "vsphere", roce: false, adapters: 1, rebootToDelete: false },
] as const;

for (const { model, transport, roce, adapters, rebootToDelete } of models) {
  describe(`the quickstart on ESXi ${model}${over[transport]}, on the real engine`, function () {
    this.timeout(180_000);
    let served: Served;
    let stack: Stack;
    let bare: string;
    const printed: string[] = [];

    const hand = (line: string) => {
      const { status, stdout } = served.host.execute(line);
      assert.equal(status, 0, stdout);
      return stdout;
    };
    const contacts = () => {
      return { visits: served.visits, commands: served.host.counters.commands };
    };
    const keep = <T extends { stdout: string; stderr: string }>(outcome: T): T => {
      printed.push(outcome.stdout, outcome.stderr);
      return outcome;
    };
    const names = (steps: Step[]) => steps.map(({ op, type }) => `${op} ${type.split(":").at(-1)}`).sort();

    before(async () => {
      const target = { name: "iqn.2010-09.lab.storage:iser-a", chap: { name: "esx01", secret: chapSecret } };
      const storage = [{ address: "192.168.50.100", targets: [target] }];
      served = await serve({ model, password, storage }, transport);
      const { hostKey, thumbprint, ...settings } = served.settings;
      bare = served.host.dump();
      stack = await quickStack(repository, {
        ...settings,
        ...(hostKey === undefined ? { "esxi-iser:thumbprint": thumbprint } : { "esxi-iser:hostKey": hostKey }),
        chapSecret: { secret: chapSecret },
        setRoceVersion: roce,
        "esxi-iser:password": { secret: password },
      });
    });
    after(async () => {
      stack?.dispose();
      await served?.close();
    });

    it("shows every input in the first preview, asks the host nothing and writes nothing", async () => {
      const { changes, diagnostics, stdout } = keep(await stack.preview({ diff: true }));
      assert.deepEqual(
        names(changes),
        [
          "AdapterProperties",
          "Chap",
          "DiscoveryAddress",
          "IserAdapter",
          "PortBinding",
          ...(roce ? ["RoceParams"] : []),
        ].map((type) => `create ${type}`),
      );
      for (const { name, new: made } of changes) assert.ok(!JSON.stringify(made?.inputs).includes(unknown), name);
      for (const { type, new: made } of changes)
        if (!type.endsWith(":IserAdapter")) assert.equal(made?.inputs.adapter, "vmrdma0");
      assert.deepEqual(
        diagnostics.filter(({ severity }) => severity === "error"),
        [],
      );
      assert.match(stdout, /secret +: \[secret\]/);
      assert.deepEqual(contacts(), { visits: 0, commands: 0 });
      assert.equal(served.host.dump(), bare);
    });

    it("makes a bound, discovered, CHAP-secured adapter over one connection", async () => {
      keep(await stack.up());
      assert.match(hand("esxcli iscsi adapter list"), /vmhba64 +iser +online/);
      assert.equal(hand("esxcli iscsi adapter list").match(/ iser /g)?.length, adapters);
      assert.match(
        hand("esxcli iscsi networkportal list -A vmhba64"),
        /Vmknic: vmk1\n[\s\S]*Compliant Status: compliant\n/,
      );
      assert.match(hand("esxcli iscsi adapter discovery sendtarget list -A vmhba64"), /192\.168\.50\.100:3260/);
      assert.match(hand("esxcli iscsi adapter auth chap get -A vmhba64"), /esx01[\s\S]*required/);
      assert.match(hand("esxcli iscsi adapter get -A vmhba64"), /Alias: storage-a\n/);
      assert.match(hand("esxcli iscsi session list -A vmhba64"), /Target: iqn\.2010-09\.lab\.storage:iser-a\n/);
      assert.equal(/roce type: 2/.test(hand("cat /var/log/vmkernel.log")), roce);
      assert.equal(contacts().visits, 1);
      assert.deepEqual(await stack.outputs(), { vmhba: "vmhba64", iqn: (await stack.outputs()).iqn, compliant: true });
    });

    it("shows no change afterwards, and an up without changes makes no connection", async () => {
      const start = contacts();
      assert.deepEqual(keep(await stack.preview()).changes, []);
      assert.deepEqual(keep(await stack.up()).changes, []);
      assert.deepEqual(contacts(), start);
    });

    it("finds nothing when nothing was changed", async () => {
      assert.deepEqual(keep(await stack.refresh()).changes, []);
    });

    it("finds exactly the property that was changed by hand, and heals it", async () => {
      hand("esxcli iscsi adapter auth chap set -A vmhba64 -d uni -l preferred -N esx01 -S simulated-by-hand");
      const { changes } = keep(await stack.refresh());
      assert.deepEqual(names(changes), ["update Chap"]);
      assert.deepEqual(differing(changes[0]), ["level"]);
      assert.deepEqual(names(keep(await stack.preview()).changes), ["update Chap"]);
      assert.deepEqual(names(keep(await stack.up()).changes), ["update Chap"]);
      assert.match(hand("esxcli iscsi adapter auth chap get -A vmhba64"), /esx01[\s\S]*required/);
      assert.deepEqual(keep(await stack.refresh()).changes, []);
    });

    it("finds a binding that was removed by hand, and binds again", async () => {
      hand("esxcli iscsi networkportal remove -A vmhba64 -n vmk1 --force true");
      assert.deepEqual(names(keep(await stack.refresh()).changes), ["delete PortBinding"]);
      assert.deepEqual(names(keep(await stack.up()).changes), ["create PortBinding"]);
      assert.match(hand("esxcli iscsi networkportal list -A vmhba64"), /Vmknic: vmk1/);
    });

    it("has no secret in state, output, journal or command line", async () => {
      const state = JSON.stringify(await stack.exportState());
      const journal = JSON.stringify(served.host.journal);
      for (const text of [state, journal, served.host.dump(), ...printed])
        for (const secret of [chapSecret, password]) assert.ok(!text.includes(secret));
      assert.ok(state.includes('"level":"required"'));
      assert.match(journal, /auth chap set/);
    });

    it("leaves the host as it was, byte for byte", async () => {
      const { stdout } = keep(await stack.destroy());
      if (rebootToDelete) {
        assert.match(stdout, /gone after the next reboot of the host/);
        served.host.reboot();
      }
      assert.equal(served.host.dump(), bare);
    });
  });
}

/** The properties in which the outputs of a step's old and new state differ. */
function differing(step: Step | undefined): string[] {
  const [old = {}, now = {}] = [step?.old?.outputs, step?.new?.outputs];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]),
  );
}
