import type { Ask } from "../../resources/definition.js";
import type { Session } from "../../transport/session.js";
import { type HostView, lookAt } from "../hostView.js";
import { cardChecks } from "./cardChecks.js";
import type { Check, Finding } from "./check.js";
import { networkChecks } from "./networkChecks.js";
import { type Probes, probe } from "./probes.js";
import { storageChecks } from "./storageChecks.js";

/** What an administrator looks at, along the path from the card to the device. */
export const checks: readonly Check[] = [...cardChecks, ...networkChecks, ...storageChecks];

export interface Diagnosis {
  readonly view: HostView;
  readonly findings: readonly Finding[];
  /** What could not be tried, each with the reason. */
  readonly untried: readonly string[];
}

/** Looks at a host, tries its paths out, and says what is wrong. Changes nothing on the host. */
export async function examine(
  ask: Ask,
  host: string,
  { session: { hasShell } }: { readonly session: Pick<Session, "hasShell"> },
): Promise<Diagnosis> {
  const view = await lookAt(ask, host);
  const probes = await probe(ask, view, hasShell);
  return { view, findings: diagnose(view, probes), untried: probes.untried };
}

/** What is wrong with a host, along the path. */
export function diagnose(view: HostView, probes: Probes): readonly Finding[] {
  return checks.flatMap(({ id, severity, why, find }) =>
    find(view, probes).map((found) => ({ check: id, severity, ...found, why })),
  );
}
