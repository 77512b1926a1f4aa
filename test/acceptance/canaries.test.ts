import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { after, before, describe, it } from "mocha";
import { hostField, sealHost } from "../../src/resources/host.js";
import type { AnyDefinition } from "../../src/resources/inputs.js";
import {
  SimulatedHost,
  type Simulator,
  startSimulator,
  startVcenter,
  startVsphere,
  type VsphereEndpoint,
} from "../../src/simulator/index.js";
import { resolveTarget } from "../../src/transport/credentials.js";
import { environmentName } from "../../src/transport/places.js";
import { type Canary, canaryOf, found, newCanary } from "../support/canaries.js";
import { errorsOf } from "../support/program.js";
import { SoapClient } from "../support/soapClient.js";
import { keygen, publicKey, startServer, type TestServer } from "../support/sshServer.js";
import { shownBy, Watched } from "../support/watched.js";

const credentials = ["password", "privateKey", "privateKeyPassword"] as const;
const chapSecrets = ["Chap.secret", "Chap.mutual"] as const;

/** Every place that a user can put a secret of this package into, each with a secret of its own. */
const canaries = new Map<string, Canary>();
const publicKeys = new Map<string, string>();

function put(place: string): void {
  canaries.set(place, newCanary(place));
}

/** A password, and a key with its passphrase. */
function putCredentials(place: string): void {
  put(`${place}.password`);
  put(`${place}.privateKeyPassword`);
  const key = keygen("-t", "ecdsa", "-N", text(`${place}.privateKeyPassword`), "-a", "1");
  canaries.set(`${place}.privateKey`, { place: `${place}.privateKey`, text: key.private.trim() });
  publicKeys.set(place, key.public);
}

function text(place: string): string {
  const canary = canaries.get(place);
  assert.ok(canary, place);
  return canary.text;
}

/** The definitions of all resources, as they stand in the folder: a new one is not forgotten. */
async function definitions(): Promise<AnyDefinition[]> {
  const folder = join(__dirname, "../../src/resources");
  const modules = await Promise.all(
    readdirSync(folder).map((file) => import(join(folder, file)) as Promise<Record<string, unknown>>),
  );
  const isDefinition = (value: unknown): value is AnyDefinition =>
    typeof value === "object" && value !== null && "fields" in value && "observe" in value && "type" in value;
  return [...new Set(modules.flatMap((module) => Object.values(module)).filter(isDefinition))];
}

type Simulated = Pick<Simulator, "host">;

/** One simulated host for each way of giving credentials; `127.0.0.n` each, for they are told apart by their addresses. */
class Hosts {
  readonly simulators = new Map<string, Simulated>();
  private readonly servers: Simulator[] = [];
  readonly endpoints: VsphereEndpoint[] = [];
  readonly bastions: TestServer[] = [];

  async add(way: string, access: { password?: string; key?: string }): Promise<Simulator> {
    const simulator = await startSimulator({
      model: "8.0",
      listen: `127.0.0.${this.simulators.size + 2}`,
      password: access.password ?? "simulated-nobody-has-it",
      authorizedKeys: access.key === undefined ? [] : [access.key],
    });
    this.servers.push(simulator);
    this.prepare(way, simulator);
    return simulator;
  }

  /** A host whose SSH is off; with a name, in a vCenter that has the password. */
  async addVsphere(way: string, password: string, name?: string): Promise<VsphereEndpoint> {
    const host = new SimulatedHost({ model: "8.0" });
    this.prepare(way, { host });
    const options = { listen: `127.0.0.${this.simulators.size + 1}`, password };
    const endpoint = await (name === undefined ? startVsphere(host, options) : startVcenter([{ name, host }], options));
    this.endpoints.push(endpoint);
    return endpoint;
  }

  private prepare(way: string, simulated: Simulated): void {
    assert.equal(simulated.host.execute("esxcli rdma iser add -d vmrdma0").status, 0);
    this.simulators.set(way, simulated);
  }

  async addBastion(options: Parameters<typeof startServer>[0]): Promise<TestServer> {
    const bastion = await startServer({ forwards: true, ...options });
    this.bastions.push(bastion);
    return bastion;
  }

  async close(): Promise<void> {
    for (const server of [...this.servers, ...this.endpoints, ...this.bastions]) await server.close();
  }
}

const api = ({ address, port, thumbprint }: VsphereEndpoint) => ({ host: address, port, thumbprint });
const reached = ({ address, port, fingerprint }: Simulator) => ({ host: address, port, hostKey: fingerprint });

