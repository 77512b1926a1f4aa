import { type Element, local, parseXml, typeOf } from "../../xml.js";
import { failure } from "../redact.js";

/** A managed object of the host: `HostSystem:ha-host`. */
export interface Reference {
  readonly type: string;
  readonly value: string;
}

/** A fault of the vSphere API, for instance `NotAuthenticated`, and its words. */
export interface Fault {
  readonly type: string;
  readonly words: string;
}

export type Reply =
  | { readonly kind: "result"; readonly values: readonly Element[] }
  | { readonly kind: "fault"; readonly fault: Fault };

/** Every build since 5.0 speaks it, and nothing newer is asked for. */
export const apiVersion = "urn:vim25/5.0";

/** A call of a method, SOAP 1.1. `parameters` is XML. */
export function envelope(method: string, on: Reference, parameters: string): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>',
    `<${method} xmlns="urn:vim25">${reference("_this", on)}${parameters}</${method}>`,
    "</soapenv:Body></soapenv:Envelope>",
  ].join("");
}

export function reference(tag: string, { type, value }: Reference): string {
  return `<${tag} type="${escaped(type)}">${escaped(value)}</${tag}>`;
}

export function element(tag: string, text: string | boolean): string {
  return `<${tag}>${escaped(String(text))}</${tag}>`;
}

/** The text as the content of an element. A carriage return would be read as a line feed. */
export function escaped(text: string): string {
  if (/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text))
    throw failure("INPUT_INVALID", {
      problem: "A value holds a control character or half a character, which XML cannot carry.",
      cure: "Change the value.",
    });
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\r", "&#13;");
}

/** What the host answered to a call of the method, or an error that says why it is no answer to it. */
export function reply(method: string, xml: string): Reply {
  const document = parseXml(xml);
  const body = child(document, "Body");
  const [content, ...more] = body?.children ?? [];
  if (local(document.tag) !== "Envelope" || content === undefined || more.length > 0)
    throw new Error("it is no envelope with one answer");
  if (local(content.tag) === "Fault") return { kind: "fault", fault: faultIn(content) };
  if (local(content.tag) !== `${method}Response`) throw new Error(`it is an answer to something else than ${method}`);
  return { kind: "result", values: content.children.filter(({ tag }) => local(tag) === "returnval") };
}

function faultIn(fault: Element): Fault {
  const [detail] = child(fault, "detail")?.children ?? [];
  const type = detail && (typeOf(detail) ?? local(detail.tag).replace(/Fault$/, ""));
  return { type: type ?? "Fault", words: child(fault, "faultstring")?.text.trim() ?? "" };
}

export function child(parent: Element | undefined, name: string): Element | undefined {
  return parent?.children.find(({ tag }) => local(tag) === name);
}

/** The managed object that an element names. */
export function referenceIn(found: Element | undefined): Reference | undefined {
  const { type } = found?.attributes ?? {};
  return found === undefined || type === undefined || found.text === "" ? undefined : { type, value: found.text };
}
