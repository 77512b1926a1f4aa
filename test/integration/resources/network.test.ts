import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { ErrorCode } from "../../../src/errors.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { portGroup } from "../../../src/resources/portGroup.js";
import { virtualSwitch } from "../../../src/resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../../src/resources/vmkernelAdapter.js";
import { Lab } from "../../support/lab.js";

const sw = "esxcli network vswitch standard";
const ip = "esxcli network ip interface";
const netmask = "255.255.255.0";

/** How ESXi may be, where that is not known. */
const ways = (["accepted", "refused"] as const).flatMap((mtuBeyondSwitch) =>
  (["active", "unused"] as const).map((addedUplink) => ({ mtuBeyondSwitch, addedUplink })),
);

describe("the network of a host", () => {
  let lab: Lab;
  afterEach(() => lab.close());
  const start = async (unknowns = {}, ...lines: string[]) => {
    lab = await Lab.start({ model: "8.0", unknowns });
    for (const line of lines) lab.hand(line);
  };
  /** The MTUs that the host was given, in order. */
  const mtus = (since: number) =>
    lab
      .writesSince(since)
      .flatMap((line) => /--(?:vswitch|interface)-name=(\w+) --mtu=(\d+)/.exec(line)?.slice(1, 3).join(" ") ?? []);

  for (const unknowns of ways) {
    const title = `where a larger MTU than the switch's is ${unknowns.mtuBeyondSwitch} and an added uplink is ${unknowns.addedUplink}`;

    it(`is made from switch to binding, raised and lowered in the right order, and given back, ${title}`, async () => {
      await start(unknowns, `${sw} uplink remove -u vmnic5 -v vSwitch2`, "esxcli rdma iser add -d vmrdma1");
      const bare = lab.host.dump();
      const [carrier, group, vmk, binding] = [virtualSwitch, portGroup, vmkernelAdapter, portBinding].map(
        (definition) => lab.lifecycle(definition),
      );
      const declare = async (mtu: number) => {
        await carrier?.up({ name: "storage", uplinks: ["vmrdma1"], mtu, lowerFirst: ["vmk3"] });
        await group?.up({
          name: "storage-b",
          virtualSwitch: "storage",
          activeUplinks: ["vmrdma1"],
          standbyUplinks: [],
        });
        await vmk?.up({ name: "vmk3", portGroup: "storage-b", ipv4: { address: "192.168.50.13", netmask }, mtu });
        await binding?.up({ adapter: "vmrdma1", vmkernelAdapter: "vmk3" });
      };
      await declare(1500);
      const raised = lab.host.journal.length;
      await declare(9000);
      assert.deepEqual(mtus(raised), ["storage 9000", "vmk3 9000"]);
      assert.match(lab.hand("esxcli iscsi networkportal list -A vmhba64"), /Compliant Status: compliant/);
      const lowered = lab.host.journal.length;
      await declare(1500);
      assert.deepEqual(mtus(lowered), ["vmk3 1500", "storage 1500"]);
      for (const made of [binding, vmk, group, carrier]) await made?.destroy();
      assert.equal(lab.host.dump(), bare);
    });

    it(`of its own is raised, lowered and given back in the right order, ${title}`, async () => {
      await start(unknowns);
      const bare = lab.host.dump();
      const [carrier, vmk] = [lab.lifecycle(virtualSwitch), lab.lifecycle(vmkernelAdapter)];
      const declare = async (mtu: number) => {
        await carrier.up({ name: "vSwitch1", mtu, lowerFirst: ["vmk1"] });
        await vmk.up({ name: "vmk1", portGroup: "iser-a", mtu });
      };
      await declare(9000);
      await declare(4000);
      const back = lab.host.journal.length;
      await vmk.destroy();
      await carrier.destroy();
      assert.deepEqual(mtus(back), ["vmk1 1500", "vSwitch1 1500"]);
      assert.equal(lab.host.dump(), bare);
    });

    it(`keeps apart what a VMkernel adapter had and what was declared meanwhile, ${title}`, async () => {
      await start(unknowns, `${sw} set -v vSwitch1 -m 9000`);
      const bare = lab.host.dump();
      const [carrier, vmk] = [lab.lifecycle(virtualSwitch), lab.lifecycle(vmkernelAdapter)];
      for (const mtu of [9000, 1500]) {
        await carrier.up({ name: "vSwitch1", mtu, lowerFirst: ["vmk1"] });
        await vmk.up({ name: "vmk1", portGroup: "iser-a", mtu });
      }
      await vmk.destroy();
      await carrier.destroy();
      assert.equal(lab.host.dump(), bare);
    });

    it(`gets back the MTU from before its own was declared and then lowered with the switch, ${title}`, async () => {
      await start(unknowns, `${sw} set -v vSwitch1 -m 9000`);
      const bare = lab.host.dump();
      const [carrier, vmk] = [lab.lifecycle(virtualSwitch), lab.lifecycle(vmkernelAdapter)];
      await vmk.up({ name: "vmk1", portGroup: "iser-a", mtu: 4000 });
      await carrier.up({ name: "vSwitch1", mtu: 1500, lowerFirst: ["vmk1"] });
      await vmk.destroy();
      await carrier.destroy();
      assert.equal(lab.host.dump(), bare);
    });

    it(`gets back larger MTUs that were adopted and then lowered by declaration, ${title}`, async () => {
      await start(unknowns, `${sw} set -v vSwitch1 -m 9000`, `${ip} set -i vmk1 -m 9000`);
      const bare = lab.host.dump();
      const [carrier, vmk] = [lab.lifecycle(virtualSwitch), lab.lifecycle(vmkernelAdapter)];
      for (const mtu of [9000, 1500]) {
        await carrier.up({ name: "vSwitch1", mtu, lowerFirst: ["vmk1"] });
        await vmk.up({ name: "vmk1", portGroup: "iser-a", mtu });
      }
      const back = lab.host.journal.length;
      await vmk.destroy();
      await carrier.destroy();
      assert.deepEqual(mtus(back), ["vSwitch1 9000", "vmk1 9000"]);
      assert.equal(lab.host.dump(), bare);
    });

    it(`gets back the larger MTUs that it had, ${title}`, async () => {
      await start(unknowns, `${sw} set -v vSwitch1 -m 9000`, `${ip} set -i vmk1 -m 8000`);
      const bare = lab.host.dump();
      const carrier = lab.lifecycle(virtualSwitch);
      await carrier.up({ name: "vSwitch1", mtu: 1500, lowerFirst: ["vmk1"] });
      await carrier.destroy();
      assert.equal(lab.host.dump(), bare);
    });

    it(`loses an uplink by force and gets it back in its place, ${title}`, async () => {
      await start(
        unknowns,
        `${sw} uplink remove -u vmnic0 -v vSwitch0`,
        `${sw} uplink add -u vmnic0 -v vSwitch2`,
        `${sw} policy failover set -v vSwitch2 -a vmnic5 -s vmnic0 -l explicit -b false`,
        `${sw} portgroup policy failover set -p iser-b -l mac`,
      );
      const bare = lab.host.dump();
      const carrier = lab.lifecycle(virtualSwitch);
      await carrier.up({ name: "storage", uplinks: ["vmnic5"], mtu: 9000, force: true });
      assert.match(lab.hand(`${sw} list -v storage`), /Uplinks: vmnic5\n/);
      assert.match(lab.hand(`${sw} list -v vSwitch2`), /Uplinks: vmnic0\n/);
      const unused = unknowns.addedUplink === "unused" ? 1 : 0;
      assert.equal(lab.notices.filter((note) => /vmnic5 is not used/.test(note)).length, unused);
      await carrier.destroy();
      assert.equal(lab.host.dump(), bare);
    });
  }

  it("gives an uplink that was taken back also when its return was interrupted", async () => {
    await start();
    const bare = lab.host.dump();
    const carrier = lab.lifecycle(virtualSwitch);
    for (const fails of ["uplink add", "policy failover set", "remove"]) {
      await carrier.up({ name: "storage", uplinks: ["vmnic5"], force: true });
      lab.host.faults.add({ match: `network vswitch standard ${fails}`, kind: "fail", message: "Simulated failure." });
      await assert.rejects(carrier.destroy(), /Simulated failure/);
      await carrier.destroy();
      assert.equal(lab.host.dump(), bare, fails);
    }
  });

  it("moves an uplink that one switch gives up to the other, whichever goes first", async () => {
    await start();
    const [from, to] = [lab.lifecycle(virtualSwitch), lab.lifecycle(virtualSwitch)];
    await from.up({ name: "vSwitch2", uplinks: ["vmnic5"] });
    await Promise.all([
      to.up({ name: "vSwitch1", uplinks: ["vmnic4", "vmnic5"] }),
      from.up({ name: "vSwitch2", uplinks: [], force: true }),
    ]);
    assert.match(lab.hand(`${sw} list -v vSwitch1`), /Uplinks: vmnic4, vmnic5\n/);
    assert.match(lab.hand(`${sw} list -v vSwitch2`), /Uplinks: \n/);
  });

  const teamed = [`${sw} uplink remove -u vmnic0 -v vSwitch0`, `${sw} uplink add -u vmnic0 -v vSwitch1`];
  const refusals: [string, readonly string[], Parameters<Lab["lifecycle"]>[0], object, ErrorCode][] = [
    [
      "an uplink of another switch",
      [],
      virtualSwitch,
      { name: "vSwitch1", uplinks: ["vmnic4", "vmnic5"], mtu: 9000 },
      "UPLINK_IN_USE",
    ],
    [
      "by force an uplink that a port group of another switch names",
      [`${sw} portgroup policy failover set -p iser-b -a vmnic5`],
      virtualSwitch,
      { name: "vSwitch1", uplinks: ["vmnic4", "vmnic5"], force: true },
      "UPLINK_IN_USE",
    ],
    [
      "to take an undeclared uplink off",
      teamed,
      virtualSwitch,
      { name: "vSwitch1", uplinks: ["vmnic4"] },
      "UPLINK_REMOVAL",
    ],
    [
      "by force to take off an uplink that a port group names",
      [...teamed, `${sw} portgroup policy failover set -p iser-a -a vmnic0`],
      virtualSwitch,
      { name: "vSwitch1", uplinks: ["vmnic4"], force: true },
      "UPLINK_REMOVAL",
    ],
    [
      "by force an uplink of another switch that a bound VMkernel adapter uses",
      ["esxcli rdma iser add -d vmrdma0", "esxcli iscsi networkportal add -A vmhba64 -n vmk1"],
      virtualSwitch,
      { name: "storage", uplinks: ["vmnic4"], force: true },
      "UPLINK_BOUND",
    ],
    [
      "by force to take off an uplink that a bound VMkernel adapter uses",
      [...teamed, "esxcli rdma iser add -d vmrdma0", "esxcli iscsi networkportal add -A vmhba64 -n vmk1"],
      virtualSwitch,
      { name: "vSwitch1", uplinks: ["vmnic4"], force: true },
      "UPLINK_BOUND",
    ],
    [
      "an MTU below that of a VMkernel adapter",
      [`${sw} set -v vSwitch1 -m 9000`, `${ip} set -i vmk1 -m 9000`],
      virtualSwitch,
      { name: "vSwitch1", mtu: 1500 },
      "MTU_MISMATCH",
    ],
    [
      "a port group of another switch",
      [],
      portGroup,
      { name: "iser-a", virtualSwitch: "vSwitch2", vlanId: 3 },
      "PORT_GROUP_ELSEWHERE",
    ],
    [
      "a VMkernel adapter of another port group",
      [],
      vmkernelAdapter,
      { name: "vmk1", portGroup: "iser-b" },
      "VMKERNEL_ADAPTER_ELSEWHERE",
    ],
    [
      "an MTU above that of the switch",
      [],
      vmkernelAdapter,
      { name: "vmk1", portGroup: "iser-a", mtu: 9000 },
      "MTU_MISMATCH",
    ],
    [
      "an address of another VMkernel adapter",
      [],
      vmkernelAdapter,
      { name: "vmk3", portGroup: "iser-a", ipv4: { address: "192.168.1.11", netmask } },
      "ADDRESS_IN_USE",
    ],
  ];
  for (const [title, lines, definition, inputs, code] of refusals)
    it(`refuses ${title} before anything is written`, async () => {
      await start({}, ...lines);
      const before = lab.host.dump();
      const declared = lab.lifecycle(definition);
      await assert.rejects(declared.up(inputs), { code });
      assert.deepEqual([lab.host.dump(), declared.state], [before, undefined]);
    });

  it("adopts what is there and gives back only what was declared", async () => {
    await start({}, `${ip} ipv4 set -i vmk1 -t static -I 192.168.50.11 -N ${netmask} -g 192.168.50.1`);
    const vmk = lab.lifecycle(vmkernelAdapter);
    await vmk.up({ name: "vmk1", portGroup: "iser-a", ipv4: { address: "192.168.50.21", netmask } });
    assert.match(lab.hand(`${ip} ipv4 get -i vmk1`), /192\.168\.50\.21 .* STATIC +192\.168\.50\.1 /);
    await vmk.up({ name: "vmk1", portGroup: "iser-a" });
    const before = lab.host.dump();
    await vmk.destroy();
    assert.equal(lab.host.dump(), before);
  });

  it("gives back what was first declared in an update", async () => {
    await start();
    const bare = lab.host.dump();
    const [carrier, vmk] = [lab.lifecycle(virtualSwitch), lab.lifecycle(vmkernelAdapter)];
    await carrier.up({ name: "vSwitch1", cdp: "both" });
    await carrier.up({ name: "vSwitch1", cdp: "down", mtu: 9000, uplinks: ["vmnic4", "vmnic5"], force: true });
    await vmk.up({ name: "vmk1", portGroup: "iser-a", ipv4: "none" });
    await vmk.up({ name: "vmk1", portGroup: "iser-a", ipv4: "dhcp", mtu: 9000, ipv6Addresses: ["fd00::1/64"] });
    await vmk.destroy();
    await carrier.destroy();
    assert.equal(lab.host.dump(), bare);
  });

  it("keeps a switch and a port group that are still in use, and says so", async () => {
    await start({}, `${sw} uplink remove -u vmnic5 -v vSwitch2`);
    const [carrier, group] = [lab.lifecycle(virtualSwitch), lab.lifecycle(portGroup)];
    await carrier.up({ name: "storage", uplinks: ["vmnic5"] });
    await group.up({ name: "storage-b", virtualSwitch: "storage" });
    lab.hand(`${ip} add -i vmk3 -p storage-b`);
    await group.destroy();
    await carrier.destroy();
    assert.match(lab.hand(`${sw} list -v storage`), /Uplinks: vmnic5\n {3}Portgroups: storage-b\n/);
    assert.deepEqual(
      lab.notices.map((note) => note.split(": ").slice(1).join(": ")),
      [
        "PortGroup 127.0.0.1/portgroup/storage-b: left on the host, because it is still used by vmk3.",
        "VirtualSwitch 127.0.0.1/vswitch/storage: left on the host, because it still carries port group storage-b, vmk3.",
      ],
    );
  });

  for (const removeBoundInterface of ["refused", "accepted"] as const) {
    it(`keeps a VMkernel adapter that somebody has bound, and says so, where removing it would be ${removeBoundInterface}`, async () => {
      await start({ removeBoundInterface }, "esxcli rdma iser add -d vmrdma0");
      const vmk = lab.lifecycle(vmkernelAdapter);
      await vmk.up({ name: "vmk3", portGroup: "iser-a" });
      lab.hand("esxcli iscsi networkportal add -A vmhba64 -n vmk3");
      const bound = lab.host.dump();
      await vmk.destroy();
      assert.equal(lab.host.dump(), bound);
      assert.match(
        lab.notices.join(),
        /VmkernelAdapter 127\.0\.0\.1\/vmk3: left on the host, because it is bound to vmhba64/,
      );
    });

    it(`removes a VMkernel adapter whose binding goes meanwhile, where removing a bound one would be ${removeBoundInterface}`, async () => {
      await start({ removeBoundInterface }, "esxcli rdma iser add -d vmrdma0");
      const bare = lab.host.dump();
      const [vmk, binding] = [lab.lifecycle(vmkernelAdapter), lab.lifecycle(portBinding)];
      await vmk.up({ name: "vmk3", portGroup: "iser-a" });
      await binding.up({ adapter: "vmrdma0", vmkernelAdapter: "vmk3" });
      await Promise.all([vmk.destroy(), binding.destroy()]);
      assert.deepEqual([lab.host.dump(), lab.notices], [bare, []]);
    });
  }

  it("keeps an uplink that somebody has added, after a refresh and after an interrupted run", async () => {
    await start({}, ...teamed.slice(0, 1));
    const carrier = lab.lifecycle(virtualSwitch);
    await carrier.up({ name: "vSwitch1", uplinks: ["vmnic4"] });
    lab.hand(`${sw} uplink add -u vmnic0 -v vSwitch1`);
    await carrier.refresh();
    await assert.rejects(carrier.up({ name: "vSwitch1", uplinks: ["vmnic4"] }), { code: "UPLINK_REMOVAL" });
    await carrier.up({ name: "vSwitch1" });
    lab.host.faults.add({ match: "network vswitch standard set", kind: "fail", message: "Simulated failure." });
    await assert.rejects(carrier.up({ name: "vSwitch1", mtu: 9000 }), /Simulated failure/);
    await assert.rejects(carrier.up({ name: "vSwitch1", mtu: 9000, uplinks: ["vmnic4"] }), { code: "UPLINK_REMOVAL" });
    assert.match(lab.hand(`${sw} list -v vSwitch1`), /Uplinks: vmnic4, vmnic0\n/);
    await carrier.up({ name: "vSwitch1", mtu: 9000, uplinks: ["vmnic4"], force: true });
    assert.match(lab.hand(`${sw} list -v vSwitch1`), /Uplinks: vmnic4\n/);
  });

  it("gives an uplink that was taken back also after an update", async () => {
    await start();
    const bare = lab.host.dump();
    const carrier = lab.lifecycle(virtualSwitch);
    await carrier.up({ name: "storage", uplinks: ["vmnic5"], force: true });
    await carrier.up({ name: "storage", uplinks: ["vmnic5"], mtu: 9000, force: true });
    await carrier.destroy();
    assert.equal(lab.host.dump(), bare);
  });

  it("takes an uplink by force when the binding over it goes in the same run", async () => {
    await start({}, "esxcli rdma iser add -d vmrdma1");
    const [carrier, binding] = [lab.lifecycle(virtualSwitch), lab.lifecycle(portBinding)];
    await binding.up({ adapter: "vmrdma1", vmkernelAdapter: "vmk2" });
    await Promise.all([carrier.up({ name: "storage", uplinks: ["vmnic5"], force: true }), binding.destroy()]);
    assert.match(lab.hand(`${sw} list -v storage`), /Uplinks: vmnic5\n/);
  });

  it("does not remove a VMkernel adapter that somebody has made anew on another port group", async () => {
    await start();
    const vmk = lab.lifecycle(vmkernelAdapter);
    await vmk.up({ name: "vmk3", portGroup: "iser-a" });
    for (const line of [`${ip} remove -i vmk3`, `${ip} add -i vmk3 -p iser-b`]) lab.hand(line);
    await vmk.destroy();
    assert.match(lab.hand(`${ip} list`), /Name: vmk3\n[\s\S]*Portgroup: iser-b\n/);
  });
});
