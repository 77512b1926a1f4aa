import type { AddressInfo, Server } from "node:net";
import { startDelayProxy } from "./delayProxy.js";

export interface Listening {
  /** Where clients connect to. */
  readonly port: number;
  /** Takes no more connections, and waits until those that there are have ended. */
  close(): Promise<void>;
}

/** Lets a server listen, behind something that takes the time of a round trip when it is far. Port 0: a free one. */
export async function listenOn(
  server: Server,
  { port, listen, roundTripMs }: { port: number; listen: string; roundTripMs: number },
): Promise<Listening> {
  const far = roundTripMs > 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(far ? 0 : port, far ? "127.0.0.1" : listen, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const inner = (server.address() as AddressInfo).port;
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const proxy = far
    ? await startDelayProxy({ to: inner, roundTripMs, listen, port }).catch(async (error: unknown) => {
        await stop();
        throw error;
      })
    : undefined;
  return {
    port: proxy?.port ?? inner,
    close: async () => {
      await Promise.all([proxy?.close(), stop()]);
    },
  };
}
