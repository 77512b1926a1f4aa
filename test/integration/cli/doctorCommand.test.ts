import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Examined } from "../../../src/cli/doctor.js";
import { type HostOptions, startSimulator } from "../../../src/simulator/index.js";
import { esxiIser } from "../../support/cli.js";
import { type ByHand, setUpByHand, storage } from "../../support/iserHost.js";
import { envFor, nameOf } from "../../support/reached.js";

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

const password = "simulated-root-password";

describe("esxi-iser doctor", function () {
  this.timeout(180_000);
  let folder: string;
  const started: Simulator[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-doctor-"));
  });
  afterEach(async () => {
    for (const one of started.splice(0)) await one.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const hostWith = async (options: HostOptions = {}, parts: ByHand = {}): Promise<Simulator> => {
    const simulator = await startSimulator({ storage, password, ...options });
    started.push(simulator);
    setUpByHand(simulator.host, parts);
    return simulator;
  };
  const doctor = (...args: readonly string[]) =>
    esxiIser(["doctor", ...args], { cwd: folder, env: envFor(started, folder) });
  const parsed = (stdout: string) => JSON.parse(stdout) as readonly Examined[];

  for (const model of ["6.7", "7.0", "8.0", "9.0"] as const)
    it(`finds nothing on a healthy ${model}, over one connection, and writes nothing`, async () => {
      const one = await hostWith({ model });
      const { writes, logins } = one.host.counters;
      const { status, stdout, stderr } = await doctor(nameOf(one));
      assert.deepEqual([status, stdout, stderr], [0, `${nameOf(one)}: nothing found\n`, ""]);
      assert.deepEqual([one.host.counters.writes, one.host.counters.logins], [writes, logins + 1]);
    });

  it("says what is wrong, why it matters and what to do, and ends with 1", async () => {
    const one = await hostWith({}, { chap: false });
    const { status, stdout } = await doctor(nameOf(one));
    assert.equal(status, 1);
    assert.match(stdout, /^127\.0\.0\.1:\d+: 2 findings\n/);
    assert.match(
      stdout,
      /^ {2}✗ vmrdma0 failed to log in to iqn\.2010-09\.lab\.storage:iser-a at 192\.168\.50\.100:3260: 0x0201 .* \[target-error\]$/m,
    );
    assert.match(stdout, /^ {6}why {2}ESXi keeps why the last login to a target failed\.$/m);
    assert.match(stdout, /^ {6}fix {2}CHAP failed: check name, secret and level on both ends\.$/m);
  });

  it("looks at several hosts, tells of the one that cannot be looked at, and ends with 2", async () => {
    const well = await hostWith();
    const gone = await hostWith();
    await gone.close();
    started.pop();
    const other = await hostWith({}, { bind: false });
    const { status, stdout, stderr } = await doctor(nameOf(well), nameOf(gone), nameOf(other), "--json");
    assert.equal(status, 2);
    assert.deepEqual(
      parsed(stdout).map(({ host, findings }) => [host, findings.map(({ check }) => check)]),
      [
        [nameOf(well), []],
        [nameOf(other), ["not-bound", "not-bound", "no-target", "no-target"]],
      ],
    );
    assert.match(stderr, /HOST_UNREACHABLE/);
  });

  it("prints JSON of the findings alone", async () => {
    const one = await hostWith({}, { cards: { vmrdma0: "vmk1" } });
    const { status, stdout, stderr } = await doctor(nameOf(one), "--json");
    assert.deepEqual([status, stderr], [1, ""]);
    const [examined] = parsed(stdout);
    assert.deepEqual(Object.keys(examined ?? {}), ["host", "findings", "untried"]);
    const [finding] = examined?.findings ?? [];
    assert.deepEqual(Object.keys(finding ?? {}).sort(), ["check", "fix", "on", "severity", "what", "why"]);
    assert.deepEqual([finding?.check, finding?.severity], ["single-path", "warning"]);
  });

  it("says what a host would not let it try, and that is no finding", async () => {
    const one = await hostWith();
    one.host.faults.add({
      match: "network diag ping",
      kind: "fail",
      message: "Error: Unknown command or namespace network diag ping",
    });
    const { status, stdout } = await doctor(nameOf(one));
    assert.equal(status, 0, stdout);
    assert.match(
      stdout,
      /^ {2}\? not tried: ping from vmk[12] to 192\.168\.50\.100: the command failed with status 1$/m,
    );
  });

  it("shows no secret, and progress and colours on a terminal only", async () => {
    const one = await hostWith({}, { chap: false });
    const env = envFor(started, folder);
    const shown = await esxiIser(["doctor", nameOf(one)], { cwd: folder, env: { ...env, TERM: "xterm" }, typed: "" });
    assert.equal(shown.status, 1, shown.stdout);
    assert.ok(shown.stdout.includes("\u001b[31m✗"), shown.stdout);
    assert.match(shown.stdout, /Hosts read: 0 of 1/);
    const plain = await esxiIser(["doctor", nameOf(one)], { cwd: folder, env });
    assert.equal(plain.stdout.includes("\u001b"), false);
    assert.equal(plain.stderr, "");
    for (const text of [shown.stdout, plain.stdout, plain.stderr]) assert.equal(text.includes(password), false);
  });

  it("refuses what is no host, and says how it is used", async () => {
    const wrong = await doctor("https://esx01.lab");
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /"https:\/\/esx01\.lab" is no host/);
    const help = await doctor("--help");
    assert.equal(help.status, 0);
    assert.match(
      help.stdout,
      /Ends with 0 when nothing is found, 1 with findings, 2 when a host could not be looked at\./,
    );
  });
});
