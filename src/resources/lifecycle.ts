import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { IserError } from "../errors.js";
import { describe, type HostCommand } from "../esxcli/command.js";
import type { JsonRecord, Memory, Occasion, Undo } from "./definition.js";
import { hostName, hostPlace } from "./host.js";
import { type Contact, HostWork, type Look, type Reach } from "./hostWork.js";
import {
  type AnyDefinition,
  brokenRules,
  type CheckFailure,
  check,
  declaredIn,
  difference,
  fieldsOf,
  isUnknown,
  known,
  type Properties,
  pick,
} from "./inputs.js";
import { type HostPeers, newPeers, Run } from "./peers.js";
import type { Freshness } from "./readings.js";

export interface DiffResult {
  readonly changes: boolean;
  readonly replaces: string[];
  readonly deleteBeforeReplace: boolean;
}

/** What is deleted, what is known of it, and how it is looked at. */
interface Deletion {
  readonly id: string;
  readonly inputs: Properties;
  readonly before: JsonRecord;
  readonly peers: HostPeers;
  readonly have: unknown;
  readonly isShared: boolean;
  readonly look: Look<unknown>;
  readonly place: string;
}

/**
 * The life of every resource: check, diff, and then observe → plan → apply → observe for create and update alike.
 * What a host cannot show is remembered in state; what was there before is recorded in state, for delete.
 */
export class Lifecycle {
  private readonly peers = new Map<string, HostPeers>();
  private readonly work: HostWork;

  constructor(
    private readonly definition: AnyDefinition,
    reach: Reach,
    private readonly run: Run = new Run(),
  ) {
    this.work = new HostWork(definition, reach, run);
  }

  check(news: Properties): { inputs: Properties; failures: CheckFailure[] } {
    const { definition, run } = this;
    const parsed = check(definition, news);
    if (parsed.failures.length > 0 || isUnknown(parsed.inputs.host)) return parsed;
    const inputs = fieldsOf(definition, parsed.inputs);
    const place = hostPlace(parsed.inputs.host);
    const id = isUnknown(pick(inputs, definition.identity)) ? undefined : definition.id(inputs);
    if (id !== undefined) run.declare(place, definition.type, id, known(inputs));
    return { inputs: parsed.inputs, failures: brokenRules(definition, parsed.inputs, run.beside(place, id)) };
  }

  diff(olds: Properties, news: Properties): DiffResult {
    const { changed, replaces } = difference(this.definition, olds, news);
    this.declare(news, olds);
    const id = isUnknown(news) ? undefined : this.id(news);
    const isSame = !isUnknown(news.host) && id === this.id(olds);
    if (isSame && replaces.length > 0 && (olds.before as JsonRecord | undefined)?.existed === true)
      throw foundNotMade(this.definition.type, replaces).on(hostName(news.host) ?? "");
    if (isSame && replaces.length === 0 && typeof olds.instance === "string")
      this.peersAt(news).owners.set(id, olds.instance);
    // What replaces an object may be the same object on the host under another name, so the old one goes first.
    return {
      changes: changed.length > 0 || olds.unfinished === true,
      replaces: [...replaces],
      deleteBeforeReplace: replaces.length > 0,
    };
  }

  async create(news: Properties): Promise<{ id: string; outs: Properties }> {
    return { id: this.id(news), outs: await this.converge(news, undefined) };
  }

  async update(olds: Properties, news: Properties): Promise<{ outs: Properties }> {
    const { touchesHost, dropped } = difference(this.definition, olds, news);
    if (!touchesHost && !olds.unfinished) {
      const kept = pick(olds, [...this.definition.outputs, "declared", "instance"]);
      // What is no longer declared is somebody else's, and what it was before is of no matter.
      const recorded = recordOf(olds);
      const before = pick(
        recorded,
        Object.keys(recorded).filter((key) => !dropped.includes(key)),
      );
      return { outs: { ...kept, before, ...news } };
    }
    return { outs: await this.converge(news, olds) };
  }

