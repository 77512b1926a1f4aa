import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { declaredPath, faultsOf } from "../../../src/resources/bindingPath.js";

type Declared = Readonly<Record<string, Record<string, unknown>[]>>;

const whole: Declared = {
  VirtualSwitch: [
    { name: "vSwitch1", uplinks: ["vmnic4"], mtu: 9000 },
    { name: "vSwitch2", uplinks: ["vmnic5"], mtu: 1500 },
  ],
  PortGroup: [
    { name: "iser-a", virtualSwitch: "vSwitch1", activeUplinks: ["vmnic4"], standbyUplinks: [] },
    { name: "iser-b", virtualSwitch: "vSwitch2" },
  ],
  VmkernelAdapter: [
    { name: "vmk1", portGroup: "iser-a", mtu: 9000 },
    { name: "vmk2", portGroup: "iser-b", mtu: 1500 },
  ],
  IserAdapter: [{ uplink: "vmnic4" }, { uplink: "vmnic5" }],
};

function changed(type: string, at: number, change: Record<string, unknown>): Declared {
  return {
    ...whole,
    [type]: (whole[type] ?? []).map((one, index) => (index === at ? { ...one, ...change } : one)),
  };
}

function faults(declared: Declared, adapter = "vmnic4", vmkernelAdapter = "vmk1"): string {
  const beside = (type: string) => declared[type] ?? [];
  return faultsOf(declaredPath({ adapter, vmkernelAdapter }, beside)).join("\n");
}

describe("what a program declares of the path of a binding", () => {
  it("is fit where nothing speaks against it", () => assert.equal(faults(whole), ""));
  it("is not judged where it is not declared", () => {
    assert.equal(faults({}), "");
    assert.equal(faults({ VmkernelAdapter: whole.VmkernelAdapter ?? [] }), "");
  });
  it("is not compared between a device and an uplink, which may be the same card", () =>
    assert.equal(faults(whole, "vmrdma0"), ""));

  const table: [string, Declared, RegExp, string?, string?][] = [
    [
      "two active uplinks",
      changed("PortGroup", 0, { activeUplinks: ["vmnic4", "vmnic6"] }),
      /port group "iser-a" of vmk1 has 2 active uplinks \(vmnic4, vmnic6\)[\s\S]*one in `activeUplinks`/,
    ],
    ["a standby uplink", changed("PortGroup", 0, { standbyUplinks: ["vmnic6"] }), /1 standby \(vmnic6\)/],
    [
      "the uplink of another card",
      changed("PortGroup", 0, { activeUplinks: ["vmnic5"] }),
      /uses vmnic5, but the adapter of vmnic4 is on vmnic4/,
    ],
    ["the only uplink of the switch being another card's", whole, /uses vmnic5/, "vmnic4", "vmk2"],
    [
      "two RDMA cards on one switch",
      changed("VirtualSwitch", 0, { uplinks: ["vmnic4", "vmnic5"] }),
      /vSwitch1 of vmk1 carries 2 RDMA devices: vmnic4, vmnic5; iSER takes one per virtual switch/,
    ],
    [
      "two RDMA devices on one switch",
      changed("VirtualSwitch", 0, { uplinks: ["vmrdma0", "vmrdma1"] }),
      /carries 2 RDMA devices/,
    ],
    [
      "different MTUs",
      changed("VmkernelAdapter", 0, { mtu: 1500 }),
      /vSwitch1 has MTU 9000, but vmk1 has 1500[\s\S]*Declare the same `mtu`/,
    ],
  ];
  for (const [title, declared, message, adapter, vmk] of table)
    it(`is refused for ${title}`, () => assert.match(faults(declared, adapter, vmk), message));

  it("accepts a NIC beside the card that is no RDMA device's", () =>
    assert.equal(faults(changed("VirtualSwitch", 0, { uplinks: ["vmnic4", "vmnic9"] })), ""));
});
