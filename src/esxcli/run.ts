import { type ErrorCode, IserError } from "../errors.js";
import { describe, type HostCommand } from "./command.js";

/** What the host said to a command. The transport's own type has these fields. */
interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** That esxcli reads a bare `--secret` from standard input without a terminal is deduced from Python's getpass. */
const unreadSecret =
  'This build may not read the secret from standard input: set secretVia: "argument" and run pulumi up again; the host\'s process list and logs may then show the secret.';

/**
 * ESXi's words, turned into codes. This table is the only place that matches them. Parse errors begin with `Error: ` and are
 * followed by a blank line and the help; a failed command prints only its message; all of it on standard output. [6.7]
 */
const failures: readonly {
  readonly words: RegExp;
  /** Only of this command: the words are used for other things, too. */
  readonly path?: string;
  /** Only of a command that was to read a secret from standard input. */
  readonly prompts?: true;
  readonly code: ErrorCode;
  readonly cure: string;
}[] = [
  {
    words: /Unknown command or namespace/,
    code: "COMMAND_UNKNOWN",
    cure: "This ESXi build does not have the command. `esxcli esxcli command list` on the host shows what it has.",
  },
  {
    // Of the vSphere API, whose fault is named first. [vcsim]
    words: /^NotFound\b/,
    code: "COMMAND_UNKNOWN",
    cure: "This ESXi build does not have the command, or does not offer it through the vSphere API.",
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
    cure: "If iSCSI sessions use the binding: end them and try again. Or, with the declaration as it was, set force: true on the PortBinding, run pulumi up, and only then make the change or destroy: force ends them.",
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
  {
    words: /Invalid CHAP and Mutual CHAP combination/,
    code: "COMMAND_FAILED",
    cure: 'Mutual CHAP needs level required where it is set and where it is inherited. Give the discovery addresses and targets with another level mutual: "prohibited" first; `esxcli iscsi adapter discovery sendtarget auth chap get` and `… target portal auth chap get` show them.',
  },
  {
    words: /^/,
    prompts: true,
    code: "COMMAND_FAILED",
    cure: `${unreadSecret} Else run the command on the host to see more, or look at /var/log/vmkernel.log there.`,
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
    failures.find(
      ({ words, path, prompts }) =>
        words.test(all) && (path === undefined || ran === path) && (prompts === undefined || isPrompted(command)),
    ) ?? anyFailure;
  return new IserError(code, {
    host,
    problem: `the command failed with status ${status}`,
    said: messageOf(stdout) || messageOf(stderr) || "(nothing)",
    command: describe(command),
    cure,
  });
}

function isPrompted(command: HostCommand): boolean {
  return command.kind === "esxcli" && command.secret?.via === "prompt";
}

/** A command that waits for a secret that never comes gets no answer in its time. */
export function explained(command: HostCommand, error: unknown): unknown {
  if (!(error instanceof IserError) || error.code !== "COMMAND_TIMEOUT" || !isPrompted(command)) return error;
  return new IserError(error.code, { ...error.details, cure: `${error.details.cure} ${unreadSecret}` });
}

/** The message without the help that follows a parse error, and without the prompt for a secret. */
function messageOf(output: string): string {
  const withoutPrompt = output.replace(/^(?:Enter value for '[^']*':\s*)+/, "").trim();
  const message = withoutPrompt.startsWith("Error: ") ? (withoutPrompt.split(/\n\s*\n/)[0] ?? "") : withoutPrompt;
  return message.length > 1000 ? `${message.slice(0, 1000)}…` : message;
}
