import { read, write } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { integer, maybe, rows, type Said, text } from "./output.js";

/** A row of `storage core adapter list`. [seen on 6.x to 8.x] */
export interface StorageAdapter {
  readonly hba: string;
  readonly driver: string;
  readonly uid: string;
  /** NVMe over RDMA adapters name their device here, `… on vmrdma0` [seen]; whether iSER adapters do is not known. */
  readonly description: string;
}

export const storageAdapterList: EsxcliCommand<readonly StorageAdapter[]> = read(
  "storage core adapter list",
  {},
  rows({ hba: text("HBAName"), driver: text("Driver"), uid: text("UID"), description: text("Description") }),
);

/**
 * Looks for devices on one adapter, or on all; an iSCSI adapter also logs in to its targets. Prints nothing. [seen on 5.5; neither option:
 * `Missing --adapter or --all option`, 6.7]
 */
export function rescan(vmhba: string | undefined): EsxcliCommand<Said> {
  return write("storage core adapter rescan", vmhba === undefined ? { all: null } : { adapter: vmhba });
}

/**
 * A path to a device. [seen on 5.x and 6.x, for software iSCSI and SAS, as text; in XML by the rule for all, RuntimeName, Device, Adapter,
 * LUN and State seen through PowerCLI. Of an iSER adapter none is known]
 */
export interface StoragePath {
  /** `vmhba64:C0:T1:L1` */
  readonly runtimeName: string;
  /** `naa.…`; other words where no device has the path. */
  readonly device: string;
  readonly adapter: string;
  readonly lun: number;
  /** `active`, `standby`, `dead` and the like. */
  readonly state: string;
  /** Of iSCSI: `00023d000001,iqn.2002-03.com.example:array,t,0`. */
  readonly targetIdentifier: string;
}

export const pathList: EsxcliCommand<readonly StoragePath[]> = read(
  "storage core path list",
  {},
  rows({
    runtimeName: text("RuntimeName"),
    device: text("Device"),
    adapter: text("Adapter"),
    lun: integer("LUN"),
    state: text("State"),
    targetIdentifier: maybe(text("TargetIdentifier"), ""),
  }),
);

/** The target of a path, where it is one of iSCSI. [the form was seen for software iSCSI on 5.x] */
export function targetOf({ targetIdentifier }: StoragePath): string | undefined {
  return /^[0-9a-f]+,(.+),t,\d+$/i.exec(targetIdentifier)?.[1];
}

/** A device of the host. [seen as text on 5.x to 8, and as CSV with these field names on 5.x; XML by the rule for all] */
export interface StorageDevice {
  /** `naa.…` */
  readonly device: string;
  readonly displayName: string;
  /** In MB of 1024 × 1024 bytes. */
  readonly size: number;
}

export const storageDeviceList: EsxcliCommand<readonly StorageDevice[]> = read(
  "storage core device list",
  {},
  rows({ device: text("Device"), displayName: text("DisplayName"), size: integer("Size") }),
);
