import { type ErrorCode, IserError } from "../errors.js";
import { describe, type HostCommand } from "../esxcli/command.js";
import type { Said } from "../esxcli/output.js";
import { explained, interpret } from "../esxcli/run.js";
import type { Session } from "../transport/session.js";
import type { Ask } from "./definition.js";
import { type Host, hostName, hostPlace } from "./host.js";
import { type AnyDefinition, isUnknown, type Properties } from "./inputs.js";
import type { Run } from "./peers.js";
import { type Freshness, moment, type Observation, type Readings } from "./readings.js";

/** How the lifecycle reaches a host and a user. The real one stands in reach.ts; tests bring their own clock. */
export interface Reach {
  /** Works on one open connection. When it is lost the work fails and is not repeated here. */
  use<T>(host: Host, work: (session: Session) => Promise<T>): Promise<T>;
  /** Works after all earlier work of the same lanes on the host. */
  inTurn<T>(host: Host, lanes: readonly string[], work: () => Promise<T>): Promise<T>;
  sleep(milliseconds: number): Promise<void>;
  now(): Date;
  /** Tells the user something that is no error. */
  notice(text: string): void;
}

/** An open connection to a host, and what the resources of this process have read of it. */
export interface Contact {
  readonly session: Session;
  readonly readings: Readings;
  /** What was looked at before it was this work's turn. */
  readonly ahead?: Observation;
}

/** Looks at the host by questions. */
export type Look<H> = (ask: Ask) => Promise<H>;

/** A connection that is lost is opened again this often; each time the host is observed anew before anything is written. */
const attempts = 3;
const defaultSettleSeconds = 10;

/** Failures of a command that are no refusal: the host did not say what became of it. */
const unanswered: ReadonlySet<ErrorCode> = new Set(["CONNECTION_LOST", "COMMAND_TIMEOUT", "OUTPUT_TOO_LARGE"]);

/** How the lifecycle of a resource works with hosts: in turn, again when a connection was lost, and until the host shows what was written. */
export class HostWork {
  constructor(
    private readonly definition: AnyDefinition,
    private readonly reach: Reach,
    private readonly run: Run,
  ) {}

