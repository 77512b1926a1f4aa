import type { Client, ClientChannel } from "ssh2";
import type { Outcome } from "./session.js";
import type { Line } from "./sshLine.js";

/** How the attempt to run a command ended. */
export type Ending =
  | { readonly kind: "done"; readonly outcome: Outcome }
  /** The server opened no channel: the command was not started. */
  | { readonly kind: "noChannel" }
  /** The connection takes nothing any more: the command was not sent. */
  | { readonly kind: "notSent" }
  /** The server opened a channel and would not run the command, or the connection ended meanwhile. */
  | { readonly kind: "notRun" }
  | { readonly kind: "timeout" }
  | { readonly kind: "flood" }
  /** The channel closed without an exit status. */
  | { readonly kind: "cut"; readonly signal?: string };

/** The most that a command may print, both streams together. The longest recorded answers are far below 1 MiB. */
export const outputLimit = 8 * 1024 * 1024;

/** Runs one command on a channel of its own. Never rejects. `timeout` is in milliseconds. */
export function exec(client: Client, { line, stdin }: Line, timeout: number): Promise<Ending> {
  return new Promise((resolve) => {
    let channel: ClientChannel | undefined;
    let settled = false;
    const settle = (ending: Ending) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (channel && ending.kind !== "done") abandon(channel);
      resolve(ending);
    };
    const timer = setTimeout(() => settle({ kind: "timeout" }), timeout);
    try {
      client.exec(line, (error, opened) => {
        if (error) return settle({ kind: isRefusedChannel(error) ? "noChannel" : "notRun" });
        channel = opened;
        if (settled) return abandon(opened);
        collect(opened, settle);
        // Without stdin our end stays open, for once it is closed ssh2 sends no signal, and a command that hangs could not be
        // ended. No command that is sent without stdin reads it.
        if (stdin !== undefined) opened.end(stdin);
      });
    } catch {
      // ssh2 throws when the host has closed its end, which is some time before the connection is told to be closed.
      settle({ kind: "notSent" });
    }
  });
}

function collect(channel: ClientChannel, settle: (ending: Ending) => void): void {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let size = 0;
  let status: number | null | undefined;
  let signal: string | undefined;
  const keep = (stream: Buffer[]) => (chunk: Buffer) => {
    size += chunk.length;
    if (size > outputLimit) return settle({ kind: "flood" });
    stream.push(chunk);
  };
  // Decoded in one piece, so that no character is cut at the border of a packet.
  const text = (stream: Buffer[]) => Buffer.concat(stream).toString("utf8");
  let open = 2;
  const closed = () => {
    if (--open > 0) return;
    if (typeof status !== "number") return settle({ kind: "cut", ...(signal === undefined ? {} : { signal }) });
    settle({ kind: "done", outcome: { status, stdout: text(chunks.stdout), stderr: text(chunks.stderr) } });
  };
  channel.on("data", keep(chunks.stdout));
  channel.stderr.on("data", keep(chunks.stderr));
  channel.on("exit", (code: number | null, name?: string) => {
    status = code;
    signal = name;
  });
  channel.on("error", () => undefined);
  channel.on("close", closed);
  channel.stderr.on("close", closed);
}

/**
 * Stops caring for a channel. The signal comes first: OpenSSH keeps the session of a command that still runs, and counts it
 * against MaxSessions, even when its channel is closed. It passes no signals to root's commands (seen on OpenSSH 9.2), so this
 * helps other users only. Nothing more is read, so that a flood stops at the channel's window.
 */
function abandon(channel: ClientChannel): void {
  channel.signal("TERM");
  channel.close();
  channel.removeAllListeners("data");
  channel.stderr.removeAllListeners("data");
  channel.pause();
  channel.stderr.pause();
}

/** ssh2 gives an open failure the reason of the protocol, a number, or "" if the server closed the channel instead. */
function isRefusedChannel(error: Error & { reason?: unknown }): boolean {
  return typeof error.reason === "number" || error.reason === "";
}
