import type { Properties } from "../../resources/inputs.js";
import { noAddress } from "./assumedEffects.js";
import type { AssumedHost, PortGroup } from "./assumedHost.js";
import { anyAddress, asItIs } from "./seeds.js";

interface Order {
  readonly active: readonly string[];
  readonly standby: readonly string[];
}

/** What the state says of the time before a resource was declared, as far as the type records it. */
interface Before {
  readonly mtu?: number;
  readonly cdp?: string;
  readonly uplinks?: Order & { readonly names: readonly string[] };
  readonly vlanId?: number;
  readonly failover?: Order & { readonly ownUplinks: boolean; readonly own: PortGroup["own"] };
}

interface Doubt {
  readonly of: (host: AssumedHost) => ReadonlyMap<string, object>;
  readonly fields: Readonly<Record<string, (inputs: Properties) => object>>;
}

type Planting = (host: AssumedHost, inputs: Properties, before: Before) => void;

/**
 * What was there before it was declared differs from what a resource has made, even where both look the same by what is declared: the uplink order of a
 * port group is that of its switch or its own, a switch has an order that nobody declares.
 */
const plantings: Readonly<Record<string, Planting>> = {
  VirtualSwitch(host, { name }, { mtu, cdp = "listen", uplinks }) {
    const unsaid = host.unsaid(String(name));
    const { names = unsaid.uplinks ?? [], active = names, standby = [] } = uplinks ?? {};
    host.switches.set(String(name), {
      mtu: mtu ?? unsaid.mtu ?? 1500,
      cdp,
      uplinks: [...names],
      order: { active, standby },
    });
  },
  PortGroup(host, { name, virtualSwitch }, { vlanId = 0, failover }) {
    const { active = [], standby = [], ownUplinks = false, own = {} } = failover ?? {};
    host.portGroups.set(String(name), {
      virtualSwitch: String(virtualSwitch),
      vlanId,
      order: ownUplinks ? { active, standby } : undefined,
      own,
    });
    // What it had of its switch, the switch had.
    const carrier = host.switches.get(String(virtualSwitch));
    if (carrier === undefined || failover === undefined || ownUplinks) return;
    carrier.uplinks = [...new Set([...carrier.uplinks, ...active, ...standby])];
    carrier.order = { active, standby };
  },
};

const other = (declared: unknown, [one, another]: readonly [number, number]) => (declared === one ? another : one);
const otherOrder = { order: { active: [asItIs], standby: [asItIs] } };

/** By type and field, what a host has otherwise than it is declared, and where. */
const doubts: Readonly<Record<string, Doubt>> = {
  VirtualSwitch: {
    of: ({ switches }) => switches,
    fields: { mtu: ({ mtu }) => ({ mtu: other(mtu, [1500, 9000]) }), cdp: () => ({ cdp: asItIs }) },
  },
  PortGroup: {
    of: ({ portGroups }) => portGroups,
    fields: {
      vlanId: ({ vlanId }) => ({ vlanId: other(vlanId, [0, 1]) }),
      activeUplinks: () => otherOrder,
      standbyUplinks: () => otherOrder,
    },
  },
  VmkernelAdapter: {
    of: ({ interfaces }) => interfaces,
    fields: {
      mtu: ({ mtu }) => ({ mtu: other(mtu, [1500, 9000]) }),
      ipv4: ({ ipv4 }) => ({ ipv4: ipv4 === "none" ? { ...noAddress, type: "DHCP" } : noAddress }),
      ipv6Addresses: () => ({ ipv6: [{ address: anyAddress, prefix: 64 }] }),
    },
  },
};

/** What is declared from now on of an object that was there before: nobody knows how the host has it, so it is taken to be otherwise. */
export function plantDoubt(host: AssumedHost, type: string, inputs: Properties, fields: readonly string[]): void {
  const object = doubts[type]?.of(host).get(String(inputs.name)) ?? {};
  for (const field of fields) Object.assign(object, doubts[type]?.fields[field]?.(inputs));
}

/** It was there before the stack had it. */
export function wasThere({ before }: Properties): boolean {
  return (before as { readonly existed?: boolean } | undefined)?.existed === true;
}

/** Puts what a resource found on the host as it found it, so that what the stack has done to it since can be retraced. */
export function plantFormer(host: AssumedHost, type: string, inputs: Properties, before: object): void {
  plantings[type]?.(host, inputs, before);
}
