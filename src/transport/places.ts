import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { failure } from "./redact.js";
import type { Sourced } from "./target.js";

/** Stack config of the namespace `esxi-iser`; an object value is JSON text, as Pulumi hands it over. */
export interface ConfigReader {
  get(key: string): string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The fields that can be given in more than one place. */
const fields = [
  "user",
  "password",
  "privateKey",
  "privateKeyPassword",
  "hostKey",
  "knownHosts",
  "thumbprint",
  "ca",
  "session",
] as const;
export type Field = (typeof fields)[number];

/** A session is of one login of today: it is in no file. */
const ofConfig = fields.filter((field) => field !== "session");

/** One place where credentials are looked for. */
export interface Place {
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
  thumbprint: "ESXI_ISER_THUMBPRINT",
  ca: "ESXI_ISER_CA",
  session: "ESXI_ISER_SESSION",
};

/** `esx01.lab` is `ESXI_ISER_PASSWORD__ESX01_LAB`. */
export function environmentName(field: Field, host?: string): string {
  const suffix = host === undefined ? "" : `__${host.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
  return `${environmentNames[field]}${suffix}`;
}

export function environment(env: Environment, host?: string): Place {
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

/** `path`: how a program writes it, for instance `host.vcenter`. */
export function own(given: { readonly [F in Field]?: unknown }, path: string): Place {
  return {
    name: (field) => `the resource's ${path}.${field}`,
    get: (field) => {
      const value = given[field];
      return typeof value === "string" ? value : undefined;
    },
  };
}

export function configuredHost(config: ConfigReader, host: string): Place {
  const [, entry] = Object.entries(hosts(config)).find(([name]) => name.toLowerCase() === host.toLowerCase()) ?? [];
  return { name: (field) => `config esxi-iser:hosts["${host}"].${field}`, get: (field) => entry?.[field] };
}

/** What the config has for a host by name. */
export function configuredField(config: ConfigReader, host: string, field: Field): Sourced | undefined {
  return lookUp(configuredHost(config, host), field);
}

export function general(config: ConfigReader): Place {
  return {
    name: (field) => `config esxi-iser:${field}`,
    get: (field) => (field === "session" ? undefined : config.get(field)),
  };
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
      if (!ofConfig.some((known) => known === field))
        throw problem(
          `has an unknown field "${field}" under "${host}"; known are ${ofConfig.join(", ")}. Address and port go into the resource's host`,
        );
      if (typeof value !== "string") throw problem(`has no text under "${host}", "${field}"`);
    }
  }
  return parsed as Readonly<Record<string, Partial<Record<Field, string>>>>;
}

/** The first place that has the field. */
export function find(places: readonly Place[], field: Field): Sourced | undefined {
  return places.map((place) => lookUp(place, field)).find(isGiven);
}

export function lookUp(place: Place, field: Field): Sourced | undefined {
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

export function optional<K extends string>(key: K, value: Sourced | undefined): { [P in K]?: Sourced } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: Sourced };
}

export function isGiven<T>(value: T | undefined | ""): value is T {
  return value !== undefined && value !== "";
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
