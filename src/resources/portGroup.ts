import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import type { HostCommand } from "../esxcli/command.js";
import {
  interfaceList,
  type OwnPolicies,
  type PortGroupFailover,
  type PortGroupRow,
  portGroupFailover,
  portGroupList,
  type StandardSwitch,
  switchList,
  type VmkernelInterface,
} from "../esxcli/network.js";
import type { RdmaDevice } from "../esxcli/rdma.js";
import {
  portGroupAdd,
  portGroupFailoverReset,
  portGroupFailoverSet,
  portGroupPoliciesSet,
  portGroupRemove,
  portGroupSet,
} from "../esxcli/vswitch.js";
import { askAhead, type Beside, define, everything, type Failure, type Undo } from "./definition.js";
import { portGroupName, virtualSwitchName } from "./fields.js";
import { EsxiResource, type HostInput } from "./provider.js";
import { asDeclared, namedDevices, nicsOf, uplinkNames } from "./uplinks.js";

interface Inputs {
  readonly name: string;
  readonly virtualSwitch: string;
  readonly vlanId?: number;
  readonly activeUplinks?: readonly string[];
  readonly standbyUplinks?: readonly string[];
}

interface Have {
  readonly switches: readonly StandardSwitch[];
  readonly portGroups: readonly PortGroupRow[];
  readonly interfaces: readonly VmkernelInterface[];
  readonly devices: readonly RdmaDevice[];
  /** Asked for only when uplinks are declared and the port group is there. */
  readonly failover: PortGroupFailover | undefined;
}

type Before = {
  readonly existed: boolean;
  readonly vlanId?: number;
  /** The whole uplink order: to set a part of it may change the other. */
  readonly failover?: {
    readonly active: readonly string[];
    readonly standby: readonly string[];
    readonly ownUplinks: boolean;
    readonly own: OwnPolicies;
  };
};

export const portGroup = define<Inputs, Have, Before>({
  type: "PortGroup",
  fields: {
    name: portGroupName,
    virtualSwitch: virtualSwitchName,
    vlanId: z.int("must be a whole number").min(0, "must be 0 to 4095").max(4095, "must be 0 to 4095").optional(),
    activeUplinks: uplinkNames
      .refine((names) => names.length > 0, "must name at least one uplink; leave it out to take those of the switch")
      .optional(),
    standbyUplinks: uplinkNames.optional(),
  },
  identity: ["name", "virtualSwitch"],
  parents: ["virtualSwitch"],
  outputs: [],
  awaits: ["SWITCH_NOT_FOUND", "UPLINK_NOT_FOUND"],

  rules: (inputs, _given, beside) => [...inBoth(inputs), ...notDeclared(inputs, beside)],

  id: ({ name }) => `portgroup/${name}`,
  lanes: async () => ["network"],

  async observe(ask, inputs, { aim } = everything) {
    if (aim === "verify" && hasOrder(inputs)) askAhead(ask, portGroupFailover(inputs.name));
    const [switches, portGroups, interfaces, devices] = await Promise.all([
      ask(switchList),
      ask(portGroupList),
      ask(interfaceList),
      namedDevices(ask, [...(inputs.activeUplinks ?? []), ...(inputs.standbyUplinks ?? [])]),
    ]);
    const failover =
      hasOrder(inputs) && rowOf({ portGroups }, inputs) !== undefined
        ? await ask(portGroupFailover(inputs.name))
        : undefined;
    return { switches, portGroups, interfaces, devices, failover };
  },

  exists: (have, inputs) => rowOf(have, inputs) !== undefined,

  plan(have, want) {
    const carrier = switchOf(have, want);
    const elsewhere = have.portGroups.find(({ name }) => name === want.name);
    if (elsewhere !== undefined && elsewhere.virtualSwitch !== want.virtualSwitch) {
      throw new IserError("PORT_GROUP_ELSEWHERE", {
        problem: `port group "${want.name}" is on virtual switch ${elsewhere.virtualSwitch}, not on ${want.virtualSwitch}`,
        cure: `Declare another name, or virtualSwitch: "${elsewhere.virtualSwitch}", or remove that port group first: a name is one port group on a host.`,
      });
    }
    const found = rowOf(have, want);
    return [
      ...(found === undefined ? [portGroupAdd(want.name, want.virtualSwitch)] : []),
      ...(want.vlanId === undefined || want.vlanId === found?.vlanId ? [] : [portGroupSet(want.name, want.vlanId)]),
      ...orderCommands(have, want, carrier),
    ];
  },

  record(have, want) {
    const found = rowOf(have, want);
    if (found === undefined) return { existed: false };
    return {
      existed: true,
      ...(want.vlanId === undefined ? {} : { vlanId: found.vlanId }),
      ...(have.failover === undefined ? {} : { failover: have.failover }),
    };
  },

  current(have, inputs) {
    const found = rowOf(have, inputs);
    const { active = [], standby = [] } = have.failover ?? {};
    if (found === undefined) return {};
    return {
      ...(inputs.vlanId !== undefined && { vlanId: found.vlanId }),
      ...(inputs.activeUplinks && { activeUplinks: asDeclared(have.devices, inputs.activeUplinks, active) }),
      ...(inputs.standbyUplinks && { standbyUplinks: asDeclared(have.devices, inputs.standbyUplinks, standby) }),
    };
  },

  report: () => ({}),

  remove(have, inputs, before) {
    const found = rowOf(have, inputs);
    if (found === undefined) return { commands: [] };
    if (!before.existed) return unmake(have, found);
    const { vlanId } = before;
    const vlan = inputs.vlanId === undefined || vlanId === undefined || vlanId === found.vlanId ? [] : [vlanId];
    const order = hasOrder(inputs) ? orderBack(have, inputs, before) : { commands: [] };
    return { ...order, commands: [...vlan.map((id) => portGroupSet(found.name, id)), ...order.commands] };
  },
});

