import type { EsxcliCommand, HelpQuery } from "../../esxcli/command.js";
import { type Element, local, parseXml, typeOf } from "../../xml.js";
import { quotation } from "../redact.js";
import type { Outcome } from "../session.js";
import { child, element, escaped, type Fault } from "./soap.js";

/** A command as a managed method of the host, called through its executer. */
export interface ManagedMethod {
  /** The parameters of ExecuteSoap, as XML. */
  readonly parameters: string;
  /** The call for people, the secret masked. */
  readonly shown: string;
}

/** The version of the methods behind the executer. [govc] */
const version = "urn:vim25/5.0";

interface Argument {
  readonly name: string;
  readonly values: readonly string[];
}

/** `iscsi adapter set` is the method `vim.EsxCLI.iscsi.adapter.set` of the object `ha-cli-handler-iscsi-adapter`. [govc] */
export function managedMethod(command: EsxcliCommand | HelpQuery): ManagedMethod {
  const words = command.path.split(" ");
  const namespace = words.slice(0, -1);
  if (command.kind === "help") {
    const typeName = `vim.EsxCLI.${namespace.join(".")}`;
    return {
      parameters: execute("ha-dynamic-type-manager-local-cli-cliinfo", "vim.CLIInfo.FetchCLIInfo", [
        { name: "typeName", values: [typeName] },
      ]),
      shown: `vim.CLIInfo.FetchCLIInfo typeName=${typeName}`,
    };
  }
  const method = `vim.EsxCLI.${words.join(".")}`;
  const given = command.args.map(({ name, value = true }) => ({ name: bare(name), value: String(value) }));
  const { secret } = command;
  const all = secret ? [...given, { name: bare(secret.name), value: secret.value }] : given;
  const shown = [
    ...given.map(({ name, value }) => `${name}=${value}`),
    ...(secret ? [`${bare(secret.name)}=***`] : []),
  ];
  return {
    parameters: execute(`ha-cli-handler-${namespace.join("-")}`, method, grouped(all)),
    shown: [method, ...shown].join(" "),
  };
}

/** Parameters have the names of the long options, without hyphens. */
function bare(option: string): string {
  return option.replaceAll("-", "");
}

/** An option that is given more than once is one argument with several values. */
function grouped(given: readonly { readonly name: string; readonly value: string }[]): readonly Argument[] {
  const values = new Map<string, string[]>();
  for (const { name, value } of given) values.set(name, [...(values.get(name) ?? []), value]);
  return [...values].map(([name, of]) => ({ name, values: of }));
}

function execute(moid: string, method: string, args: readonly Argument[]): string {
  const head = [element("moid", moid), element("version", version), element("method", method)];
  // The value is XML, as text: what is in it is escaped, and then all of it.
  const text = ({ name, values }: Argument) => values.map((value) => `<${name}>${escaped(value)}</${name}>`).join("");
  const told = args.map(
    (argument) => `<argument>${element("name", argument.name)}${element("val", text(argument))}</argument>`,
  );
  return [...head, ...told].join("");
}

/** What a method left behind, as a command does: a fault of the command is a status other than 0 and its words. */
export function outcomeOf([result]: readonly Element[]): Outcome {
  const fault = child(result, "fault");
  if (fault !== undefined) return failed(wordsOf(fault));
  return { status: 0, stdout: child(result, "response")?.text ?? "", stderr: "" };
}

/** A fault of the call itself. */
export function outcomeOfFault({ type, words }: Fault): Outcome {
  return failed(`${type}: ${words}`);
}

function failed(words: string): Outcome {
  return { status: 1, stdout: quotation(words), stderr: "" };
}

/** The words of esxcli are in `errMsg` of the detail, one or more; a fault of another kind has its name and a summary. */
function wordsOf(fault: Element): string {
  const summary = child(fault, "faultMsg")?.text ?? "";
  const detail = child(fault, "faultDetail")?.text ?? "";
  try {
    const all = within(parseXml(detail));
    const messages = all.filter(({ tag }) => local(tag) === "errMsg").map(({ text }) => text);
    const type = all.map(typeOf).find((found) => found !== undefined && found !== "LocalizedMethodFault");
    return messages.length > 0 ? messages.join("\n") : `${type ?? "Fault"}: ${summary}`;
  } catch {
    return [summary, detail].join("\n").trim();
  }
}

function within(found: Element): readonly Element[] {
  return [found, ...found.children.flatMap(within)];
}
