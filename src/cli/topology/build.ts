import { isFailure } from "../../esxcli/lastError.js";
import { isOnStandardSwitch } from "../../resources/bindingPath.js";
import { canonicalPortal, portal } from "../../resources/fields.js";
import { type FoundDevice, isUp } from "../../resources/inventory.js";
import type { Finding } from "../doctor/check.js";
import { type AdapterView, type HostView, modulesBehind } from "../hostView.js";
import { byName, type Health, type Kind, kinds, type Topology, type TopologyEdge, worst } from "./graph.js";
import { assign, type Named, severityOf } from "./health.js";

/** A node while it is being put together. */
interface Draft extends Named {
  readonly kind: Kind;
  readonly name: string;
  note: string;
  health: Health;
  readonly details: Record<string, string>;
}

/** The part of a node that is known beside its kind and name. */
interface Known {
  readonly note?: string;
  readonly health?: Health;
  readonly details?: Readonly<Record<string, string>>;
  readonly names?: readonly string[];
  readonly standsFor?: readonly string[];
}

type EdgeMore = Pick<TopologyEdge, "note" | "implied"> & { readonly better?: boolean };

/** Nodes and edges that are met in any order and more than once. */
class Draw {
  readonly nodes = new Map<string, Draft>();
  readonly edges = new Map<string, TopologyEdge>();

  /** What is known first of a note or a health stays. Empty details are left out. */
  node(kind: Kind, name: string, { note = "", health, details = {}, names = [], standsFor = [] }: Known = {}): Draft {
    const id = `${kind}:${name}`;
    const there = this.nodes.get(id);
    const told = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== ""));
    if (there !== undefined) {
      Object.assign(there.details, told);
      return there;
    }
    const draft = { id, kind, name, note, health: health ?? "ok", details: told, names: [name, ...names], standsFor };
    this.nodes.set(id, draft);
    return draft;
  }

  /** Of an edge that is met again the worse health stays, or with `better` the better one. */
  edge(from: Draft, to: Draft, health: Health, { better = false, ...more }: EdgeMore = {}): void {
    const key = JSON.stringify([from.id, to.id]);
    const there = this.edges.get(key);
    if (
      there === undefined ||
      (better ? isBetter(health, there.health) : worst([there.health, health]) !== there.health)
    )
      this.edges.set(key, { from: from.id, to: to.id, health, ...more });
  }
}

/** The picture of a host: what it is made of, what leads where, and how that is doing. */
export function topologyOf(view: HostView, findings: readonly Finding[]): Topology {
  const draw = new Draw();
  drawNetwork(draw, view);
  for (const adapter of view.adapters) {
    drawBindings(draw, adapter, view);
    drawTargets(draw, adapter);
  }
  for (const device of view.storage) drawDevice(draw, device, view);
  return finished(draw, view, findings);
}

function finished(draw: Draw, view: HostView, findings: readonly Finding[]): Topology {
  const drafts = [...draw.nodes.values()];
  const paths = view.storage.flatMap(({ name, paths }) =>
    paths.map(({ runtimeName }) => ({ id: `device:${name}`, names: [runtimeName] })),
  );
  const { on, elsewhere } = assign(findings, [...drafts, ...paths]);
  const isPath = (name: string) => paths.some(({ names }) => names.includes(name));
  const nodes = drafts
    .map(({ id, kind, name, note, health, details }) => {
      const found = on.get(id) ?? [];
      // A dead path is the edge's; how much it matters to the device depends on the other paths.
      const own = found.filter((one) => !isPath(one.on)).map(severityOf);
      return { id, kind, name, note, health: worst([health, ...own]), details, findings: found };
    })
    .sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || byName(a.name, b.name));
  const edges = [...draw.edges.values()].sort((a, b) => byName(a.from, b.from) || byName(a.to, b.to));
  // What could not be told does not make a host other than ok.
  const all = [...nodes, ...edges].map(({ health }) => (health === "unknown" ? "ok" : health));
  return {
    host: view.host,
    health: worst([...all, ...findings.map(severityOf)]),
    nodes,
    edges,
    findings: elsewhere,
  };
}

