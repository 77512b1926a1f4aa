import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import type { Level } from "../esxcli/iscsiCommand.js";
import { sendTargetList } from "../esxcli/iscsiDiscovery.js";
import { targetPortalList } from "../esxcli/iscsiSession.js";
import { adapterLanes, adapterOf, findAdapter, isFound, type Resolution, spellings } from "./adapterReference.js";
import type { Ask, Failure } from "./definition.js";
import { adapterReference, address, canonicalPortal, iqn, isSameIqn, port, portal, withoutBrackets } from "./fields.js";

interface PortalInput {
  readonly address: string;
  readonly port: number;
}

/** What a setting is for: the adapter, or one of its discovery addresses, or one address of one of its targets. */
export interface Scope {
  readonly adapter: string;
  readonly discoveryAddress?: PortalInput;
  readonly target?: PortalInput & { readonly targetName: string };
}

const portalFields = { address, port: port.default(3260) };

export const scopeFields = {
  adapter: adapterReference,
  discoveryAddress: z.strictObject(portalFields, { error: "must be { address, port? }" }).optional(),
  target: z
    .strictObject({ targetName: iqn, ...portalFields }, { error: "must be { targetName, address, port? }" })
    .optional(),
};

const identity = ["adapter", "discoveryAddress", "target"] as const;

/** What the definitions of all settings of a scope share. */
export const scoped = {
  identity,
  parents: identity,
  // What discovery finds in the background may not have appeared yet.
  awaits: ["DISCOVERY_ADDRESS_NOT_FOUND", "TARGET_NOT_FOUND"],
  settleSeconds: 30,
  spellings,
  lanes: adapterLanes,
  settlesAside: true,
  exists: isThere,
} as const;

export function scopeRules(given: (field: keyof Scope) => boolean): readonly Failure<Scope>[] {
  return given("discoveryAddress") && given("target")
    ? [{ field: "target", reason: "and discoveryAddress are two places: give one of them." }]
    : [];
}

/** What follows the kind of the setting in an id: `/sendtarget/192.168.50.100:3260`. */
export function scopeId({ discoveryAddress, target }: Scope): string {
  if (discoveryAddress !== undefined) return `/sendtarget/${portalOf(discoveryAddress)}`;
  return target === undefined ? "" : `/target/${target.targetName}@${portalOf(target)}`;
}

const portalOf = ({ address, port }: PortalInput) => portal(address, port);

/** Where the scope is on the host. */
export interface Place {
  readonly resolution: Resolution;
  /** Undefined when the adapter, the discovery address or the target is not there. */
  readonly level: Level | undefined;
  /** The discovery addresses or targets of the adapter, for an error that says what is there. */
  readonly known: readonly string[];
}

export async function findPlace(ask: Ask, { adapter, discoveryAddress, target }: Scope): Promise<Place> {
  const resolution = await findAdapter(ask, adapter);
  if (resolution.kind !== "found") return { resolution, level: undefined, known: [] };
  const { vmhba } = resolution;
  if (discoveryAddress !== undefined) {
    const listed = (await ask(sendTargetList(vmhba))).map(({ sendtarget }) => sendtarget);
    const found = listed.find((text) => canonicalPortal(text) === portalOf(discoveryAddress));
    const level = found === undefined ? undefined : ({ kind: "sendtarget", vmhba, address: found } as const);
    return { resolution, level, known: listed };
  }
  if (target !== undefined) {
    // As the host spells them: so it is told which one is meant.
    const listed = (await ask(targetPortalList(vmhba))).map((row) => ({
      name: row.target,
      address: portal(withoutBrackets(row.ip), row.port),
    }));
    const found = listed.find(
      ({ name, address }) => isSameIqn(name, target.targetName) && canonicalPortal(address) === portalOf(target),
    );
    const level = found === undefined ? undefined : ({ kind: "target", vmhba, ...found } as const);
    return { resolution, level, known: listed.map(({ name, address }) => `${name} at ${address}`) };
  }
  return { resolution, level: { kind: "adapter", vmhba }, known: [] };
}

/** Whether the place is there. Throws when the host does not say. */
export function isThere({ resolution, level }: Place): boolean {
  return isFound(resolution) && level !== undefined;
}

/** The place, or the error that says why there is none and what to do. */
export function levelOf({ resolution, level, known }: Place, { discoveryAddress, target }: Scope): Level {
  const { vmhba } = adapterOf(resolution);
  if (level !== undefined) return level;
  if (target !== undefined) {
    throw new IserError("TARGET_NOT_FOUND", {
      problem: `${vmhba} has no target ${target.targetName} at ${portalOf(target)}. Its targets: ${known.join(", ") || "none"}`,
      cure: "Name one of these, or declare the StaticTarget or the DiscoveryAddress that finds it and let this depend on it. `esxcli iscsi adapter target list` shows why a login failed.",
    });
  }
  throw new IserError("DISCOVERY_ADDRESS_NOT_FOUND", {
    problem: `${vmhba} has no discovery address ${discoveryAddress === undefined ? "" : portalOf(discoveryAddress)}. Its discovery addresses: ${known.join(", ") || "none"}`,
    cure: "Name one of these, or declare the DiscoveryAddress and let this depend on it.",
  });
}

/** What a setting belongs to, in words. */
export function nameOf(level: Level): string {
  switch (level.kind) {
    case "adapter":
      return level.vmhba;
    case "sendtarget":
      return `discovery address ${level.address} of ${level.vmhba}`;
    case "target":
      return `target ${level.name} at ${level.address} of ${level.vmhba}`;
  }
}

export interface DiscoveryAddressReference {
  address: pulumi.Input<string>;
  /** Default 3260. */
  port?: pulumi.Input<number> | undefined;
}

export interface TargetReference {
  /** The iSCSI name of the target; upper and lower case do not count. */
  targetName: pulumi.Input<string>;
  /** One of its addresses, as `esxcli iscsi adapter target portal list` shows it. */
  address: pulumi.Input<string>;
  /** Default 3260. */
  port?: pulumi.Input<number> | undefined;
}
