import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import type { AnyDefinition } from "../../../src/resources/inputs.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { roceParams } from "../../../src/resources/roceParams.js";

/** What a resource is taken through; everything is said in commands that an administrator would type. */
export interface Subject {
  readonly definition: AnyDefinition;
  /** What must be on the host first. */
  readonly needs: readonly string[];
  /** Settings beside it, with values that are not the default, and the commands that show them. */
  readonly neighbours: readonly string[];
  readonly watch: readonly string[];
  readonly inputs: object;
  /** The command that shows it, and what it shows when it is as declared. */
  readonly look: string;
  readonly shows: RegExp;
  /** Each attribute: a change, what the engine does of it, and what the host then shows. */
  readonly attributes: readonly {
    readonly change: object;
    readonly is: "update" | "replace";
    readonly shows: RegExp;
  }[];
  /** A change by hand and the property that it drifts. Left out: it has no property that can. */
  readonly drift?: { readonly by: string; readonly property: string };
  /** How it goes away by hand. Left out: it has no object of its own. */
  readonly disappears?: string;
  /** How what it belongs to goes away by hand. */
  readonly parentDisappears: readonly string[];
  /** A command of a create that may fail after another has succeeded. Left out: a create is one command. */
  readonly halfway?: { readonly fails: string; readonly onRun?: 2; readonly inputs?: object };
  /** The same object, made by hand. */
  readonly byHand: readonly string[];
  /** It cannot be told whether what is there equals what is declared, so adopting it writes it again. */
  readonly adoptsByWriting?: true;
}

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

export const subjects: readonly Subject[] = [
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
