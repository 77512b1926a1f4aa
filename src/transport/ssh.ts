import { type Socket, connect as tcpConnect } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { Client, type ServerHostKeyAlgorithm } from "ssh2";
import type { IserError } from "../errors.js";
import type { Bastion } from "./connection.js";
import type { SshTarget } from "./credentials.js";
import { algorithmsByType, fingerprint, type HostKeyRule, hostKeyRule } from "./hostKey.js";
import { failure } from "./redact.js";
import { SshConnection } from "./sshConnection.js";
import { type Login, prepareLogin } from "./sshLogin.js";

export { render } from "./sshLine.js";

/** A dial that failed: whether another one may help, and the host key that was refused, if that was it. */
class DialFailure extends Error {
  constructor(
    readonly error: IserError,
    readonly again: boolean,
    readonly refusedKey?: Buffer,
  ) {
    super(error.message);
  }
}

/** Pauses before an unreachable host is dialled again, in milliseconds. */
const pauses = { first: 500, longest: 4000 };

/**
 * Connects and logs in. With a bastion, `through` is the open connection to it. Only what was not reached is dialled again, and
 * only as long as no credential was sent: five refused logins lock an account on ESXi.
 */
export async function connect(target: SshTarget, through?: Bastion): Promise<Bastion> {
  const rule = hostKeyRule(target);
  for (let errors = 0, wait = pauses.first; ; errors++, wait = Math.min(wait * 2, pauses.longest)) {
    try {
      return await dialForKnownKey(target, rule, through);
    } catch (failed) {
      if (!(failed instanceof DialFailure)) throw failed;
      if (!failed.again || errors >= target.dialErrorLimit) throw failed.error;
      await pause(wait);
    }
  }
}

/** Dials, and once more for each other key type of the host if the first key is not the pinned one. No credential was sent before. */
async function dialForKnownKey(target: SshTarget, rule: HostKeyRule, through?: Bastion): Promise<Bastion> {
  let algorithms = rule.algorithms;
  let mismatch: DialFailure | undefined;
  while (algorithms.length > 0) {
    try {
      return await dial(target, rule, algorithms, through);
    } catch (failed) {
      if (!(failed instanceof DialFailure)) throw failed;
      if (!failed.refusedKey) throw mismatch ?? failed;
      mismatch ??= failed;
      const others = rule.others(failed.refusedKey);
      algorithms = algorithms.filter((name) => others.includes(name));
    }
  }
  throw mismatch;
}

/**
 * The host keys that a server offers, one of each type that it has. No credential is sent to it, and nothing is known of its identity. With a bastion,
 * `through` is the open connection to it.
 */
export async function offeredKeys(target: SshTarget, through?: Bastion): Promise<readonly Buffer[]> {
  const keys: Buffer[] = [];
  let reason: unknown;
  for (const algorithms of algorithmsByType) {
    const rule: HostKeyRule = { algorithms, objection: (key) => onlyLooking(target, key), others: () => [] };
    try {
      // The rule refuses every key, so nobody is logged in.
      await (await dial(target, rule, algorithms, through)).close();
    } catch (failed) {
      if (!(failed instanceof DialFailure)) throw failed;
      if (failed.refusedKey) keys.push(failed.refusedKey);
      else if (!isNoSuchKey(failed)) throw failed.error;
      else reason ??= failed.error;
    }
  }
  if (keys.length === 0) throw reason;
  return keys;
}

function onlyLooking({ host }: SshTarget, key: Buffer): IserError {
  return failure("HOST_KEY_UNKNOWN", {
    host,
    problem: `The key ${fingerprint(key)} was looked at only.`,
    cure: "No credential was sent.",
  });
}

function isNoSuchKey({ error }: DialFailure): boolean {
  return /no matching host key/i.test(error.message);
}

/** The most that a host may send until somebody is logged in, in bytes. A handshake with its login takes about 5 KiB. */
export const loginLimit = 1024 * 1024;

/** One dial. The time limit holds for all of it: TCP, handshake and login. */
async function dial(
  target: SshTarget,
  rule: HostKeyRule,
  algorithms: readonly ServerHostKeyAlgorithm[],
  through?: Bastion,
): Promise<Bastion> {
  const login = prepareLogin(target);
  const end = performance.now() + target.perDialTimeout * 1000;
  through?.hold(1);
  try {
    const stream = await (through ? reachThrough(target, through) : reach(target));
    const client = await logIn(target, login, rule, algorithms, stream, end - performance.now());
    return new SshConnection(target, client, stream, through);
  } finally {
    through?.hold(-1);
  }
}

