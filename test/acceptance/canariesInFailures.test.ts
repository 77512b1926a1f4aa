import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "mocha";
import type { FaultOptions, SimulatedHost } from "../../src/simulator/index.js";
import type { Outcome } from "../../tools/engine/pulumi.js";
import { type Canary, found, newCanary } from "../support/canaries.js";
import { over, type Served, serve, type Transport, transports } from "../support/served.js";
import { closedPort, keygen } from "../support/sshServer.js";
import { shownBy, Watched } from "../support/watched.js";

const canaries = new Map<string, Canary>();
for (const place of [
  "password",
  "wrong",
  "passphrase",
  "uni",
  "mutual",
  "uni2",
  "mutual2",
  "argument",
  "misspelt",
  "broken",
])
  canaries.set(place, newCanary(place));
const text = (place: string) => canaries.get(place)?.text ?? "";
// A key whose passphrase is another, and a text that is none.
canaries.set("key", {
  place: "key",
  text: keygen("-t", "ecdsa", "-N", "simulated-passphrase", "-a", "1").private.trim(),
});
const brokenKey = `-----BEGIN OPENSSH PRIVATE KEY-----\n${text("broken")}\n-----END OPENSSH PRIVATE KEY-----`;

const plain = { ...Object.fromEntries([...canaries].map(([place, { text }]) => [place, text])), brokenKey };

/** What a host says that prints what it was told. */
const echo = (...places: string[]) => ["password", ...places].map((place) => `'${text(place)}'`).join(" ");
const echoed = echo("uni", "mutual");
const rotatedEcho = echo("uni", "mutual", "uni2", "mutual2");
const setting = "iscsi adapter auth chap set";
const getting = "iscsi adapter auth chap get";
/** Of another host. */
const pinned = { ssh: { hostKey: `SHA256:${"A".repeat(43)}` }, vsphere: { thumbprint: "AA".repeat(32) } };
const unpinned = { ssh: { hostKey: undefined }, vsphere: { thumbprint: undefined } };

interface Case {
  /** What is other than a host that is reached and a declaration that is right. */
  readonly host?: object;
  readonly more?: object;
  readonly prepare?: (host: SimulatedHost) => void;
  /** How its error ends; undefined where there is none. */
  readonly code?: string;
}

const fault = (options: FaultOptions) => (host: SimulatedHost) => host.faults.add(options);

function overSsh(one: Case): (transport: Transport) => Case | undefined {
  return (transport) => (transport === "ssh" ? one : undefined);
}

/** Where the create of a resource can fail, each on a host of its own. Undefined: not over this transport. */
const creates: Readonly<Record<string, (transport: Transport) => Promise<Case> | Case | undefined>> = {
  "name unknown": () => ({ host: { host: "no-such-host.invalid", dialErrorLimit: 0 }, code: "HOST_UNREACHABLE" }),
  unreachable: async () => ({ host: { port: await closedPort(), dialErrorLimit: 0 }, code: "HOST_UNREACHABLE" }),
  "identity unknown": (transport) => ({ host: unpinned[transport], code: "HOST_KEY_UNKNOWN" }),
  "identity changed": (transport) => ({ host: pinned[transport], code: "HOST_KEY_CHANGED" }),
  "wrong password": () => ({ host: { password: "output:wrong" }, code: "LOGIN_REFUSED" }),
  "wrong passphrase": overSsh({
    host: { privateKey: "output:key", privateKeyPassword: "output:passphrase" },
    code: "INPUT_INVALID",
  }),
  "broken key": overSsh({ host: { privateKey: "output:brokenKey" }, code: "INPUT_INVALID" }),
  "echo of a write": () => ({
    prepare: fault({ match: setting, kind: "fail", message: echoed }),
    code: "COMMAND_FAILED",
  }),
  "echo of an argument": () => ({
    more: { secret: "output:argument", secretVia: "argument" },
    prepare: fault({ match: setting, kind: "fail", message: echo("argument", "mutual") }),
    code: "COMMAND_FAILED",
  }),
  "echo of a read": () => ({
    prepare: fault({ match: getting, kind: "fail", message: echoed, times: 2 }),
    code: "COMMAND_FAILED",
  }),
  "echo in an output": () => ({
    prepare: fault({ match: getting, kind: "garble", message: echoed, times: 2 }),
    code: "OUTPUT_NOT_UNDERSTOOD",
  }),
  "echo where the quotation is cut": () => ({
    prepare: fault({ match: getting, kind: "garble", message: `${"x".repeat(260)} ${text("uni")}`, times: 2 }),
    code: "OUTPUT_NOT_UNDERSTOOD",
  }),
  "echo in a success": () => ({ prepare: fault({ match: setting, kind: "garble", message: echoed }) }),
  "output cut": () => ({
    prepare: fault({ match: getting, kind: "truncate", times: 2 }),
    code: "OUTPUT_NOT_UNDERSTOOD",
  }),
  "hang at the prompt": () => ({
    host: { commandTimeout: 1 },
    prepare: fault({ match: setting, kind: "hang" }),
    code: "COMMAND_TIMEOUT",
  }),
  "dropped before": () => ({
    prepare: fault({ match: setting, kind: "dropBefore", times: 9 }),
    code: "CONNECTION_LOST",
  }),
  "dropped after": () => ({ prepare: fault({ match: setting, kind: "dropAfter", times: 9 }), code: "CONNECTION_LOST" }),
  "not shown": () => ({
    more: { mutual: undefined },
    prepare: (host) => {
      for (const adapter of host.state.iscsiAdapters) adapter.chap = new Proxy(adapter.chap, { set: () => true });
    },
    code: "NOT_CONVERGED",
  }),
};

