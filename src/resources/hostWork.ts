import { type ErrorCode, IserError } from "../errors.js";
import { describe, type HostCommand } from "../esxcli/command.js";
import type { Said } from "../esxcli/output.js";
import { explained, interpret } from "../esxcli/run.js";
import type { Session } from "../transport/session.js";
import type { Ask } from "./definition.js";
import { type Host, hostName } from "./host.js";
import { type AnyDefinition, isUnknown, type Properties } from "./inputs.js";

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

/** A connection that is lost is opened again this often; each time the host is observed anew before anything is written. */
const attempts = 3;
const defaultSettleSeconds = 10;

/** Milliseconds from a read to the write that follows from it, at most: a few round trips and starts of esxcli. */
const betweenReadAndWrite = 3000;

/** Failures of a command that are no refusal: the host did not say what became of it. */
const unanswered: ReadonlySet<ErrorCode> = new Set(["CONNECTION_LOST", "COMMAND_TIMEOUT", "OUTPUT_TOO_LARGE"]);

/** What cannot change while a connection lasts, for all resources of the process. */
const stable = new WeakMap<Session, Map<string, Promise<unknown>>>();

/** How the lifecycle of a resource works with hosts: in turn, again when a connection was lost, and until the host shows what was written. */
export class HostWork {
  constructor(
    private readonly definition: AnyDefinition,
    private readonly reach: Reach,
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

  /** Writes go in turn within the lanes of the resource. */
  write<T>(properties: Properties, inputs: Properties, work: (session: Session) => Promise<T>): Promise<T> {
    const host = hostOf(properties);
    return this.reach.use(host, async (session) => {
      const lanes = await this.definition.lanes(this.ask(session), inputs);
      return this.reach.inTurn(host, lanes, () => work(session));
    });
  }

  /** Reads go side by side. */
  look<T>(properties: Properties, work: (session: Session) => Promise<T>): Promise<T> {
    return this.reach.use(hostOf(properties), work);
  }

  /** One observation: each question is asked once, and what cannot change while the connection lasts, once a connection. */
  ask(session: Session): Ask {
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

  async apply(session: Session, commands: readonly HostCommand[], onWrite?: () => void): Promise<boolean> {
    let rebootRequired = false;
    for (const command of commands) {
      onWrite?.();
      const answer = await session.execute(command).catch((error: unknown) => {
        throw explained(command, error);
      });
      const said = interpret(command, answer, session.host) as Said;
      rebootRequired ||= said.rebootRequired;
    }
    return rebootRequired;
  }

  /** Runs commands that the host may refuse, tells what it refused, and returns the others: whether they had an effect is still to be seen. */
  async attempt(session: Session, id: string, commands: readonly HostCommand[]): Promise<readonly HostCommand[]> {
    const taken: HostCommand[] = [];
    for (const command of commands) {
      try {
        await this.apply(session, [command]);
        taken.push(command);
      } catch (error) {
        if (!(error instanceof IserError) || unanswered.has(error.code)) throw error;
        if (error.code === "OUTPUT_NOT_UNDERSTOOD") taken.push(command);
        else this.tell(session, id, [`not given back: ${error.message}`]);
      }
    }
    return taken;
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
    for (const pause of this.pauses()) {
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

  /**
   * Settles, and where others write the same value looks again when one who has read it before our write must have written. What is undone by
   * then is written again, with theirs in it.
   */
  async hold<H>(
    session: Session,
    observe: () => Promise<H>,
    left: (have: H) => readonly HostCommand[],
    rests?: (have: H) => boolean,
  ): Promise<H> {
    let have = await this.settle(session, observe, left, rests);
    if (!this.definition.shared) return have;
    for (let isAgain = false; ; isAgain = true) {
      await this.reach.sleep(betweenReadAndWrite);
      have = await observe();
      const undone = left(have);
      if (undone.length === 0) return have;
      // Not a third time: a card may take a value back by itself, and each write may reset its link.
      if (isAgain) throw undoneTwice(session.host);
      await this.apply(session, undone);
      have = await this.settle(session, observe, left, rests);
    }
  }

  /** Repeats work that failed for something that may only not have appeared yet, for a bounded time and outside the lanes. */
  async awaiting<T>(work: () => Promise<T>): Promise<T> {
    const awaited: readonly string[] = this.definition.awaits ?? [];
    for (const pause of this.pauses()) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof IserError) || !awaited.includes(error.code)) throw error;
        await this.reach.sleep(pause);
      }
    }
    return work();
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

  tell(session: Session, id: string, sentences: readonly string[]): void {
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
