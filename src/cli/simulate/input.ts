import { readFileSync } from "node:fs";
import type { z } from "zod";
import { usage } from "../usage.js";

/** A whole number within bounds, as `option` was given it. */
export function whole(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw usage(`${option} ${text} is no whole number from ${least} to ${most}`, `Give ${option} one.`);
}

export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usage(`the file ${file} cannot be read: ${(error as Error).message}`, "Name one that this user may read.");
  }
}

/** A file of one line, such as a secret. */
export function firstLine(file: string): string {
  return readText(file).replace(/\r?\n$/, "");
}

/** Reads a file of JSON by a schema. `what`: what the file is to be, for the error. */
export function readJson<T>(file: string, schema: z.ZodType<T>, what: string): T {
  let value: unknown;
  const text = readText(file);
  try {
    value = JSON.parse(text);
  } catch (error) {
    // What node says may quote the file, and that may hold a secret.
    const at = /position \d+.*$/.exec((error as Error).message)?.[0];
    throw usage(`${file} is no JSON${at === undefined ? "" : `: look at ${at}`}`, `Give ${what} as JSON.`);
  }
  return check(value, schema, file, what);
}

/** What the schema makes of a value, or the error that names each field that is not as it must be. */
export function check<T>(value: unknown, schema: z.ZodType<T>, where: string, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const shown = parsed.error.issues.slice(0, 5).map((issue) => `${pathOf(issue.path)}${issue.message}`);
  const more = parsed.error.issues.length - shown.length;
  throw usage(
    `${where}: ${[...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("; ")}`,
    `\`esxi-iser simulate --help\` says what ${what} looks like.`,
  );
}

/** `nics[0].pause.rx: ` */
function pathOf(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (before, key) =>
      typeof key === "number" ? `${before}[${key}]` : `${before}${before === "" ? "" : "."}${String(key)}`,
    "",
  );
  return text === "" ? "" : `${text}: `;
}
