import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "ssh2";
import type { ErrorCode, IserError } from "../errors.js";
import type { HostCommand } from "../esxcli/command.js";
import { abandonedAtMost, type Bastion, commandsAtOnce, fateOf } from "./connection.js";
import type { SshTarget } from "./credentials.js";
import { debug, failure, keepSecret, quotation } from "./redact.js";
import type { Outcome } from "./session.js";
import { type Ending, exec, outputLimit } from "./sshExec.js";
import { type Line, render } from "./sshLine.js";
import { Turns } from "./turns.js";

/** As sshd's own ClientAlive: three unanswered questions end the connection. In milliseconds. */
const keepAlive = { interval: 15_000, unanswered: 3 };

/**
 * What a host may send while commands are under way: what they may print, what a channel holds beyond that, and something for the protocol.
 * And what may wait to be sent to it: answers to questions that it asks without reading any. In bytes.
 */
const received = { perCommand: outputLimit + 2 * 1024 * 1024, beside: 16 * 1024 * 1024 };
const unsentAtMost = 1 * 1024 * 1024;

const unsent = "before the command was sent; nothing was done";

/** Pauses before asking for a channel again that was not opened, in milliseconds. */
const channelPauses = { first: 100, longest: 2000 };

export class SshConnection implements Bastion {
  readonly host: string;
  readonly hasShell = true;
  private reason: string | undefined;
  private readonly turns = new Turns(commandsAtOnce);
  private abandoned = 0;
  private held = 0;
  /** What the host may still send, until nothing is under way. */
  private allowance = received.beside;
  private readonly listeners: (() => void)[] = [];

  /** `stream`: a TCP connection of its own, or a channel of the bastion `through`. */
  constructor(
    private readonly target: SshTarget,
    private readonly client: Client,
    private readonly stream: Duplex,
    private readonly through: Bastion | undefined,
  ) {
    this.host = target.host;
    // Listens for the life of the connection: an `error` event that nobody listens to ends the process.
    client.on("error", (error) => this.end(error.message));
    client.on("close", () => this.end("the host closed it"));
    stream.on("data", (chunk: Buffer) => this.bound(chunk.length));
    this.hold(0);
    this.watch();
  }

  get open(): boolean {
    return this.reason === undefined;
  }

  onClose(listener: () => void): void {
    if (this.open) this.listeners.push(listener);
    else listener();
  }

  async close(reason = "it was closed here"): Promise<void> {
    if (!this.open) return;
    this.client.end();
    this.end(reason);
  }

  async execute(command: HostCommand, timeout = this.target.commandTimeout): Promise<Outcome> {
    if (command.kind === "esxcli") keepSecret(command.secret?.value);
    const line = render(command);
    let start = performance.now();
    const told = (what: string) =>
      debug(`${this.host} ${Math.round(performance.now() - start)} ms ${what}: ${line.shown}`);
    this.hold(1);
    try {
      if (this.turns.idle && Number.isFinite(this.allowance)) this.allowance = received.beside;
      this.allowance += received.perCommand;
      const outcome = await this.turns.take(() => {
        start = performance.now();
        return this.run(command, line, timeout);
      });
      told(`status ${outcome.status}`);
      // The output of a success is data; that of a failure is only ever shown.
      return outcome.status === 0
        ? outcome
        : { ...outcome, stdout: quotation(outcome.stdout), stderr: quotation(outcome.stderr) };
    } catch (error) {
      told(String((error as Partial<IserError>).code ?? "failed"));
      throw error;
    } finally {
      this.hold(-1);
    }
  }

