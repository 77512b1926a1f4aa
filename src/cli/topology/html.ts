import { createHash } from "node:crypto";
import type { Finding } from "../doctor/check.js";
import { folded } from "./fold.js";
import {
  findingsOf,
  type Health,
  type HostTopology,
  healths,
  isRead,
  kindNames,
  type Topology,
  type TopologyNode,
} from "./graph.js";
import { severityOf } from "./health.js";
import { pageCss, pageScript } from "./page.js";
import { healthWords, pictureOf, sign, summaryOf } from "./svg.js";
import { escapeXml, printable } from "./words.js";

const notRead = "not read";

/** One page for all hosts, which needs nothing but itself: no network, no other file. */
export function htmlOf(hosts: readonly HostTopology[]): string {
  const css = pageCss();
  const counts = ([...healths, notRead] as const).map(
    (health) => [health, hosts.filter((host) => stateOf(host) === health).length] as const,
  );
  const policy = `default-src 'none'; style-src 'sha256-${hash(css)}'; script-src 'sha256-${hash(pageScript)}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>iSER topology of ${hosts.length === 1 ? text(hosts[0]?.host ?? "") : `${hosts.length} hosts`}</title>
<style>${css}</style>
</head>
<body>
<header>
<h1>iSER topology</h1>
<div class="tools" role="search">
<label for="filter">Find</label>
<input id="filter" type="search" placeholder="host, vmhba, IQN, finding…  ( / )" autocomplete="off" spellcheck="false">
<div class="states" role="group" aria-label="Show hosts that are">
${counts
  .filter(([, count]) => count > 0)
  .map(
    ([state, count]) =>
      `<button type="button" class="state" data-state="${state}" aria-pressed="false">${icon(state)}${words(state)} <b>${count}</b></button>`,
  )
  .join("\n")}
</div>
<output id="count" for="filter" aria-live="polite">${counted(hosts.length, "host")}</output>
</div>
<nav aria-label="Hosts">${hosts.length > 1 ? hosts.map((host, at) => `<a href="#h${at}" data-host="${at}">${icon(stateOf(host))}${text(host.host)}</a>`).join("\n") : ""}</nav>
</header>
<main>
${hosts.map(section).join("\n")}
<p id="nothing" hidden>No host has that. Escape clears the search.</p>
</main>
<aside id="details" aria-label="Details" aria-live="polite" tabindex="0">
<div class="legend" id="legend">
<h2>Legend</h2>
<ul>${healths.map((health) => `<li>${icon(health)}${healthWords[health]}</li>`).join("")}<li><svg class="icon wide" viewBox="0 0 34 18" aria-hidden="true"><g class="node ok"><rect class="behind" x="4" y="4" width="26" height="13" rx="3"/><rect class="box" x="1" y="1" width="26" height="13" rx="3"/></g></svg>several that are alike and in order</li></ul>
<p>Point at a node, or go to it by Tab and the arrow keys, to see what is known of it. Enter or a click keeps it, Escape lets go.</p>
</div>
${hosts
  .map((host, at) =>
    isRead(host)
      ? folded(host)
          .nodes.map((node, index) => details(node, host, `h${at}d${index}`))
          .join("\n")
      : "",
  )
  .join("\n")}
</aside>
<script>${pageScript}</script>
</body>
</html>
`;
}

function stateOf(host: HostTopology): Health | typeof notRead {
  return isRead(host) ? host.health : notRead;
}

function words(state: Health | typeof notRead): string {
  return state === notRead ? notRead : healthWords[state];
}

function section(host: HostTopology, at: number): string {
  const state = stateOf(host);
  const open = `<section class="host" id="h${at}" data-state="${state}" data-text="${escapeXml(searchText(host))}" aria-labelledby="h${at}t">`;
  const title = `<h2 id="h${at}t">${icon(state)}<span class="host-name">${text(host.host)}</span> <small>${isRead(host) ? summaryOf(host) : notRead}</small></h2>`;
  if (!isRead(host)) return `${open}${title}<pre class="problem">${text(host.problem, true)}</pre></section>`;
  const picture = pictureOf(host, `h${at}`);
  const drawing =
    host.nodes.length === 0
      ? ""
      : `<div class="picture"><svg width="${picture.width}" height="${picture.height}" viewBox="0 0 ${picture.width} ${picture.height}" role="group" aria-label="${escapeXml(`Path of ${printable(host.host)}, from the card to the device`)}" data-host="${at}">${picture.content}</svg></div>`;
  return `${open}${title}${drawing}${findingList(findingsOf(host))}</section>`;
}

/** What is looked through for the words that are typed. */
function searchText(host: HostTopology): string {
  const all = isRead(host)
    ? [
        ...host.nodes.flatMap(({ name, note, details }) => [name, note, ...Object.values(details)]),
        ...findingsOf(host).flatMap(({ check, what }) => [check, what]),
      ]
    : [host.problem];
  return [host.host, words(stateOf(host)), ...all].map(printable).join(" ").toLowerCase();
}

function findingList(findings: readonly Finding[]): string {
  if (findings.length === 0) return "";
  const items = findings.map(
    (one) =>
      `<li class="finding">${icon(severityOf(one))}<div><code>${text(one.check)}</code> ${text(one.what)}<p>${text(one.fix)}</p></div></li>`,
  );
  return `<ul class="findings">${items.join("")}</ul>`;
}

function details(node: TopologyNode, { host }: Topology, id: string): string {
  const rows = Object.entries(node.details).map(
    ([name, value]) => `<div><dt>${text(name)}</dt><dd>${text(value)}</dd></div>`,
  );
  return `<div class="detail" id="${id}" hidden><h2>${icon(node.health)}<code>${text(node.name)}</code> <small>${kindNames[node.kind]} of ${text(host)}, ${healthWords[node.health]}</small></h2>${findingList(node.findings)}<dl>${rows.join("")}</dl></div>`;
}

function icon(state: Health | typeof notRead): string {
  return `<svg class="icon" viewBox="-9 -9 18 18" aria-hidden="true">${sign(state === notRead ? "unknown" : state)}</svg>`;
}

/** Of a host: as text. With `lines` as many lines as it has. */
function text(words: string, lines = false): string {
  return lines
    ? words
        .split("\n")
        .map((line) => escapeXml(line.trim() === "" ? "" : printable(line)))
        .join("\n")
    : escapeXml(printable(words));
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function hash(content: string): string {
  return createHash("sha256").update(content).digest("base64");
}
