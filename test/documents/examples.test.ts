import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { HostOptions, StorageOptions } from "../../src/simulator/index.js";
import type { Config, Stack } from "../../tools/engine/pulumi.js";
import { setUp } from "../support/flatten.js";
import { asUser, quickStack } from "../support/quickStack.js";
import { type Served, serve, type Transport } from "../support/served.js";

const repository = join(__dirname, "../..");
const examples = join(repository, "examples");
const password = "simulated-root-password";
const secrets = {
  production: "simulated-chap-production",
  archive: "simulated-chap-archive",
  scratch: "simulated-chap-scratch",
  mutual: "simulated-chap-mutual",
};
const iqn = (label: string) => `iqn.2010-09.lab.storage:${label}`;
const device = (number: number) => ({ device: `naa.6000000000000000000000000000000${number}`, sizeMb: 102_400 });

/** Free cards and a management network: everything for storage has to be made. */
const bare: HostOptions = {
  switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
  portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
  vmkernelAdapters: [
    { name: "vmk0", portGroup: "Management Network", ipv4: { address: "192.168.1.11", netmask: "255.255.255.0" } },
  ],
};
/** One storage system with a port on the network of each path. */
const twoPorts = (...labels: string[]): readonly StorageOptions[] =>
  ["192.168.50.100", "192.168.51.100"].map((address) => ({
    address,
    targets: labels.map((label, at) => ({ name: iqn(label), luns: [device(at + 1)] })),
  }));

/** A simulated host, as a check looks at it. */
class Lab {
  private readonly bareDump: string;

  private constructor(
    readonly server: Served,
    prelude: readonly string[],
  ) {
    for (const line of prelude) this.hand(line);
    this.bareDump = this.host.dump();
    // From here on the journal is of what the program does.
    this.host.journal.length = 0;
  }

  static async start({ prelude = [], ...options }: SimulatedHost, transport: Transport): Promise<Lab> {
    return new Lab(await serve({ ...options, password }, transport), prelude);
  }

  get host() {
    return this.server.host;
  }

  /** Runs a line as an administrator does. */
  hand(line: string): string {
    const { status, stdout } = this.host.execute(line);
    assert.equal(status, 0, `${line}: ${stdout}`);
    return stdout;
  }

  /** The sessions: over which card and VMkernel adapter, to what, and how it was authenticated. */
  sessions(): string[] {
    return this.host.state.iscsiAdapters
      .flatMap(({ device, sessions }) =>
        sessions.map(({ vmk, target, address, authentication }) =>
          [device, vmk, `${target}@${address}`, authentication].join(" "),
        ),
      )
      .sort();
  }

  mtuOf(vmk: string): { vmk: number | undefined; carrier: number | undefined } {
    const { interfaces, portGroups, switches } = this.host.state;
    const found = interfaces.find(({ name }) => name === vmk);
    const carrier = portGroups.find(({ name }) => name === found?.portGroup)?.virtualSwitch;
    return { vmk: found?.mtu, carrier: switches.find(({ name }) => name === carrier)?.mtu };
  }

  writes(): string[] {
    return this.host.journal.filter(({ effect }) => effect === "write").map(({ line }) => line);
  }

  isAsBefore(): void {
    assert.equal(this.host.dump(), this.bareDump);
  }
}

interface SimulatedHost extends HostOptions {
  /** What an administrator had set before. */
  readonly prelude?: readonly string[];
}

interface Example {
  readonly folder: string;
  /** Where the folder has several. */
  readonly variant?: string;
  /** Where its Pulumi.yaml is, if not in the folder. */
  readonly project?: string;
  readonly hosts: readonly [SimulatedHost, ...SimulatedHost[]];
  /** Beside what says where the host is. */
  readonly config?: (labs: readonly Lab[]) => Config;
  readonly check: (labs: readonly [Lab, ...Lab[]], outputs: Record<string, unknown>, stdout: string) => void;
  /** After destroy, beside that the hosts are as before. */
  readonly checkDestroyed?: (labs: readonly [Lab, ...Lab[]]) => void;
}

