import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, it } from "mocha";
import type { Connection as ServerConnection } from "ssh2";
import type { Connection } from "../../../src/transport/connection.js";
import { keepSecret } from "../../../src/transport/redact.js";
import { connect, loginLimit } from "../../../src/transport/ssh.js";
import { outputLimit } from "../../../src/transport/sshExec.js";
import {
  answer,
  keys,
  type Request,
  type ServerOptions,
  startServer,
  type TestServer,
} from "../../support/sshServer.js";
import { canary, errorOf, read, targetOf, write } from "../../support/sshTarget.js";

const mebibyte = 1024 * 1024;
/** What socket buffers of both ends hold beyond what was read. */
const slack = 24 * mebibyte;

/** Writes as long as somebody reads, as the system's buffers allow, and counts. */
function flood(socket: Socket, piece: Buffer): { sent: () => number } {
  let sent = 0;
  const more = () => {
    while (!socket.destroyed && socket.writable) {
      sent += piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on("drain", more);
  more();
  return { sent: () => sent };
}

/** An SSH packet that the server sends of itself. */
function packet(connection: ServerConnection, payload: Buffer): void {
  const { _packetRW: writer, _cipher: cipher } = (
    connection as unknown as {
      _protocol: {
        _packetRW: { write: { alloc(size: number): Buffer; allocStart: number; finalize(packet: Buffer): Buffer } };
        _cipher: { encrypt(packet: Buffer): void };
      };
    }
  )._protocol;
  const allocated = writer.write.alloc(payload.length);
  payload.copy(allocated, writer.write.allocStart);
  cipher.encrypt(writer.write.finalize(allocated));
}

const text = (value: string) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** Messages that a server may send at any time. [RFC 4253 11, RFC 4252 5.4, RFC 4254 4] */
const messages: Readonly<Record<string, Buffer>> = {
  "messages to ignore": Buffer.concat([Buffer.from([2]), text("x".repeat(16_000))]),
  "messages for debugging": Buffer.concat([Buffer.from([4, 1]), text("x".repeat(16_000)), text("")]),
  "global requests": Buffer.concat([Buffer.from([80]), text("x@example.com"), Buffer.from([1])]),
  "global requests without an answer": Buffer.concat([Buffer.from([80]), text("x".repeat(16_000)), Buffer.from([0])]),
};
const banner = Buffer.concat([Buffer.from([53]), text("x".repeat(16_000)), text("")]);

/** Sends a message as long as the client reads, and counts the bytes. */
function repeat(connection: ServerConnection, payload: Buffer): { sent: () => number } {
  const socket = (connection as unknown as { _sock: Socket })._sock;
  let sent = 0;
  const more = () => {
    while (!socket.destroyed && socket.writable && socket.writableLength < mebibyte) {
      packet(connection, payload);
      sent += payload.length;
    }
  };
  socket.on("drain", more);
  more();
  return { sent: () => sent };
}

describe("A host that sends without end", () => {
  let server: TestServer | undefined;
  let plain: Server | undefined;
  let connection: Connection | undefined;
  const sockets = new Set<Socket>();

  afterEach(async () => {
    connection?.close();
    for (const socket of sockets) socket.destroy();
    await server?.close();
    await new Promise<void>((resolve) => (plain ? plain.close(() => resolve()) : resolve()));
    [server, plain, connection] = [undefined, undefined, undefined];
  });

  async function listen(onSocket: (socket: Socket) => void): Promise<TestServer> {
    plain = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      onSocket(socket);
    });
    await new Promise<void>((resolve) => plain?.listen(0, "127.0.0.1", resolve));
    const { port } = plain.address() as { port: number };
    return { settings: { host: "127.0.0.1", port, hostKey: "insecure-accept-any" } } as unknown as TestServer;
  }

  async function start(options: ServerOptions): Promise<TestServer> {
    server = await startServer({ password: canary.password, ...options });
    return server;
  }
  const quick = { perDialTimeout: 5, commandTimeout: 5, password: canary.password };

  for (const [what, piece] of Object.entries({
    "text without a line break": Buffer.alloc(64 * 1024, "x"),
    "lines before it says that it speaks SSH": Buffer.from("welcome\r\n".repeat(7000)),
    "an SSH identification": Buffer.from(`SSH-2.0-${"x".repeat(mebibyte)}`),
    NULs: Buffer.alloc(64 * 1024),
    "packets of 4 GiB after its identification": Buffer.concat([
      Buffer.from("SSH-2.0-x\r\n"),
      Buffer.alloc(64 * 1024, 0xff),
    ]),
  }))
    it(`of ${what} is cut off at the dial`, async () => {
      let sent = () => 0;
      const target = targetOf(
        await listen((socket) => {
          sent = flood(socket, piece).sent;
        }),
        quick,
      );
      const error = await errorOf(connect(target));
      assert.equal(error.code, "HOST_UNREACHABLE");
      assert.ok(error.message.length < 2000);
      assert.ok(sent() < slack, `${sent()} bytes`);
    });

  it("and sends a byte now and then is cut off after its time", async () => {
    let sent = 0;
    const target = targetOf(
      await listen((socket) => {
        const timer = setInterval(() => {
          sent += 1;
          socket.write("x");
        }, 20);
        socket.on("close", () => clearInterval(timer));
      }),
      { ...quick, perDialTimeout: 1 },
    );
    assert.equal((await errorOf(connect(target))).code, "HOST_UNREACHABLE");
    assert.ok(sent > 5);
  });

  it("of banners before the login is cut off", async () => {
    let sent = () => 0;
    const target = targetOf(
      await start({
        authenticate: (_context, client) => {
          sent = repeat(client, banner).sent;
        },
      }),
      quick,
    );
    const error = await errorOf(connect(target));
    assert.match(error.message, /sent more than 1 MiB before a login/);
    assert.ok(sent() > loginLimit && sent() < slack, `${sent()} bytes`);
  });

  it("of questions at the login gets the password once at most", async () => {
    let asked = 0;
    let answered = 0;
    const target = targetOf(
      await start({
        authenticate: (context) => {
          if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
          const prompts = Array.from({ length: 1000 }, (_, index) => ({
            prompt: `Question ${index}: `,
            echo: index > 0,
          }));
          const ask = () => {
            asked += 1;
            context.prompt(prompts, (answers) => {
              answered += answers.filter((one) => one === canary.password).length;
              ask();
            });
          };
          ask();
        },
      }),
      quick,
    );
    const error = await errorOf(connect(target));
    assert.equal(error.code, "LOGIN_REFUSED");
    assert.ok(asked <= 2 && answered <= 1, `asked ${asked} times, answered ${answered}`);
  });

  async function running(run: (request: Request) => void): Promise<Connection> {
    connection = await connect(targetOf(await start({ run }), quick));
    return connection;
  }

  for (const stream of ["stdout", "stderr"] as const)
    it(`on ${stream} of a command that prints 1 GiB is cut off`, async () => {
      let sent = 0;
      const open = await running(({ channel }) => {
        const chunk = Buffer.alloc(256 * 1024, "x");
        const more = () => {
          if (sent >= 1024 * mebibyte) return;
          sent += chunk.length;
          (stream === "stdout" ? channel : channel.stderr).write(chunk, more);
        };
        more();
      });
      assert.equal((await errorOf(open.execute(read()))).code, "OUTPUT_TOO_LARGE");
      assert.ok(sent > outputLimit && sent < outputLimit + slack, `${sent} bytes`);
    });

  it("of a failure that is all ends of cut quotations is quoted in part, for to look for secrets in all of it takes minutes", async () => {
    keepSecret(keys.rsa.private);
    const open = await running((request) => answer(request, "…".repeat(2 * mebibyte), 1));
    const { status, stdout } = await open.execute(read());
    assert.equal(status, 1);
    assert.ok(stdout.length < mebibyte, `${stdout.length} characters`);
  });

  it("of ten thousand small packets of stderr is understood", async () => {
    const open = await running((request) => {
      for (let index = 0; index < 10_000; index++) request.channel.stderr.write("e");
      answer(request, "done");
    });
    const { stdout, stderr } = await open.execute(read());
    assert.deepEqual([stdout, stderr.length], ["done", 10_000]);
  });

  it("of a byte now and then to a command is cut off after its time", async () => {
    const open = await running(({ channel }) => {
      const timer = setInterval(() => channel.write("x"), 20);
      channel.on("close", () => clearInterval(timer));
    });
    assert.equal((await errorOf(open.execute(read(), 1))).code, "COMMAND_TIMEOUT");
  });

  for (const [what, payload] of Object.entries(messages))
    it(`of ${what} during a command is cut off, and takes no memory`, async function () {
      this.timeout(180_000);
      let sent = () => 0;
      const open = await running(({ connection: client }) => {
        sent = repeat(client, payload).sent;
      });
      const before = process.memoryUsage().rss;
      const error = await errorOf(open.execute(write(), 2));
      assert.ok(["CONNECTION_LOST", "COMMAND_TIMEOUT"].includes(error.code), error.code);
      assert.equal(open.open, false);
      assert.ok(sent() < 26 * mebibyte + slack, `${sent()} bytes`);
      assert.ok(process.memoryUsage().rss - before < 400 * mebibyte);
    });

  it("of questions, and reads no answer, is cut off before the answers fill the memory", async function () {
    this.timeout(120_000);
    const open = await running(({ connection: client }) => {
      (client as unknown as { _sock: Socket })._sock.pause();
      repeat(client, Buffer.concat([Buffer.from([80]), text("x"), Buffer.from([1])]));
    });
    const error = await errorOf(open.execute(write(), 100));
    assert.match(error.message, /read nothing of what was sent to it/);
  });

  it("is still understood over a bastion's connection, which carries more than it may send of itself", async () => {
    const big = "x".repeat(5 * mebibyte);
    const behind = await startServer({ password: canary.password, run: (request) => answer(request, big) });
    const bastion = await connect(targetOf(await start({ forwards: true }), quick));
    try {
      connection = await connect(targetOf(behind, quick), bastion);
      for (let times = 0; times < 8; times++)
        assert.equal((await connection.execute(read())).stdout.length, big.length);
    } finally {
      bastion.close();
      await behind.close();
    }
  });
});
