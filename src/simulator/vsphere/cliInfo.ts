import { available, optionsOn } from "../catalogue.js";
import type { CommandSpec, OptionSpec } from "../spec.js";
import type { HostState } from "../state.js";
import { argumentName } from "./arguments.js";
import { element, textElement } from "./xml.js";

/** What a build says of the commands right in a namespace, `iscsi software`; undefined if it has no such namespace. */
export function cliInfo(host: HostState, namespace: string): string | undefined {
  const within = available(host).filter(({ path }) => path.startsWith(`${namespace} `));
  if (within.length === 0) return undefined;
  const methods = within
    .map((spec) => ({ spec, name: spec.path.slice(namespace.length + 1) }))
    .filter(({ name }) => !name.includes(" "))
    .map(({ spec, name }) => methodXml(name, spec, optionsOn(host, spec)));
  const words = namespace.split(" ");
  return item(words.join("."), words.at(-1) ?? "", "") + methods.join("");
}

function methodXml(name: string, { help, effect }: CommandSpec, options: readonly OptionSpec[]): string {
  const hints = textElement("key", "formatter") + textElement("value", effect === "read" ? "simple" : "");
  return element("method", item(name, name, help) + options.map(parameterXml).join("") + element("hints", hints));
}

function parameterXml(option: OptionSpec): string {
  const { long, short, help, kind } = option;
  const aliases = [...(short === undefined ? [] : [`-${short}`]), `--${long}`];
  return element(
    "param",
    item(argumentName(option), long, help) +
      aliases.map((alias) => textElement("aliases", alias)).join("") +
      textElement("flag", String(kind === "flag")),
  );
}

function item(name: string, displayName: string, help: string): string {
  return textElement("name", name) + textElement("displayName", displayName) + textElement("help", help);
}
