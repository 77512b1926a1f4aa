import fc from "fast-check";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import type { AnyDefinition } from "../../../src/resources/inputs.js";
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
import type { HostOptions } from "../../../src/simulator/index.js";

/** A resource of a random program: what it declares, what must be made before it, and which lines of a dump it may change. */
export interface Planned {
  readonly definition: AnyDefinition;
  readonly as: string;
  readonly inputs: object;
  readonly after: readonly string[];
  readonly mayChange: readonly RegExp[];
}

export interface Situation {
  readonly options: HostOptions;
  /** What an administrator did before. */
  readonly prelude: readonly string[];
  readonly program: readonly Planned[];
  /** What the program becomes: resources of the same name are changed, others come or go. */
  readonly later: readonly Planned[];
}

const netmask = "255.255.255.0";
const secret = "simulated-secret-any";
const sw = "esxcli network vswitch standard";

/** Settings that a host may have, in commands that do not depend on each other. */
const networkPrelude = [
  `${sw} set -v vSwitch1 -m 9000`,
  `${sw} set -v vSwitch1 -c both`,
  `${sw} set -v vSwitch2 -c down`,
  `${sw} portgroup set -p iser-a -v 50`,
  `${sw} portgroup policy failover set -p iser-a -l iphash -b false`,
  `${sw} portgroup policy failover set -p iser-b -a vmnic5`,
  `${sw} policy failover set -v vSwitch1 -n false`,
  "esxcli network ip interface ipv4 set -i vmk1 -t static -I 192.168.50.21 -N 255.255.255.0 -g 192.168.50.1",
  "esxcli network ip interface ipv6 address add -i vmk1 -I fd00::11/64",
  "esxcli network ip interface ipv6 address add -i vmk2 -I fd00::12/64",
  "esxcli system module parameters set -m nmlx5_core -p 'max_vfs=4 pfctx=0x10'",
  "esxcli system module parameters set -m nmlx5_rdma -p pcp_force=5",
  "esxcli network nic pauseParams set -n vmnic4 --rx false",
  "esxcli network nic pauseParams set -n vmnic5 --auto true",
];

/** What may be set on an adapter that is there: of vmrdma0, the first that is made. */
const adapterPrelude = [
  "esxcli iscsi adapter set -A vmhba64 -a old-name",
  "esxcli iscsi adapter param set -A vmhba64 -k LoginTimeout -v 7",
  "esxcli iscsi adapter param set -A vmhba64 -k DelayedAck -v false",
  "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.99",
  "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.98 && esxcli iscsi adapter discovery sendtarget param set -A vmhba64 -a 192.168.50.98 -k NoopOutTimeout -v 12",
  "esxcli iscsi adapter discovery statictarget add -A vmhba64 -a 192.168.50.99 -n iqn.2010-09.lab.storage:old",
  `esxcli iscsi adapter auth chap set -A vmhba64 -d uni -l preferred -N old -S ${secret}-old`,
];

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const mtu = fc.constantFrom(1500, 4000, 9000);
const subset = <T>(record: Record<string, fc.Arbitrary<T>>) =>
  fc.record(record, { requiredKeys: [] }).filter((made) => Object.keys(made).length > 0);

const quote = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
const line = (path: string) => new RegExp(`^${path}`);
const of = (list: string, name: string, rest = "") => line(`${list}\\[${quote(name)}\\]${rest}`);

