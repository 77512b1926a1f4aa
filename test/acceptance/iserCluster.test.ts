import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import type { Stack } from "../../tools/engine/pulumi.js";
import { errorsOf } from "../support/program.js";
import { quickStack } from "../support/quickStack.js";
import { inTurn, type Served, serve } from "../support/served.js";

const project = join(__dirname, "../fixtures/program");
const password = "simulated-root-password";

describe("a cluster on the real engine", function () {
  this.timeout(300_000);
  /** Of every second SSH is off. */
  let served: Served[] = [];
  let stack: Stack | undefined;

  const start = async (count: number, atOnce: number | undefined) => {
    served = await Promise.all(
      Array.from({ length: count }, (_, at) => serve({ name: `esx0${at + 1}.lab`, password }, inTurn(at))),
    );
    stack = await quickStack(project, {}, { env: { ESXI_ISER_PASSWORD: password } });
    const hosts = Object.fromEntries(served.map(({ settings }, at) => [`esx0${at + 1}.lab`, { host: settings }]));
    const cluster = {
      type: "IserCluster",
      as: "lab",
      paths: { "iser-a": { device: "vmrdma0", vmkernelAdapter: "vmk1" } },
      discovery: { array: "192.168.50.100" },
      hosts,
      ...(atOnce === undefined ? {} : { atOnce }),
    };
    await stack.setConfig({ resources: { secret: [cluster] } });
    return stack;
  };
  afterEach(async () => {
    stack?.dispose();
    await Promise.all(served.map((one) => one.close()));
  });
  const sessions = () =>
    served.map(({ host }) => host.execute("esxcli iscsi session list").stdout.match(/^ +Target: /gm)?.length ?? 0);
  const visits = () => served.map(({ visits }) => visits);

  /** For each host, the other hosts that its resources wait for. */
  const waitsFor = async (made: Stack) => {
    const { resources = [] } = (await made.exportState()).deployment;
    const hostIn = (urn: string) => /::lab\/(esx\d+)\.lab\//.exec(urn)?.[1];
    const waits = new Map<string, Set<string>>();
    for (const { urn, dependencies = [] } of resources) {
      const host = hostIn(urn);
      if (host === undefined) continue;
      const others = (dependencies as string[]).map(hostIn).filter((other) => other !== undefined && other !== host);
      waits.set(host, new Set([...(waits.get(host) ?? []), ...(others as string[])]));
    }
    return Object.fromEntries([...waits].map(([host, others]) => [host, [...others].sort()]));
  };

  it("does all hosts side by side, each with one login, and nothing the second time", async () => {
    const made = await start(3, undefined);
    const bare = served.map(({ host }) => host.dump());
    await made.up();
    assert.deepEqual(sessions(), [1, 1, 1]);
    assert.deepEqual(visits(), [1, 1, 1]);
    assert.deepEqual(await waitsFor(made), { esx01: [], esx02: [], esx03: [] });
    assert.deepEqual((await made.up()).changes, []);
    assert.deepEqual(visits(), [1, 1, 1]);
    await made.destroy();
    assert.deepEqual(
      served.map(({ host }) => host.dump()),
      bare,
    );
  });

  it("lets a host wait for the one that is so many before it", async () => {
    const made = await start(4, 2);
    await made.up();
    assert.deepEqual(sessions(), [1, 1, 1, 1]);
    assert.deepEqual(await waitsFor(made), { esx01: [], esx02: [], esx03: ["esx01"], esx04: ["esx02"] });
  });

  it("stops at the first failure before a host that has not been started, and goes on in the next up", async () => {
    const made = await start(3, 1);
    served[1]?.host.faults.add({
      match: "rdma iser add",
      kind: "fail",
      message: "Failed to add device: simulated",
    });
    const outcome = await made.up({ mayFail: true });
    assert.notEqual(outcome.code, 0);
    assert.equal(errorsOf(outcome).length, 1, outcome.stdout);
    assert.match(errorsOf(outcome)[0] ?? "", /Failed to add device: simulated/);
    assert.deepEqual(sessions(), [1, 0, 0]);
    assert.equal(visits()[2], 0);
    await made.up();
    assert.deepEqual(sessions(), [1, 1, 1]);
  });
});
