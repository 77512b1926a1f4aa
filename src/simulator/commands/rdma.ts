import { iqnOf } from "../defaults.js";
import { builds } from "../model.js";
import { nothing, type Result, record, table, value } from "../result.js";
import { type Args, type CommandSpec, integer, required, string } from "../spec.js";
import { fail, type HostState, type IscsiAdapter, type RdmaDevice } from "../state.js";
import { named, uplinksOf } from "../topology.js";
import { adapterOption } from "./common.js";

/** Whether `rdma iser add|delete` take `--device`. */
function hasDeviceOption({ model, unknowns }: HostState): boolean {
  return model === "7.0" ? unknowns.deviceOptionOn70 : builds[model].iserDeviceOption;
}

const iserAdd: CommandSpec = {
  path: "rdma iser add",
  effect: "write",
  help: "Add a logical iSER device.",
  options: [string("device", "d", "Device on which to enable iSER", { on: hasDeviceOption })],
  run: (host, args) => {
    const devices = devicesGiven(host, args, "Failed to add device");
    const usable = devices.filter((device) => device.state === "Active" && named(host.nics, device.uplink));
    if (usable.length === 0) fail("Failed to add device: No active RDMA device with a paired uplink.");
    const added = usable.map((device) => add(host, device));
    if (!added.includes(true) && host.unknowns.secondIserAdd === "error") fail("Failed to add device: Already exists.");
    const module = named(host.modules, "iser");
    if (module && !module.loaded) Object.assign(module, { loaded: true, active: { ...module.options } });
    return nothing;
  },
};

/** Whether there is anything new. One that was deleted and waits for the reboot is taken back. */
function add(host: HostState, device: RdmaDevice): boolean {
  const there = host.iscsiAdapters.find((adapter) => adapter.device === device.name);
  if (there && !there.deleted) return false;
  if (there) there.deleted = false;
  else host.iscsiAdapters.push(newIserAdapter(host, device.name));
  return true;
}

/** A `vmhba#` of its own from 64 on, as software adapters have. */
export function newIserAdapter(host: HostState, device: string): IscsiAdapter {
  const used = new Set(host.iscsiAdapters.map(({ vmhba }) => vmhba));
  const names = Array.from({ length: used.size + 1 }, (_, at) => `vmhba${64 + at}`);
  return {
    vmhba: names.find((name) => !used.has(name)) ?? "",
    driver: "iser",
    device,
    iqn: iqnOf(host.hostName, device),
    alias: "",
    chap: {},
    params: {},
    roce: 0,
    bindings: [],
    sendTargets: [],
    targets: [],
    sessions: [],
    discoveryStatus: "Discovery Completed",
    readsUntilListed: host.unknowns.adapterAppearsAfterReads,
    deleted: false,
  };
}

const iserDelete: CommandSpec = {
  path: "rdma iser delete",
  effect: "write",
  help: "Remove a logical iSER device.",
  options: [string("device", "d", "Device on which to disable iSER", { on: hasDeviceOption })],
  run: (host, args) => {
    const devices = devicesGiven(host, args, "Failed to delete device").map(({ name }) => name);
    const adapters = host.iscsiAdapters.filter(
      ({ driver, device, deleted }) => driver === "iser" && !deleted && devices.includes(device),
    );
    if (adapters.length === 0 && host.unknowns.missing === "error") fail("Failed to delete device: Not found.");
    if (adapters.length === 0) return nothing;
    if (host.unknowns.iserDeleteNeedsReboot) {
      for (const adapter of adapters) adapter.deleted = true;
      return value("Deleted ISER logical device. (Reboot Required)");
    }
    host.iscsiAdapters = host.iscsiAdapters.filter((adapter) => !adapters.includes(adapter));
    // The module came with the first adapter; that it goes with the last is inferred.
    const module = named(host.modules, "iser");
    if (module) module.loaded &&= host.iscsiAdapters.some(({ driver }) => driver === "iser");
    return nothing;
  },
};

/** The device that `--device` names, or all: what leaving it out means on a build that has it is inferred from builds that have not. */
function devicesGiven(host: HostState, args: Args, failure: string): readonly RdmaDevice[] {
  const name = args.text("device");
  if (name === undefined) return host.rdmaDevices;
  const device = named(host.rdmaDevices, name);
  return device ? [device] : fail(`${failure}: Unable to find RDMA device named ${name}`);
}

