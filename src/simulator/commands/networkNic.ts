import { builds } from "../model.js";
import { accepted, record, structure, table } from "../result.js";
import { boolean, type CommandSpec, required, string } from "../spec.js";
import { fail, type HostState, type Nic } from "../state.js";
import { named } from "../topology.js";

const nicOption = string("nic-name", "n", "The name of the NIC to configure.", required);

/** A NIC has the MTU of the switch that it is an uplink of. */
function mtuOf(host: HostState, { name }: Nic): number {
  return host.switches.find(({ uplinks }) => uplinks.includes(name))?.mtu ?? 1500;
}

const link = ({ linkUp }: Nic) => (linkUp ? "Up" : "Down");

/** The machine formats of 8.x have two fields more than the table (seen). */
const list: CommandSpec = {
  path: "network nic list",
  effect: "read",
  help: "List the Physical NICs currently installed and loaded on the system.",
  options: [],
  run: (host) =>
    table<Nic>(
      "Nic",
      host.nics,
      {
        Name: ({ name }) => name,
        "PCI Device": ({ pci }) => pci,
        Driver: ({ driver }) => driver,
        "Admin Status": ({ adminUp }) => (adminUp ? "Up" : "Down"),
        "Link Status": link,
        Speed: ({ linkUp, speed }) => (linkUp ? speed : 0),
        Duplex: ({ linkUp }) => (linkUp ? "Full" : "Half"),
        "MAC Address": ({ mac }) => mac,
        MTU: (nic) => mtuOf(host, nic),
        Description: ({ description }) => description,
      },
      { hidden: { Link: link, ...(builds[host.model].dpuFields ? { DPUId: () => "N/A" } : {}) } },
    ),
};

const get: CommandSpec = {
  path: "network nic get",
  effect: "read",
  help: "Get the generic configuration of a network device",
  options: [nicOption],
  run: (host, args) => {
    const driverInfo = (nic: Nic) =>
      structure("NICDriverInfo", nic, {
        // With a colon where the list has a dot (seen).
        "Bus Info": ({ pci }) => pci.replace(".", ":"),
        Driver: ({ driver }) => driver,
        "Firmware Version": ({ firmwareVersion }) => firmwareVersion,
        Version: ({ driverVersion }) => driverVersion,
      });
    return record<Nic>("NICInfo", nicGiven(host, args.required("nic-name")), {
      "Advertised Auto Negotiation": () => true,
      "Advertised Link Modes": () => ["Auto"],
      "Auto Negotiation": () => true,
      ...(builds[host.model].dpuFields ? { "Backing DPUId": () => "N/A" } : {}),
      "Cable Type": () => "DA",
      "Current Message Level": () => 0,
      "Driver Info": driverInfo,
      "Link Detected": ({ linkUp }) => linkUp,
      "Link Status": link,
      Name: ({ name }) => name,
      PHYAddress: () => 0,
      "Pause Autonegotiate": ({ pause }) => pause.auto,
      "Pause RX": ({ pause }) => pause.rx,
      "Pause TX": ({ pause }) => pause.tx,
      "Supported Ports": () => ["DA"],
      "Supports Auto Negotiation": () => true,
      "Supports Pause": ({ pause }) => pause.supported,
      "Supports Wakeon": () => false,
      Transceiver: () => "",
      "Virtual Address": () => "00:00:00:00:00:00",
      Wakeon: () => "None",
    });
  },
};

const pauseList: CommandSpec = {
  path: "network nic pauseParams list",
  effect: "read",
  help: "List pause parameters of all NICs",
  options: [string("nic-name", "n", "The name of the NIC.")],
  run: (host, args) => {
    const name = args.text("nic-name");
    const nics = name === undefined ? host.nics : [nicGiven(host, name)];
    return table<Nic>("PauseParams", nics, {
      NIC: (nic) => nic.name,
      "Pause Params Supported": ({ pause }) => pause.supported,
      "Pause RX": ({ pause }) => pause.rx,
      "Pause TX": ({ pause }) => pause.tx,
      "Auto Negotiation": ({ pause }) => pause.auto,
      "Auto Negotiation Resolution Avail": () => false,
      "RX Auto Negotiation Resolution": () => false,
      "TX Auto Negotiation Resolution": () => false,
    });
  },
};

/** `-r`, `-t` and `-a` were seen; the long names `--rx` and `--tx` are in use. */
const pauseSet: CommandSpec = {
  path: "network nic pauseParams set",
  effect: "write",
  help: "Set pause parameters for a NIC",
  options: [
    nicOption,
    boolean("auto", "a", "Enable/disable auto negotiation."),
    boolean("rx", "r", "Enable/disable pause RX flow control."),
    boolean("tx", "t", "Enable/disable pause TX flow control."),
  ],
  run: (host, args) => {
    const nic = nicGiven(host, args.required("nic-name"));
    if (!nic.pause.supported) fail(`Pause parameters are not supported by ${nic.name}`);
    const turnsOn = args.boolean("rx") === true || args.boolean("tx") === true;
    if (turnsOn && host.unknowns.pauseWithPfc === "refused" && hasPfc(host, nic)) {
      host.log.push(
        `${new Date(host.clock).toISOString()} cpu0:2097152)WARNING: ${nic.driver}: ${nic.name}: PFC is on`,
      );
      fail("Unable to complete Sysinfo operation.  Please see the VMkernel log file for more details.");
    }
    const rest = host.unknowns.pauseSetWithout === "keeps" ? nic.pause : nic.pauseAtBoot;
    for (const key of ["auto", "rx", "tx"] as const) nic.pause[key] = args.boolean(key) ?? rest[key];
    return accepted;
  },
};

/** Priority flow control that the NIC's module was loaded with. */
function hasPfc({ modules }: HostState, { driver }: Nic): boolean {
  const active = named(modules, driver)?.active ?? {};
  return ["pfctx", "pfcrx"].some((name) => Number(active[name] ?? 0) !== 0);
}

function nicGiven(host: HostState, name: string): Nic {
  return named(host.nics, name) ?? fail(`Unable to find a NIC with name ${name}`);
}

export const networkNicCommands = [list, get, pauseList, pauseSet];
