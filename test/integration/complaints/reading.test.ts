import assert from "node:assert/strict";
import { portBinding } from "../../../src/resources/portBinding.js";
import type { FaultOptions } from "../../../src/simulator/index.js";
import { answer, type Change, complaint, declaredWith, unchanged } from "../../support/complaint.js";

const path = "iscsi networkportal list";
const look = "esxcli iscsi networkportal list -A vmhba64";
const inputs = { adapter: "vmrdma0", vmkernelAdapter: "vmk1" };

/** Each way in which a read may fail. */
const faults: [string, FaultOptions][] = [
  ["fails", { match: path, kind: "fail", message: "Connect to localhost failed: Connection failure." }],
  ["is cut off", { match: path, kind: "truncate" }],
  ["is garbled", { match: path, kind: "garble" }],
  ["loses its connection three times", { match: path, kind: "dropBefore", times: 3 }],
];

/** A failed read says that the object is not there. */
const absent: Change = (life) => ({
  read: (id, olds) => life.read(id, olds).catch(() => ({ id: "", props: {}, inputs: {} })),
});

/** A failed read says that the object has no values. */
const empty: Change = (life) => ({
  read: (id, olds) =>
    life.read(id, olds).catch(() => ({ id, props: { ...olds, compliant: false, portGroup: "" }, inputs: olds })),
});

complaint(6, "a failed read becomes phantom drift or lost state", () => {
  for (const [what, fault] of faults)
    answer(
      `a binding whose listing ${what} is neither lost nor drift, and is found by the next refresh`,
      async (lab, change) => {
        lab.hand("esxcli rdma iser add -d vmrdma0");
        const binding = declaredWith(lab, portBinding, change);
        await binding.up(inputs);
        const { state } = binding;
        lab.host.faults.add(fault);
        const failed = await binding.refresh().then(
          (found) => `the refresh says ${JSON.stringify(found)}`,
          () => undefined,
        );
        assert.equal(failed, undefined);
        assert.equal(binding.state, state);
        assert.deepEqual(await binding.refresh(), []);
        assert.equal(await binding.up(inputs), "same");
        assert.equal(lab.hand(look).match(/Vmknic: vmk1\n/g)?.length, 1);
        // And it is gone when, and only when, a listing that succeeded does not have it.
        lab.hand("esxcli iscsi networkportal remove -A vmhba64 -n vmk1");
        assert.equal(await binding.refresh(), "gone");
      },
      {
        intact: unchanged,
        without: {
          "a failed read counts as absent": [absent, /the refresh says "gone"/],
          "a failed read counts as empty": [empty, /the refresh says \["compliant","portGroup"\]/],
        },
      },
    );
});
