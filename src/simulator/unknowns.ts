import type { Model } from "./model.js";

/**
 * What is not known of ESXi, as switches: no recording and no reference says which way a real host goes, so the simulator can
 * go each. A test that depends on one of these runs with all its values.
 */
export interface Unknowns {
  /**
   * How an iSER `vmhba#` is tied to its RDMA device. `portal`: `iscsi physicalnetworkportal list` has one row for it, its paired
   * uplink. `description`: only the description in `storage core adapter list` ends in `on vmrdma0`, as NVMe over RDMA adapters'
   * do (seen). `allNics`: every vmnic is listed for each adapter, as software iSCSI does (seen on 5.0). `none`: nowhere.
   */
  adapterDevice: "portal" | "description" | "allNics" | "none";
  /** Whether `rdma iser add|delete` of 7.0 take `--device`: 6.7.0 does not, 8.0.2 does. */
  deviceOptionOn70: boolean;
  /** What `rdma iser add` says when the adapter is there already. */
  secondIserAdd: "error" | "silent";
  /** Whether `rdma iser delete` takes the adapter away only at the next reboot. Known of 6.7.0: it does. */
  iserDeleteNeedsReboot: boolean;
  /** Whether iSER adapters come back after a reboot. With Mellanox's own driver on 6.5 they did not; nothing is known of the inbox driver. */
  adaptersPersist: boolean;
  /** Whether `rdma iser params set` outlives a reboot. */
  rocePersists: boolean;
  /** Whether the build logs `iser_set_roce`. The vendor manual shows it for 7.0. */
  roceLogged: boolean;
  /** A new iSER adapter is listed only from the read after this many reads of `iscsi adapter list`: counted, not timed. */
  adapterAppearsAfterReads: number;
  /**
   * A target that discovery finds is shown, with its portals and sessions, only from the read after this many reads of a target list:
   * counted, not timed.
   */
  targetsAppearAfterReads: number;
  /** What `iscsi adapter set --skip-if-session-active` says when it leaves the name as it is. */
  skippedNameChange: "silent" | "error";
  /** What `iscsi adapter set --alias ''` does. */
  emptyAlias: "empties" | "refused" | "ignored";
  /** What `auth chap set --default` of a send target or a target makes of it: its own prohibited CHAP, or the value of the level above. */
  defaultBelowAdapter: "own" | "inherits";
  /** Whether name and secret stay where CHAP is set to `prohibited`. */
  prohibitedChapName: "dropped" | "kept";
  /** Whether mutual CHAP without a required uni is refused only at the level that is set, or also where it comes about at a level that inherits. */
  chapBelowChecked: "levelOnly" | "inheriting";
  /** What happens to an iSER adapter's settings when a reboot swaps two `vmhba#`: they go with the device, or stay with the number. */
  settingsFollow: "device" | "number";
  /** Binding a VMkernel adapter a second time, or adding a send or static target that is there. */
  duplicate: "error" | "silent";
  /** Removing a binding, a target or an iSER device that is not there. */
  missing: "error" | "silent";
  /** Binding a VMkernel adapter that does not sit on the adapter's own uplink, without `--force`: refused, or listed as non-compliant. */
  nonCompliantBinding: "listed" | "refused";
  /** Whether targets that discovery found stay when their send target is removed. */
  discoveredTargetsStay: boolean;
  /**
   * Whether a card takes global pause while priority flow control is loaded, `pfctx` or `pfcrx` of its module. A user's notes say that it is
   * refused with "Unable to complete Sysinfo operation".
   */
  pauseWithPfc: "accepted" | "refused";
  /** Whether pause parameters outlive a reboot. For some drivers people set them again from `local.sh`. */
  pauseParamsPersist: boolean;
  /** What `network nic pauseParams set` does to an option that it is not given: leaves it, or takes it back to the driver's own value. */
  pauseSetWithout: "keeps" | "resets";
  /** How `system module parameters list` shows a number that was set as `0x08`. Of decimal ones it is known (seen on 6.0). */
  moduleValues: "asGiven" | "decimal";
  /** Whether the devices of a target show only after a rescan that follows the login. */
  devicesNeedRescan: boolean;
  /** Whether a virtual switch may have a smaller MTU than a VMkernel adapter on it: each of the two commands that would make it so is taken or refused. */
  mtuBeyondSwitch: "accepted" | "refused";
  /** Removing a VMkernel adapter that is bound to an iSCSI adapter: refused, or the binding goes with it. */
  removeBoundInterface: "refused" | "accepted";
  /** Where an uplink that is added to a virtual switch comes in its failover order: last of the active ones, or nowhere. */
  addedUplink: "active" | "unused";
  /** What `network diag ping` does where nothing comes back: counts the packets, or fails. One too large for the VMkernel adapter always fails. */
  lostPing: "counted" | "failure";
  /** An empty table in text: `esxcli` printed nothing on 5.0 (seen), `localcli` prints the header (seen on a later build). */
  emptyTable: "nothing" | "header";
  /** What a command without a result prints with a machine formatter: nothing, or an empty document. */
  voidResult: "nothing" | "document";
  /** Where the prompt for a secret goes without a terminal. Python's getpass, which esxcli uses, falls back to standard error. */
  promptOn: "stdout" | "stderr";
  /** The Namespace of `esxcli command list`: `iscsi.adapter` (seen on 5.x) or `iscsi adapter`. */
  commandListNamespace: "dotted" | "blanks";
  /** Whether CSV lines end in a comma (from memory only). */
  csvTrailingComma: boolean;
  /** Whether an XML document begins with `<?xml …?>`. The recording begins with `<output`. */
  xmlDeclaration: boolean;
}

export function defaultUnknowns(model: Model): Unknowns {
  return {
    adapterDevice: "portal",
    deviceOptionOn70: false,
    secondIserAdd: "error",
    iserDeleteNeedsReboot: model === "6.7",
    adaptersPersist: true,
    rocePersists: true,
    roceLogged: true,
    adapterAppearsAfterReads: 0,
    targetsAppearAfterReads: 0,
    skippedNameChange: "silent",
    emptyAlias: "empties",
    defaultBelowAdapter: "own",
    prohibitedChapName: "dropped",
    chapBelowChecked: "levelOnly",
    settingsFollow: "device",
    duplicate: "error",
    missing: "error",
    nonCompliantBinding: "listed",
    discoveredTargetsStay: false,
    pauseWithPfc: "accepted",
    pauseParamsPersist: true,
    pauseSetWithout: "keeps",
    moduleValues: "asGiven",
    devicesNeedRescan: false,
    mtuBeyondSwitch: "accepted",
    removeBoundInterface: "refused",
    addedUplink: "active",
    lostPing: "counted",
    emptyTable: "nothing",
    voidResult: "nothing",
    promptOn: "stderr",
    commandListNamespace: "dotted",
    csvTrailingComma: true,
    xmlDeclaration: false,
  };
}
