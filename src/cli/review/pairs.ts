import type { Properties } from "../../resources/inputs.js";
import type { Device } from "./assumedHost.js";

/**
 * Which RDMA device has which NIC: as state says it, and where one and the same card must be meant, for a run would be refused else. A port group takes
 * uplinks of its switch only, a VMkernel adapter is bound to the adapter of its uplink, and a switch that was there keeps its uplinks without force.
 */
export function pairsIn(of: (type: string) => readonly Properties[]): readonly Device[] {
  const named = (type: string, name: unknown) => of(type).filter((one) => one.name === name);
  const told = of("IserAdapter").map(({ device, uplink }) => [device, uplink]);
  const onSwitch = of("PortGroup").flatMap(({ virtualSwitch, activeUplinks, standbyUplinks }) =>
    named("VirtualSwitch", virtualSwitch).map(({ uplinks }) => {
      const [own, others] = [[...listed(activeUplinks), ...listed(standbyUplinks)], listed(uplinks)];
      return onlyOnes(without(own, others), without(others, own));
    }),
  );
  const bound = of("PortBinding").flatMap(({ adapter, vmkernelAdapter, force }) =>
    force === true
      ? []
      : named("VmkernelAdapter", vmkernelAdapter)
          .flatMap(({ portGroup }) => named("PortGroup", portGroup))
          .flatMap(({ activeUplinks, virtualSwitch }) =>
            activeUplinks === undefined
              ? named("VirtualSwitch", virtualSwitch).map(({ uplinks }) => listed(uplinks))
              : [listed(activeUplinks)],
          )
          .map((uplinks) => onlyOnes([String(adapter)], uplinks)),
  );
  const kept = of("VirtualSwitch").flatMap(({ uplinks, force, before }) => {
    const had = listed((before as { uplinks?: { names?: unknown } } | undefined)?.uplinks?.names);
    const declared = listed(uplinks);
    return force === true ? [] : [onlyOnes(without(declared, had), without(had, declared))];
  });
  const pairs = [...told, ...onSwitch, ...bound, ...kept].flatMap(
    ([one, other]) => pairOf(one, other) ?? pairOf(other, one) ?? [],
  );
  // What was told first counts.
  return pairs.filter(
    ({ name, uplink }, at) => pairs.findIndex((pair) => pair.name === name || pair.uplink === uplink) === at,
  );
}

function without(some: readonly string[], others: readonly string[]): readonly string[] {
  return some.filter((one) => !others.includes(one));
}

function onlyOnes(some: readonly string[], others: readonly string[]): readonly unknown[] {
  return some.length === 1 && others.length === 1 ? [some[0], others[0]] : [];
}

function pairOf(name: unknown, uplink: unknown): Device | undefined {
  const isPair =
    typeof name === "string" && typeof uplink === "string" && /^vmrdma\d+$/.test(name) && /^vmnic\d+$/.test(uplink);
  return isPair ? { name, uplink } : undefined;
}

export function listed(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
