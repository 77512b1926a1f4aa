import type { Options } from "./call.js";
import { notUnderstood } from "./document.js";

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

export function atLevel(level: Level): Options {
  return {
    adapter: level.vmhba,
    address: level.kind === "adapter" ? undefined : level.address,
    name: level.kind === "target" ? level.name : undefined,
  };
}
