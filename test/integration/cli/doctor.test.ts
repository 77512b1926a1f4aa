import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import type { Finding } from "../../../src/cli/doctor/check.js";
import { checks, examine } from "../../../src/cli/doctor/diagnose.js";
import { interpret } from "../../../src/esxcli/run.js";
import type { Ask } from "../../../src/resources/definition.js";
import type { HostOptions } from "../../../src/simulator/index.js";
import type { HostState } from "../../../src/simulator/state.js";
import { DirectLab } from "../../support/directLab.js";
import { type ByHand, setUpByHand, storage, storageSystem, storageTarget } from "../../support/iserHost.js";

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
  const ask: Ask = async (command) => interpret(command, await lab.session.execute(command), "esx01.lab");
  const { writes } = lab.host.counters;
  const { findings, untried } = await examine(ask, "esx01.lab", lab);
  assert.deepEqual(untried, []);
  assert.equal(lab.host.counters.writes, writes);
  return findings;
}

interface Sick {
  /** What is found, in order: the check and what it is on. */
  readonly finds: readonly string[];
  readonly setup?: Setup;
  /** What is done to the host by hand after it was set up. */
  readonly hand?: readonly string[];
  /** What happens to the host without a command. */
  readonly befalls?: (state: HostState) => void;
}

const nics = (pause: object, linkUp = true) => [
  { name: "vmnic0", driver: "ixgben" },
  { name: "vmnic4", linkUp, pause },
  { name: "vmnic5", pause },
];
const threeNics = { nics: [...nics({}), { name: "vmnic6" }] };
const secondUplink = [
  "esxcli network vswitch standard portgroup policy failover set -p iser-a -a vmnic4",
  "esxcli network vswitch standard uplink add -v vSwitch1 -u vmnic6",
];
const jumbo = [
  ...["vSwitch1", "vSwitch2"].map((name) => `esxcli network vswitch standard set -v ${name} -m 9000`),
  ...["vmk1", "vmk2"].map((name) => `esxcli network ip interface set -i ${name} -m 9000`),
];
const device = "naa.600000000000000004b55f6cc61d2d92";
const rdmaDevice = (name: string, uplink: string, protocols: object) => ({ name, uplink, protocols });
const both = <T>(one: (name: string) => T) => ["vmrdma0", "vmrdma1"].map(one);
const silent = ["portal-silent vmk1", "portal-silent vmk2"];

/** A host for each check, with all that is found there: the checks beside it are silent. */
const sick: Record<string, Sick> = {
  "no-rdma-device": { finds: ["no-rdma-device host"], setup: { options: { rdmaDevices: [] }, cards: {} } },
  "rdma-device-down": {
    finds: ["rdma-device-down vmrdma0"],
    befalls: (state) => {
      for (const one of state.rdmaDevices.slice(0, 1)) one.state = "Down";
    },
  },
  "module-not-loaded": {
    finds: ["module-not-loaded nmlx5_core", "module-not-loaded nmlx5_rdma"],
    befalls: (state) => {
      for (const one of state.modules) if (one.name.startsWith("nmlx5")) one.loaded = false;
    },
  },
  "module-not-enabled": {
    finds: ["module-not-enabled nmlx5_rdma"],
    befalls: (state) => {
      for (const one of state.modules) if (one.name === "nmlx5_rdma") one.enabled = false;
    },
  },
  "no-adapter": { finds: ["no-adapter vmrdma0, vmrdma1"], setup: { cards: {} } },
  "adapter-without-device": {
    finds: ["adapter-without-device vmhba64", "adapter-without-device vmhba65"],
    setup: { options: { unknowns: { adapterDevice: "none" } } },
  },
  "no-flow-control": {
    finds: ["no-flow-control vmnic4", "no-flow-control vmnic5"],
    setup: { options: { nics: nics({ rx: false, tx: true }) } },
  },
  "roce-version": {
    finds: ["roce-version vmrdma0"],
    befalls: (state) => {
      for (const one of state.rdmaDevices.slice(0, 1)) one.v2 = false;
    },
  },
  "roce-versions-differ": {
    finds: ["roce-versions-differ vmrdma0, vmrdma1"],
    hand: ["esxcli rdma iser params set -a vmhba65 -r 1"],
  },
  "not-bound": {
    finds: [...both((name) => `not-bound ${name}`), ...both((name) => `no-target ${name}`)],
    setup: { bind: false },
  },
  "binding-not-compliant": {
    finds: ["binding-not-compliant vmk1", "path vmk1", "several-uplinks vSwitch1"],
    setup: { options: threeNics },
    hand: [...secondUplink, "esxcli network vswitch standard portgroup policy failover set -p iser-a -a vmnic6"],
  },
  path: { finds: ["path vmk1"], hand: ["esxcli network vswitch standard set -v vSwitch1 -m 9000"] },
  "several-uplinks": { finds: ["several-uplinks vSwitch1"], setup: { options: threeNics }, hand: secondUplink },
  "jumbo-lost": {
    finds: ["jumbo-lost vmk1", "jumbo-lost vmk2"],
    setup: { options: { storage: [{ ...storageSystem, mtu: 1500 }] } },
    hand: jumbo,
  },
  "portal-silent": {
    finds: ["portal-silent vmk1", "discovery-failed vmrdma0"],
    hand: [
      "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.99",
      "esxcli iscsi adapter discovery rediscover -A vmhba64",
    ],
  },
  "no-discovery": { finds: both((name) => `no-discovery ${name}`), setup: { discover: false } },
  "no-target": {
    finds: [...silent, ...both((name) => `no-target ${name}`)],
    setup: { options: { storage: [{ ...storageSystem, address: "192.168.50.200" }] } },
  },
  "discovery-failed": {
    finds: ["discovery-failed vmrdma1"],
    befalls: (state) => {
      for (const one of state.iscsiAdapters.slice(1)) one.discoveryStatus = "Discovery Timeout";
    },
  },
  "target-error": { finds: both(() => `target-error ${storageTarget}`), setup: { chap: false } },
  "no-session": {
    finds: [`no-session ${storageTarget}`, `single-path ${device}`],
    befalls: (state) => {
      for (const one of state.iscsiAdapters.slice(0, 1)) one.sessions = [];
    },
  },
  "connection-down": {
    finds: [`connection-down ${storageTarget}`, "dead-path vmhba64:C0:T0:L0"],
    befalls: (state) => {
      for (const session of state.iscsiAdapters[0]?.sessions ?? []) session.connection = "xpt_wait";
    },
  },
  "chap-not-required": {
    finds: both((name) => `chap-not-required ${name}`),
    setup: { options: { storage: [{ ...storageSystem, targets: [{ name: storageTarget }] }] }, chap: false },
  },
  "dead-path": {
    finds: [`connection-down ${storageTarget}`, "dead-path vmhba65:C0:T0:L0"],
    befalls: (state) => {
      for (const session of state.iscsiAdapters[1]?.sessions ?? []) session.connection = "in_login";
    },
  },
  "single-path": { finds: [`single-path ${device}`], setup: { cards: { vmrdma0: "vmk1" } } },
  "roce-version-not-known": {
    finds: [...both(() => `target-error ${storageTarget}`), ...both((name) => `roce-version-not-known ${name}`)],
    setup: {
      options: {
        rdmaDevices: [
          rdmaDevice("vmrdma0", "vmnic4", { v1: true, v2: true }),
          rdmaDevice("vmrdma1", "vmnic5", { v1: true, v2: true }),
        ],
      },
      chap: false,
      roce: false,
    },
  },
  log: {
    finds: ["log /var/log/vmkernel.log"],
    befalls: (state) => {
      // ESXi's own words are not known; these are of nobody.
      state.log.push("2024-01-12T07:00:00.000Z cpu3:2098)iser: a login failed three days ago");
      state.log.push("2024-01-15T07:59:00.000Z cpu3:2098)iser: a simulated connection was aborted");
    },
  },
};

