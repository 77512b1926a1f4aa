import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import type { AnyDefinition } from "../../../src/resources/inputs.js";
import { iscsiParameters } from "../../../src/resources/iscsiParameters.js";
import { staticTarget } from "../../../src/resources/staticTarget.js";
import { Lab } from "../../support/lab.js";

const name = "iqn.2010-09.lab.storage:iser-a";
const target = { targetName: name, address: "192.168.50.100" };
const secret = "simulated-secret-one";
const discovery = [
  "esxcli iscsi networkportal add -A vmhba64 -n vmk1",
  "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100",
  "esxcli iscsi adapter discovery rediscover -A vmhba64",
];

describe("settings of an adapter, over SSH", () => {
  let lab: Lab;
  const start = async (options: Parameters<typeof Lab.start>[0] = {}, lines: readonly string[] = discovery) => {
    lab = await Lab.start({ model: "8.0", ...options });
    lab.hand("esxcli rdma iser add -d vmrdma0");
    for (const line of lines) lab.hand(line);
    return lab.host.journal.length;
  };
  afterEach(() => lab.close());

  const settings: [string, AnyDefinition, object, string, RegExp][] = [
    [
      "CHAP",
      chap,
      { level: "required", name: "esx01", secret },
      "auth chap get",
      /Level: required\n +Inheritance: false/,
    ],
    ["parameters", iscsiParameters, { parameters: { LoginTimeout: 10 } }, "param get", /LoginTimeout +10 .* false\n/],
  ];
  for (const [title, definition, inputs, look, shows] of settings) {
    it(`waits for a target that discovery is about to find, and gives it its ${title}`, async () => {
      await start({ unknowns: { targetsAppearAfterReads: 4 } });
      const declared = lab.lifecycle(definition);
      await declared.up({ adapter: "vmrdma0", target, ...inputs });
      assert.match(
        lab.hand(`esxcli iscsi adapter target portal ${look} -A vmhba64 -a ${target.address} -n ${name}`),
        shows,
      );
      assert.deepEqual(await declared.refresh(), []);
    });

    it(`waits no longer than half a minute, writes no ${title}, and says which targets there are`, async () => {
      const from = await start();
      const absent = { ...target, targetName: `${name}-b` };
      await assert.rejects(lab.lifecycle(definition).up({ adapter: "vmrdma0", target: absent, ...inputs }), {
        code: "TARGET_NOT_FOUND",
        message:
          /no target .*iser-a-b at 192\.168\.50\.100:3260\. Its targets: iqn\.2010-09\.lab\.storage:iser-a at 192\.168\.50\.100:3260\n/,
      });
      await assert.rejects(
        lab.lifecycle(definition).up({ adapter: "vmrdma0", discoveryAddress: { address: "array.lab" }, ...inputs }),
        { code: "DISCOVERY_ADDRESS_NOT_FOUND", message: /Its discovery addresses: 192\.168\.50\.100:3260\n/ },
      );
      assert.deepEqual(lab.writesSince(from), []);
    });

    for (const model of ["6.7", "7.0", "9.0"] as const)
      it(`gives a static target its ${title}, and takes them away, on ESXi ${model}`, async () => {
        lab = await Lab.start({ model });
        lab.hand("esxcli rdma iser add");
        const bare = lab.host.dump();
        const added = lab.lifecycle(staticTarget);
        const own = lab.lifecycle(definition);
        await added.up({ adapter: "vmrdma0", ...target });
        const between = lab.host.dump();
        await own.up({ adapter: "vmrdma0", target, ...inputs });
        assert.notEqual(lab.host.dump(), between);
        await own.destroy();
        assert.equal(lab.host.dump(), between);
        await added.destroy();
        assert.equal(lab.host.dump(), bare);
      });
  }

  it("leaves a parameter that is declared no longer as it is, also when the rest is given back", async () => {
    await start({}, []);
    const declared = lab.lifecycle(iscsiParameters);
    await declared.up({ adapter: "vmrdma0", parameters: { LoginTimeout: 10, NoopOutInterval: 20 } });
    assert.equal(await declared.up({ adapter: "vmrdma0", parameters: { LoginTimeout: 10 } }), "update");
    await declared.destroy();
    const shown = lab.hand("esxcli iscsi adapter param get -A vmhba64");
    assert.match(shown, /LoginTimeout +5 [\s\S]*NoopOutInterval +20 /);
  });

  it("writes no parameter when one of them is refused", async () => {
    const from = await start({}, []);
    const parameters = { DelayedAck: false, LoginTimeout: 61, MaxCmds: 64 };
    await assert.rejects(lab.lifecycle(iscsiParameters).up({ adapter: "vmrdma0", parameters }), {
      code: "PARAMETER_OUT_OF_RANGE",
    });
    assert.deepEqual(lab.writesSince(from), []);
  });

  it("tells that CHAP of a target cannot be given back, and lets it inherit", async () => {
    await start({}, [
      ...discovery,
      `esxcli iscsi adapter target portal auth chap set -A vmhba64 -a 192.168.50.100 -n ${name} -d uni -l preferred -N older -S simulated-older`,
    ]);
    const declared = lab.lifecycle(chap);
    await declared.up({ adapter: "vmrdma0", target, level: "required", name: "esx01", secret });
    await declared.destroy();
    assert.match(lab.notices.join(), /CHAP uni was preferred with the name older before.*It is inherited now/);
    assert.doesNotMatch(lab.host.journal.map(({ line }) => line).join(), /simulated-secret/);
    assert.match(
      lab.hand(`esxcli iscsi adapter target portal auth chap get -A vmhba64 -a 192.168.50.100 -n ${name} -d uni`),
      /Level: prohibited\n +Inheritance: true/,
    );
  });

  describe("its name", () => {
    const iqn = "iqn.1998-01.com.vmware:esx01-a";
    const named = { adapter: "vmrdma0", iqn, alias: "storage-a" };
    const names = () => lab.hand("esxcli iscsi adapter get -A vmhba64").split("\n").slice(1, 3).join();

    it("is not changed while sessions are active, but by force, and is given back with them", async () => {
      const from = await start();
      const bare = lab.host.dump();
      const declared = lab.lifecycle(adapterProperties);
      await assert.rejects(declared.up(named), {
        code: "SESSIONS_ACTIVE",
        message: /with iqn\.2010-09\.lab\.storage:iser-a/,
      });
      assert.deepEqual(lab.writesSince(from), []);
      await declared.up({ ...named, force: true });
      assert.match(names(), /esx01-a, +Alias: storage-a/);
      assert.equal(await declared.up(named), "update");
      await declared.destroy();
      assert.equal(lab.host.dump(), bare);
    });

    it("is not touched by an alias that changes while sessions are active", async () => {
      await start({}, []);
      const declared = lab.lifecycle(adapterProperties);
      await declared.up(named);
      for (const line of discovery) lab.hand(line);
      await declared.up({ ...named, alias: "storage-b" });
      assert.match(names(), /esx01-a, +Alias: storage-b/);
      assert.deepEqual(await declared.refresh(), []);
    });

    it("is the same for a state of the time before force", async () => {
      await start({}, []);
      const declared = lab.lifecycle(adapterProperties);
      await declared.up(named);
      assert.equal("force" in (declared.state ?? {}), false);
      assert.equal(await declared.up(named), "same");
    });

    /** A login between the observation and the write. */
    const overtaken: AnyDefinition = {
      ...adapterProperties,
      async observe(ask, inputs) {
        const have = await adapterProperties.observe(ask, inputs);
        if (have.sessions.length === 0) for (const line of discovery) lab.hand(line);
        return have;
      },
    };
    for (const [skippedNameChange, code] of [
      ["silent", "SESSIONS_ACTIVE"],
      ["error", "COMMAND_FAILED"],
    ] as const)
      it(`stays when a session begins meanwhile, and that is an error, where ESXi says ${skippedNameChange === "silent" ? "nothing" : "so"}`, async () => {
        await start({ unknowns: { skippedNameChange } }, []);
        const before = names();
        await assert.rejects(lab.lifecycle(overtaken).up({ adapter: "vmrdma0", iqn }), { code });
        assert.equal(names(), before);
        assert.equal(lab.hand("esxcli iscsi session list").includes(name), true);
      });
  });
});
