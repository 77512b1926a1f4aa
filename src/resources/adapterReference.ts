import { IserError } from "../errors.js";
import {
  adapterList,
  type IscsiAdapter,
  type PhysicalNetworkPortal,
  physicalNetworkPortalList,
} from "../esxcli/iscsi.js";
import { deviceList, type RdmaDevice } from "../esxcli/rdma.js";
import { type StorageAdapter, storageAdapterList } from "../esxcli/storage.js";
import { type Ask, askAhead } from "./definition.js";

/** Everything that ties an RDMA device to its `vmhba#`, from one observation. */
export interface AdapterView {
  readonly devices: readonly RdmaDevice[];
  readonly adapters: readonly IscsiAdapter[];
  readonly portals: readonly PhysicalNetworkPortal[];
  readonly storage: readonly StorageAdapter[];
}

/** Which adapters there are, whatever their state. */
export const adapterNumbers = { ...adapterList, part: "but the state" } as const;

/**
 * `list`: the adapters with all that is to be known of them. `expected`: there are iSER adapters, most likely, and what ties them to devices is asked
 * at once. The storage adapters are asked for only where the others leave it open.
 */
export async function observeAdapters(
  ask: Ask,
  list: typeof adapterList = adapterNumbers,
  expected = true,
): Promise<AdapterView> {
  if (expected) askAhead(ask, physicalNetworkPortalList);
  const [devices, adapters] = await Promise.all([ask(deviceList), ask(list)]);
  if (!adapters.some(isIser)) return { devices, adapters, portals: [], storage: [] };
  const portals = await ask(physicalNetworkPortalList);
  const view = { devices, adapters, portals, storage: [] };
  if (adapters.filter(isIser).every((adapter) => ownerByPortal(view, adapter) !== undefined)) return view;
  return { ...view, storage: await ask(storageAdapterList) };
}

/** Which device has which uplink is a matter of the cards: it cannot change while a connection lasts. */
export const pairings = { ...deviceList, stable: true } as const;

/** Making and deleting adapters hands out and frees their numbers, so it goes alone: no other write to an adapter is under way. */
export async function allAdapterLanes(ask: Ask): Promise<readonly string[]> {
  return ["iser", ...(await ask(pairings)).map(({ name }) => `adapter ${name}`)];
}

/** Writes to one adapter go in turn, by whatever name it is called. */
export async function adapterLanes(ask: Ask, { adapter }: { readonly adapter: string }): Promise<readonly string[]> {
  const device = (await ask(pairings)).find(({ pairedUplink }) => pairedUplink === adapter);
  return [`adapter ${device?.name ?? adapter}`];
}

/** The same inputs with the adapter by each name that its RDMA device has. */
export function spellings<I extends { readonly adapter: string }>(
  { resolution }: { readonly resolution: Resolution },
  inputs: I,
): readonly I[] {
  const device = "device" in resolution ? resolution.device : undefined;
  return device === undefined ? [] : namesOf(device).map((adapter) => ({ ...inputs, adapter }));
}

function namesOf({ name, pairedUplink }: RdmaDevice): readonly string[] {
  return pairedUplink === "" ? [name] : [name, pairedUplink];
}

/** What a reference leads to on the host. */
export type Resolution =
  | {
      readonly kind: "found";
      readonly vmhba: string;
      readonly adapter: IscsiAdapter;
      readonly device: RdmaDevice | undefined;
    }
  | { readonly kind: "absent"; readonly device: RdmaDevice }
  | { readonly kind: "ambiguous"; readonly device: RdmaDevice; readonly candidates: readonly string[] }
  | { readonly kind: "no device"; readonly reference: string; readonly known: readonly RdmaDevice[] }
  | { readonly kind: "no adapter"; readonly reference: string; readonly known: readonly IscsiAdapter[] }
  | { readonly kind: "iser by number"; readonly reference: string; readonly owner: RdmaDevice | undefined };

