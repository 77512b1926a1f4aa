import type { AdapterView, HostView } from "../hostView.js";
import type { Probes } from "./probes.js";

/** `error`: a path to the storage does not work. `warning`: it works, and will not one day, or is not as it should be. */
export type Severity = "error" | "warning";

/** Something that is wrong, or that will be. */
export interface Finding {
  /** What kind of thing it is: stable, for scripts. */
  readonly check: string;
  readonly severity: Severity;
  /** The object: `vmrdma0`, `vmk1`, `iqn…`. */
  readonly on: string;
  readonly what: string;
  readonly why: string;
  /** As a resource or as a command. */
  readonly fix: string;
}

export type Found = Pick<Finding, "on" | "what" | "fix">;

/** One thing that is looked at. */
export interface Check {
  readonly id: string;
  readonly severity: Severity;
  readonly why: string;
  readonly find: (view: HostView, probes: Probes) => readonly Found[];
}

/** For each iSER adapter of the host. */
export function ofAdapters(
  find: (adapter: AdapterView, view: HostView, probes: Probes) => readonly Found[],
): Check["find"] {
  return (view, probes) => view.adapters.flatMap((adapter) => find(adapter, view, probes));
}