/** CHAP both ways on the host. `name` is no secret: it shows that the search would find one. */
const chap = (as: string, host: object, more: object = {}) => ({
  type: "Chap",
  as,
  host,
  adapter: "vmrdma0",
  level: "required",
  name: control.text,
  secret: "output:Chap.secret",
  mutual: { name: "array", secret: "sealed:Chap.mutual" },
  ...more,
});

const control = newCanary("control");

describe("a secret of a program, of its config or of its environment, on the real engine", function () {
  this.timeout(180_000);
  const hosts = new Hosts();
  const runs: Watched[] = [];
  const texts = new Map<string, string>();

  before(async () => {
    for (const place of [...chapSecrets, "argument"]) put(place);
    for (const place of ["host", "host.proxy", "config", "config.hosts", "environment", "environment.host"])
      putCredentials(place);
    put("host.vcenter.password");
    await liveThrough(await everyPlaceButTheEnvironment());
    await liveThrough(await generalEnvironment());
    for (const run of runs) for (const [where, said] of run.texts) texts.set(where, said);
    for (const [way, { host }] of hosts.simulators)
      for (const [where, said] of shownBy(way, host)) texts.set(where, said);
  });
  after(async () => {
    for (const run of runs) run.dispose();
    await hosts.close();
  });

  /** Passwords and keys of the environment for all hosts come before every other place, so they have a stack of their own. */
  async function generalEnvironment() {
    const env = {
      ESXI_ISER_PASSWORD: text("environment.password"),
      ESXI_ISER_PRIVATE_KEY: text("environment.privateKey"),
      ESXI_ISER_PRIVATE_KEY_PASSWORD: text("environment.privateKeyPassword"),
    };
    const withPassword = await hosts.add("environment password", { password: text("environment.password") });
    const withKey = await hosts.add("environment key", { key: publicKeys.get("environment") ?? "" });
    return {
      name: "environment",
      env,
      config: {},
      resources: [chap("a", reached(withPassword)), chap("b", reached(withKey))],
    };
  }

  async function everyPlaceButTheEnvironment() {
    const key = (place: string) => ({ key: publicKeys.get(place) ?? "" });
    const password = (place: string) => ({ password: text(`${place}.password`) });
    const keyFields = (place: string, way: string) => ({
      privateKey: `${way}:${place}.privateKey`,
      privateKeyPassword: `${way}:${place}.privateKeyPassword`,
    });
    const own = await hosts.add("host password", password("host"));
    const forgotten = await hosts.add("host password, not marked", password("host"));
    const ownKey = await hosts.add("host key", key("host"));
    const behind = await hosts.add("behind a bastion with a password", password("host"));
    const behindKey = await hosts.add("behind a bastion with a key", key("host"));
    const general = await hosts.add("config password", password("config"));
    const generalKey = await hosts.add("config key", key("config"));
    const map = await hosts.add("config of the host, password", password("config.hosts"));
    const mapKey = await hosts.add("config of the host, key", key("config.hosts"));
    const env = await hosts.add("environment of the host, password", password("environment.host"));
    const envKey = await hosts.add("environment of the host, key", key("environment.host"));
    const argument = await hosts.add("argument", password("host"));
    const bastion = await hosts.addBastion({ password: text("host.proxy.password"), methods: ["password"] });
    const ownApi = await hosts.addVsphere("vSphere API, host password", text("host.password"));
    const vcenter = await hosts.addVsphere("through a vCenter", text("host.vcenter.password"), "esx-v.lab");
    const otherVcenter = await hosts.addVsphere(
      "through a vCenter, not marked",
      text("host.vcenter.password"),
      "esx-w.lab",
    );
    const session = await hosts.addVsphere("vSphere API, session of the environment", text("host.password"));
    const client = await SoapClient.open(session);
    await client.login();
    const cookie = (client.cookie ?? "").replace(/^[^=]*=/, "");
    assert.match(cookie, /[0-9a-f]{20}/);
    client.close();
    canaries.set("environment.host.session", canaryOf("environment.host.session", cookie.replaceAll(/\W/g, "")));
    const keyBastion = await hosts.addBastion({ authorized: [publicKey(publicKeys.get("host.proxy") ?? "")] });

    const resources = [
      chap("own", { ...reached(own), password: "output:host.password" }),
      chap(
        "forgotten",
        { ...reached(forgotten), password: "forgotten:host.password" },
        { secret: "forgotten:Chap.secret" },
      ),
      chap("ownKey", { ...reached(ownKey), ...keyFields("host", "sealed") }),
      chap("behind", {
        ...reached(behind),
        password: "sealed:host.password",
        proxy: { ...bastion.settings, password: "output:host.proxy.password" },
      }),
      chap("behindKey", {
        ...reached(behindKey),
        ...keyFields("host", "output"),
        proxy: { ...keyBastion.settings, ...keyFields("host.proxy", "forgotten") },
      }),
      ...[general, generalKey, map, mapKey, env, envKey].map((one, at) => chap(`elsewhere${at}`, reached(one))),
      chap("api", { ...api(ownApi), transport: "vsphere", password: "output:host.password" }),
      chap("session", { ...api(session), transport: "vsphere" }),
      chap("vcenter", {
        host: "esx-v.lab",
        transport: "vsphere",
        vcenter: { ...api(vcenter), password: "output:host.vcenter.password" },
      }),
      chap("vcenterForgotten", {
        host: "esx-w.lab",
        transport: "vsphere",
        vcenter: { ...api(otherVcenter), password: "forgotten:host.vcenter.password" },
      }),
      chap(
        "argument",
        { ...reached(argument), password: "output:host.password" },
        { secret: "output:argument", secretVia: "argument", mutual: undefined },
      ),
    ];
    const all = (place: string) => Object.fromEntries(credentials.map((field) => [field, text(`${place}.${field}`)]));
    const { password: mapPassword, ...mapKeyFields } = all("config.hosts");
    return {
      name: "places",
      env: {
        [environmentName("session", session.address)]: cookie,
        [environmentName("password", env.address)]: text("environment.host.password"),
        [environmentName("privateKey", envKey.address)]: text("environment.host.privateKey"),
        [environmentName("privateKeyPassword", envKey.address)]: text("environment.host.privateKeyPassword"),
      },
      config: {
        ...Object.fromEntries(
          Object.entries(all("config")).map(([field, value]) => [`esxi-iser:${field}`, { secret: value }]),
        ),
        "esxi-iser:hosts": { secret: { [map.address]: { password: mapPassword }, [mapKey.address]: mapKeyFields } },
      },
      resources,
    };
  }

  /** What a user does with a stack, with everything that can be told of it. */
  async function liveThrough(of: { name: string; env: Record<string, string>; config: object; resources: object[] }) {
    const plain = Object.fromEntries([...canaries].map(([place, { text }]) => [place, text]));
    const run = await Watched.start(
      of.name,
      { ...of.config, canaries: { secret: plain }, resources: of.resources },
      { env: of.env },
    );
    runs.push(run);
    const ended = async (operation: "preview" | "up" | "refresh" | "destroy", options = {}) => {
      const outcome = await run.run(operation, options);
      assert.equal(outcome.code, 0, `${operation}: ${errorsOf(outcome).join("\n")}`);
    };
    await ended("preview", { diff: true });
    await ended("up", { diff: true });
    for (const [way, { host }] of hosts.simulators)
      for (const [where, said] of shownBy(`${way}, ${of.name} after up`, host)) texts.set(where, said);
    await run.say("preview", "--json");
    await run.say("stack", "export");
    await run.say("stack", "output", "--json");
    await run.say("config");
    await run.say("stack", "history", "--json");
    // Without --logtostderr the log is a file in TMPDIR.
    await run.say("refresh", "--yes", "--diff", "-v=9");
    await ended("destroy", { diff: true });
  }

  it("is tried for every place that takes one", async () => {
    const all = await definitions();
    assert.ok(all.length >= 14, String(all.length));
    const ofResources = all.flatMap(({ type, secrets = [] }) => secrets.map((field) => `${type}.${field}`));
    assert.deepEqual(ofResources.sort(), [...chapSecrets].sort());
    for (const { type, fields, secrets = [] } of all)
      for (const field of Object.keys(fields))
        assert.ok(
          secrets.includes(field) || /^secretVia$|^(?!.*(secret|password|token|credential|passphrase))/i.test(field),
          `${type}.${field}`,
        );

    // The fields of a host are listed by the error of an unknown one, those of the other places likewise.
    const listed = hostField.safeParse({ host: "esx01", nonsense: 1 }).error?.issues[0]?.message ?? "";
    const ofHost = listed
      .replace(/.*Its fields are /, "")
      .replace(/\.$/, "")
      .split(", ");
    const open = [
      "host",
      "port",
      "user",
      "agentSocketPath",
      "hostKey",
      "transport",
      "dialErrorLimit",
      "perDialTimeout",
      "proxy",
      "commandTimeout",
    ];
    assert.deepEqual(ofHost.filter((field) => !open.includes(field)).sort(), [...credentials].sort());
    const sealed = sealHost({
      host: "esx01",
      ...Object.fromEntries(credentials.map((field) => [field, "x"])),
    }) as object;
    for (const [field, value] of Object.entries(sealed))
      assert.equal(pulumi.Output.isInstance(value) && (await pulumi.isSecret(value)), field !== "host", field);
    assert.throws(
      () => resolveTarget("esx01", { get: (key) => (key === "hosts" ? '{"esx01":{"nonsense":""}}' : undefined) }, {}),
      /known are user, password, privateKey, privateKeyPassword, hostKey, knownHosts, thumbprint, ca\./,
    );
    for (const place of ["host", "host.proxy", "config", "config.hosts", "environment", "environment.host"])
      for (const field of credentials) assert.ok(canaries.has(`${place}.${field}`));
    for (const [way, { host }] of hosts.simulators) assert.ok(host.counters.writes > 1, `${way} was not used`);
    for (const bastion of hosts.bastions) assert.ok(bastion.seen.forwards.length > 0);
  });

  it("is in nothing that Pulumi prints, logs or keeps, and in nothing that a host can list", () => {
    const secrets = [...canaries.values()].filter(({ place }) => place !== "argument");
    assert.deepEqual(found(secrets, texts), []);
  });

  it("would be found there: what is no secret is", () => {
    const places = new Set(found([control], texts).map((hit) => hit.replace(/^control.* in (plain|hex|.*\)) in /, "")));
    const missing = [
      /places \d+ up: standard output/,
      /places \d+ up: standard error/,
      /places \d+ up: tmp\/events\.jsonl/,
      /places \d+ up: backend\/.*\.json/,
      /places \d+ preview --json: standard output/,
      /places \d+ stack export: standard output/,
      /places \d+ stack output --json: standard output/,
      /places \d+ config: standard output/,
      /places \d+ destroy: standard output/,
      /host password, places after up: journal/,
      /host password: journal/,
      /host password: processes/,
      /host password, places after up: dump/,
    ].filter((place) => ![...places].some((where) => place.test(where)));
    assert.deepEqual(missing, []);
    const logs = [...texts].filter(([where]) => /refresh .*: tmp\/pulumi\..*\.log\.INFO/.test(where));
    assert.equal(logs.length, 2);
    for (const [, log] of logs) assert.match(log, /"v":9\}/);
  });

  it('is on the host\'s command line where secretVia: "argument" asks for it, and nowhere else', () => {
    const argument = canaries.get("argument");
    assert.ok(argument);
    const elsewhere = found([argument], texts).filter((hit) => !/ in argument(, .*)?: processes$/.test(hit));
    assert.deepEqual(elsewhere, []);
    const { processes } = hosts.simulators.get("argument")?.host ?? { processes: [] };
    assert.ok(processes.some((argv) => argv[0] === "esxcli" && argv.includes(`--secret=${argument.text}`)));
  });
});

