import type { HostCommand } from "../../esxcli/command.js";
import type { ChapDirection, ChapLevel } from "../../esxcli/iscsiAuth.js";
import type { Level } from "../../esxcli/iscsiCommand.js";
import type { OwnPolicies } from "../../esxcli/network.js";
import type { AddressType } from "../../esxcli/vmkernel.js";
import {
  type Adapter,
  type AssumedHost,
  chapPlace,
  type Device,
  type Interface,
  type PortGroup,
  placeOf,
} from "./assumedHost.js";

/** The options of a command; a flag is there without a value. */
class Options {
  constructor(private readonly given: ReadonlyMap<string, string | undefined>) {}

  has(name: string): boolean {
    return this.given.has(name);
  }

  text(name: string): string {
    return this.given.get(name) ?? "";
  }

  /** What is done with the value of an option that is given. */
  when(name: string, use: (value: string) => void): void {
    if (this.given.has(name)) use(this.text(name));
  }

  list(name: string): string[] {
    return this.text(name)
      .split(",")
      .filter((one) => one !== "");
  }
}

type Effect = (host: AssumedHost, options: Options) => void;

const standard = "network vswitch standard";
const vmkernel = "network ip interface";
const discovery = "iscsi adapter discovery";

/** What a host shows after a write that succeeds. What is not in here changes nothing that a resource reads. */
const effects: Readonly<Record<string, Effect>> = {
  "rdma iser add": (host, options) => {
    for (const device of meant(host, options)) addAdapter(host, device);
  },
  "rdma iser delete": (host, options) => {
    for (const { name } of meant(host, options)) {
      host.adapters.delete(vmhbaOf(name));
      for (const places of [host.chap, host.parameters])
        for (const place of places.keys()) if (place.startsWith(`${vmhbaOf(name)} `)) places.delete(place);
    }
  },
  "iscsi adapter set": (host, options) => {
    const adapter = adapterOf(host, options);
    options.when("name", (iqn) => (adapter.iqn = iqn));
    options.when("alias", (alias) => (adapter.alias = alias));
  },
  "iscsi networkportal add": (host, options) => adapterOf(host, options).bindings.add(options.text("nic")),
  "iscsi networkportal remove": (host, options) => adapterOf(host, options).bindings.delete(options.text("nic")),
  [`${discovery} sendtarget add`]: (host, options) => adapterOf(host, options).addresses.add(options.text("address")),
  [`${discovery} sendtarget remove`]: (host, options) =>
    adapterOf(host, options).addresses.delete(options.text("address")),
  [`${discovery} statictarget add`]: (host, options) =>
    adapterOf(host, options).statics.push({ name: options.text("name"), address: options.text("address") }),
  [`${discovery} statictarget remove`]: (host, options) => {
    const adapter = adapterOf(host, options);
    adapter.statics = adapter.statics.filter(
      ({ name, address }) => name !== options.text("name") || address !== options.text("address"),
    );
  },
  "iscsi adapter auth chap set": setChap,
  [`${discovery} sendtarget auth chap set`]: setChap,
  "iscsi adapter target portal auth chap set": setChap,
  "iscsi adapter param set": setParameter,
  [`${discovery} sendtarget param set`]: setParameter,
  "iscsi adapter target portal param set": setParameter,
  "system module parameters set": (host, options) => {
    const values = host.modules.get(options.text("module"));
    if (values === undefined) return;
    if (!options.has("append")) for (const name of values.keys()) values.set(name, "");
    for (const pair of options.text("parameter-string").split(" ").filter(Boolean)) {
      const [name = "", ...value] = pair.split("=");
      values.set(name, value.join("="));
    }
  },
  "network nic pauseParams set": (host, options) => {
    const was = host.pauses.get(options.text("nic-name"));
    if (was === undefined) return;
    const told = (name: "rx" | "tx" | "auto") => flag(options.text(name)) ?? was[name];
    host.pauses.set(options.text("nic-name"), { ...was, rx: told("rx"), tx: told("tx"), auto: told("auto") });
  },
  [`${standard} add`]: (host, options) => {
    const { mtu = 1500, uplinks = [] } = host.unsaid(options.text("vswitch-name"));
    host.switches.set(options.text("vswitch-name"), {
      mtu,
      cdp: "listen",
      uplinks: [...uplinks],
      order: { active: uplinks, standby: [] },
    });
  },
  [`${standard} remove`]: (host, options) => host.switches.delete(options.text("vswitch-name")),
  [`${standard} set`]: (host, options) => {
    const it = switchOf(host, options);
    options.when("mtu", (mtu) => (it.mtu = Number(mtu)));
    options.when("cdp-status", (cdp) => (it.cdp = cdp));
  },
  [`${standard} uplink add`]: (host, options) => {
    const it = switchOf(host, options);
    const nic = options.text("uplink-name");
    it.uplinks.push(nic);
    it.order = { ...it.order, active: [...it.order.active, nic] };
  },
  [`${standard} uplink remove`]: (host, options) => {
    const it = switchOf(host, options);
    const without = (nics: readonly string[]) => nics.filter((nic) => nic !== options.text("uplink-name"));
    it.uplinks = without(it.uplinks);
    it.order = { active: without(it.order.active), standby: without(it.order.standby) };
  },
  [`${standard} policy failover set`]: (host, options) => {
    switchOf(host, options).order = {
      active: options.list("active-uplinks"),
      standby: options.list("standby-uplinks"),
    };
  },
  [`${standard} portgroup add`]: (host, options) =>
    host.portGroups.set(options.text("portgroup-name"), {
      virtualSwitch: options.text("vswitch-name"),
      vlanId: 0,
      order: undefined,
      own: {},
    }),
  [`${standard} portgroup remove`]: (host, options) => host.portGroups.delete(options.text("portgroup-name")),
  [`${standard} portgroup set`]: (host, options) => {
    groupOf(host, options).vlanId = Number(options.text("vlan-id"));
  },
  [`${standard} portgroup policy failover set`]: (host, options) => {
    const group = groupOf(host, options);
    const { active, standby } = host.orderOf(group);
    if (options.has("use-vswitch")) Object.assign(group, { order: undefined, own: {} });
    else if (options.has("active-uplinks") || options.has("standby-uplinks"))
      group.order = {
        active: options.has("active-uplinks") ? options.list("active-uplinks") : active,
        standby: options.has("standby-uplinks") ? options.list("standby-uplinks") : standby,
      };
    options.when("load-balancing", (text) => own(group, { loadBalancing: loadBalancing[text] ?? text }));
    options.when("failure-detection", (failureDetection) => own(group, { failureDetection }));
    options.when("notify-switches", (text) => own(group, { notifySwitches: text === "true" }));
    options.when("failback", (text) => own(group, { failback: text === "true" }));
  },
  [`${vmkernel} add`]: (host, options) =>
    host.interfaces.set(options.text("interface-name"), {
      portGroup: options.text("portgroup-name"),
      netstack: options.text("netstack") || "defaultTcpipStack",
      mtu: Number(options.text("mtu") || 1500),
      ipv4: noAddress,
      ipv6: [],
    }),
  [`${vmkernel} remove`]: (host, options) => host.interfaces.delete(options.text("interface-name")),
  [`${vmkernel} set`]: (host, options) => {
    interfaceOf(host, options).mtu = Number(options.text("mtu"));
  },
  [`${vmkernel} ipv4 set`]: (host, options) => {
    interfaceOf(host, options).ipv4 = {
      type: options.text("type").toUpperCase() as AddressType,
      address: options.text("ipv4"),
      netmask: options.text("netmask"),
      gateway: options.text("gateway") || "0.0.0.0",
      peerDns: options.text("peer-dns") === "true",
    };
  },
  [`${vmkernel} ipv6 address add`]: (host, options) => {
    const [address = "", prefix] = options.text("ipv6").split("/");
    interfaceOf(host, options).ipv6.push({ address, prefix: Number(prefix) });
  },
  [`${vmkernel} ipv6 address remove`]: (host, options) => {
    const it = interfaceOf(host, options);
    it.ipv6 = it.ipv6.filter(({ address, prefix }) => `${address}/${prefix}` !== options.text("ipv6"));
  },
};

