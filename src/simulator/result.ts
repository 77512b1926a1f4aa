/** What a command answers, before it is printed in some form. */
export type Scalar = string | number | boolean;
export type Value = Scalar | readonly string[] | Structure;

export interface Structure {
  readonly type: string;
  readonly fields: readonly Field[];
}

export interface Field {
  /** As the text forms print it, `HBA Name`. */
  readonly name: string;
  readonly value: Value;
  /** Machine formats only. */
  readonly hidden: boolean;
}

export interface Structures {
  readonly kind: "structures";
  readonly layout: "table" | "blocks";
  readonly columns: readonly string[];
  readonly rows: readonly Structure[];
  /** Of blocks: the line above each. */
  readonly headings: readonly string[];
  /** Of a table: the dashes of the last column are as wide as its name, whatever its cells are. */
  readonly narrowLastColumn: boolean;
}

export type Result =
  /** Nothing. */
  | { readonly kind: "void" }
  /** The true that a network command returns, which the text forms do not print. */
  | { readonly kind: "accepted" }
  | { readonly kind: "value"; readonly value: Scalar }
  | { readonly kind: "structure"; readonly structure: Structure }
  | Structures;

export const nothing: Result = { kind: "void" };
export const accepted: Result = { kind: "accepted" };

export function value(scalar: Scalar): Result {
  return { kind: "value", value: scalar };
}

/** Column by column, what is printed of an item. */
export type Columns<T> = Readonly<Record<string, (item: T) => Value>>;

interface TableOptions<T> {
  /** Fields that only the machine formats have. */
  readonly hidden?: Columns<T>;
  readonly narrowLastColumn?: boolean;
}

export function table<T>(
  type: string,
  items: readonly T[],
  columns: Columns<T>,
  options: TableOptions<T> = {},
): Result {
  return {
    kind: "structures",
    layout: "table",
    columns: Object.keys(columns),
    rows: items.map((item) => structure(type, item, columns, options.hidden)),
    headings: [],
    narrowLastColumn: options.narrowLastColumn ?? false,
  };
}

export function blocks<T>(
  type: string,
  items: readonly T[],
  heading: (item: T) => string,
  columns: Columns<T>,
  hidden?: Columns<T>,
): Result {
  return {
    kind: "structures",
    layout: "blocks",
    columns: Object.keys(columns),
    rows: items.map((item) => structure(type, item, columns, hidden)),
    headings: items.map(heading),
    narrowLastColumn: false,
  };
}

export function record<T>(type: string, item: T, columns: Columns<T>): Result {
  return { kind: "structure", structure: structure(type, item, columns) };
}

export function structure<T>(type: string, item: T, columns: Columns<T>, hidden: Columns<T> = {}): Structure {
  const fields = (from: Columns<T>, isHidden: boolean) =>
    Object.entries(from).map(([name, get]) => ({ name, value: get(item), hidden: isHidden }));
  return { type, fields: [...fields(columns, false), ...fields(hidden, true)] };
}

export function isStructure(candidate: Value): candidate is Structure {
  return typeof candidate === "object" && "fields" in candidate;
}
