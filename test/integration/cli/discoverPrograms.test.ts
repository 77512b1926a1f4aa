import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { createSourceFile, ScriptTarget } from "typescript";
import { type Declaration, Reference } from "../../../src/cli/discover/declaration.js";
import { declarationsOf } from "../../../src/cli/discover/declarations.js";
import { definitions } from "../../../src/cli/discover/importFile.js";
import { programText, quoted } from "../../../src/cli/discover/programText.js";
import type { Properties } from "../../../src/resources/inputs.js";
import { Lifecycle } from "../../../src/resources/lifecycle.js";
import { Run } from "../../../src/resources/peers.js";
import type { HostOptions } from "../../../src/simulator/index.js";
import { DirectLab } from "../../support/directLab.js";
import { byHand, type Discovered, discovered, importsFor, variations } from "../../support/discovered.js";
import { hostileTexts } from "../../support/hostileTexts.js";
import { type ByHand, setUpByHand, storage } from "../../support/iserHost.js";

const repository = join(__dirname, "../../..");

interface Setup extends ByHand {
  readonly options?: HostOptions;
  /** Lines of esxcli after it was set up. */
  readonly hand?: readonly string[];
}

const thirdNic = [{ name: "vmnic0" }, { name: "vmnic4" }, { name: "vmnic5" }, { name: "vmnic6" }];
const odd = 'it\'s "iser" – ä\u202e';

/** Hosts as they may be found. */
const setups: Readonly<Record<string, Setup>> = {
  "by the manual": {},
  "without CHAP": { chap: false },
  "with everything": { hand: variations },
  "with one card in use": { cards: { vmrdma1: "vmk2" } },
  "with an adapter that is not bound": {
    hand: ["iscsi networkportal remove -A vmhba64 -n vmk1 -f true", "iscsi adapter set -A vmhba64 -a loose"],
  },
  "with an adapter of two VMkernel adapters": {
    hand: [
      "network vswitch standard portgroup add -p iser-a2 -v vSwitch1",
      "network ip interface add -i vmk3 -p iser-a2",
      "network ip interface ipv4 set -i vmk3 -t static -I 192.168.51.11 -N 255.255.255.0",
      "iscsi networkportal add -A vmhba64 -n vmk3",
    ],
  },
  "with teaming": {
    options: { nics: thirdNic },
    hand: ["network vswitch standard uplink add -v vSwitch1 -u vmnic6"],
  },
  "with an uplink that is not used": {
    options: { nics: thirdNic },
    hand: [
      "network vswitch standard portgroup policy failover set -p iser-a -a vmnic4",
      "network vswitch standard uplink add -v vSwitch1 -u vmnic6",
    ],
  },
  "with other MTUs on the way": { hand: ["network vswitch standard set -v vSwitch1 -m 9000"] },
  "with mutual CHAP": {
    hand: [
      "iscsi adapter auth chap set -A vmhba64 -d mutual -l required -N array -S another-chap-secret",
      "iscsi adapter discovery sendtarget auth chap set -A vmhba65 -a 192.168.50.100:3260 -d uni -l prohibited -N x -S unused-secret",
      "iscsi adapter discovery sendtarget auth chap set -A vmhba65 -a 192.168.50.100:3260 -d mutual -l prohibited -N x -S unused-other",
    ],
  },
  "with addresses by DHCP and IPv6": {
    hand: [
      "network ip interface ipv4 set -i vmk1 -t dhcp",
      "network ip interface ipv4 set -i vmk2 -t none",
      "network ip interface ipv6 address add -i vmk2 -I fd00::12/64",
      "iscsi adapter discovery sendtarget add -A vmhba65 -a [fd00::100]:3261",
    ],
  },
  "with odd names": {
    options: {
      portGroups: [
        { name: "Management Network", virtualSwitch: "vSwitch0" },
        { name: odd, virtualSwitch: "vSwitch1" },
        { name: "__proto__", virtualSwitch: "vSwitch2" },
      ],
      vmkernelAdapters: [
        { name: "vmk0", portGroup: "Management Network" },
        { name: "vmk1", portGroup: odd, ipv4: { address: "192.168.50.11", netmask: "255.255.255.0" } },
        { name: "vmk2", portGroup: "__proto__", ipv4: { address: "192.168.50.12", netmask: "255.255.255.0" } },
      ],
    },
    hand: [`iscsi adapter set -A vmhba64 -a '${odd.replaceAll("'", "'\\''").replaceAll("\u202e", "")}'`],
  },
  "with long names": {
    options: {
      storage: [{ address: "192.168.50.100", targets: [{ name: `iqn.2010-09.lab.storage:${"n".repeat(180)}` }] }],
    },
    chap: false,
    hand: [
      `iscsi adapter set -A vmhba64 -n iqn.2010-09.lab.esx01:${"a".repeat(150)} -a ${"b".repeat(90)}`,
      `iscsi adapter target portal param set -A vmhba64 -a 192.168.50.100:3260 -n iqn.2010-09.lab.storage:${"n".repeat(180)} -k LoginTimeout -v 10`,
      `iscsi adapter discovery statictarget add -A vmhba65 -a 192.168.50.107:3260 -n iqn.2010-09.lab.storage:${"m".repeat(59)}`,
    ],
  },
  "with a default gateway of a VMkernel adapter and a TCP/IP stack": {
    options: {
      vmkernelAdapters: [
        { name: "vmk0", portGroup: "Management Network" },
        {
          name: "vmk1",
          portGroup: "iser-a",
          netstack: "iser",
          ipv4: { address: "192.168.50.11", netmask: "255.255.255.0", gateway: "192.168.50.1" },
        },
        {
          name: "vmk2",
          portGroup: "iser-b",
          ipv4: { address: "192.168.50.12", netmask: "255.255.255.0", gateway: "192.168.1.1" },
        },
      ],
    },
  },
};

