import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, before, describe, it } from "mocha";
import {
  type Model,
  models,
  SimulatedHost,
  startVcenter,
  startVsphere,
  type VsphereEndpoint,
} from "../../src/simulator/index.js";
import { findPyvmomi } from "../../tools/pyvmomi/find.js";
import { everyCommand } from "../support/everyCommand.js";
import {
  type Answer,
  type Command,
  commandOf,
  type Fault,
  ShellAnswers,
  type Structure,
} from "../support/shellAnswers.js";
import { type Oracle, startOracle } from "../support/xmlOracle.js";

/** What means something in XML, and what is more than one byte. */
const hostile = 'R&D <"ä">]]>&amp;€';
const commands: readonly Command[] = [
  ...everyCommand.map(commandOf),
  write("iscsi adapter set", { adapter: "vmhba64", alias: hostile }),
  write("iscsi adapter get", { adapter: "vmhba64" }),
  write("network vswitch standard portgroup add", { "portgroup-name": hostile, "vswitch-name": "vSwitch1" }),
  write("network vswitch standard portgroup list", {}),
  write("iscsi adapter get", { adapter: hostile }),
];

function write(path: string, options: Readonly<Record<string, string>>): Command {
  return { path: path.split(" "), options: Object.entries(options) };
}

interface Trial {
  readonly endpoint: VsphereEndpoint;
  readonly host: SimulatedHost;
  /** The name that it is found by, and its address. */
  readonly name: string;
  readonly address: string;
  /** What the same commands have been run on in a shell. */
  readonly twin: SimulatedHost;
  readonly expected: readonly Answer[];
}

/** What the script saw of an endpoint. */
interface Seen {
  readonly trust: { readonly unknown: string; readonly pinned: readonly string[] };
  readonly wrongPassword: Fault;
  readonly version: string;
  readonly about: Readonly<Record<string, string>>;
  readonly session: Readonly<Record<string, unknown>>;
  readonly found: Readonly<Record<string, unknown>>;
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly results: readonly Answer[];
  readonly faults: Readonly<Record<string, Fault>>;
}

