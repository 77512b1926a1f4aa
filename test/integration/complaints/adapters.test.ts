import assert from "node:assert/strict";
import { adapterGet } from "../../../src/esxcli/iscsi.js";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import type { Resolution } from "../../../src/resources/adapterReference.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { answer, complaint } from "../../support/complaint.js";
import type { Lab } from "../../support/lab.js";

/** The number that the adapter of a card has now. */
function vmhbaOf(lab: Lab, uplink: string): string {
  const portals = lab.hand("esxcli iscsi physicalnetworkportal list");
  return new RegExp(`(vmhba\\d+) +${uplink} `).exec(portals)?.[1] ?? "none";
}

/** The adapter is known by the number that it had at first. */
function byNumber(): typeof adapterProperties {
  const known = new Map<string, Resolution>();
  return {
    ...adapterProperties,
    async observe(ask, inputs) {
      const have = await adapterProperties.observe(ask, inputs);
      const resolution = known.get(inputs.adapter) ?? have.resolution;
      known.set(inputs.adapter, resolution);
      if (resolution.kind !== "found") return have;
      return { ...have, resolution, info: await ask(adapterGet(resolution.vmhba)) };
    },
  };
}

complaint(2, "adapters vanish or are renumbered by a reboot", () => {
  answer(
    "an alias that is changed after two vmhba# were swapped goes to its own card, and the other card keeps its alias",
    async (lab, properties) => {
      for (const device of ["vmrdma0", "vmrdma1"]) lab.hand(`esxcli rdma iser add -d ${device}`);
      const first = lab.lifecycle(properties);
      await first.up({ adapter: "vmrdma0", alias: "storage-a" });
      await lab.sibling(first).up({ adapter: "vmrdma1", alias: "storage-b" });
      lab.host.reboot({ swapAdapters: ["vmhba64", "vmhba65"] });
      await first.up({ adapter: "vmrdma0", alias: "storage-c" });
      assert.match(lab.hand(`esxcli iscsi adapter get -A ${vmhbaOf(lab, "vmnic4")}`), /Alias: storage-c\n/);
      assert.match(lab.hand(`esxcli iscsi adapter get -A ${vmhbaOf(lab, "vmnic5")}`), /Alias: storage-b\n/);
    },
    {
      host: { unknowns: { settingsFollow: "device" } },
      intact: adapterProperties,
      without: { "the adapter is known by its number": [byNumber(), /Alias: storage-a/] },
    },
  );

  answer(
    "the new number of an adapter is found by a refresh",
    async (lab, adapter) => {
      const first = lab.lifecycle(adapter);
      await first.up({ device: "vmrdma0" });
      await lab.sibling(first).up({ device: "vmrdma1" });
      lab.host.reboot({ swapAdapters: ["vmhba64", "vmhba65"] });
      assert.ok((await first.refresh()).includes("vmhba"), "the number is no drift");
      assert.equal(first.state?.vmhba, vmhbaOf(lab, "vmnic4"));
      assert.equal(await first.up({ device: "vmrdma0" }), "same");
    },
    {
      intact: iserAdapter,
      without: {
        "the number is taken for a status that changes by itself": [
          { ...iserAdapter, status: ["state", "vmhba"] },
          /the number is no drift/,
        ],
      },
    },
  );

  answer(
    "an adapter that did not come back is made again by refresh and up",
    async (lab, adapter) => {
      const declared = lab.lifecycle(adapter);
      await declared.up({ device: "vmrdma0" });
      lab.host.reboot({ loseAdapters: true });
      await declared.refresh();
      await declared.up({ device: "vmrdma0" });
      assert.match(lab.hand("esxcli iscsi adapter list"), /^vmhba\d+ +iser /m);
    },
    {
      intact: iserAdapter,
      without: {
        "its loss is no drift": [{ ...iserAdapter, exists: () => true }, /did not match .*vmhba/],
      },
    },
  );
});
