import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline/promises";
import { IserError, visible } from "../errors.js";
import { resolveUnauthenticated, type SshTarget } from "../transport/credentials.js";
import { acceptAny, fingerprint, pinsIn } from "../transport/hostKey.js";
import { keyType, knownHostsName, knownKeys } from "../transport/knownHosts.js";
import { configuredField } from "../transport/places.js";
import { connect, offeredKeys } from "../transport/ssh.js";
import { forEach, type HostOptions, hostOf } from "./hosts.js";
import { noConfig, readStackConfig, type StackConfig, type StackOptions } from "./stackConfig.js";

export interface TrustOptions extends HostOptions, StackOptions {
  /** Write into this known_hosts file, also where there is the config of a stack. */
  readonly knownHosts?: string;
  readonly yes?: boolean;
  readonly fingerprint?: readonly string[];
}

/** A key as a host offers it. */
export interface OfferedKey {
  /** `ecdsa-sha2-nistp256` */
  readonly type: string;
  readonly bits: number | undefined;
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** Base64, as in known_hosts. */
  readonly publicKey: string;
}

type Decision = "trusted" | "known already" | "not trusted";

export interface TrustResult {
  readonly host: string;
  readonly port: number;
  readonly keys: readonly OfferedKey[];
  readonly decision: Decision;
  /** Where the keys are. */
  readonly where?: string;
}

/** Shows the keys that hosts offer, and pins those that are confirmed where the provider finds them. The status that the command ends with. */
export async function trust(names: readonly string[], options: TrustOptions): Promise<number> {
  if (options.yes && !options.fingerprint?.length)
    throw usage(
      "--yes without --fingerprint would trust whoever answers",
      "Give the fingerprints that you know from the hosts themselves, each with --fingerprint.",
    );
  const note = (text: string) => void process.stderr.write(`esxi-iser: ${visible(text)}\n`);
  const config = await readStackConfig(options, note);
  const hosts = names.map((name) => hostOf(name, options));
  const looked = await forEach(hosts, 8, async (host) => look(resolveUnauthenticated(host, config ?? noConfig)));
  const results: TrustResult[] = [];
  let status = 0;
  for (const one of looked) {
    if (one.status === "rejected") {
      process.stderr.write(`${(one.reason as Error).message}\n`);
      status = 2;
      continue;
    }
    try {
      const result = await decide(one.value, config, options);
      results.push(result);
      if (result.decision === "not trusted") status ||= 1;
      if (!options.json) process.stdout.write(`${said(result)}\n`);
    } catch (error) {
      if (!(error instanceof IserError) || error.code !== "HOST_KEY_CHANGED") throw error;
      process.stderr.write(`${error.message}\n`);
      status ||= 1;
    }
  }
  if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  return status;
}

interface Looked {
  readonly target: SshTarget;
  readonly keys: readonly OfferedKey[];
}

async function look(target: SshTarget): Promise<Looked> {
  const bastion = target.proxy && (await connect(target.proxy));
  try {
    const keys = (await offeredKeys(target, bastion)).map((key) => ({
      type: keyType(key) ?? "",
      bits: bitsOf(key),
      fingerprint: fingerprint(key),
      publicKey: key.toString("base64"),
    }));
    return { target, keys };
  } finally {
    bastion?.close();
  }
}

async function decide(
  { target, keys }: Looked,
  config: StackConfig | undefined,
  options: TrustOptions,
): Promise<TrustResult> {
  const { host, port } = target;
  const given = options.fingerprint ?? [];
  const place =
    options.knownHosts === undefined && config !== undefined ? inConfig(target, config) : inFile(target, options);
  const wanted = given.length === 0 ? keys : keys.filter((key) => given.includes(key.fingerprint));
  const missing = wanted.filter((key) => !place.known.includes(key.fingerprint));
  const result = (decision: Decision): TrustResult => ({
    host,
    port,
    keys: decision === "not trusted" ? keys : wanted,
    decision,
    where: place.name,
  });
  if (wanted.length > 0 && missing.length === 0) return result("known already");
  if (!options.json) process.stdout.write(`${shown(target, keys)}\n`);
  const strange = place.known.filter((one) => !keys.some((key) => key.fingerprint === one));
  if (strange.length > 0)
    throw new IserError("HOST_KEY_CHANGED", {
      host,
      problem: `${place.name} has ${strange.join(", ")}, which the host does not offer. Nothing was written`,
      cure: `If the host was installed anew, take the old key out (${place.removal}) and run this again. If not, another machine answers at its address.`,
    });
  if (missing.length === 0 || !(await isConfirmed(missing, options, place.name))) return result("not trusted");
  await place.write(missing);
  return result("trusted");
}

