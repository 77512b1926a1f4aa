import { generateKeyPairSync } from "node:crypto";
import { isIPv4 } from "node:net";
import { type Model, SimulatedHost, startSimulator } from "../simulator/index.js";
import { addFaults, checkFaults, parseFault, readFaults } from "./simulate/faults.js";
import { JournalFile, save, writable, writeKnownHosts } from "./simulate/files.js";
import { mostHosts, type PlannedHost, planFleet } from "./simulate/fleet.js";
import { firstLine, readText, usage, whole } from "./simulate/input.js";
import { madeUp } from "./simulate/secrets.js";
import { asJson, asText, type Running } from "./simulate/shown.js";
import { note } from "./terminal.js";

export interface SimulateOptions {
  readonly hosts?: string;
  readonly model?: Model;
  readonly name?: string;
  readonly listen: string;
  readonly port: string;
  readonly ownAddresses?: boolean;
  readonly user: string;
  readonly passwordFile?: string;
  readonly authorizedKeys?: string;
  readonly chapName?: string;
  readonly chapSecretFile?: string;
  readonly state?: string;
  readonly from?: string;
  readonly save?: string;
  readonly fault?: readonly string[];
  readonly faults?: string;
  readonly processStart: string;
  readonly roundTrip: string;
  readonly knownHosts?: string;
  readonly journal?: string;
  readonly json?: boolean;
}

/** Runs simulated hosts until it is told to end. */
export async function simulate(options: SimulateOptions): Promise<void> {
  const given = passwordGiven(options.passwordFile);
  const chap = chapGiven(options);
  const { model, name, state, from } = options;
  const fleet = planFleet({
    ...(model === undefined ? {} : { model }),
    ...(name === undefined ? {} : { name }),
    ...(state === undefined ? {} : { state }),
    ...(from === undefined ? {} : { from }),
    ...(options.hosts === undefined ? {} : { hosts: whole("--hosts", options.hosts, 1, mostHosts) }),
    ...(chap === undefined ? {} : { chap }),
  });
  const faults = [
    ...(options.fault ?? []).map(parseFault),
    ...(options.faults === undefined ? [] : readFaults(options.faults)),
  ];
  // Everything that can be wrong with a host is found before the first one listens.
  checkFaults(faults, fleet.hosts.map(tried));
  const settings = {
    user: options.user,
    password: given ?? madeUp(),
    authorizedKeys: options.authorizedKeys === undefined ? [] : keysIn(options.authorizedKeys),
    processStartMs: whole("--process-start", options.processStart, 0, 60_000),
    roundTripMs: whole("--round-trip", options.roundTrip, 0, 60_000),
  };
  const places = placesOf(options, fleet.hosts.length);
  const knownHosts = options.knownHosts === undefined ? undefined : writable("--known-hosts", options.knownHosts);
  const saved = options.save === undefined ? undefined : writable("--save", options.save);
  const journal = options.journal === undefined ? undefined : new JournalFile(writable("--journal", options.journal));
  const end = untilEnded();
  const running: Running[] = [];
  try {
    for (const [at, planned] of fleet.hosts.entries())
      running.push(await start(planned, places[at] ?? places[0], settings));
    for (const host of running) {
      addFaults(host.simulator.host, host.name, faults);
      journal?.follow(host);
    }
    if (knownHosts !== undefined) writeKnownHosts(knownHosts, running);
    for (const text of fleet.notes) note(text);
    const told = {
      password: given === undefined ? settings.password : undefined,
      passwordFile: options.passwordFile,
      chap: chap === undefined ? fleet.chap : [options.chapSecretFile === undefined ? chap : { name: chap.name }],
      knownHosts,
      processStart: settings.processStartMs,
      roundTrip: settings.roundTripMs,
    };
    process.stdout.write(options.json ? asJson(running, told) : asText(running, told));
    // A host that runs for real has a clock that runs.
    const clock = setInterval(() => {
      for (const { simulator } of running) simulator.host.advance(1000);
    }, 1000);
    await end.ended;
    clearInterval(clock);
    if (saved !== undefined) await save(saved, running);
  } finally {
    end.forget();
    journal?.close();
    await Promise.all(running.map(({ simulator }) => simulator.close()));
  }
}

