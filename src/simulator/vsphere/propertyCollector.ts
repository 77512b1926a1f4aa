import { isA, type ManagedObject, type Property } from "./inventory.js";
import { invalidRequest, type Reference, referenceXml, SoapFault } from "./soap.js";
import { child, childrenNamed, element, textElement, typeOf, type XmlElement } from "./xml.js";

type Find = (reference: Reference) => ManagedObject;

/** What a PropertyFilterSpec selects, as ObjectContent: `objects` elements without their name. */
export function collect(specs: readonly XmlElement[], find: Find): readonly string[] {
  return specs.flatMap((spec) => {
    const wanted = childrenNamed(spec, "propSet");
    return [...selected(childrenNamed(spec, "objectSet"), find)].flatMap((object) => {
      const properties = wanted.filter((one) => isA(object.self.type, text(one, "type")));
      return properties.length === 0
        ? []
        : [
            contentXml(
              object,
              properties.flatMap((one) => names(one, object)),
            ),
          ];
    });
  });
}

function names(propSet: XmlElement, { properties }: ManagedObject): readonly string[] {
  return isTrue(child(propSet, "all"))
    ? Object.keys(properties)
    : childrenNamed(propSet, "pathSet").map((path) => path.text);
}

/** The objects themselves, unless they are skipped, and those that traversal leads to; each once. */
function selected(objectSets: readonly XmlElement[], find: Find): Set<ManagedObject> {
  const found = new Set<ManagedObject>();
  for (const objectSet of objectSets) {
    const start = child(objectSet, "obj");
    const type = start?.attributes.get("type");
    if (start === undefined || type === undefined) throw invalidRequest("Required property obj is missing");
    const object = find({ type, value: start.text });
    if (!isTrue(child(objectSet, "skip"))) found.add(object);
    const specs = childrenNamed(objectSet, "selectSet");
    const named = new Map(everySpec(specs).map((spec) => [text(spec, "name"), spec]));
    traverse(object, specs, named, find, found, new Set());
  }
  return found;
}

function everySpec(specs: readonly XmlElement[]): readonly XmlElement[] {
  return specs.flatMap((spec) =>
    typeOf(spec) === "TraversalSpec" ? [spec, ...everySpec(childrenNamed(spec, "selectSet"))] : [],
  );
}

function traverse(
  object: ManagedObject,
  specs: readonly XmlElement[],
  named: ReadonlyMap<string, XmlElement>,
  find: Find,
  found: Set<ManagedObject>,
  gone: Set<string>,
): void {
  for (const given of specs) {
    const spec = typeOf(given) === "TraversalSpec" ? given : named.get(text(given, "name"));
    if (spec === undefined) throw invalidRequest(`There is no TraversalSpec named "${text(given, "name")}"`);
    const path = text(spec, "path");
    const step = `${object.self.value} ${text(spec, "name")} ${path}`;
    if (!isA(object.self.type, text(spec, "type")) || gone.has(step)) continue;
    gone.add(step);
    for (const reference of referencesIn(object.properties[path])) {
      const next = find(reference);
      if (!isTrue(child(spec, "skip"))) found.add(next);
      traverse(next, childrenNamed(spec, "selectSet"), named, find, found, gone);
    }
  }
}

function referencesIn(property: Property): readonly Reference[] {
  if (typeof property !== "object") return [];
  const all = "value" in property ? [property] : property;
  return all.filter((one) => typeof one === "object");
}

function contentXml({ self, properties }: ManagedObject, wanted: readonly string[]): string {
  const values = [...new Set(wanted)].map((name) => {
    if (!Object.hasOwn(properties, name))
      throw new SoapFault("InvalidProperty", `The property "${name}" is not known`, textElement("name", name));
    const value = properties[name];
    return value === undefined ? "" : element("propSet", textElement("name", name) + propertyXml("val", value));
  });
  return referenceXml("obj", self) + values.join("");
}

/** A value with its type. */
export function propertyXml(name: string, value: Exclude<Property, undefined>): string {
  if (typeof value === "boolean") return textElement(name, String(value), 'xsi:type="xsd:boolean"');
  if (typeof value === "string") return textElement(name, value, 'xsi:type="xsd:string"');
  if ("value" in value) return referenceXml(name, value, 'xsi:type="ManagedObjectReference"');
  const isReference = value.some((one) => typeof one === "object");
  const items = value.map((one) =>
    typeof one === "object"
      ? referenceXml("ManagedObjectReference", one, 'xsi:type="ManagedObjectReference"')
      : textElement("string", one),
  );
  const type = isReference ? "ArrayOfManagedObjectReference" : "ArrayOfString";
  return element(name, items.join(""), `xsi:type="${type}"`);
}

function text(parent: XmlElement, name: string): string {
  return child(parent, name)?.text ?? "";
}

function isTrue(given: XmlElement | undefined): boolean {
  return given?.text === "true" || given?.text === "1";
}
