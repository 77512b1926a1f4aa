import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "mocha";
import {
  type Model,
  models,
  SimulatedHost,
  startVcenter,
  startVsphere,
  type VsphereEndpoint,
} from "../../src/simulator/index.js";
import type { Element } from "../../src/xml.js";
import { findGovmomi } from "../../tools/govmomi/find.js";
import { everyCommand } from "../support/everyCommand.js";
import { type Oracle, startOracle } from "../support/xmlOracle.js";

type Row = Readonly<Record<string, readonly string[]>>;
type Told = {
  readonly rows?: readonly Row[];
  readonly text?: string;
  readonly failure?: string;
  /** What the build does not have. */
  readonly unknown?: "command" | "option";
};

const settings = { name: "esx02.lab" };
const usual: Model = "8.0";

describe("the real govc against the simulated vSphere API", () => {
  let govc: string;
  let oracle: Oracle;
  const endpoints: VsphereEndpoint[] = [];
  before(async function () {
    this.timeout(900_000);
    ({ govc } = await findGovmomi());
    oracle = await startOracle();
  });
  after(() => Promise.all(endpoints.map((endpoint) => endpoint.close())));

  const run = (endpoint: VsphereEndpoint, line: string, options: readonly string[]): Promise<Told> => {
    const { user, password, address, port } = endpoint;
    const env = {
      GOVC_URL: `https://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${address}:${port}/sdk`,
      GOVC_INSECURE: "1",
      GOVC_PERSIST_SESSION: "false",
      HOME: "/nonexistent",
    };
    // It wants a value for a flag.
    const words = line.split(" ").map((word) => (/^--[^=]+$/.test(word) ? `${word}=true` : word));
    return new Promise((resolve, reject) => {
      execFile(govc, ["host.esxcli", "-json", ...options, ...words], { env }, (error, stdout, stderr) => {
        if (error === null)
          resolve(stdout.startsWith("{") ? { rows: JSON.parse(stdout).values } : stdout === "" ? {} : { text: stdout });
        else {
          const failure = /<errMsg>(.*)<\/errMsg>/s.exec(stderr)?.[1]?.replaceAll("&quot;", '"');
          if (failure !== undefined) resolve({ failure });
          else if (stderr.includes(": The object or item referred to could not be found. <obj"))
            resolve({ unknown: "command" });
          else if (stderr.startsWith("flag provided but not defined: -")) resolve({ unknown: "option" });
          else reject(new Error(`${line}: ${stderr}`));
        }
      });
    });
  };

  /** What the same command shows in a shell, as govc reads it. */
  const inShell = (host: SimulatedHost, line: string): Told => {
    const { status, stdout } = host.execute(`esxcli --formatter=xml ${line}`);
    if (stdout.startsWith("Error: Unknown command or namespace")) return { unknown: "command" };
    if (stdout.startsWith("Error: Invalid option")) return { unknown: "option" };
    if (status !== 0) return { failure: stdout.trimEnd() };
    if (stdout === "") return {};
    const [value] = oracle(stdout)?.children[0]?.children ?? [];
    assert.ok(value, stdout);
    if (value.tag === "structure") return { rows: [row(value)] };
    if (value.tag === "list") return value.children.length === 0 ? {} : { rows: value.children.map(row) };
    return { text: `${value.text}\n` };
  };

  const compareOne = async (
    endpoint: VsphereEndpoint,
    [host, twin]: readonly [SimulatedHost, SimulatedHost],
    line: string,
    options: readonly string[],
  ): Promise<Told> => {
    const told = await run(endpoint, line, options);
    const expected = inShell(twin, line);
    // A network command's true is printed by govc only.
    if (told.text === "true\n" && expected.text === undefined) assert.deepEqual(expected, {}, line);
    else assert.deepEqual(told, expected, line);
    assert.equal(host.dump(), twin.dump(), line);
    return told;
  };

  const compare = async (
    start: (host: SimulatedHost) => Promise<VsphereEndpoint>,
    options: readonly string[],
  ): Promise<void> => {
    const [host, twin] = [new SimulatedHost(settings), new SimulatedHost(settings)];
    const endpoint = await start(host);
    endpoints.push(endpoint);
    for (const line of everyCommand) await compareOne(endpoint, [host, twin], line, options);
    const commands = (one: SimulatedHost) =>
      one.journal
        .filter(({ path }) => path !== undefined)
        .map(({ path, effect, status }) => ({ path, effect, status }));
    assert.deepEqual(commands(host), commands(twin));
    assert.deepEqual([endpoint.sessions, endpoint.counters.logouts], [0, endpoint.counters.logins]);
    assert.equal(host.processes.length, 0);
  };

  it("is asked to run every command that a simulated build has", () => {
    const asked = new Set(everyCommand.map((line) => line.replace(/ --.*/, "")));
    for (const model of models) {
      const { rows = [] } = inShell(new SimulatedHost({ ...settings, model }), "esxcli command list");
      const paths = rows.map(({ Namespace, Command }) => `${Namespace?.[0]?.replaceAll(".", " ")} ${Command?.[0]}`);
      if (model === usual) assert.deepEqual(paths.sort(), [...asked].sort());
      else
        assert.deepEqual(
          paths.filter((path) => !asked.has(path)),
          [],
          model,
        );
    }
  });

  it("reads on an ESXi what a shell shows, and writes what a shell writes", async function () {
    this.timeout(300_000);
    await compare((host) => startVsphere(host), []);
  });

  for (const model of models.filter((one) => one !== usual)) {
    it(`does so on an ESXi ${model} with each command that it answers otherwise than ${usual}`, async function () {
      this.timeout(300_000);
      const pair = [new SimulatedHost({ ...settings, model }), new SimulatedHost({ ...settings, model })] as const;
      const endpoint = await startVsphere(pair[0]);
      endpoints.push(endpoint);
      const asked = otherwise(model);
      assert.ok(asked.has("system version get"));
      let left = 0;
      for (const line of everyCommand) {
        if (!asked.has(line)) for (const host of pair) host.execute(`esxcli ${line}`);
        // It ends without a logout over an option that the host does not have.
        else if ((await compareOne(endpoint, pair, line, [])).unknown === "option") left += 1;
      }
      const { sessions, counters } = endpoint;
      assert.deepEqual([sessions, counters.logins, counters.logouts], [left, asked.size, asked.size - left]);
    });
  }

  it("does so through a vCenter, on the host that it names", async function () {
    this.timeout(300_000);
    const other = new SimulatedHost();
    const untouched = other.dump();
    const hosts = (host: SimulatedHost) => [
      { name: "esx01.lab", host: other },
      { name: "esx02.lab", host },
    ];
    await compare((host) => startVcenter(hosts(host)), ["-host", "esx02.lab"]);
    assert.deepEqual([other.journal, other.dump()], [[], untouched]);
  });
});

/** The commands that a build answers otherwise than the usual one. */
function otherwise(model: Model): ReadonlySet<string> {
  const hosts = [usual, model].map((one) => new SimulatedHost({ ...settings, model: one }));
  const answers = (line: string) => hosts.map((host) => host.execute(`esxcli --formatter=xml ${line}`).stdout);
  return new Set(everyCommand.filter((line) => new Set(answers(line)).size > 1));
}

/** Fields of a structure, by name. Of one within it govc makes fields beside the others, the first of them is lost to it, and the name of the whole has nothing. */
function row(structure: Element): Row {
  const fields: Record<string, string[]> = {};
  const add = (name: string, text: string) => {
    fields[name] = [...(fields[name] ?? []), text];
  };
  const walk = ({ children }: Element, skipped: number): void => {
    for (const { attributes, children: values } of children.slice(skipped)) {
      const name = attributes.name ?? "";
      const [value] = values;
      if (value?.tag === "structure") {
        add(name, "");
        walk(value, 1);
      } else if (value?.tag === "list") for (const item of value.children) add(name, item.text);
      else add(name, value?.text ?? "");
    }
  };
  walk(structure, 0);
  return fields;
}
