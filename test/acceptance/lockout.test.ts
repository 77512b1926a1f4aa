import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type Declaration, Program } from "../support/program.js";
import { type Served, serve } from "../support/served.js";
import { keygen, startServer, type TestServer } from "../support/sshServer.js";

const password = "simulated-root-password";
const wrong = "simulated-wrong-password";
const count = 100;

describe("a hundred resources of one host in parallel, on the real engine", function () {
  this.timeout(180_000);
  let program: Program;
  /** Its SSH is off. */
  let hardened: Served;
  let bastion: TestServer;
  before(async () => {
    program = await Program.start({ model: "8.0", password });
    hardened = await serve({ model: "8.0", password }, "vsphere");
    bastion = await startServer({ password, forwards: true });
    for (const { host } of [program, hardened]) assert.equal(host.execute("esxcli rdma iser add -d vmrdma0").status, 0);
  });
  after(async () => {
    await program?.close();
    await hardened?.close();
    await bastion?.close();
  });

  /** Discovery addresses, each of which spells the host in its own way. */
  const declared = (host: object = {}): Declaration[] =>
    Array.from({ length: count }, (_, index) => ({
      type: "DiscoveryAddress",
      as: `address${index}`,
      adapter: "vmrdma0",
      address: `192.168.7.${index + 1}`,
      host: { ...program.settings, commandTimeout: 100 + (index % 3), ...host },
    }));

  /** By another name than the first host, which has the same address. */
  const elsewhere = () => ({ ...hardened.settings, host: "localhost", hostKey: undefined });

  async function refused(resources: Declaration[], env: Record<string, string>): Promise<void> {
    await program.declare(resources);
    const { code, diagnostics } = await program.stack.up({
      env,
      mayFail: true,
      args: ["--parallel", String(count), "--continue-on-error"],
    });
    assert.notEqual(code, 0);
    const told = diagnostics.filter(
      ({ severity, message }) => severity === "error" && /\[LOGIN_REFUSED\]\s*$/.test(message),
    );
    const names = told.map(({ urn = "" }) => urn.split("::").at(-1) ?? "").filter((name) => name.startsWith("address"));
    assert.equal(new Set(names).size, count);
  }

  it("give a wrong password once, and each says that it was refused", async () => {
    await refused(declared(), { ESXI_ISER_PASSWORD: wrong });
    assert.deepEqual([program.host.counters.failedLogins, program.host.counters.connections], [1, 1]);
  });

  it("give a wrong password once to a host whose SSH is off", async () => {
    await refused(declared(elsewhere()), { ESXI_ISER_PASSWORD: wrong });
    assert.deepEqual([hardened.counters.failedLogins, hardened.counters.logins], [1, 0]);
  });

  it("give a wrong key once", async () => {
    const { connections } = program.host.counters;
    const key = keygen("-t", "ecdsa", "-N", "").private;
    await refused(declared({ privateKey: key }), { ESXI_ISER_PASSWORD: "" });
    assert.equal(program.host.counters.connections, connections + 1);
  });

  it("give a wrong password of a bastion once, and reach no host", async () => {
    const { connections } = program.host.counters;
    const proxy = { ...bastion.settings, password: wrong };
    await refused(declared({ host: "localhost", proxy }), { ESXI_ISER_PASSWORD: password });
    assert.deepEqual([bastion.seen.wrongPasswords, bastion.seen.connections], [1, 1]);
    assert.equal(program.host.counters.connections, connections);
  });

  it("work with the right password: the account is not locked", async () => {
    await program.declare(declared().slice(0, 10));
    const { logins } = program.host.counters;
    await program.stack.up({ args: ["--parallel", String(count)] });
    assert.equal(program.host.counters.logins, logins + 1);
    assert.equal(program.host.counters.failedLogins, 1);
    await program.declare(declared(elsewhere()).slice(0, 10));
    await program.stack.up({ args: ["--parallel", String(count)] });
    assert.deepEqual([hardened.counters.failedLogins, hardened.counters.logins], [1, 1]);
  });
});
