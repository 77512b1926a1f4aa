import { diagnose } from "../../src/cli/doctor/diagnose.js";
import { probe } from "../../src/cli/doctor/probes.js";
import { type HostView, lookAt } from "../../src/cli/hostView.js";
import { topologyOf } from "../../src/cli/topology/build.js";
import type { Topology } from "../../src/cli/topology/graph.js";
import { interpret } from "../../src/esxcli/run.js";
import type { Ask } from "../../src/resources/definition.js";
import type { HostOptions, SimulatedHost } from "../../src/simulator/index.js";
import { DirectLab } from "./directLab.js";
import { type ByHand, setUpByHand, storage } from "./iserHost.js";

/** A host, set up by hand, and what is wrong with it. */
export interface Sick {
  readonly options?: HostOptions;
  readonly parts?: ByHand;
  readonly ail?: (host: SimulatedHost) => void;
  /** What is seen of it otherwise than the simulated host has it. */
  readonly seen?: (view: HostView) => HostView;
}

const nics = ["vmnic0", "vmnic4", "vmnic5", "vmnic6"].map((name) => ({ name }));
const arrays = [1, 2, 3, 4].map((array) => ({
  address: `192.168.50.10${array}`,
  targets: [1, 2, 3].map((volume) => ({
    name: `iqn.2010-09.lab.storage:array-${array}-volume-${volume}`,
    luns: [0, 1, 2].map((lun) => ({
      device: `naa.6000000000000000000000000000${array}${volume}${lun}0`,
      sizeMb: 524_288,
    })),
  })),
}));

export const sickHosts = {
  healthy: {},
  "without adapters": { parts: { cards: {} } },
  "not bound": { parts: { bind: false } },
  "without CHAP": { parts: { chap: false } },
  "with a link down": {
    ail: (host) => {
      for (const device of host.state.rdmaDevices.slice(0, 1)) device.state = "Down";
      for (const nic of host.state.nics) if (nic.name === "vmnic4") nic.linkUp = false;
      host.execute("esxcli storage core adapter rescan --all");
    },
  },
  "with the uplink of another card": {
    options: { nics },
    ail: (host) => {
      for (const line of [
        "portgroup policy failover set -p iser-a -a vmnic4",
        "uplink add -v vSwitch1 -u vmnic6",
        "portgroup policy failover set -p iser-a -a vmnic6",
      ])
        host.execute(`esxcli network vswitch standard ${line}`);
    },
  },
  "with one path": { parts: { cards: { vmrdma0: "vmk1" } } },
  "with many targets": {
    options: { storage: arrays },
    parts: { chap: false, discover: false },
    ail: (host) => {
      for (const { vmhba } of host.state.iscsiAdapters)
        for (const { address } of arrays)
          host.execute(`esxcli iscsi adapter discovery sendtarget add -A ${vmhba} -a ${address}`);
      host.execute("esxcli storage core adapter rescan --all");
    },
  },
} satisfies Record<string, Sick>;

/** Sets it up on a simulated host, wherever that one is. */
export function fallIll(host: SimulatedHost, { parts, ail }: Sick): void {
  setUpByHand(host, parts);
  ail?.(host);
}

/** The topology of such a host. */
export async function topologyWith(sick: Sick, name = "esx01.lab"): Promise<Topology> {
  const lab = new DirectLab({ storage, ...sick.options });
  fallIll(lab.host, sick);
  const { writes } = lab.host.counters;
  const ask: Ask = async (command) => interpret(command, await lab.session.execute(command), name);
  const view = await lookAt(ask, name);
  const probes = await probe(ask, view, true);
  if (lab.host.counters.writes !== writes) throw new Error("looking changed the host");
  const seen = sick.seen?.(view) ?? view;
  return topologyOf(seen, diagnose(seen, probes));
}

/** All of them, as esx01.lab and so on. */
export function allSick(): Promise<readonly Topology[]> {
  return Promise.all(Object.values(sickHosts).map((sick, at) => topologyWith(sick, `esx0${at + 1}.lab`)));
}
