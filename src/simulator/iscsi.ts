import type {
  Chap,
  ChapDirection,
  HostState,
  IscsiAdapter,
  SendTarget,
  Session,
  StorageTarget,
  Target,
} from "./state.js";
import { compliance, named, reaches } from "./topology.js";

/** What an iSCSI initiator does: discovery, login, and the CHAP settings it logs in with. */
export const prohibited: Chap = { level: "prohibited", name: "", secret: "" };

export function adapterChap(adapter: IscsiAdapter, direction: ChapDirection): Chap {
  return adapter.chap[direction] ?? prohibited;
}

export function sendTargetChap(adapter: IscsiAdapter, sendTarget: SendTarget, direction: ChapDirection): Chap {
  return sendTarget.chap[direction] ?? adapterChap(adapter, direction);
}

/** A discovered target inherits from the send target that reports it, one that was added by hand from the adapter. */
export function targetChap(adapter: IscsiAdapter, target: Target, direction: ChapDirection): Chap {
  const own = target.chap[direction];
  const parent = parentOf(adapter, target);
  return own ?? (parent ? sendTargetChap(adapter, parent, direction) : adapterChap(adapter, direction));
}

export function parentOf(adapter: IscsiAdapter, target: Target): SendTarget | undefined {
  return adapter.sendTargets.find((sendTarget) => target.sources.includes(portal(sendTarget)));
}

