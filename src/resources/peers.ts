import type { Beside, JsonRecord } from "./definition.js";
import type { Properties } from "./inputs.js";
import { Readings } from "./readings.js";

/** What this process knows over all resource types, by host. One for all lifecycles. */
export class Run {
  private readonly declared = new Map<string, Map<string, Properties>>();
  private readonly handed = new Map<string, Map<string, JsonRecord[string]>>();
  private readonly read = new Map<string, Readings>();

  /** What the program declares, as far as Pulumi has come: for rules over several resources. */
  declare(place: string, type: string, id: string, inputs: Properties): void {
    const key = `${place} ${type}`;
    this.declared.set(key, (this.declared.get(key) ?? new Map<string, Properties>()).set(id, inputs));
  }

  /** All of a type on a host but the one with the id. */
  beside(place: string, id: string | undefined): Beside {
    return (type) =>
      [...(this.declared.get(`${place} ${type}`) ?? [])].filter(([other]) => other !== id).map(([, inputs]) => inputs);
  }

  /** What was read of a host, by resources of any type. */
  readings(place: string, now: () => Date): Readings {
    const readings = this.read.get(place) ?? new Readings(() => now().getTime());
    this.read.set(place, readings);
    return readings;
  }

  /** What deletes of this run could not give back, and others that go later may. */
  left(place: string): Map<string, JsonRecord[string]> {
    const left = this.handed.get(place) ?? new Map<string, JsonRecord[string]>();
    this.handed.set(place, left);
    return left;
  }
}

/** What is remembered of the resources of one type on one host for as long as this process lives. */
export interface HostPeers {
  first: unknown;
  readonly declared: Map<string, JsonRecord>;
  readonly released: Map<string, JsonRecord>;
  readonly left: ReadonlyMap<string, JsonRecord[string]>;
  /** By id, the resource that has the object: the last that was compared or made. */
  readonly owners: Map<string, string>;
  /** By id, the resource that was made or changed in this run. */
  readonly writers: Map<string, string>;
  /** Commands that take effect at the next reboot, so that another resource does not run them again. */
  readonly awaitReboot: Set<string>;
}

export function newPeers(left: HostPeers["left"]): HostPeers {
  return {
    first: undefined,
    declared: new Map(),
    released: new Map(),
    left,
    owners: new Map(),
    writers: new Map(),
    awaitReboot: new Set(),
  };
}