export const noAddress: Interface["ipv4"] = { type: "NONE", address: "", netmask: "", gateway: "", peerDns: false };

/** What `get` calls the load balancing that `set` takes. */
const loadBalancing: Readonly<Record<string, string>> = { portid: "srcport", mac: "srcmac" };

function own(group: PortGroup, policies: OwnPolicies): void {
  group.own = { ...group.own, ...policies };
}

/** The write has succeeded. */
export function take(host: AssumedHost, command: HostCommand): void {
  if (command.kind !== "esxcli" || command.effect !== "write") return;
  const given = command.args.map(({ name, value }) => [name, value === undefined ? undefined : String(value)] as const);
  effects[command.path]?.(host, new Options(new Map(given)));
}

/** A preview does not know the number that the host will give. */
export function vmhbaOf(device: string): string {
  return `<adapter of ${nicNamed.exec(device)?.[1] ?? device}>`;
}

/** The RDMA device that is paired with a NIC, where nothing says its name. */
export function deviceOf(nic: string): string {
  return `<RDMA device of ${nic}>`;
}

const nicNamed = /^<RDMA device of (\w+)>$/;

export function addAdapter(host: AssumedHost, { name }: Device): void {
  if (host.adapters.has(vmhbaOf(name))) return;
  const targets = host.discovered.get(name) ?? [];
  const adapter = { device: name, iqn: "<name that the host made>", alias: "", statics: [], targets };
  host.adapters.set(vmhbaOf(name), { ...adapter, bindings: new Set(), addresses: new Set() });
}

