import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, it } from "mocha";
import {
  getIserAdapters,
  getRdmaDevices,
  getRdmaDevicesOutput,
  getSessions,
  getTargets,
  getTargetsOutput,
} from "../../../src/functions/lookups.js";
import { startSimulator } from "../../../src/simulator/index.js";

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

describe("A lookup", () => {
  let simulator: Simulator;
  afterEach(async () => {
    pulumi.runtime.setAllConfig({});
    delete process.env.ESXI_ISER_PASSWORD;
    await simulator.close();
  });

  const on = async (options: Parameters<typeof startSimulator>[0] = {}, ...lines: string[]) => {
    simulator = await startSimulator(options);
    for (const line of lines) assert.equal(simulator.host.execute(line).status, 0, line);
    const { address, port, password, fingerprint } = simulator;
    return { host: address, port, password, hostKey: fingerprint };
  };
  const bound = [
    "esxcli rdma iser add -d vmrdma0",
    "esxcli rdma iser add -d vmrdma1",
    "esxcli iscsi adapter set -A vmhba64 -n iqn.1998-01.com.vmware:esx01-a -a storage-a",
    "esxcli iscsi networkportal add -A vmhba64 -n vmk1",
    "esxcli iscsi networkportal add -A vmhba65 -n vmk2",
  ];
  const connected = [
    ...bound,
    ...["vmhba64", "vmhba65"].flatMap((vmhba) => [
      `esxcli iscsi adapter discovery sendtarget add -A ${vmhba} -a 192.168.50.100`,
      `esxcli iscsi adapter discovery rediscover -A ${vmhba}`,
    ]),
  ];

  it("shows the RDMA devices of a host and what they speak", async () => {
    const host = await on({
      rdmaDevices: [
        { name: "vmrdma0", uplink: "vmnic4", protocols: { v1: false, iwarp: true } },
        { name: "vmrdma1", state: "Down" },
      ],
    });
    assert.deepEqual(await getRdmaDevices({ host }), [
      {
        name: "vmrdma0",
        driver: "nmlx5_rdma",
        state: "Active",
        mtu: 1024,
        speed: "100 Gbps",
        uplink: "vmnic4",
        description: "MT27700 Family  [ConnectX-4]",
        protocols: { roceV1: false, roceV2: true, iwarp: true },
      },
      {
        name: "vmrdma1",
        driver: "nmlx5_rdma",
        state: "Down",
        mtu: 1024,
        speed: "100 Gbps",
        uplink: "",
        description: "MT27700 Family  [ConnectX-4]",
        protocols: { roceV1: true, roceV2: true, iwarp: false },
      },
    ]);
  });

  it("takes a build that does not list iWARP", async () => {
    const host = await on({ model: "6.7" });
    assert.deepEqual((await getRdmaDevices({ host }))[0]?.protocols, { roceV1: true, roceV2: true, iwarp: false });
  });

  it("shows the iSER adapters of a host with their RDMA devices", async () => {
    const host = await on({}, ...bound);
    const [first, second, ...more] = await getIserAdapters({ host });
    assert.deepEqual(first, {
      vmhba: "vmhba64",
      device: "vmrdma0",
      uplink: "vmnic4",
      iqn: "iqn.1998-01.com.vmware:esx01-a",
      alias: "storage-a",
      state: "online",
      description: "VMware iSCSI over RDMA (iSER) Adapter",
    });
    assert.deepEqual([second?.vmhba, second?.device, more.length], ["vmhba65", "vmrdma1", 0]);
  });

  it("leaves the RDMA device out where the host does not say it", async () => {
    const host = await on({ unknowns: { adapterDevice: "none" } }, ...bound.slice(0, 2));
    assert.deepEqual(
      (await getIserAdapters({ host })).map(({ vmhba, device, uplink }) => [vmhba, device, uplink]),
      [
        ["vmhba64", undefined, undefined],
        ["vmhba65", undefined, undefined],
      ],
    );
  });

  it("shows targets and sessions of all iSER adapters, or of one", async () => {
    const host = await on({}, ...connected);
    const adapters = async (adapter?: string) => [
      (await getTargets({ host, adapter })).map((target) => target.adapter),
      (await getSessions({ host, adapter })).map((session) => session.adapter),
    ];
    assert.deepEqual(await adapters(), [
      ["vmrdma0", "vmrdma1"],
      ["vmrdma0", "vmrdma1"],
    ]);
    assert.deepEqual(await adapters("vmrdma1"), [["vmrdma1"], ["vmrdma1"]]);
    assert.deepEqual(await adapters("vmnic4"), [["vmrdma0"], ["vmrdma0"]]);
  });

  it("finds nothing on a device without an adapter, and no device that is not there", async () => {
    const host = await on();
    assert.deepEqual([await getTargets({ host, adapter: "vmrdma0" }), await getSessions({ host })], [[], []]);
    await assert.rejects(getTargets({ host, adapter: "vmrdma9" }), {
      code: "DEVICE_NOT_FOUND",
      message: /^127\.0\.0\.1: there is no RDMA device vmrdma9\. RDMA devices: vmrdma0/,
    });
  });

  it("uses one connection for all that goes on at once, and writes nothing", async () => {
    const host = await on({}, ...connected);
    const before = simulator.host.counters.writes;
    await Promise.all([
      getRdmaDevices({ host }),
      getIserAdapters({ host }),
      getTargets({ host }),
      getSessions({ host }),
    ]);
    assert.equal(simulator.host.counters.connections, 1);
    assert.equal(simulator.host.counters.writes, before);
  });

  it("finds the password in the stack's config, and before that in the environment", async () => {
    const { password, ...host } = await on();
    pulumi.runtime.setAllConfig({ "esxi-iser:password": password });
    assert.equal((await getRdmaDevices({ host })).length, 2);
    pulumi.runtime.setAllConfig({ "esxi-iser:password": "simulated-wrong" });
    process.env.ESXI_ISER_PASSWORD = password;
    assert.equal((await getRdmaDevices({ host })).length, 2);
  });

  it("refuses arguments that are wrong before it connects, and does not show them", async () => {
    const host = await on();
    const wrong = { ...host, pasword: "simulated-misspelt" } as typeof host;
    await assert.rejects(getRdmaDevices({ host: wrong }), (error: Error) => {
      assert.match(error.message, /host has the unknown field pasword.*\n.*\[INPUT_INVALID\]/s);
      assert.doesNotMatch(error.message, /simulated/);
      return true;
    });
    await assert.rejects(getTargets({ host, adapter: "vmk1" }), { code: "INPUT_INVALID", message: /adapter must be/ });
    assert.equal(simulator.host.counters.connections, 0);
  });

  it("lets the program end by itself", async () => {
    const host = await on();
    const program = `
      const { getRdmaDevices } = require(${JSON.stringify(join(__dirname, "../../../src/functions/lookups.ts"))});
      getRdmaDevices({ host: ${JSON.stringify(host)} }).then((all) => console.log(all.length));
    `;
    const child = spawn(process.execPath, ["--import", "tsx", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += chunk;
    });
    const [code] = await once(child, "close");
    assert.deepEqual([code, printed], [0, "2\n"]);
  }).timeout(30_000);

  it("of an output is an output, and a secret of a secret", async () => {
    const host = await on();
    const plain = getRdmaDevicesOutput({ host: pulumi.output(host) });
    const sealed = getRdmaDevicesOutput({ host: { ...host, password: pulumi.secret(host.password) } });
    const lengths = await Promise.all([plain, sealed].map(resolved));
    assert.deepEqual(
      lengths.map((all) => all.length),
      [2, 2],
    );
    assert.deepEqual([await pulumi.isSecret(plain), await pulumi.isSecret(sealed)], [false, true]);
  });

  it("takes an adapter by its reference, and waits in a preview for one that is still to be made", async () => {
    const host = await on({}, ...connected);
    const ref = pulumi.output("vmrdma1");
    const found = await resolved(getTargetsOutput({ host, adapter: { ref } }));
    assert.deepEqual(
      found.map(({ adapter }) => adapter),
      ["vmrdma1"],
    );
    const { connections } = simulator.host.counters;
    const mocks: pulumi.runtime.Mocks = {
      newResource: ({ inputs }) => ({ id: undefined, state: inputs }),
      call: () => ({}),
    };
    await pulumi.runtime.setMocks(mocks, "project", "stack", true);
    try {
      const { IserAdapter } = await import("../../../src/resources/iserAdapter.js");
      const adapter = new IserAdapter("iser-a", { host: "esx01", device: "vmrdma0" });
      const targets: unknown = getTargetsOutput({ host, adapter });
      assert.equal(await (targets as { isKnown: Promise<boolean> }).isKnown, false);
      assert.equal(simulator.host.counters.connections, connections);
    } finally {
      await pulumi.runtime.setMocks(mocks, "project", "stack", false);
    }
  });
});

function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}
