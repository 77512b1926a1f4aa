import { nothing, table } from "../result.js";
import { type Args, type CommandSpec, flag, type OptionSpec, required, string } from "../spec.js";
import { fail, type HostState } from "../state.js";

interface Parameter {
  readonly name: string;
  readonly kind: "integer" | "boolean" | "digest";
  readonly initial: string;
  readonly min: string;
  readonly max: string;
  readonly settable: boolean;
}

function integerParameter(name: string, initial: number, min: number, max: number, settable: boolean): Parameter {
  return { name, kind: "integer", initial: `${initial}`, min: `${min}`, max: `${max}`, settable };
}

function wordParameter(name: string, kind: "boolean" | "digest", initial: string, settable: boolean): Parameter {
  return { name, kind, initial, min: "na", max: "na", settable };
}

/** The table of a software adapter, seen on 5.0; an iSER adapter's may differ in what is settable. */
export const parameters: readonly Parameter[] = [
  integerParameter("ErrorRecoveryLevel", 0, 0, 2, false),
  integerParameter("InitialLoginRetryMax", 4, 0, 64, false),
  wordParameter("InitialR2T", "boolean", "false", false),
  integerParameter("FirstBurstLength", 262144, 512, 16777215, true),
  integerParameter("MaxBurstLength", 262144, 512, 16777215, true),
  integerParameter("MaxRecvDataSegment", 131072, 512, 16777215, true),
  integerParameter("MaxOutstandingR2T", 1, 1, 8, true),
  integerParameter("MaxCmds", 128, 2, 2048, false),
  wordParameter("ImmediateData", "boolean", "true", false),
  integerParameter("DefaultTime2Retain", 0, 0, 60, false),
  integerParameter("DefaultTime2Wait", 2, 0, 60, false),
  integerParameter("LoginTimeout", 5, 1, 60, true),
  integerParameter("LogoutTimeout", 15, 0, 60, false),
  integerParameter("NoopOutInterval", 15, 1, 60, true),
  integerParameter("NoopOutTimeout", 10, 10, 30, true),
  integerParameter("RecoveryTimeout", 10, 1, 120, true),
  wordParameter("DelayedAck", "boolean", "true", true),
  wordParameter("HeaderDigest", "digest", "prohibited", true),
  wordParameter("DataDigest", "digest", "prohibited", true),
];

const digests = ["prohibited", "discouraged", "preferred", "required"];
const yes = ["1", "y", "true", "yes"];
const no = ["0", "n", "false", "no"];

/** What was set at one level, and at the levels above it, nearest first. */
interface Level {
  readonly own: Record<string, string>;
  readonly parents: readonly Readonly<Record<string, string>>[];
}

interface ParamSpec {
  readonly path: string;
  readonly help: string;
  readonly options: readonly OptionSpec[];
  /** A level that can inherit: of a send target or a target. */
  readonly inherits?: boolean;
  readonly find: (host: HostState, args: Args) => Level;
}

export function paramGet({ path, help, options, inherits = false, find }: ParamSpec): CommandSpec {
  return {
    path,
    effect: "read",
    help,
    options,
    run: (host, args) => {
      const { own, parents } = find(host, args);
      const levels = [own, ...parents];
      const current = ({ name, initial }: Parameter) => levels.find((level) => name in level)?.[name] ?? initial;
      return table<Parameter>(
        "iScsiParm",
        parameters,
        {
          Name: ({ name }) => name,
          Current: current,
          Default: ({ initial }) => initial,
          Min: ({ min }) => min,
          Max: ({ max }) => max,
          Settable: ({ settable }) => settable,
          Inherit: ({ name }) => inherits && !(name in own),
        },
        { hidden: { ID: ({ name }) => name } },
      );
    },
  };
}

export function paramSet({ path, help, options, inherits = false, find }: ParamSpec): CommandSpec {
  return {
    path,
    effect: "write",
    help,
    options: [
      ...options,
      string("key", "k", "The parameter key.", required),
      string("value", "v", "The value to be set."),
      flag("default", "D", "Reset to the default value."),
      ...(inherits ? [flag("inherit", "I", "Inherit the value from the parent.")] : []),
    ],
    run: (host, args) => {
      const { own } = find(host, args);
      const key = args.required("key");
      const value = args.text("value");
      const modes = [value !== undefined, args.flag("default"), args.flag("inherit")].filter(Boolean).length;
      if (modes > 1) fail("Only one options value, inherit, default can be used at once.");
      if (modes === 0) fail("Invalid iscsi value input.");
      const parameter = parameters.find(({ name }) => name === key);
      if (!parameter) return fail("Invalid iscsi key input.");
      if (!parameter.settable) fail(`Parameter ${key} is not settable.`);
      const next = value === undefined ? parameter.initial : canonical(parameter, value);
      // The default is the level's own value below an adapter, so that it no longer inherits. An adapter that is set to it is as never set.
      if (args.flag("inherit") || (!inherits && next === parameter.initial)) delete own[key];
      else own[key] = next;
      return nothing;
    },
  };
}

/** Texts of 6.7.0. */
function canonical({ name, kind, min, max }: Parameter, value: string): string {
  if (kind === "integer") {
    if (!/^-?\d+$/.test(value)) fail(`Invalid value for integer parameter key ${name}`);
    if (Number(value) < Number(min) || Number(value) > Number(max))
      fail(`Value for ${name} is out of range. Valid values are integers in range ${min}-${max}`);
    return String(Number(value));
  }
  if (kind === "digest")
    return digests.includes(value)
      ? value
      : fail(`Invalid digest value. Digests will take {${digests.join(", ")}} only.`);
  if (yes.includes(value.toLowerCase())) return "true";
  return no.includes(value.toLowerCase())
    ? "false"
    : fail("Invalid data type for bool parameter expected one of [0, 1, y, n, true, false, yes, no]");
}
