/** The grammar of the little shell: what a line that is sent over SSH needs of BusyBox ash. */
export class SyntaxFailure extends Error {}

/** A piece of a word. An unquoted variable is split at blanks; everything else stays as it is. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string; readonly quoted: boolean };

export type Word = readonly Part[];

export interface Redirect {
  readonly from: 0 | 1 | 2;
  readonly kind: "read" | "write" | "append" | "duplicate";
  readonly target: Word;
}

export interface SimpleCommand {
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}

/** Commands joined by `|`, and when they run: always, or after success or failure of what was before. */
export interface Pipeline {
  readonly when: ";" | "&&" | "||";
  readonly commands: readonly SimpleCommand[];
}

type Token =
  | { readonly kind: "word"; readonly word: Word; readonly quoted: boolean }
  | { readonly kind: "operator"; readonly text: string }
  | { readonly kind: "redirect"; readonly from: 0 | 1 | 2; readonly operator: Redirect["kind"] };

const operators = ["&&", "||", ";;", ";", "|", "&", "(", ")", "\n"] as const;

/** Splits a line into words and operators. */
function tokens(line: string): Token[] {
  const all: Token[] = [];
  let at = 0;
  while (at < line.length) {
    const rest = line.slice(at);
    const blank = /^(?:[ \t]|\\\n)+/.exec(rest) ?? /^#[^\n]*/.exec(rest);
    const redirect = /^([012]?)(>>|>&|<<|<|>)/.exec(rest);
    const operator = operators.find((text) => rest.startsWith(text));
    if (blank) {
      at += blank[0].length;
    } else if (redirect) {
      all.push(redirectToken(redirect[1] ?? "", redirect[2] ?? ""));
      at += redirect[0].length;
    } else if (operator !== undefined) {
      all.push({ kind: "operator", text: operator });
      at += operator.length;
    } else {
      const { word, end, quoted } = readWord(line, at);
      all.push({ kind: "word", word, quoted });
      at = end;
    }
  }
  return all;
}

function redirectToken(number: string, operator: string): Token {
  const kinds: Record<string, Redirect["kind"]> = { "<": "read", ">": "write", ">>": "append", ">&": "duplicate" };
  const kind = kinds[operator];
  if (kind === undefined) throw new SyntaxFailure(`unexpected "${operator}"`);
  const from = number === "0" || (number === "" && kind === "read") ? 0 : number === "2" ? 2 : 1;
  return { kind: "redirect", from, operator: kind };
}

/** One word, with its quotes taken off. */
function readWord(line: string, start: number): { word: Word; end: number; quoted: boolean } {
  const word: Part[] = [];
  let text = "";
  let quoted = false;
  let at = start;
  const variable = (isQuoted: boolean) => {
    const found = readVariable(line, at);
    if (found === undefined) {
      text += "$";
      at += 1;
      return;
    }
    word.push({ kind: "text", text }, { kind: "variable", name: found.name, quoted: isQuoted });
    text = "";
    at = found.end;
  };
  const until = (quote: string) => {
    const end = line.indexOf(quote, at);
    if (end < 0) throw new SyntaxFailure("unterminated quoted string");
    return end;
  };
  while (at < line.length) {
    const character = line[at] ?? "";
    const next = line[at + 1];
    if (character === "'") {
      quoted = true;
      at += 1;
      const end = until("'");
      text += line.slice(at, end);
      at = end + 1;
    } else if (character === '"') {
      quoted = true;
      at += 1;
      until('"');
      while (line[at] !== '"') {
        const inner = line[at];
        const escaped = line[at + 1] ?? "";
        if (inner === undefined) throw new SyntaxFailure("unterminated quoted string");
        if (inner === "`") throw new SyntaxFailure("command substitution is not simulated");
        if (inner === "$") variable(true);
        else if (inner === "\\" && '$`"\\\n'.includes(escaped) && escaped !== "") {
          text += escaped === "\n" ? "" : escaped;
          at += 2;
        } else {
          text += inner;
          at += 1;
        }
      }
      at += 1;
    } else if (character === "\\") {
      quoted = true;
      text += next === "\n" ? "" : (next ?? "\\");
      at += 2;
    } else if (character === "`") throw new SyntaxFailure("command substitution is not simulated");
    else if (character === "$") variable(false);
    else if (/[\s;|&<>()]/.test(character)) break;
    else {
      text += character;
      at += 1;
    }
  }
  word.push({ kind: "text", text });
  return { word, end: Math.min(at, line.length), quoted };
}

