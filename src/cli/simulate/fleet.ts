import { isIP } from "node:net";
import { visible } from "../../errors.js";
import type { HostOptions, Model, SimulatedHost } from "../../simulator/index.js";
import { usage } from "../usage.js";
import { restored } from "./restore.js";
import { type Credentials, MadeUpSecrets } from "./secrets.js";
import { checkReferences, readStates, runCommands, type StartingState } from "./stateFile.js";
import { readViews, type View } from "./view.js";

/** As many have an address of their own for each of two VMkernel adapters in the subnet of the storage. */
export const mostHosts = 100;

/** A host that is to be simulated. */
export interface PlannedHost {
  readonly name: string;
  readonly model: Model;
  readonly options: HostOptions;
  /** What is done on it before it listens. */
  readonly prepare: (host: SimulatedHost) => void;
}

export interface Fleet {
  readonly hosts: readonly PlannedHost[];
  /** Secrets of CHAP names that a document has without them. */
  readonly chap: readonly Credentials[];
  readonly notes: readonly string[];
}

export interface FleetOptions {
  readonly model?: Model;
  readonly name?: string;
  /** How many. */
  readonly hosts?: number;
  readonly state?: string;
  readonly from?: string;
  /** What the target of a host without a file wants. */
  readonly chap?: Credentials;
}

const defaultName = "esx01.lab";
const storageAddress = "192.168.50.100";
const targetName = "iqn.2010-09.lab.storage:iser-a";

export function planFleet(options: FleetOptions): Fleet {
  if (options.state !== undefined && options.from !== undefined)
    throw usage(
      "--state and --from are both given",
      "Give the one or the other: both say what the hosts are at the start.",
    );
  if (options.from !== undefined) return fromViews(options.from, options);
  return fromStates(options);
}

/** Hosts as `esxi-iser discover` has found them. */
function fromViews(file: string, options: FleetOptions): Fleet {
  if (options.chap !== undefined)
    throw usage(
      "--chap-name and --from are both given",
      "Leave --chap-name out: the CHAP names are those of the document.",
    );
  const secrets = new MadeUpSecrets();
  const views = readViews(file);
  const named = ({ host = "" }: View) => (isIP(host) === 0 ? host : "");
  const notes: string[] = [];
  const hosts = counted(views, views.length === 1, file, named, options).map(({ one: view, name }) => {
    const model = options.model ?? "8.0";
    const { notes: own, ...plan } = restored(view, model, secrets);
    notes.push(...own.map((text) => `${name}: ${text}`));
    return { name, model, ...plan };
  });
  return { hosts, chap: secrets.all(), notes: [...new Set(notes)] };
}

/** Hosts as a file has them, or as they are without one. */
function fromStates({ state: file, chap, ...options }: FleetOptions): Fleet {
  const { isList, states } = file === undefined ? { isList: false, states: [{}] } : readStates(file);
  const targets = [{ name: targetName, ...(chap === undefined ? {} : { chap }) }];
  const named = ({ name = "" }: StartingState) => name;
  const hosts = counted(states, !isList, file, named, options).map(({ one: { commands = [], ...state }, at, name }) => {
    if (chap !== undefined && state.storage !== undefined)
      throw usage("--chap-name is given, and the file has storage of its own", "Give the target its chap in the file.");
    const where = `${file}${isList ? `[${at}]` : ""}`;
    return {
      name,
      model: options.model ?? state.model ?? "8.0",
      options: {
        vmkernelAdapters: vmkernelAdaptersOf(at),
        storage: [{ address: storageAddress, targets }],
        ...state,
      },
      prepare: (host: SimulatedHost) => {
        if (file !== undefined) checkReferences(host, where);
        runCommands(host, commands, where);
      },
    };
  });
  return { hosts, chap: [], notes: [] };
}

interface Counted<T> {
  readonly one: T;
  readonly at: number;
  readonly name: string;
}

/** Each of a list once, or the one as often as `--hosts` says. `named`: the name that it has itself, if any. */
function counted<T>(
  all: readonly T[],
  isRepeated: boolean,
  file: string | undefined,
  named: (one: T) => string,
  { hosts, name }: FleetOptions,
): readonly Counted<T>[] {
  const number = isRepeated ? (hosts ?? 1) : all.length;
  if (hosts !== undefined && hosts !== number)
    throw usage(
      `--hosts is ${hosts}, and ${file} has ${number}`,
      "Leave --hosts out: each host of the file is simulated.",
    );
  if (number > mostHosts) throw usage(`${file} has ${number} hosts`, `Give at most ${mostHosts}.`);
  return Array.from({ length: number }, (_, at) => {
    const one = (isRepeated ? all[0] : all[at]) as T;
    const own = isRepeated ? countedUp(named(one), at) : named(one);
    const called = name === undefined && named(one) !== "" ? own : countedUp(name ?? defaultName, at);
    return { one, at, name: visible(called) };
  });
}

/** `esx01.lab`, `esx02.lab` …: the last number of the host's own name, or one behind it. */
export function countedUp(name: string, by: number): string {
  if (by === 0) return name;
  const [own = "", ...domain] = name.split(".");
  const next = /\d/.test(own)
    ? own.replace(/(\d+)(\D*)$/, (_, digits: string, rest: string) => {
        const number = String(BigInt(digits) + BigInt(by));
        return `${number.padStart(digits.length, "0")}${rest}`;
      })
    : `${own}${by + 1}`;
  return [next, ...domain].join(".");
}

/** Those of a host without a file, with addresses of its own: the first host has 192.168.1.11, 192.168.50.11 and .12. */
function vmkernelAdaptersOf(at: number): NonNullable<HostOptions["vmkernelAdapters"]> {
  const netmask = "255.255.255.0";
  const free = Array.from({ length: 244 }, (_, index) => `192.168.50.${11 + index}`).filter(
    (one) => one !== storageAddress,
  );
  const iser = (index: number) => ({ address: free[2 * at + index] ?? "", netmask });
  return [
    {
      name: "vmk0",
      portGroup: "Management Network",
      ipv4: { address: `192.168.1.${11 + at}`, netmask, gateway: "192.168.1.1" },
    },
    { name: "vmk1", portGroup: "iser-a", ipv4: iser(0) },
    { name: "vmk2", portGroup: "iser-b", ipv4: iser(1) },
  ];
}
