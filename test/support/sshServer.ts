import { execFileSync } from "node:child_process";
import type { EventEmitter } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, type Socket, connect as tcpConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Algorithms,
  type AuthContext,
  type Connection,
  type ParsedKey,
  Server,
  type ServerChannel,
  utils,
} from "ssh2";
import type { ServerSettings } from "../../src/transport/credentials.js";
import { fingerprint } from "../../src/transport/hostKey.js";

/** A command that the server was asked to run. */
export interface Request {
  readonly line: string;
  readonly channel: ServerChannel;
  /** The connection it came on, for a test that cuts it. */
  readonly connection: Connection;
  /** Everything the client writes until it closes its end. */
  readonly stdin: () => Promise<string>;
}

export interface ServerOptions {
  readonly password?: string;
  /** Public keys that may log in. */
  readonly authorized?: readonly ParsedKey[];
  /** What the server says it accepts. ESXi's are the default. */
  readonly methods?: readonly ("publickey" | "keyboard-interactive" | "password")[];
  readonly hostKeys?: readonly string[];
  /** Default: those of ESXi 8.0.2. */
  readonly algorithms?: Algorithms;
  readonly maxSessions?: number;
  /** Forwards TCP connections, as a bastion does. */
  readonly forwards?: boolean;
  readonly run?: (request: Request) => void;
  /** Runs no command at all, as for a user without a shell. */
  readonly refusesCommands?: boolean;
  /** Decides on logins in place of everything above. */
  readonly authenticate?: (context: AuthContext, connection: Connection) => void;
}

/** What the server saw. */
export interface Seen {
  connections: number;
  /** Method and, for keys, type and whether it was signed: `publickey ssh-rsa signed`. */
  auths: string[];
  /** Answers to keyboard-interactive rounds and plain passwords that were wrong. */
  wrongPasswords: number;
  lines: string[];
  signals: string[];
  running: number;
  mostAtOnce: number;
  forwards: string[];
}

export interface TestServer {
  readonly port: number;
  readonly seen: Seen;
  /** The settings that reach it: address, port, the host key pinned. */
  readonly settings: ServerSettings;
  readonly fingerprints: readonly string[];
  dropConnections(): void;
  close(): Promise<void>;
}

/** Recorded from the sshd of an ESXi 8.0.2 host; ssh2's server has no group exchange, which that one offers too. */
const esxiAlgorithms: Algorithms = {
  cipher: ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
  hmac: ["hmac-sha2-256", "hmac-sha2-512"],
  kex: [
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
  ],
};

export const keys = {
  ecdsaHost: utils.generateKeyPairSync("ecdsa", { bits: 256 }),
  rsa: utils.generateKeyPairSync("rsa", { bits: 2048 }),
  ecdsa: utils.generateKeyPairSync("ecdsa", { bits: 256 }),
  ed25519: utils.generateKeyPairSync("ed25519"),
};

