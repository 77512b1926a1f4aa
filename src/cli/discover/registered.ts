import * as pulumi from "@pulumi/pulumi";
import * as classes from "../../index.js";
import type { Properties } from "../../resources/inputs.js";
import { type Declaration, Reference, Secret, type Value } from "./declaration.js";
import { placeholder } from "./settings.js";

/** A resource as the engine hears of it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  /** The name of the component that it is part of. */
  readonly parent: string | undefined;
  /** Undefined for a component. */
  readonly inputs: Properties | undefined;
}

type Constructor = new (name: string, args: object, opts: pulumi.ComponentResourceOptions) => pulumi.Resource;

/** The inputs that were registered, by type and name. */
const heard = new Map<string, Properties>();
let listening: Promise<void> | undefined;

/**
 * What a program with these declarations registers, in its order. The classes of the package are asked, with Pulumi's own stand-in for the engine: so
 * the import file has what the program will declare, a component's resources among it.
 */
export async function registered(declarations: readonly Declaration[]): Promise<readonly Registered[]> {
  listening ??= listen();
  await listening;
  const all: { readonly type: string; readonly name: string; readonly parent: string | undefined }[] = [];
  const resources: pulumi.Resource[] = [];
  const made = new Map<Declaration, pulumi.Resource>();
  for (const declaration of declarations) {
    const { class: type, name, args, after = [] } = declaration;
    // A component makes its resources before its constructor is through.
    const note: pulumi.ResourceTransformation = (one) => {
      all.push({ type: one.type, name: one.name, parent: one.opts.parent && name });
      resources.push(one.resource);
      return undefined;
    };
    const make = (classes as unknown as Record<string, Constructor>)[type] as Constructor;
    const dependsOn = after.flatMap((one) => made.get(one) ?? []);
    made.set(declaration, new make(name, evaluated(args, made) as object, { dependsOn, transformations: [note] }));
  }
  await new Promise((resolve) => pulumi.all(resources.map(({ urn }) => urn)).apply(resolve));
  return all.map((one) => ({ ...one, inputs: heard.get(keyOf(one)) }));
}

function listen(): Promise<void> {
  return pulumi.runtime.setMocks({
    newResource(resource) {
      if (resource.custom) heard.set(keyOf(resource), unsealed(resource.inputs) as Properties);
      // What components read of a rescan.
      return { id: resource.name, state: { ...resource.inputs, devices: [] } };
    },
    call: () => ({}),
  });
}

function keyOf({ type, name }: { readonly type: string; readonly name: string }): string {
  return `${type} ${name}`;
}

function evaluated(value: Value | undefined, made: ReadonlyMap<Declaration, pulumi.Resource>): unknown {
  if (value instanceof Secret) return pulumi.secret(placeholder(value));
  if (value instanceof Reference) {
    const resource = made.get(value.to);
    return value.property === undefined ? resource : (resource as unknown as Properties | undefined)?.[value.property];
  }
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((one) => evaluated(one, made));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, evaluated(one, made)]));
}

/** The mark that Pulumi puts around a secret. */
export const sealed = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" } as const;
const [mark] = Object.keys(sealed) as [keyof typeof sealed];

function unsealed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (mark in value) return unsealed((value as { value?: unknown }).value);
  if (Array.isArray(value)) return value.map(unsealed);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unsealed(one)]));
}
