/** Where pins are kept. */
export interface Place {
  readonly name: string;
  /** The fingerprints that it has for the host. */
  readonly known: readonly string[];
  /** How an old pin is taken out. */
  readonly removal: string;
  /** Adds these fingerprints. A text: it cannot, and says what to do. */
  readonly write: string | ((fingerprints: readonly string[]) => Promise<void> | void);
}

/** What a host shows of itself, whatever that is, and where it is pinned. */
export interface Identity {
  readonly host: string;
  readonly port: number;
  /** What it can be pinned by. */
  readonly fingerprints: readonly string[];
  readonly place: Place;
  /** For a person, who compares. */
  readonly shown: string;
  /** What is pinned: `key` or `thumbprint`. */
  readonly noun: string;
  /** Its fingerprints that are among these, which a person may have written otherwise. */
  among(given: readonly string[]): readonly string[];
  /** In one word or some: `ECDSA and RSA`. */
  kinds(fingerprints: readonly string[]): string;
  /** For a script. */
  json(fingerprints: readonly string[]): object;
}
