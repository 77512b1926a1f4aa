import { isDeepStrictEqual } from "node:util";
import { IserError } from "../errors.js";
import type { HostCommand } from "../esxcli/command.js";
import {
  type AddressType,
  type Ipv4Settings,
  type Ipv6Address,
  ipv4List,
  ipv4SetDhcp,
  ipv4SetNone,
  ipv4SetStatic,
  ipv6Add,
  ipv6List,
  ipv6Remove,
} from "../esxcli/vmkernel.js";
import type { Ask } from "./definition.js";
import { addressOf, inSubnet, isLinkLocal, type StaticIpv4, shortest } from "./ipAddress.js";

export type Ipv4 = StaticIpv4 | "dhcp" | "none";

interface Declared {
  readonly name: string;
  readonly ipv4?: Ipv4;
  readonly ipv6Addresses?: readonly string[];
}

/** The addresses of all VMkernel adapters, as far as they are declared for this one. */
export interface Addresses {
  readonly ipv4: readonly Ipv4Settings[];
  /** The static ones. */
  readonly ipv6: readonly Ipv6Address[];
}

export type FormerAddresses = {
  readonly ipv4?: {
    readonly type: AddressType;
    readonly address: string;
    readonly netmask: string;
    readonly gateway: string;
    readonly peerDns: boolean;
  };
  readonly ipv6Addresses?: readonly string[];
};

const noGateway = "0.0.0.0";

export async function observeAddresses(ask: Ask, { ipv4, ipv6Addresses }: Declared): Promise<Addresses> {
  const [settings, all] = await Promise.all([
    ipv4 === undefined ? [] : ask(ipv4List),
    ipv6Addresses === undefined ? [] : ask(ipv6List),
  ]);
  return { ipv4: settings, ipv6: all.filter(isManaged) };
}

export function addressCommands(have: Addresses, want: Declared): readonly HostCommand[] {
  return [...ipv4Commands(have, want), ...ipv6Commands(have, want)];
}

export function formerAddresses(have: Addresses, { name, ipv4, ipv6Addresses }: Declared): FormerAddresses {
  const row = ipv4Of(have, name);
  return {
    ...(ipv4 === undefined || row === undefined ? {} : { ipv4: recordable(row) }),
    ...(ipv6Addresses === undefined ? {} : { ipv6Addresses: ipv6Of(have, name) }),
  };
}

export function currentAddresses(have: Addresses, { name, ipv4, ipv6Addresses }: Declared): Omit<Declared, "name"> {
  const row = ipv4Of(have, name);
  return {
    ...(ipv4 !== undefined && row && { ipv4: asDeclared(row, ipv4) }),
    ...(ipv6Addresses && { ipv6Addresses: ipv6Of(have, name) }),
  };
}

export function addressesBack(have: Addresses, inputs: Declared, before: FormerAddresses): readonly HostCommand[] {
  return [...ipv4Back(have, inputs, before), ...ipv6Back(have, inputs, before)];
}

function ipv4Of({ ipv4 }: Addresses, name: string): Ipv4Settings | undefined {
  return ipv4.find(({ interfaceName }) => interfaceName === name);
}

function ipv6Of({ ipv6 }: Addresses, name: string): readonly string[] {
  return ipv6
    .filter(({ interfaceName }) => interfaceName === name)
    .map(({ address, prefix }) => `${shortest(address)}/${prefix}`)
    .sort();
}

/** A link-local address is the host's own, whatever its type. */
function isManaged({ address, type }: Ipv6Address): boolean {
  return type.toUpperCase() === "STATIC" && !isLinkLocal(address);
}

function recordable({ type, address, netmask, gateway, peerDns }: Ipv4Settings) {
  return { type, address, netmask, gateway, peerDns };
}

/** What the host has in the form of the declaration: with a gateway only where one is declared. */
function asDeclared(row: Ipv4Settings, declared: Ipv4): Ipv4 {
  if (row.type !== "STATIC") return row.type === "DHCP" ? "dhcp" : "none";
  const wanted = typeof declared === "object" ? declared.gateway : undefined;
  // A build that does not list the gateway leaves it as it was last applied.
  const gateway = row.gateway === "" ? wanted : row.gateway;
  const { address, netmask } = row;
  return wanted === undefined || gateway === undefined || gateway === noGateway
    ? { address, netmask }
    : { address, netmask, gateway };
}

