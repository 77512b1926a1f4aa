import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SimulatedHost } from "../../../src/simulator/index.js";
import { hand, squeezed, valuesOf, withAdapter, withSession } from "./support.js";

describe("the dump of a simulated host", () => {
  it("is the same for an unchanged host, whatever was read and however much time went by", () => {
    const { host, run } = withSession({ unknowns: { adapterAppearsAfterReads: 0 } });
    const before = host.dump();
    for (const path of ["iscsi adapter list", "network nic list", "iscsi session list", "rdma device list"])
      run(`esxcli ${path}`);
    host.advance(86_400_000);
    host.execute("esxcli nonsense");
    assert.equal(host.dump(), before);
    assert.equal(withSession().host.dump(), before);
  });

  it("has its keys in order", () => {
    const keys = (value: unknown): string[][] =>
      typeof value !== "object" || value === null
        ? []
        : [...(Array.isArray(value) ? [] : [Object.keys(value)]), ...Object.values(value).flatMap(keys)];
    for (const names of keys(JSON.parse(withSession().host.dump()))) assert.deepEqual(names, [...names].sort());
  });

  it("changes with every setting", () => {
    const { host, run } = withSession();
    const seen = new Set([host.dump()]);
    for (const line of [
      "esxcli iscsi adapter set -A vmhba64 -a x",
      "esxcli rdma iser params set -a vmhba64 -r 2",
      "esxcli iscsi adapter param set -A vmhba64 -k LoginTimeout -v 9",
      "esxcli iscsi adapter auth chap set -A vmhba64 -l required -N user -S one",
      "esxcli iscsi adapter auth chap set -A vmhba64 -l required -N user -S two",
      "esxcli network vswitch standard set -v vSwitch1 -m 9000",
      "esxcli network nic pauseParams set -n vmnic4 -r false",
      "esxcli system module parameters set -m nmlx5_core -p max_vfs=2",
      "esxcli iscsi session remove -A vmhba64",
    ]) {
      run(line);
      assert.ok(!seen.has(host.dump()), line);
      seen.add(host.dump());
    }
  });

  it("holds no secret", () => {
    const { host, run } = withAdapter({
      storage: [
        { address: "192.168.50.100", targets: [{ name: "iqn.x", chap: { name: "user", secret: "open-sesame-1" } }] },
      ],
    });
    run("esxcli iscsi adapter auth chap set -A vmhba64 -l required -N user -S open-sesame-2");
    assert.doesNotMatch(host.dump(), /open-sesame/);
    assert.match(host.dump(), /"secret": "sha256:[0-9a-f]{16}"/);
  });
});

describe("a simulated host beside another", () => {
  it("shares nothing with it, nor with its options", () => {
    const options = { storage: [{ address: "192.168.50.100", targets: [{ name: "iqn.x" }] }], unknowns: {} };
    const [one, two] = [new SimulatedHost(options), new SimulatedHost(options)];
    const before = two.dump();
    one.execute("esxcli rdma iser add; esxcli network vswitch standard set -v vSwitch1 -m 9000");
    one.state.storage[0]?.targets.pop();
    assert.equal(two.dump(), before);
    assert.equal(options.storage[0]?.targets.length, 1);
    assert.equal(two.state.storage[0]?.targets.length, 1);
    assert.equal(two.journal.length, 0);
  });
});

