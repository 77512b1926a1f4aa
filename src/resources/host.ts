import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { name } from "./fields.js";

/** How to reach an ESXi host; the field names are those of `@pulumi/command`'s connection. */
export interface HostConnectionArgs {
  /** Host name or address. Names the host in ids and messages. */
  host: pulumi.Input<string>;
  /** Default 22, the port of SSH; with transport `vsphere` 443. */
  port?: pulumi.Input<number> | undefined;
  /** Default: the config's, else root. ESXI_ISER_USER goes before this field. */
  user?: pulumi.Input<string> | undefined;
  /**
   * Default: `esxi-iser:hosts`, then `esxi-iser:password` in the config. ESXI_ISER_PASSWORD in the environment goes before this field. Sent by
   * keyboard-interactive, the only password method of ESXi's sshd. [seen on 8.0.2]
   */
  password?: pulumi.Input<string> | undefined;
  /** OpenSSH or PEM text of an RSA or ECDSA key. ESXi refuses ed25519 keys. [seen on 8.0.2] */
  privateKey?: pulumi.Input<string> | undefined;
  /** The passphrase of `privateKey`. */
  privateKeyPassword?: pulumi.Input<string> | undefined;
  /** Default: SSH_AUTH_SOCK. Used only where there is neither password nor key. */
  agentSocketPath?: pulumi.Input<string> | undefined;
  /** `SHA256:…`, a public key line, or `insecure-accept-any`. Default: the config's, else known_hosts. ESXI_ISER_HOST_KEY goes before this field. A host that is in neither is refused. */
  hostKey?: pulumi.Input<string> | undefined;
  /** How often an unreachable host is dialled again. Default 3. A refused login is never repeated. */
  dialErrorLimit?: pulumi.Input<number> | undefined;
  /** Seconds for one dial. Default 15. */
  perDialTimeout?: pulumi.Input<number> | undefined;
}

/** How to reach a vCenter. */
export interface VcenterArgs {
  /** Host name or address. */
  host: pulumi.Input<string>;
  /** Default 443. */
  port?: pulumi.Input<number> | undefined;
  /** Default: the config's, else administrator@vsphere.local. ESXI_ISER_USER__<vCenter> goes before this field. */
  user?: pulumi.Input<string> | undefined;
  /**
   * Default: `esxi-iser:hosts` in the config, under the vCenter's name. ESXI_ISER_PASSWORD__<vCenter> in the environment goes before this field. The general
   * password, of the hosts, is not sent to a vCenter.
   */
  password?: pulumi.Input<string> | undefined;
  /** As of a host. */
  thumbprint?: pulumi.Input<string> | undefined;
  /** As of a host. */
  ca?: pulumi.Input<string> | undefined;
  /** How often an unreachable vCenter is dialled again. Default: the host's. A refused login is never repeated. */
  dialErrorLimit?: pulumi.Input<number> | undefined;
  /** Seconds for one dial. Default: the host's. */
  perDialTimeout?: pulumi.Input<number> | undefined;
}

export interface HostArgs extends HostConnectionArgs {
  /**
   * `ssh`, the default, or `vsphere`: HTTPS to the vSphere API, for hosts whose SSH is off. Then `port` is 443 by default, and `privateKey`,
   * `privateKeyPassword`, `agentSocketPath`, `hostKey` and `proxy` are refused. Nothing but this field chooses.
   */
  transport?: pulumi.Input<"ssh" | "vsphere"> | undefined;
  /**
   * Of `vsphere`: SHA-256 of the host's certificate, or SHA-1 as vCenter shows it, in hexadecimal digits with or without colons; or `insecure-accept-any`. Goes
   * before `ca`. Default: the config's. ESXI_ISER_THUMBPRINT goes before this field.
   */
  thumbprint?: pulumi.Input<string> | undefined;
  /** Of `vsphere`: certificates of authorities, as PEM text. Default: the config's, else those that Node.js knows. ESXI_ISER_CA goes before this field. */
  ca?: pulumi.Input<string> | undefined;
  /**
   * Of `vsphere`: the vCenter to go through. `host` is then the host's name in the vCenter, its DNS name, its address or its managed object id (`host-42`), and
   * nobody logs in to the host itself.
   */
  vcenter?: pulumi.Input<VcenterArgs> | undefined;
  /** Of `ssh`: a bastion to go through. ESXi itself does not forward. [seen on 8.0.2] */
  proxy?: pulumi.Input<HostConnectionArgs> | undefined;
  /** Seconds for one command. Default 120. */
  commandTimeout?: pulumi.Input<number> | undefined;
}

