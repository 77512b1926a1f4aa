import * as pulumi from "@pulumi/pulumi";
import { IserError } from "../errors.js";
import { readBy } from "../functions/reading.js";
import { definitions } from "../resources/definitions.js";
import { sealHost } from "../resources/host.js";
import { type AnyDefinition, type Properties, secretsIn, unknown } from "../resources/inputs.js";
import { Lifecycle } from "../resources/lifecycle.js";
import { Run } from "../resources/peers.js";
import type { SimulatedHost } from "../simulator/host.js";
import type { HostOptions } from "../simulator/options.js";
import { keepSecret, maskError } from "../transport/redact.js";
import { SimulatedHosts } from "./simulatedHosts.js";

/** What the program runs on. */
export interface IserMockOptions {
  /**
   * What every host is before the program: the fields of `HostOptions` of `pulumi-esxi-iser/simulator`. Default: ESXi 8.0 with a management network and
   * two free cards, `vmrdma0` on `vmnic4` and `vmrdma1` on `vmnic5`. Without `storage` there is a storage system at every address that the program
   * declares, which takes the declared CHAP.
   */
  host?: HostOptions | undefined;
  /** What single hosts have other than that, by their name in the program. */
  hosts?: Readonly<Record<string, HostOptions>> | undefined;
  /** Mocks of what is not of this package. Default: a resource has its inputs and the id `<name>_id`, a function returns its arguments. */
  others?: Partial<pulumi.runtime.Mocks> | undefined;
  /** The stack's config; keys without a namespace are the project's. Default: none. */
  config?: Readonly<Record<string, string>> | undefined;
  /** The project. Default: `project`. */
  project?: string | undefined;
  /** The stack. Default: `stack`. */
  stack?: string | undefined;
  /** Whether the program runs as in a preview: then inputs are checked, and what a host would say is unknown. Default false. */
  preview?: boolean | undefined;
}

/** A resource of this package that the program declared. */
export interface MockedResource {
  /** `IserAdapter` */
  readonly type: string;
  readonly name: string;
  /** As the provider checked them: in canonical form, with defaults, secrets in plain. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** As in state: `esx01.lab/vmrdma0`. Undefined in a preview. */
  readonly id: string | undefined;
  /** All that is in state; in a preview the inputs, with undefined for what is not known. Secrets in plain. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * Pulumi's mocks for this package: a program runs in the process of the test, without the engine and without a network. Each resource is checked and made by
 * the code of the provider, on a simulated host; so outputs and ids are those of a real run, and what a preview or an update refuses is refused.
 */
export class IserMocks implements pulumi.runtime.Mocks {
  /** In the order in which they were made. */
  readonly resources: MockedResource[] = [];
  /** What was refused, in the order in which it was; the outputs of such a resource are rejected with it. */
  readonly errors: Error[] = [];
  private readonly hosts: SimulatedHosts;
  private readonly lifecycles: ReadonlyMap<string, Lifecycle>;

  /** For who calls `setMocks` alone, with the same `preview`; `answerFunctions` then belongs to it. */
  constructor(private readonly options: IserMockOptions = {}) {
    this.hosts = new SimulatedHosts(options.host ?? {}, options.hosts ?? {});
    const run = new Run();
    this.lifecycles = new Map([...definitions].map(([type, one]) => [type, new Lifecycle(one, this.hosts, run)]));
  }

  /** From now on the functions of this package, such as `getRdmaDevices`, ask these hosts, and no real ones. */
  answerFunctions(): void {
    readBy(this.hosts);
  }

  /** What the resources told the user, such as that something was found and adopted. */
  get notices(): readonly string[] {
    return this.hosts.notices;
  }

  /** The simulated host of a name in the program. With another port than 22: `{ host, port }`. */
  host(name: string | { readonly host: string; readonly port?: number }): SimulatedHost {
    return this.hosts.at(name).host;
  }

  /** The resource of a type and a name. Throws when the program has not declared it. */
  resource(type: string, name: string): MockedResource {
    const found = this.resources.find((one) => one.type === type && one.name === name);
    if (found !== undefined) return found;
    const there = this.resources.map((one) => `${one.type} ${one.name}`).join(", ");
    throw new Error(`The program declares no ${type} ${name}. It declares: ${there || "nothing of this package"}.`);
  }

  /** When all that the program declares is made. Rejected with the first that was refused. */
  async finished(): Promise<void> {
    await pulumi.runtime.disconnect();
    const [first] = this.errors;
    if (first !== undefined) throw first;
  }