const models = ["6.7", "7.0", "8.0", "9.0"] as const;

async function found({ options, hand = [], ...parts }: Setup, model: (typeof models)[number] = "8.0") {
  const lab = new DirectLab({ storage, ...options, model });
  setUpByHand(lab.host, parts);
  byHand(lab.host, hand);
  const { writes } = lab.host.counters;
  const made = await discovered(lab);
  assert.equal(lab.host.counters.writes, writes);
  return { lab, made, text: programText([made.program]) };
}

/** What `up` would find to change: by the provider's own check and diff. */
function changes({ imports }: Discovered, lab: DirectLab): readonly string[] {
  const run = new Run();
  return imports.resources.flatMap(({ type, name, inputs, outputs = {} }) => {
    const definition = definitions.find((one) => type.endsWith(`:${one.type}`));
    if (definition === undefined || inputs === undefined) return [];
    const life = new Lifecycle(definition, lab.reach, run);
    const { inputs: news, failures } = life.check(opened(inputs));
    const { changes, replaces } = life.diff(opened(outputs), news);
    return [...failures.map(({ reason }) => reason), ...(changes ? [`${name} ${replaces}`] : [])];
  });
}

/** Without the marks of secrets, as the engine gives it to a provider. */
function opened(properties: Properties): Properties {
  return JSON.parse(JSON.stringify(properties), (_key, value) =>
    typeof value?.plaintext === "string" ? JSON.parse(value.plaintext) : value,
  );
}

