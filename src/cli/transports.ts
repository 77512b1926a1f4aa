/** How hosts are reached. */
export const transports = ["ssh", "vsphere"] as const;

export type Transport = (typeof transports)[number];
