import { cdpModes } from "../../esxcli/vswitch.js";
import { adapterProperties } from "../../resources/adapterProperties.js";
import { observedPath, violationsOf } from "../../resources/bindingPath.js";
import { chap } from "../../resources/chap.js";
import { type AnyDefinition, check } from "../../resources/inputs.js";
import { inSubnet, isLinkLocal } from "../../resources/ipAddress.js";
import { iscsiParameters } from "../../resources/iscsiParameters.js";
import { moduleParameters } from "../../resources/moduleParameters.js";
import { portGroup } from "../../resources/portGroup.js";
import { virtualSwitch } from "../../resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../resources/vmkernelAdapter.js";
import type { AdapterView, HostView, SettingsView } from "../hostView.js";
import { type Args, Secret, type Value } from "./declaration.js";
import type { Secrets } from "./names.js";

/** Arguments of a resource as the host has it, and sentences about what of it is not declared. */
export interface Settled {
  readonly args?: Args;
  readonly comments: readonly string[];
}

type Device = NonNullable<AdapterView["device"]>;

/** The adapter's names, as far as somebody has set them. */
export function namesOf({ iqn, alias, name }: AdapterView): Settled {
  const own = { ...(isMadeByHost(iqn) ? {} : { iqn }), ...(alias === "" ? {} : { alias }) };
  if (Object.keys(own).length === 0) return { comments: [] };
  const scope = { adapter: name };
  return without(scope, accepted(adapterProperties, `The name and the alias of ${name}`, { ...scope, ...own }));
}

/** Such names ESXi makes itself: with a random end, or with two numbers. */
function isMadeByHost(iqn: string): boolean {
  return iqn === "" || /^iqn\.1998-01\.com\.vmware:.*(-[0-9a-f]{8}|:\d+:\d+)$/i.test(iqn);
}

/** Where CHAP and parameters are set: what it is called, and by which inputs it is told. */
export interface Scope {
  readonly words: string;
  readonly inputs: Args;
  /** Undefined for an adapter: its secret is that of the CHAP name. */
  readonly at?: string;
}

/** CHAP that is set there itself, by the arguments that are beside the scope's. */
export function chapOf({ chap: { uni, mutual } }: SettingsView, scope: Scope, secrets: Secrets): Settled {
  const isOfAdapter = scope.at === undefined;
  const isMutual = mutual.level === "required" && !mutual.inherits;
  if (uni.inherits || (isOfAdapter && uni.level === "prohibited" && !isMutual)) {
    const lost = `Mutual CHAP of ${scope.words} with the name ${mutual.name} is not declared: it can be declared only with a level of its own.`;
    return { comments: isMutual ? [lost] : [] };
  }
  const secretOf = (direction: "uni" | "mutual", name: string) => secrets.of(direction, name, scope.words, scope.at);
  const mutualArgs = isMutual
    ? { mutual: { name: mutual.name, secret: secretOf("mutual", mutual.name) } }
    : isOfAdapter || mutual.inherits
      ? {}
      : { mutual: "prohibited" };
  const own =
    uni.level === "prohibited"
      ? { level: uni.level, ...mutualArgs }
      : { level: uni.level, name: uni.name, secret: secretOf("uni", uni.name), ...mutualArgs };
  return without(scope.inputs, accepted(chap, `CHAP of ${scope.words}`, { ...scope.inputs, ...own }));
}

/** The iSCSI parameters of an adapter that are not the default, or those that a discovery address or target has of its own. */
export function parametersOf({ parameters }: SettingsView, scope: Scope): Settled {
  const own = parameters.filter(
    ({ settable, inherits, current, default: standard }) =>
      settable && (scope.at === undefined ? current !== standard : !inherits),
  );
  const rows = own.map(({ name, current }) => [name, literal(current)] as const);
  const args = { ...scope.inputs, parameters: Object.fromEntries(rows) };
  return rows.length === 0
    ? { comments: [] }
    : without(scope.inputs, accepted(iscsiParameters, `The iSCSI parameters of ${scope.words}`, args));
}

/** By module, the parameters that are set. */
export function moduleParametersOf(view: HostView): { readonly modules: Args; readonly comments: readonly string[] } {
  const comments: string[] = [];
  const modules = Object.entries(view.moduleParameters).flatMap(([module, rows]) => {
    const set = rows
      .filter(({ value }) => value.trim() !== "")
      .map(({ name, value }) => {
        const one = { [name]: numeric(value.trim()) };
        const settled = accepted(moduleParameters, `${name} of the module ${module}`, { module, parameters: one });
        comments.push(...settled.comments);
        return settled.args === undefined ? {} : one;
      });
    const parameters: Args = Object.assign({}, ...set);
    return Object.keys(parameters).length === 0 ? [] : [[module, parameters] as const];
  });
  return { modules: Object.fromEntries(modules), comments };
}

/** Global pause of the device's NIC. */
export function pauseOf({ pairedUplink }: Device, { pauses }: HostView): Args | undefined {
  const row = pauses.find(({ nic, supported }) => supported && nic === pairedUplink);
  return row && { rx: row.rx, tx: row.tx, auto: row.auto };
}

