import type { RdmaDevice, RdmaProtocols, RoceVersion } from "../../esxcli/rdma.js";
import { type HostView, modulesBehind } from "../hostView.js";
import { type Check, ofAdapters } from "./check.js";

/** The card and its adapter. */
export const cardChecks: readonly Check[] = [
  {
    id: "no-rdma-device",
    severity: "error",
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
    severity: "error",
    why: "Nothing goes over a card whose link is down.",
    find: ofAdapters(({ device }) =>
      device === undefined || device.state === "Active"
        ? []
        : [
            {
              on: device.name,
              what: `${device.name} is in state ${device.state}`,
              fix: `Bring the link of ${device.pairedUplink || "its port"} up: cable, switch port, \`esxcli network nic up -n ${device.pairedUplink || "vmnic#"}\`.`,
            },
          ],
    ),
  },
  {
    id: "module-not-loaded",
    severity: "error",
    why: "The card and iSER each need their VMkernel module.",
    find: (view) =>
      modulesNeeded(view)
        .filter(({ loaded }) => !loaded)
        .map(({ name }) => ({
          on: name,
          what: `the VMkernel module ${name} is not loaded`,
          fix: `\`esxcli system module load -m ${name}\`, or a restart of the host.`,
        })),
  },
  {
    id: "module-not-enabled",
    severity: "warning",
    why: "A module that is not enabled is not loaded when the host starts next, and the storage is gone then.",
    find: (view) =>
      modulesNeeded(view)
        .filter(({ enabled }) => !enabled)
        .map(({ name }) => ({
          on: name,
          what: `the VMkernel module ${name} is not enabled for the next start`,
          fix: `\`esxcli system module set -m ${name} -e true\`.`,
        })),
  },
  {
    id: "no-adapter",
    severity: "error",
    why: "Without an iSER adapter there is no way to the storage.",
    find: ({ adapters, devices }) =>
      adapters.length > 0 || devices.length === 0
        ? []
        : [
            {
              on: devices.map(({ name }) => name).join(", "),
              what: "no RDMA device has an iSER adapter",
              fix: `new IserAdapter(…, { device: "${devices[0]?.name}" }), or \`esxcli rdma iser add\`. Some builds forget it at a restart of the host: \`pulumi refresh\` and \`pulumi up\` make it again.`,
            },
          ],
  },
  {
    id: "adapter-without-device",
    severity: "warning",
    why: "A vmhba# can change at the next start, and nothing says then which card it was.",
    find: ofAdapters(({ device, vmhba }) =>
      device !== undefined
        ? []
        : [
            {
              on: vmhba,
              what: `the host does not say to which RDMA device ${vmhba} belongs`,
              fix: "See `esxcli iscsi physicalnetworkportal list` and `esxcli storage core adapter list`, and report what they print: nothing is written to such an adapter.",
            },
          ],
    ),
  },
  {
    id: "no-flow-control",
    severity: "warning",
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
          fix: `new PauseParams(…, { nic: "${pause.nic}", rx: true, tx: true }), or ModuleParameters with pfctx and pfcrx; the same on the port of the physical switch.`,
        },
      ];
    }),
  },
  {
    id: "roce-version",
    severity: "error",
    why: "A card can only use a RoCE version that it speaks.",
    find: ofAdapters(({ device, roce, name }, { protocols }) => {
      const spoken = spokenBy(device, protocols);
      return roce === undefined || roce === "auto" || spoken === undefined || spoken.includes(roce)
        ? []
        : [
            {
              on: name,
              what: `iSER was told to use RoCE ${roce}, and ${device?.name} speaks ${spoken.join(", ") || "nothing that the host lists"}`,
              fix: `new RoceParams(…, { adapter: "${name}", version: "${spoken[0] ?? "auto"}" }), which has to be the version of the storage system, too.`,
            },
          ];
    }),
  },
  {
    id: "roce-versions-differ",
    severity: "warning",
    why: "The paths of a host mostly lead to one storage system, which speaks one version.",
    find: ({ adapters }) => {
      const told = adapters.filter(({ roce }) => roce !== undefined);
      return new Set(told.map(({ roce }) => roce)).size < 2
        ? []
        : [
            {
              on: told.map(({ name }) => name).join(", "),
              what: `RoCE versions differ: ${told.map(({ name, roce }) => `${name} has ${roce}`).join(", ")}`,
              fix: "Give each RoceParams the version of its storage system.",
            },
          ];
    },
  },
];

/** The drivers of the cards that have an adapter, and iSER itself, as far as the host lists them. */
function modulesNeeded({ adapters, modules }: HostView): HostView["modules"] {
  const drivers = adapters.flatMap(({ device }) => (device === undefined ? [] : modulesBehind(device)));
  const needed = adapters.length === 0 ? [] : [...drivers, "iser"];
  return modules.filter(({ name }) => needed.includes(name));
}

/** Undefined where the host does not list the device. */
function spokenBy(
  device: RdmaDevice | undefined,
  protocols: readonly RdmaProtocols[],
): readonly RoceVersion[] | undefined {
  const row = protocols.find((one) => one.device === device?.name);
  return row === undefined ? undefined : (["v1", "v2"] as const).filter((version) => row[version]);
}

const onOff = (value: boolean) => (value ? "on" : "off");
