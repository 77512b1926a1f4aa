import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, it } from "mocha";
import type { LogQuery } from "../../src/esxcli/command.js";
import { Pool } from "../../src/transport/pool.js";
import { Place } from "../support/openssh/place.js";
import { interop } from "../support/openssh/requirements.js";
import { logs, type Sshd } from "../support/openssh/sshd.js";
import { keys } from "../support/sshServer.js";
import { errorOf, read, write } from "../support/sshTarget.js";

type Own = Parameters<Place["target"]>[1];

interop("the sessions of a connection to a real OpenSSH server", () => {
  let place: Place;
  let pool: Pool;
  before(async () => {
    place = await Place.start();
  });
  after(() => place?.stop());
  beforeEach(() => {
    pool = new Pool();
  });
  afterEach(async () => {
    place.host.faults.clear();
    await pool.close();
  });

  const execute = (at: Sshd, command = read(), own: Own = {}) =>
    pool.use(place.target(at, own), (session) => session.execute(command));
  const together = (at: Sshd, many: number, own: Own = {}) =>
    Promise.all(Array.from({ length: many }, () => execute(at, read(), own)));

  /*
   * OpenSSH may refuse a session although there are fewer than ten: one that the client has closed counts until sshd is through with
   * what it has read, and the next command's request may be in that. So what counts is that each command runs, and runs once.
   */
  it("take thirty reads at once, six at a time, over one connection", async () => {
    const sshd = await place.sshd();
    place.bridge.gate = place.bridge.until((calls) => calls.length >= 6);
    const outcomes = await together(sshd, 30);
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set([0]));
    assert.equal(place.host.counters.atOnce, 6);
    assert.deepEqual([sshd.count(logs.login), sshd.count(logs.command)], [1, 30]);
  });

  it("are waited for where the server has fewer than are asked for, and each command runs once", async () => {
    const sshd = await place.sshd({ settings: { maxsessions: "2" } });
    const outcomes = await together(sshd, 20);
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set([0]));
    assert.ok(sshd.count(logs.noSession) > 0, "MaxSessions was not reached");
    assert.deepEqual([sshd.count(logs.login), sshd.count(logs.command)], [1, 20]);
  });

  /** ESXi's user is root, and OpenSSH passes no signals to root's commands: what is given up goes on and keeps its session. */
  const users: readonly [string, Own, "goes on" | "is ended"][] = [
    ["root", { user: "root", privateKey: keys.ecdsa.private }, "goes on"],
    ["another user", {}, "is ended"],
  ];
  for (const [who, own, fate] of users)
    it(`of ${who} are enough after reads that hang, though such a command ${fate} on the host`, async () => {
      const sshd = await place.sshd();
      const start = place.bridge.calls.length;
      const hung = () => place.bridge.calls.slice(start).filter((_call, index) => index < 3);
      place.host.faults.add({ match: "iscsi adapter list", kind: "hang", times: 3 });
      await pool.use(place.target(sshd, own), async (session) => {
        const quick = place.target(sshd, { ...own, commandTimeout: 3 });
        const errors = await Promise.all(
          [1, 2, 3].map(() => errorOf(pool.use(quick, (impatient) => impatient.execute(read())))),
        );
        assert.deepEqual(new Set(errors.map(({ code }) => code)), new Set(["COMMAND_TIMEOUT"]));
        if (fate === "is ended") await place.bridge.until(() => hung().every(({ ended }) => ended));
        const outcomes = await together(sshd, 30, own);
        assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set([0]));
        if (fate === "goes on") assert.ok(hung().every(({ ended }) => !ended));
        assert.equal(session.open, true);
      });
      assert.deepEqual([sshd.count(logs.login), sshd.count(logs.command)], [1, 33]);
    });

  it("of root are given up with their connection before those that hang have used them up, and another one is made", async () => {
    const sshd = await place.sshd();
    const own: Own = { user: "root", privateKey: keys.ecdsa.private, commandTimeout: 3 };
    place.host.faults.add({ match: "iscsi adapter list", kind: "hang", times: 12 });
    const start = place.bridge.calls.length;
    for (const hung of [6, 12]) {
      const errors = await Promise.all(Array.from({ length: 6 }, () => errorOf(execute(sshd, read(), own))));
      for (const { code, message } of errors) {
        assert.match(code, /^(COMMAND_TIMEOUT|CONNECTION_LOST)$/);
        assert.match(message, /only reads; nothing was changed/);
      }
      await place.bridge.until((calls) => calls.length === start + hung);
    }
    // Each of them goes on, for nothing ends a command of root.
    assert.ok(place.bridge.calls.slice(start, start + 12).every(({ ended }) => !ended));
    const outcomes = await together(sshd, 10, { ...own, commandTimeout: 60 });
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set([0]));
    assert.deepEqual([sshd.count(logs.login), sshd.count(logs.command)], [3, 22]);
  });

  for (const [what, command, fate] of [
    ["a read", read(), /only reads; nothing was changed/],
    ["a write", write(), /whether it did is not known/],
  ] as const)
    it(`end with the connection's process while ${what} is under way, which is told, and the next use connects anew`, async () => {
      const sshd = await place.sshd();
      place.host.faults.add({ match: command.path, kind: "hang" });
      const start = place.bridge.calls.length;
      const args = command.effect === "write" ? [{ name: "adapter", value: "vmhba0" }] : [];
      await pool.use(place.target(sshd), async (session) => {
        const work = errorOf(session.execute({ ...command, args }));
        await place.bridge.until((calls) => calls.length > start);
        sshd.cutConnections();
        const { code, message } = await work;
        assert.equal(code, "CONNECTION_LOST");
        assert.match(message, fate);
        assert.equal((await errorOf(session.execute(read()))).code, "CONNECTION_LOST");
      });
      assert.equal((await execute(sshd)).status, 0);
      assert.equal(sshd.count(logs.login), 2);
    });

  it("end with the server, as at a reboot, and the next use finds it when it is back", async () => {
    const sshd = await place.sshd();
    place.host.faults.add({ match: "iscsi adapter list", kind: "hang" });
    const start = place.bridge.calls.length;
    const work = errorOf(execute(sshd));
    await place.bridge.until((calls) => calls.length > start);
    await sshd.stop();
    assert.equal((await work).code, "CONNECTION_LOST");
    assert.equal((await errorOf(execute(sshd))).code, "HOST_UNREACHABLE");
    const again = await place.sshd({ port: sshd.port, hostKeys: sshd.hostKeys });
    assert.equal((await execute(again)).status, 0);
  });

  it("go on while the keys of the connection are exchanged anew", async () => {
    const sshd = await place.sshd({ settings: { rekeylimit: "64K" } });
    const file = join(place.folder, "large.log");
    const text = Array.from({ length: 20_000 }, (_, index) => `${index} vmrdma0 ${"x".repeat(80)}\n`).join("");
    writeFileSync(file, text);
    const query: LogQuery<string> = {
      kind: "log",
      file,
      containing: "vmrdma0",
      last: 20_000,
      effect: "read",
      decode: (output) => output,
    };
    await pool.use(place.target(sshd), async (session) => {
      const outcomes = await Promise.all([1, 2, 3].map(() => session.execute(query)));
      for (const { status, stdout } of outcomes) assert.deepEqual([status, stdout === text], [0, true]);
    });
    assert.equal(sshd.count(logs.login), 1);
    assert.ok(sshd.count(/SSH2_MSG_NEWKEYS received/) > 10, "the keys were not exchanged anew");
  });
});
