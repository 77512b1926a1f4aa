import { BlockList, isIPv4, isIPv6, SocketAddress } from "node:net";
import { z } from "zod";

export const ipv4Address = z
  .string("must be an IPv4 address")
  .trim()
  .refine(isIPv4, "must be an IPv4 address such as 192.168.50.11");

/** `fd00::11/64`, the address in its shortest form. */
export const ipv6WithPrefix = z.string("must be an IPv6 address with its prefix length").transform((value, context) => {
  const [, address = "", digits = ""] = /^([^/%]+)\/(\d{1,3})$/.exec(value.trim()) ?? [];
  const prefix = Number(digits);
  if (isIPv6(address) && isUnicast(address) && prefix >= 1 && prefix <= 128) return `${shortest(address)}/${prefix}`;
  context.addIssue({
    code: "custom",
    message:
      "must be an IPv6 unicast address with its prefix length, such as fd00::11/64, and not a link-local one, which the host gives itself",
  });
  return z.NEVER;
});

const linkLocal = new BlockList();
linkLocal.addSubnet("fe80::", 10, "ipv6");

/** What no host has for its own: unspecified and loopback, link-local, multicast and reserved. */
const notOfAHost = new BlockList();
for (const [network, prefix] of [
  ["::", 127],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  notOfAHost.addSubnet(network, prefix, "ipv6");
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["224.0.0.0", 3],
] as const)
  notOfAHost.addSubnet(network, prefix, "ipv4");

function isUnicast(address: string): boolean {
  return !notOfAHost.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

export function isLinkLocal(ipv6: string): boolean {
  return linkLocal.check(ipv6, "ipv6");
}

/** The shortest form, in lower case. [RFC 5952] */
export function shortest(ipv6: string): string {
  return new SocketAddress({ address: ipv6, family: "ipv6" }).address;
}

/** `fd00::1` of `fd00::1/64` */
export function addressOf(ipv6WithPrefix: string): string {
  return ipv6WithPrefix.split("/")[0] ?? ipv6WithPrefix;
}

export interface StaticIpv4 {
  readonly address: string;
  readonly netmask: string;
  readonly gateway?: string;
}

/** What forbids it, as what follows the name of the field. */
export function faultsOf({ address, netmask, gateway }: StaticIpv4): readonly string[] {
  if (!isNetmask(netmask)) return [`has the netmask ${netmask}, which is none; give one such as 255.255.255.0.`];
  const edge = edgeOf(address, netmask);
  const rules: [boolean, string][] = [
    [!isUnicast(address), `has the address ${address}, which is not a unicast address of a host; give another.`],
    [
      edge !== undefined,
      `has the address ${address}, which is the ${edge} address of its subnet; give one in between.`,
    ],
    [
      gateway !== undefined && !inSubnet(gateway, address, netmask),
      `has the gateway ${gateway}, which is not in the subnet of ${address} with ${netmask}; give one that is.`,
    ],
    [gateway === address, `has the gateway ${gateway}, which is its own address; give the router's.`],
  ];
  return rules.filter(([broken]) => broken).map(([, reason]) => reason);
}

/** Ones, and then zeros. */
function isNetmask(netmask: string): boolean {
  return /^1+0*$/.test(bits(netmask).toString(2).padStart(32, "0"));
}

/** Whether an address is one of the two of its subnet that are no host's. A subnet of one or two addresses has none. [RFC 3021] */
function edgeOf(address: string, netmask: string): "network" | "broadcast" | undefined {
  const hostPart = ~bits(netmask) >>> 0;
  const host = (bits(address) & hostPart) >>> 0;
  if (hostPart < 3) return undefined;
  if (host === 0) return "network";
  return host === hostPart ? "broadcast" : undefined;
}

export function inSubnet(candidate: string, address: string, netmask: string): boolean {
  return isIPv4(candidate) && (bits(candidate) & bits(netmask)) === (bits(address) & bits(netmask));
}

function bits(ipv4: string): number {
  return ipv4.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0) >>> 0;
}
