import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { describe as shown } from "../../../src/esxcli/command.js";
import { resolve } from "../../../src/resources/adapterReference.js";
import { check } from "../../../src/resources/inputs.js";
import { devicesOf, sessionsOf, targetsOf } from "../../../src/resources/inventory.js";
import { rescan } from "../../../src/resources/rescan.js";
import { tied, view } from "../../support/views.js";

type Have = Parameters<typeof rescan.plan>[0];
type Memory = Parameters<typeof rescan.plan>[2];

const array = "iqn.2010-09.lab.storage:iser-a";
const target = {
  adapter: "vmrdma0",
  targetName: array,
  address: "192.168.50.100",
  port: 3260,
  discoveryMethod: "SENDTARGETS",
  lastError: "No Error",
};
const session = {
  adapter: "vmrdma0",
  targetName: array,
  isid: "00023d000001",
  authenticationMethod: "none",
  connections: [{ address: "192.168.50.100", state: "logged_in" }],
};
const have = (changes: Partial<Have> = {}): Have => ({
  resolution: resolve(tied, "vmrdma0"),
  adapters: [{ vmhba: "vmhba64", adapter: "vmrdma0" }],
  addresses: ["192.168.50.100:3260"],
  targets: [target],
  sessions: [session],
  devices: [],
  ...changes,
});
const done = (triggers?: unknown): Memory => ({ last: { adapter: "vmrdma0", triggers }, unfinished: false });
const one = "esxcli storage core adapter rescan --adapter=vmhba64";
const all = "esxcli storage core adapter rescan --all";

describe("Rescan plans", () => {
  const rows: [string, Have, Parameters<typeof rescan.plan>[1], Memory, string[]][] = [
    ["a scan when there was none", have(), { adapter: "vmrdma0" }, { last: undefined, unfinished: false }, [one]],
    ["nothing after it", have(), { adapter: "vmrdma0" }, done(), []],
    [
      "nothing when the triggers are the same",
      have(),
      { adapter: "vmrdma0", triggers: { a: [1] } },
      done({ a: [1] }),
      [],
    ],
    [
      "a scan when they change deep inside",
      have(),
      { adapter: "vmrdma0", triggers: { a: [2] } },
      done({ a: [1] }),
      [one],
    ],
    ["a scan when they are new", have(), { adapter: "vmrdma0", triggers: [] }, done(), [one]],
    ["a scan after a failure", have(), { adapter: "vmrdma0" }, { last: undefined, unfinished: true }, [one]],
    [
      "all adapters when none is named",
      have({ resolution: undefined }),
      {},
      { last: undefined, unfinished: false },
      [all],
    ],
  ];
  for (const [title, from, want, memory, commands] of rows)
    it(title, () => assert.deepEqual(rescan.plan(from, want, memory).map(shown), commands));

  it("nothing on an adapter that is not there", () =>
    assert.throws(() => rescan.plan(have({ resolution: resolve(view(), "vmrdma0") }), { adapter: "vmrdma0" }, done()), {
      code: "ADAPTER_NOT_FOUND",
    }));
  it("nothing when it is deleted", () =>
    assert.deepEqual(
      rescan.remove(have(), {}, {}, { first: have(), declared: new Map(), released: new Map(), left: new Map() }),
      {
        commands: [],
      },
    ));
});

