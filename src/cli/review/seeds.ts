import type { Parameter } from "../../esxcli/iscsiParams.js";
import { canonicalPortal, portal } from "../../resources/fields.js";
import type { Properties } from "../../resources/inputs.js";
import { addAdapter, deviceOf, noAddress, vmhbaOf } from "./assumedEffects.js";
import { AssumedHost, type Build, type Device } from "./assumedHost.js";
import { listed, pairsIn } from "./pairs.js";

/** What the preview says of one resource, before or after. */
export interface Mention {
  readonly type: string;
  readonly properties: Properties;
}

interface Target {
  readonly targetName: string;
  readonly address: string;
  readonly port?: number;
}

/** What the host has for a value that nothing says. */
export const asItIs = "<as it is>";

/** An address of the prefix that nobody uses. [RFC 6666] */
export const anyAddress = "100::9e9e:9e9e:9e9e";

/** Numbers that no NIC has: a NIC is told by its form, so that of an RDMA device that the preview does not name needs one. */
const firstPlaceholder = 100_000;

/**
 * What resources refer to and what no resource of the preview is: it is taken to be there, and to be as they need it.
 */
export class Seeds {
  private readonly devices: readonly Device[];
  private readonly placeholders = new Map([[anyAddress, "<address that is there>"]]);

  constructor(private readonly mentions: readonly Mention[]) {
    const cards = new Set(
      this.texts(["adapter", "device", "uplink", "nic"], ["uplinks", "activeUplinks", "standbyUplinks"]),
    );
    const pairs = pairsIn((type) => this.of(type));
    const known = new Map(pairs.map((pair) => [pair.name, pair]));
    const named = [...cards].filter((card) => card.startsWith("vmrdma") && !known.has(card));
    const inferred = named.map((name, at) => {
      const uplink = `vmnic${firstPlaceholder + at}`;
      this.placeholders.set(uplink, `<uplink of ${name}>`);
      return { name, uplink };
    });
    // Of an adapter that is named by its uplink, the device has a name, too.
    const paired = new Set(pairs.map(({ uplink }) => uplink));
    const byUplink = this.texts(["adapter", "uplink"], []).filter(
      (card) => /^vmnic\d+$/.test(card) && !paired.has(card),
    );
    const unnamed = [...new Set(byUplink)].map((uplink) => ({ name: deviceOf(uplink), uplink }));
    this.devices = [...known.values(), ...inferred, ...unnamed];
  }

  /** Puts words for people in place of the numbers and the address that were made up. */
  readonly worded = (text: string): string =>
    [...this.placeholders].reduce((worded, [nic, words]) => worded.replaceAll(nic, words), text);

  /** A host with what is referred to on it, and nothing of what the resources make. */
  plant(build: Build): AssumedHost {
    const nics = this.texts(["nic", "uplink", "adapter"], ["uplinks", "activeUplinks", "standbyUplinks"]);
    const all = new Set([
      ...nics.filter((nic) => nic.startsWith("vmnic")),
      ...this.devices.map(({ uplink }) => uplink),
      ...this.taken().map(({ nic }) => nic),
    ]);
    const host = new AssumedHost(build, this.devices, [...all], this.discovered(), (name) => this.unsaid(name));
    this.plantNetwork(host);
    this.plantAdapters(host);
    for (const { module, parameters } of this.of("ModuleParameters")) {
      const values = host.modules.get(String(module)) ?? new Map<string, string>();
      for (const name of Object.keys((parameters as object | undefined) ?? {})) values.set(name, "");
      host.modules.set(String(module), new Map([...values].sort(([one], [other]) => (one < other ? -1 : 1))));
    }
    for (const { nic } of this.of("PauseParams")) {
      const unknown = asItIs as unknown as boolean;
      host.pauses.set(this.nicOf(String(nic)), { supported: true, rx: unknown, tx: unknown, auto: unknown });
    }
    return host;
  }

  /** What a switch needs for what is declared on it, as far as no VirtualSwitch says what it has. */
  private unsaid(name: string): { mtu?: number; uplinks?: string[] } {
    const said = this.of("VirtualSwitch").filter((one) => one.name === name);
    return {
      ...(said.some(({ uplinks }) => uplinks !== undefined) ? {} : { uplinks: this.uplinksFor(name) }),
      ...(said.some(({ mtu }) => mtu !== undefined) ? {} : { mtu: this.mtuFor(name) }),
    };
  }

  private uplinksFor(name: string): string[] {
    const groups = this.of("PortGroup").filter(({ virtualSwitch }) => virtualSwitch === name);
    const ordered = groups.flatMap(({ activeUplinks, standbyUplinks }) => [
      ...listed(activeUplinks),
      ...listed(standbyUplinks),
    ]);
    const bound = groups.flatMap((group) => this.uplinksBehind(String(group.name)));
    const away = this.taken().flatMap(({ from, others }) => (from === name ? others : []));
    return [...new Set([...ordered.map((one) => this.nicOf(one)), ...bound, ...away])];
  }

