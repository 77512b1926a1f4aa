import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { adapterList } from "../../../src/esxcli/iscsi.js";
import { interpret } from "../../../src/esxcli/run.js";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { SimulatedHost, startVcenter, startVsphere, type VsphereEndpoint } from "../../../src/simulator/index.js";
import { resolveTarget } from "../../../src/transport/credentials.js";
import { Pool } from "../../../src/transport/pool.js";
import type { VsphereTarget } from "../../../src/transport/vsphereTarget.js";
import { HostLab, Lab } from "../../support/lab.js";
import { SoapClient } from "../../support/soapClient.js";
import { errorOf, write } from "../../support/sshTarget.js";
import { behind, vsphereTarget } from "../../support/vsphereTarget.js";

const made = (host: SimulatedHost) => assert.equal(host.execute("esxcli rdma iser add -d vmrdma0").status, 0);

describe("a host through the vSphere API", () => {
  let host: SimulatedHost;
  let endpoint: VsphereEndpoint;
  let pool: Pool;
  const servers: { close(): Promise<void> }[] = [];

  const start = async (options: Parameters<typeof startVsphere>[1] = {}) => {
    endpoint = await startVsphere(host, options);
    servers.push(endpoint);
  };
  const target = (settings = {}): VsphereTarget => {
    const { address, port, password, thumbprint } = endpoint;
    return vsphereTarget({ host: address, port, password, thumbprint, ...settings });
  };
  const adapters = (of = target()) =>
    pool.use(of, async (session) => {
      const rows = interpret(adapterList, await session.execute(adapterList), session.host);
      return rows.map(({ adapter }) => adapter);
    });

  beforeEach(async () => {
    host = new SimulatedHost({ model: "8.0" });
    made(host);
    pool = new Pool();
    await start();
  });
  afterEach(async () => {
    await pool.close();
    for (const server of servers.splice(0)) await server.close();
  });

  it("is logged in to once, however many ask, and logged out of at the end", async () => {
    for (const found of await Promise.all(Array.from({ length: 20 }, () => adapters())))
      assert.deepEqual(found, ["vmhba64"]);
    assert.equal(endpoint.sessions, 1);
    await pool.close();
    assert.equal(endpoint.sessions, 0);
    const { logins, logouts, failedLogins } = endpoint.counters;
    assert.deepEqual({ logins, logouts, failedLogins }, { logins: 1, logouts: 1, failedLogins: 0 });
  });

  it("starts no process for a command", async () => {
    const before = host.processes.length;
    await adapters();
    assert.equal(host.processes.length, before);
    assert.equal(host.journal.at(-1)?.line, "esxcli iscsi adapter list");
  });

  it("is given a wrong password once, however many resources have it", async () => {
    const wrong = target({ password: "simulated-wrong-password" });
    const errors = await Promise.all(Array.from({ length: 20 }, () => errorOf(adapters(wrong))));
    assert.deepEqual([...new Set(errors.map(({ code }) => code))], ["LOGIN_REFUSED"]);
    assert.doesNotMatch(errors.map(({ message }) => message).join(), /simulated-wrong/);
    assert.equal(endpoint.counters.failedLogins, 1);
  });

  it("is asked for a login once where others have locked the account", async () => {
    const client = await SoapClient.open(endpoint);
    for (let attempts = 0; attempts < 5; attempts += 1) await client.login("simulated-other-password");
    client.close();
    assert.equal((await errorOf(adapters())).code, "LOGIN_REFUSED");
    assert.equal((await errorOf(adapters())).code, "LOGIN_REFUSED");
    assert.equal(endpoint.counters.failedLogins, 6);
  });

  it("gets nothing where its certificate is another one, or nothing is known of it", async () => {
    const other = target({ thumbprint: endpoint.thumbprint.replace(/../, (first) => (first === "00" ? "01" : "00")) });
    const changed = await errorOf(adapters(other));
    assert.equal(changed.code, "HOST_KEY_CHANGED");
    assert.ok(changed.message.includes(endpoint.thumbprint));
    const unknown = await errorOf(adapters(target({ thumbprint: undefined })));
    assert.equal(unknown.code, "HOST_KEY_UNKNOWN");
    assert.ok(unknown.message.includes(endpoint.thumbprint));
    assert.deepEqual([endpoint.counters.requests, endpoint.counters.logins], [0, 0]);
  });

  it("is known by its SHA-1 as vCenter shows it, and by its authority", async () => {
    for (const identity of [
      { thumbprint: endpoint.sha1Thumbprint },
      { thumbprint: endpoint.thumbprint.replaceAll(":", "").toLowerCase() },
      { thumbprint: undefined, ca: endpoint.certificate },
    ])
      assert.deepEqual(await adapters(target(identity)), ["vmhba64"]);
  });

  it("takes a session that somebody else has begun, and leaves it to them", async () => {
    const client = await SoapClient.open(endpoint);
    await client.login();
    const { address, port, thumbprint } = endpoint;
    const env = { ESXI_ISER_SESSION: client.cookie ?? "" };
    client.close();
    const settings = { transport: "vsphere", host: address, port, thumbprint } as const;
    assert.deepEqual(await adapters(resolveTarget(settings, { get: () => undefined }, env)), ["vmhba64"]);
    await pool.close();
    assert.equal(endpoint.sessions, 1);
    assert.deepEqual([endpoint.counters.logins, endpoint.counters.logouts], [1, 0]);
  });

  it("is lost when the session has expired, and logged in to again at the next use", async () => {
    await adapters();
    endpoint.expireSessions();
    assert.equal((await errorOf(adapters())).code, "CONNECTION_LOST");
    assert.deepEqual(await adapters(), ["vmhba64"]);
    assert.equal(endpoint.counters.logins, 2);
  });

  it("is told of as lost when the connection breaks under a command", async () => {
    await adapters();
    host.faults.add({ match: "iscsi adapter list", kind: "dropBefore" });
    assert.equal((await errorOf(adapters())).code, "CONNECTION_LOST");
    assert.deepEqual(await adapters(), ["vmhba64"]);
  });

  it("is given up after a write that gets no answer in its time, and not after a read", async () => {
    const impatient = target({ commandTimeout: 0.2 });
    const asked = (command = write()) => errorOf(pool.use(impatient, (session) => session.execute(command)));
    host.faults.add({ match: "iscsi adapter list", kind: "hang" });
    assert.equal((await errorOf(adapters(impatient))).code, "COMMAND_TIMEOUT");
    assert.deepEqual(await adapters(impatient), ["vmhba64"]);
    assert.equal(pool.counters.connections, 1);
    host.faults.add({ match: "iscsi adapter set", kind: "hang" });
    assert.equal((await asked()).code, "COMMAND_TIMEOUT");
    assert.deepEqual(await adapters(impatient), ["vmhba64"]);
    assert.equal(pool.counters.connections, 2);
  });

  it("says that the user lacks the privilege", async () => {
    await start({ mayExecute: false });
    const error = await errorOf(adapters());
    assert.equal(error.code, "PERMISSION_DENIED");
    assert.match(error.message, /Administrator/);
  });
});

