import type { Argument, EsxcliCommand } from "./command.js";
import { integer, notUnderstood, rows, type Said, said, text } from "./output.js";

/** A row of `iscsi adapter list`. [columns: 6.7 and seen for software iSCSI] */
export interface IscsiAdapter {
  /** `vmhba64`: handed out by the host, and not the same after every reboot. */
  readonly adapter: string;
  /** `iser`, or `iscsi_vmk` for software iSCSI. */
  readonly driver: string;
  /** `online`, `offline` or `unbound`. [6.7] */
  readonly state: string;
  readonly uid: string;
  readonly description: string;
}

export const adapterList: EsxcliCommand<readonly IscsiAdapter[]> = read(
  "iscsi adapter list",
  [],
  rows({
    adapter: text("Adapter"),
    driver: text("Driver"),
    state: text("State"),
    uid: text("UID"),
    description: text("Description"),
  }),
);

/** General properties: the IQN is the field Name. [6.7] */
export interface AdapterInfo {
  readonly iqn: string;
  readonly alias: string;
}

export function adapterGet(vmhba: string): EsxcliCommand<AdapterInfo> {
  const list = rows({ iqn: text("Name"), alias: text("Alias") });
  return read("iscsi adapter get", onAdapter(vmhba), (stdout) => single(list(stdout), stdout));
}

export interface AdapterNames {
  readonly iqn?: string | undefined;
  readonly alias?: string | undefined;
}

/** Sets the IQN, the alias or both. ESXi refuses a call with neither. [6.7] */
export function adapterSet(vmhba: string, { iqn, alias }: AdapterNames): EsxcliCommand<Said> {
  return write("iscsi adapter set", [
    ...onAdapter(vmhba),
    ...(iqn === undefined ? [] : [{ name: "name", value: iqn }]),
    ...(alias === undefined ? [] : [{ name: "alias", value: alias }]),
  ]);
}

/** Which NIC an adapter uses. A software iSCSI adapter has a row for every NIC of the host [seen on 5.0]; an iSER adapter's rows are inferred. */
export interface PhysicalNetworkPortal {
  readonly adapter: string;
  readonly vmnic: string;
}

export const physicalNetworkPortalList: EsxcliCommand<readonly PhysicalNetworkPortal[]> = read(
  "iscsi physicalnetworkportal list",
  [],
  rows({ adapter: text("Adapter"), vmnic: text("Vmnic") }),
);

/** A port binding, as `iscsi networkportal list` shows it. [6.7 and seen on 5.0] */
export interface NetworkPortal {
  readonly adapter: string;
  readonly vmknic: string;
  readonly ipv4: string;
  readonly mtu: number;
  /** `compliant` or `non-compliant` */
  readonly compliantStatus: string;
  readonly nonCompliantMessage: string;
  readonly virtualSwitch: string;
  readonly portGroup: string;
  /** `unused`, `active`, `standby` or `last path` */
  readonly pathStatus: string;
}

export function networkPortalList(vmhba: string): EsxcliCommand<readonly NetworkPortal[]> {
  return read(
    "iscsi networkportal list",
    onAdapter(vmhba),
    rows({
      adapter: text("Adapter"),
      vmknic: text("Vmknic"),
      ipv4: text("IPv4"),
      mtu: integer("MTU"),
      compliantStatus: text("CompliantStatus"),
      nonCompliantMessage: text("NonCompliantMessage"),
      virtualSwitch: text("Vswitch"),
      portGroup: text("PortGroup"),
      pathStatus: text("PathStatus"),
    }),
  );
}

/** `--force` takes a boolean value in every call that was seen. */
export function networkPortalAdd(vmhba: string, vmknic: string, force: boolean): EsxcliCommand<Said> {
  return write("iscsi networkportal add", bindingArguments(vmhba, vmknic, force));
}

export function networkPortalRemove(vmhba: string, vmknic: string, force: boolean): EsxcliCommand<Said> {
  return write("iscsi networkportal remove", bindingArguments(vmhba, vmknic, force));
}

function bindingArguments(vmhba: string, vmknic: string, force: boolean): Argument[] {
  return [...onAdapter(vmhba), { name: "nic", value: vmknic }, ...(force ? [{ name: "force", value: true }] : [])];
}

