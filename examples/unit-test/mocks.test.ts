import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { resolved, setIserMocks } from "pulumi-esxi-iser/mocks";

describe("the program", () => {
  it("x", async () => {
    pulumi.runtime.setAllConfig({ "project:host": "esx01.lab", "project:port": "22", "project:chapSecret": "simulated-chap-secret" }, ["project:chapSecret"]);
    const mocks = await setIserMocks();
    const { iqns } = await import("./index.js");
    console.log(await resolved(iqns));
    await pulumi.runtime.disconnect();
    console.dir(mocks.resources, { depth: 8 });
    console.log(mocks.notices, mocks.errors);
  });
});