const paramsSet: CommandSpec = {
  path: "rdma iser params set",
  effect: "write",
  help: "Set iSER parameters. This operation is deprecated.",
  options: [
    { ...adapterOption, short: "a", help: "Logical device (eg: vmhbaN)" },
    integer("roce", "r", "RDMA type (0:Auto 1:V1: 2:V2 3:iWarp)", required),
  ],
  on: ({ model }) => builds[model].roceParams,
  run: (host, args) => {
    const vmhba = args.required("adapter");
    const adapter = host.iscsiAdapters.find((one) => one.vmhba === vmhba && one.driver === "iser");
    if (!adapter) fail("Invalid adapter specified or unable to get adapter.");
    const roce = args.integer("roce") ?? 0;
    if (roce < 0 || roce > 3) fail(`Invalid RDMA type: ${roce}`);
    adapter.roce = roce;
    if (host.unknowns.roceLogged) {
      log(host, `iser: iser_set_roce: Setting roce type: ${roce} for vmhba: ${vmhba}`);
      log(host, `iser: iser_set_roce: Setting rdma port: 3260 for vmhba: ${vmhba}`);
    }
    return nothing;
  },
};

/** The form of a line in the vendor manual for 7.0. */
function log(host: HostState, text: string): void {
  host.log.push(`${new Date(host.clock).toISOString()} cpu6:2100717 opID=45abe37e)${text}`);
}

const deviceList: CommandSpec = {
  path: "rdma device list",
  effect: "read",
  help: "Logical devices currently registered on the system.",
  options: [],
  run: (host) =>
    table<RdmaDevice>("RDMADevice", host.rdmaDevices, {
      Name: ({ name }) => name,
      Driver: ({ driver }) => driver,
      State: ({ state }) => state,
      MTU: ({ mtu }) => mtu,
      Speed: ({ speed }) => speed,
      "Paired Uplink": ({ uplink }) => uplink,
      Description: ({ description }) => description,
    }),
};

const protocolList: CommandSpec = {
  path: "rdma device protocol list",
  effect: "read",
  help: "List the RDMA protocols supported by the device.",
  options: [],
  run: (host) =>
    table<RdmaDevice>("RDMAProtocols", host.rdmaDevices, {
      Device: ({ name }) => name,
      "RoCE v1": ({ v1 }) => v1,
      "RoCE v2": ({ v2 }) => v2,
      ...(builds[host.model].iwarpColumn ? { iWARP: ({ iwarp }: RdmaDevice) => iwarp } : {}),
    }),
};

/** A device has a row for each VMkernel adapter on its paired uplink, and none otherwise. */
const vmknicList: CommandSpec = {
  path: "rdma device vmknic list",
  effect: "read",
  help: "List the vmknics associated with the device.",
  options: [string("device", "d", "The RDMA device.")],
  run: (host, args) => {
    const name = args.text("device");
    const wanted = name === undefined ? host.rdmaDevices : host.rdmaDevices.filter((device) => device.name === name);
    if (wanted.length === 0 && name !== undefined) fail(`Unable to list vmknics for RDMA device (${name}).`);
    const rows = wanted.flatMap((device) =>
      host.interfaces
        .filter((vmk) => device.uplink !== "" && uplinksOf(host, vmk).active.includes(device.uplink))
        .map((vmk) => ({ device: device.name, vmk: vmk.name, netstack: vmk.netstack })),
    );
    return table("RDMAVmknics", rows, {
      Device: ({ device }) => device,
      Vmknic: ({ vmk }) => vmk,
      NetStack: ({ netstack }) => netstack,
    });
  },
};

const statistics = [
  "Packets received",
  "Packets sent",
  "Bytes received",
  "Bytes sent",
  "Error packets received",
  "Error packets sent",
  "Error length packets received",
  "Unicast packets received",
  "Multicast packets received",
  "Unicast bytes received",
  "Multicast bytes received",
  "Unicast packets sent",
  "Multicast packets sent",
  "Unicast bytes sent",
  "Multicast bytes sent",
  "Queue pairs allocated",
  ...["RESET", "INIT", "RTR", "RTS", "SQD", "SQE", "ERR"].map((state) => `Queue pairs in ${state} state`),
  "Queue pair events",
  "Completion queues allocated",
  "Completion queue events",
  "Shared receive queues allocated",
  "Shared receive queue events",
  "Protection domains allocated",
  "Memory regions allocated",
  "Address handles allocated",
  "Memory windows allocated",
];

/** One queue pair a session; everything else is 0. */
const statsGet: CommandSpec = {
  path: "rdma device stats get",
  effect: "read",
  help: "Query the stats for the device.",
  options: [string("device", "d", "The RDMA device.", required)],
  run: (host, args): Result => {
    const name = args.required("device");
    if (!named(host.rdmaDevices, name)) fail(`Unable to find RDMA device named ${name}`);
    const sessions = host.iscsiAdapters.find(({ device }) => device === name)?.sessions.length ?? 0;
    const inUse = new Set(["Queue pairs allocated", "Queue pairs in RTS state"]);
    const columns = Object.fromEntries(statistics.map((text) => [text, () => (inUse.has(text) ? sessions : 0)]));
    return record("RDMAStats", undefined, columns);
  },
};

export const rdmaCommands = [iserAdd, iserDelete, paramsSet, deviceList, protocolList, vmknicList, statsGet];
