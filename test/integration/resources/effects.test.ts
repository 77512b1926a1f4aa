import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type HostCommand, describe as shown } from "../../../src/esxcli/command.js";
import { mayChange } from "../../../src/esxcli/effects.js";
import { adapterGet, adapterList, networkPortalList, physicalNetworkPortalList } from "../../../src/esxcli/iscsi.js";
import { chapGet } from "../../../src/esxcli/iscsiAuth.js";
import type { Level } from "../../../src/esxcli/iscsiCommand.js";
import { sendTargetList, staticTargetList } from "../../../src/esxcli/iscsiDiscovery.js";
import { parameterList } from "../../../src/esxcli/iscsiParams.js";
import { connectionList, sessionList, targetList, targetPortalList } from "../../../src/esxcli/iscsiSession.js";
import { moduleList, moduleParameterList } from "../../../src/esxcli/module.js";
import {
  interfaceList,
  nicList,
  portGroupFailover,
  portGroupList,
  portGroupSwitches,
  switchFailover,
  switchList,
} from "../../../src/esxcli/network.js";
import { pauseList } from "../../../src/esxcli/nic.js";
import { deviceList, protocolList } from "../../../src/esxcli/rdma.js";
import { pathList, storageAdapterList, storageDeviceList } from "../../../src/esxcli/storage.js";
import { ipv4List, ipv6List } from "../../../src/esxcli/vmkernel.js";
import { adapterNumbers } from "../../../src/resources/adapterReference.js";
import type { SimulatedHost } from "../../../src/simulator/index.js";
import { render } from "../../../src/transport/sshLine.js";
import { DirectLab } from "../../support/directLab.js";
import { situation } from "./anyProgram.js";

const runs = Number(process.env.ESXI_ISER_RUNS ?? 4);

/** The value of an answer, as far as `part` goes. Undefined where the host does not answer: what is asked about is not there. */
function answer(host: SimulatedHost, question: HostCommand): unknown {
  const { status, stdout } = host.execute(render(question).line);
  if (status !== 0) return undefined;
  const value = question.decode(stdout);
  const left: Readonly<Record<string, string>> = { "but the state": "state", "but the clients": "activeClients" };
  const name = question.part === undefined ? undefined : left[question.part];
  return name === undefined ? value : (value as object[]).map((row) => ({ ...row, [name]: undefined }));
}

/** Every question that a resource may ask of the host as it is. */
function questions(host: SimulatedHost): readonly HostCommand[] {
  const rows = <T>(question: HostCommand<readonly T[]>) => (answer(host, question) ?? []) as readonly T[];
  const adapters = rows(adapterList).map(({ adapter }) => adapter);
  const levels = adapters.flatMap((vmhba): Level[] => [
    { kind: "adapter", vmhba },
    ...rows(sendTargetList(vmhba)).map((row) => ({ kind: "sendtarget" as const, vmhba, address: row.sendtarget })),
    ...rows(targetPortalList(vmhba)).map(({ target, ip, port }) => ({
      kind: "target" as const,
      vmhba,
      name: target,
      address: `${ip}:${port}`,
    })),
  ]);
  const perAdapter = [
    adapterGet,
    networkPortalList,
    sendTargetList,
    staticTargetList,
    targetList,
    targetPortalList,
    sessionList,
    connectionList,
  ];
  return [
    ...[deviceList, protocolList, adapterList, adapterNumbers, physicalNetworkPortalList, storageAdapterList, pathList],
    ...[storageDeviceList, networkPortalList(), interfaceList, nicList, portGroupList, portGroupSwitches, switchList],
    ...[pauseList, ipv4List, ipv6List, moduleList],
    ...adapters.flatMap((vmhba) => perAdapter.map((one) => one(vmhba))),
    ...levels.flatMap((level) => [chapGet(level, "uni"), chapGet(level, "mutual"), parameterList(level)]),
    ...rows(switchList).map(({ name }) => switchFailover(name)),
    ...rows(portGroupList).map(({ name }) => portGroupFailover(name)),
    ...rows(moduleList).map(({ name }) => moduleParameterList(name)),
  ];
}

describe("what a write may change", () => {
  it("is all that it changes on a host, whatever is declared", async () => {
    const counted = { writes: 0, kept: 0, doubted: 0 };
    await fc.assert(
      fc.asyncProperty(situation, async ({ options, prelude, program }) => {
        const lab = new DirectLab(options);
        for (const line of prelude) lab.host.execute(line);
        const execute = lab.session.execute;
        Object.assign(lab.session, {
          execute: async (command: HostCommand) => {
            if (command.effect === "read") return execute(command);
            const asked = questions(lab.host);
            const before = asked.map((question) => answer(lab.host, question));
            const outcome = await execute(command);
            counted.writes += 1;
            for (const [at, question] of asked.entries()) {
              if (mayChange(command, question)) counted.doubted += 1;
              else {
                counted.kept += 1;
                const now = answer(lab.host, question);
                assert.deepEqual(now, before[at], `${shown(command)} changes ${shown(question)}`);
              }
            }
            return outcome;
          },
        });
        const made = [];
        for (const { definition, inputs } of program) {
          const declared = lab.lifecycle(definition);
          // What cannot be made is of no matter here.
          if (declared.refused(inputs).length === 0) await declared.up(inputs).catch(() => undefined);
          made.unshift(declared);
        }
        for (const declared of made) await declared.destroy().catch(() => undefined);
      }),
      { numRuns: runs },
    );
    // A property that never meets a write, or doubts everything, would prove nothing.
    assert.ok(counted.writes > runs && counted.kept > counted.doubted, JSON.stringify(counted));
    process.stdout.write(`      ${counted.writes} writes, ${counted.kept} answers kept, ${counted.doubted} doubted\n`);
  }).timeout(300_000);
});
