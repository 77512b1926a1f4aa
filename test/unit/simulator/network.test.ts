import assert from "node:assert/strict";
import { hand, squeezed, valuesOf, withAdapter } from "./support.js";

describe("virtual switches of the simulated host", () => {
  const sw = "esxcli network vswitch standard";

  it("are added, set and removed", () => {
    const { run } = hand();
    run(`${sw} add -v san -P 256; ${sw} set -v san -m 9000 -c both`);
    assert.match(
      run(`${sw} list -v san`),
      /^san\n[\s\S]* Configured Ports: 256\n {3}MTU: 9000\n {3}CDP Status: both\n/,
    );
    run(`${sw} remove -v san`);
    assert.deepEqual(valuesOf(run(`${sw} list`), "Name"), ["vSwitch0", "vSwitch1", "vSwitch2"]);
  });

  it("keep the MTU when only CDP is set, and the other way round", () => {
    const { run } = hand();
    run(`${sw} set -v vSwitch1 -m 9000; ${sw} set -v vSwitch1 -c down; ${sw} set -v vSwitch1`);
    const shown = run(`${sw} list -v vSwitch1`);
    assert.deepEqual([valuesOf(shown, "MTU"), valuesOf(shown, "CDP Status")], [["9000"], ["down"]]);
    assert.match(run("esxcli network nic list"), /^vmnic4 .* 9000 {2}/m);
  });

  it("are refused in the words that are known", () => {
    const { refused } = hand();
    for (const [line, words] of [
      ["add -v vSwitch0", /this name already exists/],
      ["set -v nope -m 9000", /^Unable to find a virtual switch with name nope$/m],
      ["remove -v nope", /^Unable to find virtual switch with the name nope$/m],
      ["list -v nope", /^Unable to find a legacy virtual switch with the name nope$/m],
      ["policy failover get -v nope", /^Unable to find a legacy virtual switch with the name nope$/m],
      ["set -v vSwitch0 -m 100", /^Unable to set MTU/],
      ["set -v vSwitch0 -m 10000", /^Unable to set MTU/],
      ["remove -v vSwitch0", /^Unable to remove virtual switch vSwitch0/],
      ["uplink add -v vSwitch0 -u vmnic99", /Not a valid pnic/],
      ["uplink add -v vSwitch0 -u vmnic4", /^Unable to add uplink vmnic4/],
      ["uplink remove -v vSwitch0 -u vmnic4", /^Unable to remove uplink vmnic4/],
      ["set -v vSwitch0 -c loud", /^Error: 'loud' is not in \[down, listen, advertise, both\]$/m],
    ] as const)
      assert.match(refused(`${sw} ${line}`), words, line);
  });

  for (const where of ["active", "unused"] as const)
    it(`have an uplink that is added ${where}`, () => {
      const { run } = hand({ switches: [{ name: "s" }], unknowns: { addedUplink: where } });
      run(`${sw} uplink add -v s -u vmnic4`);
      const shown = run(`${sw} policy failover get -v s`);
      assert.deepEqual(
        [
          valuesOf(run(`${sw} list`), "Uplinks"),
          valuesOf(shown, `${where === "active" ? "Active" : "Unused"} Adapters`),
        ],
        [["vmnic4"], ["vmnic4"]],
      );
    });

  it("are the same when they have the same uplinks in another order, and not when they use them in another", () => {
    const { host, run } = hand();
    run(`${sw} uplink remove -v vSwitch0 -u vmnic0; ${sw} uplink add -v vSwitch1 -u vmnic0`);
    const before = host.dump();
    run(`${sw} uplink remove -v vSwitch1 -u vmnic4; ${sw} uplink add -v vSwitch1 -u vmnic4`);
    assert.notEqual(host.dump(), before);
    run(`${sw} policy failover set -v vSwitch1 -a vmnic4,vmnic0`);
    assert.equal(host.dump(), before);
  });

  it("and their VMkernel adapters take any MTU, or refuse one that is too large for the other", () => {
    const ip = "esxcli network ip interface";
    const beyond = [
      `${ip} set -i vmk1 -m 9000`,
      `${ip} add -i vmk3 -p iser-a -m 9000`,
      `${sw} set -v vSwitch1 -m 9000; ${ip} set -i vmk1 -m 9000; ${sw} set -v vSwitch1 -m 1500`,
    ];
    for (const line of beyond) {
      hand().run(line);
      const { host, refused } = hand({ unknowns: { mtuBeyondSwitch: "refused" } });
      assert.match(refused(line), /^Unable to set MTU to \d+/m, line);
      assert.equal(host.state.interfaces.length, 3);
    }
    const { run } = hand({ unknowns: { mtuBeyondSwitch: "refused" } });
    run(
      `${sw} set -v vSwitch1 -m 9000; ${ip} set -i vmk1 -m 9000; ${ip} set -i vmk1 -m 1500; ${sw} set -v vSwitch1 -m 1500`,
    );
  });

  it("take an empty switch's port groups along", () => {
    const { run } = hand();
    run(`${sw} add -v s; ${sw} portgroup add -v s -p one; ${sw} remove -v s`);
    assert.doesNotMatch(run(`${sw} portgroup list`), /one/);
  });

  it("get and lose uplinks, and with them the port groups' overrides", () => {
    const { run } = hand({
      nics: [{ name: "vmnic0" }, { name: "vmnic4" }, { name: "vmnic5" }],
      switches: [{ name: "s" }],
    });
    run(`${sw} portgroup add -v s -p p; ${sw} uplink add -v s -u vmnic4; ${sw} uplink add -v s -u vmnic5`);
    run(`${sw} portgroup policy failover set -p p -a vmnic5 -s vmnic4`);
    assert.deepEqual(valuesOf(run(`${sw} list`), "Uplinks"), ["vmnic4, vmnic5"]);
    run(`${sw} uplink remove -v s -u vmnic5`);
    const shown = run(`${sw} portgroup policy failover get -p p`);
    assert.deepEqual([valuesOf(shown, "Active Adapters"), valuesOf(shown, "Standby Adapters")], [[""], ["vmnic4"]]);
  });
});

