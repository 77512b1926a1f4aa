import { readPreview } from "../../src/cli/review/preview.js";
import { type Report, reportOn } from "../../src/cli/review/report.js";

/** Steps of a preview as `pulumi preview --json` has them, and what a review makes of them. */
export type Fields = Readonly<Record<string, unknown>>;

export const urn = (type: string, name: string) => `urn:pulumi:dev::lab::${type}::${name}`;
export const ours = (type: string, name: string) => urn(`pulumi-nodejs:dynamic/esxi-iser:${type}`, name);
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const made = (type: string, name: string, inputs: Fields, more: Fields = {}) => ({
  op: "create",
  urn: ours(type, name),
  newState: { type, inputs: { host: "esx01.lab", ...inputs }, ...more },
});
export const changed = (type: string, name: string, old: Fields, news: Fields, state: Fields = {}) => ({
  op: "update",
  urn: ours(type, name),
  oldState: { id: name, inputs: { host: "esx01.lab", ...old }, outputs: { host: "esx01.lab", ...old, ...state } },
  newState: { inputs: { host: "esx01.lab", ...news } },
});
export const gone = (type: string, name: string, inputs: Fields, before: Fields = {}, more: Fields = {}) => ({
  op: "delete",
  urn: ours(type, name),
  oldState: {
    id: `esx01.lab/${name}`,
    inputs: { host: "esx01.lab", ...inputs },
    outputs: { host: "esx01.lab", ...inputs, before },
    ...more,
  },
});

export const digest = (steps: readonly unknown[], more: Fields = {}) =>
  JSON.stringify({ config: {}, steps, duration: 1, changeSummary: {}, ...more });

export const reported = (...steps: readonly unknown[]): Promise<Report> => reportOn(readPreview(digest(steps)));
export const itemsOf = ({ hosts }: Report) => hosts.flatMap(({ items }) => items);
export const commandsOf = (report: Report) =>
  itemsOf(report).flatMap(({ commands }) => commands.map(({ command }) => command));
export const concernsOf = (report: Report) =>
  itemsOf(report).flatMap(({ flags }) => flags.map(({ concern }) => concern));

export const alias = (host: unknown, name: string, text: string) =>
  made("AdapterProperties", name, { host, adapter: "vmrdma0", alias: text });

export const chap = { adapter: "vmrdma0", level: "required", name: "esx01", secret: "[secret]", secretVia: "prompt" };
