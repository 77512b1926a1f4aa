import * as pulumi from "@pulumi/pulumi";
import { IserError } from "../errors.js";
import type { HostArgs } from "../resources/host.js";
import { IserHost, type IserHostSettings } from "./iserHost.js";

/** A part of the settings, at any depth. Null: not what the others have, but left out. */
type Partly<T> = T extends pulumi.Output<unknown> | Promise<unknown> | readonly unknown[] | string | number | boolean
  ? T
  : { [K in keyof T]?: Partly<T[K]> | null | undefined };

/** What one host has other than the rest. */
export interface HostDifference extends Partly<IserHostSettings> {
  /** How to reach this host. Default: its key in `hosts` as the name, and what `connection` says. */
  host?: Partial<HostArgs> | undefined;
}

/** What `IserCluster` takes: the hosts, and what `IserHost` takes for all of them. `Partly`: each part of it may be left out, for a host may have it. */
export interface IserClusterArgs extends Partly<IserHostSettings> {
  /**
   * The hosts by name, each with what it has other than the rest: the addresses of its VMkernel adapters, for instance. Merged into the shared
   * settings at every depth; lists are replaced, and `null` leaves out what the others have.
   */
  hosts: Readonly<Record<string, HostDifference>>;
  /** How all hosts are reached, but for their names. */
  connection?: Omit<HostArgs, "host"> | undefined;
  /**
   * How many hosts are worked on at a time, in the order of `hosts`. Default: all. The first failure ends the run: hosts that have not been
   * started are not touched.
   *
   * A host depends on the one that many before it, so `--target-dependents` reaches from a host to the later ones of its chain, also in a `destroy`. To
   * target one host, run an `up` without `atOnce` first.
   */
  atOnce?: number | undefined;
}

/**
 * iSER storage on many hosts: an IserHost each, from shared settings and what a host has other than the rest.
 *
 * @example
 * new IserCluster("lab", {
 *   mtu: 9000,
 *   paths: { "iser-a": { device: "vmrdma0", vmkernelAdapter: { name: "vmk1" } } },
 *   discovery: { array: "192.168.50.100" },
 *   hosts: {
 *     "esx01.lab": { paths: { "iser-a": { vmkernelAdapter: { ipv4: { address: "192.168.50.11", netmask: "255.255.255.0" } } } } },
 *     "esx02.lab": { paths: { "iser-a": { vmkernelAdapter: { ipv4: { address: "192.168.50.12", netmask: "255.255.255.0" } } } } },
 *   },
 *   atOnce: 1,
 * });
 */
export class IserCluster extends pulumi.ComponentResource {
  /** The hosts by name. */
  readonly hosts: Readonly<Record<string, IserHost>>;
  /** The iSCSI names by host and path. */
  readonly iqns: pulumi.Output<Record<string, Record<string, string>>>;

  constructor(name: string, args: IserClusterArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("esxi-iser:index:IserCluster", name, {}, opts);
    const { hosts, connection, atOnce = Number.POSITIVE_INFINITY, ...shared } = args;
    refuse(name, hosts, atOnce);
    const made: IserHost[] = [];
    for (const [hostName, { host, ...difference }] of Object.entries(hosts)) {
      // One of so many chains, each of which goes on when a host of it is through.
      const previous = made[made.length - atOnce];
      made.push(
        new IserHost(
          `${name}/${hostName}`,
          { ...(merge(shared, difference) as IserHostSettings), host: { host: hostName, ...connection, ...host } },
          { parent: this, dependsOn: previous ?? opts.dependsOn ?? [] },
        ),
      );
    }
    this.hosts = Object.fromEntries(Object.keys(hosts).map((key, at) => [key, made[at] as IserHost]));
    this.iqns = pulumi.output(Object.fromEntries(Object.entries(this.hosts).map(([key, { iqns }]) => [key, iqns])));
    this.registerOutputs({ iqns: this.iqns });
  }
}

function refuse(name: string, hosts: IserClusterArgs["hosts"], atOnce: number): void {
  const fail = (problem: string, cure: string): never => {
    throw new IserError("INPUT_INVALID", { problem: `IserCluster ${name}: ${problem}`, cure });
  };
  if (Object.keys(hosts).length === 0) fail("hosts is empty.", "Give at least one host.");
  if (atOnce !== Number.POSITIVE_INFINITY && !(Number.isInteger(atOnce) && atOnce >= 1))
    fail(`atOnce is ${atOnce}.`, "Give a whole number of at least 1, or leave it out for all at once.");
}

/** The second over the first, at every depth of plain objects. */
function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (over === null) return undefined;
  if (!isPlain(base) || !isPlain(over)) return over;
  // A card goes by one of two names: the one that is given takes the place of the other.
  const given = (key: string) => over[key] !== undefined;
  const kept = Object.entries(base).filter(([key]) => !(otherName[key] && given(otherName[key]) && !given(key)));
  const keys = new Set([...kept.map(([key]) => key), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], over[key])]));
}

const otherName: Readonly<Record<string, string>> = { device: "uplink", uplink: "device" };

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
