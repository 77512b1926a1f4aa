import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { type HostView, lookAt } from "../../../src/cli/hostView.js";
import { planFleet } from "../../../src/cli/simulate/fleet.js";
import { interpret } from "../../../src/esxcli/run.js";
import { type HostOptions, type Model, models, SimulatedHost } from "../../../src/simulator/index.js";
import { resolveTarget } from "../../../src/transport/credentials.js";
import { connect } from "../../../src/transport/ssh.js";
import { render } from "../../../src/transport/sshLine.js";
import { type ByHand, chap, setUpByHand, storage, storageAddress, storageTarget } from "../../support/iserHost.js";
import { Simulation, stopAll } from "../../support/simulations.js";

const name = "esx07.lab";

/** As JSON has it. */
async function viewOf(host: SimulatedHost): Promise<HostView> {
  const view = await lookAt(async (command) => {
    const { line, stdin } = render(command);
    return interpret(command, host.execute(line, stdin), name);
  }, name);
  return JSON.parse(JSON.stringify(view));
}

interface Original extends ByHand {
  readonly options?: HostOptions;
  /** What is done after it was set up. */
  readonly hand?: readonly string[];
  readonly later?: (host: SimulatedHost) => void;
  /** A rescan of the host that was made from it finds the same. */
  readonly rescans?: false;
}

const nics = [{ name: "vmnic0", driver: "ixgben" }, { name: "vmnic4" }, { name: "vmnic5" }];
const third = { nics: [...nics, { name: "vmnic6", pause: { rx: false } }] };
const portalAndName = `-a ${storageAddress}:3260 -n ${storageTarget}`;
const otherTarget = "iqn.2010-09.lab.storage:another";

const originals: Readonly<Record<string, Original>> = {
  "that is set up whole": {},
  "that is bare": { cards: {} },
  "without RDMA devices": { cards: {}, options: { rdmaDevices: [] } },
  "without a binding": { bind: false },
  "without discovery": { discover: false },
  "whose logins are refused": { chap: false },
  "with CHAP both ways": {
    chap: false,
    options: {
      storage: [
        {
          address: storageAddress,
          targets: [
            { name: storageTarget, chap: { ...chap, mutual: { name: "array", secret: "simulated-mutual-secret" } } },
          ],
        },
      ],
    },
    hand: ["vmhba64", "vmhba65"].flatMap((vmhba) => [
      `iscsi adapter auth chap set -A ${vmhba} -d uni -l required -N ${chap.name} -S ${chap.secret}`,
      `iscsi adapter auth chap set -A ${vmhba} -d mutual -l required -N array -S simulated-mutual-secret`,
      `storage core adapter rescan -A ${vmhba}`,
    ]),
  },
  "with settings at each scope": {
    hand: [
      "iscsi adapter param set -A vmhba64 -k LoginTimeout -v 20",
      `iscsi adapter discovery sendtarget param set -A vmhba64 -a ${storageAddress} -k NoopOutInterval -v 30`,
      `iscsi adapter target portal param set -A vmhba65 ${portalAndName} -k RecoveryTimeout -v 60`,
      `iscsi adapter discovery sendtarget auth chap set -A vmhba65 -a ${storageAddress} -d uni -l preferred -N own -S own-secret-of-lab`,
      `iscsi adapter target portal auth chap set -A vmhba64 ${portalAndName} -d uni -l required -N ${chap.name} -S ${chap.secret}`,
      "iscsi adapter set -A vmhba64 -n iqn.1998-01.com.vmware:named",
      "iscsi adapter set -A vmhba65 -a second",
    ],
  },
  "with static targets": {
    discover: false,
    hand: ["vmhba64", "vmhba65"].map(
      (vmhba) => `iscsi adapter discovery statictarget add -A ${vmhba} ${portalAndName}`,
    ),
  },
  "with targets and LUNs of several portals": {
    options: {
      storage: [
        ...storage,
        {
          address: "192.168.50.101",
          port: 3261,
          targets: [
            {
              name: otherTarget,
              chap,
              luns: [{ device: "naa.600000000000000000000000000000aa", sizeMb: 2048, lun: 7 }],
            },
            { name: "iqn.2010-09.lab.storage:empty", chap, luns: [] },
          ],
        },
      ],
    },
    hand: [
      "iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.101:3261",
      "storage core adapter rescan --all",
    ],
  },
  "with a network of its own": {
    options: third,
    hand: [
      "network vswitch standard uplink add -v vSwitch1 -u vmnic6",
      "network vswitch standard policy failover set -v vSwitch1 -a vmnic4 -s vmnic6",
      "network vswitch standard portgroup policy failover set -p iser-b -a vmnic5 -l explicit -b false -n false -f beacon",
      "network vswitch standard set -v vSwitch2 -m 9000 -c both",
      "network vswitch standard portgroup set -p iser-b -v 50",
      "network vswitch standard add -v vSwitch9",
      "network ip interface set -i vmk2 -m 9000",
      "network ip interface ipv6 address add -i vmk1 -I fd00::11/64",
      "network ip interface ipv4 set -i vmk0 -t dhcp -P true",
      "network nic pauseParams set -n vmnic5 -r false -t false",
    ],
    rescans: false,
  },
  "with parameters of modules": {
    hand: [
      "system module parameters set -m nmlx5_core -p 'pfctx=0x08 pfcrx=0x08'",
      "system module set -m vrdma -e false",
    ],
  },
  "whose card has no link": {
    later: ({ state }) => {
      for (const device of state.rdmaDevices) if (device.name === "vmrdma0") device.state = "Down";
      for (const nic of state.nics) if (nic.name === "vmnic4") nic.linkUp = false;
    },
    rescans: false,
  },
  "whose storage is gone since": {
    later: (host) => {
      host.state.storage = [];
      host.execute("esxcli storage core adapter rescan --all");
    },
  },
  "whose adapters have changed numbers": { later: (host) => host.reboot({ swapAdapters: ["vmhba64", "vmhba67"] }) },
  "that does not say whose an adapter is": { options: { unknowns: { adapterDevice: "none" } } },
};

