import { blocks, nothing, table } from "../result.js";
import { type CommandSpec, flag, string } from "../spec.js";
import { fail, type HostState, type IscsiAdapter } from "../state.js";
import { adapterFilter, adapterGiven, adapterOption, adaptersWanted } from "./common.js";
import { paramGet, paramSet } from "./iscsiParams.js";

/** `unbound` before port binding and `online` after: inferred from the list of states in 6.7.0. */
function stateOf({ driver, bindings }: IscsiAdapter): string {
  return driver === "iser" && bindings.length === 0 ? "unbound" : "online";
}

/** The description is that of the 6.7.0 module; the software adapter's was seen. */
export function descriptionOf({ driver }: IscsiAdapter): string {
  return driver === "iser" ? "VMware iSCSI over RDMA (iSER) Adapter" : "iSCSI Software Adapter";
}

const list: CommandSpec = {
  path: "iscsi adapter list",
  effect: "read",
  help: "List all the iSCSI Host Bus Adapters on the system.",
  options: [adapterFilter],
  run: (host, args) => {
    const listed = adaptersWanted(host, args);
    // Counted, not timed, so that a test that waits for an adapter takes no time.
    for (const adapter of host.iscsiAdapters) adapter.readsUntilListed = Math.max(0, adapter.readsUntilListed - 1);
    return table<IscsiAdapter>("iScsiAdapter", listed, {
      Adapter: ({ vmhba }) => vmhba,
      Driver: ({ driver }) => driver,
      State: stateOf,
      UID: ({ vmhba }) => `iscsi.${vmhba}`,
      Description: descriptionOf,
    });
  },
};

/** `Is NIC` and the two `Using …` are strings, not booleans. 6.7.0 */
const get: CommandSpec = {
  path: "iscsi adapter get",
  effect: "read",
  help: "Get the properties for the iSCSI Host Bus Adapter.",
  options: [adapterOption],
  run: (host, args) => {
    const heading = ({ vmhba }: IscsiAdapter) => vmhba;
    return blocks<IscsiAdapter>(
      "AdapterInfo",
      [adapterGiven(host, args)],
      heading,
      {
        Name: ({ iqn }) => iqn,
        Alias: ({ alias }) => alias,
        Vendor: () => "VMware",
        Model: descriptionOf,
        Description: descriptionOf,
        "Serial Number": () => "",
        "Hardware Version": () => "",
        "Asic Version": () => "",
        "Firmware Version": () => "",
        "Option Rom Version": () => "",
        "Driver Name": ({ driver }) => (driver === "iser" ? "iser-vmk" : "iscsi_vmk"),
        "Driver Version": () => "",
        "TCP Protocol Supported": () => false,
        "Bidirectional Transfers Supported": () => false,
        "Maximum Cdb Length": () => 64,
        "Can Be NIC": () => false,
        "Is NIC": () => "false",
        "Is Initiator": () => true,
        "Is Target": () => false,
        "Using TCP Offload Engine": () => "false",
        "Using ISCSI Offload Engine": () => "false",
      },
      { ID: heading },
    );
  },
};

const set: CommandSpec = {
  path: "iscsi adapter set",
  effect: "write",
  help: "Set the iSCSI name and alias of the iSCSI Host Bus Adapter.",
  options: [
    adapterOption,
    string("name", "n", "The iSCSI name to be set."),
    string("alias", "a", "The iSCSI alias to be set."),
    flag("skip-if-session-active", "s", "Skip if a session is active."),
  ],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    const name = args.text("name");
    const alias = args.text("alias");
    const skip = args.flag("skip-if-session-active");
    if (name === undefined && alias === undefined)
      fail("Invalid iscsi name or alias input. Make sure at least one of [--name] and [--alias] is given.");
    if (skip && alias !== undefined) fail('"--skip-if-session-active|-s" option is not valid for changing alias name.');
    // The grammar of RFC 3720; ESXi's own check is not known.
    if (name !== undefined && !/^(iqn\.\d{4}-\d\d\.[^\s]+|eui\.[0-9A-Fa-f]{16})$/.test(name))
      fail("Unable to set name or alias: Invalid iscsi name input.");
    if (alias === "" && host.unknowns.emptyAlias === "refused")
      fail("Unable to set name or alias: Invalid iscsi alias input.");
    const skips = skip && adapter.sessions.length > 0;
    if (skips && host.unknowns.skippedNameChange === "error") fail("Unable to set name or alias: A session is active.");
    if (name !== undefined && !skips) adapter.iqn = name;
    if (alias !== undefined && (alias !== "" || host.unknowns.emptyAlias === "empties")) adapter.alias = alias;
    return nothing;
  },
};

const adapterParamGet = paramGet({
  path: "iscsi adapter param get",
  help: "Get the iSCSI parameters for the iSCSI Host Bus Adapter.",
  options: [adapterOption],
  find: (host: HostState, args) => ({ own: adapterGiven(host, args).params, parents: [] }),
});

const adapterParamSet = paramSet({
  path: "iscsi adapter param set",
  help: "Set the iSCSI parameters for the iSCSI Host Bus Adapter.",
  options: [adapterOption],
  find: (host: HostState, args) => ({ own: adapterGiven(host, args).params, parents: [] }),
});

/** The names are those of 6.7.0, `Setttable` with three t; which of them an iSER adapter has is not known. */
const capabilities: Readonly<Record<string, boolean>> = {
  "ISnS Settable": false,
  "SLP Settable": false,
  "Static Discovery Settable": false,
  "Sendtarget Discovery Settable": false,
  "Authorization Method Settable": true,
  "CHAP Authorization Supported": true,
  "SRP Authorization Supported": false,
  "KRB5 Authorization Supported": false,
  "SPKM1 Authorization Supported": false,
  "SPKM2 Authorization Supported": false,
  "Mutual Authentication Supported": true,
  "Target Level Authentication Supported": true,
  "Target Level Mutual Authentication Supported": true,
  "Adapter Header Digest Supported": true,
  "Adapter Data Digest Supported": true,
  "Target Level Header Digest Supported": true,
  "Target Level Data Digest Supported": true,
  "ARP Redirect Settable": false,
  "Jumbo Frame Settable": false,
  "Delayed Ack Settable": true,
  "IPv6 Supported": false,
  "DNS Based Address Supported": true,
  "Inheritance Supported": true,
  "IP Configuration Method Settable": false,
  "Subnet Mask Setttable": false,
  "Default Gateway Settable": false,
  "Primary DNS Settable": false,
  "Secondary DNS Settable": false,
  "Name And Alias Settable": true,
};

const capabilitiesGet: CommandSpec = {
  path: "iscsi adapter capabilities get",
  effect: "read",
  help: "Get the iSCSI capabilities for the iSCSI Host Bus Adapter.",
  options: [adapterOption],
  run: (host, args) => {
    const heading = ({ vmhba }: IscsiAdapter) => vmhba;
    const columns = Object.fromEntries(Object.entries(capabilities).map(([name, has]) => [name, () => has]));
    return blocks<IscsiAdapter>("AdapterCapabilities", [adapterGiven(host, args)], heading, columns, { ID: heading });
  },
};

export const iscsiAdapterCommands = [list, get, set, adapterParamGet, adapterParamSet, capabilitiesGet];
