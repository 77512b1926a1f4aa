import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { z } from "zod";
import { type ErrorCode, IserError } from "../../../src/errors.js";
import { type EsxcliCommand, type HostCommand, describe as shown } from "../../../src/esxcli/command.js";
import { said } from "../../../src/esxcli/output.js";
import { define } from "../../../src/resources/definition.js";
import type { Reach } from "../../../src/resources/hostWork.js";
import { Lifecycle } from "../../../src/resources/lifecycle.js";
import { Run } from "../../../src/resources/peers.js";
import type { Outcome, Session } from "../../../src/transport/session.js";

/** The simplest thing a host could have: lamps by name, each with a colour and a code that cannot be read back. */
interface Lamp {
  readonly name: string;
  readonly colour?: string;
  readonly code?: string;
}

const list: EsxcliCommand<ReadonlyMap<string, string>> = {
  kind: "esxcli",
  path: "lamp list",
  args: [],
  effect: "read",
  decode: (stdout) => new Map(Object.entries(JSON.parse(stdout) as Record<string, string>)),
};
const write = (path: string, name: string, colour?: string): EsxcliCommand => ({
  kind: "esxcli",
  path,
  args: [{ name: "name", value: name }, ...(colour === undefined ? [] : [{ name: "colour", value: colour }])],
  effect: "write",
  decode: said,
});

const lamp = define<Lamp, ReadonlyMap<string, string>, { readonly existed: boolean; readonly colour: string }>({
  type: "Lamp",
  fields: { name: z.string(), colour: z.string().optional(), code: z.string().optional() },
  identity: ["name"],
  secrets: ["code"],
  outputs: ["lit", "warmth"],
  status: ["warmth"],
  settleSeconds: 1,
  id: ({ name }) => name,
  lanes: async (_ask, { name }) => [name],
  observe: (ask) => ask(list),
  exists: (have, { name }) => have.has(name),
  plan: (have, { name, colour = "white", code }, { last }) => [
    ...(have.has(name) ? [] : [write("lamp add", name)]),
    ...(have.get(name) === colour ? [] : [write("lamp paint", name, colour)]),
    ...(code === undefined || code === last?.code ? [] : [write("lamp code", name)]),
  ],
  record: (have, { name }) => ({ existed: have.has(name), colour: have.get(name) ?? "white" }),
  current: (have, { name }) => ({ colour: have.get(name) ?? "" }),
  report: (have, { name }) => ({ lit: have.has(name), warmth: have.size }),
  remove: (have, { name }, { existed, colour }) => {
    if (!existed) return { commands: [write("lamp remove", name)], notes: ["it was warm."] };
    return { commands: have.get(name) === colour ? [] : [write("lamp paint", name, colour)] };
  },
});

/** A host with lamps. What is in `trouble` happens to the next commands that match. */
class LampHost implements Reach {
  readonly lamps: Record<string, string> = {};
  readonly run: string[] = [];
  readonly lanes: string[] = [];
  readonly notices: string[] = [];
  trouble: {
    readonly command: RegExp;
    readonly before?: ErrorCode;
    readonly after?: ErrorCode;
    readonly says?: Outcome;
  }[] = [];
  /** How many listings still show the state before the last write. */
  lag = 0;
  connections = 0;
  slept = 0;

  async use<T>(_host: unknown, work: (session: Session) => Promise<T>): Promise<T> {
    this.connections += 1;
    return work({ host: "esx01.lab", open: true, hasShell: true, execute: (command) => this.execute(command) });
  }
  async inTurn<T>(_host: unknown, lanes: readonly string[], work: () => Promise<T>): Promise<T> {
    this.lanes.push(...lanes);
    return work();
  }
  async sleep(milliseconds: number) {
    this.slept += milliseconds;
  }
  now() {
    return new Date();
  }
  notice(text: string) {
    this.notices.push(text);
  }

