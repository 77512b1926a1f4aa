import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { before, describe, it } from "mocha";
import { IserMocks } from "../../../src/mocks/index.js";
import { definitions, typeToken } from "../../../src/resources/definitions.js";
import { hostField } from "../../../src/resources/host.js";

const adapter = "vmrdma0";
const secret = "simulated-chap-secret";
const password = "simulated-root-password";
const portal = { address: "10.1.1.100", port: 3260 };
const target = { targetName: "iqn.2010-09.lab.storage:spare", address: "10.1.1.101" };

/** One of each resource, in the order of the procedure. */
const program: readonly [type: string, inputs: Readonly<Record<string, unknown>>, id: string][] = [
  ["ModuleParameters", { module: "nmlx5_core", parameters: { pfctx: 8, pfcrx: 8 } }, "module/nmlx5_core"],
  ["PauseParams", { nic: "vmnic4", rx: false, tx: false }, "vmnic4/pause"],
  ["VirtualSwitch", { name: "vSwitch1", uplinks: [adapter], mtu: 9000 }, "vswitch/vSwitch1"],
  [
    "PortGroup",
    { name: "iser-a", virtualSwitch: "vSwitch1", activeUplinks: [adapter], standbyUplinks: [] },
    "portgroup/iser-a",
  ],
  [
    "VmkernelAdapter",
    { name: "vmk1", portGroup: "iser-a", ipv4: { address: "10.1.1.11", netmask: "255.255.255.0" }, mtu: 9000 },
    "vmk1",
  ],
  ["IserAdapter", { device: adapter }, "vmrdma0"],
  ["RoceParams", { adapter, version: "v2" }, "vmrdma0/roce"],
  ["AdapterProperties", { adapter, alias: "storage-a" }, "vmrdma0/properties"],
  ["PortBinding", { adapter, vmkernelAdapter: "vmk1" }, "vmrdma0/vmk1"],
  [
    "Chap",
    { adapter, level: "required", name: "esx01", secret, mutual: { name: "array", secret: "simulated-mutual-secret" } },
    "vmrdma0/chap",
  ],
  ["DiscoveryAddress", { adapter, address: portal.address }, "vmrdma0/sendtarget/10.1.1.100:3260"],
  ["StaticTarget", { adapter, ...target }, "vmrdma0/statictarget/iqn.2010-09.lab.storage:spare@10.1.1.101:3260"],
  ["IscsiParameters", { adapter, parameters: { LoginTimeout: 10 } }, "vmrdma0/parameters"],
  ["Rescan", { adapter }, "vmrdma0/rescan"],
];

const host = { host: "esx01.lab", password };
const newResource = (mocks: IserMocks, type: string, inputs: object, more: object = {}) =>
  mocks.newResource({ type, name: "one", inputs, custom: true, ...more });

