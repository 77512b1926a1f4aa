import assert from "node:assert/strict";
import { setImmediate as tick } from "node:timers/promises";
import fc from "fast-check";
import sinon from "sinon";
import { IserError } from "../../../src/errors.js";
import { type ConnectionSettings, relayOf, resolveTarget } from "../../../src/transport/credentials.js";
import { Pool } from "../../../src/transport/pool.js";
import { fakeConnect, gate } from "../../support/sshFake.js";

const target = (settings: Partial<ConnectionSettings> = {}) =>
  resolveTarget({ host: "esx01.lab", password: "pool-pw-1", ...settings }, { get: () => undefined }, {});
const list = { kind: "help", path: "iscsi adapter list", effect: "read", decode: (text: string) => text } as const;
const noWork = async () => {};

const error = (code: "LOGIN_REFUSED" | "HOST_UNREACHABLE" | "CONNECTION_LOST") =>
  new IserError(code, { problem: "no", cure: "none" });

describe("the pool of connections", () => {
  it("makes no connection before there is work", async () => {
    const { connect, made } = fakeConnect();
    await new Pool({ connect }).close();
    assert.equal(made.length, 0);
  });

  it("makes one connection for all who use a host with the same credentials, even at once", async () => {
    const { connect, made } = fakeConnect();
    const pool = new Pool({ connect });
    const work = () => pool.use(target(), (session) => session.execute(list));
    const outcomes = await Promise.all(Array.from({ length: 20 }, work));
    await work();
    assert.equal(made.length, 1);
    assert.ok(outcomes.every(({ stdout }) => stdout === "iscsi adapter list"));
    assert.deepEqual(pool.counters, { dials: 1, connections: 1, commands: 21 });
    await pool.close();
  });

  it("makes a connection of its own for another user, port or credential", async () => {
    const { connect, made } = fakeConnect();
    const pool = new Pool({ connect });
    for (const other of [{}, { user: "ops" }, { port: 2222 }, { password: "pool-pw-2" }])
      await pool.use(target(other), noWork);
    assert.equal(made.length, 4);
    await pool.close();
  });

  it("gives each user of a shared connection its own time for commands", async () => {
    const { connect, made } = fakeConnect();
    const pool = new Pool({ connect });
    await pool.use(target({ commandTimeout: 7 }), (session) => session.execute(list));
    await pool.use(target(), (session) => session.execute(list));
    assert.deepEqual(made[0]?.timeouts, [7, 120]);
    await pool.close();
  });

  it("replaces a lost connection at the next use and never within one", async () => {
    const { connect, made } = fakeConnect();
    const pool = new Pool({ connect });
    await pool.use(target(), async (session) => {
      made[0]?.close();
      assert.equal(session.open, false);
      await tick();
      assert.equal(session.open, false);
      assert.equal(made.length, 1);
    });
    await pool.use(target(), async (session) => assert.equal(session.open, true));
    assert.equal(made.length, 2);
    await pool.close();
  });

  it("lets one who came after the loss have a new connection while the old work still ends", async () => {
    const { connect, made } = fakeConnect();
    const pool = new Pool({ connect });
    const old = gate();
    const first = pool.use(target(), async (session) => {
      await old.opened;
      return session.open;
    });
    await tick();
    made[0]?.close();
    assert.equal(await pool.use(target(), async (session) => session.open), true);
    old.open();
    assert.equal(await first, false);
    assert.equal(await pool.use(target(), async (session) => session.open), true);
    assert.equal(made.length, 2);
    await pool.close();
  });

  it("dials again after a failure, which all who waited for it are told", async () => {
    let fails = true;
    const { connect, made } = fakeConnect(async () => {
      if (fails) throw error("HOST_UNREACHABLE");
    });
    const pool = new Pool({ connect });
    const results = await Promise.allSettled([pool.use(target(), noWork), pool.use(target(), noWork)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    assert.equal(pool.counters.dials, 1);
    fails = false;
    await pool.use(target(), noWork);
    assert.equal(made.length, 1);
    assert.equal(pool.counters.dials, 2);
    await pool.close();
  });

  it("remembers a refused login, so that many resources do not lock the account", async () => {
    const { connect } = fakeConnect(async () => {
      throw error("LOGIN_REFUSED");
    });
    const pool = new Pool({ connect });
    const attempt = () => pool.use(target(), noWork).catch((failed: IserError) => failed.code);
    assert.deepEqual(await Promise.all([attempt(), attempt()]), ["LOGIN_REFUSED", "LOGIN_REFUSED"]);
    assert.equal(await attempt(), "LOGIN_REFUSED");
    assert.equal(pool.counters.dials, 1);
    await pool.close();
    assert.equal(await attempt(), "LOGIN_REFUSED");
    assert.equal(pool.counters.dials, 1);
  });

  it("logs in anew when the password is another one", async () => {
    const { connect } = fakeConnect(async ({ password }) => {
      if (password?.value === "pool-pw-1") throw error("LOGIN_REFUSED");
    });
    const pool = new Pool({ connect });
    await assert.rejects(pool.use(target(), noWork));
    await pool.use(target({ password: "pool-pw-2" }), noWork);
    await pool.close();
  });

  it("tries a password again whose login broke off, if it has worked before: the host may have been rebooting", async () => {
    let breaks = false;
    const { connect, made } = fakeConnect(async () => {
      if (breaks) throw error("CONNECTION_LOST");
    });
    const pool = new Pool({ connect });
    await pool.use(target(), noWork);
    made[0]?.close();
    breaks = true;
    await assert.rejects(pool.use(target(), noWork), { code: "CONNECTION_LOST" });
    breaks = false;
    await pool.use(target(), noWork);
    assert.equal(made.length, 2);
    await pool.close();
  });

  it("takes the same address behind another bastion for another machine", async () => {
    const { connect, made } = fakeConnect(async (target) => {
      if (target.host === "10.0.0.1" && relayOf(target)?.host === "jump1.lab") throw error("LOGIN_REFUSED");
    });
    const pool = new Pool({ connect });
    const behind = (host: string) => target({ host: "10.0.0.1", proxy: { host, password: "pool-pw-9" } });
    await assert.rejects(pool.use(behind("jump1.lab"), noWork), { code: "LOGIN_REFUSED" });
    await pool.use(behind("jump2.lab"), noWork);
    assert.deepEqual(
      made.map(({ host }) => host),
      ["jump1.lab", "jump2.lab", "10.0.0.1"],
    );
    await pool.close();
  });

  it("lets the error of the work through and keeps the connection", async () => {
    const { connect, made } = fakeConnect();
    const pool = new Pool({ connect });
    await assert.rejects(
      pool.use(target(), async () => {
        throw new Error("of the work");
      }),
      /of the work/,
    );
    await pool.use(target(), noWork);
    assert.equal(made.length, 1);
    await pool.close();
  });

  it("makes one handshake at a time with a host, and different hosts side by side", async () => {
    const under = { "esx01.lab": 0, "esx02.lab": 0, all: 0 };
    const most = { ...under };
    const count = (name: keyof typeof under, change: number) => {
      under[name] += change;
      most[name] = Math.max(most[name], under[name]);
    };
    const { connect } = fakeConnect(async ({ host }) => {
      count("all", 1);
      count(host as "esx01.lab", 1);
      await tick();
      count(host as "esx01.lab", -1);
      count("all", -1);
    });
    const pool = new Pool({ connect });
    const uses = ["esx01.lab", "esx02.lab"].flatMap((host) =>
      ["pool-pw-1", "pool-pw-2", "pool-pw-3"].map((password) => pool.use(target({ host, password }), noWork)),
    );
    await Promise.all(uses);
    assert.deepEqual(most, { "esx01.lab": 1, "esx02.lab": 1, all: 2 });
    await pool.close();
  });

  it("shares a bastion among the hosts behind it and lets it go after the last of them", async () => {
    const clock = sinon.useFakeTimers();
    try {
      const { connect, made } = fakeConnect();
      const pool = new Pool({ connect });
      const behind = (host: string) => target({ host, proxy: { host: "jump.lab", password: "pool-pw-9" } });
      await Promise.all([pool.use(behind("esx01.lab"), noWork), pool.use(behind("esx02.lab"), noWork)]);
      const [bastion, ...hosts] = made;
      assert.equal(bastion?.host, "jump.lab");
      assert.deepEqual(
        hosts.map(({ through }) => through),
        [bastion, bastion],
      );
      await clock.tickAsync(600_000);
      assert.deepEqual(
        made.map(({ open }) => open),
        [true, false, false],
      );
      await clock.tickAsync(600_000);
      assert.equal(bastion?.open, false);
      await pool.close();
    } finally {
      clock.restore();
    }
  });

  it("lets the bastion go if the host behind it is not reached", async () => {
    const clock = sinon.useFakeTimers();
    try {
      const { connect, made } = fakeConnect(async ({ host }) => {
        if (host === "esx01.lab") throw error("HOST_UNREACHABLE");
      });
      const pool = new Pool({ connect });
      await assert.rejects(pool.use(target({ proxy: { host: "jump.lab", password: "pool-pw-9" } }), noWork));
      await clock.tickAsync(600_000);
      assert.deepEqual(
        made.map(({ host, open }) => ({ host, open })),
        [{ host: "jump.lab", open: false }],
      );
      await pool.close();
    } finally {
      clock.restore();
    }
  });

  it("closes a connection that nobody used for ten minutes, and not before", async () => {
    const clock = sinon.useFakeTimers();
    try {
      const { connect, made } = fakeConnect();
      const pool = new Pool({ connect });
      const busy = gate();
      const long = pool.use(target(), () => busy.opened);
      await clock.tickAsync(6_000_000);
      assert.equal(made[0]?.open, true);
      busy.open();
      await long;
      await clock.tickAsync(599_999);
      await pool.use(target(), noWork);
      await clock.tickAsync(599_999);
      assert.equal(made[0]?.open, true);
      await clock.tickAsync(1);
      assert.equal(made[0]?.open, false);
      await pool.use(target(), noWork);
      assert.equal(made.length, 2);
      await pool.close();
    } finally {
      clock.restore();
    }
  });

  it("closes every connection, also one that was still being made", async () => {
    const slow = gate();
    const { connect, made } = fakeConnect(({ host }) => (host === "esx02.lab" ? slow.opened : Promise.resolve()));
    const pool = new Pool({ connect });
    await pool.use(target(), noWork);
    const pending = pool.use(target({ host: "esx02.lab" }), async (session) => session.open);
    const closing = pool.close();
    assert.equal(made[0]?.open, false);
    slow.open();
    await closing;
    await pending;
    assert.deepEqual(
      made.map(({ open }) => open),
      [false, false],
    );
  });

  it("listens for the end of the process only while it may have connections, and once", async () => {
    const listeners = () => ["SIGINT", "SIGTERM", "exit"].map((event) => process.listenerCount(event));
    const before = listeners();
    const { connect } = fakeConnect();
    const pool = new Pool({ connect });
    assert.deepEqual(listeners(), before);
    await pool.use(target(), noWork);
    await pool.use(target({ host: "esx02.lab" }), noWork);
    assert.deepEqual(
      listeners(),
      before.map((count) => count + 1),
    );
    await pool.close();
    assert.deepEqual(listeners(), before);
  });
});

describe("work in turn", () => {
  it("does work of the same lane one after another, in order of arrival, even after a failure", async () => {
    const pool = new Pool();
    const seen: string[] = [];
    const work = (name: string) => async () => {
      seen.push(`${name} begins`);
      await tick();
      seen.push(`${name} ends`);
      if (name === "b") throw new Error("b fails");
    };
    await Promise.allSettled(["a", "b", "c"].map((name) => pool.inTurn("esx01.lab", ["vmhba64"], work(name))));
    assert.deepEqual(seen, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("does work of other lanes and other hosts side by side", async () => {
    const pool = new Pool();
    const blocked = gate();
    const first = pool.inTurn("esx01.lab", ["vmhba64"], () => blocked.opened);
    assert.equal(await pool.inTurn("esx01.lab", ["vSwitch1"], async () => "lane"), "lane");
    assert.equal(await pool.inTurn("esx02.lab", ["vmhba64"], async () => "host"), "host");
    assert.equal(await pool.inTurn("esx01.lab", [], async () => "none"), "none");
    blocked.open();
    await first;
  });

  it("gives the result or the error of the work", async () => {
    const pool = new Pool();
    assert.equal(await pool.inTurn("esx01.lab", ["a"], async () => 7), 7);
    await assert.rejects(
      pool.inTurn("esx01.lab", ["a"], () => {
        throw new Error("at once");
      }),
      /at once/,
    );
    assert.equal(await pool.inTurn("ESX01.lab", ["a", "a"], async () => 8), 8);
  });

  it("never overlaps in a lane, keeps the order of arrival, and always ends, whatever lanes are asked for", async () => {
    const lanes = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(lanes, { maxLength: 12 }), async (jobs) => {
        const pool = new Pool();
        const holding = new Set<string>();
        const order = new Map<string, number[]>();
        const run = (mine: readonly string[], index: number) =>
          pool.inTurn("esx01.lab", mine, async () => {
            for (const lane of new Set(mine)) {
              assert.ok(!holding.has(lane));
              holding.add(lane);
              order.set(lane, [...(order.get(lane) ?? []), index]);
            }
            await tick();
            for (const lane of mine) holding.delete(lane);
          });
        await Promise.all(jobs.map(run));
        for (const came of order.values())
          assert.deepEqual(
            came,
            [...came].sort((x, y) => x - y),
          );
      }),
      { numRuns: 60 },
    );
  });
});
