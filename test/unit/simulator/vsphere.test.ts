import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { afterEach, describe, it } from "mocha";
import {
  type HostOptions,
  SimulatedHost,
  startSimulator,
  startVcenter,
  startVsphere,
  type VsphereEndpoint,
  type VsphereOptions,
} from "../../../src/simulator/index.js";
import { escaped, find, names, refusal, SoapClient, texts } from "../../support/soapClient.js";

const started: { close(): unknown }[] = [];

async function onHost(options: VsphereOptions = {}, hostOptions: HostOptions = {}) {
  const host = new SimulatedHost(hostOptions);
  const endpoint = await startVsphere(host, options);
  return { host, endpoint, client: await connected(endpoint) };
}

async function connected(endpoint: VsphereEndpoint): Promise<SoapClient> {
  const client = await SoapClient.open(endpoint);
  started.push(client, endpoint);
  return client;
}

async function loggedIn(options: VsphereOptions = {}, hostOptions: HostOptions = {}) {
  const all = await onHost(options, hostOptions);
  assert.equal((await all.client.login()).status, 200);
  return all;
}

async function onVcenter() {
  const hosts = ["esx01.lab", "esx02.lab"].map((name) => new SimulatedHost({ name }));
  const [first, second] = hosts as [SimulatedHost, SimulatedHost];
  const endpoint = await startVcenter([
    { name: "esx01.lab", host: first },
    { name: "192.168.10.12", address: "192.168.10.12", moid: "host-77", host: second },
  ]);
  const client = await connected(endpoint);
  assert.equal((await client.login()).status, 200);
  return { first, second, endpoint, client };
}

