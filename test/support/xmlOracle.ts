import type { Element } from "../../src/xml.js";

/** A document as libxml2 reads it, or undefined where it is not well-formed or declares a document type. */
export type Oracle = (xml: string) => Element | undefined;

/** libxml2 itself, compiled to WebAssembly: the reference for XML, by other authors than our parser and in another language. */
export async function startOracle(): Promise<Oracle> {
  const { XmlCData, XmlDocument, XmlElement, XmlText } = await import("libxml2-wasm");
  type Node = InstanceType<typeof XmlElement>;
  const walk = (element: Node): Element => {
    const children: Element[] = [];
    let text = "";
    // Its `next` of a processing instruction is broken (0.7.2), so children are asked for.
    for (const node of element.find("* | text()")) {
      if (node instanceof XmlElement) children.push(walk(node));
      else if (node instanceof XmlText || node instanceof XmlCData) text += node.content;
    }
    const attributes = element.attrs.map(({ name, prefix, value }) => [prefix ? `${prefix}:${name}` : name, value]);
    const tag = element.prefix ? `${element.prefix}:${element.name}` : element.name;
    return { tag, attributes: Object.fromEntries(attributes), children, text };
  };
  return (xml) => {
    let document: InstanceType<typeof XmlDocument>;
    try {
      // Whether the name of the namespace is a URI is no question of XML, and libxml2 minds it: here it is any attribute.
      document = XmlDocument.fromString(xml.replaceAll(/(<[\w:]+\s+)xmlns(\s*=)/g, "$1xmlname$2"));
    } catch {
      return undefined;
    }
    try {
      return document.dtd === null ? walk(document.root) : undefined;
    } finally {
      document.dispose();
    }
  };
}

/** What speaks against understanding the document of a command that reads these fields; nothing, when its meaning is plain. */
export function objections(output: Element, reads: ReadonlySet<string>): string[] {
  const [root, ...more] = output.children;
  if (output.tag !== "output" || root?.tag !== "root" || more.length > 0) return ["it is no <output> with one <root>"];
  const blank = ({ text }: Element) => /^[ \t\r\n]*$/.test(text);
  const stray = (element: Element): string[] => [
    ...(element.children.length > 0 && !blank(element) ? [`text in <${element.tag}>`] : []),
    ...element.children.flatMap(stray),
  ];
  const found = stray(output);
  const [top] = root.children;
  if (root.children.length > 1) found.push("several answers");
  if (top === undefined) return blank(root) ? found : [...found, "text in <root>"];
  if (top.tag === "list" && !top.children.every(({ tag }) => tag === "structure")) found.push("a list of others");
  if (top.tag === "list" && top.children.length === 0 && !blank(top)) found.push("text in <list>");
  for (const structure of structuresOf(output)) {
    const names = structure.children.map(({ tag, attributes }) => (tag === "field" ? attributes.name : undefined));
    if (names.includes(undefined)) found.push("something else than a named field in a structure");
    const read = names.filter((name) => name !== undefined && reads.has(name));
    if (new Set(read).size < read.length) found.push("a field that is read and there twice");
    for (const field of structure.children) {
      if (!reads.has(field.attributes.name ?? "")) continue;
      if (field.children.length !== 1) found.push("a field that is read without its one value");
      // A structure within is judged by itself.
      if (field.children[0]?.tag === "structure") continue;
      if (texts(field).some((text) => text.includes("\ufffd"))) found.push("a value of broken characters");
    }
  }
  return found;
}

/** Those of the answer, and those within. */
function structuresOf(output: Element): readonly Element[] {
  const top = output.children[0]?.children[0];
  const outer = (top?.tag === "list" ? top.children : [top]).flatMap((it) => (it?.tag === "structure" ? it : []));
  const within = (structure: Element): readonly Element[] => [
    structure,
    ...structure.children.flatMap(({ children }) => children.filter(({ tag }) => tag === "structure").flatMap(within)),
  ];
  return outer.flatMap(within);
}

/** All texts of elements without children. */
export function texts(element: Element): readonly string[] {
  return element.children.length === 0 ? [element.text] : element.children.flatMap(texts);
}

/** The document as plainly as it can be written: only what is read, in order, every character that could mean something as a reference. */
export function plain(output: Element, reads: ReadonlySet<string>): string {
  const escaped = (text: string) => text.replaceAll(/[^\w .,:-]/gu, (character) => `&#${character.codePointAt(0)};`);
  const write = ({ tag, attributes, children, text }: Element): string => {
    const kept = children.filter((child) => tag !== "structure" || reads.has(child.attributes.name ?? ""));
    const ordered =
      tag === "structure"
        ? kept.toSorted((a, b) => ((a.attributes.name ?? "") < (b.attributes.name ?? "") ? -1 : 1))
        : kept;
    const name = tag === "field" ? ` name="${escaped(attributes.name ?? "")}"` : "";
    return `<${tag}${name}>${children.length === 0 ? escaped(text) : ordered.map(write).join("")}</${tag}>`;
  };
  return write(output);
}