/** The cards, and the switches that they or bound VMkernel adapters are on, with the VMkernel adapters there. */
function drawNetwork(draw: Draw, view: HostView): void {
  const { devices, switches, portGroups, interfaces } = view;
  for (const device of devices) {
    const { name, driver, state, mtu, speed, pairedUplink, description } = device;
    const health = state === "Active" ? "ok" : "broken";
    const rdma = draw.node("rdmaDevice", name, {
      note: state === "Active" ? speed : state,
      health,
      details: {
        state,
        speed,
        driver,
        description: description.replace(/\s+/g, " "),
        "RDMA MTU": `${mtu}`,
        ...spoken(view, name),
      },
      names: modulesBehind(device),
    });
    if (pairedUplink === "") continue;
    const details = { link: state === "Active" ? "up" : `${state}, as ${name} says`, ...pause(view, pairedUplink) };
    const note = state === "Active" ? "link up" : `link ${state.toLowerCase()}`;
    draw.edge(draw.node("uplink", pairedUplink, { note, health, details }), rdma, health);
  }
  const bound = new Set(view.adapters.flatMap(({ bindings }) => bindings.map(({ vmknic }) => vmknic)));
  const cards = new Set(devices.map(({ pairedUplink }) => pairedUplink));
  for (const { name, mtu, cdp, uplinks } of switches) {
    const there = interfaces.filter(({ portset }) => portset === name);
    if (!uplinks.some((uplink) => cards.has(uplink)) && !there.some((vmk) => bound.has(vmk.name))) continue;
    const carrier = draw.node("virtualSwitch", name, {
      note: `MTU ${mtu}`,
      details: { MTU: `${mtu}`, uplinks: uplinks.join(", ") || "none", CDP: cdp },
    });
    for (const uplink of uplinks) {
      const nic = draw.node("uplink", uplink, { health: "unknown", details: pause(view, uplink) });
      const pairs = devices.filter(({ pairedUplink }) => pairedUplink === uplink);
      for (const one of pairs) draw.edge(draw.node("rdmaDevice", one.name), carrier, nic.health);
      if (pairs.length === 0) draw.edge(nic, carrier, nic.health);
    }
    for (const vmk of there) {
      const group = portGroups.find((one) => one.name === vmk.portGroup);
      const { active = [], standby = [] } = group?.failover ?? {};
      const portGroup = draw.node("portGroup", vmk.portGroup, {
        note: group?.vlanId ? `VLAN ${group.vlanId}` : "no VLAN",
        details: {
          VLAN: group?.vlanId ? `${group.vlanId}` : "none",
          "active uplinks": active.join(", ") || "none",
          "standby uplinks": standby.join(", ") || "none",
        },
      });
      draw.edge(carrier, portGroup, "ok");
      draw.edge(portGroup, drawInterface(draw, vmk.name, view), "ok");
    }
  }
  // A VMkernel adapter that is bound and on no standard switch.
  for (const vmk of interfaces.filter((one) => bound.has(one.name) && !isOnStandardSwitch(one, switches))) {
    const carrier = draw.node("virtualSwitch", vmk.vdsName, {
      note: "distributed",
      health: "unknown",
      details: { portset: vmk.portset },
    });
    draw.edge(carrier, drawInterface(draw, vmk.name, view), "unknown");
  }
}

