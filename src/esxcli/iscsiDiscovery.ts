import { type Options, read, write } from "./call.js";
import type { EsxcliCommand } from "./command.js";
import { bare, rows, type Said, text } from "./output.js";

/** SendTargets addresses as ESXi prints them, `192.168.1.107:3260` [seen on 5.0]; IPv6 as `[fd00::1]:3260` is inferred. */
export function sendTargetList(vmhba: string): EsxcliCommand<readonly { readonly sendtarget: string }[]> {
  return read("iscsi adapter discovery sendtarget list", { adapter: vmhba }, rows({ sendtarget: text("Sendtarget") }));
}

/** Adds a discovery address. It does not discover: that is `rediscover`. [6.7] */
export function sendTargetAdd(vmhba: string, address: string): EsxcliCommand<Said> {
  return write("iscsi adapter discovery sendtarget add", { adapter: vmhba, address });
}

export function sendTargetRemove(vmhba: string, address: string): EsxcliCommand<Said> {
  return write("iscsi adapter discovery sendtarget remove", { adapter: vmhba, address });
}

/** Starts discovery and returns at once: `Rediscovery started`. [seen on 5.0] */
export function rediscover(vmhba: string): EsxcliCommand<Said> {
  return write("iscsi adapter discovery rediscover", { adapter: vmhba });
}

/** How the last discovery ended: `Discovery Completed`, `Discovery Timeout` and the like. [6.7] */
export function discoveryStatus(vmhba: string): EsxcliCommand<string> {
  return read("iscsi adapter discovery status get", { adapter: vmhba }, bare(text("status")));
}

/** A target that was added by hand. [columns: 6.7; field names of 5.x; only an empty list was seen, on a host with discovered targets] */
export interface StaticTarget {
  /** Its iSCSI name. */
  readonly name: string;
  /** `192.168.1.107:3260`, as for SendTargets addresses: inferred. */
  readonly address: string;
}

export function staticTargetList(vmhba: string): EsxcliCommand<readonly StaticTarget[]> {
  return read(
    "iscsi adapter discovery statictarget list",
    { adapter: vmhba },
    rows({ name: text("TargetName"), address: text("TargetAddress") }),
  );
}

export function staticTargetAdd(vmhba: string, target: StaticTarget): EsxcliCommand<Said> {
  return write("iscsi adapter discovery statictarget add", staticTargetArguments(vmhba, target));
}

export function staticTargetRemove(vmhba: string, target: StaticTarget): EsxcliCommand<Said> {
  return write("iscsi adapter discovery statictarget remove", staticTargetArguments(vmhba, target));
}

function staticTargetArguments(vmhba: string, { name, address }: StaticTarget): Options {
  return { adapter: vmhba, address, name };
}
