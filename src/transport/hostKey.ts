import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerHostKeyAlgorithm } from "ssh2";
import type { IserError } from "../errors.js";
import type { Server } from "./credentials.js";
import { keyType, knownHostsName, knownKeys } from "./knownHosts.js";
import { environmentName } from "./places.js";
import { failure } from "./redact.js";
import type { Sourced } from "./target.js";

/** What is expected of a host's key. */
export interface HostKeyRule {
  /** The algorithms to ask for, most wanted first. */
  readonly algorithms: readonly ServerHostKeyAlgorithm[];
  /** Why the offered key is not acceptable, or undefined if it is. */
  readonly objection: (offered: Buffer) => IserError | undefined;
  /**
   * The algorithms that are left after a key was refused that may only have been the wrong one of several: a fingerprint does
   * not say its type, and ESXi has an RSA and an ECDSA key (seen on 8.0.2). Empty if there is no use in asking again.
   */
  readonly others: (offered: Buffer) => readonly ServerHostKeyAlgorithm[];
}

/** The word that switches the check off. */
export const acceptAny = "insecure-accept-any";

/** The signature algorithms of a key type. ESXi 8.0.2 offers ecdsa and rsa-sha2; the rest is for bastions. */
const algorithmsOf: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
  "ssh-ed25519": ["ssh-ed25519"],
};

/** Without a known type any is as good: the order is ssh2's. */
const allTypes = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/** The algorithms of each key type, to ask a server for its key of that type. */
export const algorithmsByType: readonly (readonly ServerHostKeyAlgorithm[])[] = Object.values(algorithmsOf);

export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

export function hostKeyRule(server: Server): HostKeyRule {
  if (server.hostKey?.value === acceptAny) {
    return { algorithms: algorithms([]), objection: () => undefined, others: () => [] };
  }
  return server.hostKey === undefined ? ruleOfKnownHosts(server) : ruleOfPin(server, server.hostKey);
}

/** The keys that a `hostKey` names. `source`: where it was found. */
export function pinsIn(server: Server, { value, source }: Sourced): readonly { fingerprint: string; type?: string }[] {
  return value
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => parsePin(server, line, source));
}

function ruleOfPin(server: Server, hostKey: Sourced): HostKeyRule {
  const pins = pinsIn(server, hostKey);
  const types = pins.flatMap(({ type }) => type ?? []);
  const hasFingerprint = types.length < pins.length;
  return {
    algorithms: algorithms(types),
    objection: (offered) =>
      pins.some((pin) => pin.fingerprint === fingerprint(offered))
        ? undefined
        : changed(server, offered, `${hostKey.source} pins ${pins.map((pin) => pin.fingerprint).join(", ")}`),
    others: (offered) =>
      hasFingerprint ? algorithms([]).filter((name) => !algorithmsOf[keyType(offered) ?? ""]?.includes(name)) : [],
  };
}

/** A fingerprint as `ssh-keygen -l` prints it, or a public key as in known_hosts or a `.pub` file; what stands around it is ignored. */
function parsePin(server: Server, line: string, source: string): { fingerprint: string; type?: string } {
  const printed = /SHA256:[A-Za-z0-9+/]{43}/.exec(line);
  if (printed) return { fingerprint: printed[0] };
  const [, type, base64] = /(?:^|\s)((?:ssh|ecdsa)-[a-z0-9-]+)\s+([A-Za-z0-9+/=]+)/.exec(line) ?? [];
  const key = Buffer.from(base64 ?? "", "base64");
  if (type === undefined || keyType(key) !== type) {
    throw failure("INPUT_INVALID", {
      host: server.host,
      problem: `The host key of ${source} is neither a fingerprint (SHA256:…) nor a public key (ssh-rsa AAAA…, ecdsa-sha2-nistp256 AAAA…).`,
      cure: `Take it from \`ssh-keyscan -p ${server.port} ${server.host}\`, or from the host itself: ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub.`,
    });
  }
  return { fingerprint: fingerprint(key), type };
}

function ruleOfKnownHosts(server: Server): HostKeyRule {
  const known = server.knownHosts.flatMap((file) =>
    knownKeys(readIfThere(file), server.host, server.port).map((key) => ({ ...key, where: `${file}:${key.line}` })),
  );
  const trusted = known.filter(
    (entry) => !entry.revoked && !known.some((other) => other.revoked && other.key.equals(entry.key)),
  );
  const list = (keys: typeof known) => keys.map(({ where, key }) => `${fingerprint(key)} (${where})`).join(", ");
  return {
    // Otherwise a host of which only the RSA key is known shows its ECDSA key and looks changed.
    algorithms: algorithms(trusted.map(({ type }) => type)),
    objection: (offered) => {
      const same = known.filter(({ key }) => key.equals(offered));
      const revoked = same.filter((entry) => entry.revoked);
      if (revoked.length > 0) return changed(server, offered, `that key is revoked in ${list(revoked)}`);
      if (same.length > 0) return undefined;
      return trusted.length > 0 ? changed(server, offered, `known is ${list(trusted)}`) : unknown(server, offered);
    },
    others: () => [],
  };
}

/** All algorithms, those of the wanted key types first. */
function algorithms(wanted: readonly string[]): readonly ServerHostKeyAlgorithm[] {
  const types = [...new Set([...wanted, ...allTypes])];
  return types.flatMap((type) => algorithmsOf[type] ?? []);
}

function changed(server: Server, offered: Buffer, expected: string): IserError {
  return failure("HOST_KEY_CHANGED", {
    host: server.host,
    problem: `The host offered the key ${fingerprint(offered)} (${keyType(offered)}), but ${expected}. No credential was sent.`,
    cure: "If the host was installed anew, pin its new key or remove the old line. If not, another machine answers at its address.",
  });
}

function unknown(server: Server, offered: Buffer): IserError {
  const print = fingerprint(offered);
  return failure("HOST_KEY_UNKNOWN", {
    host: server.host,
    problem: `The host offered the key ${print} (${keyType(offered)}), and nothing says which one to expect. No credential was sent.`,
    cure: [
      "Compare it with what the host itself says, on its console: ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub, also _rsa_key.pub. Then pin it, in one of these ways:",
      `npx esxi-iser trust ${addressed(server)}, which shows all its keys and asks`,
      `pulumi config set --path 'esxi-iser:hosts["${server.host}"].hostKey' '${print}'`,
      `export ${environmentName("hostKey", server.host)}='${print}'`,
      `hostKey: "${print}" in the resource's host`,
      `a line for ${knownHostsName(server.host, server.port)} in ${server.knownHosts[0] ?? "known_hosts"}`,
      `Without any check: hostKey: "${acceptAny}".`,
    ].join("\n"),
  });
}

/** As esxi-iser takes a host. */
function addressed({ host, port }: Server): string {
  if (port === 22) return host;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