function inBoth({ activeUplinks, standbyUplinks }: Partial<Inputs>): readonly Failure<Inputs>[] {
  const twice = activeUplinks?.filter((uplink) => standbyUplinks?.includes(uplink)) ?? [];
  return twice.length === 0
    ? []
    : [{ field: "standbyUplinks", reason: `has ${twice.join(", ")}, which activeUplinks has too; name each once.` }];
}

/** Where the switch is declared with its uplinks, and both sides name NICs, one that it will not have can be told at once. */
function notDeclared(inputs: Partial<Inputs>, beside: Beside): readonly Failure<Inputs>[] {
  const { uplinks } = beside("VirtualSwitch").find(({ name }) => name === inputs.virtualSwitch) ?? {};
  if (!Array.isArray(uplinks) || !uplinks.every(isNic)) return [];
  return (["activeUplinks", "standbyUplinks"] as const).flatMap((field) => {
    const missing = inputs[field]?.filter((uplink) => isNic(uplink) && !uplinks.includes(uplink)) ?? [];
    return missing.length === 0
      ? []
      : [
          {
            field,
            reason: `has ${missing.join(", ")}, but virtual switch ${inputs.virtualSwitch} is declared with the uplinks ${uplinks.join(", ") || "none"}; name one of these, or add it there.`,
          },
        ];
  });
}

function isNic(uplink: unknown): boolean {
  return typeof uplink === "string" && uplink.startsWith("vmnic");
}

function hasOrder({ activeUplinks, standbyUplinks }: Inputs): boolean {
  return activeUplinks !== undefined || standbyUplinks !== undefined;
}

function rowOf({ portGroups }: Pick<Have, "portGroups">, { name, virtualSwitch }: Inputs): PortGroupRow | undefined {
  return portGroups.find((row) => row.name === name && row.virtualSwitch === virtualSwitch);
}

function switchOf({ switches }: Have, { virtualSwitch }: Inputs): StandardSwitch {
  const found = switches.find(({ name }) => name === virtualSwitch);
  if (found !== undefined) return found;
  throw new IserError("SWITCH_NOT_FOUND", {
    problem: `there is no standard switch ${virtualSwitch}. Standard switches: ${switches.map(({ name }) => name).join(", ") || "none"}`,
    cure: "Name one of these, or declare a VirtualSwitch and pass its name on.",
  });
}

function orderCommands(have: Have, want: Inputs, carrier: StandardSwitch): readonly HostCommand[] {
  const all = nicsOf(have.devices, [...(want.activeUplinks ?? []), ...(want.standbyUplinks ?? [])]);
  const missing = all.filter((nic) => !carrier.uplinks.includes(nic));
  if (missing.length > 0) {
    throw new IserError("UPLINK_NOT_FOUND", {
      problem: `virtual switch ${carrier.name} has no uplink ${missing.join(", ")}. Its uplinks: ${carrier.uplinks.join(", ") || "none"}`,
      cure: "Name one of these, or add it to the uplinks of the VirtualSwitch.",
    });
  }
  const active = want.activeUplinks && nicsOf(have.devices, want.activeUplinks);
  const standby = want.standbyUplinks && nicsOf(have.devices, want.standbyUplinks);
  const equal =
    (active === undefined || isDeepStrictEqual(active, have.failover?.active)) &&
    (standby === undefined || isDeepStrictEqual(standby, have.failover?.standby));
  return equal ? [] : [portGroupFailoverSet(want.name, { active, standby })];
}

