import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { readPreview } from "../../../src/cli/review/preview.js";
import { reportOn } from "../../../src/cli/review/report.js";
import { IserError } from "../../../src/errors.js";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import { iscsiParameters } from "../../../src/resources/iscsiParameters.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { moduleParameters } from "../../../src/resources/moduleParameters.js";
import { pauseParams } from "../../../src/resources/pauseParams.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { portGroup } from "../../../src/resources/portGroup.js";
import { rescan } from "../../../src/resources/rescan.js";
import { roceParams } from "../../../src/resources/roceParams.js";
import { staticTarget } from "../../../src/resources/staticTarget.js";
import { virtualSwitch } from "../../../src/resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../../src/resources/vmkernelAdapter.js";
import { type HostOptions, type Model, models } from "../../../src/simulator/index.js";
import { linesOn, normal, type Planned, PreviewedStack, type Ran } from "../../support/previewed.js";
import { situation } from "../resources/anyProgram.js";

const netmask = "255.255.255.0";
const iqn = "iqn.2010-09.lab.storage:a";

/** Two cards whose NICs are free. */
const options = (model: Model): HostOptions => ({
  model,
  nics: [{ name: "vmnic0" }, { name: "vmnic4" }, { name: "vmnic5" }],
  switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
  portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
  vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network", ipv4: { address: "192.168.1.11", netmask } }],
  storage: [{ address: "192.168.50.100", targets: [{ name: iqn, chap: { name: "esx01", secret: "canary-array" } }] }],
});

const hasRoce = (model: Model) => model === "7.0" || model === "8.0";

interface Wishes {
  readonly virtualSwitch?: string;
  readonly mtu?: number;
  readonly address?: string;
  readonly vlanId?: number;
  readonly alias?: string;
  readonly secret?: string;
  readonly parameters?: Record<string, number>;
  readonly roce?: string;
  readonly pause?: boolean;
  readonly force?: boolean;
}

/** The whole procedure, on both cards. */
function procedure(model: Model, wishes: Wishes = {}): Planned[] {
  const { virtualSwitch: carrier = "vSwitch1", mtu = 9000, address = "192.168.50.11", vlanId = 40 } = wishes;
  const { alias = "storage", secret = "canary-adapter", parameters = { RecoveryTimeout: 25 } } = wishes;
  const { roce = "v2", pause = false, force = false } = wishes;
  const adapter = { adapter: "a" };
  return [
    {
      as: "pfc",
      definition: moduleParameters,
      inputs: { module: "nmlx5_core", parameters: { pfcrx: "0x08", pfctx: "0x08" } },
    },
    { as: "pause", definition: pauseParams, inputs: { nic: "vmrdma0", rx: pause, tx: pause, auto: false } },
    { as: "vs", definition: virtualSwitch, inputs: { name: carrier, uplinks: ["vmrdma0"], mtu, lowerFirst: ["vmk1"] } },
    {
      as: "pg",
      definition: portGroup,
      inputs: { name: "iser a", virtualSwitch: carrier, vlanId, activeUplinks: ["vmrdma0"], standbyUplinks: [] },
      of: { virtualSwitch: "vs" },
    },
    {
      as: "vmk",
      definition: vmkernelAdapter,
      inputs: { name: "vmk1", portGroup: "iser a", mtu, ipv4: { address, netmask }, ipv6Addresses: ["fd00::11/64"] },
      of: { portGroup: "pg" },
    },
    { as: "a", definition: iserAdapter, inputs: { device: "vmrdma0" } },
    { as: "b", definition: iserAdapter, inputs: { uplink: "vmnic5" } },
    ...(hasRoce(model)
      ? [{ as: "roce", definition: roceParams, inputs: { adapter: "vmrdma0", version: roce }, of: adapter }]
      : []),
    {
      as: "names",
      definition: adapterProperties,
      inputs: { adapter: "vmrdma0", iqn: "iqn.1998-01.com.vmware:esx01-a", alias },
      of: adapter,
    },
    {
      as: "chap",
      definition: chap,
      inputs: {
        adapter: "vmrdma0",
        level: "required",
        name: "esx01",
        secret,
        mutual: { name: "array", secret: "canary-mutual" },
      },
      of: adapter,
    },
    { as: "params", definition: iscsiParameters, inputs: { adapter: "vmrdma0", parameters }, of: adapter },
    {
      as: "binding",
      definition: portBinding,
      inputs: { adapter: "vmrdma0", vmkernelAdapter: "vmk1", force },
      of: { ...adapter, vmkernelAdapter: "vmk" },
    },
    {
      as: "discovery",
      definition: discoveryAddress,
      inputs: { adapter: "vmrdma0", address: "192.168.50.100" },
      of: adapter,
    },
    {
      as: "discoveryChap",
      definition: chap,
      inputs: {
        adapter: "vmrdma0",
        discoveryAddress: { address: "192.168.50.100" },
        level: "required",
        name: "esx01",
        secret: "canary-array",
        mutual: "prohibited",
      },
      of: adapter,
    },
    {
      as: "static",
      definition: staticTarget,
      inputs: { adapter: "vmrdma0", targetName: iqn, address: "192.168.50.100" },
      of: adapter,
    },
    {
      as: "targetParams",
      definition: iscsiParameters,
      inputs: {
        adapter: "vmrdma0",
        target: { targetName: iqn, address: "192.168.50.100" },
        parameters: { LoginTimeout: 10, HeaderDigest: "preferred" },
      },
      of: adapter,
    },
    { as: "rescan", definition: rescan, inputs: { adapter: "vmrdma0", triggers: [address] }, of: adapter },
  ];
}

