/** A change of an esxcli document. `at` picks a number below its argument, the same ones for the same seed. */
type Mutation = (xml: string, at: (below: number) => number) => string;

const tags = /<[^<>]*>/g;
const fields = /<field name="[^"]*">[\s\S]*?<\/field>/g;
const structures = /<structure[\s\S]*?<\/structure>/g;
const values = /<(string|integer|boolean)>([^<]*)<\/\1>/g;

function pick<T>(of: readonly T[], at: (below: number) => number): T | undefined {
  return of[at(Math.max(1, of.length))];
}

/** Replaces one match. */
function change(pattern: RegExp, by: (found: string, at: (below: number) => number, xml: string) => string): Mutation {
  return (xml, at) => {
    const match = pick([...xml.matchAll(pattern)], at);
    if (match === undefined) return xml;
    return xml.slice(0, match.index) + by(match[0], at, xml) + xml.slice(match.index + match[0].length);
  };
}

/** Works on the bytes, as they come from the host, and decodes them as the transport does. */
function inBytes(edit: (bytes: Buffer, at: (below: number) => number) => Buffer): Mutation {
  return (xml, at) => edit(Buffer.from(xml), at).toString("utf8");
}

const joined = (...parts: readonly (Buffer | readonly number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part)));

function inserted(texts: readonly string[]): Mutation {
  return (xml, at) => {
    const where = at(xml.length + 1);
    return xml.slice(0, where) + (pick(texts, at) ?? "") + xml.slice(where);
  };
}

/** In the text of a value, where it does most harm. */
function inValue(texts: readonly string[]): Mutation {
  return change(values, (found, at) => {
    const start = found.indexOf(">") + 1;
    const where = start + at(found.lastIndexOf("</") - start + 1);
    return found.slice(0, where) + (pick(texts, at) ?? "") + found.slice(where);
  });
}

function asValue(texts: readonly string[]): Mutation {
  return change(values, (found, at) => found.replace(/>[^<]*</, () => `>${pick(texts, at) ?? ""}<`));
}

const otherValue = (field: string) => field.replace(/>([^<]*)<\/(string|integer|boolean)>/, ">7</$2>");

const entities = [
  "&amp;",
  "&lt;",
  "&gt;",
  "&quot;",
  "&apos;",
  "&#65;",
  "&#x41;",
  "&#xe4;",
  "&amp;lt;",
  "&#38;#65;",
  "&amp;amp;",
  "&foo;",
  "&copy;",
  "&nbsp;",
  "&",
  "& ",
  "&;",
  "&#;",
  "&#x;",
  "&#0;",
  "&#x0;",
  "&#xd800;",
  "&#x110000;",
  "&#99999999999;",
  "&#xfffe;",
  "&#x1b;",
  "&amp",
  "&#65",
  "&__proto__;",
  "&constructor;",
];
const numbers = [
  "1e3",
  " 5",
  "5 ",
  "0x10",
  "+5",
  "-5",
  "-0",
  "007",
  "1.5",
  "1,500",
  "1_000",
  "٣",
  "５",
  "NaN",
  "Infinity",
  "",
  " ",
  "9007199254740993",
  "9".repeat(400),
  "1500\n",
  "true",
  "N/A",
  "-",
];
const words = [
  "constructor",
  "__proto__",
  "toString",
  "hasOwnProperty",
  "TRUE",
  "True",
  "yes",
  "0",
  "null",
  "true ",
  "vmnic4,",
  ",",
  "a,,b",
];
const types = [
  "<!DOCTYPE output>",
  '<!DOCTYPE output [<!ENTITY foo "evil">]>',
  '<!DOCTYPE output [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>',
  '<!DOCTYPE output SYSTEM "file:///etc/passwd">',
  '<!DOCTYPE output [<!ENTITY foo SYSTEM "file:///etc/passwd">]>',
  '<!DOCTYPE output [<!ATTLIST field name CDATA "MTU">]>',
];
const declarations = [
  '<?xml version="1.0"?>',
  '<?xml version="1.0" encoding="utf-8"?>\n',
  '<?xml version="1.0" encoding="ISO-8859-1"?>',
  '<?xml version="1.1"?>',
  " <?xml version='1.0'?>",
  "<?xml?>",
  "<?xml version='1.0' standalone='yes'?>",
];
const garbage = [
  "Warning: something is deprecated.\n",
  "Enter value for 'secret': ",
  "x",
  "\n",
  " \t\r\n",
  "<!-- x -->",
  "<a/>",
  "<output/>",
  "</output>",
  "\u00a0",
  "\ufeff",
  "]]>",
  "0",
  "&#10;",
  "<?x y?>",
];
const tagNames = [
  "string",
  "integer",
  "boolean",
  "list",
  "structure",
  "field",
  "root",
  "output",
  "other",
  "x:string",
  "String",
  "constructor",
  "1a",
  "-",
  "ä",
];