describe("a reboot of the simulated host", () => {
  const adapters = (run: (line: string) => string) =>
    squeezed(run("esxcli iscsi physicalnetworkportal list"))
      .slice(1)
      .map((line) => line.split(" ").slice(0, 2).join(" "));

  it("keeps the configuration and logs in again", () => {
    const { host, run } = withSession();
    run("esxcli rdma iser params set -a vmhba64 -r 2; esxcli network nic pauseParams set -n vmnic4 -r 0");
    const before = host.dump();
    host.reboot();
    assert.equal(host.dump(), before);
    assert.deepEqual(valuesOf(run("esxcli iscsi session connection list"), "SessionCreateTime"), ["01/15/24 08:03:00"]);
  });

  it("starts the uptime anew and writes to the VMkernel log", () => {
    const { host, run } = hand();
    host.reboot();
    assert.equal(run("esxcli system stats uptime get"), "60000000\n");
    assert.equal(run("esxcli system time get"), "2024-01-15T08:03:00Z\n");
    assert.match(run("cat /var/log/vmkernel.log"), /^2024-01-15T08:02:00\.000Z cpu0:/);
  });

  it("happens by the command as well", () => {
    const { host, run } = hand();
    let seen = 0;
    const stop = host.onReboot(() => {
      seen += 1;
    });
    run("reboot");
    stop();
    host.reboot();
    assert.equal(seen, 1);
    assert.deepEqual(host.journal, [{ line: "reboot", effect: "write", status: 0 }]);
  });

  it("swaps two adapters: each number is then the other device's, and settings go with the device", () => {
    const { host, run } = hand();
    run(
      "esxcli rdma iser add; esxcli iscsi networkportal add -A vmhba64 -n vmk1; esxcli iscsi adapter set -A vmhba64 -a first",
    );
    assert.deepEqual(adapters(run), ["vmhba64 vmnic4", "vmhba65 vmnic5"]);
    host.reboot({ swapAdapters: ["vmhba64", "vmhba65"] });
    assert.deepEqual(adapters(run), ["vmhba65 vmnic4", "vmhba64 vmnic5"]);
    assert.match(run("esxcli iscsi adapter get -A vmhba65"), /Alias: first/);
    assert.deepEqual(valuesOf(run("esxcli iscsi networkportal list"), "Compliant Status"), ["compliant"]);
  });

  it("leaves settings with the number where the unknown says so", () => {
    const { host, run } = hand({ unknowns: { settingsFollow: "number" } });
    run("esxcli rdma iser add; esxcli iscsi networkportal add -A vmhba64 -n vmk1");
    host.reboot({ swapAdapters: ["vmhba64", "vmhba65"] });
    assert.deepEqual(adapters(run), ["vmhba64 vmnic5", "vmhba65 vmnic4"]);
    assert.deepEqual(valuesOf(run("esxcli iscsi networkportal list"), "Compliant Status"), ["non-compliant"]);
  });

  it("cannot swap what is not there", () => {
    assert.throws(
      () => hand().host.reboot({ swapAdapters: ["vmhba64", "vmhba65"] }),
      /no iSCSI adapter vmhba64 or vmhba65/,
    );
  });

  it("loses the iSER adapters when asked, or where the unknown says they do not persist", () => {
    const asked = withSession();
    asked.host.reboot({ loseAdapters: true });
    assert.deepEqual(adapters(asked.run), []);
    assert.match(asked.run("esxcli system module list"), /^iser +false +true$/m);
    const { host, run } = withSession({ unknowns: { adaptersPersist: false } });
    host.reboot();
    assert.deepEqual(adapters(run), []);
  });

  it("forgets RoCE version and pause parameters where the unknowns say so", () => {
    const { host, run } = withAdapter({ unknowns: { rocePersists: false, pauseParamsPersist: false } });
    run("esxcli rdma iser params set -a vmhba64 -r 2; esxcli network nic pauseParams set -n vmnic4 -r 0");
    host.reboot();
    assert.equal(host.state.iscsiAdapters[0]?.roce, 0);
    assert.match(run("esxcli network nic get -n vmnic4"), /Pause RX: true/);
  });

  it("shows an adapter that was not listed yet", () => {
    const { host, run } = withAdapter({ unknowns: { adapterAppearsAfterReads: 9 } });
    host.reboot();
    assert.match(run("esxcli iscsi adapter list"), /^vmhba64 /m);
  });

  it("does not load a module that was disabled", () => {
    const { host, run } = withAdapter();
    run("esxcli system module set -m iser -e false");
    host.reboot();
    assert.match(run("esxcli system module list"), /^iser +false +false$/m);
  });
});

describe("the processes of a simulated host", () => {
  it("show every argument as it was given, secrets too, and not what was read from standard input", () => {
    const host = new SimulatedHost({ model: "8.0" });
    const set = "iscsi adapter auth chap set -A vmhba64 --direction=uni --level=required --authname=a";
    const line = `LANG=C esxcli ${set} --secret='open sesame'; echo open-not`;
    host.execute(line);
    host.execute(`/bin/esxcli ${set} --secret | cat`, "open-stdin\n");
    const argv = [
      "iscsi",
      "adapter",
      "auth",
      "chap",
      "set",
      "-A",
      "vmhba64",
      "--direction=uni",
      "--level=required",
      "--authname=a",
    ];
    assert.deepEqual(host.processes, [
      ["sh", "-c", line],
      ["esxcli", ...argv, "--secret=open sesame"],
      ["sh", "-c", `/bin/esxcli ${set} --secret | cat`],
      ["/bin/esxcli", ...argv, "--secret"],
      ["cat"],
    ]);
  });
});

