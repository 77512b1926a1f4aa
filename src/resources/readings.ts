import { describe, type HostCommand } from "../esxcli/command.js";
import { mayChange } from "../esxcli/effects.js";
import { interpret } from "../esxcli/run.js";
import type { Outcome, Session } from "../transport/session.js";
import type { Ask } from "./definition.js";

/** An answer of the host. */
interface Reading {
  readonly session: Session;
  readonly outcome: Promise<Outcome>;
  /** What was made of it, by how. */
  readonly decoded: Map<HostCommand["decode"], Promise<unknown>>;
  /** When it was asked for, in milliseconds. */
  readonly at: number;
  /** The writes that were begun or ended since then. */
  readonly since: Set<HostCommand>;
  /** After a failure all was doubted. */
  doubted: boolean;
}

/** Whether an answer that others have asked for will do: any of this run, one that is a few seconds old at most, or none. */
export type Freshness = "run" | "recent" | "now";

/** How old an answer may be, in milliseconds, that a write is decided on: what other people have done meanwhile is not seen. */
const recent = 15_000;

/** For so long, in milliseconds, what an observation has asked counts as just seen to the next one of the same work: a few round trips and starts of esxcli. */
export const moment = 3000;

/** One observation: what is asked, and whether any of it was read before. */
export interface Observation {
  readonly ask: Ask;
  /** It uses an answer that others had asked for, or that is older than a moment, and that may have changed since. */
  isShared(): boolean;
  /** What it has asked itself. */
  readonly own: ReadonlySet<Reading>;
}

/**
 * What the resources of this process have read of one host. Each question is asked once for all of them, until a write of this process may have
 * changed the answer or the answer is too old. While such a write is under way the question waits: nobody would know which answer it got.
 *
 * An answer belongs to its connection: after a reboot nothing is known. What other people write is seen when an answer has become too old.
 */
export class Readings {
  private readonly latest = new Map<string, Reading>();
  /** The writes that are under way, and when each is over. */
  private readonly writing = new Map<HostCommand, Promise<void>>();

  constructor(private readonly now: () => number) {}

  /** Begins an observation, within which the same question has the same answer. `earlier`: one of the same work. */
  observe(session: Session, freshness: Freshness, earlier?: Observation): Observation {
    const once = new Map<string, Promise<unknown>>();
    const own = new Set<Reading>();
    const isOwn = (reading: Reading) => earlier?.own.has(reading) && this.now() - reading.at <= moment;
    let shared = false;
    const answer = <T>(question: HostCommand<T>, key: string): Promise<T> => {
      const found = this.usable(key, session, question, freshness);
      shared ||= found !== undefined && !question.stable && !own.has(found) && !isOwn(found);
      const reading = found ?? this.read(key, session, question);
      if (found === undefined) own.add(reading);
      return (reading.decoded.get(question.decode) ?? this.decode(key, reading, question)) as Promise<T>;
    };
    const ask = <T>(question: HostCommand<T>): Promise<T> => {
      const key = describe(question);
      const known = once.get(`${key} ${question.part}`);
      if (known !== undefined) return known as Promise<T>;
      const inTheWay = question.stable
        ? []
        : [...this.writing].filter(([write]) => mayChange(write, question)).map(([, isOver]) => isOver);
      const answered =
        inTheWay.length === 0 ? answer(question, key) : Promise.all(inTheWay).then(() => answer(question, key));
      once.set(`${key} ${question.part}`, answered);
      return answered;
    };
    return { ask, isShared: () => shared, own };
  }

  /**
   * Runs a write. What it may change is not known from its start to its end, and is read anew after. After one that failed nothing is known: the
   * host was not as it was taken to be.
   */
  async write(session: Session, command: HostCommand): Promise<Outcome> {
    let over = () => {};
    this.writing.set(command, new Promise((resolve) => (over = resolve)));
    this.note(command);
    let failed = true;
    try {
      const outcome = await session.execute(command);
      failed = outcome.status !== 0;
      return outcome;
    } finally {
      this.writing.delete(command);
      this.note(command);
      if (failed) this.forget();
      over();
    }
  }

  /** Takes nothing for known any more but what cannot change while a connection lasts. */
  forget(): void {
    for (const reading of this.latest.values()) reading.doubted = true;
  }

  private usable(key: string, session: Session, question: HostCommand, freshness: Freshness): Reading | undefined {
    const found = this.latest.get(key);
    if (found === undefined || found.session !== session) return undefined;
    if (question.stable) return found;
    if (freshness === "now" || found.doubted || [...found.since].some((write) => mayChange(write, question)))
      return undefined;
    return (freshness === "run" && !question.fleeting) || this.now() - found.at <= recent ? found : undefined;
  }

  private read(key: string, session: Session, question: HostCommand): Reading {
    const outcome = session.execute(question);
    const since = new Set(this.writing.keys());
    const reading = { session, outcome, decoded: new Map(), at: this.now(), since, doubted: false };
    this.latest.set(key, reading);
    return reading;
  }

  /** An answer that is a failure, or is not understood, is not kept. */
  private decode<T>(key: string, reading: Reading, question: HostCommand<T>): Promise<T> {
    const decoded = reading.outcome.then((outcome) => interpret(question, outcome, reading.session.host));
    reading.decoded.set(question.decode, decoded);
    decoded.catch(() => {
      if (this.latest.get(key) === reading) this.latest.delete(key);
    });
    return decoded;
  }

  private note(write: HostCommand): void {
    for (const { since } of this.latest.values()) since.add(write);
  }
}