/** `$NAME`, `${NAME}`, `$?`; a dollar sign before anything else is itself. */
function readVariable(line: string, at: number): { name: string; end: number } | undefined {
  const rest = line.slice(at);
  if (rest.startsWith("$(")) throw new SyntaxFailure("command substitution is not simulated");
  const plain = /^\$([A-Za-z_]\w*|[?$#0-9])/.exec(rest) ?? /^\$\{([A-Za-z_]\w*|[?$#0-9])\}/.exec(rest);
  if (plain) return { name: plain[1] ?? "", end: at + plain[0].length };
  if (rest.startsWith("${")) throw new SyntaxFailure("bad substitution");
  return undefined;
}

/** Parses a line, or throws what ash says of it. */
export function parseLine(line: string): Pipeline[] {
  const pipelines: Pipeline[] = [];
  let when: Pipeline["when"] = ";";
  let commands: SimpleCommand[] = [];
  let command = empty();
  let open = false;
  const all = tokens(line);
  const endCommand = (operator: string) => {
    const isEmpty = command.words.length + command.assignments.length + command.redirects.length === 0;
    if (isEmpty && (open || operator === "|" || operator === "&&" || operator === "||"))
      throw new SyntaxFailure(
        operator === "" ? "unexpected end of file" : `unexpected "${operator === "\n" ? "newline" : operator}"`,
      );
    if (!isEmpty) commands.push(command);
    command = empty();
    open = operator === "|" || operator === "&&" || operator === "||";
  };
  for (let at = 0; at < all.length; at += 1) {
    const token = all[at];
    if (token === undefined) break;
    if (token.kind === "word") addWord(command, token);
    else if (token.kind === "redirect") {
      const target = all[at + 1];
      if (target?.kind !== "word") throw new SyntaxFailure("unexpected redirection");
      command.redirects.push({ from: token.from, kind: token.operator, target: target.word });
      at += 1;
    } else if (token.text === "\n" && open && isNothing(command)) {
      // A line may be broken after an operator.
    } else if (token.text === ";" && isNothing(command) && commands.length === 0) {
      throw new SyntaxFailure('unexpected ";"');
    } else if (["|", "&&", "||", ";", "\n"].includes(token.text)) {
      endCommand(token.text);
      if (token.text === "|") continue;
      if (commands.length > 0) pipelines.push({ when, commands });
      commands = [];
      when = token.text === "&&" || token.text === "||" ? token.text : ";";
    } else throw new SyntaxFailure(`unexpected "${token.text}"`);
  }
  endCommand("");
  if (commands.length > 0) pipelines.push({ when, commands });
  return pipelines;
}

interface Draft {
  assignments: { name: string; value: Word }[];
  words: Word[];
  redirects: Redirect[];
}

function empty(): Draft {
  return { assignments: [], words: [], redirects: [] };
}

function isNothing({ assignments, words, redirects }: Draft): boolean {
  return assignments.length + words.length + redirects.length === 0;
}

/** `NAME=value` before the program is an assignment; its name is never quoted. */
function addWord(command: Draft, { word }: { readonly word: Word }): void {
  const [first, ...rest] = word;
  const match =
    first?.kind === "text" && command.words.length === 0 ? /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(first.text) : null;
  if (match)
    command.assignments.push({ name: match[1] ?? "", value: [{ kind: "text", text: match[2] ?? "" }, ...rest] });
  else command.words.push(word);
}