function drawInterface(draw: Draw, name: string, { interfaces, addresses }: HostView): Draft {
  const vmk = interfaces.find((one) => one.name === name);
  if (vmk === undefined)
    return draw.node("vmkernelAdapter", name, {
      note: "not there",
      health: "broken",
      details: { state: "bound, and not there" },
    });
  const ipv4 = addresses.find(({ interfaceName }) => interfaceName === name);
  const address = ipv4 === undefined || ipv4.type === "NONE" ? "" : ipv4.address;
  return draw.node("vmkernelAdapter", name, {
    note: address || "no IPv4 address",
    details: {
      IPv4: address === "" ? "none" : `${address} netmask ${ipv4?.netmask}, ${ipv4?.type.toLowerCase()}`,
      MTU: `${vmk.mtu}`,
      MAC: vmk.macAddress,
      "TCP/IP stack": vmk.netstack,
    },
  });
}

function drawBindings(draw: Draw, adapter: AdapterView, view: HostView): void {
  const { vmhba, name, device, state, iqn, alias, bindings, chap, roce, sessions } = adapter;
  const node = draw.node("adapter", vmhba, {
    note: state,
    health: state === "online" ? "ok" : state === "offline" ? "broken" : "unknown",
    details: {
      state,
      "RDMA device": device?.name ?? "not told by the host",
      "iSCSI name": iqn,
      alias,
      "RoCE version": roce ?? "not in the log",
      CHAP: chap.uni.level + (chap.uni.name === "" ? "" : ` as ${chap.uni.name}`),
      "mutual CHAP": chap.mutual.level,
      sessions: `${sessions.length}`,
    },
    standsFor: name === vmhba ? [] : [name],
  });
  for (const { vmknic, compliantStatus, nonCompliantMessage, pathStatus } of bindings) {
    const isFit = compliantStatus === "compliant";
    const vmk = drawInterface(draw, vmknic, view);
    vmk.details[`bound to ${vmhba}`] = [compliantStatus, pathStatus].filter((word) => word !== "").join(", ");
    draw.edge(vmk, node, isFit ? "ok" : "broken", isFit ? {} : { note: nonCompliantMessage || compliantStatus });
  }
  if (device === undefined) return;
  const isImplied = bindings.some(({ vmknic }) => usesUplink(view, vmknic, device.pairedUplink));
  const health = device.state === "Active" ? "ok" : "broken";
  draw.edge(draw.node("rdmaDevice", device.name), node, health, {
    note: `${vmhba} is the adapter of ${device.name}`,
    ...(isImplied ? { implied: true } : {}),
  });
}

/** Whether the drawn way from an uplink leads to a VMkernel adapter, and the port group takes it. */
function usesUplink({ interfaces, switches, portGroups }: HostView, vmknic: string, uplink: string): boolean {
  const vmk = interfaces.find(({ name }) => name === vmknic);
  const carrier = switches.find(({ name }) => name === vmk?.portset);
  const group = portGroups.find(({ name }) => name === vmk?.portGroup);
  return (carrier?.uplinks.includes(uplink) ?? false) && (group?.failover.active.includes(uplink) ?? false);
}

function drawTargets(draw: Draw, { vmhba, targets, sessions, discoveryAddresses, staticTargets }: AdapterView): void {
  const adapter = draw.node("adapter", vmhba);
  for (const address of discoveryAddresses.map(canonicalPortal)) {
    const asked = draw.node("portal", address, { note: "asked, no target", health: "unknown" });
    asked.details["asked for targets by"] = listed(asked.details["asked for targets by"], vmhba);
    if (!targets.some((one) => portal(one.address, one.port) === address)) draw.edge(adapter, asked, "unknown");
  }
  for (const { targetName, address, port, lastError, discoveryMethod } of targets) {
    const session = sessions.filter((one) => one.targetName === targetName);
    const isUpHere = session.some(({ connections }) => connections.some((one) => one.address === address && isUp(one)));
    const health = isUpHere ? "ok" : isFailure(lastError) ? "broken" : "unknown";
    const state = isUpHere ? "logged in" : isFailure(lastError) ? lastError : "no session";
    const door = draw.node("portal", portal(address, port), { health });
    const target = draw.node("target", targetName, { health, details: { found: discoveryMethod.toLowerCase() } });
    reached(door, health);
    reached(target, health);
    count(door, isUpHere);
    count(target, isUpHere);
    target.details[`${vmhba} at ${portal(address, port)}`] = state;
    draw.edge(adapter, door, health, isUpHere ? {} : { note: `${targetName}: ${state}` });
    draw.edge(door, target, health, { better: true, ...(isUpHere ? {} : { note: state }) });
  }
  for (const { name, address } of staticTargets) {
    if (targets.some((one) => one.targetName === name)) continue;
    const door = draw.node("portal", canonicalPortal(address), { health: "unknown" });
    draw.edge(adapter, door, "unknown");
    draw.edge(door, draw.node("target", name, { note: "not seen", health: "unknown" }), "unknown");
  }
}

