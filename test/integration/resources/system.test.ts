import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { moduleParameters } from "../../../src/resources/moduleParameters.js";
import { pauseParams } from "../../../src/resources/pauseParams.js";
import { rescan } from "../../../src/resources/rescan.js";
import { Lab } from "../../support/lab.js";

type Unknowns = NonNullable<NonNullable<Parameters<typeof Lab.start>[0]>["unknowns"]>;

describe("The system of a host", () => {
  let lab: Lab;
  afterEach(() => lab.close());
  const on = async (unknowns: Unknowns = {}, rest: Parameters<typeof Lab.start>[0] = {}) => {
    lab = await Lab.start({ ...rest, unknowns });
    return lab;
  };
  const pause = () => /^vmnic4 .*$/m.exec(lab.hand("esxcli network nic pauseParams list"))?.[0].split(/ +/).slice(2, 5);
  const parameters = (module = "nmlx5_core") =>
    Object.fromEntries(
      lab
        .hand(`esxcli --formatter=csv system module parameters list -m ${module}`)
        .split("\n")
        .slice(1, -1)
        .map((line) => line.split(",").slice(1, 4))
        .map(([name, , value]) => [name, value]),
    );

  for (const pauseSetWithout of ["keeps", "resets"] as const)
    it(`keeps an undeclared pause option where a set without it ${pauseSetWithout} it`, async () => {
      await on({ pauseSetWithout });
      lab.hand("esxcli network nic pauseParams set -n vmnic4 -r true -t false -a true");
      const resource = lab.lifecycle(pauseParams);
      await resource.up({ nic: "vmnic4", rx: false });
      assert.deepEqual(pause(), ["false", "false", "true"]);
      await resource.destroy();
      assert.deepEqual(pause(), ["true", "false", "true"]);
    });

  it("that loses pause parameters at a reboot shows it at the next refresh, and gets them again", async () => {
    await on({ pauseParamsPersist: false });
    const resource = lab.lifecycle(pauseParams);
    const inputs = { nic: "vmrdma0", rx: false, tx: false };
    await resource.up(inputs);
    lab.host.reboot();
    assert.deepEqual(await resource.refresh(), ["rx", "tx"]);
    assert.equal(await resource.up(inputs), "update");
    assert.deepEqual(pause(), ["false", "false", "false"]);
  });

  it("without the NIC is told so, and has nothing to give back", async () => {
    await on();
    const resource = lab.lifecycle(pauseParams);
    await assert.rejects(resource.up({ nic: "vmnic9", rx: true }), /no NIC vmnic9\. NICs: vmnic0, vmnic4, vmnic5/);
    await resource.up({ nic: "vmnic5", rx: false });
    lab.host.state.nics = lab.host.state.nics.filter(({ name }) => name !== "vmnic5");
    await resource.destroy();
  });

  it("whose NIC has no pause parameters is told so before anything is written", async () => {
    await on({}, { nics: [{ name: "vmnic4", pause: { supported: false } }] });
    await assert.rejects(lab.lifecycle(pauseParams).up({ nic: "vmnic4", rx: false }), { code: "PAUSE_NOT_SUPPORTED" });
    assert.deepEqual(lab.writesSince(0), []);
  });

  it("has nothing to do for a NIC without pause parameters that shows what is declared", async () => {
    await on({}, { nics: [{ name: "vmnic4", pause: { supported: false, rx: false, tx: false } }] });
    const resource = lab.lifecycle(pauseParams);
    await resource.up({ nic: "vmnic4", rx: false, tx: false });
    await resource.destroy();
    assert.deepEqual(lab.writesSince(0), []);
  });

  const withPfc = {
    accepted: { pause: ["true", "true", "false"], told: /^$/ },
    refused: {
      pause: ["false", "false", "false"],
      told: /not given back: [\s\S]*Unable to complete Sysinfo operation/,
    },
  } as const;
  for (const pauseWithPfc of ["accepted", "refused"] as const)
    it(`keeps no delete from ending where a card with priority flow control has pause ${pauseWithPfc}`, async () => {
      await on({ pauseWithPfc });
      const resource = lab.lifecycle(pauseParams);
      await resource.up({ nic: "vmnic4", rx: false, tx: false });
      lab.hand("esxcli system module parameters set -m nmlx5_core -p pfctx=0x08");
      lab.host.reboot();
      await resource.destroy();
      assert.deepEqual(pause(), withPfc[pauseWithPfc].pause);
      assert.match(lab.notices.join("\n"), withPfc[pauseWithPfc].told);
    });

  it("gives pause back while priority flow control waits for a reboot", async () => {
    await on({ pauseWithPfc: "refused" });
    const resource = lab.lifecycle(pauseParams);
    await resource.up({ nic: "vmnic4", rx: false, tx: false });
    lab.hand("esxcli system module parameters set -m nmlx5_core -p pfctx=0x08");
    await resource.destroy();
    assert.deepEqual(pause(), ["true", "true", "false"]);
    assert.deepEqual(lab.notices, []);
  });

  it("with priority flow control on refuses pause that is declared, and the error says why", async () => {
    await on({ pauseWithPfc: "refused" }, { nics: [{ name: "vmnic4", pause: { rx: false, tx: false } }] });
    lab.hand("esxcli system module parameters set -m nmlx5_core -p pfcrx=0x08");
    lab.host.reboot();
    await assert.rejects(lab.lifecycle(pauseParams).up({ nic: "vmnic4", tx: true }), {
      code: "COMMAND_FAILED",
      message: /priority flow control is on/,
    });
    assert.deepEqual(pause(), ["false", "false", "false"]);
  });

  for (const moduleValues of ["asGiven", "decimal"] as const)
    it(`takes 0x08 for 8 where it shows numbers ${moduleValues}`, async () => {
      await on({ moduleValues });
      const resource = lab.lifecycle(moduleParameters);
      const inputs = { module: "nmlx5_core", parameters: { pfctx: "0x08" } };
      await resource.up(inputs);
      assert.equal(parameters().pfctx, moduleValues === "decimal" ? "8" : "0x08");
      assert.deepEqual(await resource.refresh(), []);
      assert.equal(await resource.up(inputs), "same");
      assert.equal(await resource.up({ ...inputs, parameters: { pfctx: 8 } }), "update");
      assert.equal(lab.writesSince(0).length, 1);
    });

  it("needs a reboot for module parameters, and a refresh after it says that it had one", async () => {
    await on();
    const resource = lab.lifecycle(moduleParameters);
    const inputs = { module: "nmlx5_core", parameters: { trust_state: 2 } };
    await resource.up(inputs);
    assert.equal(resource.state?.rebootRequired, true);
    assert.match(lab.notices.join(), /nmlx5_core: takes effect at the next reboot/);
    assert.deepEqual(await resource.refresh(), []);
    lab.host.reboot();
    assert.deepEqual(await resource.refresh(), ["rebootRequired", "writtenAt", "uptimeWhenWritten"]);
    assert.equal(resource.state?.rebootRequired, false);
    assert.equal(await resource.up(inputs), "same");
    await resource.up({ ...inputs, parameters: { trust_state: 1 } });
    assert.equal(resource.state?.rebootRequired, true);
  });

  it("whose clock is set still needs the reboot that it needed, and none after it", async () => {
    await on();
    const resource = lab.lifecycle(moduleParameters);
    await resource.up({ module: "nmlx5_core", parameters: { trust_state: 2 } });
    for (const milliseconds of [86_400_000, -172_800_000]) {
      lab.host.state.clock += milliseconds;
      lab.host.state.bootedAt += milliseconds;
      assert.deepEqual(await resource.refresh(), []);
    }
    lab.host.reboot();
    await resource.refresh();
    assert.equal(resource.state?.rebootRequired, false);
  });

  it("takes no text for a number, and nothing is written", async () => {
    await on();
    const resource = lab.lifecycle(moduleParameters);
    await assert.rejects(resource.up({ module: "nmlx5_core", parameters: { pfctx: 8, trust_state: "dscp" } }), {
      code: "PARAMETER_OUT_OF_RANGE",
    });
    assert.deepEqual(lab.writesSince(0), []);
  });

  it("gives back the rest where a driver has lost a parameter", async () => {
    await on();
    lab.hand("esxcli system module parameters set -m nmlx5_core -p 'pfctx=1 pfcrx=2'");
    const resource = lab.lifecycle(moduleParameters);
    await resource.up({ module: "nmlx5_core", parameters: { pfctx: 8, pfcrx: 8 } });
    const module = lab.host.state.modules.find(({ name }) => name === "nmlx5_core");
    assert.ok(module);
    module.parameters = module.parameters.filter(({ name }) => name !== "pfcrx");
    delete module.options.pfcrx;
    await resource.destroy();
    assert.equal(parameters().pfctx, "1");
    assert.match(lab.notices.join("\n"), /pfcrx=2 is not given back, because the module has no such parameter/);
  });

  it("needs no reboot for a module that is not loaded", async () => {
    await on();
    const resource = lab.lifecycle(moduleParameters);
    await resource.up({ module: "iser", parameters: { iser_LunQDepth: 64 } });
    assert.equal(resource.state?.rebootRequired, false);
    assert.equal(parameters("iser").iser_LunQDepth, "64");
    assert.deepEqual(lab.notices, []);
  });

  it("needs a reboot although the connection was lost after the write", async () => {
    await on();
    lab.host.faults.add({ match: "system module parameters set", kind: "dropAfter" });
    const resource = lab.lifecycle(moduleParameters);
    await resource.up({ module: "nmlx5_core", parameters: { trust_state: 2 } });
    assert.equal(resource.state?.rebootRequired, true);
  });

  it("keeps a parameter that is no longer declared, and does not give it back later", async () => {
    await on();
    const resource = lab.lifecycle(moduleParameters);
    await resource.up({ module: "nmlx5_core", parameters: { pfctx: 8, pfcrx: 8 } });
    await resource.up({ module: "nmlx5_core", parameters: { pfctx: 8 } });
    assert.deepEqual([parameters().pfctx, parameters().pfcrx], ["8", "8"]);
    await resource.destroy();
    assert.deepEqual([parameters().pfctx, parameters().pfcrx], ["", "8"]);
    assert.match(lab.notices.join("\n"), /given back, which takes effect at the next reboot/);
  });

  it("gives back the old value of a parameter that was declared later", async () => {
    await on();
    lab.hand("esxcli system module parameters set -m nmlx5_core -p 'pfctx=1 pfcrx=2'");
    const resource = lab.lifecycle(moduleParameters);
    await resource.up({ module: "nmlx5_core", parameters: { pfctx: 8 } });
    await resource.up({ module: "nmlx5_core", parameters: { pfctx: 16, pfcrx: 16 } });
    await resource.destroy();
    assert.deepEqual([parameters().pfctx, parameters().pfcrx], ["1", "2"]);
  });

  it("refuses an unknown module or parameter before anything is written", async () => {
    await on();
    const up = (inputs: object) => lab.lifecycle(moduleParameters).up(inputs);
    await assert.rejects(up({ module: "nmlx9_core", parameters: { a: 1 } }), { code: "MODULE_NOT_FOUND" });
    await assert.rejects(up({ module: "nmlx5_core", parameters: { pfctx: 8, dscp_force: 26 } }), {
      code: "PARAMETER_UNKNOWN",
    });
    assert.deepEqual(lab.writesSince(0), []);
  });
});

