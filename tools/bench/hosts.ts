import { performance } from "node:perf_hooks";
import { type JournalEntry, type Simulator, startSimulator } from "../../src/simulator/index.js";
import { hostAt, storageAddress, targetName, user } from "./declared.js";

/** What a host costs whoever works with it. */
export interface Cost {
  /** To start a process of esxcli. */
  readonly startMs: number;
  readonly roundTripMs: number;
}

/** What a host has seen since it was last asked. */
export interface Contacts {
  readonly connections: number;
  readonly logins: number;
  /** Processes of esxcli. */
  readonly processes: number;
  /** Of these, those that change something. */
  readonly writes: number;
  /** Different command lines of esxcli that only read. */
  readonly reads: number;
}

export interface Started {
  readonly ports: readonly number[];
  /** Of all of them. */
  readonly fingerprint: string;
}

/** What the process with the hosts can be asked. A set of hosts goes by a name. */
export interface Requests {
  start(set: string, count: number, cost: Cost, secrets: Secrets): Promise<Started>;
  contacts(set: string): Contacts[];
  /** Of its first host. */
  journal(set: string): JournalEntry[];
  dumps(set: string): string[];
  stop(set: string): Promise<void>;
  /** Seconds of CPU time that the process has taken, and how long it has run. */
  usage(): { readonly cpu: number; readonly wall: number };
}

export interface Secrets {
  readonly password: string;
  readonly chapSecret: string;
}

interface Host {
  readonly simulator: Simulator;
  seen: { connections: number; logins: number; entries: number };
}

/** The simulated hosts of this process. */
export class Hosts implements Requests {
  private readonly sets = new Map<string, readonly Host[]>();

  async start(set: string, count: number, cost: Cost, secrets: Secrets): Promise<Started> {
    const hosts: Host[] = [];
    for (let index = 0; index < count; index += 1) hosts.push(await startHost(index, cost, secrets));
    this.sets.set(set, hosts);
    return {
      ports: hosts.map(({ simulator }) => simulator.port),
      fingerprint: hosts[0]?.simulator.fingerprint ?? "",
    };
  }

  contacts(set: string): Contacts[] {
    return this.of(set).map((host) => {
      const { counters, journal } = host.simulator.host;
      const { connections, logins } = counters;
      const entries = journal.slice(host.seen.entries).filter(({ line }) => /^(esxcli|localcli)( |$)/.test(line));
      const contacts = {
        connections: connections - host.seen.connections,
        logins: logins - host.seen.logins,
        processes: entries.length,
        writes: entries.filter(({ effect }) => effect === "write").length,
        reads: new Set(entries.filter(({ effect }) => effect === "read").map(({ line }) => line)).size,
      };
      host.seen = { connections, logins, entries: journal.length };
      return contacts;
    });
  }

  journal(set: string): JournalEntry[] {
    return this.of(set)[0]?.simulator.host.journal ?? [];
  }

  dumps(set: string): string[] {
    return this.of(set).map(({ simulator }) => simulator.host.dump());
  }

  async stop(set: string): Promise<void> {
    for (const { simulator } of this.of(set)) await simulator.close();
    this.sets.delete(set);
  }

  usage(): { cpu: number; wall: number } {
    const { user, system } = process.cpuUsage();
    return { cpu: (user + system) / 1e6, wall: performance.now() / 1000 };
  }

  private of(set: string): readonly Host[] {
    const hosts = this.sets.get(set);
    if (!hosts) throw new Error(`there are no simulated hosts called ${set}`);
    return hosts;
  }
}

/** A host as it is before anything of iSER is there, which reaches a storage system that wants CHAP. */
async function startHost(index: number, { startMs, roundTripMs }: Cost, secrets: Secrets): Promise<Host> {
  const { name, chapName } = hostAt(index);
  const simulator = await startSimulator({
    model: "8.0",
    name: `${name}.lab`,
    user,
    password: secrets.password,
    processStartMs: startMs,
    roundTripMs,
    nics: [{ name: "vmnic0", driver: "ixgben", speed: 10_000 }, rdmaNic("vmnic4"), rdmaNic("vmnic5")],
    switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
    portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
    vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network" }],
    storage: [
      {
        address: storageAddress,
        targets: [{ name: targetName, chap: { name: chapName, secret: secrets.chapSecret } }],
      },
    ],
  });
  return { simulator, seen: { connections: 0, logins: 0, entries: 0 } };
}

/** Its pause is off, so that there is something to be set. */
function rdmaNic(name: string) {
  return { name, pause: { rx: false, tx: false } };
}
