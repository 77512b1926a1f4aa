import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import type { HostCommand } from "../esxcli/command.js";
import type { Level } from "../esxcli/iscsiCommand.js";
import {
  type Parameter,
  parameterDefault,
  parameterInherit,
  parameterList,
  parameterSet,
} from "../esxcli/iscsiParams.js";
import { define } from "./definition.js";
import { optionText } from "./fields.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";
import {
  type DiscoveryAddressReference,
  findPlace,
  levelOf,
  nameOf,
  type Place,
  type Scope,
  scoped,
  scopeFields,
  scopeId,
  scopeRules,
  type TargetReference,
} from "./scope.js";

interface Inputs extends Scope {
  /** By name, in the declared spelling. */
  readonly parameters: Readonly<Record<string, string>>;
}

interface Have extends Place {
  readonly rows: readonly Parameter[];
}

/** By name of the parameter, so that one that is declared later adds its own. */
interface Before {
  readonly [name: string]: { readonly value: string; readonly default: boolean; readonly inherits: boolean };
}

/** What a refresh shows of a parameter that is declared here and is inherited on the host. */
const inherited = "inherited";

const value = z.union(
  [
    optionText("a value of 1 to 255 bytes", 255),
    z.int("must be a whole number").transform(String),
    z.boolean().transform(String),
  ],
  { error: "must be text, a whole number, or true or false" },
);

export const iscsiParameters = define<Inputs, Have, Before>({
  ...scoped,
  type: "IscsiParameters",
  fields: {
    ...scopeFields,
    parameters: z
      .record(z.string(), value, "must be a map of names and values: { FirstBurstLength: 262144 }")
      .superRefine((parameters, context) => {
        const names = Object.keys(parameters);
        const odd = names.filter((name) => !/^[A-Za-z][A-Za-z0-9]*$/.test(name));
        const message =
          names.length === 0
            ? "is empty: give at least one"
            : `has ${odd.map((name) => JSON.stringify(name)).join(", ")}: a name has letters and digits only and begins with a letter`;
        if (names.length === 0 || odd.length > 0) context.addIssue({ code: "custom", message });
      }),
  },
  outputs: [],

  rules({ parameters = {} }, given) {
    const [first, burst] = [Number(parameters.FirstBurstLength), Number(parameters.MaxBurstLength)];
    const reversed = {
      field: "parameters",
      reason: `has FirstBurstLength ${first} and MaxBurstLength ${burst}: the first burst must not be longer than the longest [RFC 3720 12.14].`,
    } as const;
    return [...scopeRules(given), ...(first > burst ? [reversed] : [])];
  },

  id: (inputs) => `${inputs.adapter}/parameters${scopeId(inputs)}`,

  async observe(ask, inputs) {
    const place = await findPlace(ask, inputs);
    return { ...place, rows: place.level === undefined ? [] : await ask(parameterList(place.level)) };
  },

  plan(have, want) {
    const level = levelOf(have, want);
    // All are checked before one is written.
    const wanted = Object.entries(want.parameters).map(([name, declared]) => {
      const row = rowOf(level, have, name);
      const target = canonical(row, declared);
      if (target === undefined) throw outOfRange(level, row, declared);
      if (isAsDeclared(row, declared)) return undefined;
      if (!row.settable) throw notSettable(level, have, row, target);
      return { row, target };
    });
    const changes = wanted.filter((change) => change !== undefined);
    checkBursts(level, have, changes);
    return changes.sort(roomFirst).map(({ row, target }) => parameterSet(level, row.name, target));
  },

  record(have, want) {
    levelOf(have, want);
    const rows = have.rows.filter(({ name }) => Object.hasOwn(want.parameters, name));
    return Object.fromEntries(
      rows.map((row) => [
        row.name,
        { value: row.current, default: row.current === row.default, inherits: row.inherits },
      ]),
    );
  },

  current({ rows }, { parameters }) {
    const declared = rows.filter(({ name }) => Object.hasOwn(parameters, name));
    return {
      parameters: Object.fromEntries(declared.map((row) => [row.name, shown(row, parameters[row.name] ?? "")])),
    };
  },

  report: () => ({}),

  remove({ level, rows }, { parameters }, before) {
    if (level === undefined) return { commands: [] };
    const changes = rows
      // What is no longer declared is somebody else's by now.
      .filter(({ name, settable }) => settable && Object.hasOwn(parameters, name))
      .flatMap((row) => {
        const was = before[row.name];
        return was === undefined ? [] : [{ row, target: was.value, was }];
      });
    return { commands: changes.sort(roomFirst).flatMap(({ row, was }) => giveBack(level, row, was)) };
  },
});

