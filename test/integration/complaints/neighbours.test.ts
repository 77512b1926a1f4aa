import assert from "node:assert/strict";
import { z } from "zod";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import { moduleParameters } from "../../../src/resources/moduleParameters.js";
import { virtualSwitch } from "../../../src/resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../../src/resources/vmkernelAdapter.js";
import { answer, complaint } from "../../support/complaint.js";

const iqn = "iqn.1998-01.com.vmware:esx01-a";

/** The parameter string holds what is declared and nothing else. */
const wholeString: typeof moduleParameters = {
  ...moduleParameters,
  plan(have, want, memory) {
    const forgotten = have.parameters.map((one) => (one.name in want.parameters ? one : { ...one, value: "" }));
    return moduleParameters.plan({ ...have, parameters: forgotten }, want, memory);
  },
};

complaint(4, "options that are left out wipe settings", () => {
  answer(
    "a new IQN leaves the alias that was set by hand",
    async (lab, properties) => {
      lab.hand("esxcli rdma iser add -d vmrdma0");
      lab.hand("esxcli iscsi adapter set -A vmhba64 -a by-hand");
      await lab.lifecycle(properties).up({ adapter: "vmrdma0", iqn });
      assert.match(lab.hand("esxcli iscsi adapter get -A vmhba64"), /Name: iqn\.1998-01\.com\.vmware:esx01-a\n/);
      assert.match(lab.hand("esxcli iscsi adapter get -A vmhba64"), /Alias: by-hand\n/);
    },
    {
      intact: adapterProperties,
      without: {
        "an alias that is left out is empty": [
          { ...adapterProperties, fields: { ...adapterProperties.fields, alias: z.string().default("") } },
          /Alias: \n/,
        ],
      },
    },
  );

  answer(
    "an alias that is declared no longer stays",
    async (lab, properties) => {
      lab.hand("esxcli rdma iser add -d vmrdma0");
      const declared = lab.lifecycle(properties);
      await declared.up({ adapter: "vmrdma0", iqn, alias: "storage-a" });
      await declared.up({ adapter: "vmrdma0", iqn });
      await declared.destroy();
      assert.match(lab.hand("esxcli iscsi adapter get -A vmhba64"), /Alias: storage-a\n/);
    },
    {
      intact: adapterProperties,
      without: {
        "an alias that is left out is empty": [
          { ...adapterProperties, fields: { ...adapterProperties.fields, alias: z.string().default("") } },
          /Alias: \n/,
        ],
        "destroy gives back what was there before it was ever declared": [
          {
            ...adapterProperties,
            remove: (have, inputs, before, peers) =>
              adapterProperties.remove(have, { ...inputs, alias: "" }, { ...before, alias: "" }, peers),
          },
          /Alias: \n/,
        ],
      },
    },
  );

  answer(
    "a new CHAP secret leaves the mutual CHAP that was set by hand",
    async (lab, definition) => {
      lab.hand("esxcli rdma iser add -d vmrdma0");
      const byHand = (direction: string, name: string) =>
        `esxcli iscsi adapter auth chap set -A vmhba64 -d ${direction} -l required -N ${name} -S simulated-${name}`;
      lab.hand(byHand("uni", "esx01"));
      lab.hand(byHand("mutual", "array"));
      const inputs = { adapter: "vmrdma0", level: "required", name: "esx01", secret: "simulated-secret-new" };
      await lab.lifecycle(definition).up(inputs);
      const shown = lab.hand("esxcli iscsi adapter auth chap get -A vmhba64 -d mutual");
      assert.match(shown, /Name: array\n +Level: required\n/);
    },
    {
      intact: chap,
      without: {
        "mutual CHAP that is left out is off": [
          { ...chap, fields: { ...chap.fields, mutual: chap.fields.mutual.default("prohibited") } },
          /Level: prohibited/,
        ],
      },
    },
  );

  answer(
    "a module parameter leaves the others of the module",
    async (lab, definition) => {
      lab.hand("esxcli system module parameters set -m nmlx5_core -p 'max_vfs=4 pfcrx=0x10'");
      await lab.lifecycle(definition).up({ module: "nmlx5_core", parameters: { trust_state: 2, pfcrx: "0x08" } });
      const shown = lab.hand("esxcli system module parameters list -m nmlx5_core");
      for (const row of [/max_vfs +int +4 /, /pfcrx +int +0x08 /, /trust_state +int +2 /]) assert.match(shown, row);
    },
    {
      intact: moduleParameters,
      without: { "the parameter string is written whole": [wholeString, /max_vfs/] },
    },
  );

  answer(
    "CDP of a virtual switch leaves its MTU",
    async (lab, definition) => {
      lab.hand("esxcli network vswitch standard set -v vSwitch1 -m 9000");
      await lab.lifecycle(definition).up({ name: "vSwitch1", cdp: "both" });
      assert.match(lab.hand("esxcli network vswitch standard list -v vSwitch1"), /MTU: 9000\n +CDP Status: both\n/);
    },
    {
      intact: virtualSwitch,
      without: {
        "an MTU that is left out is 1500": [
          { ...virtualSwitch, fields: { ...virtualSwitch.fields, mtu: z.int().default(1500) } },
          /MTU: 1500\n/,
        ],
      },
    },
  );

  const inputs = { name: "vmk1", portGroup: "iser-a", ipv4: { address: "192.168.50.21", netmask: "255.255.255.0" } };
  answer(
    "a new address of a VMkernel adapter leaves its MTU and its gateway",
    async (lab, definition) => {
      lab.hand("esxcli network vswitch standard set -v vSwitch1 -m 9000");
      lab.hand("esxcli network ip interface set -i vmk1 -m 9000");
      lab.hand(
        "esxcli network ip interface ipv4 set -i vmk1 -t static -I 192.168.50.11 -N 255.255.255.0 -g 192.168.50.1",
      );
      await lab.lifecycle(definition).up(inputs);
      assert.match(
        lab.hand("esxcli network ip interface ipv4 get -i vmk1"),
        /vmk1 +192\.168\.50\.21 .* 192\.168\.50\.1 /,
      );
      assert.match(lab.hand("esxcli network ip interface list"), /Name: vmk1\n[\s\S]*?MTU: 9000\n[\s\S]*Name: vmk2/);
    },
    {
      intact: vmkernelAdapter,
      without: {
        "an MTU that is left out is 1500": [
          { ...vmkernelAdapter, fields: { ...vmkernelAdapter.fields, mtu: z.int().default(1500) } },
          /Name: vmk1\n[\s\S]*?MTU: 1500\n/,
        ],
        "a gateway that is left out is not written with the address": [
          {
            ...vmkernelAdapter,
            plan: (have, want, memory) =>
              vmkernelAdapter.plan(
                { ...have, ipv4: have.ipv4.map((row) => ({ ...row, gateway: "0.0.0.0" })) },
                want,
                memory,
              ),
          },
          /vmk1 +192\.168\.50\.21 .* 0\.0\.0\.0 /,
        ],
      },
    },
  );
});
