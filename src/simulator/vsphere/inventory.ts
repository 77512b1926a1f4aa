import { createHash } from "node:crypto";
import type { SimulatedHost } from "../host.js";
import { builds } from "../model.js";
import type { Reference } from "./soap.js";

/** A value that the property collector gives. Undefined: not set, which is left out of the answer. */
export type Property = string | boolean | Reference | readonly Reference[] | readonly string[] | undefined;

export interface ManagedObject {
  readonly self: Reference;
  readonly properties: Readonly<Record<string, Property>>;
}

/** A host as an endpoint has it: under its name there, by its addresses. */
export interface InventoryHost {
  readonly self: Reference;
  readonly host: SimulatedHost;
  readonly name: string;
  readonly addresses: readonly string[];
}

/** What clients call the singletons of an endpoint. */
interface Content {
  readonly rootFolder: Reference;
  readonly propertyCollector: Reference;
  readonly sessionManager: Reference;
  readonly searchIndex: Reference;
  readonly viewManager: Reference;
}

/** All that a client can see of an endpoint, as far as it takes to find a host. */
export interface Inventory {
  readonly apiType: "HostAgent" | "VirtualCenter";
  /** What the endpoint itself is: `about`. */
  readonly about: Readonly<Record<string, string>>;
  readonly content: Content;
  readonly objects: ReadonlyMap<string, ManagedObject>;
  readonly hosts: readonly InventoryHost[];
}

/** A host in a vCenter. */
export interface VcenterHost {
  /** Its name in the inventory: what it was added by, mostly a DNS name. */
  readonly name: string;
  /** Its management address. Default: those of its VMkernel adapters. */
  readonly address?: string;
  /** Its managed object id. Default: `host-11`, `host-21` and so on. */
  readonly moid?: string;
  readonly host: SimulatedHost;
}

const kinds = {
  Folder: ["Folder", "ManagedEntity"],
  Datacenter: ["Datacenter", "ManagedEntity"],
  ComputeResource: ["ComputeResource", "ManagedEntity"],
  ResourcePool: ["ResourcePool", "ManagedEntity"],
  HostSystem: ["HostSystem", "ManagedEntity"],
} as const;

/** Whether an object of a type is also of the other one. */
export function isA(type: string, wanted: string): boolean {
  return type === wanted || (kinds[type as keyof typeof kinds] ?? []).some((kind) => kind === wanted);
}

export function hostName({ state: { hostName: name, domain } }: SimulatedHost): string {
  return domain === "" ? name : `${name}.${domain}`;
}

/** An ESXi of its own. The ids are ESXi's (seen in the model of a standalone host that vcsim has). */
export function esxiInventory(host: SimulatedHost): Inventory {
  const { version, build } = builds[host.state.model];
  const content = contentOf({
    rootFolder: "ha-folder-root",
    propertyCollector: "ha-property-collector",
    sessionManager: "ha-sessionmgr",
    searchIndex: "ha-searchindex",
    viewManager: "ViewManager",
  });
  const tree = new Tree(content.rootFolder, "ha-folder-root", {
    datacenter: ["ha-datacenter", "ha-datacenter"],
    folder: (kind) => `ha-folder-${kind}`,
  });
  const self = { type: "HostSystem", value: "ha-host" };
  tree.add({ self, host, name: hostName(host), addresses: addressesOf(host) }, "ha-compute-res", "ha-root-pool");
  return tree.inventory(
    "HostAgent",
    about("VMware ESXi", version, build, { osType: "vmnix-x86", productLineId: "embeddedEsx" }),
    content,
  );
}

/** A vCenter with one datacenter, each host on its own in it. */
export function vcenterInventory(hosts: readonly VcenterHost[]): Inventory {
  const content = contentOf({
    rootFolder: "group-d1",
    propertyCollector: "propertyCollector",
    sessionManager: "SessionManager",
    searchIndex: "SearchIndex",
    viewManager: "ViewManager",
  });
  const letters: Readonly<Record<string, string>> = { vm: "v3", host: "h4", datastore: "s5", network: "n6" };
  const tree = new Tree(content.rootFolder, "Datacenters", {
    datacenter: ["datacenter-2", "Datacenter"],
    folder: (kind) => `group-${letters[kind]}`,
  });
  for (const [index, { name, address, moid, host }] of hosts.entries()) {
    const number = (index + 1) * 10;
    const self = { type: "HostSystem", value: moid ?? `host-${number + 1}` };
    const addresses = address === undefined ? addressesOf(host) : [address];
    tree.add({ self, host, name, addresses }, `domain-s${number}`, `resgroup-${number + 2}`);
  }
  return tree.inventory(
    "VirtualCenter",
    about("VMware vCenter Server", "8.0.2", "Releasebuild-22385739", { osType: "linux-x64", productLineId: "vpx" }),
    content,
  );
}

