import { z } from "zod";
import { IserError } from "../errors.js";
import type { RdmaDevice } from "../esxcli/rdma.js";
import { hasUplink, listDevices, pairings } from "./adapterReference.js";
import type { Ask } from "./definition.js";

/** A NIC, or an RDMA device that stands for its paired uplink. */
export const uplinkName = z
  .string("must name an uplink")
  .trim()
  .regex(
    /^(vmnic|vmrdma)(0|[1-9]\d{0,4})$/,
    "must be a physical NIC (vmnic4), or an RDMA device (vmrdma0), whose paired uplink is meant then",
  );

/** Uplinks by the names of NICs or of RDMA devices, none of them twice. */
export const uplinkNames = z
  .array(uplinkName, "must be a list of uplinks")
  .refine((names) => new Set(names).size === names.length, "must not name an uplink twice");

/** The RDMA devices of the host, asked for only where an uplink is named by one. */
export async function namedDevices(ask: Ask, uplinks: readonly string[] = []): Promise<readonly RdmaDevice[]> {
  return uplinks.some(isDevice) ? ask(pairings) : [];
}

/** The NIC that is meant. Undefined when the RDMA device is not there or has none. */
export function nicOf(devices: readonly RdmaDevice[], uplink: string): string | undefined {
  return isDevice(uplink) ? devices.filter(hasUplink).find(({ name }) => name === uplink)?.pairedUplink : uplink;
}

/** The NICs that are meant, as far as the host has them. */
export function knownNics(devices: readonly RdmaDevice[], uplinks: readonly string[] = []): readonly string[] {
  return uplinks.map((uplink) => nicOf(devices, uplink)).filter((nic) => nic !== undefined);
}

/** The NICs that are meant. Throws where an RDMA device is not there or has no uplink, and where two names mean one NIC. */
export function nicsOf(devices: readonly RdmaDevice[], uplinks: readonly string[] = []): readonly string[] {
  const lost = uplinks.find((uplink) => nicOf(devices, uplink) === undefined);
  if (lost !== undefined) throw noUplink(devices, lost);
  const nics = knownNics(devices, uplinks);
  const [twice] = nics.filter((nic, at) => nics.indexOf(nic) !== at);
  if (twice === undefined) return nics;
  throw new IserError("INPUT_INVALID", {
    problem: `${uplinks.filter((uplink) => nicOf(devices, uplink) === twice).join(" and ")} are the same uplink`,
    cure: "Name it once.",
  });
}

/** The error of an RDMA device that is not there or has no uplink. */
export function noUplink(devices: readonly RdmaDevice[], name: string): IserError {
  const found = devices.find((device) => device.name === name);
  return new IserError(found === undefined ? "DEVICE_NOT_FOUND" : "DEVICE_WITHOUT_UPLINK", {
    problem: `${found === undefined ? `there is no RDMA device ${name}` : `${name} has no paired uplink`}. RDMA devices: ${listDevices(devices)}`,
    cure: "Name one of these that has an uplink, or a NIC.",
  });
}

/** The host's NICs in the words of the declaration: by an RDMA device where that was named. */
export function asDeclared(
  devices: readonly RdmaDevice[],
  declared: readonly string[],
  nics: readonly string[],
): readonly string[] {
  const words = new Map(declared.map((uplink) => [nicOf(devices, uplink), uplink]));
  return nics.map((nic) => words.get(nic) ?? nic);
}

export function isDevice(uplink: string): boolean {
  return uplink.startsWith("vmrdma");
}
