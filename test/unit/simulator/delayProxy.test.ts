import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type Clock, Holdback, startDelayProxy } from "../../../src/simulator/delayProxy.js";

/** A clock that stands still until it is moved. */
class HandClock implements Clock {
  private time = 0;
  private waiting: { at: number; work: () => void }[] = [];
  private readonly watchers: (() => void)[] = [];

  now(): number {
    return this.time;
  }

  later(milliseconds: number, work: () => void): void {
    this.waiting.push({ at: this.time + milliseconds, work });
    for (const watcher of this.watchers.splice(0)) watcher();
  }

  move(milliseconds: number): void {
    this.time += milliseconds;
    const due = this.waiting.filter(({ at }) => at <= this.time);
    this.waiting = this.waiting.filter(({ at }) => at > this.time);
    for (const { work } of due) work();
  }

  /** Until something waits. */
  async armed(): Promise<void> {
    if (this.waiting.length === 0) await new Promise<void>((resolve) => this.watchers.push(resolve));
  }
}

describe("what is held back", () => {
  it("is done in order, and not before its time", () => {
    const clock = new HandClock();
    const held = new Holdback(5, clock);
    const done: string[] = [];
    held.push(() => done.push("first"));
    clock.move(2);
    held.push(() => done.push("second"));
    held.push(() => done.push("third"));
    assert.deepEqual(done, []);
    clock.move(3);
    assert.deepEqual(done, ["first"]);
    clock.move(1);
    assert.deepEqual(done, ["first"]);
    clock.move(1);
    assert.deepEqual(done, ["first", "second", "third"]);
  });

  it("waits for what came before and takes longer", () => {
    const clock = new HandClock();
    const held = new Holdback(5, clock);
    const done: string[] = [];
    held.push(() => done.push("long"), 15);
    held.push(() => done.push("short"));
    clock.move(14);
    assert.deepEqual(done, []);
    clock.move(1);
    assert.deepEqual(done, ["long", "short"]);
  });

  it("goes on with what is given while something is done, once each", () => {
    const clock = new HandClock();
    const held = new Holdback(5, clock);
    const done: string[] = [];
    held.push(() => {
      done.push("outer");
      held.push(() => done.push("inner"));
    });
    clock.move(5);
    clock.move(5);
    clock.move(5);
    assert.deepEqual(done, ["outer", "inner"]);
  });
});

describe("the delaying proxy", () => {
  let server: Server;
  let accepted: Socket[];
  const closers: (() => void)[] = [];

  beforeEach(async () => {
    accepted = [];
    server = createServer({ allowHalfOpen: true }, (socket) => {
      accepted.push(socket);
      socket.on("error", () => undefined);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => {
    for (const close of closers.splice(0)) close();
    for (const socket of accepted) socket.destroy();
    server.close();
  });

  const proxied = async (roundTripMs: number, clock?: Clock): Promise<Socket> => {
    const to = (server.address() as AddressInfo).port;
    const proxy = await startDelayProxy({ to, roundTripMs, ...(clock ? { clock } : {}) });
    const client = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
    closers.push(() => client.destroy(), proxy.close);
    client.on("error", () => undefined);
    await once(client, "connect");
    return client;
  };
  const numbers = Array.from({ length: 5000 }, (_, index) => `${index}\n`);

  it("hands on every byte of both directions in order, and the end after them", async () => {
    server.on("connection", (socket) => {
      for (const number of numbers) socket.write(number);
      socket.pipe(socket);
    });
    const client = await proxied(2);
    const received = text(client);
    for (const number of numbers) client.write(number);
    client.end();
    assert.equal(await received, numbers.join("") + numbers.join(""));
  });

  it("connects to the far end a round trip and a half later, with what was sent meanwhile", async () => {
    const clock = new HandClock();
    const client = await proxied(10, clock);
    client.end("early");
    await clock.armed();
    clock.move(14);
    assert.equal(accepted.length, 0);
    const connection = once(server, "connection");
    clock.move(1);
    const [socket] = await connection;
    const pushing = setInterval(() => clock.move(5), 1);
    closers.push(() => clearInterval(pushing));
    assert.equal(await text(socket), "early");
  });

  it("tells the client that the far end is gone, and the far end that the client is", async () => {
    const client = await proxied(2);
    const [socket] = await once(server, "connection");
    socket.destroy();
    client.resume();
    await once(client, "end");

    const other = await proxied(2);
    const [far] = await once(server, "connection");
    other.destroy();
    far.resume();
    await once(far, "end");
  });
});
