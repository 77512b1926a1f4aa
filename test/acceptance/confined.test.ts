import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "mocha";
import { type Simulator, startSimulator } from "../../src/simulator/index.js";
import { keygen } from "../support/sshServer.js";

const script = join(__dirname, "../fixtures/confined/login.cjs");
const passphrase = "simulated-passphrase";
const key = keygen("-t", "ecdsa", "-N", passphrase, "-a", "1");
/** Node's own permissions: files may be read; none may be written, and no process, worker or native addon started. */
const flag = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";

describe("a provider in a process that may write no file and start no process", function () {
  this.timeout(180_000);
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator({ model: "8.0", authorizedKeys: [key.public] });
    simulator.host.execute("esxcli rdma iser add -d vmrdma0");
  });
  after(() => simulator.close());

  const ways: [string, object, Record<string, string>][] = [
    ["a private key in the declaration", { privateKey: key.private, privateKeyPassword: passphrase }, {}],
    [
      "a private key in the environment",
      {},
      { ESXI_ISER_PRIVATE_KEY: key.private, ESXI_ISER_PRIVATE_KEY_PASSWORD: passphrase, ESXI_ISER_DEBUG: "1" },
    ],
  ];
  for (const [what, credentials, env] of ways) {
    it(`logs in with ${what} and sets CHAP: so neither is ever in a file or on a command line of this machine`, async () => {
      const { logins, writes } = simulator.host.counters;
      const { address, port, fingerprint } = simulator;
      const child = spawn(process.execPath, [flag, "--allow-fs-read=*", script], {
        env: { PATH: process.env.PATH, HOME: join(__dirname, "../fixtures"), ...env },
      });
      child.stdin.end(JSON.stringify({ host: { host: address, port, hostKey: fingerprint, ...credentials } }));
      const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
      assert.ok(said.endsWith("}"), errors);
      assert.deepEqual(JSON.parse(said.slice(said.lastIndexOf("{"))), {
        id: "127.0.0.1/vmrdma0/chap",
        write: "ERR_ACCESS_DENIED",
        start: "ERR_ACCESS_DENIED",
      });
      assert.equal(simulator.host.counters.logins, logins + 1);
      assert.ok(simulator.host.counters.writes > writes);
    });
  }
});
