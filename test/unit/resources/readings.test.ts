import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { type EsxcliCommand, type HostCommand, describe as shown } from "../../../src/esxcli/command.js";
import { said } from "../../../src/esxcli/output.js";
import { type Freshness, Readings } from "../../../src/resources/readings.js";
import type { Outcome, Session } from "../../../src/transport/session.js";

const question = (path: string, more: Partial<EsxcliCommand<string>> = {}): EsxcliCommand<string> => ({
  kind: "esxcli",
  path,
  args: [],
  effect: "read",
  decode: (stdout) => stdout,
  ...more,
});
const write = (path: string, args: EsxcliCommand["args"] = []): EsxcliCommand => ({
  kind: "esxcli",
  path,
  args,
  effect: "write",
  decode: said,
});

const switches = question("network vswitch standard list");
const chapOf = (adapter: string, direction: string) =>
  question("iscsi adapter auth chap get", {
    args: [
      { name: "adapter", value: adapter },
      { name: "direction", value: direction },
    ],
  });
const addSwitch = write("network vswitch standard add", [{ name: "vswitch-name", value: "a" }]);
const setAlias = write("iscsi adapter set", [{ name: "adapter", value: "vmhba64" }]);

/** A connection whose answers are numbered, in the order in which they were asked for. */
class Line implements Session {
  readonly hasShell = true;
  readonly host = "esx01.lab";
  readonly open = true;
  readonly asked: string[] = [];
  /** What is held back until it is called. */
  readonly held: (() => void)[] = [];
  hold = false;
  status = 0;

  async execute(command: HostCommand): Promise<Outcome> {
    this.asked.push(shown(command));
    const outcome = { status: this.status, stdout: String(this.asked.length), stderr: "" };
    if (this.hold) await new Promise<void>((resolve) => this.held.push(resolve));
    return outcome;
  }
}

