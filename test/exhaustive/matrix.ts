import assert from "node:assert/strict";
import { IserError } from "../../src/errors.js";
import { type AnyDefinition, type Properties, pick } from "../../src/resources/inputs.js";
import type { FaultOptions } from "../../src/simulator/index.js";
import type { Subject } from "../integration/resources/subjects/subject.js";
import { changed, flatten } from "../support/flatten.js";
import { type Declared, Lab } from "../support/lab.js";
import type { Transport } from "../support/served.js";

/** What the engine asks for, with what comes before it. */
export interface Operation {
  readonly kind: "create" | "update" | "read" | "delete";
  /** The inputs that the host has at the end; undefined when it has none. */
  readonly inputs: object | undefined;
  /** What the host then shows. */
  readonly shows?: RegExp;
  readonly prepare: (declared: Declared) => Promise<unknown>;
  readonly act: (declared: Declared) => Promise<unknown>;
}

/** All operations of a subject: an update for each attribute that is one. */
export function operationsOf({ inputs, shows, attributes }: Subject): readonly Operation[] {
  const made = (declared: Declared) => declared.up(inputs);
  return [
    { kind: "create", inputs, shows, prepare: async () => undefined, act: made },
    ...attributes
      .filter(({ is }) => is === "update")
      .map(({ change, shows: shown }): Operation => {
        const other = { ...inputs, ...change };
        return { kind: "update", inputs: other, shows: shown, prepare: made, act: (declared) => declared.up(other) };
      }),
    { kind: "read", inputs, shows, prepare: made, act: (declared) => declared.refresh() },
    { kind: "delete", inputs: undefined, prepare: made, act: (declared) => declared.destroy() },
  ];
}

/** One run of a command during an operation: `iscsi adapter list`, the second one. */
export interface Run {
  readonly command: string;
  readonly earlier: number;
  readonly effect: "read" | "write";
}

/** Something that befalls the host while a command runs. */
export interface Fault {
  readonly name: string;
  readonly options: Omit<FaultOptions, "match" | "after" | "meanwhile">;
  /** What somebody else does in the moment before; undefined where there is nothing of the kind to be done to the subject. */
  readonly meanwhile?: (subject: Subject) => string | undefined;
  /** Whether it is something of its own there. Left out: it is everywhere. */
  readonly befalls?: (subject: Subject, run: Run) => boolean;
  /** What of it stays on the host, and is no fault of ours. */
  readonly stays?: (lab: Lab) => void;
  /** Commands get no answer: they are not waited for as long as usual. */
  readonly silent?: true;
  /** The host says no, or has something else by then: a delete that may be refused gives up, and tells so. */
  readonly refuses?: true;
}

const both = ["vmhba64", "vmhba65"] as const;
const hasAdapters = (subject: Subject) =>
  [...subject.needs, ...subject.neighbours].some((line) => line.includes("rdma iser add"));
/** What only reads has no effect to come before or after. */
const writes = (_subject: Subject, { effect }: Run) => effect === "write";
/** A write prints nothing that could be cut. */
const reads = (_subject: Subject, { effect }: Run) => effect === "read";
/** Where a write prints nothing, too, there is something not to be understood. */
const half = '<?xml version="1.0" encoding="utf-8"?><output>';
const swap = { swapAdapters: both };

export const faults: readonly Fault[] = [
  { name: "connection dropped before the effect", options: { kind: "dropBefore" } },
  { name: "connection dropped after the effect", options: { kind: "dropAfter" }, befalls: writes },
  { name: "command hangs", options: { kind: "hang" }, silent: true },
  { name: "command hangs after the effect", options: { kind: "hangAfter" }, befalls: writes, silent: true },
  { name: "command fails", options: { kind: "fail", message: "Simulated failure." }, refuses: true },
  { name: "output cut in the middle", options: { kind: "truncate" }, befalls: reads },
  { name: "output not understood", options: { kind: "garble", message: half } },
  { name: "host reboots", options: { kind: "reboot" }, stays: (lab) => lab.host.reboot() },
  {
    name: "host reboots, adapters renumbered",
    options: { kind: "reboot", reboot: swap },
    befalls: hasAdapters,
    stays: (lab) => lab.host.reboot(swap),
  },
  {
    name: "somebody else changes it",
    options: { kind: "meanwhile" },
    meanwhile: ({ drift }) => drift?.by,
    refuses: true,
  },
  { name: "somebody else removes it", options: { kind: "meanwhile" }, meanwhile: ({ disappears }) => disappears },
];

/** Whether a fault can happen to a subject at a command. */
export function canBefall({ befalls, meanwhile }: Fault, subject: Subject, run: Run): boolean {
  return (befalls?.(subject, run) ?? true) && (meanwhile === undefined || meanwhile(subject) !== undefined);
}

