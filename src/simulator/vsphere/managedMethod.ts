import { available, optionsOn } from "../catalogue.js";
import { sorted } from "../format.js";
import type { ServedCall } from "../host.js";
import { quoted } from "../journal.js";
import { isStructure, type Result, type Scalar, type Structure, type Value } from "../result.js";
import type { CommandSpec } from "../spec.js";
import { CommandFailure, type HostState } from "../state.js";
import { type Argument, ArgumentError, argsOf, argumentName, valuesIn } from "./arguments.js";
import { cliInfo } from "./cliInfo.js";
import { element, textElement } from "./xml.js";

/** What ExecuteSoap is given. */
export interface ExecuteSoap {
  readonly moid: string;
  readonly version: string;
  readonly method: string;
  readonly arguments: readonly Argument[];
}

/** What it answers: XML of the response (none: there is no result), or a fault. */
export type Outcome = { readonly response: string | undefined } | { readonly fault: Fault };

interface Fault {
  /** The type of the fault. */
  readonly type: string;
  readonly message: string;
  readonly properties: string;
}

const prefix = "vim.EsxCLI.";
const metadata = { moid: "ha-dynamic-type-manager-local-cli-cliinfo", method: "vim.CLIInfo.FetchCLIInfo" };
const version = "urn:vim25/5.0";
/** As recorded of hosts, by govmomi. */
const object =
  'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' +
  'xmlns="urn:vim25" versionId="5.0"';

/** The second front end over the commands: a managed-method call in place of a command line. How a host words what it refuses is not known. */
export function managedCall(host: HostState, call: ExecuteSoap): ServedCall<Outcome> {
  const served = call.method === metadata.method ? fetchCliInfo(host, call) : command(host, call);
  const { entry, path, run } =
    call.version === version ? served : { ...refused(served), run: () => invalidArgument("version") };
  return {
    entry,
    path,
    run,
    failed: cliFault,
    status: (outcome) => ("fault" in outcome ? 1 : 0),
    spoilt,
  };
}

/** A call that is not taken changes nothing. */
function refused({ entry, ...rest }: Served): Served {
  return { ...rest, entry: { ...entry, effect: "read" } };
}

type Served = Pick<ServedCall<Outcome>, "entry" | "path" | "run">;

function fetchCliInfo(host: HostState, { moid, arguments: given }: ExecuteSoap): Served {
  const [argument] = given;
  let name: string | undefined;
  try {
    name = argument?.name === "typeName" && given.length === 1 ? valuesIn(argument).join() : undefined;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
  }
  const namespace = name?.startsWith(prefix) ? name.slice(prefix.length) : undefined;
  const run = (): Outcome => {
    if (moid !== metadata.moid) return managedObjectNotFound(moid);
    if (name === undefined) return invalidArgument("typeName");
    const info = namespace === undefined ? undefined : cliInfo(host, namespace.replaceAll(".", " "));
    return info === undefined ? notFound : { response: document(info, "VimCLIInfoInfo") };
  };
  const line = `FetchCLIInfo ${quoted(namespace ?? name ?? "")}`;
  return { entry: { line, effect: "read" }, path: `FetchCLIInfo ${(namespace ?? "").replaceAll(".", " ")}`, run };
}

function command(host: HostState, { moid, method, arguments: given }: ExecuteSoap): Served {
  const words = method.startsWith(prefix) ? method.slice(prefix.length).split(".") : [];
  const path = words.join(" ");
  const spec = available(host).find((one) => one.path === path);
  const isHandled = moid === `ha-cli-handler-${words.slice(0, -1).join("-")}`;
  const run = (): Outcome => {
    if (!isHandled) return managedObjectNotFound(moid);
    if (spec === undefined) return notFound;
    return perform(host, spec, given);
  };
  const line = ["esxcli", ...words, ...journaled(spec, given)].map(quoted).join(" ");
  const entry = { line, ...(spec ? { path } : {}), effect: spec?.effect ?? "read" };
  const served: Served = { entry, path: path === "" ? method : path, run };
  return spec && isHandled && isTaken(host, spec, given) ? served : refused(served);
}

function isTaken(host: HostState, spec: CommandSpec, given: readonly Argument[]): boolean {
  try {
    argsOf(optionsOn(host, spec), given);
    return true;
  } catch (error) {
    if (error instanceof ArgumentError) return false;
    throw error;
  }
}

