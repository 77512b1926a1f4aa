import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { IserCluster, type IserClusterArgs } from "../../../src/index.js";
import { mocked, type Registered, settled } from "./mocks.js";

const address = (last: number) => ({
  paths: { a: { vmkernelAdapter: { ipv4: { address: `192.168.50.${last}`, netmask: "255.255.255.0" } } } },
});
const three: IserClusterArgs = {
  mtu: 9000,
  connection: { user: "root", hostKey: "insecure-accept-any" },
  paths: { a: { device: "vmrdma0", vmkernelAdapter: { name: "vmk1" } } },
  hosts: {
    "esx01.lab": address(11),
    "esx02.lab": { ...address(12), host: { port: 2222 } },
    "esx03.lab": {
      mtu: 1500,
      paths: {
        a: { uplink: "vmnic9", vmkernelAdapter: { name: "vmk7" } },
        b: { device: "vmrdma1", vmkernelAdapter: "vmk8" },
      },
    },
  },
};

describe("a cluster", () => {
  let registered: Registered[];
  beforeEach(() => {
    registered = mocked();
  });
  const inputs = (type: string, name: string) =>
    registered.find((one) => one.type === type && one.name === name)?.inputs;

  it("gives each host the shared settings and what it has other than the rest", async () => {
    await settled(() => new IserCluster("lab", three));
    assert.deepEqual(
      registered.filter(({ type }) => type === "IserHost").map(({ name }) => name),
      ["lab/esx01.lab", "lab/esx02.lab", "lab/esx03.lab"],
    );
    assert.deepEqual(inputs("VmkernelAdapter", "lab/esx02.lab/a")?.ipv4, {
      address: "192.168.50.12",
      netmask: "255.255.255.0",
    });
    assert.deepEqual(inputs("IserAdapter", "lab/esx02.lab/a")?.host, {
      host: "esx02.lab",
      user: "root",
      hostKey: "insecure-accept-any",
      port: 2222,
    });
    assert.equal(inputs("VirtualSwitch", "lab/esx01.lab/a")?.mtu, 9000);
    assert.equal(inputs("PortBinding", "lab/esx03.lab/b")?.vmkernelAdapter, "vmk8");
  });

  it("lets a host have another card, another VMkernel adapter and another MTU", async () => {
    await settled(() => new IserCluster("lab", three));
    assert.equal(inputs("IserAdapter", "lab/esx01.lab/a")?.device, "vmrdma0");
    assert.equal(inputs("IserAdapter", "lab/esx03.lab/a")?.device, undefined);
    assert.equal(inputs("IserAdapter", "lab/esx03.lab/a")?.uplink, "vmnic9");
    assert.deepEqual(inputs("VirtualSwitch", "lab/esx03.lab/a")?.lowerFirst, ["vmk7"]);
    assert.equal(inputs("VirtualSwitch", "lab/esx03.lab/a")?.mtu, 1500);
  });

  it("lets a host leave out what the others have", async () => {
    const hosts = { "esx01.lab": {}, "esx02.lab": { mtu: null, roceVersion: null } };
    await settled(() => new IserCluster("lab", { ...three, roceVersion: "v2", hosts }));
    const versions = registered.filter(({ type }) => type === "RoceParams").map(({ name }) => name);
    assert.deepEqual(versions, ["lab/esx01.lab/a"]);
    assert.equal(inputs("VirtualSwitch", "lab/esx01.lab/a")?.mtu, 9000);
    assert.equal(inputs("VirtualSwitch", "lab/esx02.lab/a")?.mtu, undefined);
  });

  for (const [title, change, message] of [
    ["no host", { hosts: {} }, /hosts is empty/],
    ["a number of hosts at once that is none", { atOnce: 0 }, /atOnce is 0/],
    ["half a host at once", { atOnce: 0.5 }, /atOnce is 0\.5/],
  ] as const)
    it(`with ${title} is refused before anything is declared`, () => {
      assert.throws(() => new IserCluster("lab", { ...three, ...change }), { code: "INPUT_INVALID", message });
    });
});
