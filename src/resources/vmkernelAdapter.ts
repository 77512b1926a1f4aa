import { isIPv4 } from "node:net";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import { type NetworkPortal, networkPortalList } from "../esxcli/iscsi.js";
import {
  interfaceList,
  type PortGroupSwitch,
  portGroupSwitches,
  type StandardSwitch,
  switchList,
  type VmkernelInterface,
} from "../esxcli/network.js";
import { interfaceAdd, interfaceRemove, interfaceSetMtu } from "../esxcli/vmkernel.js";
import { type Beside, define, everything, type Failure, type Undo } from "./definition.js";
import { mtu, portGroupName, name as word } from "./fields.js";
import { addressOf, faultsOf, ipv4Address, ipv6WithPrefix } from "./ipAddress.js";
import { leaveMtu } from "./leftMtu.js";
import { EsxiResource, type HostInput } from "./provider.js";
import {
  type Addresses,
  addressCommands,
  addressesBack,
  currentAddresses,
  type FormerAddresses,
  formerAddresses,
  type Ipv4,
  observeAddresses,
} from "./vmkernelAddresses.js";

interface Inputs {
  readonly name: string;
  readonly portGroup: string;
  readonly ipv4?: Ipv4;
  readonly ipv6Addresses?: readonly string[];
  readonly mtu?: number;
  readonly netstack?: string;
}

interface Have extends Addresses {
  readonly interfaces: readonly VmkernelInterface[];
  readonly portGroups: readonly PortGroupSwitch[];
  readonly switches: readonly StandardSwitch[];
  /** Of all adapters. */
  readonly bindings: readonly NetworkPortal[];
}

type Before = FormerAddresses & {
  readonly existed: boolean;
  readonly mtu?: number;
};

