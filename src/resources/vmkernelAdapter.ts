import { isIPv4 } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import type { HostCommand } from "../esxcli/command.js";
import {
  interfaceList,
  type PortGroupRow,
  portGroupList,
  type StandardSwitch,
  switchList,
  type VmkernelInterface,
} from "../esxcli/network.js";
import {
  type AddressType,
  type Ipv4Settings,
  type Ipv6Address,
  interfaceAdd,
  interfaceRemove,
  interfaceSetMtu,
  ipv4List,
  ipv4SetDhcp,
  ipv4SetNone,
  ipv4SetStatic,
  ipv6Add,
  ipv6List,
  ipv6Remove,
} from "../esxcli/vmkernel.js";
import { type Beside, define, type Failure, type Undo } from "./definition.js";
import { mtu, optionText, name as word } from "./fields.js";
import {
  addressOf,
  faultsOf,
  inSubnet,
  ipv4Address,
  ipv6WithPrefix,
  isLinkLocal,
  type StaticIpv4,
  shortest,
} from "./ipAddress.js";
import { EsxiResource, type HostInput } from "./provider.js";

type Ipv4 = StaticIpv4 | "dhcp" | "none";

interface Inputs {
  readonly name: string;
  readonly portGroup: string;
  readonly ipv4?: Ipv4;
  readonly ipv6Addresses?: readonly string[];
  readonly mtu?: number;
  readonly netstack?: string;
}

interface Have {
  readonly interfaces: readonly VmkernelInterface[];
  readonly portGroups: readonly PortGroupRow[];
  readonly switches: readonly StandardSwitch[];
  /** Of all VMkernel adapters; asked for only when `ipv4` is declared. */
  readonly ipv4: readonly Ipv4Settings[];
  /** The static ones of all VMkernel adapters; asked for only when `ipv6Addresses` is declared. */
  readonly ipv6: readonly Ipv6Address[];
}

type Before = {
  readonly existed: boolean;
  readonly mtu?: number;
  readonly ipv4?: {
    readonly type: AddressType;
    readonly address: string;
    readonly netmask: string;
    readonly gateway: string;
    readonly peerDns: boolean;
  };
  readonly ipv6Addresses?: readonly string[];
};

const noGateway = "0.0.0.0";