export function publicKey(text: string): ParsedKey {
  const key = utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

/** Answers with a text and a status, in one piece. */
export function answer({ channel }: Request, text: string, status = 0): void {
  channel.write(text);
  channel.exit(status);
  channel.end();
}

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const { methods = ["publickey", "keyboard-interactive"], hostKeys = [keys.ecdsaHost.private] } = options;
  const seen: Seen = {
    connections: 0,
    auths: [],
    wrongPasswords: 0,
    lines: [],
    signals: [],
    running: 0,
    mostAtOnce: 0,
    forwards: [],
  };
  const open = new Set<Connection>();
  const { algorithms = esxiAlgorithms } = options;
  const server = new Server({ hostKeys: [...hostKeys], algorithms }, (connection) => {
    seen.connections += 1;
    open.add(connection);
    connection.on("error", () => undefined);
    connection.on("close", () => open.delete(connection));
    connection.on("authentication", (context) => {
      if (options.authenticate) options.authenticate(context, connection);
      else authenticate(context, options, methods, seen);
    });
    let sessions = 0;
    connection.on("session", (accept, reject) => {
      if (sessions >= (options.maxSessions ?? 10)) return reject();
      sessions += 1;
      seen.running += 1;
      seen.mostAtOnce = Math.max(seen.mostAtOnce, seen.running);
      const session = accept();
      session.on("close", () => {
        sessions -= 1;
        seen.running -= 1;
      });
      session.on("signal", (accepted, _rejected, info) => {
        seen.signals.push(info.name);
        if (typeof accepted === "function") accepted();
      });
      session.on("exec", (accepted, rejected, { command }) => {
        if (options.refusesCommands) return rejected();
        seen.lines.push(command);
        const channel = accepted();
        channel.on("error", () => undefined);
        const chunks: Buffer[] = [];
        const ended = new Promise<string>((resolve) => {
          channel.on("data", (chunk: Buffer) => chunks.push(chunk));
          channel.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
        });
        const request = { line: command, channel, connection, stdin: () => ended };
        (options.run ?? ((it) => answer(it, "")))(request);
      });
    });
    // Without a listener ssh2 answers that forwarding is prohibited, as ESXi's sshd does.
    if (!options.forwards) return;
    connection.on("tcpip", (accept, _reject, { destIP, destPort }) => {
      seen.forwards.push(`${destIP}:${destPort}`);
      const socket = tcpConnect({ port: destPort, host: destIP, noDelay: true });
      socket.on("error", () => undefined);
      socket.once("connect", () => {
        const channel = accept();
        channel.on("error", () => undefined);
        socket.pipe(channel).pipe(socket);
      });
    });
  });
  // Both ends without Nagle's algorithm, or every exchange waits 40 ms.
  (server as unknown as { _srv: EventEmitter })._srv.on("connection", (socket: Socket) => socket.setNoDelay(true));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const fingerprints = hostKeys.map((text) => fingerprint(publicKey(text).getPublicSSH()));
  return {
    port,
    seen,
    fingerprints,
    settings: { host: "127.0.0.1", port, hostKey: fingerprints[0] },
    dropConnections: () => {
      for (const connection of open) destroy(connection);
    },
    close: async () => {
      for (const connection of open) destroy(connection);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Cuts the TCP connection without a word, as a power failure does. */
export function destroy(connection: Connection): void {
  (connection as unknown as { _sock: Socket })._sock.destroy();
}

/** Ends the connection with sshd's words for too many failures, which are a protocol error of RFC 4253 (2). */
export function disconnect(connection: Connection): void {
  (connection as unknown as { _protocol: { disconnect(reason: number): void } })._protocol.disconnect(2);
}

function authenticate(
  context: AuthContext,
  options: ServerOptions,
  methods: NonNullable<ServerOptions["methods"]>,
  seen: Seen,
): void {
  const decide = (accepted: boolean) => (accepted ? context.accept() : context.reject([...methods]));
  const check = (given: string | undefined) => {
    if (given !== options.password) seen.wrongPasswords += 1;
    decide(given === options.password);
  };
  if (context.method === "publickey") {
    const { key, signature, blob, hashAlgo } = context;
    seen.auths.push(`publickey ${key.algo.replace(/^rsa-sha2-\d+$/, "ssh-rsa")}${signature ? " signed" : ""}`);
    const known = options.authorized?.find((authorized) => authorized.getPublicSSH().equals(key.data));
    decide(known !== undefined && (!signature || !blob || known.verify(blob, signature, hashAlgo)));
    return;
  }
  if (context.method !== "none") seen.auths.push(context.method);
  if (!methods.some((method) => method === context.method)) decide(false);
  else if (context.method === "password") check(context.password);
  else if (context.method === "keyboard-interactive") {
    context.prompt([{ prompt: "Password: ", echo: false }], (answers) => check(answers[0]));
  }
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = await startServer();
  await server.close();
  return server.port;
}

/** A real ssh-agent with the given private keys. */
export function startAgent(privateKeys: readonly string[]): { socket: string; stop(): void } {
  const folder = mkdtempSync(join(tmpdir(), "esxi-iser-agent-"));
  const socket = join(folder, "agent");
  const started = execFileSync("ssh-agent", ["-a", socket], { encoding: "utf8" });
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started)?.[1]);
  for (const key of privateKeys) {
    execFileSync("ssh-add", ["-q", "-"], { input: key, env: { ...process.env, SSH_AUTH_SOCK: socket } });
  }
  return {
    socket,
    stop: () => {
      process.kill(pid);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A key as ssh-keygen makes it. */
export function keygen(...options: readonly string[]): { private: string; public: string } {
  const folder = mkdtempSync(join(tmpdir(), "esxi-iser-key-"));
  try {
    const file = join(folder, "key");
    execFileSync("ssh-keygen", ["-q", "-f", file, ...options]);
    return { private: readFileSync(file, "utf8"), public: readFileSync(`${file}.pub`, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
