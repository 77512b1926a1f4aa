import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { requireSupported } from "../../src/runtime.js";

describe("the package", () => {
  const refusal = (problem: RegExp) => ({ code: "RUNTIME_NOT_SUPPORTED", message: problem });

  it("runs with Node.js from 20 on", () => {
    for (const node of ["20.0.0", "22.11.0", "24.1.0", "100.0.0"]) requireSupported({ node, v8: "11.3" });
  });

  it("refuses an older one", () => {
    assert.throws(
      () => requireSupported({ node: "18.20.4" }),
      refusal(/Node\.js 18\.20\.4\.\s+Run the program with Node/),
    );
  });

  it("refuses what says that it is Node.js and is not, and a layout without node_modules", () => {
    for (const [entry, problem] of [
      ["bun", /with Bun\./],
      ["deno", /with Deno\./],
      ["pnp", /with Yarn's Plug'n'Play\.\s+Put "nodeLinker/],
    ] as const)
      assert.throws(() => requireSupported({ node: "22.0.0", [entry]: "3" }), refusal(problem));
  });
});