describe("what esxi-iser discover writes of a host", function () {
  this.timeout(180_000);
  /** Inside the repository, where `tsc` finds what the programs import. */
  let folder: string;
  const written: string[] = [];
  const write = (text: string) => {
    const file = join(folder, `program${written.length}.ts`);
    written.push(file);
    writeFileSync(file, text);
  };
  before(() => {
    folder = mkdtempSync(join(repository, ".readme-discover-"));
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../tsconfig.json",
        compilerOptions: { noEmit: true, paths: { "pulumi-esxi-iser": ["../src/index.ts"] }, rootDir: ".." },
        include: ["*.ts"],
      }),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [what, setup] of Object.entries(setups))
    for (const model of what === "by the manual" || what === "with everything" ? models : (["8.0"] as const))
      it(`is the host as it is, set up ${what}, on ${model}`, async () => {
        const { lab, made, text } = await found(setup, model);
        write(text);
        assert.deepEqual(made.imports.notes, []);
        assert.deepEqual(changes(made, lab), []);
        const types = made.program.declarations.map((one) => one.class);
        assert.equal(types.filter((type) => type === "IserHost").length, 1);
        const adapters = lab.host.state.iscsiAdapters.filter(({ driver }) => driver === "iser").length;
        assert.equal(made.imports.resources.filter(({ type }) => type.endsWith(":IserAdapter")).length, adapters);
      });

  const lines = async (what: string) => (await found(setups[what] ?? {})).text.split("\n").map((line) => line.trim());
  const has = (all: readonly string[], ...some: string[]) => {
    for (const line of some) assert.ok(all.includes(line), `${line}\nis not in\n${all.join("\n")}`);
  };

  it("has what all paths have once, and the rest at each", async () => {
    has(
      await lines("with everything"),
      "mtu: 9000,",
      "mtu: 1500,",
      'chap: { level: "required", name: "esx01", secret: config.requireSecret("esx01ChapSecret") },',
      "moduleParameters: { nmlx5_core: { max_vfs: 4 } },",
      "parameters: { RecoveryTimeout: 25 },",
      "pauseParams: { rx: false, tx: false, auto: false },",
      'iqn: "iqn.2010-09.lab.esx01:a",',
      'alias: "storage-a",',
      'virtualSwitch: { name: "vSwitch1", cdp: "both" },',
      'portGroup: { name: "iser-a", vlanId: 50 },',
      'ipv6Addresses: ["fd00::11/64"],',
      'spare: { targetName: "iqn.2010-09.lab.storage:spare", address: "192.168.50.101", port: 3261, paths: ["iser-a"] },',
      'secret: config.requireSecret("esx01IserAChapSecret"),',
      'parameters: { HeaderDigest: "required" },',
      "{ dependsOn: esx01 },",
    );
  });

  it("says why the network of a path is not declared, and takes the VMkernel adapter as it is", async () => {
    const teamed = await lines("with teaming");
    has(teamed, '"iser-a": { device: "vmrdma0", vmkernelAdapter: "vmk1" },');
    assert.ok(teamed.some((line) => /^\/\/ The network of iser-a is not declared: .*2 active uplinks/.test(line)));
    const unequal = await lines("with other MTUs on the way");
    assert.ok(unequal.some((line) => /^\/\/ The network of iser-a is not declared: .*MTU 9000, but vmk1/.test(line)));
    const { view } = (await found({})).made;
    const away = { portset: "DvsPortset-0", portGroup: "N/A", vdsName: "dvs-storage" };
    const moved = view.interfaces.map((vmk) => (vmk.name === "vmk1" ? { ...vmk, ...away } : vmk));
    const text = programText([declarationsOf({ ...view, interfaces: moved }, "esx01.lab", "esx01", true)]);
    write(text);
    assert.match(text, /^\/\/ The network of vmrdma0 is not declared: vmk1 is on DvsPortset-0 \(dvs-storage\)/m);
  });

  it("declares what makes no path resource by resource, in the order of the procedure", async () => {
    const loose = await lines("with an adapter that is not bound");
    has(
      loose,
      "// vmrdma0 is bound to no VMkernel adapter, so it is declared resource by resource.",
      'new AdapterProperties("esx01/vmrdma0", { host: "esx01.lab", adapter: esx01Vmrdma0IserAdapter, alias: "loose" });',
    );
    const twice = (await found(setups["with an adapter of two VMkernel adapters"] ?? {})).made.program.declarations;
    const counts = (type: string) => twice.filter((one) => one.class === type).length;
    assert.deepEqual(["VirtualSwitch", "PortGroup", "VmkernelAdapter", "PortBinding"].map(counts), [1, 2, 2, 2]);
  });

  it("has DHCP, no address, and IPv6 as they are", async () => {
    has(
      await lines("with addresses by DHCP and IPv6"),
      'vmkernelAdapter: { name: "vmk1", ipv4: "dhcp" },',
      'vmkernelAdapter: { name: "vmk2", ipv4: "none", ipv6Addresses: ["fd00::12/64"] },',
      '"fd00-100-3261": { address: "fd00::100", port: 3261, paths: ["iser-b"] },',
    );
  });

  it("leaves out a gateway that is not the VMkernel adapter's own", async () => {
    const all = (await lines("with a default gateway of a VMkernel adapter and a TCP/IP stack")).join("\n");
    assert.match(all, /gateway: "192\.168\.50\.1"/);
    assert.doesNotMatch(all, /gateway: "192\.168\.1\.1"/);
    assert.match(all, /netstack: "iser"/);
  });

  it("has mutual CHAP with a secret of its own, and what is switched off below", async () => {
    const text = (await lines("with mutual CHAP")).join("\n");
    assert.match(text, /mutual: \{ name: "array", secret: config\.requireSecret\("esx01MutualChapSecret"\) \}/);
    assert.match(text, /chap: \{ level: "prohibited", mutual: "prohibited" \}/);
  });

  it("leaves out an adapter whose RDMA device the host does not say", async () => {
    const { made } = await found({ options: { unknowns: { adapterDevice: "none" } } });
    assert.deepEqual(made.program.declarations, []);
    assert.match(made.program.comments.join("\n"), /vmhba64 is not declared: the host does not say which RDMA device/);
  });

  it("imports nothing that the host is other than, and says so", async () => {
    const { lab } = await found({});
    const args = { host: "esx01.lab", adapter: "vmrdma0", alias: "another" };
    const other: Declaration = { class: "AdapterProperties", name: "esx01/other", args };
    const none: Declaration = {
      class: "IserAdapter",
      name: "esx01/none",
      args: { host: "esx01.lab", device: "vmrdma7" },
    };
    const { resources, notes } = await importsFor(lab, [other, none]);
    assert.deepEqual(resources, []);
    assert.match(
      notes.join("\n"),
      /AdapterProperties esx01\/other is declared and not in the import file: .*--alias=another/,
    );
    assert.match(notes.join("\n"), /IserAdapter esx01\/none .*there is no RDMA device vmrdma7/);
  });

  it("keeps names apart, of hosts and of what is on them", async () => {
    const { view } = (await found(setups["with an adapter of two VMkernel adapters"] ?? {})).made;
    const labels = [
      "class",
      "config",
      "10.0.0.1",
      "10.0.0.11",
      "10.0.01.1",
      "esx-01",
      "esx.01",
      "IserHost",
      "iserHost",
    ];
    const text = programText(labels.map((label) => declarationsOf(view, `${label}.lab`, label, true)));
    write(text);
    const variables = [...text.matchAll(/^const (\S+) =/gm)].map(([, name]) => name);
    assert.equal(new Set(variables).size, variables.length);
    assert.ok(variables.length > labels.length * 4);
  });

  it("keeps every text, of any length, on the lines that it may take", () => {
    const texts = [...Object.values(hostileTexts), ...Array.from({ length: 130 }, (_, at) => "n".repeat(at))];
    const declarations = texts.flatMap((text, at): Declaration[] => {
      const adapter: Declaration = { class: "IserAdapter", name: text, args: { host: text, device: "vmrdma0" } };
      const reference = new Reference(adapter);
      const target = { targetName: text, address: "192.168.50.100" };
      return [
        adapter,
        { class: "AdapterProperties", name: `${at}`, args: { host: "esx01.lab", adapter: reference, alias: text } },
        {
          class: "StaticTarget",
          name: `${at}`,
          args: { host: { host: text }, adapter: reference, ...target },
          after: [adapter],
        },
        {
          class: "Chap",
          name: `${at}`,
          args: { host: text, adapter: "vmrdma0", target, level: "prohibited" },
          after: [adapter],
        },
      ];
    });
    const text = programText([{ host: "esx01.lab", declarations, comments: texts }]);
    write(text);
    const { statements } = createSourceFile("program.ts", text, ScriptTarget.ES2022);
    assert.equal(statements.length, declarations.length + 1);
    for (const one of texts) assert.equal(new Function(`return ${quoted(one)}`)(), one);
  });

  it("is of the right types", async () => {
    assert.ok(written.length > 10);
    const tsc = join(repository, "node_modules/typescript/bin/tsc");
    const run = promisify(execFile)(process.execPath, [tsc, "-p", folder]);
    await run.catch(({ stdout }) => assert.fail(stdout));
  });

  it("is as a formatter leaves it", async () => {
    const biome = join(repository, "node_modules/@biomejs/biome/bin/biome");
    const args = [biome, "format", "--vcs-enabled=false", "--colors=off", ...written];
    const run = promisify(execFile)(process.execPath, args, { cwd: repository });
    await run.catch(({ stderr }) => assert.fail(stderr));
  });
});
