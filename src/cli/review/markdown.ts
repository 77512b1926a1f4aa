import { visible } from "../../errors.js";
import type { Concern } from "./consequences.js";
import type { Change, HostReport, Item, Report } from "./report.js";

/** A longer value of a property is cut. */
const longestValue = 200;

/** The report as a comment on a pull request. Whatever a program or a host has named stands in code, where Markdown and HTML mean nothing. */
export function markdown(report: Report): string {
  const { hosts, failures, otherFailures, strange } = report;
  const trouble = [
    ...failures.map(({ name, message }) => `- The preview failed at ${code(name)}: ${code(message.trim())}`),
    ...(otherFailures === 0
      ? []
      : [
          `- The preview failed with ${count(otherFailures, "error")} elsewhere: what the command printed beside this says why.`,
        ]),
    ...strange.map((one) => `- This version of esxi-iser does not know ${code(one)}.`),
  ];
  const parts = [
    `## iSER: ${summary(report)}`,
    trouble.length === 0 ? "" : ["**Not all of it can be told**", "", ...trouble].join("\n"),
    ...hosts.map((host) => hostPart(host, hosts.length > 1)),
    hosts.length === 0 ? "" : assumptions(report),
    beside(report),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function summary({ hosts, failures, otherFailures }: Report): string {
  const failed = failures.length + otherFailures > 0 ? ", and the preview failed" : "";
  if (hosts.length === 0) return `no changes${failed}`;
  const items = hosts.flatMap((host) => host.items);
  const number = (action: Item["action"]) => items.filter((item) => item.action === action).length;
  const said = [
    [number("create"), "to create"],
    [number("update"), "to update"],
    [number("create to replace"), "to replace"],
    [number("delete"), "to delete"],
  ] as const;
  const changes = said.filter(([many]) => many > 0).map(([many, what]) => `${many} ${what}`);
  return `${changes.join(", ")} on ${count(hosts.length, "host")}${failed}`;
}

function hostPart({ host, items }: HostReport, areMany: boolean): string {
  const lines = commandLines(items);
  const block = lines.length === 0 ? "No command is run." : fenced(lines, "sh");
  const many = count(items.flatMap(({ commands }) => commands).length, "command");
  return [
    `### ${code(host)}`,
    attention(items),
    items.map(itemLine).join("\n"),
    areMany && lines.length > 0
      ? `<details><summary>${many}, in this order</summary>\n\n${block}\n\n</details>`
      : lines.length === 0
        ? block
        : `${many}, in this order:\n\n${block}`,
    ...items.flatMap(variantPart),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

const titles: Readonly<Record<Concern, string>> = {
  "another host": "Moves to another host",
  reboot: "Needs a reboot",
  sessions: "Drops or concerns sessions",
  "not undone": "Cannot be undone",
  refused: "Would be refused",
  "not known": "Cannot be told",
  unfinished: "Was interrupted",
  "secret on the command line": "Shows a secret on the host",
};

function attention(items: readonly Item[]): string {
  const parts = (Object.keys(titles) as Concern[]).flatMap((concern) => {
    const said = new Map<string, string[]>();
    for (const item of items)
      for (const flag of item.flags)
        if (flag.concern === concern) said.set(flag.what, [...(said.get(flag.what) ?? []), called(item)]);
    return [...said].map(([what, who]) => `> - **${titles[concern]}**: ${[...new Set(who)].join(", ")}: ${text(what)}`);
  });
  return parts.length === 0 ? "" : ["> [!WARNING]", ...parts].join("\n");
}

function itemLine(item: Item): string {
  const { action, changes, because, notes } = item;
  const verb = action === "create to replace" ? "replace" : action;
  const head = `- **${verb}** ${called(item)}${because === undefined ? "" : `, because ${text(because)}`}`;
  const values = changes.map(changeText).join("; ");
  return [`${head}${values === "" ? "" : `: ${values}`}`, ...notes.map((note) => `  - ${text(note)}`)].join("\n");
}

function called({ type, name }: Pick<Item, "type" | "name">): string {
  return `${type} ${code(name)}`;
}

function changeText(change: Change): string {
  const { property } = change;
  const [old, now] = [shown(change.old), shown(change.new)];
  if (!("old" in change) && !("new" in change)) return property;
  if (!("old" in change)) return `${property} ${now}`;
  return "new" in change ? `${property} ${old} → ${now}` : `${property} ${old} → not managed any more`;
}

function shown(value: unknown): string {
  const said = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return code(said.length > longestValue ? `${said.slice(0, longestValue)}…` : said);
}

function commandLines(items: readonly Item[]): string[] {
  return items.flatMap(({ action, type, name, commands }) =>
    commands.length === 0
      ? []
      : [
          `# ${oneLine(`${type} ${name}: ${action}`)}`,
          ...commands.map(
            ({ command, notes }) => `${oneLine(command)}${notes === undefined ? "" : `  # ${notes.join("; ")}`}`,
          ),
        ],
  );
}

function variantPart(item: Item): string[] {
  return item.variants.map(({ without, commands, refusal }) => {
    const head = `On a build without \`${without}\`, ${called(item)}`;
    const instead =
      commands.length === 0 ? "runs nothing." : `runs this instead:\n\n${fenced(commands.map(oneLine), "sh")}`;
    return refusal === undefined ? `${head} ${instead}` : `${head} would be refused: ${text(refusal)}`;
  });
}

function assumptions({ unlisted }: Report): string {
  const lines = [
    "No host was asked. What is to be made is taken not to be there, and what is to be set is taken to be otherwise. What is there already is adopted: commands and options that are not needed are left out, and what is otherwise than declared is changed, with `force` also what others have.",
    "What does not depend on each other goes side by side, or in another order.",
    "`<adapter of vmrdma0>` is the `vmhba#` that the host gives, `<uplink of vmrdma0>` the NIC that is paired with the device, and `<as it is>` what the host has.",
    ...(unlisted === 0
      ? []
      : [
          `${count(unlisted, "resource")} that stay as they are were not in the preview: with \`--show-sames\` they are taken into account.`,
        ]),
  ];
  return `<sub>${lines.join(" ")}</sub>`;
}

function beside({ others }: Report): string {
  return others === 0 ? "" : `${count(others, "change")} of resources of other providers: not looked at.`;
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? "" : "s"}`;
}

/** One line of text without what moves a cursor, colours, or turns the direction of writing. */
function oneLine(said: string): string {
  return visible(said.replace(/\r?\n|\r/g, "\\n"));
}

/** In code nothing is Markdown but the backtick, and of these there are fewer in the text than around it. */
function code(said: string): string {
  const line = oneLine(said);
  if (line === "") return '`""`';
  const fence = "`".repeat(longestRun(line) + 1);
  const pad = /^[` ]|[` ]$/.test(line) ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

function fenced(lines: readonly string[], language: string): string {
  const fence = "`".repeat(Math.max(3, ...lines.map((line) => longestRun(line) + 1)));
  return [`${fence}${language}`, ...lines, fence].join("\n");
}

function longestRun(line: string): number {
  return Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
}

/** Sentences of this package, in which names of the program may be: what Markdown, HTML or GitHub would make something of is taken literally. */
function text(said: string): string {
  return oneLine(said)
    .split(/((?<!`)`[^`]+`(?!`))/)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/[\\*_[\]<>#|~@&`!]/g, escaped)))
    .join("");
}

function escaped(character: string): string {
  // A backslash does not keep GitHub from finding somebody's name after an @.
  return character === "@" ? "&#64;" : `\\${character}`;
}