/**
 * Finds the `vmhba#` of an RDMA device (`vmrdma0`), of the device of an uplink (`vmnic4`), or a `vmhba#` that is no iSER adapter.
 *
 * No column of ESXi links a `vmhba#` to its RDMA device, so it is inferred, in this order:
 * 1. the physical network portals name, among the uplinks of RDMA devices, just one for the adapter;
 * 2. the storage adapter list names the device or its uplink in UID or description, as it does for NVMe over RDMA [seen];
 * 3. a single iSER adapter and a single device that could own it are left, and nothing the host says of the adapter names another.
 * What stays open is ambiguous, never a guess.
 */
export function resolve(view: AdapterView, reference: string): Resolution {
  if (reference.startsWith("vmhba")) return resolveVmhba(view, reference);
  const device = view.devices.find(({ name, pairedUplink }) => name === reference || pairedUplink === reference);
  if (device === undefined) return { kind: "no device", reference, known: view.devices };
  const owned = owners(view);
  const mine = [...owned].filter(([, owner]) => owner?.name === device.name).map(([adapter]) => adapter);
  const [only, ...more] = mine;
  if (only !== undefined && more.length === 0) return { kind: "found", vmhba: only.adapter, adapter: only, device };
  if (more.length > 0) return { kind: "ambiguous", device, candidates: mine.map(({ adapter }) => adapter) };
  const open = [...owned].filter(([, owner]) => owner === undefined).map(([{ adapter }]) => adapter);
  return open.length === 0 ? { kind: "absent", device } : { kind: "ambiguous", device, candidates: open };
}

/** What a reference leads to on the host, asked now. */
export async function findAdapter(ask: Ask, reference: string): Promise<Resolution> {
  return resolve(await observeAdapters(ask), reference);
}

function resolveVmhba(view: AdapterView, reference: string): Resolution {
  const adapter = view.adapters.find((candidate) => candidate.adapter === reference);
  if (adapter === undefined) return { kind: "no adapter", reference, known: view.adapters };
  if (isIser(adapter)) return { kind: "iser by number", reference, owner: owners(view).get(adapter) };
  return { kind: "found", vmhba: adapter.adapter, adapter, device: undefined };
}

/** The iSER adapters of the host and the RDMA device of each, as far as the host says. */
export function owners(view: AdapterView): ReadonlyMap<IscsiAdapter, RdmaDevice | undefined> {
  const iser = view.adapters.filter(isIser);
  const told = new Map(iser.map((adapter) => [adapter, ownerByPortal(view, adapter) ?? ownerByName(view, adapter)]));
  const open = iser.filter((adapter) => told.get(adapter) === undefined);
  const taken = new Set([...told.values()].map((device) => device?.name));
  const free = view.devices.filter((device) => hasUplink(device) && !taken.has(device.name));
  const [lastAdapter, lastDevice] = [onlyOne(open), onlyOne(free)];
  if (lastAdapter !== undefined && lastDevice !== undefined && couldOwn(view, lastDevice, lastAdapter))
    told.set(lastAdapter, lastDevice);
  return told;
}

function ownerByPortal(view: AdapterView, adapter: IscsiAdapter): RdmaDevice | undefined {
  const uplinks = portalUplinks(view, adapter);
  return onlyOne(view.devices.filter((device) => hasUplink(device) && uplinks.includes(device.pairedUplink)));
}

function ownerByName(view: AdapterView, adapter: IscsiAdapter): RdmaDevice | undefined {
  const said = storageWords(view, adapter);
  return onlyOne(view.devices.filter(({ name, pairedUplink }) => said.includes(name) || said.includes(pairedUplink)));
}

/** The NICs that the physical network portals list for the adapter. */
function portalUplinks({ portals }: AdapterView, { adapter }: IscsiAdapter): readonly string[] {
  return portals.filter((portal) => portal.adapter === adapter).map(({ vmnic }) => vmnic);
}