/** `192.168.1.107:3260`; an IPv6 address in brackets. */
export function portal({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The texts that 6.7.0 has for the last error of a target. */
export const lastErrors = {
  none: "No Error",
  connection: "0x0004 Connection failure.",
  transport: "0x000C Transport not found.",
  authentication: "0x0201 Initiator could not be successfully authenticated.",
  noSuchTarget: "0x0203 Requested ITN does not exist at this address.",
} as const;

/** Asks every send target, then logs in to what is known. A send target that is not reached ends in a timeout. 6.7.0 texts. */
export function rediscover(host: HostState, adapter: IscsiAdapter): void {
  const answers = adapter.sendTargets.map((sendTarget) => discover(host, adapter, sendTarget));
  login(host, adapter);
  const failed = adapter.targets.some(({ lastError }) => lastError !== lastErrors.none);
  adapter.discoveryStatus = answers.includes(false)
    ? "Discovery Timeout"
    : failed
      ? "Discovery Completed, Some iSCSI Targets failed to login."
      : "Discovery Completed";
}

/** One send target: what it no longer reports goes, what is new comes. */
function discover(host: HostState, adapter: IscsiAdapter, sendTarget: SendTarget): boolean {
  const storage = host.storage.find((one) => portal(one) === portal(sendTarget));
  const source = portal(sendTarget);
  if (!storage || fitPorts(host, adapter, sendTarget.address).length === 0) return false;
  const reported = storage.targets.map(({ name }) => name);
  for (const target of adapter.targets) {
    if (target.sources.includes(source) && !reported.includes(target.name)) forgetSource(adapter, source, target);
  }
  for (const name of reported) {
    const known = findTarget(adapter, name, storage);
    const { targetsAppearAfterReads } = host.unknowns;
    if (!known) adapter.targets.push(newTarget(name, storage, "SENDTARGETS", [source], targetsAppearAfterReads));
    else if (!known.sources.includes(source)) known.sources.push(source);
  }
  return true;
}

export function newTarget(
  name: string,
  { address, port }: { readonly address: string; readonly port: number },
  method: Target["method"],
  sources: string[],
  readsUntilListed = 0,
): Target {
  return { name, address, port, method, sources, lastError: lastErrors.none, chap: {}, params: {}, readsUntilListed };
}

export function listedTargets({ targets }: IscsiAdapter): Target[] {
  return targets.filter(({ readsUntilListed }) => readsUntilListed === 0);
}

/** All sessions but those with a target that is not listed yet. */
export function listedSessions({ targets, sessions }: IscsiAdapter): Session[] {
  const hidden = targets.filter(({ readsUntilListed }) => readsUntilListed > 0);
  return sessions.filter((session) => !hidden.some((target) => isTo(session, target)));
}

export function findTarget(
  adapter: IscsiAdapter,
  name: string,
  { address, port }: { readonly address: string; readonly port: number },
): Target | undefined {
  return adapter.targets.find((target) => target.name === name && target.address === address && target.port === port);
}

/** A target that no send target reports any more goes, unless it was added by hand. */
export function forgetSource(adapter: IscsiAdapter, source: string, only?: Target): void {
  for (const target of only ? [only] : [...adapter.targets]) {
    target.sources = target.sources.filter((one) => one !== source);
    if (target.sources.length === 0 && target.method === "SENDTARGETS") removeTarget(adapter, target);
  }
}

export function removeTarget(adapter: IscsiAdapter, target: Target): void {
  adapter.targets = adapter.targets.filter((one) => one !== target);
  adapter.sessions = adapter.sessions.filter((session) => !isTo(session, target));
}

function isTo(session: Session, target: Target): boolean {
  return session.target === target.name && session.address === target.address && session.port === target.port;
}

/** The bindings over which an address is reached. The software adapter without bindings uses what there is. */
function fitPorts(host: HostState, adapter: IscsiAdapter, address: string) {
  const names =
    adapter.driver === "iscsi_vmk" && adapter.bindings.length === 0
      ? host.interfaces.map(({ name }) => name).slice(0, 1)
      : adapter.bindings;
  return names
    .flatMap((name) => named(host.interfaces, name) ?? [])
    .filter((vmk) => compliance(host, adapter, vmk).compliant && reaches(host, vmk, address));
}

/**
 * Logs in to each target over each binding that has no session to it yet. Sessions that exist stay as they are: new CHAP values
 * count from the next login (vendor manual).
 */
export function login(host: HostState, adapter: IscsiAdapter): void {
  for (const target of adapter.targets) {
    const ports = fitPorts(host, adapter, target.address);
    const storage = host.storage.find((one) => portal(one) === portal(target));
    const there = storage?.targets.find(({ name }) => name === target.name);
    adapter.sessions = adapter.sessions.filter(
      (session) => !isTo(session, target) || (there !== undefined && ports.some(({ name }) => name === session.vmk)),
    );
    target.lastError =
      ports.length === 0
        ? lastErrors.transport
        : storage === undefined
          ? lastErrors.connection
          : there === undefined
            ? lastErrors.noSuchTarget
            : lastErrors.none;
    if (there === undefined || target.lastError !== lastErrors.none) continue;
    for (const vmk of ports) {
      if (adapter.sessions.some((session) => isTo(session, target) && session.vmk === vmk.name)) continue;
      const authentication = authenticate(adapter, target, there);
      if (authentication === undefined) target.lastError = lastErrors.authentication;
      else adapter.sessions.push(newSession(host, adapter, target, vmk.name, vmk.ipv4.address, authentication));
    }
  }
}

/** What both ends agree on, or undefined. */
function authenticate(
  adapter: IscsiAdapter,
  target: Target,
  { chap: asked }: StorageTarget,
): Session["authentication"] | undefined {
  const uni = targetChap(adapter, target, "uni");
  const mutual = targetChap(adapter, target, "mutual");
  if (asked === undefined) return uni.level === "required" ? undefined : "none";
  if (uni.level === "prohibited" || uni.name !== asked.name || uni.secret !== asked.secret) return undefined;
  if (mutual.level === "prohibited") return "chap";
  const answered = asked.mutual;
  return answered && answered.name === mutual.name && answered.secret === mutual.secret ? "mutual chap" : undefined;
}

function newSession(
  host: HostState,
  adapter: IscsiAdapter,
  target: Target,
  vmk: string,
  localAddress: string,
  authentication: Session["authentication"],
): Session {
  const used = new Set(adapter.sessions.map(({ isid }) => isid));
  const isids = Array.from({ length: used.size + 1 }, (_, at) => `00023d${(at + 1).toString(16).padStart(6, "0")}`);
  const isid = isids.find((candidate) => !used.has(candidate)) ?? "";
  return {
    target: target.name,
    address: target.address,
    port: target.port,
    isid,
    tsih: Number.parseInt(isid.slice(6), 16),
    vmk,
    localAddress,
    authentication,
    params: { ...adapter.params, ...target.params },
    createdAt: host.clock,
  };
}