describe("the vSphere API of a simulated host", () => {
  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.close()));
  });

  it("has a certificate of its own, with the thumbprints that it tells", async () => {
    const { endpoint } = await onHost();
    const another = await onHost();
    const certificate = new X509Certificate(endpoint.certificate);
    assert.deepEqual(
      [certificate.fingerprint256, certificate.fingerprint],
      [endpoint.thumbprint, endpoint.sha1Thumbprint],
    );
    assert.notEqual(endpoint.thumbprint, another.endpoint.thumbprint);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.checkHost("esx01.lab"), "esx01.lab");
    assert.equal(certificate.checkIP("127.0.0.1"), "127.0.0.1");
    const shown = await new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: endpoint.port, ca: endpoint.certificate }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.once("error", reject);
    });
    assert.equal(shown, endpoint.thumbprint);
  });

  it("says what it is to whoever asks, and nothing else before a login", async () => {
    const { client } = await onHost();
    const { status, body } = await client.call("RetrieveServiceContent", "ServiceInstance:ServiceInstance");
    assert.deepEqual([status, find(body, "apiType").text, find(body, "version").text], [200, "HostAgent", "8.0.2"]);
    assert.equal(refusal(await client.call("CurrentTime", "ServiceInstance:ServiceInstance")), "NotAuthenticated");
    assert.equal(refusal(await client.call("RetrieveManagedMethodExecuter", "HostSystem:ha-host")), "NotAuthenticated");
    assert.equal(refusal(await client.execute("system time get")), "NotAuthenticated");
  });

  it("speaks the version of the API that its build has, and those before it", async () => {
    const { client } = await onHost({}, { model: "6.7" });
    const { body } = await client.call("RetrieveServiceContent", "ServiceInstance:ServiceInstance");
    assert.equal(find(body, "apiVersion").text, "6.7");
    const told = await client.exchange("GET", "/sdk/vimServiceVersions.xml");
    const [namespace] = client.xml(told.body)?.children ?? [];
    assert.ok(namespace);
    assert.deepEqual(
      names(namespace, "version").map(({ text }) => text),
      ["6.7", "6.5", "6.0"],
    );
  });

  it("knows a session by its cookie until it is logged out or expires, and counts it", async () => {
    const { client, endpoint } = await loggedIn();
    assert.equal(endpoint.sessions, 1);
    assert.equal((await client.call("CurrentTime", "ServiceInstance:ServiceInstance")).status, 200);
    assert.equal(refusal(await client.login()), "InvalidLogin");
    endpoint.expireSessions();
    assert.equal(endpoint.sessions, 0);
    assert.equal(refusal(await client.execute("system time get")), "NotAuthenticated");
    await client.login();
    await client.call("Logout", "SessionManager:ha-sessionmgr");
    assert.equal(endpoint.sessions, 0);
    assert.equal(refusal(await client.execute("system time get")), "NotAuthenticated");
    assert.deepEqual({ ...endpoint.counters }, { connections: 1, logins: 2, failedLogins: 1, logouts: 1, requests: 7 });
  });

  it("locks the account after five wrong passwords, even for the right one, until it is unlocked", async () => {
    const { client, endpoint } = await onHost();
    for (let time = 0; time < 5; time += 1) assert.equal(refusal(await client.login("wrong")), "InvalidLogin");
    assert.equal(refusal(await client.login()), "InvalidLogin");
    endpoint.unlock();
    assert.equal((await client.login()).status, 200);
    assert.equal(endpoint.counters.failedLogins, 6);
  });

  it("runs a command, with fields in the order of their names and lists as repeated elements", async () => {
    const { client } = await loggedIn();
    const one = client.response(await client.execute("system hostname get"));
    assert.deepEqual(one?.attributes["xsi:type"], "VimEsxCLIsystemhostnamegetFullyQualifiedHostName");
    assert.deepEqual(
      one?.children.map(({ tag, text }) => [tag, text]),
      [
        ["DomainName", "lab"],
        ["FullyQualifiedDomainName", "esx01.lab"],
        ["HostName", "esx01"],
      ],
    );
    const many = client.response(await client.execute("network vswitch standard list", { vswitchname: "vSwitch0" }));
    assert.equal(many?.attributes["xsi:type"], "ArrayOfDataObject");
    assert.deepEqual(
      many?.children.map(({ tag, attributes }) => [tag, attributes["xsi:type"]]),
      [["DataObject", "VimEsxCLInetworkvswitchstandardlistVirtualSwitch"]],
    );
    assert.ok(many);
    assert.deepEqual(
      names(many, "Portgroups").map(({ text }) => text),
      ["Management Network"],
    );
    const time = client.response(await client.execute("system time get"));
    assert.deepEqual([time?.attributes["xsi:type"], time?.text], ["xsd:string", "2024-01-15T08:00:00Z"]);
    const empty = client.response(await client.execute("iscsi adapter list"));
    assert.deepEqual([empty?.attributes["xsi:type"], empty?.children], ["ArrayOfDataObject", []]);
    assert.equal(client.response(await client.execute("rdma iser add")), undefined);
  });

  it("takes and gives every text byte for byte", async () => {
    const { client, host } = await loggedIn();
    const texts = ["R&D <x> \"q\" 'a'", "&amp; &lt;", "Zürich 東京 🙂", "  blanks  ", "two\r\nlines", "a]]>b"];
    for (const name of texts) {
      const given = { portgroupname: name, vswitchname: "vSwitch1" };
      client.response(await client.execute("network vswitch standard portgroup add", given));
      assert.ok(
        host.state.portGroups.some((group) => group.name === name),
        name,
      );
    }
    const list = client.response(await client.execute("network vswitch standard portgroup list"));
    assert.ok(list);
    const shown = names(list, "Name").map(({ text }) => text);
    assert.deepEqual(
      texts.filter((name) => !shown.includes(name)),
      [],
    );
  });

  it("leaves in the journal what a line over SSH would, secrets masked, and starts no process", async () => {
    const { client, host } = await loggedIn();
    await client.execute("rdma iser add", { device: "vmrdma0" });
    const secret = { authname: "n", secret: "canary-secret", level: "required", direction: "uni" };
    client.response(await client.execute("iscsi adapter auth chap set", { adapter: "vmhba64", ...secret }));
    client.fault(await client.execute("iscsi adapter get", { adapter: "vmhba9" }));
    assert.deepEqual(
      host.journal.map(({ line, effect, status }) => [line, effect, status]),
      [
        ["esxcli rdma iser add --device=vmrdma0", "write", 0],
        [
          "esxcli iscsi adapter auth chap set --adapter=vmhba64 --authname=n --secret=*** --level=required --direction=uni",
          "write",
          0,
        ],
        ["esxcli iscsi adapter get --adapter=vmhba9", "read", 1],
      ],
    );
    assert.deepEqual(host.processes, []);
    assert.deepEqual([host.counters.commands, host.counters.writes], [3, 2]);
  });

  it("says what esxcli would have said in a fault, and NotFound of a command that the build has not", async () => {
    const { client } = await loggedIn();
    assert.deepEqual(client.fault(await client.execute("iscsi adapter get", { adapter: "vmhba9" })), [
      "EsxCLI.CLIFault.summary",
      "VimEsxCLICLIFault",
      "Invalid adapter specified or unable to get adapter.",
    ]);
    assert.equal(client.fault(await client.execute("iscsi adapter bake"))[1], "NotFound");
    const older = await loggedIn({}, { model: "6.7" });
    const params = { adapter: "vmhba64" };
    assert.equal(older.client.fault(await older.client.execute("rdma iser params set", params))[1], "NotFound");
    assert.deepEqual(older.client.fault(await older.client.execute("rdma iser add", { device: "vmrdma0" })).slice(1), [
      "InvalidArgument",
      "device",
    ]);
  });

  it("is strict about moid, version, names, values and what is required, and then does nothing", async () => {
    const { client, host } = await loggedIn();
    const before = host.dump();
    const moid = "ha-cli-handler-rdma-iser";
    const method = "vim.EsxCLI.rdma.iser.add";
    const device = ["device", "<device>vmrdma0</device>"] as const;
    const kind = async (...call: Parameters<SoapClient["executeRaw"]>) =>
      client
        .fault(await client.executeRaw(...call))
        .slice(1)
        .join(" ");
    assert.equal(await kind("ha-cli-handler-rdma", method, [device]), "ManagedObjectNotFound");
    assert.equal(await kind(moid, method, [device], "ha-host", "urn:vim25/6.0"), "InvalidArgument version");
    assert.equal(await kind(moid, method, [["d", "<d>vmrdma0</d>"]]), "InvalidArgument d");
    for (const val of [
      "vmrdma0",
      "<other>vmrdma0</other>",
      "<device>R&D</device>",
      "<device>a<b/></device>",
      "<device>",
      "",
    ])
      assert.equal(await kind(moid, method, [["device", val]]), "InvalidArgument device", val);
    assert.equal(await kind(moid, method, [device, device]), "InvalidArgument device");
    const vmk = "ha-cli-handler-network-ip-interface";
    const set = "vim.EsxCLI.network.ip.interface.set";
    const name = ["interfacename", "<interfacename>vmk1</interfacename>"] as const;
    assert.equal(await kind(vmk, set, [name, ["mtu", "<mtu>big</mtu>"]]), "InvalidArgument mtu");
    assert.equal(await kind(vmk, set, [name, ["enabled", "<enabled>yes</enabled>"]]), "InvalidArgument enabled");
    assert.equal(await kind(vmk, set, [["mtu", "<mtu>9000</mtu>"]]), "InvalidArgument interfacename");
    assert.equal(host.dump(), before);
    assert.equal(host.counters.writes, 0);
  });

  it("refuses what is no call, objects that are not there and methods that they have not", async () => {
    const { client } = await loggedIn();
    assert.equal(refusal(await client.post("<no")), "InvalidRequest");
    assert.equal(refusal(await client.post("<Envelope/>")), "InvalidRequest");
    assert.equal(refusal(await client.call("Bake", "HostSystem:ha-host")), "InvalidRequest");
    const executer = "RetrieveManagedMethodExecuter";
    assert.equal(refusal(await client.call(executer, "HostSystem:host-9")), "ManagedObjectNotFound");
    assert.equal(refusal(await client.call(executer, "Folder:ha-folder-root")), "MethodNotFound");
    assert.equal((await client.exchange("POST", "/other")).status, 404);
    assert.equal((await client.exchange("GET", "/sdk")).status, 405);
    const limited = await loggedIn({ mayExecute: false });
    assert.equal(refusal(await limited.client.call(executer, "HostSystem:ha-host")), "NoPermission");
    assert.equal(refusal(await limited.client.execute("system time get")), "NoPermission");
  });

  it("tells the options that the build has of a namespace's commands", async () => {
    const info = async (client: SoapClient, namespace: string) =>
      client.executeRaw("ha-dynamic-type-manager-local-cli-cliinfo", "vim.CLIInfo.FetchCLIInfo", [
        ["typeName", `<typeName>vim.EsxCLI.${namespace}</typeName>`],
      ]);
    const options = async (model: "6.7" | "8.0") => {
      const { client } = await loggedIn({}, { model });
      const document = client.response(await info(client, "rdma.iser"));
      assert.ok(document);
      const methods = names(document, "method").filter(({ children }) => children[0]?.text === "add");
      return methods.flatMap((method) => names(method, "param")).map((one) => one.children.map(({ text }) => text));
    };
    assert.deepEqual(
      (await options("8.0")).map(([name, , , ...rest]) => [name, ...rest]),
      [["device", "-d", "--device", "false"]],
    );
    assert.deepEqual(await options("6.7"), []);
    const { client } = await loggedIn();
    assert.equal(client.fault(await info(client, "no.such"))[1], "NotFound");
  });

  it("lets the faults of the host befall a command", async () => {
    const { client, host, endpoint } = await loggedIn();
    const match = "system hostname get";
    host.faults.add({ match, kind: "fail", message: "No." });
    assert.deepEqual(client.fault(await client.execute(match)).slice(1), ["VimEsxCLICLIFault", "No."]);
    host.faults.add({ match, kind: "truncate" });
    assert.equal(client.response(await client.execute(match)), undefined);
    host.faults.add({ match, kind: "slow", delayMs: 1 });
    assert.ok(client.response(await client.execute(match)));
    for (const kind of ["dropBefore", "dropAfter", "reboot"] as const) {
      host.faults.add({ match, kind });
      await assert.rejects(client.execute(match), { code: "ECONNRESET" });
    }
    assert.equal(endpoint.sessions, 0);
    await client.login();
    const write = "rdma iser add";
    host.faults.add({ match: write, kind: "hangAfter" });
    const hanging = assert.rejects(client.execute(write), { code: "ECONNRESET" });
    while (host.state.iscsiAdapters.length === 0) await new Promise((resolve) => setImmediate(resolve));
    endpoint.dropConnections();
    await hanging;
  });

  it("stays there where SSH is off", async () => {
    const simulator = await startSimulator({ ssh: false });
    started.push(simulator);
    assert.equal(simulator.open, 0);
    const client = await connected(await startVsphere(simulator.host, { roundTripMs: 1, callMs: 1 }));
    assert.equal((await client.login()).status, 200);
    assert.ok(client.response(await client.execute("system hostname get")));
  });
});

