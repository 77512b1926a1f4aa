import assert from "node:assert/strict";
import { models, SimulatedHost } from "../../../src/simulator/index.js";
import { hand, withAdapter } from "./support.js";

describe("esxcli of the simulated host", () => {
  const first = (line: string) => {
    const { status, stdout, stderr } = withAdapter().host.execute(line);
    assert.equal(stderr, "", line);
    return { status, message: stdout.split("\n\n")[0], stdout };
  };
  const parseError = (line: string, message: string, help: RegExp) => {
    const { status, stdout } = first(line);
    assert.equal(status, 1, line);
    assert.ok(stdout.startsWith(`Error: ${message}\n\n`), stdout);
    assert.match(stdout.slice(stdout.indexOf("\n\n")), help);
  };
  const command = /^\n\nUsage: esxcli [a-z ]+ \[cmd options\]\n\nDescription:\n {2}\w+/i;

  describe("refuses on standard output, with status 1 and the help", () => {
    for (const [what, line, message] of [
      ["an unknown option", "iscsi adapter list --foo", "Invalid option --foo"],
      ["a stray word", "iscsi adapter list vmhba64", "Invalid option vmhba64"],
      ["a stray word behind options", "iscsi adapter list -A vmhba64 x", "Invalid option x"],
      ["a value glued to a short option", "iscsi adapter list -Avmhba64", "Invalid option -Avmhba64"],
      ["an option given twice", "iscsi adapter list -A a --adapter=b", "Duplicated option --adapter"],
      ["a missing option", "iscsi adapter get", "Missing required parameter -A|--adapter"],
      [
        "several missing options",
        "iscsi networkportal add",
        "Missing required parameter -A|--adapter\n       -n|--nic",
      ],
      ["an option without its value", "iscsi adapter list -A", "-A must have value"],
      ["an option whose value looks like an option", "iscsi adapter list -A -n", "-A must have value"],
      [
        "a value that begins with a hyphen and a letter",
        "iscsi adapter set -A vmhba64 --alias=-x",
        "--alias must have value",
      ],
      ["a value that begins with two hyphens", "iscsi adapter set -A vmhba64 -a --x", "-a must have value"],
      [
        "a word that is no boolean",
        "iscsi networkportal add -A vmhba64 -n vmk1 --force=maybe",
        "While processing '--force'. Argument type mismatch. Expecting one of {0, 1, n[o], y[es], f[alse], t[rue], off, on}. Got 'maybe'",
      ],
      [
        "a word that is no number",
        "rdma iser params set -a vmhba64 -r x",
        "While processing '-r'. Argument type mismatch. Expecting integer. Got 'x'",
      ],
      [
        "a word that is not in the list",
        "iscsi adapter auth chap get -A vmhba64 -d both",
        "'both' is not in [uni, mutual]",
      ],
      [
        "a flag with a value",
        "storage core adapter rescan --all=true",
        "'--all' is a flag and cannot accept any values.",
      ],
      [
        "a value for CHAP's default",
        "iscsi adapter auth chap set -A vmhba64 --default=no",
        "Invalid default option use, it does not take false/no/n/0 value.",
      ],
    ] as const) {
      it(what, () => parseError(`esxcli ${line}`, message, command));
    }

    it("a command that it does not have, with the help of the namespace", () => {
      parseError(
        "esxcli rdma iser params get",
        "Unknown command or namespace rdma iser params get",
        /Available Commands:\n {2}set /,
      );
      parseError(
        "esxcli nonsense",
        "Unknown command or namespace nonsense",
        /Available Namespaces:\n {2}esxcli\n {2}iscsi\n/,
      );
    });

    it("an option of a namespace", () =>
      parseError("esxcli iscsi --foo", "Invalid option --foo", /Usage: esxcli iscsi /));
  });

  it("takes a value in all four ways", () => {
    for (const given of ["--alias a=b", "--alias=a=b", "-a a=b", "-a=a=b"]) {
      const { host, run } = withAdapter();
      run(`esxcli iscsi adapter set -A vmhba64 ${given}`);
      assert.equal(host.state.iscsiAdapters[0]?.alias, "a=b", given);
    }
  });

  it("takes every word for true and false, in any case", () => {
    for (const [words, wanted] of [
      ["1 y yes t true on TRUE Yes", true],
      ["0 n no f false off FALSE Off", false],
    ] as const) {
      for (const word of words.split(" ")) {
        const { host, run } = hand();
        for (const module of host.state.modules) module.enabled = !wanted;
        run(`esxcli system module set -m=iser -e=${word}`);
        assert.equal(host.state.modules.find(({ name }) => name === "iser")?.enabled, wanted, word);
      }
    }
  });

  it("takes a negative number for a value", () => {
    assert.equal(first("esxcli rdma iser params set -a vmhba64 -r -5").message, "Invalid RDMA type: -5\n");
  });

  it("prints a failure of the command without Error and without help", () => {
    const { status, stdout } = first("esxcli iscsi adapter get -A vmhba99");
    assert.equal(status, 1);
    assert.equal(stdout, "Invalid adapter specified or unable to get adapter.\n");
  });

  it("answers --help with the help and 0, whatever else is wrong", () => {
    for (const word of ["--help", "-?"]) {
      const { status, stdout } = first(`esxcli rdma iser add --nonsense ${word}`);
      assert.equal(status, 0);
      assert.equal(
        stdout,
        `Usage: esxcli rdma iser add [cmd options]

Description:
  add                   Add a logical iSER device.

Cmd options:
  -d|--device=<str>     Device on which to enable iSER
`,
      );
    }
  });

  it("warns of secrets on the command line in the help", () => {
    assert.match(first("esxcli iscsi adapter auth chap set --help").stdout, /--secret=<str> .*\(secret\) \(WARNING:/);
  });

  it("answers a namespace with its usage", () => {
    for (const line of ["esxcli iscsi adapter discovery", "esxcli iscsi adapter discovery --help"]) {
      const { status, stdout } = first(line);
      assert.equal(status, 0);
      assert.match(stdout, /^Usage: esxcli iscsi adapter discovery \{cmd\} \[cmd options\]\n/);
      assert.match(
        stdout,
        /Available Namespaces:\n {2}sendtarget\n {2}statictarget\n {2}status\n\nAvailable Commands:\n {2}rediscover /,
      );
    }
    for (const line of ["esxcli", "esxcli --help"])
      assert.match(first(line).stdout, /^Usage: esxcli \[options\] \{namespace\}\+/);
  });

  it("refuses an unknown global option on the error stream, with 2", () => {
    const { status, stdout, stderr } = new SimulatedHost().execute("esxcli --foo iscsi adapter list");
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /error: no such option: --foo\n$/);
  });

  describe("with a formatter", () => {
    const host = withAdapter().host;
    const printed = (options: string, path = "iscsi adapter list") => host.execute(`esxcli ${options} ${path}`);

    it("prints xml", () => {
      const { stdout } = printed("--formatter xml");
      assert.match(
        stdout,
        /^<output xmlns="http:\/\/www\.vmware\.com\/Products\/ESX\/5\.0\/esxcli">\n<root>\n {3}<list type="structure">\n/,
      );
      assert.match(stdout, /<structure typeName="iScsiAdapter">/);
    });

    it("escapes xml", () => {
      const { run } = withAdapter();
      run("esxcli iscsi adapter set -A vmhba64 -a 'a<b>&\"c'");
      assert.match(run("esxcli --formatter=xml iscsi adapter get -A vmhba64"), /<string>a&lt;b&gt;&amp;"c<\/string>/);
    });

    it("prints a list of strings, an empty one too, a nested structure and bare values in xml", () => {
      const { run } = hand({ switches: [{ name: "s", uplinks: ["vmnic4"] }, { name: "t" }] });
      const switches = run("esxcli --formatter=xml network vswitch standard list").replace(/\s+/g, "");
      assert.match(switches, /<fieldname="Uplinks"><listtype="string"><string>vmnic4<\/string><\/list><\/field>/);
      assert.match(switches, /<fieldname="Uplinks"><listtype="string"><\/list><\/field>/);
      const nic = run("esxcli --formatter=xml network nic get -n vmnic4").replace(/\s+/g, "");
      assert.match(nic, /<fieldname="DriverInfo"><structuretypeName="NICDriverInfo"><fieldname="BusInfo">/);
      assert.match(run("esxcli --formatter=xml iscsi software get"), /<root>\n {3}<boolean>false<\/boolean>\n<\/root>/);
      assert.match(run("esxcli --formatter=xml system stats uptime get"), /<integer>3600000000<\/integer>/);
      assert.match(run("esxcli --formatter=xml system time get"), /<string>2024-01-15T08:00:00Z<\/string>/);
    });

    it("prints keyvalue", () => {
      const { run } = hand();
      assert.match(run("esxcli --formatter=keyvalue system version get"), /^VersionGet\.Version\.string=8\.0\.2$/m);
      assert.match(
        run("esxcli --formatter=keyvalue network nic get -n vmnic4"),
        /^NICInfo\.DriverInfo\.NICDriverInfo\.Driver\.string=nmlx5_core$/m,
      );
      assert.equal(run("esxcli --formatter=keyvalue iscsi software get"), "boolean=false\n");
    });

    it("prints csv, its columns sorted", () => {
      assert.equal(
        printed("--formatter=csv").stdout,
        "Adapter,Description,Driver,State,UID,\nvmhba64,VMware iSCSI over RDMA (iSER) Adapter,iser,unbound,iscsi.vmhba64,\n",
      );
      assert.equal(printed("--formatter=csv", "iscsi software get").stdout, "false,\n");
      assert.equal(printed("--formatter=csv", "iscsi session list").stdout, "");
      const { run } = hand({ unknowns: { csvTrailingComma: false } });
      assert.match(
        run("esxcli --formatter=csv network vswitch standard list"),
        /^BeaconEnabled,.*,UsedPorts\n.*,\w+\n/,
      );
      assert.match(run("esxcli --formatter=csv network nic get -n vmnic0"), /"BusInfo=0000:3b:00:0,Driver=ixgben,/);
      run("esxcli rdma iser add -d vmrdma0; esxcli iscsi adapter set -A vmhba64 -a 'a\"b'");
      assert.match(run("esxcli --formatter=csv iscsi adapter get -A vmhba64"), /"a""b"/);
    });

    it("prints json only together with --debug", () => {
      assert.equal(printed("--formatter=json").status, 1);
      const { stdout } = printed("--debug --formatter=json");
      assert.deepEqual(JSON.parse(stdout), [
        {
          Adapter: "vmhba64",
          Description: "VMware iSCSI over RDMA (iSER) Adapter",
          Driver: "iser",
          State: "unbound",
          UID: "iscsi.vmhba64",
        },
      ]);
      assert.equal(JSON.parse(printed("--debug --formatter=json", "iscsi software get").stdout), false);
      const version = printed("--debug --formatter=json", "system version get").stdout;
      assert.equal((JSON.parse(version) as { Version: string }).Version, "8.0.2");
    });

    it("refuses an unknown formatter", () => {
      assert.deepEqual(printed("--formatter=yaml"), {
        status: 1,
        stdout: "Unable to find requested formatter: yaml\n",
        stderr: "",
      });
    });

    it("prints a failure as plain text all the same", () => {
      assert.equal(
        printed("--formatter=xml", "iscsi adapter get -A vmhba9").stdout,
        "Invalid adapter specified or unable to get adapter.\n",
      );
    });

    for (const formatter of ["xml", "csv", "keyvalue"]) {
      it(`prints nothing in ${formatter} for a command that says nothing, or a document where the unknown says so`, () => {
        const add = (voidResult: "nothing" | "document") =>
          hand({ unknowns: { voidResult } }).run(`esxcli --formatter=${formatter} rdma iser add`);
        assert.equal(add("nothing"), "");
        assert.equal(/\S/.test(add("document")), formatter === "xml");
      });
    }

    it("answers true in a document to a network command, where the unknown says so", () => {
      const { run } = hand({ unknowns: { voidResult: "document" } });
      const add = (formatter: string, name: string) =>
        run(`esxcli ${formatter} network vswitch standard add -v ${name}`).replace(/\s+/g, "");
      assert.match(add("--formatter=xml", "a"), /<root><boolean>true<\/boolean><\/root>/);
      assert.equal(add("--debug --formatter=json", "b"), "true");
      assert.equal(add("", "c"), "");
    });

    it("begins a document with a declaration where the unknown says so", () => {
      const { run } = hand({ unknowns: { xmlDeclaration: true } });
      assert.match(
        run("esxcli --formatter=xml rdma device list"),
        /^<\?xml version="1\.0" encoding="utf-8"\?>\n<output /,
      );
    });
  });

  describe("asks for a secret that is given without a value", () => {
    const line = "esxcli iscsi adapter auth chap set -A vmhba64 -d uni -l required -N user --secret";

    it("and reads a line of standard input", () => {
      const { host } = withAdapter();
      const { status, stdout, stderr } = host.execute(line, "correct horse\nnot this\n");
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "Enter value for 'secret': " });
      assert.equal(host.state.iscsiAdapters[0]?.chap.uni?.secret, "correct horse");
    });

    it("on standard output where the unknown says so", () => {
      const { host } = withAdapter({ unknowns: { promptOn: "stdout" } });
      assert.equal(host.execute(line, "x\n").stdout, "Enter value for 'secret': ");
    });

    it("and takes what a pipe brings", () => {
      const { host, run } = withAdapter();
      run(`printf '%s\\n' piped | ${line}`);
      assert.equal(host.state.iscsiAdapters[0]?.chap.uni?.secret, "piped");
    });

    it("and takes nothing for an empty secret", () => {
      const { host } = withAdapter();
      host.execute(line, "");
      assert.equal(host.state.iscsiAdapters[0]?.chap.uni?.secret, "");
    });

    it("only after the line was understood", () => {
      const { host } = withAdapter();
      const { stdout, stderr } = host.execute(`${line} --foo`, "x\n");
      assert.match(stdout, /^Error: Invalid option --foo/);
      assert.equal(stderr, "");
    });
  });

  describe("lists its commands", () => {
    for (const model of models) {
      it(`of ESXi ${model}, and each of them has help`, () => {
        const { run } = hand({ model });
        const rows = run("esxcli esxcli command list").trimEnd().split("\n").slice(2);
        const paths = rows.map((row) => row.trim().split(/\s+/).join(".").replaceAll(".", " "));
        assert.ok(paths.includes("iscsi adapter discovery sendtarget add"));
        assert.ok(paths.includes("esxcli command list"));
        assert.equal(paths.includes("rdma iser params set"), model === "7.0" || model === "8.0");
        for (const path of paths) assert.match(run(`esxcli ${path} --help`), new RegExp(`^Usage: esxcli ${path} `));
      });
    }

    it("dotted as on 5.x, or with blanks where the unknown says so", () => {
      const list = "esxcli --formatter=keyvalue esxcli command list | grep -F discovery.status";
      assert.match(hand().run(list), /\.EsxCliCommand\.Namespace\.string=iscsi\.adapter\.discovery\.status\n/);
      const { run } = hand({ unknowns: { commandListNamespace: "blanks" } });
      assert.match(run("esxcli esxcli command list"), /^iscsi adapter discovery status {2,}get$/m);
    });
  });
});
