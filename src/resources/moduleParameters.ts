import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import {
  type ModuleParameter,
  moduleList,
  moduleParameterList,
  moduleParameterSet,
  moduleParameterSetPath,
  type VmkernelModule,
} from "../esxcli/module.js";
import { optionsOf, uptime } from "../esxcli/system.js";
import { define } from "./definition.js";
import { EsxiResource, type HostInput } from "./provider.js";

type Values = Readonly<Record<string, string>>;

interface Inputs {
  readonly module: string;
  readonly parameters: Values;
}

interface Have {
  readonly modules: readonly VmkernelModule[];
  /** All parameters of the module, in the host's order. */
  readonly parameters: readonly ModuleParameter[];
  /** Seconds since the host was started. */
  readonly uptime: number;
  /** The build can add parameters to those that are set. Only asked for where that may be all there is to do. */
  readonly appends: boolean;
}

/** By parameter: its value, or the empty text when it was not set. */
type Before = Values;

const parameterMap = z
  .record(
    z.string(),
    z.union([z.string(), z.int()], "must be text or a whole number"),
    "must be a map of parameters to values, such as { trust_state: 2 }",
  )
  .transform((map, context): Values => {
    const refuse = (message: string, path: string[] = []) => context.addIssue({ code: "custom", message, path });
    for (const [name, value] of Object.entries(map)) {
      if (!/^[A-Za-z_]\w*$/.test(name))
        refuse("is not the name of a parameter: give letters, digits and underscores", [name]);
      if (!/^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/.test(String(value)))
        refuse(
          "must be printable ASCII without blanks, quotes and backslashes; to leave a parameter alone, leave it out",
          [name],
        );
    }
    if (Object.keys(map).length === 0) refuse("is empty; give at least one parameter");
    const sorted = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([name, value]) => [name, String(value)]));
  });

export const moduleParameters = define<Inputs, Have, Before>({
  type: "ModuleParameters",
  fields: {
    module: z
      .string("must be the name of a VMkernel module")
      .trim()
      .regex(
        /^\w[\w.-]*$/,
        "must be the name of a VMkernel module, such as nmlx5_core; `esxcli system module list` lists them",
      ),
    parameters: parameterMap,
  },
  identity: ["module"],
  shared: true,
  outputs: ["rebootRequired", "writtenAt", "uptimeWhenWritten"],

  id: ({ module }) => `module/${module}`,
  lanes: async (_ask, { module }) => [`module ${module}`],

  async observe(ask, { module, parameters: declared }) {
    const [modules, up] = await Promise.all([ask(moduleList), ask(uptime)]);
    const isThere = modules.some(({ name }) => name === module);
    const parameters = isThere ? await ask(moduleParameterList(module)) : [];
    const areNew = areUnset(parameters, Object.keys(declared));
    const appends = areNew && (await ask(optionsOf(moduleParameterSetPath))).has("append");
    return { modules, parameters, uptime: Math.floor(up / 1_000_000), appends };
  },

  exists: (have, inputs) => moduleOf(have, inputs) !== undefined,

  plan(have, want, { unfinished }) {
    requireModule(have, want);
    for (const [name, value] of Object.entries(want.parameters)) requireParameter(have, want.module, name, value);
    // An interrupted write may have taken effect unseen. Written again, it is known that a reboot is due.
    return isReached(have, want.parameters) && !unfinished ? [] : [setting(have, want.module, want.parameters)];
  },

  record: (have, want) => pick(have, want.parameters),

  current: (have, { parameters }) => ({
    parameters: Object.fromEntries(
      Object.entries(pick(have, parameters)).map(([name, value]) => {
        const declared = parameters[name] ?? "";
        return [name, isSame(value, declared) ? declared : value];
      }),
    ),
  }),

  report(have, inputs, { wrote, was, now }) {
    // A module that is not loaded takes the values when it is.
    const isLoaded = moduleOf(have, inputs)?.loaded ?? false;
    const last = { at: String(was.writtenAt ?? ""), uptime: Number(was.uptimeWhenWritten ?? 0) };
    const written = wrote ? { at: now.toISOString(), uptime: have.uptime } : last;
    const isDue = isLoaded && (wrote || (was.rebootRequired === true && !isStartedAnew(written, have.uptime, now)));
    const { at, uptime } = isDue ? written : { at: "", uptime: 0 };
    return { rebootRequired: isDue, writtenAt: at, uptimeWhenWritten: uptime };
  },

  remarks: (have, inputs) => (moduleOf(have, inputs)?.loaded ? ["takes effect at the next reboot of the host."] : []),

  remove(have, { module, parameters }, before) {
    // What is no longer declared is somebody else's by now.
    const recorded = Object.keys(parameters).flatMap((name) =>
      before[name] === undefined ? [] : [[name, before[name]]],
    );
    const isKnown = (name: string | undefined) => have.parameters.some((parameter) => parameter.name === name);
    const target = Object.fromEntries(recorded.filter(([name]) => isKnown(name)));
    const notes = recorded
      .filter(([name, value]) => !isKnown(name) && value !== "")
      .map(([name, value]) => `${name}=${value} is not given back, because the module has no such parameter any more.`);
    if (isReached(have, target)) return { commands: [], notes };
    const blanks = withBlanks(have);
    if (blanks.length > 0) {
      const stays = `${Object.keys(target).join(", ")} stay as declared, because ${blanks.join(", ")} has a value with a blank or a quote, which would be lost.`;
      return { commands: [], notes: [...notes, stays] };
    }
    const isLoaded = moduleOf(have, { module, parameters })?.loaded ?? false;
    return {
      commands: [setting(have, module, target)],
      notes: [...notes, ...(isLoaded ? ["given back, which takes effect at the next reboot of the host."] : [])],
    };
  },
});

