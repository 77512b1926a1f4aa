import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { failure, keepSecret } from "./redact.js";

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
  /** A bastion. It cannot be an ESXi host, whose sshd forwards nothing (seen on 8.0.2). */
  readonly proxy?: ServerSettings | undefined;
  /** Seconds for one command. Default 120. */
  readonly commandTimeout?: number | undefined;
}

/** What a resource says about its host. */
export type HostSettings = string | ConnectionSettings;

/** A value and where it was found, so that an error can name the place. */
export interface Sourced {
  readonly value: string;
  /** For instance `environment ESXI_ISER_PASSWORD` or `config esxi-iser:password`. */
  readonly source: string;
}

/** An SSH server with everything that is known of it. */
export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: Sourced;
  readonly password?: Sourced;
  readonly privateKey?: Sourced;
  readonly privateKeyPassword?: Sourced;
  /** Path of the agent's socket. Only used if there is neither password nor key. */
  readonly agent?: Sourced;
  readonly hostKey?: Sourced;
  readonly knownHosts: readonly string[];
}

/** A resolved host, and how long to try. */
export interface Target extends Server {
  readonly proxy?: Target;
  readonly dialErrorLimit: number;
  /** Seconds. */
  readonly perDialTimeout: number;
  /** Seconds. */
  readonly commandTimeout: number;
}

/** Stack config of the namespace `esxi-iser`; an object value is JSON text, as Pulumi hands it over. */
export interface ConfigReader {
  get(key: string): string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The fields that can be given in more than one place. */
const fields = ["user", "password", "privateKey", "privateKeyPassword", "hostKey", "knownHosts"] as const;
type Field = (typeof fields)[number];

/** One place where credentials are looked for. */
interface Place {
  /** The field's name in that place, as an error says it. */
  readonly name: (field: Field) => string;
  readonly get: (field: Field) => string | undefined;
}

const environmentNames: Record<Field, string> = {
  user: "ESXI_ISER_USER",
  password: "ESXI_ISER_PASSWORD",
  privateKey: "ESXI_ISER_PRIVATE_KEY",
  privateKeyPassword: "ESXI_ISER_PRIVATE_KEY_PASSWORD",
  hostKey: "ESXI_ISER_HOST_KEY",
  knownHosts: "ESXI_ISER_KNOWN_HOSTS",
};

/** `esx01.lab` is `ESXI_ISER_PASSWORD__ESX01_LAB`. */
export function environmentName(field: Field, host?: string): string {
  const suffix = host === undefined ? "" : `__${host.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  return `${environmentNames[field]}${suffix}`;
}

/**
 * Looks everything up anew at each call: a provider process may outlive a rotation. The environment goes first, because
 * `pulumi refresh` and `pulumi destroy` are given the config of the last `up`, not today's (measured on 3.259).
 */
export function resolveTarget(settings: HostSettings, config: ConfigReader, env: Environment = process.env): Target {
  return resolve(settings, config, env, true);
}

/** The same for who only looks at the host's keys: nothing need be known to log in to it with. A bastion is logged in to. */
export function resolveUnauthenticated(
  settings: HostSettings,
  config: ConfigReader,
  env: Environment = process.env,
): Target {
  return resolve(settings, config, env, false);
}

function resolve(settings: HostSettings, config: ConfigReader, env: Environment, logsIn: boolean): Target {
  const given: ConnectionSettings = typeof settings === "string" ? { host: settings } : settings;
  const limits = limitsOf(given, { dialErrorLimit: 3, perDialTimeout: 15, commandTimeout: 120 });
  const target: Target = {
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
  return { ...target, proxy: { ...proxy, ...limitsOf(given.proxy, limits) } };
}

type Limits = Pick<Target, "dialErrorLimit" | "perDialTimeout" | "commandTimeout">;

function limitsOf(given: Partial<Record<keyof Limits, number | undefined>>, otherwise: Limits): Limits {
  // A timer of Node.js that is set to more than 24 days fires at once.
  const seconds = (value: number) => Math.min(value, 24 * 60 * 60);
  return {
    dialErrorLimit: given.dialErrorLimit ?? otherwise.dialErrorLimit,
    perDialTimeout: seconds(given.perDialTimeout ?? otherwise.perDialTimeout),
    commandTimeout: seconds(given.commandTimeout ?? otherwise.commandTimeout),
  };
}

/** `knownHostsOnly`: places of which nothing but the known_hosts file is taken. `logsIn`: something must be known to log in with. */
function server(
  given: ServerSettings,
  env: Environment,
  places: Place[],
  { knownHostsOnly = [], logsIn = true }: { knownHostsOnly?: Place[]; logsIn?: boolean },
): Server {
  const find = (field: Field, among = places) => among.map((place) => lookUp(place, field)).find(isGiven);
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

function environment(env: Environment, host?: string): Place {
  const file = environmentName("privateKey", host).replace("PRIVATE_KEY", "PRIVATE_KEY_FILE");
  return {
    name: (field) => {
      const variable = environmentName(field, host);
      return `environment ${field === "privateKey" && !isGiven(env[variable]) && isGiven(env[file]) ? file : variable}`;
    },
    get: (field) => {
      const value = env[environmentName(field, host)];
      const path = env[file];
      return field === "privateKey" && !isGiven(value) && isGiven(path) ? keyFile(path, file) : value;
    },
  };
}

function own(given: ServerSettings, path: string): Place {
  return {
    name: (field) => `the resource's ${path}.${field}`,
    get: (field) => (field === "knownHosts" ? undefined : given[field]),
  };
}