export const vmkernelAdapter = define<Inputs, Have, Before>({
  type: "VmkernelAdapter",
  fields: {
    name: z
      .string("must be the name of a VMkernel adapter")
      .trim()
      .regex(/^vmk(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/, "must be vmk0 to vmk255"),
    portGroup: portGroupName,
    ipv4: z
      .union(
        [
          z.enum(["dhcp", "none"]),
          z.strictObject({ address: ipv4Address, netmask: ipv4Address, gateway: ipv4Address.optional() }),
        ],
        { error: 'must be { address, netmask, gateway? } with IPv4 addresses such as 192.168.50.11, "dhcp" or "none"' },
      )
      .optional(),
    ipv6Addresses: z
      .array(ipv6WithPrefix, "must be a list of IPv6 addresses with their prefix lengths")
      .refine((all) => new Set(all.map((one) => addressOf(one))).size === all.length, "must not have an address twice")
      .transform((all) => [...all].sort())
      .optional(),
    mtu: mtu.optional(),
    netstack: word("the name of a TCP/IP stack").optional(),
  },
  identity: ["name", "portGroup", "netstack"],
  parents: ["portGroup"],
  outputs: ["macAddress"],
  awaits: ["PORT_GROUP_NOT_FOUND", "MTU_MISMATCH", "ADDRESS_IN_USE"],

  rules: (inputs, _given, beside) => [
    ...(typeof inputs.ipv4 === "object" ? faultsOf(inputs.ipv4) : []).map((reason) => ({
      field: "ipv4" as const,
      reason,
    })),
    ...sameAddress(inputs, beside),
    ...largerThanSwitch(inputs, beside),
  ],

  id: ({ name }) => name,
  lanes: async () => ["network"],

  async observe(ask, inputs, { aim } = everything) {
    const [interfaces, portGroups, switches, bindings, addresses] = await Promise.all([
      ask(interfaceList),
      ask(portGroupSwitches),
      ask(switchList),
      aim === "delete" ? ask(networkPortalList()) : [],
      observeAddresses(ask, inputs),
    ]);
    return { interfaces, portGroups, switches, bindings, ...addresses };
  },

  exists: (have, inputs) => isDeclaredOne(interfaceOf(have, inputs), inputs),

  plan(have, want) {
    const found = interfaceOf(have, want);
    if (found !== undefined && !isDeclaredOne(found, want)) {
      throw new IserError("VMKERNEL_ADAPTER_ELSEWHERE", {
        problem: `${want.name} is on port group "${found.portGroup}" of ${found.portset} with the TCP/IP stack ${found.netstack}, not ${want.netstack === undefined ? "" : `with ${want.netstack} `}on "${want.portGroup}"`,
        cure: "Declare another name, or what the host has, or remove that VMkernel adapter first: ESXi cannot move one.",
      });
    }
    const carrier = switchOf(have, want);
    const { name, portGroup, mtu, netstack } = want;
    if (mtu !== undefined && mtu !== found?.mtu && mtu > carrier.mtu) {
      throw new IserError("MTU_MISMATCH", {
        problem: `${name} would get MTU ${mtu}, but virtual switch ${carrier.name} of its port group "${portGroup}" has ${carrier.mtu}`,
        cure: `Raise the mtu of the VirtualSwitch to ${mtu} first, or declare a smaller one here.`,
      });
    }
    return [
      ...(found === undefined ? [interfaceAdd(name, { portGroup, mtu, netstack })] : []),
      ...(found === undefined || mtu === undefined || mtu === found.mtu ? [] : [interfaceSetMtu(name, mtu)]),
      ...addressCommands(have, want),
    ];
  },

  record(have, want) {
    const found = interfaceOf(have, want);
    if (found === undefined) return { existed: false };
    return {
      existed: true,
      ...(want.mtu === undefined ? {} : { mtu: found.mtu }),
      ...formerAddresses(have, want),
    };
  },

  current(have, inputs) {
    const found = interfaceOf(have, inputs);
    return { ...(inputs.mtu !== undefined && found && { mtu: found.mtu }), ...currentAddresses(have, inputs) };
  },

  report: (have, inputs) => ({ macAddress: interfaceOf(have, inputs)?.macAddress ?? "" }),

  remove(have, inputs, before) {
    const found = interfaceOf(have, inputs);
    if (found === undefined) return { commands: [] };
    if (!before.existed) return unmake(have, found);
    const mtu = mtuBack(have, inputs, found, before);
    return { ...mtu, commands: [...mtu.commands, ...addressesBack(have, inputs, before)] };
  },
});

function interfaceOf({ interfaces }: Have, { name }: Inputs): VmkernelInterface | undefined {
  return interfaces.find((vmk) => vmk.name === name);
}

/** One of the same name on another port group or stack was made by somebody else: ESXi cannot move one. */
function isDeclaredOne(vmk: VmkernelInterface | undefined, { portGroup, netstack }: Inputs): boolean {
  return vmk?.portGroup === portGroup && (netstack === undefined || vmk.netstack === netstack);
}

function switchOf({ portGroups, switches }: Have, want: Inputs): StandardSwitch {
  const row = portGroups.find(({ name }) => name === want.portGroup);
  const found = switches.find(({ name }) => name === row?.virtualSwitch);
  if (found !== undefined) return found;
  throw new IserError("PORT_GROUP_NOT_FOUND", {
    problem: `there is no port group "${want.portGroup}" on a standard switch. Port groups: ${portGroups.map(({ name }) => name).join(", ") || "none"}`,
    cure: "Name one of these, or declare a PortGroup and pass its name on.",
  });
}

/** One that is bound carries sessions, or may at any time. Its binding may be going in the same run. */
function unmake({ bindings }: Have, { name }: VmkernelInterface): Undo {
  const bound = bindings.find(({ vmknic }) => vmknic === name);
  if (bound === undefined) return { commands: [interfaceRemove(name)] };
  return {
    commands: [],
    notes: [
      `left on the host, because it is bound to ${bound.adapter}. When it is not needed any more, unbind it with \`esxcli iscsi networkportal remove\` and remove it with \`esxcli network ip interface remove\`.`,
    ],
    wait: true,
  };
}

/** Its switch, which goes later, is told what it had: that may be more than the switch has now. */
function mtuBack(
  have: Have,
  inputs: Inputs,
  { name, portset, mtu: now }: VmkernelInterface,
  before: Partial<Before>,
): Undo {
  const was = before.mtu;
  if (inputs.mtu === undefined || was === undefined) return { commands: [] };
  const carrier = have.switches.find((it) => it.name === portset);
  if (carrier === undefined || was <= carrier.mtu || was === now)
    return { commands: was === now ? [] : [interfaceSetMtu(name, was)], leaves: leaveMtu(name, { was, now: was }) };
  return {
    commands: [],
    notes: [
      `MTU ${now} stays, and not the former ${was}, as long as virtual switch ${carrier.name} has ${carrier.mtu}. Where that is given back a larger one in this run, ${name} gets its own back with it, as far as that allows.`,
    ],
    leaves: leaveMtu(name, { was, now }),
  };
}

function sameAddress(inputs: Partial<Inputs>, beside: Beside): readonly Failure<Inputs>[] {
  const others = beside("VmkernelAdapter") as readonly Partial<Inputs>[];
  const owners = new Map(others.flatMap((other) => addressesOf(other).map((address) => [address, other.name])));
  return addressesOf(inputs)
    .filter((address) => owners.has(address))
    .map((address) => ({
      field: isIPv4(address) ? "ipv4" : "ipv6Addresses",
      reason: `has the address ${address}, which is declared for ${owners.get(address)} on the same host too; give each its own.`,
    }));
}

function addressesOf({ ipv4, ipv6Addresses = [] }: Partial<Inputs>): readonly string[] {
  return [...(typeof ipv4 === "object" ? [ipv4.address] : []), ...ipv6Addresses.map(addressOf)];
}

function largerThanSwitch({ portGroup, mtu }: Partial<Inputs>, beside: Beside): readonly Failure<Inputs>[] {
  const group = beside("PortGroup").find(({ name }) => name === portGroup);
  const carrier = beside("VirtualSwitch").find(({ name }) => name === group?.virtualSwitch);
  const highest = carrier?.mtu;
  return mtu === undefined || typeof highest !== "number" || mtu <= highest
    ? []
    : [
        {
          field: "mtu",
          reason: `is ${mtu}, but the virtual switch ${carrier?.name} of its port group is declared with ${highest}; give both the same.`,
        },
      ];
}

/** What `VmkernelAdapter` takes. */
export interface VmkernelAdapterArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** `vmk0` to `vmk255`. */
  name: pulumi.Input<string>;
  /** The port group of a standard switch that it is on. */
  portGroup: pulumi.Input<string>;
  /**
   * A static address; `"dhcp"`, of which only that is compared; or `"none"`. A `gateway` is the VMkernel adapter's own default gateway; one that is
   * not given stays as it is; an address whose subnet does not have it is refused.
   */
  ipv4?:
    | pulumi.Input<
        | "dhcp"
        | "none"
        | {
            address: pulumi.Input<string>;
            netmask: pulumi.Input<string>;
            gateway?: pulumi.Input<string> | undefined;
          }
      >
    | undefined;
  /** All of its static IPv6 addresses, each with its prefix length: `fd00::11/64`. Link-local ones and those that a router gives are not touched. */
  ipv6Addresses?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** 1280 to 9190 bytes, at most what the virtual switch has; ESXi's own default is 1500. */
  mtu?: pulumi.Input<number> | undefined;
  /** The TCP/IP stack that it is made in. Left out: ESXi's default stack, and one that is there may be in any. */
  netstack?: pulumi.Input<string> | undefined;
}

