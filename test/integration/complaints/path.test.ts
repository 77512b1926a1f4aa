import assert from "node:assert/strict";
import type { ErrorCode } from "../../../src/errors.js";
import type { AnyDefinition } from "../../../src/resources/inputs.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { portGroup } from "../../../src/resources/portGroup.js";
import { virtualSwitch } from "../../../src/resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../../src/resources/vmkernelAdapter.js";
import { answer, complaint } from "../../support/complaint.js";
import type { Lab } from "../../support/lab.js";

const sw = "esxcli network vswitch standard";
const move = (nic: string, from: string) => [
  `${sw} uplink remove -u ${nic} -v ${from}`,
  `${sw} uplink add -u ${nic} -v vSwitch1`,
];
const order = (active: string, standby = "''") =>
  `${sw} portgroup policy failover set -p iser-a -a ${active} -s ${standby}`;

interface Fault {
  /** As an administrator made it. */
  readonly byHand: readonly string[];
  readonly code: ErrorCode;
  /** As a program declares it: what is other than in a path that is right. */
  readonly declared: {
    readonly virtualSwitch?: object;
    readonly portGroup?: object;
    readonly vmkernelAdapter?: object;
  };
  readonly says: RegExp;
}

const faults: Readonly<Record<string, Fault>> = {
  "a port group with two active uplinks": {
    byHand: [...move("vmnic0", "vSwitch0"), order("vmnic4,vmnic0")],
    code: "PORT_GROUP_TEAMING",
    declared: {
      virtualSwitch: { uplinks: ["vmnic0", "vmnic4"] },
      portGroup: { activeUplinks: ["vmnic4", "vmnic0"] },
    },
    says: /2 active uplinks/,
  },
  "a port group with a standby uplink": {
    byHand: [...move("vmnic0", "vSwitch0"), order("vmnic4", "vmnic0")],
    code: "PORT_GROUP_TEAMING",
    declared: { virtualSwitch: { uplinks: ["vmnic0", "vmnic4"] }, portGroup: { standbyUplinks: ["vmnic0"] } },
    says: /1 standby \(vmnic0\)/,
  },
  "a port group on the uplink of another card": {
    byHand: [...move("vmnic5", "vSwitch2"), order("vmnic5")],
    code: "UPLINK_MISMATCH",
    declared: { virtualSwitch: { uplinks: ["vmnic5"] }, portGroup: { activeUplinks: ["vmnic5"] } },
    says: /uses vmnic5, but the adapter of (vmrdma0|vmnic4) is on vmnic4/,
  },
  "a virtual switch with two RDMA cards": {
    byHand: [...move("vmnic5", "vSwitch2"), order("vmnic4")],
    code: "SWITCH_SHARED",
    declared: { virtualSwitch: { uplinks: ["vmnic4", "vmrdma1"] } },
    says: /carries 2 RDMA devices/,
  },
  "a VMkernel adapter with a smaller MTU than its virtual switch": {
    byHand: [`${sw} set -v vSwitch1 -m 9000`],
    code: "MTU_MISMATCH",
    declared: { virtualSwitch: { mtu: 9000 }, vmkernelAdapter: { mtu: 1500 } },
    says: /has MTU 9000, but vmk1 has 1500/,
  },
};

const binding = { adapter: "vmnic4", vmkernelAdapter: "vmk1" };

/** What the check says of the binding, in a program that declares its whole path. */
function checked(lab: Lab, definition: AnyDefinition, declared: Fault["declared"]): string {
  const path: [AnyDefinition, object][] = [
    [virtualSwitch, { name: "vSwitch1", uplinks: ["vmnic4"], ...declared.virtualSwitch }],
    [
      portGroup,
      {
        name: "iser-a",
        virtualSwitch: "vSwitch1",
        activeUplinks: ["vmnic4"],
        standbyUplinks: [],
        ...declared.portGroup,
      },
    ],
    [vmkernelAdapter, { name: "vmk1", portGroup: "iser-a", ...declared.vmkernelAdapter }],
    [definition, binding],
  ];
  const failures = path.flatMap(
    ([one, inputs]) => lab.lifecycle(one).life.check({ host: lab.settings, ...inputs }).failures,
  );
  assert.equal(lab.host.counters.connections, 0);
  return failures.map(({ reason }) => reason).join("\n");
}

complaint(14, "teaming, uplink and MTU faults are seen only when the storage is in use", () => {
  for (const [what, { byHand, code, declared, says }] of Object.entries(faults)) {
    answer(
      `${what} is found on the host and refused, before anything is written`,
      async (lab, definition) => {
        for (const line of ["esxcli rdma iser add -d vmrdma0", ...byHand]) lab.hand(line);
        const { writes } = lab.host.counters;
        const declaredBinding = lab.lifecycle(definition);
        await assert.rejects(declaredBinding.up(binding), { code, message: says });
        assert.deepEqual([lab.host.counters.writes, declaredBinding.state], [writes, undefined]);
      },
      {
        intact: portBinding,
        without: {
          "the path is not looked at": [
            { ...portBinding, plan: (have, want, memory) => portBinding.plan(have, { ...want, force: true }, memory) },
            /Missing expected rejection/,
          ],
        },
      },
    );

    answer(
      `${what} is refused by the preview that declares it, which connects to no host`,
      async (lab, definition) => {
        assert.equal(checked(lab, definition, {}), "");
        assert.match(checked(lab, definition, declared), says);
      },
      {
        intact: portBinding,
        without: {
          "a binding is judged without its path": [{ ...portBinding, rules: () => [] }, /did not match/],
        },
      },
    );
  }

  answer(
    "a VMkernel adapter with a larger MTU than its virtual switch is refused before anything is written",
    async (lab, definition) => {
      const { writes } = lab.host.counters;
      const declared = lab.lifecycle(definition);
      const larger = declared.up({ name: "vmk1", portGroup: "iser-a", mtu: 9000 });
      await assert.rejects(larger, { code: "MTU_MISMATCH", message: /vSwitch1 .* has 1500/ });
      assert.deepEqual([lab.host.counters.writes, declared.state], [writes, undefined]);
    },
    {
      intact: vmkernelAdapter,
      without: {
        "the MTU of the virtual switch is not looked at": [
          {
            ...vmkernelAdapter,
            plan: (have, want, memory) =>
              vmkernelAdapter.plan(
                { ...have, switches: have.switches.map((one) => ({ ...one, mtu: 9190 })) },
                want,
                memory,
              ),
          },
          /Missing expected rejection/,
        ],
      },
    },
  );
});
