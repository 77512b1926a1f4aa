import assert from "node:assert/strict";
import type { SimulatedHost } from "../../src/simulator/index.js";
import { chap, storageTarget } from "./iserHost.js";

/** Sets everything beside the manual's procedure, by hand, on the first adapter of a host that is set up. */
export function variations(host: SimulatedHost): void {
  for (const line of [
    "network vswitch standard set -v vSwitch1 -m 9000 -c both",
    "network ip interface set -i vmk1 -m 9000",
    "network vswitch standard portgroup set -p iser-a -v 50",
    "network ip interface ipv6 address add -i vmk1 -I fd00::11/64",
    "iscsi adapter set -A vmhba64 -a storage-a",
    "iscsi adapter set -A vmhba64 -n iqn.2010-09.lab.esx01:a",
    "iscsi adapter param set -A vmhba64 -k RecoveryTimeout -v 25",
    "iscsi adapter discovery sendtarget param set -A vmhba64 -a 192.168.50.100:3260 -k LoginTimeout -v 10",
    "iscsi adapter discovery statictarget add -A vmhba64 -a 192.168.50.101:3261 -n iqn.2010-09.lab.storage:spare",
    `iscsi adapter target portal auth chap set -A vmhba64 -a 192.168.50.100:3260 -n ${storageTarget} -d uni -l required -N ${chap.name} -S ${chap.secret}`,
    `iscsi adapter target portal param set -A vmhba65 -a 192.168.50.100:3260 -n ${storageTarget} -k HeaderDigest -v required`,
    "system module parameters set -m nmlx5_core -p max_vfs=4",
    "network nic pauseParams set -n vmnic4 -r false -t false",
  ]) {
    const { status, stdout, stderr } = host.execute(`esxcli ${line}`);
    assert.equal(status, 0, `${line}: ${stdout}${stderr}`);
  }
}