function perform(host: HostState, spec: CommandSpec, given: readonly Argument[]): Outcome {
  try {
    return { response: resultXml(spec.run(host, argsOf(optionsOn(host, spec), given)), spec) };
  } catch (error) {
    if (error instanceof ArgumentError) return invalidArgument(error.property);
    if (error instanceof CommandFailure) return cliFault(error.message);
    throw new Error(`the simulated command ${spec.path} is broken`, { cause: error });
  }
}

/** The arguments as the words of a command line, with secrets masked. Of what is not an option all values are. */
function journaled(spec: CommandSpec | undefined, given: readonly Argument[]): string[] {
  return given.flatMap((argument) => {
    const option = spec?.options.find((one) => argumentName(one) === argument.name);
    const name = `--${option?.long ?? argument.name}`;
    if (option === undefined || option.secret) return [`${name}=***`];
    let values: readonly string[];
    try {
      values = valuesIn(argument);
    } catch (error) {
      if (error instanceof ArgumentError) return [name];
      throw error;
    }
    if (option.kind === "flag") return values[0] === "true" || values[0] === "1" ? [name] : [];
    return values.map((value) => `${name}=${value}`);
  });
}

const notFound: Outcome = fault("NotFound", "The object or item referred to could not be found.");

function invalidArgument(property: string): Outcome {
  const message = `A specified parameter was not correct: ${property}`;
  return fault("InvalidArgument", message, textElement("invalidProperty", property));
}

function managedObjectNotFound(moid: string): Outcome {
  return fault(
    "ManagedObjectNotFound",
    `The object '${moid}' has already been deleted or has not been completely created`,
  );
}

/** What esxcli would have printed before it ended with 1. */
function cliFault(message: string): Outcome {
  return fault("VimEsxCLICLIFault", "EsxCLI.CLIFault.summary", textElement("errMsg", message));
}

function fault(type: string, message: string, properties = ""): Outcome {
  return { fault: { type, message, properties } };
}

function spoilt(outcome: Outcome, spoil: (text: string) => string): Outcome {
  return "response" in outcome && outcome.response !== undefined ? { response: spoil(outcome.response) } : outcome;
}

/** The answer of ExecuteSoap. What has no result has no `returnval`. */
export function outcomeXml(outcome: Outcome): string {
  if ("response" in outcome)
    return outcome.response === undefined ? "" : element("returnval", textElement("response", outcome.response));
  const { type, message, properties } = outcome.fault;
  const detail = element("fault", properties, `xsi:type="${type}"`) + textElement("localizedMessage", message);
  const text = document(detail, "LocalizedMethodFault");
  return element("returnval", element("fault", textElement("faultMsg", message) + textElement("faultDetail", text)));
}

function document(inner: string, type: string): string {
  return element("obj", inner, `${object} xsi:type="${type}"`);
}

function resultXml(result: Result, { path }: CommandSpec): string | undefined {
  switch (result.kind) {
    case "void":
      return undefined;
    case "accepted":
      return scalarXml(true);
    case "value":
      return scalarXml(result.value);
    case "structure":
      return document(fields(result.structure, path), typeName(path, result.structure));
    case "structures": {
      const rows = result.rows.map((row) =>
        element("DataObject", fields(row, path), `xsi:type="${typeName(path, row)}"`),
      );
      return document(rows.join(""), "ArrayOfDataObject");
    }
  }
}

function scalarXml(value: Scalar): string {
  const type = typeof value === "number" ? "long" : typeof value;
  return textElement("obj", String(value), `${object} xsi:type="xsd:${type}"`);
}

/** `VimEsxCLIsystemhostnamegetFullyQualifiedHostName`: recorded, by govmomi. */
function typeName(path: string, { type }: Structure): string {
  return `VimEsxCLI${path.replaceAll(" ", "")}${type}`;
}

/** In the order of their names, as recorded; a list is one element an item; that a structure in a structure says its type is inferred. */
function fields(row: Structure, path: string): string {
  return sorted(row)
    .map(({ name, value }) => fieldXml(name, value, path))
    .join("");
}

function fieldXml(name: string, value: Value, path: string): string {
  if (typeof value !== "object") return textElement(name, String(value));
  if (isStructure(value)) return element(name, fields(value, path), `xsi:type="${typeName(path, value)}"`);
  return value.map((item) => textElement(name, item)).join("");
}
