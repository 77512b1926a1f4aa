import { join } from "node:path";
import type { Outcome, Stack } from "../../tools/engine/pulumi.js";
import { quickStack } from "./quickStack.js";
import { type Served, serve } from "./served.js";

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
    readonly served: Served,
    readonly stack: Stack,
  ) {}

  static async start(...how: Parameters<typeof serve>): Promise<Program> {
    const served = await serve(...how);
    try {
      return await Program.on(served);
    } catch (error) {
      await served.close();
      throw error;
    }
  }

  /** A stack of its own for a host that another may have, too. */
  static async on(served: Served): Promise<Program> {
    const env = { ESXI_ISER_PASSWORD: served.password };
    return new Program(served, await quickStack(project, {}, { env }));
  }

  get host() {
    return this.served.host;
  }

  /** The host as a resource declares it. */
  get settings() {
    return this.served.settings;
  }

  declare(resources: readonly Declaration[]): Promise<void> {
    // Encrypted as a whole, for it may hold secrets: plain config is plain in state, too.
    const secret = resources.map((resource) => ({ host: this.settings, ...resource }));
    return this.stack.setConfig({ resources: { secret } });
  }

  async close(): Promise<void> {
    this.stack.dispose();
    await this.served.close();
  }
}

/** The errors that the engine printed for resources, without its own "update failed". */
export function errorsOf({ diagnostics }: Outcome): string[] {
  return diagnostics
    .filter(({ severity, message }) => severity === "error" && !/^(error: )?(update|preview) failed/.test(message))
    .map(({ message }) => message);
}
