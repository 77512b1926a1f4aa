import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { describe as shown } from "../../../src/esxcli/command.js";
import { chapGet } from "../../../src/esxcli/iscsiAuth.js";
import { staticTargetList } from "../../../src/esxcli/iscsiDiscovery.js";
import { parameterList } from "../../../src/esxcli/iscsiParams.js";
import { connectionList, sessionList, targetList, targetPortalList } from "../../../src/esxcli/iscsiSession.js";

type Value = string | number | boolean;

/** A list in the shape that was seen on ESXi 8, with field names as generated off a 5.x host. */
function list(typeName: string, ...rows: Readonly<Record<string, Value>>[]): string {
  const tags: Readonly<Record<string, string>> = { string: "string", number: "integer", boolean: "boolean" };
  const field = ([name, value]: [string, Value]) =>
    `<field name="${name}"><${tags[typeof value]}>${value}</${tags[typeof value]}></field>`;
  const structures = rows.map(
    (row) => `<structure typeName="${typeName}">${Object.entries(row).map(field).join("")}</structure>`,
  );
  return `<output xmlns="http://www.vmware.com/Products/ESX/5.0/esxcli"><root><list type="structure">${structures.join("")}</list></root></output>`;
}

// The values are those of the recordings of a 5.0 host.
const target = "iqn.2010-09.org.openindiana:02:bd79a6ff-33c2-41d3-8f0e-9c8d8b6e9fcb";
const notUnderstood = { code: "OUTPUT_NOT_UNDERSTOOD" };
const vmhba = "vmhba33";
const adapter = { kind: "adapter", vmhba } as const;
const sendTarget = { kind: "sendtarget", vmhba, address: "192.168.1.107:3260" } as const;
const portal = { ...sendTarget, kind: "target", name: target } as const;

describe("what esxcli says of targets and sessions", () => {
  const without = (row: Readonly<Record<string, Value>>, name: string) =>
    Object.fromEntries(Object.entries(row).filter(([key]) => key !== name));

  const targetRow = {
    Adapter: vmhba,
    Target: target,
    MaxConnections: 0,
    DiscoveryMethod: "SENDTARGETS ",
    LastError: "Unqualified Login Status. (Error=0x40000)",
  };
  const portalRow = { Adapter: vmhba, Target: target, IP: "192.168.1.107", Port: 3260, Tpgt: 1 };
  const sessionRow = {
    Adapter: vmhba,
    Target: target,
    ISID: "00023d000001",
    TargetPortalGroupTag: 1,
    AuthenticationMethod: "none",
    FirstBurstLength: 65536,
    InitialR2T: true,
    TSIH: 14,
  };
  const connectionRow = {
    Adapter: vmhba,
    Target: target,
    ISID: "00023d000001",
    CID: 0,
    DataDigest: "NONE",
    RemoteAddress: "192.168.1.107",
    LocalAddress: "192.168.1.106",
    SessionCreateTime: "12/14/12 18:59:57",
    State: "logged_in",
  };
  const staticRow = {
    Adapter: vmhba,
    TargetName: target,
    TargetAddress: "192.168.1.107:3260",
    TPGT: "na",
    Boot: false,
  };

  it("is read", () => {
    assert.deepEqual(targetList().decode(list("Target", targetRow)), [
      {
        adapter: vmhba,
        target,
        discoveryMethod: "SENDTARGETS ",
        lastError: "Unqualified Login Status. (Error=0x40000)",
      },
    ]);
    assert.deepEqual(targetPortalList().decode(list("TargetPortal", portalRow)), [
      { adapter: vmhba, target, ip: "192.168.1.107", port: 3260 },
    ]);
    assert.deepEqual(sessionList().decode(list("Session", sessionRow)), [
      { adapter: vmhba, target, isid: "00023d000001", authenticationMethod: "none" },
    ]);
    assert.deepEqual(connectionList().decode(list("Connection", connectionRow)), [
      {
        adapter: vmhba,
        target,
        isid: "00023d000001",
        cid: 0,
        remoteAddress: "192.168.1.107",
        localAddress: "192.168.1.106",
        state: "logged_in",
      },
    ]);
    assert.deepEqual(staticTargetList(vmhba).decode(list("Statictarget", staticRow)), [
      { name: target, address: "192.168.1.107:3260" },
    ]);
  });

  it("may be nothing", () => {
    for (const command of [targetList(), targetPortalList(), sessionList(), connectionList(), staticTargetList(vmhba)])
      assert.deepEqual(command.decode(list("Any")), [], command.path);
  });

  it("is not read when a field is missing", () => {
    assert.throws(() => targetList().decode(list("Target", without(targetRow, "LastError"))), notUnderstood);
    assert.throws(() => targetPortalList().decode(list("TargetPortal", without(portalRow, "Port"))), notUnderstood);
    assert.throws(() => sessionList().decode(list("Session", without(sessionRow, "Target"))), notUnderstood);
    assert.throws(() => connectionList().decode(list("Connection", without(connectionRow, "State"))), notUnderstood);
    assert.throws(
      () => staticTargetList(vmhba).decode(list("Statictarget", without(staticRow, "TargetAddress"))),
      notUnderstood,
    );
  });

  it("is asked of one adapter or of all", () =>
    assert.deepEqual([sessionList(vmhba), sessionList()].map(shown), [
      "esxcli iscsi session list --adapter=vmhba33",
      "esxcli iscsi session list",
    ]));
});