const table: readonly Example[] = [
  {
    folder: "single-host",
    hosts: [{ ...bare, storage: twoPorts("databases") }],
    check: ([lab], { devices }) => {
      assert.deepEqual(lab.sessions(), [`vmrdma0 vmk1 ${iqn("databases")}@192.168.50.100 none`]);
      assert.deepEqual(devices, [device(1).device]);
      assert.match(lab.hand("esxcli network vswitch standard list -v vSwitch1"), /Uplinks: vmnic4\n/);
    },
  },
  {
    folder: "single-host",
    variant: "on the host of `esxi-iser simulate`, whose network is there",
    hosts: [{}],
    check: ([lab]) => assert.deepEqual(lab.sessions(), [`vmrdma0 vmk1 ${iqn("iser-a")}@192.168.50.100 none`]),
  },
  {
    folder: "quickstart",
    project: repository,
    hosts: [
      {
        storage: [
          {
            address: "192.168.50.100",
            targets: [{ name: iqn("iser-a"), chap: { name: "esx01", secret: secrets.production } }],
          },
        ],
      },
    ],
    config: () => ({ chapSecret: { secret: secrets.production } }),
    check: ([lab], { vmhba }) => {
      assert.equal(vmhba, "vmhba64");
      assert.deepEqual(lab.sessions(), [`vmrdma0 vmk1 ${iqn("iser-a")}@192.168.50.100 chap`]);
    },
  },
  {
    folder: "multipath",
    hosts: [{ ...bare, storage: twoPorts("databases") }],
    check: ([lab], { paths }) => {
      assert.deepEqual(lab.sessions(), [
        `vmrdma0 vmk1 ${iqn("databases")}@192.168.50.100 none`,
        `vmrdma1 vmk2 ${iqn("databases")}@192.168.51.100 none`,
      ]);
      assert.deepEqual(paths, { [device(1).device]: 2 });
      assert.equal(lab.hand("esxcli storage core path list").split(`Device: ${device(1).device}\n`).length - 1, 2);
    },
  },
  {
    folder: "chap-per-target",
    hosts: [
      {
        ...bare,
        storage: [
          {
            address: "192.168.50.100",
            targets: [{ name: iqn("production"), chap: { name: "esx01", secret: secrets.production } }],
          },
          {
            address: "192.168.50.101",
            targets: [{ name: iqn("archive"), chap: { name: "esx01-archive", secret: secrets.archive } }],
          },
          {
            address: "192.168.50.102",
            targets: [
              {
                name: iqn("scratch"),
                chap: {
                  name: "esx01-scratch",
                  secret: secrets.scratch,
                  mutual: { name: "scratch", secret: secrets.mutual },
                },
              },
            ],
          },
        ],
      },
    ],
    config: () => ({
      productionSecret: { secret: secrets.production },
      archiveSecret: { secret: secrets.archive },
      scratchSecret: { secret: secrets.scratch },
      scratchMutualSecret: { secret: secrets.mutual },
    }),
    check: ([lab]) => {
      assert.deepEqual(lab.sessions(), [
        `vmrdma0 vmk1 ${iqn("archive")}@192.168.50.101 chap`,
        `vmrdma0 vmk1 ${iqn("production")}@192.168.50.100 chap`,
        `vmrdma0 vmk1 ${iqn("scratch")}@192.168.50.102 mutual chap`,
      ]);
      const journal = JSON.stringify(lab.host.journal);
      for (const secret of Object.values(secrets)) assert.ok(!journal.includes(secret));
    },
  },
  {
    folder: "static-targets",
    hosts: [{ ...bare, storage: twoPorts("databases", "machines") }],
    check: ([lab], { devices }) => {
      assert.deepEqual(lab.sessions(), [
        `vmrdma0 vmk1 ${iqn("databases")}@192.168.50.100 none`,
        `vmrdma0 vmk1 ${iqn("machines")}@192.168.50.100 none`,
        `vmrdma1 vmk2 ${iqn("databases")}@192.168.51.100 none`,
        `vmrdma1 vmk2 ${iqn("machines")}@192.168.51.100 none`,
      ]);
      assert.equal(lab.hand("esxcli iscsi adapter discovery sendtarget list"), "");
      assert.deepEqual(devices, [device(1).device, device(2).device]);
    },
  },
  {
    folder: "jumbo-frames-and-flow-control",
    variant: "with priority flow control",
    hosts: [
      {
        ...bare,
        storage: twoPorts("databases"),
        prelude: ["esxcli system module parameters set -m nmlx5_core -p max_vfs=4"],
      },
    ],
    check: ([lab], _outputs, stdout) => {
      assert.deepEqual(lab.sessions(), [`vmrdma0 vmk1 ${iqn("databases")}@192.168.50.100 none`]);
      assert.deepEqual(lab.mtuOf("vmk1"), { vmk: 9000, carrier: 9000 });
      const core = lab.hand("esxcli system module parameters list -m nmlx5_core");
      assert.match(core, /max_vfs +int +4 [\s\S]*pfcrx +int +0x08 [\s\S]*pfctx +int +0x08 [\s\S]*trust_state +int +2 /);
      assert.match(lab.hand("esxcli system module parameters list -m nmlx5_rdma"), /dscp_force +int +26 /);
      assert.match(stdout, /takes effect at the next reboot/);
    },
  },
  {
    folder: "jumbo-frames-and-flow-control",
    variant: "with global pause",
    hosts: [
      {
        ...bare,
        storage: twoPorts("databases"),
        prelude: ["esxcli network nic pauseParams set -n vmnic4 --rx false --tx false"],
      },
    ],
    config: () => ({ flowControl: "pause" }),
    check: ([lab]) => {
      assert.deepEqual(lab.mtuOf("vmk1"), { vmk: 9000, carrier: 9000 });
      assert.match(lab.hand("esxcli network nic pauseParams list -n vmnic4"), /vmnic4 +true +true +true/);
      assert.doesNotMatch(lab.hand("esxcli system module parameters list -m nmlx5_core"), /0x08/);
    },
  },
  {
    folder: "unit-test",
    hosts: [
      {
        ...bare,
        storage: [
          {
            address: "192.168.50.100",
            targets: [{ name: iqn("databases"), chap: { name: "esx01", secret: secrets.production } }],
          },
        ],
      },
    ],
    config: () => ({ chapSecret: { secret: secrets.production } }),
    check: ([lab]) => {
      assert.deepEqual(lab.sessions(), [`vmrdma0 vmk1 ${iqn("databases")}@192.168.50.100 chap`]);
      assert.deepEqual(lab.mtuOf("vmk1"), { vmk: 9000, carrier: 9000 });
    },
  },
  {
    folder: "cluster",
    hosts: eight((number) => ({
      ...bare,
      name: `esx0${number}.lab`,
      storage: twoPorts("databases"),
      ...(number === 7
        ? {
            nics: ["vmnic0", "vmnic4", "vmnic5", "vmnic6", "vmnic7"].map((name) => ({ name })),
            rdmaDevices: [4, 5, 6, 7].map((nic) => ({ name: `vmrdma${nic - 4}`, uplink: `vmnic${nic}` })),
          }
        : {}),
    })),
    config: (labs) => ({
      connections: Object.fromEntries(labs.map(({ server }, at) => [`esx0${at + 1}.lab`, server.settings])),
    }),
    check: (labs, { iqns }) => {
      for (const [at, lab] of labs.entries()) {
        const [a, b] = at === 6 ? ["vmrdma2", "vmrdma3"] : ["vmrdma0", "vmrdma1"];
        assert.deepEqual(lab.sessions(), [
          `${a} vmk1 ${iqn("databases")}@192.168.50.100 none`,
          `${b} vmk2 ${iqn("databases")}@192.168.51.100 none`,
        ]);
        const mtu = at === 7 ? 1500 : 9000;
        assert.deepEqual(lab.mtuOf("vmk2"), { vmk: mtu, carrier: mtu });
        assert.match(
          lab.hand("esxcli network ip interface ipv4 get -i vmk1"),
          new RegExp(`192\\.168\\.50\\.1${at + 1} `),
        );
        assert.equal(lab.server.visits, 1);
      }
      assert.deepEqual(
        Object.keys(iqns as object),
        labs.map((_, at) => `esx0${at + 1}.lab`),
      );
    },
  },
  {
    folder: "adopt",
    hosts: [
      {
        storage: twoPorts("databases"),
        prelude: [
          "esxcli network vswitch standard set -v vSwitch1 -m 9000",
          "esxcli network ip interface set -i vmk1 -m 9000",
          "esxcli rdma iser add -d vmrdma0",
          "esxcli iscsi adapter set -A vmhba64 -a storage-a",
          "esxcli iscsi adapter param set -A vmhba64 -k RecoveryTimeout -v 25",
          "esxcli iscsi networkportal add -A vmhba64 -n vmk1",
          "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100",
          "esxcli iscsi adapter discovery rediscover -A vmhba64",
        ],
      },
    ],
    check: ([lab], { vmhba }) => {
      assert.equal(vmhba, "vmhba64");
      lab.isAsBefore();
    },
    checkDestroyed: ([lab]) => assert.deepEqual(lab.writes(), []),
  },
];

