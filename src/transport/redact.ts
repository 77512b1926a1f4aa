import { type ErrorCode, type ErrorDetails, IserError } from "../errors.js";

/** What may not leave this process. Kept for its whole life: an error can be built long after the connection is gone. */
const secrets = new Set<string>();

const mask = "***";

/**
 * Texts below this length are not searched for: they would be found in ordinary words, and mask half of every message.
 * Nothing that transport writes puts such a secret into a text, so there is nothing to find either.
 */
const shortest = 4;

/** Registers a secret. A key is registered line by line, for an error may quote a part of it. */
export function keepSecret(value: string | undefined): void {
  if (value === undefined) return;
  for (const part of [value, ...value.split(/\r?\n/)]) {
    if (part.length < shortest || part.startsWith("-----")) continue;
    secrets.add(part);
    // As it looks inside a quoted shell word and inside JSON.
    secrets.add(part.replaceAll("'", "'\\''"));
    secrets.add(JSON.stringify(part).slice(1, -1));
  }
}

/** The text with every registered secret masked. The longest go first, for one secret may contain another. */
export function redact(text: string): string {
  let masked = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) masked = masked.replaceAll(secret, mask);
  return masked;
}

/** The only way transport makes an error: whatever it quotes is masked. */
export function failure(code: ErrorCode, details: Omit<ErrorDetails, "cause">): IserError {
  const entries = Object.entries(details).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const masked = Object.fromEntries(entries.map(([name, text]) => [name, redact(text)]));
  return new IserError(code, { ...details, ...masked });
}

/** One line on standard error, if ESXI_ISER_DEBUG is set. */
export function debug(text: string): void {
  if (process.env.ESXI_ISER_DEBUG) process.stderr.write(`esxi-iser: ${redact(text)}\n`);
}
