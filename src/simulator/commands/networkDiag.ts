import { record, structure } from "../result.js";
import { type CommandSpec, flag, integer, required, string } from "../spec.js";
import { fail, type HostState, type VmkernelInterface } from "../state.js";
import { named, portGroupOf, reaches, switchOf } from "../topology.js";

/** Of the IP and ICMP headers, in bytes. */
const headers = (address: string) => (address.includes(":") ? 48 : 28);

/** Whether a packet that may not be fragmented comes back: the switch, the network and the storage system take it. Anything else is not there. */
function comesBack(host: HostState, vmk: VmkernelInterface, address: string, packet: number): boolean {
  const there = host.storage.find((one) => one.address === address);
  if (there === undefined || !reaches(host, vmk, address)) return false;
  const virtualSwitch = switchOf(host, portGroupOf(host, vmk));
  return packet <= Math.min(virtualSwitch?.mtu ?? 0, there.mtu);
}

/**
 * Options: ESXCLI reference 8.0.2. Of the answer the summary is known, from scripts that read it: `Recieved` is spelled so. The line for each packet
 * is left out, for its form is not known.
 */
const ping: CommandSpec = {
  path: "network diag ping",
  effect: "read",
  help: "Send ICMP echo requests to network hosts.",
  options: [
    string("host", "H", "Specify the host to send packets to.", required),
    string("interface", "I", "Specify the outgoing interface."),
    flag("df", "d", "Set DF bit on IPv4 packets."),
    integer("size", "s", "Set the payload size of the packets to send."),
    integer("count", "c", "Specify the number of packets to send."),
    string("netstack", "", "Specify the TCP/IP netstack which the interface resides on."),
  ],
  run: (host, args) => {
    const address = args.required("host");
    const vmk = named(host.interfaces, args.text("interface") ?? "vmk0");
    if (vmk === undefined) fail("Unknown interface");
    const packet = (args.integer("size") ?? 56) + headers(address);
    if (args.flag("df") && packet > vmk.mtu) fail("sendto() failed (Message too long)");
    const transmitted = args.integer("count") ?? 3;
    const received = comesBack(host, vmk, address, packet) ? transmitted : 0;
    if (received === 0 && host.unknowns.lostPing === "failure") fail("No response");
    const summary = structure(
      "PingSummary",
      { transmitted, received },
      {
        "Host Addr": () => address,
        Transmitted: (counts) => counts.transmitted,
        Recieved: (counts) => counts.received,
        "Packet Lost": (counts) => (counts.received === 0 ? 100 : 0),
      },
    );
    return record("PingOutput", summary, { Summary: (inner) => inner });
  },
};

export const networkDiagCommands: readonly CommandSpec[] = [ping];