  private shown = "{}";
  private async execute(command: HostCommand): Promise<Outcome> {
    this.run.push(shown(command));
    const index = this.trouble.findIndex((trouble) => trouble.command.test(shown(command)));
    const [trouble] = index < 0 ? [] : this.trouble.splice(index, 1);
    if (trouble?.before) throw problem(trouble.before);
    if (trouble?.says) return trouble.says;
    const stdout = this.effect(command as EsxcliCommand);
    if (trouble?.after) throw problem(trouble.after);
    return { status: 0, stdout, stderr: "" };
  }
  private effect({ path, args }: EsxcliCommand): string {
    const [name = "", colour = "white"] = args.map(({ value }) => String(value));
    if (path === "lamp list") {
      if (this.lag > 0) this.lag -= 1;
      else this.shown = JSON.stringify(this.lamps);
      return this.shown;
    }
    if (path === "lamp remove") delete this.lamps[name];
    else if (path !== "lamp code") this.lamps[name] = colour;
    return "";
  }
  get writes() {
    return this.run.filter((line) => !line.includes("lamp list"));
  }
}

const problem = (code: ErrorCode) => new IserError(code, { host: "esx01.lab", problem: "it went wrong", cure: "Try." });
type HalfDone = IserError & { id: string; properties: Record<string, unknown>; reasons: string[] };