  private mtuFor(name: string): number {
    const groups = this.of("PortGroup").flatMap((one) => (one.virtualSwitch === name ? [one.name] : []));
    const onIt = this.of("VmkernelAdapter").filter(
      ({ portGroup }) => groups.includes(portGroup) || name === switchBehind(String(portGroup)),
    );
    return Math.max(1500, ...onIt.flatMap(({ mtu }) => (typeof mtu === "number" ? [mtu] : [])));
  }

  /** The switch of a port group that is not declared: the one that is to lower a VMkernel adapter of it, if one is. */
  private carrierOf(portGroup: string): string {
    const interfaces = this.of("VmkernelAdapter").flatMap((one) => (one.portGroup === portGroup ? [one.name] : []));
    const lowers = this.of("VirtualSwitch").find(({ lowerFirst }) =>
      listed(lowerFirst).some((vmk) => interfaces.includes(vmk)),
    );
    return lowers === undefined ? switchBehind(portGroup) : String(lowers.name);
  }

  private plantNetwork(host: AssumedHost): void {
    const switches = new Set([...this.texts(["virtualSwitch"], []), ...this.taken().map(({ from }) => from)]);
    const declared = (type: string) => new Set(this.of(type).map(({ name }) => name));
    // A NIC is on one switch: one that is declared elsewhere is not taken to be here.
    const elsewhere = new Set(
      this.of("VirtualSwitch").flatMap(({ uplinks }) => listed(uplinks).map((one) => this.nicOf(one))),
    );
    const plantSwitch = (name: string, needed: string[]) => {
      const uplinks = needed.filter((nic) => !elsewhere.has(nic));
      const order = { active: [...uplinks], standby: [] };
      host.switches.set(name, { mtu: this.mtuFor(name), cdp: "listen", uplinks, order });
    };
    for (const name of switches) if (!declared("VirtualSwitch").has(name)) plantSwitch(name, this.uplinksFor(name));
    const plantGroup = (name: string) => {
      const behind = this.uplinksBehind(name);
      const virtualSwitch = this.carrierOf(name);
      if (!declared("VirtualSwitch").has(virtualSwitch)) plantSwitch(virtualSwitch, behind);
      host.portGroups.set(name, {
        virtualSwitch,
        vlanId: 0,
        order: { active: behind, standby: [] },
        own: {},
      });
    };
    for (const name of this.texts(["portGroup"], [])) if (!declared("PortGroup").has(name)) plantGroup(name);
    for (const name of this.texts(["vmkernelAdapter"], [])) {
      if (declared("VmkernelAdapter").has(name)) continue;
      const portGroup = groupBehind(name);
      plantGroup(portGroup);
      const mtu = this.mtuFor(switchBehind(portGroup));
      host.interfaces.set(name, { portGroup, netstack: "defaultTcpipStack", mtu, ipv4: noAddress, ipv6: [] });
    }
  }

  private plantAdapters(host: AssumedHost): void {
    const made = new Set(this.of("IserAdapter").flatMap(({ device, uplink }) => [device, uplink]));
    for (const reference of this.texts(["adapter"], [])) {
      const device = this.deviceOf(reference);
      if (reference.startsWith("vmhba"))
        host.adapters.set(reference, {
          device: undefined,
          iqn: asItIs,
          alias: asItIs,
          bindings: new Set(),
          addresses: new Set(),
          statics: [],
          targets: this.targetsOf([reference]),
        });
      else if (device !== undefined && !made.has(device.name) && !made.has(device.uplink)) {
        addAdapter(host, device);
        Object.assign(host.adapters.get(vmhbaOf(device.name)) ?? {}, { iqn: asItIs, alias: asItIs });
      }
    }
    for (const { adapter, discoveryAddress } of [...this.of("Chap"), ...this.of("IscsiParameters")]) {
      const place = discoveryAddress as { readonly address: string; readonly port?: number } | undefined;
      const text = place === undefined ? "" : portal(place.address, place.port ?? 3260);
      const isDeclared = this.of("DiscoveryAddress").some(
        (one) => canonicalPortal(portal(String(one.address), Number(one.port ?? 3260))) === canonicalPortal(text),
      );
      if (place !== undefined && !isDeclared) host.adapters.get(this.vmhbaFor(String(adapter)))?.addresses.add(text);
    }
  }

  vmhbaFor(reference: string): string {
    const device = this.deviceOf(reference);
    return device === undefined ? reference : vmhbaOf(device.name);
  }

  private deviceOf(reference: string): Device | undefined {
    return this.devices.find(({ name, uplink }) => name === reference || uplink === reference);
  }

