import { read } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { notUnderstood } from "./document.js";
import { integer, maybe, one, structure } from "./output.js";

/** How many of the packets came back. */
export interface PingResult {
  readonly transmitted: number;
  readonly received: number;
}

export interface Ping {
  /** From this VMkernel adapter: `vmk1`. */
  readonly vmkernelAdapter: string;
  /** IPv4 or IPv6, without brackets. */
  readonly address: string;
  /** The size of the whole packet in bytes, headers included: an MTU. */
  readonly packet: number;
  /** Left out: that of the host itself. */
  readonly netstack?: string;
}

const ipHeader = { v4: 20, v6: 40 } as const;
const icmpHeader = 8;

/**
 * Two packets that may not be fragmented. [ESXCLI reference 8.0.2; `Recieved`, spelled so: in use by people's scripts; the other spelling is taken, too.
 * What the rest of the answer looks like, and whether packets that are lost are a failure of the command, is not known.]
 */
export function ping({ vmkernelAdapter, address, packet, netstack }: Ping): EsxcliCommand<PingResult> {
  const header = ipHeader[address.includes(":") ? "v6" : "v4"] + icmpHeader;
  const options = { host: address, interface: vmkernelAdapter, df: null, size: packet - header, count: 2, netstack };
  return { ...read("network diag ping", options, decode), fleeting: true };
}

const none = -1;
const summary = {
  transmitted: integer("Transmitted"),
  recieved: maybe(integer("Recieved"), none),
  received: maybe(integer("Received"), none),
};

function decode(stdout: string): PingResult {
  const { transmitted, recieved, received } = one({ summary: structure("Summary", summary) })(stdout).summary;
  const most = Math.max(recieved, received);
  if (most === none) throw notUnderstood("it does not say how many packets came back", stdout);
  return { transmitted, received: most };
}