describe("the hosts of a vCenter", () => {
  it("share one login, which ends with the last of them", async () => {
    const hosts = ["esx01.lab", "esx02.lab", "esx03.lab"].map((name, at) => ({
      name,
      address: `192.168.10.${at + 1}`,
      host: new SimulatedHost({ model: "8.0" }),
    }));
    for (const { host } of hosts.slice(1)) made(host);
    const vcenter = await startVcenter(hosts);
    const pool = new Pool();
    try {
      const { address, port, user, password, thumbprint } = vcenter;
      const count = (host: string) =>
        pool.use(behind(host, { host: address, port, user, password, thumbprint }), async (session) =>
          interpret(adapterList, await session.execute(adapterList), session.host),
        );
      const found = await Promise.all(["esx01.lab", "ESX02.lab", "192.168.10.3"].map(count));
      assert.deepEqual(
        found.map((rows) => rows.length),
        [0, 1, 1],
      );
      const error = await errorOf(count("esx04.lab"));
      assert.equal(error.code, "HOST_UNREACHABLE");
      assert.match(error.message, /esx01\.lab/);
      assert.equal(vcenter.sessions, 1);
      await pool.close();
      assert.equal(vcenter.sessions, 0);
      assert.deepEqual([vcenter.counters.logins, vcenter.counters.logouts], [1, 1]);
    } finally {
      await pool.close();
      await vcenter.close();
    }
  });
});

describe("a resource of a host through the vSphere API", () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.start({ model: "8.0" }, "vsphere");
  });
  afterEach(() => lab.close());

  it("has what was declared byte for byte, whatever XML makes of the characters", async () => {
    await lab.lifecycle(iserAdapter).up({ device: "vmrdma0" });
    const names = lab.lifecycle(adapterProperties);
    for (const alias of ['R&D <"ä">', "it's &amp; &#34; ]]>", "<alias>x</alias>", "日本 – €"]) {
      await names.up({ adapter: "vmrdma0", alias });
      assert.equal(lab.host.state.iscsiAdapters[0]?.alias, alias);
      assert.deepEqual(await names.refresh(), []);
    }
  });

  it("is looked at anew and changed when the connection is lost under the write", async () => {
    await lab.lifecycle(iserAdapter).up({ device: "vmrdma0" });
    const names = lab.lifecycle(adapterProperties);
    await names.up({ adapter: "vmrdma0", alias: "one" });
    lab.host.faults.add({ match: "iscsi adapter set", kind: "dropAfter" });
    const start = lab.host.journal.length;
    assert.equal(await names.up({ adapter: "vmrdma0", alias: "two" }), "update");
    assert.equal(lab.writesSince(start).length, 1);
    assert.equal(lab.host.state.iscsiAdapters[0]?.alias, "two");
  });

  it("is what a reboot has left of it", async () => {
    const adapter = lab.lifecycle(iserAdapter);
    await adapter.up({ device: "vmrdma0" });
    lab.host.reboot({ loseAdapters: true });
    assert.equal(await adapter.refresh(), "gone");
    assert.equal(await adapter.up({ device: "vmrdma0" }), "create");
  });

  it("stays what it is when only the transport of its host changes", async () => {
    const ssh = await Lab.start({ model: "8.0" });
    const endpoint = await startVsphere(ssh.host);
    try {
      const { address, port, password, thumbprint } = endpoint;
      const over = new HostLab(ssh.host, { host: address, transport: "vsphere", port, password, thumbprint });
      const before = ssh.lifecycle(iserAdapter);
      await before.up({ device: "vmrdma0" });
      const after = over.lifecycle(iserAdapter);
      Object.assign(after, { id: before.id, state: before.state });
      const start = ssh.host.journal.length;
      assert.equal(await after.up({ device: "vmrdma0" }), "update");
      assert.deepEqual(await after.refresh(), []);
      assert.equal(await after.up({ device: "vmrdma0" }), "same");
      assert.deepEqual(ssh.writesSince(start), []);
      assert.equal(after.id, before.id);
      await over.close();
    } finally {
      await endpoint.close();
      await ssh.close();
    }
  });
});
