import assert from "node:assert/strict";
import type { Declaration, HostProgram } from "../../src/cli/discover/declaration.js";
import { declarationsOf } from "../../src/cli/discover/declarations.js";
import { type Imports, importsOf } from "../../src/cli/discover/importFile.js";
import { type HostView, lookAt } from "../../src/cli/hostView.js";
import { Run } from "../../src/resources/peers.js";
import type { SimulatedHost } from "../../src/simulator/index.js";
import type { DirectLab } from "./directLab.js";
import { chap, storageTarget } from "./iserHost.js";

/** What is set beside the manual's procedure, on a host that is set up by it. */
export const variations: readonly string[] = [
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
];

/** Runs lines of esxcli on a host as an administrator would. */
export function byHand(host: SimulatedHost, lines: readonly string[]): void {
  for (const line of lines) {
    const { status, stdout, stderr } = host.execute(`esxcli ${line}`);
    assert.equal(status, 0, `${line}: ${stdout}${stderr}`);
  }
}

export interface Discovered {
  readonly view: HostView;
  readonly program: HostProgram;
  readonly imports: Imports;
}

/** What discover makes of a host, without the command around it. */
export async function discovered(lab: DirectLab): Promise<Discovered> {
  const { run, ask } = look(lab);
  const view = await lookAt(ask, "esx01.lab");
  const program = declarationsOf(view, "esx01.lab", "esx01", true);
  return { view, program, imports: await importsOf(program.declarations, ask, lab.reach, run) };
}

/** What it imports of declarations. */
export function importsFor(lab: DirectLab, declarations: readonly Declaration[]): Promise<Imports> {
  const { run, ask } = look(lab);
  return importsOf(declarations, ask, lab.reach, run);
}

function look(lab: DirectLab) {
  const run = new Run();
  const { ask } = run.readings("esx01.lab:22", () => new Date()).observe(lab.session, "run");
  return { run, ask };
}
