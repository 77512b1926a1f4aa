import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "mocha";
import { type HostTopology, kinds, type Topology } from "../../../src/cli/topology/graph.js";
import { htmlOf } from "../../../src/cli/topology/html.js";
import { mermaidOf } from "../../../src/cli/topology/mermaid.js";
import { svgOf } from "../../../src/cli/topology/svg.js";
import { printable } from "../../../src/cli/topology/words.js";
import { type Browser, startBrowser } from "../../support/browser.js";
import { hostileTexts } from "../../support/hostileTexts.js";
import * as look from "../../support/pageLooks.js";
import { allSick, topologyWith } from "../../support/sickHosts.js";
import { finding, node, topology } from "../../support/topologies.js";

const unread: HostTopology = {
  host: "esx09.lab",
  problem: "esx09.lab: nobody answers\n  See that it is on. [HOST_UNREACHABLE]",
};

/** A host with names that would like to be more than names. */
function hostileHost(): Topology {
  const texts = [
    ...Object.values(hostileTexts),
    `</text></svg><script>alert(1)</script>`,
    `"><img src=x onerror=alert(1)>`,
    `"]; click h0n0 "javascript:alert(1)"`,
    "%%{init: {}}%%",
    "end",
    "1. one",
    "WWWWWWWWWWWWWWWWWWWW",
    "統計データ格納装置その一",
    "💾💾💾💾💾💾💾💾💾",
  ];
  const nodes = texts.map((text, at) => {
    const kind = kinds[at % kinds.length] ?? "device";
    const found = { ...finding("path", text), what: text, fix: text };
    return node(kind, text, { id: `${at}`, note: text, details: { [text]: text }, findings: [found] });
  });
  const edges = nodes.flatMap((from, at) => {
    const to = nodes[at + 1];
    return to === undefined || from.kind === "device"
      ? []
      : [{ from: from.id, to: to.id, health: "broken" as const, note: to.name }];
  });
  return topology(nodes, edges, { host: `<b onclick="alert(1)">host</b>` });
}

