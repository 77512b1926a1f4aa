/** The ESXi builds that can be simulated, by the release they stand for. */
export const models = ["6.7", "7.0", "8.0", "9.0"] as const;
/** One of `models`. */
export type Model = (typeof models)[number];

/** What differs between builds. */
export interface Build {
  readonly version: string;
  readonly build: string;
  readonly update: string;
  readonly patch: string;
  /** `rdma iser add|delete` take `--device`. ESXCLI reference 8.0.2 and 9.1; not in 6.7.0. For 7.0 see the unknown `deviceOptionOn70`. */
  readonly iserDeviceOption: boolean;
  /** `rdma iser params set` exists. ESXCLI reference 8.0.2 (deprecated there), vendor manual for 7.0; absent from 6.7.0 and 9.1. */
  readonly roceParams: boolean;
  /** `rdma device protocol list` has the column iWARP: not on 6.7.0, seen later. */
  readonly iwarpColumn: boolean;
  /** `nic list` and `nic get` have the DPU fields: seen on 8.x. */
  readonly dpuFields: boolean;
  /** `network ip interface list` has URPF: seen on 9. */
  readonly urpf: boolean;
}

const eight: Build = {
  version: "8.0.2", // seen with this build number
  build: "Releasebuild-22380479",
  update: "2",
  patch: "0",
  iserDeviceOption: true,
  roceParams: true,
  iwarpColumn: true,
  dpuFields: true,
  urpf: false,
};

export const builds: Readonly<Record<Model, Build>> = {
  "6.7": {
    ...eight,
    version: "6.7.0",
    build: "Releasebuild-8169922", // the inbox iser VIB of 6.7.0 carries this number
    update: "0",
    iserDeviceOption: false,
    roceParams: false,
    iwarpColumn: false,
    dpuFields: false,
  },
  "7.0": {
    ...eight,
    version: "7.0.0",
    build: "Releasebuild-15843807",
    update: "0",
    iserDeviceOption: false,
    dpuFields: false,
  },
  "8.0": eight,
  "9.0": { ...eight, version: "9.0.0", build: "Releasebuild-24755229", update: "0", roceParams: false, urpf: true },
};