describe("A host after a rescan", () => {
  const failing = { ...target, lastError: "0x0201 Initiator could not be successfully authenticated." };
  const loggingIn = { ...session, connections: [{ address: "192.168.50.100", state: "in_login" }] };
  const redirected = (isid: string) => ({
    ...session,
    isid,
    connections: [{ address: "192.168.50.201", state: "logged_in" }],
  });
  const rests: [string, Partial<Have>, boolean][] = [
    ["is at rest with a session to each target", {}, true],
    ["is not while a target has none", { sessions: [] }, false],
    ["is not while a connection logs in", { sessions: [loggingIn] }, false],
    ["is not with the session of another adapter", { sessions: [{ ...session, adapter: "vmrdma1" }] }, false],
    ["is when the login has failed", { targets: [failing], sessions: [] }, true],
    ["is not before discovery has found something", { targets: [], sessions: [] }, false],
    ["is when it has no discovery address either", { addresses: [], targets: [], sessions: [] }, true],
    ["is when it has no iSER adapter", { adapters: [], addresses: [], targets: [], sessions: [] }, true],
  ];
  for (const [title, changes, expected] of rests)
    it(title, () => assert.equal(rescan.rests?.(have(changes), {}), expected));

  const remarks: [string, Partial<Have>, RegExp | undefined][] = [
    ["tells nothing when all is well", {}, undefined],
    [
      "tells what ESXi says of a login that failed, and what to do",
      { targets: [failing], sessions: [] },
      /^no session of vmrdma0 with iqn\.2010-09\.lab\.storage:iser-a at 192\.168\.50\.100:3260: ESXi says "0x0201 .*" CHAP failed/,
    ],
    [
      "tells that a target has fewer sessions than portals",
      { targets: [target, { ...target, address: "192.168.51.100" }] },
      /^1 of 2 portals of iqn\.2010-09\.lab\.storage:iser-a have a session of vmrdma0, none at 192\.168\.51\.100:3260\.$/,
    ],
    [
      "tells that two sessions of a target go to one of its two portals",
      {
        targets: [target, { ...target, address: "192.168.51.100" }],
        sessions: [session, { ...session, isid: "00023d000002" }],
      },
      /^1 of 2 portals of .* have a session of vmrdma0, none at 192\.168\.51\.100:3260\.$/,
    ],
    [
      "counts sessions where a target redirects to other addresses",
      { targets: [target, { ...target, address: "192.168.51.100" }], sessions: [redirected("00023d000001")] },
      /^1 of 2 portals of .* have a session of vmrdma0\.$/,
    ],
    [
      "tells nothing where a target redirects a session for each portal",
      {
        targets: [target, { ...target, address: "192.168.51.100" }],
        sessions: [redirected("00023d000001"), redirected("00023d000002")],
      },
      undefined,
    ],
    [
      "counts sessions where two portals differ by their port only",
      { targets: [target, { ...target, port: 3261 }] },
      /^1 of 2 portals of .* have a session of vmrdma0\.$/,
    ],
    ["takes a portal that is discovered and static for one", { targets: [target, target] }, undefined],
    [
      "does not count a connection that still logs in",
      {
        targets: [target, { ...target, address: "192.168.51.100" }],
        sessions: [
          session,
          { ...session, isid: "00023d000002", connections: [{ address: "192.168.51.100", state: "in_login" }] },
        ],
      },
      /^1 of 2 portals of .*, none at 192\.168\.51\.100:3260\.$/,
    ],
    [
      "tells where nothing is to be bound",
      { targets: [{ ...target, lastError: "0x000C Transport not found." }], sessions: [] },
      /bind a VMkernel adapter/,
    ],
    [
      "points to the log where it does not know the error",
      { targets: [{ ...target, lastError: "Unqualified Login Status. (Error=0x40000)" }], sessions: [] },
      /Unqualified.*vmkernel\.log/,
    ],
    ["tells of a login without an end", { sessions: [loggingIn] }, /gives no reason/],
    [
      "writes an IPv6 portal in brackets",
      { targets: [{ ...failing, address: "fd00::5" }], sessions: [] },
      /\[fd00::5\]:3260/,
    ],
    [
      "tells that its discovery addresses show no targets",
      { targets: [], sessions: [] },
      /^no targets on vmrdma0, although it has the discovery addresses 192\.168\.50\.100:3260\./,
    ],
    [
      "tells that it has no discovery address",
      { addresses: [], targets: [], sessions: [] },
      /^no targets on vmrdma0, which has no discovery address\. Declare/,
    ],
    ["tells of no adapter", { adapters: [], targets: [], sessions: [] }, /has no iSER adapter/],
  ];
  for (const [title, changes, message] of remarks)
    it(title, () => {
      const told = rescan.remarks?.(have(changes), {}) ?? [];
      if (message === undefined) assert.deepEqual(told, []);
      else assert.match(told.join("\n"), message);
    });
});

