import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { before, describe, it } from "mocha";
import * as surface from "../../../src/index.js";
import * as providers from "../../../src/provider.js";
import { providerText } from "../../../src/resources/provider.js";

const types = [
  "AdapterProperties",
  "Chap",
  "DiscoveryAddress",
  "IscsiParameters",
  "IserAdapter",
  "ModuleParameters",
  "PauseParams",
  "PortBinding",
  "PortGroup",
  "Rescan",
  "RoceParams",
  "StaticTarget",
  "VirtualSwitch",
  "VmkernelAdapter",
] as const;
const host = { host: "esx01.lab", port: 2222, password: "simulated-password" };

/** What the program side hands to the engine, as a preview sees it: no output of a provider is known. */
describe("a program", () => {
  const registered: Record<string, { type: string; inputs: Record<string, unknown> }> = {};

  before(() =>
    pulumi.runtime.setMocks(
      {
        newResource: ({ name, type, inputs }) => {
          registered[name] = { type, inputs };
          return { id: undefined, state: inputs };
        },
        call: () => ({}),
      },
      "project",
      "stack",
      true,
    ),
  );

  const value = <T>(output: pulumi.Output<T>) =>
    new Promise<{ value: T; known: boolean; secret: boolean }>((resolve, reject) => {
      const inner = output as unknown as {
        promise(): Promise<T>;
        isKnown: Promise<boolean>;
        isSecret: Promise<boolean>;
      };
      Promise.all([inner.promise(), inner.isKnown, inner.isSecret]).then(
        ([value, known, secret]) => resolve({ value, known, secret }),
        reject,
      );
    });
  const make = async (name: string, resource: () => pulumi.CustomResource) => {
    await value(resource().urn);
    const made = registered[name];
    assert.ok(made);
    return made;
  };

  it("keeps a provider text in state that is small, constant and the golden one", async () => {
    const { inputs, type } = await make("golden", () => new surface.IserAdapter("golden", { host, device: "vmrdma0" }));
    assert.equal(type, "pulumi-nodejs:dynamic/esxi-iser:IserAdapter");
    assert.equal(
      inputs.__provider,
      'exports.handler=()=>require("module").createRequire(process.cwd()+"/_")("pulumi-esxi-iser/provider").IserAdapter',
    );
    for (const name of types) assert.ok(Buffer.byteLength(providerText(name)) <= 400, name);
  });

  it("leaves every stack as it is, but what the SDK would put into state", async () => {
    const { prepareStackTrace } = Error;
    const thrown = (() => {
      try {
        return new surface.IserAdapter("", { host, device: "vmrdma0" });
      } catch (error) {
        return error;
      }
    })();
    assert.match((thrown as Error).stack ?? "", /^Error: .*\n[\s\S]* at .*program\.test\.ts/);
    assert.equal(Error.prepareStackTrace, prepareStackTrace);
    await make("again", () => new surface.IserAdapter("again", { host, device: "vmrdma0" }));
    assert.equal(Error.prepareStackTrace, prepareStackTrace);
  });

  // That the text finds the package is tested on the real engine, in each layout of node_modules.
  it("has a provider and a class for each resource under the name in its text", () => {
    assert.deepEqual(Object.keys(providers).sort(), [...types]);
    const classes = Object.entries(surface).filter(
      ([, value]) => Object.create((value as { prototype?: object }).prototype ?? {}) instanceof pulumi.CustomResource,
    );
    assert.deepEqual(classes.map(([name]) => name).sort(), [...types]);
  });

  it("knows the reference of an adapter that is not there yet, and hands it on", async () => {
    const adapter = new surface.IserAdapter("known", { host, uplink: "vmnic4" });
    assert.deepEqual(await value(adapter.ref), { value: "vmnic4", known: true, secret: false });
    const whole = await make(
      "by-resource",
      () => new surface.RoceParams("by-resource", { host, adapter, version: "v2" }),
    );
    const reference = await make(
      "by-ref",
      () => new surface.RoceParams("by-ref", { host, adapter: adapter.ref, version: "v2" }),
    );
    const text = await make(
      "by-text",
      () => new surface.RoceParams("by-text", { host, adapter: "vmnic4", version: "v2" }),
    );
    assert.deepEqual(
      [whole, reference, text].map(({ inputs }) => inputs.adapter),
      ["vmnic4", "vmnic4", "vmnic4"],
    );
  });

  const isSealed = (inner: unknown) =>
    (inner as Record<string, unknown>)["4dabf18193072939515e22adb298388d"] === "1b47061264138c4ac30d75fd1eb44270";

  // The mocks lift the mark of a nested secret to its property; that each is marked alone is tested on the real engine.
  it("marks credentials and CHAP secrets as secret by itself", async () => {
    const { inputs } = await make(
      "secrets",
      () =>
        new surface.Chap("secrets", {
          host: { ...host, proxy: { host: "bastion.lab", password: "simulated-bastion" } },
          adapter: "vmrdma0",
          level: "required",
          name: "esx01",
          secret: "simulated-secret",
          mutual: { name: "array", secret: "simulated-mutual" },
        }),
    );
    const sealed = Object.keys(inputs).filter((key) => isSealed(inputs[key]));
    assert.deepEqual(sealed.sort(), ["host", "mutual", "secret"]);
  });

  it("marks a host that is only known later as secret as a whole, if it holds credentials", async () => {
    const later = async (value: surface.HostInput) =>
      (await make("later", () => new surface.IserAdapter("later", { host: value, device: "vmrdma0" }))).inputs.host;
    const name = pulumi.output("esx01.lab");
    assert.equal(await later(name), "esx01.lab");
    assert.ok(isSealed(await later(pulumi.output(host))));
  });
});
