import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import { type NetworkPortal, networkPortalAdd, networkPortalList, networkPortalRemove } from "../esxcli/iscsi.js";
import {
  type Failover,
  interfaceList,
  portGroupFailover,
  type StandardSwitch,
  switchList,
  type VmkernelInterface,
} from "../esxcli/network.js";
import type { RdmaDevice } from "../esxcli/rdma.js";
import {
  adapterLanes,
  adapterOf,
  isFound,
  observeAdapters,
  type Resolution,
  resolve,
  spellings,
} from "./adapterReference.js";
import { declaredPath, demandUsable, faultsOf, isOnStandardSwitch, observedPath } from "./bindingPath.js";
import { define } from "./definition.js";
import { adapterReference, vmkernelAdapter } from "./fields.js";
import { type AdapterInput, EsxiResource, type HostInput } from "./provider.js";

interface Inputs {
  readonly adapter: string;
  readonly vmkernelAdapter: string;
  readonly force: boolean;
}

interface Have {
  readonly resolution: Resolution;
  readonly bindings: readonly NetworkPortal[];
  readonly devices: readonly RdmaDevice[];
  readonly interfaces: readonly VmkernelInterface[];
  readonly switches: readonly StandardSwitch[];
  /** Of the VMkernel adapter's port group; undefined when it has none on a standard switch. */
  readonly failover: Failover | undefined;
}

interface Before {
  readonly existed: boolean;
  readonly [key: string]: boolean;
}

const bindingOf = ({ bindings }: Have, { vmkernelAdapter }: Inputs) =>
  bindings.find(({ vmknic }) => vmknic === vmkernelAdapter);

export const portBinding = define<Inputs, Have, Before>({
  type: "PortBinding",
  fields: { adapter: adapterReference, vmkernelAdapter, force: z.boolean("must be true or false").default(false) },
  identity: ["adapter", "vmkernelAdapter"],
  parents: ["adapter", "vmkernelAdapter"],
  manner: ["force"],
  outputs: ["compliant", "complianceMessage", "pathStatus", "ipv4", "mtu", "virtualSwitch", "portGroup"],
  status: ["pathStatus"],

  rules({ adapter, vmkernelAdapter, force }, _given, beside) {
    if (force || vmkernelAdapter === undefined) return [];
    const path = declaredPath({ ...(adapter === undefined ? {} : { adapter }), vmkernelAdapter }, beside);
    return faultsOf(path).map((reason) => ({ field: "vmkernelAdapter", reason }));
  },

  id: (inputs) => `${inputs.adapter}/${inputs.vmkernelAdapter}`,
  spellings,
  lanes: adapterLanes,
  settlesAside: true,

  async observe(ask, { adapter, vmkernelAdapter }) {
    const ofAdapter = async () => {
      const view = await observeAdapters(ask);
      const resolution = resolve(view, adapter);
      const bindings = resolution.kind === "found" ? await ask(networkPortalList(resolution.vmhba)) : [];
      return { resolution, bindings, devices: view.devices };
    };
    const ofPath = async () => {
      const [interfaces, switches] = await Promise.all([ask(interfaceList), ask(switchList)]);
      const vmk = interfaces.find(({ name }) => name === vmkernelAdapter);
      const isChecked = vmk !== undefined && isOnStandardSwitch(vmk, switches);
      return { interfaces, switches, failover: isChecked ? await ask(portGroupFailover(vmk.portGroup)) : undefined };
    };
    const [atAdapter, onPath] = await Promise.all([ofAdapter(), ofPath()]);
    return { ...atAdapter, ...onPath };
  },

  exists: (have, inputs) => isFound(have.resolution) && bindingOf(have, inputs) !== undefined,

  plan(have, want) {
    const { vmhba } = adapterOf(have.resolution);
    if (bindingOf(have, want) !== undefined) return [];
    const vmk = have.interfaces.find(({ name }) => name === want.vmkernelAdapter);
    if (vmk === undefined) {
      throw new IserError("VMKERNEL_ADAPTER_NOT_FOUND", {
        problem: `there is no VMkernel adapter ${want.vmkernelAdapter}. VMkernel adapters: ${have.interfaces.map(({ name }) => name).join(", ") || "none"}`,
        cure: "Name one of these, or make it first.",
      });
    }
    if (!want.force) demandUsable(observedPath({ ...have, device: deviceOf(have.resolution) }, vmk));
    return [networkPortalAdd(vmhba, want.vmkernelAdapter, want.force)];
  },

  record: (have, want) => ({ existed: bindingOf(have, want) !== undefined }),
  current: () => ({}),

  report(have, inputs) {
    const binding = bindingOf(have, inputs);
    return {
      compliant: binding?.compliantStatus === "compliant",
      complianceMessage: binding?.nonCompliantMessage ?? "",
      pathStatus: binding?.pathStatus ?? "",
      ipv4: binding?.ipv4 ?? "",
      mtu: binding?.mtu ?? 0,
      virtualSwitch: binding?.virtualSwitch ?? "",
      portGroup: binding?.portGroup ?? "",
    };
  },

  remove(have, { vmkernelAdapter, force }, { existed }) {
    if (existed || have.resolution.kind !== "found") return { commands: [] };
    return { commands: [networkPortalRemove(have.resolution.vmhba, vmkernelAdapter, force)] };
  },
});