describe("the real pyvmomi against the simulated vSphere API", () => {
  let python: string;
  let oracle: Oracle;
  const endpoints: VsphereEndpoint[] = [];
  before(async function () {
    this.timeout(600_000);
    ({ python } = await findPyvmomi());
    oracle = await startOracle();
  });
  afterEach(() => Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close())));

  /** A host, and what a twin of it answers in a shell. */
  const prepare = (model: Model, shell: ShellAnswers) => {
    const [host, twin] = [
      new SimulatedHost({ name: "esx02.lab", model }),
      new SimulatedHost({ name: "esx02.lab", model }),
    ];
    return { host, twin, expected: commands.map((command) => shell.of(twin, command)) };
  };

  /** All in one process, for its start takes longer than what it does. */
  const look = async (trials: readonly Trial[], { types }: ShellAnswers): Promise<readonly Seen[]> => {
    const script = join(__dirname, "pyvmomi", "esxcli.py");
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
    const child = spawn(python, [script], { env, stdio: ["pipe", "pipe", "pipe"] });
    const jobs = trials.map(({ endpoint, name, address, expected }) => {
      const { address: at, port, user, password, certificate, thumbprint, sha1Thumbprint } = endpoint;
      const thumbprints = [
        thumbprint,
        sha1Thumbprint,
        thumbprint.replace(/^../, (two) => (two === "00" ? "11" : "00")),
      ];
      return {
        ...{ address: at, port, user, password, certificate, thumbprints, host: name, ip: address },
        namespaces: Object.keys(namespacesIn(expected)),
        commands: commands.map(({ path, options }) => [
          path,
          options.map(([option, value = "true"]) => [option.replaceAll("-", ""), value]),
        ]),
      };
    });
    child.stdin.end(JSON.stringify({ types, endpoints: jobs }));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    assert.ok(stderr === "", stderr);
    return JSON.parse(stdout);
  };

  const check = ({ host, twin, expected, endpoint }: Trial, seen: Seen): void => {
    for (const [index, { path, options }] of commands.entries()) {
      // A network command that has written says so here only.
      const answer = seen.results[index] === true && expected[index] === null ? null : seen.results[index];
      assert.deepEqual(answer, expected[index], `${path.join(" ")} ${JSON.stringify(options)}`);
    }
    assert.equal(host.dump(), twin.dump());
    const journal = (one: SimulatedHost) =>
      one.journal
        .filter(({ path }) => path !== undefined)
        .map(({ path, effect, status }) => ({ path, effect, status }));
    // The last one was for another handler.
    assert.deepEqual(journal(host), [...journal(twin), { path: "system time get", effect: "read", status: 1 }]);
    assert.equal(host.processes.length, 0);

    const offered = Object.entries(seen.namespaces).map(
      ([name, methods]) => [name, Object.keys(methods).sort()] as const,
    );
    assert.deepEqual(Object.fromEntries(offered), namespacesIn(expected));
    assert.deepEqual(seen.namespaces["iscsi.adapter"]?.set, {
      adapter: [["-A", "--adapter"], false],
      name: [["-n", "--name"], false],
      alias: [["-a", "--alias"], false],
      skipifsessionactive: [["-s", "--skip-if-session-active"], true],
    });
    assert.deepEqual(seen.trust.unknown, "SSLCertVerificationError");
    const { apiType } = seen.about;
    assert.deepEqual(seen.trust.pinned, [apiType, apiType, "ThumbprintMismatchException"]);
    assert.deepEqual(seen.wrongPassword, { fault: "InvalidLogin" });
    const { userAgent, ...session } = seen.session;
    assert.match(String(userAgent), /^pyvmomi /);
    assert.deepEqual(session, { userName: endpoint.user, ipAddress: "127.0.0.1", callCount: 2 });
    const refused = Object.entries(seen.faults).map(([name, { fault }]) => [name, fault]);
    assert.deepEqual(Object.fromEntries(refused), {
      executer: "ManagedObjectNotFound",
      host: "ManagedObjectNotFound",
      method: "MethodNotFound",
      handler: "ManagedObjectNotFound",
      afterLogout: "NotAuthenticated",
    });
    const { sessions, counters } = endpoint;
    assert.deepEqual([sessions, counters.logins, counters.logouts, counters.failedLogins], [0, 1, 1, 1]);
  };

  it("reads on an ESXi of each build what a shell shows, and writes what a shell writes", async function () {
    this.timeout(120_000);
    const shell = new ShellAnswers(oracle);
    const trials: Trial[] = [];
    for (const model of models) {
      const prepared = prepare(model, shell);
      const endpoint = await startVsphere(prepared.host);
      endpoints.push(endpoint);
      const address = prepared.host.state.interfaces[0]?.ipv4.address ?? "";
      trials.push({ ...prepared, endpoint, name: "esx02.lab", address });
    }
    const seen = await look(trials, shell);
    for (const [index, trial] of trials.entries()) check(trial, seen[index] as Seen);
    assert.deepEqual(
      seen.map(({ version, about }) => [version, about.apiVersion, about.fullName]),
      [
        ['"urn:vim25/6.7"', "6.7", "VMware ESXi 6.7.0 build-8169922"],
        ['"urn:vim25/7.0.0.0"', "7.0.0.0", "VMware ESXi 7.0.0 build-15843807"],
        ['"urn:vim25/8.0.2.0"', "8.0.2.0", "VMware ESXi 8.0.2 build-22380479"],
        ['"urn:vim25/9.0.0.0"', "9.0.0.0", "VMware ESXi 9.0.0 build-24755229"],
      ],
    );
    for (const { about, found } of seen)
      assert.deepEqual([about.apiType, found], ["HostAgent", ways("ha-host", { "esx02.lab": "ha-host" })]);
  });

  it("does so through a vCenter, on the host that it names", async function () {
    this.timeout(120_000);
    const shell = new ShellAnswers(oracle);
    const prepared = prepare("8.0", shell);
    const other = new SimulatedHost();
    const untouched = other.dump();
    const address = "192.168.10.12";
    const endpoint = await startVcenter([
      { name: "esx01.lab", host: other },
      { name: "esx02.lab", address, host: prepared.host },
    ]);
    endpoints.push(endpoint);
    const trial = { ...prepared, endpoint, name: "esx02.lab", address };
    const [seen] = await look([trial], shell);
    check(trial, seen as Seen);
    assert.deepEqual([seen?.version, seen?.about.apiType], ['"urn:vim25/8.0.2.0"', "VirtualCenter"]);
    assert.deepEqual(seen?.found, ways("host-21", { "esx01.lab": "host-11", "esx02.lab": "host-21" }));
    assert.deepEqual([other.journal, other.dump()], [[], untouched]);
  });
});

/** What every way leads to: to a host by its name and its address, and to all by a view and the property collector. */
function ways(id: string, named: Readonly<Record<string, string>>) {
  return {
    byName: id,
    byAddress: id,
    nobody: null,
    itsName: "esx02.lab",
    itsPlace: ["ComputeResource", "Folder"],
    inView: Object.values(named),
    named,
  };
}

/** The commands of each namespace, as the first command has listed them. */
function namespacesIn([list]: readonly Answer[]): Readonly<Record<string, readonly string[]>> {
  const namespaces: Record<string, string[]> = {};
  for (const { fields } of list as readonly Structure[]) {
    const name = String(fields.Namespace);
    namespaces[name] = [...(namespaces[name] ?? []), String(fields.Command)];
  }
  return Object.fromEntries(Object.entries(namespaces).map(([name, all]) => [name, all.sort()]));
}