describe("teaming policies of the simulated host", () => {
  const sw = "esxcli network vswitch standard";
  const two = () => {
    const it = hand();
    it.run(`${sw} uplink remove -v vSwitch0 -u vmnic0; ${sw} uplink add -v vSwitch1 -u vmnic0`);
    return it;
  };

  it("take portid and print srcport", () => {
    const { run } = two();
    const balancing = () => valuesOf(run(`${sw} policy failover get -v vSwitch1`), "Load Balancing")[0];
    for (const [given, shown] of [
      ["iphash", "iphash"],
      ["mac", "srcmac"],
      ["explicit", "explicit"],
      ["portid", "srcport"],
    ]) {
      run(`${sw} policy failover set -v vSwitch1 -l ${given}`);
      assert.equal(balancing(), shown);
    }
  });

  it("set what is named and leave the rest", () => {
    const { run } = two();
    const get = () => squeezed(run(`${sw} policy failover get -v vSwitch1`));
    run(`${sw} policy failover set -v vSwitch1 -f beacon -b false -n off`);
    run(`${sw} policy failover set -v vSwitch1 -a vmnic0 -s vmnic4`);
    assert.deepEqual(get(), [
      "Load Balancing: srcport",
      "Network Failure Detection: beacon",
      "Notify Switches: false",
      "Failback: false",
      "Active Adapters: vmnic0",
      "Standby Adapters: vmnic4",
      "Unused Adapters:",
    ]);
    assert.deepEqual(valuesOf(run(`${sw} list -v vSwitch1`), "Beacon Enabled"), ["true"]);
    run(`${sw} policy failover set -v vSwitch1 -s ''`);
    assert.equal(get().at(-1), "Unused Adapters: vmnic4");
    run(`${sw} policy failover set -v vSwitch1 -s vmnic0`);
    assert.deepEqual(get().slice(4, 6), ["Active Adapters:", "Standby Adapters: vmnic0"]);
  });

  it("of a port group override the switch's one by one, until they are reset", () => {
    const { run } = two();
    const path = `${sw} portgroup policy failover`;
    const overrides = () => run(`${path} get -p iser-a | grep Override | grep -c true || true`).trim();
    assert.equal(overrides(), "0");
    run(`${path} set -p iser-a -a vmnic4; ${path} set -p iser-a -b false`);
    assert.equal(overrides(), "2");
    const shown = run(`${path} get -p iser-a`);
    assert.deepEqual(valuesOf(shown, "Override Vswitch Uplinks"), ["true"]);
    assert.deepEqual(
      [valuesOf(shown, "Active Adapters"), valuesOf(shown, "Unused Adapters")],
      [["vmnic4"], ["vmnic0"]],
    );
    run(`${path} set -p iser-a --use-vswitch -n false`);
    assert.deepEqual(valuesOf(run(`${path} get -p iser-a`), "Override Vswitch Notify Switches"), ["true"]);
    assert.equal(overrides(), "1");
  });

  it("refuse NICs that are not the switch's, with a blank before the colon", () => {
    const { refused } = two();
    assert.equal(
      refused(`${sw} policy failover set -v vSwitch1 -a vmnic9`),
      "Unknown NIC name in active uplinks : vmnic9\n",
    );
    assert.equal(
      refused(`${sw} policy failover set -v vSwitch1 -s vmnic5`),
      "NIC is not connected to the vswitch : vmnic5\n",
    );
    assert.match(
      refused(`${sw} portgroup policy failover get -p nope`),
      /^Unable to find a port group with the name nope$/m,
    );
  });
});

