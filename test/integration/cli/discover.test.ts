import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { HostView } from "../../../src/cli/hostView.js";
import { startSimulator } from "../../../src/simulator/index.js";
import { esxiIser } from "../../support/cli.js";
import { byHand } from "../../support/discovered.js";
import { chap, setUpByHand, storage, storageTarget } from "../../support/iserHost.js";

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

const password = "simulated-root-password";

describe("esxi-iser discover", function () {
  this.timeout(180_000);
  let folder: string;
  const running: Simulator[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-discover-"));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((simulator) => simulator.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (options: Parameters<typeof startSimulator>[0] = {}): Promise<Simulator> => {
    const simulator = await startSimulator({ storage, password, ...options });
    running.push(simulator);
    return simulator;
  };
  const name = ({ address, port }: Simulator) => `${address}:${port}`;
  const discover = (...args: string[]) =>
    esxiIser(["discover", ...args], {
      cwd: folder,
      env: { HOME: folder, ESXI_ISER_PASSWORD: password, ESXI_ISER_HOST_KEY: "insecure-accept-any" },
    });
  const out = () => join(folder, "storage");
  const program = (file = "index.ts") => readFileSync(join(out(), file), "utf8");

  for (const model of ["6.7", "7.0", "8.0", "9.0"] as const)
    it(`writes a program and an import file, and nothing to the host, on ${model}`, async () => {
      const simulator = await start({ model });
      setUpByHand(simulator.host);
      const before = simulator.host.dump();
      const { writes } = simulator.host.counters;
      const { status, stdout, stderr } = await discover(name(simulator), "--out", out());
      assert.deepEqual([status, stderr], [0, ""]);
      assert.deepEqual(simulator.host.dump(), before);
      assert.deepEqual([simulator.host.counters.writes, simulator.host.counters.logins], [writes, 1]);
      assert.match(program(), /^new IserHost\("127\.0\.0\.1", \{$/m);
      assert.equal(program().includes("roceVersion"), model === "7.0" || model === "8.0");
      const { resources } = JSON.parse(program("import.json")) as { resources: { type: string; parent?: string }[] };
      assert.match(stdout, new RegExp(`its state: ${resources.length} resources\\.`));
      assert.match(stdout, /pulumi config set --secret host127_0_0_1ChapSecret +# .* name esx01: vmrdma0, vmrdma1\n/);
      assert.match(stdout, /pulumi import --file \S+import\.json --protect=false --generate-code=false\n/);
      assert.equal(resources.filter(({ parent }) => parent === undefined).length, 1);
    });

  it("prints the program where no folder is given, and says on stderr which secrets it takes", async () => {
    const simulator = await start();
    setUpByHand(simulator.host);
    const { status, stdout, stderr } = await discover(name(simulator));
    assert.equal(status, 0);
    assert.match(stdout, /^\/\/ The iSER storage of 127\.0\.0\.1 [\s\S]*^\}\);\n$/m);
    assert.match(stderr, /config set --secret host127_0_0_1ChapSecret[\s\S]*--out <folder>/);
    assert.deepEqual(readdirSync(folder), []);
    assert.equal((await discover(name(simulator))).stdout, stdout);
  });

  it("knows no secret: neither the program nor the import file has one", async () => {
    const simulator = await start();
    setUpByHand(simulator.host);
    await discover(name(simulator), "--out", out());
    for (const text of [program(), program("import.json")])
      for (const secret of [chap.secret, password]) assert.equal(text.includes(secret), false);
  });

  it("writes over nothing without --force, and does not ask the host in vain", async () => {
    const simulator = await start();
    setUpByHand(simulator.host);
    assert.equal((await discover(name(simulator), "--out", out())).status, 0);
    writeFileSync(join(out(), "index.ts"), "// mine\n");
    const { logins } = simulator.host.counters;
    const { status, stderr } = await discover(name(simulator), "--out", out());
    assert.match(stderr, /index\.ts and \S+import\.json are there already[\s\S]*--force/);
    assert.deepEqual([status, program(), simulator.host.counters.logins], [2, "// mine\n", logins]);
    assert.equal((await discover(name(simulator), "--out", out(), "--force", "--name", "esx01")).status, 0);
    assert.equal(program(), "// mine\n");
    assert.match(program("esx01.ts"), /new IserHost/);
    assert.equal((await discover(name(simulator), "--out", out(), "--force")).status, 0);
    assert.match(program(), /new IserHost/);
  });

  it("says of a host without RDMA devices or adapters that there is nothing, ends with 1 and writes no file", async () => {
    const bare = await start({ rdmaDevices: [] });
    const unused = await start();
    for (const [simulator, said] of [
      [bare, /nothing to declare\. The host lists no RDMA device\./],
      [unused, /nothing to declare\. vmrdma0 has no iSER adapter\. vmrdma1 has no iSER adapter\./],
    ] as const) {
      const { status, stdout, stderr } = await discover(name(simulator), "--out", out());
      assert.match(stderr, said);
      assert.deepEqual([status, stdout, existsSync(out())], [1, "", false]);
    }
  });

  it("says of an adapter whose RDMA device is not known that it is not declared", async () => {
    const simulator = await start({ unknowns: { adapterDevice: "none" } });
    setUpByHand(simulator.host);
    const { status, stderr } = await discover(name(simulator));
    assert.match(stderr, /vmhba64 is not declared: the host does not say which RDMA device it belongs to/);
    assert.equal(status, 1);
  });

  it("writes what it got of two hosts where one cannot be read, and ends with 2", async () => {
    const one = await start({ listen: "127.0.0.2" });
    const other = await start({ listen: "127.0.0.3", password: "another" });
    for (const { host } of [one, other]) setUpByHand(host);
    const { status, stdout, stderr } = await discover(name(one), name(other), "--out", out());
    assert.equal(status, 2);
    assert.match(stderr, /127\.0\.0\.3[\s\S]*\[LOGIN_REFUSED\]/);
    assert.match(stdout, /declares what 127\.0\.0\.2 has/);
    assert.match(program(), /new IserHost\("127\.0\.0\.2"/);
    assert.doesNotMatch(program(), /127\.0\.0\.3/);
  });

  it("has all hosts in one program, each once", async () => {
    const all = [await start({ listen: "127.0.0.2" }), await start({ listen: "127.0.0.3", model: "7.0" })];
    for (const { host } of all) setUpByHand(host);
    const { status, stdout } = await discover(...all.map(name), ...all.map(name));
    assert.equal(status, 0);
    assert.deepEqual(
      [...stdout.matchAll(/new IserHost\("(\S+)"/g)].map(([, host]) => host),
      ["127.0.0.2", "127.0.0.3"],
    );
    assert.deepEqual(
      all.map(({ host }) => host.counters.logins),
      [1, 1],
    );
  });

  it("prints as JSON what it read: one host as it is, several as a list", async () => {
    const [one, other] = [await start({ listen: "127.0.0.2" }), await start({ listen: "127.0.0.3" })];
    setUpByHand(one.host);
    byHand(one.host, ["network ip interface ipv6 address add -i vmk1 -I fd00::11/64"]);
    const { status, stdout, stderr } = await discover(name(one), "--json");
    assert.deepEqual([status, stderr], [0, ""]);
    const view = JSON.parse(stdout) as HostView;
    assert.equal(view.host, "127.0.0.2");
    assert.deepEqual(view.nics[1], { name: "vmnic4", driver: "nmlx5_core", link: "Up" });
    assert.deepEqual(
      view.ipv6Addresses.map(({ interfaceName, address, prefix }) => [interfaceName, address, prefix]),
      [["vmk1", "fd00::11", 64]],
    );
    const [adapter] = view.adapters;
    assert.deepEqual(
      adapter?.scopes.map(({ level, chap: { uni }, parameters }) => [level, uni.inherits, parameters.length > 5]),
      [
        [{ kind: "sendtarget", vmhba: "vmhba64", address: "192.168.50.100:3260" }, true, true],
        [{ kind: "target", vmhba: "vmhba64", name: storageTarget, address: "192.168.50.100:3260" }, true, true],
      ],
    );
    assert.ok(adapter?.parameters.some(({ name: parameter }) => parameter === "LoginTimeout"));
    const several = await discover(name(one), name(other), "--json");
    assert.equal(several.status, 1);
    assert.deepEqual(
      (JSON.parse(several.stdout) as HostView[]).map(({ host }) => host),
      ["127.0.0.2", "127.0.0.3"],
    );
  });

  for (const [what, args, problem] of [
    ["the name is none of a program", ["--name", "../index"], /--name "\.\.\/index" is no name of a program/],
    ["JSON is wanted, too", ["--json"], /--json prints what was read, and --out writes a program/],
    ["a host is none", ["a b"], /is no host/],
    ["an option is not known", ["--write"], /unknown option '--write'/],
  ] as const)
    it(`ends with 2 and writes nothing when ${what}`, async () => {
      const { status, stderr } = await discover("esx01.lab", "--out", out(), ...args);
      assert.match(stderr, problem);
      assert.deepEqual([status, existsSync(out())], [2, false]);
    });
});
