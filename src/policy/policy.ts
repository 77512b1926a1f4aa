import type { PolicyConfigSchema, StackValidationPolicy } from "@pulumi/policy";
import { type Declared, type HostView, StackView } from "./stackView.js";

/** What Pulumi does with a violation: tell it, stop, or not look at all. */
export type Enforcement = "advisory" | "mandatory" | "disabled";

/** What can be said of every policy. */
export interface PolicySettings {
  /** Default: mandatory, `iser-roce-version` advisory. A policy pack's configuration goes before this. */
  enforcementLevel?: Enforcement | undefined;
  /** Names of hosts, as `host` has them, that this policy does not look at. Default: none. */
  exempt?: readonly string[] | undefined;
}

/** A rule that is broken. */
export interface Violation {
  readonly on: Declared;
  /** The problem, after the name of the host. */
  readonly what: string;
  readonly fix: string;
  /** Where this one is not wrong for the policy's own reason. */
  readonly why?: string;
}

export interface Rule<S> {
  readonly name: string;
  readonly description: string;
  readonly level?: Enforcement;
  readonly why: string;
  /** The settings beside those of every policy, as a policy pack's configuration takes them. */
  readonly schema: Readonly<Record<keyof S & string, PolicyConfigSchema["properties"][string]>>;
  readonly judge: (host: HostView, settings: S, stack: StackView) => readonly Violation[];
}

type Given<S> = PolicySettings & { [K in keyof S]?: S[K] | undefined };

/** Makes a policy of a rule. It is judged on the whole stack: at the end of a preview, and again at the end of an update. */
export function policyOf<S extends object>(
  { name, description, level = "mandatory", why, schema, judge }: Rule<S>,
  given: Given<S> = {},
): StackValidationPolicy {
  const { enforcementLevel = level, exempt = [], ...settings } = given;
  return {
    name,
    description,
    enforcementLevel,
    configSchema: { properties: { ...schema, exempt: { type: "array", items: { type: "string" } } } },
    validateStack({ resources, getConfig }, reportViolation) {
      const configured = { exempt, ...settings, ...getConfig<Given<S>>() };
      const passed = new Set(configured.exempt?.map((host) => host.toLowerCase()));
      const stack = new StackView(resources);
      for (const host of stack.hosts) {
        if (passed.has(host.name)) continue;
        for (const { on, what, fix, why: own = why } of judge(host, configured as unknown as S, stack))
          reportViolation(`${host.name}: ${what}\n    why  ${own}\n    fix  ${fix}`, on.urn);
      }
    },
  };
}

/** `a`, `a and b`, `a, b and 3 more` */
export function labels(all: readonly Declared[]): string {
  const [first, second, ...more] = all.map(({ label }) => label);
  if (second === undefined) return first ?? "";
  return more.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${more.length} more`;
}
