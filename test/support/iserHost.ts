import assert from "node:assert/strict";
import type { SimulatedHost } from "../../src/simulator/index.js";

/** The storage system that every simulated host reaches, here with CHAP. */
export const storageAddress = "192.168.50.100";
export const storageTarget = "iqn.2010-09.lab.storage:iser-a";
export const chap = { name: "esx01", secret: "simulated-chap-secret" } as const;
export const storageSystem = { address: storageAddress, targets: [{ name: storageTarget, chap }] };
export const storage = [storageSystem];

export interface ByHand {
  /** The VMkernel adapters that are bound, by the RDMA device of the adapter. */
  readonly cards?: Readonly<Record<string, string>>;
  /** Left out: true. */
  readonly chap?: boolean;
  readonly bind?: boolean;
  readonly discover?: boolean;
  readonly roce?: boolean;
}

/** The cards of a simulated host with the VMkernel adapters on their uplinks. */
const bothCards = { vmrdma0: "vmk1", vmrdma1: "vmk2" };

/** Sets a host up as the manual does, by hand, but for what is left out. */
export function setUpByHand(host: SimulatedHost, parts: ByHand = {}): void {
  const hand = (line: string) => {
    const { status, stdout, stderr } = host.execute(`esxcli ${line}`);
    assert.equal(status, 0, `${line}: ${stdout}${stderr}`);
  };
  const takesDevice = host.execute("esxcli rdma iser add --help").stdout.includes("--device");
  const cards = Object.entries(parts.cards ?? bothCards);
  if (!takesDevice && cards.length > 0) hand("rdma iser add");
  for (const [device] of takesDevice ? cards : []) hand(`rdma iser add -d ${device}`);
  for (const [device, vmk] of cards) {
    const vmhba = host.state.iscsiAdapters.find((adapter) => adapter.device === device)?.vmhba;
    assert.ok(vmhba);
    if ((parts.roce ?? true) && host.execute("esxcli rdma iser params set --help").status === 0)
      hand(`rdma iser params set -a ${vmhba} -r 2`);
    if (parts.chap ?? true)
      hand(`iscsi adapter auth chap set -A ${vmhba} -d uni -l required -N ${chap.name} -S ${chap.secret}`);
    if (parts.bind ?? true) hand(`iscsi networkportal add -A ${vmhba} -n ${vmk}`);
    if (parts.discover ?? true) hand(`iscsi adapter discovery sendtarget add -A ${vmhba} -a ${storageAddress}`);
  }
  if (cards.length > 0) hand("storage core adapter rescan --all");
}
