import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import type { Element } from "../../../../src/xml.js";
import { axisOf, logLogPlot, share } from "../../../../tools/bench/svg.js";
import { type Oracle, startOracle } from "../../../support/xmlOracle.js";

describe("the plot of the benchmark", () => {
  let read: Oracle;
  before(async () => {
    read = await startOracle();
  });
  const all = (element: Element, tag: string): Element[] => [
    ...(element.tag === tag ? [element] : []),
    ...element.children.flatMap((child) => all(child, tag)),
  ];
  const drawn = (...args: Parameters<typeof logLogPlot>): Element => {
    const svg = read(logLogPlot(...args));
    assert.ok(svg, "it is no XML");
    return svg;
  };

  it("has axes of whole powers of ten that hold all values", () => {
    assert.deepEqual(axisOf("x", [1, 100]), { label: "x", from: 1, to: 100 });
    assert.deepEqual(axisOf("x", [0.7, 101]), { label: "x", from: 0.1, to: 1000 });
    assert.deepEqual(axisOf("x", [3]), { label: "x", from: 1, to: 10 });
    assert.deepEqual(axisOf("x", []), { label: "x", from: 1, to: 10 });
  });

  it("places equal ratios at equal distances", () => {
    const axis = { label: "x", from: 0.1, to: 1000 };
    assert.deepEqual(
      [0.1, 1, 10, 1000].map((value) => Number(share(value, axis).toFixed(6))),
      [0, 0.25, 0.5, 1],
    );
  });

  it("has a line, its points and its name for each series", () => {
    const series = [
      {
        name: "create",
        color: "#1f77b4",
        points: [
          [1, 10],
          [10, 100],
        ] as const,
      },
      { name: "baseline", color: "#d62728", dashed: true, points: [[1, 20]] as const },
    ];
    const svg = drawn("Time", "hosts", "seconds", series);
    const lines = all(svg, "polyline");
    assert.deepEqual(
      lines.map(({ attributes }) => [attributes.points, attributes.stroke, "stroke-dasharray" in attributes]),
      [
        ["64,384 560,40", "#1f77b4", false],
        ["64,280.4", "#d62728", true],
      ],
    );
    assert.equal(all(svg, "circle").length, 3);
    const texts = all(svg, "text").map(({ text }) => text);
    for (const expected of ["Time", "hosts", "seconds", "create", "baseline", "1", "10", "100"])
      assert.ok(texts.includes(expected), expected);
  });

  it("leaves out what has no logarithm, and writes any name", () => {
    const svg = drawn("a < b & c > d", "x", "y", [
      {
        name: "<&>",
        color: "#000",
        points: [
          [0, 1],
          [1, 0],
          [-1, 1],
          [2, 2],
        ] as const,
      },
    ]);
    assert.equal(all(svg, "circle").length, 1);
    assert.ok(all(svg, "text").some(({ text }) => text === "<&>"));
    assert.equal(all(drawn("nothing", "x", "y", []), "circle").length, 0);
  });
});
