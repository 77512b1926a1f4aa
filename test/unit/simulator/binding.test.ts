import assert from "node:assert/strict";
import { squeezed, valuesOf, withAdapter, withSession } from "./support.js";

describe("port binding on the simulated host", () => {
  const bind = "esxcli iscsi networkportal add -A vmhba64 -n";
  const unbind = "esxcli iscsi networkportal remove -A vmhba64 -n";
  const list = "esxcli iscsi networkportal list";

  it("puts the adapter online and shows the binding with what it lies on", () => {
    const { run } = withAdapter();
    assert.equal(run(`${bind} vmk1`), "");
    assert.match(run("esxcli iscsi adapter list"), /^vmhba64 {2}iser {4}online /m);
    const shown = run(list);
    for (const line of [
      "Vmknic: vmk1",
      "IPv4: 192.168.50.11",
      "Vswitch: vSwitch1",
      "PortGroup: iser-a",
      "Compliant Status: compliant",
      "NonCompliant Message: ",
      "Path Status: unused",
      "NIC Driver: nmlx5_core",
      "Current Speed: 100000",
    ])
      assert.ok(shown.includes(`   ${line}\n`), line);
  });

  it("takes the adapter off line again when the last binding goes", () => {
    const { run } = withAdapter();
    run(`${bind} vmk1; ${unbind} vmk1`);
    assert.match(run("esxcli iscsi adapter list"), / unbound /);
    assert.equal(run(list), "");
  });

  it("repeats the adapter above each binding", () => {
    const { run } = withAdapter();
    run(`${bind} vmk1; ${bind} vmk2`);
    assert.deepEqual(run(list).match(/^vmhba\d+$/gm), ["vmhba64", "vmhba64"]);
    assert.match(run(list), /\n\nvmhba64\n/);
    assert.deepEqual(valuesOf(run(`${list} -A vmhba64`), "Vmknic"), ["vmk1", "vmk2"]);
  });

  it("refuses a VMkernel adapter that is not there", () => {
    assert.match(withAdapter().refused(`${bind} vmk9`), /^Unable to bind iscsi port\. \[force = false/);
  });

  it("refuses to bind twice, or says nothing where the unknown says so", () => {
    const strict = withAdapter();
    strict.run(`${bind} vmk1`);
    assert.match(strict.refused(`${bind} vmk1`), /^Unable to bind iscsi port\. \[force = false/);
    const { run } = withAdapter({ unknowns: { duplicate: "silent" } });
    run(`${bind} vmk1; ${bind} vmk1`);
    assert.deepEqual(valuesOf(run(list), "Vmknic"), ["vmk1"]);
  });

  it("refuses to unbind what is not bound, or says nothing where the unknown says so", () => {
    assert.match(withAdapter().refused(`${unbind} vmk1`), /^Unable to unbind iscsi port: /);
    assert.equal(withAdapter({ unknowns: { missing: "silent" } }).run(`${unbind} vmk1`), "");
  });

  it("unbinds with an active session only by force, and the session goes", () => {
    const { run, refused } = withSession();
    assert.match(refused(`${unbind} vmk1`), /^Unable to unbind iscsi port: /);
    assert.match(refused(`${unbind} vmk1 --force=false`), /^Unable to unbind iscsi port: /);
    assert.equal(run(`${unbind} vmk1 --force=true`), "");
    assert.equal(run("esxcli iscsi session list"), "");
  });

  describe("is not compliant", () => {
    const judged = (prepare: string, vmk = "vmk1") => {
      const { run } = withAdapter();
      run(`${bind} ${vmk}`);
      if (prepare !== "") run(prepare);
      return {
        status: valuesOf(run(list), "Compliant Status")[0],
        reason: valuesOf(run(list), "NonCompliant Message")[0],
      };
    };
    for (const [what, prepare, vmk, reason] of [
      ["on another adapter's NIC", "", "vmk2", /uplink of vmk2 is not the adapter's/],
      [
        "without an uplink",
        "esxcli network vswitch standard uplink remove -v vSwitch1 -u vmnic4",
        "vmk1",
        /no uplinks/,
      ],
      [
        "with two active uplinks",
        "esxcli network vswitch standard uplink remove -v vSwitch0 -u vmnic0; esxcli network vswitch standard uplink add -v vSwitch1 -u vmnic0",
        "vmk1",
        /multiple uplinks/,
      ],
      [
        "with a standby uplink",
        "esxcli network vswitch standard uplink remove -v vSwitch0 -u vmnic0; esxcli network vswitch standard uplink add -v vSwitch1 -u vmnic0; esxcli network vswitch standard portgroup policy failover set -p iser-a -a vmnic4 -s vmnic0",
        "vmk1",
        /multiple uplinks/,
      ],
    ] as const) {
      it(what, () => {
        const { status, reason: said } = judged(prepare, vmk);
        assert.equal(status, "non-compliant");
        assert.match(said ?? "", reason);
      });
    }

    it("and is compliant with a second uplink that the port group does not use", () => {
      const { status } = judged(
        "esxcli network vswitch standard uplink remove -v vSwitch0 -u vmnic0; esxcli network vswitch standard uplink add -v vSwitch1 -u vmnic0; esxcli network vswitch standard portgroup policy failover set -p iser-a -a vmnic4",
      );
      assert.equal(status, "compliant");
    });

    it("and is refused without force where the unknown says so", () => {
      const { run, refused } = withAdapter({ unknowns: { nonCompliantBinding: "refused" } });
      assert.match(refused(`${bind} vmk2`), /^Unable to bind iscsi port\. \[force = false\]: The uplink/);
      run(`${bind} vmk2 --force=true`);
      run(`${bind} vmk1`);
    });
  });

  it("lists the VMkernel adapters on the adapter's NIC as candidates", () => {
    const { run } = withAdapter();
    assert.deepEqual(
      squeezed(run("esxcli iscsi logicalnetworkportal list -A vmhba64"))
        .slice(1)
        .map((line) => line.split(" ").slice(0, 2).join(" ")),
      ["vmhba64 vmk1"],
    );
  });

  it("shows a path as active or as the last one", () => {
    const { run } = withSession();
    assert.deepEqual(valuesOf(run(list), "Path Status"), ["last path"]);
  });
});
