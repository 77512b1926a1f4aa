import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, it } from "mocha";
import { type HostOptions, type SimulatedHost, startSimulator } from "../../../src/simulator/index.js";
import { esxiIser } from "../../support/cli.js";
import { setUpByHand, storage, storageSystem } from "../../support/iserHost.js";
import { marked } from "../../support/markdown.js";
import { envFor, nameOf } from "../../support/reached.js";
import { fallIll, sickHosts } from "../../support/sickHosts.js";
import { Simulation, stopAll } from "../../support/simulations.js";

/** The sessions of the documents that are marked by a name, `<!-- session: name -->`. */
const sessions = new Map([...marked("session")].map(([name, { text }]) => [name, text]));

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

interface Setting {
  /** The hosts of the session, by the names that the README has for them. */
  readonly hosts: Readonly<Record<string, { readonly options?: HostOptions; setUp(host: SimulatedHost): void }>>;
  readonly status: number;
  readonly typed?: string;
}

const jumbo = [
  ...["vSwitch1", "vSwitch2"].map((name) => `esxcli network vswitch standard set -v ${name} -m 9000`),
  ...["vmk1", "vmk2"].map((name) => `esxcli network ip interface set -i ${name} -m 9000`),
];
const otherCard = sickHosts["with the uplink of another card"];

const jumboBesideSmall = [
  "esxcli network vswitch standard set -v vSwitch1 -m 9000",
  "esxcli network ip interface set -i vmk1 -m 9000",
];

/** What each session needs, and how its command ends. */
const settings: Readonly<Record<string, Setting>> = {
  trust: { hosts: { "esx01.lab": { setUp: () => {} } }, status: 0, typed: "yes\n" },
  discover: {
    hosts: {
      "esx01.lab": {
        setUp(host) {
          setUpByHand(host);
          for (const line of jumbo) assert.equal(host.execute(line).status, 0);
        },
      },
    },
    status: 0,
  },
  topology: {
    hosts: { "esx01.lab": { options: otherCard.options, setUp: (host) => fallIll(host, otherCard) } },
    status: 1,
  },
  doctor: {
    hosts: {
      "esx01.lab": {
        options: { storage: [{ ...storageSystem, mtu: 1500 }] },
        setUp(host) {
          setUpByHand(host);
          for (const line of jumboBesideSmall) assert.equal(host.execute(line).status, 0);
        },
      },
      "esx02.lab": { setUp: (host) => setUpByHand(host, { chap: false }) },
      "esx03.lab": { setUp: (host) => setUpByHand(host) },
    },
    status: 1,
  },
};

/** A command of a session, and what it printed. */
interface Step {
  readonly command: string;
  readonly printed: readonly string[];
}

/** The commands that are run here. What a session does with Pulumi is run on the real engine: `test/acceptance/discover.test.ts`, `review.test.ts`. */
function stepsOf(session: string): readonly Step[] {
  const steps = session.split(/^\$ /m).slice(1);
  return steps
    .map((step) => {
      const [command = "", ...printed] = step.trimEnd().split("\n");
      return { command, printed };
    })
    .filter(({ command }) => /^(npx esxi-iser|cat) /.test(command));
}

/** Lines that may have `…` in them for anything; a line that is only that stands for any lines. */
function pattern(lines: readonly string[]): RegExp {
  const one = (line: string) =>
    line
      .split("…")
      .map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*");
  return new RegExp(`^${lines.map((line) => (line === "…" ? "[\\s\\S]*?" : one(line))).join("\\n")}\\n*$`);
}

/** The hosts' names are in no DNS here, and their ports not 22; the folder of the test is nobody's home. */
function asInReadme(stdout: string, simulators: ReadonlyMap<string, Simulator>, folder: string): string {
  const plain = stripVTControlCharacters(stdout).replaceAll(/\r+\n/g, "\n").replaceAll(folder, "~");
  const named = [...simulators].reduce((text, [host, simulator]) => text.replaceAll(nameOf(simulator), host), plain);
  const [[host, { port }] = ["", { port: 0 }]] = simulators;
  const label = host.split(".")[0] ?? "";
  return named
    .replace(`host: { host: "127.0.0.1", port: ${port} }`, `host: "${host}"`)
    .replace('new IserHost("127.0.0.1"', `new IserHost("${label}"`)
    .replaceAll("host127_0_0_1", label)
    .replaceAll("127.0.0.1", host)
    .replaceAll(String(port), "22");
}

describe("the sessions in the documents", function () {
  this.timeout(180_000);

  it("are these", () =>
    assert.deepEqual([...sessions.keys()].sort(), [...Object.keys(settings), "review", "simulate"].sort()));

  for (const [name, { hosts, status, typed }] of Object.entries(settings))
    it(`print what they print: ${name}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "esxi-iser-session-"));
      const simulators = new Map<string, Simulator>();
      try {
        for (const [host, { options, setUp }] of Object.entries(hosts)) {
          const simulator = await startSimulator({ storage, password: "simulated-root-password", ...options });
          simulators.set(host, simulator);
          setUp(simulator.host);
        }
        const env = name === "trust" ? { HOME: folder } : envFor([...simulators.values()], folder);
        const run = async (command: string) => {
          if (command.startsWith("cat ")) return readFileSync(join(folder, command.slice(4)), "utf8");
          const args = command.split(" ").slice(2);
          const reached = args.map((arg) => {
            const simulator = simulators.get(arg);
            return simulator === undefined ? arg : nameOf(simulator);
          });
          const result = await esxiIser(reached, { cwd: folder, env, ...(typed === undefined ? {} : { typed }) });
          assert.equal(result.status, status, result.stderr);
          return result.stdout;
        };
        const steps = stepsOf(sessions.get(name) ?? "");
        assert.ok(steps.length > 0);
        for (const { command, printed } of steps)
          assert.match(asInReadme(await run(command), simulators, folder), pattern(printed));
      } finally {
        for (const simulator of simulators.values()) await simulator.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });

  it("print what they print: review, of what the real engine printed", async () => {
    const preview = join(__dirname, "../../fixtures/review/preview.json");
    const { status, stdout } = await esxiIser(["review", preview]);
    assert.equal(status, 1);
    assert.equal(stdout, sessions.get("review"));
  });

  it("print what they print: simulate, on ports that are free", async () => {
    const folder = mkdtempSync(join(tmpdir(), "esxi-iser-session-"));
    const [{ command, printed } = { command: "", printed: [] }] = stepsOf(sessions.get("simulate") ?? "");
    const args = command.replace("--port 2201", "--port 0").replace(" known_hosts", ` ${folder}/known_hosts`);
    const simulation = await Simulation.start(args.split(" ").slice(3));
    try {
      const ports = [...new Set([...simulation.stdout.matchAll(/port: (\d+)/g)].map(([, port = ""]) => port))];
      const stdout = ports.reduce((text, port, at) => text.replaceAll(port, String(2201 + at)), simulation.stdout);
      assert.match(stdout, pattern(printed));
      assert.equal(await simulation.stop("SIGINT"), 0);
    } finally {
      await stopAll();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
