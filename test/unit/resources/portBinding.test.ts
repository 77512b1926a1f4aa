import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ErrorCode } from "../../../src/errors.js";
import { describe as shown } from "../../../src/esxcli/command.js";
import { resolve } from "../../../src/resources/adapterReference.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { binding, device, tied, view } from "../../support/views.js";

type Have = Parameters<typeof portBinding.plan>[0];
const vmk = {
  name: "vmk1",
  macAddress: "00:50:56:00:00:01",
  portset: "vSwitch1",
  portGroup: "iser-a",
  vdsName: "N/A",
  netstack: "defaultTcpipStack",
  mtu: 9000,
};
const good: Have = {
  resolution: resolve(tied, "vmrdma0"),
  bindings: [],
  devices: tied.devices,
  interfaces: [vmk],
  switches: [{ name: "vSwitch1", mtu: 9000, cdp: "listen", uplinks: ["vmnic4"] }],
  failover: { active: ["vmnic4"], standby: [] },
};
const bound = binding("vmk1", "vmhba64", { mtu: 9000, virtualSwitch: "vSwitch1" });
const want = { adapter: "vmrdma0", vmkernelAdapter: "vmk1", force: false };
const memory = { last: undefined, unfinished: false };
const add = "esxcli iscsi networkportal add --adapter=vmhba64 --nic=vmk1";

describe("PortBinding plans", () => {
  const plan = (have: Have, changes: Partial<typeof want> = {}) =>
    portBinding.plan(have, { ...want, ...changes }, memory).map(shown);

  it("binds", () => assert.deepEqual(plan(good), [add]));
  it("writes nothing when it is bound", () => assert.deepEqual(plan({ ...good, bindings: [bound] }), []));
  it("does not take vmk10 for vmk1", () =>
    assert.deepEqual(plan({ ...good, bindings: [{ ...bound, vmknic: "vmk10" }] }), [add]));
  it("says nothing of teaming when it is bound already", () =>
    assert.deepEqual(
      plan({ ...good, bindings: [bound], failover: { active: ["vmnic4", "vmnic5"], standby: [] } }),
      [],
    ));

  const violations: [string, Partial<Have>, ErrorCode, RegExp][] = [
    [
      "a VMkernel adapter that is not there",
      { interfaces: [{ ...vmk, name: "vmk0" }] },
      "VMKERNEL_ADAPTER_NOT_FOUND",
      /no VMkernel adapter vmk1\. VMkernel adapters: vmk0/,
    ],
    [
      "a distributed switch",
      { interfaces: [{ ...vmk, portset: "DvsPortset-0", portGroup: "N/A", vdsName: "vDS" }], failover: undefined },
      "DISTRIBUTED_SWITCH",
      /vmk1 is on DvsPortset-0 \(vDS\)/,
    ],
    [
      "two active uplinks",
      { failover: { active: ["vmnic4", "vmnic6"], standby: [] } },
      "PORT_GROUP_TEAMING",
      /2 active uplinks \(vmnic4, vmnic6\)/,
    ],
    ["no active uplink", { failover: { active: [], standby: [] } }, "PORT_GROUP_TEAMING", /0 active uplinks/],
    [
      "a standby uplink",
      { failover: { active: ["vmnic4"], standby: ["vmnic6"] } },
      "PORT_GROUP_TEAMING",
      /1 standby \(vmnic6\)/,
    ],
    [
      "the uplink of another card",
      { failover: { active: ["vmnic5"], standby: [] } },
      "UPLINK_MISMATCH",
      /uses vmnic5, but the adapter of vmrdma0 is on vmnic4/,
    ],
    [
      "a switch with two RDMA devices",
      { switches: [{ name: "vSwitch1", mtu: 9000, cdp: "listen", uplinks: ["vmnic4", "vmnic5"] }] },
      "SWITCH_SHARED",
      /carries 2 RDMA devices: vmrdma0 \(vmnic4\), vmrdma1 \(vmnic5\)/,
    ],
    [
      "different MTUs",
      { switches: [{ name: "vSwitch1", mtu: 1500, cdp: "listen", uplinks: ["vmnic4"] }] },
      "MTU_MISMATCH",
      /vSwitch1 has MTU 1500, but vmk1 has 9000/,
    ],
    [
      "an adapter that is not there",
      { resolution: resolve(view(), "vmrdma0") },
      "ADAPTER_NOT_FOUND",
      /vmrdma0 \(vmnic4\) has no iSER adapter/,
    ],
  ];
  for (const [title, changes, code, message] of violations) {
    it(`refuses ${title}`, () => assert.throws(() => plan({ ...good, ...changes }), { code, message }));
    const ruled = !["VMKERNEL_ADAPTER_NOT_FOUND", "ADAPTER_NOT_FOUND"].includes(code);
    it(`${ruled ? "binds by force" : "does not even by force bind"} with ${title}`, () =>
      ruled
        ? assert.deepEqual(plan({ ...good, ...changes }, { force: true }), [`${add} --force=true`])
        : assert.throws(() => plan({ ...good, ...changes }, { force: true }), { code }));
  }

  it("accepts another NIC without RDMA on the switch", () =>
    assert.deepEqual(
      plan({
        ...good,
        devices: [device(0)],
        switches: [{ name: "vSwitch1", mtu: 9000, cdp: "listen", uplinks: ["vmnic4", "vmnic9"] }],
      }),
      [add],
    ));
});

describe("PortBinding gives back", () => {
  const have = { ...good, bindings: [bound] };
  const peers = { first: have, declared: new Map(), released: new Map(), left: new Map() };
  it("the binding that it made", () =>
    assert.deepEqual(portBinding.remove(have, want, { existed: false }, peers).commands.map(shown), [
      "esxcli iscsi networkportal remove --adapter=vmhba64 --nic=vmk1",
    ]));
  it("not the one that was there before", () =>
    assert.deepEqual(portBinding.remove(have, want, { existed: true }, peers).commands, []));
});
