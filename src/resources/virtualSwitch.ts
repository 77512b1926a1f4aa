import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import type { HostCommand } from "../esxcli/command.js";
import {
  interfaceList,
  nicList,
  type PortGroupSwitch,
  portGroupSwitches,
  type StandardSwitch,
  switchFailover,
  switchList,
  type VmkernelInterface,
} from "../esxcli/network.js";
import type { RdmaDevice } from "../esxcli/rdma.js";
import { interfaceSetMtu } from "../esxcli/vmkernel.js";
import {
  type CdpMode,
  cdpModes,
  switchAdd,
  switchRemove,
  switchSet,
  uplinkAdd,
  uplinkRemove,
} from "../esxcli/vswitch.js";
import { askAhead, define, everything, type Peers, type Undo } from "./definition.js";
import { mtu, virtualSwitchName, vmkernelAdapter } from "./fields.js";
import { leftMtu } from "./leftMtu.js";
import { EsxiResource, type HostInput } from "./provider.js";
import { ownerOf, returnUplinks, type Switches, type Taken, type Uplinks, uplinksOf } from "./switchUplinks.js";
import { type AtStake, atStake, demandFree, nothingAtStake } from "./uplinkLoss.js";
import { asDeclared, isDevice, knownNics, namedDevices, nicsOf, uplinkNames } from "./uplinks.js";

interface Inputs {
  readonly name: string;
  readonly uplinks?: readonly string[];
  readonly mtu?: number;
  readonly cdp?: CdpMode;
  readonly lowerFirst?: readonly string[];
  readonly force: boolean;
}

/** NICs, failover orders and what follows are asked for only when uplinks are declared. */
interface Have extends Switches, AtStake {
  readonly portGroups: readonly PortGroupSwitch[];
  readonly interfaces: readonly VmkernelInterface[];
  readonly devices: readonly RdmaDevice[];
}

type Before = {
  readonly existed: boolean;
  readonly mtu?: number;
  readonly cdp?: string;
  readonly uplinks?: Uplinks;
  /** By NIC, the switch that it was taken from, and what that had. */
  readonly [taken: `vmnic${string}`]: { readonly from: string; readonly had: Uplinks };
  /** By VMkernel adapter, the MTU that it was lowered from. */
  readonly [lowered: `vmk${string}`]: number;
};

