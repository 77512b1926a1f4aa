import { join } from "node:path";
import { startSimulator } from "../../src/simulator/index.js";
import type { Config, Outcome, Stack } from "../../tools/engine/pulumi.js";
import { quickStack } from "./quickStack.js";

export type Simulator = Awaited<ReturnType<typeof startSimulator>>;

export interface Declaration {
  readonly type: string;
  /** The name of the resource. */
  readonly as: string;
  /** Names of resources that must be made before. */
  readonly after?: readonly string[];
  readonly [input: string]: unknown;
}

const project = join(__dirname, "../fixtures/program");

/** A simulated host, and a stack on the real engine whose program declares what a test says. */
export class Program {
  private constructor(
    readonly simulator: Simulator,
    readonly stack: Stack,
  ) {}

  static async start(options: Parameters<typeof startSimulator>[0], config: Config = {}): Promise<Program> {
    const simulator = await startSimulator(options);
    try {
      return await Program.on(simulator, config);
    } catch (error) {
      await simulator.close();
      throw error;
    }
  }

  /** A stack of its own for a host that another may have, too. */
  static async on(simulator: Simulator, config: Config = {}): Promise<Program> {
    const env = { ESXI_ISER_PASSWORD: simulator.password };
    return new Program(simulator, await quickStack(project, config, { env }));
  }

  get host() {
    return this.simulator.host;
  }

  /** The simulated host as a resource declares it. */
  get settings() {
    const { address, port, fingerprint } = this.simulator;
    return { host: address, port, hostKey: fingerprint };
  }

  declare(resources: readonly Declaration[]): Promise<void> {
    // Encrypted as a whole, for it may hold secrets: plain config is plain in state, too.
    const secret = resources.map((resource) => ({ host: this.settings, ...resource }));
    return this.stack.setConfig({ resources: { secret } });
  }

  async close(): Promise<void> {
    this.stack.dispose();
    await this.simulator.close();
  }
}

/** The errors that the engine printed for resources, without its own "update failed". */
export function errorsOf({ diagnostics }: Outcome): string[] {
  return diagnostics
    .filter(({ severity, message }) => severity === "error" && !/^(error: )?(update|preview) failed/.test(message))
    .map(({ message }) => message);
}
