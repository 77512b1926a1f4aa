import assert from "node:assert/strict";

import { type AddressInfo, createServer, connect as openSocket } from "node:net";
import type { IserError } from "../../../src/errors.js";
import type { HostCommand } from "../../../src/esxcli/command.js";
import type { Connection } from "../../../src/transport/connection.js";
import type { SshTarget } from "../../../src/transport/credentials.js";
import { connect } from "../../../src/transport/ssh.js";
import {
  answer,
  closedPort,
  destroy,
  type ServerOptions,
  startServer,
  type TestServer,
} from "../../support/sshServer.js";
import { canary, debugged, errorOf, read, targetOf, write } from "../../support/sshTarget.js";

describe("a session over SSH", () => {
  let server: TestServer;
  let connection: Connection;
  const target = (more: Parameters<typeof targetOf>[1] = {}): SshTarget =>
    targetOf(server, { password: canary.password, ...more });
  const start = async (options: ServerOptions, more: Parameters<typeof targetOf>[1] = {}) => {
    server = await startServer({ password: canary.password, ...options });
    connection = await connect(target(more));
  };
  afterEach(async () => {
    connection.close();
    await server.close();
  });

  it("gives status, output and errors as they are", async () => {
    await start({
      run: ({ channel }) => {
        channel.stderr.write("to stderr");
        channel.write("Error: Unknown command");
        channel.exit(1);
        channel.end();
      },
    });
    const outcome = await connection.execute(read());
    assert.deepEqual(outcome, { status: 1, stdout: "Error: Unknown command", stderr: "to stderr" });
  });

  it("reads characters that are cut at the border of a packet", async () => {
    await start({
      run: ({ channel }) => {
        const bytes = Buffer.from("Zürich 東京 🙂");
        const send = (index: number): void => {
          if (index < bytes.length) channel.write(bytes.subarray(index, index + 1), () => send(index + 1));
          else {
            channel.exit(0);
            channel.end();
          }
        };
        send(0);
      },
    });
    assert.equal((await connection.execute(read())).stdout, "Zürich 東京 🙂");
  });

  it("gives a secret on standard input and closes it", async () => {
    await start({ run: (request) => void request.stdin().then((text) => answer(request, `${text.length}`)) });
    const secret = { name: "secret", value: canary.chap, via: "prompt" } as const;
    const { stdout } = await connection.execute({ ...write(), secret });
    assert.equal(stdout, String(canary.chap.length + 1));
    assert.doesNotMatch(server.seen.lines.join(), /canary/);
  });

  it("masks secrets in what a failed command printed", async () => {
    await start({ run: (request) => answer(request, `cannot use ${canary.chap}`, 1) });
    const secret = { name: "secret", value: canary.chap, via: "argument" } as const;
    assert.equal((await connection.execute({ ...write(), secret })).stdout, "cannot use ***");
  });

  it("runs at most six commands at once, however many are asked for", async () => {
    await start({ run: (request) => void setImmediate(() => answer(request, request.line)) });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => connection.execute(read(`a ${index}`))),
    );
    assert.equal(server.seen.mostAtOnce, 6);
    assert.ok(outcomes.every(({ stdout }, index) => stdout.endsWith(` a ${index}`)));
  });

  it("waits for a channel that the host does not open yet, and then runs the command once", async () => {
    await start({ maxSessions: 1, run: (request) => void setTimeout(() => answer(request, ""), 20) });
    await Promise.all([connection.execute(write("a")), connection.execute(write("b")), connection.execute(read("c"))]);
    assert.equal(server.seen.lines.length, 3);
  });

  it("gives up a command for which the host opens no channel in time, and knows that it was not started", async () => {
    await start({ maxSessions: 0 });
    const error = await errorOf(connection.execute(write(), 0.3));
    assert.equal(error.code, "COMMAND_TIMEOUT");
    assert.match(error.message, /not started/);
    assert.equal(connection.open, true);
  });

  it("gives up a read that hangs, ends it on the host, and goes on", async () => {
    await start({ run: (request) => (request.line.includes("hang") ? undefined : answer(request, "")) });
    const error = await errorOf(connection.execute(read("hang"), 0.05));
    assert.equal(error.code, "COMMAND_TIMEOUT");
    assert.match(error.message, /only reads/);
    assert.equal((await connection.execute(read())).status, 0);
    assert.deepEqual(server.seen.signals, ["TERM"]);
  });

  it("gives up a write that hangs and the connection with it, for nobody knows whether it took effect", async () => {
    await start({ run: () => undefined });
    const other = errorOf(connection.execute(read("other")));
    const error = await errorOf(connection.execute(write("hang"), 0.05));
    assert.equal(error.code, "COMMAND_TIMEOUT");
    assert.match(error.message, /not known/);
    assert.equal(connection.open, false);
    assert.equal((await other).code, "CONNECTION_LOST");
    assert.equal((await errorOf(connection.execute(read()))).code, "CONNECTION_LOST");
  });

  it("gives up the connection when commands that hang would use up its sessions", async () => {
    await start({ run: () => undefined });
    for (const open of [true, true, true, false]) {
      await errorOf(connection.execute(read("hang"), 0.02));
      assert.equal(connection.open, open);
    }
  });

  for (const [what, command, fate] of [
    ["a read", read(), /nothing was changed/],
    ["a write", write(), /whether it did is not known/],
  ] as const) {
    it(`says of ${what} that was under way when the connection broke what became of it`, async () => {
      await start({ run: ({ connection: theirs }) => destroy(theirs) });
      const error = await errorOf(connection.execute(command));
      assert.equal(error.code, "CONNECTION_LOST");
      assert.match(error.message, fate);
      const next = await errorOf(connection.execute(command));
      assert.equal(next.code, "CONNECTION_LOST");
      assert.match(next.message, /before the command was sent; nothing was done/);
      assert.equal(server.seen.lines.length, 1);
    });
  }

  it("says of every command that is asked for while the connection breaks that it was lost, at whatever moment", async () => {
    await start({ run: (request) => answer(request, "") });
    for (let round = 0; round < 20; round += 1) {
      const errors: Promise<unknown>[] = [];
      server.dropConnections();
      while (connection.open) {
        errors.push(
          connection.execute(read()).then(
            () => "answered",
            (error: IserError) => error.code,
          ),
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.deepEqual([...new Set(await Promise.all(errors))], ["CONNECTION_LOST"]);
      connection = await connect(target());
    }
  });

  it("does not send commands that waited for their turn when the connection broke", async () => {
    await start({ run: ({ line, connection: theirs }) => (line.endsWith(" 0") ? destroy(theirs) : undefined) });
    const errors = await Promise.all(
      Array.from({ length: 20 }, (_, index) => errorOf(connection.execute(write(`a ${index}`)))),
    );
    assert.ok(errors.every(({ code }) => code === "CONNECTION_LOST"));
    assert.ok(errors.slice(6).every(({ message }) => message.includes("nothing was done")));
  });

  it("takes no exit status for a lost command, and the signal for the reason if there is one", async () => {
    await start({
      run: ({ channel, line }) => {
        if (line.includes("killed")) channel.exit("KILL");
        channel.end();
      },
    });
    const cut = await errorOf(connection.execute(read("cut")));
    const killed = await errorOf(connection.execute(read("killed")));
    assert.deepEqual([cut.code, killed.code], ["CONNECTION_LOST", "CONNECTION_LOST"]);
    assert.match(killed.message, /KILL/);
    assert.equal(connection.open, true);
  });

  it("says so if the user may not run commands", async () => {
    await start({ refusesCommands: true });
    const error = await errorOf(connection.execute(write()));
    assert.equal(error.code, "PERMISSION_DENIED");
    assert.match(error.message, /does not let root run commands/);
  });

  it("stops a command that prints without end", async () => {
    let sent = 0;
    await start({
      run: ({ channel }) => {
        const chunk = Buffer.alloc(256 * 1024, "x");
        const more = () => {
          sent += chunk.length;
          channel.write(chunk, more);
        };
        more();
      },
    });
    const error = await errorOf(connection.execute(read()));
    assert.equal(error.code, "OUTPUT_TOO_LARGE");
    assert.ok(sent < 16 * 1024 * 1024);
    assert.equal(connection.open, true);
  });

  it("takes output of several megabytes", async () => {
    const text = "x".repeat(5 * 1024 * 1024);
    await start({ run: (request) => answer(request, text) });
    assert.equal((await connection.execute(read())).stdout.length, text.length);
  });

  it("tells of the end of the connection once, also one who asks later", async () => {
    await start({});
    const told: string[] = [];
    const ended = new Promise<void>((resolve) => connection.onClose(resolve));
    connection.onClose(() => told.push("early"));
    server.dropConnections();
    await ended;
    connection.close();
    connection.onClose(() => told.push("late"));
    assert.deepEqual(told, ["early", "late"]);
  });

  it("writes one line of debugging a command, with host, time and status, and no secret", async () => {
    await start({ run: (request) => answer(request, canary.chap, request.line.includes("fails") ? 1 : 0) });
    const secret = (via: "prompt" | "argument"): HostCommand => ({
      ...write("iscsi adapter auth chap set"),
      args: [{ name: "authname", value: `of ${canary.password}` }],
      secret: { name: "secret", value: canary.chap, via },
    });
    const text = await debugged(async () => {
      await connection.execute(secret("prompt"));
      await connection.execute(secret("argument"));
      await connection.execute(read("fails"));
    });
    const lines = text.trimEnd().split("\n");
    assert.equal(lines.length, 3);
    assert.match(lines[0] ?? "", /127\.0\.0\.1 \d+ ms status 0: esxcli .* '--authname=of \*\*\*' --secret$/);
    assert.match(lines[2] ?? "", /status 1/);
    assert.doesNotMatch(text, /canary/);
  });

  it("has no secret in any error of a command", async () => {
    await start({ run: ({ channel }) => channel.end() });
    const chap = { name: "secret", value: canary.chap, via: "argument" } as const;
    const error = await errorOf(
      connection.execute({ ...write(), args: [{ name: "a", value: canary.password }], secret: chap }),
    );
    assert.match(error.message, /--secret=\*\*\*/);
    assert.doesNotMatch(`${error.message}${error.stack}${JSON.stringify(error.details)}`, /canary/);
  });
});

