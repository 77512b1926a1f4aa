import type * as pulumi from "@pulumi/pulumi";
import { rediscover, sendTargetAdd, sendTargetList, sendTargetRemove } from "../esxcli/iscsiDiscovery.js";
import { adapterLanes, adapterOf, findAdapter, isFound, type Resolution, spellings } from "./adapterReference.js";
import { define } from "./definition.js";
import { adapterReference, address, canonicalPortal, port, portal } from "./fields.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";

interface Inputs {
  readonly adapter: string;
  readonly address: string;
  readonly port: number;
}

interface Have {
  readonly resolution: Resolution;
  /** The discovery addresses of the adapter in canonical form, each with the text that the host has for it. */
  readonly addresses: ReadonlyMap<string, string>;
}

interface Before {
  readonly existed: boolean;
  readonly [key: string]: boolean;
}

const wanted = ({ address, port }: Inputs) => portal(address, port);

export const discoveryAddress = define<Inputs, Have, Before>({
  type: "DiscoveryAddress",
  fields: { adapter: adapterReference, address, port: port.default(3260) },
  identity: ["adapter", "address", "port"],
  parents: ["adapter"],
  outputs: [],

  id: (inputs) => `${inputs.adapter}/sendtarget/${wanted(inputs)}`,
  spellings,
  lanes: adapterLanes,
  settlesAside: true,

  async observe(ask, { adapter }) {
    const resolution = await findAdapter(ask, adapter);
    const listed = resolution.kind === "found" ? await ask(sendTargetList(resolution.vmhba)) : [];
    return {
      resolution,
      addresses: new Map(listed.map(({ sendtarget }) => [canonicalPortal(sendtarget), sendtarget])),
    };
  },

  exists: ({ resolution, addresses }, inputs) => isFound(resolution) && addresses.has(wanted(inputs)),

  plan({ resolution, addresses }, want, { unfinished }) {
    const { vmhba } = adapterOf(resolution);
    // Adding does not discover. What an interrupted run has added is not known to have been discovered.
    if (addresses.has(wanted(want))) return unfinished ? [rediscover(vmhba)] : [];
    return [sendTargetAdd(vmhba, wanted(want)), rediscover(vmhba)];
  },

  record: ({ addresses }, want) => ({ existed: addresses.has(wanted(want)) }),
  current: () => ({}),
  report: () => ({}),

  remove({ resolution, addresses }, inputs, { existed }) {
    const listed = addresses.get(wanted(inputs));
    if (existed || resolution.kind !== "found" || listed === undefined) return { commands: [] };
    return { commands: [sendTargetRemove(resolution.vmhba, listed)] };
  },
});

/** What `DiscoveryAddress` takes. */
export interface DiscoveryAddressArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** An IserAdapter, its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of an adapter that is not iSER. */
  adapter: AdapterInput;
  /** IPv4 address, IPv6 address without brackets, or DNS name of the storage system. */
  address: pulumi.Input<string>;
  /** Default 3260. */
  port?: pulumi.Input<number> | undefined;
}

/**
 * A SendTargets discovery address of an adapter (dynamic discovery): `esxcli iscsi adapter discovery sendtarget add`, and then
 * `rediscover`, which ESXi does in the background.
 *
 * Every input is part of its identity. An address that was there before is adopted and stays. Else deleting it removes
 * the address; whether targets that it found, and their sessions, stay until a reboot is not known.
 *
 * Errors: DEVICE_NOT_FOUND, ADAPTER_NOT_FOUND, ADAPTER_AMBIGUOUS, COMMAND_FAILED. Sources: ESXi 6.7, seen on 5.0 and 5.5.
 *
 * @example
 * new DiscoveryAddress("array", { host: "esx01.lab", adapter, address: "192.168.50.100" });
 */
export class DiscoveryAddress extends EsxiResource {
  declare readonly adapter: pulumi.Output<string>;
  declare readonly address: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;

  constructor(name: string, args: DiscoveryAddressArgs, opts?: pulumi.CustomResourceOptions) {
    super(discoveryAddress, name, args, opts);
  }
}