export const mutations: Readonly<Record<string, Mutation>> = {
  cut: (xml, at) => xml.slice(0, at(xml.length)),
  cutStart: (xml, at) => xml.slice(at(xml.length)),
  byteFlipped: inBytes((bytes, at) => {
    const where = at(bytes.length);
    return joined(bytes.subarray(0, where), [(bytes[where] ?? 0) ^ (1 << at(8))], bytes.subarray(where + 1));
  }),
  byteDeleted: inBytes((bytes, at) => {
    const where = at(bytes.length);
    return joined(bytes.subarray(0, where), bytes.subarray(where + 1));
  }),
  byteInserted: inBytes((bytes, at) => {
    const where = at(bytes.length + 1);
    return joined(bytes.subarray(0, where), [at(256)], bytes.subarray(where));
  }),
  byteDoubled: inBytes((bytes, at) => {
    const where = at(bytes.length);
    return joined(bytes.subarray(0, where + 1), bytes.subarray(where));
  }),
  notUtf8: (xml, at) =>
    change(values, (found) => found.replace("</", "\0\0</"))(xml, at)
      .split("\0\0")
      .join(Buffer.from([0x41, 0xe4, at(256)]).toString("utf8")),
  spansSwapped: (xml, at) => {
    const [a, b, c] = [at(xml.length), at(xml.length), at(xml.length)].toSorted((x, y) => x - y);
    return xml.slice(0, a) + xml.slice(b, c) + xml.slice(a, b) + xml.slice(c);
  },
  spanRepeated: (xml, at) => {
    const [a, b] = [at(xml.length), at(xml.length)].toSorted((x, y) => x - y);
    return xml.slice(0, b) + xml.slice(a);
  },
  spanDropped: (xml, at) => {
    const where = at(xml.length);
    return xml.slice(0, where) + xml.slice(where + 1 + at(40));
  },
  tagRenamed: change(tags, (found, at) => found.replace(/[^<>/\s]+/, pick(tagNames, at) ?? "x")),
  elementRenamed: change(/<(field|structure|list|string|integer|boolean)\b[^<>]*>[\s\S]*?<\/\1>/g, (found, at) => {
    const name = pick(tagNames, at) ?? "x";
    return found.replace(/^<[\w]+/, `<${name}`).replace(/<\/\w+>$/, `</${name}>`);
  }),
  tagDropped: change(tags, () => ""),
  tagDoubled: change(tags, (found) => found + found),
  emptied: change(values, (found, at) => (at(2) === 0 ? "" : `<${/\w+/.exec(found)?.[0] ?? "string"}/>`)),
  fieldDropped: change(fields, () => ""),
  fieldDoubled: change(fields, (found) => found + found),
  fieldDoubledWithAnotherValue: change(fields, (found, at) =>
    at(2) === 0 ? found + otherValue(found) : otherValue(found) + found,
  ),
  fieldTakenFromElsewhere: change(fields, (found, at, xml) => pick([...xml.matchAll(fields)], at)?.[0] ?? found),
  structureDropped: change(structures, () => ""),
  structureDoubled: change(structures, (found) => found + found),
  valueDoubled: change(values, (found) => found + found),
  nested: change(values, (found, at) => {
    const depth = 1 + at(40);
    return "<list>".repeat(depth) + found + "</list>".repeat(depth);
  }),
  attributeDropped: change(/ [\w:]+="[^"]*"/g, () => ""),
  attributeDoubled: change(/ [\w:]+="[^"]*"/g, (found) => found + found),
  attributeChanged: change(
    /"[^"<>]*"/g,
    (_found, at) => `"${pick([...words, "", "Name", "MTU", "a<b", "a&b", "N&#97;me", " Name"], at)}"`,
  ),
  attributeUnquoted: change(/"[^"<>]*"/g, (found, at) =>
    at(2) === 0 ? found.slice(1, -1) : found.replaceAll('"', "'"),
  ),
  entityInValue: inValue(entities),
  entityAnywhere: inserted(entities),
  number: asValue(numbers),
  word: asValue(words),
  letters: inValue(["ü", "😀", "\u2028", "\ufffd", "\u0085", "\u00a0", "é", "\u202e"]),
  control: inValue(["\0", "\x01", "\x1b[31m", "\x7f", "\r", "\t", "\r\n", "\n", "\x0b", "\ufffe"]),
  cdata: change(values, (found) => found.replace(/>([^<]*)</, ">$1<![CDATA[<&]]><")),
  brokenCdata: inValue(["<![CDATA[x", "<![CDATA[x]]", "]]>", "<![CDATA[]]]]>", "<![cdata[x]]>", "<!x>", "<!"]),
  comment: inserted(["<!-- x -->", "<!-- x -- y -->", "<!--->", "<!-- x", "<!-- <field name='Name'> -->"]),
  commentInValue: inValue(["<!-- x -->", "<!---->", "<!-- x -- y -->"]),
  instruction: inserted(["<?x y?>", "<?x", "<?xml version='1.0'?>", "<??>", "<?x ?"]),
  stray: change(tags, (found, at) => (at(2) === 0 ? `${found}x` : `x${found}`)),
  documentType: (xml, at) => (pick(types, at) ?? "") + (at(2) === 0 ? xml : inValue(["&foo;", "&c;"])(xml, at)),
  declaration: (xml, at) => (pick(declarations, at) ?? "") + xml,
  before: (xml, at) => (pick(garbage, at) ?? "") + xml,
  after: (xml, at) => xml + (pick(garbage, at) ?? ""),
  twice: (xml, at) => xml + (at(2) === 0 ? "\n" : "") + xml,
  byteOrderMark: (xml) => `\ufeff${xml}`,
  windowsLines: (xml) => xml.replaceAll("\n", "\r\n"),
  long: inValue(["a".repeat(20_000), " ".repeat(20_000), "&amp;".repeat(5_000)]),
};

/** A small generator of numbers, so that a mutation is known by its seed. [mulberry32] */
export function numbersOf(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
