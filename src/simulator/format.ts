import { isStructure, type Result, type Scalar, type Structure, type Value } from "./result.js";
import { asText } from "./text.js";
import type { Unknowns } from "./unknowns.js";

/** The formatters that `--formatter` takes; those of the second list only together with `--debug` (seen on 8.0.3). */
const documented = ["xml", "csv", "keyvalue"] as const;
const withDebug = ["json"] as const;
export type Formatter = (typeof documented)[number] | (typeof withDebug)[number];

export function formatterNamed(name: string, debug: boolean): Formatter | undefined {
  return [...documented, ...(debug ? withDebug : [])].find((known) => known === name);
}

export function format(result: Result, formatter: Formatter | undefined, unknowns: Unknowns): string {
  if (formatter === undefined) return asText(result, unknowns.emptyTable);
  const printed = withoutVoid(result, unknowns.voidResult);
  return printed === undefined ? "" : machine[formatter](printed, unknowns);
}

/** A command that answers nothing, or only that it was accepted: whether that makes a document is not known. */
function withoutVoid(result: Result, voidResult: Unknowns["voidResult"]): Result | undefined {
  if (result.kind !== "void" && result.kind !== "accepted") return result;
  if (voidResult === "nothing") return undefined;
  return result.kind === "accepted" ? { kind: "value", value: true } : result;
}

const machine: Record<Formatter, (result: Result, unknowns: Unknowns) => string> = { xml, csv, keyvalue, json };

/** `HBA Name` is `HBAName`: the machine formats drop the blanks and keep the initials (seen). */
function fieldName(name: string): string {
  return name.replaceAll(" ", "");
}

/** The machine formats sort fields by name (seen). */
export function sorted({ fields }: Structure): { name: string; value: Value }[] {
  return fields
    .map(({ name, value }) => ({ name: fieldName(name), value }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function typeOf(value: Scalar): "string" | "integer" | "boolean" {
  return typeof value === "number" ? "integer" : typeof value === "boolean" ? "boolean" : "string";
}

/** The shape was seen on 8.x for a list of structures with strings and integers; lists of strings, bare values and nested structures are inferred. */
function xml(result: Result, { xmlDeclaration }: Unknowns): string {
  return [
    ...(xmlDeclaration ? ['<?xml version="1.0" encoding="utf-8"?>'] : []),
    '<output xmlns="http://www.vmware.com/Products/ESX/5.0/esxcli">',
    "<root>",
    ...indented(xmlBody(result)),
    "</root>",
    "</output>",
    "",
  ].join("\n");
}

function xmlBody(result: Result): string[] {
  switch (result.kind) {
    case "void":
    case "accepted":
      return [];
    case "value":
      return xmlValue(result.value);
    case "structure":
      return xmlValue(result.structure);
    case "structures":
      return element("list", ' type="structure"', result.rows.flatMap(xmlValue));
  }
}

function xmlValue(value: Value): string[] {
  if (typeof value !== "object") {
    const type = typeOf(value);
    return [`<${type}>${escapeXml(String(value))}</${type}>`];
  }
  if (!isStructure(value)) return element("list", ' type="string"', value.flatMap(xmlValue));
  const fields = sorted(value).flatMap((field) => element("field", ` name="${field.name}"`, xmlValue(field.value)));
  return element("structure", ` typeName="${value.type}"`, fields);
}

function element(tag: string, attributes: string, children: readonly string[]): string[] {
  return [`<${tag}${attributes}>`, ...indented(children), `</${tag}>`];
}

function indented(all: readonly string[]): string[] {
  return all.map((line) => `   ${line}`);
}

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** As recorded: a line a field, lists indexed, an empty list `string[] = ` with a blank at the end. */
function keyvalue(result: Result): string {
  switch (result.kind) {
    case "void":
    case "accepted":
      return "";
    case "value":
      return `${typeOf(result.value)}=${result.value}\n`;
    case "structure":
      return keyvalueLines(result.structure, "").join("");
    case "structures":
      return result.rows.flatMap((row, index) => keyvalueLines(row, `structure[${index}].`)).join("");
  }
}

function keyvalueLines(row: Structure, prefix: string): string[] {
  return sorted(row).flatMap(({ name, value }) => {
    const path = `${prefix}${row.type}.${name}.`;
    if (typeof value !== "object") return [`${path}${typeOf(value)}=${value}\n`];
    if (isStructure(value)) return keyvalueLines(value, path);
    if (value.length === 0) return [`${path}string[] = \n`];
    return value.map((item, index) => `${path}string[${index}].string=${item}\n`);
  });
}

/** A header of sorted names, then the rows. Lists are joined with commas and such cells are quoted, which is inferred. */
function csv(result: Result, { csvTrailingComma }: Unknowns): string {
  const line = (cells: readonly string[]) => `${cells.map(csvCell).join(",")}${csvTrailingComma ? "," : ""}\n`;
  if (result.kind === "void" || result.kind === "accepted") return "";
  if (result.kind === "value") return line([String(result.value)]);
  const rows = result.kind === "structure" ? [result.structure] : result.rows;
  const first = rows[0];
  if (first === undefined) return "";
  return [sorted(first).map(({ name }) => name), ...rows.map((row) => sorted(row).map(({ value }) => plain(value)))]
    .map(line)
    .join("");
}

function csvCell(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function plain(value: Value): string {
  if (typeof value !== "object") return String(value);
  return isStructure(value)
    ? sorted(value)
        .map((field) => `${field.name}=${plain(field.value)}`)
        .join(",")
    : value.join(",");
}

function json(result: Result): string {
  switch (result.kind) {
    case "void":
    case "accepted":
      return "";
    case "value":
      return `${JSON.stringify(result.value)}\n`;
    case "structure":
      return `${JSON.stringify(jsonValue(result.structure), undefined, 2)}\n`;
    case "structures":
      return `${JSON.stringify(result.rows.map(jsonValue), undefined, 2)}\n`;
  }
}

function jsonValue(value: Value): unknown {
  if (typeof value !== "object" || !isStructure(value)) return value;
  return Object.fromEntries(sorted(value).map((field) => [field.name, jsonValue(field.value)]));
}