/** A build that takes no device means all of them. */
function meant({ devices }: AssumedHost, options: Options): readonly Device[] {
  return options.has("device") ? devices.filter(({ name }) => name === options.text("device")) : devices;
}

function adapterOf({ adapters }: AssumedHost, options: Options): Adapter {
  return must(adapters.get(options.text("adapter")), "adapter", options.text("adapter"));
}

function switchOf({ switches }: AssumedHost, options: Options) {
  return must(switches.get(options.text("vswitch-name")), "virtual switch", options.text("vswitch-name"));
}

function groupOf({ portGroups }: AssumedHost, options: Options) {
  return must(portGroups.get(options.text("portgroup-name")), "port group", options.text("portgroup-name"));
}

function interfaceOf({ interfaces }: AssumedHost, options: Options) {
  return must(interfaces.get(options.text("interface-name")), "VMkernel adapter", options.text("interface-name"));
}

function must<T>(found: T | undefined, what: string, name: string): T {
  if (found !== undefined) return found;
  throw new Error(`there is no ${what} ${name} on the host as it is assumed`);
}

function levelOf(options: Options): Level {
  const vmhba = options.text("adapter");
  if (options.has("name"))
    return { kind: "target", vmhba, address: options.text("address"), name: options.text("name") };
  return options.has("address")
    ? { kind: "sendtarget", vmhba, address: options.text("address") }
    : { kind: "adapter", vmhba };
}

function setChap({ chap }: AssumedHost, options: Options): void {
  const place = chapPlace(levelOf(options), options.text("direction") as ChapDirection);
  if (options.has("level"))
    chap.set(place, { level: options.text("level") as ChapLevel, name: options.text("authname") });
  else chap.delete(place);
}

function setParameter({ parameters }: AssumedHost, options: Options): void {
  const row = parameters.get(placeOf(levelOf(options)))?.get(options.text("key"));
  const name = options.text("key");
  if (row === undefined) return;
  const current = options.has("value") ? options.text("value") : row.default;
  parameters.get(placeOf(levelOf(options)))?.set(name, { ...row, current, inherits: options.has("inherit") });
}

function flag(text: string): boolean | undefined {
  return text === "true" ? true : text === "false" ? false : undefined;
}
