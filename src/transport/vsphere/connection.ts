import type { ErrorCode, IserError } from "../../errors.js";
import type { HostCommand } from "../../esxcli/command.js";
import { abandonedAtMost, type Connection, commandsAtOnce, fateOf } from "../connection.js";
import { debug, failure, keepSecret } from "../redact.js";
import type { Outcome } from "../session.js";
import { Turns } from "../turns.js";
import type { VsphereTarget } from "../vsphereTarget.js";
import { Calls } from "./https.js";
import { managedMethod, outcomeOf, outcomeOfFault } from "./managedMethod.js";
import type { Answer, VsphereSession } from "./session.js";
import type { Reference } from "./soap.js";

/** What a command may answer, as over SSH, and what its escaping takes. In bytes. */
export const outputLimit = 12 * 1024 * 1024;

/** Faults that say that the host, or what runs its commands, is not there any more. [vSphere API reference] */
const gone: ReadonlySet<string> = new Set([
  "NotAuthenticated",
  "ManagedObjectNotFound",
  "HostNotConnected",
  "HostNotReachable",
  "HostCommunication",
]);

/** One login to a host, or what a vCenter's login makes of one of its hosts. */
export class VsphereConnection implements Connection {
  readonly host: string;
  readonly hasShell = false;
  private reason: string | undefined;
  private readonly turns = new Turns(commandsAtOnce);
  private abandoned = 0;
  private readonly calls = new Calls();
  private readonly listeners: (() => void)[] = [];

  /** `executer`: what runs the methods on the host. `isShared`: the session is a vCenter's, and stays when this ends. */
  constructor(
    private readonly target: VsphereTarget,
    private readonly session: VsphereSession,
    private readonly executer: Reference,
    private readonly isShared: boolean,
  ) {
    this.host = target.host;
    session.onClose(() => void this.close(session.end));
  }

  get open(): boolean {
    return this.reason === undefined;
  }

  onClose(listener: () => void): void {
    if (this.open) this.listeners.push(listener);
    else listener();
  }

  close(reason = "it was closed here"): Promise<void> {
    if (this.open) {
      this.reason = reason;
      this.calls.end();
      for (const listener of this.listeners.splice(0)) listener();
    }
    return this.isShared ? Promise.resolve() : this.session.close(reason);
  }

  async execute(command: HostCommand, timeout = this.target.commandTimeout): Promise<Outcome> {
    // There is no shell to search a log in.
    if (command.kind === "log") return { status: 0, stdout: "", stderr: "" };
    if (command.kind === "esxcli") keepSecret(command.secret?.value);
    const { parameters, shown } = managedMethod(command);
    let start = performance.now();
    const told = (what: string) => debug(`${this.host} ${Math.round(performance.now() - start)} ms ${what}: ${shown}`);
    try {
      const outcome = await this.turns.take(async () => {
        start = performance.now();
        if (!this.open) throw this.lost(shown, unsent);
        const limit = { timeout: timeout * 1000, limit: outputLimit, among: this.calls };
        const answer = await this.session.call("ExecuteSoap", this.executer, parameters, limit);
        return this.outcome(answer, command, shown, timeout);
      });
      told(`status ${outcome.status}`);
      return outcome;
    } catch (error) {
      told(String((error as Partial<IserError>).code ?? "failed"));
      throw error;
    }
  }

  private outcome(answer: Answer, command: HostCommand, shown: string, timeout: number): Outcome {
    const write = command.effect === "write";
    const { fate, cure } = fateOf(command);
    const error = (code: ErrorCode, problem: string, remedy = cure) =>
      failure(code, { host: this.host, command: shown, problem: `${problem} ${fate}`, cure: remedy });
    const lost = (reason: string) => {
      void this.close(reason);
      return this.lost(shown, `while the command was under way. ${fate}`, cure);
    };
    switch (answer.kind) {
      case "result":
        return outcomeOf(answer.values);
      case "fault": {
        const { type, words } = answer.fault;
        if (type === "NoPermission") throw this.forbidden(words, shown);
        if (type === "NotAuthenticated") throw this.lost(shown, unsent);
        if (gone.has(type)) throw lost(`${type}: ${words}`);
        return outcomeOfFault(answer.fault);
      }
      case "timeout":
        this.giveUp(write);
        throw error(
          "COMMAND_TIMEOUT",
          `The command gave no result within ${timeout} s.`,
          `${cure} commandTimeout sets how long to wait.`,
        );
      case "flood":
        this.giveUp(write);
        throw error("OUTPUT_TOO_LARGE", `The command answered more than ${outputLimit / 1024 / 1024} MiB.`);
      case "notSent":
        if (this.open) void this.close(answer.error.message);
        throw this.lost(shown, unsent);
      case "cut":
        if (this.open) throw lost(answer.error.message);
        throw this.lost(shown, `while the command was under way. ${fate}`, cure);
      case "strange":
        // It is not known who answered, and to what.
        throw lost(answer.problem);
    }
  }

  private forbidden(said: string, shown: string): IserError {
    return failure("PERMISSION_DENIED", {
      host: this.host,
      command: shown,
      problem: `The user ${this.session.target.user.value} may not run the command.`,
      said,
      cure: this.isShared
        ? "Give the user the Administrator role on the host in the vCenter."
        : "Log in as a user with the Administrator role on the host.",
    });
  }

  private lost(shown: string, when: string, cure = "Run again."): IserError {
    const problem = `The connection ended (${this.reason}) ${when}`;
    return failure("CONNECTION_LOST", { host: this.host, command: shown, problem, cure });
  }

  /** Of a write the fate is unknown, and nothing may be done on this connection that was planned without knowing it. */
  private giveUp(write: boolean): void {
    this.abandoned += 1;
    if (write || this.abandoned > abandonedAtMost)
      void this.close("it was closed because of a command that gave no result");
  }
}

const unsent = "before the command was run; nothing was done";