describe("the journal of a simulated host", () => {
  it("has every program in order, with status and effect", () => {
    const { host } = hand();
    host.execute(
      "LANG=en_US.UTF-8 esxcli '--formatter=xml' rdma iser add '--device=vmrdma0'; esxcli iscsi adapter get -A x | tail -n 1",
    );
    host.execute("esxcli rdma iser add --help; esxcli rdma iser add --foo; esxcli rdma");
    assert.deepEqual(host.journal, [
      {
        line: "esxcli --formatter=xml rdma iser add --device=vmrdma0",
        path: "rdma iser add",
        effect: "write",
        status: 0,
      },
      { line: "esxcli iscsi adapter get -A x", path: "iscsi adapter get", effect: "read", status: 1 },
      { line: "tail -n 1", effect: "read", status: 0 },
      { line: "esxcli rdma iser add --help", path: "rdma iser add", effect: "read", status: 0 },
      { line: "esxcli rdma iser add --foo", path: "rdma iser add", effect: "read", status: 1 },
      { line: "esxcli rdma", effect: "read", status: 0 },
    ]);
    assert.deepEqual({ commands: host.counters.commands, writes: host.counters.writes }, { commands: 2, writes: 1 });
  });

  it("quotes what must be quoted", () => {
    const { host } = hand();
    host.execute("esxcli iscsi adapter set -A vmhba64 -a 'it'\\''s  one'");
    assert.equal(host.journal[0]?.line, "esxcli iscsi adapter set -A vmhba64 -a 'it'\\''s  one'");
  });

  const secret = "open-sesame";
  const chap = "esxcli iscsi adapter auth chap set -A vmhba64 -l required -N user";
  for (const line of [
    `${chap} --secret=${secret}`,
    `${chap} --secret ${secret}`,
    `${chap} -S ${secret}`,
    `${chap} -S=${secret}`,
    `${chap} -S${secret}`,
    `${chap} '--secret=${secret} with blanks'`,
    `${chap} --secret=-${secret}`,
    `S=${secret} ; ${chap} --secret="$S"`,
    `echo ${secret} | ${chap} --secret`,
    `printf '%s\\n' ${secret} | ${chap} --secret`,
    `esxcli --formatter xml iscsi nonsense --secret=${secret}`,
    `esxcli iscsi adapter target portal auth chap set -S ${secret}`,
    `localcli iscsi adapter auth chap set -S ${secret}`,
  ]) {
    it(`masks the secret of ${line}`, () => {
      const { host } = withAdapter();
      host.execute(line);
      assert.doesNotMatch(JSON.stringify(host.journal), /open-sesame/);
      assert.ok(host.journal.length > 1);
    });
  }

  it("holds nothing of the standard input", () => {
    const { host } = withAdapter();
    host.execute(`${chap} --secret`, `${secret}\n`);
    assert.doesNotMatch(JSON.stringify(host.journal), /open-sesame/);
  });
});

