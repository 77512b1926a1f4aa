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

  const chapOf = (address: string) =>
    lab.hand(`esxcli iscsi adapter discovery sendtarget auth chap get -A vmhba64 -a ${address}`);
  const discoveryAddress = { address: "192.168.50.100" };
  const byHand = (rest: string) => lab.hand(`esxcli iscsi adapter auth chap set -A vmhba64 ${rest}`);

  for (const defaultBelowAdapter of ["own", "inherits"] as const)
    for (const prohibitedChapName of ["dropped", "kept"] as const)
      it(`has CHAP off for a discovery address, whatever is above, where a default there ${defaultBelowAdapter === "own" ? "is its own" : "inherits"} and a name beside prohibited is ${prohibitedChapName}`, async () => {
        await start({ unknowns: { defaultBelowAdapter, prohibitedChapName } }, []);
        lab.hand("esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100");
        byHand("-d uni -l required -N esx01 -S simulated-adapter");
        byHand("-d mutual -l required -N array -S simulated-array");
        const bare = lab.host.dump();
        const declared = lab.lifecycle(chap);
        const off = { adapter: "vmrdma0", discoveryAddress, level: "prohibited", mutual: "prohibited" };
        await declared.up(off);
        assert.match(
          chapOf("192.168.50.100"),
          /Level: prohibited\n +Inheritance: false[\s\S]*Level: prohibited\n +Inheritance: false/,
        );
        assert.equal(await declared.up(off), "same");
        assert.deepEqual(await declared.refresh(), []);
        await declared.destroy();
        assert.equal(lab.host.dump(), bare);
      });

  for (const defaultBelowAdapter of ["own", "inherits"] as const)
    it(`gets CHAP back that was off for a discovery address, where a default there ${defaultBelowAdapter === "own" ? "is its own" : "inherits"}`, async () => {
      await start({ unknowns: { defaultBelowAdapter } }, []);
      lab.hand("esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100");
      byHand("-d uni -l required -N esx01 -S simulated-adapter");
      lab.hand(
        "esxcli iscsi adapter discovery sendtarget auth chap set -A vmhba64 -a 192.168.50.100 -d uni -l prohibited -N x -S simulated-x",
      );
      const bare = lab.host.dump();
      const declared = lab.lifecycle(chap);
      await declared.up({ adapter: "vmrdma0", discoveryAddress, level: "preferred", name: "esx02", secret });
      await declared.up({ adapter: "vmrdma0", discoveryAddress, inherit: true });
      await declared.destroy();
      assert.equal(lab.host.dump(), bare);
    });

  it("keeps uni under mutual CHAP that somebody else has set, when it is destroyed, and says so", async () => {
    await start({}, []);
    const declared = lab.lifecycle(chap);
    await declared.up({ adapter: "vmrdma0", level: "required", name: "esx01", secret });
    byHand("-d mutual -l required -N array -S simulated-array");
    const from = lab.host.journal.length;
    await declared.destroy();
    assert.deepEqual(lab.writesSince(from), []);
    assert.match(
      lab.notices.join(),
      /CHAP uni of vmhba64 stays at level required .* mutual CHAP is required there for the name array/,
    );
  });

  it("gets its mutual CHAP back that inheritance has ended, also when an own level was declared after it", async () => {
    await start({}, []);
    const sendTarget = "esxcli iscsi adapter discovery sendtarget";
    lab.hand(`${sendTarget} add -A vmhba64 -a 192.168.50.100`);
    lab.hand(`${sendTarget} auth chap set -A vmhba64 -a 192.168.50.100 -d mutual -l prohibited -N x -S simulated-x`);
    const bare = lab.host.dump();
    const declared = lab.lifecycle(chap);
    await declared.up({ adapter: "vmrdma0", discoveryAddress, inherit: true });
    await declared.up({ adapter: "vmrdma0", discoveryAddress, level: "preferred", name: "esx01", secret });
    await declared.destroy();
    assert.equal(lab.host.dump(), bare);
  });

  it("gets its CHAP secret again when a refresh saw another level and a hand put another secret beside the declared one", async () => {
    await start({}, []);
    const declared = lab.lifecycle(chap);
    const inputs = { adapter: "vmrdma0", level: "required", name: "esx01", secret };
    await declared.up(inputs);
    const healthy = lab.host.dump();
    byHand("-d uni -l preferred -N esx01 -S simulated-by-hand");
    await declared.refresh();
    byHand("-d uni -l required -N esx01 -S simulated-by-hand");
    await declared.up(inputs);
    assert.equal(lab.host.dump(), healthy);
  });

  for (const chapBelowChecked of ["levelOnly", "inheriting"] as const)
    it(`has mutual CHAP above a discovery address without CHAP, and gives both back, where ESXi checks ${chapBelowChecked === "levelOnly" ? "one level" : "what inherits, too"}`, async () => {
      await start({ unknowns: { chapBelowChecked } }, []);
      lab.hand("esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100");
      const bare = lab.host.dump();
      const above = lab.lifecycle(chap);
      const below = lab.sibling(above);
      const mutual = { name: "array", secret: "simulated-secret-two" };
      const adapter = { adapter: "vmrdma0", level: "required", name: "esx01", secret, mutual };
      const lower = { adapter: "vmrdma0", discoveryAddress, level: "prohibited" };
      assert.deepEqual(above.refused(adapter), []);
      assert.match(below.refused(lower).join(), /mutual is missing: the discovery address would inherit mutual CHAP/);
      await below.up({ ...lower, mutual: "prohibited" });
      await above.up(adapter);
      assert.deepEqual([await above.refresh(), await below.refresh()], [[], []]);
      await below.destroy();
      await above.destroy();
      assert.equal(lab.host.dump(), bare);
    });

  describe("that the host writes in other case", () => {
    const spelt = "iqn.2010-09.lab.storage:ISER-A";
    const add = `esxcli iscsi adapter discovery statictarget add -A vmhba64 -a Array.lab -n ${spelt}`;
    const lower = { targetName: name, address: "array.lab" };

    for (const [title, definition, inputs, look, shows] of settings)
      it(`gives a target its ${title} under the host's own name and address`, async () => {
        await start({}, [add]);
        const bare = lab.host.dump();
        const declared = lab.lifecycle(definition);
        await declared.up({ adapter: "vmrdma0", target: lower, ...inputs });
        assert.match(lab.hand(`esxcli iscsi adapter target portal ${look} -A vmhba64 -a Array.lab -n ${spelt}`), shows);
        assert.deepEqual(await declared.refresh(), []);
        await declared.destroy();
        assert.equal(lab.host.dump(), bare);
      });

    it("adopts a static target and leaves it, and removes one that was written so after it was made", async () => {
      const from = await start({}, []);
      const bare = lab.host.dump();
      const declared = lab.lifecycle(staticTarget);
      const inputs = { adapter: "vmrdma0", ...lower };
      await declared.up(inputs);
      lab.hand(`esxcli iscsi adapter discovery statictarget remove -A vmhba64 -a array.lab -n ${name}`);
      lab.hand(add);
      await declared.destroy();
      assert.equal(lab.host.dump(), bare);
      lab.hand(add);
      const writes = lab.writesSince(from).length;
      const adopting = lab.lifecycle(staticTarget);
      await adopting.up(inputs);
      await adopting.destroy();
      assert.equal(lab.writesSince(from).length, writes);
    });

    it("takes an IQN for the declared one, also while sessions are active", async () => {
      await start();
      lab.hand("esxcli iscsi adapter set -A vmhba64 -n iqn.1998-01.com.VMware:ESX01-A");
      const from = lab.host.journal.length;
      const declared = lab.lifecycle(adapterProperties);
      await declared.up({ adapter: "vmrdma0", iqn: "iqn.1998-01.com.vmware:esx01-a" });
      assert.deepEqual(await declared.refresh(), []);
      await declared.destroy();
      assert.deepEqual(lab.writesSince(from), []);
    });
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

    for (const [emptyAlias, alias] of [
      ["empties", ""],
      ["refused", "storage-a"],
      ["ignored", "storage-a"],
    ] as const)
      it(`is given back, and its empty alias where ESXi takes one: here it is ${emptyAlias === "empties" ? "taken" : emptyAlias}`, async () => {
        await start({ unknowns: { emptyAlias } }, []);
        const before = /Name: (.*)/.exec(names())?.[1]?.split(",")[0];
        const declared = lab.lifecycle(adapterProperties);
        await declared.up(named);
        await declared.destroy();
        assert.match(names(), new RegExp(`Name: ${before}, +Alias: ${alias}$`));
        if (emptyAlias === "refused") assert.match(lab.notices.join(), /not given back: .*[\s\S]*--alias=/);
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
        const isFirst = !lab.hand("esxcli iscsi session list").includes(name);
        if (isFirst && have.sessions.length === 0) for (const line of discovery) lab.hand(line);
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
