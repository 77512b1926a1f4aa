import { dark, light, monoFonts, pictureCss, sansFonts } from "./palette.js";

/** How the page looks. */
export function pageCss(): string {
  const colours = ({ canvas, panel, text, muted, rule, focus, health }: typeof light) =>
    `--canvas:${canvas};--panel:${panel};--text:${text};--muted:${muted};--rule:${rule};--focus:${focus};--broken:${health.broken.line};--warning:${health.warning.line}`;
  return `
:root{color-scheme:light dark;${colours(light)}}
@media (prefers-color-scheme:dark){:root{${colours(dark)}}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;background:var(--canvas);color:var(--text);font:14px/1.5 ${sansFonts};min-height:100vh;display:flex;flex-direction:column}
h1{font-size:18px;margin:0}
h2{font-size:16px;margin:0;display:flex;align-items:center;gap:8px;flex-wrap:wrap;overflow-wrap:anywhere}
small{font-size:12px;font-weight:400;color:var(--muted)}
code,pre,dd{font-family:${monoFonts};font-size:12.5px}
header{padding:14px 24px 10px;border-bottom:1px solid var(--rule);background:var(--panel)}
.tools{display:flex;flex-wrap:wrap;gap:10px;align-items:center;margin-top:8px}
.tools label{color:var(--muted)}
#filter{font:inherit;color:inherit;background:var(--canvas);border:1px solid var(--muted);border-radius:6px;padding:5px 10px;width:min(340px,100%)}
.states{display:flex;flex-wrap:wrap;gap:6px}
.state{font:inherit;font-size:13px;color:inherit;background:var(--canvas);border:1px solid var(--rule);border-radius:16px;padding:3px 11px 3px 7px;display:inline-flex;align-items:center;gap:6px;cursor:pointer}
.state[aria-pressed=true]{border-color:var(--focus);box-shadow:inset 0 0 0 1px var(--focus)}
#count{color:var(--muted);font-size:13px}
nav{display:flex;flex-wrap:wrap;gap:4px 14px;margin-top:10px;max-height:92px;overflow:auto}
nav:empty{display:none}
nav a{color:inherit;text-decoration:none;display:inline-flex;align-items:center;gap:5px;font-size:13px;border-radius:4px}
nav a:hover{text-decoration:underline}
main{padding:6px 24px 24px;flex:1}
.host{padding:16px 0 18px;border-bottom:1px solid var(--rule);scroll-margin-top:8px}
.host:last-of-type{border-bottom:0}
.icon{width:18px;height:18px;flex:none}
.icon.wide{width:34px}
.picture{overflow-x:auto;margin:4px -8px 0;padding:0 0 4px}
.picture svg{display:block;height:auto;max-width:max(100%,1100px)}
.problem{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--panel);border-left:3px solid var(--broken);padding:10px 14px;margin:10px 0 0;border-radius:4px}
.findings{list-style:none;margin:8px 0 0;padding:0;display:grid;gap:6px}
.findings li{display:flex;gap:8px;align-items:flex-start;overflow-wrap:anywhere}
.findings .icon{margin-top:1px}
.findings p{margin:0;color:var(--muted);font-size:13px}
.findings code{font-weight:600}
.node{cursor:pointer;outline:none}
.node:focus-visible>.box,.node[aria-pressed=true]>.box{stroke:var(--focus);stroke-width:3;stroke-dasharray:none}
svg.tracing .node:not(.related),svg.tracing .edge:not(.related){opacity:.28}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.node:focus-visible{outline:none}
#details{position:sticky;bottom:0;height:172px;overflow:auto;background:var(--panel);border-top:1px solid var(--rule);padding:12px 24px;box-shadow:0 -4px 16px rgb(0 0 0/.08)}
#details dl{display:flex;flex-wrap:wrap;gap:8px 28px;margin:8px 0 0}
#details dt{color:var(--muted);font-size:12px}
#details dd{margin:0;overflow-wrap:anywhere}
.legend ul{list-style:none;display:flex;flex-wrap:wrap;gap:6px 22px;padding:0;margin:8px 0}
.legend li{display:flex;gap:6px;align-items:center}
.legend p{margin:0;color:var(--muted);font-size:13px}
@media (prefers-reduced-motion:no-preference){.node,.edge{transition:opacity .12s}}
@media (max-height:500px){#details{height:110px}}
@media print{#details,.tools,nav{display:none}}
${pictureCss()}`;
}