/** The words that the storage adapter list has for the adapter. */
function storageWords({ storage }: AdapterView, { adapter }: IscsiAdapter): readonly string[] {
  const row = storage.find(({ hba }) => hba === adapter);
  return row === undefined ? [] : `${row.description} ${row.uid}`.split(/[^A-Za-z0-9]+/);
}

/** What the host says of the adapter leaves room for the device: it may also be the adapter of a card that is not listed any more. */
function couldOwn(view: AdapterView, device: RdmaDevice, adapter: IscsiAdapter): boolean {
  const named = storageWords(view, adapter).filter((word) => /^(vmrdma|vmnic)\d+$/.test(word));
  const allowed = (names: readonly string[]) =>
    names.length === 0 || names.includes(device.pairedUplink) || names.includes(device.name);
  return allowed(portalUplinks(view, adapter)) && allowed(named);
}

function onlyOne<T>(candidates: readonly T[]): T | undefined {
  return candidates.length === 1 ? candidates[0] : undefined;
}

export function isIser({ driver }: IscsiAdapter): boolean {
  return driver === "iser";
}

export function hasUplink({ pairedUplink }: RdmaDevice): boolean {
  return /^vmnic\d+$/.test(pairedUplink);
}

export type Found = Extract<Resolution, { kind: "found" }>;

/** Whether the adapter is there. Throws when the host does not say. */
export function isFound(resolution: Resolution): resolution is Found {
  if (resolution.kind === "ambiguous" || resolution.kind === "iser by number") throw unresolved(resolution);
  return resolution.kind === "found";
}

/** The adapter, or the error that says why there is none and what to do. */
export function adapterOf(resolution: Resolution): Found {
  if (resolution.kind === "found") return resolution;
  throw unresolved(resolution);
}

export function unresolved(resolution: Exclude<Resolution, Found>): IserError {
  switch (resolution.kind) {
    case "absent":
      return new IserError("ADAPTER_NOT_FOUND", {
        problem: `${resolution.device.name} (${resolution.device.pairedUplink}) has no iSER adapter`,
        cure: "Declare an IserAdapter for it and pass that as `adapter`, so that it is made first. After a reboot that lost it, run pulumi refresh and pulumi up.",
      });
    case "ambiguous":
      return new IserError("ADAPTER_AMBIGUOUS", {
        problem: `the host does not say which adapter belongs to ${resolution.device.name} (${resolution.device.pairedUplink}). Candidates: ${resolution.candidates.join(", ")}`,
        cure: "Nothing is written to any of them. Compare `esxcli iscsi physicalnetworkportal list` and `esxcli storage core adapter list` on the host; please report their output.",
      });
    case "no device":
      return new IserError("DEVICE_NOT_FOUND", {
        problem: `there is no RDMA device ${resolution.reference.startsWith("vmnic") ? `with the uplink ${resolution.reference}` : resolution.reference}. RDMA devices: ${listDevices(resolution.known)}`,
        cure: "Name one of these, or look at `esxcli rdma device list` on the host: a missing one has no driver or no card.",
      });
    case "no adapter":
      return new IserError("ADAPTER_NOT_FOUND", {
        problem: `there is no adapter ${resolution.reference}. iSCSI adapters: ${resolution.known.map(({ adapter, driver }) => `${adapter} (${driver})`).join(", ") || "none"}`,
        cure: "Name one of these, or the RDMA device of an iSER adapter.",
      });
    case "iser by number":
      return new IserError("INPUT_INVALID", {
        problem: `${resolution.reference} is an iSER adapter, and its number can change at a reboot`,
        cure: `Give its RDMA device instead: adapter: "${resolution.owner?.name ?? "vmrdma#"}".`,
      });
  }
}

export function listDevices(devices: readonly RdmaDevice[]): string {
  return (
    devices.map(({ name, state, pairedUplink }) => `${name} (${state}, uplink ${pairedUplink || "none"})`).join(", ") ||
    "none"
  );
}
