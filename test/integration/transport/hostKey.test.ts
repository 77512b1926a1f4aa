import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, utils } from "ssh2";
import { type ConnectionSettings, resolveTarget } from "../../../src/transport/credentials.js";
import { connect } from "../../../src/transport/ssh.js";
import { answer, keys, publicKey, type Request, startServer, type TestServer } from "../../support/sshServer.js";
import { canary, errorOf, read, targetOf } from "../../support/sshTarget.js";

/** ESXi has an RSA and an ECDSA key (seen on 8.0.2). */
const both = [keys.rsa.private, keys.ecdsaHost.private];
const other = `SHA256:${"A".repeat(43)}`;

describe("the host key over SSH", () => {
  let server: TestServer;
  const folder = mkdtempSync(join(tmpdir(), "esxi-iser-"));
  const file = join(folder, "known_hosts");
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    server = await startServer({ password: canary.password, hostKeys: both });
  });
  afterEach(() => server.close());

  const withPin = (hostKey: string | undefined, more: Partial<ConnectionSettings> = {}) =>
    connect(targetOf(server, { password: canary.password, hostKey, ...more }));

  /** Connects with nothing but a known_hosts file to go by. */
  function withKnown(...lines: string[]) {
    writeFileSync(file, `${lines.join("\n")}\n`);
    const settings = { host: "127.0.0.1", port: server.port, password: canary.password, dialErrorLimit: 0 };
    return connect(resolveTarget(settings, { get: () => undefined }, { ESXI_ISER_KNOWN_HOSTS: file }));
  }

  function entry(text: string): string {
    const key = publicKey(text);
    return `[127.0.0.1]:${server.port} ${key.type} ${key.getPublicSSH().toString("base64")}`;
  }

  for (const [name, text, index] of [
    ["RSA", keys.rsa.public, 0],
    ["ECDSA", keys.ecdsaHost.public, 1],
  ] as const) {
    it(`accepts a host with two keys by the fingerprint of its ${name} key`, async () => {
      (await withPin(server.fingerprints[index])).close();
      assert.deepEqual(server.seen.auths, ["keyboard-interactive"]);
    });

    it(`accepts a host with two keys by its ${name} key, without asking twice`, async () => {
      (await withPin(text)).close();
      assert.equal(server.seen.connections, 1);
    });

    it(`accepts a host with two keys by a known_hosts file that has its ${name} key only`, async () => {
      (await withKnown(entry(text))).close();
      assert.equal(server.seen.connections, 1);
    });
  }

  it("accepts any key if that is what the word says", async () => {
    (await withPin("insecure-accept-any")).close();
  });

  it("sends no credential to a host with another key than the pinned one", async () => {
    const error = await errorOf(withPin(other, { privateKey: keys.rsa.private, dialErrorLimit: 3 }));
    assert.equal(error.code, "HOST_KEY_CHANGED");
    assert.ok(error.message.includes(other));
    assert.ok(server.fingerprints.some((print) => error.message.includes(print)));
    assert.deepEqual(server.seen.auths, []);
  });

  it("sends no credential to a host with another key than known_hosts has", async () => {
    const error = await errorOf(withKnown(entry(keys.ecdsa.public)));
    assert.equal(error.code, "HOST_KEY_CHANGED");
    assert.ok(error.message.includes(`${file}:1`));
    assert.deepEqual([server.seen.auths, server.seen.connections], [[], 1]);
  });

  it("sends no credential to a host with a revoked key", async () => {
    const error = await errorOf(withKnown(...both.map((text) => `@revoked ${entry(text)}`)));
    assert.equal(error.code, "HOST_KEY_CHANGED");
    assert.deepEqual(server.seen.auths, []);
  });

  it("sends no credential to a host that nothing is known of, and says how to pin what it offered", async () => {
    const error = await errorOf(withKnown());
    assert.equal(error.code, "HOST_KEY_UNKNOWN");
    const offered = server.fingerprints.find((print) => error.message.includes(print));
    assert.ok(offered);
    assert.deepEqual(server.seen.auths, []);
    (await withPin(offered)).close();
  });

  /** Has the server exchange the keys anew, with the given host key. */
  async function exchangeKeys(theirs: Connection, text: string): Promise<void> {
    const key = utils.parseKey(text);
    assert.ok(!(key instanceof Error));
    const { _protocol } = theirs as unknown as { _protocol: { _hostKeys: Record<string, unknown> } };
    _protocol._hostKeys[key.type] = key;
    await new Promise<void>((resolve) => {
      theirs.once("close", resolve);
      theirs.rekey(() => resolve());
    });
  }

  it("is checked again whenever the keys of a connection are exchanged anew", async () => {
    await server.close();
    let theirs: Connection | undefined;
    const run = (request: Request) => {
      theirs = request.connection;
      answer(request, "");
    };
    server = await startServer({ password: canary.password, hostKeys: [keys.ecdsaHost.private], run });
    const connection = await withPin(server.fingerprints[0]);
    await connection.execute(read());
    assert.ok(theirs);
    await exchangeKeys(theirs, keys.ecdsaHost.private);
    assert.equal((await connection.execute(read())).status, 0);
    const ended = new Promise<void>((resolve) => connection.onClose(resolve));
    await exchangeKeys(theirs, keys.ecdsa.private);
    await ended;
    const { code, message } = await errorOf(connection.execute(read()));
    assert.equal(code, "CONNECTION_LOST");
    assert.match(message, /verification failed/);
    assert.equal(server.seen.lines.length, 2);
  });
});
