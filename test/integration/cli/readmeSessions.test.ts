import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, it } from "mocha";
import { type HostOptions, type SimulatedHost, startSimulator } from "../../../src/simulator/index.js";
import { esxiIser } from "../../support/cli.js";
import { setUpByHand, storage, storageSystem } from "../../support/iserHost.js";
import { envFor, nameOf } from "../../support/reached.js";

/** The sessions of the README that are marked by a name, `<!-- session: name -->`. */
const readme = readFileSync(join(__dirname, "../../../README.md"), "utf8");
const sessions = new Map(
  [...readme.matchAll(/<!-- session: ([\w-]+) -->\n+```\n([\s\S]*?)```\n/g)].map(([, name = "", text = ""]) => [
    name,
    text,
  ]),
);

type Simulator = Awaited<ReturnType<typeof startSimulator>>;

interface Setting {
  /** The hosts of the session, by the names that the README has for them. */
  readonly hosts: Readonly<Record<string, { readonly options?: HostOptions; setUp(host: SimulatedHost): void }>>;
  readonly status: number;
  readonly typed?: string;
}

const jumboBesideSmall = [
  "esxcli network vswitch standard set -v vSwitch1 -m 9000",
  "esxcli network ip interface set -i vmk1 -m 9000",
];

/** What each session needs, and how its command ends. */
const settings: Readonly<Record<string, Setting>> = {
  trust: { hosts: { "esx01.lab": { setUp: () => {} } }, status: 0, typed: "yes\n" },
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
  return named.replaceAll("127.0.0.1", host).replaceAll(String(port), "22");
}

describe("the sessions in the README", function () {
  this.timeout(180_000);

  it("are these", () => assert.deepEqual([...sessions.keys()].sort(), Object.keys(settings).sort()));

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
        const [command = "", ...printed] = (sessions.get(name) ?? "").trimEnd().split("\n");
        assert.match(command, /^\$ npx esxi-iser /);
        const args = command
          .split(" ")
          .slice(3)
          .map((arg) => {
            const simulator = simulators.get(arg);
            return simulator === undefined ? arg : nameOf(simulator);
          });
        const env = name === "trust" ? { HOME: folder } : envFor([...simulators.values()], folder);
        const result = await esxiIser(args, { cwd: folder, env, ...(typed === undefined ? {} : { typed }) });
        assert.equal(result.status, status, result.stderr);
        assert.match(asInReadme(result.stdout, simulators, folder), pattern(printed));
      } finally {
        for (const simulator of simulators.values()) await simulator.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });
});
