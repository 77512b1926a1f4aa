import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import sinon from "sinon";
import type { Client } from "ssh2";
import { resolveTarget } from "../../../src/transport/credentials.js";
import { SshConnection } from "../../../src/transport/sshConnection.js";

/** The part of ssh2's client that a connection uses here. */
class FakeClient extends EventEmitter {
  asked = 0;
  answers = true;

  unforwardIn(_address: string, _port: number, callback: () => void): this {
    this.asked += 1;
    if (this.answers) callback();
    return this;
  }

  end(): this {
    return this;
  }

  /** As ssh2 does once the host has closed its end, before it tells that the connection is closed. */
  exec(): never {
    throw new Error("Not connected");
  }
}

describe("a connection on which nothing happens", () => {
  let clock: sinon.SinonFakeTimers;
  let client: FakeClient;
  let stream: PassThrough;
  let connection: SshConnection;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
    client = new FakeClient();
    stream = new PassThrough();
    const target = resolveTarget({ host: "esx01.lab", password: "keepalive-pw" }, { get: () => undefined }, {});
    connection = new SshConnection(target, client as unknown as Client, stream, undefined);
  });
  afterEach(() => clock.restore());

  it("stays open as long as the host answers every 15 seconds", async () => {
    await clock.tickAsync(600_000);
    assert.deepEqual([connection.open, client.asked], [true, 40]);
  });

  it("ends a minute after the host stopped to answer", async () => {
    client.answers = false;
    await clock.tickAsync(59_999);
    assert.equal(connection.open, true);
    await clock.tickAsync(1);
    assert.deepEqual([connection.open, stream.destroyed], [false, true]);
  });

  it("forgives answers that are late", async () => {
    client.answers = false;
    await clock.tickAsync(30_000);
    client.answers = true;
    await clock.tickAsync(15_000);
    client.answers = false;
    await clock.tickAsync(45_000);
    assert.equal(connection.open, true);
  });

  it("asks nothing more once it is closed, and does not wait long for the host to close its end", async () => {
    connection.close();
    await clock.tickAsync(1000);
    assert.equal(stream.destroyed, true);
    await clock.tickAsync(60_000);
    assert.equal(client.asked, 0);
  });

  it("survives an error that comes after the end", () => {
    connection.close();
    client.emit("error", new Error("late"));
    assert.equal(connection.open, false);
  });

  it("is lost, and not forbidden, when a command is asked for after the host has closed its end", async () => {
    const command = {
      kind: "help",
      path: "iscsi adapter list",
      effect: "read",
      decode: (text: string) => text,
    } as const;
    await assert.rejects(connection.execute(command), {
      code: "CONNECTION_LOST",
      message: /before the command was sent; nothing was done/,
    });
    assert.equal(connection.open, false);
  });
});
