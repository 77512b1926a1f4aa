import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IserError } from "../errors.js";
import { type Host, hostField, hostPlace } from "../resources/host.js";
import type { Reach } from "../resources/hostWork.js";
import { Run } from "../resources/peers.js";
import type { Session } from "../transport/session.js";
import { type HostProgram, type Secret, secretsOf, type Value } from "./discover/declaration.js";
import { declarationsOf, notDeclared } from "./discover/declarations.js";
import { type Imports, importsOf } from "./discover/importFile.js";
import { labelOf, Names } from "./discover/names.js";
import { commented, programText } from "./discover/programText.js";
import { hostOf } from "./hosts.js";
import { type HostView, lookAt } from "./hostView.js";
import { type LookOptions, lookAtHosts, type Reached } from "./looking.js";
import { note } from "./terminal.js";

export interface DiscoverOptions extends LookOptions {
  /** The folder for the program and the import file. Left out: the program goes to stdout. */
  readonly out?: string;
  /** Of the program, without its ending. */
  readonly name: string;
  /** Write over what is there. */
  readonly force?: boolean;
}

interface Discovered {
  readonly view: HostView;
  readonly program: HostProgram;
  readonly imports: Imports;
}

/** Writes a program, and a file for `pulumi import`, from what hosts have. The status that the command ends with. */
export async function discover(names: readonly string[], options: DiscoverOptions): Promise<number> {
  const files = filesOf(options);
  const hosts = [...new Map(names.map((name) => [hostPlace(hostOf(name, options)), name]))];
  const labels = new Names();
  const labelled = new Map(
    hosts.map(([place, name]) => [place, labels.of(labelOf(hostOf(name, options).host), "host")]),
  );
  const { looked, unread } = await lookAtHosts(
    hosts.map(([, name]) => name),
    options,
    (_ask, host, reached) => look(host, reached, labelled.get(hostPlace(reached.settings)) ?? host, options),
  );
  const status = (found: boolean) => (unread.length > 0 ? 2 : found ? 0 : 1);
  if (options.json) {
    const views = looked.map(({ found }) => found.view);
    const printed = hosts.length === 1 ? views[0] : views;
    if (printed !== undefined) process.stdout.write(`${JSON.stringify(printed, null, 2)}\n`);
    return status(looked.every(({ found }) => found.view.adapters.length > 0));
  }
  for (const { host, found } of looked) {
    if (isEmpty(found)) note(commented(`${host}: nothing to declare. ${emptinessOf(found.view)}`));
    for (const sentence of found.imports.notes) note(commented(`${host}: ${sentence}`));
  }
  const full = looked.map(({ found }) => found).filter((found) => !isEmpty(found));
  if (full.length > 0) tell(full, files, options.force === true);
  return status(full.length === looked.length && full.length > 0);
}

function isEmpty({ program }: Discovered): boolean {
  return program.declarations.length === 0;
}

/** Writes the files, or prints the program, and says what there is to do. */
function tell(full: readonly Discovered[], files: Files | undefined, force: boolean): void {
  const text = programText(full.map(({ program }) => program));
  const resources = full.flatMap(({ imports }) => imports.resources);
  const secrets = full.flatMap(({ program }) => secretsOf(program.declarations));
  if (files === undefined) {
    process.stdout.write(text);
    process.stderr.write(
      `${aboutSecrets(secrets)}With --out <folder> the file for \`pulumi import\` is written, too.\n`,
    );
    return;
  }
  mkdirSync(files.folder, { recursive: true });
  const flag = force ? "w" : "wx";
  writeFileSync(files.program, text, { flag });
  writeFileSync(files.import, `${JSON.stringify({ resources }, null, 2)}\n`, { flag });
  const hosts = full.map(({ program }) => program.host).join(", ");
  const what = `${files.program} declares what ${hosts} ${full.length === 1 ? "has" : "have"}, and ${files.import} has its state: ${resources.length} resources.`;
  const isWhole = full.every(({ imports }) => imports.notes.length === 0);
  process.stdout.write(`${what}\n${aboutSecrets(secrets)}${whatNext(files, secrets, isWhole)}`);
}

/** One look, on which both the program and the import file are made. */
async function look(
  host: string,
  { settings, session }: Reached,
  label: string,
  { json }: DiscoverOptions,
): Promise<Discovered> {
  const reach = reading(session);
  const run = new Run();
  const { ask } = run.readings(hostPlace(settings), () => reach.now()).observe(session, "run");
  const view = await lookAt(ask, host);
  const declared = nameFirst(hostField.parse(settings)) as Value;
  const program = json
    ? { host, declarations: [], comments: [] }
    : declarationsOf(view, declared, label, session.hasShell);
  const imports = await importsOf(program.declarations, ask, reach, run);
  return { view, program, imports };
}

/** However the schema has it. */
function nameFirst(declared: Host): Host {
  if (typeof declared === "string") return declared;
  const { host, ...rest } = declared;
  return { host, ...rest } as Host;
}

/** The lifecycle's way to a host that is only read from. */
function reading(session: Session): Reach {
  return {
    use: (_host, work) => work(session),
    inTurn: (_host, _lanes, work) => work(),
    sleep: async () => undefined,
    now: () => new Date(),
    notice: note,
  };
}

function emptinessOf(view: HostView): string {
  return view.devices.length === 0
    ? "The host lists no RDMA device."
    : notDeclared(view).join(" ") || "The host has no iSER adapter.";
}

interface Files {
  readonly folder: string;
  readonly program: string;
  readonly import: string;
}

/** Known before a host is asked: what is there is not lost for a look that took its time. */
function filesOf({ out, name, force, json }: DiscoverOptions): Files | undefined {
  if (!/^[\w-]+$/.test(name))
    throw new IserError("INPUT_INVALID", {
      problem: `--name "${name}" is no name of a program`,
      cure: "Give letters, digits, _ and -, without a folder and an ending.",
    });
  if (out === undefined) return undefined;
  if (json)
    throw new IserError("INPUT_INVALID", {
      problem: "--json prints what was read, and --out writes a program",
      cure: "Give one of them.",
    });
  const files = { folder: out, program: join(out, `${name}.ts`), import: join(out, "import.json") };
  const there = force ? [] : [files.program, files.import].filter((file) => existsSync(file));
  if (there.length === 0) return files;
  throw new IserError("INPUT_INVALID", {
    problem: `${there.join(" and ")} ${there.length === 1 ? "is" : "are"} there already`,
    cure: "Name another folder with --out or another program with --name, or write over it with --force.",
  });
}

function aboutSecrets(secrets: readonly Secret[]): string {
  if (secrets.length === 0) return "";
  const lines = secrets.map(({ key, of, places }) =>
    commented(`  pulumi config set --secret ${key}    # ${of}: ${places.join(", ")}`),
  );
  return ["A host does not tell its CHAP secrets. Set them, in the folder of the Pulumi project:", ...lines, ""].join(
    "\n",
  );
}

function whatNext({ import: file }: Files, secrets: readonly Secret[], isWhole: boolean): string {
  const others = isWhole ? "nothing else" : "what was said not to be in the import file";
  const then =
    secrets.length === 0
      ? `Then pulumi preview shows ${isWhole ? "nothing left to change" : others}.`
      : `Then pulumi preview shows an update of each Chap, and ${others}: pulumi up writes the secrets, for nobody knows whether they are the host's.`;
  return `Take it over:\n  pulumi import --file ${file} --protect=false --generate-code=false\n${then}\n`;
}
