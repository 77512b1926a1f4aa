import { hostName, hostPlace } from "../../resources/host.js";
import type { Act } from "./acts.js";
import type { Step } from "./preview.js";

/** From one host to another. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** What is replaced because the program names another host for it is deleted on one host and made on another. */
export function moveOf({ op, old, new: now }: Step): Move | undefined {
  const [from, to] = [hostName(old?.outputs.host), hostName(now?.inputs.host)];
  const isReplaced = op === "replace" || op === "create-replacement" || op === "delete-replaced";
  return !isReplaced || from === undefined || to === undefined || from === to ? undefined : { from, to };
}

/** By where the host is reached on which an act runs. */
export function placeOf({ kind, step }: Act): string {
  return moveOf(step) !== undefined && kind === "delete" ? oldPlace(step) : newPlace(step);
}

/** All hosts of a preview, in its order. */
export function placesIn(steps: readonly Step[]): readonly string[] {
  return [
    ...new Set(steps.flatMap((step) => [...(moveOf(step) === undefined ? [] : [oldPlace(step)]), newPlace(step)])),
  ];
}

/** The steps as far as they are about one host: of what comes from another one, nothing is there yet, and of what goes to another one, nothing comes. */
export function stepsAt(place: string, steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step): readonly Step[] => {
    if (moveOf(step) === undefined) return newPlace(step) === place ? [step] : [];
    return [
      ...(oldPlace(step) === place ? [{ ...step, new: undefined }] : []),
      ...(newPlace(step) === place ? [{ ...step, old: undefined }] : []),
    ];
  });
}

function oldPlace({ old }: Step): string {
  return hostPlace(old?.outputs.host);
}

function newPlace({ old, new: now }: Step): string {
  return hostPlace((now?.inputs ?? old?.outputs)?.host);
}
