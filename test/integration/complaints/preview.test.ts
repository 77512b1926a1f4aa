import assert from "node:assert/strict";
import { z } from "zod";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import type { AnyDefinition } from "../../../src/resources/inputs.js";
import { iscsiParameters } from "../../../src/resources/iscsiParameters.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { moduleParameters } from "../../../src/resources/moduleParameters.js";
import { staticTarget } from "../../../src/resources/staticTarget.js";
import { vmkernelAdapter } from "../../../src/resources/vmkernelAdapter.js";
import { answer, type Change, complaint, declaredWith, type Options, unchanged } from "../../support/complaint.js";
import type { Declared, Lab } from "../../support/lab.js";

/** Nothing is left to do: not by the declaration, not by what the host shows, and not if another stack declares the same. */
async function assertSettled(lab: Lab, declared: Declared, definition: AnyDefinition, inputs: object): Promise<void> {
  const { commands, writes } = lab.host.counters;
  assert.equal(await declared.up(inputs), "same", "the second run would change something");
  assert.equal(lab.host.counters.commands, commands, "the second run asked the host");
  assert.deepEqual(await declared.refresh(), [], "the refresh finds drift");
  assert.equal(await declared.up(inputs), "same", "the run after a refresh would change something");
  await lab.lifecycle(definition).up(inputs);
  assert.equal(lab.host.counters.writes, writes, "the host is written to again");
}

const adapter = "vmrdma0";

/** What a user may write, the host's spelling of which is another, and what the comparison would be without that. */
const spellings: [string, AnyDefinition, object, AnyDefinition, RegExp, Options?][] = [
  [
    "a target whose name is in capitals",
    staticTarget,
    { adapter, targetName: "iqn.2010-09.lab.storage:ISER-A", address: "192.168.50.100" },
    {
      ...staticTarget,
      plan: (have, want, memory) =>
        staticTarget.plan(
          { ...have, targets: have.targets.filter(({ name }) => name.endsWith("ISER-A")) },
          want,
          memory,
        ),
    } as typeof staticTarget,
    /still to do: .* statictarget add/,
  ],
  [
    "an IPv6 discovery address that is written out",
    discoveryAddress,
    { adapter, address: "FD00:0:0::0005" },
    { ...discoveryAddress, fields: { ...discoveryAddress.fields, address: z.string() } },
    /still to do: .* sendtarget add/,
  ],
  [
    "module parameters in hexadecimal, shown in decimal",
    moduleParameters,
    { module: "nmlx5_core", parameters: { pfctx: "0x08" } },
    {
      ...moduleParameters,
      current: ({ parameters }) => ({
        parameters: Object.fromEntries(parameters.filter(({ name }) => name === "pfctx").map((p) => [p.name, p.value])),
      }),
    } as typeof moduleParameters,
    /the refresh finds drift/,
    { unknowns: { moduleValues: "decimal" } },
  ],
  [
    "a no and a number with leading zeros, shown as false and 10",
    iscsiParameters,
    { adapter, parameters: { DelayedAck: "no", LoginTimeout: "010" } },
    {
      ...iscsiParameters,
      current: ({ rows }, { parameters }) => ({
        parameters: Object.fromEntries(
          rows.filter(({ name }) => name in parameters).map(({ name, current }) => [name, current]),
        ),
      }),
    } as typeof iscsiParameters,
    /the refresh finds drift/,
  ],
  [
    "IPv6 addresses in another order and form",
    vmkernelAdapter,
    { name: "vmk1", portGroup: "iser-a", ipv6Addresses: ["fd00::0012/64", "FD00::11/64"] },
    { ...vmkernelAdapter, fields: { ...vmkernelAdapter.fields, ipv6Addresses: z.array(z.string()) } },
    /still to do: .* ipv6 address/,
  ],
];

complaint(5, "the preview lies: a second run is never empty", () => {
  for (const [what, intact, inputs, other, fails, host] of spellings)
    answer(
      `nothing is left to do once the host has ${what}`,
      async (lab, definition) => {
        lab.hand("esxcli rdma iser add -d vmrdma0");
        const declared = lab.lifecycle(definition);
        await declared.up(inputs);
        await assertSettled(lab, declared, definition, inputs);
      },
      { ...(host && { host }), intact, without: { "spellings are compared as they stand": [other, fails] } },
    );

  answer(
    "an adapter that goes online when it is bound needs nothing more",
    async (lab, definition) => {
      const declared = lab.lifecycle(definition);
      await declared.up({ device: adapter });
      lab.hand("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
      assert.match(lab.hand("esxcli iscsi adapter list"), /vmhba64 +iser +online/);
      await assertSettled(lab, declared, definition, { device: adapter });
    },
    {
      intact: iserAdapter,
      without: { "a status counts as a setting": [{ ...iserAdapter, status: [] }, /the refresh finds drift/] },
    },
  );

  answer(
    "an alias that is there needs nothing more, and the host is not even asked",
    async (lab, change) => {
      lab.hand("esxcli rdma iser add -d vmrdma0");
      const declared = declaredWith(lab, adapterProperties, change);
      await declared.up({ adapter, alias: "storage-a" });
      await assertSettled(lab, declared, adapterProperties, { adapter, alias: "storage-a" });
    },
    {
      intact: unchanged,
      without: {
        "every run says that something changed": [
          (life): ReturnType<Change> => ({ diff: (olds, news) => ({ ...life.diff(olds, news), changes: true }) }),
          /the second run would change something/,
        ],
      },
    },
  );
});
