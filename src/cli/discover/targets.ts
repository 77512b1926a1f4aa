import { canonicalPortal, isSameIqn } from "../../resources/fields.js";
import type { AdapterView, ScopeView } from "../hostView.js";
import type { Args } from "./declaration.js";
import { Names, type Secrets } from "./names.js";
import { chapOf, parametersOf, type Scope, type Settled } from "./settings.js";

/** An address that targets are discovered at, or a static target, with what is set there. */
export interface Found {
  readonly kind: "discovery" | "staticTargets";
  /** `{ address, port? }`, with `targetName` of a static target. */
  readonly place: Args;
  /** `{ chap?, parameters? }` */
  readonly own: Args;
}

/** What an adapter finds its targets by, and what is set for targets that it has found. */
export interface Targets {
  readonly found: readonly Found[];
  /** Of discovered targets, by the inputs that `Chap` and `IscsiParameters` take. */
  readonly discovered: readonly { readonly target: Args; readonly own: Args }[];
  readonly comments: readonly string[];
}

export function targetsOf(adapter: AdapterView, secrets: Secrets): Targets {
  const comments: string[] = [];
  const own = (scope: ScopeView | undefined, words: string, inputs: Args): Args => {
    if (scope === undefined) return {};
    const at = inputs.targetName === undefined ? String(inputs.address) : tailOf(String(inputs.targetName));
    const place = inputs.targetName === undefined ? { discoveryAddress: inputs } : { target: inputs };
    const where: Scope = { words: `${words} on ${adapter.name}`, inputs: { adapter: adapter.name, ...place }, at };
    return both(chapOf(scope, where, secrets), parametersOf(scope, where), comments);
  };
  const placed = <T>(address: string, words: string, make: (place: Args) => T): readonly T[] => {
    const place = placeOf(address);
    if (place !== undefined) return [make(place)];
    comments.push(`${words} is not declared: ${address} is no address with a port.`);
    return [];
  };
  const targetScopes = adapter.scopes.filter(({ level }) => level.kind === "target");
  const isOf = (name: string, address: string) => (scope: ScopeView) =>
    scope.level.kind === "target" &&
    isSameIqn(scope.level.name, name) &&
    canonicalPortal(scope.level.address) === canonicalPortal(address);

  const discovery = adapter.discoveryAddresses.flatMap((address) => {
    const scope = adapter.scopes.find(({ level }) => level.kind === "sendtarget" && level.address === address);
    const words = `the discovery address ${address}`;
    return placed(address, words, (place) => ({ kind: "discovery" as const, place, own: own(scope, words, place) }));
  });
  const statics = adapter.staticTargets.flatMap(({ name, address }) => {
    const words = `the static target ${name} at ${address}`;
    return placed(address, words, (place) => {
      const target = { targetName: name, ...place };
      return {
        kind: "staticTargets" as const,
        place: target,
        own: own(targetScopes.find(isOf(name, address)), words, target),
      };
    });
  });
  const discovered = targetScopes
    .filter((scope) => !adapter.staticTargets.some(({ name, address }) => isOf(name, address)(scope)))
    .flatMap((scope) => {
      const { name = "", address } = scope.level as { name?: string; address: string };
      const words = `the target ${name} at ${address}`;
      return placed(address, words, (place) => {
        const target = { targetName: name, ...place };
        return { target, own: own(scope, words, target) };
      });
    });
  return {
    found: [...discovery, ...statics],
    discovered: discovered.filter(({ own }) => Object.keys(own).length > 0),
    comments,
  };
}

/** Both, as `{ chap?, parameters? }`. */
export function both(chap: Settled, parameters: Settled, comments: string[]): Args {
  comments.push(...chap.comments, ...parameters.comments);
  return { ...(chap.args === undefined ? {} : { chap: chap.args }), ...parameters.args };
}

/** `{ address, port? }` of what a host lists; the usual port is left out. */
function placeOf(listed: string): Args | undefined {
  const [, v6, name, digits] = /^(?:\[(.+)\]|([^[\]:]+)):(\d+)$/.exec(canonicalPortal(listed)) ?? [];
  const address = v6 ?? name;
  const port = Number(digits);
  return address === undefined ? undefined : { address, ...(port === 3260 ? {} : { port }) };
}

/** What addresses and targets of one adapter, or of a host, are called by. */
export class Labels {
  private readonly names = new Names();
  private readonly known = new Map<string, string>();

  of({ kind, place, own }: Found): string {
    const identity = JSON.stringify([kind, place, own]);
    const { address, port, targetName } = place;
    const words =
      targetName === undefined ? `${address}${port === undefined ? "" : `-${port}`}` : tailOf(String(targetName));
    const label = this.known.get(identity) ?? this.names.of(words, kind === "discovery" ? "discovery" : "target");
    this.known.set(identity, label);
    return label;
  }
}

/** `iser-a` of `iqn.2010-09.lab.storage:iser-a` */
function tailOf(targetName: string): string {
  return targetName.split(":").at(-1) || targetName;
}
