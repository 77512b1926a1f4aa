import type { EsxcliCommand } from "./command.js";
import { type Said, said } from "./output.js";

/** Options by their long names. One that is undefined is not given; a flag, which takes no value, is null. */
export type Options = Readonly<Record<string, string | number | boolean | null | undefined>>;

export function read<T>(path: string, options: Options, decode: (stdout: string) => T): EsxcliCommand<T> {
  return { kind: "esxcli", path, args: given(options), effect: "read", decode };
}

export function write(path: string, options: Options): EsxcliCommand<Said> {
  return { kind: "esxcli", path, args: given(options), effect: "write", decode: said };
}

function given(options: Options) {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [value === null ? { name } : { name, value }];
  });
}