/** Says how things are and is no setting: it comes from elsewhere, or with the next login. */
const status = /\.lastError$/;
/** What a session was logged in with is of the time of the login, and a reboot is one. */
const sessions = /\.sessions\b/;

/** What an attempt of a delete tells that failed. */
const notGivenBack = /: not given back: /;

/** What the resource has in state beside its inputs, but for what is of the moment. */
function lasting({ outputs, status = [] }: AnyDefinition, state: Properties | undefined, ...of: string[]): Properties {
  const passing = [...status, "writtenAt", "uptimeWhenWritten", ...of];
  return pick(
    state ?? {},
    outputs.filter((output) => !passing.includes(output)),
  );
}

/** What of a dump is in none of the others. */
function strange(found: string, allowed: readonly string[], ignored: RegExp): unknown[] {
  const [first = "", ...others] = allowed;
  const lines = others.map(flatten);
  return [...changed(first, found)].filter(
    ([path, [, is]]) => !ignored.test(path) && !lines.some((dump) => dump.get(path) === is),
  );
}

/** A subject, and how its host is reached. */
export interface Reached extends Subject {
  readonly transport: Transport;
}

async function onHost<T>(subject: Reached, work: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await Lab.start({ model: "8.0" }, subject.transport);
  try {
    for (const line of [...subject.needs, ...subject.neighbours]) lab.hand(line);
    return await work(lab);
  } finally {
    await lab.close();
  }
}

/** What an operation does where nothing goes wrong: the commands that it runs. */
export function runsOf(subject: Reached, operation: Operation): Promise<readonly Run[]> {
  return onHost(subject, async (lab) => {
    const declared = lab.lifecycle(subject.definition);
    await operation.prepare(declared);
    const start = lab.host.journal.length;
    await operation.act(declared);
    const ran = lab.host.journal.slice(start).map(({ line, path, effect }) => {
      return { command: nameOf(line, path), effect };
    });
    return ran.map((one, at) => ({
      ...one,
      earlier: ran.slice(0, at).filter(({ command }) => command === one.command).length,
    }));
  });
}

/** What faults know a command by. */
function nameOf(line: string, path: string | undefined): string {
  if (path !== undefined) return line.endsWith(" --help") ? `${path} --help` : path;
  // The feature test of the vSphere API names a namespace.
  return line.startsWith("FetchCLIInfo ") ? line.replaceAll(".", " ") : (line.split(" ")[0] ?? "");
}

interface Expected {
  /** What the host may have when it is as declared. */
  readonly made: readonly string[];
  /** … and once that is destroyed. */
  readonly gone: readonly string[];
  /** What a look at it shows then. Anything, where that has something in it that is not declared any more, which somebody else may take away. */
  readonly shows: RegExp;
  /** What is in state then. */
  readonly state: Properties | undefined;
}

/**
 * What the host has where nothing goes wrong. What stays of a fault is on it then, too, and what somebody else does may be: what is not declared and
 * what cannot be read stays theirs, and so does what they did before anything was observed, or after all was written.
 */
async function untroubled(subject: Reached, operation: Operation, { stays, meanwhile }: Fault): Promise<Expected> {
  const by = meanwhile?.(subject);
  let state: Properties | undefined;
  const through = (work: (lab: Lab, declared: Declared) => Promise<string[]>) =>
    onHost(subject, async (lab) => {
      const declared = lab.lifecycle(subject.definition);
      await operation.prepare(declared);
      await operation.act(declared);
      state ??= declared.state;
      stays?.(lab);
      return work(lab, declared);
    });
  const [made = "", gone = "", theirs = ""] = await through(async (lab, declared) => {
    const there = lab.host.dump();
    await declared.destroy();
    const bare = lab.host.dump();
    lab.somebody(by ?? "");
    return [there, bare, lab.host.dump()];
  });
  const { inputs, shows = /^/ } = operation;
  if (by === undefined) return { made: [made], gone: [gone], shows, state };
  if (inputs === undefined) return { made: [made, theirs], gone: [gone], shows, state };
  const [healed = "", look = "", after = ""] = await through(async (lab, declared) => {
    lab.somebody(by);
    await declared.refresh();
    await declared.up(inputs);
    const there = [lab.host.dump(), lab.hand(subject.look)];
    await declared.destroy();
    return [...there, lab.host.dump()];
  });
  return { made: [made, healed], gone: [gone, theirs, after], shows: shows.test(look) ? shows : /^/, state };
}

const known = new Map<string, Promise<Expected>>();

function expectedOf(subject: Reached, operation: Operation, fault: Fault): Promise<Expected> {
  const own = fault.stays || fault.meanwhile ? fault.name : "";
  const key = [subject.transport, subject.definition.type, subject.of, JSON.stringify(operation), own].join(" ");
  const made = known.get(key) ?? untroubled(subject, operation, fault);
  known.set(key, made);
  return made;
}

