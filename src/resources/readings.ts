import { describe, type HostCommand } from "../esxcli/command.js";
import { mayChange } from "../esxcli/effects.js";
import { interpret } from "../esxcli/run.js";
import type { Outcome, Session } from "../transport/session.js";
import type { Ask } from "./definition.js";

/** An answer of the host, and whether it still holds as far as this process knows. */
interface Reading {
  readonly session: Session;
  readonly question: HostCommand;
  readonly answer: Promise<unknown>;
  /** When it was asked for, in milliseconds. */
  readonly at: number;
  /** No write since then, or during it, could have changed the answer. */
  holds: boolean;
}

/** Whether an answer that others have asked for will do: any of this run, one that is a few seconds old at most, or none. */
export type Freshness = "run" | "recent" | "now";

/** How old an answer may be, in milliseconds, that a write is decided on: what other people have done meanwhile is not seen. */
const recent = 15_000;

/** One observation: what is asked, and whether any of it was read before. */
export interface Observation {
  readonly ask: Ask;
  /** It uses an answer that others had asked for. */
  isShared(): boolean;
}

/**
 * What the resources of this process have read of one host. Each question is asked once for all of them, until a write of this process may have
 * changed the answer or the answer is too old.
 *
 * An answer belongs to its connection: after a reboot nothing is known. What other people write is seen when an answer has become too old.
 */
export class Readings {
  private readonly latest = new Map<string, Reading>();
  private readonly writing = new Set<HostCommand>();

  constructor(private readonly now: () => number) {}

  /** Begins an observation, within which the same question has the same answer. */
  observe(session: Session, freshness: Freshness): Observation {
    const once = new Map<string, Promise<unknown>>();
    let shared = false;
    const ask = <T>(question: HostCommand<T>): Promise<T> => {
      const key = describe(question);
      const known = once.get(key);
      if (known !== undefined) return known as Promise<T>;
      const found = this.usable(key, session, question, freshness);
      shared ||= found !== undefined;
      const { answer } = found ?? this.read(key, session, question);
      once.set(key, answer);
      return answer as Promise<T>;
    };
    return { ask, isShared: () => shared };
  }

  /**
   * Runs a write. What it may change is not known from its start to its end, and is read anew after. After one that failed nothing is known: the
   * host was not as it was taken to be.
   */
  async write(session: Session, command: HostCommand): Promise<Outcome> {
    this.writing.add(command);
    this.doubt((question) => mayChange(command, question));
    let failed = true;
    try {
      const outcome = await session.execute(command);
      failed = outcome.status !== 0;
      return outcome;
    } finally {
      this.writing.delete(command);
      this.doubt((question) => failed || mayChange(command, question));
    }
  }

  /** Takes nothing for known any more but what cannot change while a connection lasts. */
  forget(): void {
    this.doubt(() => true);
  }

  private usable(key: string, session: Session, question: HostCommand, freshness: Freshness): Reading | undefined {
    const found = this.latest.get(key);
    if (found === undefined || found.session !== session) return undefined;
    if (question.stable) return found;
    if (freshness === "now" || !found.holds) return undefined;
    return (freshness === "run" && !question.fleeting) || this.now() - found.at <= recent ? found : undefined;
  }

  private read(key: string, session: Session, question: HostCommand): Reading {
    const answer = session.execute(question).then((outcome) => interpret(question, outcome, session.host));
    const holds = ![...this.writing].some((write) => mayChange(write, question));
    const reading = { session, question, answer, at: this.now(), holds };
    this.latest.set(key, reading);
    answer.catch(() => {
      if (this.latest.get(key) === reading) this.latest.delete(key);
    });
    return reading;
  }

  private doubt(concerns: (question: HostCommand) => boolean): void {
    for (const reading of this.latest.values()) if (concerns(reading.question)) reading.holds = false;
  }
}