describe("port groups of the simulated host", () => {
  const pg = "esxcli network vswitch standard portgroup";

  it("are added, given a VLAN by -v, and removed", () => {
    const { run } = hand();
    run(`${pg} add -v vSwitch1 -p 'SAN Network'; ${pg} set -p 'SAN Network' -v 4095`);
    assert.match(run(`${pg} list`), /^SAN Network {9}vSwitch1 +0 +4095$/m);
    run(`${pg} set -p 'SAN Network'; ${pg} remove -v vSwitch1 -p 'SAN Network'`);
    assert.doesNotMatch(run(`${pg} list`), /SAN/);
  });

  it("are refused", () => {
    const { refused } = hand();
    for (const line of [
      "add -v vSwitch1 -p iser-a",
      "add -v nope -p x",
      "set -p iser-a -v 4096",
      "set -p iser-a -v -1",
      "set -p nope -v 1",
      "remove -v vSwitch1 -p iser-a",
      "remove -v vSwitch2 -p iser-a",
      "remove -v vSwitch1 -p nope",
    ])
      refused(`${pg} ${line}`);
  });
});

describe("VMkernel adapters of the simulated host", () => {
  const ip = "esxcli network ip interface";

  it("are added with a free name or the one that is given, set and removed", () => {
    const { run } = hand();
    run(`${ip} add -p iser-a; ${ip} add -i vmk7 -p iser-b -m 9000 -M 00:50:56:AA:bb:cc -N iser`);
    assert.deepEqual(valuesOf(run(`${ip} list`), "Name"), ["vmk0", "vmk1", "vmk2", "vmk3", "vmk7"]);
    const shown = run(`${ip} list -N iser`);
    assert.deepEqual([valuesOf(shown, "MTU"), valuesOf(shown, "MAC Address")], [["9000"], ["00:50:56:aa:bb:cc"]]);
    run(`${ip} set -i vmk3 -m 4000; ${ip} set -i vmk3 -e false; ${ip} remove -i vmk7`);
    const last = run(`${ip} list`).split("\n\n").at(-1) ?? "";
    assert.deepEqual(
      [valuesOf(last, "Name"), valuesOf(last, "MTU"), valuesOf(last, "Enabled")],
      [["vmk3"], ["4000"], ["false"]],
    );
    assert.equal(new Set(valuesOf(run(`${ip} list`), "Port ID")).size, 4);
  });

  it("are refused in the words that are known", () => {
    const { refused } = hand();
    for (const [line, words] of [
      ["add -p nope", /^Invalid vswitch port group name nope$/m],
      ["add -p iser-a -i vmk1", /^Unable to add VMkernel network interface\. Error was : /],
      ["add -p iser-a -i vmk256", /^Unable to add VMkernel network interface\. Error was : /],
      ["add -p iser-a -i eth0", /^Unable to add VMkernel network interface\. Error was : /],
      ["add -p iser-a -m 0", /^MTU size should be a positive value$/m],
      ["set -i vmk1 -m 9001", /^Unable to set MTU/],
      ["set -i vmk9", /^Unable to find an interface with name vmk9$/m],
      ["remove -i vmk9", /^Unable to find VMkernel network interface with the name vmk9$/m],
      ["ipv4 get -i vmk9", /^Unable to find an interface with name vmk9$/m],
      ["ipv4 set -i vmk1 -t static", /^The --type=static requires the --ipv4 and --netmask options\.$/m],
      [
        "ipv4 set -i vmk1 -t static -I 1.2.3 -N 255.0.0.0",
        /^Invalid --ipv4 option provided\. This address is not a valid IPv4 address$/m,
      ],
      ["ipv6 address add -i vmk1 -I fd00::1", /^Invalid --ipv6 option provided/],
      ["ipv6 address remove -i vmk1 -I fd00::1/64", /^Unable to find fd00::1\/64/],
    ] as const)
      assert.match(refused(`${ip} ${line}`), words, line);
  });

  it("stay while they are bound, or take their binding along", () => {
    const bind = "esxcli iscsi networkportal add -A vmhba64 -n vmk1";
    const { run, refused } = withAdapter();
    run(bind);
    assert.match(refused(`${ip} remove -i vmk1`), /^Unable to remove VMkernel network interface\. Error was : /);
    const other = withAdapter({ unknowns: { removeBoundInterface: "accepted" } });
    other.run(`${bind}; ${ip} remove -i vmk1; ${ip} add -i vmk1 -p iser-a`);
    assert.deepEqual(valuesOf(other.run("esxcli iscsi networkportal list"), "Vmknic"), []);
  });

  it("get IPv4 settings, and lose the gateway when it is left out", () => {
    const { run } = hand();
    const row = () => squeezed(run(`${ip} ipv4 get -i vmk1`))[1];
    run(`${ip} ipv4 set -i vmk1 -t static -I 10.1.2.3 -N 255.255.252.0 -g 10.1.0.1`);
    assert.equal(row(), "vmk1 10.1.2.3 255.255.252.0 10.1.3.255 STATIC 10.1.0.1 false");
    run(`${ip} ipv4 set -i vmk1 -t static -I 10.1.2.3 -N 255.255.252.0`);
    assert.equal(row(), "vmk1 10.1.2.3 255.255.252.0 10.1.3.255 STATIC 0.0.0.0 false");
    run(`${ip} ipv4 set -i vmk1 -t dhcp -P true`);
    assert.match(row() ?? "", /^vmk1 0\.0\.0\.0 .* DHCP .* true$/);
    run(`${ip} ipv4 set -i vmk1 -t none`);
    assert.match(row() ?? "", / NONE /);
  });

  it("get and lose IPv6 addresses", () => {
    const { run, refused } = hand();
    run(`${ip} ipv6 address add -i vmk1 -I FD00::1/64`);
    assert.equal(squeezed(run(`${ip} ipv6 address list`))[1], "vmk1 fd00::1 64 STATIC PREFERRED");
    refused(`${ip} ipv6 address add -i vmk1 -I fd00::1/64`);
    run(`${ip} ipv6 address remove -i vmk1 -I fd00::1/64`);
    assert.equal(run(`${ip} ipv6 address list`), "");
  });
});

