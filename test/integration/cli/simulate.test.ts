import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type SimulateOptions, simulate } from "../../../src/cli/simulate.js";
import { IserError } from "../../../src/errors.js";
import { models } from "../../../src/simulator/index.js";
import { resolveTarget } from "../../../src/transport/credentials.js";
import { connect } from "../../../src/transport/ssh.js";
import { esxiIser } from "../../support/cli.js";
import { type Shown, Simulation, stopAll } from "../../support/simulations.js";
import { closeAll, exec, login, open } from "../../unit/simulator/sshSupport.js";

type Host = Shown["hosts"][number];

const as = (host: Host) => login(host as never);

async function listening(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describe("esxi-iser simulate", function () {
  this.timeout(180_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-simulate-"));
  });
  afterEach(async () => {
    closeAll();
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  });

  const json = (...args: string[]) => Simulation.start(["--json", ...args]);
  const fileOf = (content: unknown) => {
    const file = join(folder, "file.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  };
  /** What it says before anything listens. */
  const refused = async (options: Partial<SimulateOptions>) => {
    const defaults = { listen: "127.0.0.1", port: "0", user: "root", roundTrip: "0" };
    const error: unknown = await simulate({ ...defaults, ...options }).catch((reason: unknown) => reason);
    assert.ok(error instanceof IserError, String(error));
    assert.equal(error.code, "INPUT_INVALID");
    return error.message;
  };

  for (const model of models)
    it(`runs several hosts of ${model}, each with its own name, port, key and addresses`, async () => {
      const { shown } = await json("--hosts", "3", "--model", model);
      assert.deepEqual(
        shown.hosts.map((host) => [host.name, host.model]),
        ["esx01.lab", "esx02.lab", "esx03.lab"].map((name) => [name, model]),
      );
      assert.equal(new Set(shown.hosts.map(({ fingerprint }) => fingerprint)).size, 3);
      assert.equal(new Set(shown.hosts.map(({ password }) => password)).size, 1);
      const addresses = [];
      for (const host of shown.hosts) {
        const client = await as(host);
        const { stdout } = await exec(client, "esxcli system hostname get");
        assert.ok(stdout.includes(`Fully Qualified Domain Name: ${host.name}\n`));
        const listed = await exec(client, "esxcli network ip interface ipv4 get");
        addresses.push(...(listed.stdout.match(/^vmk\d +\S+/gm) ?? []).map((row) => row.split(/ +/)[1]));
      }
      assert.equal(new Set(addresses).size, 9);
      assert.ok(!addresses.includes("192.168.50.100"));
    });

  it("counts ports up, and ends with 0 when it is told to, with no port left open", async () => {
    const free = await listening();
    const { port } = free.address() as AddressInfo;
    free.close();
    const simulation = await json("--hosts", "2", "--port", String(port), "--name", "node9.lab");
    const { hosts } = simulation.shown;
    assert.deepEqual(
      hosts.map((host) => [host.name, host.port]),
      [
        ["node9.lab", port],
        ["node10.lab", port + 1],
      ],
    );
    await as(hosts[1] as Host);
    assert.equal(await simulation.stop("SIGINT"), 0, simulation.stderr);
    for (const host of hosts) await assert.rejects(as(host), { code: "ECONNREFUSED" });
  });

  it("gives each host an address of its own where that is wanted", async () => {
    const { shown } = await json("--hosts", "2", "--own-addresses", "--listen", "127.0.0.254");
    assert.deepEqual(
      shown.hosts.map(({ address }) => address),
      ["127.0.0.254", "127.0.0.255"],
    );
    assert.deepEqual(Object.keys(shown.config["esxi-iser:hosts"]), ["127.0.0.254", "127.0.0.255"]);
    await as(shown.hosts[1] as Host);
  });

  it("runs a hundred hosts", async () => {
    const { shown } = await json("--hosts", "100");
    assert.equal(shown.hosts.length, 100);
    assert.equal(shown.hosts.at(-1)?.name, "esx100.lab");
    for (const field of ["name", "port", "fingerprint"] as const)
      assert.equal(new Set(shown.hosts.map((host) => host[field])).size, 100, field);
    const client = await as(shown.hosts[99] as Host);
    const { stdout } = await exec(client, "esxcli network ip interface ipv4 get");
    assert.match(stdout, /vmk0 +192\.168\.1\.110 [\s\S]*vmk1 +192\.168\.50\.210 [\s\S]*vmk2 +192\.168\.50\.211 /);
  });

  it("prints config and writes a known_hosts file with which the provider reaches each of them", async () => {
    const file = join(folder, "ssh", "known_hosts");
    const { shown } = await json("--hosts", "2", "--known-hosts", file);
    assert.equal(shown.knownHosts, file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const hosts = JSON.stringify(shown.config["esxi-iser:hosts"]);
    for (const { address, port, password } of shown.hosts) {
      const target = { host: address, port };
      const inConfig = { get: (key: string) => (key === "hosts" ? hosts : undefined) };
      (await connect(resolveTarget(target, inConfig, {}))).close();
      const env = { ESXI_ISER_KNOWN_HOSTS: file, ESXI_ISER_PASSWORD: password };
      (await connect(resolveTarget(target, { get: () => undefined }, env))).close();
      assert.ok(execFileSync("ssh-keygen", ["-F", `[${address}]:${port}`, "-f", file]).length > 0);
    }
    const [first] = shown.hosts;
    const trusted = await esxiIser(["trust", `127.0.0.1:${first?.port}`, "--known-hosts", file], { cwd: folder });
    assert.match(trusted.stdout, /known already/);
  });

  it("takes the place of earlier keys in a known_hosts file, and leaves what else is there", async () => {
    const file = join(folder, "known_hosts");
    const others = "# ours\nesx09.lab ssh-rsa AAAA\n[127.0.0.1]:22 ssh-rsa BBBB";
    writeFileSync(file, others);
    const first = await json("--known-hosts", file);
    const port = String(first.shown.hosts[0]?.port);
    await first.stop();
    const second = await json("--known-hosts", file, "--port", port);
    const key = second.shown.hosts[0]?.hostKey;
    assert.notEqual(key, first.shown.hosts[0]?.hostKey);
    assert.equal(readFileSync(file, "utf8"), `${others}\n[127.0.0.1]:${port} ${key}\n`);
  });

  it("keeps a journal of what each host is told, without secrets and without what it was made with", async () => {
    const journal = join(folder, "journal");
    const state = fileOf({ commands: ["rdma iser add"] });
    const { shown } = await json("--hosts", "2", "--journal", journal, "--state", state);
    const [first, second] = shown.hosts as [Host, Host];
    await exec(await as(second), "esxcli iscsi adapter list; esxcli no such; cat /var/log/vmkernel.log");
    const secret = "simulated-secret-of-a-test";
    const set = `esxcli iscsi adapter auth chap set -A vmhba64 -d uni -l required -N 'a\nb' -S ${secret}`;
    assert.equal((await exec(await as(first), set)).status, 0);
    const lines = readFileSync(journal, "utf8").trim().split("\n");
    assert.deepEqual(
      lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, "")),
      [
        "esx02.lab read  esxcli iscsi adapter list",
        "esx02.lab read  esxcli no such",
        "esx02.lab read  cat /var/log/vmkernel.log",
        "esx01.lab write esxcli iscsi adapter auth chap set -A vmhba64 -d uni -l required -N 'a\\nb' -S ***",
      ],
    );
  });

  it("does not print a secret that it was given", async () => {
    const [password, secret] = ["open-sesame-of-a-test", "simulated-chap-secret-of-a-test"];
    writeFileSync(join(folder, "secret"), `${secret}\n`);
    const args = ["--hosts", "2", "--chap-name", "esx01", "--chap-secret-file", join(folder, "secret")];
    for (const more of [[], ["--json"], ["--known-hosts", join(folder, "known")]]) {
      const simulation = await Simulation.start([...args, ...more], { ESXI_ISER_PASSWORD: password });
      const said = simulation.stdout + simulation.stderr;
      assert.ok(!said.includes(password) && !said.includes(secret), said);
      assert.match(said, /esx01/);
      await simulation.stop();
    }
  });

  it("has hosts with the costs that are assumed, and says that they are", async () => {
    const simulation = await Simulation.start(["--process-start", "3", "--round-trip", "2"]);
    assert.match(
      simulation.stdout,
      /\nAssumed of each host, not measured: 3 ms to start a process of esxcli, 2 ms a round trip\.\n/,
    );
    const [, port, password] = /ssh -p (\d+) root@127\.0\.0\.1\n {2}password +(\S+)\n/.exec(simulation.stdout) ?? [];
    const client = await login({ address: "127.0.0.1", port: Number(port), password } as never);
    assert.equal((await exec(client, "esxcli rdma device list")).status, 0);
  });

  it("speaks the vSphere API in place of SSH, and prints the lines with which the command reaches it", async () => {
    const simulation = await Simulation.start(["--transport", "vsphere", "--hosts", "2", "--call", "3"]);
    assert.match(simulation.stdout, /\nAssumed of each host, not measured: 3 ms a call, 0 ms a round trip\.\n/);
    assert.match(simulation.stdout, /host: "127\.0\.0\.1", port: \d+, user: "root", transport: "vsphere" \} \},\n/);
    const [, exported = "", line = ""] =
      /\n {2}export (.*)\n {2}npx esxi-iser (doctor .*)\n/.exec(simulation.stdout) ?? [];
    const env = Object.fromEntries([...exported.matchAll(/(\w+)='([^']*)'/g)].map(([, name, value]) => [name, value]));
    const { status, stdout, stderr } = await esxiIser([...line.split(" "), "--json"], { env, cwd: folder });
    assert.notEqual(status, 2, stderr);
    assert.equal(JSON.parse(stdout).length, 2);
  });

  it("is reached through the vSphere API with what it prints as JSON", async () => {
    const { shown } = await json("--transport", "vsphere", "--model", "7.0");
    const [host] = shown.hosts;
    assert.deepEqual([host?.transport, host?.fingerprint, shown.assumed.callMs], ["vsphere", undefined, 0]);
    assert.equal(shown.config["esxi-iser:hosts"]["127.0.0.1"]?.thumbprint, host?.thumbprint);
    const env = { ESXI_ISER_PASSWORD: host?.password, ESXI_ISER_THUMBPRINT: host?.thumbprint };
    const found = await esxiIser(["discover", `127.0.0.1:${host?.port}`, "--transport", "vsphere", "--json"], {
      env,
      cwd: folder,
    });
    // A host whose cards have no adapter yet has nothing to declare.
    assert.equal(found.status, 1, found.stderr);
    assert.match(found.stdout, /"vmrdma0"/);
    const wrong = { ...env, ESXI_ISER_THUMBPRINT: "AA".repeat(32) };
    const refusedIt = await esxiIser(["discover", `127.0.0.1:${host?.port}`, "--transport", "vsphere"], {
      env: wrong,
      cwd: folder,
    });
    assert.match(refusedIt.stderr, /HOST_KEY_CHANGED/);
  });

  for (const [options, words] of [
    [{ transport: "vsphere", knownHosts: "known_hosts" }, /--known-hosts is of the transport ssh/],
    [{ transport: "vsphere", processStart: "300" }, /--process-start is of the transport ssh/],
    [{ call: "3" }, /--call is of the transport vsphere.*\n?.*Give --transport vsphere too/],
  ] as const)
    it(`refuses ${JSON.stringify(options)}, which is of the other transport`, async () =>
      assert.match(await refused(options), words));

  describe("with faults", () => {
    it("does each kind of them once", async () => {
      const name = "esx02.lab";
      const args = [
        "fail:rdma device list,message=Busy just now",
        "slow:rdma device protocol list,delayMs=1",
        "truncate:network nic list",
        "garble:system hostname get,message=nothing of the kind",
        "hang:iscsi session list",
        "hangAfter:network vswitch standard add",
        "dropBefore:network vswitch standard set",
        "dropAfter:network vswitch standard portgroup add",
        "meanwhile:iscsi adapter list,run=esxcli rdma iser add",
        `fail:/^system (time|version) get$/,host=${name},after=1,times=2,message=Late`,
      ].flatMap((fault) => ["--fault", fault]);
      const faults = fileOf([{ kind: "reboot", match: "system module list", reboot: { loseAdapters: true } }]);
      const { shown } = await json("--hosts", "2", "--name", "esx01.lab", ...args, "--faults", faults);
      for (const host of shown.hosts) {
        const client = await as(host);
        const run = (line: string) => exec(client, `esxcli ${line}`);
        const whole = await run("rdma device protocol list");
        assert.equal(whole.status, 0);
        assert.deepEqual(await run("rdma device list").then(({ status, stdout }) => [status, stdout]), [
          1,
          "Busy just now\n",
        ]);
        assert.equal((await run("rdma device list")).status, 0);
        const [cut, nics] = [await run("network nic list"), await run("network nic list")];
        assert.equal(cut.stdout, nics.stdout.slice(0, Math.floor(nics.stdout.length / 2)));
        assert.equal((await run("system hostname get")).stdout, "nothing of the kind");
        const hung = [
          await open(client, "esxcli iscsi session list"),
          await open(client, "esxcli network vswitch standard add -v vSwitch8"),
        ];
        let ends = 0;
        for (const { ended } of hung) void ended.then(() => (ends += 1));
        assert.match((await run("network vswitch standard list")).stdout, /^vSwitch8$/m);
        assert.match((await run("iscsi adapter list")).stdout, /^vmhba64 /m);
        const timed = [
          await run("system time get"),
          await run("system version get"),
          await run("system time get"),
          await run("system time get"),
        ];
        assert.deepEqual(
          timed.map(({ status }) => status),
          host.name === name ? [0, 1, 1, 0] : [0, 0, 0, 0],
        );
        // Everything that was asked after them has been answered.
        assert.equal(ends, 0);
        for (const [line, fault] of [
          ["network vswitch standard set -v vSwitch8 -m 9000", "before"],
          ["network vswitch standard portgroup add -v vSwitch8 -p cut", "after"],
          ["system module list", "reboot"],
        ] as const) {
          const again = await as(host);
          const { status } = await exec(again, `esxcli ${line}`);
          assert.equal(status, undefined, fault);
        }
        const last = await as(host);
        const after = await exec(last, "esxcli network vswitch standard list -v vSwitch8; esxcli iscsi adapter list");
        assert.match(after.stdout, /MTU: 1500[\s\S]*Portgroups: cut\n/);
        assert.doesNotMatch(after.stdout, /vmhba64/);
      }
    });

    for (const [fault, words] of [
      ["fail", /^--fault "fail" is no fault\n {2}Give its kind, a colon and the command: .* \[INPUT_INVALID\]$/],
      ["break:rdma device list", /kind: must be one of fail, hang, /],
      ["fail:", /match: must name a command/],
      ["fail:rdma device lists", /a fault is for "rdma device lists", and no host has such a command/],
      ["fail:iscsi networkportal", /no host has such a command/],
      ["fail:vi", /no host has such a command/],
      ["fail:/(/", /\/\(\/ is no regular expression/],
      ["fail:rdma device list,after=x", /after: must be a whole number/],
      ["fail:rdma device list,times=0", /times: must be at least 1/],
      ["hang:rdma device list,message=x", /message: goes with fail and garble only/],
      ["meanwhile:rdma device list", /run: must be what is run meanwhile/],
      ["fail:rdma device list,host=esx09.lab", /no host is called that\n {2}Name one of esx01\.lab\./],
      ["fail:rdma device list,colour=red", /colour/],
    ] as const)
      it(`refuses ${fault}`, async () => assert.match(await refused({ fault: [fault] }), words));

    it("names the field of a file that is not as it must be", async () => {
      const file = fileOf([
        { kind: "fail", match: "rdma device list" },
        { kind: "slow", match: "grep", delayMs: -1 },
      ]);
      assert.match(await refused({ faults: file }), /file\.json: \[1\]\.delayMs: must be at least 1\n/);
    });
  });

  describe("with a file of what they are at the start", () => {
    it("has the hosts of the file", async () => {
      const file = fileOf([
        { name: "a.lab", model: "6.7", commands: ["rdma iser add", "iscsi networkportal add -A vmhba64 -n vmk1"] },
        {
          name: "b.lab",
          model: "9.0",
          nics: [{ name: "vmnic8", linkUp: false }],
          rdmaDevices: [{ name: "vmrdma3", uplink: "vmnic8", state: "Down" }],
          switches: [{ name: "one", uplinks: ["vmnic8"], mtu: 9000 }],
          portGroups: [{ name: "p", virtualSwitch: "one", vlan: 7 }],
          vmkernelAdapters: [{ name: "vmk0", portGroup: "p" }],
        },
      ]);
      const { shown } = await json("--state", file);
      assert.deepEqual(
        shown.hosts.map((host) => [host.name, host.model]),
        [
          ["a.lab", "6.7"],
          ["b.lab", "9.0"],
        ],
      );
      const [a, b] = shown.hosts as [Host, Host];
      const bound = await exec(await as(a), "esxcli iscsi networkportal list -A vmhba64");
      assert.match(bound.stdout, /Vmknic: vmk1\n/);
      const devices = await exec(
        await as(b),
        "esxcli rdma device list; esxcli network vswitch standard portgroup list",
      );
      assert.match(devices.stdout, /vmrdma3 .* Down .*vmnic8 [\s\S]*^p +one +1 +7$/m);
    });

    it("starts as many of the one host of a file as are wanted", async () => {
      const { shown } = await json("--state", fileOf({ name: "n1.lab", commands: ["rdma iser add"] }), "--hosts", "2");
      assert.deepEqual(
        shown.hosts.map(({ name }) => name),
        ["n1.lab", "n2.lab"],
      );
      const { stdout } = await exec(await as(shown.hosts[1] as Host), "esxcli iscsi adapter list");
      assert.match(stdout, /vmhba65/);
    });

    for (const [what, content, words] of [
      ["is no JSON", "{ nics: ", /file\.json is no JSON/],
      ["has an unknown field", { nic: [] }, /file\.json: .*nic/],
      ["has a NIC without a name", { nics: [{}] }, /nics\[0\]\.name: /],
      [
        "has a VLAN that is none",
        [{}, { portGroups: [{ name: "p", virtualSwitch: "v", vlan: 5000 }] }],
        /\[1\]\.portGroups\[0\]\.vlan: must be at most 4095/,
      ],
      [
        "has a switch with another host's NIC",
        { switches: [{ name: "v", uplinks: ["vmnic9"] }] },
        /switches\[0\]\.uplinks\[0\] is vmnic9, which the host does not have: it has vmnic0, vmnic4, vmnic5/,
      ],
      [
        "has a command that fails",
        { commands: ["rdma iser add", "iscsi adapter auth chap set -A vmhba99 -d uni -l required -N a -S topsecret"] },
        /commands\[1\], `esxcli iscsi .* -S \*\*\*`, ended with 1: Invalid adapter/,
      ],
      ["is empty", [], /has no host/],
    ] as const)
      it(`refuses one that ${what}`, async () => {
        const said = await refused({ state: fileOf(content) });
        assert.match(said, words);
        assert.doesNotMatch(said, /topsecret/);
      });
  });

  it("starts no host when one of them cannot listen, and says which", async () => {
    const taken = await listening();
    try {
      const { port } = taken.address() as AddressInfo;
      const known = join(folder, "known");
      const args = ["--hosts", "2", "--port", String(port - 1), "--known-hosts", known];
      const two = await Simulation.start(args);
      assert.equal(await two.status, 2);
      assert.match(
        two.stderr,
        /^esxi-iser: port \d+ of 127\.0\.0\.1 is in use\n {2}Give another one with --port, or 0 for a free one\. \[INPUT_INVALID\]\n$/,
      );
      assert.deepEqual([two.stdout, readFileSync(known, "utf8")], ["", ""]);
      const proxied = await Simulation.start(["--port", String(port), "--round-trip", "1"]);
      assert.deepEqual([await proxied.status, proxied.stdout], [2, ""]);
      assert.match(proxied.stderr, new RegExp(`^esxi-iser: port ${port} of 127\\.0\\.0\\.1 is in use\n`));
    } finally {
      taken.close();
    }
  });

  for (const [options, words] of [
    [{ hosts: "0" }, /--hosts 0 is no whole number from 1 to 100/],
    [{ hosts: "101" }, /--hosts 101 is no whole number from 1 to 100/],
    [{ hosts: "3", port: "65534" }, /3 hosts from port 65534 on go beyond port 65535/],
    [{ listen: "192.0.2.1" }, /this machine has no address 192\.0\.2\.1/],
    [{ ownAddresses: true, listen: "::1" }, /::1 is no IPv4 address/],
    [{ processStart: "-5" }, /--process-start -5 is no whole number/],
    [{ state: "/nowhere", from: "/nowhere" }, /--state and --from are both given/],
    [{ from: "/nowhere" }, /the file \/nowhere cannot be read: ENOENT/],
    [{ from: "/nowhere", chapName: "x" }, /--chap-name and --from are both given/],
    [{ journal: "/proc/none/journal" }, /--journal .* cannot be written/],
    [{ save: "/proc/none/save" }, /--save .* cannot be written/],
    [{ knownHosts: "/proc/none/known" }, /--known-hosts .* cannot be written/],
    [{ authorizedKeys: "package.json" }, /an authorized key is none/],
    [{ passwordFile: "/dev/null" }, /the password is empty/],
    [{ chapName: "x", chapSecretFile: "/dev/null" }, /\/dev\/null is empty/],
  ] as const)
    it(`refuses ${JSON.stringify(options)}`, async () => assert.match(await refused(options), words));
});
