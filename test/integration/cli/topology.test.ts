import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Finding } from "../../../src/cli/doctor/check.js";
import type { HostTopology, Topology } from "../../../src/cli/topology/graph.js";
import { models, startSimulator } from "../../../src/simulator/index.js";
import { picture, topologyPicture } from "../../../tools/topologyPicture.js";
import { esxiIser } from "../../support/cli.js";
import { storage, storageSystem, storageTarget } from "../../support/iserHost.js";
import { fallIll, type Sick, sickHosts, topologyWith } from "../../support/sickHosts.js";
import { startOracle } from "../../support/xmlOracle.js";

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/** What is not ok: nodes by their names, edges by those of their ends. */
function notOk({ nodes, edges }: Topology): Record<string, string> {
  const name = (id: string) => nodes.find((node) => node.id === id)?.name;
  return Object.fromEntries([
    ...nodes.filter(({ health }) => health !== "ok").map((node) => [node.name, node.health]),
    ...edges
      .filter(({ health, implied }) => health !== "ok" && !implied)
      .map(({ from, to, health }) => [`${name(from)} – ${name(to)}`, health]),
  ]);
}

const portal = "192.168.50.100:3260";
const device = "naa.600000000000000004b55f6cc61d2d92";

const expected: Record<keyof typeof sickHosts, { health: string; notOk: Record<string, string> }> = {
  healthy: { health: "ok", notOk: {} },
  "without adapters": { health: "broken", notOk: { vmrdma0: "broken", vmrdma1: "broken" } },
  "not bound": {
    health: "broken",
    notOk: {
      vmhba64: "broken",
      vmhba65: "broken",
      [portal]: "unknown",
      [`vmhba64 – ${portal}`]: "unknown",
      [`vmhba65 – ${portal}`]: "unknown",
    },
  },
  "without CHAP": {
    health: "broken",
    notOk: {
      [portal]: "broken",
      [storageTarget]: "broken",
      [`vmhba64 – ${portal}`]: "broken",
      [`vmhba65 – ${portal}`]: "broken",
      [`${portal} – ${storageTarget}`]: "broken",
    },
  },
  "with a link down": {
    health: "broken",
    notOk: {
      vmnic4: "broken",
      vmrdma0: "broken",
      "vmnic4 – vmrdma0": "broken",
      "vmrdma0 – vSwitch1": "broken",
      // No ping comes through, and no discovery.
      vmk1: "warning",
      vmhba64: "warning",
      [`vmhba64 – ${portal}`]: "broken",
      [storageTarget]: "broken",
      [device]: "warning",
    },
  },
  "with the uplink of another card": {
    health: "broken",
    notOk: {
      vSwitch1: "warning",
      vmk1: "broken",
      "vmk1 – vmhba64": "broken",
      vmnic6: "unknown",
      "vmnic6 – vSwitch1": "unknown",
    },
  },
  "with one path": { health: "warning", notOk: { [device]: "warning" } },
  "with many targets": { health: "warning", notOk: { vmhba64: "warning", vmhba65: "warning" } },
};

const jumboLost: Sick = {
  options: { storage: [{ ...storageSystem, mtu: 1500 }] },
  ail: (host) => {
    for (const name of ["vSwitch1", "vSwitch2"]) host.execute(`esxcli network vswitch standard set -v ${name} -m 9000`);
    for (const name of ["vmk1", "vmk2"]) host.execute(`esxcli network ip interface set -i ${name} -m 9000`);
  },
};