  /** Repeats work whose connection was lost. The work begins with an observation, so nothing is written twice unseen. */
  async persistently<T>(properties: Properties, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof IserError)) throw error;
        if (error.code !== "CONNECTION_LOST" || attempt === attempts) throw error.on(hostName(properties.host) ?? "");
      }
    }
  }

  /**
   * Writes go in turn within the lanes of the resource. The work says how it ends when it has written. Of a resource that settles aside that goes
   * beside what is next in turn, and so does what the work begins with, `ahead`: what the others may change is asked again in turn.
   */
  write<T>(
    properties: Properties,
    inputs: Properties,
    ahead: Look<unknown> | undefined,
    work: (contact: Contact) => Promise<() => Promise<T>>,
  ): Promise<T> {
    const { definition } = this;
    return this.contact(properties, async (contact) => {
      const early = this.begin(contact);
      // What fails here fails again in turn, and is told then.
      if (definition.settlesAside) ahead?.(early.ask).catch(() => undefined);
      const lanes = await definition.lanes(early.ask, inputs);
      const inTurn = async () => {
        const end = await work({ ...contact, ahead: early });
        if (definition.settlesAside) return end;
        const result = await end();
        return async () => result;
      };
      return (await this.reach.inTurn(hostOf(properties), lanes, inTurn))();
    });
  }

  /** Reads go side by side, and what one has read in this run is read for all. */
  look<H>(properties: Properties, look: Look<H>): Promise<H> {
    return this.contact(properties, (contact) => this.observe(contact, look, "run"));
  }

  /** What is decided on what others have read lately. A refusal is not: for that the host is looked at anew. */
  async decide<H, T>(contact: Contact, look: Look<H>, freshness: Freshness | undefined, decide: (have: H) => T) {
    const { ask, isShared } = this.begin(contact, freshness);
    const have = await look(ask);
    try {
      return { have, decision: decide(have) };
    } catch (error) {
      if (!isShared() || !(error instanceof IserError)) throw error;
      const now = await this.observe(contact, look, "now");
      return { have: now, decision: decide(now) };
    }
  }

  observe<H>(contact: Contact, look: Look<H>, freshness: Freshness): Promise<H> {
    return look(this.begin(contact, freshness).ask);
  }

  /** Begins one. A value that others write, too, is read for each change: the time to the write is what `hold` counts on. */
  begin(contact: Contact, freshness: Freshness = this.definition.shared ? "now" : "recent"): Observation {
    const { session, readings, ahead } = contact;
    return readings.observe(session, freshness, ahead);
  }

  private contact<T>(properties: Properties, work: (contact: Contact) => Promise<T>): Promise<T> {
    const host = hostOf(properties);
    const readings = this.run.readings(hostPlace(host), () => this.reach.now());
    return this.reach.use(host, (session) => work({ session, readings }));
  }

  async apply(
    { session, readings }: Contact,
    commands: readonly HostCommand[],
    onWrite?: () => void,
  ): Promise<boolean> {
    let rebootRequired = false;
    for (const command of commands) {
      onWrite?.();
      const answer = await readings.write(session, command).catch((error: unknown) => {
        throw explained(command, error);
      });
      const said = interpret(command, answer, session.host) as Said;
      rebootRequired ||= said.rebootRequired;
    }
    return rebootRequired;
  }

  /** Runs commands that the host may refuse, tells what it refused, and returns the others: whether they had an effect is still to be seen. */
  async attempt(contact: Contact, id: string, commands: readonly HostCommand[]): Promise<readonly HostCommand[]> {
    const taken: HostCommand[] = [];
    for (const command of commands) {
      try {
        await this.apply(contact, [command]);
        taken.push(command);
      } catch (error) {
        if (!(error instanceof IserError) || unanswered.has(error.code)) throw error;
        if (error.code === "OUTPUT_NOT_UNDERSTOOD") taken.push(command);
        else this.tell(contact, id, [`not given back: ${error.message}`]);
      }
    }
    return taken;
  }

  /** Observes until nothing is left to do. A refusal of the plan counts as not yet: the host may show half of a change for a while. */
  private async settle<H>(
    contact: Contact,
    look: Look<H>,
    left: (have: H) => readonly HostCommand[],
    rests: (have: H) => boolean = () => true,
  ): Promise<H> {
    // What the write cannot have changed is known. When the host takes its time, all is looked at.
    let have = await this.observe(contact, look, "recent");
    let remaining = remainder(() => left(have));
    const isDone = () => Array.isArray(remaining) && remaining.length === 0;
    for (const pause of this.pauses()) {
      if (isDone() && rests(have)) return have;
      await this.reach.sleep(pause);
      have = await this.observe(contact, look, "now");
      remaining = remainder(() => left(have));
    }
    if (isDone()) return have;
    if (remaining instanceof IserError) throw remaining.on(contact.session.host);
    throw new IserError("NOT_CONVERGED", {
      host: contact.session.host,
      problem: `the commands succeeded, but after ${this.deadline / 1000} s the host does not show the change`,
      said: `still to do: ${(remaining as readonly HostCommand[]).map(describe).join("; ")}`,
      cure: "Look at the host and its VMkernel log, then run pulumi up again: it goes on from what the host shows.",
    });
  }

  /**
   * Settles, and where others write the same value looks again when one who has read it before our write must have written. What is undone by
   * then is written again, with theirs in it.
   */
  async hold<H>(
    contact: Contact,
    look: Look<H>,
    left: (have: H) => readonly HostCommand[],
    rests?: (have: H) => boolean,
  ): Promise<H> {
    let have = await this.settle(contact, look, left, rests);
    if (!this.definition.shared) return have;
    for (let isAgain = false; ; isAgain = true) {
      await this.reach.sleep(moment);
      have = await this.observe(contact, look, "now");
      const undone = left(have);
      if (undone.length === 0) return have;
      // Not a third time: a card may take a value back by itself, and each write may reset its link.
      if (isAgain) throw undoneTwice(contact.session.host);
      await this.apply(contact, undone);
      have = await this.settle(contact, look, left, rests);
    }
  }

  /** Repeats work that failed for something that may only not have appeared yet, for a bounded time and outside the lanes. */
  async awaiting<T>(work: (freshness?: Freshness) => Promise<T>): Promise<T> {
    const awaited: readonly string[] = this.definition.awaits ?? [];
    let freshness: Freshness | undefined;
    for (const pause of this.pauses()) {
      try {
        return await work(freshness);
      } catch (error) {
        if (!(error instanceof IserError) || !awaited.includes(error.code)) throw error;
        await this.reach.sleep(pause);
        freshness = "now";
      }
    }
    return work("now");
  }

  sleep(milliseconds: number): Promise<void> {
    return this.reach.sleep(milliseconds);
  }

  now(): Date {
    return this.reach.now();
  }

  /** The pauses between looks at a host that takes its time. */
  pauses(): Generator<number> {
    return pauses(this.deadline);
  }

  private get deadline(): number {
    return (this.definition.settleSeconds ?? defaultSettleSeconds) * 1000;
  }

  tell({ session }: Contact, id: string, sentences: readonly string[]): void {
    // Further lines stand apart, so that no name of the host makes one of ours.
    for (const sentence of sentences)
      this.reach.notice(`${session.host}: ${this.definition.type} ${id}: ${sentence.replaceAll("\n", "\n  ")}`);
  }
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

function undoneTwice(host: string): IserError {
  return new IserError("NOT_CONVERGED", {
    host,
    problem:
      "what was written was undone twice: somebody else writes the same at the same time, or the host itself takes it back",
    cure: "See who else manages this host, and what the host shows when the declared values are set by hand. Then run pulumi up again.",
  });
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
