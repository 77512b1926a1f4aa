import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type Declared, Lab } from "../../support/lab.js";
import { over, transports } from "../../support/served.js";
import { adapterSubjects } from "./subjects/adapter.js";
import { networkSubjects } from "./subjects/network.js";
import { systemSubjects } from "./subjects/system.js";

const subjects = [...adapterSubjects, ...networkSubjects, ...systemSubjects];

for (const [subject, transport] of subjects.flatMap((one) => transports.map((way) => [one, way] as const))) {
  const { definition, inputs, look, shows } = subject;
  const title = subject.of === undefined ? definition.type : `${definition.type} of ${subject.of}`;

  const showsNoValue = subject.isInLog === true && transport === "vsphere";

  describe(`${title} on an ESXi 8.0 host,${over[transport]}`, () => {
    let lab: Lab;
    let declared: Declared;
    let bare: string;
    let beside: string[];
    let start: number;

    const watch = () => subject.watch.map((line) => lab.hand(line));
    const seen = () => lab.hand(look);
    const writes = () => lab.writesSince(start);

    beforeEach(async () => {
      lab = await Lab.start({ model: "8.0" }, transport);
      for (const line of [...subject.needs, ...subject.neighbours]) lab.hand(line);
      bare = lab.host.dump();
      beside = watch();
      declared = lab.lifecycle(definition);
      start = lab.host.journal.length;
    });
    afterEach(() => lab.close());

    it("is made, shows on the host, and leaves what is beside it", async () => {
      assert.equal(await declared.up(inputs), "create");
      assert.match(seen(), shows);
      assert.deepEqual(watch(), beside);
    });

    it("is not touched by a second up, which opens no connection", async () => {
      await declared.up(inputs);
      const { connections, commands } = lab.host.counters;
      assert.equal(await declared.up(inputs), "same");
      assert.deepEqual([lab.host.counters.connections, lab.host.counters.commands], [connections, commands]);
    });

    it("is found as it was made", async () => {
      await declared.up(inputs);
      assert.deepEqual(await declared.refresh(), []);
      assert.equal(await declared.up(inputs), "same");
    });

    for (const { change, is, shows } of subject.attributes)
      it(`is changed to ${Object.keys(change).join(" and ")} ${JSON.stringify(change).replaceAll(/simulated-[a-z-]+/g, "…")} by ${is}, and back`, async () => {
        await declared.up(inputs);
        assert.equal(await declared.up({ ...inputs, ...change }), is);
        assert.match(seen(), shows);
        assert.deepEqual(watch(), beside);
        const after = writes().length;
        assert.equal(await declared.up({ ...inputs, ...change }), "same");
        assert.deepEqual(await declared.refresh(), []);
        assert.equal(writes().length, after);
        await declared.destroy();
        assert.equal(lab.host.dump(), bare);
      });

    if (subject.drift && !showsNoValue) {
      const { by, property } = subject.drift;
      it(`is found to have another ${property} when it was changed by hand, and is healed`, async () => {
        await declared.up(inputs);
        lab.hand(by);
        const drifted = await declared.refresh();
        assert.deepEqual(drifted === "gone" ? drifted : drifted.filter((key) => key !== "confirmed"), [property]);
        assert.equal(await declared.up(inputs), "update");
        assert.match(seen(), shows);
        assert.deepEqual(await declared.refresh(), []);
      });
    }

    if (subject.disappears) {
      const gone = subject.disappears;
      it("is found gone when it was removed by hand, and is made again", async () => {
        await declared.up(inputs);
        lab.hand(gone);
        assert.equal(await declared.refresh(), "gone");
        assert.equal(await declared.up(inputs), "create");
        assert.match(seen(), shows);
      });

      it("is destroyed without a command when it is gone already", async () => {
        await declared.up(inputs);
        lab.hand(gone);
        start = lab.host.journal.length;
        await declared.destroy();
        assert.deepEqual(writes(), []);
      });
    }

    if (subject.parentDisappears.length > 0)
      it("is found gone with what it belongs to, and destroyed without a command", async () => {
        await declared.up(inputs);
        for (const line of subject.parentDisappears) lab.hand(line);
        const { id, state } = declared;
        assert.equal(await declared.refresh(), "gone");
        start = lab.host.journal.length;
        Object.assign(declared, { id, state });
        await declared.destroy();
        assert.deepEqual(writes(), []);
      });

    if (subject.halfway) {
      const { fails, onRun, inputs: more } = subject.halfway;
      it("goes on after a failure between two commands, and still gives everything back", async () => {
        if (onRun === 2) lab.host.faults.add({ match: fails, kind: "slow", delayMs: 0 });
        lab.host.faults.add({ match: fails, kind: "fail", message: "Simulated failure." });
        await assert.rejects(declared.up({ ...inputs, ...more }), /Simulated failure/);
        assert.equal(await declared.up({ ...inputs, ...more }), "update");
        assert.match(seen(), shows);
        assert.equal(await declared.up({ ...inputs, ...more }), "same");
        await declared.destroy();
        assert.equal(lab.host.dump(), bare);
      });
    }

    it("leaves the host as it was when it is destroyed", async () => {
      await declared.up(inputs);
      await declared.destroy();
      assert.equal(lab.host.dump(), bare);
    });

    if (showsNoValue) {
      it("is unconfirmed, and not found to be another when it was changed by hand", async () => {
        await declared.up(inputs);
        assert.equal(declared.state?.confirmed, false);
        assert.ok(subject.drift);
        lab.hand(subject.drift.by);
        assert.deepEqual(await declared.refresh(), []);
      });

      it("says when it is destroyed that nobody knows what it was before", async () => {
        for (const line of subject.byHand) lab.hand(line);
        await declared.up(inputs);
        await declared.destroy();
        assert.match(lab.notices.at(-1) ?? "", /ESXi does not say which RoCE version was set before/);
      });
      return;
    }

    it("adopts what is there already, and leaves it", async () => {
      for (const line of subject.byHand) lab.hand(line);
      const before = lab.host.dump();
      start = lab.host.journal.length;
      await declared.up(inputs);
      if (!subject.adoptsByWriting) assert.deepEqual(writes(), []);
      assert.equal(lab.host.dump(), before);
      await declared.destroy();
      assert.equal(lab.host.dump(), before);
    });
  });
}