/** Virtual switches, port groups and VMkernel adapters: some are there, some are not. */
const network: fc.Arbitrary<Planned[]> = fc
  .record({
    oldSwitch: maybe(
      fc.record({
        uplinks: fc.constantFrom(undefined, ["vmnic4"], ["vmrdma0"], ["vmnic4", "vmnic6"]),
        mtu: maybe(mtu),
        cdp: maybe(fc.constantFrom("down", "listen", "advertise", "both")),
      }),
    ),
    newSwitch: maybe(
      fc.record({
        uplinks: fc.constantFrom(undefined, [], ["vmnic7"]),
        mtu: maybe(mtu),
        cdp: maybe(fc.constantFrom("both")),
      }),
    ),
    takes: fc.boolean(),
    oldGroup: maybe(
      fc.record({
        vlanId: maybe(fc.integer({ min: 0, max: 4095 })),
        activeUplinks: fc.constantFrom(undefined, ["vmnic4"]),
      }),
    ),
    newGroup: maybe(fc.record({ vlanId: maybe(fc.integer({ min: 0, max: 4095 })), onNew: fc.boolean() })),
    oldVmk: maybe(
      fc.record({
        ipv4: fc.constantFrom(
          undefined,
          "dhcp",
          "none",
          { address: "192.168.50.31", netmask },
          { address: "192.168.50.32", netmask, gateway: "192.168.50.2" },
        ),
        ipv6Addresses: fc.constantFrom(undefined, [], ["fd00::31/64"], ["fd00::11/64", "fd00::32/64"]),
        mtu: maybe(mtu),
      }),
    ),
    newVmk: maybe(
      fc.record({ ipv4: fc.constantFrom(undefined, { address: "192.168.60.5", netmask }), mtu: maybe(mtu) }),
    ),
  })
  .map(({ oldSwitch, newSwitch, takes, oldGroup, newGroup, oldVmk: anyVmk, newVmk: anyNewVmk }) => {
    // Mostly as its switch has it: else it is refused, which is tried, too.
    const follow = <T extends { mtu: number | undefined }>(
      vmk: T,
      carrier: { mtu: number | undefined } | undefined,
    ): T => (vmk.mtu === 4000 ? vmk : { ...vmk, mtu: vmk.mtu && (carrier?.mtu ?? 1500) });
    const oldVmk = anyVmk && follow(anyVmk, oldSwitch);
    const newVmk = anyNewVmk && follow(anyNewVmk, newGroup?.onNew && newSwitch ? newSwitch : oldSwitch);
    const made: (Planned | undefined)[] = [
      oldSwitch && {
        definition: virtualSwitch,
        as: "vSwitch1",
        inputs: { name: "vSwitch1", lowerFirst: ["vmk1"], ...oldSwitch },
        after: [],
        mayChange: [
          ...(oldSwitch.uplinks ? [of("switches", "vSwitch1", "\\.(uplinks|failover\\.(active|standby))")] : []),
          ...(oldSwitch.mtu ? [of("switches", "vSwitch1", "\\.mtu"), of("interfaces", "vmk1", "\\.mtu")] : []),
          ...(oldSwitch.cdp ? [of("switches", "vSwitch1", "\\.cdp")] : []),
        ],
      },
      newSwitch && {
        definition: virtualSwitch,
        as: "vsNew",
        inputs: { name: "vsNew", ...newSwitch, ...(takes ? { uplinks: ["vmnic5"], force: true } : {}) },
        after: [],
        mayChange: [
          of("switches", "vsNew"),
          ...(takes ? [of("switches", "vSwitch2", "\\.(uplinks|failover\\.(active|standby))")] : []),
        ],
      },
      oldGroup && {
        definition: portGroup,
        as: "iser-a",
        inputs: { name: "iser-a", virtualSwitch: "vSwitch1", ...oldGroup },
        after: ["vSwitch1"],
        mayChange: [
          ...(oldGroup.vlanId === undefined ? [] : [of("portGroups", "iser-a", "\\.vlan")]),
          ...(oldGroup.activeUplinks ? [of("portGroups", "iser-a", "\\.override\\.(active|standby)")] : []),
        ],
      },
      newGroup && {
        definition: portGroup,
        as: "pgNew",
        inputs: {
          name: "pgNew",
          virtualSwitch: newGroup.onNew && newSwitch ? "vsNew" : "vSwitch1",
          vlanId: newGroup.vlanId,
        },
        after: ["vSwitch1", "vsNew"],
        mayChange: [of("portGroups", "pgNew")],
      },
      oldVmk && {
        definition: vmkernelAdapter,
        as: "vmk1",
        inputs: { name: "vmk1", portGroup: "iser-a", ...oldVmk },
        after: ["iser-a", "vSwitch1"],
        mayChange: [
          ...(oldVmk.ipv4 ? [of("interfaces", "vmk1", "\\.ipv4")] : []),
          ...(oldVmk.ipv6Addresses ? [of("interfaces", "vmk1", "\\.ipv6")] : []),
          ...(oldVmk.mtu ? [of("interfaces", "vmk1", "\\.mtu")] : []),
        ],
      },
      newVmk &&
        newGroup && {
          definition: vmkernelAdapter,
          as: "vmk5",
          inputs: { name: "vmk5", portGroup: "pgNew", ...newVmk },
          after: ["pgNew", "vSwitch1", "vsNew"],
          mayChange: [of("interfaces", "vmk5")],
        },
    ];
    return made.filter((one) => one !== undefined);
  });

