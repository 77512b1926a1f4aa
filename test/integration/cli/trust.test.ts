import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, it } from "mocha";
import { startSimulator } from "../../../src/simulator/index.js";
import { resolveTarget } from "../../../src/transport/credentials.js";
import { connect } from "../../../src/transport/ssh.js";
import { esxiIser } from "../../support/cli.js";
import { keygen, startServer } from "../../support/sshServer.js";

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/** What OpenSSH's own tools say of the keys that a server offers, a line each: `256 SHA256:… name (ECDSA)`. */
async function scanned(port: number): Promise<readonly string[]> {
  const { stdout: keys } = await promisify(execFile)("ssh-keyscan", ["-p", String(port), "127.0.0.1"]);
  const lines = execFileSync("ssh-keygen", ["-lf", "-"], { input: keys, encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => line.replace(/ \S+ \(/, " 127.0.0.1 (")).sort();
}

describe("esxi-iser trust", function () {
  this.timeout(180_000);
  let host: Simulator;
  let folder: string;
  let file: string;
  beforeEach(async () => {
    host = await startSimulator({ model: "8.0" });
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-trust-"));
    file = join(folder, "ssh", "known_hosts");
  });
  afterEach(async () => {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const name = () => `127.0.0.1:${host.port}`;
  const trust = (args: readonly string[], typed?: string) =>
    esxiIser(["trust", ...args], { cwd: folder, env: { HOME: folder }, ...(typed === undefined ? {} : { typed }) });
  const toFile = (...args: string[]) => trust([name(), "--known-hosts", file, ...args]);
  const pinned = () => ["--yes", "--fingerprint", host.fingerprint];

  it("shows the keys as ssh-keygen does, and writes them when that is confirmed", async () => {
    const { status, stdout } = await trust([name(), "--known-hosts", file], "yes\n");
    assert.equal(status, 0, stdout);
    const shown = stdout.split(/\r?\n/).flatMap((line) => /^ {2}(\d+ SHA256:.*)$/.exec(line)?.[1] ?? []);
    assert.deepEqual([...shown].sort(), await scanned(host.port));
    const found = execFileSync("ssh-keygen", ["-F", `[127.0.0.1]:${host.port}`, "-l", "-f", file], {
      encoding: "utf8",
    });
    for (const line of shown) assert.ok(found.includes(line.split(" ")[1] ?? ""), found);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("writes nothing for another answer", async () => {
    const { status, stdout } = await trust([name(), "--known-hosts", file], "y\n");
    assert.equal(status, 1, stdout);
    assert.match(stdout, /127\.0\.0\.1: not trusted, nothing was written\./);
    assert.equal(existsSync(file), false);
  });

  it("sends no credential, and what it writes is what the provider goes by", async () => {
    const env = { ESXI_ISER_PASSWORD: host.password, ESXI_ISER_KNOWN_HOSTS: file };
    const target = () => resolveTarget({ host: "127.0.0.1", port: host.port }, { get: () => undefined }, env);
    await assert.rejects(connect(target()), { code: "HOST_KEY_UNKNOWN" });
    assert.equal((await toFile(...pinned())).status, 0);
    assert.deepEqual([host.host.counters.logins, host.host.counters.failedLogins], [0, 0]);
    (await connect(target())).close();
  });

  it("knows a host the second time, keeps what else is in the file, and writes nothing twice", async () => {
    const others = `esx09.lab ${keygen("-t", "ecdsa", "-N", "").public.trim()}`;
    assert.equal((await trust([name(), "--known-hosts", join(folder, "other"), ...pinned()])).status, 0);
    writeFileSync(join(folder, "other"), `${others}\n${readFileSync(join(folder, "other"), "utf8")}`);
    const before = readFileSync(join(folder, "other"), "utf8");
    const again = await trust([name(), "--known-hosts", join(folder, "other"), ...pinned()]);
    assert.match(again.stdout, /known already/);
    assert.deepEqual([again.status, readFileSync(join(folder, "other"), "utf8")], [0, before]);
  });

  it("begins a line of its own in a file that ends without one", async () => {
    const line = `esx09.lab ${keygen("-t", "ecdsa", "-N", "").public.trim()}`;
    writeFileSync(join(folder, "known"), line);
    assert.equal((await trust([name(), "--known-hosts", join(folder, "known"), ...pinned()])).status, 0);
    assert.equal(readFileSync(join(folder, "known"), "utf8").split("\n")[0], line);
    assert.equal(execFileSync("ssh-keygen", ["-F", "esx09.lab", "-f", join(folder, "known")]).length > 0, true);
  });

  it("tells a script the keys of a host that nothing is known of, and writes nothing", async () => {
    for (const args of [[], ["--yes", "--fingerprint", `SHA256:${"A".repeat(43)}`]]) {
      const { status, stdout } = await toFile("--json", ...args);
      const [told] = JSON.parse(stdout) as { decision: string; keys: { fingerprint: string }[] }[];
      assert.deepEqual([status, told?.decision, existsSync(file)], [1, "not trusted", false]);
      assert.ok(told?.keys.some(({ fingerprint }) => fingerprint === host.fingerprint));
    }
  });

  it("trusts nobody whose fingerprint is another one", async () => {
    const { status, stdout } = await toFile("--yes", "--fingerprint", `SHA256:${"A".repeat(43)}`);
    assert.deepEqual([status, existsSync(file)], [1, false], stdout);
  });

  it("refuses a host whose known key is not offered any more, and says how it is taken out", async () => {
    assert.equal((await toFile(...pinned())).status, 0);
    const line = readFileSync(file, "utf8");
    const other = keygen("-t", "ecdsa", "-N", "").public.trim().split(" ").slice(0, 2).join(" ");
    writeFileSync(file, line.replace(/ecdsa-sha2-nistp256 \S+|ssh-rsa \S+/, other));
    const changed = readFileSync(file, "utf8");
    const { status, stderr } = await toFile(...pinned());
    assert.equal(status, 1);
    assert.match(
      stderr,
      /does not offer\. Nothing was written[\s\S]*ssh-keygen -f '.*known_hosts' -R '\[127\.0\.0\.1\]:\d+'[\s\S]*\[HOST_KEY_CHANGED\]/,
    );
    assert.equal(readFileSync(file, "utf8"), changed);
  });

  it("goes on with the others when one does not answer, and ends with 2", async () => {
    const dead = await startSimulator({ model: "8.0" });
    await dead.close();
    const { status, stdout, stderr } = await trust([
      `127.0.0.1:${dead.port}`,
      name(),
      "--known-hosts",
      file,
      ...pinned(),
    ]);
    assert.equal(status, 2);
    assert.match(stderr, /\[HOST_UNREACHABLE\]/);
    assert.match(stdout, /127\.0\.0\.1: .* written to /);
  });

  it("goes through a bastion, which is not given the password of the hosts", async () => {
    const bastion = await startServer({ password: "simulated-bastion-password", forwards: true });
    try {
      const env = { HOME: folder, ESXI_ISER_HOST_KEY__LOCALHOST: bastion.fingerprints.join("\n") };
      const args = ["trust", name(), "--known-hosts", file, "--proxy", `localhost:${bastion.port}`, ...pinned()];
      const general = await esxiIser(args, {
        cwd: folder,
        env: { ...env, ESXI_ISER_PASSWORD: "simulated-bastion-password" },
      });
      assert.match(general.stderr, /localhost: [\s\S]*\[CREDENTIALS_MISSING\]/);
      assert.deepEqual([general.status, existsSync(file)], [2, false]);
      const own = { ESXI_ISER_PASSWORD__LOCALHOST: "simulated-bastion-password" };
      const { status, stderr } = await esxiIser(args, { cwd: folder, env: { ...env, ...own } });
      assert.deepEqual([status, existsSync(file)], [0, true], stderr);
    } finally {
      await bastion.close();
    }
  });

  it("prints JSON that a script can use", async () => {
    const { status, stdout } = await toFile("--json", ...pinned());
    assert.equal(status, 0);
    const [one] = JSON.parse(stdout) as [{ keys: { fingerprint: string }[]; decision: string; where: string }];
    assert.deepEqual([one.decision, one.where], ["trusted", file]);
    assert.deepEqual(
      one.keys.map(({ fingerprint }) => fingerprint),
      [host.fingerprint],
    );
  });

  for (const [what, args, problem] of [
    ["nobody can be asked", [], /nobody can be asked[\s\S]*--fingerprint/],
    ["--yes is without a fingerprint", ["--yes"], /--yes without --fingerprint[\s\S]*\[INPUT_INVALID\]/],
    ["a stack is named where there is no project", ["--stack", "dev"], /in no Pulumi project/],
    ["an option is not known", ["--force"], /unknown option '--force'/],
  ] as const)
    it(`ends with 2 and writes nothing when ${what}`, async () => {
      const { status, stderr } = await toFile(...args);
      assert.match(stderr, problem);
      assert.deepEqual([status, existsSync(file)], [2, false]);
    });

  it("says of what is no host what a host looks like", async () => {
    for (const wrong of ["", "esx01.lab:99999", "a b", "root@", "[::1"]) {
      const { status, stderr } = await trust([wrong, ...pinned()]);
      assert.match(stderr, /is no host.*[\s\S]*root@esx01\.lab:22/, wrong);
      assert.equal(status, 2);
    }
  });
});