async function isConfirmed(keys: readonly OfferedKey[], { yes, json }: TrustOptions, where: string): Promise<boolean> {
  if (yes) return true;
  // A script sees the keys, and comes back with their fingerprints.
  if (json) return false;
  if (!process.stdin.isTTY)
    throw usage(
      "nobody can be asked whether the keys are right",
      "Give the fingerprints that you know from the hosts themselves, each with --fingerprint, and --yes.",
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(
      `Write ${keys.length === 1 ? "this key" : "these keys"} to ${where} (only "yes" does)? `,
    );
    return answer.trim() === "yes";
  } finally {
    terminal.close();
  }
}

/** Where keys are kept. */
interface Place {
  readonly name: string;
  /** The fingerprints that it has for the host. */
  readonly known: readonly string[];
  /** How an old key is taken out. */
  readonly removal: string;
  write(keys: readonly OfferedKey[]): Promise<void> | void;
}

function inConfig(target: SshTarget, config: StackConfig): Place {
  const { host } = target;
  const path = `esxi-iser:hosts["${host}"].hostKey`;
  const pinned = configuredField(config, host, "hostKey");
  const known = pinned === undefined || pinned.value === acceptAny ? [] : pinsIn(target, pinned);
  const fingerprints = known.map((pin) => pin.fingerprint);
  return {
    name: `config ${path}`,
    known: fingerprints,
    removal: `pulumi config rm --path '${path}'`,
    write: (keys) => config.set(path, [...fingerprints, ...keys.map((key) => key.fingerprint)].join("\n")),
  };
}

function inFile({ host, port, knownHosts }: SshTarget, options: TrustOptions): Place {
  const [file] = options.knownHosts === undefined ? knownHosts : [options.knownHosts];
  if (file === undefined) throw usage("no known_hosts file is known", "Name one with --known-hosts.");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const name = knownHostsName(host, port);
  return {
    name: file,
    known: knownKeys(text, host, port).map(({ key }) => fingerprint(key)),
    removal: `ssh-keygen -f '${file}' -R '${name}'`,
    write(keys) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const lines = keys.map(({ type, publicKey }) => `${name} ${type} ${publicKey}\n`);
      appendFileSync(file, `${text === "" || text.endsWith("\n") ? "" : "\n"}${lines.join("")}`, { mode: 0o600 });
    },
  };
}

/** As `ssh-keygen -lf` prints them. */
function shown({ host, port }: SshTarget, keys: readonly OfferedKey[]): string {
  const lines = keys.map((key) => `  ${key.bits ?? "?"} ${key.fingerprint} ${host} (${nameOf(key.type)})`);
  return [
    `${host} port ${port} offers:`,
    ...lines,
    "Compare with what the host itself says, on its console: ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub, also _rsa_key.pub.",
  ].join("\n");
}

function said({ host, decision, keys, where }: TrustResult): string {
  const which = keys.map((key) => nameOf(key.type)).join(" and ");
  if (decision === "trusted") return `${host}: ${which} written to ${where}.`;
  return decision === "known already"
    ? `${host}: ${which} known already, in ${where}.`
    : `${host}: not trusted, nothing was written.`;
}

/** `ecdsa-sha2-nistp256` is ECDSA to ssh-keygen. */
function nameOf(type: string): string {
  return type
    .replace(/^ssh-/, "")
    .replace(/-sha2-.*$/, "")
    .toUpperCase();
}

/** The size of a key, by its type and, of RSA, by its modulus: the third field on the wire. [RFC 4253] */
export function bitsOf(key: Buffer): number | undefined {
  const type = keyType(key) ?? "";
  const curve = /nistp(\d+)$/.exec(type)?.[1];
  if (curve !== undefined) return Number(curve);
  if (type === "ssh-ed25519") return 256;
  if (type !== "ssh-rsa") return undefined;
  const fields = fieldsOf(key);
  const modulus = fields[2];
  // A leading zero byte says only that the number is positive.
  const first = modulus?.findIndex((byte) => byte !== 0) ?? -1;
  return modulus === undefined || first < 0
    ? undefined
    : (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24;
}

function fieldsOf(key: Buffer): readonly Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at + 4 <= key.length; ) {
    const end = at + 4 + key.readUInt32BE(at);
    fields.push(key.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

function usage(problem: string, cure: string): IserError {
  return new IserError("INPUT_INVALID", { problem, cure });
}
