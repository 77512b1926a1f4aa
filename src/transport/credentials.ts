import { homedir } from "node:os";
import { join } from "node:path";
import {
  type ConfigReader,
  configuredHost,
  type Environment,
  environment,
  type Field,
  find as findIn,
  general,
  isGiven,
  isObject,
  lookUp,
  optional,
  own,
  type Place,
} from "./places.js";
import { failure, keepSecret } from "./redact.js";
import { digest, type Endpoint, type Limits, limitsOf, type Sourced } from "./target.js";
import { resolveVsphere, type VsphereSettings, type VsphereTarget } from "./vsphereTarget.js";

/** How one SSH server is reached. The names are those of `@pulumi/command`'s connection. */
export interface ServerSettings {
  readonly host: string;
  /** Default 22. */
  readonly port?: number | undefined;
  /** Default `root`. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** The text of the key, not its path. RSA or ECDSA: ESXi refuses ed25519 (seen on 8.0.2). */
  readonly privateKey?: string | undefined;
  readonly privateKeyPassword?: string | undefined;
  /** Default: the environment variable SSH_AUTH_SOCK. */
  readonly agentSocketPath?: string | undefined;
  /** `SHA256:…`, a public key (`ssh-rsa AAAA…`), or `insecure-accept-any`; config and environment also take several on lines of their own. */
  readonly hostKey?: string | undefined;
  /** How often an unreachable host is dialled again. Default 3. A refused login is never tried again. */
  readonly dialErrorLimit?: number | undefined;
  /** Seconds for one dial: TCP, handshake and login. Default 15. */
  readonly perDialTimeout?: number | undefined;
}

export interface ConnectionSettings extends ServerSettings {
  readonly transport?: "ssh" | undefined;
  /** A bastion. It cannot be an ESXi host, whose sshd forwards nothing (seen on 8.0.2). */
  readonly proxy?: ServerSettings | undefined;
  /** Seconds for one command. Default 120. */
  readonly commandTimeout?: number | undefined;
}

/** What a resource says about its host. */
export type HostSettings = string | ConnectionSettings | VsphereSettings;

/** An SSH server with everything that is known of it. */
export interface Server extends Endpoint {
  readonly privateKey?: Sourced;
  readonly privateKeyPassword?: Sourced;
  /** Path of the agent's socket. Only used if there is neither password nor key. */
  readonly agent?: Sourced;
  readonly hostKey?: Sourced;
  readonly knownHosts: readonly string[];
}

/** A resolved host that is reached over SSH, and how long to try. */
export interface SshTarget extends Server, Limits {
  readonly transport: "ssh";
  readonly proxy?: SshTarget;
}

/** A resolved host. Nothing but its declaration says how it is reached. */
export type Target = SshTarget | VsphereTarget;

/**
 * Looks everything up anew at each call: a provider process may outlive a rotation. The environment goes first, because
 * `pulumi refresh` and `pulumi destroy` are given the config of the last `up`, not today's (measured on 3.259).
 */
export function resolveTarget(
  settings: string | ConnectionSettings,
  config: ConfigReader,
  env?: Environment,
): SshTarget;
export function resolveTarget(settings: VsphereSettings, config: ConfigReader, env?: Environment): VsphereTarget;
export function resolveTarget(settings: HostSettings, config: ConfigReader, env?: Environment): Target;
export function resolveTarget(settings: HostSettings, config: ConfigReader, env: Environment = process.env): Target {
  return resolved(settings, config, env, true);
}

function resolved(settings: HostSettings, config: ConfigReader, env: Environment, logsIn: boolean): Target {
  return typeof settings === "object" && settings.transport === "vsphere"
    ? resolveVsphere(settings, config, env, logsIn)
    : resolve(settings, config, env, logsIn);
}

/** The same for who only looks at keys or certificates: nothing need be known to log in to the host or its vCenter with. A bastion is logged in to. */
export function resolveUnauthenticated(
  settings: string | ConnectionSettings,
  config: ConfigReader,
  env?: Environment,
): SshTarget;
export function resolveUnauthenticated(settings: HostSettings, config: ConfigReader, env?: Environment): Target;
export function resolveUnauthenticated(
  settings: HostSettings,
  config: ConfigReader,
  env: Environment = process.env,
): Target {
  return resolved(settings, config, env, false);
}

function resolve(
  settings: string | ConnectionSettings,
  config: ConfigReader,
  env: Environment,
  logsIn: boolean,
): SshTarget {
  const given: ConnectionSettings = typeof settings === "string" ? { host: settings } : settings;
  const limits = limitsOf(given);
  const target: SshTarget = {
    transport: "ssh",
    ...server(
      given,
      env,
      [
        environment(env, given.host),
        environment(env),
        own(given, "host"),
        configuredHost(config, given.host),
        general(config),
      ],
      { logsIn },
    ),
    ...limits,
  };
  if (!given.proxy) return target;
  // The general places speak of ESXi hosts: root's password of the hosts is none of the bastion's business.
  const proxy = server(
    given.proxy,
    env,
    [environment(env, given.proxy.host), own(given.proxy, "host.proxy"), configuredHost(config, given.proxy.host)],
    { knownHostsOnly: [environment(env), general(config)] },
  );
  return { ...target, proxy: { transport: "ssh", ...proxy, ...limitsOf(given.proxy, limits) } };
}

