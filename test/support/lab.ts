import assert from "node:assert/strict";
import type { AnyDefinition, Properties } from "../../src/resources/inputs.js";
import { Lifecycle } from "../../src/resources/lifecycle.js";
import { Run } from "../../src/resources/peers.js";
import { SshReach } from "../../src/resources/reach.js";
import type { Readings } from "../../src/resources/readings.js";
import type { JournalEntry, SimulatedHost } from "../../src/simulator/index.js";
import type { SshTarget } from "../../src/transport/credentials.js";
import { Pool } from "../../src/transport/pool.js";
import type { Session } from "../../src/transport/session.js";
import { type Served, serve } from "./served.js";

/** A simulated host behind some SSH server, and what the provider process has of it: lifecycles over real SSH. */
export class HostLab {
  readonly notices: string[] = [];
  readonly pool = new Patience();
  private readonly reach = new SshReach(this.pool);
  private readonly theirs = new Set<JournalEntry>();
  readonly run = new Operations();

  /** `settings`: the host as a resource declares it. */
  constructor(
    readonly host: SimulatedHost,
    readonly settings: Properties,
  ) {
    this.reach.notice = (text) => this.notices.push(text);
    // A host that takes its time is told by counted listings, not by the clock.
    this.reach.sleep = async () => undefined;
  }

  lifecycle(definition: AnyDefinition): Declared {
    return new Declared(new Lifecycle(definition, this.reach, this.run), this.settings, this.run);
  }

  /** What another provider process has of the same host: nothing but what is in state. */
  anotherProcess(): HostLab {
    return new HostLab(this.host, this.settings);
  }

  /** Another resource of the same type, in the same provider process. */
  sibling(other: Declared): Declared {
    return new Declared(other.life, this.settings, this.run);
  }

  /** Runs a command on the host as an administrator would, and gives what it printed. */
  hand(line: string): string {
    const { status, stdout } = this.somebody(line);
    assert.equal(status, 0, `${line}: ${stdout}`);
    return stdout;
  }

  /** Runs a command on the host as somebody else would, who may be refused. */
  somebody(line: string): { readonly status: number; readonly stdout: string } {
    const start = this.host.journal.length;
    const output = this.host.execute(line);
    for (const entry of this.host.journal.slice(start)) this.theirs.add(entry);
    return output;
  }

  /** What the host was asked and told by other than `hand` and `somebody`. */
  own(): readonly JournalEntry[] {
    return this.host.journal.filter((entry) => !this.theirs.has(entry));
  }

  /** The state-changing commands that the host was given from here on by other than `hand`. */
  writesSince(start: number): string[] {
    return this.host.journal
      .slice(start)
      .filter(({ effect }) => effect === "write")
      .map(({ line }) => line);
  }

  async close(): Promise<void> {
    await this.pool.close();
  }
}

/** A simulated host on the loopback interface, behind servers of its own: SSH, or, with SSH off, the vSphere API. */
export class Lab extends HostLab {
  private constructor(private readonly served: Served) {
    super(served.host, { ...served.settings, password: served.password });
  }

  static async start(...how: Parameters<typeof serve>): Promise<Lab> {
    return new Lab(await serve(...how));
  }

  /** What the server has seen. */
  get counters(): Served["counters"] {
    return this.served.counters;
  }

  /** Cuts all connections without a word. */
  dropConnections(): void {
    this.served.dropConnections();
  }

  override async close(): Promise<void> {
    await super.close();
    await this.served.close();
  }
}

/** A pool that can be told how long a command may take. */
class Patience extends Pool {
  /** Seconds. Undefined: as the target says. */
  commandTimeout: number | undefined;

  override use<T>(target: SshTarget, work: (session: Session) => Promise<T>): Promise<T> {
    return super.use({ ...target, commandTimeout: this.commandTimeout ?? target.commandTimeout }, work);
  }
}

/** Operations of Pulumi one after another: what one has read, the next one does not know. */
export class Operations extends Run {
  private readonly all = new Set<Readings>();

  override readings(...args: Parameters<Run["readings"]>): Readings {
    const readings = super.readings(...args);
    this.all.add(readings);
    return readings;
  }

  begin(): void {
    for (const readings of this.all) readings.forget();
  }
}

/** One resource of a program, taken through its life as the engine would. */
export class Declared {
  id = "";
  state: Properties | undefined;

  constructor(
    readonly life: Lifecycle,
    private readonly host: Properties,
    private readonly operations: Operations,
  ) {}

  /** What check has against it: a preview shows that, and nothing is asked of the host. */
  refused(inputs: object): string[] {
    return this.life.check({ host: this.host, ...inputs }).failures.map(({ reason }) => reason);
  }

  isReplacedBy(inputs: object): boolean {
    if (this.state === undefined) return false;
    const { inputs: news } = this.life.check({ host: this.host, ...inputs });
    return this.life.diff(this.state, news).replaces.length > 0;
  }

  /** `pulumi up`: check, then create, update, replace or nothing. */
  async up(inputs: object): Promise<"create" | "update" | "replace" | "same"> {
    this.operations.begin();
    const { inputs: news, failures } = this.life.check({ host: this.host, ...inputs });
    assert.deepEqual(failures, []);
    if (this.state === undefined) {
      await this.create(news);
      return "create";
    }
    const { changes, replaces } = this.life.diff(this.state, news);
    if (replaces.length > 0) {
      await this.destroy();
      await this.create(news);
      return "replace";
    }
    if (!changes) return "same";
    await this.keeping(async () => ({ outs: (await this.life.update(this.state ?? {}, news)).outs }));
    return "update";
  }

  /** `pulumi refresh`: the properties that drifted. */
  async refresh(): Promise<string[] | "gone"> {
    this.operations.begin();
    const { id, props } = await this.life.read(this.id, this.state ?? {});
    const before = this.state ?? {};
    this.state = id === "" ? undefined : props;
    if (id === "") return "gone";
    return Object.keys(props).filter((key) => JSON.stringify(props[key]) !== JSON.stringify(before[key]));
  }

  async destroy(): Promise<void> {
    this.operations.begin();
    if (this.state !== undefined) await this.life.delete(this.id, this.state);
    this.state = undefined;
  }

  private create(news: Properties): Promise<void> {
    return this.keeping(() => this.life.create(news));
  }

  /** As the engine: an error with an id leaves the resource in state. */
  private async keeping(work: () => Promise<{ id?: string; outs: Properties }>): Promise<void> {
    try {
      const { id, outs } = await work();
      this.id = id ?? this.id;
      this.state = outs;
    } catch (error) {
      const { id, properties } = error as { id?: string; properties?: Properties };
      if (id !== undefined) {
        this.id = id;
        this.state = properties;
      }
      throw error;
    }
  }
}
