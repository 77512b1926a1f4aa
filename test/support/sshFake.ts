import type { HostCommand } from "../../src/esxcli/command.js";
import type { Connection } from "../../src/transport/connection.js";
import type { Target } from "../../src/transport/credentials.js";
import type { Connect } from "../../src/transport/pool.js";

/** A connection without a network, which answers every command with its path. */
export class FakeConnection implements Connection {
  readonly timeouts: (number | undefined)[] = [];
  open = true;
  readonly hasShell = true;
  private readonly listeners: (() => void)[] = [];

  constructor(
    readonly host: string,
    readonly through: Connection | undefined,
  ) {}

  async execute(command: HostCommand, timeout?: number) {
    this.timeouts.push(timeout);
    return { status: 0, stdout: command.kind === "log" ? command.file : command.path, stderr: "" };
  }

  forward(): Promise<never> {
    return Promise.reject(new Error("not here"));
  }

  hold(): void {}

  onClose(listener: () => void): void {
    this.listeners.push(listener);
  }

  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    for (const listener of this.listeners) listener();
  }
}

/** Connects at once, and remembers every connection. `before` may wait or fail. */
export function fakeConnect(before: (target: Target) => Promise<void> = async () => {}) {
  const made: FakeConnection[] = [];
  const connect: Connect = async (target, through) => {
    await before(target);
    const connection = new FakeConnection(target.host, through);
    made.push(connection);
    return connection;
  };
  return { connect, made };
}

/** A promise that is settled from outside. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
