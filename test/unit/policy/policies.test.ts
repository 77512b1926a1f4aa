import assert from "node:assert/strict";
import type { StackValidationPolicy } from "@pulumi/policy";
import { describe, it } from "mocha";
import {
  chapRequired,
  enoughPaths,
  iserPolicies,
  jumboFrames,
  noTeaming,
  oneRdmaUplink,
  roceVersionSet,
} from "../../../src/policy/index.js";
import { judged, unknown, type Written } from "../../support/judged.js";

const secret = "simulated-chap-secret";

/** The resources of a path by what they are, each with changes; `null` leaves one out. */
function path(key: "a" | "b", changes: Readonly<Record<string, object | null>> = {}): Written[] {
  const at = key === "a" ? 0 : 1;
  const adapter = `vmrdma${at}`;
  const all: Record<string, object> = {
    VirtualSwitch: { name: `vSwitch-${key}`, uplinks: [adapter], mtu: 9000 },
    PortGroup: { name: `iser-${key}`, virtualSwitch: `vSwitch-${key}`, activeUplinks: [adapter], standbyUplinks: [] },
    VmkernelAdapter: { name: `vmk${at + 1}`, portGroup: `iser-${key}`, mtu: 9000 },
    IserAdapter: { device: adapter },
    RoceParams: { adapter, version: "v2" },
    Chap: { adapter, level: "required", name: "esx01", secret, mutual: { name: "array", secret: "other-secret" } },
    PortBinding: { adapter, vmkernelAdapter: `vmk${at + 1}` },
    DiscoveryAddress: { adapter, address: "192.168.50.100" },
  };
  return Object.entries(all).flatMap(([type, inputs]): Written[] =>
    changes[type] === null ? [] : [[type, `esx01/iser-${key}`, { ...inputs, ...changes[type] }]],
  );
}

const clean = [...path("a"), ...path("b")];
const pinned = { "esxi-iser:hostKey": `SHA256:${"A".repeat(43)}` };

type Case = readonly [title: string, resources: readonly Written[], message?: RegExp];