describe("the lifecycle", () => {
  let host: LampHost;
  let life: Lifecycle;
  const red = { host: "ESX01.lab", name: "a", colour: "red" };
  const failure = async (work: Promise<unknown>): Promise<HalfDone> =>
    work.then(
      () => assert.fail("it did not fail"),
      (error) => error as HalfDone,
    );

  beforeEach(() => {
    host = new LampHost();
    life = new Lifecycle(lamp, host);
  });

  it("creates, with outputs from the last observation and an id like a path", async () => {
    const { id, outs } = await life.create(red);
    assert.equal(id, "esx01.lab/a");
    assert.deepEqual(host.writes, ["esxcli lamp add --name=a", "esxcli lamp paint --name=a --colour=red"]);
    const { instance, ...rest } = outs;
    assert.equal(typeof instance, "string");
    assert.deepEqual(rest, { ...red, lit: true, warmth: 1, before: { existed: false, colour: "white" } });
    assert.deepEqual(host.lanes, ["a"]);
  });

  it("writes nothing when what is declared is there, and leaves it at delete", async () => {
    host.lamps.a = "red";
    const { id, outs } = await life.create(red);
    await life.delete(id, outs);
    assert.deepEqual([host.writes, host.lamps], [[], { a: "red" }]);
  });

  it("gives back what was there before it was changed, over several updates", async () => {
    host.lamps.a = "blue";
    host.lamps.b = "green";
    const { id, outs } = await life.create(red);
    const { outs: later } = await life.update(outs, { ...red, colour: "pink" });
    await life.delete(id, later);
    assert.deepEqual(host.lamps, { a: "blue", b: "green" });
  });

  it("removes what it made, tells what there is to tell, and takes its absence for success", async () => {
    const { id, outs } = await life.create(red);
    await life.delete(id, outs);
    await life.delete(id, outs);
    assert.deepEqual(host.lamps, {});
    assert.deepEqual(host.notices, ["esx01.lab: Lamp esx01.lab/a: it was warm."]);
  });

  it("sees drift of just the property that drifted", async () => {
    const { id, outs } = await life.create(red);
    host.lamps.a = "blue";
    const { props, inputs } = await life.read(id, outs);
    assert.deepEqual(props, { ...outs, colour: "blue" });
    assert.deepEqual(inputs, { ...red, colour: "blue" });
    assert.equal(life.diff(props, red).changes, true);
  });

  it("takes a status that changed by itself for no drift, and takes it over with a change that is one", async () => {
    const { id, outs } = await life.create(red);
    host.lamps.b = "green";
    assert.deepEqual((await life.read(id, outs)).props, outs);
    host.lamps.a = "blue";
    assert.deepEqual((await life.read(id, outs)).props, { ...outs, colour: "blue", warmth: 2 });
  });

  it("finds it absent only when the listing succeeded and lacks it", async () => {
    const { id, outs } = await life.create(red);
    delete host.lamps.a;
    assert.equal((await life.read(id, outs)).id, "");
    host.trouble = [{ command: /list/, says: { status: 1, stdout: "Unable to list lamps", stderr: "" } }];
    assert.equal((await failure(life.read(id, outs))).code, "COMMAND_FAILED");
  });

  it("does not ask the host for a change of credentials", async () => {
    const { outs } = await life.create(red);
    const before = host.connections;
    const news = { ...red, host: { host: "esx01.lab", user: "admin" } };
    assert.equal(life.diff(outs, news).changes, true);
    assert.deepEqual((await life.update(outs, news)).outs, { ...outs, ...news });
    assert.equal(host.connections, before);
  });

  it("writes a secret when it differs from the one in state, and only then", async () => {
    const coded = { ...red, code: "one" };
    const { outs } = await life.create(coded);
    await life.update(outs, { ...coded, colour: "blue" });
    await life.update({ ...outs, colour: "blue" }, { ...coded, colour: "blue", code: "two" });
    assert.equal(host.writes.filter((line) => line.includes("lamp code")).length, 2);
  });

  describe("when something fails", () => {
    it("before the first write, keeps nothing", async () => {
      host.trouble = [{ command: /list/, before: "HOST_UNREACHABLE" }];
      assert.equal((await failure(life.create(red))).id, undefined);
    });

    it("halfway, keeps what was done and what was before, and the next up goes on", async () => {
      host.lamps.a = "blue";
      host.trouble = [{ command: /code/, says: { status: 1, stdout: "Lamp is hot", stderr: "" } }];
      const coded = { ...red, code: "one" };
      const error = await failure(life.create(coded));
      assert.deepEqual([error.id, error.reasons.length], ["esx01.lab/a", 1]);
      assert.deepEqual(error.properties.before, { existed: true, colour: "blue" });
      // The engine calls update after a failed create, although nothing differs; after a refresh only if diff says so.
      assert.equal(life.diff(error.properties, coded).changes, true);
      const { outs } = await life.update(error.properties, coded);
      assert.equal(outs.unfinished, undefined);
      assert.equal(host.writes.filter((line) => line.includes("lamp code")).length, 2);
      await life.delete(error.id, outs);
      assert.deepEqual(host.lamps, { a: "blue" });
    });

    for (const when of ["before", "after"] as const)
      it(`observes again when the connection is lost ${when} the effect of a write, and writes nothing twice`, async () => {
        host.trouble = [{ command: /add/, [when]: "CONNECTION_LOST" }];
        const { outs } = await life.create(red);
        assert.deepEqual(host.lamps, { a: "red" });
        assert.equal(host.writes.filter((line) => line.includes("add")).length, when === "before" ? 2 : 1);
        assert.deepEqual(outs.before, { existed: false, colour: "white" });
      });

    it("gives up after three connections", async () => {
      host.trouble = Array.from({ length: 9 }, () => ({ command: /list/, before: "CONNECTION_LOST" as const }));
      assert.equal((await failure(life.create(red))).code, "CONNECTION_LOST");
      assert.equal(host.connections, 3);
    });

    it("does not repeat anything else", async () => {
      host.trouble = [{ command: /add/, before: "COMMAND_TIMEOUT" }];
      assert.equal((await failure(life.create(red))).code, "COMMAND_TIMEOUT");
      assert.equal(host.connections, 1);
    });
  });

  describe("when the host is slow to show a change", () => {
    it("waits for it", async () => {
      host.lag = 3;
      const { outs } = await life.create(red);
      assert.equal(outs.lit, true);
      assert.ok(host.slept > 0);
    });

    it("waits no longer than it may, and says what is left to do", async () => {
      const { outs } = await life.create(red);
      host.trouble = [{ command: /paint/, says: { status: 0, stdout: "", stderr: "" } }];
      const error = await failure(life.update(outs, { ...red, colour: "blue" }));
      assert.equal(error.code, "NOT_CONVERGED");
      assert.match(error.message, /still to do: esxcli lamp paint --name=a --colour=blue/);
      assert.ok(host.slept >= 1000 && host.slept < 3000, String(host.slept));
    });
  });

  it("leaves an object to the resource of another name that was made for it in the same run", async () => {
    const { id, outs } = await life.create(red);
    const later = new Lifecycle(lamp, host);
    const renamed = await later.create(red);
    assert.equal(renamed.id, id);
    await later.delete(id, outs);
    assert.deepEqual(host.lamps, { a: "red" });
    assert.match(host.notices.join(), /left to another resource of this program/);
  });

  it("is deleted before it is made again where it is replaced by itself", async () => {
    const { id, outs } = await life.create(red);
    const later = new Lifecycle(lamp, host);
    await later.delete(id, outs);
    const { outs: again } = await later.create(red);
    assert.deepEqual(again.before, { existed: false, colour: "white" });
  });

  it("does not wait for what a reboot must bring first", async () => {
    host.trouble = [{ command: /add/, says: { status: 0, stdout: "Added. (Reboot Required)", stderr: "" } }];
    const { outs } = await life.create({ ...red, colour: "white" });
    assert.deepEqual([outs.lit, host.slept], [false, 0]);
  });

  it("tells that a reboot is required, and does not wait for it", async () => {
    const { id, outs } = await life.create(red);
    host.trouble = [{ command: /remove/, says: { status: 0, stdout: "Removed. (Reboot Required)", stderr: "" } }];
    await life.delete(id, outs);
    assert.match(host.notices[0] ?? "", /gone after the next reboot/);
    assert.equal(host.slept, 0);
  });
});

