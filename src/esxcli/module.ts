import { read, write } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { boolean, rows, type Said, text } from "./output.js";

/** A row of `system module list`. [columns: ESXCLI reference; no output of a real host is known] */
export interface VmkernelModule {
  readonly name: string;
  readonly loaded: boolean;
  /** It is loaded at the next start of the host. */
  readonly enabled: boolean;
}

export const moduleList: EsxcliCommand<readonly VmkernelModule[]> = read(
  "system module list",
  {},
  rows({ name: text("Name"), loaded: boolean("IsLoaded"), enabled: boolean("IsEnabled") }),
);

/** A parameter of a module. [seen on 6.0: right after a set it shows the new value, so it is what is configured, not what is loaded] */
export interface ModuleParameter {
  readonly name: string;
  /** `int` and others; lists are `array of int` [seen] and `array of uint` [seen of nmlx5_core]. */
  readonly type: string;
  /** Empty where it is not set, whatever the module's default is. */
  readonly value: string;
}

export function moduleParameterList(module: string): EsxcliCommand<readonly ModuleParameter[]> {
  return read(
    "system module parameters list",
    { module },
    rows({ name: text("Name"), type: text("Type"), value: text("Value") }),
  );
}

export const moduleParameterSetPath = "system module parameters set";

/**
 * Sets the whole parameter string of a module: what is not in it is unset [6.7]. It counts from the next load of the module. An empty
 * string unsets all. [in use]
 *
 * `append`: adds to what is set, where the build has the option. [6.7] What it does with a parameter that is set is not known.
 */
export function moduleParameterSet(
  module: string,
  parameters: readonly Pick<ModuleParameter, "name" | "value">[],
  append = false,
): EsxcliCommand<Said> {
  return write(moduleParameterSetPath, {
    module,
    "parameter-string": parameters.map(({ name, value }) => `${name}=${value}`).join(" "),
    append: append ? null : undefined,
  });
}
