import type { StackValidationPolicy } from "@pulumi/policy";
import { labels, type PolicySettings, policyOf, type Violation } from "./policy.js";
import { type Declared, type HostView, isGiven, notKnown } from "./stackView.js";

export interface ChapSettings extends PolicySettings {
  /** Ask for mutual CHAP too: the host also authenticates the storage system. Default false. */
  mutual?: boolean | undefined;
}

/**
 * Every iSER adapter of the stack has CHAP of level `required`: its own, or that of each of its discovery addresses and static targets. No discovery
 * address or target below has a weaker level of its own. With `mutual`, each of these also has `mutual` credentials.
 *
 * CHAP that was set by hand, or by another stack, cannot be seen. Secrets reach a policy in plain; no message has one.
 */
export function chapRequired(settings?: ChapSettings): StackValidationPolicy {
  return policyOf<{ mutual: boolean }>(
    {
      name: "iser-chap-required",
      description: "CHAP is required on every iSER adapter.",
      why: "Without CHAP any initiator that knows the iSCSI name of the host gets its devices.",
      schema: { mutual: { type: "boolean" } },
      judge: (host, { mutual = false }) =>
        [...host.cards()].flatMap(([card, first]) => judged(host, card, first, mutual)),
    },
    settings,
  );
}

function judged(host: HostView, card: string, first: Declared, mutual: boolean): readonly Violation[] {
  const all = host.of("Chap").filter(({ properties }) => host.card(properties.adapter) === card);
  const weak = all.flatMap((one) => weakness(one, mutual));
  const own = all.find(({ properties }) => !isGiven(properties.discoveryAddress) && !isGiven(properties.target));
  if (own !== undefined || host.mayHaveMore("Chap", "adapter")) return weak;
  if (all.some(({ properties }) => hasUnknown(properties.discoveryAddress) || hasUnknown(properties.target)))
    return weak;
  const places = [...host.of("DiscoveryAddress"), ...host.of("StaticTarget")].filter(
    ({ properties }) => host.card(properties.adapter) === card,
  );
  const covered = new Set(
    all
      .filter(({ properties }) => !isGiven(properties.inherit))
      .map(({ properties }) => placeOf(properties.discoveryAddress ?? properties.target)),
  );
  const bare = places.filter(({ properties }) => !hasUnknown(properties) && !covered.has(placeOf(properties)));
  if (places.length > 0 && bare.length === 0) return weak;
  const where = bare.length === 0 ? "" : `, and none for ${labels(bare)}`;
  return [
    ...weak,
    {
      on: first,
      what: `no CHAP is declared for the adapter of ${card} (${first.label})${where}`,
      fix: `Declare \`new Chap(…, { host, adapter, level: "required", name, secret${mutual ? ", mutual: { name, secret }" : ""} })\`, or \`chap\` of IserHost, with the secret from \`config.requireSecret\`.`,
    },
  ];
}

function weakness(one: Declared, mutual: boolean): readonly Violation[] {
  const { level, inherit, mutual: other } = one.properties;
  if (isGiven(inherit) || level === notKnown) return [];
  if (level !== "required")
    return [
      {
        on: one,
        what: `CHAP is not required: ${one.label} has level ${String(level)}`,
        fix: 'Set `level: "required"`, with name and secret.',
      },
    ];
  if (!mutual || other === notKnown || (typeof other === "object" && other !== null)) return [];
  return [
    {
      on: one,
      what: `mutual CHAP is asked for, but ${one.label} ${other === "prohibited" ? "prohibits it" : "does not declare it"}`,
      why: "Without mutual CHAP the host takes whatever answers at the address for its storage system.",
      fix: "Give `mutual: { name, secret }`, with another secret than the adapter's own.",
    },
  ];
}

/** Discovery addresses and targets by where they are. */
function placeOf(scope: unknown): string {
  const { targetName = "", address, port = 3260 } = scope as Readonly<Record<string, unknown>>;
  return JSON.stringify([targetName, address, port]);
}

function hasUnknown(scope: unknown): boolean {
  if (typeof scope !== "object" || scope === null) return scope === notKnown;
  const { targetName, address, port } = scope as Readonly<Record<string, unknown>>;
  return [targetName, address, port].includes(notKnown);
}