describe("the topology of a host", () => {
  for (const [what, sick] of Object.entries(sickHosts))
    it(`shows what is not in order ${what === "healthy" ? "by nothing where all is" : what}`, async () => {
      const found = await topologyWith(sick);
      const { health, notOk: want } = expected[what as keyof typeof sickHosts];
      assert.deepEqual([found.health, notOk(found)], [health, want]);
    });

  it("says what leads where, from the card to the device", async () => {
    const { nodes, edges } = await topologyWith({});
    const name = (id: string) => nodes.find((node) => node.id === id)?.name;
    assert.deepEqual(
      edges
        .filter(({ implied }) => !implied)
        .map(({ from, to }) => `${name(from)} – ${name(to)}`)
        .sort(),
      [
        `${portal} – ${storageTarget}`,
        `${storageTarget} – ${device}`,
        "iser-a – vmk1",
        "iser-b – vmk2",
        "vSwitch1 – iser-a",
        "vSwitch2 – iser-b",
        `vmhba64 – ${portal}`,
        `vmhba65 – ${portal}`,
        "vmk1 – vmhba64",
        "vmk2 – vmhba65",
        "vmnic4 – vmrdma0",
        "vmnic5 – vmrdma1",
        "vmrdma0 – vSwitch1",
        "vmrdma1 – vSwitch2",
      ].sort(),
    );
  });

  for (const [dead, health] of [
    [1, "warning"],
    [2, "broken"],
  ] as const)
    it(`shows that ${dead} of 2 paths to a device are dead, as ${health} to the device`, async () => {
      const found = await topologyWith({
        seen: (view) => ({
          ...view,
          storage: view.storage.map((one) => ({
            ...one,
            paths: one.paths.map((path, at) => (at < dead ? { ...path, state: "dead" } : path)),
          })),
        }),
      });
      assert.equal(found.health, "broken");
      assert.deepEqual(notOk(found), { [device]: health, [`${storageTarget} – ${device}`]: "broken" });
      assert.deepEqual(
        found.nodes.find(({ kind }) => kind === "device")?.findings.map(({ check }) => check),
        Array(dead).fill("dead-path"),
      );
    });

  it("shows a bound VMkernel adapter on a distributed switch, which is not looked into", async () => {
    const found = await topologyWith({
      seen: (view) => ({
        ...view,
        interfaces: view.interfaces.map((one) =>
          one.name === "vmk1" ? { ...one, portset: "DvsPortset-0", portGroup: "N/A", vdsName: "dvs-iser" } : one,
        ),
      }),
    });
    assert.deepEqual(notOk(found), { "dvs-iser": "unknown", vmk1: "broken", "dvs-iser – vmk1": "unknown" });
  });

  it("shows a bound VMkernel adapter that is not there", async () => {
    const found = await topologyWith({
      seen: (view) => ({ ...view, interfaces: view.interfaces.filter(({ name }) => name !== "vmk1") }),
    });
    assert.deepEqual(notOk(found), { vmk1: "broken" });
  });

  it("is drawn in docs as it is drawn now", async () => {
    assert.equal(readFileSync(picture, "utf8"), await topologyPicture(), "npx tsx tools/topologyPicture.ts");
  });

  it("leaves the management network out", async () => {
    const { nodes } = await topologyWith({});
    assert.ok(!nodes.some(({ name }) => ["vmnic0", "vSwitch0", "vmk0", "Management Network"].includes(name)));
  });

  it("shows a target by its other address as not known where only one is used, and that no ping comes through to it", async () => {
    const two = storage.flatMap((one) => [one, { ...one, address: "10.9.9.9" }]);
    const found = await topologyWith({
      options: { storage: two },
      ail: (host) => {
        host.execute(`esxcli iscsi adapter discovery statictarget add -A vmhba64 -a 10.9.9.9 -n ${storageTarget}`);
        host.execute("esxcli storage core adapter rescan --all");
      },
    });
    const other = "10.9.9.9:3260";
    assert.deepEqual(
      [found.health, notOk(found)],
      [
        "warning",
        {
          vmk1: "warning",
          [other]: "unknown",
          [`vmhba64 – ${other}`]: "unknown",
          [`${other} – ${storageTarget}`]: "unknown",
        },
      ],
    );
  });
});

