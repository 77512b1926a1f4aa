import type { HostView } from "../hostView.js";
import { cardChecks } from "./cardChecks.js";
import type { Check, Finding } from "./check.js";
import { networkChecks } from "./networkChecks.js";
import { noProbes, type Probes } from "./probes.js";
import { storageChecks } from "./storageChecks.js";

/** What an administrator looks at, along the path from the card to the device. */
export const checks: readonly Check[] = [...cardChecks, ...networkChecks, ...storageChecks];

/** What is wrong with a host, along the path. */
export function diagnose(view: HostView, probes: Probes = noProbes): readonly Finding[] {
  return checks.flatMap(({ id, severity, why, find }) =>
    find(view, probes).map((found) => ({ check: id, severity, ...found, why })),
  );
}
