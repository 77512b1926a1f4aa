import type { StackValidationPolicy } from "@pulumi/policy";
import { IserError } from "../errors.js";
import { type ConnectionSettings, resolveUnauthenticated, type Server } from "../transport/credentials.js";
import { configuredField } from "../transport/places.js";
import { labels, type PolicySettings, policyOf, type Violation } from "./policy.js";
import { type Declared, grouped, notKnown, type StackView } from "./stackView.js";

export interface HostKeySettings extends PolicySettings {
  /** Whether a known_hosts file that the config names (`esxi-iser:knownHosts`) counts as pinned. Its content is not looked at. Default true. */
  knownHosts?: boolean | undefined;
}

/**
 * The key of every host, and of every bastion, is pinned where the team can see it: `hostKey` of `host`, or `esxi-iser:hostKey`, `esxi-iser:hosts` or
 * `esxi-iser:knownHosts` in the stack's config. `insecure-accept-any` is refused.
 *
 * It sees code and config only. A key in ESXI_ISER_HOST_KEY or in the known_hosts of a machine is pinned on that machine, and does not count; that
 * ESXI_ISER_HOST_KEY goes before what is pinned cannot be seen.
 */
export function hostKeyPinned(settings?: HostKeySettings): StackValidationPolicy {
  return policyOf<{ knownHosts: boolean }>(
    {
      name: "iser-host-key-pinned",
      description: "The SSH key of every ESXi host is pinned in the program or in the stack's config.",
      why: "Whoever answers in place of a host whose key is not known is given its root password and the CHAP secrets.",
      schema: { knownHosts: { type: "boolean" } },
      judge: ({ all, name }, { knownHosts = true }, stack) => {
        const problems = grouped(
          all.flatMap((one) => problemsOf(one, stack, knownHosts).map((what) => ({ one, what }))),
          ({ what }) => what,
        );
        return [...problems].map(([what, those]): Violation => {
          const resources = those.map(({ one }) => one);
          return {
            on: resources[0] as Declared,
            what: `${what} (${labels(resources)})`,
            fix: `\`esxi-iser trust ${name}\` shows the key. Compare it with the host's own, and set it: \`pulumi config set esxi-iser:hostKey SHA256:…\`, or \`hostKey\` in \`host\`.`,
          };
        });
      },
    },
    settings,
  );
}

function problemsOf({ properties: { host } }: Declared, stack: StackView, filesCount: boolean): string[] {
  const keys = ["hostKey", "hosts", "knownHosts"] as const;
  const config = Object.fromEntries(keys.map((key) => [key, stack.configured(key)]));
  const given = (typeof host === "string" ? { host } : host) as ConnectionSettings;
  const servers: [string, { readonly host: string; readonly hostKey?: unknown }][] = [["the host", given]];
  const unclear = (one: object) => Object.values(one).includes(notKnown);
  if (given.proxy !== undefined) {
    if ((given.proxy as unknown) === notKnown) return [];
    servers.push(["the bastion", given.proxy]);
  }
  if (unclear(config) || servers.some(([, server]) => unclear(server))) return [];
  const reader = { get: (key: string) => (config as Record<string, string | undefined>)[key] };
  try {
    // Without the environment, which is of one machine; an agent, so that it does not matter what a bastion is logged in to with.
    const target = resolveUnauthenticated(given, reader, { SSH_AUTH_SOCK: "any" });
    return servers.flatMap(([what, { host: name }], at) => {
      const { hostKey } = (at === 0 ? target : target.proxy) as Server;
      const called = at === 0 ? what : `${what} ${name}`;
      if (hostKey !== undefined)
        return hostKey.value.split("\n").some((line) => line.trim() === "insecure-accept-any")
          ? [`the key of ${called} is not checked: ${hostKey.source} is insecure-accept-any`]
          : [];
      const file = config.knownHosts ?? configuredField(reader, name, "knownHosts")?.value;
      return filesCount && file !== undefined
        ? []
        : [`the key of ${called} is pinned neither in the program nor in the config`];
    });
  } catch (error) {
    if (!(error instanceof IserError)) throw error;
    return [`whether the key is pinned cannot be told: ${error.details.problem}`];
  }
}
