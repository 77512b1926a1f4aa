import { read, write } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { type Field, integer, maybe, rows, type Said, text, boolean as trueOrFalse } from "./output.js";

export const addressTypes = ["STATIC", "DHCP", "NONE"] as const;
export type AddressType = (typeof addressTypes)[number];

/** A row of `network ip interface ipv4 get`. [seen on 5.0 and 6.x] */
export interface Ipv4Settings {
  readonly interfaceName: string;
  readonly address: string;
  readonly netmask: string;
  readonly type: AddressType;
  /** `0.0.0.0` is none. Empty on a build that does not list it: the column is new since 6.x. */
  readonly gateway: string;
  readonly peerDns: boolean;
}

export const ipv4List: EsxcliCommand<readonly Ipv4Settings[]> = read(
  "network ip interface ipv4 get",
  {},
  rows({
    interfaceName: text("Name"),
    address: text("IPv4Address"),
    netmask: text("IPv4Netmask"),
    type: oneOf("AddressType", addressTypes),
    gateway: maybe(text("Gateway"), ""),
    peerDns: trueOrFalse("DHCPDNS"),
  }),
);

/** A row of `network ip interface ipv6 address list`. [fields: 5.x; that Netmask is the prefix length is inferred] */
export interface Ipv6Address {
  readonly interfaceName: string;
  readonly address: string;
  readonly prefix: number;
  /** `STATIC`, or another word for one that a router or DHCP gave. */
  readonly type: string;
}

export const ipv6List: EsxcliCommand<readonly Ipv6Address[]> = read(
  "network ip interface ipv6 address list",
  {},
  rows({
    interfaceName: text("Interface"),
    address: text("Address"),
    prefix: integer("Netmask"),
    type: text("Type"),
  }),
);

export interface NewInterface {
  readonly portGroup: string;
  readonly mtu?: number | undefined;
  readonly netstack?: string | undefined;
}

export function interfaceAdd(name: string, { portGroup, mtu, netstack }: NewInterface): EsxcliCommand<Said> {
  return write("network ip interface add", { "interface-name": name, "portgroup-name": portGroup, mtu, netstack });
}

export function interfaceRemove(name: string): EsxcliCommand<Said> {
  return write("network ip interface remove", { "interface-name": name });
}

export function interfaceSetMtu(name: string, mtu: number): EsxcliCommand<Said> {
  return write("network ip interface set", { "interface-name": name, mtu });
}

export interface StaticIpv4 {
  readonly address: string;
  readonly netmask: string;
  /** Left out, ESXi resets the gateway. */
  readonly gateway?: string | undefined;
}

export function ipv4SetStatic(name: string, { address, netmask, gateway }: StaticIpv4): EsxcliCommand<Said> {
  return write("network ip interface ipv4 set", {
    "interface-name": name,
    type: "static",
    ipv4: address,
    netmask,
    gateway,
  });
}

export function ipv4SetNone(name: string): EsxcliCommand<Said> {
  return write("network ip interface ipv4 set", { "interface-name": name, type: "none" });
}

export function ipv4SetDhcp(name: string, peerDns?: boolean): EsxcliCommand<Said> {
  return write("network ip interface ipv4 set", { "interface-name": name, type: "dhcp", "peer-dns": peerDns });
}

/** `fd00::1/64` [in use] */
export function ipv6Add(name: string, address: string): EsxcliCommand<Said> {
  return write("network ip interface ipv6 address add", { "interface-name": name, ipv6: address });
}

export function ipv6Remove(name: string, address: string): EsxcliCommand<Said> {
  return write("network ip interface ipv6 address remove", { "interface-name": name, ipv6: address });
}

function oneOf<T extends string>(name: string, words: readonly T[]): Field<T> {
  const { read: word } = text(name);
  return { name, kind: `one of ${words.join(", ")}`, read: (value) => words.find((known) => known === word(value)) };
}
