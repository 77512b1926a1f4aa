import { isIPv4 } from "node:net";
import { type Model, SimulatedHost } from "../simulator/index.js";
import { addFaults, checkFaults, parseFault, readFaults } from "./simulate/faults.js";
import { JournalFile, save, writable, writeKnownHosts } from "./simulate/files.js";
import { mostHosts, type PlannedHost, planFleet } from "./simulate/fleet.js";
import { firstLine, readText, whole } from "./simulate/input.js";
import { madeUp } from "./simulate/secrets.js";
import { type Place, type Running, type Serving, serve } from "./simulate/serving.js";
import { asJson, asText } from "./simulate/shown.js";
import { note } from "./terminal.js";
import type { Transport } from "./transports.js";
import { refuseForeign, usage } from "./usage.js";

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
  readonly transport?: Transport;
  readonly processStart?: string;
  readonly call?: string;
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
  const { transport = "ssh", call, processStart, authorizedKeys } = options;
  refuseForeign(
    transport,
    transport === "ssh"
      ? { call }
      : { "authorized-keys": authorizedKeys, "known-hosts": options.knownHosts, "process-start": processStart },
  );
  const serving: Serving = {
    transport,
    user: options.user,
    password: given ?? madeUp(),
    authorizedKeys: authorizedKeys === undefined ? [] : keysIn(authorizedKeys),
    processStartMs: whole("--process-start", processStart ?? "0", 0, 60_000),
    callMs: whole("--call", call ?? "0", 0, 60_000),
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
      running.push(await serve(planned, places[at] ?? places[0], serving));
    for (const host of running) {
      addFaults(host.host, host.name, faults);
      journal?.follow(host);
    }
    if (knownHosts !== undefined) writeKnownHosts(knownHosts, running);
    for (const text of fleet.notes) note(text);
    const told = {
      password: given === undefined ? serving.password : undefined,
      passwordFile: options.passwordFile,
      chap: chap === undefined ? fleet.chap : [options.chapSecretFile === undefined ? chap : { name: chap.name }],
      knownHosts,
      transport,
      assumed:
        transport === "ssh"
          ? { processStartMs: serving.processStartMs, roundTripMs: serving.roundTripMs }
          : { callMs: serving.callMs, roundTripMs: serving.roundTripMs },
    };
    process.stdout.write(options.json ? asJson(running, told) : asText(running, told));
    // A host that runs for real has a clock that runs.
    const clock = setInterval(() => {
      for (const { host } of running) host.advance(1000);
    }, 1000);
    await end.ended;
    clearInterval(clock);
    if (saved !== undefined) await save(saved, running);
  } finally {
    end.forget();
    journal?.close();
    await Promise.all(running.map((host) => host.close()));
  }
}

/** The same host, of which nobody knows, as a trial of what it is made of. */
function tried({ name, model, options, prepare }: PlannedHost): { name: string; host: SimulatedHost } {
  const host = new SimulatedHost({ ...options, model, name });
  prepare(host);
  return { name, host };
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
