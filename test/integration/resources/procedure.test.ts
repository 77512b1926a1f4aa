import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import type { AnyDefinition } from "../../../src/resources/inputs.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { roceParams } from "../../../src/resources/roceParams.js";
import type { startSimulator } from "../../../src/simulator/index.js";
import { type Declared, Lab } from "../../support/lab.js";

type Options = NonNullable<Parameters<typeof startSimulator>[0]>;
type Unknowns = NonNullable<Options["unknowns"]>;

const secret = "simulated-chap-secret";
const storage = [
  { address: "192.168.50.100", targets: [{ name: "iqn.2010-09.lab.storage:iser-a", chap: { name: "esx01", secret } }] },
];
const oneCard: Options = { rdmaDevices: [{ name: "vmrdma0", uplink: "vmnic4" }] };

/** Everything that can be declared for one card, in the order of its dependencies. */
function procedure(lab: Lab, adapter: string, vmkernelAdapter: string, roce: boolean): [Declared, object][] {
  const own = adapter.startsWith("vmnic") ? { uplink: adapter } : { device: adapter };
  const all: [AnyDefinition, object][] = [
    [iserAdapter, own],
    [adapterProperties, { adapter, alias: "storage-a" }],
    ...(roce ? ([[roceParams, { adapter, version: "v2" }]] as [AnyDefinition, object][]) : []),
    [chap, { adapter, level: "required", name: "esx01", secret }],
    [portBinding, { adapter, vmkernelAdapter }],
    [discoveryAddress, { adapter, address: "192.168.50.100" }],
  ];
  return all.map(([definition, inputs]) => [lab.lifecycle(definition), inputs]);
}