/** A lamp on a pole that somebody else puts up, which takes a while to glow. */
const pole = define<
  { readonly name: string; readonly height?: number },
  ReadonlyMap<string, string>,
  Record<string, never>
>({
  type: "Pole",
  fields: { name: z.string(), height: z.number().optional() },
  identity: ["name"],
  outputs: ["seen"],
  settleSeconds: 5,
  awaits: ["TARGET_NOT_FOUND"],
  rules: ({ height }, _given, beside) =>
    beside("Pole").some((other) => other.height === height)
      ? [{ field: "height", reason: "is taken; give another." }]
      : [],
  id: ({ name }) => name,
  lanes: async (_ask, { name }) => [`pole ${name}`],
  observe: (ask) => ask(list),
  exists: (have, { name }) => have.has(name),
  plan(have, { name }, { last }) {
    if (!have.has(name)) throw problem("TARGET_NOT_FOUND");
    return last === undefined ? [write("lamp code", name)] : [];
  },
  record: () => ({}),
  current: () => ({}),
  report: (have, _inputs, { wrote, was }) => ({ seen: `${was.seen ?? ""}${wrote ? "w" : "r"}${have.size}` }),
  rests: (have) => have.size > 1,
  remarks: (have) => [`${have.size} lamps glow.`],
  remove: () => ({ commands: [] }),
});

describe("the lifecycle of what depends on what others do", () => {
  let host: LampHost;
  let life: Lifecycle;
  const a = { host: "esx01.lab", name: "a" };
  beforeEach(() => {
    host = new LampHost();
    life = new Lifecycle(pole, host);
  });
  const afterSleeps = (sleeps: number, act: () => void) => {
    const { sleep } = host;
    let left = sleeps;
    host.sleep = async (milliseconds) => {
      await sleep.call(host, milliseconds);
      left -= 1;
      if (left === 0) act();
    };
  };

  it("waits for what has not appeared yet, holding no lane meanwhile", async () => {
    afterSleeps(3, () => Object.assign(host.lamps, { a: "red", b: "red" }));
    await life.create(a);
    assert.deepEqual(host.writes, ["esxcli lamp code --name=a"]);
    assert.equal(host.lanes.length, 4);
  });

  it("waits no longer than it may, and then says what is missing", async () => {
    await assert.rejects(life.create(a), { code: "TARGET_NOT_FOUND" });
    assert.equal(host.slept, 5000);
    assert.deepEqual(host.writes, []);
  });

  it("lets the host come to rest after a write, and tells how it is then", async () => {
    host.lamps.a = "red";
    afterSleeps(2, () => Object.assign(host.lamps, { b: "red" }));
    const { outs } = await life.create(a);
    assert.equal(outs.seen, "w2");
    assert.deepEqual(host.notices, ["esx01.lab: Pole esx01.lab/a: 2 lamps glow."]);
  });

  it("takes a host that does not come to rest as it is", async () => {
    host.lamps.a = "red";
    const { outs } = await life.create(a);
    assert.deepEqual([outs.seen, host.slept], ["w1", 5000]);
  });

  it("keeps what it reported the last time, and tells nothing where nothing was written", async () => {
    host.lamps.a = "red";
    const { id, outs } = await life.create(a);
    host.notices.length = 0;
    assert.equal((await life.read(id, outs)).props.seen, "w1r1");
    assert.deepEqual(host.notices, []);
  });

  it("judges a resource by what else is declared on the same host, and by itself only once", () => {
    const low = { ...a, height: 3 };
    assert.deepEqual(life.check(low).failures, []);
    assert.deepEqual(life.check(low).failures, []);
    assert.deepEqual(life.check({ ...low, host: "esx02.lab", name: "b" }).failures, []);
    assert.deepEqual(life.check({ ...low, name: "b" }).failures, [
      { property: "height", reason: "esx01.lab: Pole: height is taken; give another." },
    ]);
  });
});