function moduleOf({ modules }: Have, { module }: Inputs): VmkernelModule | undefined {
  return modules.find(({ name }) => name === module);
}

function configured({ parameters }: Have, name: string): string {
  return parameters.find((parameter) => parameter.name === name)?.value.trim() ?? "";
}

function pick(have: Have, declared: Values): Values {
  return Object.fromEntries(Object.keys(declared).map((name) => [name, configured(have, name)]));
}

function isReached(have: Have, target: Values): boolean {
  return Object.entries(target).every(([name, value]) => isSame(configured(have, name), value));
}

function areUnset(parameters: readonly ModuleParameter[], names: readonly string[]): boolean {
  const unset = parameters.filter(({ value }) => value.trim() === "").map(({ name }) => name);
  return names.every((name) => unset.includes(name));
}

function withBlanks({ parameters }: Have): readonly string[] {
  return parameters.filter(({ value }) => /[\s"'\\]/.test(value.trim())).map(({ name }) => name);
}

/**
 * The whole parameter string, for what is not in it is unset: what the host has, with the target's values in place of its own. Where parameters
 * are only added it is not written anew, so that nothing is lost of what somebody else has set since it was read.
 */
function setting(have: Have, module: string, target: Values) {
  const unquotable = withBlanks(have);
  if (unquotable.length > 0) {
    throw new IserError("PARAMETER_NOT_SETTABLE", {
      problem: `parameters of the module ${module} have values with blanks or quotes: ${unquotable.join(", ")}. All parameters of a module are written together, and how ESXi takes such a value there is not known, so it would be lost`,
      cure: "Nothing was written. Give them values without blanks and quotes by hand, `esxcli system module parameters set --append`, or set the declared ones by hand too.",
    });
  }
  const values = Object.entries(target).map(([name, value]) => ({ name, value }));
  const areAdded = areUnset(have.parameters, Object.keys(target)) && values.every(({ value }) => value !== "");
  if (have.appends && areAdded) return moduleParameterSet(module, values, true);
  const merged = have.parameters.map(({ name, value }) => ({ name, value: target[name] ?? value.trim() }));
  return moduleParameterSet(
    module,
    merged.filter(({ value }) => value !== ""),
  );
}

/** Lists, such as `4,4`, by element; numbers as numbers, so that 0x08 is 8; all else as text. */
function isSame(one: string, other: string): boolean {
  const canonical = (text: string) => text.split(",").map((part) => numeric(part) ?? part);
  return canonical(one).join() === canonical(other).join();
}

function numeric(text: string): string | undefined {
  const [, sign, digits] = /^(-?)(0x[\da-f]+|0|[1-9]\d*)$/i.exec(text) ?? [];
  return digits === undefined ? undefined : `${sign}${BigInt(digits)}`;
}

/**
 * Whether the host has been started since: it is up for less than it was then, or for less than has passed since then by our own clock. The
 * host's clock does not count: it may have been set meanwhile.
 *
 * | since the write                         | up for less than then | 60 s less than has passed | started anew                |
 * | --------------------------------------- | --------------------- | ------------------------- | --------------------------- |
 * | nothing, or the host's clock was set    | no                    | no                        | no                          |
 * | a start, and it is up for a short time  | yes                   | either                    | yes                         |
 * | a start, and it is up for a long time   | no                    | yes                       | yes                         |
 * | our clock was set back                  | no                    | no                        | no                          |
 * | a start, and our clock was set back     | either                | no                        | while it is up for less     |
 * | our clock was set forward               | no                    | yes                       | yes: it cannot be told      |
 *
 * The minute is for what passes between the reading and the write, and for clocks that do not agree.
 */
function isStartedAnew(written: { readonly at: string; readonly uptime: number }, uptime: number, now: Date): boolean {
  const passed = (now.getTime() - new Date(written.at).getTime()) / 1000;
  return uptime < written.uptime || uptime + 60 < passed;
}

function requireModule(have: Have, want: Inputs): void {
  if (moduleOf(have, want) !== undefined) return;
  const names = have.modules.map(({ name }) => name);
  const alike = names.filter((name) => name.slice(0, 3) === want.module.slice(0, 3));
  const shown = (alike.length > 0 ? alike : names).slice(0, 12);
  throw new IserError("MODULE_NOT_FOUND", {
    problem: `there is no VMkernel module ${want.module}. Modules: ${shown.join(", ")}${shown.length < names.length ? ` (and ${names.length - shown.length} more)` : ""}`,
    cure: "Name one that `esxcli system module list` lists, or install the driver first.",
  });
}

/** A driver may not load with text where it takes a number, or a list of them. Of other types nothing is sure. */
function requireKind({ name, type }: ModuleParameter, module: string, value: string): void {
  const [, list] = /^(array of )?u?(?:int|short|long)$/.exec(type.trim()) ?? [undefined, null];
  if (list === null) return;
  const parts = list === undefined ? [value] : value.split(",").filter((part) => part !== "");
  if (parts.every((part) => /^-?(0x[\da-f]+|\d+)$/i.test(part))) return;
  throw new IserError("PARAMETER_OUT_OF_RANGE", {
    problem: `${name} of the module ${module} is of type ${type}, but is declared as ${value}`,
    cure:
      list === undefined
        ? "Give a whole number, such as 2 or 0x08."
        : "Give whole numbers with commas between them, such as 4,4.",
  });
}

function requireParameter({ parameters }: Have, module: string, name: string, value: string): void {
  const found = parameters.find((parameter) => parameter.name === name);
  if (found === undefined) throw parameterUnknown(parameters, module, name);
  requireKind(found, module, value);
}

function parameterUnknown(parameters: readonly ModuleParameter[], module: string, name: string): IserError {
  return new IserError("PARAMETER_UNKNOWN", {
    problem: `the module ${module} has no parameter ${name}. Its parameters: ${parameters.map((parameter) => parameter.name).join(", ") || "none"}`,
    cure: `Name one of these; \`esxcli system module parameters list --module=${module}\` describes them. Another driver version may have others.`,
  });
}

/** What `ModuleParameters` takes. */
export interface ModuleParametersArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** A VMkernel module, `nmlx5_core`. */
  module: pulumi.Input<string>;
  /** Parameter by parameter; the others of the module stay as they are. A list, one value a port, has commas: `"4,4"`. */
  parameters: pulumi.Input<Record<string, pulumi.Input<string | number>>>;
}

/**
 * Parameters of a VMkernel module: `esxcli system module parameters set`. For a driver they count from the next load, that is after a reboot
 * of the host. `priorityFlowControl` gives those that RoCE needs.
 *
 * ESXi replaces the whole parameter string of a module, so all that is set is read first and written with it. Declare one ModuleParameters a
 * module. What is in the string but not in the list of the module's parameters cannot be read through esxcli and is lost with the first write.
 * A parameter that is taken out of the map is no longer managed and stays. Deleting it gives each declared parameter its old value back.
 *
 * ESXi shows what is configured, not what is loaded. `rebootRequired` says that a write of this resource waits for a reboot: it goes to false
 * with the first `pulumi refresh` after one. Of parameters that were there already it is not known whether they are loaded, and it is false.
 *
 * Errors: MODULE_NOT_FOUND, PARAMETER_UNKNOWN, PARAMETER_NOT_SETTABLE (a value on the host has a blank), PARAMETER_OUT_OF_RANGE
 * (text for a number), COMMAND_FAILED. Sources: seen on 6.0; that the string is replaced as a whole is known of 6.7.
 *
 * @example
 * const { nmlx5_core, nmlx5_rdma } = priorityFlowControl({ trust: "dscp" });
 * new ModuleParameters("nmlx5-core", { host: "esx01.lab", module: "nmlx5_core", parameters: nmlx5_core });
 * new ModuleParameters("nmlx5-rdma", { host: "esx01.lab", module: "nmlx5_rdma", parameters: nmlx5_rdma });
 */
export class ModuleParameters extends EsxiResource {
  declare readonly module: pulumi.Output<string>;
  declare readonly parameters: pulumi.Output<Record<string, string>>;
  /** What was written counts only after a reboot of the host that has not come yet. */
  declare readonly rebootRequired: pulumi.Output<boolean>;
  /** When the write was that waits for a reboot; empty when none does. */
  declare readonly writtenAt: pulumi.Output<string>;
  /** How long the host had been up then, in seconds. */
  declare readonly uptimeWhenWritten: pulumi.Output<number>;

  constructor(name: string, args: ModuleParametersArgs, opts?: pulumi.CustomResourceOptions) {
    super(moduleParameters, name, args, opts);
  }
}
