import { accepted, record } from "../result.js";
import { type Args, boolean, type CommandSpec, flag, required, string } from "../spec.js";
import { type FailoverPolicy, fail, type LoadBalancing, type PortGroup, type VirtualSwitch } from "../state.js";
import { named, policyOf, switchOf } from "../topology.js";
import { portGroupGiven, switchGiven } from "./networkSwitch.js";

const switchOption = string("vswitch-name", "v", "The name of the virtual switch.", required);
const portGroupOption = string("portgroup-name", "p", "The name of the port group.", required);

/** What `set` takes, and what `get` says of it (`srcport` was seen; the others are inferred from it). */
const loadBalancing: Readonly<Record<string, LoadBalancing>> = {
  portid: "srcport",
  iphash: "iphash",
  mac: "srcmac",
  explicit: "explicit",
};

const setOptions = [
  string("active-uplinks", "a", "Configure the list of active adapters and their failover order."),
  string("standby-uplinks", "s", "Configure the list of standby adapters and their failover order."),
  string("load-balancing", "l", "Set the load balancing policy.", { values: Object.keys(loadBalancing) }),
  string("failure-detection", "f", "Set the method of determining how a network outage is detected.", {
    values: ["link", "beacon"],
  }),
  boolean("failback", "b", "Configure whether a NIC will be used immediately when it comes back in service."),
  boolean("notify-switches", "n", "Indicate whether to send a notification to physical switches on failover."),
];

/** What `--active-uplinks` and the others change. An uplink that becomes active is no longer standby, and the other way round. */
function changes(args: Args, virtualSwitch: VirtualSwitch, nics: readonly { name: string }[]): Partial<FailoverPolicy> {
  const uplinks = (option: string, kind: string) =>
    args
      .text(option)
      ?.split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .map((name) => {
        if (!named(nics, name)) fail(`Unknown NIC name in ${kind} uplinks : ${name}`);
        if (!virtualSwitch.uplinks.includes(name)) fail(`NIC is not connected to the vswitch : ${name}`);
        return name;
      });
  const active = uplinks("active-uplinks", "active");
  const standby = uplinks("standby-uplinks", "standby");
  const balancing = loadBalancing[args.text("load-balancing") ?? ""];
  const detection = args.text("failure-detection");
  const failback = args.boolean("failback");
  const notifySwitches = args.boolean("notify-switches");
  return {
    ...(active ? { active } : {}),
    ...(standby ? { standby } : {}),
    ...(balancing ? { loadBalancing: balancing } : {}),
    ...(detection === "link" || detection === "beacon" ? { failureDetection: detection } : {}),
    ...(failback === undefined ? {} : { failback }),
    ...(notifySwitches === undefined ? {} : { notifySwitches }),
  };
}

/** Active wins where both name an uplink and only active was given; else standby takes it away. */
function settled(before: FailoverPolicy, change: Partial<FailoverPolicy>): FailoverPolicy {
  const { active, standby } = { ...before, ...change };
  if (change.active) return { ...before, ...change, standby: standby.filter((name) => !active.includes(name)) };
  return { ...before, ...change, active: active.filter((name) => !standby.includes(name)) };
}

function columns(uplinks: readonly string[]) {
  return {
    "Load Balancing": (it: FailoverPolicy) => it.loadBalancing,
    "Network Failure Detection": (it: FailoverPolicy) => it.failureDetection,
    "Notify Switches": (it: FailoverPolicy) => it.notifySwitches,
    Failback: (it: FailoverPolicy) => it.failback,
    "Active Adapters": (it: FailoverPolicy) => it.active,
    "Standby Adapters": (it: FailoverPolicy) => it.standby,
    "Unused Adapters": (it: FailoverPolicy) =>
      uplinks.filter((name) => !it.active.includes(name) && !it.standby.includes(name)),
  };
}

const switchGet: CommandSpec = {
  path: "network vswitch standard policy failover get",
  effect: "read",
  help: "Get the failover policy settings governing the given virtual switch",
  options: [switchOption],
  run: (host, args) => {
    const { failover, uplinks } = switchGiven(host, args.required("vswitch-name"));
    return record<FailoverPolicy>("VirtualSwitchFailoverPolicy", failover, columns(uplinks));
  },
};

const switchSet: CommandSpec = {
  path: "network vswitch standard policy failover set",
  effect: "write",
  help: "Configure the Failover policy for a virtual switch.",
  options: [switchOption, ...setOptions],
  run: (host, args) => {
    const found = switchGiven(host, args.required("vswitch-name"));
    found.failover = settled(found.failover, changes(args, found, host.nics));
    return accepted;
  },
};

const portGroupGet: CommandSpec = {
  path: "network vswitch standard portgroup policy failover get",
  effect: "read",
  help: "Get the network failover policy settings governing the given port group",
  options: [portGroupOption],
  run: (host, args) => {
    const { found, virtualSwitch, policy } = portGroupParts(host, args);
    const overrides = ({ override }: PortGroup, ...keys: (keyof FailoverPolicy)[]) =>
      keys.some((key) => key in override);
    return record<FailoverPolicy>("PortGroupFailoverPolicy", policy, {
      ...columns(virtualSwitch.uplinks),
      "Override Vswitch Load Balancing": () => overrides(found, "loadBalancing"),
      "Override Vswitch Network Failure Detection": () => overrides(found, "failureDetection"),
      "Override Vswitch Notify Switches": () => overrides(found, "notifySwitches"),
      "Override Vswitch Failback": () => overrides(found, "failback"),
      "Override Vswitch Uplinks": () => overrides(found, "active", "standby"),
    });
  },
};

const portGroupSet: CommandSpec = {
  path: "network vswitch standard portgroup policy failover set",
  effect: "write",
  help: "Configure the Failover policy for a port group. These setting may potentially override virtual switch settings.",
  options: [
    portGroupOption,
    ...setOptions,
    flag("use-vswitch", "u", "Reset this port group to use the settings of its virtual switch."),
  ],
  run: (host, args) => {
    const { found, virtualSwitch, policy } = portGroupParts(host, args);
    if (args.flag("use-vswitch")) found.override = {};
    const change = changes(args, virtualSwitch, host.nics);
    const after = settled(args.flag("use-vswitch") ? virtualSwitch.failover : policy, change);
    // Active and standby are overridden together: there is one `Override Vswitch Uplinks`.
    const uplinks = change.active || change.standby ? { active: after.active, standby: after.standby } : {};
    found.override = { ...found.override, ...change, ...uplinks };
    return accepted;
  },
};

function portGroupParts(host: Parameters<CommandSpec["run"]>[0], args: Args) {
  const found = portGroupGiven(host, args.required("portgroup-name"));
  const virtualSwitch = switchOf(host, found);
  const policy = policyOf(host, found);
  if (!virtualSwitch || !policy) return fail(`Unable to find a port group with the name ${found.name}`);
  return { found, virtualSwitch, policy };
}

export const networkPolicyCommands = [switchGet, switchSet, portGroupGet, portGroupSet];
