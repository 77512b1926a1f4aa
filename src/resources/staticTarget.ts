import type * as pulumi from "@pulumi/pulumi";
import {
  type StaticTarget as Listed,
  staticTargetAdd,
  staticTargetList,
  staticTargetRemove,
} from "../esxcli/iscsiDiscovery.js";
import { adapterLanes, adapterOf, findAdapter, isFound, type Resolution, spellings } from "./adapterReference.js";
import { define } from "./definition.js";
import { adapterReference, address, canonicalPortal, iqn, isSameIqn, port, portal } from "./fields.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";

interface Inputs {
  readonly adapter: string;
  readonly targetName: string;
  readonly address: string;
  readonly port: number;
}

interface Have {
  readonly resolution: Resolution;
  /** The static targets of the adapter, as the host writes them. */
  readonly targets: readonly Listed[];
}

interface Before {
  readonly existed: boolean;
  readonly [key: string]: boolean;
}

const wanted = ({ targetName, address, port }: Inputs): Listed => ({
  name: targetName,
  address: portal(address, port),
});

/** A target is its name and its address: one name may have many addresses, and one address many names. */
function listed({ targets }: Have, inputs: Inputs): Listed | undefined {
  const { name, address } = wanted(inputs);
  return targets.find((one) => isSameIqn(one.name, name) && canonicalPortal(one.address) === address);
}

export const staticTarget = define<Inputs, Have, Before>({
  type: "StaticTarget",
  fields: { adapter: adapterReference, targetName: iqn, address, port: port.default(3260) },
  identity: ["adapter", "targetName", "address", "port"],
  parents: ["adapter"],
  outputs: [],

  id: (inputs) => `${inputs.adapter}/statictarget/${inputs.targetName}@${portal(inputs.address, inputs.port)}`,
  spellings,
  lanes: adapterLanes,
  settlesAside: true,

  async observe(ask, { adapter }) {
    const resolution = await findAdapter(ask, adapter);
    return { resolution, targets: resolution.kind === "found" ? await ask(staticTargetList(resolution.vmhba)) : [] };
  },

  exists: (have, inputs) => isFound(have.resolution) && listed(have, inputs) !== undefined,

  plan(have, want) {
    const { vmhba } = adapterOf(have.resolution);
    return listed(have, want) === undefined ? [staticTargetAdd(vmhba, wanted(want))] : [];
  },

  record: (have, want) => ({ existed: listed(have, want) !== undefined }),
  current: () => ({}),
  report: () => ({}),

  remove(have, inputs, { existed }) {
    const there = listed(have, inputs);
    if (existed || have.resolution.kind !== "found" || there === undefined) return { commands: [] };
    return { commands: [staticTargetRemove(have.resolution.vmhba, there)] };
  },
});

/** What `StaticTarget` takes. */
export interface StaticTargetArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** An IserAdapter, its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of an adapter that is not iSER. */
  adapter: AdapterInput;
  /** The iSCSI name of the target: `iqn.yyyy-mm.domain:text`, `eui.` or `naa.` [RFC 3720, RFC 3980]. Written in lower case; one in other case is the same. */
  targetName: pulumi.Input<string>;
  /** IPv4 address, IPv6 address without brackets, or DNS name of the target. */
  address: pulumi.Input<string>;
  /** Default 3260. */
  port?: pulumi.Input<number> | undefined;
}

/**
 * A static target of an adapter (static discovery): `esxcli iscsi adapter discovery statictarget add`. When ESXi first logs in to it is
 * not known: a rescan makes it.
 *
 * Every input is part of its identity. A target that was static already is adopted and stays when this is deleted.
 *
 * Errors: DEVICE_NOT_FOUND, ADAPTER_NOT_FOUND, ADAPTER_AMBIGUOUS, COMMAND_FAILED. Sources: ESXi 6.7; an empty list was seen on 5.0.
 *
 * @example
 * new StaticTarget("array", { host: "esx01.lab", adapter, targetName: "iqn.2010-09.lab.storage:iser-a", address: "192.168.50.100" });
 */
export class StaticTarget extends EsxiResource {
  declare readonly adapter: pulumi.Output<string>;
  declare readonly targetName: pulumi.Output<string>;
  declare readonly address: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;

  constructor(name: string, args: StaticTargetArgs, opts?: pulumi.CustomResourceOptions) {
    super(staticTarget, name, args, opts);
  }
}