describe("Pulumi without this package, at its loudest", function () {
  this.timeout(180_000);
  const canary = newCanary("plain");
  let run: Watched;

  before(async () => {
    const project = join(__dirname, "../fixtures/without");
    run = await Watched.start("without", { canaries: { secret: { plain: canary.text } } }, { project });
    const grpc = join(run.stack.folder, "project", "grpc.json");
    const { code, stderr } = await run.run("up", { env: { PULUMI_DEBUG_GRPC: grpc } });
    assert.equal(code, 0, stderr);
  });
  after(() => run?.dispose());

  it("tells a secret in its log of calls, in the SDK's word on a registration and in PULUMI_DEBUG_GRPC: these are left out above", () => {
    const whole = found([canary], run.whole).join("\n");
    for (const where of ["standard output", "standard error", "tmp/events.jsonl", "project/grpc.json"])
      assert.ok(whole.includes(`without 1 up: ${where}`), where);
  });

  it("tells it nowhere else, so that nothing more needs to be left out", () => {
    const rest = found([canary], run.texts).filter((hit) => !hit.endsWith("project/grpc.json"));
    assert.deepEqual(rest, []);
  });

  it("tells it in lines of two kinds only", () => {
    const lines = (run.whole.get("without 1 up: standard error") ?? "")
      .split("\n")
      .filter((line) => line.includes("simulated-canary-plain"));
    const kinds = lines.map(
      (line) =>
        /^(?:debug: |.*"msg":")(?:eventSink::Debug\(<\{%reset%\}>)?((?:Unm|M)arshaling property for RPC\[|RegisterResource RPC finished)/.exec(
          line,
        )?.[1],
    );
    assert.deepEqual([...new Set(kinds)].sort(), [
      "Marshaling property for RPC[",
      "RegisterResource RPC finished",
      "Unmarshaling property for RPC[",
    ]);
  });
});
