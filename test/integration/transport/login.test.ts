import assert from "node:assert/strict";
import { connect } from "../../../src/transport/ssh.js";
import {
  destroy,
  disconnect,
  keygen,
  keys,
  publicKey,
  type ServerOptions,
  startAgent,
  startServer,
  type TestServer,
} from "../../support/sshServer.js";
import { canary, errorOf, read, targetOf } from "../../support/sshTarget.js";

describe("a login over SSH", () => {
  let server: TestServer;
  const start = async (options: ServerOptions) => {
    server = await startServer(options);
    return server;
  };
  afterEach(() => server.close());

  /** Logs in and runs a command. */
  async function logIn(settings: Parameters<typeof targetOf>[1]): Promise<void> {
    const connection = await connect(targetOf(server, settings));
    assert.equal((await connection.execute(read())).status, 0);
    connection.close();
  }

  it("gives the password by keyboard-interactive, the only way that ESXi takes one", async () => {
    await start({ password: canary.password });
    await logIn({ password: canary.password });
    assert.deepEqual(server.seen.auths, ["keyboard-interactive"]);
  });

  it("gives the password plainly only where there is no other way", async () => {
    await start({ password: canary.password, methods: ["publickey", "password"] });
    await logIn({ password: canary.password });
    assert.deepEqual(server.seen.auths, ["password"]);
  });

  const kinds = {
    "an RSA key": { private: keys.rsa.private, public: keys.rsa.public, type: "ssh-rsa" },
    "an ECDSA key": { private: keys.ecdsa.private, public: keys.ecdsa.public, type: "ecdsa-sha2-nistp256" },
    "an RSA key in PEM form": { ...keygen("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""), type: "ssh-rsa" },
  };
  for (const [name, key] of Object.entries(kinds)) {
    it(`takes ${name}`, async () => {
      await start({ authorized: [publicKey(key.public)] });
      await logIn({ privateKey: key.private });
      assert.equal(server.seen.auths.at(-1), `publickey ${key.type} signed`);
    });
  }

  it("takes an encrypted key with its passphrase", async () => {
    const key = keygen("-t", "ecdsa", "-N", canary.passphrase, "-a", "1");
    await start({ authorized: [publicKey(key.public)] });
    await logIn({ privateKey: key.private, privateKeyPassword: canary.passphrase });
    assert.equal(server.seen.auths.at(-1), "publickey ecdsa-sha2-nistp256 signed");
  });

  for (const [what, settings] of Object.entries({
    "an encrypted key without its passphrase": {},
    "an encrypted key with a wrong passphrase": { privateKeyPassword: canary.wrong },
  })) {
    it(`does not even connect with ${what}`, async () => {
      const key = keygen("-t", "ecdsa", "-N", canary.passphrase, "-a", "1");
      await start({ authorized: [publicKey(key.public)] });
      const error = await errorOf(connect(targetOf(server, { privateKey: key.private, ...settings })));
      assert.equal(error.code, "INPUT_INVALID");
      assert.match(error.message, /host\.privateKey/);
      assert.equal(server.seen.connections, 0);
    });
  }

  for (const text of ["canary-no-key", keys.rsa.public]) {
    it(`does not even connect with "${text.slice(0, 13)}…" as a private key`, async () => {
      await start({});
      const error = await errorOf(connect(targetOf(server, { privateKey: text })));
      assert.equal(error.code, "INPUT_INVALID");
      assert.equal(server.seen.connections, 0);
    });
  }

  it("takes a key from an SSH agent, the kinds that ESXi refuses last", async () => {
    await start({ authorized: [publicKey(keys.ecdsa.public)] });
    const agent = startAgent([keys.ed25519.private, keys.rsa.private, keys.ecdsa.private]);
    try {
      await logIn({ agentSocketPath: agent.socket });
    } finally {
      agent.stop();
    }
    assert.deepEqual(server.seen.auths, [
      "publickey ssh-rsa",
      "publickey ecdsa-sha2-nistp256",
      "publickey ecdsa-sha2-nistp256 signed",
    ]);
  });

  it("offers no more keys of an agent than OpenSSH lets a client try", async () => {
    await start({});
    const many = Array.from({ length: 7 }, () => keygen("-t", "ecdsa", "-N", "").private);
    const agent = startAgent(many);
    try {
      const error = await errorOf(connect(targetOf(server, { agentSocketPath: agent.socket })));
      assert.equal(error.code, "LOGIN_REFUSED");
      assert.match(error.message, /SSH agent/);
    } finally {
      agent.stop();
    }
    assert.equal(server.seen.auths.length, 5);
  });

  it("says so if the agent holds no key or does not answer", async () => {
    await start({});
    const agent = startAgent([]);
    const empty = await errorOf(connect(targetOf(server, { agentSocketPath: agent.socket })));
    agent.stop();
    assert.equal(empty.code, "CREDENTIALS_MISSING");
    assert.match(empty.message, /holds no key/);
    const gone = await errorOf(connect(targetOf(server, { agentSocketPath: agent.socket })));
    assert.equal(gone.code, "CREDENTIALS_MISSING");
    assert.match(gone.message, /agent/);
  });

  it("offers the key first and then the password, each once", async () => {
    await start({ password: canary.password });
    await logIn({ privateKey: keys.ecdsa.private, password: canary.password });
    assert.deepEqual(server.seen.auths, ["publickey ecdsa-sha2-nistp256", "keyboard-interactive"]);
  });

  it("tries a wrong password exactly once, however often it may dial", async () => {
    await start({ password: canary.password });
    const error = await errorOf(connect(targetOf(server, { password: canary.wrong, dialErrorLimit: 5 })));
    assert.equal(error.code, "LOGIN_REFUSED");
    assert.deepEqual([server.seen.connections, server.seen.wrongPasswords], [1, 1]);
    assert.match(error.message, /the resource's host\.password/);
    assert.match(error.message, /ESXI_ISER_PASSWORD__127_0_0_1/);
  });

  it("does not give a wrong password a second time to a server that has two ways of asking", async () => {
    await start({ password: canary.password, methods: ["keyboard-interactive", "password"] });
    const error = await errorOf(connect(targetOf(server, { password: canary.wrong })));
    assert.equal(error.code, "LOGIN_REFUSED");
    assert.deepEqual(server.seen.auths, ["keyboard-interactive"]);
  });

  it("says that ESXi refuses ed25519 keys if one was tried", async () => {
    await start({});
    const error = await errorOf(connect(targetOf(server, { privateKey: keys.ed25519.private })));
    assert.equal(error.code, "LOGIN_REFUSED");
    assert.match(error.message, /ESXi refuses ed25519 keys/);
  });

  it("tells a missing kind of credential from a refused one", async () => {
    await start({ methods: ["publickey"] });
    const error = await errorOf(connect(targetOf(server, { password: canary.password })));
    assert.equal(error.code, "CREDENTIALS_MISSING");
    assert.match(error.message, /accepts: publickey/);
    assert.deepEqual(server.seen.auths, []);
  });

  it("answers only the first round of questions with the password", async () => {
    const rounds: string[][] = [];
    await start({
      authenticate: (context) => {
        if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
        const ask = (prompt: string) =>
          context.prompt([{ prompt, echo: false }], (answers) => {
            rounds.push(answers);
            ask("Password again: ");
          });
        ask("Password: ");
      },
    });
    const error = await errorOf(connect(targetOf(server, { password: canary.password })));
    assert.equal(error.code, "LOGIN_REFUSED");
    assert.deepEqual(rounds, [[canary.password]]);
  });

  it("gives the password to no question that echoes, and takes a round without questions", async () => {
    const rounds: string[][] = [];
    await start({
      authenticate: (context) => {
        if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
        const both = [
          { prompt: "Your name: ", echo: true },
          { prompt: "Password: ", echo: false },
        ];
        context.prompt([], "Welcome", () =>
          context.prompt(both, (answers) => {
            rounds.push(answers);
            context.accept();
          }),
        );
      },
    });
    await logIn({ password: canary.password });
    assert.deepEqual(rounds, [["", canary.password]]);
  });

  it("does not dial again after a connection that broke with a password on the way", async () => {
    await start({
      authenticate: (context, connection) =>
        context.method === "none" ? context.reject(["password"]) : destroy(connection),
    });
    const error = await errorOf(connect(targetOf(server, { password: canary.password, dialErrorLimit: 3 })));
    assert.equal(error.code, "CONNECTION_LOST");
    assert.equal(server.seen.connections, 1);
  });

  it("takes it for a refusal if the host ends the connection itself after an attempt", async () => {
    await start({
      authenticate: (context, connection) =>
        context.method === "none" ? context.reject(["password"]) : disconnect(connection),
    });
    const error = await errorOf(connect(targetOf(server, { password: canary.password, dialErrorLimit: 3 })));
    assert.equal(error.code, "LOGIN_REFUSED");
    assert.match(error.message, /The host said: /);
    assert.equal(server.seen.connections, 1);
  });

  it("has no credential in any refusal, nor in its details", async () => {
    await start({ password: canary.password });
    const agentless = { privateKey: keys.ecdsa.private, privateKeyPassword: canary.passphrase, password: canary.wrong };
    const error = await errorOf(connect(targetOf(server, agentless)));
    const said = `${error.message}\n${error.stack}\n${JSON.stringify(error.details)}`;
    assert.doesNotMatch(said, /canary/);
    assert.ok(!said.includes(keys.ecdsa.private.split("\n")[1] ?? "?"));
  });
});
