import { setTimeout as sleep } from "node:timers/promises";
import { visible } from "../errors.js";
import { type HostSettings, resolveTarget } from "../transport/credentials.js";
import type { ConfigReader } from "../transport/places.js";
import { Pool } from "../transport/pool.js";
import { maskError, redact } from "../transport/redact.js";
import { hostPlace } from "./host.js";
import type { Reach } from "./hostWork.js";

/** Reaches hosts over SSH; all resources of a process share its connections. */
export class SshReach implements Reach {
  private config: ConfigReader = { get: () => undefined };

  constructor(private readonly pool: Pool = new Pool()) {}

  /** Takes the stack's config. Synchronous: Pulumi lets calls in before an awaited configure is through. */
  configure(config: ConfigReader): void {
    this.config = config;
  }

  use: Reach["use"] = async (host, work) => {
    try {
      return await this.pool.use(resolveTarget(host as HostSettings, this.config), work);
    } catch (error) {
      // What a host prints where it succeeds is data, and quoted where it is not understood.
      throw error instanceof Error ? maskError(error) : error;
    }
  };

  inTurn: Reach["inTurn"] = (host, lanes, work) => this.pool.inTurn(hostPlace(host), lanes, work);

  async sleep(milliseconds: number): Promise<void> {
    await sleep(milliseconds);
  }

  now(): Date {
    return new Date();
  }

  /** Pulumi shows what a provider prints as a message of the stack. */
  notice(text: string): void {
    process.stdout.write(`${visible(redact(text))}\n`);
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
