import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { type Simulator, startSimulator } from "pulumi-esxi-iser/simulator";

const target = "iqn.2010-09.lab.storage:databases";
const chapSecret = "simulated-chap-secret";

describe("the storage of esx01", function () {
  this.timeout(300_000);
  let simulator: Simulator;
  let backend: string;
  let stack: Stack;

  before(async () => {
    // A host with a management network and two free cards, and a storage system that takes the declared CHAP only.
    simulator = await startSimulator({
      model: "8.0",
      switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
      portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
      vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network" }],
      storage: [
        { address: "192.168.50.100", targets: [{ name: target, chap: { name: "esx01", secret: chapSecret } }] },
      ],
    });
    // The program as it is, on a stack whose state goes away with the test.
    backend = await mkdtemp(join(tmpdir(), "storage-test-"));
    stack = await LocalWorkspace.createStack(
      { stackName: "test", workDir: __dirname },
      { envVars: { PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "test" } },
    );
    await stack.setAllConfig({
      host: { value: simulator.address },
      port: { value: String(simulator.port) },
      chapSecret: { value: chapSecret, secret: true },
      "esxi-iser:hostKey": { value: simulator.fingerprint },
      "esxi-iser:password": { value: simulator.password, secret: true },
    });
  });

  after(async () => {
    await stack?.workspace.removeStack("test", { force: true });
    if (backend) await rm(backend, { recursive: true });
    await simulator?.close();
  });

  it("is logged in to, with CHAP and jumbo frames", async () => {
    await stack.up();
    const [adapter] = simulator.host.state.iscsiAdapters;
    assert.equal(adapter?.driver, "iser");
    assert.deepEqual(
      adapter?.sessions.map(({ target, vmk, authentication }) => ({ target, vmk, authentication })),
      [{ target, vmk: "vmk1", authentication: "chap" }],
    );
    // The host can also be asked as an administrator asks it.
    const { stdout } = simulator.host.execute("esxcli network ip interface list");
    assert.match(stdout, /Name: vmk1\n[\s\S]*MTU: 9000\n/);
  });

  it("is not touched by a second up", async () => {
    const { connections } = simulator.host.counters;
    const { summary } = await stack.up();
    assert.deepEqual(Object.keys(summary.resourceChanges ?? {}), ["same"]);
    assert.equal(simulator.host.counters.connections, connections);
  });

  it("is healed when somebody changes it by hand", async () => {
    simulator.host.execute("esxcli iscsi networkportal remove -A vmhba64 -n vmk1 --force true");
    await stack.refresh();
    await stack.up();
    assert.deepEqual(simulator.host.state.iscsiAdapters[0]?.bindings, ["vmk1"]);
  });

  it("leaves nothing behind", async () => {
    await stack.destroy();
    assert.deepEqual(simulator.host.state.iscsiAdapters, []);
    assert.deepEqual(
      simulator.host.state.switches.map(({ name }) => name),
      ["vSwitch0"],
    );
  });
});
