import { type Device, devices, markScanned, type Path, paths } from "../devices.js";
import { rediscover } from "../iscsi.js";
import { blocks, nothing, table } from "../result.js";
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
      if (name !== undefined && adapter.vmhba !== name) continue;
      rediscover(host, adapter);
      markScanned(host, adapter);
    }
    return nothing;
  },
};

/** The fields and their order were seen on 5.x and 6.x, for software iSCSI and SAS. */
const pathList: CommandSpec = {
  path: "storage core path list",
  effect: "read",
  help: "List all the SCSI paths on the system.",
  options: [
    string("device", "d", "Limit the output to paths to a specific device."),
    string("path", "p", "Limit the output to a specific path, by its UID or its runtime name."),
  ],
  run: (host, args) => {
    const [device, path] = [args.text("device"), args.text("path")];
    const shown = paths(host).filter(
      (one) =>
        (device === undefined || one.device.name === device) &&
        (path === undefined || one.uid === path || one.runtimeName === path),
    );
    // The words for one that is not there are not known.
    if (shown.length === 0 && (device ?? path) !== undefined) fail(`Unable to find paths of ${device ?? path}`);
    return blocks<Path>("ScsiPath", shown, ({ uid }) => uid, {
      UID: ({ uid }) => uid,
      "Runtime Name": ({ runtimeName }) => runtimeName,
      Device: ({ device: { name } }) => name,
      "Device Display Name": ({ device: { displayName } }) => displayName,
      Adapter: ({ vmhba }) => vmhba,
      Channel: ({ channel }) => channel,
      Target: ({ target }) => target,
      LUN: ({ lun }) => lun,
      Plugin: () => "NMP",
      State: ({ isDead }) => (isDead ? "dead" : "active"),
      Transport: ({ transport }) => transport,
      "Adapter Identifier": ({ adapterIdentifier }) => adapterIdentifier,
      "Target Identifier": ({ targetIdentifier }) => targetIdentifier,
      "Adapter Transport Details": ({ adapterDetails }) => adapterDetails,
      "Target Transport Details": ({ targetDetails }) => targetDetails,
      "Maximum IO Size": () => 131072,
    });
  },
};

/** The first fields of those that were seen on 5.x to 8; later ones differ between builds. In CSV and PowerCLI the device is a field too (seen). */
const deviceList: CommandSpec = {
  path: "storage core device list",
  effect: "read",
  help: "List the devices currently registered with the PSA.",
  options: [string("device", "d", "Filter the output of the command to limit the output to a specific device.")],
  run: (host, args) => {
    const device = args.text("device");
    const shown = devices(host).filter(({ name }) => device === undefined || name === device);
    if (shown.length === 0 && device !== undefined) fail(`Unable to find the device ${device}`);
    return blocks<Device>(
      "ScsiDevice",
      shown,
      ({ name }) => name,
      {
        "Display Name": ({ displayName }) => displayName,
        "Has Settable Display Name": () => true,
        Size: ({ sizeMb }) => sizeMb,
        "Device Type": () => "Direct-Access",
        "Multipath Plugin": () => "NMP",
        "Devfs Path": ({ name }) => `/vmfs/devices/disks/${name}`,
        Vendor: ({ vendor }) => vendor,
        Model: ({ model }) => model,
        Revision: () => "0001",
        "SCSI Level": () => 6,
        "Is Pseudo": () => false,
        Status: () => "on",
        "Is RDM Capable": ({ isLocal }) => !isLocal,
        "Is Local": ({ isLocal }) => isLocal,
        "Is Removable": () => false,
        "Is SSD": () => true,
      },
      { Device: ({ name }) => name },
    );
  },
};

export const storageCommands = [list, rescan, pathList, deviceList];
