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

type Fields = Readonly<Record<string, unknown>>;

const urn = (type: string, name: string) => `urn:pulumi:dev::lab::${type}::${name}`;
const ours = (type: string, name: string) => urn(`pulumi-nodejs:dynamic/esxi-iser:${type}`, name);
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const made = (type: string, name: string, inputs: Fields, more: Fields = {}) => ({
  op: "create",
  urn: ours(type, name),
  newState: { type, inputs: { host: "esx01.lab", ...inputs }, ...more },
});
const changed = (type: string, name: string, old: Fields, news: Fields, state: Fields = {}) => ({
  op: "update",
  urn: ours(type, name),
  oldState: { id: name, inputs: { host: "esx01.lab", ...old }, outputs: { host: "esx01.lab", ...old, ...state } },
  newState: { inputs: { host: "esx01.lab", ...news } },
});
const gone = (type: string, name: string, inputs: Fields, before: Fields = {}, more: Fields = {}) => ({
  op: "delete",
  urn: ours(type, name),
  oldState: {
    id: `esx01.lab/${name}`,
    inputs: { host: "esx01.lab", ...inputs },
    outputs: { host: "esx01.lab", ...inputs, before },
    ...more,
  },
});

const digest = (steps: readonly unknown[], more: Fields = {}) =>
  JSON.stringify({ config: {}, steps, duration: 1, changeSummary: {}, ...more });

const reported = (...steps: readonly unknown[]): Promise<Report> => reportOn(readPreview(digest(steps)));
const itemsOf = ({ hosts }: Report) => hosts.flatMap(({ items }) => items);
const commandsOf = (report: Report) =>
  itemsOf(report).flatMap(({ commands }) => commands.map(({ command }) => command));
const concernsOf = (report: Report) => itemsOf(report).flatMap(({ flags }) => flags.map(({ concern }) => concern));

const alias = (host: unknown, name: string, text: string) =>
  made("AdapterProperties", name, { host, adapter: "vmrdma0", alias: text });