  /** The uplinks of the adapters that the VMkernel adapters of a port group are bound to. */
  private uplinksBehind(portGroup: string): string[] {
    const interfaces = this.of("VmkernelAdapter").flatMap((one) => (one.portGroup === portGroup ? [one.name] : []));
    const bound = this.of("PortBinding").filter(
      ({ vmkernelAdapter }) =>
        interfaces.includes(vmkernelAdapter) || groupBehind(String(vmkernelAdapter)) === portGroup,
    );
    return [...new Set(bound.flatMap(({ adapter }) => this.deviceOf(String(adapter))?.uplink ?? []))];
  }

  private discovered(): ReadonlyMap<string, readonly { name: string; address: string }[]> {
    return new Map(this.devices.map(({ name, uplink }) => [name, this.targetsOf([name, uplink])]));
  }

  private targetsOf(references: readonly string[]): { name: string; address: string }[] {
    const all = this.mentions.flatMap(({ properties: { adapter, target } }) =>
      references.includes(String(adapter)) && typeof target === "object" && target !== null ? [target as Target] : [],
    );
    const rows = all.map(({ targetName, address, port }) => ({
      name: targetName,
      address: portal(address, port ?? 3260),
    }));
    return [...new Map(rows.map((row) => [`${row.name} ${row.address}`, row])).values()];
  }

  /** What was taken from other switches: they get it back. */
  private taken(): { nic: string; from: string; others: string[] }[] {
    return this.of("VirtualSwitch").flatMap(({ before }) =>
      Object.entries((before ?? {}) as Record<string, { from?: string; had?: { names?: string[] } }>).flatMap(
        ([nic, record]) =>
          nic.startsWith("vmnic") && typeof record.from === "string"
            ? [{ nic, from: record.from, others: (record.had?.names ?? []).filter((one) => one !== nic) }]
            : [],
      ),
    );
  }

  private nicOf(uplink: string): string {
    return this.devices.find(({ name }) => name === uplink)?.uplink ?? uplink;
  }

  private of(type: string): Properties[] {
    return this.mentions.filter((one) => one.type === type).map(({ properties }) => properties);
  }

  /** The texts that some fields hold. */
  private texts(fields: readonly string[], lists: readonly string[]): string[] {
    return this.mentions.flatMap(({ properties }) => [
      ...fields.flatMap((field) => (typeof properties[field] === "string" ? [properties[field]] : [])),
      ...lists.flatMap((field) => listed(properties[field])),
    ]);
  }
}

const switchBehind = (portGroup: string) => `<virtual switch of ${portGroup}>`;
const groupBehind = (vmk: string) => `<port group of ${vmk}>`;

/** What ESXi has where nobody has set it. [seen on 5.0] */
const lengths: Readonly<Record<string, string>> = { FirstBurstLength: "262144", MaxBurstLength: "262144" };

/** The parameters in the order in which a host lists them, which is that of the commands that give them back; with what stands for a default. [seen on 5.0] */
const listing: Readonly<Record<string, string | undefined>> = {
  ErrorRecoveryLevel: undefined,
  InitialLoginRetryMax: undefined,
  InitialR2T: "true",
  FirstBurstLength: undefined,
  MaxBurstLength: undefined,
  MaxRecvDataSegment: undefined,
  MaxOutstandingR2T: undefined,
  MaxCmds: undefined,
  ImmediateData: "true",
  DefaultTime2Retain: undefined,
  DefaultTime2Wait: undefined,
  LoginTimeout: undefined,
  LogoutTimeout: undefined,
  NoopOutInterval: undefined,
  NoopOutTimeout: undefined,
  RecoveryTimeout: undefined,
  DelayedAck: "true",
  HeaderDigest: "prohibited",
  DataDigest: "prohibited",
};

/** As a host lists them; what is not known to be listed comes last. */
export function asListed(rows: ReadonlyMap<string, Parameter>): Map<string, Parameter> {
  const names = Object.keys(listing);
  const place = (name: string) => (names.includes(name) ? names.indexOf(name) : names.length);
  return new Map([...rows].sort(([one], [other]) => place(one) - place(other)));
}

export interface FormerParameter {
  readonly value: string;
  readonly default: boolean;
  readonly inherits: boolean;
}

/** A parameter as it was, where that is known, else with another value than the declared one, of the kind that its name and value tell. */
export function otherwise(name: string, declared: string, was: FormerParameter | undefined): Parameter {
  const word = listing[name] ?? "<default>";
  const isNumber = /^-?\d+$/.test(declared) && word !== "true";
  const current = lengths[name] === declared ? asItIs : (lengths[name] ?? asItIs);
  return {
    name,
    current: was?.value ?? current,
    default: was?.default ? was.value : word,
    min: isNumber ? "0" : "na",
    max: isNumber ? String(Number.MAX_SAFE_INTEGER) : "na",
    settable: true,
    inherits: was?.inherits ?? false,
  };
}