const system: fc.Arbitrary<Planned[]> = fc
  .record({
    core: maybe(
      subset({
        pfctx: fc.constantFrom("0x08", "16", "0x10"),
        pfcrx: fc.constantFrom("0x08"),
        trust_state: fc.constantFrom(1, 2),
        max_vfs: fc.constantFrom(4, 8),
      } as Record<string, fc.Arbitrary<string | number>>),
    ),
    rdma: maybe(subset({ dscp_force: fc.constantFrom(26), pcp_force: fc.constantFrom(3, 5) })),
    pause: maybe(
      fc.tuple(
        fc.constantFrom("vmnic4", "vmrdma1"),
        subset({ rx: fc.boolean(), tx: fc.boolean(), auto: fc.boolean() }),
      ),
    ),
  })
  .map(({ core, rdma, pause }) => {
    const module = (name: string, parameters: object): Planned => ({
      definition: moduleParameters,
      as: name,
      inputs: { module: name, parameters },
      after: [],
      mayChange: Object.keys(parameters).map((key) => of("modules", name, `\\.options\\.${key}`)),
    });
    const nic = pause?.[0] === "vmrdma1" ? "vmnic5" : "vmnic4";
    return [
      ...(core ? [module("nmlx5_core", core)] : []),
      ...(rdma ? [module("nmlx5_rdma", rdma)] : []),
      ...(pause
        ? [
            {
              definition: pauseParams,
              as: `pause ${nic}`,
              inputs: { nic: pause[0], ...pause[1] },
              after: [],
              mayChange: Object.keys(pause[1]).map((key) => of("nics", nic, `\\.pause\\.${key}`)),
            },
          ]
        : []),
    ];
  });

const iscsiParameterSet = subset({
  LoginTimeout: fc.integer({ min: 1, max: 60 }),
  NoopOutTimeout: fc.integer({ min: 10, max: 30 }),
  DelayedAck: fc.boolean(),
  HeaderDigest: fc.constantFrom("prohibited", "preferred"),
} as Record<string, fc.Arbitrary<number | boolean | string>>);
const chapValues = fc.record({
  level: fc.constantFrom("preferred", "required"),
  name: fc.constantFrom("esx01", "esx02"),
});
const scopes = fc.record({ chap: maybe(chapValues), parameters: maybe(iscsiParameterSet) });

/** An adapter and what is on it. What was there before of its CHAP cannot be given back, so it is not declared on one that has some. */
const onAdapter = (device: string, vmk: string, model: string): fc.Arbitrary<Planned[]> =>
  fc
    .record({
      names: maybe(
        subset({
          alias: fc.constantFrom("storage-a", "old-name"),
          iqn: fc.constantFrom(`iqn.1998-01.com.vmware:${device}`),
        }),
      ),
      version: maybe(fc.constantFrom("auto", "v1", "v2")),
      own: scopes,
      bound: fc.boolean(),
      address: maybe(fc.tuple(fc.constantFrom("192.168.50.100", "192.168.50.99", "array.lab", "fd00::5"), scopes)),
      target: maybe(fc.tuple(fc.constantFrom("192.168.50.100", "192.168.50.97"), scopes)),
      scanned: fc.boolean(),
    })
    .map(({ names, version, own, bound, address, target, scanned }) => {
      const adapter = `iscsiAdapters\\[${device}\\]`;
      const planned = (
        definition: AnyDefinition,
        as: string,
        inputs: object,
        after: string[],
        ...rest: string[]
      ): Planned => ({
        definition,
        as: `${device} ${as}`,
        inputs: { adapter: device, ...inputs },
        after: [`${device} adapter`, ...after.map((other) => `${device} ${other}`)],
        mayChange: rest.map((path) => line(`${adapter}\\.${path}`)),
      });
      const scoped = (as: string, { chap: level, parameters }: typeof own, scope: object, path: string): Planned[] => [
        ...(level
          ? [
              planned(
                chap,
                `${as} chap`,
                { ...scope, ...level, secret },
                as === "own" ? [] : [as],
                `${path}chap\\.uni`,
                "sessions",
              ),
            ]
          : []),
        ...(parameters
          ? [
              planned(
                iscsiParameters,
                `${as} parameters`,
                { ...scope, parameters },
                as === "own" ? [] : [as],
                ...Object.keys(parameters).map((key) => `${path}params\\.${key}`),
                "sessions",
              ),
            ]
          : []),
      ];
      const found = ["targets", "sessions"];
      const targetName = "iqn.2010-09.lab.storage:iser-a";
      const made: Planned[] = [
        {
          definition: iserAdapter,
          as: `${device} adapter`,
          inputs: { device },
          after: [],
          // On 7.0 the adapters of all cards come together.
          mayChange: [line(model === "7.0" ? "iscsiAdapters" : adapter), of("modules", "iser", "\\.loaded")],
        },
        ...(names ? [planned(adapterProperties, "names", names, [], ...Object.keys(names))] : []),
        ...(model !== "9.0" && version ? [planned(roceParams, "roce", { version }, [], "roce")] : []),
        ...scoped("own", own, {}, ""),
        ...(bound ? [planned(portBinding, "binding", { vmkernelAdapter: vmk }, [], "bindings", "sessions")] : []),
        ...(address
          ? [
              planned(discoveryAddress, "address", { address: address[0] }, ["binding"], "sendTargets", ...found),
              ...scoped(
                "address",
                address[1],
                { discoveryAddress: { address: address[0] } },
                `sendTargets\\[[^\\]]*\\]\\.`,
              ),
            ]
          : []),
        ...(target
          ? [
              planned(staticTarget, "target", { targetName, address: target[0] }, ["binding"], ...found),
              ...scoped("target", target[1], { target: { targetName, address: target[0] } }, `targets\\[[^\\]]*\\]\\.`),
            ]
          : []),
        ...(scanned ? [planned(rescan, "rescan", { triggers: [1] }, ["binding", "address", "target"], ...found)] : []),
      ];
      // The network of a binding is there before it, as in every program.
      const path = ["vSwitch1", "vsNew", "iser-a", "pgNew"];
      const vmkOfBinding = (one: Planned) =>
        one.definition === portBinding ? { ...one, after: [...one.after, ...path, vmk] } : one;
      return made.map(vmkOfBinding);
    });

