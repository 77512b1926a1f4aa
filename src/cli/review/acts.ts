import type { Preview, Snapshot, Step } from "./preview.js";

/** What the engine will have a resource do, in the order of the run. */
export interface Act {
  readonly kind: "create" | "update" | "same" | "delete";
  readonly step: Step;
  /** It is deleted or made as part of a replacement. */
  readonly isReplacement: boolean;
  /** Why nothing is run on the host although it is deleted. */
  readonly spared?: string;
}

/**
 * The acts of a run that does one thing after another. A replacement deletes first, and before that, in reverse order, what is replaced because of it:
 * the preview lists these steps only where it was asked to.
 */
export function actsOf({ steps }: Preview): readonly Act[] {
  const isListed = new Set(steps.filter(({ op }) => op === "delete-replaced").map(({ urn }) => urn));
  const isGone = new Set<string>();
  const deleted = new Set(steps.filter(({ op }) => op === "delete").map(({ urn }) => urn));
  const remove = (step: Step, isReplacement: boolean): Act => {
    isGone.add(step.urn);
    return { kind: "delete", step, isReplacement, ...spared(step.old, deleted) };
  };
  return steps.flatMap((step): readonly Act[] => {
    switch (step.op) {
      case "create":
      case "update":
      case "same":
        return [{ kind: step.op, step, isReplacement: false }];
      case "delete":
        return [remove(step, false)];
      case "delete-replaced":
        return [remove(step, true)];
      case "create-replacement":
        return [{ kind: "create", step, isReplacement: true }];
      case "replace": {
        if (isListed.has(step.urn)) return [];
        const going = [step, ...dependents(step, steps)].filter(({ urn }) => !isGone.has(urn) && !isListed.has(urn));
        return [...going.reverse().map((one) => remove(one, true)), { kind: "create", step, isReplacement: true }];
      }
      default:
        return [];
    }
  });
}

/** Those that are replaced because it is, in the order of the steps: what depends on one comes after it. */
function dependents(root: Step, steps: readonly Step[]): readonly Step[] {
  const urns = new Set([root.urn]);
  return steps.filter(({ op, urn, old }) => {
    const came = [...(old?.dependencies.values() ?? [])].flat();
    const isOne = op === "replace" && urn !== root.urn && came.some((one) => urns.has(one));
    if (isOne) urns.add(urn);
    return isOne;
  });
}

function spared(old: Snapshot | undefined, deleted: ReadonlySet<string>): { spared?: string } {
  if (old?.retained) return { spared: "it has retainOnDelete: nothing is run, and it stays on the host" };
  return old?.deletedWith !== undefined && deleted.has(old.deletedWith)
    ? { spared: "it has deletedWith: nothing is run, for what it is part of goes" }
    : {};
}
