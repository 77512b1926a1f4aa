import { connectionList, sessionList, targetList, targetPortalList } from "../esxcli/iscsiSession.js";
import { pathList, storageDeviceList, targetOf } from "../esxcli/storage.js";
import type { Ask } from "./definition.js";
import { canonicalAddress, withoutBrackets } from "./fields.js";

/** An adapter to look at, and what it is called by: its RDMA device, or its `vmhba#` where that is not known. */
export interface Looked {
  readonly vmhba: string;
  readonly adapter: string;
}

/** One address of a target, discovered or static. */
export type FoundTarget = {
  /** The RDMA device of the adapter, `vmrdma0`; the `vmhba#` of an adapter that has none. */
  readonly adapter: string;
  /** The iSCSI name. */
  readonly targetName: string;
  readonly address: string;
  readonly port: number;
  /** `SENDTARGETS` or `STATIC`. */
  readonly discoveryMethod: string;
  /** ESXi's words for the last failure to log in to the target, `No Error` when there is none. */
  readonly lastError: string;
};

/** A session of an adapter with a target, as `esxcli iscsi session list` has it. */
export type FoundSession = {
  readonly adapter: string;
  readonly targetName: string;
  readonly isid: string;
  /** `none`, `chap` and the like. */
  readonly authenticationMethod: string;
  readonly connections: readonly {
    /** Of the target. */
    readonly address: string;
    /** `logged_in` when it works. */
    readonly state: string;
  }[];
};

/** A device that is reached through an adapter. */
export type FoundDevice = {
  /** `naa.…`: the same on every host. */
  readonly name: string;
  readonly displayName: string;
  /** In MB of 1024 × 1024 bytes. */
  readonly sizeMb: number;
  readonly paths: readonly {
    readonly adapter: string;
    /** `vmhba64:C0:T0:L1` */
    readonly runtimeName: string;
    /** Left out where the host does not say it. */
    readonly targetName?: string;
    readonly lun: number;
    /** `active`, `standby`, `dead` and the like. */
    readonly state: string;
  }[];
};

/** One adapter is asked by itself; several are picked out of the answers for all. */
function asked(adapters: readonly Looked[]): string | undefined {
  return adapters.length === 1 ? adapters[0]?.vmhba : undefined;
}

/** The rows of these adapters, each with what its adapter is called by. */
function of<T extends { readonly adapter: string }>(adapters: readonly Looked[], rows: readonly T[]) {
  return rows.flatMap((row) => {
    const found = adapters.find(({ vmhba }) => vmhba === row.adapter);
    return found === undefined ? [] : [{ ...row, vmhba: row.adapter, adapter: found.adapter }];
  });
}

/** The targets of some adapters, a row each address. */
export async function targetsOf(ask: Ask, adapters: readonly Looked[]): Promise<readonly FoundTarget[]> {
  if (adapters.length === 0) return [];
  const vmhba = asked(adapters);
  const [targets, portals] = await Promise.all([ask(targetList(vmhba)), ask(targetPortalList(vmhba))]);
  return inOrder(
    of(adapters, portals).map(({ adapter, vmhba, target, ip, port }) => {
      const listed = targets.find((one) => one.adapter === vmhba && one.target === target);
      return {
        adapter,
        targetName: target,
        address: plain(ip),
        port,
        discoveryMethod: listed?.discoveryMethod.trim() ?? "",
        lastError: listed?.lastError.trim() ?? "",
      };
    }),
    ({ adapter, targetName, address, port }) => `${adapter} ${targetName} ${address} ${port}`,
  );
}

/** The sessions of some adapters. */
export async function sessionsOf(ask: Ask, adapters: readonly Looked[]): Promise<readonly FoundSession[]> {
  if (adapters.length === 0) return [];
  const vmhba = asked(adapters);
  const [sessions, connections] = await Promise.all([ask(sessionList(vmhba)), ask(connectionList(vmhba))]);
  return inOrder(
    of(adapters, sessions).map(({ adapter, vmhba, target, isid, authenticationMethod }) => ({
      adapter,
      targetName: target,
      isid,
      authenticationMethod,
      connections: connections
        .filter((one) => one.adapter === vmhba && one.target === target && one.isid === isid)
        .map(({ remoteAddress, state }) => ({ address: plain(remoteAddress), state })),
    })),
    ({ adapter, targetName, isid }) => `${adapter} ${targetName} ${isid}`,
  );
}

/** Whether a session with a target is up, over whichever of its addresses. */
export function isLoggedIn(sessions: readonly FoundSession[], { adapter, targetName }: FoundTarget): boolean {
  return sessions.some((one) => one.adapter === adapter && one.targetName === targetName && one.connections.some(isUp));
}

/** Of a connection of a session. */
export function isUp({ state }: { readonly state: string }): boolean {
  return state.toLowerCase() === "logged_in";
}

/** The devices that are reached through some adapters, with the paths over these. */
export async function devicesOf(ask: Ask, adapters: readonly Looked[]): Promise<readonly FoundDevice[]> {
  if (adapters.length === 0) return [];
  const [paths, devices] = await Promise.all([ask(pathList), ask(storageDeviceList)]);
  const ours = of(adapters, paths);
  return inOrder(
    devices
      .filter(({ device }) => ours.some((path) => path.device === device))
      .map(({ device, displayName, size }) => ({
        name: device,
        displayName,
        sizeMb: size,
        paths: inOrder(
          ours
            .filter((path) => path.device === device)
            .map((path) => {
              const targetName = targetOf(path);
              const { adapter, runtimeName, lun, state } = path;
              return { adapter, runtimeName, ...(targetName === undefined ? {} : { targetName }), lun, state };
            }),
          ({ runtimeName }) => runtimeName,
        ),
      })),
    ({ name }) => name,
  );
}

/** An address in its shortest form and without brackets. */
function plain(ip: string): string {
  return canonicalAddress(withoutBrackets(ip)) ?? ip;
}

/** ESXi's order is not documented; one that is always the same shows no change where there is none. */
function inOrder<T>(all: readonly T[], key: (one: T) => string): readonly T[] {
  return [...all].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
