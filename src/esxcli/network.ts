import type { EsxcliCommand } from "./command.js";
import { integer, one, rows, text, texts } from "./output.js";

/** A row of `network ip interface list`. [seen on 5.0 to 9] */
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
  readonly mtu: number;
}

export const interfaceList: EsxcliCommand<readonly VmkernelInterface[]> = {
  kind: "esxcli",
  path: "network ip interface list",
  args: [],
  effect: "read",
  decode: rows({
    name: text("Name"),
    macAddress: text("MACAddress"),
    portset: text("Portset"),
    portGroup: text("Portgroup"),
    vdsName: text("VDSName"),
    mtu: integer("MTU"),
  }),
};

/** A standard switch. [seen on 5.0 to 7.0] */
export interface StandardSwitch {
  readonly name: string;
  readonly mtu: number;
  readonly uplinks: readonly string[];
}

export const switchList: EsxcliCommand<readonly StandardSwitch[]> = {
  kind: "esxcli",
  path: "network vswitch standard list",
  args: [],
  effect: "read",
  decode: rows({ name: text("Name"), mtu: integer("MTU"), uplinks: texts("Uplinks") }),
};

/** Which uplinks a port group uses: its own override, or what it has from its switch. [6.7] */
export interface Failover {
  readonly active: readonly string[];
  readonly standby: readonly string[];
}

export function portGroupFailover(portGroup: string): EsxcliCommand<Failover> {
  return {
    kind: "esxcli",
    path: "network vswitch standard portgroup policy failover get",
    args: [{ name: "portgroup-name", value: portGroup }],
    effect: "read",
    decode: one({ active: texts("ActiveAdapters"), standby: texts("StandbyAdapters") }),
  };
}