/** The singletons by their ids. */
function contentOf(ids: Readonly<Record<keyof Content, string>>): Content {
  return {
    rootFolder: { type: "Folder", value: ids.rootFolder },
    propertyCollector: { type: "PropertyCollector", value: ids.propertyCollector },
    sessionManager: { type: "SessionManager", value: ids.sessionManager },
    searchIndex: { type: "SearchIndex", value: ids.searchIndex },
    viewManager: { type: "ViewManager", value: ids.viewManager },
  };
}

function about(name: string, version: string, build: string, more: Readonly<Record<string, string>>) {
  const number = build.replace("Releasebuild-", "");
  return {
    name,
    fullName: `${name} ${version} build-${number}`,
    vendor: "VMware, Inc.",
    version,
    build: number,
    ...more,
    apiVersion: apiVersionOf(version),
  };
}

/** As the versions of the API are called: 6.7, 6.7.1, 7.0.0.0, 8.0.2.0. [pyvmomi] */
function apiVersionOf(version: string): string {
  return Number.parseInt(version, 10) < 7 ? version.replace(/\.0$/, "") : `${version}.0`;
}

function addressesOf({ state }: SimulatedHost): string[] {
  return state.interfaces.flatMap(({ ipv4 }) => (isSet(ipv4.address) ? [ipv4.address] : []));
}

function isSet(address: string): boolean {
  return address !== "" && address !== "0.0.0.0";
}

interface Ids {
  /** Id and name. */
  readonly datacenter: readonly [string, string];
  readonly folder: (kind: string) => string;
}

/** Root folder, datacenter, its four folders, and a compute resource a host in one of them. */
class Tree {
  private readonly objects = new Map<string, ManagedObject>();
  private readonly hosts: InventoryHost[] = [];
  private readonly computeResources: Reference[] = [];
  private readonly hostFolder: Reference;

  constructor(root: Reference, rootName: string, ids: Ids) {
    const [id, name] = ids.datacenter;
    const datacenter = { type: "Datacenter", value: id };
    const folder = (kind: string) => ({ type: "Folder", value: ids.folder(kind) });
    this.hostFolder = folder("host");
    this.put(root, {
      name: rootName,
      parent: undefined,
      childType: ["Folder", "Datacenter"],
      childEntity: [datacenter],
    });
    const folders = { vmFolder: "vm", hostFolder: "host", datastoreFolder: "datastore", networkFolder: "network" };
    const references = Object.entries(folders).map(([property, kind]) => [property, folder(kind)] as const);
    this.put(datacenter, { name, parent: root, ...Object.fromEntries(references) });
    for (const kind of Object.values(folders))
      this.put(folder(kind), {
        name: kind,
        parent: datacenter,
        childType: kind === "host" ? ["Folder", "ComputeResource"] : [],
        childEntity: kind === "host" ? this.computeResources : [],
      });
  }

  add(entry: InventoryHost, computeId: string, poolId: string): void {
    const { self, host, name } = entry;
    const compute = { type: "ComputeResource", value: computeId };
    const pool = { type: "ResourcePool", value: poolId };
    this.put(compute, { name, parent: this.hostFolder, host: [self], network: [], datastore: [], resourcePool: pool });
    this.put(pool, { name: "Resources", parent: compute, owner: compute });
    this.put(self, {
      name,
      parent: compute,
      "summary.config.name": name,
      "summary.hardware.uuid": uuidOf(host),
      "hardware.systemInfo.uuid": uuidOf(host),
      "config.product.version": builds[host.state.model].version,
      "runtime.connectionState": "connected",
      "runtime.powerState": "poweredOn",
      "runtime.inMaintenanceMode": false,
    });
    this.computeResources.push(compute);
    this.hosts.push(entry);
  }

  inventory(apiType: Inventory["apiType"], what: Inventory["about"], content: Content): Inventory {
    return { apiType, about: { ...what, apiType }, content, objects: this.objects, hosts: this.hosts };
  }

  private put(self: Reference, properties: ManagedObject["properties"]): void {
    this.objects.set(self.value, { self, properties });
  }
}

/** Of the hardware: the same at every start. */
export function uuidOf(host: SimulatedHost): string {
  const hex = createHash("sha256").update(hostName(host)).digest("hex");
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