/** Virtual switch, port group and VMkernel adapter on the way of a binding, and their MTU, which is one. */
export interface Network {
  readonly virtualSwitch: Args;
  readonly portGroup: Args;
  readonly vmkernelAdapter: Args;
  readonly mtu: number;
}

/** The network of a binding, or why it cannot be declared: beside a binding only what iSER can use is taken. */
export function networkOf(view: HostView, device: Device, vmkName: string): Network | { readonly why: string } {
  const { devices, switches, portGroups, interfaces } = view;
  const vmk = interfaces.find(({ name }) => name === vmkName);
  if (vmk === undefined) return { why: `there is no VMkernel adapter ${vmkName}` };
  const group = portGroups.find(({ name, virtualSwitch }) => name === vmk.portGroup && virtualSwitch === vmk.portset);
  const carrier = switches.find(({ name }) => name === vmk.portset);
  const path = observedPath({ device, devices, switches, failover: group?.failover }, vmk);
  const why = violationsOf(path).map(({ problem }) => problem);
  if (why.length > 0 || carrier === undefined || group === undefined)
    return { why: why.join("; ") || `${vmkName} is on no port group of a standard switch` };
  const isUsual = carrier.uplinks.length === 1;
  const uplinks = carrier.uplinks.map((nic) => (nic === device.pairedUplink ? device.name : nic)).sort();
  const network = {
    virtualSwitch: { name: carrier.name, ...(isUsual ? {} : { uplinks }), ...cdpOf(carrier.cdp) },
    portGroup: { name: group.name, vlanId: group.vlanId },
    vmkernelAdapter: { name: vmkName, ...addressesOf(view, vmkName), ...netstackOf(vmk.netstack) },
    mtu: vmk.mtu,
  };
  const refused = [
    ...refusals(virtualSwitch, { ...network.virtualSwitch, mtu: vmk.mtu }),
    ...refusals(portGroup, { ...network.portGroup, virtualSwitch: carrier.name }),
    ...refusals(vmkernelAdapter, { ...network.vmkernelAdapter, portGroup: group.name }),
  ];
  return refused.length > 0 ? { why: refused.join("; ") } : network;
}

function cdpOf(mode: string): Args {
  return mode === "listen" || !cdpModes.some((known) => known === mode) ? {} : { cdp: mode };
}

function netstackOf(netstack: string): Args {
  return netstack === "defaultTcpipStack" ? {} : { netstack };
}

function addressesOf({ addresses, ipv6Addresses }: HostView, vmk: string): Args {
  const row = addresses.find(({ interfaceName }) => interfaceName === vmk);
  const ipv6 = ipv6Addresses
    .filter((one) => one.interfaceName === vmk && one.type.toUpperCase() === "STATIC" && !isLinkLocal(one.address))
    .map(({ address, prefix }) => `${address}/${prefix}`);
  return { ...(row === undefined ? {} : { ipv4: ipv4Of(row) }), ...(ipv6.length === 0 ? {} : { ipv6Addresses: ipv6 }) };
}

function ipv4Of({ type, address, netmask, gateway }: HostView["addresses"][number]): Value {
  if (type !== "STATIC") return type === "DHCP" ? "dhcp" : "none";
  // Some builds list the gateway of the whole TCP/IP stack, which is not the VMkernel adapter's own where its subnet does not have it.
  const isOwn = gateway !== "" && gateway !== "0.0.0.0" && inSubnet(gateway, address, netmask);
  return { address, netmask, ...(isOwn ? { gateway } : {}) };
}

function literal(text: string): Value {
  return text === "true" || text === "false" ? text === "true" : numeric(text);
}

/** A number as such, where it says the same as the text. */
function numeric(text: string): string | number {
  return String(Number(text)) === text && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

/** What the resource itself takes; where it does not, a comment says why, and nothing is declared. */
function accepted(definition: AnyDefinition, what: string, args: Args): Settled {
  const reasons = refusals(definition, args);
  return reasons.length === 0
    ? { args, comments: [] }
    : { comments: [`${what} cannot be declared: ${reasons.join("; ")}`] };
}

function refusals(definition: AnyDefinition, args: Args): readonly string[] {
  return check(definition, { host: "host", ...(plain(args) as Args) }).failures.map(({ reason }) =>
    reason.replace(/^host: /, ""),
  );
}

/** With a text for each secret, no two the same. */
export function plain(value: Value | undefined): unknown {
  if (value instanceof Secret) return placeholder(value);
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Stands for a secret that is not known. As long as state has it, the real one is still to be written. */
export function placeholder({ key }: Secret): string {
  return `not known: ${key}`;
}

function without(scope: Args, { args, comments }: Settled): Settled {
  if (args === undefined) return { comments };
  const own = Object.entries(args).filter(([key]) => !Object.hasOwn(scope, key));
  return { args: Object.fromEntries(own), comments };
}
