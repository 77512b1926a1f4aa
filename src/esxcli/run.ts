import { type ErrorCode, IserError } from "../errors.js";
import { describe, type HostCommand } from "./command.js";

/** What the host said to a command. The transport's own type has these fields. */
interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * ESXi's words, turned into codes. This table is the only place that matches them. Parse errors begin with `Error: ` and are
 * followed by a blank line and the help; a failed command prints only its message; all of it on standard output. [6.7]
 */
const failures: readonly {
  readonly words: RegExp;
  /** Only of this command: the words are used for other things, too. */
  readonly path?: string;
  readonly code: ErrorCode;
  readonly cure: string;
}[] = [
  {
    words: /Unknown command or namespace/,
    code: "COMMAND_UNKNOWN",
    cure: "This ESXi build does not have the command. `esxcli esxcli command list` on the host shows what it has.",
  },
  {
    words: /^Error: Invalid option/m,
    code: "OPTION_UNKNOWN",
    cure: "This ESXi build does not have the option. The command's --help on the host shows what it has.",
  },
  {
    words: /No permission to execute/,
    code: "PERMISSION_DENIED",
    cure: "Log in as a user with the Administrator role on the host.",
  },
  {
    words: /Invalid adapter specified or unable to get adapter/,
    code: "COMMAND_FAILED",
    cure: "The adapter went away meanwhile. Run pulumi refresh and pulumi up: they look for it anew.",
  },
  {
    words: /Unable to unbind iscsi port/,
    code: "COMMAND_FAILED",
    cure: "If iSCSI sessions use the binding: end them, or set force: true on the PortBinding, run pulumi up, and try again; force ends them.",
  },
  {
    words: /Unable to remove VMkernel network interface/,
    code: "COMMAND_FAILED",
    cure: "If it is bound to an iSCSI adapter, which `esxcli iscsi networkportal list` shows: destroy the PortBinding, or unbind it, and try again.",
  },
  {
    // The words and the reason: one user's notes.
    words: /Unable to complete Sysinfo operation/,
    path: "network nic pauseParams set",
    code: "COMMAND_FAILED",
    cure: "A card refuses global pause while priority flow control is on: declare one of the two. The VMkernel log says more.",
  },
  {
    words: /Connect to localhost failed/,
    code: "COMMAND_FAILED",
    cure: "hostd does not answer on the host: look at /var/log/hostd.log and restart it with /etc/init.d/hostd restart.",
  },
];

const anyFailure = {
  code: "COMMAND_FAILED",
  cure: "Run the command on the host to see more, or look at /var/log/vmkernel.log there.",
} as const;

/** The value of a command's answer, or the error that the answer means. */
export function interpret<T>(command: HostCommand<T>, answer: Answer, host: string): T {
  if (answer.status !== 0) throw failureOf(command, answer, host);
  try {
    return command.decode(answer.stdout);
  } catch (error) {
    if (!(error instanceof IserError)) throw error;
    throw new IserError(error.code, { ...error.details, host, command: describe(command) });
  }
}

function failureOf(command: HostCommand, { status, stdout, stderr }: Answer, host: string): IserError {
  const all = `${stdout}\n${stderr}`;
  const ran = command.kind === "log" ? undefined : command.path;
  const { code, cure } =
    failures.find(({ words, path }) => words.test(all) && (path === undefined || ran === path)) ?? anyFailure;
  return new IserError(code, {
    host,
    problem: `the command failed with status ${status}`,
    said: messageOf(stdout) || messageOf(stderr) || "(nothing)",
    command: describe(command),
    cure,
  });
}

/** The message without the help that follows a parse error, and without the prompt for a secret. */
function messageOf(output: string): string {
  const withoutPrompt = output.replace(/^(?:Enter value for '[^']*':\s*)+/, "").trim();
  const message = withoutPrompt.startsWith("Error: ") ? (withoutPrompt.split(/\n\s*\n/)[0] ?? "") : withoutPrompt;
  return message.length > 1000 ? `${message.slice(0, 1000)}…` : message;
}