/** Says how many logins there are, of how many that should be. */
function count(node: Draft, isUp: boolean): void {
  const [, up = "0", all = "0"] = /^(\d+) of (\d+) logins$/.exec(node.note) ?? [];
  node.note = `${Number(up) + Number(isUp)} of ${Number(all) + 1} logins`;
}

/** An address or a target that one adapter reaches is there, however the others do. */
function reached(node: Draft, health: Health): void {
  if (isBetter(health, node.health)) node.health = health;
}

/** Of what several adapters try: that one is through says more than that another is not, and that says more than nothing. */
function isBetter(health: Health, than: Health): boolean {
  const ranks: readonly Health[] = ["unknown", "broken", "ok"];
  return ranks.indexOf(health) > ranks.indexOf(than);
}

function drawDevice(draw: Draw, { name, displayName, sizeMb, paths }: FoundDevice, { adapters }: HostView): void {
  const live = paths.filter(isLive).length;
  const dead = paths.length - live;
  const node = draw.node("device", name, {
    note: `${size(sizeMb)}, ${counted(paths.length, "path")}${dead === 0 ? "" : `, ${dead} not live`}`,
    health: dead === 0 ? "ok" : live > 0 ? "warning" : "broken",
    details: { "display name": displayName, size: size(sizeMb) },
  });
  for (const path of paths) {
    node.details[`path ${path.runtimeName}`] = path.state;
    const vmhba = adapters.find((one) => one.name === path.adapter)?.vmhba ?? path.adapter;
    const from =
      path.targetName === undefined
        ? draw.node("adapter", vmhba)
        : draw.node("target", path.targetName, { health: "unknown" });
    draw.edge(
      from,
      node,
      isLive(path) ? "ok" : "broken",
      isLive(path) ? {} : { note: `${path.runtimeName} is ${path.state}` },
    );
  }
}

function isLive({ state }: FoundDevice["paths"][number]): boolean {
  return ["active", "standby"].includes(state.toLowerCase());
}

function spoken({ protocols }: HostView, device: string): Record<string, string> {
  const row = protocols.find((one) => one.device === device);
  if (row === undefined) return {};
  const all = [row.v1 ? "RoCE v1" : "", row.v2 ? "RoCE v2" : "", row.iwarp ? "iWARP" : ""].filter((one) => one !== "");
  return { speaks: all.join(", ") || "nothing that the host lists" };
}

function pause({ pauses }: HostView, nic: string): Record<string, string> {
  const row = pauses.find((one) => one.nic === nic);
  return row === undefined ? {} : { "global pause": `rx ${row.rx ? "on" : "off"}, tx ${row.tx ? "on" : "off"}` };
}

/** `100 GB`: of 1024 each. */
function size(mb: number): string {
  const units = ["MB", "GB", "TB", "PB"];
  const at = mb < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(mb) / 10));
  return `${Number((mb / 1024 ** at).toFixed(1))} ${units[at]}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function listed(all: string | undefined, one: string): string {
  return all === undefined ? one : `${all}, ${one}`;
}
