import assert from "node:assert/strict";
import { Pool } from "../../../src/transport/pool.js";
import { closedPort, startServer, type TestServer } from "../../support/sshServer.js";
import { canary, errorOf, read, targetOf } from "../../support/sshTarget.js";

describe("a host behind a bastion", () => {
  let host: TestServer;
  let bastion: TestServer;
  let pool: Pool;
  beforeEach(async () => {
    host = await startServer({ password: canary.password });
    bastion = await startServer({ password: canary.passphrase, methods: ["password"], forwards: true });
    pool = new Pool();
  });
  afterEach(async () => {
    await pool.close();
    await host.close();
    await bastion.close();
  });

  const behind = (more: Parameters<typeof targetOf>[1] = {}) =>
    targetOf(host, { password: canary.password, proxy: { ...bastion.settings, password: canary.passphrase }, ...more });

  it("is reached through one connection of the bastion, which sees none of its credentials", async () => {
    const second = await startServer({ password: canary.password });
    await pool.use(behind(), (session) => session.execute(read()));
    await pool.use(
      { ...behind(), port: second.port, hostKey: targetOf(second, { password: "x" }).hostKey ?? never() },
      (session) => session.execute(read()),
    );
    assert.deepEqual(bastion.seen.auths, ["password"]);
    assert.deepEqual(bastion.seen.forwards, [`127.0.0.1:${host.port}`, `127.0.0.1:${second.port}`]);
    assert.deepEqual([host.seen.lines.length, second.seen.lines.length], [1, 1]);
    await pool.close();
    await second.close();
  });

  it("is not reached if the bastion has another key, and the bastion is sent no credential", async () => {
    const proxy = { ...bastion.settings, password: canary.passphrase, hostKey: `SHA256:${"A".repeat(43)}` };
    const error = await errorOf(pool.use(behind({ proxy }), async () => undefined));
    assert.equal(error.code, "HOST_KEY_CHANGED");
    assert.deepEqual([bastion.seen.auths, host.seen.connections], [[], 0]);
  });

  it("has its own key checked too", async () => {
    const error = await errorOf(pool.use(behind({ hostKey: `SHA256:${"A".repeat(43)}` }), async () => undefined));
    assert.equal(error.code, "HOST_KEY_CHANGED");
    assert.deepEqual(host.seen.auths, []);
  });

  it("is told apart from a bastion that refuses the login", async () => {
    const proxy = { ...bastion.settings, password: canary.wrong };
    const error = await errorOf(pool.use(behind({ proxy }), async () => undefined));
    assert.equal(error.code, "LOGIN_REFUSED");
    assert.match(error.message, /host\.proxy\.password/);
    await errorOf(pool.use(behind({ proxy }), async () => undefined));
    assert.equal(bastion.seen.wrongPasswords, 1);
  });

  it("is unreachable if the bastion forwards nothing, as ESXi's own sshd does not, and that is not tried again", async () => {
    const esxi = await startServer({ password: canary.passphrase });
    const proxy = { ...esxi.settings, password: canary.passphrase };
    const error = await errorOf(pool.use(behind({ proxy, dialErrorLimit: 3 }), async () => undefined));
    assert.equal(error.code, "HOST_UNREACHABLE");
    assert.match(error.message, /ESXi host never does/);
    assert.equal(pool.counters.dials, 2);
    await pool.close();
    await esxi.close();
  });

  it("is unreachable if nobody answers the bastion within the time for one dial", async () => {
    const silent = await closedPort();
    const error = await errorOf(pool.use({ ...behind({ perDialTimeout: 0.2 }), port: silent }, async () => undefined));
    assert.equal(error.code, "HOST_UNREACHABLE");
    assert.match(error.message, /through 127\.0\.0\.1/);
  });

  it("loses its connection with the bastion's, and gets both anew at the next use", async () => {
    await pool.use(behind(), async (session) => {
      bastion.dropConnections();
      const error = await errorOf(session.execute(read()));
      assert.equal(error.code, "CONNECTION_LOST");
    });
    await pool.use(behind(), (session) => session.execute(read()));
    assert.deepEqual([bastion.seen.connections, host.seen.connections], [2, 2]);
  });
});

function never(): never {
  throw new Error("the server has a host key");
}