describe("a host that is not reached", () => {
  it("is dialled again as often as is allowed, and then said to be unreachable", async () => {
    const port = await closedPort();
    const server = await startServer();
    const settings = { password: canary.password, port, dialErrorLimit: 1 };
    const error = await errorOf(connect(targetOf(server, settings)));
    await server.close();
    assert.equal(error.code, "HOST_UNREACHABLE");
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}: .*ECONNREFUSED`));
    assert.match(error.message, /TSM-SSH/);
  });

  it("is reached at a later dial, for sshd closes connections while too many are logging in", async () => {
    const server = await startServer({ password: canary.password });
    let dials = 0;
    const relay = createServer((socket) => {
      dials += 1;
      if (dials === 1) socket.destroy();
      else socket.pipe(openSocket(server.port, "127.0.0.1")).pipe(socket);
    });
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
    const { port } = relay.address() as AddressInfo;
    const connection = await connect(targetOf(server, { password: canary.password, port, dialErrorLimit: 1 }));
    assert.equal((await connection.execute(read())).status, 0);
    assert.deepEqual([dials, server.seen.connections], [2, 1]);
    connection.close();
    relay.close();
    await server.close();
  });

  it("is given up if it accepts the connection and then says nothing", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const server = await startServer();
    const error = await errorOf(connect(targetOf(server, { password: canary.password, port, perDialTimeout: 0.1 })));
    silent.close();
    await server.close();
    assert.equal(error.code, "HOST_UNREACHABLE");
    assert.match(error.message, /within 0\.1 s/);
  });

  it("is not dialled again if it has no algorithm in common with this client", async () => {
    const server = await startServer({ algorithms: { kex: ["diffie-hellman-group1-sha1"] } });
    const error = await errorOf(connect(targetOf(server, { password: canary.password, dialErrorLimit: 5 })));
    await server.close();
    assert.equal(error.code, "HOST_UNREACHABLE");
    assert.match(error.message, /no algorithm in common/);
    assert.equal(server.seen.connections, 1);
  });

  it("is unreachable if its name does not exist", async () => {
    const server = await startServer();
    const error = await errorOf(connect(targetOf(server, { host: "no-such-host.invalid", password: canary.password })));
    await server.close();
    assert.equal(error.code, "HOST_UNREACHABLE");
    assert.match(error.message, /no-such-host\.invalid:\d+/);
  }).timeout(20_000);
});