const seconds = z.number("must be a number of seconds").positive("must be more than 0").optional();

/** What both transports have. */
const basic = {
  host: name("a host name or an address"),
  port: z.int("must be a whole number").min(1, "must be 1 to 65535").max(65535, "must be 1 to 65535").optional(),
  user: name("a user name").optional(),
  password: z.string("must be a string").min(1, "is empty").optional(),
  dialErrorLimit: z
    .int("must be a whole number")
    .min(0, "must be at least 0")
    .max(100, "must be at most 100")
    .optional(),
  perDialTimeout: seconds,
};

const connection = {
  ...basic,
  privateKey: z.string("must be a string").min(1, "is empty").optional(),
  privateKeyPassword: z.string("must be a string").optional(),
  agentSocketPath: name("a path").optional(),
  hostKey: z
    .string("must be a string")
    .regex(
      /^(SHA256:[A-Za-z0-9+/]{43}=?|(ssh-rsa|ecdsa-sha2-nistp(256|384|521)|ssh-ed25519) [A-Za-z0-9+/=]+( .*)?|insecure-accept-any)$/,
      "must be a fingerprint SHA256:…, a public key line (ssh-rsa AAAA…), or insecure-accept-any to switch the check off",
    )
    .optional(),
};

const endpoint = {
  ...basic,
  thumbprint: z
    .string("must be a string")
    .regex(
      /^([0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){19}|[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}|insecure-accept-any)$/,
      "must be the SHA-256 or SHA-1 of the certificate in hexadecimal digits (AA:BB:…), or insecure-accept-any to switch the check off",
    )
    .optional(),
  ca: z
    .string("must be a string")
    .regex(
      /-----BEGIN CERTIFICATE-----/,
      "must be the text of certificates, with the lines BEGIN CERTIFICATE and END CERTIFICATE",
    )
    .optional(),
};

const ofSsh = {
  ...connection,
  proxy: z.strictObject(connection, { error: objectError(connection) }).optional(),
  commandTimeout: seconds,
};
const ofVsphere = {
  ...endpoint,
  vcenter: z.strictObject(endpoint, { error: objectError(endpoint) }).optional(),
  commandTimeout: seconds,
};

const sshHost = z.strictObject(
  { transport: z.literal("ssh").optional(), ...ofSsh },
  { error: objectError(ofSsh, ofVsphere, 'transport: "vsphere"') },
);

/** Where nobody logs in, nothing to log in with is of any use. */
const ofLogins = ["port", "user", "password", "thumbprint", "ca"] as const;

const vsphereHost = z
  .strictObject(
    { transport: z.literal("vsphere"), ...ofVsphere },
    { error: objectError(ofVsphere, ofSsh, 'transport: "ssh"') },
  )
  .superRefine((host, context) => {
    if (host.vcenter === undefined) return;
    for (const field of ofLogins)
      if (host[field] !== undefined)
        context.addIssue({
          code: "custom",
          path: [field],
          message: `is of a login to the host, and with vcenter there is none: give it as vcenter.${field}, or leave it out`,
        });
  });

