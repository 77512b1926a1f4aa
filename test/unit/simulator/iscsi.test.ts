import assert from "node:assert/strict";
import { hand, squeezed, valuesOf, withAdapter, withSession } from "./support.js";

const storage = "192.168.50.100:3260";
const target = "iqn.2010-09.lab.storage:iser-a";

describe("discovery on the simulated host", () => {
  const sendTarget = "esxcli iscsi adapter discovery sendtarget";
  const staticTarget = "esxcli iscsi adapter discovery statictarget";
  const targets = (run: (line: string) => string) =>
    run("esxcli iscsi adapter target list")
      .split("\n")
      .slice(2)
      .filter((line) => line !== "")
      .map((line) =>
        line
          .split(/\s{2,}/)
          .slice(1)
          .join(" | "),
      );

  it("adds an address without discovering, and discovers when it is told", () => {
    const { run } = withAdapter();
    run("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
    assert.equal(run(`${sendTarget} add -A vmhba64 -a 192.168.50.100`), "");
    assert.deepEqual(squeezed(run(`${sendTarget} list`)), ["Adapter Sendtarget", `vmhba64 ${storage}`]);
    assert.deepEqual(targets(run), []);
    assert.equal(run("esxcli iscsi adapter discovery rediscover -A vmhba64"), "Rediscovery started\n");
    assert.deepEqual(targets(run), [`${target} | SENDTARGETS | No Error`]);
    assert.equal(run("esxcli iscsi adapter discovery status get -A vmhba64"), "Discovery Completed\n");
    assert.deepEqual(squeezed(run("esxcli iscsi adapter target portal list")), [
      "Adapter Target IP Port Tpgt",
      `vmhba64 ${target} 192.168.50.100 3260 1`,
    ]);
  });

  it("discovers in a rescan as well", () => {
    for (const which of ["-A vmhba64", "--all"]) {
      const { run } = withAdapter();
      run(`esxcli iscsi networkportal add -A vmhba64 -n vmk1; ${sendTarget} add -A vmhba64 -a 192.168.50.100`);
      assert.equal(run(`esxcli storage core adapter rescan ${which}`), "");
      assert.equal(targets(run).length, 1);
    }
  });

  it("refuses a rescan of nothing and of an unknown adapter", () => {
    const { run, refused } = hand();
    assert.equal(refused("esxcli storage core adapter rescan"), "Missing --adapter or --all option\n");
    assert.match(refused("esxcli storage core adapter rescan -A vmhba9"), /^Invalid or unknown SCSI interface name /);
    assert.equal(run("esxcli storage core adapter rescan -A vmhba0 -t add -S"), "");
  });

  it("takes addresses in all their forms", () => {
    for (const [given, shown] of [
      ["10.0.0.1", "10.0.0.1:3260"],
      ["10.0.0.1:3261", "10.0.0.1:3261"],
      ["storage.lab", "storage.lab:3260"],
      ["fd00::1", "[fd00::1]:3260"],
      ["[FD00::1]", "[fd00::1]:3260"],
      ["[fd00::1]:860", "[fd00::1]:860"],
    ] as const) {
      const { run } = withAdapter();
      run(`${sendTarget} add -A vmhba64 -a ${given}`);
      assert.equal(squeezed(run(`${sendTarget} list -A vmhba64`))[1], `vmhba64 ${shown}`);
    }
  });

  it("refuses an address that is none", () => {
    const { refused } = withAdapter();
    for (const [given, message] of [
      ["10.0.0.256", "Invalid address: 10.0.0.256"],
      ["10.0.0.1:0", "Invalid port number: 0"],
      ["10.0.0.1:x", "Invalid port number: x"],
      ["10.0.0.1:65536", "Invalid port number: 65536"],
      ["''", "Invalid address: "],
      ["[fd00:1", "Invalid address: [fd00:1"],
      ["[fd00]:1", "Invalid IPv6 address: [fd00]:1, expected format is [ipv6]:port"],
      ["fd00:1:2", "Invalid IPv6 address: fd00:1:2, expected format is [ipv6]:port"],
    ] as const)
      assert.equal(refused(`${sendTarget} add -A vmhba64 -a ${given}`).split("\n")[0], message, given);
  });

  it("refuses an address twice, or says nothing where the unknown says so", () => {
    const add = `${sendTarget} add -A vmhba64 -a 10.0.0.1`;
    const strict = withAdapter();
    strict.run(add);
    assert.equal(strict.refused(`${add}:3260`), "Unable to add sendtarget address.\n");
    const { run } = withAdapter({ unknowns: { duplicate: "silent" } });
    assert.equal(run(`${add}; ${add}`), "");
    assert.equal(squeezed(run(`${sendTarget} list`)).length, 2);
  });

  it("removes an address, and refuses or takes one that is not there", () => {
    const { run, refused } = withSession();
    assert.equal(run(`${sendTarget} remove -A vmhba64 -a ${storage}`), "");
    assert.equal(run(`${sendTarget} list`), "");
    assert.equal(refused(`${sendTarget} remove -A vmhba64 -a ${storage}`), "Failed to remove sendtarget.\n");
    assert.equal(
      withAdapter({ unknowns: { missing: "silent" } }).run(`${sendTarget} remove -A vmhba64 -a ${storage}`),
      "",
    );
  });

  it("takes discovered targets and their sessions along with their address, or leaves them where the unknown says so", () => {
    const left = (discoveredTargetsStay: boolean) => {
      const { run } = withSession({ unknowns: { discoveredTargetsStay } });
      run(`${sendTarget} remove -A vmhba64 -a ${storage}`);
      return [targets(run).length, valuesOf(run("esxcli iscsi session list"), "ISID").length];
    };
    assert.deepEqual(left(false), [0, 0]);
    assert.deepEqual(left(true), [1, 1]);
  });

  it("shows discovered targets, their portals, settings and sessions only after some reads, where the unknown says so", () => {
    const { host, run, refused } = withSession({ unknowns: { targetsAppearAfterReads: 2 } });
    const dump = host.dump();
    const lists = ["adapter target list", "adapter target portal list", "session list", "session connection list"];
    const shown = (list: string) => run(`esxcli iscsi ${list}`).includes(target);
    const param = `esxcli iscsi adapter target portal param get -A vmhba64 -a ${storage} -n ${target}`;
    assert.equal(refused(param), "Failed to find matching object.\n");
    assert.deepEqual(
      ["session list", "session connection list", ...lists.slice(0, 2)].map(shown),
      Array(4).fill(false),
    );
    assert.deepEqual(lists.map(shown), Array(4).fill(true));
    run(param);
    assert.equal(host.dump(), dump);
    run("esxcli iscsi adapter discovery rediscover -A vmhba64");
    assert.deepEqual(lists.map(shown), Array(4).fill(true));
  });

  it("shows a static target at once, whatever the unknown says", () => {
    const { run } = withSession({ unknowns: { targetsAppearAfterReads: 9 } });
    run(
      `${staticTarget} add -A vmhba64 -a 192.168.50.9 -n iqn.x; ${staticTarget} add -A vmhba64 -a ${storage} -n ${target}`,
    );
    assert.deepEqual(
      targets(run).map((line) => line.split(" | ").slice(0, 2)),
      [
        [target, "STATIC"],
        ["iqn.x", "STATIC"],
      ],
    );
  });

  it("times out at an address where no storage is, and without a binding", () => {
    const { run } = withAdapter();
    run(`${sendTarget} add -A vmhba64 -a 192.168.50.100; esxcli iscsi adapter discovery rediscover -A vmhba64`);
    assert.equal(run("esxcli iscsi adapter discovery status get -A vmhba64"), "Discovery Timeout\n");
    run(`esxcli iscsi networkportal add -A vmhba64 -n vmk1; ${sendTarget} add -A vmhba64 -a 192.168.50.101`);
    run("esxcli iscsi adapter discovery rediscover -A vmhba64");
    assert.equal(run("esxcli iscsi adapter discovery status get -A vmhba64"), "Discovery Timeout\n");
    assert.equal(targets(run).length, 1);
  });

  it("forgets a target that the storage no longer reports", () => {
    const { host, run } = withSession();
    host.state.storage[0]?.targets.splice(0, 1, { name: "iqn.2010-09.lab.storage:other" });
    run("esxcli iscsi adapter discovery rediscover -A vmhba64");
    assert.deepEqual(targets(run), ["iqn.2010-09.lab.storage:other | SENDTARGETS | No Error"]);
  });

  it("adds and removes static targets", () => {
    const { run, refused } = withAdapter();
    run("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
    assert.equal(run(`${staticTarget} add -A vmhba64 -a 192.168.50.100 -n ${target}`), "");
    assert.deepEqual(squeezed(run(`${staticTarget} list`)), [
      "Adapter Target Name Target Address TPGT Boot",
      `vmhba64 ${target} ${storage} na false`,
    ]);
    assert.deepEqual(targets(run), [`${target} | STATIC | No Error`]);
    assert.equal(
      refused(`${staticTarget} add -A vmhba64 -a ${storage} -n ${target}`),
      "Failed to add static target.\n",
    );
    assert.equal(run(`${staticTarget} remove -A vmhba64 -a ${storage} -n ${target}`), "");
    assert.equal(run(`${staticTarget} list; esxcli iscsi session list`), "");
    assert.equal(
      refused(`${staticTarget} remove -A vmhba64 -a ${storage} -n ${target}`),
      "Failed to remove static target.\n",
    );
  });

  it("keeps a target that is both discovered and static until both are gone", () => {
    const { run } = withSession({ unknowns: { missing: "silent", duplicate: "silent" } });
    run(
      `${staticTarget} add -A vmhba64 -a ${storage} -n ${target}; ${staticTarget} add -A vmhba64 -a ${storage} -n ${target}`,
    );
    run(`${staticTarget} remove -A vmhba64 -a ${storage} -n ${target}`);
    assert.deepEqual(targets(run), [`${target} | SENDTARGETS | No Error`]);
    run(`${staticTarget} add -A vmhba64 -a ${storage} -n ${target}; ${sendTarget} remove -A vmhba64 -a ${storage}`);
    assert.deepEqual(targets(run), [`${target} | STATIC | No Error`]);
    run(`${staticTarget} remove -A vmhba64 -a 10.0.0.1 -n ${target}`);
    assert.equal(targets(run).length, 1);
  });

  it("says why a target could not be logged in to", () => {
    const { host, run } = withAdapter();
    const last = () => targets(run).map((line) => line.split(" | ").at(-1));
    run(`${staticTarget} add -A vmhba64 -a ${storage} -n ${target}`);
    assert.deepEqual(last(), ["0x000C Transport not found."]);
    run("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
    run(
      `${staticTarget} add -A vmhba64 -a 192.168.50.9 -n iqn.x; ${staticTarget} add -A vmhba64 -a ${storage} -n iqn.y`,
    );
    assert.deepEqual(last(), [
      "No Error",
      "0x0004 Connection failure.",
      "0x0203 Requested ITN does not exist at this address.",
    ]);
    run("esxcli iscsi adapter discovery rediscover -A vmhba64");
    assert.match(
      run("esxcli iscsi adapter discovery status get -A vmhba64"),
      /^Discovery Completed, Some iSCSI Targets failed to login\.$/m,
    );
    for (const nic of host.state.nics) nic.linkUp = false;
    run("esxcli storage core adapter rescan --all");
    assert.equal(last()[0], "0x000C Transport not found.");
    assert.equal(run("esxcli iscsi session list"), "");
  });

  it("reaches storage of another subnet only through a gateway", () => {
    const errors = (gateway?: string) => {
      const ipv4 = { address: "10.9.0.1", netmask: "255.255.255.0", ...(gateway ? { gateway } : {}) };
      const { run } = withSession({ vmkernelAdapters: [{ name: "vmk1", portGroup: "iser-a", ipv4 }] });
      return targets(run).length;
    };
    assert.equal(errors(), 0);
    assert.equal(errors("10.9.0.254"), 1);
  });

  it("reaches storage by IPv6 and by name", () => {
    for (const address of ["fd00::100", "storage.lab"]) {
      const { run } = withAdapter({ storage: [{ address, targets: [{ name: target }] }] });
      run("esxcli network ip interface ipv6 address add -i vmk1 -I fd00::11/64");
      run(`esxcli iscsi networkportal add -A vmhba64 -n vmk1; ${sendTarget} add -A vmhba64 -a ${address}`);
      run("esxcli iscsi adapter discovery rediscover -A vmhba64");
      assert.equal(valuesOf(run("esxcli iscsi session connection list"), "RemoteAddress")[0], address);
    }
  });
});

describe("sessions on the simulated host", () => {
  it("come one for each binding and target, with what they negotiated", () => {
    const { run } = withSession();
    const shown = run("esxcli iscsi session list");
    assert.match(
      shown,
      new RegExp(
        `^vmhba64,${target},00023d000001\\n   Adapter: vmhba64\\n   Target: ${target}\\n   ISID: 00023d000001\\n`,
      ),
    );
    assert.deepEqual(valuesOf(shown, "AuthenticationMethod"), ["none"]);
    assert.deepEqual(valuesOf(run("esxcli iscsi session connection list"), "LocalAddress"), ["192.168.50.11"]);
    assert.deepEqual(valuesOf(run("esxcli iscsi session connection list"), "SessionCreateTime"), ["01/15/24 08:00:00"]);
    assert.equal(run("esxcli iscsi session connection list -c 1"), "");
  });

  it("are removed and come back with the next rescan", () => {
    const { run, refused } = withSession();
    assert.equal(
      refused("esxcli iscsi session remove -A vmhba64 -s 00023d000001"),
      "Should not use isid option alone, missing target option.\n",
    );
    assert.equal(refused(`esxcli iscsi session remove -A vmhba64 -n iqn.other`), "Failed to find matching object.\n");
    assert.equal(run(`esxcli iscsi session remove -A vmhba64 -n ${target} -s 00023d000001`), "");
    assert.equal(run("esxcli iscsi session list"), "");
    run("esxcli storage core adapter rescan -A vmhba64");
    assert.deepEqual(valuesOf(run(`esxcli iscsi session list -A vmhba64 -n ${target}`), "ISID"), ["00023d000001"]);
  });

  it("take new parameters only when they log in again", () => {
    const { run } = withSession();
    run(
      "esxcli iscsi adapter param set -A vmhba64 -k MaxOutstandingR2T -v 8; esxcli storage core adapter rescan --all",
    );
    const shown = () => valuesOf(run("esxcli iscsi session list"), "MaxOutstandingR2T");
    assert.deepEqual(shown(), ["1"]);
    run("esxcli iscsi session remove -A vmhba64; esxcli storage core adapter rescan --all");
    assert.deepEqual(shown(), ["8"]);
  });

  it("show digests", () => {
    const { run } = withSession();
    run("esxcli iscsi adapter param set -A vmhba64 -k HeaderDigest -v required");
    run("esxcli iscsi session remove -A vmhba64; esxcli storage core adapter rescan --all");
    assert.deepEqual(valuesOf(run("esxcli iscsi session connection list"), "HeaderDigest"), ["CRC32C"]);
  });
});

describe("iSCSI parameters on the simulated host", () => {
  const get = "esxcli iscsi adapter param get -A vmhba64";
  const set = "esxcli iscsi adapter param set -A vmhba64";
  const row = (text: string, key: string) => squeezed(text).find((line) => line.startsWith(`${key} `));

  it("are set and reset on the adapter, and only the one that is named", () => {
    const { run } = withAdapter();
    const before = run(get);
    run(`${set} -k LoginTimeout -v 10; ${set} -k DelayedAck -v n; ${set} -k DataDigest -v preferred`);
    assert.equal(row(run(get), "LoginTimeout"), "LoginTimeout 10 5 1 60 true false");
    assert.equal(row(run(get), "DelayedAck"), "DelayedAck false true na na true false");
    assert.equal(row(run(get), "DataDigest"), "DataDigest preferred prohibited na na true false");
    for (const key of ["LoginTimeout", "DelayedAck", "DataDigest"]) run(`${set} -k ${key} --default`);
    assert.equal(run(get), before);
  });

  it("are refused in the words of 6.7", () => {
    const { refused } = withAdapter();
    for (const [given, message] of [
      ["-k MaxCmds -v 5", "Parameter MaxCmds is not settable."],
      ["-k Nonsense -v 5", "Invalid iscsi key input."],
      ["-k LoginTimeout", "Invalid iscsi value input."],
      ["-k LoginTimeout -v x", "Invalid value for integer parameter key LoginTimeout"],
      ["-k LoginTimeout -v 61", "Value for LoginTimeout is out of range. Valid values are integers in range 1-60"],
      ["-k LoginTimeout -v 5 -D", "Only one options value, inherit, default can be used at once."],
      ["-k DelayedAck -v 2", "Invalid data type for bool parameter expected one of [0, 1, y, n, true, false, yes, no]"],
      [
        "-k DataDigest -v on",
        "Invalid digest value. Digests will take {prohibited, discouraged, preferred, required} only.",
      ],
    ] as const)
      assert.equal(refused(`${set} ${given}`), `${message}\n`);
  });

  it("are inherited by send target and target until they are set there, and again when they are told", () => {
    const { run } = withSession();
    const at = { sendtarget: `-A vmhba64 -a ${storage}`, target: `-A vmhba64 -a ${storage} -n ${target}` };
    const shown = (level: keyof typeof at) => {
      const path = level === "target" ? "target portal" : "discovery sendtarget";
      return row(run(`esxcli iscsi adapter ${path} param get ${at[level]}`), "NoopOutInterval");
    };
    run(`${set} -k NoopOutInterval -v 20`);
    assert.equal(shown("sendtarget"), "NoopOutInterval 20 15 1 60 true true");
    assert.equal(shown("target"), "NoopOutInterval 20 15 1 60 true true");
    run(`esxcli iscsi adapter discovery sendtarget param set ${at.sendtarget} -k NoopOutInterval -v 30`);
    assert.equal(shown("sendtarget"), "NoopOutInterval 30 15 1 60 true false");
    assert.equal(shown("target"), "NoopOutInterval 30 15 1 60 true true");
    run(`esxcli iscsi adapter target portal param set ${at.target} -k NoopOutInterval --default`);
    assert.equal(shown("target"), "NoopOutInterval 15 15 1 60 true false");
    run(`esxcli iscsi adapter target portal param set ${at.target} -k NoopOutInterval --inherit`);
    assert.equal(shown("target"), "NoopOutInterval 30 15 1 60 true true");
  });

  it("are refused of what is not there", () => {
    const { refused } = withAdapter();
    for (const line of [
      `discovery sendtarget param get -A vmhba64 -a ${storage}`,
      `target portal param get -A vmhba64 -a ${storage} -n ${target}`,
    ])
      assert.equal(refused(`esxcli iscsi adapter ${line}`), "Failed to find matching object.\n");
  });
});