describe("the lifecycle where several resources are for the same", () => {
  let host: LampHost;
  let run: Run;
  let life: Lifecycle;
  const red = { host: "esx01.lab", name: "a", colour: "red" };
  beforeEach(() => {
    host = new LampHost();
    run = new Run();
    life = new Lifecycle(lamp, host, run);
  });
  /** The next run of the program: a process of its own. */
  const later = () => {
    run = new Run();
    life = new Lifecycle(lamp, host, run);
  };

  it("leaves an object to the one that is still declared, when a rename was interrupted in an earlier run", async () => {
    const { id, outs } = await life.create(red);
    const { outs: renamed } = await life.create(red).catch(async () => new Lifecycle(lamp, host).create(red));
    later();
    assert.equal(life.diff(renamed, red).changes, false);
    await life.delete(id, outs);
    assert.deepEqual(host.lamps, { a: "red" });
    assert.match(host.notices.join(), /left to another resource/);
    later();
    await life.delete(id, renamed);
    assert.deepEqual(host.lamps, { a: "red" });
  });

  it("gives it back when both are deleted", async () => {
    const { id, outs } = await life.create(red);
    const { outs: twin } = await new Lifecycle(lamp, host).create(red);
    later();
    await life.delete(id, twin);
    await life.delete(id, outs);
    assert.deepEqual(host.lamps, {});
  });

  it("does not make the second of two in one run", async () => {
    await life.create(red);
    const writes = host.writes.length;
    await assert.rejects(life.create({ ...red, colour: "blue" }), {
      code: "DECLARED_TWICE",
      message: /two resources of this program are Lamp esx01\.lab\/a/,
    });
    assert.equal(host.writes.length, writes);
  });

  it("does what leaves nothing as often as it is declared", async () => {
    const light = new Lifecycle({ ...lamp, leavesNothing: true }, host, run);
    await light.create(red);
    await light.create({ ...red, colour: "blue" });
    assert.deepEqual(host.lamps, { a: "blue" });
  });

  it("makes it again after a create that failed", async () => {
    host.trouble = [{ command: /add/, says: { status: 1, stdout: "No socket", stderr: "" } }];
    await assert.rejects(life.create(red), { code: "COMMAND_FAILED" });
    await life.create(red);
    assert.deepEqual(host.lamps, { a: "red" });
  });

  it("knows an object by its other names", async () => {
    const spelt = new Lifecycle({ ...lamp, spellings: () => [{ name: "alpha" }, { name: "a" }] }, host, run);
    const { id, outs } = await spelt.create(red);
    const { outs: respelt } = await new Lifecycle(lamp, host).create({ ...red, name: "alpha" });
    later();
    life.diff(respelt, { ...red, name: "alpha" });
    const again = new Lifecycle({ ...lamp, spellings: () => [{ name: "alpha" }, { name: "a" }] }, host, run);
    again.diff(respelt, { ...red, name: "alpha" });
    await again.delete(id, outs);
    assert.equal(host.lamps.a, "red");
  });

  it("refuses, in the preview, to replace under the same id what it did not make", async () => {
    host.lamps.a = "red";
    const placed = { ...lamp, identity: ["name", "colour"] as const };
    const life = new Lifecycle(placed, host);
    const { outs } = await life.create(red);
    assert.throws(() => life.diff(outs, { ...red, colour: "blue" }), {
      code: "FOUND_NOT_MADE",
      message: /esx01\.lab: Lamp: colour changed[\s\S]*It was there before/,
    });
    delete host.lamps.a;
    const next = new Lifecycle(placed, host);
    const { outs: made } = await next.create(red);
    assert.deepEqual(next.diff(made, { ...red, colour: "blue" }).replaces, ["colour"]);
  });
});

