/** The classes of the package that discover declares. */
export type ClassName =
  | "AdapterProperties"
  | "Chap"
  | "DiscoveryAddress"
  | "IscsiParameters"
  | "IserAdapter"
  | "IserHost"
  | "ModuleParameters"
  | "PauseParams"
  | "PortBinding"
  | "PortGroup"
  | "RoceParams"
  | "StaticTarget"
  | "VirtualSwitch"
  | "VmkernelAdapter";

/** A resource or component of a program: what is written in the program and what goes into the import file both come from it. */
export interface Declaration {
  readonly class: ClassName;
  /** Its name in Pulumi. */
  readonly name: string;
  readonly args: Args;
  /** What must be there before, beside what the arguments refer to. */
  readonly after?: readonly Declaration[];
}

/** What a host has to declare. */
export interface HostProgram {
  readonly host: string;
  readonly declarations: readonly Declaration[];
  /** Sentences about what is not declared. */
  readonly comments: readonly string[];
}

export type Args = { readonly [name: string]: Value | undefined };
export type Value = string | number | boolean | Secret | Reference | readonly Value[] | Args;

/** What no host tells: the program takes it from the config. */
export class Secret {
  constructor(
    /** In the config of the project. */
    readonly key: string,
    /** What it is, in words. */
    readonly of: string,
    /** What it is set for, as far as that is known by now. */
    readonly places: string[] = [],
  ) {}
}

/** Another declaration, or a property of it. */
export class Reference {
  constructor(
    readonly to: Declaration,
    readonly property?: string,
  ) {}
}

/** Follows the values of arguments to their ends. */
export function* leaves(value: Value | undefined): Generator<string | number | boolean | Secret | Reference> {
  if (value === undefined) return;
  if (typeof value !== "object" || value instanceof Secret || value instanceof Reference) yield value;
  else for (const inner of Object.values(value)) yield* leaves(inner);
}

/** The secrets of declarations, each once, by config key. */
export function secretsOf(declarations: readonly Declaration[]): readonly Secret[] {
  const all = declarations.flatMap(({ args }) => [...leaves(args)]).filter((value) => value instanceof Secret);
  return [...new Map(all.map((secret) => [secret.key, secret])).values()];
}
