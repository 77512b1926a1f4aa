import assert from "node:assert/strict";
import { chap } from "../../../src/resources/chap.js";
import { answer, type Change, complaint, declaredWith, unchanged } from "../../support/complaint.js";
import type { Lab } from "../../support/lab.js";

const old = { adapter: "vmrdma0", level: "required", name: "esx01", secret: "simulated-secret-old" };
const rotated = { ...old, secret: "simulated-secret-new" };
const mutual = { name: "array", secret: "simulated-secret-array" };

/** The storage system knows the new secret already. */
const storage = [
  {
    address: "192.168.50.100",
    targets: [{ name: "iqn.2010-09.lab.storage:iser-a", chap: { name: "esx01", secret: rotated.secret } }],
  },
];

function bound(lab: Lab): void {
  lab.hand("esxcli rdma iser add -d vmrdma0");
  lab.hand("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
}

/** The target takes the adapter's secret, as only a login can tell. */
function assertLogsIn(lab: Lab): void {
  lab.hand("esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100");
  lab.host.execute("esxcli iscsi adapter discovery rediscover -A vmhba64");
  const sessions = lab.hand("esxcli iscsi session list -A vmhba64");
  assert.match(sessions, /Target: iqn\.2010-09\.lab\.storage:iser-a\n/, "the target does not let the adapter in");
}

complaint(3, "CHAP rotation is missed, or never settles", () => {
  answer(
    "the target lets the adapter in with the new secret",
    async (lab, definition) => {
      bound(lab);
      const declared = lab.lifecycle(definition);
      await declared.up(old);
      assert.equal(await declared.up(rotated), "update");
      assertLogsIn(lab);
    },
    {
      host: { storage },
      intact: chap,
      without: {
        "a changed secret is not compared": [
          { ...chap, plan: (have, want, memory) => chap.plan(have, want, { ...memory, last: want }) },
          /does not let the adapter in/,
        ],
      },
    },
  );

  answer(
    "a new secret is written once, and the secret of the other direction is not written again",
    async (lab, definition) => {
      bound(lab);
      const declared = lab.lifecycle(definition);
      await declared.up({ ...old, mutual });
      const start = lab.host.journal.length;
      await declared.up({ ...rotated, mutual });
      assert.equal(await declared.up({ ...rotated, mutual }), "same");
      assert.deepEqual(await declared.refresh(), []);
      assert.equal(await declared.up({ ...rotated, mutual }), "same");
      const writes = lab.writesSince(start);
      assert.equal(writes.length, 1, writes.join("\n"));
      assert.match(writes.join(), /auth chap set .*--direction=uni/);
    },
    {
      intact: chap,
      without: {
        "secrets are compared with nothing": [
          { ...chap, plan: (have, want, memory) => chap.plan(have, want, { ...memory, last: undefined }) },
          /still to do: esxcli iscsi adapter auth chap set/,
        ],
      },
    },
  );

  answer(
    "a secret that could not be written is written by the next up",
    async (lab, change) => {
      bound(lab);
      const declared = declaredWith(lab, chap, change);
      await declared.up(old);
      lab.host.faults.add({ match: "iscsi adapter auth chap set", kind: "fail" });
      await assert.rejects(declared.up(rotated), { code: "COMMAND_FAILED" });
      await declared.refresh();
      await declared.up(rotated);
      assertLogsIn(lab);
    },
    {
      host: { storage },
      intact: unchanged,
      without: {
        "a failed update is taken for done": [
          (life): ReturnType<Change> => ({ diff: (olds, news) => life.diff({ ...olds, unfinished: undefined }, news) }),
          /does not let the adapter in/,
        ],
      },
    },
  );
});
