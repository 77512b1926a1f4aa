/**
 * Every way this package can fail. The set is closed: a caller may switch over the codes.
 * The text beside a code says when it is raised; what happened on which host is in the error itself.
 */
export const errorCodes = {
  INPUT_INVALID: "A declared value breaks a rule. Nothing was written; mostly it is found before any host is asked.",
  RUNTIME_NOT_SUPPORTED: "The program is run by something else than Node.js 20 or later with a node_modules folder.",
  CREDENTIALS_MISSING: "No password, key or agent is known for the host.",
  HOST_UNREACHABLE: "No TCP connection to the host, no SSH or TLS handshake, or the vCenter has no such host.",
  HOST_KEY_UNKNOWN: "Nothing says which host key or certificate to expect, so the host's identity cannot be checked.",
  HOST_KEY_CHANGED: "The host offered another key or certificate than the one that is pinned or known.",
  LOGIN_REFUSED: "The host refused the login. It is never tried again: five refusals lock the account.",
  CONNECTION_LOST: "The connection ended while a command was under way or before it was sent.",
  COMMAND_TIMEOUT: "A command gave no result within its time.",
  COMMAND_FAILED: "The command ended with a status other than 0.",
  COMMAND_UNKNOWN: "This ESXi build does not have the command.",
  OPTION_UNKNOWN: "This ESXi build does not have an option of the command.",
  PERMISSION_DENIED: "The user may not run the command.",
  OUTPUT_NOT_UNDERSTOOD: "The output is not what the command is documented or recorded to print.",
  OUTPUT_TOO_LARGE: "The command printed more than is accepted.",
  DEVICE_NOT_FOUND: "The host has no such RDMA device, or no RDMA device with such an uplink.",
  DEVICE_NOT_ACTIVE: "The RDMA device is there but not in state Active.",
  DEVICE_WITHOUT_UPLINK: "The RDMA device has no paired uplink.",
  ADAPTER_NOT_FOUND: "The RDMA device has no iSER adapter, or the host has no such vmhba#.",
  ADAPTER_AMBIGUOUS: "The host does not say which vmhba# belongs to the RDMA device.",
  ROCE_NOT_SUPPORTED: "The RDMA device does not speak the declared RoCE version.",
  VMKERNEL_ADAPTER_NOT_FOUND: "The host has no such VMkernel adapter.",
  DISTRIBUTED_SWITCH: "The VMkernel adapter is on a distributed or opaque switch, whose uplinks esxcli does not show.",
  PORT_GROUP_TEAMING: "The port group has not exactly one active uplink and no standby uplink.",
  UPLINK_MISMATCH: "The active uplink of the port group is not the uplink of the adapter.",
  SWITCH_SHARED: "The virtual switch has uplinks of more than one RDMA device.",
  MTU_MISMATCH: "The virtual switch and the VMkernel adapter have different MTUs, or would have.",
  SWITCH_NOT_FOUND: "The host has no such standard switch.",
  NIC_NOT_FOUND: "The host has no such physical NIC.",
  UPLINK_NOT_FOUND: "The virtual switch has no such uplink.",
  UPLINK_IN_USE: "The uplink belongs to another virtual switch.",
  UPLINK_REMOVAL: "The virtual switch has an uplink that is not declared.",
  UPLINK_BOUND: "The virtual switch would lose an uplink that a bound VMkernel adapter uses.",
  PORT_GROUP_NOT_FOUND: "The host has no such port group on a standard switch.",
  PORT_GROUP_ELSEWHERE: "The port group is there, on another virtual switch.",
  VMKERNEL_ADAPTER_ELSEWHERE: "The VMkernel adapter is there, on another port group or TCP/IP stack.",
  ADDRESS_IN_USE: "Another VMkernel adapter of the host has the address.",
  GATEWAY_OUTSIDE:
    "The VMkernel adapter has a gateway that is not declared and not in the subnet of the declared address.",
  MODULE_NOT_FOUND: "The host has no such VMkernel module.",
  PARAMETER_UNKNOWN: "The module, or iSCSI, has no such parameter.",
  PARAMETER_NOT_SETTABLE:
    "The host does not let the parameter be set, or another parameter of the module has a value that cannot be written back.",
  PARAMETER_OUT_OF_RANGE:
    "The value is not within the bounds that the host states, is no number where it asks for one, or does not fit another value there.",
  PAUSE_NOT_SUPPORTED: "The NIC does not support pause parameters.",
  DISCOVERY_ADDRESS_NOT_FOUND: "The adapter has no such discovery address.",
  TARGET_NOT_FOUND: "The adapter has no such target at this address.",
  DECLARED_TWICE: "Two resources of the program are for the same object of the host.",
  FOUND_NOT_MADE: "A change needs an object to be removed that was there before it was declared.",
  SESSIONS_ACTIVE: "Sessions are active that the change would leave behind.",
  MUTUAL_CHAP_IN_THE_WAY: "Mutual CHAP is on, is not managed here, and forbids the declared level.",
  NOT_CONVERGED: "The commands succeeded, but the host does not show what was declared.",
} as const;

/** A code of `errorCodes`. */
export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  /** What was attempted and what came of it, without the host: "vmrdma7 is not there. RDMA devices: vmrdma0, vmrdma1". */
  readonly problem: string;
  /** What to do about it, as a sentence. */
  readonly cure: string;
  /** The host it happened on. */
  readonly host?: string;
  /** The command line, secrets masked. */
  readonly command?: string;
  /** The host's own words. */
  readonly said?: string;
  readonly cause?: unknown;
}

/**
 * The one error of this package. Its message is complete: host, problem, the host's words, the command, the cure.
 * Pulumi prints the stack of errors thrown in check, diff, read and delete, so the stack is the message,
 * unless ESXI_ISER_DEBUG is set.
 */
export class IserError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(messageOf(code, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "IserError";
    this.code = code;
    this.details = details;
    if (!process.env.ESXI_ISER_DEBUG) this.stack = this.message;
  }

  /** The same error, said of a host. */
  on(host: string): IserError {
    return this.details.host === undefined ? new IserError(this.code, { ...this.details, host }) : this;
  }
}

function messageOf(code: ErrorCode, { host, problem, said, command, cure }: ErrorDetails): string {
  const parts = [
    `${host === undefined ? "" : `${host}: `}${problem}`,
    said === undefined ? undefined : `ESXi said: ${said}`,
    command === undefined ? undefined : `Command: ${command}`,
    `${cure} [${code}]`,
  ];
  // Names of the host may be in any of them. Further lines stand apart, so that none is taken for one of ours.
  return parts.flatMap((part) => (part === undefined ? [] : [visible(part.replaceAll("\n", "\n    "))])).join("\n  ");
}

/** More than any part of a message has in earnest. */
const longest = 10_000;

/**
 * A text that may hold words of a host, for a terminal: what would move the cursor, colour, hide or turn around the words is shown as
 * `\u{1b}`, and what is too long is cut.
 */
export function visible(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replaceAll(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Control characters but tab and line feed, and the characters of Unicode that break lines or set the direction of writing. */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
