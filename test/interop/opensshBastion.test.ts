import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, it } from "mocha";
import { Pool } from "../../src/transport/pool.js";
import { Place } from "../support/openssh/place.js";
import { interop } from "../support/openssh/requirements.js";
import { logs, makeHostKeys, type Sshd } from "../support/openssh/sshd.js";
import { keygen, keys, startAgent } from "../support/sshServer.js";
import { errorOf, read } from "../support/sshTarget.js";

interop("a host behind a real OpenSSH server as bastion", () => {
  let place: Place;
  let host: Sshd;
  let bastion: Sshd;
  let pool: Pool;
  const key = keygen("-t", "ecdsa", "-N", "");
  before(async () => {
    place = await Place.start();
    host = await place.sshd();
    const settings = { allowtcpforwarding: "yes" };
    bastion = await place.sshd({ settings, hostKeys: makeHostKeys(), authorized: { [place.user.name]: [key.public] } });
  });
  after(() => place?.stop());
  beforeEach(() => {
    pool = new Pool();
  });
  afterEach(() => pool.close());

  const behind = (own: Parameters<Place["target"]>[1] = {}, proxy: Parameters<Place["target"]>[1] = {}) =>
    place.target(host, { proxy: place.settings(bastion, { privateKey: key.private, ...proxy }), ...own });

  it("is reached through one connection of the bastion, whatever the host's own login is", async () => {
    const from = [bastion.log.length, host.log.length] as const;
    const agent = startAgent([keys.ecdsa.private]);
    const ways = [{}, { privateKey: keys.rsa.private }, { agentSocketPath: agent.socket }];
    try {
      for (const own of ways)
        assert.equal((await pool.use(behind(own), (session) => session.execute(read()))).status, 0);
    } finally {
      agent.stop();
    }
    assert.deepEqual([bastion.count(logs.login, from[0]), host.count(logs.login, from[1])], [1, 3]);
    // All that the bastion does is to forward.
    assert.equal(bastion.count(logs.command, from[0]), 0);
    assert.equal(bastion.count(/direct-tcpip/, from[0]) > 0, true);
  });

  it("is reached where the bastion takes a password through PAM, too", async () => {
    const proxy = { privateKey: undefined, password: place.user.password };
    assert.equal((await pool.use(behind({}, proxy), (session) => session.execute(read()))).status, 0);
  });

  it("takes thirty commands at once through it", async () => {
    const outcomes = await pool.use(behind(), (session) =>
      Promise.all(Array.from({ length: 30 }, () => session.execute(read()))),
    );
    assert.ok(outcomes.every(({ status }) => status === 0));
  });

  it("is not reached where the bastion's key is another one, and neither is sent a login", async () => {
    await bastion.settled();
    await host.settled();
    const from = [bastion.log.length, host.log.length] as const;
    const error = await errorOf(
      pool.use(behind({}, { hostKey: host.hostKeys.ecdsa.fingerprint }), async () => undefined),
    );
    assert.equal(error.code, "HOST_KEY_CHANGED");
    await bastion.settled();
    assert.equal(bastion.count(logs.anyAttempt, from[0]), 0);
    assert.equal(host.count(logs.connection, from[1]), 0);
  });

  it("has its own key checked behind it, before a login", async () => {
    await host.settled();
    const from = host.log.length;
    const error = await errorOf(pool.use(behind({ hostKey: bastion.hostKeys.rsa.fingerprint }), async () => undefined));
    assert.equal(error.code, "HOST_KEY_CHANGED");
    await host.settled();
    assert.equal(host.count(logs.anyAttempt, from), 0);
  });

  it("is not reached through an ESXi host, whose sshd forwards nothing, and the error says so", async () => {
    const target = place.target(host, { proxy: place.settings(host, { privateKey: keys.ecdsa.private }) });
    const error = await errorOf(pool.use(target, async () => undefined));
    assert.equal(error.code, "HOST_UNREACHABLE");
    assert.match(error.message, /ESXi host never does/);
  });

  it("is reached anew after the bastion's connection was cut with a command under way", async () => {
    place.host.faults.add({ match: "iscsi adapter list", kind: "hang" });
    const start = place.bridge.calls.length;
    const work = errorOf(pool.use(behind(), (session) => session.execute(read())));
    await place.bridge.until((calls) => calls.length > start);
    bastion.cutConnections();
    assert.equal((await work).code, "CONNECTION_LOST");
    assert.equal((await pool.use(behind(), (session) => session.execute(read()))).status, 0);
  });
});
