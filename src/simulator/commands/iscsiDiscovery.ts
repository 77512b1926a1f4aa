import { findTarget, forgetSource, login, newTarget, parentOf, portal, rediscover, removeTarget } from "../iscsi.js";
import { nothing, table, value } from "../result.js";
import type { CommandSpec } from "../spec.js";
import { fail } from "../state.js";
import {
  adapterFilter,
  adapterGiven,
  adapterOption,
  adaptersWanted,
  addressOption,
  portalGiven,
  sendTargetAt,
  sendTargetGiven,
  targetGiven,
  targetOption,
} from "./common.js";
import { paramGet, paramSet } from "./iscsiParams.js";

/** Asynchronous on a real host; here it is done when the command returns. */
const rediscoverCommand: CommandSpec = {
  path: "iscsi adapter discovery rediscover",
  effect: "write",
  help: "Rediscover the iSCSI target on the iSCSI Host Bus Adapter.",
  options: [adapterOption],
  run: (host, args) => {
    rediscover(host, adapterGiven(host, args));
    return value("Rediscovery started");
  },
};

const statusGet: CommandSpec = {
  path: "iscsi adapter discovery status get",
  effect: "read",
  help: "Get the rediscovery status of the iSCSI Host Bus Adapter.",
  options: [adapterOption],
  run: (host, args) => value(adapterGiven(host, args).discoveryStatus),
};

/** It does not discover: `rediscover` does. 6.7.0 */
const sendTargetAdd: CommandSpec = {
  path: "iscsi adapter discovery sendtarget add",
  effect: "write",
  help: "Add an iSCSI SendTargets (dynamic discovery) address.",
  options: [adapterOption, addressOption],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    const given = portalGiven(args);
    if (!sendTargetAt(adapter, given)) adapter.sendTargets.push({ ...given, chap: {}, params: {} });
    else if (host.unknowns.duplicate === "error") fail("Unable to add sendtarget address.");
    return nothing;
  },
};

const sendTargetList: CommandSpec = {
  path: "iscsi adapter discovery sendtarget list",
  effect: "read",
  help: "List the iSCSI SendTargets (dynamic discovery) addresses.",
  options: [adapterFilter],
  run: (host, args) => {
    const rows = adaptersWanted(host, args).flatMap((adapter) =>
      adapter.sendTargets.map((sendTarget) => ({ vmhba: adapter.vmhba, sendTarget })),
    );
    return table("Sendtarget", rows, {
      Adapter: ({ vmhba }) => vmhba,
      Sendtarget: ({ sendTarget }) => portal(sendTarget),
    });
  },
};

const sendTargetRemove: CommandSpec = {
  path: "iscsi adapter discovery sendtarget remove",
  effect: "write",
  help: "Remove an iSCSI SendTargets (dynamic discovery) address.",
  options: [adapterOption, addressOption],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    const sendTarget = sendTargetAt(adapter, portalGiven(args));
    if (!sendTarget && host.unknowns.missing === "error") fail("Failed to remove sendtarget.");
    if (!sendTarget) return nothing;
    adapter.sendTargets = adapter.sendTargets.filter((one) => one !== sendTarget);
    if (!host.unknowns.discoveredTargetsStay) forgetSource(adapter, portal(sendTarget));
    return nothing;
  },
};

const sendTargetParams = {
  options: [adapterOption, addressOption],
  inherits: true,
  find: ((host, args) => {
    const adapter = adapterGiven(host, args);
    return { own: sendTargetGiven(adapter, args).params, parents: [adapter.params] };
  }) satisfies Parameters<typeof paramGet>[0]["find"],
};

const targetParams = {
  options: [adapterOption, addressOption, targetOption],
  inherits: true,
  find: ((host, args) => {
    const adapter = adapterGiven(host, args);
    const target = targetGiven(adapter, args);
    const parent = parentOf(adapter, target);
    return { own: target.params, parents: [...(parent ? [parent.params] : []), adapter.params] };
  }) satisfies Parameters<typeof paramGet>[0]["find"],
};

/** Logs in at once where it can, as a rescan does. */
const staticTargetAdd: CommandSpec = {
  path: "iscsi adapter discovery statictarget add",
  effect: "write",
  help: "Add an iSCSI static target.",
  options: [adapterOption, addressOption, targetOption],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    const given = portalGiven(args);
    const name = args.required("name");
    const there = findTarget(adapter, name, given);
    if (there?.method === "STATIC" && host.unknowns.duplicate === "error") fail("Failed to add static target.");
    if (there) Object.assign(there, { method: "STATIC", readsUntilListed: 0 });
    else adapter.targets.push(newTarget(name, given, "STATIC", []));
    login(host, adapter);
    return nothing;
  },
};

/** Only what was added by hand: on a 5.0 host with discovered targets it was empty (seen). */
const staticTargetList: CommandSpec = {
  path: "iscsi adapter discovery statictarget list",
  effect: "read",
  help: "List the iSCSI static targets.",
  options: [adapterFilter],
  run: (host, args) => {
    const rows = adaptersWanted(host, args).flatMap((adapter) =>
      adapter.targets.filter(({ method }) => method === "STATIC").map((target) => ({ vmhba: adapter.vmhba, target })),
    );
    return table("Statictarget", rows, {
      Adapter: ({ vmhba }) => vmhba,
      "Target Name": ({ target }) => target.name,
      "Target Address": ({ target }) => portal(target),
      TPGT: () => "na",
      Boot: () => false,
    });
  },
};

const staticTargetRemove: CommandSpec = {
  path: "iscsi adapter discovery statictarget remove",
  effect: "write",
  help: "Remove an iSCSI static target.",
  options: [adapterOption, addressOption, targetOption],
  run: (host, args) => {
    const adapter = adapterGiven(host, args);
    const target = findTarget(adapter, args.required("name"), portalGiven(args));
    const isStatic = target?.method === "STATIC";
    if (!isStatic && host.unknowns.missing === "error") fail("Failed to remove static target.");
    if (!target || !isStatic) return nothing;
    if (target.sources.length > 0) target.method = "SENDTARGETS";
    else removeTarget(adapter, target);
    return nothing;
  },
};

export const iscsiDiscoveryCommands = [
  rediscoverCommand,
  statusGet,
  sendTargetAdd,
  sendTargetList,
  sendTargetRemove,
  paramGet({
    path: "iscsi adapter discovery sendtarget param get",
    help: "Get the iSCSI parameters for the sendtarget.",
    ...sendTargetParams,
  }),
  paramSet({
    path: "iscsi adapter discovery sendtarget param set",
    help: "Set the iSCSI parameters for the sendtarget.",
    ...sendTargetParams,
  }),
  staticTargetAdd,
  staticTargetList,
  staticTargetRemove,
  paramGet({
    path: "iscsi adapter target portal param get",
    help: "Get the iSCSI parameters for the target.",
    ...targetParams,
  }),
  paramSet({
    path: "iscsi adapter target portal param set",
    help: "Set the iSCSI parameters for the target.",
    ...targetParams,
  }),
];