/** The same host, of which nobody knows, as a trial of what it is made of. */
function tried({ name, model, options, prepare }: PlannedHost): { name: string; host: SimulatedHost } {
  const host = new SimulatedHost({ ...options, model, name });
  prepare(host);
  return { name, host };
}

interface Place {
  readonly listen: string;
  readonly port: number;
}

/** Where each host listens: on ports that follow each other, or on addresses that do. */
function placesOf({ listen, port: text, ownAddresses }: SimulateOptions, count: number): readonly [Place, ...Place[]] {
  const first = whole("--port", text, 0, 65535);
  if (!ownAddresses && first + count - 1 > 65535)
    throw usage(
      `${count} hosts from port ${first} on go beyond port 65535`,
      "Give a smaller --port, or 0 for free ones.",
    );
  if (ownAddresses && !isIPv4(listen))
    throw usage(`--own-addresses counts up from --listen, and ${listen} is no IPv4 address`, "Give one with --listen.");
  const place = (at: number): Place =>
    ownAddresses ? { listen: addressAfter(listen, at), port: first } : { listen, port: first === 0 ? 0 : first + at };
  return [place(0), ...Array.from({ length: count - 1 }, (_, at) => place(at + 1))];
}

function addressAfter(address: string, by: number): string {
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) + by;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

type Settings = Pick<
  Exclude<Parameters<typeof startSimulator>[0], undefined>,
  "user" | "password" | "authorizedKeys" | "processStartMs" | "roundTripMs"
>;

async function start(planned: PlannedHost, { listen, port }: Place, settings: Settings): Promise<Running> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const simulator = await startSimulator({
    ...planned.options,
    ...settings,
    model: planned.model,
    name: planned.name,
    listen,
    port,
    hostKey: privateKey.export({ type: "sec1", format: "pem" }).toString(),
    clock: new Date(),
    prepare: (host) => {
      planned.prepare(host);
      // What it was made with is not what it was told.
      host.journal.length = 0;
      host.processes.length = 0;
      Object.assign(host.counters, { commands: 0, writes: 0 });
    },
  }).catch((error: unknown) => {
    throw notListening(error as NodeJS.ErrnoException, listen, port);
  });
  return { ...planned, simulator };
}

function notListening(error: NodeJS.ErrnoException, listen: string, port: number): Error {
  if (error.code === "EADDRINUSE")
    return usage(`port ${port} of ${listen} is in use`, "Give another one with --port, or 0 for a free one.");
  if (error.code === "EACCES")
    return usage(
      `port ${port} of ${listen} is for root only`,
      "Give one from 1024 on with --port, or 0 for a free one.",
    );
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return usage(
      `this machine has no address ${listen}`,
      "Give one of its own with --listen; 127.0.0.1 is on every machine.",
    );
  if (error.message.startsWith("an authorized key is none"))
    return usage(error.message, "Give a file of public keys with --authorized-keys, RSA or ECDSA, a line each.");
  return error;
}

function chapGiven({ chapName, chapSecretFile }: SimulateOptions): { name: string; secret: string } | undefined {
  if (chapName === undefined && chapSecretFile === undefined) return undefined;
  if (chapName === undefined)
    throw usage(
      "--chap-secret-file is given without --chap-name",
      "Give the name that the secret is for with --chap-name.",
    );
  const secret = chapSecretFile === undefined ? madeUp() : firstLine(chapSecretFile);
  if (secret === "") throw usage(`the file ${chapSecretFile} is empty`, "Put the secret into its first line.");
  return { name: chapName, secret };
}

function passwordGiven(file: string | undefined): string | undefined {
  const password = file === undefined ? process.env.ESXI_ISER_PASSWORD : firstLine(file);
  if (password === "")
    throw usage(
      "the password is empty",
      "Put one into the file or into ESXI_ISER_PASSWORD, or leave them out for one that is made up.",
    );
  return password;
}

function keysIn(file: string): string[] {
  return readText(file)
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** Waits for a signal to end. A second one, after `forget`, ends the process at once. */
function untilEnded(): { readonly ended: Promise<void>; forget(): void } {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  for (const signal of signals) process.once(signal, end);
  return {
    ended,
    forget() {
      for (const signal of signals) process.removeListener(signal, end);
    },
  };
}