/** Those that the table does not run as the others, each with a test below or elsewhere. */
const special = ["composed", "many-stacks"];

function eight(make: (number: number) => SimulatedHost): readonly [SimulatedHost, ...SimulatedHost[]] {
  return [make(1), ...[2, 3, 4, 5, 6, 7, 8].map(make)];
}

describe("the examples", () => {
  const folders = readdirSync(examples, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  it("are all run", () => {
    const run = new Set([...table.map(({ folder }) => folder), ...special]);
    assert.deepEqual(folders.sort(), [...run].sort());
  });

  for (const folder of folders.filter((name) => name !== "quickstart"))
    it(`have a project, a program and an explanation in ${folder}`, () => {
      for (const file of ["Pulumi.yaml", "index.ts", "README.md", "tsconfig.json"])
        assert.ok(existsSync(join(examples, folder, file)), file);
      // The engine wants a value for each key that is named there without a default.
      assert.doesNotMatch(readFileSync(join(examples, folder, "Pulumi.yaml"), "utf8"), /^ {2}(port|transport):/m);
    });
});

for (const [at, { folder, variant, project, hosts, config, check, checkDestroyed }] of table.entries())
  describe(`the example ${[folder, variant].filter(Boolean).join(" ")}, on the real engine`, function () {
    this.timeout(600_000);
    let labs: readonly [Lab, ...Lab[]];
    let stack: Stack;
    /** What the hosts were over SSH. */
    let done: string[];
    const start = async (transport: Transport) => {
      const [first, ...others] = hosts;
      const all = Promise.all(others.map((options) => Lab.start(options, transport)));
      labs = [await Lab.start(first, transport), ...(await all)];
    };
    const close = () => Promise.all((labs ?? []).map(({ server }) => server.close()));
    const configured = (): Config => {
      const { hostKey, thumbprint, ...connection } = labs[0].server.settings;
      const pin = hostKey ? { "esxi-iser:hostKey": hostKey } : { "esxi-iser:thumbprint": thumbprint };
      return { ...(labs.length === 1 ? { ...connection, ...pin } : {}), ...config?.(labs) };
    };
    const visits = () => labs.map(({ server }) => server.visits);
    const all = <T>(value: T) => labs.map(() => value);

    before(async () => {
      await start("ssh");
      stack = await quickStack(
        project ?? join(examples, folder),
        { "esxi-iser:password": { secret: password }, ...configured() },
        { timeoutMs: 300_000 },
      );
    });
    after(async () => {
      stack?.dispose();
      await close();
    });

    it("has a preview that asks no host", async () => {
      // Once as a user has it, who waits for the types: `npm run types` checks those of all examples, with the same options.
      const { changes } = await stack.preview(at === 0 ? asUser : {});
      assert.ok(changes.length > 0);
      assert.deepEqual(new Set(changes.map(({ op }) => op)), new Set(["create"]));
      assert.deepEqual(visits(), all(0));
    });

    it("does what it says", async () => {
      const { stdout } = await stack.up();
      check(labs, await stack.outputs(), stdout);
      done = labs.map(({ host }) => setUp(host));
    });

    it("changes nothing and asks no host the second time", async () => {
      const before = visits();
      assert.deepEqual((await stack.up()).changes, []);
      assert.deepEqual(visits(), before);
    });

    const destroys = async () => {
      await stack.destroy();
      for (const lab of labs) lab.isAsBefore();
      checkDestroyed?.(labs);
    };
    it("leaves the hosts as they were", destroys);

    it("does the same over the vSphere API, told by config, by one login a host", async () => {
      await close();
      await start("vsphere");
      await stack.setConfig(configured());
      const { stdout } = await stack.up();
      check(labs, await stack.outputs(), stdout);
      assert.deepEqual(
        labs.map(({ host }) => setUp(host)),
        done,
      );
      assert.deepEqual(visits(), all(1));
      assert.deepEqual(
        labs.map(({ server }) => server.open),
        all(0),
      );
    });

    it("leaves the hosts as they were over the vSphere API, and nobody logged in", async () => {
      await destroys();
      assert.deepEqual(
        labs.map(({ server }) => server.open),
        all(0),
      );
    });
  });
