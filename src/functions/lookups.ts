import type * as pulumi from "@pulumi/pulumi";
import { adapterGet } from "../esxcli/iscsi.js";
import { deviceList, protocolList } from "../esxcli/rdma.js";
import { isFound, observeAdapters, owners, resolve, unresolved } from "../resources/adapterReference.js";
import type { Ask } from "../resources/definition.js";
import { type FoundSession, type FoundTarget, type Looked, sessionsOf, targetsOf } from "../resources/inventory.js";
import {
  type AdapterLookupArgs,
  type AdapterLookupOutputArgs,
  type LookupArgs,
  type LookupOutputArgs,
  read,
  whenKnown,
} from "./reading.js";

/** An RDMA device as the host lists it. */
export interface FoundRdmaDevice {
  /** `vmrdma0` */
  readonly name: string;
  /** `nmlx5_rdma` */
  readonly driver: string;
  /** `Active` or `Down`. */
  readonly state: string;
  /** The RDMA MTU, 256 to 4096: not the Ethernet MTU. */
  readonly mtu: number;
  /** `100 Gbps` */
  readonly speed: string;
  /** The paired uplink, `vmnic4`; empty when it has none. */
  readonly uplink: string;
  readonly description: string;
  /** What it speaks. ESXi 6.7 does not list iWARP: it is false there. */
  readonly protocols: { readonly roceV1: boolean; readonly roceV2: boolean; readonly iwarp: boolean };
}

/**
 * The RDMA devices of a host: `esxcli rdma device list` and `rdma device protocol list`. Read at once, from the program's own process.
 *
 * Errors: INPUT_INVALID, those of reaching a host, COMMAND_FAILED. Sources: 6.7 and seen.
 *
 * @example
 * const active = (await getRdmaDevices({ host: "esx01.lab" })).filter(({ state }) => state === "Active");
 */
export function getRdmaDevices(args: LookupArgs): Promise<FoundRdmaDevice[]> {
  return read(args, async (ask) => {
    const [devices, protocols] = await Promise.all([ask(deviceList), ask(protocolList)]);
    return devices.map(({ pairedUplink, ...device }) => {
      const spoken = protocols.find((row) => row.device === device.name);
      return {
        ...device,
        uplink: pairedUplink,
        protocols: { roceV1: spoken?.v1 ?? false, roceV2: spoken?.v2 ?? false, iwarp: spoken?.iwarp ?? false },
      };
    });
  });
}

/** `getRdmaDevices` with inputs. Unknown in a preview while they are; a secret when one of them is. */
export function getRdmaDevicesOutput(args: LookupOutputArgs): pulumi.Output<FoundRdmaDevice[]> {
  return whenKnown(args, getRdmaDevices);
}

/** An iSER adapter as the host lists it. */
export interface FoundIserAdapter {
  /** `vmhba64`: handed out by the host, and not the same after every reboot. */
  readonly vmhba: string;
  /** Its RDMA device, `vmrdma0`. Left out where the host does not say which it is. */
  readonly device?: string;
  /** The paired uplink of that, `vmnic4`. */
  readonly uplink?: string;
  readonly iqn: string;
  readonly alias: string;
  /** `online`, `offline` or `unbound`. */
  readonly state: string;
  readonly description: string;
}

/**
 * The iSER adapters of a host: `esxcli iscsi adapter list` and `iscsi adapter get`.
 *
 * Errors: INPUT_INVALID, those of reaching a host, COMMAND_FAILED. Sources: 6.7; which RDMA device an adapter has is inferred, as for the resources.
 *
 * @example
 * const iqns = (await getIserAdapters({ host: "esx01.lab" })).map(({ iqn }) => iqn);
 */
export function getIserAdapters(args: LookupArgs): Promise<FoundIserAdapter[]> {
  return read(args, async (ask) => {
    const owned = owners(await observeAdapters(ask));
    return Promise.all(
      [...owned].map(async ([{ adapter: vmhba, state, description }, device]) => {
        const { iqn, alias } = await ask(adapterGet(vmhba));
        const owner = device === undefined ? {} : { device: device.name, uplink: device.pairedUplink };
        return { vmhba, ...owner, iqn, alias, state, description };
      }),
    );
  });
}

/** `getIserAdapters` with inputs. Unknown in a preview while they are; a secret when one of them is. */
export function getIserAdaptersOutput(args: LookupOutputArgs): pulumi.Output<FoundIserAdapter[]> {
  return whenKnown(args, getIserAdapters);
}

/**
 * The targets of one adapter, or of all iSER adapters of a host, a row each address: `esxcli iscsi adapter target list` and `target portal list`.
 * An RDMA device that has no adapter yet has none.
 *
 * Errors: INPUT_INVALID, DEVICE_NOT_FOUND, ADAPTER_NOT_FOUND (a `vmhba#`), ADAPTER_AMBIGUOUS, those of reaching a host, COMMAND_FAILED. Sources: seen on 5.0, 6.7.
 *
 * @example
 * const failing = (await getTargets({ host: "esx01.lab" })).filter(({ lastError }) => lastError !== "No Error");
 */
export function getTargets(args: AdapterLookupArgs): Promise<FoundTarget[]> {
  return read(args, async (ask, adapter) => [...(await targetsOf(ask, await adaptersOf(ask, adapter)))]);
}

/** `getTargets` with inputs. Unknown in a preview while they are, or while an IserAdapter that is given is still to be made; a secret when one of them is. */
export function getTargetsOutput(args: AdapterLookupOutputArgs): pulumi.Output<FoundTarget[]> {
  return whenKnown(args, getTargets);
}

/**
 * The iSCSI sessions of one adapter, or of all iSER adapters of a host, with their connections: `esxcli iscsi session list` and
 * `session connection list`. An RDMA device that has no adapter yet has none.
 *
 * Errors: as `getTargets`, and COMMAND_TIMEOUT: the list can hang while targets come and go. Sources: seen on 5.0, 6.7.
 *
 * @example
 * const sessions = await getSessions({ host: "esx01.lab", adapter: "vmrdma0" });
 */
export function getSessions(args: AdapterLookupArgs): Promise<FoundSession[]> {
  return read(args, async (ask, adapter) => [...(await sessionsOf(ask, await adaptersOf(ask, adapter)))]);
}

/** `getSessions` with inputs. Unknown in a preview while they are, or while an IserAdapter that is given is still to be made; a secret when one of them is. */
export function getSessionsOutput(args: AdapterLookupOutputArgs): pulumi.Output<FoundSession[]> {
  return whenKnown(args, getSessions);
}

async function adaptersOf(ask: Ask, reference: string | undefined): Promise<readonly Looked[]> {
  const view = await observeAdapters(ask);
  if (reference === undefined) {
    return [...owners(view)].map(([{ adapter }, device]) => ({ vmhba: adapter, adapter: device?.name ?? adapter }));
  }
  const resolution = resolve(view, reference);
  if (isFound(resolution)) return [{ vmhba: resolution.vmhba, adapter: resolution.device?.name ?? resolution.vmhba }];
  if (resolution.kind === "absent") return [];
  throw unresolved(resolution);
}