function reach(target: SshTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // ssh2 leaves Nagle's algorithm on, which costs 40 ms a command (measured on loopback).
    const socket = tcpConnect({ host: target.host, port: target.port, noDelay: true });
    const limit = target.perDialTimeout * 1000;
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${target.perDialTimeout} s`)), limit);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(unreachable(target, error));
    });
  });
}

/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED of RFC 4254. */
const forwardingForbidden = 1;

async function reachThrough(target: SshTarget, bastion: Bastion): Promise<Duplex> {
  try {
    return await bastion.forward(target.host, target.port, target.perDialTimeout);
  } catch (error) {
    const { message, reason } = error as Error & { reason?: unknown };
    const said = reason === forwardingForbidden ? `${message} (administratively prohibited)` : message;
    throw unreachable(target, new Error(said), bastion);
  }
}

function logIn(
  target: SshTarget,
  login: Login,
  rule: HostKeyRule,
  algorithms: readonly ServerHostKeyAlgorithm[],
  stream: Duplex,
  timeout: number,
): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    let objection: DialFailure | undefined;
    const fail = (failed: DialFailure) => {
      clearTimeout(timer);
      stream.off("data", count);
      stream.destroy();
      reject(failed);
    };
    const broken = (error: Error) => {
      if (objection) return objection;
      if (isOfLevel(error, "client-authentication")) return new DialFailure(login.refusal(), false);
      return login.attempted() ? brokenLogin(target, login, error) : unreachable(target, error);
    };
    let received = 0;
    const count = (chunk: Buffer) => {
      received += chunk.length;
      if (received > loginLimit)
        fail(broken(new Error(`the host sent more than ${loginLimit / 1024 / 1024} MiB before a login`)));
    };
    stream.on("data", count);
    const timer = setTimeout(
      () => fail(broken(new Error(`no login within ${target.perDialTimeout} s, which perDialTimeout sets`))),
      timeout,
    );
    const onError = (error: Error) =>
      isOfLevel(error, "agent") ? login.note(`${error.message}.`) : fail(broken(error));
    const onClose = () => fail(broken(new Error("the host closed the connection")));
    login.whenAskedAgain(() => fail(new DialFailure(login.refusal(), false)));
    // They stay: to a promise that is settled they do nothing.
    client.on("error", onError);
    client.on("close", onClose);
    client.once("ready", () => {
      clearTimeout(timer);
      stream.off("data", count);
      resolve(client);
    });
    client.connect({
      sock: stream,
      username: target.user.value,
      readyTimeout: 0,
      algorithms: { serverHostKey: [...algorithms] },
      authHandler: login.handler,
      // Comes before any credential, and again whenever the keys are exchanged anew.
      hostVerifier: (key: Buffer) => {
        const error = rule.objection(key);
        if (error) objection = new DialFailure(error, false, key);
        return error === undefined;
      },
    });
  });
}

/** The connection ended after something was offered. If it was the host that said so, it refused. */
function brokenLogin(target: SshTarget, login: Login, error: Error & { code?: unknown }): DialFailure {
  if (typeof error.code === "number") {
    login.note(`The host said: ${error.message}.`);
    return new DialFailure(login.refusal(), false);
  }
  const lost = failure("CONNECTION_LOST", {
    host: target.host,
    problem: `The connection ended during the login (${error.message}).`,
    cure: "Run again. It was not done by itself, for the login may have been counted as a failure.",
  });
  return new DialFailure(lost, false);
}

/** What can be done about a dial that failed, by what the system or ssh2 said, and whether another dial may help. */
const unreachableCures: readonly { readonly said: RegExp; readonly cure: string; readonly again: boolean }[] = [
  { said: /ENOTFOUND/, cure: "The name is not known to DNS: correct it, or declare an address.", again: false },
  {
    said: /no matching/i,
    cure: "The host and this client have no algorithm in common. ESXi 6.7 and later are known to work.",
    again: false,
  },
  {
    said: /administratively prohibited/,
    cure: "The bastion forwards no connections. An ESXi host never does: take another machine.",
    again: false,
  },
  {
    said: /ECONNREFUSED/,
    cure: "Check host and port. If they are right, start SSH on the host (service TSM-SSH, or `vim-cmd hostsvc/start_ssh`): it is off on ESXi until then, and can time out (UserVars.ESXiShellTimeOut).",
    again: true,
  },
];

const anyOther = { cure: "Check that the host is up, and its address, port and firewall.", again: true };

function unreachable(target: SshTarget, error: NodeJS.ErrnoException, bastion?: Bastion): DialFailure {
  // An error of several addresses has a code and no message.
  const said = error.message || String(error.code ?? error.name);
  const { cure, again } = unreachableCures.find((kind) => kind.said.test(`${said} ${error.code}`)) ?? anyOther;
  const where = `${target.host}:${target.port}${bastion ? ` through ${bastion.host}` : ""}`;
  return new DialFailure(
    failure("HOST_UNREACHABLE", { host: target.host, problem: `No SSH connection to ${where}: ${said}.`, cure }),
    again && bastion?.open !== false,
  );
}

function isOfLevel(error: Error & { level?: unknown }, level: string): boolean {
  return error.level === level;
}
