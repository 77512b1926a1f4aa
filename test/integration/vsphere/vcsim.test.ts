import assert from "node:assert/strict";
import type { HostCommand } from "../../../src/esxcli/command.js";
import { integer, one, rows, text, texts } from "../../../src/esxcli/output.js";
import { interpret } from "../../../src/esxcli/run.js";
import { optionsOf, uptime } from "../../../src/esxcli/system.js";
import { Pool } from "../../../src/transport/pool.js";
import type { VsphereTarget } from "../../../src/transport/vsphereTarget.js";
import { canary, debugged, errorOf, read } from "../../support/sshTarget.js";
import { startVcsim, type Vcsim, vcsimLogin } from "../../support/vcsim.js";
import { behind, vsphereTarget } from "../../support/vsphereTarget.js";

const anyCertificate = { thumbprint: "insecure-accept-any" };

/** What the command answers, as its resource sees it. */
function ask<T>(pool: Pool, target: VsphereTarget, command: HostCommand<T>): Promise<T> {
  return pool.use(target, async (session) => interpret(command, await session.execute(command), session.host));
}

describe("vcsim as an ESXi host", () => {
  let vcsim: Vcsim;
  let pool: Pool;
  const target = (settings = {}) =>
    vsphereTarget({ host: vcsim.host, port: vcsim.port, ...vcsimLogin, ...anyCertificate, ...settings });
  before(async () => {
    vcsim = await startVcsim("-esx");
  });
  after(() => vcsim.close());
  beforeEach(() => {
    pool = new Pool();
  });
  afterEach(() => pool.close());

  it("answers rows, lone values and lists", async () => {
    const clock = { ...read("hardware clock get"), decode: (stdout: string) => stdout };
    assert.match(await ask(pool, target(), clock), /<obj .*xsi:type="xsd:string">\d{4}-/);
    assert.ok((await ask(pool, target(), uptime)) > 0);
    const settings = {
      ...read("system settings advanced list"),
      decode: rows({ path: text("Path"), value: integer("IntValue") }),
    };
    assert.deepEqual(await ask(pool, target(), settings), [
      { path: "/Mem/ShareForceSalting", value: 2 },
      { path: "/Net/GuestIPHack", value: 1 },
    ]);
    const vib = {
      ...read("software vib get"),
      args: [{ name: "vibname", value: "intelgpio" }],
      decode: one({ name: text("Name"), depends: texts("Depends") }),
    };
    assert.deepEqual(await ask(pool, target(), vib), {
      name: "intelgpio",
      depends: ["vmkapi_2_11_0_0", "vmkapi_incompat_2_11_0_0"],
    });
    assert.equal(pool.counters.connections, 1);
  });

  it("tells the options of its commands", async () => {
    const options = await ask(pool, target(), optionsOf("software vib get"));
    assert.deepEqual(
      ["vibname", "vib-name", "rebooting-image", "rebootingimage", "no-such"].map((name) => options.has(name)),
      [true, true, true, true, false],
    );
    assert.equal((await errorOf(ask(pool, target(), optionsOf("software vib no-such")))).code, "COMMAND_UNKNOWN");
    assert.equal((await errorOf(ask(pool, target(), optionsOf("rdma iser add")))).code, "COMMAND_UNKNOWN");
  });

  it("says what is wrong with a command", async () => {
    const failed = await errorOf(
      ask(pool, target(), { ...read("software vib get"), args: [{ name: "vibname", value: 'R&D <"ä">' }] }),
    );
    assert.equal(failed.code, "COMMAND_FAILED");
    assert.match(failed.message, /ESXi said: \[NoMatchError\]\n {4,}id=R&D <"ä">\n/);
    assert.equal((await errorOf(ask(pool, target(), read("iscsi adapter list")))).code, "COMMAND_UNKNOWN");
  });

  it("answers nothing to a question for a log, for there is no shell", async () => {
    const log = { kind: "log", file: "/var/log/vmkernel.log", containing: "iser", last: 5, effect: "read" } as const;
    await pool.use(target(), async (session) => {
      assert.equal(session.hasShell, false);
      assert.deepEqual(await session.execute({ ...log, decode: () => undefined }), {
        status: 0,
        stdout: "",
        stderr: "",
      });
    });
  });

  it("is tried once with a wrong password, however many resources have it", async () => {
    const wrong = target({ password: canary.wrong });
    const errors = await Promise.all(Array.from({ length: 5 }, () => errorOf(ask(pool, wrong, uptime))));
    assert.deepEqual([...new Set(errors.map(({ code }) => code))], ["LOGIN_REFUSED"]);
    assert.equal(pool.counters.dials, 1);
    assert.doesNotMatch(errors.map(({ message }) => message).join(), new RegExp(canary.wrong));
  });

  it("is not sent a password before its certificate is known", async () => {
    const unknown = await errorOf(ask(pool, target({ thumbprint: undefined }), uptime));
    assert.equal(unknown.code, "HOST_KEY_UNKNOWN");
    const [, print = ""] = /thumbprint: "((?:[0-9A-F]{2}:){31}[0-9A-F]{2})"/.exec(unknown.message) ?? [];
    assert.ok((await ask(pool, target({ thumbprint: print.replaceAll(":", "").toLowerCase() }), uptime)) > 0);
    const other = print.replace(/^../, (first) => (first === "00" ? "11" : "00"));
    const changed = await errorOf(ask(pool, target({ thumbprint: other }), uptime));
    assert.equal(changed.code, "HOST_KEY_CHANGED");
    assert.ok(changed.message.includes(print) && changed.message.includes(other));
  });

  it("shows no password in what is told for debugging", async () => {
    const told = await debugged(() => ask(pool, target(), uptime));
    assert.match(told, /status 0: vim\.EsxCLI\.system\.stats\.uptime\.get\n/);
    assert.doesNotMatch(told, new RegExp(vcsimLogin.password));
  });

  it("is not taken for a vCenter", async () => {
    const error = await errorOf(
      ask(pool, behind("esx", { host: vcsim.host, port: vcsim.port, ...vcsimLogin, ...anyCertificate }), uptime),
    );
    assert.match(error.message, /is an ESXi host/);
  });
});

