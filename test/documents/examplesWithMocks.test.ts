import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { findEngine } from "../../tools/engine/find.js";
import type { MockRun, MockRunArgs } from "../support/mockRun.js";

const repository = join(__dirname, "../..");
const examples = join(repository, "examples");
const chapSecret = "simulated-chap-production";

/** Runs a program of this repository; what is built does not count for the coverage of the sources. */
const node = (args: readonly string[], options: { cwd: string; env: Record<string, string> }) =>
  promisify(execFile)(process.execPath, args, {
    cwd: options.cwd,
    env: { ...process.env, NODE_V8_COVERAGE: undefined, ...options.env },
  });

describe("the example composed, with Pulumi's mocks", function () {
  this.timeout(180_000);
  const rescan = "pulumi-nodejs:dynamic/esxi-iser:Rescan";
  const known = {
    "pulumi:pulumi:StackReference": {
      outputs: { hostAddress: "192.168.50.11", netmask: "255.255.255.0", storageAddress: "192.168.50.100" },
    },
    "vsphere:index/getDatacenter:getDatacenter": { id: "datacenter-2" },
    "vsphere:index/getHost:getHost": { id: "host-9" },
  };
  const found = (...names: string[]) => names.map((name) => ({ name, displayName: name, sizeMb: 102_400, paths: [] }));
  const made = (devices: ReturnType<typeof found>) => ({
    ...known,
    "random:index/randomPassword:RandomPassword": { result: chapSecret },
    [rescan]: { devices },
    "vsphere:index/vmfsDatastore:VmfsDatastore": { url: "ds:///vmfs/volumes/simulated/" },
  });
  const run = async (preview: boolean, answers: MockRunArgs["answers"], config: MockRunArgs["config"] = {}) => {
    const args: MockRunArgs = {
      program: join(examples, "composed/index.ts"),
      project: "iser-composed",
      config: {
        host: "esx01.lab",
        device: "vmrdma0",
        networkStack: "organization/network/dev",
        datacenter: "lab",
        datastore: "iser",
        ...config,
      },
      preview,
      answers,
    };
    const program = ["--import", "tsx", join(repository, "test/support/mockRun.ts"), JSON.stringify(args)];
    const env = { NODE_PATH: join(repository, "test/fixtures/modules") };
    const { stdout } = await node(program, { cwd: repository, env });
    const { resources, outputs } = JSON.parse(stdout) as MockRun;
    const inputsOf = (type: string) => {
      const all = resources.filter((resource) => resource.type.split(":").at(-1) === type);
      assert.equal(all.length, 1, type);
      return all[0]?.inputs ?? {};
    };
    return { inputsOf, outputs, resources };
  };

  it("takes the addresses of the network's stack in a preview, and does not know the disk yet", async () => {
    const { inputsOf } = await run(true, known);
    assert.equal(inputsOf("DiscoveryAddress").address, "192.168.50.100");
    assert.deepEqual(inputsOf("VmkernelAdapter").ipv4, { address: "192.168.50.11", netmask: "255.255.255.0" });
    assert.match(JSON.stringify(inputsOf("VmfsDatastore").disks), /Unknown/);
  });

  it("makes the datastore on the device that was found, and CHAP from the generated secret", async () => {
    const { inputsOf, outputs } = await run(false, made(found("naa.1")));
    const { disks, hostSystemId } = inputsOf("VmfsDatastore");
    assert.deepEqual({ disks, hostSystemId }, { disks: ["naa.1"], hostSystemId: "host-9" });
    const { secret } = inputsOf("Chap");
    assert.ok(typeof secret === "object" && secret !== null && Object.values(secret).includes(chapSecret));
    assert.equal(outputs.chapSecret, chapSecret);
  });

  it("declares the same for a host whose SSH is off, told by config", async () => {
    const overSsh = await run(false, made(found("naa.1")));
    const { resources } = await run(false, made(found("naa.1")), { transport: "vsphere" });
    const declared = ({ type, name, inputs }: (typeof resources)[number]) => [
      type,
      name,
      { ...inputs, host: "either" },
    ];
    assert.deepEqual(resources.map(declared), overSsh.resources.map(declared));
    const hosts = resources
      .filter(({ type }) => /^pulumi-nodejs:dynamic\/esxi-iser:/.test(type))
      .map(({ inputs }) => inputs.host);
    assert.ok(hosts.length > 5);
    for (const host of hosts) assert.deepEqual(host, { host: "esx01.lab", transport: "vsphere" });
  });

  it("formats nothing when it is not clear which device is meant", async () => {
    await assert.rejects(run(false, made(found("naa.1", "naa.2"))), /there are: naa\.1, naa\.2/);
    await assert.rejects(run(false, made([])), /there are: none/);
  });
});

describe("the example unit-test, as its README says", function () {
  this.timeout(600_000);
  let home: string;
  before(() => {
    home = mkdtempSync(join(tmpdir(), "esxi-iser-unit-test-"));
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  const cwd = join(examples, "unit-test");
  const mocha = join(repository, "node_modules/mocha/bin/mocha.js");

  it("passes with mocks, without an engine", async () => {
    const { stdout } = await node([mocha, "--no-config", "--import=tsx", "program.test.ts"], {
      cwd,
      env: { PATH: "" },
    });
    assert.match(stdout, /3 passing/);
  });

  it("passes on a simulated host", async () => {
    const engine = await findEngine();
    const { stdout } = await node([mocha, "--no-config", "--import=tsx", "storage.test.ts"], {
      cwd,
      env: {
        PATH: [engine.path, process.env.PATH ?? ""].join(delimiter),
        HOME: home,
        PULUMI_HOME: join(home, "pulumi"),
        PULUMI_SKIP_UPDATE_CHECK: "1",
      },
    });
    assert.match(stdout, /4 passing/);
    assert.deepEqual(
      readdirSync(cwd).filter((file) => /^Pulumi\..+\.yaml$/.test(file)),
      [],
    );
  });
});
