import assert from "node:assert/strict";
import type { HostOptions } from "../../../src/simulator/index.js";
import { squeezed, valuesOf, withAdapter, withSession } from "./support.js";

const portal = "192.168.50.100:3260";
const name = "iqn.2010-09.lab.storage:iser-a";
const adapter = "iscsi adapter auth chap";
const sendTarget = "iscsi adapter discovery sendtarget auth chap";
const target = "iscsi adapter target portal auth chap";
/** The options that name each level. */
const at = {
  [adapter]: "-A vmhba64",
  [sendTarget]: `-A vmhba64 -a ${portal}`,
  [target]: `-A vmhba64 -a ${portal} -n ${name}`,
};
type Level = keyof typeof at;

function set(level: Level, direction: "uni" | "mutual", values: string): string {
  return `esxcli ${level} set ${at[level]} -d ${direction} ${values}`;
}

const uni = "-l required -N user -S open-sesame-1";
const mutual = "-l required -N storage -S open-sesame-2";

function storage(chap: object): HostOptions {
  return {
    storage: [
      { address: "192.168.50.100", targets: [{ name, chap: { name: "user", secret: "open-sesame-1", ...chap } }] },
    ],
  };
}

describe("CHAP on the simulated host", () => {
  const get = (run: (line: string) => string, level: Level) => run(`esxcli ${level} get ${at[level]}`);

  it("is prohibited at first, both ways", () => {
    const { run } = withAdapter();
    assert.equal(
      get(run, adapter),
      "vmhba64\n   Direction: uni\n   Name: \n   Level: prohibited\n\nvmhba64\n   Direction: mutual\n   Name: \n   Level: prohibited\n",
    );
  });

  it("shows name and level as they were set, and never the secret", () => {
    const { run } = withAdapter();
    run(set(adapter, "uni", uni));
    assert.equal(
      run(`esxcli ${adapter} get -A vmhba64 -d uni`),
      "vmhba64\n   Direction: uni\n   Name: user\n   Level: required\n",
    );
    for (const formatter of ["xml", "csv", "keyvalue"])
      assert.doesNotMatch(run(`esxcli --formatter=${formatter} ${adapter} get -A vmhba64`), /sesame/);
  });

  it("sets one direction and leaves the other", () => {
    const { run } = withAdapter();
    run(set(adapter, "uni", uni));
    run(set(adapter, "mutual", mutual));
    run(set(adapter, "uni", "-l required -N other -S open-sesame-3"));
    assert.deepEqual(valuesOf(get(run, adapter), "Name"), ["other", "storage"]);
    run(`esxcli ${adapter} set -A vmhba64 -d mutual --default`);
    assert.deepEqual(valuesOf(get(run, adapter), "Level"), ["required", "prohibited"]);
  });

  it("takes uni when no direction is given, and resets both", () => {
    const { run } = withAdapter();
    run(`esxcli ${adapter} set -A vmhba64 ${uni}`);
    run(set(adapter, "mutual", mutual));
    run(`esxcli ${adapter} set -A vmhba64 --default`);
    assert.deepEqual(valuesOf(get(run, adapter), "Level"), ["prohibited", "prohibited"]);
  });

  describe("is refused in the words of 6.7, and nothing changes,", () => {
    const incomplete =
      "Invalid CHAP authentication input. Make sure [--default] or [--authname --secret --level] is given.\n";
    const combination =
      "Invalid CHAP and Mutual CHAP combination. If setting mutual CHAP, make sure CHAP is on [required] level.\n";
    for (const [what, prepare, line, message] of [
      ["without a secret", "", set(adapter, "uni", "-l required -N user"), incomplete],
      ["without a name", "", set(adapter, "uni", "-l required -S s"), incomplete],
      ["without a level", "", set(adapter, "uni", "-N user -S s"), incomplete],
      ["with a default and a value", "", set(adapter, "uni", "--default -N user"), incomplete],
      [
        "with a level that is none",
        "",
        set(adapter, "uni", "-l always -N user -S s"),
        "Invalid Chap Level value. Accepted Values: {prohibited, discouraged, preferred, required}\n",
      ],
      [
        "with a level that mutual CHAP does not have",
        set(adapter, "uni", uni),
        set(adapter, "mutual", "-l preferred -N user -S s"),
        "Invalid authentication level. Mutual CHAP can only be [prohibited] or [required].\n",
      ],
      ["with mutual CHAP before uni is required", "", set(adapter, "mutual", mutual), combination],
      [
        "with mutual CHAP while uni is only preferred",
        set(adapter, "uni", "-l preferred -N user -S s"),
        set(adapter, "mutual", mutual),
        combination,
      ],
      [
        "when uni goes below required under mutual CHAP",
        `${set(adapter, "uni", uni)}; ${set(adapter, "mutual", mutual)}`,
        set(adapter, "uni", "-l preferred -N user -S s"),
        combination,
      ],
      [
        "when uni is reset under mutual CHAP",
        `${set(adapter, "uni", uni)}; ${set(adapter, "mutual", mutual)}`,
        set(adapter, "uni", "--default"),
        combination,
      ],
      [
        "with a name that is too long",
        "",
        set(adapter, "uni", `-l required -N ${"n".repeat(512)} -S s`),
        "Failed to set iSCSI CHAP authentication: The name or the secret is too long.\n",
      ],
    ] as const) {
      it(what, () => {
        const { host, run, refused } = withAdapter();
        if (prepare !== "") run(prepare);
        const before = host.dump();
        assert.equal(refused(line), message);
        assert.equal(host.dump(), before);
      });
    }
  });

  it("is undone in the reverse order", () => {
    const { run } = withAdapter();
    run(`${set(adapter, "uni", uni)}; ${set(adapter, "mutual", mutual)}`);
    run(`${set(adapter, "mutual", "--default")} && ${set(adapter, "uni", "--default")}`);
    assert.deepEqual(valuesOf(get(run, adapter), "Level"), ["prohibited", "prohibited"]);
  });

  it("is inherited from adapter to send target to target, until it is set there", () => {
    const { run } = withSession();
    const row = (level: Level) =>
      ["Name", "Level", "Inheritance", "Parent"].map((field) => valuesOf(get(run, level), field)[0]).join(" ");
    run(set(adapter, "uni", uni));
    assert.equal(row(sendTarget), "user required true vmhba64");
    assert.equal(row(target), `user required true ${portal}`);
    run(set(sendTarget, "uni", "-l preferred -N middle -S s"));
    assert.equal(row(sendTarget), "middle preferred false vmhba64");
    assert.equal(row(target), `middle preferred true ${portal}`);
    run(set(target, "uni", "-l discouraged -N own -S s"));
    assert.equal(row(target), `own discouraged false ${portal}`);
    run(set(target, "uni", "--inherit"));
    assert.equal(row(target), `middle preferred true ${portal}`);
    run(set(sendTarget, "uni", "--default"));
    assert.equal(row(target), ` prohibited true ${portal}`);
    run(`esxcli ${sendTarget} set ${at[sendTarget]} -I`);
    assert.equal(row(target), `user required true ${portal}`);
    assert.deepEqual(valuesOf(run(`esxcli ${target} get ${at[target]} -d uni -m chap`), "Method"), ["chap"]);
  });

  it("keeps a name beside prohibited, or does not, for what ESXi does is not known", () => {
    for (const [prohibitedChapName, name] of [
      ["dropped", ""],
      ["kept", "user"],
    ] as const) {
      const { run } = withAdapter({ unknowns: { prohibitedChapName } });
      run(set(adapter, "uni", uni.replace("required", "prohibited")));
      assert.deepEqual(valuesOf(get(run, adapter), "Name"), [name, ""]);
    }
  });

  it("inherits by --default below an adapter, or does not, for what ESXi does is not known", () => {
    for (const [defaultBelowAdapter, levels] of [
      ["own", ["prohibited", "prohibited"]],
      ["inherits", ["required", "required"]],
    ] as const) {
      const { run } = withSession({ unknowns: { defaultBelowAdapter } });
      run(set(adapter, "uni", uni));
      for (const level of [sendTarget, target] as const) run(set(level, "uni", "--default"));
      assert.deepEqual(
        [sendTarget, target].flatMap((level) => valuesOf(get(run, level as Level), "Level")[0]),
        levels,
      );
      run(set(adapter, "uni", "--default"));
      assert.deepEqual(valuesOf(get(run, adapter), "Level"), ["prohibited", "prohibited"]);
    }
  });

  it("is checked where it is inherited, or is not, for what ESXi does is not known", () => {
    for (const [chapBelowChecked, isRefused] of [
      ["levelOnly", false],
      ["inheriting", true],
    ] as const) {
      const { host, run, refused } = withSession({ unknowns: { chapBelowChecked } });
      run(`${set(adapter, "uni", uni)}; ${set(target, "uni", uni.replace("required", "preferred"))}`);
      const before = host.dump();
      if (isRefused) assert.match(refused(set(adapter, "mutual", mutual)), /^Invalid CHAP and Mutual CHAP combination/);
      else run(set(adapter, "mutual", mutual));
      assert.equal(host.dump() === before, isRefused);
      run(`${set(target, "uni", "--inherit")}; ${set(adapter, "mutual", mutual)}`);
      assert.deepEqual(valuesOf(get(run, target), "Level"), ["required", "required"]);
    }
  });

  it("of a static target is the adapter's", () => {
    const { run } = withAdapter();
    run(`esxcli iscsi adapter discovery statictarget add ${at[target]}; ${set(adapter, "uni", uni)}`);
    assert.deepEqual(valuesOf(get(run, target), "Parent"), ["vmhba64", "vmhba64"]);
    assert.deepEqual(valuesOf(get(run, target), "Name"), ["user", ""]);
  });

  it("is refused of what is not there", () => {
    const { refused } = withAdapter();
    assert.equal(refused(set(sendTarget, "uni", uni)), "Failed to find matching object.\n");
    assert.equal(refused(set(target, "uni", uni)), "Failed to find matching object.\n");
  });

  describe("decides about sessions", () => {
    /** How the sessions authenticated, or the last error of the target. */
    const outcome = (options: HostOptions, ...lines: string[]) => {
      const { run } = withAdapter(options);
      run("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
      for (const line of lines) run(line);
      run("esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100");
      run("esxcli iscsi adapter discovery rediscover -A vmhba64");
      const methods = valuesOf(run("esxcli iscsi session list"), "AuthenticationMethod");
      return methods.length > 0
        ? methods.join()
        : squeezed(run("esxcli iscsi adapter target list"))[1]?.replace(/^.*SENDTARGETS /, "");
    };
    const refused = "0x0201 Initiator could not be successfully authenticated.";
    const both = storage({ mutual: { name: "storage", secret: "open-sesame-2" } });

    for (const [what, options, lines, wanted] of [
      ["refuses a target that asks, without", storage({}), [], refused],
      ["takes the right name and secret", storage({}), [set(adapter, "uni", uni)], "chap"],
      [
        "takes them at the level discouraged",
        storage({}),
        [set(adapter, "uni", uni.replace("required", "discouraged"))],
        "chap",
      ],
      ["refuses a wrong secret", storage({}), [set(adapter, "uni", uni.replace("-1", "-9"))], refused],
      ["refuses a wrong name", storage({}), [set(adapter, "uni", uni.replace("user", "other"))], refused],
      ["refuses a target that does not ask, when CHAP is required", {}, [set(adapter, "uni", uni)], refused],
      [
        "does without where the target does not ask",
        {},
        [set(adapter, "uni", uni.replace("required", "preferred"))],
        "none",
      ],
      ["takes both ways", both, [set(adapter, "uni", uni), set(adapter, "mutual", mutual)], "mutual chap"],
      ["takes one way where the target could do both", both, [set(adapter, "uni", uni)], "chap"],
      [
        "refuses a target whose answer is wrong",
        both,
        [set(adapter, "uni", uni), set(adapter, "mutual", mutual.replace("-2", "-9"))],
        refused,
      ],
      [
        "refuses a target that cannot answer",
        storage({}),
        [set(adapter, "uni", uni), set(adapter, "mutual", mutual)],
        refused,
      ],
    ] as const) {
      it(what, () => assert.equal(outcome(options, ...lines), wanted));
    }

    it("by the target's own settings before the adapter's", () => {
      const { run } = withAdapter(storage({}));
      run(
        "esxcli iscsi networkportal add -A vmhba64 -n vmk1; esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100",
      );
      run(
        `esxcli iscsi adapter discovery rediscover -A vmhba64; ${set(target, "uni", uni)}; esxcli storage core adapter rescan --all`,
      );
      assert.deepEqual(valuesOf(run("esxcli iscsi session list"), "AuthenticationMethod"), ["chap"]);
    });

    it("that are new: those that are there keep what they logged in with", () => {
      const { run } = withSession();
      run(`${set(adapter, "uni", uni)}; esxcli storage core adapter rescan --all`);
      assert.deepEqual(valuesOf(run("esxcli iscsi session list"), "AuthenticationMethod"), ["none"]);
      run("esxcli iscsi session remove -A vmhba64; esxcli storage core adapter rescan --all");
      assert.equal(run("esxcli iscsi session list"), "");
    });
  });
});
