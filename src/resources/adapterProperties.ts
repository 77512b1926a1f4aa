import type * as pulumi from "@pulumi/pulumi";
import { type AdapterInfo, adapterGet, adapterSet } from "../esxcli/iscsi.js";
import { adapterLanes, adapterOf, isFound, observeAdapters, type Resolution, resolve } from "./adapterReference.js";
import { define } from "./definition.js";
import { adapterReference, iqn, optionText } from "./fields.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";

interface Inputs {
  readonly adapter: string;
  readonly iqn?: string;
  readonly alias?: string;
}

interface Have {
  readonly resolution: Resolution;
  readonly info: AdapterInfo | undefined;
}

interface Before {
  readonly iqn?: string;
  readonly alias?: string;
  readonly [key: string]: string | undefined;
}

export const adapterProperties = define<Inputs, Have, Before>({
  type: "AdapterProperties",
  fields: {
    adapter: adapterReference,
    iqn: iqn.optional(),
    alias: optionText("an alias of 1 to 255 bytes", 255).optional(),
  },
  identity: ["adapter"],
  parents: ["adapter"],
  outputs: [],

  rules: (_inputs, given) =>
    given("iqn") || given("alias") ? [] : [{ field: "iqn", reason: "and alias: give at least one of them." }],

  id: ({ adapter }) => `${adapter}/properties`,
  lanes: adapterLanes,

  async observe(ask, { adapter }) {
    const resolution = resolve(await observeAdapters(ask), adapter);
    return { resolution, info: resolution.kind === "found" ? await ask(adapterGet(resolution.vmhba)) : undefined };
  },

  exists: ({ resolution }) => isFound(resolution),

  plan({ resolution, info }, want) {
    const { vmhba } = adapterOf(resolution);
    const changes = differing(info, want);
    return Object.keys(changes).length === 0 ? [] : [adapterSet(vmhba, changes)];
  },

  record: ({ info }, want) => pickNamed(info, want),
  current: ({ info }, inputs) => pickNamed(info, inputs),
  report: () => ({}),

  remove({ resolution, info }, inputs, before) {
    if (resolution.kind !== "found") return { commands: [] };
    // What is no longer declared is somebody else's by now.
    const changes = differing(
      info,
      Object.fromEntries(names.filter((name) => inputs[name] !== undefined).map((name) => [name, before[name]])),
    );
    return { commands: Object.keys(changes).length === 0 ? [] : [adapterSet(resolution.vmhba, changes)] };
  },
});

const names = ["iqn", "alias"] as const;

/** The declared names, with their values on the host. */
function pickNamed(info: AdapterInfo | undefined, declared: Partial<Inputs>): Before {
  return Object.fromEntries(
    names.filter((name) => declared[name] !== undefined && info).map((name) => [name, info?.[name]]),
  );
}

function differing(info: AdapterInfo | undefined, target: Partial<Inputs>): Before {
  return Object.fromEntries(
    names
      .filter((name) => target[name] !== undefined && target[name] !== info?.[name])
      .map((name) => [name, target[name]]),
  );
}

export interface AdapterPropertiesArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** An IserAdapter, its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of an adapter that is not iSER. */
  adapter: AdapterInput;
  /** The iSCSI name: `iqn.yyyy-mm.domain:text`, `eui.` or `naa.` [RFC 3720, RFC 3980]. Kept in lower case. */
  iqn?: pulumi.Input<string> | undefined;
  /** A name for people, 1 to 255 bytes. Must not begin with a hyphen. */
  alias?: pulumi.Input<string> | undefined;
}

/**
 * The iSCSI name and the alias of an adapter: `esxcli iscsi adapter set`. What is not given is not touched.
 *
 * Sessions keep the old name until they log in again.
 *
 * Errors: ADAPTER_NOT_FOUND, ADAPTER_AMBIGUOUS. Sources: ESXi 6.7 and ESXCLI reference 8.0.2.
 *
 * @example
 * new AdapterProperties("iser-a", { host: "esx01.lab", adapter, iqn: "iqn.1998-01.com.vmware:esx01-a" });
 */
export class AdapterProperties extends EsxiResource {
  declare readonly adapter: pulumi.Output<string>;
  declare readonly iqn: pulumi.Output<string | undefined>;
  declare readonly alias: pulumi.Output<string | undefined>;

  constructor(name: string, args: AdapterPropertiesArgs, opts?: pulumi.CustomResourceOptions) {
    super(adapterProperties, name, args, opts);
  }
}
