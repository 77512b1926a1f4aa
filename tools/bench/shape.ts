import type { JournalEntry } from "../../src/simulator/index.js";
import type { ExportedResource } from "../engine/pulumi.js";
import { forHost } from "./declared.js";
import type { CommandNode, Node } from "./programs.js";

/** A resource of one host: those that it depends on, by index, and the commands by which it was made. */
export interface ShapedResource extends Node {
  readonly writes: readonly string[];
}

/** Which type of resource runs which commands: the longest path that fits. One host has one resource of each type. */
const writers: readonly (readonly [path: string, type: string])[] = [
  ["network vswitch standard", "VirtualSwitch"],
  ["network vswitch standard portgroup", "PortGroup"],
  ["network ip interface", "VmkernelAdapter"],
  ["network nic pauseParams", "PauseParams"],
  ["rdma iser", "IserAdapter"],
  ["rdma iser params", "RoceParams"],
  ["iscsi adapter", "AdapterProperties"],
  ["iscsi adapter auth chap", "Chap"],
  ["iscsi adapter param", "IscsiParameters"],
  ["iscsi adapter discovery", "DiscoveryAddress"],
  ["iscsi networkportal", "PortBinding"],
  ["storage core adapter", "Rescan"],
];

/** The resources of one host as the engine keeps them, and of the host's journal the commands that each of them was made by, in order. */
export function shapeOf(resources: readonly ExportedResource[], journal: readonly JournalEntry[]): ShapedResource[] {
  const own = resources.filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/"));
  const indexes = new Map(own.map(({ urn }, index) => [urn, index]));
  const types = own.map(({ type }) => type.split(":").at(-1) ?? "");
  const writes: string[][] = types.map(() => []);
  for (const { effect, path, line, status } of journal) {
    if (effect !== "write") continue;
    if (status !== 0) throw new Error(`the recorded run had a command that failed: ${line}`);
    const at = types.indexOf(writerOf(path ?? ""));
    if (at < 0) throw new Error(`it is not known which resource runs this command (see shape.ts): ${line}`);
    writes[at]?.push(line);
  }
  return own.map(({ dependencies }, index) => ({
    name: types[index] ?? "",
    // Those of the state's list only: the stack is a parent, no dependency.
    after: ((dependencies as string[] | undefined) ?? []).flatMap((urn) => indexes.get(urn) ?? []),
    writes: writes[index] ?? [],
  }));
}

function writerOf(path: string): string {
  const fitting = writers.filter(([begin]) => `${path} `.startsWith(`${begin} `));
  return fitting.sort(([a], [b]) => b.length - a.length)[0]?.[1] ?? "";
}

/** As the product has it: with neither LANG nor LC_ALL set, esxcli starts itself a second time. */
const environment = "LANG=en_US.UTF-8";

/** The same commands for another host, each as a resource: in order within what was one resource, and after what that depends on. */
export function commandNodes(shape: readonly ShapedResource[], host: number, chapSecret: string): CommandNode[] {
  const nodes: CommandNode[] = [];
  /** The last commands of each resource, or of what it depends on if it has none. */
  const ends: number[][] = [];
  for (const { name, after, writes } of shape) {
    let last = [...new Set(after.flatMap((index) => ends[index] ?? []))];
    for (const [number, line] of writes.entries()) {
      if (line.includes("*")) throw new Error(`the recorded run had a secret on a command line: ${line}`);
      const asks = / --secret( |$)/.test(line);
      nodes.push({
        name: `${name}-${number}`,
        after: last,
        line: `${environment} ${forHost(line, host)}`,
        ...(asks ? { stdin: `${chapSecret}\n` } : {}),
      });
      last = [nodes.length - 1];
    }
    ends.push(last);
  }
  return nodes;
}