/** For each policy: what it refuses, what it lets pass, and what it does not know yet. */
const table: Readonly<Record<string, readonly [StackValidationPolicy, readonly Case[]]>> = {
  chapRequired: [
    chapRequired(),
    [
      [
        "refuses an adapter without CHAP",
        path("a", { Chap: null }),
        /^esx01\.lab: no CHAP is declared for the adapter of vmrdma0 \(IserAdapter esx01\/iser-a\), and none for DiscoveryAddress esx01\/iser-a\n {4}why {2}.*\n {4}fix {2}Declare `new Chap/,
      ],
      [
        "refuses a level that may go without",
        path("a", { Chap: { level: "preferred", mutual: undefined } }),
        /CHAP is not required: Chap esx01\/iser-a has level preferred/,
      ],
      [
        "refuses a discovery address with a weaker level",
        [
          ...path("a"),
          [
            "Chap",
            "weak",
            { adapter: "vmrdma0", discoveryAddress: { address: "192.168.50.100" }, level: "prohibited" },
          ],
        ],
        /Chap weak has level prohibited/,
      ],
      [
        "takes CHAP of the only discovery address",
        path("a", { Chap: { discoveryAddress: { address: "192.168.50.100" } } }),
      ],
      [
        "refuses CHAP of another discovery address",
        path("a", { Chap: { discoveryAddress: { address: "192.168.50.101" } } }),
        /none for DiscoveryAddress esx01\/iser-a/,
      ],
      [
        "refuses a discovery address that inherits from an adapter without",
        path("a", {
          Chap: {
            discoveryAddress: { address: "192.168.50.100" },
            inherit: true,
            level: undefined,
            name: undefined,
            secret: undefined,
            mutual: undefined,
          },
        }),
        /no CHAP is declared/,
      ],
      [
        "takes CHAP by the uplink, where the adapter says that it is the same card",
        path("a", { IserAdapter: { uplink: "vmnic4", ref: "vmrdma0" }, Chap: { adapter: "vmnic4" } }),
      ],
      ["does not know of a level that is unknown", path("a", { Chap: { level: unknown } })],
      ["does not know of a CHAP whose adapter is unknown", path("a", { Chap: { adapter: unknown } })],
      ["does not know of a CHAP whose host is unknown", path("a", { Chap: { host: unknown } })],
      [
        "does not know of a CHAP whose address is unknown",
        path("a", { Chap: { discoveryAddress: { address: unknown, port: 3260 } } }),
      ],
    ],
  ],
  "chapRequired with mutual": [
    chapRequired({ mutual: true }),
    [
      [
        "refuses one direction only",
        path("a", { Chap: { mutual: undefined } }),
        /mutual CHAP is asked for, but Chap esx01\/iser-a does not declare it\n {4}why {2}Without mutual CHAP/,
      ],
      ["refuses mutual CHAP that is prohibited", path("a", { Chap: { mutual: "prohibited" } }), /prohibits it/],
      ["takes both directions", path("a")],
      ["does not know of credentials that are unknown", path("a", { Chap: { mutual: unknown } })],
    ],
  ],
  noTeaming: [
    noTeaming(),
    [
      [
        "refuses two active uplinks",
        path("a", { PortGroup: { activeUplinks: ["vmrdma0", "vmrdma1"] } }),
        /^esx01\.lab: port group "iser-a" \(PortGroup esx01\/iser-a\) has 2 active uplinks \(vmrdma0, vmrdma1\), and 0 standby uplinks\n {4}why {2}iSER does not support NIC teaming/,
      ],
      [
        "refuses a standby uplink, also with force",
        path("a", { PortGroup: { standbyUplinks: ["vmnic5"] }, PortBinding: { force: true } }),
        /1 active uplink \(vmrdma0\), and 1 standby uplink \(vmnic5\)/,
      ],
      [
        "refuses the order of a switch with two uplinks",
        path("a", { VirtualSwitch: { uplinks: ["vmnic4", "vmnic5"] }, PortGroup: { activeUplinks: undefined } }),
        /2 active uplinks \(vmnic4, vmnic5\), those of VirtualSwitch esx01\/iser-a, for it has none of its own/,
      ],
      ["takes the order of a switch with one uplink", path("a", { PortGroup: { activeUplinks: undefined } })],
      [
        "leaves a port group alone that nothing of iSER goes over",
        [["PortGroup", "vms", { name: "VM Network", virtualSwitch: "vSwitch0", activeUplinks: ["vmnic0", "vmnic1"] }]],
      ],
      [
        "does not know of uplinks that are unknown",
        path("a", { PortGroup: { activeUplinks: unknown, standbyUplinks: unknown } }),
      ],
      ["does not know of one uplink that is unknown", path("a", { PortGroup: { activeUplinks: [unknown] } })],
    ],
  ],
  oneRdmaUplink: [
    oneRdmaUplink(),
    [
      [
        "refuses two RDMA devices",
        path("a", { VirtualSwitch: { uplinks: ["vmrdma0", "vmrdma1"] } }),
        /virtual switch vSwitch-a \(VirtualSwitch esx01\/iser-a\) has 2 RDMA uplinks: vmrdma0, vmrdma1/,
      ],
      [
        "refuses two NICs that adapters in state have",
        [
          ["IserAdapter", "a", { device: "vmrdma0", uplink: "vmnic4", ref: "vmrdma0" }],
          ["IserAdapter", "b", { device: "vmrdma1", uplink: "vmnic5", ref: "vmrdma1" }],
          ["VirtualSwitch", "both", { name: "vSwitch1", uplinks: ["vmnic4", "vmnic5"] }],
        ],
        /vmnic4, vmnic5/,
      ],
      ["takes one RDMA device beside another NIC", path("a", { VirtualSwitch: { uplinks: ["vmrdma0", "vmnic1"] } })],
      ["does not know of uplinks that are unknown", path("a", { VirtualSwitch: { uplinks: unknown } })],
    ],
  ],
  jumboFrames: [
    jumboFrames(),
    [
      [
        "refuses different MTUs",
        path("a", { VmkernelAdapter: { mtu: 1500 } }),
        /the MTU of vmk1 is not the same along its path: VmkernelAdapter esx01\/iser-a has mtu 1500, VirtualSwitch esx01\/iser-a has mtu 9000/,
      ],
      [
        "refuses an MTU on one end only",
        path("a", { VirtualSwitch: { mtu: undefined } }),
        /VmkernelAdapter esx01\/iser-a has mtu 9000, VirtualSwitch esx01\/iser-a declares no mtu/,
      ],
      [
        "takes ends that declare none",
        path("a", { VirtualSwitch: { mtu: undefined }, VmkernelAdapter: { mtu: undefined } }),
      ],
      ["takes a switch that is not in the stack", path("a", { VirtualSwitch: null })],
      ["does not know of an MTU that is unknown", path("a", { VmkernelAdapter: { mtu: unknown } })],
    ],
  ],
  "jumboFrames with an MTU": [
    jumboFrames({ mtu: 9000 }),
    [
      [
        "refuses another one",
        path("a", { VirtualSwitch: { mtu: 1500 }, VmkernelAdapter: { mtu: 1500 } }),
        /the MTU of vmk1 is to be 9000 along its path: .* has mtu 1500, .*\n.*\n {4}fix {2}Declare `mtu: 9000`/,
      ],
      [
        "refuses a path without one",
        path("a", { VirtualSwitch: null, VmkernelAdapter: { mtu: undefined } }),
        /VmkernelAdapter esx01\/iser-a declares no mtu/,
      ],
      ["takes it", path("a")],
    ],
  ],
  roceVersionSet: [
    roceVersionSet(),
    [
      [
        "refuses an adapter without",
        path("a", { RoceParams: null }),
        /no RoCE version is declared for vmrdma0 \(IserAdapter esx01\/iser-a\)\n {4}why .*\n {4}fix .*`exempt`/,
      ],
      ["does not know of one for an unknown adapter", path("a", { RoceParams: { adapter: unknown } })],
    ],
  ],
  "roceVersionSet with a version": [
    roceVersionSet({ version: "v1" }),
    [
      ["refuses another one", path("a"), /vmrdma0 is to speak v1, but RoceParams esx01\/iser-a has v2/],
      ["does not know of a version that is unknown", path("a", { RoceParams: { version: unknown } })],
    ],
  ],
  enoughPaths: [
    enoughPaths(),
    [
      ["refuses one path", path("a"), /^esx01\.lab: has 1 iSER path \(vmrdma0\), and is to have 2\n/],
      [
        "refuses an adapter that nothing is bound to",
        [...path("a"), ...path("b", { PortBinding: null })],
        /1 iSER path \(vmrdma0\), and is to have 2; nothing is bound to vmrdma1/,
      ],
      [
        "counts two VMkernel adapters on one card once",
        [...path("a"), ["PortBinding", "again", { adapter: "vmrdma0", vmkernelAdapter: "vmk3" }]],
        /1 iSER path/,
      ],
      [
        "leaves a host alone that has no iSER",
        [["ModuleParameters", "core", { module: "nmlx5_core", parameters: { pfctx: 8 } }]],
      ],
      [
        "does not know of a binding whose adapter is unknown",
        [...path("a"), ["PortBinding", "more", { adapter: unknown, vmkernelAdapter: "vmk2" }]],
      ],
      [
        "does not know of a binding whose host is unknown",
        [...path("a"), ["PortBinding", "more", { host: unknown, adapter: "vmrdma1", vmkernelAdapter: "vmk2" }]],
      ],
    ],
  ],
};

describe("policies", () => {
  for (const [name, [policy, cases]] of Object.entries(table))
    describe(name, () => {
      it("lets a clean stack pass", async () => {
        const its = name.endsWith("version")
          ? clean.map(
              ([type, as, inputs]): Written => [
                type,
                as,
                type === "RoceParams" ? { ...inputs, version: "v1" } : inputs,
              ],
            )
          : clean;
        assert.deepEqual(await judged(policy, its), []);
      });
      for (const [title, resources, message] of cases)
        it(title, async () => {
          const found = await judged(policy, resources);
          assert.equal(found.length, message === undefined ? 0 : 1, JSON.stringify(found));
          for (const { message: text, urn } of found) {
            assert.match(text, message as RegExp);
            assert.match(text, /^esx01\.lab: [^\n]+\n {4}why {2}[^\n]+\n {4}fix {2}[^\n]+$/);
            assert.match(urn ?? "", /^urn:pulumi:dev::program::/);
            assert.doesNotMatch(text, /-secret/);
          }
        });
    });

  it("look at each host by itself", async () => {
    const second = path("b", {
      IserAdapter: { host: "esx02.lab" },
      PortBinding: { host: { host: "esx02.lab", port: 2222 } },
    });
    const hosts = (await judged(enoughPaths(), [...path("a"), ...second])).map(({ message }) => message.split(" ")[0]);
    assert.deepEqual(hosts, ["esx01.lab:", "esx02.lab:", "esx02.lab:"]);
  });

  it("leave hosts alone that are exempt, by code or by the pack's configuration", async () => {
    assert.deepEqual(await judged(enoughPaths({ exempt: ["ESX01.lab"] }), path("a")), []);
    assert.deepEqual(await judged(enoughPaths(), path("a"), { packConfig: { exempt: ["esx01.lab"] } }), []);
  });

  it("take settings of the pack's configuration before those of the code", async () => {
    assert.deepEqual(await judged(enoughPaths({ minimum: 3 }), clean, { packConfig: { minimum: 2 } }), []);
    assert.equal((await judged(enoughPaths(), clean, { packConfig: { minimum: 3 } })).length, 1);
  });

  it("are made all at once, each with its settings or its level", () => {
    const policies = iserPolicies({ chap: { enforcementLevel: "advisory" }, roceVersion: "disabled" });
    assert.deepEqual(
      policies.map(({ name, enforcementLevel }) => [name, enforcementLevel]),
      [
        ["iser-host-key-pinned", "mandatory"],
        ["iser-chap-required", "advisory"],
        ["iser-no-teaming", "mandatory"],
        ["iser-one-rdma-uplink", "mandatory"],
        ["iser-jumbo-frames", "mandatory"],
        ["iser-roce-version", "disabled"],
        ["iser-paths", "mandatory"],
      ],
    );
    assert.equal(iserPolicies()[5]?.enforcementLevel, "advisory");
  });

  it("let a stack pass of which nothing is known but its types", async () => {
    const nothing = clean.map(([type, name]): Written => [type, name, { host: unknown }]);
    const bare = nothing.map(
      ([type, name, inputs]): Written => [
        type,
        name,
        { ...inputs, ...Object.fromEntries(fieldsOf(type).map((field) => [field, unknown])) },
      ],
    );
    for (const policy of iserPolicies({ chap: { mutual: true }, jumboFrames: { mtu: 9000 } }))
      assert.deepEqual(await judged(policy, bare, { stackConfig: pinned }), [], policy.name);
  });
});

function fieldsOf(type: string): string[] {
  return path("a").flatMap(([one, , inputs]) => (one === type ? Object.keys(inputs) : []));
}
