import { commands } from "./commands/index.js";
import { table } from "./result.js";
import type { CommandSpec, OptionSpec } from "./spec.js";
import type { HostState } from "./state.js";

type Found =
  | { readonly kind: "command"; readonly spec: CommandSpec }
  | { readonly kind: "namespace"; readonly path: string }
  | { readonly kind: "unknown"; readonly path: string };

/** The command that the words begin with, or the namespace they are, or the deepest namespace on the way. */
export function find(specs: readonly CommandSpec[], words: readonly string[]): Found {
  for (let length = 1; length <= words.length; length += 1) {
    const path = words.slice(0, length).join(" ");
    const spec = specs.find((candidate) => candidate.path === path);
    if (spec) return { kind: "command", spec };
    if (!specs.some((candidate) => candidate.path.startsWith(`${path} `)))
      return { kind: "unknown", path: words.slice(0, length - 1).join(" ") };
  }
  return { kind: "namespace", path: words.join(" ") };
}

/** The commands that the build has. */
export function available(host: HostState): readonly CommandSpec[] {
  return [...commands, commandList].filter(({ on }) => on?.(host) ?? true);
}

/** The options of a command that the build has. */
export function optionsOn(host: HostState, spec: CommandSpec): readonly OptionSpec[] {
  return spec.options.filter(({ on }) => on?.(host) ?? true);
}

/** Every command of the build: the one safe feature test. Namespaces were seen dotted on 5.x. */
const commandList: CommandSpec = {
  path: "esxcli command list",
  effect: "read",
  help: "List all of the available esxcli commands on the system.",
  options: [],
  run: (host) => {
    const dot = host.unknowns.commandListNamespace === "dotted" ? "." : " ";
    const rows = available(host)
      .map(({ path }) => path.split(" "))
      .map((words) => ({ namespace: words.slice(0, -1).join(dot), command: words.at(-1) ?? "" }))
      .sort((a, b) => (`${a.namespace} ${a.command}` < `${b.namespace} ${b.command}` ? -1 : 1));
    return table("EsxCliCommand", rows, {
      Namespace: ({ namespace }) => namespace,
      Command: ({ command }) => command,
    });
  },
};