describe("the topology in a browser", function () {
  this.timeout(180_000);
  let browser: Browser;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-page-"));
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens it as a user does, from a file, and sees that it asks for nothing else and complains of nothing. */
  async function open(text: string, { name = "topology.html", complains = /^$/ } = {}) {
    const file = join(folder, name);
    writeFileSync(file, text);
    const url = pathToFileURL(file).href;
    const [asked, complained] = [browser.requests.length, browser.complaints.length];
    await browser.page.goto(url);
    assert.deepEqual(browser.requests.slice(asked), [url]);
    assert.match(browser.complaints.slice(complained).join("\n"), complains);
    return browser.page;
  }
  /** What is to be read there: without what is hidden. */
  const textOf = async (selector: string) => (await browser.page.locator(selector).allInnerTexts()).join("\n");
  const seen = <T>(what: () => T) => browser.page.evaluate(what);

  for (const [what, hosts] of [
    ["one host with one uplink", async () => [await topologyWith({ parts: { cards: { vmrdma0: "vmk1" } } })]],
    ["one host with two uplinks", async () => [await topologyWith({})]],
    ["eight hosts and one that could not be read", async () => [...(await allSick()), unread]],
    ["a host with hostile names", async () => [hostileHost()]],
  ] as const)
    it(`shows ${what}: texts in their boxes, boxes beside each other, all of it in reach`, async () => {
      const all = await hosts();
      await open(htmlOf(all));
      const drawn = await seen(look.boxes);
      assert.ok(drawn.length > 0);
      assert.deepEqual(await seen(look.textsOutside), []);
      assert.deepEqual(await seen(look.overlaps), []);
      for (const width of [1440, 1024, 420]) {
        await browser.page.setViewportSize({ width, height: 900 });
        assert.deepEqual(await seen(look.outOfReach), [], `${width} wide`);
      }
      await browser.page.setViewportSize({ width: 1440, height: 900 });
      assert.deepEqual(await seen(look.foreign), []);
    });

  it("shows a host that could not be read, with the reason", async () => {
    await open(htmlOf([unread]));
    assert.match(await textOf("section"), /esx09\.lab\s+not read[\s\S]*nobody answers\n {2}See that it is on/);
  });

  it("shows the hosts that have the words and are in the state that is asked for", async () => {
    const page = await open(htmlOf([...(await allSick()), unread]));
    const shown = () => page.locator("section:not([hidden]) .host-name").allInnerTexts();
    const all = await shown();
    assert.equal(all.length, 9);
    await page.keyboard.press("/");
    await page.keyboard.type("Not-Bound vmrdma1");
    assert.deepEqual(await shown(), ["esx03.lab"]);
    assert.equal(await textOf("#count"), "1 of 9 hosts");
    assert.deepEqual(await page.locator("nav a:visible").allInnerTexts(), ["esx03.lab"]);
    await page.fill("#filter", "no host has this");
    assert.ok(await page.locator("#nothing").isVisible());
    await page.keyboard.press("Escape");
    assert.deepEqual(await shown(), all);
    await page.locator("button.state", { hasText: "warning" }).click();
    await page.locator("button.state", { hasText: "not read" }).click();
    assert.deepEqual(await shown(), ["esx07.lab", "esx08.lab", "esx09.lab"]);
    assert.equal(await page.locator("button.state[aria-pressed=true]").count(), 2);
    await page.keyboard.press("Escape");
    assert.deepEqual(await shown(), all);
  });

  it("shows what is known of a node that is pointed at, clicked or gone to", async () => {
    const page = await open(htmlOf([await topologyWith({ parts: { bind: false } })]));
    const details = () => textOf("#details");
    assert.match(await details(), /^Legend/);
    const adapter = page.locator(".node", { hasText: "vmhba64" });
    await adapter.hover();
    assert.match(await details(), /vmhba64[\s\S]*no VMkernel adapter is bound to vmrdma0[\s\S]*iSCSI name\s+iqn\./);
    await page.mouse.move(2, 2);
    assert.match(await details(), /^Legend/);
    await adapter.click();
    await page.mouse.move(2, 2);
    assert.match(await details(), /vmhba64/);
    assert.equal(await adapter.getAttribute("aria-pressed"), "true");
    // What the adapter is on the way of is shown, the other card is not.
    assert.deepEqual(await page.locator(".node:not(.related) .name").allTextContents(), [
      "vmnic5",
      "vmrdma1",
      "vSwitch1",
      "vSwitch2",
      "iser-a",
      "iser-b",
      "vmk1",
      "vmk2",
      "vmhba65",
    ]);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("[aria-pressed=true]").count(), 0);
  });

  it("is used by keyboard alone", async () => {
    const page = await open(htmlOf([await topologyWith({})]));
    const focused = () =>
      page.evaluate("document.activeElement.querySelector('.name')?.textContent ?? document.activeElement.id");
    const stops: unknown[] = [];
    for (let stop = 0; stop < 5; stop += 1) {
      await page.keyboard.press("Tab");
      stops.push(await focused());
    }
    assert.deepEqual(stops, ["filter", "", "vmnic4", "details", stops[4]]);
    await page.locator(".node").first().focus();
    for (const [key, name] of [
      ["ArrowDown", "vmnic5"],
      ["ArrowRight", "vmrdma1"],
      ["ArrowUp", "vmrdma0"],
      ["ArrowRight", "vSwitch1"],
      ["ArrowLeft", "vmrdma0"],
    ] as const) {
      await page.keyboard.press(key);
      assert.equal(await focused(), name, key);
      assert.match(await textOf("#details"), new RegExp(name));
    }
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("[aria-pressed=true]").getAttribute("data-kind"), "rdmaDevice");
  });

  it("has a name for everything that is not text, and no rule of its own broken", async () => {
    const page = await open(htmlOf([...(await allSick()), unread]));
    assert.deepEqual(await seen(look.nameless), []);
    assert.equal(await page.locator("meta[http-equiv=Content-Security-Policy]").count(), 1);
    const label = await page.locator("#h2 .node", { hasText: "vmhba64" }).getAttribute("aria-label");
    assert.match(label ?? "", /^iSER adapter vmhba64, broken: no VMkernel adapter is bound to vmrdma0/);
    assert.match(await page.locator("#h2 .node", { hasText: "vmhba64" }).locator("title").innerHTML(), /broken/);
  });

  it("runs no script but its own", async () => {
    const strange = "<script>document.title = 'changed'</script></main>";
    const page = await open(htmlOf([hostileHost()]).replace("</main>", strange), {
      complains: /Content Security Policy/,
    });
    assert.equal(await page.title(), 'iSER topology of <b onclick="alert(1)">host</b>');
  });

  for (const scheme of ["light", "dark"] as const)
    it(`has colours that tell health apart and texts that can be read, ${scheme}`, async () => {
      await browser.page.emulateMedia({ colorScheme: scheme });
      const page = await open(htmlOf([...(await allSick()), unread]));
      assert.deepEqual(await seen(look.faint), []);
      const colours = await seen(look.colours);
      assert.deepEqual(Object.keys(colours).sort(), ["broken", "ok", "unknown", "warning"]);
      assert.equal(new Set(Object.values(colours).map(({ line }) => line)).size, 4);
      assert.equal(new Set(Object.values(colours).map(({ sign }) => sign)).size, 4);
      const [red = 0, green = 0] = (colours.broken?.line.match(/\d+/g) ?? []).map(Number);
      assert.ok(red > 1.5 * green, "what is broken is red");
      const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
      assert.equal(background, scheme === "dark" ? "rgb(13, 17, 23)" : "rgb(255, 255, 255)");
      await browser.page.emulateMedia({ colorScheme: "light" });
    });

  it("shows the SVG by itself in the same way", async () => {
    await open(svgOf([...(await allSick()), unread, hostileHost()]), { name: "topology.svg" });
    assert.deepEqual(await seen(look.textsOutside), []);
    assert.deepEqual(await seen(look.overlaps), []);
    assert.deepEqual(await seen(look.faint), []);
  });

  it("is drawn by Mermaid from the Mermaid text, names as they are", async () => {
    await open("<!doctype html><title>mermaid</title><main></main>", { name: "mermaid.html" });
    await browser.page.addScriptTag({ path: require.resolve("@mermaid-js/tiny/dist/mermaid.tiny.js") });
    const draw = async (hosts: readonly HostTopology[]) => {
      const complained = browser.complaints.length;
      const { texts, tags } = await browser.page.evaluate(look.drawMermaid, mermaidOf(hosts));
      assert.deepEqual(browser.complaints.slice(complained), []);
      assert.deepEqual(tags, []);
      return texts;
    };
    const texts = await draw([...(await allSick()), unread]);
    for (const text of ["✓ vmnic4link up", "✗ vmhba64unbound", "! vSwitch1MTU 1500", "? not read", "esx01.lab"])
      assert.ok(texts.includes(text), `${text}: ${texts.join("\n")}`);
    const hostile = new Set((await draw([hostileHost()])).map((text) => text.replace(/\s/g, "")));
    for (const { name } of hostileHost().nodes) {
      // Too long a name is cut, and Mermaid breaks the line at a backslash with an n, whatever it is written as.
      if (name.length > 60 || name.includes("\\n")) continue;
      const shown = printable(name);
      assert.ok(hostile.has(`✓ ${shown}${shown}`.replace(/\s/g, "")), `${shown}: ${[...hostile].join("\n")}`);
    }
  });
});
