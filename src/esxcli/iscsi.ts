import { type Options, read, write } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { single } from "./iscsiCommand.js";
import { integer, rows, type Said, text } from "./output.js";

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
  {},
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
  return read("iscsi adapter get", { adapter: vmhba }, (stdout) => single(list(stdout), stdout));
}

export interface AdapterNames {
  readonly iqn?: string | undefined;
  readonly alias?: string | undefined;
}

export const adapterSetPath = "iscsi adapter set";
/** Has ESXi leave the IQN as it is while sessions are active. 6.7 and 8.x have it, 5.x does not. [5x, 6.7, ESXCLI reference 8.0.2] */
export const skipIfSessionActive = "skip-if-session-active";

/** Sets the IQN, the alias or both. ESXi refuses a call with neither, and one that sets an alias with `skip-if-session-active`. [6.7] */
export function adapterSet(vmhba: string, { iqn, alias }: AdapterNames, skip = false): EsxcliCommand<Said> {
  return write(adapterSetPath, {
    adapter: vmhba,
    name: iqn,
    alias,
    [skipIfSessionActive]: skip ? null : undefined,
  });
}

/** Which NIC an adapter uses. A software iSCSI adapter has a row for every NIC of the host [seen on 5.0]; an iSER adapter's rows are inferred. */
export interface PhysicalNetworkPortal {
  readonly adapter: string;
  readonly vmnic: string;
}

export const physicalNetworkPortalList: EsxcliCommand<readonly PhysicalNetworkPortal[]> = read(
  "iscsi physicalnetworkportal list",
  {},
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

/** Of one adapter, or of all. [without an adapter: seen on 5.0] */
export function networkPortalList(vmhba?: string): EsxcliCommand<readonly NetworkPortal[]> {
  return read(
    "iscsi networkportal list",
    { adapter: vmhba },
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

function bindingArguments(vmhba: string, vmknic: string, force: boolean): Options {
  return { adapter: vmhba, nic: vmknic, force: force || undefined };
}
