import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, it } from "mocha";
import { adapterProperties } from "../../src/resources/adapterProperties.js";
import { chap } from "../../src/resources/chap.js";
import { discoveryAddress } from "../../src/resources/discoveryAddress.js";
import type { AnyDefinition } from "../../src/resources/inputs.js";
import { iserAdapter } from "../../src/resources/iserAdapter.js";
import { portBinding } from "../../src/resources/portBinding.js";
import { portGroup } from "../../src/resources/portGroup.js";
import { rescan } from "../../src/resources/rescan.js";
import { roceParams } from "../../src/resources/roceParams.js";
import { virtualSwitch } from "../../src/resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../src/resources/vmkernelAdapter.js";
import type { HostLab } from "../support/lab.js";
import { Place } from "../support/openssh/place.js";
import { processesShowing } from "../support/openssh/processes.js";
import { interop } from "../support/openssh/requirements.js";
import { logs, type Sshd } from "../support/openssh/sshd.js";

const secret = "simulated-chap 'secret' of Zürich";
const target = "iqn.2010-09.lab.storage:iser-a";
const storage = [{ address: "192.168.51.100", targets: [{ name: target, chap: { name: "esx01", secret } }] }];

/** Everything for one card, network and all, in the order of its dependencies. */
const procedure: readonly [AnyDefinition, object][] = [
  [virtualSwitch, { name: "vSwitch7", uplinks: ["vmnic5"], mtu: 9000 }],
  [portGroup, { name: "iSER b", virtualSwitch: "vSwitch7", vlanId: 51 }],
  [
    vmkernelAdapter,
    { name: "vmk7", portGroup: "iSER b", ipv4: { address: "192.168.51.11", netmask: "255.255.255.0" }, mtu: 9000 },
  ],
  [iserAdapter, { device: "vmrdma1" }],
  [adapterProperties, { adapter: "vmrdma1", alias: "storage-b" }],
  [roceParams, { adapter: "vmrdma1", version: "v2" }],
  [chap, { adapter: "vmrdma1", level: "required", name: "esx01", secret }],
  [portBinding, { adapter: "vmrdma1", vmkernelAdapter: "vmk7" }],
  [discoveryAddress, { adapter: "vmrdma1", address: "192.168.51.100" }],
  [rescan, { adapter: "vmrdma1" }],
];

interop("the whole procedure over a real OpenSSH server and BusyBox ash", () => {
  let place: Place;
  let sshd: Sshd;
  let lab: HostLab;
  /** What the secret was seen on while an esxcli ran. */
  let seen: string[] = [];
  let untouched: string;
  before(async () => {
    place = await Place.start({ storage });
    sshd = await place.sshd();
    place.host.execute("esxcli network vswitch standard uplink remove -u vmnic5 -v vSwitch2");
    untouched = place.host.dump();
    place.bridge.onCall = () => seen.push(...processesShowing(secret));
  });
  after(() => place?.stop());
  beforeEach(() => {
    seen = [];
    lab = place.lab(sshd);
  });
  afterEach(() => lab.close());

  it("is created, stays without drift, is not created again, and leaves the host as it was, over one connection", async () => {
    const from = sshd.log.length;
    const declared = procedure.map(([definition, inputs]) => [lab.lifecycle(definition), inputs] as const);
    for (const [one, inputs] of declared) assert.equal(await one.up(inputs), "create");
    // Only who was given the secret byte for byte is let in by the target.
    assert.match(lab.hand("esxcli iscsi session list -A vmhba64"), new RegExp(`Target: ${target}\n`));
    for (const [one] of declared) assert.deepEqual(await one.refresh(), []);
    const { writes } = place.host.counters;
    for (const [one, inputs] of declared) assert.equal(await one.up(inputs), "same");
    assert.equal(place.host.counters.writes, writes);
    for (const [one] of [...declared].reverse()) await one.destroy();
    assert.equal(place.host.dump(), untouched);
    assert.equal(sshd.count(logs.login, from), 1);
    assert.ok(place.bridge.calls.every(({ lang }) => lang === "en_US.UTF-8"));
    assert.deepEqual(seen, []);
    assert.ok(!JSON.stringify(place.host.journal).includes(secret));
  });

  it("shows a CHAP secret on a command line only where it was asked to be an argument", async () => {
    lab.hand("esxcli rdma iser add -d vmrdma0");
    const one = lab.lifecycle(chap);
    const inputs = { adapter: "vmrdma0", level: "required", name: "esx01", secret };
    const isSet = () => lab.hand("esxcli iscsi adapter auth chap get -A vmhba64").includes("esx01");
    await one.up(inputs);
    assert.ok(isSet());
    assert.deepEqual(seen, []);
    await one.destroy();
    await lab.lifecycle(chap).up({ ...inputs, secretVia: "argument" });
    assert.ok(isSet());
    // The same look finds it there, so what it did not find before was not there.
    const shown: readonly string[] = seen;
    assert.ok(
      shown.some((line) => line.includes("auth chap set")),
      shown.join("\n"),
    );
    lab.hand("esxcli rdma iser delete -d vmrdma0");
  });
});
