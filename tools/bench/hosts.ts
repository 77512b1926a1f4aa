import { performance } from "node:perf_hooks";
import {
  type HostOptions,
  type JournalEntry,
  SimulatedHost,
  startSimulator,
  startVsphere,
} from "../../src/simulator/index.js";
import { hostAt, storageAddress, targetName, user } from "./declared.js";
import { type Transport, transports } from "./transports.js";

/** What a host costs whoever works with it. */
export interface Cost {
  /** To start a process of esxcli. */
  readonly startMs: number;
  /** A managed-method call, which starts none. */
  readonly callMs: number;
  readonly roundTripMs: number;
}

/** What a host has seen since it was last asked. */
export interface Contacts {
  readonly connections: number;
  readonly logins: number;
  /** Processes of esxcli. */
  readonly processes: number;
  /** Managed-method calls. */
  readonly calls: number;
  /** Of these and those, what changes something. */
  readonly writes: number;
  /** Different commands that only read. */
  readonly reads: number;
}

/** Where a host is reached, and what it is known by: the fingerprint of its key, or the thumbprint of its certificate. */
export interface Listening {
  readonly port: number;
  readonly identity: string;
}

/** What the process with the hosts can be asked. A set of hosts goes by a name. */
export interface Requests {
  start(set: string, transport: Transport, count: number, cost: Cost, secrets: Secrets): Promise<Listening[]>;
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

/** A host with the server that it is reached by. */
interface Served extends Listening {
  readonly host: SimulatedHost;
  readonly counters: { readonly connections: number; readonly logins: number };
  close(): Promise<void>;
}

interface Watched extends Served {
  readonly transport: Transport;
  seen: { connections: number; logins: number; entries: number };
}

type Account = { readonly user: string; readonly password: string };

const serve: Readonly<Record<Transport, (options: HostOptions, account: Account, cost: Cost) => Promise<Served>>> = {
  ssh: async (options, account, { startMs, roundTripMs }) => {
    const simulator = await startSimulator({ ...options, ...account, processStartMs: startMs, roundTripMs });
    const { host, port, fingerprint } = simulator;
    return { host, port, identity: fingerprint, counters: host.counters, close: () => simulator.close() };
  },
  vsphere: async (options, account, { callMs, roundTripMs }) => {
    const host = new SimulatedHost(options);
    const endpoint = await startVsphere(host, { ...account, callMs, roundTripMs });
    const { port, thumbprint, counters } = endpoint;
    return { host, port, identity: thumbprint, counters, close: () => endpoint.close() };
  },
};

/** The simulated hosts of this process. */
export class Hosts implements Requests {
  private readonly sets = new Map<string, readonly Watched[]>();

  async start(
    set: string,
    transport: Transport,
    count: number,
    cost: Cost,
    { password, chapSecret }: Secrets,
  ): Promise<Listening[]> {
    const hosts: Watched[] = [];
    for (let index = 0; index < count; index += 1) {
      const served = await serve[transport](optionsOf(index, chapSecret), { user, password }, cost);
      hosts.push({ ...served, transport, seen: { connections: 0, logins: 0, entries: 0 } });
    }
    this.sets.set(set, hosts);
    return hosts.map(({ port, identity }) => ({ port, identity }));
  }

  contacts(set: string): Contacts[] {
    return this.of(set).map((watched) => {
      const { host, counters, seen, transport } = watched;
      const { connections, logins } = counters;
      const isCommand = /^(esxcli|localcli|FetchCLIInfo)( |$)/;
      const entries = host.journal.slice(seen.entries).filter(({ line }) => isCommand.test(line));
      const { commandIs } = transports[transport];
      watched.seen = { connections, logins, entries: host.journal.length };
      return {
        connections: connections - seen.connections,
        logins: logins - seen.logins,
        processes: commandIs === "process" ? entries.length : 0,
        calls: commandIs === "call" ? entries.length : 0,
        writes: entries.filter(({ effect }) => effect === "write").length,
        reads: new Set(entries.filter(({ effect }) => effect === "read").map(({ line }) => line)).size,
      };
    });
  }

  journal(set: string): JournalEntry[] {
    return this.of(set)[0]?.host.journal ?? [];
  }

  dumps(set: string): string[] {
    return this.of(set).map(({ host }) => host.dump());
  }

  async stop(set: string): Promise<void> {
    for (const served of this.of(set)) await served.close();
    this.sets.delete(set);
  }

  usage(): { cpu: number; wall: number } {
    const { user, system } = process.cpuUsage();
    return { cpu: (user + system) / 1e6, wall: performance.now() / 1000 };
  }

  private of(set: string): readonly Watched[] {
    const hosts = this.sets.get(set);
    if (!hosts) throw new Error(`there are no simulated hosts called ${set}`);
    return hosts;
  }
}

/** A host as it is before anything of iSER is there, which reaches a storage system that wants CHAP. */
function optionsOf(index: number, chapSecret: string): HostOptions {
  const { name, chapName } = hostAt(index);
  return {
    model: "8.0",
    name: `${name}.lab`,
    nics: [{ name: "vmnic0", driver: "ixgben", speed: 10_000 }, rdmaNic("vmnic4"), rdmaNic("vmnic5")],
    switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
    portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
    vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network" }],
    storage: [
      { address: storageAddress, targets: [{ name: targetName, chap: { name: chapName, secret: chapSecret } }] },
    ],
  };
}

/** Its pause is off, so that there is something to be set. */
function rdmaNic(name: string) {
  return { name, pause: { rx: false, tx: false } };
}