  newResource: pulumi.runtime.Mocks["newResource"] = async (args) => {
    const definition = definitions.get(args.type);
    const lifecycle = this.lifecycles.get(args.type);
    if (definition === undefined || lifecycle === undefined)
      return (
        (await this.options.others?.newResource?.(args)) ?? {
          id: args.custom === false ? undefined : `${args.name}_id`,
          state: args.inputs,
        }
      );
    const { inputs, secrets } = opened(args.inputs);
    for (const secret of secretsIn(definition, inputs)) keepSecret(secret);
    try {
      const { id, outputs } = await this.make(definition, lifecycle, args.name, inputs);
      return { id, state: sealed(definition, outputs, secrets) };
    } catch (error) {
      const masked = maskError(error instanceof Error ? error : new Error(String(error)));
      this.errors.push(masked);
      throw masked;
    }
  };

  call: pulumi.runtime.Mocks["call"] = async (args) => (await this.options.others?.call?.(args)) ?? args.inputs;

  private async make(
    definition: AnyDefinition,
    lifecycle: Lifecycle,
    name: string,
    news: Properties,
  ): Promise<{ id: string | undefined; outputs: Properties }> {
    const { __provider, ...declared } = news;
    const { inputs, failures } = lifecycle.check(declared);
    if (failures.length > 0) {
      const problem = failures.map(({ reason }) => reason).join("\n");
      throw new IserError("INPUT_INVALID", { problem, cure: "A preview refuses this too." });
    }
    const made = this.options.preview ? undefined : await this.create(definition, lifecycle, inputs);
    const { id, outs: outputs } = made ?? { id: undefined, outs: inputs };
    const { type } = definition;
    this.resources.push({ type, name, id, inputs: withoutUnknown(inputs), outputs: withoutUnknown(outputs) });
    return { id, outputs: { ...outputs, __provider } };
  }

  private async create(definition: AnyDefinition, lifecycle: Lifecycle, inputs: Properties) {
    this.hosts.prepareStorage(definition.type, inputs);
    return lifecycle.create(inputs);
  }
}

/**
 * Sets the mocks for all that the process declares from now on. The program is loaded after that.
 *
 * @example
 * const mocks = await setIserMocks({ config: { chapSecret: "simulated" } });
 * const { iqns } = await import("./index.js");
 * await mocks.finished();
 * assert.equal(mocks.resource("Chap", "esx01/iser-a").inputs.level, "required");
 */
export async function setIserMocks(options: IserMockOptions = {}): Promise<IserMocks> {
  const mocks = new IserMocks(options);
  const { config = {}, project = "project" } = options;
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key.includes(":") ? key : `${project}:${key}`, value]),
    ),
  );
  mocks.answerFunctions();
  await pulumi.runtime.setMocks(mocks, project, options.stack, options.preview);
  return mocks;
}

/** The value of an output, when all that it is made of is there. Rejected with what was refused; undefined when it is not known in a preview. */
export function resolved<T>(output: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> {
  const whole = pulumi.output(output) as unknown as { promise(): Promise<pulumi.Unwrap<T>> };
  return whole.promise();
}

/** The inputs in plain, with the provider's own mark for what is unknown, and which of them were secret. */
function opened(marked: Properties): { inputs: Properties; secrets: ReadonlySet<string> } {
  const secrets = Object.keys(marked).filter((key) => pulumi.runtime.isRpcSecret(marked[key]));
  const inputs = Object.fromEntries(
    Object.entries(marked).map(([key, value]) => [key, known(pulumi.runtime.unwrapRpcSecret(value))]),
  );
  return { inputs, secrets: new Set(secrets) };
}

function withoutUnknown(properties: Properties): Properties {
  const plain = (value: unknown): unknown => {
    if (value === unknown) return undefined;
    if (Array.isArray(value)) return value.map(plain);
    return typeof value === "object" && value !== null ? withoutUnknown(value as Properties) : value;
  };
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, plain(value)]));
}

function known(value: unknown): unknown {
  if (pulumi.isUnknown(value)) return unknown;
  if (Array.isArray(value)) return value.map(known);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, known(inner)]));
}

/** As the engine marks outputs: what is always secret, and what was a secret input. */
function sealed({ secrets = [] }: AnyDefinition, outputs: Properties, given: ReadonlySet<string>): Properties {
  return Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => {
      if (key === "host") return [key, sealHost(value as Parameters<typeof sealHost>[0])];
      return [key, value !== undefined && (secrets.includes(key) || given.has(key)) ? pulumi.secret(value) : value];
    }),
  );
}
