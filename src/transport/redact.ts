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
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  let masked = text;
  for (const secret of longestFirst) masked = masked.replaceAll(secret, mask);
  // A quotation is cut at a fixed length, so its end may be the beginning of a secret.
  const pieces = masked.split(cut);
  const last = pieces.pop() ?? "";
  return [...pieces.map((piece) => withoutBeginning(piece, longestFirst)), last].join(cut);
}

/** What a quotation that was cut ends in. */
const cut = "…";

function withoutBeginning(piece: string, longestFirst: readonly string[]): string {
  for (const secret of longestFirst)
    for (let length = Math.min(secret.length - 1, piece.length); length >= shortest; length -= 1)
      if (piece.endsWith(secret.slice(0, length))) return `${piece.slice(0, -length)}${mask}`;
  return piece;
}

/** More than is ever shown of a failed command. */
const quotedAtMost = 64 * 1024;

/** What a failed command printed, masked. It is cut, for to look for secrets takes the longer the more there is. */
export function quotation(text: string): string {
  return redact(text.length > quotedAtMost ? `${text.slice(0, quotedAtMost)}${cut}` : text);
}

/** The only way transport makes an error: whatever it quotes is masked. */
export function failure(code: ErrorCode, details: Omit<ErrorDetails, "cause">): IserError {
  return new IserError(code, masked(details));
}

/**
 * Masks an error that was made elsewhere: what is printed of it, with ESXI_ISER_DEBUG its stack as well, what it is made of, and the reasons
 * that Pulumi keeps in the state beside a resource.
 */
export function maskError(error: Error & { reasons?: readonly string[] }): Error {
  const { message, stack, reasons } = error;
  return Object.assign(error, {
    message: redact(message),
    stack: redact(stack ?? message),
    ...(reasons && { reasons: reasons.map(redact) }),
    ...(error instanceof IserError && { details: masked(error.details) }),
  });
}

function masked(details: ErrorDetails): ErrorDetails {
  const entries = Object.entries(details).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { ...details, ...Object.fromEntries(entries.map(([name, text]) => [name, redact(text)])) };
}

/** One line on standard error with the time, UTC, if ESXI_ISER_DEBUG is set. */
export function debug(text: string): void {
  if (!process.env.ESXI_ISER_DEBUG) return;
  process.stderr.write(`esxi-iser: ${new Date().toISOString().slice(11, 23)} ${redact(text)}\n`);
}
