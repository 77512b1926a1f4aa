import { listedSessions, listedTargets } from "../iscsi.js";
import { blocks, nothing, table, value } from "../result.js";
import { type Args, type CommandSpec, string } from "../spec.js";
import { fail, type HostState, type IscsiAdapter, type Session } from "../state.js";
import { adapterFilter, adapterGiven, adapterOption, adaptersWanted } from "./common.js";
import { parameters } from "./iscsiParams.js";

const nameOption = string("name", "n", "The iSCSI target name.");
const isidOption = string("isid", "s", "The iSCSI session identifier.");

/** One row a target, whatever its portals. The columns are those of 6.7.0; 5.0 had `Max Cons` in place of the alias (seen). */
const targetList: CommandSpec = {
  path: "iscsi adapter target list",
  effect: "read",
  help: "List the targets of the iSCSI adapters.",
  options: [adapterFilter, nameOption],
  run: (host, args) => {
    const rows = targetRows(host, args);
    const first = rows.filter(
      ({ vmhba, target }, at) =>
        rows.findIndex((other) => other.vmhba === vmhba && other.target.name === target.name) === at,
    );
    return table("Target", first, {
      Adapter: ({ vmhba }) => vmhba,
      Target: ({ target }) => target.name,
      Alias: () => "",
      "Discovery Method": ({ target }) => target.method,
      "Last Error": ({ target }) => target.lastError,
    });
  },
};

const portalList: CommandSpec = {
  path: "iscsi adapter target portal list",
  effect: "read",
  help: "List the target portals of the iSCSI adapters.",
  options: [adapterFilter, nameOption],
  run: (host, args) =>
    table("TargetPortal", targetRows(host, args), {
      Adapter: ({ vmhba }) => vmhba,
      Target: ({ target }) => target.name,
      IP: ({ target }) => target.address,
      Port: ({ target }) => target.port,
      Tpgt: () => 1,
    }),
};

function targetRows(host: HostState, args: Args) {
  const name = args.text("name");
  return adaptersWanted(host, args).flatMap((adapter) => {
    const listed = listedTargets(adapter);
    for (const target of adapter.targets) target.readsUntilListed = Math.max(0, target.readsUntilListed - 1);
    return listed
      .filter((target) => name === undefined || target.name === name)
      .map((target) => ({ vmhba: adapter.vmhba, target }));
  });
}

interface Row {
  readonly vmhba: string;
  readonly session: Session;
}

function sessionRows(host: HostState, args: Args): Row[] {
  return adaptersWanted(host, args).flatMap((adapter) =>
    listedSessions(adapter)
      .filter(wanted(args))
      .map((session) => ({ vmhba: adapter.vmhba, session })),
  );
}

/** The sessions that `--name` and `--isid` leave. Text of 6.7.0. */
function wanted(args: Args): (session: Session) => boolean {
  const name = args.text("name");
  const isid = args.text("isid");
  if (isid !== undefined && name === undefined) fail("Should not use isid option alone, missing target option.");
  return (session) => (name === undefined || session.target === name) && (isid === undefined || session.isid === isid);
}

function negotiated({ params }: Session, key: string): string {
  return params[key] ?? parameters.find(({ name }) => name === key)?.initial ?? "";
}

const number =
  (key: string) =>
  ({ session }: Row) =>
    Number(negotiated(session, key));
const bool =
  (key: string) =>
  ({ session }: Row) =>
    negotiated(session, key) === "true";

const sessionList: CommandSpec = {
  path: "iscsi session list",
  effect: "read",
  help: "List the iSCSI sessions.",
  options: [adapterFilter, nameOption, isidOption],
  run: (host, args) => {
    const heading = ({ vmhba, session }: Row) => `${vmhba},${session.target},${session.isid}`;
    return blocks<Row>(
      "Session",
      sessionRows(host, args),
      heading,
      {
        Adapter: ({ vmhba }) => vmhba,
        Target: ({ session }) => session.target,
        ISID: ({ session }) => session.isid,
        TargetPortalGroupTag: () => 1,
        AuthenticationMethod: ({ session }) => session.authentication,
        DataPduInOrder: () => true,
        DataSequenceInOrder: () => true,
        DefaultTime2Retain: number("DefaultTime2Retain"),
        DefaultTime2Wait: number("DefaultTime2Wait"),
        ErrorRecoveryLevel: number("ErrorRecoveryLevel"),
        FirstBurstLength: number("FirstBurstLength"),
        ImmediateData: bool("ImmediateData"),
        InitialR2T: bool("InitialR2T"),
        MaxBurstLength: number("MaxBurstLength"),
        MaxConnections: () => 1,
        MaxOutstandingR2T: number("MaxOutstandingR2T"),
        TSIH: ({ session }) => session.tsih,
      },
      { ID: heading },
    );
  },
};

const sessionRemove: CommandSpec = {
  path: "iscsi session remove",
  effect: "write",
  help: "Remove iSCSI sessions.",
  options: [adapterOption, nameOption, isidOption],
  run: (host, args) => {
    const adapter: IscsiAdapter = adapterGiven(host, args);
    const isGone = wanted(args);
    if (!adapter.sessions.some(isGone)) fail("Failed to find matching object.");
    adapter.sessions = adapter.sessions.filter((session) => !isGone(session));
    return nothing;
  },
};

const connectionList: CommandSpec = {
  path: "iscsi session connection list",
  effect: "read",
  help: "List the iSCSI connections.",
  options: [adapterFilter, nameOption, isidOption, string("cid", "c", "The iSCSI connection identifier.")],
  run: (host, args) => {
    const heading = ({ vmhba, session }: Row) => `${vmhba},${session.target},${session.isid},0`;
    const digest =
      (key: string) =>
      ({ session }: Row) =>
        ["preferred", "required"].includes(negotiated(session, key)) ? "CRC32C" : "NONE";
    const time = ({ session }: Row) => americanTime(session.createdAt);
    const rows = sessionRows(host, args).filter(() => (args.text("cid") ?? "0") === "0");
    return blocks<Row>(
      "Connection",
      rows,
      heading,
      {
        Adapter: ({ vmhba }) => vmhba,
        Target: ({ session }) => session.target,
        ISID: ({ session }) => session.isid,
        CID: () => 0,
        DataDigest: digest("DataDigest"),
        HeaderDigest: digest("HeaderDigest"),
        IFMarker: () => false,
        IFMarkerInterval: () => 0,
        MaxRecvDataSegmentLength: number("MaxRecvDataSegment"),
        MaxTransmitDataSegmentLength: () => 32768,
        OFMarker: () => false,
        OFMarkerInterval: () => 0,
        ConnectionAddress: ({ session }) => session.address,
        RemoteAddress: ({ session }) => session.address,
        LocalAddress: ({ session }) => session.localAddress,
        SessionCreateTime: time,
        ConnectionCreateTime: time,
        ConnectionStartTime: time,
        State: ({ session }) => session.connection ?? "logged_in",
      },
      { ID: heading },
    );
  },
};

/** `12/14/12 18:59:57` (seen) */
function americanTime(milliseconds: number): string {
  const [year = "", month, day, time] = new Date(milliseconds).toISOString().split(/[-T.]/);
  return `${month}/${day}/${year.slice(2)} ${time}`;
}

/** The software adapter is not needed for iSER. */
const softwareGet: CommandSpec = {
  path: "iscsi software get",
  effect: "read",
  help: "Software iSCSI information.",
  options: [],
  run: (host) => value(host.softwareIscsi),
};

export const iscsiSessionCommands = [targetList, portalList, sessionList, sessionRemove, connectionList, softwareGet];