describe("faults of a simulated host", () => {
  const add = "esxcli iscsi networkportal add -A vmhba64 -n vmk1";
  const match = "iscsi networkportal add";
  const bindings = (run: (line: string) => string) => valuesOf(run("esxcli iscsi networkportal list"), "Vmknic").length;

  it("fail a command as often as they were told, and do nothing", () => {
    const { host, run, refused } = withAdapter();
    host.faults.add({ match, kind: "fail", times: 2, message: "Nope." });
    assert.equal(refused(add), "Nope.\n");
    assert.equal(host.faults.left, 1);
    assert.equal(refused(add), "Nope.\n");
    assert.equal(bindings(run), 0);
    run(add);
    assert.equal(host.counters.writes, 2);
  });

  it("match a whole path or an expression, and no other command", () => {
    const { host, run, refused } = withAdapter();
    host.faults.add({ match: "networkportal add", kind: "fail" });
    run(`${add} --help`);
    run(add);
    host.faults.clear();
    host.faults.add({ match: /networkportal/, kind: "fail" });
    run("esxcli iscsi adapter list");
    assert.equal(refused("esxcli iscsi networkportal list"), "Failed.\n");
    run("esxcli iscsi networkportal list");
  });

  it("come one after the other", () => {
    const { host, run, refused } = withAdapter();
    host.faults.add({ match, kind: "fail", message: "one" });
    host.faults.add({ match, kind: "fail", message: "two" });
    assert.deepEqual([refused(add), refused(add), run(add)], ["one\n", "two\n", ""]);
  });

  for (const [kind, done] of [
    ["hang", 0],
    ["dropBefore", 0],
    ["dropAfter", 1],
    ["hangAfter", 1],
    ["reboot", 0],
  ] as const) {
    it(`${kind}: ends with 255 and ${done === 1 ? "is done" : "does nothing"}`, () => {
      const { host, run } = withAdapter();
      host.faults.add({ match, kind });
      assert.deepEqual(host.execute(`${add}; echo never`), { status: 255, stdout: "", stderr: "" });
      assert.equal(host.journal.at(-1)?.status, undefined);
      assert.equal(bindings(run), done);
    });
  }

  it("slow: is done, and takes no time for a call that cannot wait", () => {
    const { host, run } = withAdapter();
    host.faults.add({ match, kind: "slow" });
    run(add);
    assert.equal(bindings(run), 1);
  });

  it("reboot: comes with what is asked of it, and is told to who listens", () => {
    const { host } = withAdapter();
    let told = 0;
    host.onReboot(() => {
      told += 1;
    });
    host.faults.add({ match, kind: "reboot", reboot: { loseAdapters: true } });
    assert.equal(host.execute(add).status, 255);
    assert.deepEqual(host.state.iscsiAdapters, []);
    assert.equal(told, 1);
  });

  it("meanwhile: is done after what somebody else does", () => {
    const { host, run, refused } = withAdapter();
    host.faults.add({ match, kind: "meanwhile", meanwhile: () => void run(add) });
    assert.match(refused(add), /Already bound/);
    assert.equal(bindings(run), 1);
  });

  it("after: leaves the first runs alone", () => {
    const { host, run, refused } = withAdapter();
    host.faults.add({ match: "iscsi adapter list", kind: "fail", after: 2 });
    const list = "esxcli iscsi adapter list";
    run(list);
    run(list);
    assert.equal(refused(list), "Failed.\n");
    run(list);
  });

  it("befalls a command's help and other programs by their names", () => {
    const { host, run } = withAdapter();
    host.faults.add({ match: `${match} --help`, kind: "fail", message: "No help." });
    host.faults.add({ match: "grep", kind: "fail", message: "No grep." });
    assert.deepEqual(host.execute(`esxcli ${match} --help`), { status: 1, stdout: "No help.\n", stderr: "" });
    assert.equal(host.execute("grep iser /var/log/vmkernel.log").stdout, "No grep.\n");
    run(add);
  });

  it("truncate and garble: are done, and their output is spoilt", () => {
    const { host, run } = withAdapter();
    const read = "esxcli --formatter=xml iscsi adapter list";
    const whole = run(read);
    host.faults.add({ match: "iscsi adapter list", kind: "truncate" });
    host.faults.add({ match: "iscsi adapter list", kind: "garble" });
    assert.equal(run(read), whole.slice(0, Math.floor(whole.length / 2)));
    assert.match(run(read), /^\?output xmlns\?"http\?\/\//);
    assert.equal(run(read), whole);
  });
});

describe("the simulator's sources", () => {
  const libraries: Readonly<Record<string, RegExp>> = { ssh2: /^ssh/, asn1: /^vsphere\//, saxes: /^vsphere\// };

  it("import nothing of the rest of the package, and a library only where its protocol is spoken", () => {
    const root = join(__dirname, "../../../src/simulator");
    const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    assert.ok(files.length > 30);
    for (const file of files) {
      const text = readFileSync(join(root, file), "utf8");
      for (const [, from = ""] of text.matchAll(/(?:from|import|import\(|require\() ?"([^"]+)"/g)) {
        if (from.startsWith(".")) assert.ok(!join(file, "..", from).startsWith(".."), `${file}: ${from}`);
        else if (!from.startsWith("node:")) assert.match(file, libraries[from] ?? /^$/, from);
      }
    }
  });
});
