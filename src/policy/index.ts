import type { StackValidationPolicy } from "@pulumi/policy";
import { type EnoughPathsSettings, enoughPaths, type RoceVersionSettings, roceVersionSet } from "./adapters.js";
import { type ChapSettings, chapRequired } from "./chap.js";
import { type HostKeySettings, hostKeyPinned } from "./hostKey.js";
import { type JumboFrameSettings, jumboFrames, noTeaming, oneRdmaUplink } from "./network.js";
import type { Enforcement, PolicySettings } from "./policy.js";

export { type EnoughPathsSettings, enoughPaths, type RoceVersionSettings, roceVersionSet } from "./adapters.js";
export { type ChapSettings, chapRequired } from "./chap.js";
export { type HostKeySettings, hostKeyPinned } from "./hostKey.js";
export { type JumboFrameSettings, jumboFrames, noTeaming, oneRdmaUplink } from "./network.js";
export type { Enforcement, PolicySettings } from "./policy.js";

/** Settings of each policy, or how it is enforced. */
export interface IserPolicySettings {
  /** The SSH key of each host and bastion is in the program or in the stack's config. */
  hostKey?: HostKeySettings | Enforcement | undefined;
  /** Each adapter has CHAP of level `required`. */
  chap?: ChapSettings | Enforcement | undefined;
  /** A port group that iSER goes over has one active uplink and no standby one. */
  teaming?: PolicySettings | Enforcement | undefined;
  /** The VMkernel adapter of a path and its virtual switch have the same MTU. */
  jumboFrames?: JumboFrameSettings | Enforcement | undefined;
  /** A virtual switch has at most one RDMA uplink. */
  rdmaUplink?: PolicySettings | Enforcement | undefined;
  /** Each `IserAdapter` has a `RoceParams`. Advisory by default, all others are mandatory. */
  roceVersion?: RoceVersionSettings | Enforcement | undefined;
  /** Each host has two paths, each over a card of its own. */
  paths?: EnoughPathsSettings | Enforcement | undefined;
}

/**
 * All policies of this package, for a policy pack of `@pulumi/policy`. They judge what a stack declares and ask no host: at the end of every preview, and of every
 * update. What is not known in a preview breaks no rule; it is judged when it is known, at the end of the update.
 *
 * @example
 * new PolicyPack("iser", { policies: iserPolicies({ chap: { mutual: true }, roceVersion: "disabled" }) });
 */
export function iserPolicies(settings: IserPolicySettings = {}): StackValidationPolicy[] {
  return [
    hostKeyPinned(withLevel(settings.hostKey)),
    chapRequired(withLevel(settings.chap)),
    noTeaming(withLevel(settings.teaming)),
    oneRdmaUplink(withLevel(settings.rdmaUplink)),
    jumboFrames(withLevel(settings.jumboFrames)),
    roceVersionSet(withLevel(settings.roceVersion)),
    enoughPaths(withLevel(settings.paths)),
  ];
}

function withLevel<S extends PolicySettings>(given: S | Enforcement | undefined): S | undefined {
  return typeof given === "string" ? ({ enforcementLevel: given } as S) : given;
}
