import { rediscover } from "../iscsi.js";
import { nothing, table } from "../result.js";
import { boolean, type CommandSpec, flag, string } from "../spec.js";
import { fail, type HostState, type LocalAdapter } from "../state.js";
import { listedAdapters } from "./common.js";
import { descriptionOf } from "./iscsiAdapter.js";

/** The link state, UID and capabilities of an iSER adapter are not known: as NVMe over RDMA has them, and as `iscsi adapter list`. */
function adapters(host: HostState): LocalAdapter[] {
  const iscsi = listedAdapters(host).map((adapter) => ({
    vmhba: adapter.vmhba,
    driver: adapter.driver,
    linkState: "link-n/a",
    uid: `iscsi.${adapter.vmhba}`,
    capabilities: "",
    description:
      host.unknowns.adapterDevice === "description" && adapter.driver === "iser"
        ? `${descriptionOf(adapter)} on ${adapter.device}`
        : descriptionOf(adapter),
  }));
  return [...host.localAdapters, ...iscsi];
}

const list: CommandSpec = {
  path: "storage core adapter list",
  effect: "read",
  help: "List all the SCSI Host Bus Adapters on the system.",
  options: [],
  run: (host) =>
    table<LocalAdapter>(
      "ScsiAdapter",
      adapters(host),
      {
        "HBA Name": ({ vmhba }) => vmhba,
        Driver: ({ driver }) => driver,
        "Link State": ({ linkState }) => linkState,
        UID: ({ uid }) => uid,
        Capabilities: ({ capabilities }) => capabilities,
        Description: ({ description }) => description,
      },
      // Seen on two hosts.
      { narrowLastColumn: true },
    ),
};

/** Logs in to targets as well, and prints nothing (seen). */
const rescan: CommandSpec = {
  path: "storage core adapter rescan",
  effect: "write",
  help: "Rescan the specified adapter or all of them.",
  options: [
    string("adapter", "A", "The adapter to rescan."),
    flag("all", "a", "Indicate if the operation should rescan all adapters instead of a specific adapter."),
    string("type", "t", "The type of rescan.", { values: ["add", "all", "delete", "update"] }),
    flag("skip-claim", "S", "Skip the claiming of new devices."),
    boolean("skip-fs-scan", "f", "Skip the scan for file systems (deprecated)."),
  ],
  run: (host, args) => {
    const name = args.text("adapter");
    if (name === undefined && !args.flag("all")) fail("Missing --adapter or --all option");
    const named = adapters(host).some(({ vmhba }) => vmhba === name);
    if (name !== undefined && !named) fail(`Invalid or unknown SCSI interface name ${name}`);
    for (const adapter of listedAdapters(host)) {
      if (name === undefined || adapter.vmhba === name) rediscover(host, adapter);
    }
    return nothing;
  },
};

export const storageCommands = [list, rescan];
