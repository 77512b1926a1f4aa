import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { IserError } from "../../../src/errors.js";
import {
  type ConnectionSettings,
  resolveTarget,
  type SshTarget,
  targetKey,
} from "../../../src/transport/credentials.js";

const config = (values: Record<string, string> = {}) => ({ get: (key: string) => values[key] });
const host = "esx01.lab";
const hosts = (entry: object) => JSON.stringify({ [host]: entry });

interface Row {
  readonly name: string;
  readonly settings?: string | ConnectionSettings;
  readonly config?: Record<string, string>;
  readonly env?: Record<string, string>;
  /** What was found, as `value from source`. */
  readonly found: Partial<
    Record<"user" | "password" | "privateKey" | "privateKeyPassword" | "agent" | "hostKey", string>
  >;
}

const rows: readonly Row[] = [
  {
    name: "takes the environment's form for one host before everything else",
    settings: { host, password: "pw-own" },
    config: { password: "pw-general", hosts: hosts({ password: "pw-listed" }) },
    env: { ESXI_ISER_PASSWORD: "pw-all", ESXI_ISER_PASSWORD__ESX01_LAB: "pw-one", SSH_AUTH_SOCK: "/agent" },
    found: { user: "root from the default", password: "pw-one from environment ESXI_ISER_PASSWORD__ESX01_LAB" },
  },
  {
    name: "takes the environment before the resource's own password, for refresh sees the config of the last up",
    settings: { host, password: "pw-own" },
    config: { password: "pw-general" },
    env: { ESXI_ISER_PASSWORD: "pw-all" },
    found: { user: "root from the default", password: "pw-all from environment ESXI_ISER_PASSWORD" },
  },
  {
    name: "takes the resource's own password before config",
    settings: { host, user: "ops", password: "pw-own" },
    config: { user: "general", password: "pw-general", hosts: hosts({ password: "pw-listed" }) },
    found: { user: "ops from the resource's host.user", password: "pw-own from the resource's host.password" },
  },
  {
    name: "takes the host's entry in config before the general one",
    config: { password: "pw-general", user: "someone", hosts: hosts({ password: "pw-listed" }) },
    found: {
      user: "someone from config esxi-iser:user",
      password: 'pw-listed from config esxi-iser:hosts["esx01.lab"].password',
    },
  },
  {
    name: "takes general config if the host has no entry",
    config: { password: "pw-general", hosts: JSON.stringify({ "esx02.lab": { password: "pw-other" } }) },
    found: { user: "root from the default", password: "pw-general from config esxi-iser:password" },
  },
  {
    name: "falls back to the SSH agent only if there is nothing else",
    env: { SSH_AUTH_SOCK: "/run/agent" },
    found: { user: "root from the default", agent: "/run/agent from SSH agent" },
  },
  {
    name: "takes the resource's agent socket before SSH_AUTH_SOCK",
    settings: { host, agentSocketPath: "/run/mine" },
    env: { SSH_AUTH_SOCK: "/run/agent" },
    found: { user: "root from the default", agent: "/run/mine from SSH agent" },
  },
  {
    name: "uses a key and a password that are in the same place, and neither from a later one",
    config: { privateKey: "KEY", password: "pw" },
    settings: { host },
    found: {
      user: "root from the default",
      password: "pw from config esxi-iser:password",
      privateKey: "KEY\n from config esxi-iser:privateKey",
    },
  },
  {
    name: "does not add a password from config to a key from the environment",
    config: { password: "pw" },
    env: { ESXI_ISER_PRIVATE_KEY: "KEY" },
    found: { user: "root from the default", privateKey: "KEY\n from environment ESXI_ISER_PRIVATE_KEY" },
  },
  {
    name: "looks up user, secret and host key each for itself",
    settings: { host, user: "ops" },
    config: { password: "pw" },
    env: { ESXI_ISER_HOST_KEY__ESX01_LAB: "SHA256:x" },
    found: {
      user: "ops from the resource's host.user",
      password: "pw from config esxi-iser:password",
      hostKey: "SHA256:x from environment ESXI_ISER_HOST_KEY__ESX01_LAB",
    },
  },
  {
    name: "takes a key and its passphrase from different places if need be",
    settings: { host, privateKey: "KEY" },
    env: { ESXI_ISER_PRIVATE_KEY_PASSWORD: "pw-phrase" },
    found: {
      user: "root from the default",
      privateKey: "KEY\n from the resource's host.privateKey",
      privateKeyPassword: "pw-phrase from environment ESXI_ISER_PRIVATE_KEY_PASSWORD",
    },
  },
  {
    name: "takes the passphrase that stands beside the key before any other",
    settings: { host, privateKey: "KEY", privateKeyPassword: "pw-own" },
    env: { ESXI_ISER_PRIVATE_KEY_PASSWORD: "pw-phrase" },
    found: {
      user: "root from the default",
      privateKey: "KEY\n from the resource's host.privateKey",
      privateKeyPassword: "pw-own from the resource's host.privateKeyPassword",
    },
  },
  {
    name: "counts an empty text as not given",
    settings: { host, password: "" },
    config: { password: "pw" },
    env: { ESXI_ISER_PASSWORD: "", ESXI_ISER_USER: "" },
    found: { user: "root from the default", password: "pw from config esxi-iser:password" },
  },
  {
    name: "mends a key that came in one line or with the line ends of Windows",
    env: { ESXI_ISER_PRIVATE_KEY: "A\\nB\\n" },
    found: { user: "root from the default", privateKey: "A\nB\n from environment ESXI_ISER_PRIVATE_KEY" },
  },
];

