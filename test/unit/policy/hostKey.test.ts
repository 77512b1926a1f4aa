import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { hostKeyPinned } from "../../../src/policy/index.js";
import { judged, unknown, type Written } from "../../support/judged.js";

const fingerprint = `SHA256:${"A".repeat(43)}`;
const thumbprint = Array(32).fill("AB").join(":");
const authority = "-----BEGIN CERTIFICATE-----";
const vcenter = { host: "vcenter.lab", password: "simulated-password" };
const pinned = { "esxi-iser:hostKey": fingerprint };

describe("hostKeyPinned", () => {
  const on = (host: unknown): Written[] => [["IserAdapter", "a", { host, device: "vmrdma0" }]];
  const neither =
    /^esx01\.lab: the key of the host is pinned neither in the program nor in the config \(IserAdapter a\)\n.*\n {4}fix {2}`esxi-iser trust esx01\.lab`/;
  const cases: [title: string, host: unknown, stackConfig: Record<string, unknown>, message?: RegExp][] = [
    ["refuses a lone name", "esx01.lab", {}, neither],
    ["takes a fingerprint in the program", { host: "esx01.lab", hostKey: fingerprint }, {}],
    ["takes a fingerprint in the config", "esx01.lab", pinned],
    [
      "takes one for the host in esxi-iser:hosts",
      "esx01.lab",
      { "esxi-iser:hosts": JSON.stringify({ "esx01.lab": { hostKey: fingerprint } }) },
    ],
    [
      "refuses one for another host",
      "esx01.lab",
      { "esxi-iser:hosts": JSON.stringify({ "esx02.lab": { hostKey: fingerprint } }) },
      neither,
    ],
    ["takes a known_hosts file that the config names", "esx01.lab", { "esxi-iser:knownHosts": "known_hosts" }],
    [
      "refuses a check that is switched off in the program",
      { host: "esx01.lab", hostKey: "insecure-accept-any" },
      pinned,
      /the key of the host is not checked: the resource's host\.hostKey is insecure-accept-any/,
    ],
    [
      "refuses a check that is switched off in the config",
      "esx01.lab",
      { "esxi-iser:hostKey": `${fingerprint}\ninsecure-accept-any` },
      /config esxi-iser:hostKey is insecure-accept-any/,
    ],
    [
      "refuses a bastion without",
      { host: "esx01.lab", proxy: { host: "bastion.lab", password: "simulated-password" } },
      pinned,
      /the key of the bastion bastion\.lab is pinned neither/,
    ],
    ["takes a bastion with a key", { host: "esx01.lab", proxy: { host: "bastion.lab", hostKey: fingerprint } }, pinned],
    [
      "says what is wrong with the config",
      "esx01.lab",
      { "esxi-iser:hosts": "{simulated-password" },
      /cannot be told: config esxi-iser:hosts is not valid JSON/,
    ],
    [
      "refuses a host behind the vSphere API whose certificate nothing is known of",
      { host: "esx01.lab", transport: "vsphere" },
      pinned,
      /the certificate of the host is pinned neither in the program nor in the config[\s\S]*`thumbprint` in `host`/,
    ],
    ["takes a thumbprint in the program", { host: "esx01.lab", transport: "vsphere", thumbprint }, {}],
    [
      "goes by the authority of the program, as the provider does, and not by a thumbprint of the config",
      { host: "esx01.lab", transport: "vsphere", ca: authority },
      { "esxi-iser:thumbprint": "insecure-accept-any" },
    ],
    ["takes an authority in the config", { host: "esx01.lab", transport: "vsphere" }, { "esxi-iser:ca": authority }],
    [
      "refuses a certificate that is not checked",
      { host: "esx01.lab", transport: "vsphere" },
      { "esxi-iser:thumbprint": "insecure-accept-any" },
      /config esxi-iser:thumbprint is insecure-accept-any/,
    ],
    [
      "refuses the hosts' own thumbprint for a vCenter",
      { host: "esx01.lab", transport: "vsphere", vcenter },
      { "esxi-iser:thumbprint": thumbprint },
      /the certificate of the vCenter vcenter\.lab is pinned neither/,
    ],
    [
      "takes one of the vCenter in esxi-iser:hosts",
      { host: "esx01.lab", transport: "vsphere", vcenter },
      { "esxi-iser:hosts": JSON.stringify({ "vcenter.lab": { thumbprint } }) },
    ],
    ["does not know of a vCenter that is unknown", { host: "esx01.lab", transport: "vsphere", vcenter: unknown }, {}],
    ["does not know of a key that is unknown", { host: "esx01.lab", hostKey: unknown }, {}],
    ["does not know of a config that is unknown", "esx01.lab", { "esxi-iser:hostKey": unknown }],
    ["does not know of a bastion that is unknown", { host: "esx01.lab", proxy: unknown }, pinned],
    ["does not know of a host that is unknown", unknown, {}],
  ];
  for (const [title, host, stackConfig, message] of cases)
    it(title, async () => {
      const found = await judged(hostKeyPinned(), on(host), { stackConfig });
      assert.equal(found.length, message === undefined ? 0 : 1, JSON.stringify(found));
      for (const { message: text } of found) {
        assert.match(text, message as RegExp);
        assert.doesNotMatch(text, /simulated-password/);
      }
    });

  it("can ask for more than a known_hosts file", async () => {
    const [found] = await judged(hostKeyPinned({ knownHosts: false }), on("esx01.lab"), {
      stackConfig: { "esxi-iser:knownHosts": "known_hosts" },
    });
    assert.match(found?.message ?? "", neither);
  });

  it("says it once for all resources of a host", async () => {
    const found = await judged(hostKeyPinned(), [
      ...on("esx01.lab"),
      ["Rescan", "a", {}],
      ["Rescan", "b", {}],
      ["Rescan", "c", {}],
    ]);
    assert.equal(found.length, 1);
    assert.match(found[0]?.message ?? "", /\(IserAdapter a, Rescan a and 2 more\)/);
  });

  it("does not go by the environment, which is of one machine", async () => {
    const before = process.env.ESXI_ISER_HOST_KEY;
    process.env.ESXI_ISER_HOST_KEY = fingerprint;
    try {
      assert.equal((await judged(hostKeyPinned(), on("esx01.lab"))).length, 1);
    } finally {
      if (before === undefined) delete process.env.ESXI_ISER_HOST_KEY;
      else process.env.ESXI_ISER_HOST_KEY = before;
    }
  });
});
