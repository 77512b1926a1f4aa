import { hintFor, isFailure } from "../esxcli/lastError.js";
import type { RdmaDevice, RdmaProtocols, RoceVersion } from "../esxcli/rdma.js";
import { observedPath, violationsOf } from "../resources/bindingPath.js";
import { portal } from "../resources/fields.js";
import { isLoggedIn } from "../resources/inventory.js";
import { type AdapterView, type HostView, modulesBehind } from "./hostView.js";

/** Something that is wrong, or that will be. */
export interface Finding {
  /** What kind of thing it is: stable, for scripts. */
  readonly check: string;
  /** The object: `vmrdma0`, `vmk1`, `iqn…`. */
  readonly on: string;
  readonly what: string;
  readonly why: string;
  /** As a resource or as a command. */
  readonly fix: string;
}

type Found = Omit<Finding, "check" | "why">;

interface Check {
  readonly id: string;
  readonly why: string;
  readonly find: (view: HostView) => readonly Found[];
}

/** For each adapter of the host. */
const ofAdapters = (find: (adapter: AdapterView, view: HostView) => readonly Found[]) => (view: HostView) =>
  view.adapters.flatMap((adapter) => find(adapter, view));

/** What an administrator looks at, along the path from the card to the device. */
const checks: readonly Check[] = [
  {
    id: "no-rdma-device",
    why: "iSER needs a card that does RDMA, and a driver that shows it.",
    find: ({ devices }) =>
      devices.length > 0
        ? []
        : [
            {
              on: "host",
              what: "the host lists no RDMA device",
              fix: "Install the card's driver, and see with `esxcli rdma device list`.",
            },
          ],
  },
  {
    id: "rdma-device-down",
    why: "Nothing goes over a card whose link is down.",
    find: ofAdapters(({ device }) =>
      device === undefined || device.state === "Active"
        ? []
        : [
            {
              on: device.name,
              what: `${device.name} is in state ${device.state}`,
              fix: `Bring the link of ${device.pairedUplink || "its port"} up: cable, switch port, \`esxcli network nic up -n ${device.pairedUplink}\`.`,
            },
          ],
    ),
  },
  {
    id: "module-not-loaded",
    why: "The driver of the card has to be loaded, now and after each start of the host.",
    find: ({ adapters, modules }) =>
      [...new Set(adapters.flatMap(({ device }) => (device === undefined ? [] : [device.driver])))].flatMap((driver) =>
        modules.some(({ name, loaded }) => name === driver && loaded)
          ? []
          : [
              {
                on: driver,
                what: `the VMkernel module ${driver} is not loaded`,
                fix: `\`esxcli system module load -m ${driver}\`, and \`esxcli system module set -m ${driver} -e true\` for the next start.`,
              },
            ],
      ),
  },
  {
    id: "no-adapter",
    why: "Without an iSER adapter there is no way to the storage.",
    find: ({ adapters, devices }) =>
      adapters.length > 0 || devices.length === 0
        ? []
        : [
            {
              on: devices.map(({ name }) => name).join(", "),
              what: "no RDMA device has an iSER adapter",
              fix: `new IserAdapter(…, { device: "${devices[0]?.name}" }), or \`esxcli rdma iser add\`. On some builds it is to be done again after a start of the host.`,
            },
          ],
  },
  {
    id: "adapter-without-device",
    why: "A vmhba# can change at the next start, and nothing says then which card it was.",
    find: ofAdapters(({ device, vmhba }) =>
      device !== undefined
        ? []
        : [
            {
              on: vmhba,
              what: `the host does not say to which RDMA device ${vmhba} belongs`,
              fix: "See `esxcli iscsi physicalnetworkportal list` and `esxcli storage core adapter list`. A device whose uplink is on no switch is told nowhere.",
            },
          ],
    ),
  },
  {
    id: "not-bound",
    why: "An adapter without a VMkernel adapter has no address to log in from.",
    find: ofAdapters(({ bindings, name }) =>
      bindings.length > 0
        ? []
        : [
            {
              on: name,
              what: `no VMkernel adapter is bound to ${name}`,
              fix: `new PortBinding(…, { adapter: "${name}", vmkernelAdapter: "vmk#" }).`,
            },
          ],
    ),
  },
  {
    id: "binding-not-compliant",
    why: "ESXi does not use a binding that it calls non-compliant.",
    find: ofAdapters(({ bindings, name }) =>
      bindings
        .filter(({ compliantStatus }) => compliantStatus !== "compliant")
        .map(({ vmknic, compliantStatus, nonCompliantMessage }) => ({
          on: vmknic,
          what: `the binding of ${vmknic} to ${name} is ${compliantStatus}: ${nonCompliantMessage || "ESXi gives no reason"}`,
          fix: "Give its port group one active uplink, the adapter's own, and no standby: PortGroup with activeUplinks and standbyUplinks: [].",
        })),
    ),
  },
  {
    id: "path",
    why: "iSER does no NIC teaming, takes one RDMA card a virtual switch, and loses frames where MTUs differ.",
    find: ofAdapters(({ bindings, device }, { interfaces, switches, portGroups, devices }) =>
      bindings.flatMap(({ vmknic }) => {
        const vmk = interfaces.find(({ name }) => name === vmknic);
        if (vmk === undefined)
          return [
            {
              on: vmknic,
              what: `${vmknic} is bound and is not there`,
              fix: "Make it again, or take the binding away: `esxcli iscsi networkportal remove`.",
            },
          ];
        const failover = portGroups.find(({ name }) => name === vmk.portGroup)?.failover;
        const path = observedPath({ device, devices, switches, failover }, vmk);
        return violationsOf(path).map(({ problem, cure }) => ({ on: vmknic, what: problem, fix: cure }));
      }),
    ),
  },
  {
    id: "several-uplinks",
    why: "One uplink a switch: another one may carry the storage's frames when the port group is changed, and that card does no RDMA for it.",
    find: ({ switches, adapters, interfaces }) =>
      switches
        .filter(({ name, uplinks }) => uplinks.length > 1 && isOnPath(name, adapters, interfaces))
        .map(({ name, uplinks }) => ({
          on: name,
          what: `virtual switch ${name} has ${uplinks.length} uplinks: ${uplinks.join(", ")}`,
          fix: `new VirtualSwitch(…, { name: "${name}", uplinks: ["${uplinks[0]}"] }) with the one of the adapter.`,
        })),
  },
  {
    id: "no-flow-control",
    why: "RoCE expects that no frame is lost: without pauses a full buffer loses some, and sessions stall.",
    find: ofAdapters(({ device }, { pauses, moduleParameters }) => {
      const pause = pauses.find(({ nic }) => nic === device?.pairedUplink);
      if (device === undefined || pause === undefined || (pause.rx && pause.tx)) return [];
      const isSet = (name: string) =>
        modulesBehind(device)
          .flatMap((module) => moduleParameters[module] ?? [])
          .some((parameter) => parameter.name === name && Number(parameter.value) > 0);
      if (isSet("pfctx") && isSet("pfcrx")) return [];
      return [
        {
          on: pause.nic,
          what: `neither global pause (rx ${onOff(pause.rx)}, tx ${onOff(pause.tx)}) nor priority flow control is on for ${pause.nic}`,
          fix: `new PauseParams(…, { nic: "${pause.nic}", rx: true, tx: true }), or ModuleParameters with priorityFlowControl; the same on the switch's port.`,
        },
      ];
    }),
  },
  {
    id: "roce-version",
    why: "Both ends have to speak the same version, or no connection comes about.",
    find: ofAdapters(({ device, roce, name }, { protocols }) => {
      const spoken = spokenBy(device, protocols);
      return roce === undefined || roce === "auto" || spoken === undefined || spoken.includes(roce)
        ? []
        : [
            {
              on: name,
              what: `iSER was told to use RoCE ${roce}, and ${device?.name} speaks ${spoken.join(", ") || "nothing that the host lists"}`,
              fix: `new RoceParams(…, { adapter: "${name}", version: "${spoken[0] ?? "auto"}" }) with the version of the storage system.`,
            },
          ];
    }),
  },
  {
    id: "roce-versions-differ",
    why: "The paths of a host lead to one storage system, which mostly speaks one version.",
    find: ({ adapters }) => {
      const told = adapters.filter(({ roce }) => roce !== undefined);
      const versions = [...new Set(told.map(({ roce }) => roce))];
      return versions.length < 2
        ? []
        : [
            {
              on: told.map(({ name }) => name).join(", "),
              what: `RoCE versions differ: ${told.map(({ name, roce }) => `${name} ${roce}`).join(", ")}`,
              fix: "Give each RoceParams the version of its storage system.",
            },
          ];
    },
  },
  {
    id: "no-discovery",
    why: "The adapter is never told of a target.",
    find: ofAdapters(({ discoveryAddresses, staticTargets, name }) =>
      discoveryAddresses.length + staticTargets.length > 0
        ? []
        : [
            {
              on: name,
              what: `${name} has no discovery address and no static target`,
              fix: `new DiscoveryAddress(…, { adapter: "${name}", address: "…" }).`,
            },
          ],
    ),
  },
  {
    id: "no-target",
    why: "The storage system answers nothing, or lets this initiator see nothing.",
    find: ofAdapters(({ discoveryAddresses, targets, name, iqn }) =>
      discoveryAddresses.length === 0 || targets.length > 0
        ? []
        : [
            {
              on: name,
              what: `${name} has ${discoveryAddresses.join(", ")} to ask, and no target came of it`,
              fix: `See that the address answers to iSER, that ${iqn} is allowed there, and run \`esxcli iscsi adapter discovery rediscover\`.`,
            },
          ],
    ),
  },
  {
    id: "target-error",
    why: "ESXi keeps why the last login to a target failed.",
    find: ofAdapters(({ targets, name }) =>
      targets
        .filter(({ lastError }) => isFailure(lastError))
        .map(({ targetName, address, port, lastError }) => ({
          on: targetName,
          what: `${name} failed to log in to ${targetName} at ${portal(address, port)}: ${lastError}`,
          fix: hintFor(lastError),
        })),
    ),
  },
  {
    id: "no-session",
    why: "A target without a session gives no path.",
    find: ofAdapters(({ targets, sessions, name }) =>
      targets
        .filter((one) => !isFailure(one.lastError) && !isLoggedIn(sessions, one))
        .map(({ targetName, address, port }) => ({
          on: targetName,
          what: `${name} has no session with ${targetName} at ${portal(address, port)} that is logged in, and ESXi gives no reason`,
          fix: "`esxcli storage core adapter rescan`, then look at /var/log/vmkernel.log and at the storage system.",
        })),
    ),
  },
  {
    id: "chap-not-required",
    why: "A session without CHAP is open to whoever can take the initiator's name.",
    find: ofAdapters(({ chap, name, sessions }) =>
      chap.uni.level === "required" || sessions.length === 0 || sessions.every(usesChap)
        ? []
        : [
            {
              on: name,
              what: `CHAP of ${name} is ${chap.uni.level}, and ${sessions.filter((one) => !usesChap(one)).length} sessions go without`,
              fix: `new Chap(…, { adapter: "${name}", level: "required", name, secret }), with the same on the storage system.`,
            },
          ],
    ),
  },
  {
    id: "dead-path",
    why: "A path that is dead is one path less when the next one fails.",
    find: ({ storage }) =>
      storage.flatMap(({ name, paths }) =>
        paths
          .filter(({ state }) => !["active", "standby"].includes(state.toLowerCase()))
          .map(({ runtimeName, state }) => ({
            on: runtimeName,
            what: `path ${runtimeName} to ${name} is ${state}`,
            fix: "See the other findings of its adapter, then `esxcli storage core adapter rescan`.",
          })),
      ),
  },
  {
    id: "single-path",
    why: "One path: a cable, a card or a switch that fails takes the storage away.",
    find: ({ storage }) =>
      storage
        .filter(({ paths }) => new Set(paths.map(({ adapter }) => adapter)).size < 2)
        .map(({ name, paths }) => ({
          on: name,
          what: `${name} is reached through ${paths[0]?.adapter ?? "no adapter"} only`,
          fix: "Declare a second path over another card: IserHost with two paths.",
        })),
  },
  {
    id: "roce-version-not-kept",
    why: "No command shows the version, and whether the host keeps it over a start is not known.",
    find: ofAdapters(({ roce, name, targets, sessions }) =>
      roce !== undefined || sessions.length > 0 || targets.length === 0
        ? []
        : [
            {
              on: name,
              what: `since its start the host has logged no RoCE version for ${name}, and no session is up`,
              fix: `new RoceParams(…, { adapter: "${name}", version }) sets it again with the next up.`,
            },
          ],
    ),
  },
];

export const checkIds: readonly string[] = checks.map(({ id }) => id);

/** What is wrong with a host, along the path. */
export function diagnose(view: HostView): readonly Finding[] {
  return checks.flatMap(({ id, why, find }) => find(view).map((found) => ({ check: id, ...found, why })));
}

function isOnPath(
  virtualSwitch: string,
  adapters: readonly AdapterView[],
  interfaces: HostView["interfaces"],
): boolean {
  const bound = adapters.flatMap(({ bindings }) => bindings.map(({ vmknic }) => vmknic));
  return interfaces.some(({ name, portset }) => bound.includes(name) && portset === virtualSwitch);
}

/** Undefined where the host does not list the device. */
function spokenBy(
  device: RdmaDevice | undefined,
  protocols: readonly RdmaProtocols[],
): readonly RoceVersion[] | undefined {
  const row = protocols.find((one) => one.device === device?.name);
  return row === undefined ? undefined : (["v1", "v2", "iwarp"] as const).filter((version) => row[version]);
}

function usesChap({ authenticationMethod }: AdapterView["sessions"][number]): boolean {
  return /chap/i.test(authenticationMethod);
}

const onOff = (value: boolean) => (value ? "on" : "off");
