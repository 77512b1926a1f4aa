import { isDeepStrictEqual } from "node:util";
import type { HostCommand } from "../esxcli/command.js";
import type { Failover, StandardSwitch } from "../esxcli/network.js";
import { switchFailoverSet, uplinkAdd, uplinkRemove } from "../esxcli/vswitch.js";
import type { Undo } from "./definition.js";

/** The standard switches of a host and what they have for uplinks. */
export interface Switches {
  readonly switches: readonly StandardSwitch[];
  /** The physical NICs. */
  readonly nics: readonly string[];
  /** By name, the failover orders of the switches that are concerned. */
  readonly orders: ReadonlyMap<string, Failover>;
}

/** The uplinks of a switch. What is in neither order is unused. */
export type Uplinks = {
  readonly names: readonly string[];
  readonly active: readonly string[];
  readonly standby: readonly string[];
};

export function ownerOf({ switches }: Switches, nic: string): StandardSwitch | undefined {
  return switches.find(({ uplinks }) => uplinks.includes(nic));
}

export function uplinksOf({ orders }: Switches, { name, uplinks }: StandardSwitch): Uplinks {
  const { active = [], standby = [] } = orders.get(name) ?? {};
  return { names: uplinks, active, standby };
}

/** An uplink that was taken from another switch, and what that had. */
export interface Taken {
  readonly nic: string;
  readonly from: string;
  readonly had: Uplinks;
}

/**
 * Gives a switch its former uplinks, those that were taken back to where they were, and each of these switches its failover order.
 *
 * `own`: what the switch had; undefined when it was made here, so that its uplinks get free with it.
 */
export function returnUplinks(
  have: Switches,
  found: StandardSwitch,
  own: Uplinks | undefined,
  declared: readonly string[],
  takenEver: readonly Taken[],
): Undo {
  const taken = takenEver.filter(({ nic }) => !own?.names.includes(nic));
  // An uplink that is not declared is somebody else's.
  const away = found.uplinks.filter((nic) =>
    own === undefined ? taken.some((it) => it.nic === nic) : declared.includes(nic) && !own.names.includes(nic),
  );
  const mine = own === undefined ? nothing : bringHome(have, found.name, own, own.names, away);
  const others = [...new Set(taken.map(({ from }) => from))].map((name) => {
    const given = taken.filter(({ from }) => from === name);
    // The record of the first that was taken has them all.
    const had = given.map((it) => it.had).reduce((most, one) => (one.names.length > most.names.length ? one : most));
    return bringHome(
      have,
      name,
      had,
      given.map(({ nic }) => nic),
      away,
    );
  });
  return {
    commands: [
      // First, so that the switch is not without uplink in between.
      ...mine.arrivals,
      ...away.map((nic) => uplinkRemove(found.name, nic)),
      ...mine.order,
      ...others.flatMap(({ arrivals, order }) => [...arrivals, ...order]),
    ],
    notes: [mine, ...others].flatMap(({ notes }) => notes),
  };
}

interface Homecoming {
  readonly arrivals: readonly HostCommand[];
  readonly order: readonly HostCommand[];
  readonly notes: readonly string[];
}

const nothing: Homecoming = { arrivals: [], order: [], notes: [] };

/** Brings NICs back to a switch, as far as they are free or `released` now. */
function bringHome(
  have: Switches,
  name: string,
  had: Uplinks,
  nics: readonly string[],
  released: readonly string[],
): Homecoming {
  const target = have.switches.find((it) => it.name === name);
  if (target === undefined)
    return {
      ...nothing,
      notes: nics.map((nic) => `${nic} is not given back to ${name}, which is not there any more.`),
    };
  const whyNot = (nic: string) => {
    const owner = ownerOf(have, nic);
    if (!have.nics.includes(nic)) return "the host does not have it any more";
    return owner === undefined || released.includes(nic) ? undefined : `it is an uplink of ${owner.name} now`;
  };
  const strays = nics.filter((nic) => !target.uplinks.includes(nic));
  const back = strays.filter((nic) => whyNot(nic) === undefined);
  const lost = strays.filter((nic) => !back.includes(nic));
  return {
    arrivals: back.map((nic) => uplinkAdd(name, nic)),
    // The order of a switch that gets nothing back is left as it is.
    order: lost.length === nics.length ? [] : orderBack(have, target, had, back, released),
    notes: lost.map((nic) => `${nic} is not given back to ${name}, because ${whyNot(nic)}.`),
  };
}

/** Where in the order ESXi puts an uplink that is added is not known, so after that the order is set, also to what it may be already. */
function orderBack(
  have: Switches,
  target: StandardSwitch,
  had: Uplinks,
  added: readonly string[],
  released: readonly string[],
) {
  const now = uplinksOf(have, target);
  const there = [...now.names.filter((nic) => !released.includes(nic)), ...added];
  const former = (kind: "active" | "standby") => [
    ...had[kind].filter((nic) => there.includes(nic)),
    ...now[kind].filter((nic) => there.includes(nic) && !had.names.includes(nic)),
  ];
  const wanted = { active: former("active"), standby: former("standby") };
  const left = { active: without(now.active, released), standby: without(now.standby, released) };
  return added.length === 0 && isDeepStrictEqual(left, wanted) ? [] : [switchFailoverSet(target.name, wanted)];
}

function without(nics: readonly string[], gone: readonly string[]): readonly string[] {
  return nics.filter((nic) => !gone.includes(nic));
}
