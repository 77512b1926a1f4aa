import { read } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { boolean, integer, one, rows, text, texts } from "./output.js";

/** A row of `network ip interface list`: of every TCP/IP stack. [fields: seen on 6.7 to 9; every stack: in use] */
export interface VmkernelInterface {
  /** `vmk1` */
  readonly name: string;
  readonly macAddress: string;
  /** The standard switch, or `DvsPortset-0` and the like. */
  readonly portset: string;
  /** `N/A` on a distributed switch. */
  readonly portGroup: string;
  /** `N/A` on a standard switch. */
  readonly vdsName: string;
  /** `defaultTcpipStack`, `vmotion` and the like. */
  readonly netstack: string;
  readonly mtu: number;
}

export const interfaceList: EsxcliCommand<readonly VmkernelInterface[]> = read(
  "network ip interface list",
  {},
  rows({
    name: text("Name"),
    macAddress: text("MACAddress"),
    portset: text("Portset"),
    portGroup: text("Portgroup"),
    vdsName: text("VDSName"),
    netstack: text("NetstackInstance"),
    mtu: integer("MTU"),
  }),
);

/** A standard switch. [seen on 5.0 to 7.0] */
export interface StandardSwitch {
  readonly name: string;
  readonly mtu: number;
  /** `listen` [seen], or one of the others that `set` takes. */
  readonly cdp: string;
  readonly uplinks: readonly string[];
}

export const switchList: EsxcliCommand<readonly StandardSwitch[]> = read(
  "network vswitch standard list",
  {},
  rows({ name: text("Name"), mtu: integer("MTU"), cdp: text("CDPStatus"), uplinks: texts("Uplinks") }),
);

/** A port group of a standard switch. [seen on 5.0 and 6.x] */
export interface PortGroupRow {
  readonly name: string;
  readonly virtualSwitch: string;
  /** VMkernel adapters and virtual machines that use it now. */
  readonly activeClients: number;
  readonly vlanId: number;
}

export const portGroupList: EsxcliCommand<readonly PortGroupRow[]> = read(
  "network vswitch standard portgroup list",
  {},
  rows({
    name: text("Name"),
    virtualSwitch: text("VirtualSwitch"),
    activeClients: integer("ActiveClients"),
    vlanId: integer("VLANID"),
  }),
);

/** Which port groups there are, on which switch, whoever uses them. */
export type PortGroupSwitch = Omit<PortGroupRow, "activeClients">;

export const portGroupSwitches: EsxcliCommand<readonly PortGroupSwitch[]> = {
  ...portGroupList,
  part: "but the clients",
};

/** The names of the physical NICs. [seen on 5.5 to 8] */
export const nicList: EsxcliCommand<readonly string[]> = read("network nic list", {}, (stdout) =>
  rows({ name: text("Name") })(stdout).map(({ name }) => name),
);

/** Which uplinks are used, in failover order. An uplink that is in neither is unused. */
export interface Failover {
  readonly active: readonly string[];
  readonly standby: readonly string[];
}

const failover = { active: texts("ActiveAdapters"), standby: texts("StandbyAdapters") };

/** [fields: 5.x and a user's notes] */
export function switchFailover(virtualSwitch: string): EsxcliCommand<Failover> {
  return read("network vswitch standard policy failover get", { "vswitch-name": virtualSwitch }, one(failover));
}

/** The failover policies beside the uplink order, as `get` says them: `srcport` there is `portid` in `set`. */
export type OwnPolicies = {
  readonly loadBalancing?: string;
  readonly failureDetection?: string;
  readonly notifySwitches?: boolean;
  readonly failback?: boolean;
};

/** What a port group uses: its own, or what it has from its switch. [fields: 5.x, and 6.7 for the overrides] */
export interface PortGroupFailover extends Failover {
  /** The uplink order is its own. */
  readonly ownUplinks: boolean;
  /** The other policies that are its own. */
  readonly own: OwnPolicies;
}

export function portGroupFailover(portGroup: string): EsxcliCommand<PortGroupFailover> {
  const policies = one({
    ...failover,
    ownUplinks: boolean("OverrideVswitchUplinks"),
    loadBalancing: text("LoadBalancing"),
    ownLoadBalancing: boolean("OverrideVswitchLoadBalancing"),
    failureDetection: text("NetworkFailureDetection"),
    ownFailureDetection: boolean("OverrideVswitchNetworkFailureDetection"),
    notifySwitches: boolean("NotifySwitches"),
    ownNotifySwitches: boolean("OverrideVswitchNotifySwitches"),
    failback: boolean("Failback"),
    ownFailback: boolean("OverrideVswitchFailback"),
  });
  return read("network vswitch standard portgroup policy failover get", { "portgroup-name": portGroup }, (stdout) => {
    const all = policies(stdout);
    const { active, standby, ownUplinks, loadBalancing, failureDetection, notifySwitches, failback } = all;
    const own = {
      ...(all.ownLoadBalancing ? { loadBalancing } : {}),
      ...(all.ownFailureDetection ? { failureDetection } : {}),
      ...(all.ownNotifySwitches ? { notifySwitches } : {}),
      ...(all.ownFailback ? { failback } : {}),
    };
    return { active, standby, ownUplinks, own };
  });
}