/** What the page does. Texts of hosts are only ever shown as they stand in the document; nothing is made of them here. */
export const pageScript = `
"use strict";
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);
const filter = byId("filter"), details = byId("details"), legend = byId("legend");
const sections = all("section.host"), links = all("nav a"), buttons = all("button.state");
let shown = legend, kept = null;

// The hosts that have all the words and one of the states that are chosen.
function sift() {
  const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const states = buttons.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.state);
  let count = 0;
  sections.forEach((section, at) => {
    const fits = words.every((word) => section.dataset.text.includes(word)) && (states.length === 0 || states.includes(section.dataset.state));
    section.hidden = !fits;
    if (links[at]) links[at].hidden = !fits;
    if (fits) count += 1;
  });
  const hosts = sections.length === 1 ? " host" : " hosts";
  byId("count").textContent = count === sections.length ? count + hosts : count + " of " + sections.length + hosts;
  byId("nothing").hidden = count > 0;
  if (kept && kept.closest("section").hidden) keep(kept);
}
filter.addEventListener("input", sift);
for (const button of buttons) button.addEventListener("click", () => {
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  sift();
});

// The node's details, and the paths that it is on.
function show(node) {
  const svg = node && node.ownerSVGElement;
  const next = node ? byId("h" + svg.dataset.host + "d" + node.dataset.node) : legend;
  if (next === shown) return;
  shown.hidden = true;
  next.hidden = false;
  shown = next;
  details.scrollTop = 0;
  for (const one of all("svg.tracing")) one.classList.remove("tracing");
  for (const one of all(".related")) one.classList.remove("related");
  if (!node) return;
  const edges = all(".edge", svg);
  const reach = (from, to) => {
    const seen = new Set([node.dataset.node]);
    for (const id of seen) for (const edge of edges) if (edge.dataset[from] === id) {
      edge.classList.add("related");
      seen.add(edge.dataset[to]);
    }
    return seen;
  };
  const related = new Set([...reach("from", "to"), ...reach("to", "from")]);
  for (const one of all(".node", svg)) if (related.has(one.dataset.node)) one.classList.add("related");
  svg.classList.add("tracing");
}
function keep(node) {
  if (kept) kept.setAttribute("aria-pressed", "false");
  kept = kept === node ? null : node;
  if (kept) kept.setAttribute("aria-pressed", "true");
  show(kept);
}

// One stop for Tab in each picture; the arrow keys go from node to node: to the nearest in that direction.
function go(node, x, y) {
  const at = (one) => one.querySelector(".box").getBoundingClientRect();
  const own = at(node);
  let best = null, least = Infinity;
  for (const other of all(".node", node.ownerSVGElement)) {
    const box = at(other);
    const dx = box.left + box.width / 2 - own.left - own.width / 2, dy = box.top + box.height / 2 - own.top - own.height / 2;
    const along = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
    const isThere = x ? along > own.width / 2 : along > own.height / 2 && aside < own.width / 2;
    if (isThere && along + 2 * aside < least) { least = along + 2 * aside; best = other; }
  }
  if (best) focusOn(best);
}
function focusOn(node) {
  for (const one of all(".node", node.ownerSVGElement)) one.setAttribute("tabindex", "-1");
  node.setAttribute("tabindex", "0");
  node.focus();
}
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
for (const node of all("svg .node[role=button]")) {
  node.addEventListener("mouseenter", () => show(node));
  node.addEventListener("mouseleave", () => show(kept));
  node.addEventListener("focus", () => show(node));
  node.addEventListener("blur", () => show(kept));
  node.addEventListener("click", () => { focusOn(node); keep(node); });
  node.addEventListener("keydown", (event) => {
    const arrow = arrows[event.key];
    if (arrow) go(node, arrow[0], arrow[1]);
    else if (event.key === "Enter" || event.key === " ") keep(node);
    else return;
    event.preventDefault();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== filter) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === "Escape") {
    if (kept) keep(kept);
    else if (filter.value !== "" || buttons.some((one) => one.getAttribute("aria-pressed") === "true")) {
      filter.value = "";
      for (const button of buttons) button.setAttribute("aria-pressed", "false");
      sift();
    }
  }
});
sift();
`;
