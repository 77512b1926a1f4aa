import { type Kind, kinds, type Topology, type TopologyEdge, type TopologyNode } from "./graph.js";
import { inOrder, type Slot } from "./ordering.js";
import { mono, printable, sans, shortened, widthOf } from "./words.js";

/** All in pixels, from the top left. */
export interface Box {
  readonly node: TopologyNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Its name and note, as far as they fit. */
  readonly label: string;
  readonly note: string;
}

export interface Line {
  readonly edge: TopologyEdge;
  /** From left to right: where it leaves a box, goes straight through columns that it passes, and ends at a box. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Column {
  readonly kind: Kind;
  readonly x: number;
  readonly width: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly columns: readonly Column[];
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

export const sizes = {
  box: 46,
  gap: 14,
  gutter: 36,
  margin: 16,
  header: 28,
  textAt: 31,
  textEnd: 11,
  lane: 10,
} as const;

/** How wide the text of a box may be. */
const widest: Readonly<Record<Kind, number>> = {
  uplink: 110,
  rdmaDevice: 110,
  virtualSwitch: 130,
  portGroup: 130,
  vmkernelAdapter: 130,
  adapter: 110,
  portal: 180,
  target: 250,
  device: 190,
};

/** What the column is at least as wide as: its heading. */
const narrowest = 84;

/** Lays a host's picture out: a column for each kind, in the order of the path, rows so that few lines cross. */
export function layOut({ nodes, edges }: Topology, headings: Readonly<Record<Kind, string>>): Layout {
  const drawn = edges.filter(({ implied }) => !implied);
  const columns = columnsOf(nodes, headings);
  const at = new Map(columns.map(({ kind }, index) => [kind, index]));
  const slots: Slot[][] = columns.map(({ kind }) =>
    nodes.filter((node) => node.kind === kind).map(({ id }) => ({ id, height: sizes.box, before: [], after: [] })),
  );
  const slotOf = new Map(slots.flat().map((slot) => [slot.id, slot]));
  const columnOf = new Map(nodes.map(({ id, kind }) => [id, at.get(kind) ?? 0]));
  const routes = drawn.map((edge, number) => {
    const [from, to] = [columnOf.get(edge.from) ?? 0, columnOf.get(edge.to) ?? 0];
    // A line that passes a column takes a place in it as a box does, so none runs beneath a box.
    const lanes = Array.from({ length: Math.max(0, to - from - 1) }, (_, index): Slot => {
      const lane = { id: `lane ${number} ${index}`, height: sizes.lane, before: [], after: [] };
      slots[from + 1 + index]?.push(lane);
      return lane;
    });
    const ends = [slotOf.get(edge.from), slotOf.get(edge.to)] as const;
    const stops = [ends[0], ...lanes, ends[1]].filter((slot) => slot !== undefined);
    for (const [index, slot] of stops.entries()) {
      const next = stops[index + 1];
      if (next === undefined) continue;
      slot.after.push(next);
      next.before.push(slot);
    }
    return { edge, from, stops };
  });
  const centre = inOrder(slots, sizes.gap);
  const y = (slot: Slot) => sizes.margin + sizes.header + (centre.get(slot) ?? 0);
  const boxes = nodes.flatMap((node): Box[] => {
    const [slot, column] = [slotOf.get(node.id), columns[at.get(node.kind) ?? -1]];
    if (slot === undefined || column === undefined) return [];
    const room = column.width - sizes.textAt - sizes.textEnd;
    return [
      {
        node,
        x: column.x,
        y: y(slot) - sizes.box / 2,
        width: column.width,
        height: sizes.box,
        label: shortened(printable(node.name), mono, room),
        note: node.note === "" ? "" : shortened(printable(node.note), sans, room),
      },
    ];
  });
  const lines = routes.map(({ edge, from, stops }) => ({
    edge,
    points: stops.flatMap((slot, index) => {
      const column = columns[from + index] ?? { x: 0, width: 0 };
      const [left, right] = [
        { x: column.x, y: y(slot) },
        { x: column.x + column.width, y: y(slot) },
      ];
      return index === 0 ? [right] : index === stops.length - 1 ? [left] : [left, right];
    }),
  }));
  const last = columns.at(-1) ?? { x: 0, width: 0 };
  const bottom = Math.max(0, ...slots.flat().map((slot) => y(slot) + slot.height / 2));
  return {
    width: Math.ceil(last.x + last.width + sizes.margin),
    height: Math.ceil(bottom + sizes.margin),
    columns,
    boxes,
    lines,
  };
}

function columnsOf(nodes: readonly TopologyNode[], headings: Readonly<Record<Kind, string>>): readonly Column[] {
  const columns: Column[] = [];
  for (const kind of kinds) {
    const own = nodes.filter((node) => node.kind === kind);
    if (own.length === 0) continue;
    const texts = own.flatMap(({ name, note }) => [
      widthOf(printable(name), mono),
      note === "" ? 0 : widthOf(printable(note), sans),
    ]);
    const text = Math.min(widest[kind], Math.max(...texts));
    const width = Math.ceil(Math.max(narrowest, widthOf(headings[kind], sans), text + sizes.textAt + sizes.textEnd));
    const before = columns.at(-1);
    columns.push({ kind, x: before === undefined ? sizes.margin : before.x + before.width + sizes.gutter, width });
  }
  return columns;
}
