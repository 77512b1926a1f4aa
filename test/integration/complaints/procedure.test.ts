import assert from "node:assert/strict";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import type { AnyDefinition } from "../../../src/resources/inputs.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { moduleParameters } from "../../../src/resources/moduleParameters.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { portGroup } from "../../../src/resources/portGroup.js";
import { roceParams } from "../../../src/resources/roceParams.js";
import { virtualSwitch } from "../../../src/resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../../src/resources/vmkernelAdapter.js";
import { models } from "../../../src/simulator/index.js";
import { answer, complaint } from "../../support/complaint.js";

const secret = "simulated-chap-secret";
const targetName = "iqn.2010-09.lab.storage:iser-a";
const netmask = "255.255.255.0";

/** A host with two cards on which nothing is set up but its management, and a storage system that insists on CHAP. */
const host = {
  switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
  portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
  vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network", ipv4: { address: "192.168.1.11", netmask } }],
  storage: [{ address: "192.168.50.100", targets: [{ name: targetName, chap: { name: "esx01", secret } }] }],
};

interface Step {
  readonly definition: AnyDefinition;
  readonly inputs: object;
  /** How it fails when this step declares nothing. */
  readonly lacking: RegExp;
}

const adapter = "vmrdma0";
const noSession = /did not match the regular expression \/Target:/;

/** All that the vendor's manual has an administrator type, in its order. */
const steps = (roce: boolean): readonly Step[] => [
  {
    definition: moduleParameters,
    inputs: { module: "nmlx5_core", parameters: { trust_state: 2, pfcrx: "0x08", pfctx: "0x08" } },
    lacking: /trust_state/,
  },
  { definition: iserAdapter, inputs: { device: adapter }, lacking: /ADAPTER_NOT_FOUND/ },
  ...(roce ? [{ definition: roceParams, inputs: { adapter, version: "v2" }, lacking: /Setting roce type: 2/ }] : []),
  { definition: adapterProperties, inputs: { adapter, alias: "storage-a" }, lacking: /Alias: storage-a/ },
  {
    definition: virtualSwitch,
    inputs: { name: "vSwitch1", uplinks: [adapter], mtu: 9000 },
    lacking: /SWITCH_NOT_FOUND/,
  },
  {
    definition: portGroup,
    inputs: { name: "iser-a", virtualSwitch: "vSwitch1", vlanId: 50, activeUplinks: [adapter] },
    lacking: /PORT_GROUP_NOT_FOUND/,
  },
  {
    definition: vmkernelAdapter,
    inputs: { name: "vmk1", portGroup: "iser-a", mtu: 9000, ipv4: { address: "192.168.50.11", netmask } },
    lacking: /VMKERNEL_ADAPTER_NOT_FOUND/,
  },
  { definition: portBinding, inputs: { adapter, vmkernelAdapter: "vmk1" }, lacking: noSession },
  { definition: chap, inputs: { adapter, level: "required", name: "esx01", secret }, lacking: noSession },
  { definition: discoveryAddress, inputs: { adapter, address: "192.168.50.100" }, lacking: noSession },
];

/** The steps, one of which declares nothing. */
const but = (all: readonly Step[], one: Step): readonly Step[] =>
  all.map((step) => (step === one ? { ...step, definition: { ...step.definition, plan: () => [] } } : step));

complaint(1, "iSER, and mostly any iSCSI, cannot be declared", () => {
  for (const model of models) {
    const roce = model === "7.0" || model === "8.0";
    const all = steps(roce);
    answer(
      `what is declared brings a bare ESXi ${model} host to a session that is logged in with CHAP`,
      async (lab, declared) => {
        for (const { definition, inputs } of declared) await lab.lifecycle(definition).up(inputs);
        assert.match(lab.hand("esxcli iscsi adapter get -A vmhba64"), /Alias: storage-a\n/);
        assert.match(
          lab.hand("esxcli iscsi session list -A vmhba64"),
          /Target: iqn\.2010-09\.lab\.storage:iser-a\n[\s\S]*AuthenticationMethod: chap\n/,
        );
        assert.match(lab.hand("esxcli system module parameters list -m nmlx5_core"), /^trust_state +int +2 /m);
        if (roce) assert.match(lab.hand("tail -n 20 /var/log/vmkernel.log"), /Setting roce type: 2 for vmhba: vmhba64/);
      },
      {
        host: { ...host, model },
        intact: all,
        without: Object.fromEntries(
          all.map((step) => [`${step.definition.type} declares nothing`, [but(all, step), step.lacking]]),
        ),
      },
    );
  }
});
