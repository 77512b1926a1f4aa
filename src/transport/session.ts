import type { HostCommand } from "../esxcli/command.js";

/** What a command left behind. ESXi prints everything, errors too, on standard output. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * One open connection to one host. It never reconnects: once the connection is gone every call fails with
 * CONNECTION_LOST, so nothing that was observed before a reboot can be acted on after it.
 */
export interface Session {
  /** The host as it is declared. */
  readonly host: string;
  readonly open: boolean;
  /** Whether the host is asked in a shell. Without one a question for a log has an empty answer. */
  readonly hasShell: boolean;
  execute(command: HostCommand): Promise<Outcome>;
}
