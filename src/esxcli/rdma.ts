import type { EsxcliCommand, LogQuery } from "./command.js";
import { boolean, integer, maybe, rows, type Said, said, text } from "./output.js";
import { vmkernelLog } from "./system.js";

/** A row of `rdma device list`. [columns: 6.7 and seen] */
export interface RdmaDevice {
  /** `vmrdma0` */
  readonly name: string;
  readonly driver: string;
  /** `Active` [seen] or `Down` */
  readonly state: string;
  /** The RDMA MTU, 256 to 4096: not the Ethernet MTU. */
  readonly mtu: number;
  /** `50 Gbps` [seen] */
  readonly speed: string;
  /** `vmnic1`, or empty when the device has none. */
  readonly pairedUplink: string;
  readonly description: string;
}

export const deviceList: EsxcliCommand<readonly RdmaDevice[]> = {
  kind: "esxcli",
  path: "rdma device list",
  args: [],
  effect: "read",
  decode: rows({
    name: text("Name"),
    driver: text("Driver"),
    state: text("State"),
    mtu: integer("MTU"),
    speed: text("Speed"),
    pairedUplink: text("PairedUplink"),
    description: text("Description"),
  }),
};

/** What an RDMA device speaks. [6.7; seen with iWARP on a later build, which 6.7 does not list] */
export interface RdmaProtocols {
  readonly device: string;
  readonly v1: boolean;
  readonly v2: boolean;
  readonly iwarp: boolean;
}

export const protocolList: EsxcliCommand<readonly RdmaProtocols[]> = {
  kind: "esxcli",
  path: "rdma device protocol list",
  args: [],
  effect: "read",
  decode: rows({
    device: text("Device"),
    v1: boolean("RoCEv1"),
    v2: boolean("RoCEv2"),
    iwarp: maybe(boolean("iWARP"), false),
  }),
};

export const iserAddPath = "rdma iser add";
export const iserDeletePath = "rdma iser delete";

/** Enables iSER: on one device where the build takes `--device` (8.0.2 and later), else on all. */
export function iserAdd(device: string | undefined): EsxcliCommand<Said> {
  return { kind: "esxcli", path: iserAddPath, args: onDevice(device), effect: "write", decode: said };
}

/** Disables iSER. On 6.7 the adapters stay until a reboot: `Deleted ISER logical device. (Reboot Required)`. */
export function iserDelete(device: string | undefined): EsxcliCommand<Said> {
  return { kind: "esxcli", path: iserDeletePath, args: onDevice(device), effect: "write", decode: said };
}

function onDevice(device: string | undefined) {
  return device === undefined ? [] : [{ name: "device", value: device }];
}

export const roceVersions = ["auto", "v1", "v2", "iwarp"] as const;
/** The RDMA protocol of an adapter, by the names that `RoceParams` has for ESXi's numbers 0 to 3. `auto`: the highest version that the card speaks. */
export type RoceVersion = (typeof roceVersions)[number];

export const roceSetPath = "rdma iser params set";

/** `--roce`: 0 auto, 1 RoCE v1, 2 RoCE v2, 3 iWARP. Deprecated in 8.0.2, absent from 6.7 GA and 9.1. [ESXCLI reference] */
export function roceSet(vmhba: string, version: RoceVersion): EsxcliCommand<Said> {
  return {
    kind: "esxcli",
    path: roceSetPath,
    args: [
      { name: "adapter", value: vmhba },
      { name: "roce", value: roceVersions.indexOf(version) },
    ],
    effect: "write",
    decode: said,
  };
}

export interface RoceLogLine {
  readonly at: Date;
  readonly vmhba: string;
  readonly version: RoceVersion;
}

/**
 * What the VMkernel log says of RoCE versions, oldest first: the only trace of the setting, which no command shows.
 * `2020-02-18T18:26:15.949Z cpu6:2100717 opID=45abe37e)iser: iser_set_roce: Setting roce type: 1 for vmhba: vmhba64` [vendor manual, 7.0]
 */
export const roceLog: LogQuery<readonly RoceLogLine[]> = vmkernelLog("iser_set_roce: Setting roce type", 64, (lines) =>
  lines.flatMap((line) => {
    const [, at = "", type, vmhba] = roceLine.exec(line) ?? [];
    const version = roceVersions[Number(type)];
    const time = new Date(at);
    // A line that is not of this form says nothing: the log is a hint, and what it does not confirm is told as not confirmed.
    return vmhba === undefined || version === undefined || Number.isNaN(time.getTime())
      ? []
      : [{ at: time, vmhba, version }];
  }),
);

/** What the VMkernel log says of iSER, oldest first. Which lines there are is known of RoCE versions only. */
export const iserLog: LogQuery<readonly string[]> = vmkernelLog("iser", 500, (lines) => lines);

/**
 * The whole line: the file's name if several were searched, the time, what else is in the header, which ends with the only bracket
 * that nothing opens, and the message. So a message of others that quotes these words, with a name that somebody chose, is not taken for one.
 */
const roceLine =
  /^(?:[\w./-]+:)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)(?: (?:[^()]|\(\d+\)){1,200})?\)iser: iser_set_roce: Setting roce type: (\d) for vmhba: (vmhba\d+)\s*$/;
