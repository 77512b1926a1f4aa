import { SaxesParser } from "saxes";

/** An element of a document: its tag, its attributes, and its child elements or, when it has none, its text. */
export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

interface Open extends Element {
  readonly children: Open[];
  text: string;
}

/** The name of an element without its prefix. */
export function local(tag: string): string {
  return tag.slice(tag.indexOf(":") + 1);
}

/** The type that an element says it has, `xsi:type`, without its prefix. Which prefix stands for the namespace of types is the writer's choice. */
export function typeOf({ attributes }: Element): string | undefined {
  const [, type] = Object.entries(attributes).find(([name]) => /^(?!xmlns:)[^:]+:type$/.test(name)) ?? [];
  return type === undefined ? undefined : local(type);
}

/** What esxcli prints has seven levels at most, and an answer of the vSphere API hardly more. */
const deepest = 32;

/**
 * The one element of a document, in one pass and without recursion, or an error that says why the text is none. Beside what XML forbids it
 * refuses what esxcli has never been seen to print and what could stand for another value than it seems to: a document type, which can define
 * entities; an encoding that the text was not decoded by; text beside elements; nesting without end.
 */
export function parseXml(xml: string): Element {
  const parser = new SaxesParser({ xmlns: true, position: false, defaultXMLVersion: "1.0", forceXMLVersion: true });
  const document: Open = { tag: "", attributes: {}, children: [], text: "" };
  const open = [document];
  const innermost = () => open.at(-1) ?? document;
  const addText = (text: string) => {
    innermost().text += text;
  };
  parser.on("xmldecl", ({ encoding = "utf-8" }) => {
    if (encoding.toLowerCase() !== "utf-8") throw new Error("it says that it is not UTF-8");
  });
  parser.on("doctype", () => {
    throw new Error("it has a document type");
  });
  parser.on("opentag", ({ name, attributes }) => {
    if (open.length > deepest) throw new Error(`its elements are more than ${deepest} deep`);
    const values = Object.entries(attributes).map(([attribute, { value }]) => [attribute, value]);
    const element: Open = { tag: name, attributes: Object.fromEntries(values), children: [], text: "" };
    innermost().children.push(element);
    open.push(element);
  });
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    const { children, text, tag } = open.pop() ?? document;
    if (children.length > 0 && /[^ \t\r\n]/.test(text))
      throw new Error(`there is text between the elements of <${tag}>`);
  });
  // Without a listener for errors the first one is thrown.
  parser.write(xml).close();
  const [element] = document.children;
  if (element === undefined) throw new Error("it has no element");
  return element;
}
