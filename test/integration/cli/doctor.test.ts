import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { diagnose, type Finding } from "../../../src/cli/doctor.js";
import { lookAt } from "../../../src/cli/hostView.js";
import { interpret } from "../../../src/esxcli/run.js";
import type { HostOptions } from "../../../src/simulator/index.js";
import { DirectLab } from "../../support/directLab.js";
import { type ByHand, setUpByHand, storage, storageTarget } from "../../support/iserHost.js";

interface Setup extends ByHand {
  readonly options?: HostOptions;
}

/** A host that is set up whole, over two cards, but for what is left out. */
function hostWith({ options, ...parts }: Setup = {}): DirectLab {
  const lab = new DirectLab({ storage, ...options });
  setUpByHand(lab.host, parts);
  return lab;
}

async function findings(lab: DirectLab): Promise<readonly Finding[]> {
  const ask: Parameters<typeof lookAt>[0] = async (command) =>
    interpret(command, await lab.session.execute(command), "esx01.lab");
  const { writes } = lab.host.counters;
  const found = diagnose(await lookAt(ask, "esx01.lab"));
  assert.equal(lab.host.counters.writes, writes);
  return found;
}

interface Sick {
  /** What is found, in order: the check and what it is on. */
  readonly finds: readonly string[];
  readonly setup?: Setup;
  /** What is done to the host after it was set up. */
  readonly hand?: readonly string[];
}

const nics = (pause: object, linkUp = true) => [
  { name: "vmnic0", driver: "ixgben" },
  { name: "vmnic4", linkUp, pause },
  { name: "vmnic5", pause },
];

const sick: Record<string, Sick> = {
  "no-rdma-device": { finds: ["no-rdma-device host"], setup: { options: { rdmaDevices: [] }, cards: {} } },
  "no-adapter": { finds: ["no-adapter vmrdma0, vmrdma1"], setup: { cards: {} } },
  "not-bound": {
    finds: ["not-bound vmrdma0", "not-bound vmrdma1", "no-target vmrdma0", "no-target vmrdma1"],
    setup: { bind: false },
  },
  "no-discovery": { finds: ["no-discovery vmrdma0", "no-discovery vmrdma1"], setup: { discover: false } },
  "single-path": { finds: ["single-path naa.600000000000000004b55f6cc61d2d92"], setup: { cards: { vmrdma0: "vmk1" } } },
  "target-error": {
    finds: [`target-error ${storageTarget}`, `target-error ${storageTarget}`],
    setup: { chap: false },
  },
  "no-flow-control": {
    finds: ["no-flow-control vmnic4", "no-flow-control vmnic5"],
    setup: { options: { nics: nics({ rx: false, tx: true }) } },
  },
  path: {
    finds: ["path vmk1"],
    hand: ["esxcli network vswitch standard set -v vSwitch1 -m 9000"],
  },
  "several-uplinks": {
    finds: ["several-uplinks vSwitch1"],
    setup: { options: { nics: [...nics({}), { name: "vmnic6" }] } },
    hand: [
      "esxcli network vswitch standard portgroup policy failover set -p iser-a -a vmnic4",
      "esxcli network vswitch standard uplink add -v vSwitch1 -u vmnic6",
    ],
  },
  "binding-not-compliant": {
    finds: ["binding-not-compliant vmk1", "path vmk1", "several-uplinks vSwitch1"],
    hand: [
      "esxcli network vswitch standard portgroup policy failover set -p iser-a -a vmnic4",
      "esxcli network vswitch standard uplink add -v vSwitch1 -u vmnic6",
      "esxcli network vswitch standard portgroup policy failover set -p iser-a -a vmnic6",
    ],
    setup: { options: { nics: [...nics({}), { name: "vmnic6" }] } },
  },
};

describe("what esxi-iser doctor finds on a host", () => {
  for (const model of ["6.7", "7.0", "8.0", "9.0"] as const)
    it(`is nothing where everything is in order, on ${model}`, async () => {
      assert.deepEqual(await findings(hostWith({ options: { model } })), []);
    });

  for (const [id, { finds, setup, hand = [] }] of Object.entries(sick))
    it(`is ${id} where it is so`, async () => {
      const lab = hostWith(setup);
      for (const line of hand) lab.hand(line);
      const found = await findings(lab);
      assert.deepEqual(
        found.map(({ check, on }) => `${check} ${on}`),
        finds,
        JSON.stringify(found, null, 1),
      );
      for (const { what, why, fix } of found) assert.ok(what !== "" && why !== "" && fix !== "");
    });
});