const chap = { adapter: "vmrdma0", level: "required", name: "esx01", secret: "[secret]", secretVia: "prompt" };

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
      const main = join(__dirname, "../../../src/cli/main.ts");
      const child = spawn(process.execPath, ["--import", require.resolve("tsx"), main, "review", ...args]);
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
        const { status, stdout, stderr } = await esxiIser(["review", file("bad.json", content)]);
        assert.equal(status, 2, content);
        assert.equal(stdout, "");
        assert.match(stderr, said);
        assert.match(stderr, /\[INPUT_INVALID\]/);
      }
      const { status, stderr } = await esxiIser(["review", join(folder, "none.json")]);
      assert.equal(status, 2);
      assert.match(stderr, /ENOENT/);
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

  describe("of secrets", () => {
    it("shows how a secret gets to the host, and never the secret", async () => {
      const argument = made("Chap", "b", { ...chap, adapter: "vmrdma1", secretVia: "argument" });
      const report = await reported(made("Chap", "a", chap), argument);
      const text = markdown(report);
      assert.match(
        text,
        /--direction=uni --level=required --authname=esx01 --secret {2}# the secret goes in on standard input/,
      );
      assert.match(text, /--secret=\*\*\*\n/);
      assert.ok(concernsOf(report).includes("secret on the command line"));
    });

    it("hides one that the engine did not hide", async () => {
      const plain = { ...chap, secret: "canary-uni", mutual: { name: "array", secret: "canary-mutual" } };
      const other = { ...plain, adapter: "vmrdma1" };
      const report = await reported(
        made("Chap", "a", plain),
        changed("Chap", "b", other, { ...other, secret: "canary-new" }),
      );
      assert.equal(commandsOf(report).length, 3);
      assert.doesNotMatch(markdown(report) + JSON.stringify(report), /canary/);
    });

    it("lists what may be written where only a secret changes, each only for its own", async () => {
      const both = { ...chap, mutual: { name: "array", secret: "[secret]" } };
      const [item] = itemsOf(await reported(changed("Chap", "a", both, both, { mutual: "[secret]" })));
      assert.deepEqual(
        item?.commands.map(({ command, notes }) => [/direction=(\w+)/.exec(command)?.[1], notes?.[1]]),
        [
          ["uni", "only if this secret is what changes"],
          ["mutual", "only if this secret is what changes"],
        ],
      );
    });

    it("runs nothing where only the credentials of a host change", async () => {
      const host = { host: "esx01.lab", password: "[secret]" };
      const adapter = { host, adapter: "vmrdma0", alias: "x" };
      const report = await reported(changed("AdapterProperties", "a", adapter, adapter, { host }));
      assert.deepEqual(commandsOf(report), []);
      assert.match(markdown(report), /Only how the host is reached changes: nothing is run\./);
      assert.equal(report.flagged, false);
    });
  });

  describe("of what a reviewer must look at", () => {
    const vmk = { name: "vmk1", portGroup: "iser-a", mtu: 9000 };

    it("flags sessions where an object is at work, and not where the run has made it", async () => {
      assert.deepEqual(concernsOf(await reported(made("VmkernelAdapter", "v", vmk))), []);
      const lower = await reported(
        changed("VmkernelAdapter", "v", vmk, { ...vmk, mtu: 1500 }, { before: { existed: false } }),
      );
      assert.deepEqual(commandsOf(lower), ["esxcli network ip interface set --interface-name=vmk1 --mtu=1500"]);
      assert.deepEqual(concernsOf(lower), ["sessions"]);
    });

    it("flags a reboot, and one that is still due", async () => {
      const parameters = { module: "nmlx5_core", parameters: { pfctx: "0x08" } };
      assert.deepEqual(concernsOf(await reported(made("ModuleParameters", "m", parameters))), ["reboot"]);
    });

    it("flags what a delete leaves and cannot give back", async () => {
      const before = { uni: { level: "required", name: "theirs" } };
      const report = await reported(gone("Chap", "c", chap, before));
      const [flag] = itemsOf(report)[0]?.flags.filter(({ concern }) => concern === "not undone") ?? [];
      assert.match(
        flag?.what ?? "",
        /CHAP uni was required with the name theirs before, and its secret could not be read/,
      );
    });

    it("flags what would be refused, in the words of the error", async () => {
      const one = { name: "vSwitch1", uplinks: ["vmnic4"], force: false };
      const report = await reported(changed("VirtualSwitch", "s", one, { ...one, uplinks: ["vmnic5"] }));
      assert.deepEqual(commandsOf(report), []);
      const [flag] = itemsOf(report)[0]?.flags ?? [];
      assert.equal(flag?.concern, "refused");
      assert.match(
        flag?.what ?? "",
        /virtual switch vSwitch1 has the uplink vmnic4, which is not declared.*\[UPLINK_REMOVAL\]/,
      );
    });

    it("flags what was interrupted", async () => {
      const address = { adapter: "vmrdma0", address: "192.168.50.100", port: 3260 };
      const report = await reported(
        changed("DiscoveryAddress", "d", address, address, { unfinished: true, before: { existed: false } }),
      );
      assert.deepEqual(commandsOf(report), [
        "esxcli iscsi adapter discovery rediscover --adapter='<adapter of vmrdma0>'",
      ]);
      assert.deepEqual(concernsOf(report), ["unfinished"]);
    });

    it("runs nothing for what is retained or goes with something else", async () => {
      const device = { device: "vmrdma0" };
      const report = await reported(
        gone("IserAdapter", "a", device, { existed: false }, { retainOnDelete: true }),
        gone("IserAdapter", "b", { device: "vmrdma1" }, { existed: false }, { deletedWith: ours("IserAdapter", "a") }),
      );
      assert.deepEqual(commandsOf(report), []);
      assert.equal(report.flagged, false);
    });

    it("says what an older build would run instead", async () => {
      const report = await reported(
        made("IserAdapter", "a", { device: "vmrdma0" }),
        made("RoceParams", "r", { adapter: "vmrdma0", version: "v2" }),
      );
      assert.deepEqual(itemsOf(report)[0]?.variants, [
        { without: "rdma iser add --device", commands: ["esxcli rdma iser add"] },
      ]);
      assert.match(itemsOf(report)[1]?.variants[0]?.refusal ?? "", /\[COMMAND_UNKNOWN\]/);
    });
  });

  describe("as Markdown", () => {
    const hostile = "a`b``c\n# heading\n<img src=x> @everyone [x](y) | ```sh\nrm -rf /\u001b[31m\u202e";

    it("lets no name leave its code", async () => {
      const text = markdown(
        await reported(
          alias("esx01.lab", hostile, hostile),
          made("PortGroup", "g", { name: hostile, virtualSwitch: hostile }),
          gone("VirtualSwitch", hostile, { name: hostile, force: false }, { existed: false }),
        ),
      );
      const fences = [...text.matchAll(/^(`{3,})(sh)?$/gm)];
      assert.equal(fences.length, 2);
      const [open = "", close] = fences.map(([, fence]) => fence);
      assert.equal(open, close);
      assert.ok(open.length > 3);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
      const outside = text.split(open)[0]?.replace(/(`+) ?.*?[^`]\1(?!`)/g, "") ?? "";
      assert.doesNotMatch(outside, /heading|<img|@everyone|rm -rf/);
      for (const line of text.split("\n")) assert.doesNotMatch(line, /^(# heading|rm -rf)/);
    });

    it("takes what a refusal quotes literally", async () => {
      const one = { name: "v*Switch*<b>@me", uplinks: ["vmnic4"], force: false };
      const text = markdown(await reported(changed("VirtualSwitch", "s", one, { ...one, uplinks: ["vmnic5"] })));
      assert.match(text, /virtual switch v\\\*Switch\\\*\\<b\\>&#64;me has the uplink vmnic4/);
    });
  });
});
