import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "mocha";
import { SimulatedHost, startVcenter, startVsphere, type VsphereEndpoint } from "../../src/simulator/index.js";
import type { Element } from "../../src/xml.js";
import { findGovmomi } from "../../tools/govmomi/find.js";
import { type Oracle, startOracle } from "../support/xmlOracle.js";

const A = "--adapter=vmhba64";
const P = `${A} --address=192.168.50.100:3260`;
const T = `${P} --name=iqn.2010-09.lab.storage:iser-a`;
const chap = "--direction=uni --level=required --authname=somebody --secret=a-simulated-one";
const failover = "--active-uplinks=vmnic4 --failback=false --load-balancing=mac";

/** What is done on a host, in this order: every command that the simulated build has, and some that fail. */
const script: readonly string[] = `
esxcli command list
system version get
system hostname get
system stats uptime get
system time get
system module list --loaded=true
system module set --module=iser --enabled=true --force
system module load --module=iser --force
system module parameters set --module=nmlx5_core --parameter-string=pfctx=8 --append
system module parameters list --module=nmlx5_core
system module parameters list --module=none
rdma iser add --device=vmrdma0
rdma iser add --device=vmrdma1
rdma iser delete --device=vmrdma1
rdma iser params set ${A} --roce=2
rdma device list
rdma device protocol list
rdma device vmknic list --device=vmrdma0
rdma device stats get --device=vmrdma0
iscsi software get
iscsi adapter list
iscsi adapter get ${A}
iscsi adapter get --adapter=vmhba9
iscsi adapter set ${A} --alias=Zürich
iscsi adapter param set ${A} --key=RecoveryTimeout --value=20
iscsi adapter param get ${A}
iscsi adapter capabilities get ${A}
iscsi adapter auth chap set ${A} ${chap}
iscsi adapter auth chap get ${A}
iscsi adapter auth chap set ${A} --default
iscsi networkportal add ${A} --nic=vmk1 --force=true
iscsi networkportal list
iscsi logicalnetworkportal list
iscsi physicalnetworkportal list
iscsi adapter discovery sendtarget add ${P}
iscsi adapter discovery sendtarget list
iscsi adapter discovery sendtarget param set ${P} --key=LoginTimeout --value=10
iscsi adapter discovery sendtarget param get ${P}
iscsi adapter discovery sendtarget auth chap set ${P} ${chap}
iscsi adapter discovery sendtarget auth chap get ${P}
iscsi adapter discovery sendtarget auth chap set ${P} --inherit
iscsi adapter discovery rediscover ${A}
iscsi adapter discovery status get ${A}
iscsi adapter discovery statictarget add ${A} --address=192.168.50.101 --name=iqn.2010-09.lab.storage:other
iscsi adapter discovery statictarget list
iscsi adapter discovery statictarget remove ${A} --address=192.168.50.101 --name=iqn.2010-09.lab.storage:other
iscsi adapter target list
iscsi adapter target portal list
iscsi adapter target portal param set ${T} --key=LoginTimeout --value=15
iscsi adapter target portal param get ${T}
iscsi adapter target portal auth chap set ${T} ${chap}
iscsi adapter target portal auth chap get ${T}
iscsi session list
iscsi session connection list
storage core adapter list
storage core adapter rescan --all
storage core path list
storage core device list
iscsi session remove ${A}
iscsi adapter discovery sendtarget remove ${P}
iscsi networkportal remove ${A} --nic=vmk1 --force=true
network nic list
network nic get --nic-name=vmnic4
network nic pauseParams set --nic-name=vmnic4 --auto=false --rx=false --tx=true
network nic pauseParams list
network vswitch standard add --vswitch-name=vSwitch9 --ports=128
network vswitch standard set --vswitch-name=vSwitch9 --mtu=9000
network vswitch standard list
network vswitch standard uplink remove --uplink-name=vmnic5 --vswitch-name=vSwitch2
network vswitch standard uplink add --uplink-name=vmnic5 --vswitch-name=vSwitch9
network vswitch standard portgroup add --portgroup-name=made --vswitch-name=vSwitch9
network vswitch standard portgroup set --portgroup-name=made --vlan-id=12
network vswitch standard portgroup list
network vswitch standard policy failover set --vswitch-name=vSwitch1 ${failover}
network vswitch standard policy failover get --vswitch-name=vSwitch1
network vswitch standard portgroup policy failover set --portgroup-name=iser-a ${failover}
network vswitch standard portgroup policy failover get --portgroup-name=iser-a
network ip interface add --interface-name=vmk5 --portgroup-name=made --mtu=9000
network ip interface set --interface-name=vmk5 --enabled=false
network ip interface ipv4 set --interface-name=vmk5 --type=static --ipv4=10.1.2.3 --netmask=255.255.255.0
network ip interface ipv4 get
network ip interface ipv6 address add --interface-name=vmk5 --ipv6=fd00::5/64
network ip interface ipv6 address list
network ip interface ipv6 address remove --interface-name=vmk5 --ipv6=fd00::5/64
network ip interface list
network diag ping --host=192.168.50.100 --interface=vmk1 --count=2 --df
network ip interface remove --interface-name=vmk5
network vswitch standard portgroup remove --portgroup-name=made --vswitch-name=vSwitch9
network vswitch standard remove --vswitch-name=vSwitch9
`
  .trim()
  .split("\n");

