import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** The shells in which a rendered line is tried: BusyBox ash is ESXi's. */
const candidates: readonly (readonly string[])[] = [["busybox", "ash"], ["dash"], ["sh"]];

/** The first shell that this machine has. */
export const shell: readonly string[] = candidates.find(isThere) ?? ["sh"];

function isThere([program = "", ...args]: readonly string[]): boolean {
  try {
    execFileSync(program, [...args, "-c", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export interface Shell {
  /** What the fake esxcli was given: its arguments, and what LANG was. */
  run(line: string, stdin?: string): { args: string[]; lang: string; stdin: string };
  /** What the line prints, and its status. */
  output(line: string): { stdout: string; status: number };
  /** As `run`, for many lines in one shell, in their order. */
  runAll(
    lines: readonly { readonly line: string; readonly stdin?: string }[],
  ): { args: string[]; lang: string; stdin: string }[];
  readonly folder: string;
  remove(): void;
}

/** A shell whose `esxcli` prints its arguments, NUL between them, and what it reads if it was given a bare `--secret`. */
export function startShell(): Shell {
  const folder = mkdtempSync(join(tmpdir(), "esxi-iser-shell-"));
  const esxcli = join(folder, "esxcli");
  const script = [
    "#!/bin/sh",
    `printf '%s\\0' "$LANG" "$@"`,
    "for last; do :; done",
    `[ "$last" = --secret ] && cat`,
    "exit 0",
    "",
  ].join("\n");
  writeFileSync(esxcli, script);
  chmodSync(esxcli, 0o755);
  const path = `${folder}${delimiter}${process.env.PATH}`;
  const [program = "sh", ...args] = shell;
  const start = (line: string, input = "") =>
    execFileSync(program, [...args, "-c", line], { env: { PATH: path }, input, encoding: "utf8" });
  const parted = (printed: string) => {
    const [lang = "", ...rest] = printed.split("\0");
    return { lang, args: rest.slice(0, -1), stdin: rest.at(-1) ?? "" };
  };
  return {
    folder,
    run: (line, stdin) => parted(start(line, stdin)),
    runAll: (lines) => {
      lines.forEach(({ stdin = "" }, index) => {
        writeFileSync(join(folder, `in${index}`), stdin);
      });
      const file = join(folder, "lines");
      writeFileSync(file, lines.map(({ line }, index) => `${line} <in${index} >out${index}\n`).join(""));
      execFileSync(program, [...args, file], { env: { PATH: path }, cwd: folder });
      return lines.map((_line, index) => parted(readFileSync(join(folder, `out${index}`), "utf8")));
    },
    output: (line) => {
      try {
        return { stdout: start(line), status: 0 };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: string };
        return { stdout, status };
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