export const vmkernelAdapter = define<Inputs, Have, Before>({
  type: "VmkernelAdapter",
  fields: {
    name: z
      .string("must be the name of a VMkernel adapter")
      .trim()
      .regex(/^vmk(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/, "must be vmk0 to vmk255"),
    portGroup: optionText("the name of a port group, 1 to 80 bytes", 80),
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

  async observe(ask, { ipv4, ipv6Addresses }) {
    const [interfaces, portGroups, switches, ipv4Settings, ipv6] = await Promise.all([
      ask(interfaceList),
      ask(portGroupList),
      ask(switchList),
      ipv4 === undefined ? [] : ask(ipv4List),
      ipv6Addresses === undefined ? [] : ask(ipv6List),
    ]);
    return { interfaces, portGroups, switches, ipv4: ipv4Settings, ipv6: ipv6.filter(isManaged) };
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
      ...ipv4Commands(have, want),
      ...ipv6Commands(have, want),
    ];
  },

  record(have, want) {
    const found = interfaceOf(have, want);
    if (found === undefined) return { existed: false };
    const ipv4 = ipv4Of(have, want.name);
    return {
      existed: true,
      ...(want.mtu === undefined ? {} : { mtu: found.mtu }),
      ...(want.ipv4 === undefined || ipv4 === undefined ? {} : { ipv4: recordable(ipv4) }),
      ...(want.ipv6Addresses === undefined ? {} : { ipv6Addresses: ipv6Of(have, want.name) }),
    };
  },

  current(have, inputs) {
    const found = interfaceOf(have, inputs);
    const ipv4 = ipv4Of(have, inputs.name);
    return {
      ...(inputs.mtu !== undefined && found && { mtu: found.mtu }),
      ...(inputs.ipv4 !== undefined && ipv4 && { ipv4: asDeclared(ipv4, inputs.ipv4) }),
      ...(inputs.ipv6Addresses && { ipv6Addresses: ipv6Of(have, inputs.name) }),
    };
  },

  report: (have, inputs) => ({ macAddress: interfaceOf(have, inputs)?.macAddress ?? "" }),

  remove(have, inputs, before) {
    const found = interfaceOf(have, inputs);
    if (found === undefined) return { commands: [] };
    if (!before.existed) return { commands: [interfaceRemove(found.name)] };
    const mtu = mtuBack(have, inputs, found, before);
    return {
      ...mtu,
      commands: [...mtu.commands, ...ipv4Back(have, inputs, before), ...ipv6Back(have, inputs, before)],
    };
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

function ipv4Of({ ipv4 }: Have, name: string): Ipv4Settings | undefined {
  return ipv4.find(({ interfaceName }) => interfaceName === name);
}

function ipv6Of({ ipv6 }: Have, name: string): readonly string[] {
  return ipv6
    .filter(({ interfaceName }) => interfaceName === name)
    .map(({ address, prefix }) => `${shortest(address)}/${prefix}`)
    .sort();
}

/** A link-local address is the host's own, whatever its type. */
function isManaged({ address, type }: Ipv6Address): boolean {
  return type.toUpperCase() === "STATIC" && !isLinkLocal(address);
}

function recordable({ type, address, netmask, gateway, peerDns }: Ipv4Settings) {
  return { type, address, netmask, gateway, peerDns };
}

/** What the host has in the form of the declaration: with a gateway only where one is declared. */
function asDeclared(row: Ipv4Settings, declared: Ipv4): Ipv4 {
  if (row.type !== "STATIC") return row.type === "DHCP" ? "dhcp" : "none";
  const wanted = typeof declared === "object" ? declared.gateway : undefined;
  // A build that does not list the gateway leaves it as it was last applied.
  const gateway = row.gateway === "" ? wanted : row.gateway;
  const { address, netmask } = row;
  return wanted === undefined || gateway === undefined || gateway === noGateway
    ? { address, netmask }
    : { address, netmask, gateway };
}

function ipv4Commands(have: Have, { name, ipv4 }: Inputs): readonly HostCommand[] {
  if (ipv4 === undefined) return [];
  const row = ipv4Of(have, name);
  if (row !== undefined && isDeepStrictEqual(asDeclared(row, ipv4), ipv4)) return [];
  if (ipv4 === "dhcp") return [ipv4SetDhcp(name)];
  if (ipv4 === "none") return [ipv4SetNone(name)];
  const { address, netmask } = ipv4;
  const owner = have.ipv4.find((other) => other.interfaceName !== name && other.address === address);
  if (owner !== undefined) throw inUse(name, address, owner.interfaceName);
  // ESXi resets a gateway that is not given.
  const kept = row !== undefined && inSubnet(row.gateway, address, netmask) ? row.gateway : undefined;
  return [ipv4SetStatic(name, { address, netmask, gateway: ipv4.gateway ?? kept })];
}

function ipv6Commands(have: Have, { name, ipv6Addresses }: Inputs): readonly HostCommand[] {
  if (ipv6Addresses === undefined) return [];
  const there = ipv6Of(have, name);
  const added = ipv6Addresses.filter((one) => !there.includes(one));
  for (const one of added) {
    const owner = have.ipv6.find(
      ({ interfaceName, address }) => interfaceName !== name && shortest(address) === addressOf(one),
    );
    if (owner !== undefined) throw inUse(name, addressOf(one), owner.interfaceName);
  }
  return ipv6Change(
    name,
    there.filter((one) => !ipv6Addresses.includes(one)),
    added,
  );
}

/** What goes first: the same address with another prefix length cannot be there twice. */
function ipv6Change(name: string, removed: readonly string[], added: readonly string[]): readonly HostCommand[] {
  return [...removed.map((one) => ipv6Remove(name, one)), ...added.map((one) => ipv6Add(name, one))];
}

function inUse(name: string, address: string, owner: string): IserError {
  return new IserError("ADDRESS_IN_USE", {
    problem: `${name} would get the address ${address}, which ${owner} has`,
    cure: `Declare another address, or take it from ${owner} first.`,
  });
}

function mtuBack(have: Have, inputs: Inputs, found: VmkernelInterface, { mtu }: Partial<Before>): Undo {
  if (inputs.mtu === undefined || mtu === undefined || mtu === found.mtu) return { commands: [] };
  const carrier = have.switches.find(({ name }) => name === found.portset);
  if (carrier === undefined || mtu <= carrier.mtu) return { commands: [interfaceSetMtu(found.name, mtu)] };
  return {
    commands: [],
    notes: [
      `MTU ${found.mtu} stays, and not the former ${mtu}, because virtual switch ${carrier.name} has ${carrier.mtu}.`,
    ],
  };
}

function ipv4Back(have: Have, { name, ipv4 }: Inputs, { ipv4: was }: Partial<Before>): readonly HostCommand[] {
  const row = ipv4Of(have, name);
  if (ipv4 === undefined || was === undefined || row === undefined) return [];
  const { type, address, netmask, gateway } = was;
  const same = row.address === address && row.netmask === netmask && row.gateway === gateway;
  // The address of a lease is not ours to give.
  if (row.type === type && (same || type !== "STATIC")) return [];
  if (type === "DHCP") return [ipv4SetDhcp(name, was.peerDns)];
  if (type === "NONE") return [ipv4SetNone(name)];
  const given = gateway === "" || gateway === noGateway ? undefined : gateway;
  return [ipv4SetStatic(name, { address, netmask, gateway: given })];
}

function ipv6Back(have: Have, inputs: Inputs, { ipv6Addresses: was }: Partial<Before>): readonly HostCommand[] {
  const { name, ipv6Addresses: declared } = inputs;
  if (declared === undefined || was === undefined) return [];
  const there = ipv6Of(have, name);
  // One that is not declared is somebody else's.
  const removed = there.filter((one) => declared.includes(one) && !was.includes(one));
  return ipv6Change(
    name,
    removed,
    was.filter((one) => !there.includes(one)),
  );
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

export interface VmkernelAdapterArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** `vmk0` to `vmk255`. */
  name: pulumi.Input<string>;
  /** The port group of a standard switch that it is on. */
  portGroup: pulumi.Input<string>;
  /**
   * A static address; `"dhcp"`, of which only that is compared; or `"none"`. A `gateway` is the VMkernel adapter's own default gateway; one that is
   * not given stays as it is, as long as it is in the subnet.
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
 * ESXi cannot move one to another port group or stack, so that is a replacement. Deleting one that was made here removes it, which ESXi refuses while
 * it is bound; one that was there before gets its addresses and MTU back.
 *
 * Errors: PORT_GROUP_NOT_FOUND, VMKERNEL_ADAPTER_ELSEWHERE, MTU_MISMATCH, ADDRESS_IN_USE, COMMAND_FAILED. Sources: the lists were seen on 5.0 to 9;
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
