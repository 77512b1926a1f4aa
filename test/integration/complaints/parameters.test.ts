import assert from "node:assert/strict";
import { iscsiParameters } from "../../../src/resources/iscsiParameters.js";
import { answer, complaint } from "../../support/complaint.js";
import type { Lab } from "../../support/lab.js";

const address = "192.168.50.100";
const targetName = "iqn.2010-09.lab.storage:iser-a";
const adapterGet = "esxcli iscsi adapter param get -A vmhba64";
const addressGet = `esxcli iscsi adapter discovery sendtarget param get -A vmhba64 -a ${address}`;
const targetGet = `esxcli iscsi adapter target portal param get -A vmhba64 -a ${address} -n ${targetName}`;

/** Each place with its own values of the four parameters, and the command that shows them. */
const places = [
  {
    scope: {},
    look: adapterGet,
    parameters: { DelayedAck: false, LoginTimeout: 11, NoopOutTimeout: 12, RecoveryTimeout: 13 },
  },
  {
    scope: { discoveryAddress: { address } },
    look: addressGet,
    parameters: { DelayedAck: true, LoginTimeout: 21, NoopOutTimeout: 22, RecoveryTimeout: 23 },
  },
  {
    scope: { target: { targetName, address } },
    look: targetGet,
    // The first as the discovery address has it, and still its own.
    parameters: { DelayedAck: true, LoginTimeout: 31, NoopOutTimeout: 30, RecoveryTimeout: 33 },
  },
];

function discovered(lab: Lab): void {
  lab.hand("esxcli rdma iser add -d vmrdma0");
  lab.hand("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
  lab.hand(`esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a ${address}`);
  lab.hand("esxcli iscsi adapter discovery rediscover -A vmhba64");
}

/** Wherever it is declared, it is the adapter's. */
const ofAdapterOnly: typeof iscsiParameters = {
  ...iscsiParameters,
  observe: (ask, { adapter, parameters }) => iscsiParameters.observe(ask, { adapter, parameters }),
};

complaint(13, "advanced parameters cannot be set per adapter, discovery address and target", () => {
  answer(
    "an adapter, a discovery address and a target have each its own DelayedAck and time limits, and give them back",
    async (lab, definition) => {
      discovered(lab);
      const bare = lab.host.dump();
      const all = places.map((place) => ({ ...place, declared: lab.lifecycle(definition) }));
      for (const { declared, scope, parameters } of all)
        await declared.up({ adapter: "vmrdma0", ...scope, parameters });
      for (const { look, parameters, declared, scope } of all) {
        const shown = lab.hand(look);
        for (const [name, value] of Object.entries(parameters))
          assert.match(shown, new RegExp(`^${name} +${value} .* false$`, "m"), `${look}: ${name}\n${shown}`);
        assert.equal(await declared.up({ adapter: "vmrdma0", ...scope, parameters }), "same");
        assert.deepEqual(await declared.refresh(), []);
      }
      for (const { declared } of all.reverse()) await declared.destroy();
      assert.equal(lab.host.dump(), bare);
    },
    {
      intact: iscsiParameters,
      without: {
        "all are written to the adapter": [ofAdapterOnly, /param get -A vmhba64: DelayedAck|LoginTimeout/],
        "a value that equals the inherited one is left to be inherited": [
          {
            ...iscsiParameters,
            plan: (have, want, memory) =>
              iscsiParameters.plan(
                { ...have, rows: have.rows.map((row) => ({ ...row, inherits: false })) },
                want,
                memory,
              ),
          },
          /target portal param get .*: DelayedAck/,
        ],
      },
    },
  );

  answer(
    "a value that the host does not take is refused with the host's bounds, before another is written",
    async (lab, definition) => {
      lab.hand("esxcli rdma iser add -d vmrdma0");
      const { writes } = lab.host.counters;
      const parameters = { LoginTimeout: 10, RecoveryTimeout: 500 };
      await assert.rejects(lab.lifecycle(definition).up({ adapter: "vmrdma0", parameters }));
      assert.equal(lab.host.counters.writes, writes, "something was written");
      assert.match(lab.hand(adapterGet), /^LoginTimeout +5 /m);
    },
    {
      intact: iscsiParameters,
      without: {
        "the bounds that the host lists are not looked at": [
          {
            ...iscsiParameters,
            plan: (have, want, memory) =>
              iscsiParameters.plan(
                { ...have, rows: have.rows.map((row) => ({ ...row, min: "na", max: "na" })) },
                want,
                memory,
              ),
          },
          /something was written/,
        ],
      },
    },
  );
});
