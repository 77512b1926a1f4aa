import { z } from "zod";
import type { FaultOptions, SimulatedHost } from "../../simulator/index.js";
import { usage } from "../usage.js";
import { check, readJson } from "./input.js";

const kinds = [
  "fail",
  "hang",
  "hangAfter",
  "dropBefore",
  "dropAfter",
  "slow",
  "truncate",
  "garble",
  "reboot",
  "meanwhile",
] as const satisfies readonly FaultOptions["kind"][];

/** What a number is written as in `--fault`. */
const count = (least: number) =>
  z.preprocess(
    (value) => (typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value),
    z.int("must be a whole number").min(least, `must be at least ${least}`),
  );
const text = z.string("must be a text");

const fault = z
  .strictObject({
    kind: z.enum(kinds, `must be one of ${kinds.join(", ")}`),
    match: text.min(1, "must name a command: iscsi networkportal add"),
    host: text.optional(),
    after: count(0).optional(),
    times: z.union([z.literal("always"), count(1)], "must be a whole number from 1 on, or always").optional(),
    message: text.optional(),
    delayMs: count(1).optional(),
    run: text.optional(),
    reboot: z
      .strictObject({ loseAdapters: z.boolean().optional(), swapAdapters: z.tuple([text, text]).optional() })
      .optional(),
  })
  .check(({ value, issues }) => {
    for (const [field, only] of Object.entries(onlyOf)) {
      if (value[field as keyof typeof onlyOf] !== undefined && !only.includes(value.kind))
        issues.push({ code: "custom", path: [field], message: `goes with ${only.join(" and ")} only`, input: value });
    }
    if (value.kind === "meanwhile" && value.run === undefined)
      issues.push({ code: "custom", path: ["run"], message: "must be what is run meanwhile", input: value });
  });

/** Fields that not every kind has. */
const onlyOf: Readonly<Record<"message" | "delayMs" | "run" | "reboot", readonly (typeof kinds)[number][]>> = {
  message: ["fail", "garble"],
  delayMs: ["slow"],
  run: ["meanwhile"],
  reboot: ["reboot"],
};

/** A fault of a simulated host as it is written down. */
export type FaultSpec = z.infer<typeof fault>;

/** `fail:iscsi networkportal add,after=1,times=2,message=Busy`. */
export function parseFault(spec: string): FaultSpec {
  const [head = "", ...fields] = splitFields(spec);
  const colon = head.indexOf(":");
  if (colon < 0)
    throw usage(
      `--fault "${spec}" is no fault`,
      "Give its kind, a colon and the command: --fault 'fail:iscsi networkportal add,after=1'.",
    );
  const pairs = fields.map((field) => {
    const at = field.indexOf("=");
    return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 1)];
  });
  const value = { ...Object.fromEntries(pairs), kind: head.slice(0, colon), match: head.slice(colon + 1) };
  return check(value, fault, `--fault "${spec}"`, "a fault");
}

/** At commas; of an expression between slashes they are a part. */
function splitFields(spec: string): readonly string[] {
  const [, head = "", rest = ""] = /^([^:]*:\/.*\/|[^,]*)(.*)$/s.exec(spec) ?? [];
  return [head, ...rest.split(",").slice(1)];
}

export function readFaults(file: string): readonly FaultSpec[] {
  const value = readJson(file, z.unknown(), "a list of faults");
  return check(Array.isArray(value) ? value : [value], z.array(fault), file, "a list of faults");
}

/** An expression where it is written as one, `/iscsi .* add/`. */
function matchOf({ match }: FaultSpec): string | RegExp {
  const [, expression] = /^\/(.*)\/$/s.exec(match) ?? [];
  if (expression === undefined) return match;
  try {
    return new RegExp(expression);
  } catch {
    throw usage(`${match} is no regular expression`, "Give a command's path, or an expression between slashes.");
  }
}

/** Sees to it that each fault can come about on one of the hosts, which are none that anybody uses. */
export function checkFaults(
  faults: readonly FaultSpec[],
  hosts: readonly { readonly name: string; readonly host: SimulatedHost }[],
): void {
  for (const one of faults) {
    const meant = hosts.filter(({ name }) => one.host === undefined || one.host === name);
    if (meant.length === 0)
      throw usage(
        `a fault is for ${one.host}, and no host is called that`,
        `Name one of ${hosts.map(({ name }) => name).join(", ")}.`,
      );
    const match = matchOf(one);
    if (typeof match === "string" && !meant.some(({ host }) => knows(host, match)))
      throw usage(
        `a fault is for "${match}", and no host has such a command`,
        "Give its namespace and name, iscsi networkportal add, with --help for its help; another program by its name, grep; or an expression, /iscsi .* add/.",
      );
  }
}

function knows(host: SimulatedHost, match: string): boolean {
  const path = match.replace(/ --help$/, "");
  if (!path.includes(" ")) return host.program(path) !== undefined;
  const list = JSON.parse(host.execute("esxcli --debug --formatter=json esxcli command list").stdout) as {
    readonly Namespace: string;
    readonly Command: string;
  }[];
  return list.some(({ Namespace, Command }) => `${Namespace.replaceAll(".", " ")} ${Command}` === path);
}

/** Adds the faults that are meant for the host. */
export function addFaults(host: SimulatedHost, name: string, faults: readonly FaultSpec[]): void {
  for (const one of faults) {
    if (one.host !== undefined && one.host !== name) continue;
    const { kind, after, times, message, delayMs, run, reboot } = one;
    host.faults.add({
      match: matchOf(one),
      kind,
      ...given({ after, message, delayMs, reboot }),
      ...(times === undefined ? {} : { times: times === "always" ? Number.POSITIVE_INFINITY : times }),
      ...(run === undefined ? {} : { meanwhile: once(() => host.execute(run)) }),
    } as FaultOptions);
  }
}

/** What is run meanwhile may be what it comes before. */
function once(work: () => unknown): () => void {
  let isRunning = false;
  return () => {
    if (isRunning) return;
    isRunning = true;
    try {
      work();
    } finally {
      isRunning = false;
    }
  };
}

function given(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
