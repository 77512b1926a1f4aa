import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { providerText } from "../../src/resources/provider.js";
import { type Engine, Stack } from "../engine/pulumi.js";
import {
  findBenchEngine,
  inTurn,
  load,
  type Machine,
  machine,
  makeProject,
  median,
  progress,
  runMain,
} from "./common.js";

const HELP = `Usage: npm run bench:provider-text [-- --json]

What the provider text that is kept in state costs: the time of a \`pulumi up\` that creates 200 resources with our text, against the same
with a constant text of 60 bytes. Both lead to the same empty provider; no host is involved. Ends with 1 if the ratio of the medians is above 1.2.

  --json   the result as JSON
  --help   this text
`;

const RESOURCES = 200;
const ROUNDS = 5;
const LIMIT = 1.2;

const texts = {
  ours: providerText("IserAdapter"),
  constant: 'exports.handler=()=>require(process.cwd()+"/provider").Empty',
};
type Text = keyof typeof texts;

/** The provider that both texts lead to, ours by way of a package of its name. */
const project = {
  "Pulumi.yaml": "name: bench\nruntime: nodejs\n",
  "provider.js": `
let made = 0;
exports.Empty = { async create() { return { id: String(++made), outs: {} }; } };
`,
  "node_modules/pulumi-esxi-iser/package.json": JSON.stringify({
    name: "pulumi-esxi-iser",
    exports: { "./provider": "./provider.js" },
  }),
  "node_modules/pulumi-esxi-iser/provider.js": `exports.IserAdapter = require("../../provider.js").Empty;\n`,
  "index.js": `
const pulumi = require("@pulumi/pulumi");
const __provider = new pulumi.Config().require("text");
for (let n = 0; n < ${RESOURCES}; n++) new pulumi.CustomResource("pulumi-nodejs:dynamic/bench:Empty", "empty-" + n, { __provider });
`,
};

interface Run {
  readonly seconds: number;
  readonly stateBytes: number;
}

interface Side {
  readonly textBytes: number;
  readonly stateBytes: number;
  readonly medianSeconds: number;
  readonly seconds: number[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const engine = await findBenchEngine();
  const loadBefore = load();
  const compared = await compareTexts(engine, ROUNDS);
  const result = { ...compared, limit: LIMIT, machine: { ...machine(engine), loadBefore, loadAfter: load() } };
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result));
  return result.ratio > LIMIT ? 1 : 0;
}

export interface Compared {
  readonly resources: number;
  readonly rounds: number;
  readonly ours: Side;
  readonly constant: Side;
  /** Of the medians: ours by the constant's. */
  readonly ratio: number;
}

/** All runs in turn. The first round warms up. */
export async function compareTexts(engine: Engine, rounds: number): Promise<Compared> {
  const { folder, remove } = makeProject(project, { "@pulumi/pulumi": "node_modules/@pulumi/pulumi" });
  const runs: Record<Text, Run[]> = { ours: [], constant: [] };
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const text of inTurn<Text>(["ours", "constant"], round)) {
        const result = await createAll(engine, folder, texts[text]);
        if (round > 0) runs[text].push(result);
        progress(`${round > 0 ? `round ${round} of ${rounds}` : "warm-up"}, ${text}: ${result.seconds.toFixed(2)} s`);
      }
    }
  } finally {
    remove();
  }
  const [ours, constant] = [summary("ours", runs.ours), summary("constant", runs.constant)];
  return { resources: RESOURCES, rounds, ours, constant, ratio: ours.medianSeconds / constant.medianSeconds };
}

/** On a stack of its own; making and removing it is not timed. */
async function createAll(engine: Engine, folder: string, text: string): Promise<Run> {
  const stack = await Stack.init(folder, "bench", { text }, { engine, timeoutMs: 600_000 });
  try {
    const start = performance.now();
    const { changes } = await stack.up();
    const seconds = (performance.now() - start) / 1000;
    const { deployment } = await stack.exportState();
    const kept = (deployment.resources ?? []).filter(({ inputs, outputs }) =>
      [inputs, outputs].every((properties) => properties?.__provider === text),
    );
    if (changes.length !== RESOURCES || kept.length !== RESOURCES)
      throw new Error(`${changes.length} resources were made and ${kept.length} have the text; expected ${RESOURCES}.`);
    return { seconds, stateBytes: Buffer.byteLength(JSON.stringify(deployment)) };
  } finally {
    stack.dispose();
  }
}

function summary(text: Text, runs: readonly Run[]): Side {
  const seconds = runs.map((run) => run.seconds);
  return {
    textBytes: Buffer.byteLength(texts[text]),
    stateBytes: median(runs.map((run) => run.stateBytes)),
    medianSeconds: median(seconds),
    seconds,
  };
}

interface Result extends Compared {
  readonly machine: Machine & { readonly loadBefore: number; readonly loadAfter: number };
}

function table({ rounds, ours, constant, ratio, machine }: Result): string {
  const row = (name: string, { textBytes, medianSeconds, seconds, stateBytes }: Side) => {
    const range = `${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)}`;
    return `${name.padEnd(9)} ${String(textBytes).padStart(3)} bytes of text   median ${medianSeconds.toFixed(2)} s (${range})   ${stateBytes} bytes of state\n`;
  };
  return (
    `${RESOURCES} resources, ${rounds} rounds, Pulumi ${machine.engine}, Node ${machine.node}, ${machine.cpus} CPUs, ` +
    `load ${machine.loadBefore} to ${machine.loadAfter}\n` +
    row("ours", ours) +
    row("constant", constant) +
    `ratio ${ratio.toFixed(3)} (at most ${LIMIT})\n`
  );
}

if (require.main === module) runMain(main);