describe("esxi-iser topology", function () {
  this.timeout(180_000);
  let folder: string;
  const started: Simulator[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-topology-"));
  });
  afterEach(async () => {
    for (const one of started.splice(0)) await one.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(sick: Sick = {}): Promise<Simulator> {
    const one = await startSimulator({ storage, password: "simulated-password", ...sick.options });
    started.push(one);
    fallIll(one.host, sick);
    return one;
  }
  const name = ({ port }: Simulator) => `127.0.0.1:${port}`;
  const settings = () => ({
    cwd: folder,
    env: {
      HOME: folder,
      ESXI_ISER_PASSWORD: "simulated-password",
      ESXI_ISER_HOST_KEY: started.map(({ fingerprint }) => fingerprint).join("\n"),
    },
  });
  const run = (...args: string[]) => esxiIser(["topology", ...args], settings());

  for (const model of models)
    it(`shows a host in order as a tree and as JSON, and writes nothing to it, on ${model}`, async () => {
      const host = await start({ options: { model } });
      const { writes } = host.host.counters;
      const text = await run(name(host));
      assert.equal(text.status, 0, text.stderr);
      assert.match(
        text.stdout,
        /vmnic4 ─ ✓ vmrdma0 ─ ✓ vSwitch1 ─ ✓ iser-a ─ ✓ vmk1 ─ ✓ vmhba64\n.*192\.168\.50\.100:3260 ─ ✓ iqn\.2010-09\.lab\.storage:iser-a ─ ✓ naa\./,
      );
      const json = await run(name(host), "--json");
      const [one] = JSON.parse(json.stdout) as Topology[];
      assert.deepEqual([json.status, one?.host, one?.health, one?.findings], [0, name(host), "ok", []]);
      assert.equal(host.host.counters.writes, writes);
    });

  it("ends with 1 where something is broken, with 0 where there are only warnings", async () => {
    const broken = await start(sickHosts["not bound"]);
    const { status, stdout } = await run(name(broken));
    assert.equal(status, 1);
    assert.match(stdout, /✗ vmhba64 \(unbound\)[\s\S]*✗ not-bound: no VMkernel adapter is bound to vmrdma0/);
    const warned = await start(sickHosts["with one path"]);
    assert.equal((await run(name(warned))).status, 0);
  });

  it("has all that doctor finds, also what only a ping shows", async () => {
    const host = await start(jumboLost);
    const found = await esxiIser(["doctor", name(host), "--json"], settings());
    const [examined] = JSON.parse(found.stdout) as { findings: Finding[] }[];
    assert.deepEqual(
      examined?.findings.map(({ check, on }) => `${check} ${on}`),
      ["jumbo-lost vmk1", "jumbo-lost vmk2"],
    );
    const drawn = await run(name(host), "--json");
    const [one] = JSON.parse(drawn.stdout) as Topology[];
    assert.deepEqual([drawn.status, one?.findings], [1, examined?.findings]);
  });

  it("draws into a file, whose name says the format", async () => {
    const host = await start(sickHosts["with the uplink of another card"]);
    const parse = await startOracle();
    for (const [file, isIt] of [
      ["a.svg", (text: string) => parse(text)?.tag === "svg"],
      ["a.mmd", (text: string) => text.startsWith("flowchart LR\n")],
      ["a.html", (text: string) => text.startsWith("<!doctype html>")],
      ["a.JSON", (text: string) => Array.isArray(JSON.parse(text))],
      ["a.txt", (text: string) => text.includes("├─")],
    ] as const) {
      const path = join(folder, file);
      const { status, stdout, stderr } = await run(name(host), "--out", path);
      assert.deepEqual([status, stdout, stderr], [1, "", `esxi-iser: written to ${path}\n`]);
      assert.ok(isIt(readFileSync(path, "utf8")), file);
    }
  });

  it("shows a host that it could not read as such beside the others, and ends with 2", async () => {
    const host = await start();
    const dead = await startSimulator();
    await dead.close();
    const html = await run(name(dead), name(host), "--format", "html");
    assert.equal(html.status, 2);
    assert.match(html.stderr, /\[HOST_UNREACHABLE\]/);
    assert.match(html.stdout, /data-state="not read"[\s\S]*\[HOST_UNREACHABLE\][\s\S]*data-state="ok"/);
    const json = await run(name(dead), `root@${name(host)}`, "--json");
    const [first, second] = JSON.parse(json.stdout) as HostTopology[];
    assert.deepEqual([json.status, first?.host, second?.host], [2, name(dead), name(host)]);
    assert.match((first as { problem: string }).problem, /\[HOST_UNREACHABLE\]/);
    const mermaid = await run(name(dead), "--format", "mermaid");
    assert.match(mermaid.stdout, /\? not read/);
    assert.equal((await run(name(dead), "--format", "svg")).status, 2);
  });

  it("says what it is for, and what it does not take", async () => {
    const help = await run("--help");
    assert.equal(help.status, 0);
    assert.match(help.stdout, /--format <format>[\s\S]*--out <file>[\s\S]*Ends with 0 when nothing is broken/);
    const host = await start();
    for (const [args, problem] of [
      [["--format", "png"], /'png' is invalid/],
      [["--out", "picture"], /does not say which format is meant[\s\S]*\[INPUT_INVALID\]/],
      [["--json", "--format", "svg"], /are two formats[\s\S]*\[INPUT_INVALID\]/],
      [["--out", "a.svg", "--format", "mermaid"], /--format mermaid and the name a\.svg are two formats/],
      [["--out", "a.svg", "--json"], /--json and the name a\.svg are two formats/],
      [["--out", "nowhere/a.svg"], /could not be written[\s\S]*\[INPUT_INVALID\]/],
      [[], /missing required argument/],
    ] as const) {
      const { status, stderr } = await run(...(args.length === 0 ? [] : [name(host)]), ...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, problem);
    }
  });

  it("colours on a terminal and nowhere else", async () => {
    const host = await start();
    assert.ok(!(await run(name(host))).stdout.includes("\u001b["));
    const typed = await esxiIser(["topology", name(host)], {
      ...settings(),
      env: { ...settings().env, TERM: "xterm" },
      typed: "",
    });
    assert.ok(typed.stdout.includes("\u001b[32m✓"), typed.stdout);
  });
});