describe("a simulated host that is made of what was discovered", function () {
  this.timeout(180_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "esxi-iser-from-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(stopAll);

  const fileOf = (content: unknown) => {
    const file = join(folder, "from.json");
    writeFileSync(file, JSON.stringify(content));
    return file;
  };
  const original = (model: Model, { options, hand = [], later, ...parts }: Original): SimulatedHost => {
    const host = new SimulatedHost({ storage, ...options, model, name });
    setUpByHand(host, parts);
    for (const line of hand) {
      const { status, stdout } = host.execute(`esxcli ${line}`);
      assert.equal(status, 0, `${line}: ${stdout}`);
    }
    later?.(host);
    return host;
  };
  const copies = (content: unknown, model: Model) => {
    const { hosts, ...rest } = planFleet({ from: fileOf(content), model });
    const made = hosts.map(({ options, prepare, ...plan }) => {
      const host = new SimulatedHost({ ...options, name: plan.name });
      prepare(host);
      return host;
    });
    return { made, hosts, ...rest };
  };

  for (const model of models)
    for (const [what, how] of Object.entries(originals))
      it(`shows the same as one ${what}, on ${model}`, async () => {
        const before = await viewOf(original(model, how));
        const { made, notes } = copies(before, model);
        assert.deepEqual(notes, []);
        const [copy] = made;
        assert.ok(copy);
        assert.deepEqual(await viewOf(copy), before);
        if (how.rescans === false || how.later !== undefined) return;
        assert.equal(copy.execute("esxcli storage core adapter rescan --all").status, 0);
        const states = ({ adapters }: HostView) => adapters.map(({ sessions, targets }) => [sessions, targets]);
        assert.deepEqual(states(await viewOf(copy)), states(before));
      });

  for (const model of models)
    it(`is reached, changed and saved again, on ${model}`, async () => {
      const before = await viewOf(original(model, {}));
      const saved = join(folder, "saved.json");
      const args = ["--json", "--model", model, "--from", fileOf([{ host: name, found: before }]), "--save", saved];
      const simulation = await Simulation.start(args);
      const [host] = simulation.shown.hosts;
      assert.ok(host, simulation.stderr);
      assert.deepEqual([host.name, host.model], [name, model]);
      assert.deepEqual(
        simulation.shown.chap.map((one) => one.name),
        [chap.name],
      );
      const hostKey = host.fingerprint;
      const target = { host: host.address, port: host.port, password: host.password, hostKey };
      const session = await connect(resolveTarget(target, { get: () => undefined }, {}));
      const seen = await lookAt(async (command) => interpret(command, await session.execute(command), name), name);
      session.close();
      assert.deepEqual(JSON.parse(JSON.stringify(seen)), before);
      assert.equal(await simulation.stop(), 0, simulation.stderr);
      assert.deepEqual(JSON.parse(readFileSync(saved, "utf8")), [{ host: name, found: before }]);
    });

  it("is there for each view of a document, by the name that was looked at", async () => {
    const view = await viewOf(original("8.0", {}));
    const names = (content: unknown, hosts?: number) =>
      planFleet({ from: fileOf(content), ...(hosts === undefined ? {} : { hosts }) }).hosts.map((host) => host.name);
    assert.deepEqual(names(view), [name]);
    assert.deepEqual(names(view, 2), [name, "esx08.lab"]);
    assert.deepEqual(names([view, { ...view, host: "esx12.lab" }]), [name, "esx12.lab"]);
    assert.deepEqual(names([{ host: "esx09.lab", found: { ...view, host: undefined } }]), ["esx09.lab"]);
    // Addresses make no names.
    const byAddress = ["192.168.1.7", "fd00::8"].map((host) => ({ ...view, host }));
    assert.deepEqual(names(byAddress), ["esx01.lab", "esx02.lab"]);
  });

  it("passes over what it does not know, and does with what there is", async () => {
    const { made } = copies({ devices: [{ name: "vmrdma0", pairedUplink: "vmnic4" }], later: { more: true } }, "8.0");
    const view = await viewOf(made[0] as SimulatedHost);
    assert.deepEqual([view.devices.map((one) => one.pairedUplink), view.adapters, view.switches], [["vmnic4"], [], []]);
  });

  it("says what of a host is not simulated", async () => {
    const view = await viewOf(original("8.0", {}));
    const vmk = { name: "vmk5", portGroup: "N/A", vdsName: "DSwitch", mtu: 1500 };
    const sessions = view.adapters[0]?.sessions.map((one) => ({
      ...one,
      connections: [{ ...one.connections[0], state: "free" }],
    }));
    const [first, ...more] = view.adapters;
    const { made, notes } = copies(
      {
        ...view,
        interfaces: [...view.interfaces, vmk],
        adapters: [{ ...first, sessions }, ...more.map((one) => ({ ...one, device: undefined }))],
      },
      "8.0",
    );
    const said = [
      "vmk5 is left out: ",
      "vmhba65 belongs to no RDMA device: ",
      "every connection is shown as logged_in: ",
    ];
    assert.deepEqual(
      notes.map((text, at) => text.startsWith(`${name}: ${said[at]}`)),
      [true, true, true],
      notes.join("\n"),
    );
    assert.deepEqual(
      made[0]?.state.interfaces.map((one) => one.name),
      ["vmk0", "vmk1", "vmk2"],
    );
  });

  it("makes up secrets that the adapters and the storage share", async () => {
    const [host] = copies(await viewOf(original("8.0", {})), "8.0").made;
    assert.ok(host);
    host.reboot();
    assert.deepEqual(
      host.state.iscsiAdapters.map(({ sessions }) => sessions.map(({ authentication }) => authentication)),
      [["chap"], ["chap"]],
    );
    assert.ok(!JSON.stringify(host.state).includes(chap.secret));
  });

  for (const [what, content, words] of [
    ["has no RDMA devices listed", { host: name }, /devices: must be the list of RDMA devices/],
    ["has a field of another kind", { devices: [], switches: [{ name: 5 }] }, /switches\[0\]\.name: must be a text/],
    ["is an empty list", [], /has no host/],
    ["is a number", 5, /expected object/i],
  ] as const)
    it(`refuses a document that ${what}`, () => {
      assert.throws(() => copies(content, "8.0"), { code: "INPUT_INVALID", message: words });
    });
});