/** `others`: the fields of the other transport, `theirs`. */
function objectError(own: object, others: object = {}, theirs = "") {
  return (issue: { code?: string; keys?: string[] }): string => {
    if (issue.code !== "unrecognized_keys") return "must be a host name, or an object with the field host";
    const keys = issue.keys ?? [];
    const known = Object.keys(own).join(", ");
    const foreign = keys.filter((key) => key in others);
    return foreign.length > 0
      ? `has ${foreign.join(", ")}, which ${foreign.length > 1 ? "are" : "is"} of ${theirs} only. The fields of this transport are ${known}.`
      : `has the unknown field ${keys.join(", ")}. Its fields are ${known}${theirs === "" ? "" : ", transport"}.`;
  };
}

export type Host = string | z.infer<typeof sshHost> | z.infer<typeof vsphereHost>;

function schemaOf(value: unknown) {
  if (typeof value === "string") return basic.host;
  const transport = typeof value === "object" && value !== null && "transport" in value ? value.transport : undefined;
  if (transport === undefined || transport === "ssh") return sshHost;
  return transport === "vsphere" ? vsphereHost : noTransport;
}

const noTransport = z.object({ transport: z.never('must be "ssh" or "vsphere"') });

/** A lone host name, or the object. An object that only names the host is the same as its name. */
export const hostField = z.unknown().transform((value, context): Host => {
  const parsed = schemaOf(value).safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      context.addIssue({ code: "custom", path: issue.path, message: issue.message });
    return z.NEVER;
  }
  const host = parsed.data as Host;
  if (typeof host === "string" || host.transport === "vsphere") return host;
  const { transport: _default, ...ssh } = host;
  return Object.keys(ssh).length === 1 ? ssh.host : ssh;
});

/** The name that a host goes by in ids and messages. */
export function hostName(host: unknown): string | undefined {
  const named = typeof host === "object" && host !== null ? (host as { host?: unknown }).host : host;
  return typeof named === "string" ? named.trim().toLowerCase() : undefined;
}

/** Where a host is reached: two hosts may share a name and differ in the port, or in the vCenter that knows them by it. */
export function hostPlace(host: unknown): string {
  const { port, transport, vcenter } = (typeof host === "object" && host !== null ? host : {}) as {
    readonly [field: string]: unknown;
  };
  if (vcenter !== undefined) return `${hostName(host) ?? ""} of ${hostPlace({ transport, ...(vcenter as object) })}`;
  return `${hostName(host) ?? ""}:${port ?? (transport === "vsphere" ? 443 : 22)}`;
}

const credentials = ["password", "privateKey", "privateKeyPassword"] as const;

/** Marks the credentials in a host as secret, each by itself, so that the rest stays readable in a preview. */
export function sealHost(host: pulumi.Input<string | HostArgs>): pulumi.Input<unknown> {
  if (typeof host === "string") return host;
  if (pulumi.Output.isInstance(host) || host instanceof Promise) {
    return pulumi
      .output(host)
      .apply((value) => (holdsCredentials(value) ? pulumi.secret(value) : pulumi.output(value)));
  }
  const { proxy, vcenter, ...rest } = host;
  return {
    ...sealConnection(rest),
    ...(proxy === undefined ? {} : { proxy: sealRelay(proxy) }),
    ...(vcenter === undefined ? {} : { vcenter: sealRelay(vcenter) }),
  };
}

function sealRelay(relay: pulumi.Input<HostConnectionArgs | VcenterArgs>): pulumi.Input<unknown> {
  return pulumi.Output.isInstance(relay) || relay instanceof Promise ? pulumi.secret(relay) : sealConnection(relay);
}

function sealConnection(connection: object): object {
  return Object.fromEntries(
    Object.entries(connection).map(([field, value]) => [
      field,
      (credentials as readonly string[]).includes(field) && value !== undefined ? pulumi.secret(value) : value,
    ]),
  );
}

function holdsCredentials(host: unknown): boolean {
  if (typeof host !== "object" || host === null) return false;
  const { proxy, vcenter, ...own } = host as { proxy?: unknown; vcenter?: unknown };
  return credentials.some((field) => field in own) || holdsCredentials(proxy) || holdsCredentials(vcenter);
}
