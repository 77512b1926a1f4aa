import { readFileSync } from "node:fs";
import { hostField } from "../resources/host.js";
import type { ConnectionSettings, ServerSettings } from "../transport/credentials.js";
import type { VsphereSettings } from "../transport/vsphereTarget.js";
import type { Transport } from "./transports.js";
import { refuseForeign, usage } from "./usage.js";

/** What all commands that go to hosts are told about them. */
export interface HostOptions {
  readonly transport?: Transport;
  /** The bastion, as a host is written. */
  readonly proxy?: string;
  /** The vCenter, as a host is written. */
  readonly vcenter?: string;
  readonly json?: boolean;
}

/** And those that log in, what the certificate is known by: of the vCenter, if there is one. */
export interface LoginOptions extends HostOptions {
  readonly thumbprint?: string;
  /** A file of certificates. */
  readonly ca?: string;
}

/** A host as a program declares it. */
export type DeclaredHost = ConnectionSettings | VsphereSettings;

/** `esx01.lab`, `root@esx01.lab:2222`, `[fd00::11]:22`: hosts as they are written on a command line, as a program declares them. */
export function hostsOf(names: readonly string[], options: LoginOptions): readonly DeclaredHost[] {
  const { thumbprint, vcenter } = options;
  if (thumbprint !== undefined && vcenter === undefined && names.length > 1)
    throw usage(
      `--thumbprint is of one host, and ${names.length} are named`,
      'Pin each where the provider finds it: `esxi-iser trust --transport vsphere`, or `esxi-iser:hosts["…"].thumbprint` in the config.',
    );
  return names.map((name) => hostOf(name, options));
}

export function hostOf(text: string, options: LoginOptions): DeclaredHost {
  const { transport = "ssh", proxy, vcenter, thumbprint, ca } = options;
  refuseForeign(transport, transport === "ssh" ? { vcenter, thumbprint, ca } : { proxy });
  const host = serverOf(text, "HOST", transport);
  if (transport === "ssh")
    return { ...host, ...(proxy === undefined ? {} : { proxy: serverOf(proxy, "--proxy", transport) }) };
  const identity = {
    ...(thumbprint === undefined ? {} : { thumbprint }),
    ...(ca === undefined ? {} : { ca: certificatesIn(ca) }),
  };
  const settings: VsphereSettings =
    vcenter === undefined
      ? { ...host, transport, ...identity }
      : { ...host, transport, vcenter: { ...serverOf(vcenter, "--vcenter", transport), ...identity } };
  const parsed = hostField.safeParse(settings);
  if (parsed.success) return settings;
  throw usage(
    `HOST "${text}" as it is given cannot be reached: ${issuesOf(parsed.error)}`,
    "See `esxi-iser doctor --help`.",
  );
}

function serverOf(text: string, what: string, transport: Transport): ServerSettings {
  // A user may be of a domain: administrator@vsphere.local.
  const form = /^(?:(?<user>\S+)@)?(?:\[(?<v6>[0-9A-Fa-f:.%]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/.exec(text);
  const { user, v6, name, port } = form?.groups ?? {};
  const server = {
    host: v6 ?? name ?? "",
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
  const parsed = hostField.safeParse(server);
  if (form !== null && parsed.success) return server;
  const usual = transport === "vsphere" ? 443 : 22;
  throw usage(
    `${what} "${text}" is no ${what === "--vcenter" ? "vCenter" : "host"}${form === null || parsed.success ? "" : `: ${issuesOf(parsed.error)}`}`,
    what === "--vcenter"
      ? "Give a name or an address, with a user and a port where they are not administrator@vsphere.local and 443: reader@vsphere.local@vcenter.lab:443."
      : `Give a name or an address, with a user and a port where they are not root and ${usual}: root@esx01.lab:${usual}, root@[fd00::11]:${usual}.`,
  );
}

function issuesOf({ issues }: NonNullable<ReturnType<typeof hostField.safeParse>["error"]>): string {
  return issues.map(({ path, message }) => [path.join("."), message].join(" ").trim()).join("; ");
}

function certificatesIn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usage(
      `--ca ${file} cannot be read: ${(error as Error).message}`,
      "Name a file with the certificates of an authority, as PEM text.",
    );
  }
}

/** Does the work for each, some at once, and tells how each ended, in the order in which they were given. */
export async function forEach<A, T>(
  all: readonly A[],
  atOnce: number,
  work: (one: A) => Promise<T>,
): Promise<readonly PromiseSettledResult<T>[]> {
  const results: PromiseSettledResult<T>[] = [];
  const left = [...all.entries()];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [at, one] = next;
      results[at] = (await Promise.allSettled([work(one)]))[0] as PromiseSettledResult<T>;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  return results;
}