export const virtualSwitch = define<Inputs, Have, Before>({
  type: "VirtualSwitch",
  fields: {
    name: virtualSwitchName,
    uplinks: uplinkNames.transform((names) => [...names].sort()).optional(),
    mtu: mtu.optional(),
    cdp: z.enum(cdpModes, `must be one of ${cdpModes.join(", ")}`).optional(),
    lowerFirst: z.array(vmkernelAdapter, "must be a list of VMkernel adapters").optional(),
    force: z.boolean("must be true or false").default(false),
  },
  identity: ["name"],
  manner: ["lowerFirst", "force"],
  outputs: [],
  // Another switch may be about to give the uplink up, and a binding about to go.
  awaits: ["UPLINK_IN_USE", "UPLINK_BOUND"],

  id: ({ name }) => `vswitch/${name}`,
  lanes: async () => ["network"],

  async observe(ask, { name, uplinks }, { aim, before } = everything) {
    if (aim === "verify" && uplinks !== undefined) askAhead(ask, switchFailover(name));
    // An RDMA device says itself which NIC it has.
    const isNicNamed = uplinks?.some((uplink) => !isDevice(uplink)) ?? false;
    const mayBeGivenBack = before.uplinks !== undefined || Object.keys(ofKind(before, "vmnic")).length > 0;
    const [switches, portGroups, interfaces, devices, nics] = await Promise.all([
      ask(switchList),
      ask(portGroupSwitches),
      ask(interfaceList),
      namedDevices(ask, uplinks),
      isNicNamed || mayBeGivenBack ? ask(nicList) : [],
    ]);
    const network = { switches, portGroups, interfaces, devices, nics };
    if (uplinks === undefined) return { ...network, orders: new Map(), ...nothingAtStake };
    const declared = knownNics(devices, uplinks);
    const givers = takenFrom(nics, before).map(({ from }) => from);
    // Not of every switch: another program may be removing one that is of no matter here.
    const concerned = switches.filter(
      (it) => it.name === name || givers.includes(it.name) || it.uplinks.some((nic) => declared.includes(nic)),
    );
    const losing = switches.filter((it) => it.uplinks.some((nic) => (it.name === name) !== declared.includes(nic)));
    const [orders, stake] = await Promise.all([
      Promise.all(concerned.map(async (it) => [it.name, await ask(switchFailover(it.name))] as const)),
      atStake(ask, losing, portGroups),
    ]);
    return { ...network, orders: new Map(orders), ...stake };
  },

  exists: (have, { name }) => switchOf(have, name) !== undefined,

  plan(have, want) {
    const found = switchOf(have, want.name);
    return [
      ...(found === undefined ? [switchAdd(want.name)] : []),
      ...uplinkCommands(have, want, found),
      ...settingCommands(have, want, found),
    ];
  },

  record(have, want, _peers, earlier) {
    const found = switchOf(have, want.name);
    // What was taken or lowered does not show any more.
    const takenBefore = want.uplinks === undefined ? {} : ofKind(earlier, "vmnic");
    const taken = knownNics(have.devices, want.uplinks).flatMap((nic) => {
      const owner = ownerOf(have, nic);
      return owner === undefined || owner.name === want.name
        ? []
        : [[nic, { from: owner.name, had: uplinksOf(have, owner) }]];
    });
    if (found === undefined) return { existed: false, ...Object.fromEntries(taken), ...takenBefore };
    const large = tooLarge(have, found, want.mtu).filter(({ name }) => want.lowerFirst?.includes(name));
    // Later it is lowered from what was declared here meanwhile.
    const lowered =
      earlier === undefined ? Object.fromEntries(large.map(({ name, mtu }) => [name, mtu])) : ofKind(earlier, "vmk");
    return {
      existed: true,
      ...(want.mtu === undefined ? {} : { mtu: found.mtu, ...lowered }),
      ...(want.cdp === undefined ? {} : { cdp: found.cdp }),
      ...(want.uplinks === undefined ? {} : { uplinks: uplinksOf(have, found) }),
      ...Object.fromEntries(taken),
      ...takenBefore,
    };
  },

  current(have, inputs) {
    const found = switchOf(have, inputs.name);
    if (found === undefined) return {};
    return {
      ...(inputs.uplinks && { uplinks: [...asDeclared(have.devices, inputs.uplinks, found.uplinks)].sort() }),
      ...(inputs.mtu !== undefined && { mtu: found.mtu }),
      ...(inputs.cdp !== undefined && { cdp: found.cdp as CdpMode }),
    };
  },

  report: () => ({}),

  remarks(have, { name }) {
    const found = switchOf(have, name);
    if (found === undefined || !have.orders.has(name)) return [];
    const { names, active, standby } = uplinksOf(have, found);
    const unused = names.filter((nic) => !active.includes(nic) && !standby.includes(nic));
    return unused.length === 0
      ? []
      : [
          `${unused.join(", ")} is not used: the failover order of the virtual switch has it neither active nor standby. A port group uses it that names it in activeUplinks.`,
        ];
  },

  remove(have, inputs, before, peers) {
    const found = switchOf(have, inputs.name);
    if (found === undefined) return { commands: [] };
    if (before.existed)
      return both(settingsBack(have, inputs, found, before, peers), uplinksBack(have, inputs, found, before));
    const guests = [
      ...have.portGroups.filter((row) => row.virtualSwitch === found.name).map((row) => `port group ${row.name}`),
      ...have.interfaces.filter(({ portset }) => portset === found.name).map((vmk) => vmk.name),
    ];
    if (guests.length > 0)
      return { commands: [], notes: [`left on the host, because it still carries ${guests.join(", ")}.`] };
    return both(uplinksBack(have, inputs, found, before), { commands: [switchRemove(found.name)] });
  },
});

function switchOf({ switches }: Have, name: string): StandardSwitch | undefined {
  return switches.find((it) => it.name === name);
}

/** The NICs that were taken from other switches, as far as the host has them. */
function takenFrom(nics: readonly string[], before: Partial<Before>): readonly Taken[] {
  return nics.flatMap((nic) => {
    const record = before[nic as `vmnic${string}`];
    return record === undefined ? [] : [{ nic, ...record }];
  });
}

/** The records of what was taken (`vmnic#`) or lowered (`vmk#`). */
function ofKind(before: Partial<Before> = {}, prefix: "vmnic" | "vmk"): Partial<Before> {
  return Object.fromEntries(Object.entries(before).filter(([key]) => key.startsWith(prefix))) as Partial<Before>;
}

