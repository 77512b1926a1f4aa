import { adapterProperties } from "../../../../src/resources/adapterProperties.js";
import { chap } from "../../../../src/resources/chap.js";
import { discoveryAddress } from "../../../../src/resources/discoveryAddress.js";
import { iserAdapter } from "../../../../src/resources/iserAdapter.js";
import { portBinding } from "../../../../src/resources/portBinding.js";
import { roceParams } from "../../../../src/resources/roceParams.js";
import type { Subject } from "./subject.js";

const add = "esxcli rdma iser add -d vmrdma0";
const addOther = "esxcli rdma iser add -d vmrdma1";
const drop = "esxcli rdma iser delete -d vmrdma0";
const secret = "simulated-secret-one";

const otherAdapter = [
  addOther,
  "esxcli iscsi networkportal add -A vmhba65 -n vmk2",
  "esxcli iscsi adapter discovery sendtarget add -A vmhba65 -a 192.168.51.9:3261",
  "esxcli iscsi adapter set -A vmhba65 -a neighbour",
  "esxcli iscsi adapter auth chap set -A vmhba65 -d uni -l preferred -N neighbour -S simulated-neighbour",
];
const watchOther = [
  "esxcli iscsi adapter get -A vmhba65",
  "esxcli iscsi networkportal list -A vmhba65",
  "esxcli iscsi adapter discovery sendtarget list -A vmhba65",
  "esxcli iscsi adapter auth chap get -A vmhba65",
];

export const adapterSubjects: readonly Subject[] = [
  {
    definition: iserAdapter,
    needs: [],
    neighbours: otherAdapter.map((line) => line.replaceAll("vmhba65", "vmhba64")),
    watch: watchOther.map((line) => line.replaceAll("vmhba65", "vmhba64")),
    inputs: { device: "vmrdma0" },
    look: "esxcli iscsi physicalnetworkportal list",
    shows: /vmhba65 +vmnic4/,
    attributes: [],
    disappears: drop,
    parentDisappears: [],
    byHand: [add],
  },
  {
    definition: adapterProperties,
    needs: [add],
    neighbours: otherAdapter,
    watch: watchOther,
    inputs: { adapter: "vmrdma0", alias: "storage-a", iqn: "iqn.1998-01.com.vmware:esx01-a" },
    look: "esxcli iscsi adapter get -A vmhba64",
    shows: /Name: iqn\.1998-01\.com\.vmware:esx01-a\n +Alias: storage-a\n/,
    attributes: [
      {
        change: { alias: "storage-b" },
        is: "update",
        shows: /Name: iqn\.1998-01\.com\.vmware:esx01-a\n +Alias: storage-b\n/,
      },
      {
        change: { iqn: "iqn.1998-01.com.vmware:esx01-b" },
        is: "update",
        shows: /Name: iqn\.1998-01\.com\.vmware:esx01-b\n/,
      },
    ],
    drift: { by: "esxcli iscsi adapter set -A vmhba64 -a by-hand", property: "alias" },
    parentDisappears: [drop],
    byHand: ["esxcli iscsi adapter set -A vmhba64 -n iqn.1998-01.com.vmware:esx01-a -a storage-a"],
  },
  {
    definition: roceParams,
    needs: [add],
    neighbours: [...otherAdapter, "esxcli rdma iser params set -a vmhba65 -r 1"],
    watch: [...watchOther, "grep vmhba65 /var/log/vmkernel.log"],
    inputs: { adapter: "vmrdma0", version: "v2" },
    look: "grep 'roce type.*vmhba64' /var/log/vmkernel.log | tail -n 1",
    shows: /Setting roce type: 2 for vmhba: vmhba64/,
    attributes: [
      { change: { version: "v1" }, is: "update", shows: /type: 1 for vmhba: vmhba64/ },
      { change: { version: "auto" }, is: "update", shows: /type: 0 for vmhba: vmhba64/ },
    ],
    drift: { by: "esxcli rdma iser params set -a vmhba64 -r 1", property: "version" },
    parentDisappears: [drop],
    byHand: ["esxcli rdma iser params set -a vmhba64 -r 2"],
    adoptsByWriting: true,
  },
  {
    definition: portBinding,
    needs: [add],
    neighbours: otherAdapter,
    watch: watchOther,
    inputs: { adapter: "vmrdma0", vmkernelAdapter: "vmk1" },
    look: "esxcli iscsi networkportal list -A vmhba64",
    shows: /Vmknic: vmk1\n[\s\S]*Compliant Status: compliant\n/,
    attributes: [],
    disappears: "esxcli iscsi networkportal remove -A vmhba64 -n vmk1",
    parentDisappears: [drop],
    byHand: ["esxcli iscsi networkportal add -A vmhba64 -n vmk1"],
  },
  {
    definition: discoveryAddress,
    needs: [add],
    neighbours: [...otherAdapter, "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.99"],
    watch: watchOther,
    inputs: { adapter: "vmrdma0", address: "192.168.50.100" },
    look: "esxcli iscsi adapter discovery sendtarget list -A vmhba64",
    shows: /192\.168\.50\.99:3260[\s\S]*192\.168\.50\.100:3260/,
    attributes: [
      { change: { address: "fd00::5" }, is: "replace", shows: /\[fd00::5\]:3260/ },
      { change: { address: "array.lab", port: 3261 }, is: "replace", shows: /array\.lab:3261/ },
    ],
    disappears: "esxcli iscsi adapter discovery sendtarget remove -A vmhba64 -a 192.168.50.100:3260",
    parentDisappears: [drop],
    halfway: { fails: "iscsi adapter discovery rediscover" },
    byHand: ["esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100"],
  },
  {
    definition: chap,
    needs: [add],
    neighbours: otherAdapter,
    watch: watchOther,
    inputs: { adapter: "vmrdma0", level: "required", name: "esx01", secret },
    look: "esxcli iscsi adapter auth chap get -A vmhba64",
    shows: /uni +esx01 +required|Direction: uni\n +Name: esx01\n +Level: required/,
    attributes: [
      { change: { level: "preferred" }, is: "update", shows: /esx01\n? +(Level: )?preferred/ },
      { change: { name: "esx02" }, is: "update", shows: /esx02/ },
      { change: { secret: "simulated-secret-new" }, is: "update", shows: /esx01/ },
      {
        change: { mutual: { name: "array", secret: "simulated-secret-two" } },
        is: "update",
        shows: /array\n? +(Level: )?required/,
      },
    ],
    drift: {
      by: "esxcli iscsi adapter auth chap set -A vmhba64 -d uni -l preferred -N esx01 -S simulated-by-hand",
      property: "level",
    },
    parentDisappears: [drop],
    halfway: {
      fails: "iscsi adapter auth chap set",
      onRun: 2,
      inputs: { mutual: { name: "array", secret: "simulated-secret-two" } },
    },
    byHand: [`esxcli iscsi adapter auth chap set -A vmhba64 -d uni -l required -N esx01 -S ${secret}`],
    adoptsByWriting: true,
  },
];