function configuredHost(config: ConfigReader, host: string): Place {
  const [, entry] = Object.entries(hosts(config)).find(([name]) => name.toLowerCase() === host.toLowerCase()) ?? [];
  return { name: (field) => `config esxi-iser:hosts["${host}"].${field}`, get: (field) => entry?.[field] };
}

/** What the config has for a host by name. */
export function configuredField(config: ConfigReader, host: string, field: Field): Sourced | undefined {
  return lookUp(configuredHost(config, host), field);
}

function general(config: ConfigReader): Place {
  return { name: (field) => `config esxi-iser:${field}`, get: (field) => config.get(field) };
}

/** The map of hosts. Its content is never quoted: it holds passwords. */
function hosts(config: ConfigReader): Readonly<Record<string, Partial<Record<Field, string>>>> {
  const text = config.get("hosts");
  if (!isGiven(text)) return {};
  const problem = (what: string) =>
    failure("INPUT_INVALID", {
      problem: `config esxi-iser:hosts ${what}.`,
      cure: `Set it with \`pulumi config set --path --secret 'esxi-iser:hosts["esx01.lab"].password'\`.`,
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw problem("is not valid JSON");
  }
  if (!isObject(parsed)) throw problem("is not a map of hosts");
  for (const [host, entry] of Object.entries(parsed)) {
    if (!isObject(entry)) throw problem(`has no map of fields under "${host}"`);
    for (const [field, value] of Object.entries(entry)) {
      if (!fields.some((known) => known === field))
        throw problem(
          `has an unknown field "${field}" under "${host}"; known are ${fields.join(", ")}. Address and port go into the resource's host`,
        );
      if (typeof value !== "string") throw problem(`has no text under "${host}", "${field}"`);
    }
  }
  return parsed as Readonly<Record<string, Partial<Record<Field, string>>>>;
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

function lookUp(place: Place, field: Field): Sourced | undefined {
  const value = place.get(field);
  return isGiven(value) ? { value, source: place.name(field) } : undefined;
}

function keyFile(path: string, variable: string): string {
  try {
    return readFileSync(path.replace(/^~(?=\/)/, homedir()), "utf8");
  } catch (error) {
    throw failure("CREDENTIALS_MISSING", {
      problem: `The private key ${path} of environment ${variable} cannot be read: ${(error as Error).message}.`,
      cure: "Name a file that exists and that this user may read.",
    });
  }
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

function optional<K extends string>(key: K, value: Sourced | undefined): { [P in K]?: Sourced } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: Sourced };
}

function isGiven<T>(value: T | undefined | ""): value is T {
  return value !== undefined && value !== "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Which connections are the same one. What is expected of the host's identity is a part of it: a resource that pins a key
 * must not be given a connection that was made without looking. How long to try is not.
 */
export function targetKey(target: Target): string {
  const { dialErrorLimit: _limit, perDialTimeout: _dial, commandTimeout: _command, proxy, ...identity } = target;
  const all = [identity, proxy && targetKey(proxy)];
  const text = JSON.stringify(all, (_key, value) => (isSourced(value) ? value.value : value));
  return `${target.user.value}@${target.host}:${target.port} ${digest(text).slice(0, 16)}`;
}

/** What a server accepts or refuses by itself. A target may have a key and a password. */
const credentials = ["privateKey", "password", "agent"] as const;
type Credential = (typeof credentials)[number];

/**
 * Names for the credentials of a target, the same wherever a value was found and whatever else differs: what a host refuses one resource it
 * refuses the next. The bastion belongs to the host: behind another one its address may be another machine.
 */
export function credentialKeys(target: Target): ReadonlyMap<string, Credential> {
  const { host, port, user, proxy } = target;
  const place = [host.toLowerCase(), port, user.value, proxy && [proxy.host.toLowerCase(), proxy.port]];
  const keys = credentials.flatMap((credential): [string, Credential][] => {
    const { value } = target[credential] ?? {};
    return value === undefined ? [] : [[digest(JSON.stringify([...place, credential, value])), credential]];
  });
  return new Map(keys);
}

export function withoutCredentials(target: Target, refused: readonly Credential[]): Target {
  const { privateKey, password, agent, ...rest } = target;
  const left = (credential: Credential) => (refused.includes(credential) ? undefined : target[credential]);
  return {
    ...rest,
    ...optional("privateKey", left("privateKey")),
    ...optional("password", left("password")),
    ...optional("agent", left("agent")),
  };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isSourced(value: unknown): value is Sourced {
  return isObject(value) && typeof value.source === "string";
}
