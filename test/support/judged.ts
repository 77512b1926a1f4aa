import assert from "node:assert/strict";
import type { StackValidationPolicy } from "@pulumi/policy";
import { definitions, typeToken } from "../../src/resources/definitions.js";
import { check, unknown } from "../../src/resources/inputs.js";

/** Internal to @pulumi/policy, and what it wraps the properties of every resource in before a policy gets them. */
const { unknownCheckingProxy }: { unknownCheckingProxy<T>(properties: T): T } = require("@pulumi/policy/proxy");

/** A resource as a program declares it: type, name and inputs, with `unknown` for what a preview does not know. */
export type Written = readonly [type: string, name: string, inputs: Readonly<Record<string, unknown>>];

export { unknown };

/** What a policy says of a stack: the message and the resource of each violation. */
export async function judged(
  policy: StackValidationPolicy,
  resources: readonly Written[],
  { stackConfig = {}, packConfig = {} }: { stackConfig?: Record<string, unknown>; packConfig?: object } = {},
): Promise<{ message: string; urn: string | undefined }[]> {
  const violations: { message: string; urn: string | undefined }[] = [];
  const all = resources.map(([type, name, inputs]) => resource(typeToken(type), name, checked(type, inputs)));
  const provider = resource("pulumi:providers:pulumi-nodejs", "default", stackConfig);
  await policy.validateStack(
    {
      resources: [provider, ...all],
      stackTags: new Map(),
      getConfig: <T extends object>() => packConfig as T,
      notApplicable: (): never => assert.fail("not applicable"),
    },
    (violation, urn) => {
      assert.ok(typeof violation === "string");
      violations.push({ message: violation, urn });
    },
  );
  return violations;
}

function resource(type: string, name: string, properties: object) {
  return {
    type,
    name,
    urn: `urn:pulumi:dev::program::${type}::${name}`,
    props: unknownCheckingProxy(properties),
    opts: {
      protect: false,
      ignoreChanges: [],
      aliases: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
      additionalSecretOutputs: [],
    },
    dependencies: [],
    propertyDependencies: {},
    isType: () => false,
    asType: () => undefined,
  };
}

/** The inputs as the provider's check hands them on; outputs pass as they are. */
function checked(type: string, inputs: Written[2]): object {
  const definition = definitions.get(typeToken(type));
  assert.ok(definition, type);
  const own = Object.entries(inputs).filter(([field]) => field === "host" || field in definition.fields);
  const isInState = definition.outputs.some((output) => output in inputs && !(output in definition.fields));
  const { inputs: canonical, failures } = check(definition, { host: "esx01.lab", ...Object.fromEntries(own) });
  if (!isInState) assert.deepEqual(failures, []);
  return { ...canonical, ...inputs, ...(inputs.host === undefined ? { host: canonical.host } : {}) };
}