describe("the whole procedure", () => {
  let lab: Lab;
  afterEach(() => lab?.close());

  /** Makes it, makes it again, looks for drift, destroys it; the host is then as it was before. */
  const through = async (options: Options, { roce = true, rebootAfter = false, adapter = "vmrdma0" } = {}) => {
    lab = await Lab.start({ storage, ...options });
    const bare = lab.host.dump();
    const declared = procedure(lab, adapter, "vmk1", roce);
    for (const [one, inputs] of declared) assert.equal(await one.up(inputs), "create");
    assert.match(lab.hand("esxcli iscsi session list -A vmhba64"), /Target: iqn\.2010-09\.lab\.storage:iser-a\n/);
    for (const [one] of declared) assert.deepEqual(await one.refresh(), []);
    for (const [one, inputs] of declared) assert.equal(await one.up(inputs), "same");
    const { writes } = lab.host.counters;
    for (const [one] of [...declared].reverse()) await one.destroy();
    assert.ok(lab.host.counters.writes > writes);
    if (rebootAfter) lab.host.reboot();
    assert.equal(lab.host.dump(), bare);
    assert.equal(lab.host.counters.connections, 1);
    // What is a property of the build is asked once a connection.
    const ofTheBuild = lab.host.journal.map(({ line }) => line).filter((line) => /command list|--help/.test(line));
    assert.ok(ofTheBuild.length > 0);
    assert.deepEqual(ofTheBuild, [...new Set(ofTheBuild)]);
  };

  describe("leaves each build as it was", () => {
    it("6.7, after the reboot that it asks for", () => through({ model: "6.7" }, { roce: false, rebootAfter: true }));
    it("7.0", () => through({ model: "7.0" }));
    it("8.0", () => through({ model: "8.0" }));
    it("8.0, by uplink", () => through({ model: "8.0" }, { adapter: "vmnic4" }));
    it("9.0", () => through({ model: "9.0" }, { roce: false }));
  });

  /** Each way a real host may go where it is not known. */
  const ways: [Partial<Unknowns>, Options?, Parameters<typeof through>[1]?][] = [
    [{ adapterDevice: "description" }],
    [{ adapterDevice: "allNics" }, oneCard],
    [{ adapterDevice: "none" }, oneCard],
    [{ deviceOptionOn70: true }, { model: "7.0" }],
    [{ deviceOptionOn70: false }, { model: "7.0" }],
    [{ secondIserAdd: "silent", duplicate: "silent", missing: "silent" }],
    [{ iserDeleteNeedsReboot: true }, {}, { rebootAfter: true }],
    [{ roceLogged: false }],
    [{ adapterAppearsAfterReads: 5 }],
    [{ nonCompliantBinding: "refused" }],
    [{ emptyTable: "header", voidResult: "document", xmlDeclaration: true }],
    [{ promptOn: "stdout" }],
    [{ promptOn: "stdout", voidResult: "document" }],
    [{ commandListNamespace: "blanks" }],
  ];
  describe("works whichever way a host goes", () => {
    for (const [unknowns, options, expected] of ways)
      it(JSON.stringify({ ...options, ...unknowns }), () => through({ model: "8.0", ...options, unknowns }, expected));
  });

  for (const adapterDevice of ["allNics", "none"] as const)
    it(`stops where nothing ties two adapters to two cards (${adapterDevice}), naming the candidates, before it writes to either`, async () => {
      lab = await Lab.start({ model: "8.0", unknowns: { adapterDevice } });
      lab.hand("esxcli rdma iser add -d vmrdma0");
      lab.hand("esxcli rdma iser add -d vmrdma1");
      const { writes } = lab.host.counters;
      for (const [one, inputs] of procedure(lab, "vmrdma0", "vmk1", true))
        await assert.rejects(one.up(inputs), { code: "ADAPTER_AMBIGUOUS", message: /Candidates: vmhba64, vmhba65/ });
      assert.equal(lab.host.counters.writes, writes);
    });

  it("deletes by its device an adapter that nothing ties, and that it has made", async () => {
    lab = await Lab.start({ model: "8.0", unknowns: { adapterDevice: "none" } });
    lab.hand("esxcli rdma iser add -d vmrdma1");
    const adapter = lab.lifecycle(iserAdapter);
    // One adapter and two cards: the host does not even say whose the first one is.
    await assert.rejects(adapter.up({ device: "vmrdma0" }), { code: "ADAPTER_AMBIGUOUS" });
    assert.equal(adapter.state, undefined);
    lab.hand("esxcli rdma iser delete -d vmrdma1");
    await adapter
      .up({ device: "vmrdma0" })
      .catch((error: { code?: string }) => assert.equal(error.code, "ADAPTER_AMBIGUOUS"));
    assert.ok(adapter.state);
    lab.hand("esxcli rdma iser add -d vmrdma1");
    await adapter.destroy();
    const writes = lab.host.journal.filter(({ effect }) => effect === "write").map(({ line }) => line);
    assert.match(writes.at(-1) ?? "", /rdma iser delete --device=vmrdma0$/);
    assert.equal(lab.hand("esxcli iscsi adapter list").match(/^vmhba\d+/gm)?.length, 1);
  });

  it("keeps a RoCE version that no log confirms, and says so", async () => {
    lab = await Lab.start({ model: "8.0", unknowns: { roceLogged: false } });
    lab.hand("esxcli rdma iser add -d vmrdma0");
    const roce = lab.lifecycle(roceParams);
    await roce.up({ adapter: "vmrdma0", version: "v2" });
    assert.equal(roce.state?.confirmed, false);
    assert.deepEqual(await roce.refresh(), []);
    assert.equal(await roce.up({ adapter: "vmrdma0", version: "v2" }), "same");
  });

  it("does not take a RoCE version from before a reboot for confirmed, and sets it again", async () => {
    lab = await Lab.start({ model: "8.0" });
    lab.hand("esxcli rdma iser add -d vmrdma0");
    const roce = lab.lifecycle(roceParams);
    await roce.up({ adapter: "vmrdma0", version: "v2" });
    assert.equal(roce.state?.confirmed, true);
    lab.host.reboot();
    assert.deepEqual(await roce.refresh(), ["confirmed", "unfinished"]);
    assert.equal(roce.state?.version, "v2");
    assert.equal(await roce.up({ adapter: "vmrdma0", version: "v2" }), "update");
    assert.equal(roce.state?.confirmed, true);
    assert.deepEqual(await roce.refresh(), []);
  });

  it("refuses a RoCE version on a build without the command, saying so", async () => {
    for (const model of ["6.7", "9.0"] as const) {
      lab = await Lab.start({ model });
      lab.hand("esxcli rdma iser add");
      await assert.rejects(lab.lifecycle(roceParams).up({ adapter: "vmrdma0", version: "v2" }), {
        code: "COMMAND_UNKNOWN",
      });
      if (model === "6.7") await lab.close();
    }
  });
});