  forward(host: string, port: number, timeout: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      if (!this.open) return reject(new Error(`the connection to ${this.host} ended (${this.reason})`));
      // What comes through it is bounded by the connections that it carries.
      this.allowance = Number.POSITIVE_INFINITY;
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        reject(new Error(`no answer within ${timeout} s`));
      }, timeout * 1000);
      this.client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
        clearTimeout(timer);
        if (error) return reject(error);
        if (late) channel.close();
        resolve(channel);
      });
    });
  }

  hold(change: 1 | 0 | -1): void {
    this.held += change;
    this.through?.hold(change);
    // On a socket that is gone both would wait for it to connect.
    if (!(this.stream instanceof Socket) || this.stream.destroyed) return;
    if (this.held > 0) this.stream.ref();
    else this.stream.unref();
  }

  /** Runs the command, asking again for a channel as long as the host opens none: until then nothing was started. */
  private async run(command: HostCommand, line: Line, timeout: number): Promise<Outcome> {
    const deadline = performance.now() + timeout * 1000;
    for (let wait = channelPauses.first; ; wait = Math.min(wait * 2, channelPauses.longest)) {
      if (!this.open) throw this.lost(line, unsent);
      const ending = await exec(this.client, line, Math.max(0, deadline - performance.now()));
      if (ending.kind === "done") return ending.outcome;
      if (ending.kind === "notSent") {
        this.end("the host closed it");
        throw this.lost(line, unsent);
      }
      if (ending.kind !== "noChannel") throw this.failed(ending, command, line, timeout);
      if (performance.now() + wait >= deadline) throw this.noChannel(line, timeout);
      await pause(wait);
    }
  }

  private failed(
    ending: Exclude<Ending, { kind: "done" | "noChannel" | "notSent" }>,
    command: HostCommand,
    line: Line,
    timeout: number,
  ) {
    const write = command.effect === "write";
    const { fate, cure } = fateOf(command);
    const error = (code: ErrorCode, problem: string, remedy = cure) =>
      failure(code, { host: this.host, command: line.shown, problem: `${problem} ${fate}`, cure: remedy });
    switch (ending.kind) {
      case "timeout":
        this.giveUp(write);
        return error(
          "COMMAND_TIMEOUT",
          `The command gave no result within ${timeout} s.`,
          `${cure} commandTimeout sets how long to wait.`,
        );
      case "flood":
        this.giveUp(write);
        return error("OUTPUT_TOO_LARGE", `The command printed more than ${outputLimit / 1024 / 1024} MiB.`);
      case "cut":
        if (!this.open) return this.lost(line, `while the command was under way. ${fate}`, cure);
        return error(
          "CONNECTION_LOST",
          `The command ended without a status${ending.signal ? `, by ${ending.signal}` : ""}.`,
        );
      case "notRun":
        if (!this.open) return this.lost(line, `while the command was under way. ${fate}`, cure);
        return failure("PERMISSION_DENIED", {
          host: this.host,
          command: line.shown,
          problem: `The host does not let ${this.target.user.value} run commands.`,
          cure: "Log in as a user with shell access.",
        });
    }
  }

  private lost(line: Line, when: string, cure = "Run again."): IserError {
    const problem = `The connection ended (${this.reason}) ${when}`;
    return failure("CONNECTION_LOST", { host: this.host, command: line.shown, problem, cure });
  }

  private noChannel(line: Line, timeout: number): IserError {
    return failure("COMMAND_TIMEOUT", {
      host: this.host,
      command: line.shown,
      problem: `The host opened no channel for the command within ${timeout} s. The command was not started.`,
      cure: "Look on the host for commands that hang: sshd allows 10 sessions a connection.",
    });
  }

  /** Of a write the fate is unknown, and nothing may be done on this connection that was planned without knowing it. */
  private giveUp(write: boolean): void {
    this.abandoned += 1;
    if (write || this.abandoned > abandonedAtMost)
      void this.close("it was closed because of a command that gave no result");
  }

  /** Ends the connection to a host that sends what nobody asked for, or asks and reads no answers, without end. */
  private bound(size: number): void {
    this.allowance -= size;
    const reason =
      this.allowance < 0 ? "the host sent more than was asked for" : "the host read nothing of what was sent to it";
    if (this.allowance >= 0 && this.stream.writableLength <= unsentAtMost) return;
    this.end(reason);
    this.stream.destroy();
  }

  private end(reason: string): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    // A host that is gone acknowledges nothing: the socket does not wait for it.
    setTimeout(() => this.stream.destroy(), 1000).unref();
    for (const listener of this.listeners.splice(0)) listener();
  }

  /**
   * Asks the host every 15 s whether it is there. ssh2's own keepalive would hold the process open; any global request is answered,
   * and taking back a forwarding that does not exist is one that changes nothing.
   */
  private watch(): void {
    let unanswered = 0;
    const timer = setInterval(() => {
      if (!this.open) return clearInterval(timer);
      if (++unanswered > keepAlive.unanswered) {
        this.end("the host did not answer for a minute");
        return this.stream.destroy();
      }
      this.client.unforwardIn("127.0.0.1", 1, () => {
        unanswered = 0;
      });
    }, keepAlive.interval).unref();
    this.onClose(() => clearInterval(timer));
  }
}
