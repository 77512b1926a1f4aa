import { write } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import type { Failover, OwnPolicies } from "./network.js";
import type { Said } from "./output.js";

const standard = "network vswitch standard";

export const cdpModes = ["down", "listen", "advertise", "both"] as const;
export type CdpMode = (typeof cdpModes)[number];

export function switchAdd(name: string): EsxcliCommand<Said> {
  return write(`${standard} add`, { "vswitch-name": name });
}

export function switchRemove(name: string): EsxcliCommand<Said> {
  return write(`${standard} remove`, { "vswitch-name": name });
}

export function switchSet(
  name: string,
  { mtu, cdp }: { readonly mtu?: number | undefined; readonly cdp?: string | undefined },
): EsxcliCommand<Said> {
  return write(`${standard} set`, { "vswitch-name": name, mtu, "cdp-status": cdp });
}

export function uplinkAdd(virtualSwitch: string, nic: string): EsxcliCommand<Said> {
  return write(`${standard} uplink add`, { "vswitch-name": virtualSwitch, "uplink-name": nic });
}

export function uplinkRemove(virtualSwitch: string, nic: string): EsxcliCommand<Said> {
  return write(`${standard} uplink remove`, { "vswitch-name": virtualSwitch, "uplink-name": nic });
}

export function switchFailoverSet(virtualSwitch: string, { active, standby }: Failover): EsxcliCommand<Said> {
  return write(`${standard} policy failover set`, {
    "vswitch-name": virtualSwitch,
    "active-uplinks": joined(active),
    "standby-uplinks": joined(standby),
  });
}

export function portGroupAdd(name: string, virtualSwitch: string): EsxcliCommand<Said> {
  return write(`${standard} portgroup add`, { "portgroup-name": name, "vswitch-name": virtualSwitch });
}

export function portGroupRemove(name: string, virtualSwitch: string): EsxcliCommand<Said> {
  return write(`${standard} portgroup remove`, { "portgroup-name": name, "vswitch-name": virtualSwitch });
}

export function portGroupSet(name: string, vlanId: number): EsxcliCommand<Said> {
  return write(`${standard} portgroup set`, { "portgroup-name": name, "vlan-id": vlanId });
}

const portGroupPolicy = `${standard} portgroup policy failover set`;

/** Makes the uplink order the port group's own. An empty text clears the standby uplinks. [in use] */
export function portGroupFailoverSet(
  name: string,
  { active, standby }: { readonly [K in keyof Failover]?: Failover[K] | undefined },
): EsxcliCommand<Said> {
  return write(portGroupPolicy, {
    "portgroup-name": name,
    "active-uplinks": active && joined(active),
    "standby-uplinks": standby && joined(standby),
  });
}

/** Takes all failover policies of the port group from its switch, not only the uplink order. */
export function portGroupFailoverReset(name: string): EsxcliCommand<Said> {
  return write(portGroupPolicy, { "portgroup-name": name, "use-vswitch": null });
}

/** What `set` calls the load balancing that `get` says. `srcport` was seen; the others are by analogy. */
const loadBalancingToSet: Readonly<Record<string, string>> = { srcport: "portid", srcmac: "mac" };

export function portGroupPoliciesSet(name: string, policies: OwnPolicies): EsxcliCommand<Said> {
  const { loadBalancing, failureDetection, notifySwitches, failback } = policies;
  return write(portGroupPolicy, {
    "portgroup-name": name,
    "load-balancing": loadBalancing && (loadBalancingToSet[loadBalancing] ?? loadBalancing),
    "failure-detection": failureDetection,
    "notify-switches": notifySwitches,
    failback,
  });
}

function joined(uplinks: readonly string[]): string {
  return uplinks.join(",");
}
