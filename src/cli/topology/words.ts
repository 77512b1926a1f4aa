import { visible } from "../../errors.js";
import type { Health } from "./graph.js";

/** A text of a host on one line, without what XML does not take or what would hide or turn around the words. */
export function printable(text: string): string {
  const line = visible(text)
    .replace(/[\t\n]/g, " ")
    .replace(/[\p{Surrogate}\ufffe\uffff]/gu, "\ufffd");
  return line.trim() === "" ? "(no name)" : line;
}

/** For text and for attributes in either quotes. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Health in one character, for where there is only text. */
export const signs: Readonly<Record<Health, string>> = { ok: "✓", unknown: "?", warning: "!", broken: "✗" };

/** How a text is written. Widths are those of the widest fonts that are in use: a box is rather too wide than its text too long. */
export interface Writing {
  readonly size: number;
  /** Of a character, in parts of the size. */
  readonly widthOf: (character: string) => number;
}

const wide = (character: string) => (character.codePointAt(0) ?? 0) >= 0x1100;

/** Names, in a font with characters of one width. */
export const mono: Writing = {
  size: 12.5,
  widthOf: (character) => (isAscii(character) ? 0.63 : wide(character) ? 1.5 : 0.8),
};

/** Everything else, in the sans-serif font of the system. Widths: DejaVu Sans, rounded up. */
export const sans: Writing = {
  size: 11,
  widthOf: (character) => {
    if (!isAscii(character)) return wide(character) ? 1.5 : 1;
    if (/[ijl.,:;'|!I ]/.test(character)) return 0.42;
    if (/[mwMW@%]/.test(character)) return 1.05;
    return /[A-Z&+<>=~_#-]/.test(character) ? 0.86 : 0.68;
  },
};

function isAscii(character: string): boolean {
  return character >= " " && character <= "~";
}

/** In pixels. */
export function widthOf(text: string, { size, widthOf }: Writing): number {
  return [...text].reduce((sum, character) => sum + widthOf(character) * size, 0);
}

/** The text, or as much of its start and end as fits: the end of an IQN or of a device's name tells it from its neighbours. */
export function shortened(text: string, writing: Writing, width: number): string {
  if (widthOf(text, writing) <= width) return text;
  const characters = [...text];
  let head = 0;
  let tail = 0;
  let left = width - widthOf("…", writing);
  for (let turn = 0; head + tail < characters.length; turn += 1) {
    const next = (turn % 2 === 0 ? characters.at(-1 - tail) : characters[head]) ?? "";
    left -= writing.widthOf(next) * writing.size;
    if (left < 0) break;
    if (turn % 2 === 0) tail += 1;
    else head += 1;
  }
  return `${characters.slice(0, head).join("")}…${characters.slice(characters.length - tail).join("")}`;
}
