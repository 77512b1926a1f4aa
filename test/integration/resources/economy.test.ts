import assert from "node:assert/strict";
import { setImmediate as soon } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import type { AnyDefinition, Properties } from "../../../src/resources/inputs.js";
import { iscsiParameters } from "../../../src/resources/iscsiParameters.js";
import { iserAdapter } from "../../../src/resources/iserAdapter.js";
import { Lifecycle } from "../../../src/resources/lifecycle.js";
import { pauseParams } from "../../../src/resources/pauseParams.js";
import { Run } from "../../../src/resources/peers.js";
import { portBinding } from "../../../src/resources/portBinding.js";
import { portGroup } from "../../../src/resources/portGroup.js";
import { SshReach } from "../../../src/resources/reach.js";
import { rescan } from "../../../src/resources/rescan.js";
import { roceParams } from "../../../src/resources/roceParams.js";
import { virtualSwitch } from "../../../src/resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../../src/resources/vmkernelAdapter.js";
import type { JournalEntry } from "../../../src/simulator/index.js";
import type { SshTarget } from "../../../src/transport/credentials.js";
import { Pool } from "../../../src/transport/pool.js";
import type { Session } from "../../../src/transport/session.js";
import { Lab } from "../../support/lab.js";
import { transports } from "../../support/served.js";

const secret = "simulated-chap-secret";
const target = { name: "iqn.2010-09.lab.storage:iser-a", chap: { name: "esx01", secret } };

/** A resource of the procedure, and which others are made before it. */
interface Step {
  readonly definition: AnyDefinition;
  readonly as: string;
  readonly inputs: object;
  readonly after: readonly string[];
}

/** Everything that is declared for one path, as an administrator does it by hand. */
function path(letter: "a" | "b"): readonly Step[] {
  const at = letter === "a" ? 0 : 1;
  const [adapter, name, vmk, network] = [`vmrdma${at}`, `iser-${letter}`, `vmk${at + 1}`, `192.168.${50 + at}`];
  const step = (definition: AnyDefinition, inputs: object, ...after: AnyDefinition[]): Step => ({
    definition,
    as: `${definition.type} ${letter}`,
    inputs,
    after: after.map(({ type }) => `${type} ${letter}`),
  });
  const parameters = { LoginTimeout: "30", NoopOutInterval: "30", NoopOutTimeout: "30", DelayedAck: "false" };
  return [
    step(virtualSwitch, { name, uplinks: [adapter], mtu: 9000 }),
    step(portGroup, { name, virtualSwitch: name, vlanId: 50, activeUplinks: [adapter] }, virtualSwitch),
    step(
      vmkernelAdapter,
      { name: vmk, portGroup: name, mtu: 9000, ipv4: { address: `${network}.11`, netmask: "255.255.255.0" } },
      portGroup,
    ),
    step(pauseParams, { nic: adapter, rx: false, tx: false }),
    step(iserAdapter, { device: adapter }),
    step(adapterProperties, { adapter, alias: name }, iserAdapter),
    step(roceParams, { adapter, version: "v2" }, iserAdapter),
    step(chap, { adapter, level: "required", name: "esx01", secret }, iserAdapter),
    step(iscsiParameters, { adapter, parameters }, iserAdapter),
    step(portBinding, { adapter, vmkernelAdapter: vmk }, iserAdapter, vmkernelAdapter),
    step(discoveryAddress, { adapter, address: `${network}.100` }, portBinding, chap),
  ];
}

const procedure: readonly Step[] = [
  ...path("a"),
  ...path("b"),
  { definition: rescan, as: "Rescan", inputs: {}, after: ["DiscoveryAddress a", "DiscoveryAddress b"] },
];

/** Holds back what is asked until nothing more is asked without the answers, and counts how often. */
class Rounds extends Pool {
  count = 0;
  private readonly counted = new WeakMap<Session, Session>();
  private waiting: (() => void)[] = [];
  private isCollecting = false;

  override use<T>(target: SshTarget, work: (session: Session) => Promise<T>): Promise<T> {
    return super.use(target, (session) => work(this.wrapped(session)));
  }

  private wrapped(session: Session): Session {
    const wrapped = this.counted.get(session) ?? {
      host: session.host,
      open: true,
      hasShell: session.hasShell,
      execute: async (command) => {
        await this.turn();
        return session.execute(command);
      },
    };
    this.counted.set(session, wrapped);
    return wrapped;
  }

  private async turn(): Promise<void> {
    const released = new Promise<void>((resolve) => this.waiting.push(resolve));
    if (!this.isCollecting) {
      this.isCollecting = true;
      for (let turns = 0; turns < 20; turns += 1) await soon();
      this.isCollecting = false;
      this.count += 1;
      for (const release of this.waiting.splice(0)) release();
    }
    return released;
  }
}

