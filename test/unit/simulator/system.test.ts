import assert from "node:assert/strict";
import { models } from "../../../src/simulator/index.js";
import { hand } from "./support.js";

describe("the system of the simulated host", () => {
  it("tells its version", () => {
    const versions = models.map((model) =>
      hand({ model }).run("esxcli --formatter=csv system version get | tail -n 1"),
    );
    assert.deepEqual(
      versions.map((line) => line.split(",").slice(0, 1).join()),
      ["Releasebuild-8169922", "Releasebuild-15843807", "Releasebuild-22380479", "Releasebuild-24755229"],
    );
  });

  it("tells its name, with a domain and without", () => {
    assert.equal(
      hand({ name: "esx02.lab.example" }).run("esxcli system hostname get"),
      "   Domain Name: lab.example\n   Fully Qualified Domain Name: esx02.lab.example\n   Host Name: esx02\n",
    );
    assert.match(hand({ name: "esx03" }).run("esxcli system hostname get"), /Fully Qualified Domain Name: esx03\n/);
    assert.equal(hand({ name: "esx03" }).run("hostname"), "esx03\n");
  });

  it("has a clock that moves only when it is moved", () => {
    const { host, run } = hand({ clock: new Date("2025-03-01T12:00:00Z") });
    const read = () => [run("esxcli system time get"), run("esxcli system stats uptime get")];
    assert.deepEqual(read(), ["2025-03-01T12:00:00Z\n", "3600000000\n"]);
    assert.deepEqual(read(), ["2025-03-01T12:00:00Z\n", "3600000000\n"]);
    host.advance(1500);
    assert.deepEqual(read(), ["2025-03-01T12:00:01Z\n", "3601500000\n"]);
  });

  it("lists modules, all or some", () => {
    const { run } = hand();
    run("esxcli system module set -m iser -e false");
    assert.match(run("esxcli system module list"), /^iser +false +false$/m);
    assert.doesNotMatch(run("esxcli system module list --enabled=true"), /^iser /m);
    assert.doesNotMatch(run("esxcli system module list -l true"), /^iser /m);
    assert.match(run("esxcli system module list -l false -e false"), /^iser /m);
  });

  it("loads a module unless it is disabled, loaded or unknown", () => {
    const { run, refused } = hand();
    run("esxcli system module load -m iser");
    refused("esxcli system module load -m iser");
    refused("esxcli system module load -m nope");
    const other = hand();
    other.run("esxcli system module set -m iser -e false");
    assert.match(other.refused("esxcli system module load -m iser"), /is disabled, use --force to load\.$/m);
    other.run("esxcli system module load -m iser -f");
  });

  it("replaces all of a module's parameters, or appends where it is told", () => {
    const { run, refused } = hand();
    const set = "esxcli system module parameters set -m nmlx5_core";
    const values = () =>
      run("esxcli --formatter=csv system module parameters list -m nmlx5_core")
        .split("\n")
        .slice(1, -1)
        .map((line) => line.split(",").slice(1, 4).join(" "));
    run(`${set} -p "pfctx=0x08 pfcrx=0x08"`);
    assert.deepEqual(values(), ["max_vfs int ", "pfcrx int 0x08", "pfctx int 0x08", "trust_state int "]);
    run(`${set} -a -p trust_state=2`);
    assert.deepEqual(values(), ["max_vfs int ", "pfcrx int 0x08", "pfctx int 0x08", "trust_state int 2"]);
    run(`${set} -p max_vfs=4`);
    assert.deepEqual(values(), ["max_vfs int 4", "pfcrx int ", "pfctx int ", "trust_state int "]);
    run(`${set} -p ''`);
    assert.deepEqual(values()[0], "max_vfs int ");
    assert.match(refused(`${set} -p nope=1`), /invalid: nope$/m);
    assert.match(refused(`${set} -p nonsense`), /nonsense/);
    run(`${set} -f -p nope=1`);
  });

  for (const [moduleValues, value] of [
    ["asGiven", "0x08"],
    ["decimal", "8"],
  ] as const)
    it(`shows the values of a module's parameters ${moduleValues}`, () => {
      const { run } = hand({ unknowns: { moduleValues } });
      run("esxcli system module parameters set -m nmlx5_core -p 'pfctx=0x08 max_vfs=4,4'");
      const list = run("esxcli system module parameters list -m nmlx5_core");
      assert.match(list, new RegExp(`^pfctx +int +${value} `, "m"));
      assert.match(list, /^max_vfs +int +4,4 /m);
    });

  for (const [pauseSetWithout, row] of [
    ["keeps", /^vmnic0 +true +false +true +true /m],
    ["resets", /^vmnic0 +true +false +false +true /m],
  ] as const)
    it(`${pauseSetWithout} pause options that a set is not given`, () => {
      const { run } = hand({ unknowns: { pauseSetWithout } });
      run("esxcli network nic pauseParams set -n vmnic0 --tx true");
      run("esxcli network nic pauseParams set -n vmnic0 --auto true");
      assert.match(run("esxcli network nic pauseParams list"), row);
    });
});
