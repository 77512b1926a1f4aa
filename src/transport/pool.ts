import { type ErrorCode, IserError } from "../errors.js";
import type { Bastion, Connection } from "./connection.js";
import { credentialKeys, relayOf, type Target, targetKey, withoutCredentials } from "./credentials.js";
import type { Session } from "./session.js";
import type { Vcenter } from "./vsphere/vcenter.js";

export type Connect = (target: Target, through?: Connection) => Promise<Connection>;

export interface PoolOptions {
  /** Default: as the target says, over SSH or through the vSphere API. */
  readonly connect?: Connect;
  /** Milliseconds after which a connection that nobody uses is closed. Default 10 minutes: a run comes back to a host after others. */
  readonly idle?: number;
}

/** What happened since the start, for tests and benchmarks. */
export interface PoolCounters {
  /** Connections that were tried to make. */
  dials: number;
  /** Connections that were made. */
  connections: number;
  commands: number;
}

/** A connection and those that use it. */
interface Entry {
  readonly connection: Promise<Connection>;
  /** Set once it is made. */
  made?: Connection;
  users: number;
  idle?: NodeJS.Timeout;
}

/**
 * Not loaded before the first connection: a `pulumi up` without changes needs none. What a target goes through was connected to by the same
 * transport.
 */
const byTransport: Connect = async (target, through) =>
  target.transport === "ssh"
    ? (await import("./ssh.js")).connect(target, through as Bastion | undefined)
    : (await import("./vsphere/connect.js")).connect(target, through as Vcenter | undefined);

/** The connections of this process: one a host, shared by all who use the same credentials. */
export class Pool {
  readonly counters: PoolCounters = { dials: 0, connections: 0, commands: 0 };
  private readonly entries = new Map<string, Entry>();
  private readonly refusals = new Map<string, IserError>();
  private readonly accepted = new Set<string>();
  private readonly sessions = new WeakMap<Connection, Map<number, Session>>();
  private readonly turns = new Map<string, Promise<void>>();
  private readonly closing = new Set<Promise<void>>();
  private readonly connect: Connect;
  private readonly idle: number;
  private readonly removeHandlers: (() => void)[] = [];

  constructor({ connect = byTransport, idle = 600_000 }: PoolOptions = {}) {
    this.connect = connect;
    this.idle = idle;
  }

  /**
   * Does the work on the host's connection, which is made if there is none. One that is lost is replaced at the next use, never
   * within one: what was observed before must not be acted on after.
   */
  async use<T>(target: Target, work: (session: Session) => Promise<T>): Promise<T> {
    const { connection, release } = await this.acquire(target);
    try {
      return await work(this.session(target, connection));
    } finally {
      release();
    }
  }

  /**
   * Does the work when all earlier work that shares a lane on this host is done, in order of arrival. All lanes are queued for at
   * once, so two pieces of work cannot wait for each other; but work must not ask for a lane that it already holds.
   */
  inTurn<T>(host: string, lanes: readonly string[], work: () => Promise<T>): Promise<T> {
    const keys = [...new Set(lanes)].map((lane) => `${host.toLowerCase()} ${lane}`);
    const result = Promise.all(keys.map((key) => this.turns.get(key))).then(() => work());
    const done = result.then(
      () => undefined,
      () => undefined,
    );
    for (const key of keys) this.turns.set(key, done);
    void done.then(() => {
      for (const key of keys) if (this.turns.get(key) === done) this.turns.delete(key);
    });
    return result;
  }

  /** Closes every connection. Work under way fails; the pool can be used again. */
  async close(): Promise<void> {
    const entries = [...this.entries.values()];
    this.entries.clear();
    for (const entry of entries) clearTimeout(entry.idle);
    for (const entry of entries) this.end(entry);
    await Promise.allSettled(entries.map(async ({ connection }) => (await connection).close()));
    await Promise.all(this.closing);
    for (const remove of this.removeHandlers.splice(0)) remove();
  }

  /** The same for all who use a connection with the same time limit, so that what is known of a connection can be kept by session. */
  private session(target: Target, connection: Connection): Session {
    const sessions = this.sessions.get(connection) ?? new Map<number, Session>();
    this.sessions.set(connection, sessions);
    const session = sessions.get(target.commandTimeout) ?? this.newSession(target, connection);
    sessions.set(target.commandTimeout, session);
    return session;
  }

  private newSession(target: Target, connection: Connection): Session {
    return {
      host: target.host,
      get open() {
        return connection.open;
      },
      hasShell: connection.hasShell,
      execute: (command) => {
        this.counters.commands += 1;
        return connection.execute(command, target.commandTimeout);
      },
    };
  }

