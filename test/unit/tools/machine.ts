import { type ChildProcess, spawn } from "node:child_process";
import {
  accessSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { FindOptions } from "../../../tools/engine/find.js";
import type { Env } from "../../../tools/engine/process.js";

export const REPOSITORY = resolve(__dirname, "../../..");

/** A machine with nothing but a shell and what the test puts there: its PATH has no pulumi, npm or go of the real one. */
export class Machine {
  readonly root = mkdtempSync(join(tmpdir(), "esxi-iser-machine-"));
  readonly bin = this.folder("bin");
  readonly cache = join(this.root, "cache");
  readonly journal = join(this.root, "journal");
  readonly lines: string[] = [];
  readonly env: Env = {
    PATH: [this.bin, this.folder("shell")].join(delimiter),
    HOME: this.folder("home"),
    TMPDIR: this.folder("tmp"),
    JOURNAL: this.journal,
    ESXI_ISER_ENGINE_CACHE: this.cache,
  };
  private readonly children: ChildProcess[] = [];

  constructor() {
    for (const name of ["sh", "mkdir", "chmod", "cat", "cp", "rm", "sleep"]) {
      symlinkSync(whereIs(name), join(this.root, "shell", name));
    }
  }

  folder(name: string): string {
    const folder = join(this.root, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Puts a shell script there, which notes its call in the journal. */
  script(file: string, body: string): string {
    const path = resolve(this.bin, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, shell(body));
    chmodSync(path, 0o755);
    return path;
  }

  options(more: FindOptions = {}): FindOptions {
    return { env: this.env, log: (line) => this.lines.push(line), ...more };
  }

  /** The calls of the scripts, without what differs from run to run. */
  calls(): string[] {
    try {
      return readFileSync(this.journal, "utf8").trim().replaceAll(this.root, "").split("\n");
    } catch {
      return [];
    }
  }

  cached(): string[] {
    try {
      return readdirSync(this.cache).sort();
    } catch {
      return [];
    }
  }

  /** Runs a TypeScript program in a process of its own on this machine. */
  start(program: string, ...args: string[]): Started {
    return this.node("--import", require.resolve("tsx"), resolve(REPOSITORY, program), ...args);
  }

  node(...args: string[]): Started {
    const child = spawn(process.execPath, args, { env: this.env, cwd: REPOSITORY });
    this.children.push(child);
    return new Started(child);
  }

  dispose(): void {
    for (const child of this.children) child.kill("SIGKILL");
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

export class Started {
  stdout = "";
  stderr = "";
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  private wake = () => {};

  constructor(readonly child: ChildProcess) {
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        this[name] += text;
        this.wake();
      });
    }
    this.ended = new Promise((done) => child.on("close", (code, signal) => done({ code, signal })));
  }

  /** Resolves as soon as standard error matches. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) {
      const ended = await Promise.race([
        this.ended,
        new Promise<void>((next) => {
          this.wake = next;
        }),
      ]);
      if (ended && !pattern.test(this.stderr)) throw new Error(`It ended without saying ${pattern}: ${this.stderr}`);
    }
  }
}

/** A Go that "builds" an engine of the given version. `while building` is what it does meanwhile. */
export function installGo(machine: Machine, { version = "v3.259.0", whileBuilding = ":" } = {}): void {
  machine.script("../made/pulumi", cliOf(version));
  machine.script("../made/pulumi-language-nodejs", "exit 0");
  const dist = machine.folder("sdk/nodejs/dist");
  writeFileSync(join(dist, "pulumi-resource-pulumi-nodejs"), shell("exit 0"), { mode: 0o444 });
  machine.script(
    "go",
    `case "$1 $2" in
"list -m") echo "${machine.root}/sdk";;
build*)
  echo $$ > "$HOME/go.pid"
  ${whileBuilding}
  while [ "$1" != -o ]; do shift; done
  cp "${machine.root}/made/\${2##*/}" "$2";;
esac`,
  );
}

/** An npm whose package `pulumi` "downloads" an engine at its first call. */
export function installNpm(machine: Machine, version = "v3.259.0"): void {
  const folder = machine.folder("release");
  machine.script("../release/make", engineScript("$1", version));
  machine.script(
    "npm",
    `while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/pulumi"
cat > "$2/node_modules/pulumi/run.js" <<'EOF'
const { execFileSync } = require("node:child_process");
execFileSync("${folder}/make", [\`\${process.env.PULUMI_HOME}/versions/\${process.env.PULUMI_VERSION}/bin\`]);
EOF`,
  );
}

/** Waits for something that another process does. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((next) => setTimeout(next, 10));
}

/** A process that has ended but that nobody waited for does not run. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

export function shell(body: string): string {
  return `#!/bin/sh\necho "\${0##*/} $*" >> "$JOURNAL"\n${body}\n`;
}

/** A CLI that answers what it is asked here; without the two that must be beside it. */
export function cliOf(version: string): string {
  return `[ "$1" = version ] && echo ${version}`;
}

/** Writes the three files of a working engine to a folder. */
export function engineScript(folder: string, version = "v3.259.0"): string {
  const files = {
    pulumi: cliOf(version),
    "pulumi-language-nodejs": "exit 0",
    "pulumi-resource-pulumi-nodejs": "exit 0",
  };
  const write = Object.entries(files).map(
    ([name, body]) => `cat > "${folder}/${name}" <<'EOF'\n${shell(body)}EOF\nchmod 755 "${folder}/${name}"`,
  );
  return [`mkdir -p "${folder}"`, ...write].join("\n");
}

function whereIs(name: string): string {
  for (const folder of ["/bin", "/usr/bin"]) {
    try {
      accessSync(join(folder, name));
      return join(folder, name);
    } catch {
      // The next one.
    }
  }
  throw new Error(`${name} is not on this machine`);
}
