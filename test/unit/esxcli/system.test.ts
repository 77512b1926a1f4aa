import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { hintFor, isFailure } from "../../../src/esxcli/lastError.js";
import { moduleList, moduleParameterList } from "../../../src/esxcli/module.js";
import { pauseList } from "../../../src/esxcli/nic.js";
import { pathList, storageDeviceList, targetOf } from "../../../src/esxcli/storage.js";

/** A list of structures as the XML of 8.x was seen; the field names are those of the columns without blanks. */
function document(type: string, ...rows: Record<string, string | number | boolean>[]): string {
  const tag = { string: "string", number: "integer", boolean: "boolean" } as Record<string, string>;
  const structures = rows.map((row) => {
    const fields = Object.entries(row).map(
      ([name, value]) => `<field name="${name}"><${tag[typeof value]}>${value}</${tag[typeof value]}></field>`,
    );
    return `<structure typeName="${type}">${fields.join("")}</structure>`;
  });
  return `<output xmlns="http://www.vmware.com/Products/ESX/5.0/esxcli"><root><list type="structure">${structures.join("")}</list></root></output>`;
}

describe("What a host prints of its system", () => {
  it("is read for pause parameters", () =>
    assert.deepEqual(
      pauseList.decode(
        document("PauseParams", {
          AutoNegotiation: false,
          AutoNegotiationResolutionAvail: false,
          NIC: "vmnic1",
          PauseParamsSupported: true,
          PauseRX: true,
          PauseTX: false,
          RXAutoNegotiationResolution: false,
          TXAutoNegotiationResolution: false,
        }),
      ),
      [{ nic: "vmnic1", supported: true, rx: true, tx: false, auto: false }],
    ));

  it("is read for modules", () =>
    assert.deepEqual(moduleList.decode(document("Module", { IsEnabled: true, IsLoaded: false, Name: "iser" })), [
      { name: "iser", loaded: false, enabled: true },
    ]));

  it("is read for the parameters of a module, set or not", () =>
    assert.deepEqual(
      moduleParameterList("ixgbe").decode(
        document(
          "ModuleParameter",
          { Description: "Large Receive Offload (0,1), default 1 = on", Name: "LRO", Type: "array of int", Value: "0" },
          { Description: "", Name: "IntMode", Type: "array of int", Value: "" },
        ),
      ),
      [
        { name: "LRO", type: "array of int", value: "0" },
        { name: "IntMode", type: "array of int", value: "" },
      ],
    ));

  const iscsi = {
    Adapter: "vmhba38",
    Channel: 0,
    Device: "naa.6000d31000771000000000000000000d",
    LUN: 1,
    RuntimeName: "vmhba38:C0:T1:L1",
    State: "active",
    Target: 1,
    TargetIdentifier: "00023d000001,iqn.2002-03.com.compellent:5000d3100077102b,t,0",
    Transport: "iscsi",
  };
  it("is read for paths, with the target of one of iSCSI", () => {
    const [path] = pathList.decode(document("ScsiPath", iscsi));
    assert.deepEqual(path, {
      adapter: "vmhba38",
      device: "naa.6000d31000771000000000000000000d",
      lun: 1,
      runtimeName: "vmhba38:C0:T1:L1",
      state: "active",
      targetIdentifier: "00023d000001,iqn.2002-03.com.compellent:5000d3100077102b,t,0",
    });
    assert.equal(path && targetOf(path), "iqn.2002-03.com.compellent:5000d3100077102b");
  });
  it("names no target of a path that has none in its identifier", () => {
    const { TargetIdentifier, ...without } = iscsi;
    const [sas, none] = pathList.decode(
      document("ScsiPath", { ...iscsi, TargetIdentifier: "sas.500000e01947e132" }, without),
    );
    assert.deepEqual([sas && targetOf(sas), none && targetOf(none)], [undefined, undefined]);
  });

  it("is read for devices", () =>
    assert.deepEqual(
      storageDeviceList.decode(
        document("ScsiDevice", {
          Device: "naa.6000d31000771000000000000000000d",
          DisplayName: "COMPELNT iSCSI Disk (naa.6000d31000771000000000000000000d)",
          HasSettableDisplayName: true,
          Size: 8388608,
        }),
      ),
      [
        {
          device: "naa.6000d31000771000000000000000000d",
          displayName: "COMPELNT iSCSI Disk (naa.6000d31000771000000000000000000d)",
          size: 8388608,
        },
      ],
    ));

  const missing: [string, () => unknown, RegExp][] = [
    ["pause", () => pauseList.decode(document("PauseParams", { NIC: "vmnic1" })), /PauseParamsSupported is missing/],
    ["a module", () => moduleList.decode(document("Module", { Name: "iser" })), /IsLoaded is missing/],
    [
      "a parameter",
      () => moduleParameterList("x").decode(document("P", { Name: "LRO", Type: "int" })),
      /Value is missing/,
    ],
    ["a path", () => pathList.decode(document("ScsiPath", { ...iscsi, LUN: "none" })), /LUN is not an integer/],
    ["a device", () => storageDeviceList.decode(document("D", { DisplayName: "x", Size: 1 })), /Device is missing/],
  ];
  for (const [title, decode, message] of missing)
    it(`is not guessed where a field of ${title} is not understood`, () =>
      assert.throws(decode, { code: "OUTPUT_NOT_UNDERSTOOD", message }));
});

describe("The last error of a target", () => {
  it("is none in any case, and when it is empty", () =>
    assert.deepEqual(["No Error", "No Error ", "no error", ""].map(isFailure), [false, false, false, false]));
  const hints: [string, RegExp][] = [
    ["0x0004 Connection failure.", /VLAN and MTU/],
    ["0x0008 Connection timed out.", /VLAN and MTU/],
    ["0x000C Transport not found.", /bind a VMkernel adapter/],
    ["0x0201 Initiator could not be successfully authenticated.", /CHAP/],
    ["0x0202 Initiator is not allowed access to the given target.", /IQN/],
    ["0x0203 Requested ITN does not exist at this address.", /no such target/],
    ["0x0301 iSCSI service or target is not currently operational.", /not in operation/],
    ["Unqualified Login Status. (Error=0x40000)", /vmkernel\.log/],
  ];
  for (const [words, hint] of hints)
    it(`has a cure: ${words}`, () => {
      assert.equal(isFailure(words), true);
      assert.match(hintFor(words), hint);
    });
});