describe("Rescan in a refresh", () => {
  const disk = {
    name: "naa.1",
    displayName: "disk",
    sizeMb: 10,
    paths: [{ adapter: "vmrdma0", runtimeName: "vmhba64:C0:T0:L1", lun: 1, state: "active" }],
  };
  const was = { targets: [target], devices: [disk] };
  const report = (changes: Partial<Have>, wrote = false) =>
    rescan.report(
      have({ targets: [target], devices: [disk], ...changes }),
      {},
      { rebootRequired: false, wrote, was, now: new Date() },
    );
  const worse = {
    targets: [{ ...target, lastError: "0x0008 Connection timed out." }],
    devices: [{ ...disk, paths: [{ ...disk.paths[0], runtimeName: "vmhba65:C0:T0:L1", state: "dead" }] }],
  } as Partial<Have>;

  it("shows no drift in how a target or a path is doing", () => {
    const { targets, devices } = report(worse);
    assert.deepEqual({ targets, devices }, was);
  });
  it("shows how they are doing after a rescan", () => {
    const { targets, devices } = report(worse, true);
    assert.deepEqual({ targets, devices }, worse);
  });
  it("shows a target and a device that went", () => {
    const { targets, devices } = report({ targets: [], devices: [] });
    assert.deepEqual({ targets, devices }, { targets: [], devices: [] });
  });
  it("shows a path that went", () =>
    assert.deepEqual(report({ devices: [{ ...disk, paths: [] }] }).devices, [{ ...disk, paths: [] }]));
});

