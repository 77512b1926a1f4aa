import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, it } from "mocha";
import { IserHost, type IserHostArgs } from "../../../src/index.js";
import { mocked, type Registered, settled } from "./mocks.js";

const vmk = (name: string, address: string) => ({ name, ipv4: { address, netmask: "255.255.255.0" } });
const two: IserHostArgs = {
  host: "esx01.lab",
  paths: {
    a: { device: "vmrdma0", vmkernelAdapter: vmk("vmk1", "192.168.50.11") },
    b: { uplink: "vmnic5", vmkernelAdapter: vmk("vmk2", "192.168.51.11") },
  },
};

describe("a host that is declared as one", () => {
  let registered: Registered[];
  beforeEach(() => {
    registered = mocked();
  });
  const declare = async (args: IserHostArgs) => settled(() => new IserHost("esx01", args));
  const all = () => registered.map(({ type, name }) => `${type} ${name}`).sort();
  const inputsOf = (type: string, name: string) => {
    const { __provider, ...inputs } = registered.find((one) => one.type === type && one.name === name)?.inputs ?? {};
    return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined && value !== null));
  };

  it("makes a switch, a port group, a VMkernel adapter, an adapter, a binding and a rescan for each path", async () => {
    await declare(two);
    const each = ["VirtualSwitch", "PortGroup", "VmkernelAdapter", "IserAdapter", "PortBinding", "Rescan"];
    assert.deepEqual(
      all(),
      ["IserHost esx01", ...each.flatMap((type) => [`${type} esx01/a`, `${type} esx01/b`])].sort(),
    );
    assert.deepEqual(inputsOf("VirtualSwitch", "esx01/a"), {
      host: "esx01.lab",
      name: "vSwitch-a",
      uplinks: ["vmrdma0"],
      lowerFirst: ["vmk1"],
    });
    assert.deepEqual(inputsOf("PortGroup", "esx01/b"), {
      host: "esx01.lab",
      name: "b",
      virtualSwitch: "vSwitch-b",
      activeUplinks: ["vmnic5"],
      standbyUplinks: [],
    });
    assert.deepEqual(inputsOf("VmkernelAdapter", "esx01/b"), {
      host: "esx01.lab",
      ...vmk("vmk2", "192.168.51.11"),
      portGroup: "b",
    });
    assert.deepEqual(inputsOf("PortBinding", "esx01/a"), {
      host: "esx01.lab",
      adapter: "vmrdma0",
      vmkernelAdapter: "vmk1",
    });
  });

  it("gives every argument of a resource to it", async () => {
    const chap = { level: "required", name: "esx01", secret: "simulated-one" } as const;
    await declare({
      ...two,
      mtu: 9000,
      roceVersion: "v2",
      chap,
      parameters: { LoginTimeout: 10 },
      pauseParams: { rx: false },
      moduleParameters: { nmlx5_core: { pfctx: "0x08" } },
      paths: {
        a: {
          device: "vmrdma0",
          virtualSwitch: { name: "vSwitch1", cdp: "both", force: true, uplinks: ["vmnic4"] },
          portGroup: { name: "iser", vlanId: 50 },
          vmkernelAdapter: { ...vmk("vmk1", "192.168.50.11"), ipv6Addresses: ["fd00::1/64"], netstack: "iscsi" },
          iqn: "iqn.1998-01.com.vmware:a",
          alias: "storage",
          adapterProperties: { force: true },
          portBinding: { force: true },
          roceVersion: "v1",
        },
        b: two.paths.b as never,
      },
      discovery: {
        array: "192.168.50.100",
        second: { address: "192.168.50.101", port: 3261, paths: ["a"], chap, parameters: { NoopOutTimeout: 12 } },
      },
      staticTargets: {
        spare: {
          targetName: "iqn.2010-09.lab.storage:a",
          address: "192.168.50.102",
          paths: ["b"],
          chap: { inherit: true },
          parameters: { DelayedAck: false },
        },
      },
    });
    const own = (type: string, name: string) => {
      const { host: _, ...inputs } = inputsOf(type, name);
      return inputs;
    };
    assert.deepEqual(own("VirtualSwitch", "esx01/a"), {
      name: "vSwitch1",
      cdp: "both",
      force: true,
      uplinks: ["vmnic4"],
      mtu: 9000,
      lowerFirst: ["vmk1"],
    });
    assert.deepEqual(own("PortGroup", "esx01/a").vlanId, 50);
    assert.deepEqual(own("VmkernelAdapter", "esx01/a"), {
      ...vmk("vmk1", "192.168.50.11"),
      ipv6Addresses: ["fd00::1/64"],
      netstack: "iscsi",
      portGroup: "iser",
      mtu: 9000,
    });
    assert.deepEqual(own("AdapterProperties", "esx01/a"), {
      adapter: "vmrdma0",
      iqn: "iqn.1998-01.com.vmware:a",
      alias: "storage",
      force: true,
    });
    assert.deepEqual(own("PortBinding", "esx01/a").force, true);
    assert.deepEqual([own("RoceParams", "esx01/a").version, own("RoceParams", "esx01/b").version], ["v1", "v2"]);
    assert.deepEqual(own("PauseParams", "esx01/b"), { nic: "vmnic5", rx: false });
    assert.deepEqual(own("ModuleParameters", "esx01/nmlx5_core"), {
      module: "nmlx5_core",
      parameters: { pfctx: "0x08" },
    });
    assert.deepEqual(own("Chap", "esx01/a/second").discoveryAddress, { address: "192.168.50.101", port: 3261 });
    assert.deepEqual(own("IscsiParameters", "esx01/a/second").parameters, { NoopOutTimeout: 12 });
    assert.deepEqual(own("Chap", "esx01/b/spare"), {
      adapter: "vmnic5",
      inherit: true,
      target: { targetName: "iqn.2010-09.lab.storage:a", address: "192.168.50.102" },
    });
    assert.deepEqual(
      all().filter((one) => one.startsWith("DiscoveryAddress") || one.startsWith("StaticTarget")),
      [
        "DiscoveryAddress esx01/a/array",
        "DiscoveryAddress esx01/a/second",
        "DiscoveryAddress esx01/b/array",
        "StaticTarget esx01/b/spare",
      ],
    );
  });

  it("declares nothing of the network where the VMkernel adapter is there", async () => {
    await declare({ ...two, mtu: 9000, paths: { a: { device: "vmrdma0", vmkernelAdapter: "vmk1" } } });
    assert.deepEqual(all(), ["IserAdapter esx01/a", "IserHost esx01", "PortBinding esx01/a", "Rescan esx01/a"]);
    assert.equal(inputsOf("PortBinding", "esx01/a").vmkernelAdapter, "vmk1");
  });

  it("lets the virtual switch lower the VMkernel adapter, wherever their MTUs are given", async () => {
    const own = { device: "vmrdma0", virtualSwitch: { mtu: 1500 }, vmkernelAdapter: { name: "vmk1", mtu: 1500 } };
    await declare({ ...two, paths: { a: own } });
    assert.deepEqual(inputsOf("VirtualSwitch", "esx01/a").lowerFirst, ["vmk1"]);
    registered.length = 0;
    await declare({ ...two, paths: { a: { ...own, virtualSwitch: { mtu: 1500, lowerFirst: [] } } } });
    assert.deepEqual(inputsOf("VirtualSwitch", "esx01/a").lowerFirst, []);
  });

  it("takes an address that another resource puts out", async () => {
    await declare({ ...two, discovery: { array: pulumi.output("192.168.50.100") } });
    assert.equal(inputsOf("DiscoveryAddress", "esx01/a/array").address, "192.168.50.100");
  });

  it("scans again when an address, a port or a target changes", async () => {
    await declare({ ...two, discovery: { array: { address: "192.168.50.100", paths: ["a"] } } });
    const triggers = (name: string) => JSON.stringify(inputsOf("Rescan", name).triggers);
    assert.match(triggers("esx01/a"), /192\.168\.50\.100/);
    assert.doesNotMatch(triggers("esx01/b"), /192\.168\.50\.100/);
  });

  it("scans again when a trigger changes, and not at all where it is told so", async () => {
    await declare({ ...two, rescan: { triggers: ["2026-11"] } });
    assert.match(JSON.stringify(inputsOf("Rescan", "esx01/a").triggers), /2026-11/);
    registered.length = 0;
    await declare({ ...two, rescan: false });
    assert.ok(!all().some((one) => one.startsWith("Rescan")));
  });

  const refused: [string, Partial<IserHostArgs>, RegExp][] = [
    ["no path", { paths: {} }, /paths is empty/],
    [
      "a path without a card",
      { paths: { a: { vmkernelAdapter: "vmk1" } } },
      /path a needs exactly one of device and uplink/,
    ],
    [
      "a path without a VMkernel adapter",
      { paths: { a: { device: "vmrdma0", vmkernelAdapter: {} as never } } },
      /path a names no VMkernel adapter/,
    ],
    [
      "a VMkernel adapter that is there and a virtual switch beside it",
      { paths: { a: { device: "vmrdma0", virtualSwitch: "vSwitch1", vmkernelAdapter: "vmk1" } } },
      /path a takes vmk1 as it is there, and has mtu, virtualSwitch or portGroup beside it[\s\S]*\{ name: "vmk1" \}/,
    ],
    [
      "two paths on one RDMA device",
      {
        paths: { a: { device: "vmrdma0", vmkernelAdapter: "vmk1" }, b: { device: "vmrdma0", vmkernelAdapter: "vmk2" } },
      },
      /paths a and b share the RDMA device vmrdma0/,
    ],
    [
      "two RDMA uplinks on one switch",
      {
        paths: {
          a: { device: "vmrdma0", virtualSwitch: "vSwitch1", vmkernelAdapter: vmk("vmk1", "192.168.50.11") },
          b: { device: "vmrdma1", virtualSwitch: "vSwitch1", vmkernelAdapter: vmk("vmk2", "192.168.51.11") },
        },
      },
      /share the virtual switch vSwitch1[\s\S]*one RDMA device per virtual switch/,
    ],
    [
      "two paths with one VMkernel adapter",
      {
        paths: {
          a: { device: "vmrdma0", vmkernelAdapter: vmk("vmk1", "192.168.50.11") },
          b: { device: "vmrdma1", vmkernelAdapter: vmk("vmk1", "192.168.51.11") },
        },
      },
      /share the VMkernel adapter vmk1/,
    ],
    [
      "a path that is not there",
      { discovery: { array: { address: "192.168.50.100", paths: ["c"] } } },
      /array names the path c, which is not there\.[\s\S]*The paths are a, b/,
    ],
  ];
  for (const [title, change, message] of refused)
    it(`with ${title} is refused before anything is declared`, () => {
      assert.throws(() => new IserHost("esx01", { ...two, ...change }), { code: "INPUT_INVALID", message });
    });
});
