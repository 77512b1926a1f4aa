import { randomUUID } from "node:crypto";
import { IserError } from "../../errors.js";
import { describe } from "../../esxcli/command.js";
import { adapterProperties } from "../../resources/adapterProperties.js";
import { chap } from "../../resources/chap.js";
import type { Ask } from "../../resources/definition.js";
import { discoveryAddress } from "../../resources/discoveryAddress.js";
import { hostName } from "../../resources/host.js";
import type { Reach } from "../../resources/hostWork.js";
import { type AnyDefinition, declaredIn, fieldsOf, type Properties } from "../../resources/inputs.js";
import { iscsiParameters } from "../../resources/iscsiParameters.js";
import { iserAdapter } from "../../resources/iserAdapter.js";
import { Lifecycle } from "../../resources/lifecycle.js";
import { moduleParameters } from "../../resources/moduleParameters.js";
import { pauseParams } from "../../resources/pauseParams.js";
import { newPeers, type Run } from "../../resources/peers.js";
import { portBinding } from "../../resources/portBinding.js";
import { portGroup } from "../../resources/portGroup.js";
import { rescan } from "../../resources/rescan.js";
import { roceParams } from "../../resources/roceParams.js";
import { staticTarget } from "../../resources/staticTarget.js";
import { virtualSwitch } from "../../resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../resources/vmkernelAdapter.js";
import type { Declaration } from "./declaration.js";
import { type Registered, registered, sealed } from "./registered.js";

/** What `pulumi import --file` reads of a resource. [CLI 3.259] */
export interface ImportedResource {
  readonly type: string;
  /** No two the same in a file. */
  readonly name: string;
  readonly logicalName: string;
  /** The `name` of the component that it is part of. */
  readonly parent?: string;
  readonly component?: true;
  readonly id?: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
}

/** What goes into the import file, and what does not, in sentences. */
export interface Imports {
  readonly resources: readonly ImportedResource[];
  readonly notes: readonly string[];
}

/** Of all resources. */
export const definitions: readonly AnyDefinition[] = [
  adapterProperties,
  chap,
  discoveryAddress,
  iscsiParameters,
  iserAdapter,
  moduleParameters,
  pauseParams,
  portBinding,
  portGroup,
  rescan,
  roceParams,
  staticTarget,
  virtualSwitch,
  vmkernelAdapter,
];

/**
 * The state that an `up` with these declarations would leave on the host as it is. Made by what the provider makes it of: the classes, check, plan,
 * record and read. What the host is other than is not imported.
 */
export async function importsOf(
  declarations: readonly Declaration[],
  ask: Ask,
  reach: Reach,
  run: Run,
): Promise<Imports> {
  const notes: string[] = [];
  const all = await registered(declarations);
  // The rules look at what is declared beside: all of it has to be known.
  for (const one of all) lifecycleOf(one, reach, run)?.check(one.inputs ?? {});
  const resources = await Promise.all(
    all.map(async (one): Promise<readonly ImportedResource[]> => {
      const named = { type: one.type, name: `${shortType(one)} ${one.name}`, logicalName: one.name };
      const parent = one.parent === undefined ? {} : { parent: `IserHost ${one.parent}` };
      if (one.inputs === undefined) return [{ ...named, component: true }];
      try {
        return [{ ...named, ...parent, ...(await stateOf(one, one.inputs, ask, reach, run)) }];
      } catch (error) {
        if (!(error instanceof IserError)) throw error;
        notes.push(`${named.name} is declared and not in the import file: ${error.details.problem}`);
        return [];
      }
    }),
  );
  return { resources: resources.flat(), notes };
}

function shortType({ type }: Registered): string {
  return type.split(":").at(-1) ?? type;
}

function definitionOf(one: Registered): AnyDefinition | undefined {
  return definitions.find(({ type }) => type === shortType(one));
}

function lifecycleOf(one: Registered, reach: Reach, run: Run): Lifecycle | undefined {
  const definition = definitionOf(one);
  return definition && new Lifecycle(definition, reach, run);
}

async function stateOf(one: Registered, news: Properties, ask: Ask, reach: Reach, run: Run) {
  const definition = definitionOf(one);
  if (definition === undefined) throw new Error(`${one.type} is not known`);
  const life = new Lifecycle(definition, reach, run);
  const { inputs, failures } = life.check(news);
  if (failures.length > 0) throw differs(failures.map(({ reason }) => reason).join("; "));
  const want = fieldsOf(definition, inputs);
  const have = await definition.observe(ask, want);
  const left = definition.plan(have, want, { last: want, unfinished: false });
  if (left.length > 0) throw differs(`the host is other than it: ${left.map(describe).join("; ")}`);
  const id = `${hostName(inputs.host)}/${definition.id(want)}`;
  const before = definition.record(have, want, { ...newPeers(new Map()), first: have });
  const found = await life.read(id, { ...inputs, ...declaredIn(definition, inputs), instance: randomUUID(), before });
  const provider = { __provider: news.__provider };
  return {
    id,
    inputs: { ...sealedIn(definition, inputs), ...provider },
    outputs: { ...sealedIn(definition, found.props), ...provider },
  };
}

function differs(problem: string): IserError {
  return new IserError("INPUT_INVALID", { problem, cure: "Look at the host, and change the program." });
}

/** With the mark of a secret around the texts that stand for one: in `secret`, and in that of a `{ name, secret }`. */
function sealedIn({ secrets = [] }: AnyDefinition, properties: Properties): Properties {
  return mapped(properties, (value, key) => {
    if (!secrets.includes(key)) return value;
    if (typeof value !== "object" || value === null) return key === "secret" ? seal(value) : value;
    return mapped(value as Properties, (inner, name) => (name === "secret" ? seal(inner) : inner));
  });
}

function seal(text: unknown): unknown {
  return { ...sealed, plaintext: JSON.stringify(text) };
}

function mapped(properties: Properties, change: (value: unknown, key: string) => unknown): Properties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, change(value, key)]));
}
