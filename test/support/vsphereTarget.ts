import { resolveTarget } from "../../src/transport/credentials.js";
import type { EndpointSettings, VsphereSettings, VsphereTarget } from "../../src/transport/vsphereTarget.js";

const quick = { dialErrorLimit: 0, perDialTimeout: 10, commandTimeout: 10 };

/** A target from settings alone: nothing of this machine's environment and no config. */
export function vsphereTarget(settings: Omit<VsphereSettings, "transport">): VsphereTarget {
  return resolveTarget({ ...quick, ...settings, transport: "vsphere" }, { get: () => undefined }, {});
}

/** A host of a vCenter. */
export function behind(host: string, vcenter: EndpointSettings): VsphereTarget {
  return vsphereTarget({ host, vcenter });
}
