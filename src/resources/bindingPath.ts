import { type ErrorCode, IserError } from "../errors.js";
import type { Failover, StandardSwitch, VmkernelInterface } from "../esxcli/network.js";
import type { RdmaDevice } from "../esxcli/rdma.js";
import type { Beside } from "./definition.js";

/**
 * The way from an adapter to a VMkernel adapter, from an observation of the host or from what the program declares. What is not known is
 * left out, and no rule over it is broken then.
 */
export interface Path {
  readonly vmkernelAdapter: string;
  readonly portGroup?: string | undefined;
  readonly virtualSwitch?: string | undefined;
  /** Set when the VMkernel adapter is on no standard switch: what it is on. */
  readonly elsewhere?: string | undefined;
  readonly active?: readonly string[] | undefined;
  readonly standby?: readonly string[] | undefined;
  /** Whose adapter it is to be bound to, and by which name its uplink goes. */
  readonly device?: { readonly name: string; readonly uplink: string } | undefined;
  /** The RDMA devices whose uplinks the virtual switch has, in words. */
  readonly carried?: readonly string[] | undefined;
  readonly switchMtu?: number | undefined;
  readonly mtu?: number | undefined;
}

export interface Violation {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly cure: string;
}

/**
 * What must hold before anything is bound. iSER does not support NIC teaming, and takes one RDMA device per virtual switch [vendor manual, 7.0
 * and 8.0]. The same rules judge the host before a write and the declaration in a preview.
 */
const rules: readonly ((path: Path) => Violation | undefined)[] = [
  ({ elsewhere, vmkernelAdapter }) =>
    elsewhere === undefined
      ? undefined
      : {
          code: "DISTRIBUTED_SWITCH",
          problem: `${vmkernelAdapter} is on ${elsewhere}, not on a standard switch, so its uplinks cannot be checked through esxcli`,
          cure: `Move ${vmkernelAdapter} to a port group of a standard switch.`,
        },

  ({ active, standby = [], portGroup, vmkernelAdapter }) =>
    active === undefined || (active.length === 1 && standby.length === 0)
      ? undefined
      : {
          code: "PORT_GROUP_TEAMING",
          problem: `port group "${portGroup}" of ${vmkernelAdapter} has ${active.length} active uplinks (${active.join(", ") || "none"}) and ${standby.length} standby (${standby.join(", ") || "none"}); iSER needs exactly one active and no standby`,
          cure: "Declare a PortGroup with one in `activeUplinks` and `standbyUplinks: []`.",
        },

  ({ active = [], device, portGroup, vmkernelAdapter }) => {
    const [only] = active;
    if (device === undefined || only === undefined || only === device.uplink) return undefined;
    return {
      code: "UPLINK_MISMATCH",
      problem: `port group "${portGroup}" of ${vmkernelAdapter} uses ${only}, but the adapter of ${device.name} is on ${device.uplink}`,
      cure: `Bind a VMkernel adapter whose port group uses ${device.uplink}, or make ${device.uplink} its active uplink.`,
    };
  },

  ({ carried = [], virtualSwitch, vmkernelAdapter }) =>
    carried.length <= 1
      ? undefined
      : {
          code: "SWITCH_SHARED",
          problem: `virtual switch ${virtualSwitch} of ${vmkernelAdapter} carries ${carried.length} RDMA devices: ${carried.join(", ")}; iSER takes one per virtual switch`,
          cure: "Give each its own virtual switch.",
        },

  ({ switchMtu, mtu, virtualSwitch, vmkernelAdapter }) =>
    switchMtu === undefined || mtu === undefined || switchMtu === mtu
      ? undefined
      : {
          code: "MTU_MISMATCH",
          problem: `virtual switch ${virtualSwitch} has MTU ${switchMtu}, but ${vmkernelAdapter} has ${mtu}`,
          cure: "Declare the same `mtu` on the VirtualSwitch and the VmkernelAdapter.",
        },
];

/** What is observed of a host around a VMkernel adapter. */
interface Around {
  /** Whose adapter it is bound to, or is to be. */
  readonly device: RdmaDevice | undefined;
  readonly devices: readonly RdmaDevice[];
  readonly switches: readonly StandardSwitch[];
  /** Of its port group; undefined when it has none on a standard switch. */
  readonly failover: Failover | undefined;
}