function uplinkCommands(have: Have, want: Inputs, found: StandardSwitch | undefined): readonly HostCommand[] {
  if (want.uplinks === undefined) return [];
  const nics = nicsOf(have.devices, want.uplinks);
  const paired = have.devices.map(({ pairedUplink }) => pairedUplink);
  const unknown = nics.filter((nic) => ![...have.nics, ...paired].includes(nic));
  if (unknown.length > 0) {
    throw new IserError("NIC_NOT_FOUND", {
      problem: `there is no NIC ${unknown.join(", ")}. NICs: ${have.nics.join(", ") || "none"}`,
      cure: "Name these, or the RDMA device whose uplink is meant.",
    });
  }
  const present = found?.uplinks ?? [];
  const added = nics.filter((nic) => !present.includes(nic));
  const dropped = present.filter((nic) => !nics.includes(nic));
  if (found !== undefined) for (const nic of dropped) mayBeDropped(have, want, nic, found);
  return [
    ...added.flatMap((nic) => {
      const owner = ownerOf(have, nic);
      if (owner === undefined) return [uplinkAdd(want.name, nic)];
      mayBeTaken(have, want, nic, owner);
      return [uplinkRemove(owner.name, nic), uplinkAdd(want.name, nic)];
    }),
    // Last, so that the switch is not without uplink in between.
    ...dropped.map((nic) => uplinkRemove(want.name, nic)),
  ];
}

function mayBeTaken(have: Have, { name, force }: Inputs, nic: string, owner: StandardSwitch): void {
  demandFree(have, nic, owner, force, {
    code: "UPLINK_IN_USE",
    problem: `${nic} is an uplink of virtual switch ${owner.name}`,
    instead: `declare another uplink for ${name}, or ${owner.name} in place of ${name}, or give IserHost a VMkernel adapter of ${owner.name} (vmkernelAdapter: "vmk1")`,
    byForce: `set force: true to take ${nic} away from ${owner.name}, where sessions over it lose their path. If ${owner.name} is of this program and goes away in this run, remove it in an up of its own first`,
  });
}

/** Also one that was declared here before: it may carry what nobody has declared. */
function mayBeDropped(have: Have, { name, force }: Inputs, nic: string, found: StandardSwitch): void {
  demandFree(have, nic, found, force, {
    code: "UPLINK_REMOVAL",
    problem: `virtual switch ${name} has the uplink ${nic}, which is not declared`,
    instead: `declare ${nic} as an uplink too`,
    byForce: `leave uplinks out so that they are not managed, or set force: true to remove it: sessions over ${nic} lose their path`,
  });
}

function settingCommands(have: Have, want: Inputs, found: StandardSwitch | undefined): readonly HostCommand[] {
  const mtu = want.mtu === found?.mtu ? undefined : want.mtu;
  const cdp = want.cdp === found?.cdp ? undefined : want.cdp;
  if (mtu === undefined && cdp === undefined) return [];
  const large = found === undefined ? [] : tooLarge(have, found, mtu);
  const others = large.filter(({ name }) => !want.lowerFirst?.includes(name));
  if (others.length > 0) {
    throw new IserError("MTU_MISMATCH", {
      problem: `virtual switch ${want.name} would get MTU ${mtu}, but ${others.map((vmk) => `${vmk.name} on it has ${vmk.mtu}`).join(", ")}`,
      cure: `Lower that first: in an up of its own, or with lowerFirst: [${large.map(({ name }) => `"${name}"`).join(", ")}] on the VirtualSwitch.`,
    });
  }
  return [...lowering(large, mtu), switchSet(want.name, { mtu, cdp })];
}

/** The VMkernel adapters on the switch that have a larger MTU. */
function tooLarge({ interfaces }: Have, { name }: StandardSwitch, mtu = Number.POSITIVE_INFINITY) {
  return interfaces.filter((vmk) => vmk.portset === name && vmk.mtu > mtu);
}

function lowering(interfaces: readonly VmkernelInterface[], mtu: number | undefined): readonly HostCommand[] {
  return mtu === undefined ? [] : interfaces.map(({ name }) => interfaceSetMtu(name, mtu));
}

