import type {
  FailoverPolicy,
  HostState,
  IscsiAdapter,
  Nic,
  PortGroup,
  VirtualSwitch,
  VmkernelInterface,
} from "./state.js";

/** How the pieces of a host's network lie on each other. */
export function named<T extends { name: string }>(all: readonly T[], name: string): T | undefined {
  return all.find((one) => one.name === name);
}

export function portGroupOf(host: HostState, vmk: VmkernelInterface): PortGroup | undefined {
  return named(host.portGroups, vmk.portGroup);
}

export function switchOf(host: HostState, portGroup: PortGroup | undefined): VirtualSwitch | undefined {
  return portGroup && named(host.switches, portGroup.virtualSwitch);
}

/** The policy that a port group has: its own where it overrides its switch's. */
export function policyOf(host: HostState, portGroup: PortGroup): FailoverPolicy | undefined {
  const virtualSwitch = switchOf(host, portGroup);
  return virtualSwitch && { ...virtualSwitch.failover, ...portGroup.override };
}

/** The uplinks that a VMkernel adapter may use: active and standby. */
export function uplinksOf(host: HostState, vmk: VmkernelInterface): { active: string[]; standby: string[] } {
  const portGroup = portGroupOf(host, vmk);
  const uplinks = switchOf(host, portGroup)?.uplinks ?? [];
  const policy = portGroup && policyOf(host, portGroup);
  const there = (names: readonly string[] = []) => names.filter((name) => uplinks.includes(name));
  return { active: there(policy?.active), standby: there(policy?.standby) };
}

/** The NIC of an RDMA device. */
export function nicOf(host: HostState, adapter: IscsiAdapter): Nic | undefined {
  const device = named(host.rdmaDevices, adapter.device);
  return device && named(host.nics, device.uplink);
}

export interface Compliance {
  readonly compliant: boolean;
  readonly message: string;
  readonly remedy: string;
}

/**
 * Whether a VMkernel adapter is fit for port binding: exactly one uplink, none on standby (iSER does not support teaming, vendor
 * manual), and that uplink is the adapter's own NIC. The reasons are those of the vSphere API's IscsiFaultVnicHas… faults; ESXi's
 * words for them are not known.
 */
export function compliance(host: HostState, adapter: IscsiAdapter, vmk: VmkernelInterface): Compliance {
  const { active, standby } = uplinksOf(host, vmk);
  const bad = (message: string, remedy: string) => ({ compliant: false, message, remedy });
  if (active.length + standby.length === 0)
    return bad(`The VMkernel adapter ${vmk.name} has no uplinks.`, "Add an uplink to its virtual switch.");
  if (active.length + standby.length > 1)
    return bad(
      `The VMkernel adapter ${vmk.name} has multiple uplinks.`,
      "Leave one active uplink and no standby uplink.",
    );
  const nic = nicOf(host, adapter);
  if (adapter.driver === "iser" && active[0] !== nic?.name)
    return bad(
      `The uplink of ${vmk.name} is not the adapter's.`,
      `Use the uplink ${nic?.name ?? "of the RDMA device"}.`,
    );
  return { compliant: true, message: "", remedy: "" };
}

/** Whether a VMkernel adapter reaches an IPv4 address: in its own subnet, or through its gateway. */
export function reaches(host: HostState, vmk: VmkernelInterface, address: string): boolean {
  const { active } = uplinksOf(host, vmk);
  const linkUp = active.some((name) => named(host.nics, name)?.linkUp);
  if (!vmk.enabled || !linkUp) return false;
  const { ipv4 } = vmk;
  if (!isIpv4(address)) return vmk.ipv6.length > 0 || isName(address);
  if (ipv4.type === "NONE" || ipv4.address === "0.0.0.0") return false;
  const mask = toNumber(ipv4.netmask);
  const local = (toNumber(ipv4.address) & mask) === (toNumber(address) & mask);
  return local || ipv4.gateway !== "0.0.0.0";
}

export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

export function isIpv6(text: string): boolean {
  const halves = text.split("::");
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const complete = halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8;
  return complete && groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group));
}

/** A DNS name. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text) && /[A-Za-z]/.test(text);
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0);
}

/** `192.168.1.255` */
export function broadcastOf(address: string, netmask: string): string {
  const parts = (text: string) => text.split(".").map(Number);
  const mask = parts(netmask);
  return parts(address)
    .map((part, at) => part | (~(mask[at] ?? 0) & 255))
    .join(".");
}
