import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type Kind, kindNames, kinds } from "../../../src/cli/topology/graph.js";
import { type Layout, layOut, sizes } from "../../../src/cli/topology/layout.js";
import { crossings, inOrder, type Slot } from "../../../src/cli/topology/ordering.js";
import { mono, sans, widthOf } from "../../../src/cli/topology/words.js";
import { anyTopology, edge, node, paths, topology } from "../../support/topologies.js";

const laidOut = (one: Parameters<typeof layOut>[0]) => layOut(one, kindNames);

function forAll(check: (layout: Layout) => void): void {
  fc.assert(
    fc.property(anyTopology, (one) => check(laidOut(one))),
    { numRuns: 200 },
  );
}

describe("the layout of a topology", () => {
  it("has no two boxes that overlap or touch", () =>
    forAll(({ boxes }) => {
      for (const [at, a] of boxes.entries())
        for (const b of boxes.slice(at + 1)) {
          const isBeside = a.x + a.width + sizes.gutter <= b.x || b.x + b.width + sizes.gutter <= a.x;
          const isAbove = a.y + a.height + sizes.gap <= b.y || b.y + b.height + sizes.gap <= a.y;
          assert.ok(isBeside || isAbove, `${a.node.id} ${b.node.id}`);
        }
    }));

  it("has each text within its box", () =>
    forAll(({ boxes }) => {
      for (const { label, note, width } of boxes) {
        const room = width - sizes.textAt - sizes.textEnd;
        assert.ok(widthOf(label, mono) <= room && widthOf(note, sans) <= room, `${label} ${note}`);
      }
    }));

  it("lies within its size, with each node once and in the column of its kind", () =>
    fc.assert(
      fc.property(anyTopology, (one) => {
        const { boxes, columns, width, height } = laidOut(one);
        assert.deepEqual(boxes.map((box) => box.node.id).sort(), one.nodes.map(({ id }) => id).sort());
        for (const box of boxes) {
          assert.equal(box.x, columns.find(({ kind }) => kind === box.node.kind)?.x);
          assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height);
        }
      }),
    ));

  it("has lines from box to box, and none of them beneath another box", () =>
    forAll(({ boxes, lines }) => {
      for (const { edge: drawn, points } of lines) {
        const [from, to] = [drawn.from, drawn.to].map((id) => boxes.find((box) => box.node.id === id));
        assert.ok(from && to);
        assert.deepEqual(points[0], { x: from.x + from.width, y: from.y + from.height / 2 });
        assert.deepEqual(points.at(-1), { x: to.x, y: to.y + to.height / 2 });
        for (const [at, point] of points.entries()) {
          const next = points[at + 1];
          if (next === undefined) continue;
          assert.ok(next.x > point.x);
          // Between columns there is no box; through a column the line is straight.
          if (at % 2 === 0) assert.ok(!boxes.some((box) => box.x > point.x && box.x < next.x));
          else
            for (const box of boxes.filter(({ x, width }) => x >= point.x && x + width <= next.x))
              assert.ok(point.y === next.y && (point.y < box.y || point.y > box.y + box.height));
        }
      }
    }));

  it("is the same each time", () =>
    fc.assert(fc.property(anyTopology, (one) => assert.deepEqual(laidOut(one), laidOut(one)))));

  it("draws paths that have nothing in common as straight lines, whatever the order of the nodes", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(), (count, turn) => {
        const all = paths(count);
        const nodes = all.nodes
          .map((_, at) => all.nodes[(at * 7 + turn) % all.nodes.length])
          .flatMap((one) => one ?? []);
        fc.pre(new Set(nodes).size === all.nodes.length);
        for (const { points } of laidOut({ ...all, nodes }).lines)
          assert.equal(new Set(points.map(({ y }) => y)).size, 1);
      }),
    ));

  it("takes an edge around the columns that it passes", () => {
    const [a, b, c] = [node("uplink", "vmnic4"), node("rdmaDevice", "vmrdma0"), node("virtualSwitch", "vSwitch1")];
    const [long] = laidOut(topology([a, b, c], [edge(a, c), edge(a, b)])).lines;
    assert.equal(long?.points.length, 4);
  });

  it("leaves out what follows from other edges, and columns of what the host has not", () => {
    const [a, c] = [node("rdmaDevice", "vmrdma0"), node("adapter", "vmhba64")];
    const { lines, columns } = laidOut(topology([a, c], [edge(a, c, { implied: true })]));
    assert.deepEqual([lines, columns.map(({ kind }) => kind)], [[], ["rdmaDevice", "adapter"] satisfies Kind[]]);
  });

  it("is there for a host without anything", () => {
    const { width, height, boxes } = laidOut(topology([]));
    assert.ok(width > 0 && height > 0 && boxes.length === 0);
  });
});

describe("the order of the rows", () => {
  const slot = (id: string): Slot => ({ id, height: 10, before: [], after: [] });
  const tie = (from: Slot, to: Slot) => {
    from.after.push(to);
    to.before.push(from);
  };

  it("undoes crossings", () => {
    const [a, b, c, d] = [slot("a"), slot("b"), slot("c"), slot("d")];
    tie(a, d);
    tie(b, c);
    const columns = [
      [a, b],
      [c, d],
    ];
    assert.equal(crossings(columns), 1);
    const y = inOrder(columns, 5);
    assert.ok((y.get(d) ?? 0) < (y.get(c) ?? 0));
  });

  it("counts crossings as trying all pairs does", () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 25 }), (pairs) => {
        const left = Array.from({ length: 7 }, (_, at) => slot(`l${at}`));
        const right = Array.from({ length: 7 }, (_, at) => slot(`r${at}`));
        for (const [a, b] of pairs) tie(left[a] as Slot, right[b] as Slot);
        const all = pairs.flatMap(([a, b], at) => pairs.slice(at + 1).filter(([c, d]) => (a - c) * (b - d) < 0));
        assert.equal(crossings([left, right]), all.length);
      }),
    ));
});

it("has a name and a place for each kind", () => {
  for (const kind of kinds) assert.ok(kindNames[kind].length > 0);
});
