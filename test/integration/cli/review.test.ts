import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { markdown } from "../../../src/cli/review/markdown.js";
import { readPreview } from "../../../src/cli/review/preview.js";
import { type Report, reportOn } from "../../../src/cli/review/report.js";
import { esxiIser } from "../../support/cli.js";
import {
  alias,
  chap,
  commandsOf,
  digest,
  gone,
  itemsOf,
  made,
  ours,
  reported,
  unknown,
  urn,
} from "../../support/previewSteps.js";
import { started } from "../../support/started.js";

describe("esxi-iser review", function () {
  this.timeout(180_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-review-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const piped = (input: string, ...args: readonly string[]) =>
    new Promise<{ status: number | null; stdout: string }>((resolve, reject) => {
      const child = spawn(process.execPath, [...started.args, "review", ...args], {
        env: { ...process.env, ...started.env },
      });
      let stdout = "";
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.once("error", reject);
      child.once("close", (status) => resolve({ status, stdout }));
      child.stdin.end(input);
    });

  describe("as a command", () => {
    it("ends with 0 and prints Markdown where there is nothing to look at, from a file and from standard input", async () => {
      const preview = digest([alias("esx01.lab", "storage", "a b")]);
      const { status, stdout, stderr } = await esxiIser(["review", file("fine.json", preview)]);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^## iSER: 1 to create on 1 host\n\n### `esx01\.lab`\n/);
      assert.ok(stdout.includes("\nesxcli iscsi adapter set --adapter='<adapter of vmrdma0>' --alias='a b'\n"));
      for (const args of [[], ["-"]]) assert.deepEqual(await piped(preview, ...args), { status: 0, stdout });
    });

    it("ends with 1 where something is to be looked at, and prints JSON alone with --json", async () => {
      const preview = digest([gone("IserAdapter", "a", { device: "vmrdma0" }, { existed: false })]);
      const { status, stdout, stderr } = await esxiIser(["review", "--json", file("flagged.json", preview)]);
      assert.equal(status, 1);
      assert.equal(stderr, "");
      const report = JSON.parse(stdout) as Report;
      assert.equal(report.flagged, true);
      assert.deepEqual(commandsOf(report), ["esxcli rdma iser delete --device=vmrdma0"]);
    });

    it("ends with 2 and prints nothing on stdout where it cannot read the preview", async () => {
      for (const [content, said] of [
        ["", /nothing was given/],
        ["error: no stack named 'dev' found", /line 1 is not JSON/],
        ['{"steps": [', /line 1 is not JSON/],
        ['{"a": 1}', /it is JSON, but not that of a preview/],
        ["[]", /it is JSON, but not that of a preview/],
        ['{"steps": [{"op": 1}]}', /steps\.0\.op/],
        ['{"steps": [{"op": "create", "urn": "x"}]}', /steps\.0\.urn/],
      ] as const) {
        assert.throws(() => readPreview(content), said);
      }
      const bad = await esxiIser(["review", file("bad.json", "error: no stack named 'dev' found")]);
      assert.deepEqual([bad.status, bad.stdout], [2, ""]);
      assert.match(bad.stderr, /line 1 is not JSON.*\[INPUT_INVALID\]/s);
      const { status, stderr } = await esxiIser(["review", join(folder, "none.json")]);
      assert.equal(status, 2);
      assert.match(stderr, /ENOENT/);
    });

    it("prints why the preview failed beside the review, where no reader of it sees that", async () => {
      const diagnostics = [
        { message: "error: Missing required configuration variable 'lab:host'\n", severity: "error" },
      ];
      const { status, stdout, stderr } = await esxiIser(["review", file("failed.json", digest([], { diagnostics }))]);
      assert.equal(status, 1);
      assert.match(stdout, /^## iSER: no changes, and the preview failed\n[\s\S]*failed with 1 error elsewhere/);
      assert.doesNotMatch(stdout, /lab:host/);
      assert.equal(
        stderr,
        "esxi-iser: the preview failed: error: Missing required configuration variable 'lab:host'\n",
      );
    });

    it("reads what PowerShell writes: UTF-16, or UTF-8 with a mark", async () => {
      const preview = `\ufeff${digest([alias("esx01.lab", "störage", "ü")])}`;
      for (const content of [Buffer.from(preview, "utf16le"), Buffer.from(preview, "utf8")]) {
        const { status, stdout } = await esxiIser(["review", file("marked.json", content)]);
        assert.equal(status, 0);
        assert.ok(stdout.includes("AdapterProperties `störage`"));
      }
    });

    it("tells with --help what it reads and how it ends", async () => {
      const { status, stdout } = await esxiIser(["review", "--help"]);
      assert.equal(status, 0);
      assert.match(stdout, /pulumi preview --json --show-sames \| esxi-iser review/);
      assert.match(stdout, /Ends with 0 when .* 1 when .* 2 when/s);
    });
  });

  describe("of a preview", () => {
    it("says that nothing changes", async () => {
      const report = await reported({ op: "same", urn: ours("IserAdapter", "a"), oldState: {}, newState: {} });
      assert.equal(report.flagged, false);
      assert.equal(markdown(report), "## iSER: no changes\n");
      assert.equal(markdown(await reportOn(readPreview(digest([])))), "## iSER: no changes\n");
    });

    it("counts changes of other providers and shows nothing of them", async () => {
      const bucket = urn("aws:s3/bucket:Bucket", "canary-bucket");
      const report = await reported(
        { op: "create", urn: bucket, newState: { inputs: { name: "canary-name" } } },
        { op: "same", urn: urn("aws:s3/bucket:Bucket", "other"), oldState: {}, newState: {} },
        { op: "create", urn: urn("esxi-iser:index:IserHost", "h"), newState: { inputs: {} } },
        { op: "create", urn: urn("pulumi:pulumi:Stack", "s"), newState: { inputs: {} } },
      );
      assert.deepEqual(
        { others: report.others, hosts: report.hosts.length, flagged: report.flagged },
        { others: 1, hosts: 0, flagged: false },
      );
      assert.match(markdown(report), /1 change of resources of other providers: not looked at/);
      assert.doesNotMatch(markdown(report) + JSON.stringify(report), /canary/);
    });

    it("says that the preview failed and why, of its own resources only", async () => {
      const diagnostics = [
        {
          urn: ours("IserAdapter", "a"),
          message: "error: esx01.lab: IserAdapter: device must be …\n",
          severity: "error",
        },
        { message: "error: canary-connection-string", severity: "error" },
        { message: "canary-debug", severity: "debug" },
      ];
      const report = await reportOn(readPreview(digest([], { diagnostics })));
      assert.equal(report.flagged, true);
      const text = markdown(report);
      assert.match(text, /^## iSER: no changes, and the preview failed\n/);
      assert.match(text, /The preview failed at `a`: `error: esx01\.lab: IserAdapter: device must be …`/);
      assert.match(text, /failed with 1 error elsewhere/);
      assert.doesNotMatch(text + JSON.stringify(report), /canary/);
    });

    it("shows each host by itself, and tells hosts of one name by their ports", async () => {
      const report = await reported(
        alias("esx02.lab", "two", "x"),
        alias({ host: "esx01.lab", port: 2201 }, "one", "x"),
        alias({ host: "esx01.lab", port: 2202 }, "three", "x"),
        alias("ESX02.lab", "four", "x"),
      );
      assert.deepEqual(
        report.hosts.map(({ host, items }) => [host, items.map(({ name }) => name)]),
        [
          ["esx02.lab", ["two", "four"]],
          ["esx01.lab:2201", ["one"]],
          ["esx01.lab:2202", ["three"]],
        ],
      );
      assert.equal(markdown(report).match(/^<details><summary>1 command, in this order/gm)?.length, 3);
    });

    it("keeps a host that is hidden or not known yet", async () => {
      const report = await reported(alias("[secret]", "a", "x"), alias(unknown, "b", "x"));
      assert.deepEqual(
        report.hosts.map(({ host }) => host),
        ["[secret]", "<host is known later>"],
      );
      assert.equal(commandsOf(report).length, 2);
    });

    it("names a value that is known only later, and says where the commands depend on its form", async () => {
      const report = await reported(
        made("AdapterProperties", "a", { adapter: "vmrdma0", iqn: unknown }),
        made("DiscoveryAddress", "d", { adapter: "vmrdma0", address: unknown, port: 3260 }),
        made("Chap", "c", { ...chap, discoveryAddress: unknown }),
      );
      assert.ok(
        commandsOf(report).includes(
          "esxcli iscsi adapter set --adapter='<adapter of vmrdma0>' --name='<iqn is known later>' --skip-if-session-active",
        ),
      );
      assert.match(itemsOf(report)[1]?.commands[0]?.command ?? "", /<address is known later>:3260/);
      assert.deepEqual(
        itemsOf(report)[2]?.flags.map(({ concern }) => concern),
        ["not known"],
      );
    });

    it("flags a resource that this version does not know", async () => {
      const report = await reported({ ...made("NvmeAdapter", "n", {}), urn: ours("NvmeAdapter", "n") });
      assert.equal(report.flagged, true);
      assert.match(markdown(report), /does not know `pulumi-nodejs:dynamic\/esxi-iser:NvmeAdapter n`/);
    });

    it("reads the events of a preview as well, one a line", async () => {
      const { op, urn: of, newState } = alias("esx01.lab", "a", "x");
      const events = [
        { sequence: 0, preludeEvent: { config: { secret: "canary" } } },
        { sequence: 1, resourcePreEvent: { metadata: { op, urn: of, new: newState, old: null, keys: null } } },
        { sequence: 2, diagnosticEvent: { message: "canary", severity: "debug" } },
        { sequence: 3, summaryEvent: { resourceChanges: { create: 1, same: 2 } } },
      ];
      const report = await reportOn(readPreview(`${events.map((one) => JSON.stringify(one)).join("\n")}\n`));
      assert.equal(commandsOf(report).length, 1);
      assert.equal(report.unlisted, 2);
      assert.doesNotMatch(markdown(report), /canary/);
    });

    it("says what would be missing without --show-sames", async () => {
      const report = await reportOn(
        readPreview(digest([alias("esx01.lab", "a", "x")], { changeSummary: { create: 1, same: 3 } })),
      );
      assert.match(markdown(report), /3 resources that stay as they are were not in the preview: with `--show-sames`/);
    });

    it("does not take what a refresh has found for what is done", async () => {
      const address = { adapter: "vmrdma0", address: "192.168.50.100", port: 3260 };
      const report = await reported(
        gone("DiscoveryAddress", "d", address, { existed: false }),
        {
          op: "refresh",
          urn: ours("IserAdapter", "a"),
          oldState: {
            inputs: { host: "esx01.lab", device: "vmrdma0" },
            outputs: { host: "esx01.lab", device: "vmrdma0" },
          },
        },
        made("DiscoveryAddress", "d", address),
      );
      assert.deepEqual(
        itemsOf(report).map(({ action }) => action),
        ["create"],
      );
    });
  });
});