const onBoth = (situations: readonly string[]) =>
  situations.flatMap((situation) => transports.map((transport) => `${situation}${over[transport]}`));

describe("a secret when something fails, on the real engine", function () {
  this.timeout(180_000);
  /** By the names of the resources. */
  const hosts = new Map<string, Served>();
  const declared: object[] = [];
  const codes = new Map<string, string | undefined>();
  let run: Watched;
  let resources: Record<string, unknown>[] = [];

  before(async () => {
    for (const transport of transports)
      for (const [situation, of] of Object.entries(creates)) {
        const one = await of(transport);
        if (one === undefined) continue;
        const { host = {}, more = {}, prepare = () => {}, code } = one;
        const as = `${situation}${over[transport]}`;
        const served = await serve({ model: "8.0", password: text("password") }, transport);
        hosts.set(as, served);
        assert.equal(served.host.execute("esxcli rdma iser add -d vmrdma0").status, 0);
        prepare(served.host);
        codes.set(as, code);
        declared.push({ ...chapOf("uni", "mutual"), as, host: { ...reached(served), ...host }, ...more });
      }
    run = await Watched.start("failing", { canaries: { secret: plain } });
  });
  beforeEach(() => {
    run.texts.clear();
    run.whole.clear();
  });
  after(async () => {
    run?.dispose();
    for (const served of hosts.values()) await served.close();
  });

  const reached = ({ settings }: Served) => ({ ...settings, password: "output:password" });
  const chapOf = (uni: string, mutual: string) => ({
    type: "Chap",
    adapter: "vmrdma0",
    level: "required",
    name: "esx01",
    secret: `output:${uni}`,
    mutual: { name: "array", secret: `sealed:${mutual}` },
  });
  const declare = (all: readonly object[]) => run.stack.setConfig({ resources: all });

  /** The code of each resource's error, by its name. */
  function codesOf({ diagnostics }: Outcome): Map<string, string> {
    return new Map(
      diagnostics.flatMap(({ severity, urn, message }): [string, string][] => {
        const code = /\[([A-Z_]+)\]\s*$/.exec(message)?.[1];
        return severity === "error" && urn !== undefined && code !== undefined
          ? [[urn.split("::").at(-1) ?? "", code]]
          : [];
      }),
    );
  }

  /** Also in what the hosts can list, but for the one that was told to take the secret on its command line. */
  function assertSilent(): void {
    const all = [...canaries.values()];
    const shown = [...hosts].flatMap(([as, { host }]) =>
      shownBy(as, host).filter(([where]) => where !== `echo of an argument${over.ssh}: processes`),
    );
    assert.deepEqual(found(all, new Map([...run.texts, ...shown])), []);
  }

  const masked = (outcome: Outcome) =>
    outcome.diagnostics.filter(({ message }) => message.includes("'***' '***'")).length;

  it("is in no error of a create, in no state of a resource that failed halfway, wherever it fails", async () => {
    await declare(declared);
    const outcome = await run.run("up", { args: ["--continue-on-error", "--parallel", "32"] });
    const expected = [...codes].flatMap(([as, code]): [string, string][] => (code === undefined ? [] : [[as, code]]));
    assert.deepEqual(Object.fromEntries(codesOf(outcome)), Object.fromEntries(expected));
    assert.ok(masked(outcome) >= 6, "no host printed a secret");
    const state = await run.say("stack", "export");
    assert.match(state, /"initErrors": \[[^\]]*'\*\*\*' '\*\*\*'/);
    await run.say("stack", "output", "--json");
    await run.say("preview", "--json");
    await run.say("preview", "--diff");
    assertSilent();
    resources = JSON.parse(state).deployment.resources;
    assert.ok(resources.some(({ initErrors }) => initErrors !== undefined));
  });

  it("is in no error of an update, a refresh or a delete, though the host prints the old and the new one", async () => {
    for (const { host } of hosts.values()) host.faults.clear();
    const names = ["echo of a write", "echo of a read", "echo in an output", "dropped before", "echo in a success"];
    const rotated = (declared as { as: string }[])
      .filter(({ as }) => onBoth(names).includes(as))
      .map((one) => ({ ...one, ...chapOf("uni", "mutual") }));
    await declare(rotated);
    const healed = await run.run("up");
    assert.equal(healed.code, 0, JSON.stringify([...codesOf(healed)]));

    await declare(rotated.map((one) => ({ ...one, ...chapOf("uni2", "mutual2") })));
    const failing: Record<string, FaultOptions> = {
      "echo of a write": { match: setting, kind: "fail", message: rotatedEcho },
      "echo of a read": { match: getting, kind: "fail", message: rotatedEcho, times: 2 },
      "echo in an output": { match: getting, kind: "garble", message: rotatedEcho, times: 2 },
      "dropped before": { match: setting, kind: "dropAfter", times: 9 },
    };
    const fail = (all: Record<string, FaultOptions>) => {
      for (const [situation, options] of Object.entries(all))
        for (const as of onBoth([situation])) hosts.get(as)?.host.faults.add(options);
    };
    const expected = Object.fromEntries(
      Object.entries({
        "echo of a write": "COMMAND_FAILED",
        "echo of a read": "COMMAND_FAILED",
        "echo in an output": "OUTPUT_NOT_UNDERSTOOD",
        "dropped before": "CONNECTION_LOST",
      }).flatMap(([situation, code]) => onBoth([situation]).map((as) => [as, code])),
    );
    fail(failing);
    const updated = await run.run("up", { args: ["--continue-on-error"] });
    assert.deepEqual(Object.fromEntries(codesOf(updated)), expected);
    assert.ok(masked(updated) >= 6);
    await run.say("stack", "export");

    for (const { host } of hosts.values()) host.faults.clear();
    fail({ "echo of a read": { match: getting, kind: "fail", message: rotatedEcho, times: 99 } });
    const refreshed = await run.run("refresh");
    for (const as of onBoth(["echo of a read"])) assert.equal(codesOf(refreshed).get(as), "COMMAND_FAILED");
    assert.ok(masked(refreshed) >= 2);

    for (const { host } of hosts.values()) host.faults.clear();
    fail({ ...failing, "dropped before": { match: setting, kind: "dropBefore", times: 9 } });
    const destroyed = await run.run("destroy", { args: ["--continue-on-error"] });
    assert.deepEqual(Object.fromEntries(codesOf(destroyed)), expected);
    assert.ok(masked(destroyed) >= 6);
    await run.say("stack", "export");
    assertSilent();
  });

  it("is in no refusal of the preview, also where its name is misspelt or it stands in a place that takes none", async () => {
    const [first] = declared as { host: object }[];
    const right = { ...first?.host, password: "output:password" };
    const broken = (as: string, more: object) => ({ ...chapOf("uni", "mutual"), as, host: right, ...more });
    const refused = [
      broken("line break", { secret: "output:lines" }),
      broken("same secret", { mutual: { name: "array", secret: "output:uni" } }),
      broken("misspelt", { secrret: "forgotten:misspelt" }),
      broken("misspelt inside", { mutual: { name: "array", sekret: "forgotten:misspelt" } }),
      broken("misspelt host", { host: { ...right, pasword: "forgotten:misspelt" } }),
      broken("no text", { secret: { name: "x", secret: "output:uni" } }),
      broken("instead of mutual", { mutual: "output:mutual" }),
    ];
    await run.stack.setConfig({ canaries: { secret: { ...plain, lines: `${text("uni")}\n` } } });
    for (const one of refused) {
      await declare([one]);
      const outcome = await run.run("preview", { diff: true });
      assert.ok(
        outcome.diagnostics.some(({ severity }) => severity === "error"),
        one.as,
      );
      assert.equal(outcome.code, 1, one.as);
    }
    await run.say("preview", "--json");
    assertSilent();
  });

  it("is in no error of a function that asks a host while the program runs", async () => {
    for (const [transport, what, kind, changes] of [
      ["ssh", "COMMAND_FAILED", "fail", {}],
      ["vsphere", "COMMAND_FAILED", "fail", {}],
      ["ssh", "OUTPUT_NOT_UNDERSTOOD", "garble", {}],
      ["vsphere", "OUTPUT_NOT_UNDERSTOOD", "garble", {}],
      ["ssh", "LOGIN_REFUSED", "fail", { password: "output:wrong" }],
      ["vsphere", "LOGIN_REFUSED", "fail", { password: "output:wrong" }],
      ["ssh", "INPUT_INVALID", "fail", { privateKey: "output:brokenKey" }],
    ] as const) {
      const served = hosts.get(`echo in an output${over[transport]}`);
      assert.ok(served);
      served.host.faults.clear();
      served.host.faults.add({
        match: "rdma device list",
        kind,
        message: `'${text("password")}' '${text("password")}'`,
      });
      await run.stack.setConfig({
        resources: [{ type: "getRdmaDevicesOutput", as: "looked", host: { ...reached(served), ...changes } }],
      });
      // Without stacks: in the program's process Pulumi's source maps make one take most of a minute (seen with 3.270.0).
      const outcome = await run.run("preview", { env: { ESXI_ISER_DEBUG: "" } });
      assert.match(outcome.stdout, new RegExp(`\\[${what}\\]`));
    }
    assertSilent();
  });
});
