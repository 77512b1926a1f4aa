import { findTarget, listedTargets } from "../iscsi.js";
import { type Args, required, string } from "../spec.js";
import { fail, type HostState, type IscsiAdapter, type SendTarget, type Target } from "../state.js";
import { isIpv4, isIpv6, isName } from "../topology.js";

/** What the commands below `iscsi` share. */
export const adapterOption = string("adapter", "A", "The iSCSI adapter name.", required);
export const adapterFilter = string("adapter", "A", "The iSCSI adapter name.");
export const addressOption = string(
  "address",
  "a",
  "The iscsi sendtarget/statictarget address: <ip/dns[:port]>",
  required,
);
export const targetOption = string("name", "n", "The iscsi target name, iqn or eui.", required);

/** The iSCSI adapters that the host lists. */
export function listedAdapters(host: HostState): IscsiAdapter[] {
  return host.iscsiAdapters.filter(({ readsUntilListed }) => readsUntilListed === 0);
}

/** The adapter that `--adapter` names. Texts of 6.7.0. */
export function adapterGiven(host: HostState, args: Args): IscsiAdapter {
  const name = args.required("adapter");
  const adapter = listedAdapters(host).find(({ vmhba }) => vmhba === name);
  if (adapter) return adapter;
  return fail(
    host.localAdapters.some(({ vmhba }) => vmhba === name)
      ? "Not iSCSI adapter."
      : "Invalid adapter specified or unable to get adapter.",
  );
}

/** All listed adapters, or the one that `--adapter` names. */
export function adaptersWanted(host: HostState, args: Args): IscsiAdapter[] {
  return args.has("adapter") ? [adapterGiven(host, args)] : listedAdapters(host);
}

export interface Portal {
  readonly address: string;
  readonly port: number;
}

/** `<ip/dns[:port]>`; IPv6 as `[XX::XX]:port` or bare. The port is 3260 when it is left out. Texts of 6.7.0. */
export function portalGiven(args: Args): Portal {
  const text = args.required("address");
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) {
    const [, address = "", port] = bracketed;
    if (!isIpv6(address)) fail(`Invalid IPv6 address: ${text}, expected format is [ipv6]:port`);
    return { address: address.toLowerCase(), port: portNumber(port) };
  }
  if (isIpv6(text)) return { address: text.toLowerCase(), port: 3260 };
  const [address = "", port, ...more] = text.split(":");
  if (more.length > 0) fail(`Invalid IPv6 address: ${text}, expected format is [ipv6]:port`);
  if (!isIpv4(address) && !isName(address)) fail(`Invalid address: ${text}`);
  return { address, port: portNumber(port) };
}

function portNumber(text: string | undefined): number {
  if (text === undefined) return 3260;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) fail(`Invalid port number: ${text}`);
  return port;
}

export function sendTargetAt(adapter: IscsiAdapter, { address, port }: Portal): SendTarget | undefined {
  return adapter.sendTargets.find((one) => one.address === address && one.port === port);
}

/** The send target that `--address` names. */
export function sendTargetGiven(adapter: IscsiAdapter, args: Args): SendTarget {
  return sendTargetAt(adapter, portalGiven(args)) ?? fail("Failed to find matching object.");
}

/** The target that `--address` and `--name` name. */
export function targetGiven(adapter: IscsiAdapter, args: Args): Target {
  const target = findTarget(adapter, args.required("name"), portalGiven(args));
  return target && listedTargets(adapter).includes(target) ? target : fail("Failed to find matching object.");
}
