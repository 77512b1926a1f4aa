import { child, element, escaped, parseXml, textElement, type XmlElement, XmlError } from "./xml.js";

/** The name of a managed object, and of what type it is. */
export interface Reference {
  readonly type: string;
  readonly value: string;
}

/** A request: what is called, on what, and the element that holds the arguments. */
export interface Call {
  readonly method: string;
  readonly self: Reference;
  readonly arguments: XmlElement;
}

/** What is answered with HTTP 500. `name` is the fault's type; the texts are those that people know of vCenter. */
export class SoapFault extends Error {
  constructor(
    readonly fault: string,
    message: string,
    /** XML of the fault's properties. */
    readonly properties = "",
  ) {
    super(message);
  }
}

const envelope = "http://schemas.xmlsoap.org/soap/envelope/";
const vim = "urn:vim25";
const namespaces =
  `xmlns:soapenv="${envelope}" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" ` +
  'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

export function invalidRequest(message: string): SoapFault {
  return new SoapFault("InvalidRequest", message);
}

export function readCall(text: string): Call {
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (error) {
    if (error instanceof XmlError) throw invalidRequest(`XML document is not well formed: ${error.message}`);
    throw error;
  }
  const body = root.name === "Envelope" && root.uri === envelope ? child(root, "Body") : undefined;
  const [method] = body?.children ?? [];
  if (body === undefined || method === undefined || body.children.length > 1)
    throw invalidRequest("Not a SOAP 1.1 envelope with one call in its body");
  if (method.uri !== vim) throw invalidRequest(`Unexpected element tag "${method.name}" in namespace "${method.uri}"`);
  return { method: method.name, self: referenceIn(method, "_this"), arguments: method };
}

/** The reference that an argument holds. */
export function referenceIn(call: XmlElement, name: string): Reference {
  const given = child(call, name);
  const type = given?.attributes.get("type");
  if (given === undefined || type === undefined) throw invalidRequest(`Required property ${name} is missing`);
  return { type, value: given.text };
}

/** The text that an argument holds. */
export function textIn(call: XmlElement, name: string): string {
  const given = child(call, name);
  if (given === undefined) throw invalidRequest(`Required property ${name} is missing`);
  return given.text;
}

export function referenceXml(name: string, { type, value }: Reference, attributes = ""): string {
  return textElement(name, value, `type="${escaped(type)}"${attributes === "" ? "" : ` ${attributes}`}`);
}

export function answerXml(method: string, inner: string): string {
  return document(`<${method}Response xmlns="${vim}">${inner}</${method}Response>`);
}

export function faultXml({ fault, message, properties }: SoapFault): string {
  const detail = element(`${fault}Fault`, properties, `xmlns="${vim}" xsi:type="${fault}"`);
  return document(
    `<soapenv:Fault><faultcode>ServerFaultCode</faultcode>${textElement("faultstring", message)}${element("detail", detail)}</soapenv:Fault>`,
  );
}

function document(body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope ${namespaces}>\n<soapenv:Body>\n${body}\n</soapenv:Body>\n</soapenv:Envelope>\n`;
}
