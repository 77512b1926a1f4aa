import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { performance } from "node:perf_hooks";

/** When it is, and how to be called later; in milliseconds. */
export interface Clock {
  now(): number;
  later(milliseconds: number, work: () => void): void;
}

const realClock: Clock = {
  now: () => performance.now(),
  later: (milliseconds, work) => void setTimeout(work, milliseconds),
};

/** Does what it is given in the order it came, each piece as long after it came as its delay says and not before an earlier one. */
export class Holdback {
  private readonly held: { readonly due: number; readonly work: () => void }[] = [];
  private last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly delay: number,
    private readonly clock: Clock = realClock,
  ) {}

  push(work: () => void, delay = this.delay): void {
    this.last = Math.max(this.last, this.clock.now() + delay);
    this.held.push({ due: this.last, work });
    if (this.held.length === 1) this.arm();
  }

  private arm(): void {
    const first = this.held[0];
    if (first) this.clock.later(Math.max(0, first.due - this.clock.now()), () => this.release());
  }

  private release(): void {
    for (;;) {
      const first = this.held[0];
      if (first === undefined || first.due > this.clock.now()) break;
      // Taken off only when done: what is pushed meanwhile must not arm a second timer.
      first.work();
      this.held.shift();
    }
    this.arm();
  }
}

export interface DelayProxy {
  readonly port: number;
  close(): Promise<void>;
}

export interface DelayProxyOptions {
  /** A port of the loopback interface. */
  readonly to: number;
  readonly roundTripMs: number;
  /** Where it listens. Default: a free port of the loopback interface. */
  readonly listen?: string;
  readonly port?: number;
  readonly clock?: Clock;
}

/**
 * A TCP proxy before a port, which makes the way to it as long as the round trip: each direction's bytes are held back by half of it, in order and
 * as many as come. The handshake of TCP costs a round trip, too: the far end is connected to when its third packet would be there.
 */
export async function startDelayProxy({
  to,
  roundTripMs,
  listen = "127.0.0.1",
  port = 0,
  clock,
}: DelayProxyOptions): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  const kept = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    return socket;
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    kept(client);
    const half = roundTripMs / 2;
    const [there, back] = [new Holdback(half, clock), new Holdback(half, clock)];
    let far: Socket | undefined;
    there.push(() => {
      far = kept(connect({ host: "127.0.0.1", port: to, noDelay: true, allowHalfOpen: true }));
      carry(far, back, () => client);
    }, roundTripMs + half);
    carry(client, there, () => far);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, listen, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function carry(from: Socket, held: Holdback, to: () => Socket | undefined): void {
  from.on("data", (chunk) => held.push(() => to()?.write(chunk)));
  from.on("end", () => held.push(() => to()?.end()));
  from.on("error", () => undefined);
  from.on("close", () => held.push(() => to()?.destroySoon()));
}