describe("an adapter", () => {
  let lab: Lab;
  afterEach(() => lab?.close());
  const refused: [string, object, { device: string } | { uplink: string }, RegExp][] = [
    ["of a device that is not there", {}, { device: "vmrdma7" }, /DEVICE_NOT_FOUND/],
    [
      "of an uplink without RDMA device",
      {},
      { uplink: "vmnic0" },
      /RDMA device with the uplink vmnic0\. RDMA devices: vmrdma0[\s\S]*DEVICE_NOT_FOUND/,
    ],
    [
      "of a device whose link is down",
      { state: "Down" },
      { device: "vmrdma0" },
      /in state Down[\s\S]*vmrdma0 \(Down, uplink vmnic4\)[\s\S]*DEVICE_NOT_ACTIVE/,
    ],
    [
      "of a device without uplink",
      { uplink: undefined },
      { device: "vmrdma0" },
      /vmrdma0 \(Active, uplink none\)[\s\S]*DEVICE_WITHOUT_UPLINK/,
    ],
  ];
  for (const [title, changes, inputs, message] of refused)
    it(`${title} is refused before anything is written`, async () => {
      const { uplink = "vmnic4", ...card } = { name: "vmrdma0", ...changes } as { name: string; uplink?: string };
      const rdmaDevices = [{ ...card, ...("uplink" in changes ? {} : { uplink }) }];
      lab = await Lab.start({ model: "8.0", rdmaDevices });
      await assert.rejects(lab.lifecycle(iserAdapter).up(inputs), message);
      assert.equal(lab.host.counters.writes, 0);
    });

  it("that never appears is an error after a bounded wait, and stays in state as unfinished", async () => {
    lab = await Lab.start({ model: "8.0", unknowns: { adapterAppearsAfterReads: 1_000_000 } });
    const adapter = lab.lifecycle(iserAdapter);
    await assert.rejects(adapter.up({ device: "vmrdma0" }), {
      code: "NOT_CONVERGED",
      message: /still to do: esxcli rdma iser add --device=vmrdma0/,
    });
    assert.equal(adapter.state?.unfinished, true);
  });
});

describe("two adapters on a build whose add and delete take no device", () => {
  let lab: Lab;
  let bare: string;
  afterEach(() => lab?.close());
  const start = async (model: "6.7" | "7.0") => {
    lab = await Lab.start({ model });
    bare = lab.host.dump();
  };
  const adapters = () => lab.hand("esxcli iscsi adapter list").match(/^vmhba\d+/gm) ?? [];

  for (const model of ["6.7", "7.0"] as const)
    it(`are made by one add and taken by one delete with the last one (${model})`, async () => {
      await start(model);
      const first = lab.lifecycle(iserAdapter);
      const second = lab.sibling(first);
      await first.up({ device: "vmrdma0" });
      await second.up({ device: "vmrdma1" });
      assert.deepEqual(adapters(), ["vmhba64", "vmhba65"]);
      assert.equal(lab.host.counters.writes, 1);
      await first.destroy();
      assert.deepEqual(adapters(), ["vmhba64", "vmhba65"]);
      assert.match(lab.notices.join(), /left on the host[\s\S]*would also take vmhba65 of vmrdma1/);
      await second.destroy();
      assert.equal(lab.host.counters.writes, 2);
      if (model === "6.7") lab.host.reboot();
      assert.equal(lab.host.dump(), bare);
    });

  it("stay when one of them is declared no longer", async () => {
    await start("7.0");
    const first = lab.lifecycle(iserAdapter);
    const second = lab.sibling(first);
    await first.up({ device: "vmrdma0" });
    await second.up({ device: "vmrdma1" });
    await first.destroy();
    assert.deepEqual(await second.refresh(), []);
  });

  it("stay when the other one was there before", async () => {
    lab = await Lab.start({
      model: "7.0",
      rdmaDevices: [
        { name: "vmrdma0", uplink: "vmnic4", state: "Down" },
        { name: "vmrdma1", uplink: "vmnic5" },
      ],
    });
    lab.hand("esxcli rdma iser add");
    const second = lab.lifecycle(iserAdapter);
    await second.up({ device: "vmrdma1" });
    await second.destroy();
    assert.deepEqual(adapters(), ["vmhba64"]);
  });
});
