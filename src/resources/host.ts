import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { name } from "./fields.js";

/** How to reach an ESXi host; the field names are those of `@pulumi/command`'s connection. */
export interface HostConnectionArgs {
  /** Host name or address. Names the host in ids and messages. */
  host: pulumi.Input<string>;
  /** SSH port. Default 22. */
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

export interface HostArgs extends HostConnectionArgs {
  /** A bastion to go through. ESXi itself does not forward. [seen on 8.0.2] */
  proxy?: pulumi.Input<HostConnectionArgs> | undefined;
  /** Seconds for one command. Default 120. */
  commandTimeout?: pulumi.Input<number> | undefined;
}

const connection = {
  host: name("a host name or an address"),
  port: z.int("must be a whole number").min(1, "must be 1 to 65535").max(65535, "must be 1 to 65535").optional(),
  user: name("a user name").optional(),
  password: z.string("must be a string").min(1, "is empty").optional(),
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
  dialErrorLimit: z
    .int("must be a whole number")
    .min(0, "must be at least 0")
    .max(100, "must be at most 100")
    .optional(),
  perDialTimeout: z.number("must be a number of seconds").positive("must be more than 0").optional(),
};

const hostObject = z.strictObject(
  {
    ...connection,
    proxy: z.strictObject(connection, { error: objectError }).optional(),
    commandTimeout: z.number("must be a number of seconds").positive("must be more than 0").optional(),
  },
  { error: objectError },
);

function objectError(issue: { code?: string; keys?: string[] }): string {
  return issue.code === "unrecognized_keys"
    ? `has the unknown field ${issue.keys?.join(", ")}. Its fields are ${[...Object.keys(connection), "proxy", "commandTimeout"].join(", ")}.`
    : "must be a host name, or an object with the field host";
}

export type Host = string | z.infer<typeof hostObject>;

/** A lone host name, or the object. An object that only names the host is the same as its name. */
export const hostField = z.unknown().transform((value, context): Host => {
  const parsed = (typeof value === "string" ? connection.host : hostObject).safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      context.addIssue({ code: "custom", path: issue.path, message: issue.message });
    return z.NEVER;
  }
  const host: Host = parsed.data;
  return typeof host === "object" && Object.keys(host).length === 1 ? host.host : host;
});

/** The name that a host goes by in ids and messages. */
export function hostName(host: unknown): string | undefined {
  const named = typeof host === "object" && host !== null ? (host as { host?: unknown }).host : host;
  return typeof named === "string" ? named.trim().toLowerCase() : undefined;
}

/** Where a host is reached: two hosts may share a name and differ in the port. */
export function hostPlace(host: unknown): string {
  const port = typeof host === "object" && host !== null ? (host as { port?: unknown }).port : undefined;
  return `${hostName(host) ?? ""}:${port ?? 22}`;
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
  const { proxy, ...rest } = host;
  return { ...sealConnection(rest), ...(proxy === undefined ? {} : { proxy: sealProxy(proxy) }) };
}

function sealProxy(proxy: pulumi.Input<HostConnectionArgs>): pulumi.Input<unknown> {
  return pulumi.Output.isInstance(proxy) || proxy instanceof Promise ? pulumi.secret(proxy) : sealConnection(proxy);
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
  const { proxy, ...own } = host as { proxy?: unknown };
  return credentials.some((field) => field in own) || holdsCredentials(proxy);
}