  private async acquire(target: Target): Promise<{ connection: Connection; release: () => void }> {
    const key = targetKey(target);
    const entry = this.usable(key) ?? this.enter(key, target);
    entry.users += 1;
    clearTimeout(entry.idle);
    const release = () => {
      entry.users -= 1;
      if (entry.users === 0 && this.entries.get(key) === entry)
        entry.idle = setTimeout(() => this.drop(key, entry), this.idle).unref();
    };
    try {
      return { connection: await entry.connection, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The entry of an open connection, or of one that is being made. */
  private usable(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    return entry?.made?.open === false ? undefined : entry;
  }

  private enter(key: string, target: Target): Entry {
    const entry: Entry = { connection: this.dial(target), users: 0 };
    this.entries.set(key, entry);
    entry.connection.then(
      (connection) => {
        entry.made = connection;
        connection.onClose(() => this.drop(key, entry));
      },
      () => this.drop(key, entry),
    );
    return entry;
  }

  /** A bastion or a vCenter is a connection like any other, shared by the hosts behind it and used as long as one of them is connected. */
  private async dial(target: Target): Promise<Connection> {
    this.untried(target);
    const through = relayOf(target);
    const relay = through ? await this.acquire(through) : undefined;
    try {
      // One handshake at a time: sshd drops some when ten are under way (MaxStartups 10:30:100 on ESXi).
      const connection = await this.inTurn(`login at ${target.host}:${target.port}`, ["handshake"], () => {
        const untried = this.untried(target);
        this.counters.dials += 1;
        return this.logIn(untried, relay?.connection);
      });
      this.counters.connections += 1;
      this.closeOnSignals();
      connection.onClose(() => relay?.release());
      return connection;
    } catch (error) {
      relay?.release();
      throw error;
    }
  }

  /**
   * The target without the credentials that this host has refused: a hundred resources with a wrong password must not make a hundred
   * attempts, however each of them is written. Five lock the account.
   */
  private untried(target: Target): Target {
    const keys = [...credentialKeys(target)];
    const refused = keys.filter(([key]) => this.refusals.has(key));
    const [[first = ""] = []] = refused;
    const refusal = this.refusals.get(first);
    if (refusal && refused.length === keys.length) throw refusal;
    return withoutCredentials(
      target,
      refused.map(([, credential]) => credential),
    );
  }

  private async logIn(target: Target, through: Connection | undefined): Promise<Connection> {
    const keys = [...credentialKeys(target).keys()];
    const login = keys.join();
    try {
      const connection = await this.connect(target, through);
      this.accepted.add(login);
      return connection;
    } catch (error) {
      if (mayCount(error, this.accepted.has(login))) for (const key of keys) this.refusals.set(key, error);
      throw error;
    }
  }

  private drop(key: string, entry: Entry): void {
    if (this.entries.get(key) === entry) this.entries.delete(key);
    clearTimeout(entry.idle);
    this.end(entry);
  }

  /** A host that is to be told takes its time. */
  private end({ made }: Entry): void {
    if (made === undefined) return;
    const closing = made.close().finally(() => this.closing.delete(closing));
    this.closing.add(closing);
  }

  /** Pulumi ends a provider with SIGINT and, 5 s later, SIGKILL. Without other listeners the signal does what it would have done. */
  private closeOnSignals(): void {
    if (this.removeHandlers.length > 0) return;
    const closeAll = () => {
      for (const entry of this.entries.values()) this.end(entry);
      return Promise.all(this.closing);
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const handler = async () => {
        process.off(signal, handler);
        await closeAll();
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      };
      process.on(signal, handler);
      this.removeHandlers.push(() => process.off(signal, handler));
    }
    // Nothing is left to do, so there is time to log out; at the very end there is none.
    for (const end of ["beforeExit", "exit"]) {
      process.on(end, closeAll);
      this.removeHandlers.push(() => process.off(end, closeAll));
    }
  }
}

/**
 * Whether the host may have counted the login as a failure. One that broke off after a credential was sent is such, unless the same has
 * worked before.
 */
function mayCount(error: unknown, isRight: boolean): error is IserError {
  if (!(error instanceof IserError)) return false;
  const codes: readonly ErrorCode[] = isRight ? ["LOGIN_REFUSED"] : ["LOGIN_REFUSED", "CONNECTION_LOST"];
  return codes.includes(error.code);
}