/** The inputs of the later program over those of the first, and its parameters over the parameters. */
function over(first: object = {}, later: object): object {
  const given = Object.entries(later).filter(([, value]) => value !== undefined);
  const [before, now] = [first, later] as { parameters?: object }[];
  const parameters = now?.parameters && { parameters: { ...before?.parameters, ...now.parameters } };
  return { ...first, ...Object.fromEntries(given), ...parameters };
}

/** A program for a host of a model: everything that can be declared, some of it, in any order. */
const anyProgram = (model: string): fc.Arbitrary<Planned[]> =>
  fc
    .tuple(network, system, maybe(onAdapter("vmrdma0", "vmk1", model)), maybe(onAdapter("vmrdma1", "vmk2", model)))
    .map(([net, sys, first = [], second = []]) => [...net, ...sys, ...first, ...second]);

export const situation: fc.Arbitrary<Situation> = fc
  .constantFrom("7.0" as const, "8.0" as const, "9.0" as const)
  .chain((model) =>
    fc.record({
      options: fc.constant<HostOptions>({
        model,
        nics: ["vmnic0", "vmnic4", "vmnic5", "vmnic6", "vmnic7"].map((name) => ({ name })),
      }),
      hasAdapter: fc.boolean(),
      onNetwork: fc.subarray(networkPrelude),
      onFirst: fc.subarray(adapterPrelude),
      program: anyProgram(model),
      later: anyProgram(model),
    }),
  )
  .map(({ options, hasAdapter, onNetwork, onFirst, program, later }) => {
    const prelude = [
      ...onNetwork,
      ...(hasAdapter ? [`esxcli rdma iser add${options.model === "7.0" ? "" : " -d vmrdma0"}`, ...onFirst] : []),
    ];
    // A CHAP secret of before cannot be given back.
    const chapBefore = prelude.some((one) => one.includes("auth chap set"));
    const possible = (all: readonly Planned[]): Planned[] => {
      const kept = all.filter(({ as }) => !(chapBefore && as === "vmrdma0 own chap"));
      const declared = new Set(kept.map(({ as }) => as));
      return kept.map((one) => ({ ...one, after: one.after.filter((other) => declared.has(other)) }));
    };
    // What is no longer given stays as it is, so the later program goes on giving what the first one gave.
    const found = ["address", "target"];
    const named = new Set(later.map(({ as }) => as));
    // What something still needs does not go: a virtual switch keeps its MTU as long as a VMkernel adapter with that is on it.
    // Where one call makes all adapters, one that came along cannot be told from one that was there once the first is gone.
    // Nor a binding that sessions of a new target use, nor a VMkernel adapter whose MTU a virtual switch begins to lower in the same breath.
    const needed = program.filter(
      ({ as }) =>
        !named.has(as) &&
        ((as === "vmk1" && named.has("vSwitch1")) ||
          (as.endsWith(" adapter") && options.model === "7.0") ||
          (as.endsWith(" binding") && found.some((what) => named.has(as.replace("binding", what)))) ||
          program.some((one) => named.has(one.as) && one.after.includes(as))),
    );
    const widened = [...needed, ...later].map((one) => ({
      ...one,
      inputs: over(program.find(({ as }) => as === one.as)?.inputs, one.inputs),
    }));
    const told = (all: readonly Planned[]) =>
      all.map(({ as, definition: { type }, inputs, after }) => ({ type, as, inputs, after }));
    const given = { options, prelude, program: possible(program), later: possible(widened) };
    const text = { model: options.model, prelude, program: told(given.program), later: told(given.later) };
    return { [fc.toStringMethod]: () => JSON.stringify(text, undefined, 1), ...given };
  });
