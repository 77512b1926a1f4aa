import { read, write } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { notUnderstood } from "./document.js";
import { atLevel, type Level, levelPath } from "./iscsiCommand.js";
import { boolean, rows, type Said, text } from "./output.js";

export const chapLevels = ["prohibited", "discouraged", "preferred", "required"] as const;
/** Whether an initiator authenticates with CHAP; `ChapArgs.level` says what each means. */
export type ChapLevel = (typeof chapLevels)[number];
/** `uni`: the target authenticates the initiator. `mutual`: the initiator also authenticates the target. */
export type ChapDirection = "uni" | "mutual";

/** What can be read back of CHAP. The secret never can. [6.7] */
export interface ChapState {
  readonly level: ChapLevel;
  readonly name: string;
  /** Level and name are those of the discovery address or adapter above. Never of an adapter, which has nothing above. */
  readonly inherits?: true;
}

const columns = { direction: text("Direction"), name: text("Name"), level: text("Level") };
/** Discovery addresses and targets also say whether they inherit. [6.7; field names of 5.x] */
const inheritingColumns = { ...columns, inherits: boolean("Inheritance") };

/**
 * CHAP of one direction. No output of a real host is known. One row a direction is expected; no row at all is read as CHAP never
 * having been set, which below an adapter means inherited.
 */
export function chapGet(level: Level, direction: ChapDirection): EsxcliCommand<ChapState> {
  const list = level.kind === "adapter" ? rows(columns) : rows(inheritingColumns);
  return read(levelPath(level, "auth chap get"), { ...atLevel(level), direction }, (stdout) => {
    const all: readonly { direction: string; name: string; level: string; inherits?: boolean }[] = list(stdout);
    if (all.length === 0)
      return { level: "prohibited", name: "", ...(level.kind === "adapter" ? {} : { inherits: true }) };
    const says = (one: ChapDirection) => all.filter((row) => row.direction.toLowerCase().startsWith(one));
    // One direction was asked for. How a host spells it is not known, so a single row is of it unless it says that it is the other's.
    const isSpelledOtherwise = all.length === 1 && says("uni").length + says("mutual").length === 0;
    const [row, ...more] = isSpelledOtherwise ? all : says(direction);
    const word = chapLevels.find((known) => known === row?.level.toLowerCase());
    if (row === undefined || more.length > 0 || word === undefined)
      throw notUnderstood(`no CHAP level of direction ${direction}`, stdout);
    return { level: word, name: row.name, ...(row.inherits ? { inherits: true } : {}) };
  });
}

export interface ChapValues {
  readonly level: ChapLevel;
  readonly name: string;
  readonly secret: string;
}

/** Sets CHAP of one direction. Level, name and secret go together, or ESXi refuses. [6.7] */
export function chapSet(
  level: Level,
  direction: ChapDirection,
  values: ChapValues,
  via: "prompt" | "argument",
): EsxcliCommand<Said> {
  return {
    ...write(levelPath(level, "auth chap set"), {
      ...atLevel(level),
      direction,
      level: values.level,
      authname: values.name,
    }),
    secret: { name: "secret", value: values.secret, via },
  };
}

/**
 * Takes CHAP of one direction back to ESXi's default. `--default` is a flag: it takes no value. [6.7] Below an adapter it is not known whether
 * that is an own value or inheritance.
 */
export function chapDefault(level: Level, direction: ChapDirection): EsxcliCommand<Said> {
  return reset(level, direction, "default");
}

/** Takes CHAP of one direction from the level above. Not for an adapter. [6.7] */
export function chapInherit(level: Level, direction: ChapDirection): EsxcliCommand<Said> {
  return reset(level, direction, "inherit");
}

function reset(level: Level, direction: ChapDirection, to: "default" | "inherit"): EsxcliCommand<Said> {
  return write(levelPath(level, "auth chap set"), { ...atLevel(level), direction, [to]: null });
}
