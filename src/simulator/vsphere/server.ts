import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import type { SimulatedHost } from "../host.js";
import { listenOn } from "../listening.js";
import { Passwords } from "../passwords.js";
import { newIdentity } from "./certificate.js";
import { esxiInventory, hostName, type Inventory, type VcenterHost, vcenterInventory } from "./inventory.js";
import { Service, type VsphereCounters } from "./service.js";
import { element, textElement } from "./xml.js";

/** A connection that nothing comes over for this long is closed, in milliseconds. */
const keepAliveTimeout = 60_000;

/** How the vSphere API of a simulated host or vCenter is served. */
export interface VsphereOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** The address to listen on. Default: 127.0.0.1. */
  readonly listen?: string;
  /** Default: root; of a vCenter administrator@vsphere.local. */
  readonly user?: string;
  /** The password of the user. Default: simulated. */
  readonly password?: string;
  /** What a round trip to it takes, in milliseconds. Default: no more than the way there does. */
  readonly roundTripMs?: number;
  /** What a managed-method call costs on the host, in milliseconds, beside what befalls the command itself. Default: 0. Nothing is known of real hosts: an assumption. */
  readonly callMs?: number;
  /** Whether the user has the privilege to call managed methods. Default: true. Without it a call is answered with NoPermission. */
  readonly mayExecute?: boolean;
}

/** An endpoint that speaks the vSphere API over HTTPS, at `/sdk`: of one host, or of a vCenter with several. */
export interface VsphereEndpoint {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** SHA-256 of the certificate: `AA:BB:…`, 32 bytes. */
  readonly thumbprint: string;
  /** SHA-1 of it, as vCenter shows it. */
  readonly sha1Thumbprint: string;
  /** The certificate, which is signed by itself, as PEM. */
  readonly certificate: string;
  /** How many sessions are logged in now. */
  readonly sessions: number;
  readonly counters: Readonly<VsphereCounters>;
  /** Ends all sessions, as a timeout does: the next call is answered with NotAuthenticated. */
  expireSessions(): void;
  /** Lets a locked account log in again: five refusals lock it, as over SSH. */
  unlock(): void;
  /** Cuts all connections without a word. */
  dropConnections(): void;
  close(): Promise<void>;
}

/** Starts the vSphere API of a host, over the same state as its SSH server, if it has one. */
export function startVsphere(host: SimulatedHost, options: VsphereOptions = {}): Promise<VsphereEndpoint> {
  return start(esxiInventory(host), hostName(host), { user: "root", ...options }, host);
}

/** Starts a vCenter with hosts in it. */
export function startVcenter(hosts: readonly VcenterHost[], options: VsphereOptions = {}): Promise<VsphereEndpoint> {
  return start(vcenterInventory(hosts), "vcenter.lab", { user: "administrator@vsphere.local", ...options });
}

/** `self`: the host that the endpoint is on, if it is on one: a reboot takes its sessions and connections along. */
async function start(
  inventory: Inventory,
  name: string,
  options: VsphereOptions & { readonly user: string },
  self?: SimulatedHost,
): Promise<VsphereEndpoint> {
  const { user, password = "simulated", listen = "127.0.0.1", port = 0, roundTripMs = 0 } = options;
  const { callMs = 0, mayExecute = true } = options;
  const { key, certificate, ...thumbprints } = newIdentity([name, listen, "localhost", "127.0.0.1"]);
  const counters: VsphereCounters = { connections: 0, logins: 0, failedLogins: 0, logouts: 0, requests: 0 };
  const passwords = new Passwords(user, password);
  const service = new Service(inventory, passwords, counters, { callMs, mayExecute });
  const sockets = new Set<Socket>();
  const server = createServer({ key, cert: certificate, keepAliveTimeout }, (request, response) => {
    counters.requests += 1;
    serve(service, request, response).catch((error: unknown) => {
      // A mistake of the simulator's own: told, and no end of the process it runs in.
      process.emitWarning(error instanceof Error ? error : String(error));
      request.socket.destroy();
    });
  });
  server.on("connection", (socket: Socket) => {
    counters.connections += 1;
    // Without this every answer waits 40 ms for Nagle's algorithm.
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  // Of clients that do not trust the certificate.
  server.on("tlsClientError", () => undefined);
  const listening = await listenOn(server, { port, listen, roundTripMs });
  const drop = (dropped: readonly Socket[]) => {
    for (const socket of dropped) socket.destroy();
  };
  const dropConnections = () => drop([...sockets]);
  // The answer of what asked for the reboot goes out first.
  const unsubscribe = self?.onReboot(() => {
    service.sessions.endAll();
    setTimeout(drop, 20, [...sockets]).unref();
  });
  return {
    address: listen,
    port: listening.port,
    user,
    password,
    certificate,
    ...thumbprints,
    get sessions() {
      return service.sessions.count;
    },
    counters,
    expireSessions: () => service.sessions.endAll(),
    unlock: () => passwords.unlock(),
    dropConnections,
    close: async () => {
      unsubscribe?.();
      dropConnections();
      await listening.close();
    },
  };
}

async function serve(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === "/sdk/vimServiceVersions.xml" && request.method === "GET") {
    send(response, 200, versionsXml(service.inventory));
    return;
  }
  if (request.url !== "/sdk" && request.url !== "/sdk/") {
    send(response, 404, "");
    return;
  }
  if (request.method !== "POST") {
    send(response, 405, "");
    return;
  }
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const body = await text(request).catch(() => undefined);
  // The client went away in the middle of its request.
  if (body === undefined) return;
  const client = { address: request.socket.remoteAddress ?? "", agent: request.headers["user-agent"] ?? "" };
  const around = { client, drop: () => request.socket.destroy(), signal: gone.signal };
  const answer = await service.answer(body, request.headers.cookie, around);
  if (answer === undefined) return;
  send(response, answer.status, answer.xml, answer.cookie);
}

/** Versions of the API, newest first. [pyvmomi] */
const apiVersions = ["9.0.0.0", "8.0.2.0", "8.0.1.0", "7.0.0.0", "6.7", "6.5", "6.0"];

/** What pyvmomi asks for before it speaks: the version of the endpoint, and those before it that it speaks too. */
function versionsXml({ about: { apiVersion = "" } }: Inventory): string {
  const prior = apiVersions.filter((one) => one.localeCompare(apiVersion, "en", { numeric: true }) < 0);
  const version = (name: string) => textElement("version", name);
  const namespace =
    textElement("name", "urn:vim25") + version(apiVersion) + element("priorVersions", prior.map(version).join(""));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("namespaces", element("namespace", namespace), 'version="1.0"')}\n`;
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, xml: string, cookie?: string): void {
  response.writeHead(status, {
    "Content-Type": "text/xml; charset=utf-8",
    "Content-Length": Buffer.byteLength(xml),
    ...(cookie === undefined ? {} : { "Set-Cookie": cookie }),
  });
  response.end(xml);
}
