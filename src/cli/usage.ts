import { IserError } from "../errors.js";
import type { Transport } from "./transports.js";

/** What was given on the command line and cannot be taken. */
export function usage(problem: string, cure: string): IserError {
  return new IserError("INPUT_INVALID", { problem, cure });
}

/** Refuses options that are of the other transport, each with what was given for it. */
export function refuseForeign(transport: Transport, foreign: Readonly<Record<string, unknown>>): void {
  const isSsh = transport === "ssh";
  for (const [option, given] of Object.entries(foreign))
    if (given !== undefined)
      throw usage(
        `--${option} is of the transport ${isSsh ? "vsphere" : "ssh"}, and the hosts are reached by ${transport}`,
        isSsh ? `Give --transport vsphere too, or leave --${option} out.` : "Leave one of them out.",
      );
}
