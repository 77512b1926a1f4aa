import { moduleParameters } from "../../../../src/resources/moduleParameters.js";
import { pauseParams } from "../../../../src/resources/pauseParams.js";
import { rescan } from "../../../../src/resources/rescan.js";
import type { Subject } from "./subject.js";

const pause = "esxcli network nic pauseParams";
const module = "esxcli system module parameters";

export const systemSubjects: readonly Subject[] = [
  {
    definition: pauseParams,
    needs: [],
    neighbours: [`${pause} set -n vmnic5 -r false -t false -a true`, `${pause} set -n vmnic4 -a true`],
    watch: [`${pause} list -n vmnic5`, `${pause} list -n vmnic0`],
    inputs: { nic: "vmnic4", rx: false },
    look: `${pause} list -n vmnic4`,
    shows: /^vmnic4 +true +false +true +true /m,
    attributes: [
      { change: { rx: true, tx: false }, is: "update", shows: /^vmnic4 +true +true +false +true /m },
      { change: { tx: false }, is: "update", shows: /^vmnic4 +true +false +false +true /m },
      { change: { auto: false }, is: "update", shows: /^vmnic4 +true +false +true +false /m },
      { change: { nic: "vmrdma0" }, is: "replace", shows: /^vmnic4 +true +false +true +true /m },
    ],
    drift: { by: `${pause} set -n vmnic4 -r true`, property: "rx" },
    parentDisappears: [],
    byHand: [`${pause} set -n vmnic4 -r false`],
  },
  {
    definition: moduleParameters,
    needs: [],
    neighbours: [`${module} set -m nmlx5_core -p 'max_vfs=4,4'`, `${module} set -m nmlx5_rdma -p pcp_force=5`],
    watch: [`${module} list -m nmlx5_core | grep max_vfs`, `${module} list -m nmlx5_rdma`],
    inputs: { module: "nmlx5_core", parameters: { pfctx: "0x08", pfcrx: "0x08" } },
    look: `${module} list -m nmlx5_core`,
    shows: /^max_vfs +int +4,4 [\s\S]*^pfcrx +int +0x08 [\s\S]*^pfctx +int +0x08 /m,
    attributes: [
      {
        change: { parameters: { pfctx: "0x10", pfcrx: "0x08", trust_state: 2 } },
        is: "update",
        shows: /^pfcrx +int +0x08 [\s\S]*^pfctx +int +0x10 [\s\S]*^trust_state +int +2 /m,
      },
      {
        change: { module: "iser", parameters: { iser_LunQDepth: 64 } },
        is: "replace",
        shows: /^pfcrx +int {2,}[A-Z][\s\S]*^pfctx +int {2,}[A-Z]/m,
      },
    ],
    drift: { by: `${module} set -a -m nmlx5_core -p pfctx=0x02`, property: "parameters" },
    parentDisappears: [],
    byHand: [`${module} set -a -m nmlx5_core -p 'pfctx=0x08 pfcrx=8'`],
  },
  {
    definition: rescan,
    needs: [
      "esxcli rdma iser add -d vmrdma0",
      "esxcli iscsi networkportal add -A vmhba64 -n vmk1",
      "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100",
      "esxcli iscsi adapter discovery rediscover -A vmhba64",
    ],
    neighbours: ["esxcli rdma iser add -d vmrdma1", "esxcli iscsi adapter set -A vmhba65 -a neighbour"],
    watch: ["esxcli iscsi adapter get -A vmhba65", "esxcli iscsi adapter target list -A vmhba65"],
    inputs: { adapter: "vmrdma0", triggers: ["one"] },
    look: "esxcli storage core path list",
    shows: /Runtime Name: vmhba64:C0:T0:L0\n/,
    attributes: [{ change: { triggers: { other: [1, 2] } }, is: "update", shows: /Runtime Name: vmhba64:C0:T0:L0\n/ }],
    parentDisappears: ["esxcli rdma iser delete -d vmrdma0"],
    byHand: ["esxcli storage core adapter rescan -A vmhba64"],
    adoptsByWriting: true,
  },
];