function ipv4Commands(have: Addresses, { name, ipv4 }: Declared): readonly HostCommand[] {
  if (ipv4 === undefined) return [];
  const row = ipv4Of(have, name);
  if (row !== undefined && isDeepStrictEqual(asDeclared(row, ipv4), ipv4)) return [];
  if (ipv4 === "dhcp") return [ipv4SetDhcp(name)];
  if (ipv4 === "none") return [ipv4SetNone(name)];
  const { address, netmask } = ipv4;
  const owner = have.ipv4.find((other) => other.interfaceName !== name && other.address === address);
  if (owner !== undefined) throw inUse(name, address, owner.interfaceName);
  return [ipv4SetStatic(name, { address, netmask, gateway: ipv4.gateway ?? keptGateway(name, row, ipv4) })];
}

/** ESXi resets a gateway that is not given, so it is given as it is. One that the new subnet does not have cannot be. */
function keptGateway(
  name: string,
  row: Ipv4Settings | undefined,
  { address, netmask }: StaticIpv4,
): string | undefined {
  if (row === undefined || row.gateway === "" || row.gateway === noGateway) return undefined;
  if (inSubnet(row.gateway, address, netmask)) return row.gateway;
  // That of a lease goes with the lease.
  if (row.type !== "STATIC") return undefined;
  throw new IserError("GATEWAY_OUTSIDE", {
    problem: `${name} has the gateway ${row.gateway}, which is not in the subnet of its new address ${address} with the netmask ${netmask}, so it would be lost`,
    cure: `Give a gateway of the new subnet, or take the old one away first: \`esxcli network ip interface ipv4 set\` without --gateway does so.`,
  });
}

function ipv6Commands(have: Addresses, { name, ipv6Addresses }: Declared): readonly HostCommand[] {
  if (ipv6Addresses === undefined) return [];
  const there = ipv6Of(have, name);
  const added = ipv6Addresses.filter((one) => !there.includes(one));
  for (const one of added) {
    const owner = have.ipv6.find(
      ({ interfaceName, address }) => interfaceName !== name && shortest(address) === addressOf(one),
    );
    if (owner !== undefined) throw inUse(name, addressOf(one), owner.interfaceName);
  }
  return ipv6Change(
    name,
    there.filter((one) => !ipv6Addresses.includes(one)),
    added,
  );
}

/** What goes first: the same address with another prefix length cannot be there twice. */
function ipv6Change(name: string, removed: readonly string[], added: readonly string[]): readonly HostCommand[] {
  return [...removed.map((one) => ipv6Remove(name, one)), ...added.map((one) => ipv6Add(name, one))];
}

function inUse(name: string, address: string, owner: string): IserError {
  return new IserError("ADDRESS_IN_USE", {
    problem: `${name} would get the address ${address}, which ${owner} has`,
    cure: `Declare another address, or take it from ${owner} first.`,
  });
}

function ipv4Back(have: Addresses, { name, ipv4 }: Declared, { ipv4: was }: FormerAddresses): readonly HostCommand[] {
  const row = ipv4Of(have, name);
  if (ipv4 === undefined || was === undefined || row === undefined) return [];
  const { type, address, netmask, gateway } = was;
  const same = row.address === address && row.netmask === netmask && row.gateway === gateway;
  // The address of a lease is not ours to give.
  if (row.type === type && (same || type !== "STATIC")) return [];
  if (type === "DHCP") return [ipv4SetDhcp(name, was.peerDns)];
  if (type === "NONE") return [ipv4SetNone(name)];
  const given = gateway === "" || gateway === noGateway ? undefined : gateway;
  return [ipv4SetStatic(name, { address, netmask, gateway: given })];
}

function ipv6Back(have: Addresses, inputs: Declared, { ipv6Addresses: was }: FormerAddresses): readonly HostCommand[] {
  const { name, ipv6Addresses: declared } = inputs;
  if (declared === undefined || was === undefined) return [];
  const there = ipv6Of(have, name);
  // One that is not declared is somebody else's.
  const removed = there.filter((one) => declared.includes(one) && !was.includes(one));
  return ipv6Change(
    name,
    removed,
    was.filter((one) => !there.includes(one)),
  );
}
