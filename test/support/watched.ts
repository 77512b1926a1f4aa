import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import type { SimulatedHost } from "../../src/simulator/index.js";
import { type CommandOptions, type Config, type Outcome, Stack } from "../../tools/engine/pulumi.js";
import { withoutPulumisOwn } from "./canaries.js";
import { quickNode } from "./quickStack.js";

const program = join(__dirname, "../fixtures/canaries");

/** All that Pulumi and this package are willing to say. */
export const loud = ["--debug", "-v=9", "--logtostderr", "--logflow"];

type Operation = "preview" | "up" | "refresh" | "destroy";

/** A stack of which every word is kept: what its commands print, and every file that they leave. */
export class Watched {
  readonly texts = new Map<string, string>();
  /** The same, with Pulumi's own words. */
  readonly whole = new Map<string, string>();
  private step = 0;

  private constructor(
    private readonly name: string,
    readonly stack: Stack,
    private readonly env: Record<string, string>,
  ) {}

  static async start(
    name: string,
    config: Config,
    { env = {}, project = program }: { env?: Record<string, string>; project?: string } = {},
  ): Promise<Watched> {
    return new Watched(name, await Stack.init(project, "dev", config, { env: quickNode(project) }), {
      ESXI_ISER_DEBUG: "1",
      ...env,
    });
  }

  async run(operation: Operation, options: CommandOptions = {}): Promise<Outcome> {
    const env = { ...this.env, ...options.env };
    const outcome = await this.stack[operation]({
      ...options,
      args: [...loud, ...(options.args ?? [])],
      env,
      mayFail: true,
    });
    this.keep(operation, outcome);
    return outcome;
  }

  /** Any other command of the CLI. */
  async say(...args: string[]): Promise<string> {
    const outcome = await this.stack.run(args, { env: this.env });
    this.keep(args.join(" "), outcome);
    return outcome.stdout;
  }

  dispose(): void {
    this.stack.dispose();
  }

  private keep(command: string, { stdout, stderr }: { stdout: string; stderr: string }): void {
    const { folder } = this.stack;
    const what = `${this.name} ${++this.step} ${command}`;
    const events = readIfThere(join(folder, "tmp", "events.jsonl"));
    const all = new Map([
      [`${what}: standard output`, stdout],
      [`${what}: standard error`, stderr],
      ...filesIn(folder).map((file): [string, string] => [
        `${what}: ${relative(folder, file)}`,
        readFileSync(file, "utf8"),
      ]),
    ]);
    for (const [where, text] of all) {
      this.whole.set(where, text);
      this.texts.set(where, withoutPulumisOwn(text, events));
    }
    // Each command is judged by what it leaves itself.
    rmSync(join(folder, "tmp"), { recursive: true });
    mkdirSync(join(folder, "tmp"));
  }
}

/** All that a host can show: what was run on it, with which arguments, its log and its configuration. */
export function shownBy(name: string, host: SimulatedHost): [string, string][] {
  return [
    [`${name}: journal`, JSON.stringify(host.journal)],
    [`${name}: processes`, host.processes.map((argv) => argv.join(" ")).join("\n")],
    [`${name}: log`, host.readFile("/var/log/vmkernel.log") ?? ""],
    [`${name}: dump`, host.dump()],
  ];
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
