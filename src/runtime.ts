/**
 * Refuses, when the package is loaded, what it cannot run in. The engine starts the provider in a Node.js process of its own, which finds the package
 * in the node_modules folder of the program.
 */
import { IserError } from "./errors.js";

const needed = "Run the program with Node.js 20 or later";

/** What runs the program, by the entry that it makes in `process.versions`. */
const refused: Readonly<Record<string, readonly [name: string, cure: string]>> = {
  bun: ["Bun", `${needed}: "runtime: nodejs" in Pulumi.yaml. Bun may install the packages.`],
  deno: ["Deno", `${needed}: "runtime: nodejs" in Pulumi.yaml.`],
  pnp: ["Yarn's Plug'n'Play", 'Put "nodeLinker: node-modules" into .yarnrc.yml and run `yarn install`.'],
};

/** Throws if a program cannot run there. `versions`: as `process.versions` has them. */
export function requireSupported(versions: Readonly<Record<string, string | undefined>>): void {
  for (const [entry, [name, cure]] of Object.entries(refused))
    if (versions[entry] !== undefined)
      throw new IserError("RUNTIME_NOT_SUPPORTED", { problem: `pulumi-esxi-iser does not run with ${name}.`, cure });
  const { node = "0" } = versions;
  if (Number.parseInt(node, 10) < 20)
    throw new IserError("RUNTIME_NOT_SUPPORTED", {
      problem: `pulumi-esxi-iser does not run with Node.js ${node}.`,
      cure: `${needed}.`,
    });
}

requireSupported(process.versions);
