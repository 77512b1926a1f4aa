import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { type Algorithms, type ClientInfo, type Connection, Server, utils } from "ssh2";
import { SimulatedHost } from "./host.js";
import { listenOn } from "./listening.js";
import type { HostOptions } from "./options.js";
import { Account } from "./sshAuth.js";
import { serveSession } from "./sshSession.js";

export interface SimulatorOptions extends HostOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** The address to listen on. Default: 127.0.0.1. */
  readonly listen?: string;
  /** Default: root. */
  readonly user?: string;
  /** The password of the user. Default: simulated. */
  readonly password?: string;
  /** Public keys that may log in, as in an authorized_keys file. */
  readonly authorizedKeys?: readonly string[];
  /** A private key, RSA or ECDSA, as PEM or as OpenSSH writes it. Default: one that is made once a process. */
  readonly hostKey?: string;
  /** What a round trip to it takes, in milliseconds. Default: no more than the way there does. */
  readonly roundTripMs?: number;
  /** Whether the host's SSH service is on. Default: true. Off, its port refuses every connection. */
  readonly ssh?: boolean;
  /** What is done on the host before it listens. */
  readonly prepare?: (host: SimulatedHost) => void;
}

/** A simulated host that is reached over SSH. */
export interface Simulator {
  readonly host: SimulatedHost;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The public host key, `ecdsa-sha2-nistp256 AAAA…`. */
  readonly hostKey: string;
  /** `SHA256:…`, as ssh prints it. */
  readonly fingerprint: string;
  /** How many connections are open now. */
  readonly open: number;
  /** Cuts all connections without a word, as a power failure does. */
  dropConnections(): void;
  /** Lets a locked account log in again. */
  unlock(): void;
  close(): Promise<void>;
}

/** As recorded of sshd on 8.0.2, without the group exchange, which ssh2 does not serve. */
const algorithms: Algorithms = {
  kex: [
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
  ],
  cipher: ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
  hmac: ["hmac-sha2-256", "hmac-sha2-512"],
  compress: ["none"],
};
const ecdsaHostKeys = ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"] as const;
const rsaHostKeys = ["rsa-sha2-256", "rsa-sha2-512"] as const;

/** MaxStartups 10:30:100: seen on 8.0.2. Its chance is left out: from the tenth connection that has not logged in on, none is taken. */
const maxStartups = 10;
/** MaxAuthTries of OpenSSH, which ESXi does not set. */
const maxTries = 6;
const loginGraceTime = 120_000;

let madeKey: string | undefined;

/** An RSA key takes long to make; ECDSA does not. */
function defaultHostKey(): string {
  madeKey ??= generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "sec1", format: "pem" })
    .toString();
  return madeKey;
}

/** Starts a simulated host, with an SSH server as ESXi's is. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, listen = "127.0.0.1", user = "root", password = "simulated", authorizedKeys = [] } = options;
  const { roundTripMs = 0 } = options;
  const privateKey = options.hostKey ?? defaultHostKey();
  const publicKey = utils.parseKey(privateKey);
  if (publicKey instanceof Error) throw new Error(`the host key is not understood: ${publicKey.message}`);
  const host = new SimulatedHost(options);
  options.prepare?.(host);
  const account = new Account(user, password, authorizedKeys, host.counters);
  // By the client's address and port, which is what ssh2 says of a connection.
  const sockets = new Map<string, Socket>();
  const startups = new Set<Socket>();
  const serverHostKey = publicKey.type === "ssh-rsa" ? [...rsaHostKeys] : [...ecdsaHostKeys];
  const ssh = new Server({ hostKeys: [privateKey], algorithms: { ...algorithms, serverHostKey } });

  ssh.on("connection", (connection: Connection, { ip, port: from }: ClientInfo) => {
    const socket = sockets.get(`${ip} ${from}`);
    if (!socket) return;
    let tries = 0;
    connection.on("error", () => undefined);
    connection.on("authentication", (context) =>
      account.check(context, () => {
        tries += 1;
        if (tries >= maxTries) connection.end();
      }),
    );
    connection.on("ready", () => {
      startups.delete(socket);
      host.counters.logins += 1;
    });
    // No forwarding: seen on 8.0.2.
    connection.on("tcpip", (_accept, reject) => reject());
    connection.on("openssh.streamlocal", (_accept, reject) => reject());
    connection.on("request", (_accept, reject) => reject?.());
    serveSession(host, connection, () => socket.destroy());
  });

  const server = createServer((socket) => {
    host.counters.connections += 1;
    // Without this every answer waits 40 ms for Nagle's algorithm.
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    if (startups.size >= maxStartups) {
      socket.destroy();
      return;
    }
    const key = `${socket.remoteAddress} ${socket.remotePort}`;
    sockets.set(key, socket);
    startups.add(socket);
    socket.on("close", () => {
      sockets.delete(key);
      startups.delete(socket);
    });
    // What does not speak SSH, or does not log in for two minutes, is sent away, as by OpenSSH.
    socket.once("data", (chunk) => {
      if (!chunk.toString("latin1").startsWith("SSH-")) socket.end("Invalid SSH identification string.\r\n");
    });
    const grace = setTimeout(() => startups.has(socket) && socket.destroy(), loginGraceTime).unref();
    socket.once("close", () => clearTimeout(grace));
    ssh.injectSocket(socket);
  });
  const listening = await listenOn(server, { port, listen, roundTripMs });
  const isOff = options.ssh === false;
  if (isOff) await listening.close();

  const blob = publicKey.getPublicSSH();
  const drop = (dropped: readonly Socket[]) => {
    for (const socket of dropped) socket.destroy();
  };
  const dropConnections = () => drop([...sockets.values()]);
  // A reboot takes the connections with it that there are, once the answer of the command that asked for it is out.
  const unsubscribe = host.onReboot(() => void setTimeout(drop, 20, [...sockets.values()]).unref());
  return {
    host,
    address: listen,
    port: listening.port,
    user,
    password,
    hostKey: `${publicKey.type} ${blob.toString("base64")}`,
    fingerprint: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
    get open() {
      return sockets.size;
    },
    dropConnections,
    unlock: () => account.unlock(),
    close: async () => {
      unsubscribe();
      dropConnections();
      if (!isOff) await listening.close();
    },
  };
}
