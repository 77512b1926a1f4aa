import type { NetworkPortal } from "../../src/esxcli/iscsi.js";
import type { RdmaDevice } from "../../src/esxcli/rdma.js";
import type { AdapterView } from "../../src/resources/adapterReference.js";

/** An RDMA device as `rdma device list` shows an active ConnectX-4. */
export function device(number: number, changes: Partial<RdmaDevice> = {}): RdmaDevice {
  return {
    name: `vmrdma${number}`,
    driver: "nmlx5_rdma",
    state: "Active",
    mtu: 4096,
    speed: "100 Gbps",
    pairedUplink: `vmnic${number + 4}`,
    description: "MT27700 Family [ConnectX-4]",
    ...changes,
  };
}

export function iser(vmhba: string, state = "unbound") {
  return {
    adapter: vmhba,
    driver: "iser",
    state,
    uid: `iscsi.${vmhba}`,
    description: "VMware iSCSI over RDMA (iSER) Adapter",
  };
}

/** A VMkernel adapter that is bound and compliant. */
export function binding(vmknic: string, adapter = "vmhba64", changes: Partial<NetworkPortal> = {}): NetworkPortal {
  return {
    adapter,
    vmknic,
    ipv4: "192.168.50.11",
    mtu: 1500,
    compliantStatus: "compliant",
    nonCompliantMessage: "",
    virtualSwitch: "a",
    portGroup: "iser-a",
    pathStatus: "active",
    ...changes,
  };
}

export const software = {
  adapter: "vmhba70",
  driver: "iscsi_vmk",
  state: "online",
  uid: "iscsi.vmhba70",
  description: "iSCSI Software Adapter",
};

export function view(changes: Partial<AdapterView> = {}): AdapterView {
  return { devices: [device(0), device(1)], adapters: [], portals: [], storage: [], ...changes };
}

/** Two cards, each with its adapter, tied by their physical network portals. */
export const tied = view({
  adapters: [iser("vmhba64"), iser("vmhba65")],
  portals: [
    { adapter: "vmhba64", vmnic: "vmnic4" },
    { adapter: "vmhba65", vmnic: "vmnic5" },
  ],
});
