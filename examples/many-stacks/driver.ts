import { setMaxListeners } from "node:events";
import { parseArgs } from "node:util";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { readStacks } from "./stacks";
import { Tally } from "./tally";

const help = `Usage: node --import=tsx driver.ts preview|up|refresh|destroy [OPTIONS] [STACK...]

Works on the stacks of inventory.json, several at a time. A stack that fails does not stop the others.
Without names: on all of them, but destroy wants --all for that.

  --at-once N      so many stacks at a time (4)
  --parallel N     so many resources at a time in each stack (the engine's default)
  --skip-preview   up or destroy without a preview: quicker, but how many resources there are shows as it goes
  --all            destroy all stacks
  --json           the summary as JSON on standard output, progress on standard error
  --help           this text

Ctrl-C starts no other stack and lets those that run end what they have begun; a second one ends them at once.
Status: 0 all succeeded, 1 some did not, 2 the command was not understood.
`;

/** For each run of the program: its types are checked once, by `npx tsc`, and not again in each stack. */
const envVars = { PULUMI_NODEJS_TRANSPILE_ONLY: "true" };

const operations = ["preview", "up", "refresh", "destroy"] as const;

interface Outcome {
  stack: string;
  hosts: string[];
  status: "succeeded" | "failed" | "stopped" | "not started";
  /** How many resources by what was done to them, without those that stay the same. */
  changes: Record<string, number>;
  seconds: number;
  errors: string[];
}

function readCommand() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "at-once": { type: "string", default: "4" },
      parallel: { type: "string" },
      "skip-preview": { type: "boolean", default: false },
      all: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const [word, ...names] = positionals;
  const operation = operations.find((known) => known === word);
  if (operation === undefined) throw new Error(`say one of ${operations.join(", ")}; --help tells more`);
  if (operation === "destroy" && names.length === 0 && !values.all) throw new Error("destroy wants names, or --all");

  const stacks = readStacks();
  const unknown = names.filter((name) => !stacks.has(name));
  if (unknown.length > 0) throw new Error(`inventory.json has no host in ${unknown.join(", ")}`);
  const count = (option: "at-once" | "parallel") => {
    const number = Number(values[option]);
    if (!Number.isInteger(number) || number < 1) throw new Error(`--${option} must be a whole number, 1 or more`);
    return number;
  };
  return {
    operation,
    stacks,
    names: names.length > 0 ? [...new Set(names)] : [...stacks.keys()],
    atOnce: count("at-once"),
    engine: values.parallel === undefined ? {} : { parallel: count("parallel") },
    previewFirst: !values["skip-preview"],
    json: values.json,
  };
}

type Command = NonNullable<ReturnType<typeof readCommand>>;

async function drive({ operation, stacks, names, atOnce, engine, previewFirst, json }: Command): Promise<number> {
  const waiting = [...names];
  const outcomes: Outcome[] = [];
  let running = 0;
  let stopped = false;
  const notSucceeded = () => outcomes.filter(({ status }) => status !== "succeeded").length;

  // On a terminal, and only there, the last line says how far it all is, and is overwritten.
  const stream = json ? process.stderr : process.stdout;
  const say = (line: string) => {
    const all = `${outcomes.length} of ${names.length} stacks, ${running} running, ${notSucceeded()} not succeeded`;
    stream.write(stream.isTTY ? `\r\x1b[K${line}\n${all}` : `${line}\n`);
  };

  // A terminal sends Ctrl-C to the running engines too. Told by us as well, each would take that for the second one. SIGTERM comes to us alone.
  const cancel = new AbortController();
  setMaxListeners(0, cancel.signal);
  const stop = (signal: NodeJS.Signals) => {
    stopped = true;
    say(`${signal}: no other stack is started, ${running} still run`);
    if (signal === "SIGTERM") cancel.abort();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);

  const work = async (name: string): Promise<Outcome> => {
    const start = Date.now();
    const { changes, errors, plan, follow } = new Tally((line) => say(`${name} ${operation} ${line}`));
    let status: Outcome["status"] = "failed";
    try {
      const stack = await LocalWorkspace.createOrSelectStack({ stackName: name, workDir: __dirname }, { envVars });
      const options = { ...engine, signal: cancel.signal };
      if (previewFirst && operation === "up") await stack.preview({ ...options, onEvent: plan });
      if (previewFirst && operation === "destroy") await stack.previewDestroy({ ...options, onEvent: plan });
      if (stopped) throw new Error("stopped after the preview");
      await stack[operation]({ ...options, onEvent: follow });
      // The CLI calls a destroy a success that Ctrl-C has ended early (seen on 3.259.0).
      status = stopped ? "stopped" : "succeeded";
    } catch (error) {
      if (errors.length === 0 && stopped) status = "stopped";
      else if (errors.length === 0) errors.push(reasonOf(error));
    }
    return { stack: name, hosts: hostsOf(name), status, changes, seconds: (Date.now() - start) / 1000, errors };
  };
  const hostsOf = (name: string) => Object.keys(stacks.get(name) ?? {});

  const worker = async () => {
    while (waiting.length > 0 && !stopped) {
      const name = waiting.shift() as string;
      running += 1;
      say(`${name} ${operation} begins`);
      const outcome = await work(name);
      running -= 1;
      outcomes.push(outcome);
      say(`${name} ${operation} ${outcome.status}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  for (const name of waiting)
    outcomes.push({ stack: name, hosts: hostsOf(name), status: "not started", changes: {}, seconds: 0, errors: [] });

  outcomes.sort((a, b) => names.indexOf(a.stack) - names.indexOf(b.stack));
  if (stream.isTTY) stream.write("\r\x1b[K");
  if (json) process.stdout.write(`${JSON.stringify({ operation, stacks: outcomes }, undefined, 2)}\n`);
  else process.stdout.write(summary(outcomes));
  return notSucceeded() === 0 ? 0 : 1;
}

/** Of an error that the engine had no event for, as of a stack that is locked: the API puts all that the CLI printed into its message. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [printed = ""] = message.split(/^ err\?: /m);
  return (printed.split(/^error: /m)[1] ?? message).trim();
}

function summary(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ stack, hosts, status, changes, seconds }) => [
    stack,
    String(hosts.length),
    status,
    seconds.toFixed(1),
    Object.entries(changes)
      .map(([op, count]) => `${count} ${op}`)
      .join(", ") || "none",
  ]);
  const table = [["stack", "hosts", "status", "seconds", "changes"], ...rows];
  const width = (column: number) => Math.max(...table.map((row) => row[column]?.length ?? 0));
  const lines = table.map((row) =>
    row
      .map((cell, at) => cell.padEnd(width(at)))
      .join("  ")
      .trimEnd(),
  );
  const errors = outcomes.flatMap(({ stack, errors }) => errors.map((error) => `${stack}: ${error}`));
  return `\n${[...lines, ...(errors.length > 0 ? ["", ...errors] : [])].join("\n")}\n`;
}

async function main(): Promise<void> {
  try {
    const command = readCommand();
    if (command === undefined) process.stdout.write(help);
    else process.exitCode = await drive(command);
  } catch (error) {
    process.stderr.write(`driver: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}

void main();
