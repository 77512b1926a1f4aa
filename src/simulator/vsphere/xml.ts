import { SaxesParser } from "saxes";

/** An element of a request. Names are without their prefixes. */
export interface XmlElement {
  readonly name: string;
  readonly uri: string;
  /** By name; `xsi:type` for the one that says what something is. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

export class XmlError extends Error {}

const schemaInstance = "http://www.w3.org/2001/XMLSchema-instance";

/** The one element of a document. `XmlError` if the text is none. */
export function parseXml(text: string): XmlElement {
  interface Open extends XmlElement {
    readonly children: Open[];
    text: string;
  }
  const root: Open = { name: "", uri: "", attributes: new Map(), children: [], text: "" };
  const open = [root];
  const innermost = () => open.at(-1) ?? root;
  const parser = new SaxesParser({ xmlns: true, position: false });
  parser.on("error", (error) => {
    throw new XmlError(error.message);
  });
  parser.on("doctype", () => {
    throw new XmlError("a document type is not taken");
  });
  parser.on("opentag", ({ local, uri, attributes }) => {
    const values = Object.values(attributes).map(
      (attribute) =>
        [attribute.uri === schemaInstance ? `xsi:${attribute.local}` : attribute.local, attribute.value] as const,
    );
    const element: Open = { name: local, uri, attributes: new Map(values), children: [], text: "" };
    innermost().children.push(element);
    open.push(element);
  });
  const add = (piece: string) => {
    innermost().text += piece;
  };
  parser.on("text", add);
  parser.on("cdata", add);
  parser.on("closetag", () => {
    open.pop();
  });
  parser.write(text).close();
  const [element] = root.children;
  if (element === undefined) throw new XmlError("there is no element");
  return element;
}

export function child(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((one) => one.name === name);
}

export function childrenNamed(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((one) => one.name === name);
}

/** The type that an element says it has, without its prefix. */
export function typeOf(element: XmlElement): string | undefined {
  return element.attributes.get("xsi:type")?.replace(/^.*:/, "");
}

/** Text, or the value of an attribute, that comes out of every parser as it went in. */
export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\r", "&#13;");
}

/** An element; `attributes` and `inner` are XML already. */
export function element(name: string, inner: string, attributes = ""): string {
  return `<${name}${attributes === "" ? "" : ` ${attributes}`}>${inner}</${name}>`;
}

export function textElement(name: string, text: string, attributes = ""): string {
  return element(name, escaped(text), attributes);
}
