import type { JsonRecord } from "./definition.js";

/** The MTU that a VMkernel adapter had, and the one that its delete left it with: a smaller one where its switch has no more. */
export interface LeftMtu {
  readonly was: number;
  readonly now: number;
}

/** Said by the VMkernel adapter, which goes first. */
export function leaveMtu(vmk: string, { was, now }: LeftMtu): JsonRecord {
  return { [key(vmk)]: { was, now } };
}

/** Heard by its switch, which has only seen what the VMkernel adapter had when it was lowered. */
export function leftMtu(left: ReadonlyMap<string, JsonRecord[string]>, vmk: string): LeftMtu | undefined {
  const { was, now } = (left.get(key(vmk)) ?? {}) as Partial<LeftMtu>;
  return was === undefined || now === undefined ? undefined : { was, now };
}

function key(vmk: string): string {
  return `MTU of ${vmk}`;
}
