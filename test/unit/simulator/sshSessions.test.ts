import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientChannel } from "ssh2";
import type { Simulator } from "../../../src/simulator/index.js";
import { closeAll, type Ended, ending, exec, login, start } from "./sshSupport.js";

describe("a command over SSH, with a fault,", () => {
  afterEach(closeAll);

  const line = "esxcli rdma iser add -d vmrdma0";
  const match = "rdma iser add";

  it("takes its time", async () => {
    const simulator = await start();
    const client = await login(simulator);
    simulator.host.faults.add({ match, kind: "slow", delayMs: 120 });
    const begun = Date.now();
    const order: string[] = [];
    const slow = exec(client, line).then(({ status }) => order.push(`slow ${status}`));
    await exec(client, "true").then(({ status }) => order.push(`true ${status}`));
    await slow;
    assert.deepEqual(order, ["true 0", "slow 0"]);
    assert.ok(Date.now() - begun >= 115);
    assert.equal(simulator.host.counters.atOnce, 2);
  });

  it("hangs until the connection is closed, and keeps the journal", async () => {
    const simulator = await start();
    const client = await login(simulator);
    simulator.host.faults.add({ match, kind: "hang" });
    const hanging = exec(client, line);
    const winner = await Promise.race([hanging, sleep(60).then(() => "still running")]);
    assert.equal(winner, "still running");
    simulator.dropConnections();
    assert.equal((await hanging).status, undefined);
    assert.deepEqual(simulator.host.journal, [{ line, path: match, effect: "write", status: undefined }]);
    assert.equal(simulator.host.state.iscsiAdapters.length, 0);
  });

  for (const [kind, adapters] of [
    ["dropBefore", 0],
    ["dropAfter", 1],
  ] as const) {
    it(`cuts the connection ${adapters === 0 ? "before" : "after"} the command is done`, async () => {
      const simulator = await start();
      const client = await login(simulator);
      simulator.host.faults.add({ match, kind });
      const { status, stdout } = await exec(client, line);
      assert.deepEqual({ status, stdout }, { status: undefined, stdout: "" });
      assert.equal(simulator.host.state.iscsiAdapters.length, adapters);
      assert.equal(simulator.host.journal.length, 1);
      await login(simulator);
    });
  }
});

describe("a terminal of the simulated host", () => {
  afterEach(closeAll);

  /** A terminal: what is typed, and what is on the screen so far. */
  const terminal = async (simulator: Simulator) => {
    const client = await login(simulator);
    const channel = await new Promise<ClientChannel>((resolve, reject) =>
      client.shell({ term: "xterm" }, (error, opened) => (error ? reject(error) : resolve(opened))),
    );
    let screen = "";
    channel.on("data", (chunk: Buffer) => {
      screen += chunk.toString("utf8");
    });
    const until = async (text: string) => {
      for (let turns = 0; !screen.includes(text); turns += 1) {
        if (turns > 400) throw new Error(`no ${JSON.stringify(text)} in ${JSON.stringify(screen)}`);
        await sleep(5);
      }
      const seen = screen.slice(0, screen.indexOf(text) + text.length);
      screen = screen.slice(seen.length);
      return seen;
    };
    return { channel, until, type: (text: string) => channel.write(text) };
  };
  const prompt = "[root@esx01:~] ";

  it("prompts, echoes and runs lines, with returns before line feeds", async () => {
    const { until, type, channel } = await terminal(await start());
    await until(prompt);
    type("echo one; foo\r");
    assert.equal(await until(prompt), `echo one; foo\r\none\r\nsh: foo: not found\r\n${prompt}`);
    type("exit 5\r");
    assert.equal((await ending(channel)).status, 5);
  });

  it("edits the line: back, kill, move, insert, delete", async () => {
    const { until, type } = await terminal(await start());
    await until(prompt);
    const runs = async (keys: string, wanted: string) => {
      type(`${keys}\r`);
      const seen = await until(`\r\n${prompt}`);
      assert.equal(seen.split("\r\n").at(-2), wanted, JSON.stringify(keys));
    };
    await runs("echo abx\u007fc", "abc");
    await runs("nonsense\u0015echo yes", "yes");
    await runs("echo one two\u0017three", "one three");
    await runs("cho x\u0001e", "x");
    await runs("echo ad\u001b[Dbc\u0005e", "abcde");
    await runs("echo aXb\u001b[D\u001b[D\u001b[3~", "ab");
    await runs("cho x\u001b[He\u001b[Fy", "xy");
    await runs("echo ab\u001b[D\u001b[D\u001b[Cc\u0004", "ac");
    await runs("echo abcd\u001b[D\u001b[D\u000b", "ab");
    await runs("echo ä€😀\u007f!", "ä€!");
  });

  it("brings lines back with the arrow keys", async () => {
    const { until, type } = await terminal(await start());
    await until(prompt);
    for (const word of ["first", "second"]) {
      type(`echo ${word}\r`);
      await until(`\r\n${word}\r\n${prompt}`);
    }
    type("\u001b[A\u001b[A\r");
    await until(`\r\nfirst\r\n${prompt}`);
    type("\u001b[A\u001b[A\u001b[B\r");
    await until(`\r\nfirst\r\n${prompt}`);
  });

  it("reads a secret without showing it", async () => {
    const simulator = await start();
    const { until, type } = await terminal(simulator);
    await until(prompt);
    type("esxcli rdma iser add -d vmrdma0; esxcli iscsi adapter auth chap set -A vmhba64 -l required -N u -S\r");
    await until("Enter value for 'secret': ");
    type("open-sesame\r");
    assert.equal(await until(prompt), `\r\n${prompt}`);
    assert.equal(simulator.host.state.iscsiAdapters[0]?.chap.uni?.secret, "open-sesame");
  });

  it("ends a command by Ctrl-C, a line by Ctrl-C, and itself by Ctrl-D", async () => {
    const simulator = await start();
    simulator.host.faults.add({ match: "rdma device list", kind: "hang" });
    const { until, type, channel } = await terminal(simulator);
    await until(prompt);
    type("esxcli rdma device list\r");
    await until("\r\n");
    await sleep(20);
    type("\u0003");
    await until(prompt);
    type("echo never\u0003");
    assert.match(await until(prompt), /\^C\r\n/);
    type("cat\rone\r\u0004");
    await until("one\r\none\r\n");
    await until(prompt);
    type("\u0004");
    assert.equal((await ending(channel)).status, 0);
  });

  it("runs a command in a terminal when asked", async () => {
    const client = await login(await start());
    const { status, stdout } = await new Promise<Ended>((resolve, reject) =>
      client.exec("echo one; exit 4", { pty: true }, (error, opened) =>
        error ? reject(error) : resolve(ending(opened)),
      ),
    );
    assert.deepEqual({ status, stdout }, { status: 4, stdout: "one\r\n" });
  });
});