describe("what esxcli says of CHAP", () => {
  const row = (more: Readonly<Record<string, Value>> = {}) => ({
    Direction: "uni",
    Name: "esx01",
    Level: "required",
    ...more,
  });
  const own = { level: "required", name: "esx01" } as const;

  it("is read for an adapter, which inherits from nothing", () =>
    assert.deepEqual(chapGet(adapter, "uni").decode(list("AdapterChapAuth", { ...row(), Adapter: vmhba })), own));

  it("is read below an adapter with whether it is inherited", () => {
    const get = (inheritance: Value) =>
      chapGet(sendTarget, "uni").decode(list("Sendtarget", row({ Inheritance: inheritance, Parent: vmhba })));
    assert.deepEqual([get(false), get("false"), get(true)], [own, own, { ...own, inherits: true }]);
    assert.deepEqual(
      chapGet(portal, "uni").decode(
        list(
          "TargetAuth",
          row({ Address: "192.168.1.107:3260", TargetName: target, Method: "chap", Inheritance: true }),
        ),
      ),
      { ...own, inherits: true },
    );
  });

  it("is not read below an adapter without it", () =>
    assert.throws(() => chapGet(sendTarget, "uni").decode(list("Sendtarget", row())), notUnderstood));

  it("is that nothing was set, where there is no row", () => {
    assert.deepEqual(chapGet(adapter, "uni").decode(list("AdapterChapAuth")), { level: "prohibited", name: "" });
    assert.deepEqual(chapGet(portal, "uni").decode(list("TargetAuth")), {
      level: "prohibited",
      name: "",
      inherits: true,
    });
  });

  it("is the row of the direction, where there are two, and a level that ESXi has", () => {
    const both = list("AdapterChapAuth", row(), row({ Direction: "mutual", Name: "array" }));
    assert.equal(chapGet(adapter, "mutual").decode(both).name, "array");
    assert.throws(
      () => chapGet(adapter, "uni").decode(list("AdapterChapAuth", row({ Level: "maybe" }))),
      notUnderstood,
    );
  });

  it("is the one row that was asked for, however its direction is spelled", () =>
    assert.equal(
      chapGet(adapter, "uni").decode(list("AdapterChapAuth", row({ Direction: "one-way", Name: "esx02" }))).name,
      "esx02",
    ));

  it("is asked at its place", () =>
    assert.deepEqual(
      [adapter, sendTarget, portal].map((level) => shown(chapGet(level, "uni"))),
      [
        "esxcli iscsi adapter auth chap get --adapter=vmhba33 --direction=uni",
        "esxcli iscsi adapter discovery sendtarget auth chap get --adapter=vmhba33 --address=192.168.1.107:3260 --direction=uni",
        `esxcli iscsi adapter target portal auth chap get --adapter=vmhba33 --address=192.168.1.107:3260 --name=${target} --direction=uni`,
      ],
    ));
});

describe("what esxcli says of iSCSI parameters", () => {
  const number = {
    Name: "FirstBurstLength",
    Current: "65536",
    Default: "262144",
    Min: "512",
    Max: "16777215",
    Settable: true,
    Inherit: false,
  };
  const { Inherit: _, ...silent } = number;
  const read = {
    name: "FirstBurstLength",
    current: "65536",
    default: "262144",
    min: "512",
    max: "16777215",
    settable: true,
    inherits: false,
  };

  it("is read, bounds as they are written", () =>
    assert.deepEqual(
      parameterList(portal).decode(
        list("iScsiParm", number, {
          Name: "DelayedAck",
          Current: "false",
          Default: "true",
          Min: "na",
          Max: "na",
          Settable: "true",
          Inherit: "true",
        }),
      ),
      [
        read,
        { name: "DelayedAck", current: "false", default: "true", min: "na", max: "na", settable: true, inherits: true },
      ],
    ));

  it("may leave out of an adapter that it inherits, but not below", () => {
    assert.deepEqual(parameterList(adapter).decode(list("iScsiParm", silent)), [read]);
    assert.throws(() => parameterList(portal).decode(list("iScsiParm", silent)), notUnderstood);
  });
});
