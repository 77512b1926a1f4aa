import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Socket, connect as tcpConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientChannel, utils } from "ssh2";
import { type Simulator, startSimulator } from "../../../src/simulator/index.js";
import { clients, closeAll, ending, exec, login, open, start } from "./sshSupport.js";
import { recording } from "./support.js";

describe("the SSH server of the simulated host", () => {
  afterEach(closeAll);

  it("runs a command and gives its status, its output on standard output", async () => {
    const client = await login(await start());
    const list = await exec(client, "esxcli --formatter=xml iscsi adapter list");
    assert.equal(list.status, 0);
    assert.match(list.stdout, /^<output /);
    const failed = await exec(client, "esxcli iscsi adapter get -A vmhba9");
    assert.deepEqual(failed, {
      status: 1,
      signal: undefined,
      stdout: "Invalid adapter specified or unable to get adapter.\n",
      stderr: "",
    });
    assert.deepEqual(await exec(client, "foo"), {
      status: 127,
      signal: undefined,
      stdout: "",
      stderr: "sh: foo: not found\n",
    });
  });

  it("carries any characters to esxcli and back", async () => {
    const { host, ...simulator } = await start();
    const client = await login({ host, ...simulator });
    const alias = "ä 'ö' \"ü\" $(x) `y` €😀";
    const quoted = alias.replaceAll("'", "'\\''");
    await exec(client, `esxcli rdma iser add -d vmrdma0; esxcli iscsi adapter set -A vmhba64 -a '${quoted}'`);
    assert.equal(host.state.iscsiAdapters[0]?.alias, alias);
    assert.ok((await exec(client, "esxcli iscsi adapter get -A vmhba64")).stdout.includes(`Alias: ${alias}\n`));
  });

  it("offers keys and keyboard-interactive, and takes a password only by the latter", async () => {
    const simulator = await start();
    await assert.rejects(
      login(simulator, { tryKeyboard: false, password: simulator.password }),
      /authentication methods failed/,
    );
    assert.equal(simulator.host.counters.failedLogins, 0);
    await login(simulator);
    const { connections, logins } = simulator.host.counters;
    assert.deepEqual({ connections, logins }, { connections: 2, logins: 1 });
  });

  it("asks with the prompt Password: and shows nothing", async () => {
    const simulator = await start();
    const client = new Client();
    clients.push(client);
    const prompts = await new Promise((resolve) => {
      client.on("keyboard-interactive", (_name, _text, _language, asked) => resolve(asked));
      client.on("error", () => undefined);
      client.connect({ host: simulator.address, port: simulator.port, username: "root", tryKeyboard: true });
    });
    assert.deepEqual(prompts, [{ prompt: "Password: ", echo: false }]);
  });

  it("refuses another user", async () => {
    await assert.rejects(login(await start(), { username: "admin" }), /authentication methods failed/);
    const simulator = await start({ user: "admin" });
    await login(simulator, { username: "admin" });
  });

  it("locks the account after five wrong passwords, until it is unlocked", async () => {
    const simulator = await start();
    for (let attempt = 0; attempt < 4; attempt += 1) await assert.rejects(login(simulator, { answer: "wrong" }));
    await login(simulator);
    // A login that works starts the count anew.
    for (let attempt = 0; attempt < 5; attempt += 1) await assert.rejects(login(simulator, { answer: "wrong" }));
    await assert.rejects(login(simulator));
    assert.equal(simulator.host.counters.failedLogins, 10);
    simulator.unlock();
    await login(simulator);
  });

  describe("with keys", () => {
    const rsa = utils.generateKeyPairSync("rsa", { bits: 2048 });
    const ecdsa = utils.generateKeyPairSync("ecdsa", { bits: 256 });
    const ed25519 = utils.generateKeyPairSync("ed25519");
    const keyOnly = { tryKeyboard: false };

    it("takes RSA and ECDSA keys that are authorized", async () => {
      const simulator = await start({ authorizedKeys: [rsa.public, ecdsa.public] });
      for (const { private: privateKey } of [rsa, ecdsa]) await login(simulator, { ...keyOnly, privateKey });
    });

    it("refuses an ed25519 key even if it is authorized", async () => {
      const simulator = await start({ authorizedKeys: [ed25519.public] });
      await assert.rejects(login(simulator, { ...keyOnly, privateKey: ed25519.private }));
    });

    it("refuses a key that is not authorized, and of another user", async () => {
      const simulator = await start({ authorizedKeys: [rsa.public] });
      await assert.rejects(login(simulator, { ...keyOnly, privateKey: ecdsa.private }));
      await assert.rejects(login(simulator, { ...keyOnly, privateKey: rsa.private, username: "admin" }));
      assert.equal(simulator.host.counters.failedLogins, 0);
    });

    it("refuses to start with an authorized key that is none", async () => {
      await assert.rejects(startSimulator({ authorizedKeys: ["ssh-rsa nonsense"] }), /authorized key/);
    });
  });

  describe("shows its host key", () => {
    const offered = async (simulator: Simulator) => {
      let blob = "";
      await login(simulator, {
        hostVerifier: (key: Buffer) => {
          blob = key.toString("base64");
          return true;
        },
      });
      return blob;
    };

    it("of its own, ECDSA and the same for all of a process", async () => {
      const [one, two] = [await start(), await start()];
      assert.equal(one.hostKey, two.hostKey);
      assert.equal(one.hostKey, `ecdsa-sha2-nistp256 ${await offered(one)}`);
      assert.match(one.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
    });

    it("that it was given, RSA too", async () => {
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const simulator = await start({ hostKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString() });
      assert.equal(simulator.hostKey, `ssh-rsa ${await offered(simulator)}`);
      await assert.rejects(startSimulator({ hostKey: "nonsense" }), /host key/);
    });
  });

  it("speaks the algorithms that were recorded on 8.0.2, but for the group exchange", async () => {
    const simulator = await start();
    const socket = tcpConnect(simulator.port, simulator.address);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.write("SSH-2.0-probe\r\n");
    while (!Buffer.concat(chunks).includes("hmac-sha2")) await sleep(5);
    socket.destroy();
    const offer = Buffer.concat(chunks).toString("latin1");
    const recorded = (key: string) =>
      new RegExp(`^${key} (.*)$`, "m").exec(recording("sshd_config--esxi802-real-host"))?.[1] ?? "";
    for (const key of ["ciphers", "macs"]) assert.ok(offer.includes(recorded(key)), key);
    const kex = recorded("kexalgorithms").split(",");
    for (const name of kex) assert.equal(offer.includes(name), name !== "diffie-hellman-group-exchange-sha256", name);
    assert.doesNotMatch(offer, /curve25519|chacha20|ed25519|hmac-sha1/);
  });

  it("opens ten sessions on a connection at most, and a new one when one has ended", async () => {
    const simulator = await start();
    const client = await login(simulator);
    simulator.host.faults.add({ match: "rdma device list", kind: "hang", times: 10 });
    const commands: Awaited<ReturnType<typeof open>>[] = [];
    for (let count = 0; count < 10; count += 1) commands.push(await open(client, "esxcli rdma device list"));
    await assert.rejects(open(client, "true"));
    assert.equal(simulator.host.counters.atOnce, 10);
    // A channel that is only closed leaves its command running, as with OpenSSH; a signal ends it.
    commands[0]?.channel.close();
    await sleep(30);
    await assert.rejects(open(client, "true"));
    commands[1]?.channel.signal("TERM");
    assert.equal((await commands[1]?.ended)?.signal, "SIGTERM");
    assert.equal((await exec(client, "true")).status, 0);
  });

  it("takes ten connections that have not logged in at most", async () => {
    const simulator = await start();
    const sockets: Socket[] = [];
    for (let count = 0; count < 10; count += 1) {
      const socket = tcpConnect(simulator.port, simulator.address);
      sockets.push(socket);
      await new Promise((resolve) => socket.once("data", resolve));
    }
    await assert.rejects(login(simulator));
    sockets[0]?.destroy();
    // Until the server has seen that one is gone.
    for (let turns = 0; turns < 100; turns += 1) {
      await sleep(10);
      if (await login(simulator).catch(() => undefined)) break;
    }
    assert.equal(simulator.host.counters.logins, 1);
    for (const socket of sockets) socket.destroy();
  });

  it("ends a connection after six refused attempts", async () => {
    const simulator = await start();
    const key = utils.generateKeyPairSync("ecdsa", { bits: 256 });
    let attempts = 0;
    const client = new Client();
    clients.push(client);
    const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
    client.on("error", () => undefined);
    client.connect({
      host: simulator.address,
      port: simulator.port,
      username: "root",
      authHandler: (_left, _partial, next) => {
        attempts += 1;
        next({ type: "publickey", username: "root", key: key.private });
      },
    });
    await closed;
    assert.equal(attempts, 6);
  });

  it("forwards nothing and has no subsystem", async () => {
    const client = await login(await start());
    await assert.rejects(
      new Promise((resolve, reject) =>
        client.forwardOut("127.0.0.1", 1, "127.0.0.1", 22, (error) => (error ? reject(error) : resolve(undefined))),
      ),
    );
    await assert.rejects(
      new Promise((resolve, reject) =>
        client.forwardIn("127.0.0.1", 0, (error) => (error ? reject(error) : resolve(undefined))),
      ),
    );
    await assert.rejects(
      new Promise((resolve, reject) => client.sftp((error) => (error ? reject(error) : resolve(undefined)))),
    );
  });

  it("reads a secret from standard input, and starts without waiting for its end otherwise", async () => {
    const simulator = await start();
    const client = await login(simulator);
    assert.equal((await exec(client, "esxcli rdma iser add -d vmrdma0")).status, 0);
    const line = "esxcli iscsi adapter auth chap set -A vmhba64 -l required -N user --secret";
    const { status, stderr } = await exec(client, line, "ein Geheimnis: ß\n");
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "Enter value for 'secret': " });
    assert.equal(simulator.host.state.iscsiAdapters[0]?.chap.uni?.secret, "ein Geheimnis: ß");
    assert.deepEqual(await exec(client, "cat | wc -l", "a\nb\n"), {
      status: 0,
      signal: undefined,
      stdout: "2\n",
      stderr: "",
    });
  });

  it("runs lines from a shell without a terminal", async () => {
    const client = await login(await start());
    const channel = await new Promise<ClientChannel>((resolve, reject) =>
      client.shell(false, (error, opened) => (error ? reject(error) : resolve(opened))),
    );
    channel.end("X=two\necho one $X\nexit 3\necho never\n");
    const { status, stdout } = await ending(channel);
    assert.deepEqual({ status, stdout }, { status: 3, stdout: "one two\n" });
  });

  it("cuts the connections at a reboot, after the answer", async () => {
    const simulator = await start();
    const client = await login(simulator);
    const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
    assert.equal((await exec(client, "reboot")).status, 0);
    await closed;
    await login(simulator);
  });

  it("closes while clients are connected and commands hang, and frees its port", async () => {
    const simulator = await start();
    const client = await login(simulator);
    simulator.host.faults.add({ match: "rdma device list", kind: "hang" });
    const hanging = exec(client, "esxcli rdma device list");
    await sleep(20);
    await simulator.close();
    assert.equal((await hanging).status, undefined);
    await assert.rejects(login(simulator), /ECONNREFUSED/);
    const again = await start({ port: simulator.port });
    assert.equal(again.port, simulator.port);
    await assert.rejects(start({ port: simulator.port }), /EADDRINUSE/);
  });

  it("survives what is no SSH", async () => {
    const simulator = await start();
    const socket = tcpConnect(simulator.port, simulator.address);
    socket.on("error", () => undefined);
    socket.resume().write("GET / HTTP/1.0\r\n\r\n");
    await new Promise((resolve) => socket.once("close", resolve));
    await login(simulator);
  });

  it("is reached by the ssh of OpenSSH, with its password and its fingerprint", async () => {
    const simulator = await start();
    const folder = mkdtempSync(join(tmpdir(), "esxi-iser-ssh-"));
    try {
      const askpass = join(folder, "askpass");
      writeFileSync(askpass, `#!/bin/sh\necho '${simulator.password}'\n`);
      chmodSync(askpass, 0o700);
      const known = join(folder, "known_hosts");
      writeFileSync(known, `[127.0.0.1]:${simulator.port} ${simulator.hostKey}\n`);
      const options = ["StrictHostKeyChecking=yes", `UserKnownHostsFile=${known}`, "PubkeyAuthentication=no"].flatMap(
        (option) => ["-o", option],
      );
      const child = spawn(
        "ssh",
        [...options, "-p", `${simulator.port}`, "root@127.0.0.1", "esxcli system version get; exit 6"],
        {
          env: { ...process.env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":0" },
          stdio: ["ignore", "pipe", "ignore"],
        },
      );
      let stdout = "";
      child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      const status = await new Promise((resolve) => child.on("close", resolve));
      assert.equal(status, 6);
      assert.match(stdout, /Version: 8\.0\.2/);
      const printed = execFileSync("ssh-keygen", ["-l", "-f", known], { encoding: "utf8" });
      assert.ok(printed.includes(simulator.fingerprint));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
