import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { type Outcome, Stack } from "../../tools/engine/pulumi.js";
import { PolicyPackFolder } from "../support/policyPack.js";
import { over, type Served, serve, type Transport, transports } from "../support/served.js";

const guide = readFileSync(join(__dirname, "../../docs/guides/policy.md"), "utf8");
const [, program = ""] = /```ts\n([\s\S]*?)```/.exec(guide) ?? [];
const [, configuration = ""] = /```json\n([\s\S]*?)```/.exec(guide) ?? [];
const secrets = { chapSecret: "simulated-chap-secret", mutualSecret: "simulated-mutual-secret" };

/** Cards without a virtual switch. */
const bareHost = {
  switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
  portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
  vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network" }],
};

const all = [
  "iser-chap-required",
  "iser-host-key-pinned",
  "iser-jumbo-frames",
  "iser-no-teaming",
  "iser-one-rdma-uplink",
  "iser-paths",
  "iser-roce-version",
];

/** The policies that the CLI printed violations of: `- [mandatory]  iser-paths  (…)`. */
function violationsIn({ stdout }: Pick<Outcome, "stdout">, level: string): string[] {
  const found = [...stdout.matchAll(/^ +- \[(\w+)\] +([\w-]+) /gm)];
  return [...new Set(found.filter(([, one]) => one === level).map(([, , policy = ""]) => policy))].sort();
}

describe("the policy pack of the guide, on the real engine", function () {
  this.timeout(300_000);
  let pack: PolicyPackFolder;
  let served: Served;
  let stack: Stack;
  before(() => {
    pack = new PolicyPackFolder(program);
  });
  after(() => pack?.remove());
  afterEach(async () => {
    stack?.dispose();
    await served?.close();
  });
  /** A stack of a host whose key or certificate is not known. */
  const start = async (transport: Transport) => {
    served = await serve(bareHost, transport);
    const { hostKey, thumbprint, ...host } = served.settings;
    stack = await Stack.init(join(__dirname, "../fixtures/policed"), "dev", {
      host,
      ...Object.fromEntries(Object.entries(secrets).map(([key, secret]) => [key, { secret }])),
      "esxi-iser:password": { secret: served.password },
    });
  };
  const pin = { ssh: "esxi-iser:hostKey", vsphere: "esxi-iser:thumbprint" };

  for (const transport of transports)
    it(`stops a stack that breaks every rule, before a host is asked,${over[transport]}`, async () => {
      await start(transport);
      await stack.setConfig({ wrong: true, [pin[transport]]: "insecure-accept-any" });
      const { args, env } = pack.options(stack);
      const outcome = await stack.run(["up", "--yes", ...args], { env });
      assert.notEqual(outcome.code, 0);
      assert.deepEqual(violationsIn(outcome, "mandatory"), all, outcome.stdout);
      assert.match(
        outcome.stdout,
        /127\.0\.0\.1: port group "iser-a" \(PortGroup iser-a\) has 1 active uplink \(vmrdma0\), and 1 standby uplink \(vmrdma1\)\s+why {2}.*\s+fix {2}/,
      );
      assert.equal(served.visits, 0);
      for (const secret of [...Object.values(secrets), served.password])
        assert.ok(!(outcome.stdout + outcome.stderr).includes(secret));
    });

  for (const transport of transports)
    it(`lets a stack pass of which the preview does not know the uplinks, and the update that knows them,${over[transport]}`, async () => {
      await start(transport);
      await stack.setConfig({ [pin[transport]]: served.fingerprint });
      const preview = await stack.preview(pack.options(stack));
      assert.match(JSON.stringify(preview.changes), /04da6b54-80e4-46f7-96ec-b56ff0331ba9/);
      for (const outcome of [preview, await stack.up(pack.options(stack)), await stack.preview(pack.options(stack))]) {
        assert.deepEqual([violationsIn(outcome, "mandatory"), violationsIn(outcome, "advisory")], [[], []]);
        assert.match(outcome.stdout, /✅ iser@v1\.0\.0/);
        assert.doesNotMatch(outcome.stdout, /can't run/);
      }
    });

  it("tells and does not stop, where the pack's configuration says so", async () => {
    await start("ssh");
    await stack.setConfig({ wrong: true, "esxi-iser:hostKey": served.fingerprint });
    const levels = Object.fromEntries(all.map((policy) => [policy, { enforcementLevel: "advisory" }]));
    const outcome = await stack.preview(
      pack.options(stack, {
        ...levels,
        ...JSON.parse(configuration),
        "iser-jumbo-frames": { enforcementLevel: "disabled" },
        "iser-no-teaming": { enforcementLevel: "advisory", exempt: ["127.0.0.1"] },
      }),
    );
    const left = ["iser-chap-required", "iser-one-rdma-uplink", "iser-paths", "iser-roce-version"];
    assert.deepEqual(
      [violationsIn(outcome, "mandatory"), violationsIn(outcome, "advisory")],
      [[], left],
      outcome.stdout,
    );
    assert.match(outcome.stdout, /has 1 iSER path \(vmrdma0\), and is to have 4/);
  });
});