  /** Found, absent, or an error: absent only when the host answered and does not have it. */
  async read(id: string, olds: Properties): Promise<{ id: string; props: Properties; inputs: Properties }> {
    const { definition } = this;
    const inputs = fieldsOf(definition, olds);
    this.declare(olds);
    const have = await this.work.persistently(olds, () =>
      this.work.look(olds, (ask) => definition.observe(ask, inputs, { aim: "refresh", before: recordOf(olds) })),
    );
    if (!definition.exists(have, inputs)) {
      // Whoever made it in this run has lost it: it may be made again.
      for (const one of this.idsOf(olds, have)) this.peersAt(olds).writers.delete(one);
      return { id: "", props: {}, inputs: {} };
    }
    const declared = { ...inputs, ...definition.current(have, inputs) };
    const was = olds as JsonRecord;
    const report = definition.report(have, declared, {
      rebootRequired: was.rebootRequired === true,
      wrote: false,
      was,
      now: this.work.now(),
    });
    const lost = definition.mayBeLost?.(was, report) ?? false;
    const seen = { ...olds, ...declared, ...report, ...(lost ? { unfinished: true } : {}) };
    return {
      id,
      props: this.onlyStatusChanged(olds, seen) ? olds : seen,
      inputs: { ...pick(olds, ["host"]), ...declared },
    };
  }

  async delete(id: string, olds: Properties): Promise<void> {
    const { definition } = this;
    if (definition.leavesNothing) return;
    const inputs = fieldsOf(definition, olds);
    const before = recordOf(olds);
    const look: Look<unknown> = (ask) => definition.observe(ask, inputs, { aim: "delete", before });
    const work = () =>
      this.work.write(olds, inputs, look, async (contact) => {
        const { ask, isShared } = this.work.begin(contact);
        const have = await look(ask);
        const peers = this.peersOf(olds, have);
        const ids = this.idsOf(olds, have);
        if (ids.some((one) => (peers.owners.get(one) ?? olds.instance) !== olds.instance)) {
          this.work.tell(contact, id, [
            "left to another resource of this program that is for the same, and stays when that is deleted. To rename a resource without this, give it an alias.",
          ]);
          return async () => undefined;
        }
        for (const one of ids) peers.writers.delete(one);
        peers.declared.delete(definition.id(inputs));
        peers.released.set(definition.id(inputs), before);
        return this.undo(contact, {
          id,
          inputs,
          before,
          peers,
          have,
          isShared: isShared(),
          look,
          place: hostPlace(olds.host),
        });
      });
    await this.work.persistently(olds, work).catch((error: unknown) => {
      throw error instanceof IserError ? ifGone(error) : error;
    });
  }

  /** Returns what is left to do when everything is written. */
  private async undo(
    contact: Contact,
    { id, inputs, before, peers, have, isShared, look, place }: Deletion,
  ): Promise<() => Promise<void>> {
    const { definition } = this;
    const isThere = (now: unknown) => (definition.mayExist ?? definition.exists)(now, inputs);
    const undoOf = (now: unknown): Undo =>
      isThere(now) ? definition.remove(now, inputs, before, peers) : { commands: [] };
    const lookAgain = () => this.work.observe(contact, look, "now");
    let undo = undoOf(have);
    // What others have read is not enough to say that something stays.
    if (isShared && (undo.wait || undo.notes?.length)) undo = undoOf(await lookAgain());
    for (const pause of this.work.pauses()) {
      if (!undo.wait) break;
      await this.work.sleep(pause);
      undo = undoOf(await lookAgain());
    }
    const due = undo.commands.filter((command) => !peers.awaitReboot.has(describe(command)));
    const rebootRequired = await this.work.apply(contact, due);
    if (rebootRequired) for (const command of due) peers.awaitReboot.add(describe(command));
    const seeGone = async () => {
      if (rebootRequired || due.length < undo.commands.length) {
        this.work.tell(contact, id, [
          "gone after the next reboot of the host, as ESXi says. Reboot it before it is declared again.",
        ]);
      } else if (undo.commands.length > 0) {
        const left = (now: unknown) =>
          isThere(now) ? definition.remove(now, inputs, before, peers, true).commands : [];
        await this.work.hold(contact, look, left);
      }
    };
    const attempts = undo.attempts ?? [];
    if (attempts.length > 0) await seeGone();
    const taken = await this.work.attempt(contact, id, attempts);
    return async () => {
      if (attempts.length === 0) await seeGone();
      if (taken.length > 0) {
        const now = await this.work.observe(contact, look, "recent");
        const left = isThere(now) ? (definition.remove(now, inputs, before, peers, true).attempts ?? []) : [];
        const shown = new Set(left.map(describe));
        const ignored = taken.map(describe).filter((line) => shown.has(line));
        this.work.tell(
          contact,
          id,
          ignored.map((line) => `not given back: the host took \`${line}\`, but does not show it.`),
        );
      }
      for (const [key, value] of Object.entries(undo.leaves ?? {})) this.run.left(place).set(key, value);
      this.work.tell(contact, id, undo.notes ?? []);
    };
  }

