import { performance } from "node:perf_hooks";
import { median } from "./common.js";
import { user } from "./declared.js";
import { type RoundTrips, tripsOf } from "./floors.js";
import type { Secrets } from "./hosts.js";
import type { HostsClient } from "./hostsClient.js";
import { login } from "./project/login.js";

const farMs = 200;
const tries = 3;

interface Times {
  readonly connect: number;
  readonly command: number;
}

/** Counts the round trips of SSH to a simulated host: what they add on a way of 200 ms. */
export async function countRoundTrips(hosts: HostsClient, secrets: Secrets): Promise<RoundTrips> {
  const [near, far] = [await timesAt(hosts, secrets, 0), await timesAt(hosts, secrets, farMs)];
  return {
    connect: tripsOf(near.connect, far.connect, farMs),
    command: tripsOf(near.command, far.command, farMs),
  };
}

async function timesAt(hosts: HostsClient, secrets: Secrets, roundTripMs: number): Promise<Times> {
  const { ports } = await hosts.ask("start", "calibration", 1, { startMs: 0, roundTripMs }, secrets);
  const times: Times[] = [];
  for (let count = 0; count < tries; count += 1) times.push(await timeOne(ports[0] ?? 0, secrets.password));
  await hosts.ask("stop", "calibration");
  return { connect: median(times.map((it) => it.connect)), command: median(times.map((it) => it.command)) };
}

async function timeOne(port: number, password: string): Promise<Times> {
  const start = performance.now();
  const client = await login({ port, user, password });
  const ready = performance.now();
  return new Promise((resolve, reject) => {
    client.on("error", reject);
    client.exec("true", (error, channel) => {
      if (error) return reject(error);
      channel.resume();
      channel.on("close", () => {
        resolve({ connect: ready - start, command: performance.now() - ready });
        client.end();
      });
      channel.end();
    });
  });
}