interface Change {
  readonly row: Parameter;
  readonly target: string;
}

/** MaxBurstLength grows before and shrinks after FirstBurstLength, so that the first burst is never the longer one. [RFC 3720 12.14] */
function roomFirst(one: Change, other: Change): number {
  const turn = ({ row, target }: Change) =>
    row.name === "MaxBurstLength" ? Math.sign(Number(row.current) - Number(target)) : 0;
  return turn(one) - turn(other);
}

const bursts = ["FirstBurstLength", "MaxBurstLength"] as const;

/** What is declared of one of the bursts must fit what the host has of the other. */
function checkBursts(level: Level, { rows }: Have, changes: readonly Change[]): void {
  const due = changes.find(({ row }) => bursts.some((name) => name === row.name));
  const [first, longest] = bursts.map((name) =>
    Number(changes.find(({ row }) => row.name === name)?.target ?? rows.find((row) => row.name === name)?.current),
  );
  if (due === undefined || first === undefined || longest === undefined || !(first > longest)) return;
  throw new IserError("PARAMETER_OUT_OF_RANGE", {
    problem: `${due.row.name} is to be ${due.target} on ${nameOf(level)}, which makes FirstBurstLength ${first} and MaxBurstLength ${longest}: the first burst must not be longer than the longest [RFC 3720 12.14]`,
    cure: "Declare FirstBurstLength and MaxBurstLength together, the first not above the second.",
  });
}

function giveBack(level: Level, row: Parameter, was: Before[string]): readonly HostCommand[] {
  if (was.inherits) return row.inherits ? [] : [parameterInherit(level, row.name)];
  if (level.kind === "adapter" && was.default)
    return row.current === row.default ? [] : [parameterDefault(level, row.name)];
  return row.current === was.value && !row.inherits ? [] : [parameterSet(level, row.name, was.value)];
}

/** How values of a parameter are told and compared. What the host says of it decides. */
interface Kind {
  is(row: Parameter): boolean;
  /** The host's spelling of a value, or undefined for what is no value. */
  read(text: string, row: Parameter): string | undefined;
  takes(row: Parameter): string;
}

const words: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["1", "y", "yes", "true"].map((word) => [word, "true"])),
  ...Object.fromEntries(["0", "n", "no", "false"].map((word) => [word, "false"])),
};
const digests = ["prohibited", "discouraged", "preferred", "required"];
const isNumber = (text: string) => /^-?\d+$/.test(text);

/** The kinds, their bounds and what they take: seen on 5.0, and the host's own messages. [6.7] */
const kinds: readonly Kind[] = [
  {
    is: ({ min, max }) => isNumber(min) && isNumber(max),
    read: (text, { min, max }) =>
      isNumber(text) && Number(text) >= Number(min) && Number(text) <= Number(max) ? String(Number(text)) : undefined,
    takes: ({ min, max }) => `whole numbers from ${min} to ${max}`,
  },
  {
    is: (row) => ["true", "false"].includes(row.default),
    read: (text) => words[text.toLowerCase()],
    takes: () => "true or false",
  },
  {
    is: (row) => digests.includes(row.default),
    read: (text) => digests.find((digest) => digest === text.toLowerCase()),
    takes: () => digests.join(", "),
  },
];
const anything: Kind = { is: () => true, read: (text) => text, takes: () => "any text" };

function kindOf(row: Parameter): Kind {
  return kinds.find((kind) => kind.is(row)) ?? anything;
}

function canonical(row: Parameter, text: string): string | undefined {
  return kindOf(row).read(text, row);
}

/** The value is the declared one and its own. What cannot be set cannot be made its own. */
function isAsDeclared(row: Parameter, declared: string): boolean {
  return canonical(row, declared) === row.current && (!row.inherits || !row.settable);
}

function shown(row: Parameter, declared: string): string {
  if (isAsDeclared(row, declared)) return declared;
  return row.inherits && row.settable ? inherited : row.current;
}