describe("what was read of a host", () => {
  let line: Line;
  let now: number;
  let readings: Readings;
  const look = (asked: EsxcliCommand<string>, freshness: Freshness = "recent", session: Session = line) =>
    readings.observe(session, freshness).ask(asked);

  beforeEach(() => {
    line = new Line();
    now = 1_000_000;
    readings = new Readings(() => now);
  });

  it("is asked once for all who ask at the same time, and after", async () => {
    assert.deepEqual(await Promise.all([look(switches), look(switches)]), ["1", "1"]);
    assert.equal(await look(switches), "1");
  });

  it("is the same within an observation, whatever is written meanwhile", async () => {
    const { ask } = readings.observe(line, "now");
    assert.equal(await ask(switches), "1");
    await readings.write(line, addSwitch);
    assert.equal(await ask(switches), "1");
  });

  it("is asked again after a write that may have changed it, and not after another", async () => {
    await look(switches);
    await readings.write(line, setAlias);
    assert.equal(await look(switches), "1");
    await readings.write(line, addSwitch);
    assert.equal(await look(switches), "4");
  });

  it("is asked again after a write that nobody knows", async () => {
    await look(switches);
    await readings.write(line, write("network something set"));
    assert.equal(await look(switches), "3");
  });

  it("is of the object that was asked about: a write to another adapter, or direction, leaves it", async () => {
    const set = (adapter: string, direction: string) =>
      write("iscsi adapter auth chap set", chapOf(adapter, direction).args);
    await look(chapOf("vmhba64", "uni"));
    await readings.write(line, set("vmhba65", "uni"));
    await readings.write(line, set("vmhba64", "mutual"));
    assert.equal(await look(chapOf("vmhba64", "uni")), "1");
    await readings.write(line, set("vmhba64", "uni"));
    assert.equal(await look(chapOf("vmhba64", "uni")), "5");
  });

  it("is not used by others when it was asked before a write that ends later", async () => {
    line.hold = true;
    const before = look(switches);
    const writing = readings.write(line, addSwitch);
    for (const release of line.held.splice(0)) release();
    await Promise.all([before, writing]);
    line.hold = false;
    assert.deepEqual([await before, await look(switches)], ["1", "3"]);
  });

  it("is asked when a write that may change it is over, once for all who wait, and at once beside another", async () => {
    line.hold = true;
    const writing = readings.write(line, addSwitch);
    const waiting = [look(switches), look(switches), look(switches, "now")];
    const chap = look(chapOf("vmhba64", "uni"));
    await new Promise(setImmediate);
    assert.deepEqual(line.asked, [shown(addSwitch), shown(chapOf("vmhba64", "uni"))]);
    line.hold = false;
    for (const release of line.held) release();
    await writing;
    assert.deepEqual(await Promise.all([...waiting, chap]), ["3", "3", "4", "2"]);
  });

  it("is unknown after a write that failed, whatever it was", async () => {
    await look(switches);
    line.status = 1;
    await readings.write(line, setAlias);
    line.status = 0;
    assert.equal(await look(switches), "3");
  });

  it("is unknown after a write of which nobody knows how it ended", async () => {
    await look(switches);
    const broken: Session = { ...line, execute: () => Promise.reject(new Error("the connection ended")) };
    await assert.rejects(readings.write(broken, setAlias));
    assert.equal(await look(switches), "2");
  });

  it("is too old after 15 seconds for a change, and never in a run that only looks, but for clocks", async () => {
    const clock = question("system time get", { fleeting: true });
    await Promise.all([look(switches), look(clock)]);
    now += 15_000;
    assert.deepEqual([await look(switches), await look(clock)], ["1", "2"]);
    now += 1;
    assert.deepEqual([await look(switches, "run"), await look(clock, "run")], ["1", "3"]);
    assert.equal(await look(switches), "4");
  });

  it("is asked anew by who wants to know how it is now, and what that says is used by others", async () => {
    await look(switches);
    assert.equal(await look(switches, "now"), "2");
    assert.equal(await look(switches), "2");
  });

  it("is of one connection: after a reboot nothing is known", async () => {
    await look(switches);
    const another = new Line();
    another.asked.push("something else");
    assert.equal(await look(switches, "run", another), "2");
    const stable = question("esxcli command list", { stable: true });
    await look(stable);
    assert.equal(await look(stable, "recent", another), "3");
  });

  it("stays for a connection where it is of the build, whatever is written and however old it is", async () => {
    const stable = question("esxcli command list", { stable: true });
    await look(stable);
    await readings.write(line, write("anything"));
    now += 3_600_000;
    assert.equal(await look(stable, "now"), "1");
  });

  it("is not kept when the host failed to answer, or was not understood", async () => {
    line.status = 1;
    await assert.rejects(look(switches), { code: "COMMAND_FAILED" });
    line.status = 0;
    assert.equal(await look(switches), "2");
  });

  it("says whether others had asked", async () => {
    const first = readings.observe(line, "recent");
    await first.ask(switches);
    const second = readings.observe(line, "recent");
    await second.ask(switches);
    assert.deepEqual([first.isShared(), second.isShared()], [false, true]);
  });

  it("is its own, for a moment, for who looked before in the same work", async () => {
    const again = async (passed: number, earlier = readings.observe(line, "now")) => {
      await earlier.ask(switches);
      now += passed;
      const later = readings.observe(line, "recent", earlier);
      await later.ask(switches);
      return later.isShared();
    };
    assert.deepEqual([await again(3000), await again(3001)], [false, true]);
  });

  it("is two questions where a write may change a part of an answer", async () => {
    const portGroups = question("network vswitch standard portgroup list");
    const names = { ...portGroups, part: "but the clients" };
    await Promise.all([look(portGroups), look(names)]);
    assert.equal(line.asked.length, 1);
    await readings.write(line, write("network ip interface add"));
    assert.deepEqual([await look(names), await look(portGroups)], ["1", "3"]);
  });
});
