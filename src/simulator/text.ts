import { isStructure, type Result, type Scalar, type Structure, type Structures, type Value } from "./result.js";

/** The default text forms of esxcli, as recorded: tables, blocks, single records, bare values. */
export function asText(result: Result, emptyTable: "nothing" | "header"): string {
  switch (result.kind) {
    case "void":
    case "accepted":
      return "";
    case "value":
      return `${result.value}\n`;
    case "structure":
      return lines(block(result.structure, 3));
    case "structures":
      if (result.layout === "blocks") return asBlocks(result);
      return result.rows.length === 0 && emptyTable === "nothing" ? "" : lines(asTable(result));
  }
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

/** A heading, then the fields indented by three; a blank line between blocks. */
function asBlocks({ rows, headings }: Structures): string {
  return rows.map((row, index) => lines([headings[index] ?? "", ...block(row, 3)])).join("\n");
}

/** An empty value leaves the blank after the colon (seen). A nested group is indented by six more (seen in `nic get`). */
function block(row: Structure, indent: number): string[] {
  const margin = " ".repeat(indent);
  return visible(row).flatMap(({ name, value }) =>
    isStructure(value) ? [`${margin}${name}:`, ...block(value, indent + 6)] : [`${margin}${name}: ${cell(value)}`],
  );
}

/** Text to the left, numbers and booleans to the right, two blanks between columns, dashes as wide as the widest cell. */
function asTable({ columns, rows, narrowLastColumn }: Structures): string[] {
  const cells = rows.map((row) => visible(row).map(({ value }) => value));
  const last = columns.length - 1;
  const widths = columns.map((name, column) =>
    narrowLastColumn && column === last
      ? name.length
      : Math.max(name.length, ...cells.map((row) => cell(row[column] ?? "").length)),
  );
  const right = columns.map((_, column) => {
    const kind = typeof cells[0]?.[column];
    return kind === "number" || kind === "boolean";
  });
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) => (right[column] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [columns, widths.map((width) => "-".repeat(width)), ...cells.map((row) => row.map(cell))].map(line);
}

function visible(row: Structure) {
  return row.fields.filter(({ hidden }) => !hidden);
}

function cell(value: Value): string {
  if (isStructure(value)) return "";
  return isScalar(value) ? String(value) : value.join(", ");
}

function isScalar(value: Value): value is Scalar {
  return typeof value !== "object";
}
