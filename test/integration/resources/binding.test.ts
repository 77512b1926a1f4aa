import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ErrorCode } from "../../../src/errors.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { Lab } from "../../support/lab.js";

const sw = "esxcli network vswitch standard";
const move = (nic: string, from: string, to: string) => [
  `${sw} uplink remove -u ${nic} -v ${from}`,
  `${sw} uplink add -u ${nic} -v ${to}`,
];
const active = (uplinks: string, standby = "''") =>
  `${sw} portgroup policy failover set -p iser-a -a ${uplinks} -s ${standby}`;

/** How an administrator may have set up the network of vmk1, and what is said to that. */
const violations: [string, readonly string[], string, ErrorCode, RegExp][] = [
  [
    "a VMkernel adapter that is not there",
    [],
    "vmk9",
    "VMKERNEL_ADAPTER_NOT_FOUND",
    /vmk9\. VMkernel adapters: vmk0, vmk1, vmk2/,
  ],
  [
    "two active uplinks",
    [...move("vmnic0", "vSwitch0", "vSwitch1"), active("vmnic4,vmnic0")],
    "vmk1",
    "PORT_GROUP_TEAMING",
    /2 active uplinks/,
  ],
  [
    "a standby uplink",
    [...move("vmnic0", "vSwitch0", "vSwitch1"), active("vmnic4", "vmnic0")],
    "vmk1",
    "PORT_GROUP_TEAMING",
    /1 standby \(vmnic0\)/,
  ],
  ["the uplink of another card", [], "vmk2", "UPLINK_MISMATCH", /uses vmnic5, but the adapter of vmrdma0 is on vmnic4/],
  [
    "a switch with two RDMA devices",
    [...move("vmnic5", "vSwitch2", "vSwitch1"), active("vmnic4")],
    "vmk1",
    "SWITCH_SHARED",
    /vmrdma0 \(vmnic4\), vmrdma1 \(vmnic5\)/,
  ],
  [
    "a switch with another MTU",
    [`${sw} set -v vSwitch1 -m 9000`],
    "vmk1",
    "MTU_MISMATCH",
    /vSwitch1 has MTU 9000, but vmk1 has 1500/,
  ],
];

describe("binding a VMkernel adapter", () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.start({ model: "8.0" });
    lab.hand("esxcli rdma iser add -d vmrdma0");
  });
  afterEach(() => lab.close());

  for (const [title, lines, vmkernelAdapter, code, message] of violations)
    it(`of ${title} is refused before anything is written`, async () => {
      for (const line of lines) lab.hand(line);
      const { writes } = lab.host.counters;
      const binding = lab.lifecycle(portBinding);
      await assert.rejects(binding.up({ adapter: "vmrdma0", vmkernelAdapter }), { code, message });
      assert.deepEqual([lab.host.counters.writes, binding.state], [writes, undefined]);
    });

  it("by force is not refused, and ESXi's verdict is told", async () => {
    for (const line of [...move("vmnic0", "vSwitch0", "vSwitch1"), active("vmnic4,vmnic0")]) lab.hand(line);
    const binding = lab.lifecycle(portBinding);
    await binding.up({ adapter: "vmrdma0", vmkernelAdapter: "vmk1", force: true });
    assert.match(
      lab.hand("esxcli iscsi networkportal list -A vmhba64"),
      /Vmknic: vmk1\n[\s\S]*Compliant Status: non-compliant/,
    );
    assert.equal(binding.state?.compliant, false);
    assert.notEqual(binding.state?.complianceMessage, "");
  });

  it("is found non-compliant when the network is changed afterwards", async () => {
    const binding = lab.lifecycle(portBinding);
    await binding.up({ adapter: "vmrdma0", vmkernelAdapter: "vmk1" });
    for (const line of [...move("vmnic0", "vSwitch0", "vSwitch1"), active("vmnic4,vmnic0")]) lab.hand(line);
    const drifted = await binding.refresh();
    assert.ok(drifted.includes("compliant"), String(drifted));
    assert.equal(binding.state?.compliant, false);
  });

  it("refuses the number of an iSER adapter, and says what to declare instead", async () => {
    await assert.rejects(
      lab.lifecycle(portBinding).up({ adapter: "vmhba64", vmkernelAdapter: "vmk1" }),
      /Give its RDMA device instead: adapter: "vmrdma0"/,
    );
  });

  it("under an active session is not undone without force, and the error says how", async () => {
    await lab.close();
    lab = await Lab.start({ model: "8.0", unknowns: { discoveredTargetsStay: true } });
    lab.hand("esxcli rdma iser add -d vmrdma0");
    const binding = lab.lifecycle(portBinding);
    await binding.up({ adapter: "vmrdma0", vmkernelAdapter: "vmk1" });
    lab.hand("esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100");
    lab.hand("esxcli iscsi adapter discovery rediscover -A vmhba64");
    assert.match(lab.hand("esxcli iscsi session list -A vmhba64"), /Target: iqn/);
    await assert.rejects(
      binding.destroy(),
      /with the declaration as it was, set force: true on the PortBinding, run pulumi up, and only then/,
    );
    assert.equal(await binding.up({ adapter: "vmrdma0", vmkernelAdapter: "vmk1", force: true }), "update");
    await binding.destroy();
    assert.doesNotMatch(lab.hand("esxcli iscsi networkportal list"), /vmk1/);
  });
});
