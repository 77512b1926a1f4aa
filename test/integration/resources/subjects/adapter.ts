import { adapterProperties } from "../../../../src/resources/adapterProperties.js";
import { chap } from "../../../../src/resources/chap.js";
import { discoveryAddress } from "../../../../src/resources/discoveryAddress.js";
import { iscsiParameters } from "../../../../src/resources/iscsiParameters.js";
import { iserAdapter } from "../../../../src/resources/iserAdapter.js";
import { portBinding } from "../../../../src/resources/portBinding.js";
import { roceParams } from "../../../../src/resources/roceParams.js";
import { staticTarget } from "../../../../src/resources/staticTarget.js";
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

const array = "192.168.50.100";
const target = "iqn.2010-09.lab.storage:iser-a";
const sendTarget = "esxcli iscsi adapter discovery sendtarget";
const staticTargets = "esxcli iscsi adapter discovery statictarget";
const targets = "esxcli iscsi adapter target portal";
/** A discovery address with settings of its own, beside the one that is declared. */
const addresses = [
  add,
  `${sendTarget} add -A vmhba64 -a ${array}`,
  `${sendTarget} add -A vmhba64 -a 192.168.50.9`,
  `${sendTarget} add -A vmhba64 -a 192.168.50.10`,
  `${sendTarget} auth chap set -A vmhba64 -a 192.168.50.9 -d uni -l preferred -N neighbour -S simulated-neighbour`,
  `${sendTarget} param set -A vmhba64 -a 192.168.50.9 -k LoginTimeout -v 9`,
];
/** A target that discovery has found, with a session, and one that was added by hand. */
const discovered = [
  ...addresses,
  "esxcli iscsi networkportal add -A vmhba64 -n vmk1",
  "esxcli iscsi adapter discovery rediscover -A vmhba64",
  `${staticTargets} add -A vmhba64 -a 192.168.50.8 -n iqn.2010-09.lab.storage:by-hand`,
];
const watchAddresses = [
  ...watchOther,
  `${sendTarget} list -A vmhba64`,
  `${sendTarget} auth chap get -A vmhba64 -a 192.168.50.9`,
  `${sendTarget} param get -A vmhba64 -a 192.168.50.9`,
];
const adapterChap = "esxcli iscsi adapter auth chap set -A vmhba64 -d uni -l required -N esx01 -S simulated-adapter";
const adapterParams = [
  "esxcli iscsi adapter param set -A vmhba64 -k NoopOutTimeout -v 20",
  "esxcli iscsi adapter param set -A vmhba64 -k DataDigest -v preferred",
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
    isInLog: true,
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
  {
    definition: chap,
    of: "a discovery address",
    needs: addresses,
    neighbours: [...otherAdapter, adapterChap],
    watch: [...watchAddresses, "esxcli iscsi adapter auth chap get -A vmhba64"],
    inputs: { adapter: "vmrdma0", discoveryAddress: { address: array }, level: "required", name: "esx01", secret },
    look: `${sendTarget} auth chap get -A vmhba64 -a ${array}; ${sendTarget} auth chap get -A vmhba64 -a 192.168.50.10`,
    shows: /Name: esx01\n +Level: required\n +Inheritance: false/,
    attributes: [
      { change: { level: "preferred" }, is: "update", shows: /Level: preferred\n +Inheritance: false/ },
      { change: { name: "esx02" }, is: "update", shows: /Name: esx02\n/ },
      { change: { secret: "simulated-secret-new" }, is: "update", shows: /Name: esx01\n/ },
      {
        change: { mutual: { name: "array", secret: "simulated-secret-two" } },
        is: "update",
        shows: /Name: array\n +Level: required\n +Inheritance: false/,
      },
      {
        change: { level: "prohibited", name: undefined, secret: undefined },
        is: "update",
        shows: /uni\n +Name: \n +Level: prohibited\n +Inheritance: false/,
      },
      {
        change: { level: undefined, name: undefined, secret: undefined, inherit: true },
        is: "update",
        shows: /^[^\n]+\n +Direction: uni\n +Name: esx01\n +Level: required\n +Inheritance: true/,
      },
      {
        change: { discoveryAddress: { address: "192.168.50.10" } },
        is: "replace",
        shows:
          /Inheritance: true[\s\S]*192\.168\.50\.10:3260\n +Direction: uni\n +Name: esx01\n +Level: required\n +Inheritance: false/,
      },
    ],
    drift: { by: `${sendTarget} auth chap set -A vmhba64 -a ${array} -d uni --inherit`, property: "level" },
    parentDisappears: [`${sendTarget} remove -A vmhba64 -a ${array}`],
    halfway: {
      fails: "iscsi adapter discovery sendtarget auth chap set",
      onRun: 2,
      inputs: { mutual: { name: "array", secret: "simulated-secret-two" } },
    },
    byHand: [`${sendTarget} auth chap set -A vmhba64 -a ${array} -d uni -l required -N esx01 -S ${secret}`],
    adoptsByWriting: true,
  },
  {
    definition: chap,
    of: "a target that inherits",
    needs: [...discovered, `${targets} auth chap set -A vmhba64 -a ${array} -n ${target} -d uni --default`],
    neighbours: [...otherAdapter, adapterChap],
    watch: [...watchAddresses, "esxcli iscsi adapter auth chap get -A vmhba64", "esxcli iscsi session list"],
    inputs: { adapter: "vmrdma0", target: { targetName: target, address: array }, inherit: true },
    look: `${targets} auth chap get -A vmhba64 -a ${array} -n ${target}`,
    shows:
      /uni\n +Name: esx01\n +Level: required\n +Inheritance: true[\s\S]*mutual\n +Name: \n +Level: prohibited\n +Inheritance: true/,
    attributes: [
      {
        change: { inherit: undefined, level: "preferred", name: "esx03", secret },
        is: "update",
        shows: /uni\n +Name: esx03\n +Level: preferred\n +Inheritance: false/,
      },
    ],
    drift: {
      by: `${targets} auth chap set -A vmhba64 -a ${array} -n ${target} -d mutual --default`,
      property: "inherit",
    },
    parentDisappears: [`${sendTarget} remove -A vmhba64 -a ${array}`],
    byHand: [`${targets} auth chap set -A vmhba64 -a ${array} -n ${target} --inherit`],
  },
  {
    definition: staticTarget,
    needs: [...discovered, `${staticTargets} add -A vmhba64 -a 192.168.50.8:3261 -n ${target}`],
    neighbours: otherAdapter,
    watch: [...watchAddresses, "esxcli iscsi session list"],
    inputs: { adapter: "vmrdma0", targetName: target, address: "192.168.50.8" },
    look: `${staticTargets} list -A vmhba64`,
    shows: /iser-a +192\.168\.50\.8:3260 /,
    attributes: [
      { change: { address: "fd00::5" }, is: "replace", shows: /iser-a +\[fd00::5\]:3260/ },
      { change: { address: "array.lab", port: 3262 }, is: "replace", shows: /iser-a +array\.lab:3262/ },
      { change: { targetName: `${target}-b` }, is: "replace", shows: /iser-a-b +192\.168\.50\.8:3260/ },
    ],
    disappears: `${staticTargets} remove -A vmhba64 -a 192.168.50.8 -n ${target}`,
    parentDisappears: [drop],
    byHand: [`${staticTargets} add -A vmhba64 -a 192.168.50.8 -n ${target}`],
  },
  {
    definition: iscsiParameters,
    of: "an adapter",
    needs: [add],
    neighbours: [...otherAdapter, ...adapterParams, "esxcli iscsi adapter param set -A vmhba65 -k LoginTimeout -v 9"],
    watch: [
      ...watchOther,
      "esxcli iscsi adapter param get -A vmhba65",
      "esxcli --formatter=csv iscsi adapter param get -A vmhba64 | grep -v LoginTimeout | grep -v DelayedAck | grep -v NoopOutTimeout | grep -v HeaderDigest",
    ],
    inputs: { adapter: "vmrdma0", parameters: { LoginTimeout: 10, DelayedAck: false, NoopOutTimeout: 15 } },
    look: "esxcli iscsi adapter param get -A vmhba64",
    shows: /LoginTimeout +10 [\s\S]*NoopOutTimeout +15 [\s\S]*DelayedAck +false /,
    attributes: [
      {
        change: { parameters: { LoginTimeout: 20, DelayedAck: "yes", NoopOutTimeout: 10 } },
        is: "update",
        shows: /LoginTimeout +20 [\s\S]*NoopOutTimeout +10 [\s\S]*DelayedAck +true /,
      },
      {
        change: { parameters: { LoginTimeout: "10", DelayedAck: "0", NoopOutTimeout: 15, HeaderDigest: "required" } },
        is: "update",
        shows: /LoginTimeout +10 [\s\S]*DelayedAck +false [\s\S]*HeaderDigest +required /,
      },
    ],
    drift: { by: "esxcli iscsi adapter param set -A vmhba64 -k LoginTimeout -v 11", property: "parameters" },
    parentDisappears: [drop],
    halfway: { fails: "iscsi adapter param set", onRun: 2 },
    byHand: [
      "esxcli iscsi adapter param set -A vmhba64 -k LoginTimeout -v 10",
      "esxcli iscsi adapter param set -A vmhba64 -k DelayedAck -v false",
      "esxcli iscsi adapter param set -A vmhba64 -k NoopOutTimeout -v 15",
    ],
  },
  {
    definition: iscsiParameters,
    of: "a discovery address",
    needs: [...addresses, `${sendTarget} param set -A vmhba64 -a ${array} -k LoginTimeout -v 7`],
    neighbours: [...otherAdapter, ...adapterParams],
    watch: [...watchAddresses, "esxcli iscsi adapter param get -A vmhba64"],
    inputs: {
      adapter: "vmrdma0",
      discoveryAddress: { address: array },
      parameters: { LoginTimeout: 10, DataDigest: "preferred" },
    },
    look: `${sendTarget} param get -A vmhba64 -a ${array}; ${sendTarget} param get -A vmhba64 -a 192.168.50.10`,
    shows: /LoginTimeout +10 [\s\S]*DataDigest +preferred +prohibited +na +na +true +false/,
    attributes: [
      {
        change: { parameters: { LoginTimeout: 10, DataDigest: "preferred", NoopOutInterval: 15 } },
        is: "update",
        shows: /NoopOutInterval +15 +15 +1 +60 +true +false/,
      },
      {
        change: { discoveryAddress: { address: "192.168.50.10", port: 3260 } },
        is: "replace",
        shows:
          /LoginTimeout +7 [\s\S]*DataDigest +preferred +prohibited +na +na +true +true\n[\s\S]*LoginTimeout +10 [\s\S]*DataDigest +preferred +prohibited +na +na +true +false/,
      },
    ],
    drift: { by: `${sendTarget} param set -A vmhba64 -a ${array} -k DataDigest --inherit`, property: "parameters" },
    parentDisappears: [`${sendTarget} remove -A vmhba64 -a ${array}`],
    halfway: { fails: "iscsi adapter discovery sendtarget param set", onRun: 2 },
    byHand: [
      `${sendTarget} param set -A vmhba64 -a ${array} -k LoginTimeout -v 10`,
      `${sendTarget} param set -A vmhba64 -a ${array} -k DataDigest -v preferred`,
    ],
  },
  {
    definition: iscsiParameters,
    of: "a target",
    needs: discovered,
    neighbours: [...otherAdapter, ...adapterParams],
    watch: [
      ...watchAddresses,
      "esxcli iscsi adapter param get -A vmhba64",
      `${targets} param get -A vmhba64 -a 192.168.50.8 -n iqn.2010-09.lab.storage:by-hand`,
      "esxcli iscsi session list",
    ],
    inputs: {
      adapter: "vmrdma0",
      target: { targetName: target, address: array },
      parameters: { FirstBurstLength: 524288, MaxBurstLength: 1048576 },
    },
    look: `${targets} param get -A vmhba64 -a ${array} -n ${target}`,
    shows: /FirstBurstLength +524288 [\s\S]*MaxBurstLength +1048576 /,
    attributes: [
      {
        change: { parameters: { FirstBurstLength: 262144, MaxBurstLength: 262144 } },
        is: "update",
        shows: /FirstBurstLength +262144 .* true +false\nMaxBurstLength +262144 .* true +false\n/,
      },
    ],
    drift: {
      by: `${targets} param set -A vmhba64 -a ${array} -n ${target} -k MaxBurstLength --default`,
      property: "parameters",
    },
    parentDisappears: [`${sendTarget} remove -A vmhba64 -a ${array}`],
    halfway: { fails: "iscsi adapter target portal param set", onRun: 2 },
    byHand: [
      `${targets} param set -A vmhba64 -a ${array} -n ${target} -k FirstBurstLength -v 524288`,
      `${targets} param set -A vmhba64 -a ${array} -n ${target} -k MaxBurstLength -v 1048576`,
    ],
  },
];