function settingsBack(
  have: Have,
  inputs: Inputs,
  found: StandardSwitch,
  before: Partial<Before>,
  { left }: Peers<Have>,
): Undo {
  const was = inputs.mtu === undefined ? undefined : before.mtu;
  const large = tooLarge(have, found, was);
  const others = large.filter(({ name }) => !inputs.lowerFirst?.includes(name));
  const mtu = was === found.mtu || others.length > 0 ? undefined : was;
  const cdp = inputs.cdp === undefined || before.cdp === found.cdp ? undefined : before.cdp;
  const raised = have.interfaces.flatMap((vmk) => {
    const handed = leftMtu(left, vmk.name);
    const former = handed?.was ?? before[vmk.name as `vmk${string}`];
    const mayRise = vmk.portset === found.name && vmk.mtu === (handed?.now ?? inputs.mtu) && former !== undefined;
    return mayRise && former > vmk.mtu && former <= (mtu ?? found.mtu) ? [interfaceSetMtu(vmk.name, former)] : [];
  });
  return {
    commands: [
      ...(mtu === undefined ? [] : lowering(large, mtu)),
      ...(mtu === undefined && cdp === undefined ? [] : [switchSet(found.name, { mtu, cdp })]),
      ...raised,
    ],
    notes: others.map(
      (vmk) => `MTU ${found.mtu} stays, and not the former ${was}, because ${vmk.name} on it has ${vmk.mtu}.`,
    ),
  };
}

function uplinksBack(have: Have, inputs: Inputs, found: StandardSwitch, before: Partial<Before>): Undo {
  if (inputs.uplinks === undefined) return { commands: [] };
  const taken = takenFrom(have.nics, before);
  const own = before.existed ? before.uplinks : undefined;
  return returnUplinks(have, found, own, knownNics(have.devices, inputs.uplinks), taken);
}

function both(first: Undo, second: Undo): Undo {
  return {
    commands: [...first.commands, ...second.commands],
    notes: [...(first.notes ?? []), ...(second.notes ?? [])],
  };
}

/** What `VirtualSwitch` takes. */
export interface VirtualSwitchArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** The name of the switch, 1 to 32 bytes. */
  name: pulumi.Input<string>;
  /**
   * All of its uplinks, in any order: physical NICs (`vmnic4`), or RDMA devices (`vmrdma0`), whose paired uplinks are meant then. Which of
   * them are active is a matter of the failover order: see `PortGroup`.
   */
  uplinks?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** 1280 to 9190 bytes; ESXi's own default is 1500, and its highest 9000 or 9190, depending on the build. */
  mtu?: pulumi.Input<number> | undefined;
  /** What the switch does with the Cisco Discovery Protocol; ESXi's own default is `listen`. */
  cdp?: pulumi.Input<CdpMode> | undefined;
  /**
   * VMkernel adapters on the switch whose MTU may be lowered to `mtu` before the switch's is, so that one `up` can lower both. Without it, a VMkernel
   * adapter with a larger MTU is an error.
   */
  lowerFirst?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Take an uplink away from another switch, and take uplinks that are not declared, or not any more, off this one; sessions over them lose their
   * path. Default false: both are errors. A change of it alone does not touch the host.
   */
  force?: pulumi.Input<boolean> | undefined;
}

/**
 * A standard virtual switch: `esxcli network vswitch standard`. One that is there is adopted; what is not given is not touched.
 *
 * `uplinks` are all that it has: what is missing is added. An uplink of another switch is taken, and one that is not declared is removed, only with
 * `force`, and not at all while a port group names it in a failover order of its own or a bound VMkernel adapter uses it: a binding that goes in the
 * same run is waited for.
 *
 * Deleting it gives back MTU, CDP, uplinks and failover order as they were, also to a switch that an uplink was taken from, and to a VMkernel adapter
 * on it the MTU that was too large for it when that was deleted in the same run. A switch that was made here is removed, unless port groups or VMkernel adapters are still on it: then it stays, and a note says so.
 *
 * iSER takes one RDMA device per virtual switch.
 *
 * Errors: NIC_NOT_FOUND, DEVICE_NOT_FOUND, DEVICE_WITHOUT_UPLINK, UPLINK_IN_USE, UPLINK_REMOVAL, UPLINK_BOUND, MTU_MISMATCH, COMMAND_FAILED.
 * Sources: seen on 5.0 to 7.0; the failover order is from 5.x and a user's notes; the length of the name is the vSphere API's.
 *
 * @example
 * new VirtualSwitch("iser-a", { host: "esx01.lab", name: "vSwitch1", uplinks: ["vmrdma0"], mtu: 9000 });
 */
export class VirtualSwitch extends EsxiResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly uplinks: pulumi.Output<string[] | undefined>;
  declare readonly mtu: pulumi.Output<number | undefined>;
  declare readonly cdp: pulumi.Output<CdpMode | undefined>;

  constructor(name: string, args: VirtualSwitchArgs, opts?: pulumi.CustomResourceOptions) {
    super(virtualSwitch, name, args, opts);
  }
}
