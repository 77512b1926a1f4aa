import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { VsphereTarget } from "../vsphereTarget.js";
import { type CertificateRule, certificateRule } from "./certificate.js";
import { apiVersion } from "./soap.js";

/** How the attempt to get an answer ended. */
export type Ending =
  | { readonly kind: "done"; readonly status: number; readonly body: string; readonly cookies: readonly string[] }
  /** There was no connection: nothing was sent. */
  | { readonly kind: "notSent"; readonly error: Error }
  | { readonly kind: "timeout" }
  /** The answer is larger than is accepted. */
  | { readonly kind: "flood" }
  | { readonly kind: "cut"; readonly error: Error };

/** Calls that are ended together. */
export class Calls {
  private readonly cancels = new Set<() => void>();

  add(cancel: () => void): void {
    this.cancels.add(cancel);
  }

  remove(cancel: () => void): void {
    this.cancels.delete(cancel);
  }

  end(): void {
    for (const cancel of this.cancels) cancel();
  }
}

export interface Post {
  readonly body: string;
  readonly cookie?: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  /** Bytes that the answer may have. */
  readonly limit: number;
  readonly among: readonly Calls[];
}

/** Sends calls to one host, over connections that are kept. */
export interface Poster {
  /** Never rejects. */
  post(call: Post): Promise<Ending>;
  close(): void;
}

/** A connection was not made, or to another host than is expected. */
class NoConnection extends Error {
  constructor(readonly reason: Error) {
    super(reason.message);
  }
}

/**
 * For so long, in milliseconds, a connection without a call is kept: less than hosts do, which would end it just when it is used again. VMware's example of
 * `readTimeoutMs` in rhttpproxy's configuration has 20 s, vCenter keeps its own to a host for 900 s (Broadcom KB 437860). And not as long as can be: by
 * the same article Envoy on ESXi takes 128 connections in all.
 */
const kept = 15_000;

export function poster(target: VsphereTarget): Poster {
  const agent = new Agent({ keepAlive: true, timeout: kept, maxFreeSockets: 8 });
  const rule = certificateRule(target);
  // HTTP gets no connection before its certificate is checked, so nothing is sent to a host that is not the expected one.
  Object.assign(agent, {
    createConnection: (_options: unknown, callback: (error: Error | null, socket?: TLSSocket) => void) => {
      dial(target, rule).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(new NoConnection(error)),
      );
    },
  });
  return { post: (call) => post(target, agent, call), close: () => agent.destroy() };
}

/** Connects, and ends the connection again where the rule objects to the certificate. */
export function dial({ host, port, ca, perDialTimeout }: VsphereTarget, rule: CertificateRule): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      servername: isIP(host) === 0 ? host : "",
      // The rule looks at what this would have refused.
      rejectUnauthorized: false,
      ...(ca === undefined ? {} : { ca: ca.value }),
    });
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${perDialTimeout} s`)),
      perDialTimeout * 1000,
    );
    socket.once("secureConnect", () => {
      const objection = rule(socket);
      if (objection !== undefined) {
        socket.destroy(objection);
        return;
      }
      clearTimeout(timer);
      socket.setNoDelay(true);
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
      reject(new Error("the host closed the connection"));
    });
  });
}

function post(target: VsphereTarget, agent: Agent, { body, cookie, timeout, limit, among }: Post): Promise<Ending> {
  return new Promise((resolve) => {
    const settle = (ending: Ending) => {
      clearTimeout(timer);
      for (const calls of among) calls.remove(cancel);
      resolve(ending);
      if (ending.kind !== "done") call.destroy();
    };
    const cancel = () => settle({ kind: "cut", error: new Error("it was closed here") });
    const timer = setTimeout(() => settle({ kind: "timeout" }), timeout);
    const call: ClientRequest = request(
      {
        agent,
        host: target.host,
        port: target.port,
        path: "/sdk",
        method: "POST",
        headers: {
          "Content-Type": "text/xml; charset=utf-8",
          "Content-Length": Buffer.byteLength(body),
          SOAPAction: apiVersion,
          ...(cookie === undefined ? {} : { Cookie: cookie }),
        },
      },
      (answer) => collect(answer, limit, settle),
    );
    // It stays: to a promise that is settled it does nothing.
    call.on("error", (error) =>
      settle(error instanceof NoConnection ? { kind: "notSent", error: error.reason } : { kind: "cut", error }),
    );
    for (const calls of among) calls.add(cancel);
    call.end(body);
  });
}

function collect(answer: IncomingMessage, limit: number, settle: (ending: Ending) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  answer.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) settle({ kind: "flood" });
    else chunks.push(chunk);
  });
  answer.on("error", (error) => settle({ kind: "cut", error }));
  answer.on("end", () =>
    settle({
      kind: "done",
      status: answer.statusCode ?? 0,
      body: Buffer.concat(chunks).toString("utf8"),
      cookies: answer.headers["set-cookie"] ?? [],
    }),
  );
}