async function compared(stack: PreviewedStack, model: Model, program: readonly Planned[]): Promise<readonly Ran[]> {
  const text = stack.preview(program);
  assert.doesNotMatch(text, /canary/);
  const report = await reportOn(readPreview(text));
  const items = report.hosts.flatMap((host) => host.items);
  // The numbers are known before they go and after they come.
  const before = items.map((item) => linesOn(model, item).map(normal));
  const ran = await stack.up(program);
  assert.deepEqual(
    items.map(({ name, action }, at) => ({
      name,
      action,
      lines: before[at]?.map(stack.told),
    })),
    ran.map(({ as, action, writes }) => ({ name: as, action, lines: writes.map(normal) })),
  );
  assert.doesNotMatch(JSON.stringify(report), /canary/);
  for (const { flags } of items)
    assert.ok(!flags.some(({ concern }) => concern === "refused" || concern === "not known"), JSON.stringify(flags));
  return ran;
}

describe("the commands that esxi-iser review lists", function () {
  this.timeout(60_000);

  for (const model of models) {
    it(`are those that the host runs, in their order: create, update, replace, destroy on ${model}`, async () => {
      const stack = new PreviewedStack(options(model));
      await compared(stack, model, procedure(model));
      const later = {
        mtu: 1500,
        address: "192.168.50.12",
        vlanId: 0,
        alias: "other",
        roce: "v1",
        pause: true,
        force: true,
      };
      await compared(
        stack,
        model,
        procedure(model, { ...later, parameters: { RecoveryTimeout: 10, LoginTimeout: 7 } }),
      );
      await compared(stack, model, procedure(model, { ...later, virtualSwitch: "vSwitch2" }));
      await compared(stack, model, []);
    });
  }

  // Fewer than for other properties: each resource is previewed and reviewed with all that is there by then.
  const runs = Math.ceil(Number(process.env.ESXI_ISER_RUNS ?? 150) / 25);

  it(`are, of any program on any host, all that are run for what is new, and those for a change and a destroy`, async function () {
    this.timeout(120_000 + 30_000 * runs);
    const tally = new Map<string, number>();
    const count = (what: string) => tally.set(what, (tally.get(what) ?? 0) + 1);
    await fc.assert(
      fc.asyncProperty(situation, async ({ options, prelude, program, later }) => {
        const stack = new PreviewedStack(options);
        for (const line of prelude) stack.lab.hand(line);
        let made: readonly Planned[] = [];
        for (const { as, definition, inputs, after } of program) {
          const of = Object.fromEntries(after.map((other, at) => [String(at), other]));
          const next = [...made, { as, definition, inputs: inputs as Planned["inputs"], of }];
          if (!(await isTaken(stack, next))) continue;
          made = next;
        }
        // A change may take along what it does not name, as that of a switch takes a port group that has its order: drift, which a review does not
        // know before a refresh.
        for (const { as, inputs } of later) {
          await stack.refresh();
          const next = made.map((one) => (one.as === as ? { ...one, inputs: inputs as Planned["inputs"] } : one));
          // What belongs to it without saying so would lose it unseen.
          if (isReplaced(stack, next, as) || !(await isTaken(stack, next, as))) continue;
          made = next;
          count("changed");
        }
        await stack.refresh();
        const listed = await listedFor(stack, options.model, []);
        for (const { as, writes } of await stack.up([])) {
          const item = listed.get(as);
          assert.ok(item, as);
          const [told, ran] = [item.lines.map(stack.told), writes.map(normal)];
          assert.deepEqual(notRun(told, ran), [], JSON.stringify(item));
          assert.equal(told.length, ran.length, JSON.stringify({ item, ran }));
          count(item.type);
        }
      }),
      // To make a program smaller takes minutes: the seed is enough to do that by hand.
      { numRuns: runs, endOnFailure: true },
    );
    assert.ok(tally.size > 10, [...tally].join());
  });
});

