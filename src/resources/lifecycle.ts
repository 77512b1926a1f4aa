import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { IserError } from "../errors.js";
import { describe, type HostCommand } from "../esxcli/command.js";
import type { Said } from "../esxcli/output.js";
import { interpret } from "../esxcli/run.js";
import type { Session } from "../transport/session.js";
import type { Ask, Beside, JsonRecord, Memory } from "./definition.js";
import type { Host } from "./host.js";
import { hostName, hostPlace } from "./host.js";
import {
  type AnyDefinition,
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

/** How the lifecycle reaches a host and a user. The real one stands in reach.ts; tests bring their own clock. */
export interface Reach {
  /** Works on one open connection. When it is lost the work fails and is not repeated here. */
  use<T>(host: Host, work: (session: Session) => Promise<T>): Promise<T>;
  /** Works after all earlier work of the same lanes on the host. */
  inTurn<T>(host: Host, lanes: readonly string[], work: () => Promise<T>): Promise<T>;
  sleep(milliseconds: number): Promise<void>;
  /** Tells the user something that is no error. */
  notice(text: string): void;
}

/** A connection that is lost is opened again this often; each time the host is observed anew before anything is written. */
const attempts = 3;
const defaultSettleSeconds = 10;

/** What is remembered of the resources of one type on one host for as long as this process lives. */
interface HostPeers {
  first: unknown;
  readonly declared: Map<string, JsonRecord>;
  readonly released: Map<string, JsonRecord>;
  /** By id, the create of this process that has the object now. */
  readonly owners: Map<string, string>;
  /** Commands that take effect at the next reboot, so that another resource does not run them again. */
  readonly awaitReboot: Set<string>;
}

/** What cannot change while a connection lasts, for all resources of the process. */
const stable = new WeakMap<Session, Map<string, Promise<unknown>>>();

/** What the program declares, by host, type and id, as far as Pulumi has come: for rules over several resources. One for all lifecycles of a process. */
export class Declarations {
  private readonly all = new Map<string, Map<string, Properties>>();

  add(place: string, type: string, id: string, inputs: Properties): void {
    const key = `${place} ${type}`;
    this.all.set(key, (this.all.get(key) ?? new Map<string, Properties>()).set(id, inputs));
  }

  /** All of a type on a host but the one with the id. */
  beside(place: string, id: string | undefined): Beside {
    return (type) =>
      [...(this.all.get(`${place} ${type}`) ?? [])].filter(([other]) => other !== id).map(([, inputs]) => inputs);
  }
}

export interface DiffResult {
  readonly changes: boolean;
  readonly replaces: string[];
  readonly deleteBeforeReplace: boolean;
}

/**
 * The life of every resource: check, diff, and then observe → plan → apply → observe for create and update alike.
 * What a host cannot show is remembered in state; what was there before is recorded in state, for delete.
 */
export class Lifecycle {
  private readonly peers = new Map<string, HostPeers>();

  constructor(
    private readonly definition: AnyDefinition,
    private readonly reach: Reach,
    private readonly declarations: Declarations = new Declarations(),
  ) {}

  check(news: Properties): { inputs: Properties; failures: CheckFailure[] } {
    const { definition, declarations } = this;
    const parsed = check(definition, news);
    if (parsed.failures.length > 0 || isUnknown(parsed.inputs.host)) return parsed;
    const inputs = fieldsOf(definition, parsed.inputs);
    const place = hostPlace(parsed.inputs.host);
    const id = isUnknown(pick(inputs, definition.identity)) ? undefined : definition.id(inputs);
    if (id !== undefined) declarations.add(place, definition.type, id, known(inputs));
    return check(definition, news, declarations.beside(place, id));
  }

  diff(olds: Properties, news: Properties): DiffResult {
    const { changed, replaces } = difference(this.definition, olds, news);
    this.declare(news, olds);
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
    const { touchesHost } = difference(this.definition, olds, news);
    if (!touchesHost && !olds.unfinished) {
      const kept = pick(olds, [...this.definition.outputs, "before", "declared", "instance"]);
      return { outs: { ...kept, ...news } };
    }
    return { outs: await this.converge(news, olds) };
  }

  /** Found, absent, or an error: absent only when the host answered and does not have it. */
  async read(id: string, olds: Properties): Promise<{ id: string; props: Properties; inputs: Properties }> {
    const { definition } = this;
    const inputs = fieldsOf(definition, olds);
    this.declare(olds);
    const have = await this.persistently(olds, () =>
      this.reach.use(hostOf(olds), (session) => definition.observe(this.ask(session), inputs)),
    );
    if (!definition.exists(have, inputs)) return { id: "", props: {}, inputs: {} };
    const declared = { ...inputs, ...definition.current(have, inputs) };
    const was = olds as JsonRecord;
    const report = definition.report(have, declared, {
      rebootRequired: was.rebootRequired === true,
      wrote: false,
      was,
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
    const inputs = fieldsOf(definition, olds);
    const before = (olds.before ?? {}) as JsonRecord;
    await this.persistently(olds, () =>
      this.write(olds, inputs, async (session) => {
        const observe = () => definition.observe(this.ask(session), inputs);
        const have = await observe();
        const peers = this.peersOf(olds, have);
        const owner = peers.owners.get(id);
        if (owner !== undefined && owner !== olds.instance) {
          this.reach.notice(
            `${session.host}: ${definition.type} ${id}: left to the resource of another name that has just been made for it, and stays when that is deleted. To rename a resource without this, give it an alias.`,
          );
          return;
        }
        peers.declared.delete(definition.id(inputs));
        peers.released.set(definition.id(inputs), before);
        const isThere = (now: unknown) => (definition.mayExist ?? definition.exists)(now, inputs);
        if (!isThere(have)) return;
        const left = (now: unknown) =>
          isThere(now) ? definition.remove(now, inputs, before, peers, true).commands : [];
        const { commands, notes = [] } = definition.remove(have, inputs, before, peers);
        const due = commands.filter((command) => !peers.awaitReboot.has(describe(command)));
        const rebootRequired = await this.apply(session, due);
        if (rebootRequired) for (const command of due) peers.awaitReboot.add(describe(command));
        if (rebootRequired || due.length < commands.length) {
          this.reach.notice(
            `${session.host}: ${definition.type} ${id}: gone after the next reboot of the host, as ESXi says. Reboot it before it is declared again.`,
          );
        } else if (commands.length > 0) {
          await this.settle(session, observe, left);
        }
        this.tell(session, id, notes);
      }),
    );
  }

  /** A status that changes by itself is no drift, or every refresh would show some; it is taken over with the next change that is. */
  private onlyStatusChanged(olds: Properties, seen: Properties): boolean {
    const status = pick(olds, this.definition.status ?? []);
    return isDeepStrictEqual({ ...seen, ...status }, olds);
  }

  private tell(session: Session, id: string, sentences: readonly string[]): void {
    for (const sentence of sentences) this.reach.notice(`${session.host}: ${this.definition.type} ${id}: ${sentence}`);
  }

  private write<T>(properties: Properties, inputs: Properties, work: (session: Session) => Promise<T>): Promise<T> {
    const host = hostOf(properties);
    return this.reach.use(host, async (session) => {
      const lanes = await this.definition.lanes(this.ask(session), inputs);
      return this.reach.inTurn(host, lanes, () => work(session));
    });
  }

  private id(inputs: Properties): string {
    return `${hostName(inputs.host)}/${this.definition.id(fieldsOf(this.definition, inputs))}`;
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
    const instance = (olds?.instance as string | undefined) ?? randomUUID();
    const kept = () => ({
      ...declaredIn(definition, news),
      instance,
      before: { ...recorded, ...(olds?.before as JsonRecord | undefined) },
    });
    const attempt = () =>
      this.write(news, want, async (session) => {
        const observe = () => definition.observe(this.ask(session), want);
        const have = await observe();
        const peers = this.peersOf(news, have);
        recorded ??= definition.record(have, want, peers, olds?.before as JsonRecord | undefined);
        peers.released.delete(definition.id(want));
        peers.declared.set(definition.id(want), kept().before);
        peers.owners.set(this.id(news), instance);
        const commands = definition.plan(have, want, memory);
        const rebootRequired = await this.apply(session, commands, () => {
          written = true;
          // What the last write left is no longer sure until all of them are through.
          memory = { last: undefined, unfinished: true };
        });
        const left = (now: unknown) => definition.plan(now, want, { last: want, unfinished: false });
        const wrote = commands.length > 0;
        const rests = (now: unknown) => definition.rests?.(now, want) ?? true;
        const now = !wrote || rebootRequired ? have : await this.settle(session, observe, left, rests);
        if (wrote) this.tell(session, this.id(news), definition.remarks?.(now, want) ?? []);
        const was = (olds ?? {}) as JsonRecord;
        return { ...news, ...definition.report(now, want, { rebootRequired, wrote, was }), ...kept() };
      });
    try {
      return await this.persistently(news, () => this.awaiting(attempt));
    } catch (error) {
      if (!written) throw error;
      const properties = { ...pick(olds ?? {}, definition.outputs), ...news, ...kept(), unfinished: true };
      throw halfDone(error, this.id(news), properties);
    }
  }

  /** Repeats work that failed for something that may only not have appeared yet, for a bounded time and outside the lanes. */
  private async awaiting<T>(work: () => Promise<T>): Promise<T> {
    const awaited: readonly string[] = this.definition.awaits ?? [];
    for (const pause of pauses(this.deadline)) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof IserError) || !awaited.includes(error.code)) throw error;
        await this.reach.sleep(pause);
      }
    }
    return work();
  }

  private get deadline(): number {
    return (this.definition.settleSeconds ?? defaultSettleSeconds) * 1000;
  }

  private async apply(session: Session, commands: readonly HostCommand[], onWrite?: () => void): Promise<boolean> {
    let rebootRequired = false;
    for (const command of commands) {
      onWrite?.();
      const said = interpret(command, await session.execute(command), session.host) as Said;
      rebootRequired ||= said.rebootRequired;
    }
    return rebootRequired;
  }

  /** Observes until nothing is left to do. A refusal of the plan counts as not yet: the host may show half of a change for a while. */
  private async settle<H>(
    session: Session,
    observe: () => Promise<H>,
    left: (have: H) => readonly HostCommand[],
    rests: (have: H) => boolean = () => true,
  ): Promise<H> {
    let have = await observe();
    let remaining = remainder(() => left(have));
    const isDone = () => Array.isArray(remaining) && remaining.length === 0;
    for (const pause of pauses(this.deadline)) {
      if (isDone() && rests(have)) return have;
      await this.reach.sleep(pause);
      have = await observe();
      remaining = remainder(() => left(have));
    }
    if (isDone()) return have;
    if (remaining instanceof IserError) throw remaining.on(session.host);
    throw new IserError("NOT_CONVERGED", {
      host: session.host,
      problem: `the commands succeeded, but after ${this.deadline / 1000} s the host does not show the change`,
      said: `still to do: ${(remaining as readonly HostCommand[]).map(describe).join("; ")}`,
      cure: "Look at the host and its VMkernel log, then run pulumi up again: it goes on from what the host shows.",
    });
  }

  /** Repeats work whose connection was lost. The work begins with an observation, so nothing is written twice unseen. */
  private async persistently<T>(properties: Properties, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof IserError)) throw error;
        if (error.code !== "CONNECTION_LOST" || attempt === attempts) throw error.on(hostName(properties.host) ?? "");
      }
    }
  }

  private peersOf(properties: Properties, have: unknown): HostPeers {
    const peers = this.peersAt(properties);
    peers.first ??= have;
    return peers;
  }

  private peersAt(properties: Properties): HostPeers {
    const place = hostPlace(properties.host);
    const peers = this.peers.get(place) ?? newPeers();
    this.peers.set(place, peers);
    return peers;
  }

  private declare(properties: Properties, state: Properties = properties): void {
    const inputs = fieldsOf(this.definition, properties);
    if (!isUnknown(properties.host) && !isUnknown(inputs))
      this.peersAt(properties).declared.set(this.definition.id(inputs), (state.before ?? {}) as JsonRecord);
  }

  /** One observation: each question is asked once, and what cannot change while the connection lasts, once a connection. */
  private ask(session: Session): Ask {
    const once = new Map<string, Promise<unknown>>();
    const always = stable.get(session) ?? new Map<string, Promise<unknown>>();
    stable.set(session, always);
    return <T>(command: HostCommand<T>): Promise<T> => {
      const answers = command.stable ? always : once;
      const key = describe(command);
      const asked =
        answers.get(key) ?? session.execute(command).then((answer) => interpret(command, answer, session.host));
      answers.set(key, asked);
      asked.catch(() => answers.delete(key));
      return asked as Promise<T>;
    };
  }
}

function newPeers(): HostPeers {
  return { first: undefined, declared: new Map(), released: new Map(), owners: new Map(), awaitReboot: new Set() };
}

/** Growing pauses, in milliseconds, that come to the deadline together. */
function* pauses(deadline: number): Generator<number> {
  for (
    let waited = 0, pause = 250;
    waited < deadline;
    waited += pause, pause = Math.min(pause * 2, 4000, deadline - waited)
  )
    yield pause;
}

function remainder(left: () => readonly HostCommand[]): readonly HostCommand[] | IserError {
  try {
    return left();
  } catch (error) {
    if (error instanceof IserError) return error;
    throw error;
  }
}

function hostOf(properties: Properties): Host {
  if (properties.host === undefined || isUnknown(properties.host)) {
    throw new IserError("INPUT_INVALID", {
      problem: "the host is not known",
      cure: "Give `host` a host name, or an object with the field host.",
    });
  }
  return properties.host as Host;
}

/** An error that makes Pulumi keep the resource, as failed to initialise: the next `up` goes on from there. */
function halfDone(error: unknown, id: string, properties: Properties): Error {
  const failure = error instanceof Error ? error : new Error(String(error));
  return Object.assign(failure, { id, properties, reasons: [failure.message] });
}