function found(target: SshTarget): Row["found"] {
  const { user, password, privateKey, privateKeyPassword, agent, hostKey } = target;
  const all = { user, password, privateKey, privateKeyPassword, agent, hostKey };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, it]) => (it ? [[name, `${it.value} from ${it.source}`]] : [])),
  );
}

function errorOf(work: () => unknown): IserError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof IserError);
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("credentials", () => {
  for (const row of rows) {
    it(row.name, () => {
      const target = resolveTarget(row.settings ?? host, config(row.config), row.env ?? {});
      assert.deepEqual(found(target), row.found);
    });
  }

  it("has the defaults of @pulumi/command, and a limit for commands", () => {
    const { port, dialErrorLimit, perDialTimeout, commandTimeout } = resolveTarget(
      host,
      config({ password: "pw" }),
      {},
    );
    assert.deepEqual(
      { port, dialErrorLimit, perDialTimeout, commandTimeout },
      {
        port: 22,
        dialErrorLimit: 3,
        perDialTimeout: 15,
        commandTimeout: 120,
      },
    );
  });

  it("takes the limits that are given, a bastion's own first, and waits a day at most", () => {
    const proxy = { host: "jump.lab", password: "pw-x", perDialTimeout: 3 };
    const settings = { host, password: "pw-x", dialErrorLimit: 0, perDialTimeout: 5, commandTimeout: 1e9, proxy };
    const target = resolveTarget(settings, config(), {});
    assert.deepEqual([target.dialErrorLimit, target.perDialTimeout, target.commandTimeout], [0, 5, 86_400]);
    assert.deepEqual([target.proxy?.dialErrorLimit, target.proxy?.perDialTimeout], [0, 3]);
  });

  it("reads the key from the file that the environment names", () => {
    const folder = mkdtempSync(join(tmpdir(), "esxi-iser-"));
    const file = join(folder, "id");
    writeFileSync(file, "KEY\r\nEND\r\n");
    const target = resolveTarget(host, config(), { ESXI_ISER_PRIVATE_KEY_FILE: file });
    assert.deepEqual(target.privateKey, { value: "KEY\nEND\n", source: "environment ESXI_ISER_PRIVATE_KEY_FILE" });
    rmSync(folder, { recursive: true });
    const missing = errorOf(() => resolveTarget(host, config(), { ESXI_ISER_PRIVATE_KEY_FILE__ESX01_LAB: file }));
    assert.equal(missing.code, "CREDENTIALS_MISSING");
    assert.match(missing.message, /ESXI_ISER_PRIVATE_KEY_FILE__ESX01_LAB/);
  });

  it("names every place it looked at if there are no credentials anywhere", () => {
    const error = errorOf(() => resolveTarget(host, config(), {}));
    assert.equal(error.code, "CREDENTIALS_MISSING");
    for (const place of [
      "ESXI_ISER_PASSWORD__ESX01_LAB",
      "ESXI_ISER_PRIVATE_KEY__ESX01_LAB",
      "ESXI_ISER_PASSWORD,",
      "ESXI_ISER_PRIVATE_KEY,",
      "the resource's host.password",
      'esxi-iser:hosts["esx01.lab"].password',
      "esxi-iser:password",
      "SSH_AUTH_SOCK",
    ])
      assert.ok(error.message.includes(place), `${place} in ${error.message}`);
  });

  it("finds a host in the map whatever its letters", () => {
    const listed = JSON.stringify({ "ESX01.lab": { password: "pw-listed" } });
    assert.equal(resolveTarget(host, config({ hosts: listed }), {}).password?.value, "pw-listed");
  });

  for (const [what, text] of [
    ["not JSON", '{"esx01.lab": {"password": "canary-secret"'],
    ["a list", '["canary-secret"]'],
    ["of texts", '{"esx01.lab": "canary-secret"}'],
    ["with an unknown field", '{"esx01.lab": {"pasword": "canary-secret"}}'],
    ["with a number", '{"esx01.lab": {"password": 123456}}'],
  ] as const) {
    it(`refuses a map of hosts that is ${what}, without quoting its content`, () => {
      const error = errorOf(() => resolveTarget(host, config({ hosts: text }), {}));
      assert.equal(error.code, "INPUT_INVALID");
      assert.match(error.message, /esxi-iser:hosts/);
      assert.doesNotMatch(error.message, /canary|123456/);
    });
  }

  it("takes known_hosts files from the environment or config, else the user's and the system's", () => {
    const files = (values: Record<string, string>, env: Record<string, string>) =>
      resolveTarget(host, config({ password: "pw", ...values }), env).knownHosts;
    assert.deepEqual(files({}, {}), [join(homedir(), ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"]);
    assert.deepEqual(files({ knownHosts: "~/known, /etc/known" }, {}), [join(homedir(), "known"), "/etc/known"]);
    assert.deepEqual(files({ knownHosts: "/a" }, { ESXI_ISER_KNOWN_HOSTS: "/b" }), ["/b"]);
  });

  it("never gives a bastion the credentials that are meant for all hosts", () => {
    const settings = { host, proxy: { host: "jump.lab", user: "me" } };
    const general = config({ password: "pw", user: "root", hostKey: "SHA256:general", knownHosts: "/known" });
    const env = { ESXI_ISER_PASSWORD: "pw-all", ESXI_ISER_HOST_KEY: "SHA256:all", SSH_AUTH_SOCK: "/agent" };
    const { proxy } = resolveTarget(settings, general, env);
    assert.ok(proxy);
    assert.deepEqual(found(proxy), { user: "me from the resource's host.proxy.user", agent: "/agent from SSH agent" });
    assert.deepEqual(proxy.knownHosts, ["/known"]);
  });

  it("finds a bastion's credentials under its own name", () => {
    const settings = { host, proxy: { host: "jump.lab" } };
    const listed = JSON.stringify({ "jump.lab": { user: "me", password: "pw-listed" } });
    const { proxy } = resolveTarget(settings, config({ password: "pw", hosts: listed }), {
      ESXI_ISER_PASSWORD__JUMP_LAB: "pw-one",
    });
    assert.equal(proxy?.user.value, "me");
    assert.deepEqual(proxy?.password, { value: "pw-one", source: "environment ESXI_ISER_PASSWORD__JUMP_LAB" });
  });
});

describe("the key of a connection", () => {
  const key = (settings: string | ConnectionSettings, env: Record<string, string> = {}) =>
    targetKey(resolveTarget(settings, config(), { SSH_AUTH_SOCK: "/agent", ...env }));

  it("is the same for the same host, user and credentials, wherever they were found and however long is waited", () => {
    const own = key({ host, password: "pw", commandTimeout: 5, perDialTimeout: 1, dialErrorLimit: 0 });
    assert.equal(own, key(host, { ESXI_ISER_PASSWORD: "pw" }));
  });

  const one = { host, password: "pw", proxy: { host: "jump.lab", password: "pw" } };
  for (const [what, other] of Object.entries({
    host: { ...one, host: "esx02.lab" },
    port: { ...one, port: 2222 },
    user: { ...one, user: "ops" },
    password: { ...one, password: "pw2" },
    key: { ...one, privateKey: "KEY" },
    bastion: { ...one, proxy: undefined },
    "bastion's password": { ...one, proxy: { host: "jump.lab", password: "pw2" } },
    "expected host key": { ...one, hostKey: "insecure-accept-any" },
  })) {
    it(`differs with the ${what}`, () => assert.notEqual(key(one), key(other)));
  }

  it("holds no secret", () => assert.doesNotMatch(key({ host, password: "canary-secret" }), /canary/));
});
