import { read, write } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { atLevel, type Level, levelPath } from "./iscsiCommand.js";
import { boolean, maybe, rows, type Said, text } from "./output.js";

/** An iSCSI parameter. [seen on 5.0 for an adapter and a target; field names of 5.x] */
export interface Parameter {
  /** `FirstBurstLength` */
  readonly name: string;
  /** A number, `true` or `false`, or for a digest one of `prohibited`, `discouraged`, `preferred`, `required`. [seen] */
  readonly current: string;
  readonly default: string;
  /** The bounds of a number, `na` for others. [seen] */
  readonly min: string;
  readonly max: string;
  readonly settable: boolean;
  /** The value is that of the level above. */
  readonly inherits: boolean;
}

export function parameterList(level: Level): EsxcliCommand<readonly Parameter[]> {
  return read(
    levelPath(level, "param get"),
    atLevel(level),
    rows({
      name: text("Name"),
      current: text("Current"),
      default: text("Default"),
      min: text("Min"),
      max: text("Max"),
      settable: boolean("Settable"),
      inherits: level.kind === "adapter" ? maybe(boolean("Inherit"), false) : boolean("Inherit"),
    }),
  );
}

/** Sets a parameter, one a call. [6.7] */
export function parameterSet(level: Level, key: string, value: string): EsxcliCommand<Said> {
  return write(levelPath(level, "param set"), { ...atLevel(level), key, value });
}

/** Takes a parameter back to the default. [6.7] */
export function parameterDefault(level: Level, key: string): EsxcliCommand<Said> {
  return write(levelPath(level, "param set"), { ...atLevel(level), key, default: null });
}

/** Takes a parameter from the level above. Not for an adapter. [6.7] */
export function parameterInherit(level: Level, key: string): EsxcliCommand<Said> {
  return write(levelPath(level, "param set"), { ...atLevel(level), key, inherit: null });
}
