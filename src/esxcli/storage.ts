import type { EsxcliCommand } from "./command.js";
import { rows, text } from "./output.js";

/** A row of `storage core adapter list`. [seen on 6.x to 8.x] */
export interface StorageAdapter {
  readonly hba: string;
  readonly driver: string;
  readonly uid: string;
  /** NVMe over RDMA adapters name their device here, `… on vmrdma0` [seen]; whether iSER adapters do is not known. */
  readonly description: string;
}

export const storageAdapterList: EsxcliCommand<readonly StorageAdapter[]> = {
  kind: "esxcli",
  path: "storage core adapter list",
  args: [],
  effect: "read",
  decode: rows({ hba: text("HBAName"), driver: text("Driver"), uid: text("UID"), description: text("Description") }),
};
