import * as pulumi from "@pulumi/pulumi";
import { type HostArgs, sealHost } from "./host.js";
import type { AnyDefinition } from "./inputs.js";

/** A host name, or how to reach the host. */
export type HostInput = pulumi.Input<string | HostArgs>;

/** An adapter: the IserAdapter itself, its `ref`, an RDMA device (`vmrdma0`), its uplink (`vmnic4`), or a `vmhba#` that is no iSER adapter. */
export type AdapterInput = pulumi.Input<string> | { readonly ref: pulumi.Output<string> };

/**
 * The provider that Pulumi keeps in state, twice for each resource. A constant that is the same in every layout of node_modules and after
 * every upgrade: it finds the package from the program's folder, where the provider process runs.
 */
export function providerText(type: string): string {
  return `exports.handler=()=>require("module").createRequire(process.cwd()+"/_")("pulumi-esxi-iser/provider").${type}`;
}

/** The Pulumi side that all resources share. Setting `__provider` ourselves keeps Pulumi's closure serializer out. */
export abstract class EsxiResource extends pulumi.CustomResource {
  constructor(definition: AnyDefinition, name: string, args: object, opts: pulumi.CustomResourceOptions | undefined) {
    const { host, adapter, ...inputs } = args as { host: HostInput; adapter?: AdapterInput };
    const secrets = new Set<string>(definition.secrets ?? []);
    const unset = definition.outputs.map((output) => [output, undefined]);
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = withoutCallSites(prepareStackTrace);
    try {
      super(
        `pulumi-nodejs:dynamic/esxi-iser:${definition.type}`,
        name,
        {
          ...Object.fromEntries(unset),
          ...Object.fromEntries(
            Object.entries(inputs).map(([field, value]) => [field, secrets.has(field) ? seal(value) : value]),
          ),
          ...(adapter === undefined ? {} : { adapter: referenceTo(adapter) }),
          host: sealHost(host),
          __provider: providerText(definition.type),
        },
        // What replaces an object may be the same object on the host, so the old one goes first, also when the user asks for a replacement.
        pulumi.mergeOptions({ additionalSecretOutputs: [...secrets], deleteBeforeReplace: true }, opts),
      );
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
    }
  }

  /** Gives an output a value that is declared, so that it is known in a preview and still carries the dependency on this resource. */
  protected nameItself(output: string, value: pulumi.Input<string>): void {
    (this as Record<string, unknown>)[output] = pulumi.all([value, this.urn]).apply(([declared]) => declared);
  }
}

/**
 * Keeps out of the state where a resource was declared, and from where that was called: half a kilobyte each, of which the first is a line of this
 * package, and which the engine writes and never reads. The SDK has no option for it; it takes the text of a stack apart in `Resource.callsites`. [seen
 * with SDK 3.270, CLI 3.259] Any other stack is as it would be.
 */
function withoutCallSites(prepare: typeof Error.prepareStackTrace): typeof Error.prepareStackTrace {
  return (error, sites) => {
    if (sites[0]?.getFunctionName() === "callsites") return "";
    return prepare === undefined ? [String(error), ...sites].join("\n    at ") : prepare(error, sites);
  };
}

/** A secret by itself, or the secret in a `{ name, secret }`, whose name may be read. */
function seal(value: unknown): unknown {
  const plain =
    typeof value === "object" && value !== null && !pulumi.Output.isInstance(value) && !(value instanceof Promise);
  if (!plain) return value === undefined ? undefined : pulumi.secret(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === "secret" ? pulumi.secret(inner) : inner]),
  );
}

/** What an adapter is declared by: itself, or its `ref`. */
export function referenceTo(adapter: AdapterInput): pulumi.Input<string> {
  return isReferable(adapter) ? adapter.ref : adapter;
}

function isReferable(adapter: AdapterInput): adapter is { readonly ref: pulumi.Output<string> } {
  return typeof adapter === "object" && !pulumi.Output.isInstance(adapter) && "ref" in adapter;
}