export type Outcome =
  /** The operation came through all the same. */
  | "came through"
  /** It came through, and a message of it says what stays. */
  | "told what stays"
  /** It failed, and the next run came through. */
  | "healed by the next run";

/** The commands of ours that change something. */
function ownWrites(lab: Lab): number {
  return lab.own().filter(({ effect }) => effect === "write").length;
}

/** Writes of ours that came a second time with no look at the host between. */
function repeatedUnseen(lab: Lab): readonly string[] {
  const own = lab.own();
  return own.flatMap(({ line, effect }, at) => (effect === "write" && own[at - 1]?.line === line ? [line] : []));
}

/** Seconds for a command where one will not answer. On a machine that is slower than that the fault does not come, and more is given. */
const patience = [2, 8, 32];

export async function suffer(subject: Reached, operation: Operation, run: Run, fault: Fault): Promise<Outcome> {
  for (const seconds of patience) {
    const outcome = await sufferOnce(subject, operation, run, fault, seconds);
    if (outcome !== "it did not come") return outcome;
  }
  throw new Error("the fault did not come");
}

/** Lets a fault befall one command of an operation, and then the same is asked for again, by a process that knows only the state. */
async function sufferOnce(
  subject: Reached,
  operation: Operation,
  run: Run,
  fault: Fault,
  seconds: number,
): Promise<Outcome | "it did not come"> {
  const expected = await expectedOf(subject, operation, fault);
  const ignored = fault.stays ? new RegExp(`${status.source}|${sessions.source}`) : status;
  const theirs = fault.meanwhile?.(subject);
  return onHost(subject, async (lab) => {
    const declared = lab.lifecycle(subject.definition);
    await operation.prepare(declared);
    const before = { state: declared.state, writes: ownWrites(lab), dump: lab.host.dump() };
    lab.host.faults.add({
      ...fault.options,
      match: run.command,
      after: run.earlier,
      meanwhile: () => void lab.somebody(theirs ?? ""),
    });
    if (fault.silent) lab.pool.commandTimeout = seconds;
    const failed = await operation.act(declared).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (lab.host.faults.left > 0) {
      assert.match(String(failed), /COMMAND_TIMEOUT/);
      return "it did not come";
    }
    if (failed !== undefined) {
      assert.ok(failed instanceof IserError, String(failed));
      assert.match(failed.message, /^127\.0\.0\.1: /);
      assert.doesNotMatch(failed.message, /simulated-secret/);
      const isTold = declared.state !== before.state || operation.kind === "delete";
      if (!isTold) assert.equal(ownWrites(lab), before.writes, `written, and not in state: ${failed.message}`);
    }

    const later = lab.anotherProcess();
    try {
      const again = Object.assign(later.lifecycle(subject.definition), { id: declared.id, state: declared.state });
      // What is done when all has been looked at for the last time is found by a refresh, as every drift is.
      if (theirs !== undefined && again.state !== undefined) await again.refresh();
      if (operation.inputs === undefined) await again.destroy();
      else await again.up(operation.inputs);
      assert.deepEqual(repeatedUnseen(lab), [], "is repeated without a look");
      const isGivenUp = operation.kind === "delete" && lab.notices.some((notice) => notGivenBack.test(notice));
      if (isGivenUp) assert.ok(fault.refuses, lab.notices.join());
      const allowed = isGivenUp ? [...expected.made, before.dump] : expected.made;
      assert.deepEqual(strange(lab.host.dump(), allowed, ignored), [], "is not as declared");
      if (isGivenUp) return "told what stays";
      if (operation.inputs !== undefined) {
        // After a reboot the administrator's command may name another adapter.
        if (fault.stays === undefined) assert.match(lab.hand(subject.look), expected.shows);
        // The log only confirms: what could not be read of it then may be read now.
        const hint = ["grep", "tail"].includes(run.command) ? ["confirmed"] : [];
        if (fault.stays === undefined && theirs === undefined) {
          const has = lasting(subject.definition, again.state, ...hint);
          assert.deepEqual(has, lasting(subject.definition, expected.state, ...hint), "the state is another one");
        }
        const drift = await again.refresh();
        assert.ok(drift !== "gone", "is gone");
        assert.deepEqual(
          drift.filter((property) => !hint.includes(property)),
          [],
          "the state is not what the host has",
        );
        assert.equal(await again.up(operation.inputs), "same");
        await again.destroy();
        assert.deepEqual(strange(lab.host.dump(), expected.gone, ignored), [], "something is left");
      }
    } finally {
      await later.close();
    }
    return failed === undefined ? "came through" : "healed by the next run";
  });
}
