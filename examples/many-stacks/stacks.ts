import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A host as inventory.json has it, by its name. */
export interface Entry {
  /** The stack that declares it. Written down and not computed: a host that changes stacks is deleted in one and made in the other. */
  stack: string;
  /** The last number of its storage addresses. */
  number: number;
  /** The fingerprint of its host key. Default: what known_hosts has. */
  hostKey?: string;
  /** Where it is reached. Default: its name. */
  address?: string;
  /** Default: 22, with transport `vsphere` 443. */
  port?: number;
  /** `vsphere` for a host whose SSH is off. Default: `ssh`. */
  transport?: "ssh" | "vsphere";
  /** With transport `vsphere`: the SHA-256 of its certificate. */
  thumbprint?: string;
}

/** The hosts of each stack, in the order of the file. */
export function readStacks(): Map<string, Record<string, Entry>> {
  const inventory: Record<string, Entry> = JSON.parse(readFileSync(join(__dirname, "inventory.json"), "utf8"));
  const stacks = new Map<string, Record<string, Entry>>();
  for (const [name, entry] of Object.entries(inventory)) {
    if (!entry.stack) throw new Error(`inventory.json: ${name} has no stack`);
    stacks.set(entry.stack, { ...stacks.get(entry.stack), [name]: entry });
  }
  return stacks;
}