/**
 * A VMkernel adapter: `esxcli network ip interface`. One that is there, on the same port group, is adopted; what is not given is not touched.
 *
 * ESXi cannot move one to another port group or stack, so that is a replacement. Deleting one that was made here removes it, unless it is bound to an
 * adapter: then it stays, and a note says so. One that was there before gets its addresses and MTU back. Where its former MTU is larger than its
 * virtual switch's, it gets that from the VirtualSwitch, when that is deleted in the same run and gets a larger one back.
 *
 * Errors: PORT_GROUP_NOT_FOUND, VMKERNEL_ADAPTER_ELSEWHERE, MTU_MISMATCH, ADDRESS_IN_USE, GATEWAY_OUTSIDE, COMMAND_FAILED. Sources: the lists were seen on 5.0 to 9;
 * options and messages are of 6.7; the fields of the IPv6 list are from 5.x.
 *
 * @example
 * new VmkernelAdapter("iser-a", {
 *   host: "esx01.lab",
 *   name: "vmk1",
 *   portGroup: "iser-a",
 *   ipv4: { address: "192.168.50.11", netmask: "255.255.255.0" },
 *   mtu: 9000,
 * });
 */
export class VmkernelAdapter extends EsxiResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly portGroup: pulumi.Output<string>;
  declare readonly ipv4: pulumi.Output<Ipv4 | undefined>;
  declare readonly ipv6Addresses: pulumi.Output<string[] | undefined>;
  declare readonly mtu: pulumi.Output<number | undefined>;
  declare readonly netstack: pulumi.Output<string | undefined>;
  /** `00:50:56:…` */
  declare readonly macAddress: pulumi.Output<string>;

  constructor(name: string, args: VmkernelAdapterArgs, opts?: pulumi.CustomResourceOptions) {
    super(vmkernelAdapter, name, args, opts);
  }
}
