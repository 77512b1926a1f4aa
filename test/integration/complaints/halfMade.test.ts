import assert from "node:assert/strict";
import { sendTargetRemove } from "../../../src/esxcli/iscsiDiscovery.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import { answer, type Change, complaint, declaredWith, unchanged } from "../../support/complaint.js";
import type { Lab } from "../../support/lab.js";

const inputs = { adapter: "vmrdma0", address: "192.168.50.100" };
const byHand = "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100";
const look = "esxcli iscsi adapter discovery sendtarget list -A vmhba64";

function bound(lab: Lab): void {
  lab.hand("esxcli rdma iser add -d vmrdma0");
  lab.hand("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
}

/** What was seen before the first write is taken for what is there. */
function seenOnce(): typeof discoveryAddress {
  let seen: ReturnType<typeof discoveryAddress.observe> | undefined;
  return {
    ...discoveryAddress,
    observe(ask, wanted) {
      seen ??= discoveryAddress.observe(ask, wanted);
      return seen;
    },
  };
}

/** A create that fails leaves nothing in state. */
const forgotten: Change = (life) => ({
  create: (news) =>
    life.create(news).catch((error: Error) => {
      throw new Error(error.message);
    }),
});

complaint(7, 'half-made objects, and then "already exists"', () => {
  answer(
    "a discovery address that is there already is adopted without a write, and stays when it is destroyed",
    async (lab, definition) => {
      bound(lab);
      lab.hand(byHand);
      const { writes } = lab.host.counters;
      const declared = lab.lifecycle(definition);
      await declared.up(inputs);
      assert.equal(lab.host.counters.writes, writes);
      await declared.destroy();
      assert.match(lab.hand(look), /192\.168\.50\.100:3260/, "the address is gone");
    },
    {
      intact: discoveryAddress,
      without: {
        "it is not looked for before it is made": [
          {
            ...discoveryAddress,
            plan: (have, want, memory) => discoveryAddress.plan({ ...have, addresses: new Map() }, want, memory),
          },
          /ESXi said: Unable to add sendtarget address/,
        ],
        "what was there before is not remembered": [
          { ...discoveryAddress, record: () => ({ existed: false }) },
          /the address is gone/,
        ],
      },
    },
  );

  answer(
    "a discovery address that was added but not discovered is completed by the next up, and given back by destroy",
    async (lab, change) => {
      bound(lab);
      const bare = lab.host.dump();
      const declared = declaredWith(lab, discoveryAddress, change);
      lab.host.faults.add({ match: "iscsi adapter discovery rediscover", kind: "fail" });
      await assert.rejects(declared.up(inputs));
      assert.match(lab.hand(look), /192\.168\.50\.100:3260/);
      await declared.up(inputs);
      assert.match(lab.hand("esxcli iscsi session list -A vmhba64"), /Target: iqn/);
      await declared.destroy();
      assert.equal(lab.host.dump(), bare);
    },
    {
      intact: unchanged,
      without: { "a create that failed leaves nothing in state": [forgotten, /did not match .*Target: iqn/] },
    },
  );

  answer(
    "a discovery address whose answer was lost on the way is added once",
    async (lab, definition) => {
      bound(lab);
      lab.host.faults.add({ match: "iscsi adapter discovery sendtarget add", kind: "dropAfter" });
      await lab.lifecycle(definition).up(inputs);
      const added = lab.host.journal.filter(({ line }) => line.includes("sendtarget add"));
      assert.equal(added.length, 1);
      assert.match(lab.hand(look), /192\.168\.50\.100:3260/);
    },
    {
      intact: discoveryAddress,
      without: {
        "the host is not looked at again": [seenOnce(), /ESXi said: Unable to add sendtarget address/],
      },
    },
  );

  answer(
    "a discovery address that was removed by hand is destroyed without a complaint",
    async (lab, definition) => {
      bound(lab);
      const declared = lab.lifecycle(definition);
      await declared.up(inputs);
      lab.hand("esxcli iscsi adapter discovery sendtarget remove -A vmhba64 -a 192.168.50.100");
      const { writes } = lab.host.counters;
      await declared.destroy();
      assert.deepEqual([lab.host.counters.writes, declared.state], [writes, undefined]);
    },
    {
      intact: discoveryAddress,
      without: {
        "it is removed without looking": [
          {
            ...discoveryAddress,
            exists: () => true,
            remove: ({ resolution }) => ({
              commands: resolution.kind === "found" ? [sendTargetRemove(resolution.vmhba, "192.168.50.100:3260")] : [],
            }),
          },
          /ESXi said: Failed to remove sendtarget/,
        ],
      },
    },
  );
});
