import type { Connection, ServerChannel, Session } from "ssh2";
import { drive } from "./drive.js";
import type { SimulatedHost } from "./host.js";
import { Incoming } from "./incoming.js";
import { live, type Streams } from "./process.js";
import { Shell } from "./shell.js";
import { Terminal } from "./terminal.js";

/** MaxSessions of OpenSSH, which ESXi does not set. */
const maxSessions = 10;

/** The sessions of one connection: commands and shells. */
export function serveSession(host: SimulatedHost, connection: Connection, drop: () => void): void {
  const running = new Set<AbortController>();
  let open = 0;
  connection.on("close", () => {
    for (const controller of running) controller.abort();
  });
  connection.on("session", (accept, reject) => {
    if (open >= maxSessions) {
      reject();
      return;
    }
    open += 1;
    const controller = new AbortController();
    const session = accept();
    // As in OpenSSH, a session counts until its channel is closed and its command has ended.
    let holds = 1;
    const release = () => {
      holds -= 1;
      if (holds === 0) open -= 1;
    };
    session.on("close", release);
    const start = async (work: () => Promise<unknown>) => {
      holds += 1;
      running.add(controller);
      try {
        await work();
      } catch (error) {
        // A mistake of the simulator's own: told, and no end of the process it runs in.
        process.emitWarning(error instanceof Error ? error : String(error));
        drop();
      } finally {
        running.delete(controller);
        release();
      }
    };
    serve(host, session, controller, drop, (work) => void start(work));
  });
}

function serve(
  host: SimulatedHost,
  session: Session,
  controller: AbortController,
  drop: () => void,
  start: (work: () => Promise<unknown>) => void,
): void {
  let pty = false;
  session.on("pty", (accept) => {
    pty = true;
    accept?.();
  });
  session.on("env", (_accept, reject) => reject?.());
  session.on("window-change", (accept) => accept?.());
  session.on("signal", (accept) => {
    accept?.();
    controller.abort();
  });
  session.on("exec", (accept, _reject, { command }) => {
    const channel = accept();
    start(() =>
      pty ? execInTerminal(host, channel, command, controller, drop) : exec(host, channel, command, controller, drop),
    );
  });
  session.on("shell", (accept) => {
    const channel = accept();
    start(() => (pty ? interact(host, channel, controller, drop) : script(host, channel, controller, drop)));
  });
}

/** A command without a terminal: what it prints goes out as it comes, its status at the end. */
async function exec(
  host: SimulatedHost,
  channel: ServerChannel,
  command: string,
  { signal }: AbortController,
  drop: () => void,
): Promise<void> {
  const incoming = listen(channel);
  const around = { line: () => incoming.line(), rest: () => incoming.rest(), drop, signal };
  const status = await counted(host, () => drive(host.run(command, streams(channel)), around));
  finish(channel, status);
}

/** A shell that is not a terminal's: it runs the lines it is given. */
async function script(
  host: SimulatedHost,
  channel: ServerChannel,
  { signal }: AbortController,
  drop: () => void,
): Promise<void> {
  const incoming = listen(channel);
  const shell = new Shell(host);
  const around = { line: () => incoming.line(), rest: () => incoming.rest(), drop, signal };
  let status: number | undefined = 0;
  while (!signal.aborted && !shell.exited) {
    const line = await incoming.line();
    if (line === undefined) break;
    status = await counted(host, () => drive(host.run(line, streams(channel), shell), around));
    if (status === undefined) break;
  }
  finish(channel, status);
}

function terminalOf(channel: ServerChannel): Terminal {
  const terminal = new Terminal((text) => channel.write(text));
  channel.on("error", () => undefined);
  channel.on("data", (chunk: Buffer) => terminal.push(chunk));
  channel.on("end", () => terminal.end());
  channel.on("close", () => terminal.end());
  return terminal;
}

/** One line of a terminal. Ctrl-C ends what it runs, and the shell goes on. */
async function runInTerminal(
  host: SimulatedHost,
  terminal: Terminal,
  line: string,
  { signal }: AbortController,
  drop: () => void,
  shell?: Shell,
): Promise<number | undefined> {
  const interrupt = new AbortController();
  const end = () => interrupt.abort();
  signal.addEventListener("abort", end, { once: true });
  terminal.onInterrupt = end;
  const write = (text: string) => terminal.write(text);
  const around = {
    // Programs ask for a line only to read a secret.
    line: () => terminal.readLine("", true),
    rest: async () => (await readAll(terminal)).join(""),
    drop,
    signal: interrupt.signal,
  };
  try {
    return await counted(host, () => drive(host.run(line, { input: live, out: write, err: write }, shell), around));
  } finally {
    terminal.onInterrupt = undefined;
    signal.removeEventListener("abort", end);
  }
}

async function readAll(terminal: Terminal): Promise<string[]> {
  const lines: string[] = [];
  for (let line = await terminal.readLine(""); line !== undefined; line = await terminal.readLine(""))
    lines.push(`${line}\n`);
  return lines;
}

async function execInTerminal(
  host: SimulatedHost,
  channel: ServerChannel,
  command: string,
  controller: AbortController,
  drop: () => void,
): Promise<void> {
  finish(channel, await runInTerminal(host, terminalOf(channel), command, controller, drop));
}

/** The shell one explores with. */
async function interact(
  host: SimulatedHost,
  channel: ServerChannel,
  controller: AbortController,
  drop: () => void,
): Promise<void> {
  const terminal = terminalOf(channel);
  const shell = new Shell(host);
  let status: number | undefined = 0;
  while (!controller.signal.aborted && !shell.exited) {
    const line = await terminal.readLine(`[root@${host.state.hostName}:~] `);
    if (line === undefined) break;
    if (line.trim() !== "") status = await runInTerminal(host, terminal, line, controller, drop, shell);
  }
  finish(channel, status ?? 0);
}

function listen(channel: ServerChannel): Incoming {
  const incoming = new Incoming();
  channel.on("error", () => undefined);
  channel.on("data", (chunk: Buffer) => incoming.push(chunk));
  channel.on("end", () => incoming.end());
  channel.on("close", () => incoming.end());
  return incoming;
}

function streams(channel: ServerChannel): Streams {
  return {
    input: live,
    out: (text) => {
      if (text !== "" && channel.writable) channel.write(text);
    },
    err: (text) => {
      if (text !== "" && channel.writable) channel.stderr.write(text);
    },
  };
}

async function counted<T>(host: SimulatedHost, work: () => Promise<T>): Promise<T> {
  host.begin();
  try {
    return await work();
  } finally {
    host.end();
  }
}

/** No status: it was ended by a signal, or the connection is gone. */
function finish(channel: ServerChannel, status: number | undefined): void {
  if (!channel.writable) return;
  if (status === undefined) channel.exit("TERM");
  else channel.exit(status);
  channel.end();
  channel.close();
}