function deviceOf(resolution: Resolution): RdmaDevice | undefined {
  return resolution.kind === "found" ? resolution.device : undefined;
}

/** What `PortBinding` takes. */
export interface PortBindingArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** An IserAdapter, its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of an adapter that is not iSER. */
  adapter: AdapterInput;
  /** The VMkernel adapter, `vmk#`. */
  vmkernelAdapter: pulumi.Input<string>;
  /**
   * esxcli's `--force`: bind without the checks below, and unbind while sessions use it. Default false. A change of it alone does not touch
   * the host.
   */
  force?: pulumi.Input<boolean> | undefined;
}

/**
 * Binds a VMkernel adapter to an adapter: `esxcli iscsi networkportal add`.
 *
 * Before it is written: the VMkernel adapter exists and is on a standard switch, its port group has exactly one active and no standby uplink,
 * that uplink is the adapter's, the virtual switch carries one RDMA device, and switch and VMkernel adapter have the same MTU. What the
 * program itself declares of that path is judged in the preview.
 *
 * Adapter and VMkernel adapter are its identity. A binding that was there before is adopted, and stays when this is deleted. One that was made here is
 * removed, which ESXi refuses while sessions use it, unless `force` was set in an up before; `force` ends them.
 *
 * Errors: VMKERNEL_ADAPTER_NOT_FOUND, DISTRIBUTED_SWITCH, PORT_GROUP_TEAMING, UPLINK_MISMATCH, SWITCH_SHARED, MTU_MISMATCH,
 * DEVICE_NOT_FOUND, ADAPTER_NOT_FOUND, ADAPTER_AMBIGUOUS, COMMAND_FAILED. Sources: ESXi 6.7, seen on 5.0; the rules are from the vendor's manuals for 7.0 and 8.0.
 *
 * @example
 * new PortBinding("iser-a", { host: "esx01.lab", adapter, vmkernelAdapter: "vmk1" });
 */
export class PortBinding extends EsxiResource {
  declare readonly adapter: pulumi.Output<string>;
  declare readonly vmkernelAdapter: pulumi.Output<string>;
  declare readonly force: pulumi.Output<boolean>;
  /** ESXi's verdict on the binding. */
  declare readonly compliant: pulumi.Output<boolean>;
  /** Why it is not compliant; empty when it is. */
  declare readonly complianceMessage: pulumi.Output<string>;
  /** `unused`, `active`, `standby` or `last path`; as of the last change of the binding that was seen. */
  declare readonly pathStatus: pulumi.Output<string>;
  declare readonly ipv4: pulumi.Output<string>;
  declare readonly mtu: pulumi.Output<number>;
  declare readonly virtualSwitch: pulumi.Output<string>;
  declare readonly portGroup: pulumi.Output<string>;

  constructor(name: string, args: PortBindingArgs, opts?: pulumi.CustomResourceOptions) {
    super(portBinding, name, args, opts);
  }
}