describe("mocks", () => {
  let mocks: IserMocks;
  const states = new Map<string, { id: string | undefined; state: Record<string, unknown> }>();
  before(async () => {
    mocks = new IserMocks();
    for (const [type, inputs] of program)
      states.set(type, (await newResource(mocks, typeToken(type), { host, ...inputs, __provider: "text" })) as never);
  });

  it("have every resource of the package", () => {
    assert.deepEqual(program.map(([type]) => typeToken(type)).sort(), [...definitions.keys()].sort());
    assert.deepEqual([mocks.errors, mocks.resources.map(({ type }) => type)], [[], program.map(([type]) => type)]);
  });

  for (const [type, , id] of program)
    it(`give ${type} its id, all outputs, and values that its own schema takes as they are`, () => {
      const definition = definitions.get(typeToken(type));
      const { outputs, id: given } = mocks.resource(type, "one");
      assert.equal(given, `esx01.lab/${id}`);
      for (const output of definition?.outputs ?? []) {
        assert.ok(output in outputs, output);
        assert.notEqual(outputs[output], undefined, output);
      }
      for (const [field, schema] of Object.entries({ host: hostField, ...definition?.fields })) {
        // What of an IserAdapter is an output, too, is that where it was not declared.
        if (outputs[field] === undefined) continue;
        assert.deepEqual(schema.safeParse(outputs[field]), { success: true, data: outputs[field] }, field);
      }
      assert.ok(states.get(type)?.state.__provider === "text");
    });

  it("find targets, sessions and devices with the declared CHAP at what the program declares", () => {
    const { targets, sessions, devices } = mocks.resource("Rescan", "one").outputs as Record<
      string,
      { targetName: string; authenticationMethod: string }[]
    >;
    const names = ["iqn.2010-09.lab.storage:10.1.1.100", target.targetName];
    assert.deepEqual(targets?.map(({ targetName }) => targetName).sort(), names);
    assert.equal(sessions?.length, 2);
    assert.equal(devices?.length, 2);
  });

  it("mark as secret what the engine does, and nothing else", async () => {
    const { state } = states.get("Chap") ?? {};
    const marked = async (value: unknown) => pulumi.Output.isInstance(value) && (await pulumi.isSecret(value));
    const secretFields = [];
    for (const [field, value] of Object.entries(state ?? {})) if (await marked(value)) secretFields.push(field);
    assert.deepEqual(secretFields.sort(), ["mutual", "secret"]);
    const sealed = Object(state?.host) as Record<string, unknown>;
    assert.deepEqual([await marked(sealed.password), await marked(sealed.host)], [true, false]);
  });

  it("work on a simulated host for each name, as the test says it is", async () => {
    const own = new IserMocks({
      host: { model: "7.0" },
      hosts: { "ESX02.lab": { rdmaDevices: [{ name: "vmrdma7", uplink: "vmnic4" }] } },
    });
    await newResource(own, typeToken("IserAdapter"), { host: "esx02.lab", device: "vmrdma7" });
    assert.equal(own.resource("IserAdapter", "one").outputs.vmhba, "vmhba64");
    assert.deepEqual(
      [own.host("esx02.lab").state.iscsiAdapters.length, own.host("esx01.lab").state.iscsiAdapters.length],
      [1, 0],
    );
    assert.equal(own.host("esx01.lab").state.model, "7.0");
  });

  it("take addresses as hosts, each with names of its own", async () => {
    const own = new IserMocks();
    for (const host of ["10.0.0.1", "10.0.0.2"])
      await newResource(own, typeToken("IserAdapter"), { host, device: adapter });
    const [first, second] = own.resources.map(({ outputs }) => outputs.iqn);
    assert.match(String(first), /^iqn\.1998-01\.com\.vmware:esx-10-0-0-1-/);
    assert.notEqual(first, second);
  });

  it("leave the storage as the test says", async () => {
    const own = new IserMocks({ host: { storage: [] } });
    for (const [type, inputs] of program.filter(([type]) => type !== "Chap"))
      await newResource(own, typeToken(type), { host, ...inputs });
    assert.deepEqual(own.resource("Rescan", "one").outputs.sessions, []);
    assert.match(own.notices.join("\n"), /no session/);
  });

  const refused: [title: string, type: string, inputs: object, message: RegExp][] = [
    [
      "a value out of its range",
      "PortGroup",
      { name: "a", virtualSwitch: "vSwitch0", vlanId: 4096 },
      /: esx01\.lab: PortGroup: vlanId must be 0 to 4095[\s\S]*\[INPUT_INVALID\]$/,
    ],
    ["a field that is not there", "PortGroup", { name: "a" }, /virtualSwitch is required/],
    ["a broken rule", "IserAdapter", { device: adapter, uplink: "vmnic4" }, /give exactly one of them/],
    [
      "a secret, without printing it",
      "Chap",
      { adapter, level: "required", name: "esx01", secret: `${secret}\n` },
      /^(?![\s\S]*simulated).*secret contains a control character/,
    ],
    [
      "what the host does not have",
      "IserAdapter",
      { device: "vmrdma9" },
      /there is no RDMA device vmrdma9.*[\s\S]*\[DEVICE_NOT_FOUND\]$/,
    ],
  ];
  for (const [title, type, inputs, message] of refused)
    it(`refuse, as the provider does, ${title}`, async () => {
      const own = new IserMocks();
      await assert.rejects(async () => newResource(own, typeToken(type), { host: "esx01.lab", ...inputs }), message);
      assert.deepEqual([own.errors.length, own.resources], [1, []]);
    });

  it("refuse what two resources cannot have together", async () => {
    const own = new IserMocks();
    const vmk = (name: string) => ({
      host,
      name,
      portGroup: "Management Network",
      ipv4: { address: "10.1.1.11", netmask: "255.255.255.0" },
    });
    await newResource(own, typeToken("VmkernelAdapter"), vmk("vmk1"));
    await assert.rejects(
      async () => newResource(own, typeToken("VmkernelAdapter"), vmk("vmk2")),
      /10\.1\.1\.11, which is declared for vmk1/,
    );
  });

  it("say which resources there are when another is asked for", () => {
    assert.throws(() => mocks.resource("Chap", "two"), /declares no Chap two\. It declares: ModuleParameters one, /);
  });

  it("leave the rest to the test", async () => {
    const others = { call: async () => ({ answer: 42 }) };
    const own = new IserMocks({ others });
    assert.deepEqual(await newResource(own, "random:index/randomPet:RandomPet", { length: 2 }), {
      id: "one_id",
      state: { length: 2 },
    });
    assert.deepEqual(await newResource(own, "esxi-iser:index:IserHost", {}, { custom: false }), {
      id: undefined,
      state: {},
    });
    assert.deepEqual(await own.call({ token: "any:index:get", inputs: {} }), { answer: 42 });
    assert.deepEqual(await new IserMocks().call({ token: "any:index:get", inputs: { of: 1 } }), { of: 1 });
  });
});
