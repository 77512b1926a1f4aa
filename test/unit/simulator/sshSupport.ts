import { Client, type ClientChannel, type ConnectConfig } from "ssh2";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../../src/simulator/index.js";

const running: Simulator[] = [];
export const clients: Client[] = [];

export async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ password: "letmein", ...options });
  running.push(simulator);
  return simulator;
}

/** Logs in as a client that answers each prompt with the password. */
export function login(simulator: Simulator, settings: ConnectConfig & { answer?: string } = {}): Promise<Client> {
  const client = new Client();
  clients.push(client);
  const { answer = simulator.password, ...rest } = settings;
  client.on("keyboard-interactive", (_name, _text, _language, prompts, finish) => finish(prompts.map(() => answer)));
  return new Promise((resolve, reject) => {
    client.once("ready", () => resolve(client));
    client.on("error", reject);
    // Without Nagle's algorithm, or every exchange waits 40 ms.
    client.on("connect", () => client.setNoDelay(true));
    client.connect({ host: simulator.address, port: simulator.port, username: "root", tryKeyboard: true, ...rest });
  });
}

export interface Ended {
  readonly status: number | null | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that was started, and how it ends: listened to from the first moment, or its end may be missed. */
export function open(client: Client, line: string): Promise<{ channel: ClientChannel; ended: Promise<Ended> }> {
  return new Promise((resolve, reject) => {
    client.exec(line, (error, channel) => (error ? reject(error) : resolve({ channel, ended: ending(channel) })));
  });
}

export function ending(channel: ClientChannel): Promise<Ended> {
  return new Promise((resolve) => {
    let [stdout, stderr] = ["", ""];
    let status: number | null | undefined;
    let signal: string | undefined;
    channel.on("data", (chunk: Buffer) => {
      stdout += chunk.toString("utf8");
    });
    channel.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("utf8");
    });
    channel.on("exit", (code: number | null, name?: string) => {
      status = code;
      signal = name;
    });
    channel.on("close", () => resolve({ status, signal, stdout, stderr }));
  });
}

export async function exec(client: Client, line: string, stdin?: string): Promise<Ended> {
  const { channel, ended } = await open(client, line);
  if (stdin !== undefined) channel.end(stdin);
  return ended;
}

/** Ends what a test has started. */
export async function closeAll(): Promise<void> {
  for (const client of clients.splice(0)) client.on("error", () => undefined).destroy();
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
}