  /** A status that changes by itself is no drift, or every refresh would show some; it is taken over with the next change that is. */
  private onlyStatusChanged(olds: Properties, seen: Properties): boolean {
    const status = pick(olds, this.definition.status ?? []);
    return isDeepStrictEqual({ ...seen, ...status }, olds);
  }

  private id(inputs: Properties): string {
    return `${hostName(inputs.host)}/${this.definition.id(fieldsOf(this.definition, inputs))}`;
  }

  /** What the object may be called by: as it is declared, and otherwise. */
  private idsOf(properties: Properties, have: unknown): string[] {
    const { definition } = this;
    const inputs = fieldsOf(definition, properties);
    const all = [inputs, ...(definition.spellings?.(have, inputs) ?? [])] as Properties[];
    return [...new Set(all.map((one) => `${hostName(properties.host)}/${definition.id(one)}`))];
  }

  /** Brings the host to what is declared, and keeps in the error what was done when it fails halfway. */
  private async converge(news: Properties, olds: Properties | undefined): Promise<Properties> {
    const { definition } = this;
    const want = fieldsOf(definition, news);
    let recorded: JsonRecord | undefined;
    let written = false;
    let memory: Memory<Properties> = {
      last: olds === undefined || olds.unfinished ? undefined : fieldsOf(definition, olds),
      unfinished: olds?.unfinished === true,
    };
    const instance = (olds?.instance as string | undefined) ?? randomBytes(6).toString("base64url");
    const earlier = olds?.before as JsonRecord | undefined;
    const kept = (record = recorded) => ({
      ...declaredIn(definition, news),
      instance,
      before: record === undefined ? (earlier ?? {}) : over(record, earlier),
    });
    const lookFor = (aim: Occasion["aim"]): Look<unknown> => {
      const occasion = { aim, before: earlier ?? {} };
      return (ask) => definition.observe(ask, want, occasion);
    };
    const decide = (have: unknown): readonly HostCommand[] => {
      const peers = this.peersOf(news, have);
      const ids = this.idsOf(news, have);
      if (!definition.leavesNothing && ids.some((one) => (peers.writers.get(one) ?? instance) !== instance))
        throw declaredTwice(definition.type, ids);
      const record = recorded ?? definition.record(have, want, peers, earlier);
      peers.released.delete(definition.id(want));
      peers.declared.set(definition.id(want), kept(record).before);
      for (const one of ids) {
        peers.owners.set(one, instance);
        peers.writers.set(one, instance);
      }
      const commands = definition.plan(have, want, memory);
      recorded = record;
      return commands;
    };
    const plan = lookFor("plan");
    const attempt = (freshness?: Freshness) =>
      this.work.write(news, want, freshness === "now" ? undefined : plan, async (contact) => {
        const { have, decision: commands } = await this.work.decide(contact, plan, freshness, decide);
        const rebootRequired = await this.work.apply(contact, commands, () => {
          written = true;
          // What the last write left is no longer sure until all of them are through.
          memory = { last: undefined, unfinished: true };
        });
        const left = (now: unknown) => definition.plan(now, want, { last: want, unfinished: false });
        const wrote = commands.length > 0;
        const rests = (now: unknown) => definition.rests?.(now, want) ?? true;
        const see = lookFor("verify");
        const look = () =>
          wrote ? this.work.hold(contact, see, left, rests) : this.work.observe(contact, see, "recent");
        return async () => {
          const now = rebootRequired ? have : await look();
          if (wrote) this.work.tell(contact, this.id(news), definition.remarks?.(now, want) ?? []);
          if (olds === undefined && recorded?.existed === true) this.work.tell(contact, this.id(news), [adopted]);
          const was = (olds ?? {}) as JsonRecord;
          return {
            ...news,
            ...definition.report(now, want, { rebootRequired, wrote, was, now: this.work.now() }),
            ...kept(),
          };
        };
      });
    try {
      return await this.work.persistently(news, () => this.work.awaiting(attempt));
    } catch (error) {
      const { writers } = this.peersAt(news);
      for (const [one, writer] of writers) if (writer === instance) writers.delete(one);
      if (!written) throw error;
      const properties = { ...pick(olds ?? {}, definition.outputs), ...news, ...kept(), unfinished: true };
      throw halfDone(error, this.id(news), properties);
    }
  }

