import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { drive } from "../../../src/simulator/drive.js";
import { Incoming } from "../../../src/simulator/incoming.js";
import type { SimulatedHost } from "../../../src/simulator/index.js";
import { quoted } from "../../../src/simulator/journal.js";
import { live } from "../../../src/simulator/process.js";

/** An `esxcli` that somebody ran. */
export interface Call {
  /** Its process. */
  readonly pid: number;
  /** What stood after `esxcli`, as bytes. */
  readonly words: readonly Buffer[];
  readonly lang: string | undefined;
  /** Whether the process is gone. */
  ended: boolean;
}

/** What the program on the PATH and this process send each other: JSON, one a line. */
type FromProgram =
  | { readonly start: string; readonly pid: number; readonly lang?: string }
  | { readonly input: string };
type ToProgram = { readonly out: string } | { readonly err: string } | { readonly status: number };

/**
 * The program: hands its words and its standard input to the test process. It takes its words from /proc, for those that
 * Node.js gives are decoded already.
 */
function program(socket: string): string {
  return `#!${process.execPath}
const { readFileSync } = require("node:fs");
const { connect } = require("node:net");
const { createInterface } = require("node:readline");
const line = readFileSync("/proc/self/cmdline");
const words = line.subarray(line.indexOf(0, line.indexOf(0) + 1) + 1);
const socket = connect(${JSON.stringify(socket)});
const send = (message) => socket.write(JSON.stringify(message) + "\\n");
process.exitCode = 255;
socket.on("error", () => process.stdin.destroy());
socket.on("close", () => process.stdin.destroy());
send({ start: words.toString("base64"), pid: process.pid, lang: process.env.LANG });
process.stdin.on("data", (chunk) => send({ input: chunk.toString("base64") }));
process.stdin.on("end", () => send({ input: "" }));
createInterface({ input: socket }).on("line", (text) => {
  const { out, err, status } = JSON.parse(text);
  if (out !== undefined) process.stdout.write(out);
  if (err !== undefined) process.stderr.write(err);
  if (status !== undefined) {
    process.exitCode = status;
    socket.destroy();
  }
});
`;
}

/** An `esxcli` on a real PATH with the state of a simulated host behind it. */
export class EsxcliBridge {
  readonly calls: Call[] = [];
  /** Called while the program runs, before it is answered. */
  onCall: ((call: Call) => void) | undefined;
  /** Programs are answered after it. */
  gate: Promise<unknown> = Promise.resolve();
  /** The simulated host was told to cut the connection. */
  onDrop: () => void = () => undefined;
  private readonly open = new Set<Socket>();
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly host: SimulatedHost,
    private readonly server: Server,
  ) {}

  /** Puts `esxcli` into the folder `bin`; only its user, and root, can use it. */
  static async start(
    host: SimulatedHost,
    bin: string,
    { uid, gid }: { uid: number; gid: number },
  ): Promise<EsxcliBridge> {
    const socket = join(bin, "esxcli.socket");
    const file = join(bin, "esxcli");
    writeFileSync(file, program(socket));
    chmodSync(file, 0o755);
    const server = createServer();
    const bridge = new EsxcliBridge(host, server);
    server.on("connection", (connection) => bridge.serve(connection));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    chownSync(socket, uid, gid);
    chmodSync(socket, 0o700);
    return bridge;
  }

  /** Waits until something holds of the calls; it is looked at whenever one begins or ends. */
  async until(holds: (calls: readonly Call[]) => boolean): Promise<void> {
    while (!holds(this.calls)) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  /** Programs that are still waiting for an answer get none. */
  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    this.open.add(socket);
    const gone = new AbortController();
    const incoming = new Incoming();
    let call: Call | undefined;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.open.delete(socket);
      incoming.end();
      gone.abort();
      if (call) call.ended = true;
      this.changed();
    });
    createInterface({ input: socket }).on("line", (line) => {
      const message: FromProgram = JSON.parse(line);
      if ("input" in message) {
        if (message.input === "") incoming.end();
        else incoming.push(Buffer.from(message.input, "base64"));
        return;
      }
      call = { pid: message.pid, words: wordsOf(message.start), lang: message.lang, ended: false };
      this.calls.push(call);
      this.onCall?.(call);
      this.changed();
      void this.run(call, socket, incoming, gone.signal);
    });
  }

  private async run({ words }: Call, socket: Socket, incoming: Incoming, signal: AbortSignal): Promise<void> {
    const send = (message: ToProgram) => socket.writable && socket.write(`${JSON.stringify(message)}\n`);
    const streams = { input: live, out: (out: string) => send({ out }), err: (err: string) => send({ err }) };
    const line = ["esxcli", ...words.map((word) => quoted(word.toString("utf8")))].join(" ");
    const around = { line: () => incoming.line(), rest: () => incoming.rest(), drop: () => this.onDrop(), signal };
    this.host.begin();
    await this.gate;
    const status = await drive(this.host.run(line, streams), around);
    this.host.end();
    if (status !== undefined) send({ status });
  }

  private changed(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** A command line as /proc has it: a NUL after every word. */
function wordsOf(base64: string): Buffer[] {
  const bytes = Buffer.from(base64, "base64");
  const words: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    words.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return words;
}
