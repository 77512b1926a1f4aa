/** A place in a column: of a node, or of a line that passes. */
export interface Slot {
  readonly id: string;
  readonly height: number;
  /** Where lines come from in the column before, and go to in the next. */
  readonly before: Slot[];
  readonly after: Slot[];
}

/** How often the columns are gone through. More changes nothing on hosts as they are. */
const sweeps = 8;

/**
 * Puts the slots of each column in an order in which few lines cross (each goes where those are that it leads to, on the average), and says how far down
 * the middle of each is. Between two there is at least `gap`.
 */
export function inOrder(columns: readonly Slot[][], gap: number): ReadonlyMap<Slot, number> {
  let order = columns.map((column) => [...column]);
  let best = order;
  let fewest = crossings(order);
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep += 1) {
    order = swept(order, sweep % 2 === 0);
    const count = crossings(order);
    if (count >= fewest) continue;
    fewest = count;
    best = order;
  }
  return placed(best, gap);
}

function swept(columns: readonly Slot[][], isForward: boolean): Slot[][] {
  const result = columns.map((column) => [...column]);
  const rank = ranks(result);
  const indices = [...result.keys()];
  for (const index of isForward ? indices : indices.reverse()) {
    const column = result[index] ?? [];
    const weight = new Map(
      column.map((slot) => {
        const next = isForward ? slot.before : slot.after;
        return [slot, next.length === 0 ? (rank.get(slot) ?? 0) : mean(next.map((one) => rank.get(one) ?? 0))];
      }),
    );
    const before = new Map(column.map((slot, at) => [slot, at]));
    column.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || (before.get(a) ?? 0) - (before.get(b) ?? 0));
    for (const [at, slot] of column.entries()) rank.set(slot, at);
  }
  return result;
}

function ranks(columns: readonly Slot[][]): Map<Slot, number> {
  return new Map(columns.flatMap((column) => column.map((slot, at) => [slot, at] as const)));
}

/** How many pairs of lines cross between neighbouring columns. */
export function crossings(columns: readonly Slot[][]): number {
  const rank = ranks(columns);
  return columns.reduce((sum, column) => {
    const ends = column.flatMap((slot) => slot.after.map((next) => rank.get(next) ?? 0).sort((a, b) => a - b));
    return sum + inversions(ends);
  }, 0);
}

function inversions(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const half = values.length >> 1;
  const [left, right] = [values.slice(0, half), values.slice(half)];
  const inner = inversions(left) + inversions(right);
  left.sort((a, b) => a - b);
  right.sort((a, b) => a - b);
  let at = 0;
  return right.reduce((sum, value) => {
    while (at < left.length && (left[at] ?? 0) <= value) at += 1;
    return sum + left.length - at;
  }, inner);
}

/** Each as near to the middle of its neighbours as the others in its column let it. */
function placed(columns: readonly Slot[][], gap: number): ReadonlyMap<Slot, number> {
  const centre = new Map<Slot, number>();
  for (const column of columns)
    settle(
      column,
      column.map(() => 0),
      centre,
      gap,
    );
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const isForward = sweep % 2 === 0;
    for (const column of isForward ? columns : [...columns].reverse()) {
      const wanted = column.map((slot) => {
        const side = isForward ? slot.before : slot.after;
        const next = side.length > 0 ? side : isForward ? slot.after : slot.before;
        return next.length === 0 ? (centre.get(slot) ?? 0) : mean(next.map((one) => centre.get(one) ?? 0));
      });
      settle(column, wanted, centre, gap);
    }
  }
  const top = Math.min(...columns.flatMap((column) => column.map((slot) => (centre.get(slot) ?? 0) - slot.height / 2)));
  for (const [slot, value] of centre) centre.set(slot, Math.round(value - top));
  return centre;
}

/**
 * The places nearest to those wanted, in order and apart: without the room between them they must not fall, and the nearest such are found by joining
 * neighbours that would (pool adjacent violators).
 */
function settle(column: readonly Slot[], wanted: readonly number[], centre: Map<Slot, number>, gap: number): void {
  const offsets: number[] = [];
  for (const [at, slot] of column.entries()) {
    const above = column[at - 1];
    offsets.push(above === undefined ? 0 : (offsets[at - 1] ?? 0) + Math.ceil((above.height + slot.height) / 2) + gap);
  }
  const blocks: { sum: number; count: number }[] = [];
  for (const [at, value] of wanted.entries()) {
    let block = { sum: value - (offsets[at] ?? 0), count: 1 };
    for (let above = blocks.at(-1); above !== undefined; above = blocks.at(-1)) {
      if (above.sum / above.count <= block.sum / block.count) break;
      blocks.pop();
      block = { sum: above.sum + block.sum, count: above.count + block.count };
    }
    blocks.push(block);
  }
  let at = 0;
  for (const { sum, count } of blocks)
    for (let one = 0; one < count; one += 1, at += 1) {
      const slot = column[at];
      if (slot !== undefined) centre.set(slot, sum / count + (offsets[at] ?? 0));
    }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
