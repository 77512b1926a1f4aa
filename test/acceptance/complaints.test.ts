import assert, { AssertionError } from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "mocha";
import type { Step } from "../../tools/engine/pulumi.js";
import { type Declaration, Program } from "../support/program.js";
import { inTurn, over, type Transport, transports } from "../support/served.js";

/** A behaviour of the lifecycle that can be taken out of the provider process. */
type Behaviour = "comparison" | "secrets" | "readErrors" | "partialState";

const takingOut = join(__dirname, "../fixtures/takenOut.cjs");

/** The environment of a command in whose provider process a behaviour is missing. */
type Env = { readonly env: Record<string, string> };

/** A situation on the real engine, and the proof that it fails without the behaviour that answers the complaint. */
function complaint(
  number: number,
  title: string,
  sentence: string,
  scenario: (program: Program, env: Env) => Promise<void>,
  { without, is, fails }: { without: Behaviour; is: string; fails: RegExp },
): void {
  describe(`complaint ${number}: ${title}, on the real engine`, function () {
    this.timeout(300_000);
    const played = async (options: Env, transport: Transport) => {
      const program = await Program.start({ model: "8.0", storage }, transport);
      try {
        await scenario(program, options);
      } finally {
        await program.close();
      }
    };
    for (const transport of transports) it(`${sentence},${over[transport]}`, () => played({ env: {} }, transport));
    it(`${sentence}, which is not so when ${is}`, async () => {
      const env = { NODE_OPTIONS: `--require=${takingOut}`, TAKEN_OUT: without };
      const crippled = played({ env }, inTurn(number));
      await assert.rejects(crippled, (error: Error) => {
        assert.ok(error instanceof AssertionError, error.stack);
        assert.match(`${error.message}\n${error.actual}`, fails);
        return true;
      });
    });
  });
}

const old = "simulated-secret-old";
const rotated = "simulated-secret-new";
/** The storage system knows the new secret already. */
const storage = [
  {
    address: "192.168.50.100",
    targets: [{ name: "iqn.2010-09.lab.storage:iser-a", chap: { name: "esx01", secret: rotated } }],
  },
];

const adapter: Declaration = { type: "IserAdapter", as: "adapter", device: "vmrdma0" };
const binding: Declaration = { type: "PortBinding", as: "binding", adapter: "adapter", vmkernelAdapter: "vmk1" };
const address: Declaration = {
  type: "DiscoveryAddress",
  as: "array",
  adapter: "adapter",
  address: "192.168.50.100",
  after: ["binding"],
};
const chap = (secret: string): Declaration => ({
  type: "Chap",
  as: "chap",
  adapter: "adapter",
  level: "required",
  name: "esx01",
  secret,
});

const told = (changes: readonly Step[]) => changes.map(({ op, name }) => `${op} ${name}`).sort();

function hand(program: Program, line: string): string {
  const { status, stdout } = program.host.execute(line);
  assert.equal(status, 0, `${line}: ${stdout}`);
  return stdout;
}

complaint(
  3,
  "CHAP rotation is missed",
  "a new secret is seen by the preview, reaches the host, and is seen once",
  async (program, options) => {
    await program.declare([adapter, binding, chap(old)]);
    await program.stack.up(options);
    await program.declare([adapter, binding, chap(rotated)]);
    const { changes, stdout } = await program.stack.preview({ ...options, diff: true });
    assert.deepEqual(told(changes), ["update chap"]);
    await program.stack.up(options);
    hand(program, "esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100");
    hand(program, "esxcli iscsi adapter discovery rediscover -A vmhba64");
    assert.match(hand(program, "esxcli iscsi session list -A vmhba64"), /AuthenticationMethod: chap\n/);
    assert.deepEqual((await program.stack.preview(options)).changes, []);
    const state = JSON.stringify(await program.stack.exportState());
    for (const secret of [old, rotated]) assert.ok(!(stdout + state).includes(secret), "a secret is in plain");
  },
  { without: "secrets", is: "a changed secret is not compared", fails: /update chap/ },
);

complaint(
  5,
  "the preview lies",
  "what the preview says is what is done, and a second run is empty",
  async (program, options) => {
    const declared = [adapter, binding, chap(rotated), address];
    await program.declare(declared);
    const { writes } = program.host.counters;
    const first = await program.stack.preview(options);
    assert.deepEqual([program.served.visits, program.host.counters.writes], [0, writes]);
    assert.deepEqual(told(first.changes), ["create adapter", "create array", "create binding", "create chap"]);
    assert.deepEqual(told((await program.stack.up(options)).changes), told(first.changes));
    assert.match(hand(program, "esxcli iscsi session list -A vmhba64"), /Target: iqn/);

    const settled = program.host.counters.writes;
    assert.deepEqual(told((await program.stack.preview(options)).changes), [], "the second preview is not empty");
    assert.deepEqual(told((await program.stack.up(options)).changes), []);
    assert.deepEqual(told((await program.stack.refresh(options)).changes), []);
    assert.deepEqual(told((await program.stack.up(options)).changes), []);
    assert.equal(program.host.counters.writes, settled);
  },
  { without: "comparison", is: "every run says that something changed", fails: /the second preview is not empty/ },
);

complaint(
  6,
  "a failed read becomes lost state",
  "a binding whose listing fails stays in state, and the refresh says why it failed",
  async (program, options) => {
    await program.declare([adapter, binding]);
    await program.stack.up(options);
    program.host.faults.add({ match: "iscsi networkportal list", kind: "truncate" });
    const failed = await program.stack.refresh({ ...options, mayFail: true });
    const { resources = [] } = (await program.stack.exportState()).deployment;
    assert.ok(
      resources.some(({ type }) => type.endsWith(":PortBinding")),
      "the binding is lost",
    );
    assert.notEqual(failed.code, 0);
    assert.match(failed.stdout, /OUTPUT_NOT_UNDERSTOOD/);
    assert.deepEqual(told((await program.stack.refresh(options)).changes), []);
    assert.deepEqual(told((await program.stack.up(options)).changes), []);
  },
  { without: "readErrors", is: "a failed read counts as absent", fails: /the binding is lost/ },
);

complaint(
  7,
  'half-made objects, and then "already exists"',
  "a discovery address that was added but not discovered is in state, and the next up completes it",
  async (program, options) => {
    await program.declare([adapter, binding, chap(rotated)]);
    await program.stack.up(options);
    const before = program.host.dump();
    await program.declare([adapter, binding, chap(rotated), address]);
    program.host.faults.add({ match: "iscsi adapter discovery rediscover", kind: "fail" });
    assert.notEqual((await program.stack.up({ ...options, mayFail: true })).code, 0);
    assert.deepEqual(told((await program.stack.up(options)).changes), ["update array"]);
    assert.match(hand(program, "esxcli iscsi session list -A vmhba64"), /Target: iqn/);
    await program.declare([adapter, binding, chap(rotated)]);
    await program.stack.up(options);
    assert.equal(program.host.dump(), before);
  },
  { without: "partialState", is: "a create that failed leaves nothing in state", fails: /create array/ },
);