type Row = Readonly<Record<string, readonly string[]>>;
type Told = { readonly rows?: readonly Row[]; readonly text?: string; readonly failure?: string };

const settings = { name: "esx02.lab" };

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
          if (failure === undefined) reject(new Error(`${line}: ${stderr}`));
          else resolve({ failure });
        }
      });
    });
  };

  /** What the same command shows in a shell, as govc reads it. */
  const inShell = (host: SimulatedHost, line: string): Told => {
    const { status, stdout } = host.execute(`esxcli --formatter=xml ${line}`);
    if (status !== 0) return { failure: stdout.trimEnd() };
    if (stdout === "") return {};
    const [value] = oracle(stdout)?.children[0]?.children ?? [];
    assert.ok(value, stdout);
    if (value.tag === "structure") return { rows: [row(value)] };
    if (value.tag === "list") return value.children.length === 0 ? {} : { rows: value.children.map(row) };
    return { text: `${value.text}\n` };
  };

  const compare = async (
    start: (host: SimulatedHost) => Promise<VsphereEndpoint>,
    options: readonly string[],
  ): Promise<void> => {
    const [host, twin] = [new SimulatedHost(settings), new SimulatedHost(settings)];
    const endpoint = await start(host);
    endpoints.push(endpoint);
    for (const line of script) {
      const told = await run(endpoint, line, options);
      const expected = inShell(twin, line);
      // A network command's true is printed by govc only.
      if (told.text === "true\n" && expected.text === undefined) assert.deepEqual(expected, {}, line);
      else assert.deepEqual(told, expected, line);
      assert.equal(host.dump(), twin.dump(), line);
    }
    const commands = (one: SimulatedHost) =>
      one.journal
        .filter(({ path }) => path !== undefined)
        .map(({ path, effect, status }) => ({ path, effect, status }));
    assert.deepEqual(commands(host), commands(twin));
    assert.deepEqual([endpoint.sessions, endpoint.counters.logouts], [0, endpoint.counters.logins]);
    assert.equal(host.processes.length, 0);
  };

  it("is asked to run every command that the simulated build has", () => {
    const host = new SimulatedHost(settings);
    const { rows = [] } = inShell(host, "esxcli command list");
    const paths = rows.map(({ Namespace, Command }) => `${Namespace?.[0]?.replaceAll(".", " ")} ${Command?.[0]}`);
    const asked = new Set(script.map((line) => line.replace(/ --.*/, "")));
    assert.deepEqual(paths.sort(), [...asked].sort());
  });

  it("reads on an ESXi what a shell shows, and writes what a shell writes", async function () {
    this.timeout(300_000);
    await compare((host) => startVsphere(host), []);
  });

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
