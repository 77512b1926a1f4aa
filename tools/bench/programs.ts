import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeProject, type Project } from "./common.js";
import { hostAt, storageAddress, user } from "./declared.js";
import type { Listening } from "./hosts.js";
import { type Transport, transports } from "./transports.js";

/** A resource of another side than ours, and those that it depends on, by index. */
export interface Node {
  readonly name: string;
  readonly after: readonly number[];
}

export interface CommandNode extends Node {
  readonly line: string;
  readonly stdin?: string;
}

/** `@pulumi/command`, or a provider of the benchmark that does the same: one connection a command, and nothing is read. */
export type Baseline = "command" | "equivalent";

/** The programs of all sides, in plain JavaScript: nothing is compiled for any of them. */
export function makeBenchProject(): Project {
  const source = join(__dirname, "project");
  const files = readdirSync(source).map((file) => [file, readFileSync(join(source, file), "utf8")] as const);
  // Not a link to the repository as a whole: before each operation the engine looks through all packages of a project, links included.
  const manifest = readFileSync(join(__dirname, "../../package.json"), "utf8");
  return makeProject(
    { ...Object.fromEntries(files), "node_modules/pulumi-esxi-iser/package.json": manifest },
    {
      "@pulumi/pulumi": "node_modules/@pulumi/pulumi",
      "pulumi-esxi-iser/dist": "dist",
      ssh2: "node_modules/ssh2",
    },
  );
}

// What the programs read: see project/index.js.

/** The password is in the stack's settings, as the README has it. */
export function declareOurs(transport: Transport, listening: readonly Listening[], parameter: number): object {
  const { reach } = transports[transport];
  const hosts = listening.map((host, index) => ({ ...hostAt(index), reach: reach(host) }));
  return { side: "ours", hosts, parameter, storageAddress };
}

export function declareBaseline(
  provider: Baseline,
  listening: readonly Listening[],
  nodes: (host: number) => readonly CommandNode[],
): object {
  return { side: "baseline", provider, user, hosts: listening.map(({ port }, host) => ({ port, nodes: nodes(host) })) };
}

/** `updated`: the resource of each host that has the value. */
export function declareEngine(hosts: number, nodes: readonly Node[], updated: number, value: number): object {
  return { side: "engine", hosts: Array.from({ length: hosts }, () => ({ nodes })), updated, value };
}