  private peersOf(properties: Properties, have: unknown): HostPeers {
    const peers = this.peersAt(properties);
    peers.first ??= have;
    return peers;
  }

  private peersAt(properties: Properties): HostPeers {
    const place = hostPlace(properties.host);
    const peers = this.peers.get(place) ?? newPeers(this.run.left(place));
    this.peers.set(place, peers);
    return peers;
  }

  private declare(properties: Properties, state: Properties = properties): void {
    const inputs = fieldsOf(this.definition, properties);
    if (!isUnknown(properties.host) && !isUnknown(inputs))
      this.peersAt(properties).declared.set(this.definition.id(inputs), recordOf(state));
  }
}

/** What was recorded of what was there before. */
function recordOf({ before = {} }: Properties): JsonRecord {
  return before as JsonRecord;
}

/** Also told after a run that was killed between a write and its note in state: nobody knows then whose the object is. */
const adopted = "was there before it was declared: it is adopted, and stays when it is destroyed.";

/** An error that makes Pulumi keep the resource, as failed to initialise: the next `up` goes on from there. */
function halfDone(error: unknown, id: string, properties: Properties): Error {
  const failure = error instanceof Error ? error : new Error(String(error));
  return Object.assign(failure, { id, properties, reasons: [failure.message] });
}

/** Of what both know, what was recorded first. */
function over(recorded: JsonRecord, earlier: JsonRecord = {}): JsonRecord {
  return Object.fromEntries(Object.entries(recorded).map(([key, value]) => [key, earlier[key] ?? value]));
}

function declaredTwice(type: string, [id = ""]: readonly string[]): IserError {
  return new IserError("DECLARED_TWICE", {
    problem: `two resources of this program are ${type} ${id}`,
    cure: "Declare it once.",
  });
}

function foundNotMade(type: string, fields: readonly string[]): IserError {
  return new IserError("FOUND_NOT_MADE", {
    problem: `${type}: ${fields.join(" and ")} changed, which needs the object to be removed and made anew. It was there before it was declared, so it is not removed`,
    cure: "Declare it as it is on the host, or remove it by hand and run pulumi refresh and pulumi up, or take another name.",
  });
}

/** A host that will never answer keeps its resources from being deleted. */
function ifGone(error: IserError): IserError {
  if (error.code !== "HOST_UNREACHABLE") return error;
  const gone =
    "If the host is gone for good, take its resources out of the state with `pulumi state delete --target-dependents` and their URNs.";
  return new IserError(error.code, { ...error.details, cure: `${error.details.cure} ${gone}` });
}