/** `knownHostsOnly`: places of which nothing but the known_hosts file is taken. `logsIn`: something must be known to log in with. */
function server(
  given: ServerSettings,
  env: Environment,
  places: Place[],
  { knownHostsOnly = [], logsIn = true }: { knownHostsOnly?: Place[]; logsIn?: boolean },
): Server {
  const find = (field: Field, among = places) => findIn(among, field);
  const secretPlace = places.find((place) => isGiven(place.get("password")) || isGiven(place.get("privateKey")));
  const secret = (field: Field) => (secretPlace ? lookUp(secretPlace, field) : undefined);
  const privateKey = secret("privateKey");
  const agentSocket = given.agentSocketPath || env.SSH_AUTH_SOCK;
  if (logsIn && !secretPlace && !agentSocket) throw nothingKnown(given.host, places);

  const resolved: Server = {
    host: given.host,
    port: given.port ?? 22,
    user: find("user") ?? { value: "root", source: "the default" },
    ...optional("password", secret("password")),
    ...optional("privateKey", privateKey && { ...privateKey, value: normalisedKey(privateKey.value) }),
    // A key may be in one place and its passphrase in another.
    ...optional("privateKeyPassword", privateKey && (secret("privateKeyPassword") ?? find("privateKeyPassword"))),
    ...(secretPlace || !agentSocket ? {} : { agent: { value: agentSocket, source: "SSH agent" } }),
    ...optional("hostKey", find("hostKey")),
    knownHosts: knownHostsFiles(find("knownHosts", [...places, ...knownHostsOnly])),
  };
  for (const value of [resolved.password, resolved.privateKey, resolved.privateKeyPassword]) keepSecret(value?.value);
  return resolved;
}

function nothingKnown(host: string, places: readonly Place[]) {
  const looked = places.flatMap((place) => [place.name("password"), place.name("privateKey")]);
  return failure("CREDENTIALS_MISSING", {
    host,
    problem: "No password, key or SSH agent is known",
    cure: [
      "Set one, for all hosts: `pulumi config set --secret esxi-iser:password`, or ESXI_ISER_PASSWORD in the environment.",
      "The environment also holds for `pulumi refresh` and `pulumi destroy`, which see the config of the last `up`.",
      `Looked at: ${looked.join(", ")}, SSH agent (SSH_AUTH_SOCK is not set).`,
    ].join("\n"),
  });
}

/** Environment variables of CI systems often carry a key in one line with `\n`, or with the line ends of Windows. */
function normalisedKey(text: string): string {
  const lines = text.includes("\n") ? text : text.replaceAll("\\n", "\n");
  return `${lines.replaceAll("\r\n", "\n").trim()}\n`;
}

function knownHostsFiles(given: Sourced | undefined): readonly string[] {
  const files = given
    ? given.value.split(",").map((file) => file.trim())
    : ["~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"];
  return files.filter(isGiven).map((file) => (file.startsWith("~/") ? join(homedir(), file.slice(2)) : file));
}

/** What a connection to the target goes through. */
export function relayOf(target: Target): Target | undefined {
  return target.transport === "ssh" ? target.proxy : target.vcenter;
}

/**
 * Which connections are the same one. What is expected of the host's identity is a part of it: a resource that pins a key
 * must not be given a connection that was made without looking. How long to try is not.
 */
export function targetKey(target: Target): string {
  const unrelated = new Set(["dialErrorLimit", "perDialTimeout", "commandTimeout", "proxy", "vcenter"]);
  const identity = Object.fromEntries(Object.entries(target).filter(([name]) => !unrelated.has(name)));
  const relay = relayOf(target);
  const all = [identity, relay && targetKey(relay)];
  const text = JSON.stringify(all, (_key, value) => (isSourced(value) ? value.value : value));
  return `${target.user.value}@${target.host}:${target.port} ${digest(text).slice(0, 16)}`;
}

/** What a server accepts or refuses by itself. A target may have a key and a password. */
const credentials = ["privateKey", "password", "agent", "session"] as const;
type Credential = (typeof credentials)[number];
type Held = { readonly [C in Credential]?: Sourced };

/**
 * Names for the credentials of a target, the same wherever a value was found and whatever else differs: what a host refuses one resource it
 * refuses the next. The bastion belongs to the host: behind another one its address may be another machine.
 */
export function credentialKeys(target: Target): ReadonlyMap<string, Credential> {
  const { host, port, user } = target;
  const relay = relayOf(target);
  const place = [host.toLowerCase(), port, user.value, relay && [relay.host.toLowerCase(), relay.port]];
  const held: Held = target;
  const keys = credentials.flatMap((credential): [string, Credential][] => {
    const { value } = held[credential] ?? {};
    return value === undefined ? [] : [[digest(JSON.stringify([...place, credential, value])), credential]];
  });
  return new Map(keys);
}

export function withoutCredentials(target: Target, refused: readonly Credential[]): Target {
  const left = { ...target };
  for (const credential of refused) delete (left as { -readonly [C in keyof Held]: Held[C] })[credential];
  return left;
}

function isSourced(value: unknown): value is Sourced {
  return isObject(value) && typeof value.source === "string";
}