for (const transport of transports)
  describe(`what the whole procedure asks of a host, ${transport === "ssh" ? "over SSH" : "through the vSphere API"}`, function () {
    this.timeout(180_000);
    let lab: Lab;
    const reaches: SshReach[] = [];

    beforeEach(async () => {
      const storage = ["192.168.50.100", "192.168.51.100"].map((address) => ({ address, targets: [target] }));
      lab = await Lab.start({ model: "8.0", switches: [], portGroups: [], vmkernelAdapters: [], storage }, transport);
    });
    afterEach(async () => {
      for (const reach of reaches.splice(0)) await reach.close();
      await lab.close();
    });

    /** The lifecycles of one provider process. */
    const newProcess = (pool = new Pool()) => {
      const reach = new SshReach(pool);
      reach.notice = () => undefined;
      reaches.push(reach);
      const run = new Run();
      return new Map(procedure.map((step) => [step.as, new Lifecycle(step.definition, reach, run)] as const));
    };
    const lifeOf = (lives: ReadonlyMap<string, Lifecycle>, { as }: Step) => lives.get(as) as Lifecycle;
    const settings = () => ({ host: lab.settings });

    /** Each as soon as what it needs is there, as the engine does. */
    const inOrder = async <T>(needs: (step: Step) => readonly string[], work: (step: Step) => Promise<T>) => {
      const done = new Map<string, Promise<T>>();
      const start = (step: Step): Promise<T> => {
        const all = procedure.filter(({ as }) => needs(step).includes(as)).map(start);
        const own = done.get(step.as) ?? Promise.all(all).then(() => work(step));
        done.set(step.as, own);
        return own;
      };
      return new Map(await Promise.all(procedure.map(async (step) => [step.as, await start(step)] as const)));
    };
    const create = () => {
      const lives = newProcess();
      return inOrder(
        ({ after }) => after,
        (step) => {
          const { inputs, failures } = lifeOf(lives, step).check({ ...settings(), ...step.inputs });
          assert.deepEqual(failures, []);
          return lifeOf(lives, step).create(inputs);
        },
      );
    };
    type Made = Awaited<ReturnType<typeof create>>;
    const outsOf = (made: Made, { as }: Step) => made.get(as) as { id: string; outs: Properties };

    /** What is seen of what is done: esxcli processes or managed-method calls, connections and logins. */
    const asked = async (work: () => Promise<unknown>) => {
      const [start, before] = [lab.host.journal.length, { ...lab.counters }];
      await work();
      const entries = lab.host.journal.slice(start).filter(({ line }) => /^(esxcli|FetchCLIInfo) /.test(line));
      const connections = lab.counters.connections - before.connections;
      return { entries, connections, logins: lab.counters.logins - before.logins };
    };
    /** One login, over SSH on one connection. HTTPS has one for each call at once. */
    const isOneLogin = ({ connections, logins }: { connections: number; logins: number }) => {
      assert.equal(logins, 1);
      if (transport === "ssh") assert.equal(connections, 1);
    };
    const writesOf = (entries: readonly JournalEntry[]) => entries.filter(({ effect }) => effect === "write");

    it("is one login and little beside the writes, to make it", async () => {
      const seen = await asked(create);
      const writes = writesOf(seen.entries).length;
      isOneLogin(seen);
      assert.equal(writes, 41);
      // One look at what is there before the first write of each kind, and one after each: see docs/performance.md.
      assert.ok(seen.entries.length <= 2 * writes + 17, `${seen.entries.length} commands for ${writes} writes`);
    });

    it("is one login, each question once and three round trips, to look for drift", async () => {
      const made = await create();
      const pool = new Rounds();
      const lives = newProcess(pool);
      const seen = await asked(() =>
        Promise.all(
          procedure.map(async (step) => {
            const { id, outs } = outsOf(made, step);
            assert.deepEqual((await lifeOf(lives, step).read(id, outs)).props, outs);
          }),
        ),
      );
      const lines = seen.entries.map(({ line }) => line);
      assert.deepEqual(lines, [...new Set(lines)]);
      assert.deepEqual(writesOf(seen.entries), []);
      isOneLogin(seen);
      assert.ok(pool.count <= 3, `${pool.count} round trips`);
    });

    it("is no more to look at a resource after another, as the engine gets to them", async () => {
      const made = await create();
      const lives = newProcess();
      const { entries } = await asked(async () => {
        for (const step of procedure) {
          const { id, outs } = outsOf(made, step);
          assert.deepEqual((await lifeOf(lives, step).read(id, outs)).props, outs);
        }
      });
      const lines = entries.map(({ line }) => line);
      assert.deepEqual(lines, [...new Set(lines)]);
    });

    it("is nothing for what has not changed", async () => {
      const made = await create();
      const lives = newProcess();
      const seen = await asked(async () => {
        for (const step of procedure) {
          const life = lifeOf(lives, step);
          const { inputs } = life.check({ ...settings(), ...step.inputs });
          assert.equal(life.diff(outsOf(made, step).outs, inputs).changes, false);
        }
      });
      assert.deepEqual(seen, { entries: [], connections: 0, logins: 0 });
    });

    it("is one login, to destroy it, and the host is as it was", async () => {
      const bare = lab.host.dump();
      const made = await create();
      const lives = newProcess();
      const needs = ({ as }: Step) => procedure.filter(({ after }) => after.includes(as)).map((step) => step.as);
      const seen = await asked(() =>
        inOrder(needs, (step) => lifeOf(lives, step).delete(outsOf(made, step).id, outsOf(made, step).outs)),
      );
      assert.equal(lab.host.dump(), bare);
      isOneLogin(seen);
      // Of each path: four parameters, and one each of what else was made or set.
      assert.equal(writesOf(seen.entries).length, 28);
    });
  });
