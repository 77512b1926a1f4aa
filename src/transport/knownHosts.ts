import { createHmac } from "node:crypto";

/** A key that a known_hosts file holds for a host. The format is that of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". */
export interface KnownKey {
  /** For instance `ecdsa-sha2-nistp256`. */
  readonly type: string;
  /** The public key as it is on the wire. */
  readonly key: Buffer;
  /** Marked `@revoked`: it must never be accepted again. */
  readonly revoked: boolean;
  /** From 1. */
  readonly line: number;
}

/** The keys for one host. Lines that are not understood are passed over, as OpenSSH does. */
export function knownKeys(text: string, host: string, port: number): KnownKey[] {
  const name = knownHostsName(host, port);
  return text.split(/\r?\n/).flatMap((content, index) => {
    // Other blanks, such as a form feed, part nothing for OpenSSH.
    const words = content.split(/[ \t]+/).filter((word) => word !== "");
    const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
    const [names, type, base64] = words;
    if (names === undefined || names.startsWith("#") || type === undefined || base64 === undefined) return [];
    // A certificate authority signs host certificates, which ESXi's sshd does not have (seen on 8.0.2).
    if (marker !== undefined && marker !== "@revoked") return [];
    const key = Buffer.from(base64, "base64");
    if (keyType(key) !== type || !isFor(names, name)) return [];
    return [{ type, key, revoked: marker === "@revoked", line: index + 1 }];
  });
}

/** How a host is written in known_hosts: a port other than 22 is a part of the name. */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** The type that a public key names itself, or undefined if it is none. On the wire it begins with its type, length first. */
export function keyType(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  const type = key.toString("latin1", 4, 4 + length);
  return type.length === length && /^[a-z0-9@.-]+$/.test(type) ? type : undefined;
}

function isFor(names: string, name: string): boolean {
  if (names.startsWith("|1|")) return isHashOf(names, name);
  const patterns = names.toLowerCase().split(",");
  return (
    patterns.some((p) => !p.startsWith("!") && fits(p, name)) &&
    !patterns.some((p) => p.startsWith("!") && fits(p.slice(1), name))
  );
}

/** `|1|salt|hash`: HMAC-SHA1 of the name under the salt. */
function isHashOf(hashed: string, name: string): boolean {
  const [, , salt, hash] = hashed.split("|");
  if (salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest().equals(Buffer.from(hash, "base64"));
}

/** Whether a pattern of `*`, any text, and `?`, any character, fits. Only the last `*` is ever tried again, so no pattern takes long. */
function fits(pattern: string, name: string): boolean {
  let [at, star, tried] = [0, -1, 0];
  for (let position = 0; position < name.length; ) {
    if (pattern[at] === "*") {
      star = at++;
      tried = position;
    } else if (pattern[at] === "?" || pattern[at] === name[position]) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++tried;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