function unmake({ interfaces }: Have, { name, virtualSwitch, activeClients }: PortGroupRow): Undo {
  const guests = interfaces.filter((vmk) => vmk.portGroup === name && vmk.portset === virtualSwitch);
  if (guests.length === 0 && activeClients === 0) return { commands: [portGroupRemove(name, virtualSwitch)] };
  const users = guests.map((vmk) => vmk.name).join(", ") || `${activeClients} active clients`;
  return { commands: [], notes: [`left on the host, because it is still used by ${users}.`] };
}

function orderBack(
  { failover, switches }: Have,
  { name, virtualSwitch }: Inputs,
  { failover: was }: Partial<Before>,
): Undo {
  if (failover === undefined || was === undefined) return { commands: [] };
  if (!was.ownUplinks) return { commands: inherited(name, failover, was.own) };
  const uplinks = switches.find((it) => it.name === virtualSwitch)?.uplinks ?? [];
  const lost = [...was.active, ...was.standby].filter((nic) => !uplinks.includes(nic));
  const active = was.active.filter((nic) => uplinks.includes(nic));
  const standby = was.standby.filter((nic) => uplinks.includes(nic));
  const equal =
    failover.ownUplinks &&
    isDeepStrictEqual({ active: failover.active, standby: failover.standby }, { active, standby });
  return {
    commands: equal ? [] : [portGroupFailoverSet(name, { active, standby })],
    notes: lost.map(
      (nic) => `${nic} is not given back to its failover order, because ${virtualSwitch} has no such uplink.`,
    ),
  };
}

/** Going back to the switch's uplink order resets the other policies too, so those that are the port group's own are set again. */
function inherited(name: string, { ownUplinks, own }: PortGroupFailover, was: OwnPolicies): readonly HostCommand[] {
  const reset = ownUplinks ? [portGroupFailoverReset(name)] : [];
  const kept = { ...was, ...own };
  // Without a reset, only what an interrupted run has lost is missing.
  const missing = ownUplinks ? kept : Object.fromEntries(Object.entries(kept).filter(([policy]) => !(policy in own)));
  return [...reset, ...(Object.keys(missing).length === 0 ? [] : [portGroupPoliciesSet(name, missing)])];
}

/** What `PortGroup` takes. */
export interface PortGroupArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** The name of the port group, 1 to 80 bytes; on a host, no two have the same. */
  name: pulumi.Input<string>;
  /** The standard switch that it is on. */
  virtualSwitch: pulumi.Input<string>;
  /** 0: no VLAN, ESXi's own default. 1 to 4094: that VLAN. 4095: all of them. */
  vlanId?: pulumi.Input<number> | undefined;
  /**
   * The uplinks that are used, first the preferred one: NICs (`vmnic4`), or RDMA devices (`vmrdma0`), whose paired uplinks are meant then. iSER needs
   * exactly one, and no standby. Left out, not managed: without an order of its own, a port group has that of its switch.
   */
  activeUplinks?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** The uplinks that take over, first the preferred one; `[]` for none. Those in neither list are not used. */
  standbyUplinks?: pulumi.Input<pulumi.Input<string>[]> | undefined;
}

/**
 * A port group of a standard switch: `esxcli network vswitch standard portgroup`. One that is there is adopted; what is not given is not touched.
 *
 * For a bound VMkernel adapter, iSER needs exactly one active uplink and no standby: `activeUplinks: ["vmrdma0"], standbyUplinks: []`. An order that
 * the port group has from its switch counts as declared when it is equal; else it gets its own.
 *
 * Deleting it gives back VLAN and failover order, also that it had none of its own. One that was made here is removed, unless something still uses it:
 * then it stays, and a note says so.
 *
 * Errors: SWITCH_NOT_FOUND, PORT_GROUP_ELSEWHERE, UPLINK_NOT_FOUND, DEVICE_NOT_FOUND, DEVICE_WITHOUT_UPLINK, COMMAND_FAILED. Sources: the list was seen
 * on 5.0 and 6.x; failover options and fields are from 5.x and 6.7; the VLAN range is from the command's help.
 *
 * @example
 * new PortGroup("iser-a", { host: "esx01.lab", name: "iser-a", virtualSwitch: "vSwitch1", activeUplinks: ["vmrdma0"], standbyUplinks: [] });
 */
export class PortGroup extends EsxiResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly virtualSwitch: pulumi.Output<string>;
  declare readonly vlanId: pulumi.Output<number | undefined>;
  declare readonly activeUplinks: pulumi.Output<string[] | undefined>;
  declare readonly standbyUplinks: pulumi.Output<string[] | undefined>;

  constructor(name: string, args: PortGroupArgs, opts?: pulumi.CustomResourceOptions) {
    super(portGroup, name, args, opts);
  }
}
