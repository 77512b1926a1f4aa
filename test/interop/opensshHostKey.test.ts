import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, it } from "mocha";
import { Pool } from "../../src/transport/pool.js";
import { esxiIser } from "../support/cli.js";
import { counts } from "../support/openssh/counts.js";
import { Place } from "../support/openssh/place.js";
import { interop, port22 } from "../support/openssh/requirements.js";
import { logs, makeHostKeys, type Sshd } from "../support/openssh/sshd.js";
import { keys } from "../support/sshServer.js";
import { errorOf, read } from "../support/sshTarget.js";

interface Case {
  readonly title: string;
  /** The lines of known_hosts, by real ssh-keyscan and ssh-keygen. */
  readonly known?: (sshd: Sshd) => string;
  /** What a resource declares. */
  readonly pin?: (sshd: Sshd) => string;
  /** The code of the error; without one the host is accepted. */
  readonly refused?: "HOST_KEY_CHANGED" | "HOST_KEY_UNKNOWN";
}

function keyscan({ address, port }: Sshd, ...options: readonly string[]): string {
  return execFileSync("ssh-keyscan", ["-p", String(port), ...options, address], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

interop("the host key of a real OpenSSH server", () => {
  let place: Place;
  let sshd: Sshd;
  /** The same host on the port that known_hosts does not name. */
  let usual: Sshd;
  before(async () => {
    place = await Place.start();
    sshd = await place.sshd();
    // An address of this process alone, so that two runs can go side by side.
    const address = `127.22.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}`;
    usual = await place.sshd({ address, port: 22 });
  });
  after(() => place?.stop());

  /** A file that holds the text. */
  const file = (text: string): string => {
    const path = join(place.folder, "known_hosts");
    writeFileSync(path, text);
    return path;
  };

  /** As `ssh-keygen -H` leaves a file. */
  const hashed = (text: string): string => {
    const path = file(text);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", path], { stdio: "ignore" });
    return readFileSync(path, "utf8");
  };

  const run = async ({ known, pin, refused }: Case, at: Sshd): Promise<void> => {
    counts.hostKeys += 1;
    const hostKey = pin?.(at);
    const env = { ESXI_ISER_KNOWN_HOSTS: file(known?.(at) ?? "") };
    const from = at.log.length;
    const pool = new Pool();
    const work = pool.use(place.target(at, { hostKey }, env), (session) => session.execute(read()));
    if (refused === undefined) {
      assert.equal((await work).status, 0);
      assert.equal(at.count(logs.login, from), 1);
    } else {
      const { code, message } = await errorOf(work);
      assert.equal(code, refused, message);
      // The server has said its last word about the connection before its log is looked through.
      await at.logged(/ port \d+ \[preauth\]$/, from);
      assert.equal(at.count(logs.anyAttempt, from), 0);
    }
    await pool.close();
  };

  const oldKeys = makeHostKeys();
  const name = ({ address, port }: Sshd) => (port === 22 ? address : `[${address}]:${port}`);
  const only = (text: string, type: string) =>
    text
      .split("\n")
      .filter((line) => line.includes(` ${type}`))
      .join("\n");

  const pins: readonly Case[] = [
    { title: "by the fingerprint of its RSA key", pin: (it) => it.hostKeys.rsa.fingerprint },
    { title: "by the fingerprint of its ECDSA key", pin: (it) => it.hostKeys.ecdsa.fingerprint },
    { title: "by its whole RSA key", pin: (it) => it.hostKeys.rsa.public },
    { title: "by its whole ECDSA key", pin: (it) => it.hostKeys.ecdsa.public },
    { title: "by a line that ssh-keyscan prints", pin: (it) => only(keyscan(it), "ssh-rsa") },
    {
      title: "by one of two pins, as while a key is changed",
      pin: (it) => `${oldKeys.rsa.fingerprint}\n${it.hostKeys.rsa.fingerprint}`,
    },
  ];
  for (const one of pins) it(`is accepted ${one.title}`, () => run(one, sshd));

  const files: readonly Case[] = [
    { title: "with both keys", known: (it) => keyscan(it) },
    { title: "with its RSA key only", known: (it) => keyscan(it, "-t", "rsa") },
    { title: "with its ECDSA key only", known: (it) => keyscan(it, "-t", "ecdsa") },
    { title: "that ssh-keygen has hashed", known: (it) => hashed(keyscan(it)) },
    { title: "that ssh-keyscan has hashed", known: (it) => keyscan(it, "-H") },
  ];
  for (const one of files) {
    it(`is accepted by a known_hosts file ${one.title}, where its name is [address]:port`, async () => {
      assert.match(keyscan(sshd), /^\[127\.0\.0\.1\]:\d+ /m);
      await run(one, sshd);
    });
    it(`is accepted by a known_hosts file ${one.title}, where its name is a plain address`, async () => {
      assert.match(keyscan(usual), /^127\.22\.\d+\.\d+ (ssh|ecdsa)/m);
      await run(one, usual);
    });
  }

  const refusals: readonly Case[] = [
    {
      title: "with another fingerprint than the pinned one",
      pin: () => oldKeys.ecdsa.fingerprint,
      refused: "HOST_KEY_CHANGED",
    },
    { title: "with another key than the pinned one", pin: () => oldKeys.rsa.public, refused: "HOST_KEY_CHANGED" },
    {
      title: "with other keys than known_hosts has",
      known: (it) => `${name(it)} ${oldKeys.rsa.public}${name(it)} ${oldKeys.ecdsa.public}`,
      refused: "HOST_KEY_CHANGED",
    },
    {
      title: "with other keys than a hashed known_hosts has",
      known: (it) => hashed(`${name(it)} ${oldKeys.rsa.public}${name(it)} ${oldKeys.ecdsa.public}`),
      refused: "HOST_KEY_CHANGED",
    },
    {
      title: "whose keys are revoked",
      known: (it) => keyscan(it).replaceAll(/^(?=\[|\d)/gm, "@revoked "),
      refused: "HOST_KEY_CHANGED",
    },
    {
      title: "whose keys are known and revoked",
      known: (it) => `${keyscan(it)}${keyscan(it).replaceAll(/^(?=\[|\d)/gm, "@revoked ")}`,
      refused: "HOST_KEY_CHANGED",
    },
    {
      title: "that known_hosts has under another port only",
      known: (it) => keyscan(it).replaceAll(/^\S+ /gm, "[127.0.0.1]:1 "),
      refused: "HOST_KEY_UNKNOWN",
    },
    { title: "that nothing is known of", refused: "HOST_KEY_UNKNOWN" },
  ];
  for (const one of refusals) it(`sends no login, not even a question, to a host ${one.title}`, () => run(one, sshd));

  it("is accepted by the other key where one of two is revoked", async () => {
    const one: Case = {
      title: "",
      known: (at) => `@revoked ${name(at)} ${at.hostKeys.ecdsa.public}${keyscan(at)}`,
    };
    await run(one, sshd);
  });

  it("is noticed when it has changed under a host that was known, and a credential is sent after the new one is pinned only", async () => {
    const known = keyscan(sshd);
    const path = join(place.folder, "known_before");
    writeFileSync(path, known);
    const again = await place.sshd({ hostKeys: oldKeys });
    writeFileSync(path, known.replaceAll(`:${sshd.port} `, `:${again.port} `));
    counts.hostKeys += 2;
    const pool = new Pool();
    const own = { privateKey: keys.ecdsa.private, hostKey: undefined };
    const connect = (file: string) =>
      pool.use(place.target(again, own, { ESXI_ISER_KNOWN_HOSTS: file }), (session) => session.execute(read()));
    const error = await errorOf(connect(path));
    assert.equal(error.code, "HOST_KEY_CHANGED");
    assert.ok(Object.values(again.hostKeys).some(({ fingerprint }) => error.message.includes(fingerprint)));
    await again.logged(/ port \d+ \[preauth\]$/);
    assert.equal(again.count(logs.anyAttempt), 0);
    assert.equal((await connect(file(keyscan(again)))).status, 0);
    await pool.close();
  });

  it("is shown by esxi-iser trust as ssh-keygen shows it, and ssh itself goes by what is written", async () => {
    counts.hostKeys += 1;
    const { rsa, ecdsa } = sshd.hostKeys;
    const known = join(place.folder, "trusted");
    const pins = [rsa, ecdsa].flatMap(({ fingerprint }) => ["--fingerprint", fingerprint]);
    const from = sshd.log.length;
    const trusted = await esxiIser(
      ["trust", `${sshd.address}:${sshd.port}`, "--known-hosts", known, "--yes", ...pins],
      {
        cwd: place.folder,
        env: { HOME: place.folder },
      },
    );
    assert.equal(trusted.status, 0, trusted.stderr);
    for (const { fingerprint } of [rsa, ecdsa])
      assert.match(
        trusted.stdout,
        new RegExp(`^  \\d+ ${fingerprint.replaceAll("+", "\\+")} ${sshd.address} \\(`, "m"),
      );
    const written = readFileSync(known, "utf8");
    for (const key of [rsa, ecdsa]) assert.ok(written.includes(key.public.split(" ")[1] ?? ""));
    assert.equal(sshd.count(logs.anyAttempt, from), 0);
    await run({ title: "", known: () => written }, sshd);
    const strict = ["-o", `UserKnownHostsFile=${known}`, "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"];
    const ssh = await promisify(execFile)("ssh", [
      ...strict,
      "-p",
      String(sshd.port),
      `nobody@${sshd.address}`,
      "true",
    ]).catch(({ stderr }: { stderr: string }) => ({ stderr }));
    assert.match(ssh.stderr, /Permission denied/);
  });
}, [port22]);
