import { createHash } from "node:crypto";
import { listedSessions, portal } from "./iscsi.js";
import type { HostState, IscsiAdapter, StorageTarget } from "./state.js";

/** What is seen of the storage systems through sessions, and the host's own disk. */
export interface Device {
  readonly name: string;
  readonly displayName: string;
  readonly sizeMb: number;
  readonly vendor: string;
  readonly model: string;
  readonly isLocal: boolean;
}

export interface Path {
  readonly uid: string;
  readonly runtimeName: string;
  readonly device: Device;
  readonly vmhba: string;
  readonly channel: number;
  readonly target: number;
  readonly lun: number;
  readonly transport: string;
  readonly adapterIdentifier: string;
  readonly targetIdentifier: string;
  readonly adapterDetails: string;
  readonly targetDetails: string;
  readonly isDead: boolean;
}

const localDisk: Device = {
  name: "t10.ATA_____SIMULATED_DISK__________________________________0001",
  displayName: "Local ATA Disk (t10.ATA_____SIMULATED_DISK__________________________________0001)",
  sizeMb: 228_936,
  vendor: "ATA",
  model: "SIMULATED DISK",
  isLocal: true,
};

const localPath: Path = {
  uid: `sata.vmhba0-sata.0:0-${localDisk.name}`,
  runtimeName: "vmhba0:C0:T0:L0",
  device: localDisk,
  vmhba: "vmhba0",
  channel: 0,
  target: 0,
  lun: 0,
  transport: "sata",
  adapterIdentifier: "sata.vmhba0",
  targetIdentifier: "sata.0:0",
  adapterDetails: "vmhba0",
  targetDetails: "0:0",
  isDead: false,
};

/** All paths: one a session and LUN. What an iSER path looks like is not known: as one of software iSCSI (seen on 5.x). */
export function paths(host: HostState): Path[] {
  return [localPath, ...host.iscsiAdapters.flatMap((adapter) => pathsOf(host, adapter))];
}

function pathsOf(host: HostState, adapter: IscsiAdapter): Path[] {
  const { vmhba, iqn } = adapter;
  const seen = listedSessions(adapter).filter(({ scanned }) => scanned || !host.unknowns.devicesNeedRescan);
  return seen.flatMap((session) => {
    const storage = host.storage.find((one) => portal(one) === portal(session));
    const there = storage?.targets.find(({ name }) => name === session.target);
    const channel = Math.max(adapter.bindings.indexOf(session.vmk), 0);
    const target = adapter.targets.findIndex((one) => one.name === session.target && portal(one) === portal(session));
    const targetIdentifier = `${session.isid},${session.target},t,1`;
    return (there === undefined ? [] : lunsOf(there)).map(({ lun, device }) => ({
      uid: `${iqn}-${targetIdentifier}-${device.name}`,
      runtimeName: `${vmhba}:C${channel}:T${target}:L${lun}`,
      device,
      vmhba,
      channel,
      target,
      lun,
      transport: "iscsi",
      adapterIdentifier: iqn,
      targetIdentifier,
      adapterDetails: iqn,
      targetDetails: `IQN=${session.target} Alias= Session=${session.isid} PortalTag=1`,
      isDead: (session.connection ?? "logged_in") !== "logged_in",
    }));
  });
}

/** A device that several paths lead to is there once. */
export function devices(host: HostState): Device[] {
  return [...new Map(paths(host).map(({ device }) => [device.name, device])).values()];
}

function lunsOf({ name, luns }: StorageTarget): { readonly lun: number; readonly device: Device }[] {
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 15);
  const all: NonNullable<StorageTarget["luns"]> = luns ?? [
    { device: `naa.60000000000000000${digest}`, sizeMb: 102_400 },
  ];
  return all.map(({ device, sizeMb, lun, displayName }, at) => ({
    lun: lun ?? at,
    device: {
      name: device,
      displayName: displayName ?? `SIMULATE iSCSI Disk (${device})`,
      sizeMb,
      vendor: "SIMULATE",
      model: "LUN",
      isLocal: false,
    },
  }));
}

/** A rescan has followed the logins. */
export function markScanned(host: HostState, adapter: IscsiAdapter): void {
  if (host.unknowns.devicesNeedRescan) for (const session of adapter.sessions) session.scanned = true;
}
