import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { IserError } from "../../../src/errors.js";
import type { EsxcliCommand, HostCommand, LogQuery } from "../../../src/esxcli/command.js";
import { render } from "../../../src/transport/sshLine.js";
import { type Shell, shell, startShell } from "../../support/sshShell.js";

const decode = (text: string) => text;
const base: EsxcliCommand = { kind: "esxcli", path: "iscsi adapter set", args: [], effect: "write", decode };
const log: LogQuery = {
  kind: "log",
  file: "/var/log/vmkernel.log",
  containing: "iser",
  last: 5,
  effect: "read",
  decode,
};

/** Texts that a shell would like to do something with, and any other. */
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom("'", '"', "\\", "$(id)", "`id`", "\n", " ", "ü", "!", ";", "&", "*", "~", "#", "=", "-"),
  }),
);
const carriable = text.filter((it) => !it.includes("\0"));

const rows: readonly (readonly [name: string, command: HostCommand, line: string, stdin?: string])[] = [
  [
    "an esxcli command, with LANG so that a 6.7 esxcli does not start itself twice",
    { ...base, path: "iscsi adapter list" },
    "LANG=en_US.UTF-8 esxcli --formatter=xml iscsi adapter list",
  ],
  [
    "arguments of every kind, in their order",
    {
      ...base,
      args: [
        { name: "adapter", value: "vmhba64" },
        { name: "force", value: true },
        { name: "ipv4", value: false },
        { name: "mtu", value: 9000 },
        { name: "skip-if-session-active" },
      ],
    },
    "LANG=en_US.UTF-8 esxcli --formatter=xml iscsi adapter set '--adapter=vmhba64' '--force=true' '--ipv4=false' '--mtu=9000' --skip-if-session-active",
  ],
  [
    "a quote in a value",
    { ...base, args: [{ name: "alias", value: "it's" }] },
    "LANG=en_US.UTF-8 esxcli --formatter=xml iscsi adapter set '--alias=it'\\''s'",
  ],
  [
    "a secret that esxcli asks for, as a bare option at the end",
    {
      ...base,
      args: [{ name: "adapter", value: "vmhba64" }],
      secret: { name: "secret", value: "chap-canary-1", via: "prompt" },
    },
    "LANG=en_US.UTF-8 esxcli --formatter=xml iscsi adapter set '--adapter=vmhba64' --secret",
    "chap-canary-1\n",
  ],
  [
    "a secret as an argument",
    { ...base, secret: { name: "secret", value: "chap-canary-1", via: "argument" } },
    "LANG=en_US.UTF-8 esxcli --formatter=xml iscsi adapter set '--secret=chap-canary-1'",
  ],
  [
    "the help of a command, which has no machine format",
    { kind: "help", path: "rdma iser params set", effect: "read", decode },
    "LANG=en_US.UTF-8 esxcli rdma iser params set --help",
  ],
  [
    "the search of a log",
    { ...log, containing: "-it's" },
    "grep -F -- '-it'\\''s' '/var/log/vmkernel.log' 2>/dev/null | tail -n 5",
  ],
];

function refused(command: HostCommand): IserError {
  try {
    render(command);
  } catch (error) {
    assert.ok(error instanceof IserError);
    return error;
  }
  throw new Error("it was rendered");
}

describe("a command line", () => {
  for (const [name, command, line, stdin] of rows) {
    it(`has ${name}`, () => {
      const rendered = render(command);
      assert.deepEqual({ line: rendered.line, stdin: rendered.stdin }, { line, stdin });
    });
  }

  it("is shown to people without the secret, whatever its length", () => {
    for (const value of ["chap-canary-1", "ab"]) {
      for (const via of ["prompt", "argument"] as const) {
        const { shown } = render({ ...base, secret: { name: "secret", value, via } });
        assert.equal(shown, `esxcli --formatter=xml iscsi adapter set --secret${via === "argument" ? "=***" : ""}`);
      }
    }
  });

  const bad = { name: "alias", value: "a\0b" };
  for (const [what, command] of Object.entries<HostCommand>({
    "a NUL in a value": { ...base, args: [bad] },
    "half a surrogate pair": { ...base, args: [{ name: "alias", value: "\ud800" }] },
    "a NUL in a secret that is an argument": { ...base, secret: { ...bad, value: "canary\0", via: "argument" } },
    "a NUL in a secret that is asked for": { ...base, secret: { ...bad, value: "canary\0", via: "prompt" } },
    "a line break in a secret that is asked for": { ...base, secret: { ...bad, value: "canary\nx", via: "prompt" } },
    "a NUL in a log search": { ...log, containing: "\0" },
    "a path that is no name of a command": { ...base, path: "iscsi; reboot" },
    "an option that is no name": { ...base, args: [{ name: "a b'", value: 1 }] },
  })) {
    it(`is not made of ${what}`, () => {
      const error = refused(command);
      assert.equal(error.code, "INPUT_INVALID");
      assert.doesNotMatch(error.message, /canary/);
    });
  }
});

describe(`a command line in a real shell (here: ${shell.join(" ")})`, () => {
  let sh: Shell;
  before(() => {
    sh = startShell();
  });
  after(() => sh.remove());

  it("gives esxcli exactly the arguments, whatever their text", () => {
    fc.assert(
      fc.property(fc.array(carriable, { maxLength: 4 }), (values) => {
        const args = values.map((value) => ({ name: "value", value }));
        const { line } = render({ ...base, args });
        // An empty value is a word of its own.
        const words = values.flatMap((value) => (value === "" ? ["--value", ""] : [`--value=${value}`]));
        const expected = ["--formatter=xml", "iscsi", "adapter", "set", ...words];
        assert.deepEqual(sh.run(line), { lang: "en_US.UTF-8", args: expected, stdin: "" });
      }),
      { numRuns: 150 },
    );
  });

  it("gives esxcli a secret on standard input, whatever its text, and not as an argument", () => {
    fc.assert(
      fc.property(
        carriable.filter((it) => !/[\r\n]/.test(it)),
        (value) => {
          const { line, stdin } = render({ ...base, secret: { name: "secret", value, via: "prompt" } });
          const seen = sh.run(line, stdin);
          assert.equal(seen.stdin, `${value}\n`);
          assert.deepEqual(seen.args, ["--formatter=xml", "iscsi", "adapter", "set", "--secret"]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("finds the last lines of a log with any text", () => {
    const oneLine = carriable.filter((it) => !/[\r\n]/.test(it) && it !== "");
    fc.assert(
      fc.property(oneLine, (containing) => {
        const file = join(sh.folder, "it's a log");
        const lines = [`1 ${containing}`, "\u{2} neither", `2 ${containing} x`, `3 ${containing}`];
        writeFileSync(file, `${lines.join("\n")}\n`);
        const expected = lines.filter((it) => it.includes(containing)).slice(-2);
        const { stdout, status } = sh.output(render({ ...log, file, containing, last: 2 }).line);
        assert.deepEqual({ lines: stdout.split("\n").slice(0, -1), status }, { lines: expected, status: 0 });
      }),
      { numRuns: 50 },
    );
  });

  it("finds nothing, without failing, in a log that has no such line or that is not there", () => {
    const file = join(sh.folder, "log");
    writeFileSync(file, "one\n");
    const nothing = { stdout: "", status: 0 };
    assert.deepEqual(sh.output(render({ ...log, file, containing: "two" }).line), nothing);
    assert.deepEqual(sh.output(render({ ...log, file: join(sh.folder, "missing") }).line), nothing);
  });
});
