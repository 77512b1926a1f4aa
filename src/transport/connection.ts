import type { Duplex } from "node:stream";
import type { HostCommand } from "../esxcli/command.js";
import type { Outcome, Session } from "./session.js";

/** One connection to a host, or to what hosts are reached through: a bastion, a vCenter. */
export interface Connection extends Session {
  /** `timeout` in seconds; default: the target's commandTimeout. */
  execute(command: HostCommand, timeout?: number): Promise<Outcome>;
  /** Called once, when the connection is gone, whoever ended it; at once if it already is. */
  onClose(listener: () => void): void;
  /** Ends it at once, and resolves when the host has been told, or is not there to be told. */
  close(): Promise<void>;
}

/** A connection that others can go through. */
export interface Bastion extends Connection {
  /** Opens a TCP connection from the far end. `timeout` in seconds. */
  forward(host: string, port: number, timeout: number): Promise<Duplex>;
  /** Counts what is under way. Only while something is does the connection keep the process alive. */
  hold(change: 1 | 0 | -1): void;
}

/** Commands at once on one host. MaxSessions is not set in ESXi's sshd, so OpenSSH's 10 holds; the rest is for those that were abandoned. */
export const commandsAtOnce = 6;

/** What is known of a command that was sent and gave no result, and what to do. */
export function fateOf({ effect }: HostCommand): { readonly fate: string; readonly cure: string } {
  return effect === "write"
    ? {
        fate: "It changes the host, and whether it did is not known.",
        cure: "Run again: the host is observed anew before anything is written.",
      }
    : { fate: "It only reads; nothing was changed.", cure: "Run again." };
}

/** Commands that may have been given up before the connection is: they may still run on the host and use up its sessions. */
export const abandonedAtMost = 3;
