import type { StackValidationPolicy } from "@pulumi/policy";
import { type PolicySettings, policyOf } from "./policy.js";
import { type Declared, type HostView, isGiven, listOf, notKnown } from "./stackView.js";

/**
 * A port group that iSER goes over has exactly one active uplink and no standby one. iSER does not support NIC teaming. [vendor manual, 7.0 and 8.0]
 *
 * Looked at are port groups of the stack with an RDMA device among their uplinks, or with a VMkernel adapter that a PortBinding of the stack binds.
 * A preview refuses such a binding by itself, unless it has `force`; this policy also looks at those. A port group without an order of its own has
 * that of its virtual switch, as far as that is in the stack.
 */
export function noTeaming(settings?: PolicySettings): StackValidationPolicy {
  return policyOf<Record<never, never>>(
    {
      name: "iser-no-teaming",
      description: "A port group that iSER goes over has one active uplink and no standby uplink.",
      why: "iSER does not support NIC teaming: over another uplink than its RDMA device's it does not connect, or not after a failover.",
      schema: {},
      judge: (host) =>
        host.iserPortGroups().flatMap((group) => {
          const { name, activeUplinks, standbyUplinks, virtualSwitch } = group.properties;
          const carrier = host.named("VirtualSwitch", virtualSwitch);
          const own = isGiven(activeUplinks);
          const active = own ? activeUplinks : carrier?.properties.uplinks;
          const standby = listOf(standbyUplinks);
          const several = Array.isArray(active) && active.length !== 1;
          if (!several && standby.length === 0) return [];
          const from = own ? "" : `, those of ${carrier?.label ?? "its virtual switch"}, for it has none of its own`;
          return [
            {
              on: group,
              what: `port group "${String(name)}" (${group.label}) has ${count(listOf(active), "active")}${from}, and ${count(standby, "standby")}`,
              fix: "Give it the RDMA device as the only one in `activeUplinks`, and `standbyUplinks: []`. A second path is a port group of its own.",
            },
          ];
        }),
    },
    settings,
  );
}

/**
 * A virtual switch has the uplink of at most one RDMA device. [vendor manual, 7.0 and 8.0]
 *
 * An uplink is known to be of an RDMA device where it is called `vmrdma#`, or where an IserAdapter of the stack is declared by it or has it in state.
 */
export function oneRdmaUplink(settings?: PolicySettings): StackValidationPolicy {
  return policyOf<Record<never, never>>(
    {
      name: "iser-one-rdma-uplink",
      description: "A virtual switch has the uplink of at most one RDMA device.",
      why: "iSER takes one RDMA device per virtual switch: which one a connection leaves by would be open.",
      schema: {},
      judge: (host) =>
        host.of("VirtualSwitch").flatMap((carrier) => {
          const rdma = listOf(carrier.properties.uplinks).filter((uplink) => host.isRdma(uplink));
          if (new Set(rdma.map((uplink) => host.card(uplink))).size < 2) return [];
          return [
            {
              on: carrier,
              what: `virtual switch ${String(carrier.properties.name)} (${carrier.label}) has ${rdma.length} RDMA uplinks: ${rdma.join(", ")}`,
              fix: "Declare a VirtualSwitch, a PortGroup and a VmkernelAdapter for each of them.",
            },
          ];
        }),
    },
    settings,
  );
}

export interface JumboFrameSettings extends PolicySettings {
  /** The MTU that every path is to have, in bytes. Default: none is demanded, but both ends of a path have the same. */
  mtu?: number | undefined;
}

/**
 * The VMkernel adapter of a path and its virtual switch have the same `mtu`, both declared or both not; with the setting `mtu`, that one.
 *
 * Looked at are VMkernel adapters of the stack that a PortBinding of the stack binds, or that are on a port group with an RDMA device. A virtual
 * switch that is not in the stack, and the physical switches and the storage system on the way, cannot be seen: `esxi-iser doctor` tries them out.
 */
export function jumboFrames(settings?: JumboFrameSettings): StackValidationPolicy {
  return policyOf<{ mtu: number | undefined }>(
    {
      name: "iser-jumbo-frames",
      description: "The MTU is the same along each path: on the VMkernel adapter and on its virtual switch.",
      why: "Frames that are larger than a hop takes are dropped without a word: logins work, and the storage's data stalls.",
      schema: { mtu: { type: "integer", minimum: 1280, maximum: 9190 } },
      judge: (host, { mtu }) =>
        pathsOf(host).flatMap(({ vmk, carrier }) => {
          const ends = carrier === undefined ? [vmk] : [vmk, carrier];
          if (ends.some(({ properties }) => properties.mtu === notKnown)) return [];
          const wrong = mtu === undefined ? new Set(ends.map(mtuOf)).size > 1 : ends.some((end) => mtuOf(end) !== mtu);
          if (!wrong) return [];
          const said = ends.map(
            (end) => `${end.label} ${isGiven(end.properties.mtu) ? `has mtu ${mtuOf(end)}` : "declares no mtu"}`,
          );
          return [
            {
              on: vmk,
              what: `the MTU of ${String(vmk.properties.name)} ${mtu === undefined ? "is not the same along its path" : `is to be ${mtu} along its path`}: ${said.join(", ")}`,
              fix: `Declare ${mtu === undefined ? "the same `mtu`" : `\`mtu: ${mtu}\``} on the VirtualSwitch and on the VmkernelAdapter, or once as \`mtu\` of IserHost.`,
            },
          ];
        }),
    },
    settings,
  );
}

function pathsOf(host: HostView): readonly { readonly vmk: Declared; readonly carrier: Declared | undefined }[] {
  const bound = host.bound();
  const groups = new Set(host.iserPortGroups().map(({ properties }) => properties.name));
  return host.of("VmkernelAdapter").flatMap((vmk) => {
    const { name, portGroup } = vmk.properties;
    if (!groups.has(portGroup) && !(typeof name === "string" && bound.has(name))) return [];
    const group = host.named("PortGroup", portGroup);
    return [{ vmk, carrier: host.named("VirtualSwitch", group?.properties.virtualSwitch) }];
  });
}

function mtuOf({ properties: { mtu } }: Declared): number | undefined {
  return typeof mtu === "number" ? mtu : undefined;
}

function count(uplinks: readonly unknown[], kind: string): string {
  const names = uplinks.map((one) => (one === notKnown ? "one that is not known yet" : String(one))).join(", ");
  return `${uplinks.length} ${kind} ${uplinks.length === 1 ? "uplink" : "uplinks"}${names === "" ? "" : ` (${names})`}`;
}
