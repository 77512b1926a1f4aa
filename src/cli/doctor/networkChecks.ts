import { observedPath, violationsOf } from "../../resources/bindingPath.js";
import type { HostView } from "../hostView.js";
import { type Check, ofAdapters } from "./check.js";
import { type PingProbe, plainMtu } from "./probes.js";

/** From the adapter to the portal. */
export const networkChecks: readonly Check[] = [
  {
    id: "not-bound",
    severity: "error",
    why: "An adapter without a VMkernel adapter has no address to log in from.",
    find: ofAdapters(({ bindings, name }) =>
      bindings.length > 0
        ? []
        : [
            {
              on: name,
              what: `no VMkernel adapter is bound to ${name}`,
              fix: `new PortBinding(…, { adapter: "${name}", vmkernelAdapter: "vmk#" }).`,
            },
          ],
    ),
  },
  {
    id: "binding-not-compliant",
    severity: "error",
    why: "ESXi does not use a binding that it calls non-compliant.",
    find: ofAdapters(({ bindings, name }) =>
      bindings
        .filter(({ compliantStatus }) => compliantStatus !== "compliant")
        .map(({ vmknic, compliantStatus, nonCompliantMessage }) => ({
          on: vmknic,
          what: `the binding of ${vmknic} to ${name} is ${compliantStatus}: ${nonCompliantMessage || "ESXi gives no reason"}`,
          fix: "Give its port group one active uplink, the adapter's own, and no standby: PortGroup with activeUplinks and standbyUplinks: [].",
        })),
    ),
  },
  {
    id: "path",
    severity: "error",
    why: "iSER does no NIC teaming, takes one RDMA card a virtual switch, and loses frames where MTUs differ.",
    find: ofAdapters(({ bindings, device }, { interfaces, switches, portGroups, devices }) =>
      bindings.flatMap(({ vmknic }) => {
        const vmk = interfaces.find(({ name }) => name === vmknic);
        if (vmk === undefined)
          return [
            {
              on: vmknic,
              what: `${vmknic} is bound and is not there`,
              fix: "Make it again, or take the binding away: `esxcli iscsi networkportal remove`.",
            },
          ];
        const failover = portGroups.find(({ name }) => name === vmk.portGroup)?.failover;
        const path = observedPath({ device, devices, switches, failover }, vmk);
        return violationsOf(path).map(({ problem, cure }) => ({ on: vmknic, what: problem, fix: cure }));
      }),
    ),
  },
  {
    id: "several-uplinks",
    severity: "warning",
    why: "A second uplink carries the storage's frames as soon as the failover order of the port group is changed, and that card does no RDMA for it.",
    find: (view) =>
      view.switches
        .filter(({ name, uplinks }) => uplinks.length > 1 && isOnPath(name, view))
        .map(({ name, uplinks }) => ({
          on: name,
          what: `virtual switch ${name} has ${uplinks.length} uplinks: ${uplinks.join(", ")}`,
          fix: `new VirtualSwitch(…, { name: "${name}", uplinks: ["vmnic#"], force: true }) with the uplink of the adapter alone.`,
        })),
  },
  {
    id: "jumbo-lost",
    severity: "error",
    why: "Logins are small and work; the storage's data is not, and stalls.",
    find: (_view, { pings }) =>
      pings
        .filter((one) => !one.isThrough && smallOf(one, pings)?.isThrough)
        .map((one) => ({
          on: one.vmkernelAdapter,
          what: `packets of ${one.packet} bytes that may not be fragmented do not come through from ${one.vmkernelAdapter} to ${one.address} (${one.said}); those of ${plainMtu} bytes do`,
          fix: `Set an MTU of ${one.packet} on every switch port and on the storage system, or lower \`mtu\` of VirtualSwitch and VmkernelAdapter.`,
        })),
  },
  {
    id: "portal-silent",
    severity: "warning",
    why: "Where nothing answers to a ping, mostly nothing answers to iSER; a storage system may also be told not to answer.",
    find: (_view, { pings }) =>
      pings
        .filter((one) => !one.isThrough && one.packet === smallest(one, pings))
        .filter((one) => !pings.some((other) => isSameWay(one, other) && other.isThrough))
        .map((one) => ({
          on: one.vmkernelAdapter,
          what: `${one.address} does not answer to a ping from ${one.vmkernelAdapter} (${one.said})`,
          fix: `See address, netmask and VLAN of ${one.vmkernelAdapter}, the link of its uplink, and the address of the storage system.`,
        })),
  },
];

function isOnPath(virtualSwitch: string, { adapters, interfaces }: HostView): boolean {
  const bound = adapters.flatMap(({ bindings }) => bindings.map(({ vmknic }) => vmknic));
  return interfaces.some(({ name, portset }) => bound.includes(name) && portset === virtualSwitch);
}

function isSameWay(one: PingProbe, other: PingProbe): boolean {
  return one.vmkernelAdapter === other.vmkernelAdapter && one.address === other.address;
}

function smallOf(one: PingProbe, pings: readonly PingProbe[]): PingProbe | undefined {
  return pings.find((other) => isSameWay(one, other) && other.packet < one.packet);
}

function smallest(one: PingProbe, pings: readonly PingProbe[]): number {
  return Math.min(...pings.filter((other) => isSameWay(one, other)).map(({ packet }) => packet));
}
