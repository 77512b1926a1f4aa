// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts for a shell
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { SimulatedHost } from "../../../src/simulator/index.js";
import { quoted } from "../../support/shellWord.js";
import { hand } from "./support.js";

/** Any text that a command line can carry, with what a shell might trip over more often than by chance. */
const carriable = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "'",
        '"',
        "\n",
        "\\",
        "$(reboot)",
        "`reboot`",
        "${HOME}",
        "$HOME",
        ";",
        "&&",
        "|",
        "#",
        "ä",
        "😀",
        " ",
        "%s",
        "*",
        "~",
        "\t",
        "\r",
        "!",
      ),
      fc.string({ unit: "binary" }),
    ),
  )
  .map((parts) => parts.join("").replaceAll("\0", ""));

describe("the shell of the simulated host", () => {
  const outcome = (line: string, stdin?: string) => new SimulatedHost().execute(line, stdin);
  const printed = (line: string, stdin?: string) => outcome(line, stdin).stdout;

  it("takes any text in single quotes byte for byte", () => {
    fc.assert(
      fc.property(carriable, (text) => {
        assert.equal(printed(`printf '%s' ${quoted(text)}`), text);
      }),
    );
  });

  it("hands any text in single quotes to esxcli as one argument", () => {
    fc.assert(
      fc.property(carriable, (text) => {
        const { host, run } = hand();
        run("esxcli rdma iser add -d vmrdma0");
        run(`esxcli iscsi adapter set -A vmhba64 ${quoted(`--alias=${text}`)}`.replace("=-", "=_-"));
        const [adapter] = host.state.iscsiAdapters;
        assert.equal(adapter?.alias, text.startsWith("-") ? `_${text}` : text);
      }),
    );
  });

  it("says that an unknown program is not found, with 127", () => {
    assert.deepEqual(outcome("foo"), { status: 127, stdout: "", stderr: "sh: foo: not found\n" });
  });

  it("refuses command substitution, which is not simulated, instead of taking it for text", () => {
    for (const line of ["echo $(date)", "echo `date`", 'echo "$(date)"', "echo ${X:-1}"])
      assert.equal(outcome(line).status, 2, line);
  });

  it("has the programs that tell of the host", () => {
    assert.equal(
      printed("uname -a"),
      "VMkernel esx01.lab 8.0.2 #1 SMP Release build-22380479 x86_64 x86_64 x86_64 ESXi\n",
    );
    assert.equal(printed("uname"), "VMkernel\n");
    assert.equal(printed("vmware -v"), "VMware ESXi 8.0.2 build-22380479\n");
    assert.equal(printed("vmware -l"), "VMware ESXi 8.0.2 Update 2\n");
    assert.equal(printed("hostname"), "esx01.lab\n");
    assert.equal(printed("date -u"), "Mon Jan 15 08:00:00 UTC 2024\n");
    assert.equal(printed("date -u +%s"), "1705305600\n");
    assert.equal(printed("date +%F.%T.%Y%m%d%H%M%S"), "2024-01-15.08:00:00.20240115080000\n");
    assert.equal(printed("ls /tmp; pwd"), "/\n");
  });

  it("finds a program by its path as well", () => {
    assert.equal(printed("/bin/hostname"), "esx01.lab\n");
    assert.equal(outcome("/sbin/esxcli system version get").status, 0);
    assert.equal(outcome("toString").status, 127);
  });

  it("keeps files that a line writes", () => {
    const { run } = hand();
    run("echo one > /tmp/a; echo two >> /tmp/a");
    assert.equal(run("cat < /tmp/a"), "one\ntwo\n");
    assert.equal(run("tail -1 /tmp/a; head -1 /tmp/a; wc -l /tmp/a; sort -r /tmp/a"), "two\none\n2 /tmp/a\ntwo\none\n");
    run("esxcli nonsense > /tmp/b 2>/tmp/c || true");
    assert.match(run("grep -h Error /tmp/b /tmp/a"), /^Error: Unknown command or namespace nonsense$/m);
    assert.equal(run("printf 'b\\na\\nb\\n' | sort -u"), "a\nb\n");
  });

  it("sends the error stream where it is sent", () => {
    const { stdout, stderr } = outcome("foo 2>&1");
    assert.deepEqual({ stdout, stderr }, { stdout: "sh: foo: not found\n", stderr: "" });
    assert.equal(outcome("foo 2>/dev/null").stderr, "");
    assert.equal(outcome("echo a >&2").stderr, "a\n");
    assert.equal(outcome("echo a >&7").status, 1);
  });

  it("refuses what its programs do not know", () => {
    assert.equal(outcome("tail -z").status, 1);
    assert.equal(outcome("grep -P x").status, 2);
  });

  it("reads the VMkernel log as a file", () => {
    const { run } = hand();
    run("esxcli rdma iser add -d vmrdma0; esxcli rdma iser params set -a vmhba64 -r 2");
    const line = "grep -F -- 'Setting roce type' '/var/log/vmkernel.log' 2>/dev/null | tail -n 5";
    assert.equal(
      run(line),
      "2024-01-15T08:00:00.000Z cpu6:2100717 opID=45abe37e)iser: iser_set_roce: Setting roce type: 2 for vmhba: vmhba64\n",
    );
  });

  const hasBusybox = spawnSync("busybox", ["true"]).status === 0;
  if (!hasBusybox) return;
  describe("beside the real BusyBox ash", () => {
    const real = (line: string, input = "") => {
      const { status, stdout, stderr } = spawnSync("busybox", ["sh", "-c", line], {
        input,
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: "/" },
      });
      return { status, stdout, stderr };
    };
    const same = (line: string, input = "") => {
      const { status, stdout } = outcome(line, input);
      const wanted = real(line, input);
      assert.deepEqual({ line, status, stdout }, { line, status: wanted.status, stdout: wanted.stdout });
    };

    const lines = [
      "echo a   b",
      "echo 'a   b'",
      "echo a\\ \\ b",
      'X="1  2"; echo $X; echo "$X"; echo \'$X\'',
      "X=1 Y=2; echo $X$Y ${X}0",
      "X=1; X=2 true; echo $X",
      "export A=3 B; echo $A",
      'echo "a\\"b\\\\c\\$d\\e"',
      "echo $ $% a$",
      "true && echo yes || echo no",
      "false && echo yes || echo no",
      "false || false; echo $?",
      "echo a; false",
      "exit 7; echo never",
      "echo a | exit 3; echo $?",
      "X=1; echo | X=2; echo $X",
      "printf '%s\\n' c a b | sort | head -n 2 | tail -n 1",
      "printf 'a\\nb\\nab\\n' | grep -F -v -- b",
      "printf 'a\\nb\\nab\\n' | grep -c b",
      "printf 'Aa\\nb\\n' | grep -i aa",
      "printf 'a+b\\nab\\n' | grep a+b",
      "printf 'aab\\nab\\n' | grep -E 'a+b$'",
      "printf 'a\\nb\\n' | grep -e a -",
      "echo a | grep -q b; echo $?",
      "printf 'a\\nb\\n' | wc -l",
      "echo hidden >/dev/null; echo shown",
      "echo out 2>&1 >/dev/null; echo x",
      "echo # not this",
      "echo a#b",
      "# nothing",
      "",
      "echo one\necho two",
      "echo a &&\necho b",
      "echo a \\\n b",
      "cat",
      "cat </dev/null",
      "$UNSET",
      "$UNSET echo a",
      "echo '' \"\" $UNSET end",
      "printf '[%s]' '' \"$UNSET\" $UNSET x",
      "printf '%s-%s\\n' a b c",
      "printf '%%\\t%d' 5",
      "nosuchprogram a; echo $?",
      "'nosuch program'",
      "echo a ;; echo b",
      "echo a |",
      "| echo a",
      "&& echo a",
      "echo 'a",
      'echo "a',
      "; echo a",
      "echo a ; ; echo b",
      "echo (",
      "echo a)",
      "cat < /nowhere; echo $?",
      "grep x /nowhere; echo $?",
      "tail -n 1 /nowhere; echo $?",
      "echo -n a",
      "A='x y'; printf '[%s]' a$A'b'\"$A\"",
    ];
    for (const line of lines) it(`does as ash does with ${JSON.stringify(line)}`, () => same(line, "in 1\nin 2\n"));

    it("does as ash does with texts in quotes", () => {
      fc.assert(
        fc.property(carriable, (text) => same(`printf '%s' ${quoted(text)}`)),
        { numRuns: 50 },
      );
    });

    it("does as ash does with lines put together by chance", () => {
      const word = fc.constantFrom(
        "a",
        "'b  c'",
        '"d $X e"',
        "$X",
        "\\;",
        "${X}f",
        "''",
        '"$U"',
        "$U",
        "g'h'\"i\"\\ j",
        "#k",
        "l#",
      );
      const command = fc.oneof(
        fc.array(word, { maxLength: 4 }).map((words) => ["printf '[%s]'", ...words].join(" ")),
        fc.constantFrom("true", "false", "cat", "X='1 2'", "U=u true", "exit 3", "printf '%s\\n' $?", ":"),
      );
      const joiner = fc.constantFrom(" ; ", " && ", " || ", " | ", "\n", ";");
      const line = fc
        .tuple(command, fc.array(fc.tuple(joiner, command), { maxLength: 5 }))
        .map(([first, rest]) => `X='m  n'; ${first}${rest.flat().join("")}`);
      fc.assert(
        fc.property(line, (text) => same(text)),
        { numRuns: 150 },
      );
    });

    it("says of an unknown program what ash says", () => {
      assert.equal(outcome("nosuchprogram").stderr, real("nosuchprogram").stderr);
    });
  });
});
