import { IserError } from "../errors.js";
import { type Element, local, parseXml, typeOf } from "../xml.js";

/**
 * An answer as a tree, whichever way it was encoded: a `root` with a `list` of structures, one structure or one value. A structure has fields
 * with a `name`, each of them with one value or a list.
 *
 * `--formatter=xml` writes that tree itself [seen on ESXi 8]:
 *
 *     <output xmlns="…"><root><list type="structure"><structure typeName="Nic">
 *       <field name="MTU"><integer>1500</integer></field> …
 *
 * The result of a managed method [govmomi's govc and vcsim] has the names as elements and no types but of the whole; a list is the element again and again:
 *
 *     <obj xsi:type="ArrayOfDataObject"><DataObject xsi:type="VimEsxCLInetworkniclistNic"><MTU>1500</MTU> …
 */
export function answer(stdout: string): Element {
  const document = documentOf(stdout);
  if (isObject(document)) return { ...nothing, tag: "root", children: [ofObject(document, stdout)] };
  const root = document.children[0];
  if (document.tag !== "output" || root?.tag !== "root" || document.children.length !== 1)
    throw notUnderstood("it is not an <output> with one <root>", stdout);
  return root;
}

/** Whether a text holds a document of either encoding. */
export function isDocument(text: string): boolean {
  return /<(?:[\w.-]+:)?(?:output|obj)[\s/>]/.test(text);
}

/**
 * Tags that no document can have, with a blank in them: a value of a managed method does not say of what kind it is, and a structure of one
 * does not have the lists that are empty.
 */
export const untyped = "SOAP value";
export const sparse = "SOAP structure";

const nothing = { attributes: {}, children: [], text: "" };

function isObject({ tag }: Element): boolean {
  return local(tag) === "obj";
}

/** The types that a lone value has been seen with, and its tag in `--formatter=xml`. */
const scalars = new Map([
  ["string", "string"],
  ["boolean", "boolean"],
  ["int", "integer"],
  ["long", "integer"],
]);

function ofObject(object: Element, stdout: string): Element {
  const type = typeOf(object) ?? "";
  const scalar = scalars.get(type);
  if (scalar !== undefined && object.children.length === 0) return { ...nothing, tag: scalar, text: object.text };
  if (type === "ArrayOfDataObject") return { ...object, tag: "list", children: object.children.map(ofData) };
  if (type.startsWith("VimEsxCLI")) return ofData(object);
  throw notUnderstood(`it is an <obj> of the type ${type || "(none)"}`, stdout);
}

function ofData(object: Element): Element {
  const values = new Map<string, Element[]>();
  for (const child of object.children) {
    const name = local(child.tag);
    values.set(name, [...(values.get(name) ?? []), ofValue(child)]);
  }
  const children = [...values].map(([name, found]) => ({
    ...nothing,
    tag: "field",
    attributes: { name },
    children: found.length === 1 ? found : [{ ...nothing, tag: "list", children: found }],
  }));
  return { ...nothing, tag: sparse, children, text: object.text };
}

function ofValue(value: Element): Element {
  return value.children.length === 0 ? { ...nothing, tag: untyped, text: value.text } : ofData(value);
}

/** The parameters of a method, without hyphens, by what FetchCLIInfo says of its namespace; undefined if the namespace has no such method. */
export function parametersIn(stdout: string, method: string): readonly string[] | undefined {
  const info = documentOf(stdout);
  const called = (parent: Element, tag: string) => parent.children.filter((child) => local(child.tag) === tag);
  const name = (parent: Element) => {
    const [first, ...more] = called(parent, "name");
    if (first === undefined || more.length > 0)
      throw notUnderstood("it is not what FetchCLIInfo says of a namespace", stdout);
    return first.text;
  };
  name(info);
  return called(info, "method")
    .filter((found) => name(found) === method)
    .map((found) => called(found, "param").map(name))[0];
}

export function documentOf(stdout: string): Element {
  try {
    return parseXml(stdout);
  } catch (error) {
    throw notUnderstood(`it is not a complete XML document (${(error as Error).message})`, stdout);
  }
}

/** An error that quotes the beginning of what was not understood. */
export function notUnderstood(problem: string, stdout: string): IserError {
  return new IserError("OUTPUT_NOT_UNDERSTOOD", {
    problem: `the output was not understood: ${beginning(problem)}`,
    said: beginning(stdout) || "(nothing)",
    cure: "Nothing was concluded from it. Run the command on the host; if it works there, report its output and the ESXi build.",
  });
}

function beginning(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
