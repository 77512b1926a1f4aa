import {
  type Args,
  type Declaration,
  type HostProgram,
  leaves,
  Reference,
  Secret,
  secretsOf,
  type Value,
} from "./declaration.js";
import { Names } from "./names.js";

/** The longest line, as Biome and Prettier are told to keep it in this repository. */
const width = 120;

/** The names that the program has beside those of its resources. */
const reserved = ["config", "pulumi"];

/** A program that declares it all, as a formatter would leave it. */
export function programText(hosts: readonly HostProgram[]): string {
  const all = hosts.flatMap(({ declarations }) => declarations);
  const names = new Names([...reserved, ...keywords, ...new Set(all.map((one) => one.class))]);
  const referred = new Set(all.flatMap(({ args, after = [] }) => [...after, ...referencesIn(args)]));
  const variables = new Map(
    all.filter((one) => referred.has(one)).map((one) => [one, names.identifier(variableOf(one))]),
  );
  const needsConfig = secretsOf(all).length > 0;
  const classes = [...new Set(all.map((one) => one.class))].sort();
  const head = [
    `// The iSER storage of ${hosts.map(({ host }) => commented(host)).join(", ")} as \`esxi-iser discover\` found it. It is yours to change.`,
    ...(needsConfig ? ['import * as pulumi from "@pulumi/pulumi";'] : []),
    list("import ", classes, ' from "pulumi-esxi-iser";'),
  ].join("\n");
  const parts = [
    head,
    ...(needsConfig ? ["const config = new pulumi.Config();"] : []),
    ...hosts.flatMap(({ comments, declarations }) => {
      const statements = declarations.map((one) => statement(one, variables));
      const above = comments.map((comment) => `${`// ${commented(comment)}`.trimEnd()}\n`).join("");
      return statements.map((text, at) => (at === 0 ? `${above}${text}` : text));
    }),
  ];
  return `${parts.join("\n\n")}\n`;
}

function variableOf({ class: type, name }: Declaration): string {
  return type === "IserHost" ? name : `${name} ${type}`;
}

function* referencesIn(args: Args): Generator<Declaration> {
  for (const value of leaves(args)) if (value instanceof Reference) yield value.to;
}

type Variables = ReadonlyMap<Declaration, string>;

function statement(declaration: Declaration, variables: Variables): string {
  const { class: type, name, args, after = [] } = declaration;
  const variable = variables.get(declaration);
  const start = `${variable === undefined ? "" : `const ${variable} = `}new ${type}(`;
  const dependsOn = after.map((one) => new Reference(one));
  const [only] = dependsOn;
  const options = only === undefined ? [] : [{ dependsOn: dependsOn.length === 1 ? only : dependsOn }];
  // Broken, an IserHost shows its paths one below another.
  const isBroken = type === "IserHost";
  return argumentList(start, [name, args, ...options], variables, isBroken);
}

/** The arguments of a call as a formatter sets them: on one line, or with the only object open, or one below another. */
function argumentList(start: string, values: readonly Value[], variables: Variables, isBroken: boolean): string {
  const flat = values.map((value) => onOneLine(value, variables));
  const line = `${start}${flat.join(", ")});`;
  if (!isBroken && columns(line) <= width) return line;
  const last = values.at(-1) ?? "";
  const opened = `${start}${[...flat.slice(0, -1), ""].join(", ")}`;
  const isHugged = values.filter(isArgs).length === 1 && columns(opened) + 1 <= width;
  if (isHugged) return `${opened}${broken(last, 0, variables)});`;
  const lines = values.map((value) => `  ${fitted(value, 2, 2, 1, variables)},\n`);
  return `${start}\n${lines.join("")});`;
}

/** A value where `at` columns are taken before it and `behind` after it. */
function fitted(value: Value, indent: number, at: number, behind: number, variables: Variables): string {
  const line = onOneLine(value, variables);
  return at + columns(line) + behind <= width ? line : broken(value, indent, variables);
}

function broken(value: Value, indent: number, variables: Variables): string {
  const inner = " ".repeat(indent + 2);
  const end = " ".repeat(indent);
  if (isList(value)) {
    const items = value.map((one) => `${inner}${fitted(one, indent + 2, indent + 2, 1, variables)},\n`);
    return value.length === 0 ? "[]" : `[\n${items.join("")}${end}]`;
  }
  if (!isArgs(value)) return onOneLine(value, variables);
  const fields = entriesOf(value).map(([name, field]) => {
    const start = `${keyText(name)}: `;
    const column = indent + 2 + start.length;
    const isTooLong = typeof field === "string" && column + columns(quoted(field)) + 1 > width;
    // A long text goes on a line of its own, but behind a short name.
    if (isTooLong && keyText(name).length > 4) return `${inner}${start.trim()}\n${inner}  ${quoted(field)},\n`;
    const text =
      name === "paths" && isArgs(field)
        ? broken(field, indent + 2, variables)
        : fitted(field, indent + 2, column, 1, variables);
    return `${inner}${start}${text},\n`;
  });
  return fields.length === 0 ? "{}" : `{\n${fields.join("")}${end}}`;
}

function onOneLine(value: Value, variables: Variables): string {
  if (value instanceof Secret) return `config.requireSecret(${quoted(value.key)})`;
  if (value instanceof Reference) {
    const variable = variables.get(value.to) ?? "undefined";
    return value.property === undefined ? variable : `${variable}.${value.property}`;
  }
  if (isList(value)) return `[${value.map((one) => onOneLine(one, variables)).join(", ")}]`;
  if (!isArgs(value)) return typeof value === "string" ? quoted(value) : String(value);
  const fields = entriesOf(value).map(([name, field]) => `${keyText(name)}: ${onOneLine(field, variables)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isArgs(value: Value): value is Args {
  return typeof value === "object" && !isList(value) && !(value instanceof Secret) && !(value instanceof Reference);
}

function entriesOf(args: Args): readonly (readonly [string, Value])[] {
  return Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/** `import { A, B } from "x";`, broken where it is too long. */
function list(start: string, names: readonly string[], end: string): string {
  const line = `${start}{ ${names.join(", ")} }${end}`;
  return line.length <= width ? line : `${start}{\n${names.map((name) => `  ${name},\n`).join("")}}${end}`;
}

/** How wide a text is where all characters are as wide as one another, but for those that are twice as wide and those that stand above others. */
function columns(text: string): number {
  const wide = text.match(
    /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}]/gu,
  );
  return [...text.replaceAll(/\p{M}/gu, "")].length + (wide?.length ?? 0);
}

function keyText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

/** A string in the quotes that need fewer escapes. What would hide or turn around the text is escaped, whatever a host calls its things. */
export function quoted(text: string): string {
  const [double, single] = ['"', "'"].map((quote) => text.split(quote).length - 1) as [number, number];
  const quote = double > single ? "'" : '"';
  const escaped = text.replaceAll(/[\\"'\p{C}\u2028\u2029]/gu, (character) => {
    if (character === "\\") return "\\\\";
    if (character === "\n") return "\\n";
    if (character === '"' || character === "'") return character === quote ? `\\${character}` : character;
    return escapeOf(character);
  });
  return `${quote}${escaped}${quote}`;
}

function escapeOf(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

/** On one line, whatever it quotes: what a host calls its things makes no line of ours. */
export function commented(text: string): string {
  return text.replaceAll(/[\p{C}\u2028\u2029]/gu, escapeOf);
}

/** What no variable of a module may be called. [ECMA-262 12.7.2, TypeScript] */
const keywords =
  "abstract any arguments as async await break case catch class const continue debugger declare default delete do else enum eval export exports extends false finally for from function get if implements import in instanceof interface let module new null number object of package private protected public require return set static string super switch this throw true try type typeof undefined var void while with yield".split(
    " ",
  );
