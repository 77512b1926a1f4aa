import { read } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { integer, rows, text } from "./output.js";

/** A target of an adapter, whatever its portals. [seen on 5.0; field names of 5.x; 6.7 has an alias in place of Max Cons] */
export interface Target {
  readonly adapter: string;
  /** Its iSCSI name. */
  readonly target: string;
  /** `STATIC`, `SENDTARGETS`, `SLP` or `ISNS`; may end in a blank. [6.7] */
  readonly discoveryMethod: string;
  /** `No Error` [seen], or `0x0201 Initiator could not be successfully authenticated.` and the like. [6.7] */
  readonly lastError: string;
}

export function targetList(vmhba?: string): EsxcliCommand<readonly Target[]> {
  return read(
    "iscsi adapter target list",
    { adapter: vmhba },
    rows({
      adapter: text("Adapter"),
      target: text("Target"),
      discoveryMethod: text("DiscoveryMethod"),
      lastError: text("LastError"),
    }),
  );
}

/** One address of a target, discovered or static. [seen on 5.0; field names of 5.x] */
export interface TargetPortal {
  readonly adapter: string;
  readonly target: string;
  /** Without a port. [seen for IPv4; whether IPv6 has brackets is not known] */
  readonly ip: string;
  readonly port: number;
}

export function targetPortalList(vmhba?: string): EsxcliCommand<readonly TargetPortal[]> {
  return read(
    "iscsi adapter target portal list",
    { adapter: vmhba },
    rows({ adapter: text("Adapter"), target: text("Target"), ip: text("IP"), port: integer("Port") }),
  );
}

/** A session of an adapter with a target. [seen on 5.0; field names of 5.x] */
export interface Session {
  readonly adapter: string;
  readonly target: string;
  /** `00023d000001` */
  readonly isid: string;
  /** `none`, `chap` and the like. */
  readonly authenticationMethod: string;
}

/** Can hang while targets flap [seen, in an issue of ceph-iscsi]: the time of every command is bounded. */
export function sessionList(vmhba?: string): EsxcliCommand<readonly Session[]> {
  return read(
    "iscsi session list",
    { adapter: vmhba },
    rows({
      adapter: text("Adapter"),
      target: text("Target"),
      isid: text("ISID"),
      authenticationMethod: text("AuthenticationMethod"),
    }),
  );
}

/** A connection of a session. [seen on 5.0; field names of 5.x] */
export interface Connection extends Omit<Session, "authenticationMethod"> {
  readonly cid: number;
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** `logged_in` [seen]; also `free`, `xpt_wait`, `xpt_up`, `in_login`, `in_logout`, `logout_requested`, `cleanup_wait`. [6.7] */
  readonly state: string;
}

export function connectionList(vmhba?: string): EsxcliCommand<readonly Connection[]> {
  return read(
    "iscsi session connection list",
    { adapter: vmhba },
    rows({
      adapter: text("Adapter"),
      target: text("Target"),
      isid: text("ISID"),
      cid: integer("CID"),
      remoteAddress: text("RemoteAddress"),
      localAddress: text("LocalAddress"),
      state: text("State"),
    }),
  );
}
