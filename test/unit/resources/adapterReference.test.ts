import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type AdapterView, adapterOf, isFound, resolve } from "../../../src/resources/adapterReference.js";
import { device, iser, software, tied, view } from "../../support/views.js";

const storage = (hba: string, description: string, uid = `iscsi.${hba}`) => ({ hba, driver: "iser", uid, description });
const everyNic = ["vmhba64", "vmhba65"].flatMap((adapter) =>
  ["vmnic0", "vmnic4", "vmnic5"].map((vmnic) => ({ adapter, vmnic })),
);
const both = [iser("vmhba64"), iser("vmhba65")];

/** What the host shows, what is asked for, and the adapter that it is, or why there is none. */
const table: [string, AdapterView, string, string][] = [
  ["the physical portal of its uplink", tied, "vmrdma1", "vmhba65"],
  ["the same by uplink", tied, "vmnic5", "vmhba65"],
  [
    "swapped numbers are seen",
    view({
      ...tied,
      portals: [
        { adapter: "vmhba65", vmnic: "vmnic4" },
        { adapter: "vmhba64", vmnic: "vmnic5" },
      ],
    }),
    "vmrdma0",
    "vmhba65",
  ],
  [
    "the storage description names the device",
    view({
      adapters: both,
      storage: [storage("vmhba64", "iSER Adapter on vmrdma1"), storage("vmhba65", "iSER Adapter on vmrdma0")],
    }),
    "vmrdma0",
    "vmhba65",
  ],
  [
    "the storage UID names the uplink",
    view({
      adapters: both,
      storage: [storage("vmhba64", "", "rdma.vmnic5:00:11"), storage("vmhba65", "", "rdma.vmnic4:00:22")],
    }),
    "vmrdma1",
    "vmhba64",
  ],
  [
    "vmrdma1 is not vmrdma10",
    view({
      devices: [device(1), device(10)],
      adapters: both,
      storage: [storage("vmhba64", "on vmrdma10"), storage("vmhba65", "on vmrdma1")],
    }),
    "vmrdma1",
    "vmhba65",
  ],
  ["one card and one adapter", view({ devices: [device(0)], adapters: [iser("vmhba64")] }), "vmrdma0", "vmhba64"],
  [
    "the last card and the last adapter",
    view({ adapters: both, portals: [{ adapter: "vmhba64", vmnic: "vmnic4" }] }),
    "vmrdma1",
    "vmhba65",
  ],
  [
    "portals that list every NIC say nothing",
    view({ adapters: both, portals: everyNic }),
    "vmrdma0",
    "ambiguous vmhba64,vmhba65",
  ],
  ["nothing ties two adapters to two cards", view({ adapters: both }), "vmrdma0", "ambiguous vmhba64,vmhba65"],
  [
    "one adapter that is nobody's, and two cards",
    view({ adapters: [iser("vmhba64")] }),
    "vmrdma0",
    "ambiguous vmhba64",
  ],
  [
    "two adapters of one card",
    view({
      ...tied,
      portals: [
        { adapter: "vmhba64", vmnic: "vmnic4" },
        { adapter: "vmhba65", vmnic: "vmnic4" },
      ],
    }),
    "vmrdma0",
    "ambiguous vmhba64,vmhba65",
  ],
  [
    "the only adapter is another card's",
    view({ adapters: [iser("vmhba64")], portals: [{ adapter: "vmhba64", vmnic: "vmnic4" }] }),
    "vmrdma1",
    "absent",
  ],
  [
    "the last adapter may be a lost card's",
    view({ devices: [device(1)], adapters: [iser("vmhba64")], portals: [{ adapter: "vmhba64", vmnic: "vmnic4" }] }),
    "vmrdma1",
    "ambiguous vmhba64",
  ],
  [
    "the last adapter is named after a lost card",
    view({
      devices: [device(1)],
      adapters: [iser("vmhba64")],
      storage: [storage("vmhba64", "iSER Adapter on vmrdma0")],
    }),
    "vmrdma1",
    "ambiguous vmhba64",
  ],
  [
    "software iSCSI owns no card",
    view({ devices: [device(0)], adapters: [software], portals: [{ adapter: "vmhba70", vmnic: "vmnic4" }] }),
    "vmrdma0",
    "absent",
  ],
  ["no adapter at all", view(), "vmrdma0", "absent"],
  ["no such device", tied, "vmrdma7", "no device"],
  ["no such uplink", tied, "vmnic0", "no device"],
  ["a software adapter by its number", view({ adapters: [software] }), "vmhba70", "vmhba70"],
  ["an iSER adapter by its number is refused", tied, "vmhba64", "iser by number"],
  ["a number that is not there", tied, "vmhba99", "no adapter"],
];

describe("which vmhba# an RDMA device has", () => {
  for (const [title, have, reference, expected] of table) {
    it(`${title}: ${reference} → ${expected}`, () => {
      const found = resolve(have, reference);
      const text =
        found.kind === "found"
          ? found.vmhba
          : found.kind === "ambiguous"
            ? `ambiguous ${found.candidates.join(",")}`
            : found.kind;
      assert.equal(text, expected);
    });
  }

  it("names the devices that there are when one is not", () => {
    assert.throws(
      () => adapterOf(resolve(tied, "vmrdma7")),
      /no RDMA device vmrdma7\. RDMA devices: vmrdma0 \(Active, uplink vmnic4\), vmrdma1/,
    );
  });

  it("names the candidates when the host does not say, and concludes nothing", () => {
    const open = resolve(view({ adapters: both }), "vmrdma0");
    assert.throws(() => isFound(open), { code: "ADAPTER_AMBIGUOUS", message: /Candidates: vmhba64, vmhba65/ });
  });

  it("says which device to name instead of an iSER adapter's number", () => {
    assert.throws(() => adapterOf(resolve(tied, "vmhba65")), /Give its RDMA device instead: adapter: "vmrdma1"/);
  });
});
