import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, it } from "mocha";
import { adapterProperties } from "../../src/resources/adapterProperties.js";
import { iserAdapter } from "../../src/resources/iserAdapter.js";
import { Pool } from "../../src/transport/pool.js";
import { Place } from "../support/openssh/place.js";
import { interop } from "../support/openssh/requirements.js";
import { logs, type Sshd } from "../support/openssh/sshd.js";
import { keys } from "../support/sshServer.js";
import { errorOf, read } from "../support/sshTarget.js";

interop("many logins at a real OpenSSH server", () => {
  let place: Place;
  before(async () => {
    place = await Place.start();
  });
  after(() => place?.stop());

  /** Connections that do not log in: each of them counts against MaxStartups. */
  async function hold(sshd: Sshd, many: number): Promise<Socket[]> {
    const sockets = Array.from({ length: many }, () => connect(sshd.port, sshd.address));
    await Promise.all(
      sockets.map(async (socket) => {
        socket.on("error", () => undefined);
        // The server's greeting: it has counted the connection.
        await once(socket, "data");
      }),
    );
    return sockets;
  }

  it("are dialled again while others log in and the server drops whoever comes (MaxStartups)", async () => {
    const sshd = await place.sshd({ settings: { maxstartups: "2:100:2" } });
    const others = await hold(sshd, 2);
    const pool = new Pool();
    const work = pool.use(place.target(sshd, { dialErrorLimit: 3 }), (session) => session.execute(read()));
    await sshd.logged(logs.dropped);
    for (const other of others) other.destroy();
    assert.equal((await work).status, 0);
    await pool.close();
    // No credential was on a connection that was dropped.
    await sshd.settled();
    assert.deepEqual([sshd.count(logs.refusal), sshd.count(logs.login)], [0, 1]);
  });

  it("are given up as unreachable, and not as refused, where the server drops them for good", async () => {
    const sshd = await place.sshd({ settings: { maxstartups: "2:100:2" } });
    const others = await hold(sshd, 2);
    const pool = new Pool();
    const use = (dialErrorLimit: number) =>
      pool.use(place.target(sshd, { dialErrorLimit }), (session) => session.execute(read()));
    assert.equal((await errorOf(use(1))).code, "HOST_UNREACHABLE");
    assert.equal(pool.counters.dials, 1);
    for (const other of others) other.destroy();
    // A refusal would be remembered.
    assert.equal((await use(3)).status, 0);
    assert.ok(sshd.count(logs.dropped) >= 2);
    await pool.close();
  });

  it("go in turn, twenty at once, so that ESXi's own MaxStartups drops none and none is dialled twice", async () => {
    const sshd = await place.sshd();
    assert.match(sshd.effective(), /^maxstartups 10:30:100$/m);
    const pool = new Pool();
    // Twenty declarations of the host that share no connection: what they expect of its key is written differently.
    const targets = Array.from({ length: 20 }, (_, index) =>
      place.target(sshd, { hostKey: `${sshd.hostKeys.ecdsa.fingerprint} ${index}`, privateKey: keys.ecdsa.private }),
    );
    const outcomes = await Promise.all(targets.map((target) => pool.use(target, (session) => session.execute(read()))));
    assert.ok(outcomes.every(({ status }) => status === 0));
    await pool.close();
    assert.deepEqual([pool.counters.dials, sshd.count(logs.login), sshd.count(logs.dropped)], [20, 20, 0]);
  });

  it("are one where twenty resources of a program want the host at once", async () => {
    const sshd = await place.sshd();
    const lab = place.lab(sshd);
    const bare = place.host.dump();
    const adapter = lab.lifecycle(iserAdapter);
    await adapter.up({ device: "vmrdma0" });
    const name = lab.lifecycle(adapterProperties);
    await name.up({ adapter: "vmrdma0", alias: "storage-a" });
    const drift = await Promise.all(
      Array.from({ length: 10 }, () => [adapter, name]).flatMap((all) => all.map((one) => one.refresh())),
    );
    assert.deepEqual(
      drift,
      Array.from({ length: 20 }, () => []),
    );
    await name.destroy();
    await adapter.destroy();
    assert.equal(place.host.dump(), bare);
    assert.equal(sshd.count(logs.login), 1);
    await lab.close();
  });
});
