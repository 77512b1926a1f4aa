import type { StackValidationPolicy } from "@pulumi/policy";
import { IserError } from "../errors.js";
import {
  type ConnectionSettings,
  type HostSettings,
  resolveUnauthenticated,
  type Server,
  type Target,
} from "../transport/credentials.js";
import { configuredField } from "../transport/places.js";
import { labels, type PolicySettings, policyOf, type Violation } from "./policy.js";
import { type Declared, grouped, notKnown, type StackView } from "./stackView.js";

type VsphereSettings = Extract<HostSettings, { readonly transport: "vsphere" }>;
type VsphereTarget = Extract<Target, { readonly transport: "vsphere" }>;

export interface HostKeySettings extends PolicySettings {
  /** Whether a known_hosts file that the config names (`esxi-iser:knownHosts`) counts as pinned. Its content is not looked at. Default true. */
  knownHosts?: boolean | undefined;
}

/**
 * The key of every host, and of every bastion, is pinned where the team can see it: `hostKey` of `host`, or `esxi-iser:hostKey`, `esxi-iser:hosts` or
 * `esxi-iser:knownHosts` in the stack's config. Of a host that is reached through the vSphere API, or of its vCenter, it is the certificate: `thumbprint` or `ca`
 * in these places. `insecure-accept-any` is refused.
 *
 * It sees code and config only. A key in ESXI_ISER_HOST_KEY or in the known_hosts of a machine is pinned on that machine, and does not count; that
 * ESXI_ISER_HOST_KEY goes before what is pinned cannot be seen.
 */
export function hostKeyPinned(settings?: HostKeySettings): StackValidationPolicy {
  return policyOf<{ knownHosts: boolean }>(
    {
      name: "iser-host-key-pinned",
      description:
        "The SSH key or the certificate of every ESXi host is pinned in the program or in the stack's config.",
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
            fix: overApi(resources[0] as Declared)
              ? "Compare the thumbprint of the certificate with the host's own console, and set it: `thumbprint` in `host` or in its `vcenter`, or `ca`, the authority that signs the certificates."
              : `\`esxi-iser trust ${name}\` shows the key. Compare it with the host's own, and set it: \`pulumi config set esxi-iser:hostKey SHA256:…\`, or \`hostKey\` in \`host\`.`,
          };
        });
      },
    },
    settings,
  );
}

function overApi({ properties: { host } }: Declared): boolean {
  return (host as Partial<VsphereSettings>).transport === "vsphere";
}

/** Of a certificate: what is wrong with how the program and the config have it. */
function ofCertificate({ thumbprint, ca }: VsphereTarget, called: string): string[] {
  if (thumbprint?.value.trim() === "insecure-accept-any")
    return [`the certificate of ${called} is not checked: ${thumbprint.source} is insecure-accept-any`];
  return (thumbprint ?? ca) === undefined
    ? [`the certificate of ${called} is pinned neither in the program nor in the config`]
    : [];
}

function problemsOf({ properties: { host } }: Declared, stack: StackView, filesCount: boolean): string[] {
  const keys = ["hostKey", "hosts", "knownHosts", "thumbprint", "ca"] as const;
  const config = Object.fromEntries(keys.map((key) => [key, stack.configured(key)]));
  const given = (typeof host === "string" ? { host } : host) as ConnectionSettings | VsphereSettings;
  const servers: [string, { readonly host: string; readonly hostKey?: unknown }][] = [["the host", given]];
  const unclear = (one: object) => Object.values(one).includes(notKnown);
  const [relay, way] = given.transport === "vsphere" ? [given.vcenter, "the vCenter"] : [given.proxy, "the bastion"];
  if (relay !== undefined) {
    if ((relay as unknown) === notKnown) return [];
    servers.push([way, relay]);
  }
  if (unclear(config) || servers.some(([, server]) => unclear(server))) return [];
  const reader = { get: (key: string) => (config as Record<string, string | undefined>)[key] };
  try {
    // Without the environment, which is of one machine; an agent, so that it does not matter what a bastion is logged in to with.
    const target = resolveUnauthenticated(given, reader, { SSH_AUTH_SOCK: "any" });
    if (target.transport === "vsphere")
      return target.vcenter === undefined
        ? ofCertificate(target, "the host")
        : ofCertificate(target.vcenter, `the vCenter ${target.vcenter.host}`);
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
