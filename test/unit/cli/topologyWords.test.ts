import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { kinds } from "../../../src/cli/topology/graph.js";
import { htmlOf } from "../../../src/cli/topology/html.js";
import { mermaidOf } from "../../../src/cli/topology/mermaid.js";
import { svgOf } from "../../../src/cli/topology/svg.js";
import { treeOf } from "../../../src/cli/topology/tree.js";
import { mono, printable, sans, shortened, widthOf } from "../../../src/cli/topology/words.js";
import type { Element } from "../../../src/xml.js";
import { hostileTexts } from "../../support/hostileTexts.js";
import { anyTopology, finding, node, topology } from "../../support/topologies.js";
import { type Oracle, startOracle } from "../../support/xmlOracle.js";

const hostile = [
  ...Object.values(hostileTexts),
  `</text></svg><script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `' onload='alert(1)`,
  "--><!-- ]]>",
  `"]; click h0n0 "javascript:alert(1)"`,
  "%%{init: {}}%%",
  "#quot;#59;",
  "end",
  "`**bold**`",
  "1. one",
];

/** A host all of whose words are this. */
function hostOf(text: string) {
  const nodes = kinds.map((kind) =>
    node(kind, text, {
      note: text,
      details: { [`path ${text}`]: text },
      findings: [{ ...finding(text, text), what: text, fix: text }],
    }),
  );
  const edges = nodes
    .slice(1)
    .map((to, at) => ({ from: nodes[at]?.id ?? "", to: to.id, health: "broken" as const, note: text }));
  return topology(nodes, edges, { host: text, findings: [{ ...finding(text, text), what: text, fix: text }] });
}

function walk(element: Element): readonly Element[] {
  return [element, ...element.children.flatMap(walk)];
}

describe("names that a host made up to do harm", () => {
  let parse: Oracle;
  before(async () => {
    parse = await startOracle();
  });

  it("are text in SVG, which stays well-formed and has only what the picture is made of", () => {
    for (const text of hostile) {
      const root = parse(svgOf([hostOf(text), { host: text, problem: text }]));
      assert.ok(root, JSON.stringify(text));
      const all = walk(root);
      assert.deepEqual(
        [...new Set(all.map(({ tag }) => tag))].filter(
          (tag) => !["svg", "title", "style", "rect", "g", "text", "tspan", "path", "circle"].includes(tag),
        ),
        [],
      );
      assert.ok(!all.some(({ attributes }) => Object.keys(attributes).some((name) => name.startsWith("on"))));
      const titles = all.filter(({ tag, text: title }) => tag === "title" && title.includes(printable(text)));
      assert.ok(titles.length > kinds.length, JSON.stringify(text));
    }
  });

  it("leave any picture well-formed", () => {
    fc.assert(
      fc.property(anyTopology, (one) => {
        assert.ok(parse(svgOf([one])));
      }),
      { numRuns: 50 },
    );
  });

  it("make no element, attribute or script of the page", () => {
    for (const text of hostile) {
      const html = htmlOf([hostOf(text), { host: text, problem: text }]);
      assert.equal(html.match(/<script/g)?.length, 1);
      assert.ok(!html.includes("<img"), text);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
      assert.ok(!/[\0-\x09\x0b-\x1f\x7f\u202e\u2028]/.test(html), JSON.stringify(text));
    }
  });

  it("are text in Mermaid: in quotes, and without a character that means something there", () => {
    for (const text of hostile)
      for (const [label] of mermaidOf([hostOf(text)]).matchAll(/"[^"\n]*"/g))
        assert.match(label, /^"([✓?!✗] )?([\p{L}\p{N} .:,…-]|#\d+;|<br\/>)*"$/u);
  });

  it("neither move the cursor of a terminal nor add lines", () => {
    const lines = treeOf([hostOf("a")], (_, text) => text).split("\n").length;
    for (const text of hostile) {
      const tree = treeOf([hostOf(text)], (_, one) => one);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
      assert.ok(!/[\0-\x09\x0b-\x1f\x7f]/.test(tree), JSON.stringify(text));
      assert.equal(tree.split("\n").length, lines);
    }
  });
});

describe("a name that is too long", () => {
  it("loses its middle: the end tells it from its neighbours", () => {
    const short = shortened("iqn.2010-09.lab.storage:array-1-volume-17", mono, 150);
    assert.match(short, /^iqn\..*….*17$/);
  });

  it("fits, and stays as it is where it fits already", () =>
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 20, max: 300 }), (text, width) => {
        for (const writing of [mono, sans]) {
          const short = shortened(text, writing, width);
          assert.ok(widthOf(short, writing) <= width);
          if (widthOf(text, writing) <= width) assert.equal(short, text);
        }
      }),
    ));
});