describe("vcsim as a vCenter", () => {
  let vcsim: Vcsim;
  let pool: Pool;
  const through = (host: string) =>
    behind(host, { host: vcsim.host, port: vcsim.port, ...vcsimLogin, ...anyCertificate });
  before(async () => {
    vcsim = await startVcsim("-dc", "1", "-cluster", "1", "-host", "3", "-standalone-host", "1");
  });
  after(() => vcsim.close());
  beforeEach(() => {
    pool = new Pool();
  });
  afterEach(() => pool.close());

  it("leads to its hosts by one login", async () => {
    const names = ["DC0_H0", "dc0_c0_h0", "DC0_C0_H1", "DC0_C0_H2"];
    const uptimes = await Promise.all(names.map((name) => ask(pool, through(name), uptime)));
    assert.ok(uptimes.every((value) => value > 0));
    // Four hosts, and the vCenter.
    assert.deepEqual(pool.counters, { dials: 5, connections: 5, commands: 4 });
  });

  it("finds a host by its managed object id, which it says when it does not", async () => {
    const error = await errorOf(ask(pool, through("esx99.lab"), uptime));
    assert.equal(error.code, "HOST_UNREACHABLE");
    const shown = [...error.message.matchAll(/(DC0\w+) \((host-\d+)\)/g)];
    assert.deepEqual(
      shown.map(([, name]) => name),
      ["DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2", "DC0_H0"],
    );
    const [[, , id = ""] = []] = shown;
    assert.ok((await ask(pool, through(id), uptime)) > 0);
  });

  it("is not taken for a host", async () => {
    const direct = vsphereTarget({ host: vcsim.host, port: vcsim.port, ...vcsimLogin, ...anyCertificate });
    assert.match((await errorOf(ask(pool, direct, uptime))).message, /give the vCenter as vcenter:/);
  });
});
