import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Model, type Simulator, startSimulator } from "../simulator/index.js";

export interface SimulateOptions {
  readonly model: Model;
  readonly name: string;
  readonly listen: string;
  readonly port: string;
  readonly user: string;
  readonly passwordFile?: string;
  readonly authorizedKeys?: string;
  readonly chapName?: string;
  readonly chapSecretFile?: string;
  readonly json?: boolean;
}

/** Runs a simulated host until it is told to end. */
export async function simulate(options: SimulateOptions): Promise<void> {
  const port = Number(options.port);
  if (!/^\d+$/.test(options.port) || port > 65535)
    throw new Error(`${options.port} is no port: give 1 to 65535 with --port, or 0 for a free one`);
  const given = passwordGiven(options.passwordFile);
  const chap = chapGiven(options);
  const simulator = await startSimulator({
    ...(chap === undefined ? {} : { storage: [{ address: "192.168.50.100", targets: [{ name: targetName, chap }] }] }),
    model: options.model,
    name: options.name,
    listen: options.listen,
    port,
    user: options.user,
    password: given ?? randomBytes(10).toString("hex"),
    authorizedKeys: options.authorizedKeys === undefined ? [] : keysIn(options.authorizedKeys),
    clock: new Date(),
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EADDRINUSE"
      ? new Error(`port ${port} of ${options.listen} is in use: give another one with --port, or 0 for a free one`)
      : error;
  });
  const shown = given === undefined ? simulator.password : undefined;
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ...asJson(simulator, options, shown), ...(chap === undefined ? {} : { chap }) })}\n`
      : text(simulator, options, shown, chap),
  );
  // A host that runs for real has a clock that runs.
  const clock = setInterval(() => simulator.host.advance(1000), 1000);
  await ended();
  clearInterval(clock);
  await simulator.close();
}

const targetName = "iqn.2010-09.lab.storage:iser-a";

function chapGiven({ chapName, chapSecretFile }: SimulateOptions): { name: string; secret: string } | undefined {
  if (chapName === undefined && chapSecretFile === undefined) return undefined;
  if (chapName === undefined) throw new Error("--chap-secret-file goes with --chap-name");
  return {
    name: chapName,
    secret: chapSecretFile === undefined ? randomBytes(10).toString("hex") : firstLine(chapSecretFile),
  };
}

function firstLine(file: string): string {
  return readText(file).replace(/\r?\n$/, "");
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`the file ${file} cannot be read: ${(error as Error).message}`);
  }
}

function passwordGiven(file: string | undefined): string | undefined {
  const password = file === undefined ? process.env.ESXI_ISER_PASSWORD : firstLine(file);
  if (password === "") throw new Error("the password is empty");
  return password;
}

function keysIn(file: string): string[] {
  return readText(file)
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));
}

function ended(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

function asJson(simulator: Simulator, { model, name }: SimulateOptions, password: string | undefined) {
  const { address, port, user, hostKey, fingerprint } = simulator;
  return { model, name, address, port, user, ...(password === undefined ? {} : { password }), hostKey, fingerprint };
}

/** How to reach it by hand and from a program. A password that was given is not shown again. */
function text(
  simulator: Simulator,
  { model, name }: SimulateOptions,
  password: string | undefined,
  chap: { name: string; secret: string } | undefined,
): string {
  const { address, port, user, fingerprint } = simulator;
  const reach = address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
  return `${name}, a simulated ESXi ${model}, listens on ${address} port ${port}.

  ssh -p ${port} ${user}@${reach}
${password === undefined ? "" : `  password     ${password}\n`}  fingerprint  ${fingerprint}

In a program:

  const host = {
    host: "${reach}",
    port: ${port},
    user: "${user}",
    hostKey: "${fingerprint}",
  };

In a stack's configuration, the password:

  ${password === undefined ? "pulumi config set --secret esxi-iser:password" : `pulumi config set --secret esxi-iser:password '${password}'`}
${chap === undefined ? "" : `\nThe target at 192.168.50.100 takes CHAP with the name ${chap.name} and this secret:\n\n  pulumi config set --secret chapSecret '${chap.secret}'\n`}
Ctrl-C ends it.
`;
}
