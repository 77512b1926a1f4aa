import type { PolicyResource } from "@pulumi/policy";
import { hostName, hostPlace } from "../resources/host.js";

/** What stands in for a value that is not known in a preview. No rule is broken by it. */
export const notKnown: unique symbol = Symbol("not known in a preview");

/** A resource of this package as a policy gets it: secrets in plain, unknown values as `notKnown`, without `__provider`. [seen with CLI 3.259] */
export interface Declared {
  /** `PortGroup` */
  readonly type: string;
  /** As a message calls it: `PortGroup esx01/iser-a`. */
  readonly label: string;
  readonly urn: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

const token = /^pulumi-nodejs:dynamic\/esxi-iser:(\w+)$/;
/** The provider of dynamic resources: its properties are the stack's whole config, by `namespace:key`. [seen with CLI 3.259] */
const configHolder = "pulumi:providers:pulumi-nodejs";

/** What a stack declares of this package, by host. */
export class StackView {
  readonly hosts: readonly HostView[];
  /** Resources whose host is not known yet: they may be of any host. */
  readonly homeless: readonly Declared[];
  private readonly config: Readonly<Record<string, unknown>>;

  constructor(resources: readonly Pick<PolicyResource, "type" | "name" | "urn" | "props">[]) {
    const declared = resources.flatMap(({ type, name, urn, props }): Declared[] => {
      const [, short] = token.exec(type) ?? [];
      return short === undefined
        ? []
        : [{ type: short, label: `${short} ${name}`, urn, properties: read(props) as Declared["properties"] }];
    });
    const places = grouped(declared, ({ properties: { host } }) =>
      hostName(host) === undefined ? undefined : hostPlace(host),
    );
    this.homeless = places.get(undefined) ?? [];
    this.hosts = [...places].flatMap(([place, all]) => (place === undefined ? [] : [new HostView(all, this.homeless)]));
    const holder = resources.find(({ type }) => type === configHolder);
    this.config = holder === undefined ? {} : (read(holder.props) as Record<string, unknown>);
  }

  /** A value of the stack's config in the namespace `esxi-iser`. */
  configured(key: string): string | typeof notKnown | undefined {
    const value = this.config[`esxi-iser:${key}`];
    return typeof value === "string" || value === notKnown ? value : undefined;
  }
}

/** What a stack declares on one host. */
export class HostView {
  /** As messages call it. */
  readonly name: string;

  constructor(
    readonly all: readonly Declared[],
    private readonly homeless: readonly Declared[],
  ) {
    this.name = hostName(all[0]?.properties.host) ?? "";
  }

  of(type: string): readonly Declared[] {
    return this.all.filter((one) => one.type === type);
  }

  /** Whether a resource of the type may be for something on this host that is not known yet: then nothing counts as missing. */
  mayHaveMore(type: string, field: string): boolean {
    return (
      this.homeless.some((one) => one.type === type) ||
      this.of(type).some(({ properties }) => properties[field] === notKnown)
    );
  }

  named(type: string, name: unknown): Declared | undefined {
    return typeof name === "string" ? this.of(type).find(({ properties }) => properties.name === name) : undefined;
  }

  /**
   * One name for a card, however it is called. The RDMA device and its uplink are known to be the same when an IserAdapter in state says so.
   * Undefined: not known, or a `vmhba#`, which is no iSER adapter.
   */
  card(reference: unknown): string | undefined {
    if (typeof reference !== "string" || !/^(vmrdma|vmnic)\d/.test(reference)) return undefined;
    const owner = this.of("IserAdapter").find(
      ({ properties: { device, uplink } }) => device === reference || uplink === reference,
    );
    return (owner && cardOf(owner)) ?? reference;
  }

  /** The cards that an iSER adapter is declared or used of, each with the first resource that says so. */
  cards(): ReadonlyMap<string, Declared> {
    const cards = new Map<string, Declared>();
    for (const one of this.of("IserAdapter")) addFirst(cards, cardOf(one), one);
    for (const one of this.all) addFirst(cards, this.card(one.properties.adapter), one);
    return cards;
  }

  isRdma(uplink: unknown): boolean {
    return (
      typeof uplink === "string" &&
      (uplink.startsWith("vmrdma") || this.of("IserAdapter").some(({ properties }) => properties.uplink === uplink))
    );
  }

  /** The VMkernel adapters that are bound to an iSER adapter, by name. */
  bound(): ReadonlySet<string> {
    return new Set(
      this.of("PortBinding").flatMap(({ properties: { adapter, vmkernelAdapter } }) =>
        this.card(adapter) !== undefined && typeof vmkernelAdapter === "string" ? [vmkernelAdapter] : [],
      ),
    );
  }

  /** The port groups that iSER goes over: that of a bound VMkernel adapter, and those with an RDMA device among their uplinks. */
  iserPortGroups(): readonly Declared[] {
    const bound = this.bound();
    const carrying = new Set(
      this.of("VmkernelAdapter").flatMap(({ properties: { name, portGroup } }) =>
        typeof name === "string" && bound.has(name) ? [portGroup] : [],
      ),
    );
    return this.of("PortGroup").filter(
      ({ properties: { name, activeUplinks, standbyUplinks } }) =>
        carrying.has(name) || [...listOf(activeUplinks), ...listOf(standbyUplinks)].some((one) => this.isRdma(one)),
    );
  }
}

/** A list as far as it is known. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a value is declared, known or not. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function cardOf({ properties: { device, uplink } }: Declared): string | undefined {
  return [device, uplink].find((one): one is string => typeof one === "string" && one !== "");
}

function addFirst<K, V>(map: Map<K, V>, key: K | undefined, value: V): void {
  if (key !== undefined && !map.has(key)) map.set(key, value);
}

/** A plain copy. What is unknown in a preview throws when it is read. [@pulumi/policy 1.21] */
function read(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.keys(value).map((key): [string, unknown] => [
    key,
    readAt(value as Record<string, unknown>, key),
  ]);
  return Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries);
}

function readAt(owner: Readonly<Record<string, unknown>>, key: string): unknown {
  try {
    return read(owner[key]);
  } catch {
    return notKnown;
  }
}

export function grouped<K, V>(all: readonly V[], keyOf: (one: V) => K): ReadonlyMap<K, readonly V[]> {
  const groups = new Map<K, V[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}