describe("A rescan of a host", () => {
  let lab: Lab;
  afterEach(() => lab.close());
  const found = (output: unknown) => output as { name?: string; paths?: { adapter: string }[] }[];
  const targets = ["iqn.2010-09.lab.storage:iser-a", "iqn.2010-09.lab.storage:iser-b"];
  const luns = [
    { device: "naa.6000000000000000000000000000000a", sizeMb: 1024 },
    { device: "naa.6000000000000000000000000000000b", sizeMb: 2048 },
  ];
  const on = async (unknowns: Unknowns = {}, storage = [{ name: targets[0] ?? "", luns }]) => {
    lab = await Lab.start({ unknowns, storage: [{ address: "192.168.50.100", targets: storage }] });
    for (const [vmk, vmhba, device] of [
      ["vmk1", "vmhba64", "vmrdma0"],
      ["vmk2", "vmhba65", "vmrdma1"],
    ]) {
      lab.hand(`esxcli rdma iser add -d ${device}`);
      lab.hand(`esxcli iscsi networkportal add -A ${vmhba} -n ${vmk}`);
      lab.hand(`esxcli iscsi adapter discovery sendtarget add -A ${vmhba} -a 192.168.50.100`);
    }
    return lab.lifecycle(rescan);
  };

  for (const devicesNeedRescan of [false, true])
    it(`finds targets, sessions and devices of one adapter${devicesNeedRescan ? " where devices need it" : ""}`, async () => {
      const resource = await on({ devicesNeedRescan });
      lab.hand("esxcli iscsi adapter discovery rediscover -A vmhba64");
      await resource.up({ adapter: "vmnic4" });
      const path = { adapter: "vmrdma0", targetName: targets[0], state: "active" };
      assert.deepEqual(resource.state?.devices, [
        {
          name: luns[0]?.device,
          displayName: `SIMULATE iSCSI Disk (${luns[0]?.device})`,
          sizeMb: 1024,
          paths: [{ ...path, runtimeName: "vmhba64:C0:T0:L0", lun: 0 }],
        },
        {
          name: luns[1]?.device,
          displayName: `SIMULATE iSCSI Disk (${luns[1]?.device})`,
          sizeMb: 2048,
          paths: [{ ...path, runtimeName: "vmhba64:C0:T0:L1", lun: 1 }],
        },
      ]);
      assert.deepEqual(resource.state?.targets, [
        {
          adapter: "vmrdma0",
          targetName: targets[0],
          address: "192.168.50.100",
          port: 3260,
          discoveryMethod: "SENDTARGETS",
          lastError: "No Error",
        },
      ]);
      assert.deepEqual(resource.state?.sessions, [
        {
          adapter: "vmrdma0",
          targetName: targets[0],
          isid: "00023d000001",
          authenticationMethod: "none",
          connections: [{ address: "192.168.50.100", state: "logged_in" }],
        },
      ]);
      assert.deepEqual(lab.notices, []);
      assert.doesNotMatch(lab.hand("esxcli iscsi session list"), /vmhba65/);
    });

  it("waits for targets that appear only after a while", async () => {
    const resource = await on({ targetsAppearAfterReads: 3 });
    await resource.up({ adapter: "vmrdma0" });
    assert.deepEqual([found(resource.state?.targets).length, found(resource.state?.devices).length], [1, 2]);
    assert.deepEqual(lab.notices, []);
  });

  it("without an adapter is of all iSER adapters, each device once", async () => {
    const resource = await on();
    await resource.up({});
    assert.deepEqual(
      found(resource.state?.devices).map(({ name, paths }) => [name, paths?.map(({ adapter }) => adapter)]),
      luns.map(({ device }) => [device, ["vmrdma0", "vmrdma1"]]),
    );
    assert.deepEqual(
      lab.writesSince(0).filter((line) => line.includes("rescan")),
      ["esxcli --formatter=xml storage core adapter rescan --all"],
    );
  });

  it("finds what is new when the triggers change, and only then", async () => {
    const resource = await on();
    await resource.up({ adapter: "vmrdma0", triggers: { targets: 1 } });
    lab.host.state.storage[0]?.targets.push({ name: targets[1] ?? "" });
    assert.equal(await resource.up({ adapter: "vmrdma0", triggers: { targets: 1 } }), "same");
    assert.equal(await resource.up({ adapter: "vmrdma0", triggers: { targets: 2 } }), "update");
    assert.equal(found(resource.state?.targets).length, 2);
  });

  it("tells why there is no session", async () => {
    lab = await Lab.start({
      storage: [
        {
          address: "192.168.50.100",
          targets: [{ name: targets[0] ?? "", chap: { name: "esx01", secret: "simulated-secret-one" } }],
        },
      ],
    });
    lab.hand("esxcli rdma iser add -d vmrdma0");
    lab.hand("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
    lab.hand("esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100");
    await lab.lifecycle(rescan).up({ adapter: "vmrdma0" });
    assert.match(
      lab.notices.join("\n"),
      /vmrdma0\/rescan: no session of vmrdma0 with iqn\.2010-09\.lab\.storage:iser-a at 192\.168\.50\.100:3260: ESXi says "0x0201 .*CHAP failed/,
    );
  });

  it("tells that there is nothing to find", async () => {
    lab = await Lab.start();
    lab.hand("esxcli rdma iser add -d vmrdma0");
    await lab.lifecycle(rescan).up({ adapter: "vmrdma0" });
    assert.match(
      lab.notices.join("\n"),
      /no targets on vmrdma0, which has no discovery address\. Declare a DiscoveryAddress/,
    );
  });

  it("shows devices that are gone at a refresh", async () => {
    const resource = await on();
    await resource.up({ adapter: "vmrdma0" });
    lab.host.state.storage = [];
    assert.deepEqual(await resource.refresh(), ["devices"]);
    assert.deepEqual(resource.state?.devices, []);
  });

  it("shows no drift when only a session is another", async () => {
    const resource = await on();
    await resource.up({ adapter: "vmrdma0" });
    for (const session of lab.host.state.iscsiAdapters[0]?.sessions ?? []) session.authentication = "chap";
    assert.deepEqual(await resource.refresh(), []);
  });

  it("shows no drift in the last error of a target and the number of an adapter", async () => {
    const resource = await on();
    await resource.up({ adapter: "vmrdma0" });
    lab.host.reboot({ swapAdapters: ["vmhba64", "vmhba65"] });
    for (const adapter of lab.host.state.iscsiAdapters)
      for (const target of adapter.targets) target.lastError = "0x0008 Connection timed out.";
    assert.match(lab.hand("esxcli storage core path list"), /vmhba65:C0:T0:L0/);
    assert.deepEqual(await resource.refresh(), []);
  });

  it("tells which portal of a target has no session", async () => {
    const resource = await on();
    lab.hand(`esxcli iscsi adapter discovery statictarget add -A vmhba64 -a 192.168.50.101:3260 -n ${targets[0]}`);
    await resource.up({ adapter: "vmrdma0" });
    assert.match(
      lab.notices.join("\n"),
      /1 of 2 portals of \S+ have a session of vmrdma0, none at 192\.168\.50\.101:3260\./,
    );
  });

  it("is not asked when a rescan is deleted", async () => {
    const resource = await on();
    await resource.up({ adapter: "vmrdma0" });
    const { length } = lab.host.journal;
    await resource.destroy();
    assert.equal(lab.host.journal.length, length);
  });

  it("ends with a reason when the session list hangs", async () => {
    const resource = await on();
    lab.host.faults.add({ match: "iscsi session list", kind: "hang" });
    const { inputs } = resource.life.check({
      host: { ...lab.settings, commandTimeout: 1 },
      adapter: "vmrdma0",
    });
    await assert.rejects(resource.life.create(inputs), { code: "COMMAND_TIMEOUT" });
  });
});
