import { createHash } from "node:crypto";

/** A value and where it was found, so that an error can name the place. */
export interface Sourced {
  readonly value: string;
  /** For instance `environment ESXI_ISER_PASSWORD` or `config esxi-iser:password`. */
  readonly source: string;
}

/** How long to try. */
export interface Limits {
  readonly dialErrorLimit: number;
  /** Seconds. */
  readonly perDialTimeout: number;
  /** Seconds. */
  readonly commandTimeout: number;
}

/** What is known of every host, however it is reached. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: Sourced;
  readonly password?: Sourced;
}

export const defaultLimits: Limits = { dialErrorLimit: 3, perDialTimeout: 15, commandTimeout: 120 };

export function limitsOf(given: { [K in keyof Limits]?: number | undefined }, otherwise = defaultLimits): Limits {
  // A timer of Node.js that is set to more than 24 days fires at once.
  const seconds = (value: number) => Math.min(value, 24 * 60 * 60);
  return {
    dialErrorLimit: given.dialErrorLimit ?? otherwise.dialErrorLimit,
    perDialTimeout: seconds(given.perDialTimeout ?? otherwise.perDialTimeout),
    commandTimeout: seconds(given.commandTimeout ?? otherwise.commandTimeout),
  };
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