describe("what esxi-iser doctor finds on a host", () => {
  for (const model of ["6.7", "7.0", "8.0", "9.0"] as const)
    it(`is nothing where everything is in order, on ${model}`, async () => {
      assert.deepEqual(await findings(hostWith({ options: { model } })), []);
    });

  for (const [id, { finds, setup, hand = [], befalls }] of Object.entries(sick))
    it(`is ${id} where it is so, and nothing that is not`, async () => {
      const lab = hostWith(setup);
      for (const line of hand) lab.hand(line);
      befalls?.(lab.host.state);
      const found = await findings(lab);
      assert.deepEqual(
        found.map(({ check, on }) => `${check} ${on}`),
        finds,
        JSON.stringify(found, null, 1),
      );
      for (const { what, why, fix } of found) assert.ok(what !== "" && why !== "" && fix !== "");
    });

  it("is provoked here by every check that there is", () => {
    assert.deepEqual(
      checks.map(({ id }) => id).filter((id) => !sick[id]?.finds.some((found) => found.startsWith(`${id} `))),
      [],
    );
  });

  it("are the checks that docs/doctor.md lists", () => {
    const text = readFileSync(join(__dirname, "../../../docs/doctor.md"), "utf8");
    assert.deepEqual(
      text.split("\n").filter((line) => line.startsWith("| `")),
      checks.map(({ id, severity, why }) => `| \`${id}\` | ${severity} | ${why} |`),
    );
  });

  it("are the lines of the last day, and the last one is shown", async () => {
    const lab = hostWith();
    sick.log?.befalls?.(lab.host.state);
    const [only] = await findings(lab);
    assert.match(only?.what ?? "", /^1 line .* the last: .*a simulated connection was aborted$/);
  });

  for (const lostPing of ["counted", "failure"] as const)
    it(`says how far packets come through, where a lost one is ${lostPing}`, async () => {
      const lab = hostWith({ options: { storage: [{ ...storageSystem, mtu: 1500 }], unknowns: { lostPing } } });
      for (const line of jumbo) lab.hand(line);
      const [first] = await findings(lab);
      assert.match(
        first?.what ?? "",
        /^packets of 9000 bytes .* from vmk1 to 192\.168\.50\.100 .*; those of 1500 bytes do$/,
      );
    });

  it("is nothing about packets where the path carries jumbo frames", async () => {
    const lab = hostWith();
    for (const line of jumbo) lab.hand(line);
    assert.deepEqual(await findings(lab), []);
  });
});
