import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { IserError } from "../../errors.js";
import type { SshTarget } from "../../transport/credentials.js";
import { acceptAny, fingerprint, pinsIn } from "../../transport/hostKey.js";
import { keyType, knownHostsName, knownKeys } from "../../transport/knownHosts.js";
import { configuredField } from "../../transport/places.js";
import { connect, offeredKeys } from "../../transport/ssh.js";
import type { StackConfig } from "../stackConfig.js";
import type { Identity, Place } from "./identity.js";

/** A key as a host offers it. */
interface OfferedKey {
  /** `ecdsa-sha2-nistp256` */
  readonly type: string;
  readonly bits: number | undefined;
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** Base64, as in known_hosts. */
  readonly publicKey: string;
}

/** The keys that a host offers. */
export async function keysOf(
  target: SshTarget,
  config: StackConfig | undefined,
  knownHosts: string | undefined,
): Promise<Identity> {
  const bastion = target.proxy && (await connect(target.proxy));
  try {
    const keys: readonly OfferedKey[] = (await offeredKeys(target, bastion)).map((key) => ({
      type: keyType(key) ?? "",
      bits: bitsOf(key),
      fingerprint: fingerprint(key),
      publicKey: key.toString("base64"),
    }));
    const { host, port } = target;
    const among = (fingerprints: readonly string[]) => keys.filter((key) => fingerprints.includes(key.fingerprint));
    return {
      host,
      port,
      fingerprints: keys.map((key) => key.fingerprint),
      place:
        knownHosts === undefined && config !== undefined ? inConfig(target, config) : inFile(target, knownHosts, among),
      shown: shown(target, keys),
      noun: "key",
      among: (given) => among(given).map((key) => key.fingerprint),
      kinds: (fingerprints) =>
        among(fingerprints)
          .map((key) => nameOf(key.type))
          .join(" and "),
      json: (fingerprints) => ({ keys: among(fingerprints) }),
    };
  } finally {
    bastion?.close();
  }
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
    write: (added) => config.set(path, [...fingerprints, ...added].join("\n")),
  };
}

function inFile(
  { host, port, knownHosts }: SshTarget,
  given: string | undefined,
  keysOf: (fingerprints: readonly string[]) => readonly OfferedKey[],
): Place {
  const file = given ?? knownHosts[0];
  if (file === undefined)
    throw new IserError("INPUT_INVALID", {
      problem: "no known_hosts file is known",
      cure: "Name one with --known-hosts.",
    });
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const name = knownHostsName(host, port);
  return {
    name: file,
    known: knownKeys(text, host, port).map(({ key }) => fingerprint(key)),
    removal: `ssh-keygen -f '${file}' -R '${name}'`,
    write(fingerprints) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const lines = keysOf(fingerprints).map(({ type, publicKey }) => `${name} ${type} ${publicKey}\n`);
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

/** `ecdsa-sha2-nistp256` is ECDSA to ssh-keygen. */
function nameOf(type: string): string {
  return type
    .replace(/^ssh-/, "")
    .replace(/-sha2-.*$/, "")
    .toUpperCase();
}

/** The size of a key, by its type and, of RSA, by its modulus: the third field on the wire. [RFC 4253] */
function bitsOf(key: Buffer): number | undefined {
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
