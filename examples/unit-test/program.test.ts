import assert from "node:assert/strict";
import { type IserMocks, resolved, setIserMocks } from "pulumi-esxi-iser/mocks";

describe("what the program declares", function () {
  // Loading Pulumi takes a second or more.
  this.timeout(30_000);
  let mocks: IserMocks;
  let program: typeof import("./index.js");

  before(async () => {
    mocks = await setIserMocks({ config: { host: "esx01.lab", chapSecret: "simulated-chap-secret" } });
    program = await import("./index.js");
    await mocks.finished();
  });

  it("asks for CHAP with the configured secret", () => {
    const { level, secret } = mocks.resource("Chap", "esx01/iser-a").inputs;
    assert.deepEqual([level, secret], ["required", "simulated-chap-secret"]);
  });

  it("has jumbo frames along the path", () => {
    const mtus = ["VirtualSwitch", "VmkernelAdapter"].map((type) => mocks.resource(type, "esx01/iser-a").inputs.mtu);
    assert.deepEqual(mtus, [9000, 9000]);
  });

  it("finds its storage, and says by which iSCSI names", async () => {
    const { outputs } = mocks.resource("Rescan", "esx01/iser-a");
    assert.equal((outputs.sessions as unknown[]).length, 1);
    const { iqn } = mocks.resource("IserAdapter", "esx01/iser-a").outputs;
    assert.deepEqual(await resolved(program.iqns), { "iser-a": iqn });
  });
});
