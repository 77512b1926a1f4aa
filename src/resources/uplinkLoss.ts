import { type ErrorCode, IserError } from "../errors.js";
import { type NetworkPortal, networkPortalList } from "../esxcli/iscsi.js";
import {
  type PortGroupSwitch,
  portGroupFailover,
  type StandardSwitch,
  type VmkernelInterface,
} from "../esxcli/network.js";
import type { Ask } from "./definition.js";

/** What a switch that loses an uplink must not lose with it. Empty where none does. */
export interface AtStake {
  /** Of each port group on such a switch, the uplinks that it uses. */
  readonly groupOrders: readonly {
    readonly portGroup: string;
    readonly names: readonly string[];
    /** The order is the port group's own, and not the switch's. */
    readonly own: boolean;
  }[];
  /** The VMkernel adapters of the host that are bound to iSCSI adapters. */
  readonly bindings: readonly NetworkPortal[];
}

export const nothingAtStake: AtStake = { groupOrders: [], bindings: [] };

/** Asked for only where a switch would lose an uplink. */
export async function atStake(
  ask: Ask,
  losing: readonly StandardSwitch[],
  portGroups: readonly PortGroupSwitch[],
): Promise<AtStake> {
  if (losing.length === 0) return nothingAtStake;
  const concerned = portGroups.filter((row) => losing.some(({ name }) => name === row.virtualSwitch));
  const [bindings, groupOrders] = await Promise.all([
    ask(networkPortalList()),
    Promise.all(
      concerned.map(async ({ name }) => {
        const { active, standby, ownUplinks } = await ask(portGroupFailover(name));
        return { portGroup: name, names: [...active, ...standby], own: ownUplinks };
      }),
    ),
  ]);
  return { groupOrders, bindings };
}

/** A refusal in the words of the case, each but the problem as a part of a sentence. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly instead: string;
  readonly byForce: string;
}

/** Lets a switch lose an uplink only by force, and not while a bound VMkernel adapter uses it or a port group names it in an order of its own. */
export function demandFree(
  have: AtStake & { readonly interfaces: readonly VmkernelInterface[] },
  nic: string,
  owner: StandardSwitch,
  force: boolean,
  { code, problem, instead, byForce }: Refusal,
): void {
  const using = have.groupOrders.filter(({ names }) => names.includes(nic));
  const naming = using.find(({ own }) => own)?.portGroup;
  const named = naming === undefined ? "" : `, and port group "${naming}" names it in its own failover order`;
  const first = `take ${nic} out of the failover order of that port group, in an up of its own`;
  if (!force) {
    throw new IserError(code, {
      problem: `${problem}${named}`,
      cure: `${sentence(`${instead}, or ${byForce}`)}.${naming === undefined ? "" : ` Before that, ${first}.`}`,
    });
  }
  const carried = have.interfaces.filter(
    (vmk) => vmk.portset === owner.name && using.some(({ portGroup }) => portGroup === vmk.portGroup),
  );
  const bound = have.bindings.find(({ vmknic }) => carried.some(({ name }) => name === vmknic));
  if (bound !== undefined) {
    throw new IserError("UPLINK_BOUND", {
      problem: `${problem}, and ${bound.vmknic}, which uses it, is bound to ${bound.adapter}`,
      cure: `Unbind ${bound.vmknic} first: remove its PortBinding, in this run or before, or use \`esxcli iscsi networkportal remove\`. Or ${instead}.`,
    });
  }
  if (naming !== undefined)
    throw new IserError(code, { problem: `${problem}${named}`, cure: `${sentence(first)} first, or ${instead}.` });
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
