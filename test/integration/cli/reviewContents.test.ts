import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { markdown } from "../../../src/cli/review/markdown.js";
import * as provider from "../../../src/provider.js";
import { definitions, typeToken } from "../../../src/resources/definitions.js";
import {
  alias,
  changed,
  chap,
  commandsOf,
  concernsOf,
  gone,
  itemsOf,
  made,
  ours,
  reported,
} from "../../support/previewSteps.js";

describe("esxi-iser review", () => {
  it("knows every resource that the provider has", () => {
    assert.deepEqual([...definitions.keys()].sort(), Object.keys(provider).map(typeToken).sort());
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
      const elsewhere = { ...parameters, host: { host: "esx01.lab", user: "admin" } };
      const due = await reported(changed("ModuleParameters", "m", parameters, elsewhere, { rebootRequired: true }));
      assert.deepEqual(commandsOf(due), []);
      assert.match(itemsOf(due)[0]?.flags[0]?.what ?? "", /a reboot of the host is due since an earlier run/);
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

    it("tells what stays on the host, because it was there before it was declared", async () => {
      const order = { active: ["vmnic4"], standby: [], ownUplinks: false, own: {} };
      const inputs = { name: "iser-a", virtualSwitch: "vSwitch1", activeUplinks: ["vmnic4"] };
      const report = await reported(
        gone("PortGroup", "p", inputs, { existed: true, failover: order }),
        gone("IserAdapter", "a", { device: "vmrdma0" }, { existed: true }),
      );
      assert.deepEqual([commandsOf(report), report.flagged], [[], false]);
      assert.equal(markdown(report).match(/It was there before it was declared: it stays on the host\./g)?.length, 2);
    });

    it("gives back what was there and was changed, and no more", async () => {
      const order = { active: ["vmnic4"], standby: ["vmnic5"], ownUplinks: false, own: {} };
      const inputs = { name: "iser-a", virtualSwitch: "vSwitch1", activeUplinks: ["vmnic4"], standbyUplinks: [] };
      const report = await reported(gone("PortGroup", "p", inputs, { existed: true, failover: order }));
      assert.deepEqual(commandsOf(report), [
        "esxcli network vswitch standard portgroup policy failover set --portgroup-name=iser-a --use-vswitch",
      ]);
    });

    it("says what another host means: it goes from the one and is made on the other, and what was on either is not taken along", async () => {
      const inputs = { device: "vmrdma0" };
      const moved = {
        ...changed("IserAdapter", "a", inputs, { ...inputs, host: "esx02.lab" }, { before: { existed: false } }),
        op: "replace",
      };
      const stays = {
        ...changed("RoceParams", "r", { adapter: "vmrdma1", version: "v1" }, { adapter: "vmrdma1", version: "v2" }),
      };
      const report = await reported(moved, stays);
      const lines = report.hosts.map(({ host, items }) => [
        host,
        items.map(({ action, name }) => `${action} ${name}`),
        items.flatMap(({ commands }) => commands.map(({ command }) => command)),
      ]);
      assert.deepEqual(lines, [
        [
          "esx01.lab",
          ["delete to replace a", "update r"],
          [
            "esxcli rdma iser delete --device=vmrdma0",
            "esxcli rdma iser params set --adapter='<adapter of vmrdma1>' --roce=2",
          ],
        ],
        ["esx02.lab", ["create to replace a"], ["esxcli rdma iser add --device=vmrdma0"]],
      ]);
      const text = markdown(report);
      assert.match(
        text,
        /\*\*Moves to another host\*\*: IserAdapter `a`: its host changes from esx01\.lab to esx02\.lab, and another name is another host/,
      );
      assert.match(text, /- \*\*replace\*\* IserAdapter `a`, because host changed.*host `esx01\.lab` → `esx02\.lab`/);
      assert.doesNotMatch(text, /adopted, and stays/);
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
      const one = { name: "v*Switch*<b>@me ```<i>`", uplinks: ["vmnic4"], force: false };
      const text = markdown(await reported(changed("VirtualSwitch", "s", one, { ...one, uplinks: ["vmnic5"] })));
      assert.match(text, /virtual switch v\\\*Switch\\\*\\<b\\>&#64;me \\`\\`\\`\\<i\\>\\` has the uplink vmnic4/);
    });
  });
});
