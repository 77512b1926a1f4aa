import { isIPv4, isIPv6, SocketAddress } from "node:net";
import { z } from "zod";
import { unusableAsValue } from "../esxcli/command.js";

/** Text that reaches esxcli as the value of an option, so it must be usable as one. */
export function optionText(what: string, longest: number): z.ZodType<string> {
  return z.string(`must be ${what}`).superRefine((value, context) => {
    const reason = unusableAsValue(value) ?? unprintable(value) ?? tooLong(value, longest);
    if (reason !== undefined) context.addIssue({ code: "custom", message: `${reason}; give ${what}` });
  }) as z.ZodType<string>;
}

/** A secret: never quoted in a message. Standard input carries one line, so a line break cannot be part of it. */
export function secretText(longest: number): z.ZodType<string> {
  return z.string("must be a string").superRefine((value, context) => {
    const reason = value === "" ? "is empty" : (unprintable(value) ?? tooLong(value, longest));
    if (reason !== undefined)
      context.addIssue({ code: "custom", message: `${reason}; give a secret of 1 to ${longest} printable characters` });
  }) as z.ZodType<string>;
}

function unprintable(value: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return /[\u0000-\u001f\u007f]/.test(value) ? "contains a control character or a line break" : undefined;
}

function tooLong(value: string, longest: number): string | undefined {
  return Buffer.byteLength(value) > longest ? `is longer than ${longest} bytes` : undefined;
}

/** A plain word, such as a host or user name. */
export function name(what: string): z.ZodType<string> {
  return z
    .string(`must be ${what}`)
    .trim()
    .regex(/^[^\s-]\S*$/, `must be ${what}, without blanks and not beginning with a hyphen`) as z.ZodType<string>;
}

function numbered(prefix: string, what: string, look: string): z.ZodType<string> {
  return z
    .string(`must be ${what}`)
    .trim()
    .regex(
      new RegExp(`^${prefix}(0|[1-9]\\d{0,4})$`),
      `must be ${what}, such as ${prefix}0; ${look} lists them`,
    ) as z.ZodType<string>;
}

/** `vmrdma0` */
export const rdmaDevice = numbered("vmrdma", "the name of an RDMA device", "`esxcli rdma device list`");
/** `vmnic4` */
export const uplink = numbered(
  "vmnic",
  "the name of a physical NIC",
  "the Paired Uplink column of `esxcli rdma device list`",
);
/** `vmk1` */
export const vmkernelAdapter = numbered("vmk", "the name of a VMkernel adapter", "`esxcli network ip interface list`");

/** An Ethernet MTU: at least what IPv6 needs [iSCSI adapters: the same]; the highest is 9000 [documented] or 9190 [newer builds]. */
export const mtu = z
  .int("must be a whole number")
  .min(1280, "must be 1280 to 9190 bytes")
  .max(9190, "must be 1280 to 9190 bytes");

/** What an adapter is called by: its RDMA device, the uplink of it, or a `vmhba#` that is no iSER adapter. */
export const adapterReference = z
  .string("must name an adapter")
  .trim()
  .regex(
    /^(vmrdma|vmnic|vmhba)(0|[1-9]\d{0,4})$/,
    "must be an RDMA device (vmrdma0), its uplink (vmnic4), an IserAdapter, or a vmhba# that is no iSER adapter",
  ) as z.ZodType<string>;

/** The name of a standard switch. Its length is the vSphere API's. */
export const virtualSwitchName = optionText("the name of a virtual switch, 1 to 32 bytes", 32);
/** The name of a port group. */
export const portGroupName = optionText("the name of a port group, 1 to 80 bytes", 80);

/** A TCP port. */
export const port = z.int("must be a whole number").min(1, "must be 1 to 65535").max(65535, "must be 1 to 65535");

/** An IPv4 address, an IPv6 address in its shortest form and without brackets, or a DNS name in lower case. */
export const address = z.string("must be an address").transform((value, context) => {
  const canonical = canonicalAddress(value);
  if (canonical !== undefined) return canonical;
  context.addIssue({
    code: "custom",
    message:
      "must be an IPv4 address, an IPv6 address without brackets and zone, or a DNS name; the port is a field of its own",
  });
  return z.NEVER;
});

export function canonicalAddress(value: string): string | undefined {
  const text = value.trim().toLowerCase();
  if (isIPv4(text)) return text;
  if (isIPv6(text))
    return text.includes("%") ? undefined : new SocketAddress({ address: text, family: "ipv6" }).address;
  // A name of digits and dots only is a mistyped IPv4 address: no top-level domain is a number. [RFC 3696]
  return text.length <= 253 &&
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text) &&
    !/(^|\.)\d+$/.test(text)
    ? text
    : undefined;
}

/** An IPv6 address as a list may write it: with brackets or without. */
export function withoutBrackets(address: string): string {
  return address.replace(/^\[(.*)\]$/, "$1");
}

/** An address with its port as ESXi writes it: `192.168.50.100:3260`, `[fd00::1]:3260`. */
export function portal(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * An iSCSI name in lower case: `iqn.` with the month and the reversed domain of who gave it, `eui.` with 16 or `naa.` with 16 or 32
 * hexadecimal digits, at most 223 bytes. [RFC 3720 3.2.6.3, RFC 3722 (lower case), RFC 3980 (naa.)]
 */
export const iqn = z
  .string("must be an iSCSI name")
  .trim()
  .toLowerCase()
  .superRefine((value, context) => {
    if (Buffer.byteLength(value) <= 223 && isIscsiName(value)) return;
    context.addIssue({
      code: "custom",
      message:
        "must be an iSCSI name of at most 223 bytes: iqn.1998-01.com.example:name, eui. with 16 or naa. with 16 or 32 hexadecimal digits",
    });
  }) as z.ZodType<string>;

/** iSCSI names are compared in lower case, however a host spells them. [RFC 3722] */
export function isSameIqn(one: string | undefined, other: string | undefined): boolean {
  return one?.toLowerCase() === other?.toLowerCase();
}

function isIscsiName(value: string): boolean {
  return (
    // After the colon any character but blanks, controls and ASCII punctuation other than . - : [RFC 3722]
    /^iqn\.\d{4}-(0[1-9]|1[0-2])\.[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[a-z0-9.:\u0080-\uffff-]+)?$/.test(
      value,
    ) ||
    /^eui\.[0-9a-f]{16}$/.test(value) ||
    /^naa\.([0-9a-f]{16}|[0-9a-f]{32})$/.test(value)
  );
}

/** What ESXi lists as a discovery address, in the form that `portal` gives. What is no address with a port stays as it is. */
export function canonicalPortal(listed: string): string {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d+))?$/.exec(listed.trim()) ?? [];
  const canonical = canonicalAddress(bracketed ?? plain ?? listed);
  return canonical === undefined ? listed : portal(canonical, Number(digits ?? 3260));
}