function rowOf(level: Level, { rows }: Have, name: string): Parameter {
  const row = rows.find((one) => one.name === name);
  if (row !== undefined) return row;
  throw new IserError("PARAMETER_UNKNOWN", {
    problem: `there is no iSCSI parameter ${name} on ${nameOf(level)}. Parameters: ${rows.map((one) => one.name).join(", ") || "none"}`,
    cure: "Name one of these; upper and lower case count.",
  });
}

function outOfRange(level: Level, row: Parameter, declared: string): IserError {
  return new IserError("PARAMETER_OUT_OF_RANGE", {
    problem: `${row.name} is to be ${declared} on ${nameOf(level)}, but the host takes ${kindOf(row).takes(row)}; it is ${row.current} now`,
    cure: "Declare a value that the host takes.",
  });
}

function notSettable(level: Level, { rows }: Have, row: Parameter, target: string): IserError {
  const settable = rows.filter((one) => one.settable).map(({ name }) => name);
  return new IserError("PARAMETER_NOT_SETTABLE", {
    problem: `${row.name} of ${nameOf(level)} is ${row.current} and cannot be set, so it does not become ${target}. Settable: ${settable.join(", ") || "none"}`,
    cure: `Remove ${row.name} from parameters, or declare ${row.current}.`,
  });
}

/** What `IscsiParameters` takes. */
export interface IscsiParametersArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** An IserAdapter, its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of an adapter that is not iSER. */
  adapter: AdapterInput;
  /** Only for what is discovered at one of the adapter's discovery addresses. Left out, as `target` is: for the adapter. */
  discoveryAddress?: pulumi.Input<DiscoveryAddressReference> | undefined;
  /** Only for one address of one target, static or discovered. */
  target?: pulumi.Input<TargetReference> | undefined;
  /**
   * Names and values as `esxcli iscsi adapter param get` lists them, with the host's own bounds. Seen settable on software iSCSI: FirstBurstLength,
   * MaxBurstLength and MaxRecvDataSegment (512 to 16777215 bytes), MaxOutstandingR2T (1 to 8), LoginTimeout and NoopOutInterval (1 to 60 s),
   * NoopOutTimeout (10 to 30 s), RecoveryTimeout (1 to 120 s), DelayedAck (true or false), HeaderDigest and DataDigest (`prohibited`,
   * `discouraged`, `preferred`, `required`). Others are not managed; one that is no longer declared stays as it is.
   */
  parameters: pulumi.Input<Readonly<Record<string, pulumi.Input<string | number | boolean>>>>;
}

/**
 * iSCSI parameters of an adapter, a discovery address or a target: `esxcli iscsi adapter param set`, `… discovery sendtarget param set` and
 * `… target portal param set`. Sessions take them at their next login. Declare one such resource for each of these.
 *
 * Every name and value is checked against what the host lists before anything is written. Values that are declared for a discovery
 * address or a target are its own also where they equal the inherited ones; a refresh shows `inherited` where the host has no own value. A
 * target that discovery is about to find is waited for, 30 seconds at most. Deleting it gives back the old values, the default or
 * inheritance, whichever was there before.
 *
 * Errors: PARAMETER_UNKNOWN, PARAMETER_NOT_SETTABLE, PARAMETER_OUT_OF_RANGE, DEVICE_NOT_FOUND, ADAPTER_NOT_FOUND, ADAPTER_AMBIGUOUS, DISCOVERY_ADDRESS_NOT_FOUND,
 * TARGET_NOT_FOUND, COMMAND_FAILED. Sources: seen on 5.0 (software iSCSI), ESXi 6.7 (messages). Which parameters an iSER adapter lets be
 * set is not known: the host says.
 *
 * @example
 * new IscsiParameters("iser-a", { host: "esx01.lab", adapter, parameters: { MaxOutstandingR2T: 8, NoopOutInterval: 5 } });
 */
export class IscsiParameters extends EsxiResource {
  declare readonly adapter: pulumi.Output<string>;
  declare readonly discoveryAddress: pulumi.Output<{ address: string; port: number } | undefined>;
  declare readonly target: pulumi.Output<{ targetName: string; address: string; port: number } | undefined>;
  declare readonly parameters: pulumi.Output<Readonly<Record<string, string>>>;

  constructor(name: string, args: IscsiParametersArgs, opts?: pulumi.CustomResourceOptions) {
    super(iscsiParameters, name, args, opts);
  }
}
