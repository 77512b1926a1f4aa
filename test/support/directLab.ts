import assert from "node:assert/strict";
import { describe, type HostCommand } from "../../src/esxcli/command.js";
import { interpret } from "../../src/esxcli/run.js";
import type { Reach } from "../../src/resources/hostWork.js";
import { type AnyDefinition, fieldsOf } from "../../src/resources/inputs.js";
import { Lifecycle } from "../../src/resources/lifecycle.js";
import { type HostOptions, SimulatedHost } from "../../src/simulator/index.js";
import type { Outcome, Session } from "../../src/transport/session.js";
import { render } from "../../src/transport/sshLine.js";
import { Declared, Operations } from "./lab.js";

/** A simulated host and lifecycles that reach it without a network, for what needs many hosts: the lines are those of SSH. */
export class DirectLab {
  readonly host: SimulatedHost;
  readonly notices: string[] = [];
  readonly reach: Reach;
  private run = new Operations();
  private lives = new Map<AnyDefinition, Lifecycle>();
  private readonly lanes = new Map<string, Promise<unknown>>();

  /** `onAnswer` is told every command of the lifecycles and what the host answered. */
  constructor(
    options: HostOptions = {},
    private readonly onAnswer?: (command: HostCommand, outcome: Outcome) => void,
  ) {
    this.host = new SimulatedHost(options);
    this.reach = {
      use: (_host, work) => work(this.session),
      inTurn: async (_host, lanes, work) => {
        const earlier = Promise.allSettled(lanes.map((lane) => this.lanes.get(lane)));
        const done = earlier.then(work);
        for (const lane of lanes) this.lanes.set(lane, done);
        return done;
      },
      sleep: async () => undefined,
      now: () => new Date(),
      notice: (text) => this.notices.push(text),
    };
  }

  readonly session: Session = {
    host: "esx01.lab",
    open: true,
    hasShell: true,
    execute: async (command) => {
      const { line, stdin } = render(command);
      const outcome = this.host.execute(line, stdin);
      this.onAnswer?.(command, outcome);
      return outcome;
    },
  };

  /** A resource. As in the provider's process, those of one type share what is known of each other. */
  lifecycle(definition: AnyDefinition): Declared {
    const life = this.lives.get(definition) ?? new Lifecycle(definition, this.reach, this.run);
    this.lives.set(definition, life);
    return new Declared(life, { host: "esx01.lab" }, this.run);
  }

  /** The next run of the program has a process of its own. */
  newProcess(): void {
    this.run = new Operations();
    this.lives = new Map();
  }

  /** What a look at the host now says is left to do, where the inputs were the last to be applied. */
  async left(definition: AnyDefinition, declared: Declared): Promise<string[]> {
    const inputs = fieldsOf(definition, declared.state ?? {});
    const have = await definition.observe(
      async (command) => interpret(command, await this.session.execute(command), "esx01.lab"),
      inputs,
    );
    return definition.plan(have, inputs, { last: inputs, unfinished: false }).map(describe);
  }

  /** Runs a command on the host as an administrator would, and gives what it printed. */
  hand(line: string): string {
    const { status, stdout } = this.host.execute(line);
    assert.equal(status, 0, `${line}: ${stdout}`);
    return stdout;
  }
}