function isReplaced(stack: PreviewedStack, program: readonly Planned[], as: string): boolean {
  if (program.some((one) => stack.isRefused(one))) return true;
  const { steps } = JSON.parse(stack.preview(program)) as { steps: { op: string; urn: string }[] };
  return steps.some(({ op, urn }) => op === "replace" && urn.endsWith(`::${as}`));
}

/** Whether the host took a resource of a program, new or changed: then by the commands that were listed. */
async function isTaken(stack: PreviewedStack, program: readonly Planned[], as = program.at(-1)?.as): Promise<boolean> {
  const last = program.find((one) => one.as === as);
  if (last === undefined || stack.isRefused(last)) return false;
  const isNew = !stack.has(last.as);
  const listed = await listedFor(stack, stack.model, program);
  try {
    const ran = await stack.up(program);
    // One that was there is brought to what is declared by other commands, and force takes from others what they have.
    if ((isNew && stack.hasFound(last.as)) || last.inputs.force === true) return true;
    const item = listed.get(last.as);
    const told = item?.lines.map(stack.told) ?? [];
    const writes = ran.flatMap((one) => (one.as === last.as ? one.writes.map(normal) : []));
    assert.deepEqual(notRun(told, writes), [], JSON.stringify(item));
    const isKnown = !item?.notes.some((note) => note.includes("it was not declared before"));
    if (!isNew && isKnown) assert.equal(told.length, writes.length, JSON.stringify({ item, writes }));
    return true;
  } catch (error) {
    if (error instanceof IserError) return false;
    throw error;
  }
}

/** By resource, what a review lists on a build of the model. */
async function listedFor(stack: PreviewedStack, model: Model | undefined, program: readonly Planned[]) {
  const report = await reportOn(readPreview(stack.preview(program)));
  const items = report.hosts.flatMap((host) => host.items);
  const about = (name: string) => items.filter((item) => item.name === name);
  return new Map(
    items.map(({ name, type }) => [
      name,
      {
        type,
        notes: about(name).flatMap(({ notes }) => notes),
        flags: about(name).flatMap(({ flags }) => flags),
        lines: about(name).flatMap((item) => linesOn(model ?? "8.0", item).map(normal)),
      },
    ]),
  );
}

/** What was run and is not in the list, or not in its order. What nobody has declared is as the host has it, and is in the list as that or not at all. */
function notRun(listed: readonly string[], ran: readonly string[]): readonly string[] {
  const left = [...listed];
  return ran.filter((line) => {
    const at = left.findIndex((one) => isSame(one, line));
    if (at >= 0) left.splice(0, at + 1);
    return at < 0;
  });
}

/** What only the host knows stands in the list in angle brackets, and options that are not needed are left out. */
function isSame(listed: string, ran: string): boolean {
  const words = listed.split(/<[^<>]*>/).map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const module = /^esxcli system module parameters set --module=\S+/;
  return (
    new RegExp(`^${words.join(".+")}$`, "s").test(ran) ||
    ran.split(" --").every((option) => listed.split(" --").includes(option)) ||
    (module.test(ran) && module.exec(listed)?.[0] === module.exec(ran)?.[0])
  );
}