describe("What is found", () => {
  const adapters = [
    { vmhba: "vmhba65", adapter: "vmrdma1" },
    { vmhba: "vmhba64", adapter: "vmrdma0" },
  ];
  const ask = (answers: Record<string, unknown>) =>
    (async (command: Parameters<typeof shown>[0]) => {
      const answer = answers[shown(command)];
      assert.notEqual(answer, undefined, shown(command));
      return answer;
    }) as Parameters<typeof targetsOf>[0];
  const rowsOf = (adapter: string) => ({ adapter, target: array });

  it("on one adapter is asked of that only", async () => {
    const found = await targetsOf(
      ask({
        "esxcli iscsi adapter target list --adapter=vmhba64": [
          { ...rowsOf("vmhba64"), discoveryMethod: "SENDTARGETS ", lastError: "No Error" },
        ],
        "esxcli iscsi adapter target portal list --adapter=vmhba64": [
          { ...rowsOf("vmhba64"), ip: "192.168.50.100", port: 3260 },
        ],
      }),
      adapters.slice(1),
    );
    assert.deepEqual(found, [target]);
  });

  it("on several is picked out of all and put in order", async () => {
    const found = await targetsOf(
      ask({
        "esxcli iscsi adapter target list": ["vmhba70", "vmhba65", "vmhba64"].map((vmhba) => ({
          ...rowsOf(vmhba),
          discoveryMethod: "STATIC",
          lastError: vmhba,
        })),
        "esxcli iscsi adapter target portal list": ["vmhba70", "vmhba65", "vmhba64"].map((vmhba) => ({
          ...rowsOf(vmhba),
          ip: "[FD00:0::5]",
          port: 3260,
        })),
      }),
      adapters,
    );
    assert.deepEqual(
      found.map(({ adapter, address, lastError }) => [adapter, address, lastError]),
      [
        ["vmrdma0", "fd00::5", "vmhba64"],
        ["vmrdma1", "fd00::5", "vmhba65"],
      ],
    );
  });

  it("of sessions has the connections of each", async () => {
    const of = (isid: string) => ({ ...rowsOf("vmhba64"), isid });
    const found = await sessionsOf(
      ask({
        "esxcli iscsi session list --adapter=vmhba64": [
          { ...of("00023d000002"), authenticationMethod: "chap" },
          { ...of("00023d000001"), authenticationMethod: "none" },
        ],
        "esxcli iscsi session connection list --adapter=vmhba64": [
          { ...of("00023d000001"), cid: 0, remoteAddress: "192.168.50.100", localAddress: "", state: "logged_in" },
        ],
      }),
      adapters.slice(1),
    );
    assert.deepEqual(found, [
      session,
      { ...session, isid: "00023d000002", authenticationMethod: "chap", connections: [] },
    ]);
  });

  it("of a connection has its address as targets have theirs", async () => {
    const row = { ...rowsOf("vmhba64"), isid: "00023d000001" };
    const [found] = await sessionsOf(
      ask({
        "esxcli iscsi session list --adapter=vmhba64": [{ ...row, authenticationMethod: "none" }],
        "esxcli iscsi session connection list --adapter=vmhba64": [
          { ...row, cid: 0, remoteAddress: "[FD00:0::5]", localAddress: "", state: "logged_in" },
        ],
      }),
      adapters.slice(1),
    );
    assert.deepEqual(found?.connections, [{ address: "fd00::5", state: "logged_in" }]);
  });

  it("of devices has those of the adapters only, each with its paths", async () => {
    const path = (adapter: string, device: string) => ({
      adapter,
      device,
      runtimeName: `${adapter}:C0:T0:L1`,
      lun: 1,
      state: "active",
      targetIdentifier: `00023d000001,${array},t,1`,
    });
    const found = await devicesOf(
      ask({
        "esxcli storage core path list": [
          path("vmhba65", "naa.6b"),
          path("vmhba64", "naa.6b"),
          { ...path("vmhba64", "naa.6a"), targetIdentifier: "something else" },
          path("vmhba0", "t10.local"),
          path("vmhba64", "No associated device"),
        ],
        "esxcli storage core device list": ["t10.local", "naa.6b", "naa.6a"].map((device) => ({
          device,
          displayName: `Disk (${device})`,
          size: 102400,
        })),
      }),
      adapters,
    );
    const shownPath = { lun: 1, state: "active" };
    assert.deepEqual(found, [
      {
        name: "naa.6a",
        displayName: "Disk (naa.6a)",
        sizeMb: 102400,
        paths: [{ adapter: "vmrdma0", runtimeName: "vmhba64:C0:T0:L1", ...shownPath }],
      },
      {
        name: "naa.6b",
        displayName: "Disk (naa.6b)",
        sizeMb: 102400,
        paths: [
          { adapter: "vmrdma0", runtimeName: "vmhba64:C0:T0:L1", targetName: array, ...shownPath },
          { adapter: "vmrdma1", runtimeName: "vmhba65:C0:T0:L1", targetName: array, ...shownPath },
        ],
      },
    ]);
  });

  it("without adapters is nothing, and nothing is asked", async () =>
    assert.deepEqual(
      [await targetsOf(ask({}), []), await sessionsOf(ask({}), []), await devicesOf(ask({}), [])],
      [[], [], []],
    ));
});

describe("Rescan inputs", () => {
  const checked = (inputs: object) => check(rescan, { host: "esx01", ...inputs });
  it("are taken without any", () => assert.deepEqual(checked({}).failures, []));
  it("are taken with a list or a map, however deep", () => {
    for (const triggers of [["a", 1], { a: { b: [true, null] } }])
      assert.deepEqual(checked({ adapter: "vmrdma0", triggers }).inputs.triggers, triggers);
  });
  it("are refused with a lone value", () =>
    assert.match(
      checked({ triggers: "a" })
        .failures.map(({ reason }) => reason)
        .join(),
      /list or a map/,
    ));
  it("are refused with no adapter's name", () =>
    assert.match(
      checked({ adapter: "vmk1" })
        .failures.map(({ reason }) => reason)
        .join(),
      /RDMA device/,
    ));
});