describe("the lifecycle, giving back,", () => {
  let host: LampHost;
  const red = { host: "esx01.lab", name: "a", colour: "red" };
  const undoing = (remove: typeof lamp.remove, changes: Partial<typeof lamp> = {}) =>
    new Lifecycle({ ...lamp, ...changes, remove }, host);
  beforeEach(() => {
    host = new LampHost();
  });

  it("waits for what goes in the same run, and takes it as it is then", async () => {
    let looks = 0;
    const life = undoing((_have, { name }) => {
      looks += 1;
      return looks < 3
        ? { commands: [], notes: ["somebody holds it."], wait: true }
        : { commands: looks > 3 ? [] : [write("lamp remove", name)] };
    });
    const { id, outs } = await life.create(red);
    await life.delete(id, outs);
    assert.deepEqual([host.lamps, host.notices], [{}, []]);
  });

  it("waits no longer than it may", async () => {
    const life = undoing(() => ({ commands: [], notes: ["somebody holds it."], wait: true }));
    const { id, outs } = await life.create(red);
    await life.delete(id, outs);
    assert.deepEqual(host.notices, ["esx01.lab: Lamp esx01.lab/a: somebody holds it."]);
    assert.equal(host.slept, 1000);
  });

  const bluePaint: typeof lamp.remove = (have, { name }) => ({
    commands: [],
    attempts: have.get(name) === "blue" ? [] : [write("lamp paint", name, "blue")],
  });

  it("tells a refusal of what may be refused, and goes on", async () => {
    const life = undoing((_have, { name }) => ({ commands: [], attempts: [write("lamp paint", name, "blue")] }));
    const { id, outs } = await life.create(red);
    host.trouble = [{ command: /paint/, says: { status: 1, stdout: "Lamp is hot", stderr: "" } }];
    await life.delete(id, outs);
    assert.match(host.notices.join(), /not given back: [\s\S]*Lamp is hot/);
  });

  it("looks at what came of it where the answer of what may be refused is not understood", async () => {
    const life = undoing(bluePaint);
    const { id, outs } = await life.create(red);
    host.trouble = [{ command: /paint/, says: { status: 0, stdout: "<output><root>", stderr: "" } }];
    await life.delete(id, outs);
    assert.match(host.notices.join(), /does not show it/);
    assert.doesNotMatch(host.notices.join(), /was not understood/);
  });

  it("tells what the host took and does not show", async () => {
    const life = undoing(bluePaint);
    const { id, outs } = await life.create(red);
    host.trouble = [{ command: /paint/, says: { status: 0, stdout: "", stderr: "" } }];
    await life.delete(id, outs);
    assert.match(host.notices.join(), /the host took `esxcli lamp paint --name=a --colour=blue`, but does not show it/);
    host.notices.length = 0;
    await life.delete(id, outs);
    assert.deepEqual(host.notices, []);
  });

  it("hands on what another resource may give back later in the same run", async () => {
    const run = new Run();
    const small = new Lifecycle({ ...lamp, remove: () => ({ commands: [], leaves: { a: 9000 } }) }, host, run);
    const { id, outs } = await small.create(red);
    await small.delete(id, outs);
    let left: unknown;
    const large = new Lifecycle(
      {
        ...lamp,
        type: "Mast",
        remove: (_have, _inputs, _before, peers) => {
          left = peers.left.get("a");
          return { commands: [] };
        },
      },
      host,
      run,
    );
    const mast = await large.create(red);
    await large.delete(mast.id, mast.outs);
    assert.equal(left, 9000);
  });

  it("asks no host where nothing is left of it", async () => {
    const life = undoing(() => assert.fail("there is nothing to undo"), { leavesNothing: true });
    const { id, outs } = await life.create(red);
    const { connections } = host;
    await life.delete(id, outs);
    assert.equal(host.connections, connections);
  });

  it("forgets what was before of a field that is no longer declared", async () => {
    host.lamps.a = "blue";
    const life = undoing(lamp.remove, {
      record: (have, { name, colour }) =>
        ({
          existed: have.has(name),
          ...(colour === undefined ? {} : { colour: have.get(name) ?? "" }),
        }) as { existed: boolean; colour: string },
    });
    const { outs } = await life.create(red);
    assert.deepEqual(outs.before, { existed: true, colour: "blue" });
    const { outs: without } = await life.update(outs, { host: "esx01.lab", name: "a" });
    assert.deepEqual(without.before, { existed: true });
    host.lamps.a = "green";
    const { outs: again } = await life.update(without, red);
    assert.deepEqual(again.before, { existed: true, colour: "green" });
  });

  it("says how to go on without a host that is gone for good", async () => {
    const life = undoing(lamp.remove);
    const { id, outs } = await life.create(red);
    host.trouble = [{ command: /list/, before: "HOST_UNREACHABLE" }];
    await assert.rejects(life.delete(id, outs), { code: "HOST_UNREACHABLE", message: /pulumi state delete/ });
  });
});
