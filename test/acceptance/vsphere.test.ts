import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import {
  SimulatedHost,
  startSimulator,
  startVcenter,
  startVsphere,
  type VsphereEndpoint,
} from "../../src/simulator/index.js";
import type { Stack } from "../../tools/engine/pulumi.js";
import type { Declaration } from "../support/program.js";
import { quickStack } from "../support/quickStack.js";

const secret = "simulated-chap-secret";
const options = {
  model: "8.0",
  storage: [
    {
      address: "192.168.50.100",
      targets: [{ name: "iqn.2010-09.lab.storage:iser-a", chap: { name: "esx01", secret } }],
    },
  ],
} as const;

/** What an administrator does for one path, from the card to the sessions. */
const procedure: readonly Declaration[] = [
  { type: "IserAdapter", as: "adapter", device: "vmrdma0" },
  { type: "AdapterProperties", as: "names", adapter: "adapter", alias: 'R&D <"ä">' },
  { type: "PauseParams", as: "pause", nic: "vmrdma0", rx: false, tx: false },
  { type: "PortBinding", as: "binding", adapter: "adapter", vmkernelAdapter: "vmk1" },
  { type: "Chap", as: "chap", adapter: "adapter", level: "required", name: "esx01", secret },
  { type: "DiscoveryAddress", as: "array", adapter: "adapter", address: "192.168.50.100", after: ["binding", "chap"] },
  { type: "IscsiParameters", as: "parameters", adapter: "adapter", parameters: { LoginTimeout: 30 } },
  { type: "Rescan", as: "rescan", adapter: "adapter", after: ["array"] },
];

describe("a host whose SSH is off, on the real engine", function () {
  this.timeout(180_000);
  const name = "esx01.lab";
  let wanted: { dump: string; devices: unknown };

  const run = async (host: object, password: Record<string, string>): Promise<Stack> =>
    quickStack(
      join(__dirname, "../fixtures/program"),
      { resources: { secret: procedure.map((resource) => ({ host, ...resource })) } },
      { env: password },
    );

  /** What the storage system has for the host, as Rescan outputs it. */
  const found = async (stack: Stack): Promise<unknown> => {
    const { resources = [] } = (await stack.exportState()).deployment;
    return resources.find(({ type }) => type.endsWith(":Rescan"))?.outputs?.devices;
  };

  before(async () => {
    const simulator = await startSimulator(options);
    const { address, port, fingerprint: hostKey, password } = simulator;
    const stack = await run({ host: address, port, hostKey }, { ESXI_ISER_PASSWORD: password });
    try {
      await stack.up();
      wanted = { dump: simulator.host.dump(), devices: await found(stack) };
      assert.equal((wanted.devices as readonly unknown[]).length, 1);
    } finally {
      stack.dispose();
      await simulator.close();
    }
  });

  for (const way of ["itself", "through a vCenter"] as const)
    describe(`reached ${way}`, () => {
      const host = new SimulatedHost(options);
      let endpoint: VsphereEndpoint;
      let stack: Stack;
      let bare: string;

      before(async () => {
        bare = host.dump();
        endpoint = await (way === "itself" ? startVsphere(host) : startVcenter([{ name, host }]));
        const { address, port, thumbprint, password } = endpoint;
        const at = { host: address, port, thumbprint };
        stack = await (way === "itself"
          ? run({ ...at, transport: "vsphere" }, { ESXI_ISER_PASSWORD: password })
          : run(
              { host: name, transport: "vsphere", vcenter: at },
              { [`ESXI_ISER_PASSWORD__${address.replaceAll(".", "_")}`]: password },
            ));
      });
      after(async () => {
        stack?.dispose();
        await endpoint?.close();
      });

      it("gets what it gets over SSH, by one login that is logged out of", async () => {
        await stack.up();
        assert.equal(host.dump(), wanted.dump);
        assert.deepEqual(await found(stack), wanted.devices);
        const { logins, logouts, failedLogins } = endpoint.counters;
        assert.deepEqual({ logins, logouts, failedLogins }, { logins: 1, logouts: 1, failedLogins: 0 });
        assert.equal(endpoint.sessions, 0);
      });

      it("is not asked where nothing is to be done", async () => {
        const { requests } = endpoint.counters;
        assert.deepEqual((await stack.up()).changes, []);
        assert.equal(endpoint.counters.requests, requests);
      });

      it("shows what was changed by hand, and is healed", async () => {
        assert.equal(host.execute("esxcli iscsi adapter set -A vmhba64 -a by-hand").status, 0);
        const { changes } = await stack.refresh();
        assert.deepEqual(
          changes.map((step) => `${step.op} ${step.name}`),
          ["update names"],
        );
        await stack.up();
        assert.equal(host.dump(), wanted.dump);
      });

      it("is as it was when all is destroyed, and nobody is logged in", async () => {
        await stack.destroy();
        assert.equal(host.dump(), bare);
        assert.equal(endpoint.sessions, 0);
      });
    });
});
