import assert from "node:assert/strict";
import { IserError } from "../../../src/errors.js";
import type { Host } from "../../../src/resources/host.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { Lifecycle } from "../../../src/resources/lifecycle.js";
import { SshReach } from "../../../src/resources/reach.js";
import { startSimulator } from "../../../src/simulator/index.js";
import { Pool } from "../../../src/transport/pool.js";
import { destroy, keys, startServer } from "../../support/sshServer.js";
import { canary } from "../../support/sshTarget.js";

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/** What `up` does in one provider process with as many resources as there are spellings of the host, all at once: what each ends with. */
async function allAtOnce(hosts: readonly Host[], config: Record<string, string> = {}): Promise<string[]> {
  const reach = new SshReach(new Pool());
  reach.configure({ get: (key) => config[key] });
  // In place of the pauses between attempts, which would make this slow and change nothing.
  reach.sleep = async () => undefined;
  const life = new Lifecycle(iserAdapter, reach);
  const one = async (host: Host) => {
    const { inputs, failures } = life.check({ host, device: "vmrdma0" });
    assert.deepEqual(failures, []);
    // A refresh logs in like everything else, and a hundred of one object are not refused.
    await life.read("id", inputs);
  };
  try {
    const results = await Promise.allSettled(hosts.map(one));
    return results.map((result) => {
      if (result.status === "fulfilled") return "done";
      assert.ok(result.reason instanceof IserError, String(result.reason));
      return result.reason.code;
    });
  } finally {
    await reach.close();
  }
}

const hundred = (of: (index: number) => Host): Host[] => Array.from({ length: 100 }, (_, index) => of(index));

describe("a hundred resources of one host at the same time", () => {
  let simulator: Simulator;
  beforeEach(async () => {
    simulator = await startSimulator({ model: "8.0", password: canary.password, authorizedKeys: [keys.rsa.public] });
  });
  afterEach(() => simulator.close());

  const reached = (changes: object = {}): Host => ({
    host: "localhost",
    port: simulator.port,
    hostKey: simulator.fingerprint,
    ...changes,
  });
  const attempts = () => simulator.host.counters.failedLogins;

  it("give a wrong password once", async () => {
    const codes = await allAtOnce(hundred(() => reached({ password: canary.wrong })));
    assert.deepEqual(new Set(codes), new Set(["LOGIN_REFUSED"]));
    assert.deepEqual([attempts(), simulator.host.counters.connections], [1, 1]);
    assert.deepEqual(await allAtOnce([reached({ password: canary.password })]), ["done"]);
  });

  it("give a wrong password once, however each of them spells the host, its key, the source and the times", async () => {
    const spellings: object[] = [
      {},
      { host: "LOCALHOST" },
      { host: "LocalHost", hostKey: simulator.hostKey },
      { hostKey: simulator.hostKey },
      { hostKey: "insecure-accept-any" },
      { user: "root" },
      { password: undefined },
      { privateKeyPassword: canary.passphrase },
    ];
    const hosts = hundred((index) =>
      reached({ password: canary.wrong, commandTimeout: 60 + index, ...spellings[index % spellings.length] }),
    );
    const codes = await allAtOnce(hosts, { password: canary.wrong });
    assert.deepEqual(new Set(codes), new Set(["LOGIN_REFUSED"]));
    assert.deepEqual([attempts(), simulator.host.counters.connections], [1, 1]);
  });

  it("give a wrong password once beside a wrong key, and each other key once", async () => {
    const credentials = [
      { password: canary.wrong },
      { password: canary.wrong, privateKey: keys.ecdsa.private },
      { privateKey: keys.ecdsa.private },
    ];
    const codes = await allAtOnce(hundred((index) => reached(credentials[index % credentials.length])));
    assert.deepEqual(new Set(codes), new Set(["LOGIN_REFUSED"]));
    assert.equal(attempts(), 1);
    assert.equal(simulator.host.counters.connections, 2);
  });

  it("give a wrong key once", async () => {
    const codes = await allAtOnce(
      hundred((index) => reached({ privateKey: keys.ecdsa.private, commandTimeout: index + 1 })),
    );
    assert.deepEqual(new Set(codes), new Set(["LOGIN_REFUSED"]));
    assert.deepEqual([attempts(), simulator.host.counters.connections], [0, 1]);
  });

  it("are let in where one of them has the right password or key, whatever the others have", async () => {
    const credentials = [
      { password: canary.wrong },
      { password: canary.password },
      { password: canary.wrong, privateKey: keys.rsa.private },
      { password: canary.password, privateKey: keys.ecdsa.private },
    ];
    const codes = await allAtOnce(hundred((index) => reached(credentials[index % credentials.length])));
    const expected = ["LOGIN_REFUSED", "done", "done", "done"];
    assert.deepEqual(
      codes,
      hundred(() => "").map((_, index) => expected[index % expected.length]),
    );
    assert.equal(attempts(), 1);
  });

  it("give a wrong password once to a bastion, and nothing to the host behind it", async () => {
    const bastion = await startServer({ password: canary.password, forwards: true });
    try {
      const proxy = { ...bastion.settings, password: canary.wrong };
      const hosts = hundred((index) =>
        reached({
          password: canary.password,
          proxy: { ...proxy, perDialTimeout: 10 + index },
          commandTimeout: index + 1,
        }),
      );
      const codes = await allAtOnce(hosts as Host[]);
      assert.deepEqual(new Set(codes), new Set(["LOGIN_REFUSED"]));
      assert.deepEqual([bastion.seen.wrongPasswords, bastion.seen.connections], [1, 1]);
      assert.equal(simulator.host.counters.connections, 0);
    } finally {
      await bastion.close();
    }
  });

  it("give a password once to a host that ends the connection without an answer, for it may have been counted", async () => {
    const answers: string[] = [];
    const silent = await startServer({
      authenticate: (context, connection) => {
        if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
        context.prompt([{ prompt: "Password: ", echo: false }], (given) => {
          answers.push(...given);
          destroy(connection);
        });
      },
    });
    try {
      const hosts = hundred((index) => ({ ...silent.settings, password: canary.wrong, commandTimeout: index + 1 }));
      assert.deepEqual(new Set(await allAtOnce(hosts as Host[])), new Set(["CONNECTION_LOST"]));
      assert.deepEqual(answers, [canary.wrong]);
    } finally {
      await silent.close();
    }
  });
});
