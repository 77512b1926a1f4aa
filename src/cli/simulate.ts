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
  readonly json?: boolean;
}

/** Runs a simulated host until it is told to end. */
export async function simulate(options: SimulateOptions): Promise<void> {
  const port = Number(options.port);
  if (!/^\d+$/.test(options.port) || port > 65535) throw new Error(`${options.port} is no port`);
  const given = passwordGiven(options.passwordFile);
  const simulator = await startSimulator({
    model: options.model,
    name: options.name,
    listen: options.listen,
    port,
    user: options.user,
    password: given ?? randomBytes(10).toString("hex"),
    authorizedKeys: options.authorizedKeys === undefined ? [] : keysIn(options.authorizedKeys),
    clock: new Date(),
  });
  const shown = given === undefined ? simulator.password : undefined;
  process.stdout.write(
    options.json ? `${JSON.stringify(asJson(simulator, options, shown))}\n` : text(simulator, options, shown),
  );
  // A host that runs for real has a clock that runs.
  const clock = setInterval(() => simulator.host.advance(1000), 1000);
  await ended();
  clearInterval(clock);
  await simulator.close();
}

function passwordGiven(file: string | undefined): string | undefined {
  const password =
    file === undefined ? process.env.ESXI_ISER_PASSWORD : readFileSync(file, "utf8").replace(/\r?\n$/, "");
  if (password === "") throw new Error("the password is empty");
  return password;
}

function keysIn(file: string): string[] {
  return readFileSync(file, "utf8")
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
function text(simulator: Simulator, { model, name }: SimulateOptions, password: string | undefined): string {
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

Ctrl-C ends it.
`;
}
