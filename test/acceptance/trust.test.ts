import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { SimulatedHost, startVsphere } from "../../src/simulator/index.js";
import { esxiIser } from "../support/cli.js";
import { Program } from "../support/program.js";

describe("esxi-iser trust, in the project of a stack", function () {
  this.timeout(300_000);
  let program: Program;
  before(async () => {
    program = await Program.start({ model: "8.0" });
  });
  after(() => program?.close());

  const path = 'esxi-iser:hosts["127.0.0.1"].hostKey';
  const trust = (...args: string[]) => trustAt(program.served.port, ...args);
  const trustAt = (port: number, ...args: string[]) =>
    esxiIser(["trust", `127.0.0.1:${port}`, ...args], {
      cwd: join(program.stack.folder, "project"),
      env: program.stack.env as NodeJS.ProcessEnv,
    });

  it("pins a host where the provider finds it, and then up goes through", async () => {
    const { port, fingerprint } = program.served;
    await program.declare([{ type: "IserAdapter", as: "a", device: "vmrdma0", host: { host: "127.0.0.1", port } }]);
    const { diagnostics } = await program.stack.up({ mayFail: true });
    assert.ok(diagnostics.some(({ message }) => message.includes("[HOST_KEY_UNKNOWN]")));

    const { status, stdout, stderr } = await trust("--yes", "--fingerprint", fingerprint);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /written to config esxi-iser:hosts\["127\.0\.0\.1"\]\.hostKey/);
    assert.equal((await program.stack.run(["config", "get", "--path", path])).stdout.trim(), fingerprint);
    assert.equal(program.host.counters.logins, 0);
    await program.stack.up();
    assert.match(program.host.execute("esxcli iscsi adapter list").stdout, /vmhba64 +iser/);
    assert.match((await trust()).stdout, /known already/);
  });

  it("keeps what the config has for the host beside it, secret as it was", async () => {
    const password = 'esxi-iser:hosts["127.0.0.1"].password';
    await program.stack.run(["config", "set", "--path", "--secret", password, "simulated-root-password"]);
    await program.stack.run(["config", "rm", "--path", path]);
    assert.equal((await trust("--yes", "--fingerprint", program.served.fingerprint)).status, 0);
    const plain = (await program.stack.run(["config", "--json"])).stdout;
    assert.equal(plain.includes("simulated-root-password"), false);
    assert.equal(
      (await program.stack.run(["config", "get", "--path", password])).stdout.trim(),
      "simulated-root-password",
    );
    assert.equal(
      (await program.stack.run(["config", "get", "--path", path])).stdout.trim(),
      program.served.fingerprint,
    );
  });

  it("says why a named stack's config cannot be read", async () => {
    const { status, stderr } = await trust("--stack", "production");
    assert.equal(status, 2);
    assert.match(stderr, /the config of stack production in .* cannot be read: .*production/);
  });

  it("pins the certificate of a host whose SSH is off, and then up goes through", async () => {
    const thumbprintPath = 'esxi-iser:hosts["127.0.0.1"].thumbprint';
    const host = new SimulatedHost({ model: "8.0" });
    const endpoint = await startVsphere(host, { password: program.served.password });
    try {
      const { port, thumbprint, sha1Thumbprint, counters } = endpoint;
      const args = ["--transport", "vsphere", "--yes", "--thumbprint"];
      const wrong = await trustAt(port, ...args, "AA".repeat(32));
      assert.deepEqual([wrong.status, wrong.stdout.includes("nothing was written")], [1, true]);
      const pinned = await trustAt(port, ...args, sha1Thumbprint.toLowerCase());
      assert.equal(pinned.status, 0, pinned.stderr);
      assert.match(
        pinned.stdout,
        /^127\.0\.0\.1: certificate written to config esxi-iser:hosts\["127\.0\.0\.1"\]\.thumbprint\.$/m,
      );
      assert.equal((await program.stack.run(["config", "get", "--path", thumbprintPath])).stdout.trim(), thumbprint);
      assert.equal(counters.requests, 0);
      const at = { host: "127.0.0.1", port, transport: "vsphere" };
      await program.declare([{ type: "IserAdapter", as: "b", device: "vmrdma0", host: at }]);
      await program.stack.up();
      assert.match(host.execute("esxcli iscsi adapter list").stdout, /vmhba64 +iser/);
      assert.match((await trustAt(port, "--transport", "vsphere")).stdout, /certificate known already/);
      await program.declare([]);
      await program.stack.up();
    } finally {
      await endpoint.close();
    }
  });
});