describe("a simulated vCenter", () => {
  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.close()));
  });

  const filter = (type: string, id: string, path: string, more = "") =>
    `<specSet><propSet><type>HostSystem</type><pathSet>${path}</pathSet></propSet><objectSet><obj type="${type}">${escaped(id)}</obj>${more}</objectSet></specSet>`;

  it("finds a host by its name, its address and its hardware, and runs the command on that one", async () => {
    const { client, first, second } = await onVcenter();
    const search = async (method: string, given: Readonly<Record<string, string>>) => {
      const { body } = await client.call(method, "SearchIndex:SearchIndex", texts({ ...given, vmSearch: "false" }));
      return names(body, "returnval").map(({ text }) => text);
    };
    assert.deepEqual(await search("FindByDnsName", { dnsName: "ESX01.lab" }), ["host-11"]);
    assert.deepEqual(await search("FindByIp", { ip: "192.168.10.12" }), ["host-77"]);
    assert.deepEqual(await search("FindByDnsName", { dnsName: "esx09.lab" }), []);
    const uuid = await client.call(
      "RetrieveProperties",
      "PropertyCollector:propertyCollector",
      filter("HostSystem", "host-77", "hardware.systemInfo.uuid"),
    );
    assert.deepEqual(await search("FindByUuid", { uuid: find(uuid.body, "val").text }), ["host-77"]);
    const executer = await client.call("RetrieveManagedMethodExecuter", "HostSystem:host-77");
    assert.equal(find(executer.body, "returnval").attributes.type, "ReflectManagedMethodExecuter");
    await client.execute("rdma iser add", {}, "host-77");
    assert.deepEqual([first.state.iscsiAdapters.length, second.state.iscsiAdapters.length], [0, 2]);
  });

  it("shows its hosts in a view, in as many pages as are wanted", async () => {
    const { client } = await onVcenter();
    const view = await client.call(
      "CreateContainerView",
      "ViewManager:ViewManager",
      '<container type="Folder">group-d1</container><type>HostSystem</type><recursive>true</recursive>',
    );
    const id = find(view.body, "returnval").text;
    const traversal =
      '<skip>true</skip><selectSet xsi:type="TraversalSpec"><type>ContainerView</type><path>view</path></selectSet>';
    const collector = "PropertyCollector:propertyCollector";
    const first = await client.call(
      "RetrievePropertiesEx",
      collector,
      `${filter("ContainerView", id, "name", traversal)}<options><maxObjects>1</maxObjects></options>`,
    );
    const second = await client.call(
      "ContinueRetrievePropertiesEx",
      collector,
      texts({ token: find(first.body, "token").text }),
    );
    assert.deepEqual(
      [first, second].map(({ body }) => [find(body, "obj").text, find(body, "val").text]),
      [
        ["host-11", "esx01.lab"],
        ["host-77", "192.168.10.12"],
      ],
    );
    assert.deepEqual(names(second.body, "token"), []);
    assert.equal((await client.call("DestroyView", `ContainerView:${id}`)).status, 200);
    assert.equal(refusal(await client.call("DestroyView", `ContainerView:${id}`)), "ManagedObjectNotFound");
    const unknown = await client.call("RetrieveProperties", collector, filter("HostSystem", "host-11", "no.such"));
    assert.equal(refusal(unknown), "InvalidProperty");
  });
});
