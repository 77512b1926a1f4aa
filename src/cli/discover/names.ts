import { Secret } from "./declaration.js";

/** Longer ones are unreadable, and break lines. */
const longest = 60;

/** Names that are made of what a host or its user calls something, none of them twice. */
export class Names {
  private readonly taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.taken = new Set(taken);
  }

  /** The text with what a name cannot have left out, and a number behind it where it is taken. */
  of(text: string, fallback: string): string {
    const plain = text.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replaceAll(/^[^A-Za-z0-9]+|-+$/g, "");
    return this.unique(plain === "" || plain.length > longest ? fallback : plain, "-");
  }

  /** The words as an identifier of a program. */
  identifier(words: string): string {
    const parts = words.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
    const joined = parts.reduce(
      // 10.0.0.1 and 10.0.0.11 stay apart.
      (before, word) => `${before}${/\d$/.test(before) && /^\d/.test(word) ? "_" : ""}${capital(word)}`,
      "",
    );
    const small = (joined.charAt(0).toLowerCase() + joined.slice(1)).slice(0, longest);
    return this.unique(/^[a-z]/.test(small) ? small : `host${small}`, "");
  }

  private unique(name: string, separator: string): string {
    let candidate = name;
    for (let number = 2; this.taken.has(candidate); number += 1) candidate = `${name}${separator}${number}`;
    this.taken.add(candidate);
    return candidate;
  }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** What the program of a host is called by: `esx01` of `esx01.lab`, the whole of an address. */
export function labelOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? host : (host.split(".")[0] ?? host);
}

/**
 * The secrets of a host. Of one CHAP name there is one secret at the adapters, for a storage system knows one secret of a name; what a discovery
 * address or a target has of its own has its own.
 */
export class Secrets {
  private readonly known = new Map<string, Secret>();
  private readonly names = new Names();

  constructor(private readonly label: string) {}

  /** `at`: undefined for an adapter, else what is known of the discovery address or target. */
  of(direction: "uni" | "mutual", name: string, place: string, at: string | undefined): Secret {
    const identity = JSON.stringify([direction, name, at]);
    const key = () =>
      this.names.identifier(`${this.label} ${at ?? ""} ${direction === "uni" ? "chap secret" : "mutual chap secret"}`);
    const secret =
      this.known.get(identity) ??
      new Secret(key(), `the secret of ${direction === "uni" ? "CHAP" : "mutual CHAP"} with the name ${name}`);
    this.known.set(identity, secret);
    if (!secret.places.includes(place)) secret.places.push(place);
    return secret;
  }
}
