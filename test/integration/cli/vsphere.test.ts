import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Examined } from "../../../src/cli/doctor.js";
import {
  type HostOptions,
  SimulatedHost,
  startVcenter,
  startVsphere,
  type VsphereEndpoint,
} from "../../../src/simulator/index.js";
import { esxiIser } from "../../support/cli.js";
import { type ByHand, chap, setUpByHand, storage } from "../../support/iserHost.js";

const password = "simulated-root-password";
const vcenterPassword = "simulated-vcenter-password";
const untried = /^ {2}\? not tried: VMkernel log: it takes a shell, which the vSphere API does not give\..*$/m;

interface Served {
  readonly host: SimulatedHost;
  readonly endpoint: VsphereEndpoint;
  /** As a command line has it. */
  readonly name: string;
}

/** What logged in and out, and what is left of it. */
function visits({ counters: { logins, failedLogins, logouts }, sessions }: VsphereEndpoint) {
  return { logins, failedLogins, logouts, sessions };
}

describe("esxi-iser with hosts that are reached through the vSphere API", function () {
  this.timeout(180_000);
  let folder: string;
  const running: VsphereEndpoint[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-vsphere-"));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((endpoint) => endpoint.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  const hostWith = (options: HostOptions = {}, parts: ByHand = {}): SimulatedHost => {
    const host = new SimulatedHost({ storage, ...options });
    setUpByHand(host, parts);
    return host;
  };
  const serve = async (host = hostWith()): Promise<Served> => {
    const endpoint = await startVsphere(host, { password });
    running.push(endpoint);
    return { host, endpoint, name: `127.0.0.1:${endpoint.port}` };
  };
  const vcenterOf = async (...hosts: readonly SimulatedHost[]): Promise<Served> => {
    const named = hosts.map((host, at) => ({ name: `esx0${at + 1}.lab`, host }));
    const endpoint = await startVcenter(named, { password: vcenterPassword });
    running.push(endpoint);
    return { host: hosts[0] ?? hostWith(), endpoint, name: `127.0.0.1:${endpoint.port}` };
  };
  const run = async (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const result = await esxiIser([command, ...args, "--transport", "vsphere"], {
      cwd: folder,
      env: { HOME: folder, ESXI_ISER_PASSWORD: password, ...env },
    });
    for (const text of [result.stdout, result.stderr])
      for (const secret of [password, vcenterPassword, chap.secret]) assert.equal(text.includes(secret), false, text);
    return result;
  };
  const behind = ({ endpoint, name }: Served, user = "") => [
    "--vcenter",
    `${user}${name}`,
    "--thumbprint",
    endpoint.thumbprint,
  ];
  const ofVcenter = { ESXI_ISER_PASSWORD__127_0_0_1: vcenterPassword };

  for (const model of ["6.7", "7.0", "8.0", "9.0"] as const)
    it(`doctor finds nothing on a healthy ${model}, says that the log is not read, writes nothing and logs out`, async () => {
      const { host, endpoint, name } = await serve(hostWith({ model }));
      const { writes } = host.counters;
      const { status, stdout, stderr } = await run("doctor", [name, "--thumbprint", endpoint.thumbprint]);
      assert.deepEqual([status, stderr], [0, ""], stdout);
      assert.equal(stdout.split("\n")[0], `${name}: nothing found`);
      assert.match(stdout, untried);
      assert.equal(host.counters.writes, writes);
      assert.equal(
        host.journal.some(({ line }) => line.includes("grep")),
        false,
      );
      assert.equal(
        host.journal.some(({ line }) => line.includes("network diag ping")),
        true,
      );
      assert.deepEqual(visits(endpoint), { logins: 1, failedLogins: 0, logouts: 1, sessions: 0 });
    });

  it("doctor finds what it finds over SSH, and calls no log silent that it has not read", async () => {
    const speaksBoth = (name: string, uplink: string) => ({ name, uplink, protocols: { v1: true, v2: true } });
    const rdmaDevices = [speaksBoth("vmrdma0", "vmnic4"), speaksBoth("vmrdma1", "vmnic5")];
    const { endpoint, name } = await serve(hostWith({ rdmaDevices }, { chap: false, roce: false }));
    const { status, stdout } = await run("doctor", [name, "--json"], { ESXI_ISER_THUMBPRINT: endpoint.sha1Thumbprint });
    assert.equal(status, 1);
    const [{ findings, untried: not } = { findings: [], untried: [] }] = JSON.parse(stdout) as readonly Examined[];
    assert.deepEqual(
      findings.map(({ check }) => check),
      ["target-error", "target-error", "roce-version-not-known", "roce-version-not-known"],
    );
    const roce = findings.find(({ check }) => check === "roce-version-not-known");
    assert.match(roce?.what ?? "", /the VMkernel log, which alone says the RoCE version, is not read for vmrdma0/);
    assert.equal(not.length, 1);
    assert.match(not[0] ?? "", /confirmed is false[\s\S]*grep -i iser/);
  });

  it("doctor looks at all hosts of a vCenter with one login to it, and none with the password of the hosts", async () => {
    const sick = hostWith({}, { bind: false });
    const vcenter = await vcenterOf(hostWith(), sick);
    const { status, stdout, stderr } = await run("doctor", ["esx01.lab", "host-21", ...behind(vcenter)], ofVcenter);
    assert.deepEqual([status, stderr], [1, ""], stdout);
    assert.match(stdout, /^esx01\.lab: nothing found\n[\s\S]*^host-21: 4 findings\n/m);
    assert.deepEqual(visits(vcenter.endpoint), { logins: 1, failedLogins: 0, logouts: 1, sessions: 0 });
    const general = await run("doctor", ["esx01.lab", ...behind(vcenter)]);
    assert.match(general.stderr, /\[CREDENTIALS_MISSING\]/);
    assert.deepEqual([general.status, vcenter.endpoint.counters.failedLogins], [2, 0]);
  });

  it("doctor logs in to a vCenter as the user that it is given, whose name has an @", async () => {
    const endpoint = await startVcenter([{ name: "esx01.lab", host: hostWith() }], {
      user: "storage@vsphere.local",
      password: vcenterPassword,
    });
    running.push(endpoint);
    const vcenter = { host: hostWith(), endpoint, name: `127.0.0.1:${endpoint.port}` };
    const { status, stderr } = await run(
      "doctor",
      ["esx01.lab", ...behind(vcenter, "storage@vsphere.local@")],
      ofVcenter,
    );
    assert.deepEqual([status, stderr, endpoint.counters.logins], [0, "", 1]);
  });

  it("sends nothing to a host with another certificate, and takes one that an authority has signed", async () => {
    const { endpoint, name } = await serve();
    const wrong = await run("doctor", [name, "--thumbprint", "AA".repeat(32)]);
    assert.match(wrong.stderr, /\[HOST_KEY_CHANGED\]/);
    const unknown = await run("doctor", [name]);
    assert.match(unknown.stderr, /\[HOST_KEY_UNKNOWN\]/);
    assert.ok(unknown.stderr.includes(`npx esxi-iser trust --transport vsphere ${name}\n`), unknown.stderr);
    assert.deepEqual([wrong.status, unknown.status, endpoint.counters.requests], [2, 2, 0]);
    writeFileSync(join(folder, "ca.pem"), endpoint.certificate);
    const signed = await run("doctor", [name, "--ca", join(folder, "ca.pem")]);
    assert.deepEqual([signed.status, endpoint.counters.logins], [0, 1], signed.stderr);
  });

  it("discover writes how the host is reached into the program, and what cannot be seen there", async () => {
    const { host, endpoint, name } = await serve();
    const { writes } = host.counters;
    const { status, stderr } = await run("discover", [name, "--thumbprint", endpoint.thumbprint, "--out", folder]);
    assert.deepEqual([status, stderr, host.counters.writes], [0, "", writes]);
    const program = readFileSync(join(folder, "index.ts"), "utf8");
    const declared = [
      "  host: {",
      '    host: "127.0.0.1",',
      '    transport: "vsphere",',
      `    port: ${endpoint.port},`,
      `    thumbprint: "${endpoint.thumbprint}",`,
      "  },",
    ];
    assert.ok(program.includes(declared.join("\n")), program);
    assert.match(program, /^\/\/ RoCE versions are not declared: only the VMkernel log says them/m);
    assert.equal(program.includes("roceVersion"), false);
    const { resources } = JSON.parse(readFileSync(join(folder, "import.json"), "utf8")) as { resources: object[] };
    assert.ok(resources.length > 10);
  });

  it("discover writes the vCenter and its authority into the program, of all its hosts", async () => {
    const vcenter = await vcenterOf(hostWith(), hostWith());
    const { port, certificate } = vcenter.endpoint;
    const ca = join(folder, "ca.pem");
    writeFileSync(ca, certificate);
    const args = ["esx01.lab", "esx02.lab", "--vcenter", vcenter.name, "--ca", ca];
    const { status, stdout, stderr } = await run("discover", args, ofVcenter);
    assert.equal(status, 0, stderr);
    const declared = stdout.replaceAll(/\s+/g, " ");
    const authority = JSON.stringify(certificate).replaceAll(/\s+/g, " ");
    for (const host of ["esx01.lab", "esx02.lab"])
      assert.ok(
        declared.includes(
          `host: { host: "${host}", transport: "vsphere", vcenter: { host: "127.0.0.1", port: ${port}, ca: ${authority}, }, },`,
        ),
        stdout,
      );
  });

  it("topology draws a host of a vCenter, and tells of the log on stderr", async () => {
    const vcenter = await vcenterOf(hostWith());
    const { status, stdout, stderr } = await run("topology", ["esx01.lab", ...behind(vcenter)], ofVcenter);
    assert.equal(status, 0);
    assert.match(stdout, /esx01\.lab[\s\S]*vmrdma0/);
    assert.match(stderr, /esx01\.lab: not tried: VMkernel log/);
  });

  it("trust shows the certificate of a host, sends it nothing, and says what pins it", async () => {
    const { endpoint, name } = await serve();
    const { status, stdout, stderr } = await run("trust", [name]);
    assert.equal(status, 1);
    assert.ok(stdout.includes(`  SHA-256  ${endpoint.thumbprint}\n  SHA-1    ${endpoint.sha1Thumbprint}\n`), stdout);
    assert.match(stdout, /openssl x509 -in \/etc\/vmware\/ssl\/rui\.crt -noout -fingerprint -sha256\n/);
    assert.deepEqual([endpoint.counters.connections, endpoint.counters.requests], [1, 0]);
    const [, variable = "", value = ""] = /export (\w+)='([0-9A-F:]+)'$/m.exec(stderr) ?? [];
    assert.equal(value, endpoint.thumbprint);
    const again = await run("trust", [name], { [variable]: value });
    assert.deepEqual(
      [again.status, again.stdout],
      [0, `127.0.0.1: certificate known already, in environment ${variable}.\n`],
    );
    assert.equal((await run("doctor", [name], { [variable]: value })).status, 0);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("trust shows the certificate of a vCenter, once for all its hosts", async () => {
    const vcenter = await vcenterOf(hostWith(), hostWith());
    const { status, stdout } = await run("trust", ["esx01.lab", "esx02.lab", "--vcenter", vcenter.name, "--json"]);
    assert.equal(status, 1);
    const told = JSON.parse(stdout) as { port: number; decision: string; certificate: { thumbprint: string } }[];
    assert.deepEqual(
      told.map(({ port, decision, certificate: { thumbprint } }) => [port, decision, thumbprint]),
      [[vcenter.endpoint.port, "not trusted", vcenter.endpoint.thumbprint]],
    );
    assert.deepEqual([vcenter.endpoint.counters.connections, vcenter.endpoint.counters.requests], [1, 0]);
  });

  it("trust refuses a host whose pinned certificate is not shown any more", async () => {
    const { name } = await serve();
    const { status, stderr } = await run("trust", [name], { ESXI_ISER_THUMBPRINT__127_0_0_1: "AA".repeat(32) });
    assert.match(
      stderr,
      /environment ESXI_ISER_THUMBPRINT__127_0_0_1 has (AA){32}, .*\n.*unset .*\n?.*\[HOST_KEY_CHANGED\]/,
    );
    assert.equal(status, 1);
  });

  it("trust goes on with the others when one does not answer, and ends with 2", async () => {
    const gone = await serve();
    await running.splice(0)[0]?.close();
    const { endpoint, name } = await serve();
    const { status, stdout, stderr } = await run("trust", [gone.name, name]);
    assert.match(stderr, /\[HOST_UNREACHABLE\]/);
    assert.ok(stdout.includes(endpoint.thumbprint));
    assert.equal(status, 2);
  });

  for (const [what, args, problem] of [
    ["a bastion", ["doctor", "esx01.lab", "--proxy", "bastion.lab"], /--proxy is of the transport ssh/],
    [
      "a user of a host behind a vCenter",
      ["doctor", "root@esx01.lab", "--vcenter", "vc.lab"],
      /user is of a login to the host/,
    ],
    ["a thumbprint that is none", ["doctor", "esx01.lab", "--thumbprint", "AA:BB"], /thumbprint must be the SHA-256/],
    [
      "one thumbprint for two hosts",
      ["doctor", "a.lab", "b.lab", "--thumbprint", "AA".repeat(32)],
      /is of one host, and 2/,
    ],
    ["a file that is not there", ["doctor", "esx01.lab", "--ca", "none.pem"], /--ca none\.pem cannot be read/],
    ["a file without certificates", ["doctor", "esx01.lab", "--ca", __filename], /ca must be the text of certificates/],
    [
      "what is no vCenter",
      ["doctor", "esx01.lab", "--vcenter", "https://vc.lab"],
      /--vcenter "https:\/\/vc\.lab" is no vCenter/,
    ],
    ["a known_hosts file", ["trust", "esx01.lab", "--known-hosts", "known"], /--known-hosts is of keys/],
    ["--yes without a thumbprint", ["trust", "esx01.lab", "--yes"], /--yes without --thumbprint/],
  ] as const)
    it(`refuses ${what}`, async () => {
      const [command, ...rest] = args;
      const { status, stderr } = await run(command, rest);
      assert.match(stderr, problem);
      assert.equal(status, 2);
    });

  it("refuses what is of the vSphere API for hosts of SSH", async () => {
    for (const option of ["--vcenter", "--thumbprint", "--ca"]) {
      const { status, stderr } = await esxiIser(["doctor", "esx01.lab", option, "x"], {
        cwd: folder,
        env: { HOME: folder },
      });
      assert.match(stderr, new RegExp(`${option} is of the transport vsphere, .*\\n.*--transport vsphere`));
      assert.equal(status, 2);
    }
  });
});
