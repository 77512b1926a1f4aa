import type { Argument, EsxcliCommand } from "./command.js";
import { notUnderstood, type Said, said } from "./output.js";

/** What the commands below `iscsi` share. Without an adapter a list is of all of them. */
export function onAdapter(vmhba: string | undefined): Argument[] {
  return vmhba === undefined ? [] : [{ name: "adapter", value: vmhba }];
}

export function read<T>(path: string, args: readonly Argument[], decode: (stdout: string) => T): EsxcliCommand<T> {
  return { kind: "esxcli", path, args, effect: "read", decode };
}

export function write(path: string, args: readonly Argument[]): EsxcliCommand<Said> {
  return { kind: "esxcli", path, args, effect: "write", decode: said };
}

/** The only row of a list. */
export function single<T>(list: readonly T[], stdout: string): T {
  const [row, ...more] = list;
  if (row === undefined || more.length > 0) throw notUnderstood(`expected one row, found ${list.length}`, stdout);
  return row;
}

/** What a setting belongs to: an adapter, one of its discovery addresses, or one address of one of its targets. */
export type Level =
  | { readonly kind: "adapter"; readonly vmhba: string }
  | { readonly kind: "sendtarget"; readonly vmhba: string; readonly address: string }
  | { readonly kind: "target"; readonly vmhba: string; readonly address: string; readonly name: string };

const namespaces: Readonly<Record<Level["kind"], string>> = {
  adapter: "iscsi adapter",
  sendtarget: "iscsi adapter discovery sendtarget",
  target: "iscsi adapter target portal",
};

/** A command that there is at each level: `auth chap get`, say. */
export function levelPath({ kind }: Level, command: string): string {
  return `${namespaces[kind]} ${command}`;
}

export function atLevel(level: Level): Argument[] {
  return [
    ...onAdapter(level.vmhba),
    ...(level.kind === "adapter" ? [] : [{ name: "address", value: level.address }]),
    ...(level.kind === "target" ? [{ name: "name", value: level.name }] : []),
  ];
}
