import { performance } from "node:perf_hooks";
import type { Client } from "ssh2";
import { median } from "./common.js";
import { user } from "./declared.js";
import { type RoundTrips, tripsOf } from "./floors.js";
import type { Secrets } from "./hosts.js";
import type { HostsClient } from "./hostsClient.js";
import { login } from "./project/login.js";
import { SoapSession } from "./soap.js";
import type { Transport } from "./transports.js";

const farMs = 200;
const tries = 3;

interface Times {
  readonly connect: number;
  readonly command: number;
}

interface Opened {
  command(): Promise<void>;
  close(): void;
}

/** Connections that are logged in, by clients that do no more than they must. */
const open: Readonly<Record<Transport, (port: number, password: string) => Promise<Opened>>> = {
  ssh: async (port, password) => {
    const client = await login({ port, user, password });
    return { command: () => run(client, "true"), close: () => client.end() };
  },
  vsphere: (port, password) => SoapSession.open(port, user, password),
};

/** Counts the round trips to a simulated host: what they add on a way of 200 ms. */
export async function countRoundTrips(hosts: HostsClient, transport: Transport, secrets: Secrets): Promise<RoundTrips> {
  const timesAt = async (roundTripMs: number): Promise<Times> => {
    const cost = { startMs: 0, callMs: 0, roundTripMs };
    const [host] = await hosts.ask("start", "calibration", transport, 1, cost, secrets);
    const times: Times[] = [];
    for (let count = 0; count < tries; count += 1)
      times.push(await timeOne(() => open[transport](host?.port ?? 0, secrets.password)));
    await hosts.ask("stop", "calibration");
    return { connect: median(times.map((it) => it.connect)), command: median(times.map((it) => it.command)) };
  };
  const [near, far] = [await timesAt(0), await timesAt(farMs)];
  return {
    connect: tripsOf(near.connect, far.connect, farMs),
    command: tripsOf(near.command, far.command, farMs),
  };
}

async function timeOne(connect: () => Promise<Opened>): Promise<Times> {
  const start = performance.now();
  const opened = await connect();
  try {
    const ready = performance.now();
    await opened.command();
    return { connect: ready - start, command: performance.now() - ready };
  } finally {
    opened.close();
  }
}

function run(client: Client, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    client.on("error", reject);
    client.exec(line, (error, channel) => {
      if (error) return reject(error);
      channel.resume();
      channel.on("close", () => resolve());
      channel.end();
    });
  });
}
