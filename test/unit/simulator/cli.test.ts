import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "ssh2";
import { started } from "../../support/started.js";

const children: ChildProcess[] = [];

/** Starts `esxi-iser` and gives what it printed once there is enough of it, or once it ended. */
async function cli(args: readonly string[], enough: RegExp, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [...started.args, ...args], {
    env: { ...process.env, ...started.env, ESXI_ISER_PASSWORD: undefined, ...env },
  });
  children.push(child);
  let output = "";
  const status = new Promise<number | null>((resolve) => child.on("close", resolve));
  await new Promise<void>((resolve) => {
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      if (enough.test(output)) resolve();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    void status.then(() => resolve());
  });
  return { child, status, output: () => output };
}

function login(port: number, username: string, password: string): Promise<void> {
  const client = new Client();
  client.on("keyboard-interactive", (_name, _text, _language, prompts, finish) => finish(prompts.map(() => password)));
  return new Promise<void>((resolve, reject) => {
    client.once("ready", () => resolve());
    client.on("error", reject);
    client.connect({ host: "127.0.0.1", port, username, tryKeyboard: true });
  }).finally(() => client.destroy());
}

describe("esxi-iser simulate", function () {
  this.timeout(180_000);
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`tells how to reach the host, and ends cleanly at ${signal}`, async () => {
      const { child, status, output } = await cli(["simulate", "--name", "esx07.lab"], /Ctrl-C ends it/);
      const [, port, password] = /ssh -p (\d+) root@127\.0\.0\.1\n {2}password +(\S+)\n/.exec(output()) ?? [];
      assert.match(output(), /^esx07\.lab, a simulated ESXi 8\.0, listens on 127\.0\.0\.1 port \d+\.\n/);
      assert.match(output(), /hostKey: "SHA256:[^"]+"/);
      await login(Number(port), "root", password ?? "");
      child.kill(signal);
      assert.equal(await status, 0);
    });
  }

  it("prints JSON when asked, and takes the password from a file without printing it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "esxi-iser-cli-"));
    try {
      writeFileSync(join(folder, "password"), "open-sesame\n");
      const args = [
        "simulate",
        "--json",
        "--model",
        "6.7",
        "--user",
        "admin",
        "--password-file",
        join(folder, "password"),
      ];
      const { output } = await cli(args, /\n/);
      const { hosts } = JSON.parse(output()) as { hosts: [Record<string, unknown>] };
      const [shown] = hosts;
      assert.deepEqual(Object.keys(shown), ["model", "name", "address", "port", "user", "hostKey", "fingerprint"]);
      assert.equal(shown.model, "6.7");
      await login(Number(shown.port), "admin", "open-sesame");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("has a target that wants CHAP when a name is given, and shows the secret that it made up", async () => {
    const { output } = await cli(["simulate", "--json", "--chap-name", "esx01"], /\n/);
    const { chap } = JSON.parse(output()) as { chap: [Record<string, string>] };
    assert.equal(chap[0].name, "esx01");
    assert.match(chap[0].secret ?? "", /^[0-9a-f]{20}$/);
  });

  it("says that a port is in use", async () => {
    const { output } = await cli(["simulate"], /Ctrl-C ends it/);
    const port = /ssh -p (\d+)/.exec(output())?.[1] ?? "";
    const second = await cli(["simulate", "--port", port], /(?!)/);
    assert.equal(await second.status, 2);
    assert.match(
      second.output(),
      new RegExp(`^esxi-iser: port ${port} of 127\\.0\\.0\\.1 is in use\n {2}Give another one`),
    );
  });

  it("takes the password from the environment without printing it", async () => {
    const { output } = await cli(["simulate"], /Ctrl-C ends it/, { ESXI_ISER_PASSWORD: "open-sesame" });
    assert.doesNotMatch(output(), /open-sesame|password {2}/);
    await login(Number(/ssh -p (\d+)/.exec(output())?.[1]), "root", "open-sesame");
  });

  it("refuses what it cannot take, with 2 and a sentence", async () => {
    for (const [args, words] of [
      [["simulate", "--port", "x"], /^esxi-iser: --port x is no whole number from 0 to 65535\n/],
      [["simulate", "--password-file", "/nowhere"], /^esxi-iser: the file \/nowhere cannot be read: ENOENT/],
      [["simulate", "--chap-secret-file", "/nowhere"], /^esxi-iser: --chap-secret-file is given without --chap-name\n/],
      [["simulate", "--model", "5.0"], /Allowed choices are 6\.7, 7\.0, 8\.0, 9\.0/],
    ] as const) {
      const { status, output } = await cli(args, /(?!)/);
      assert.equal(await status, 2);
      assert.match(output(), words);
    }
  });

  it("has help and a version", async () => {
    const help = await cli(["simulate", "--help"], /(?!)/);
    assert.equal(await help.status, 0);
    assert.match(help.output(), /Examples:\n {2}\$ esxi-iser simulate --chap-name esx01\n/);
    assert.match((await cli(["--version"], /(?!)/)).output(), /^\d+\.\d+\.\d+\n$/);
  });
});