/** SendTargets addresses as ESXi prints them, `192.168.1.107:3260` [seen on 5.0]; IPv6 as `[fd00::1]:3260` is inferred. */
export function sendTargetList(vmhba: string): EsxcliCommand<readonly { readonly sendtarget: string }[]> {
  return read("iscsi adapter discovery sendtarget list", onAdapter(vmhba), rows({ sendtarget: text("Sendtarget") }));
}

/** Adds a discovery address. It does not discover: that is `rediscover`. [6.7] */
export function sendTargetAdd(vmhba: string, address: string): EsxcliCommand<Said> {
  return write("iscsi adapter discovery sendtarget add", [...onAdapter(vmhba), { name: "address", value: address }]);
}

export function sendTargetRemove(vmhba: string, address: string): EsxcliCommand<Said> {
  return write("iscsi adapter discovery sendtarget remove", [...onAdapter(vmhba), { name: "address", value: address }]);
}

/** Starts discovery and returns at once: `Rediscovery started`. [seen on 5.0] */
export function rediscover(vmhba: string): EsxcliCommand<Said> {
  return write("iscsi adapter discovery rediscover", onAdapter(vmhba));
}

export const chapLevels = ["prohibited", "discouraged", "preferred", "required"] as const;
export type ChapLevel = (typeof chapLevels)[number];
/** `uni`: the target authenticates the initiator. `mutual`: the initiator also authenticates the target. */
export type ChapDirection = "uni" | "mutual";

/** What can be read back of CHAP. The secret never can. [6.7] */
export interface ChapState {
  readonly level: ChapLevel;
  readonly name: string;
}

/**
 * CHAP of one direction. No output of a real host is known. One row a direction is expected; no row at all is read as CHAP never
 * having been set.
 */
export function chapGet(vmhba: string, direction: ChapDirection): EsxcliCommand<ChapState> {
  const list = rows({ direction: text("Direction"), name: text("Name"), level: text("Level") });
  return read(
    "iscsi adapter auth chap get",
    [...onAdapter(vmhba), { name: "direction", value: direction }],
    (stdout) => {
      const all = list(stdout);
      const row =
        all.length > 1 ? all.find((candidate) => candidate.direction.toLowerCase().startsWith(direction)) : all[0];
      if (row === undefined && all.length === 0) return { level: "prohibited", name: "" };
      const level = chapLevels.find((known) => known === row?.level.toLowerCase());
      if (row === undefined || level === undefined)
        throw notUnderstood(`no CHAP level of direction ${direction}`, stdout);
      return { level, name: row.name };
    },
  );
}

export interface ChapValues {
  readonly level: ChapLevel;
  readonly name: string;
  readonly secret: string;
}

/** Sets CHAP of one direction. Level, name and secret go together, or ESXi refuses. [6.7] */
export function chapSet(
  vmhba: string,
  direction: ChapDirection,
  { level, name, secret }: ChapValues,
  via: "prompt" | "argument",
): EsxcliCommand<Said> {
  return {
    ...write("iscsi adapter auth chap set", [
      ...onAdapter(vmhba),
      { name: "direction", value: direction },
      { name: "level", value: level },
      { name: "authname", value: name },
    ]),
    secret: { name: "secret", value: secret, via },
  };
}

/** Takes CHAP of one direction back to ESXi's default. `--default` is a flag: it takes no value. [6.7] */
export function chapDefault(vmhba: string, direction: ChapDirection): EsxcliCommand<Said> {
  return write("iscsi adapter auth chap set", [
    ...onAdapter(vmhba),
    { name: "direction", value: direction },
    { name: "default" },
  ]);
}

function onAdapter(vmhba: string): Argument[] {
  return [{ name: "adapter", value: vmhba }];
}

function read<T>(path: string, args: readonly Argument[], decode: (stdout: string) => T): EsxcliCommand<T> {
  return { kind: "esxcli", path, args, effect: "read", decode };
}

function write(path: string, args: readonly Argument[]): EsxcliCommand<Said> {
  return { kind: "esxcli", path, args, effect: "write", decode: said };
}

function single<T>(list: readonly T[], stdout: string): T {
  const [row, ...more] = list;
  if (row === undefined || more.length > 0) throw notUnderstood(`expected one row, found ${list.length}`, stdout);
  return row;
}