/** The path as the host has it. */
export function observedPath({ device, devices, switches, failover }: Around, vmk: VmkernelInterface): Path {
  const carrier = isOnStandardSwitch(vmk, switches) ? switches.find(({ name }) => name === vmk.portset) : undefined;
  return {
    vmkernelAdapter: vmk.name,
    portGroup: vmk.portGroup,
    virtualSwitch: carrier?.name,
    elsewhere: carrier === undefined ? `${vmk.portset} (${vmk.vdsName})` : undefined,
    active: failover?.active ?? [],
    standby: failover?.standby ?? [],
    device: device && { name: device.name, uplink: device.pairedUplink },
    carried: devices
      .filter(({ pairedUplink }) => carrier?.uplinks.includes(pairedUplink))
      .map(({ name, pairedUplink }) => `${name} (${pairedUplink})`),
    switchMtu: carrier?.mtu,
    mtu: vmk.mtu,
  };
}

/** On a distributed switch the port group is N/A and VDS Name is set [seen]; on a standard one it is the other way round. */
export function isOnStandardSwitch(vmk: VmkernelInterface, switches: readonly StandardSwitch[]): boolean {
  return switches.some(({ name }) => name === vmk.portset);
}

/** All rules that are broken. */
export function violationsOf(path: Path): readonly Violation[] {
  return rules.flatMap((rule) => rule(path) ?? []);
}

const overrule = "Or set force: true, if you know that it is right.";

/** Refuses the first rule that is broken on the host. */
export function demandUsable(path: Path): void {
  for (const rule of rules) {
    const broken = rule(path);
    if (broken !== undefined)
      throw new IserError(broken.code, { problem: broken.problem, cure: `${broken.cure} ${overrule}` });
  }
}

/** The rules that the declaration alone breaks, each in a sentence with its cure. */
export function faultsOf(path: Path): readonly string[] {
  return violationsOf(path).map(({ problem, cure }) => `cannot be bound: ${problem}. ${cure} ${overrule}`);
}

/** As much of the path as the program declares. */
export function declaredPath(
  { adapter, vmkernelAdapter }: { readonly adapter?: string; readonly vmkernelAdapter: string },
  beside: Beside,
): Path {
  const vmk = named(beside("VmkernelAdapter"), vmkernelAdapter);
  const portGroup = named(beside("PortGroup"), vmk?.portGroup);
  const carrier = named(beside("VirtualSwitch"), portGroup?.virtualSwitch);
  const uplinks = carrier?.uplinks as readonly string[] | undefined;
  // Without an order of its own the port group has that of its switch, which is known where there is but one uplink.
  const active =
    (portGroup?.activeUplinks as readonly string[] | undefined) ?? (uplinks?.length === 1 ? uplinks : undefined);
  return {
    vmkernelAdapter,
    portGroup: portGroup?.name as string | undefined,
    virtualSwitch: carrier?.name as string | undefined,
    active,
    standby: portGroup?.standbyUplinks as readonly string[] | undefined,
    device: adapter !== undefined && isComparable(adapter, active) ? { name: adapter, uplink: adapter } : undefined,
    carried: uplinks?.filter((uplink) => isRdma(uplink, adapter, beside)),
    switchMtu: carrier?.mtu as number | undefined,
    mtu: vmk?.mtu as number | undefined,
  };
}

function named(all: ReturnType<Beside>, name: unknown) {
  return all.find((one) => one.name === name);
}

/** Whether `vmrdma0` and `vmnic4` are the same card is not known here: only names of one kind are compared. */
function isComparable(adapter: string, [active]: readonly string[] = []): boolean {
  return active?.replace(/\d+$/, "") === adapter.replace(/\d+$/, "");
}

function isRdma(uplink: string, adapter: string | undefined, beside: Beside): boolean {
  return (
    uplink.startsWith("vmrdma") || uplink === adapter || beside("IserAdapter").some((other) => other.uplink === uplink)
  );
}
