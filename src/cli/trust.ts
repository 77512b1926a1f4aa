import { createInterface } from "node:readline/promises";
import { IserError, visible } from "../errors.js";
import { relayOf, resolveUnauthenticated, type Target } from "../transport/credentials.js";
import { forEach, type HostOptions, hostsOf } from "./hosts.js";
import { noConfig, readStackConfig, type StackConfig, type StackOptions } from "./stackConfig.js";
import type { Identity } from "./trust/identity.js";
import { usage } from "./usage.js";

export interface TrustOptions extends HostOptions, StackOptions {
  /** Write into this known_hosts file, also where there is the config of a stack. */
  readonly knownHosts?: string;
  readonly yes?: boolean;
  /** Of keys. */
  readonly fingerprint?: readonly string[];
  /** Of certificates. */
  readonly thumbprint?: readonly string[];
}

type Decision = "trusted" | "known already" | "not trusted";

/** Shows the keys or certificates that hosts show, and pins those that are confirmed where the provider finds them. The status that the command ends with. */
export async function trust(names: readonly string[], options: TrustOptions): Promise<number> {
  const given = givenIn(options);
  const { thumbprint: _given, ...reach } = options;
  const hosts = hostsOf(names, reach);
  const note = (text: string) => void process.stderr.write(`esxi-iser: ${visible(text)}\n`);
  const config = await readStackConfig(options, note);
  const targets = shownOnce(hosts.map((host) => resolveUnauthenticated(host, config ?? noConfig)));
  const looked = await forEach(targets, 8, (target) => look(target, config, options));
  const results: object[] = [];
  let status = 0;
  for (const one of looked) {
    if (one.status === "rejected") {
      process.stderr.write(`${(one.reason as Error).message}\n`);
      status = 2;
      continue;
    }
    try {
      const { decision, ofThese } = await decide(one.value, given, options);
      const { host, port, place } = one.value;
      results.push({ host, port, ...one.value.json(ofThese), decision, where: place.name });
      if (decision === "not trusted") status ||= 1;
      if (!options.json) process.stdout.write(`${said(one.value, decision, ofThese)}\n`);
    } catch (error) {
      if (!(error instanceof IserError) || error.code !== "HOST_KEY_CHANGED") throw error;
      process.stderr.write(`${error.message}\n`);
      status ||= 1;
    }
  }
  if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  return status;
}

/** What the user knows already. */
function givenIn({ transport, fingerprint, thumbprint, knownHosts, yes }: TrustOptions): readonly string[] {
  const isVsphere = transport === "vsphere";
  const foreign = isVsphere ? { fingerprint, "known-hosts": knownHosts } : { thumbprint };
  for (const [option, value] of Object.entries(foreign))
    if (value !== undefined)
      throw usage(
        `--${option} is of ${isVsphere ? "keys, and hosts that are reached through the vSphere API show certificates" : "certificates, and hosts that are reached over SSH show keys"}`,
        isVsphere ? "Give --thumbprint, or leave --transport out." : "Give --fingerprint, or --transport vsphere.",
      );
  const own = isVsphere ? "thumbprint" : "fingerprint";
  const given = (isVsphere ? thumbprint : fingerprint) ?? [];
  if (yes && given.length === 0)
    throw usage(
      `--yes without --${own} would trust whoever answers`,
      `Give the ${own}s that you know from the hosts themselves, each with --${own}.`,
    );
  return given;
}

/** Behind a vCenter nobody sees the host itself, and all hosts there have the one vCenter. */
function shownOnce(targets: readonly Target[]): readonly Target[] {
  const shown = targets.map((target) => (target.transport === "vsphere" ? (relayOf(target) ?? target) : target));
  const relays = new Map(shown.map((target) => [`${target.host.toLowerCase()}:${target.port}`, target]));
  return targets.some((target) => target.transport === "vsphere") ? [...relays.values()] : shown;
}

async function look(target: Target, config: StackConfig | undefined, options: TrustOptions): Promise<Identity> {
  return target.transport === "ssh"
    ? (await import("./trust/keys.js")).keysOf(target, config, options.knownHosts)
    : (await import("./trust/certificates.js")).certificateOf(target, config);
}

interface Decided {
  readonly decision: Decision;
  /** The fingerprints that it is about. */
  readonly ofThese: readonly string[];
}

async function decide(identity: Identity, given: readonly string[], options: TrustOptions): Promise<Decided> {
  const { host, place, fingerprints } = identity;
  const wanted = given.length === 0 ? fingerprints : identity.among(given);
  const missing = wanted.filter((one) => !place.known.includes(one));
  const result = (decision: Decision): Decided => ({
    decision,
    ofThese: decision === "not trusted" ? fingerprints : wanted,
  });
  if (wanted.length > 0 && missing.length === 0) return result("known already");
  if (!options.json) process.stdout.write(`${identity.shown}\n`);
  const strange = place.known.filter((one) => !fingerprints.includes(one));
  if (strange.length > 0)
    throw new IserError("HOST_KEY_CHANGED", {
      host,
      problem: `${place.name} has ${strange.join(", ")}, which the host does not offer. Nothing was written`,
      cure: `If the host was installed anew, take the old ${identity.noun} out (${place.removal}) and run this again. If not, another machine answers at its address.`,
    });
  if (missing.length === 0) return result("not trusted");
  if (typeof place.write === "string") {
    process.stderr.write(`esxi-iser: ${place.write}\n`);
    return result("not trusted");
  }
  if (!(await isConfirmed(identity, missing, options))) return result("not trusted");
  await place.write(missing);
  return result("trusted");
}

async function isConfirmed(
  { noun, place }: Identity,
  missing: readonly string[],
  { yes, json, transport }: TrustOptions,
): Promise<boolean> {
  if (yes) return true;
  // A script sees them, and comes back with their fingerprints.
  if (json) return false;
  const option = transport === "vsphere" ? "thumbprint" : "fingerprint";
  if (!process.stdin.isTTY)
    throw usage(
      `nobody can be asked whether the ${noun}s are right`,
      `Give the ${option}s that you know from the hosts themselves, each with --${option}, and --yes.`,
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(
      `Write ${missing.length === 1 ? `this ${noun}` : `these ${noun}s`} to ${place.name} (only "yes" does)? `,
    );
    return answer.trim() === "yes";
  } finally {
    terminal.close();
  }
}

function said({ host, place, kinds }: Identity, decision: Decision, ofThese: readonly string[]): string {
  if (decision === "trusted") return `${host}: ${kinds(ofThese)} written to ${place.name}.`;
  return decision === "known already"
    ? `${host}: ${kinds(ofThese)} known already, in ${place.name}.`
    : `${host}: not trusted, nothing was written.`;
}