describe("NICs of the simulated host", () => {
  it("show the DPU fields of 8.x only there", () => {
    const fields = (model: "7.0" | "8.0") => hand({ model }).run("esxcli --formatter=csv network nic list | head -n 1");
    assert.match(fields("8.0"), /,DPUId,/);
    assert.doesNotMatch(fields("7.0"), /DPUId/);
    assert.match(hand().run("esxcli network nic get -n vmnic4"), /^ {3}Backing DPUId: N\/A$/m);
    assert.match(hand().refused("esxcli network nic get -n vmnic9"), /vmnic9/);
  });

  it("set pause parameters one by one", () => {
    const { run } = hand();
    const row = () => squeezed(run("esxcli network nic pauseParams list -n vmnic4"))[1];
    run("esxcli network nic pauseParams set -n vmnic4 -r f");
    assert.equal(row(), "vmnic4 true false true false false false false");
    run("esxcli network nic pauseParams set -n vmnic4 -r 1 --tx=no -a yes");
    assert.equal(row(), "vmnic4 true true false true false false false");
    assert.match(
      run("esxcli network nic get -n vmnic4"),
      /Pause Autonegotiate: true\n {3}Pause RX: true\n {3}Pause TX: false\n/,
    );
  });

  it("refuse pause parameters that they do not support", () => {
    hand({ nics: [{ name: "vmnic4", pause: { supported: false } }] }).refused(
      "esxcli network nic pauseParams set -n vmnic4 -r 1",
    );
  });
});
