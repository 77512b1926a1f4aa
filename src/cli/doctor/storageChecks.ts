import { hintFor, isFailure } from "../../esxcli/lastError.js";
import { portal } from "../../resources/fields.js";
import { isLoggedIn, isUp } from "../../resources/inventory.js";
import type { AdapterView } from "../hostView.js";
import { type Check, ofAdapters } from "./check.js";

/** From the portal to the device. */
export const storageChecks: readonly Check[] = [
  {
    id: "no-discovery",
    severity: "error",
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
    severity: "error",
    why: "The storage system answers nothing, or lets this initiator see nothing.",
    find: ofAdapters(({ discoveryAddresses, targets, vmhba, name, iqn }, _view, { discovery }) =>
      discoveryAddresses.length === 0 || targets.length > 0
        ? []
        : [
            {
              on: name,
              what: `${name} asks ${discoveryAddresses.join(", ")}, and no target came of it${discovery[vmhba] ? ` (${discovery[vmhba]})` : ""}`,
              fix: `See that the address answers to iSER and lets ${iqn} see a target, then run \`esxcli iscsi adapter discovery rediscover -A ${vmhba}\`.`,
            },
          ],
    ),
  },
  {
    id: "discovery-failed",
    severity: "warning",
    why: "Targets that come or go are not noticed where discovery does not come to its end.",
    find: ofAdapters(({ discoveryAddresses, targets, vmhba, name }, _view, { discovery }) => {
      const status = discovery[vmhba] ?? "";
      // That logins failed is told of the targets themselves.
      return targets.length === 0 || !/timeout|fail/i.test(status) || /login/i.test(status)
        ? []
        : [
            {
              on: name,
              what: `the last discovery of ${name} at ${discoveryAddresses.join(", ")} ended with: ${status}`,
              fix: `Remove the address that nothing answers at, or mend the way to it, then run \`esxcli iscsi adapter discovery rediscover -A ${vmhba}\`.`,
            },
          ];
    }),
  },
  {
    id: "target-error",
    severity: "error",
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
    severity: "error",
    why: "A target without a session gives no path.",
    find: ofAdapters(({ targets, sessions, name }) =>
      targets
        .filter((one) => !isFailure(one.lastError) && !sessions.some(isWith(one)))
        .map(({ targetName, address, port }) => ({
          on: targetName,
          what: `${name} has no session with ${targetName} at ${portal(address, port)}, and ESXi gives no reason`,
          fix: "`esxcli storage core adapter rescan --all`, then look at /var/log/vmkernel.log and at the storage system.",
        })),
    ),
  },
  {
    id: "connection-down",
    severity: "error",
    why: "A session whose connections are not logged in carries nothing.",
    find: ofAdapters(({ targets, sessions, name }) =>
      targets
        .filter((one) => sessions.some(isWith(one)) && !isLoggedIn(sessions, one))
        .map((one) => ({
          on: one.targetName,
          what: `the session of ${name} with ${one.targetName} has no connection that is logged in: ${statesOf(sessions.filter(isWith(one)))}`,
          fix: "ESXi tries again by itself. If it stays so: see the ping and the log of the storage system.",
        })),
    ),
  },
  {
    id: "chap-not-required",
    severity: "warning",
    why: "A session without CHAP is open to whoever takes the initiator's name.",
    find: ofAdapters(({ chap, name, sessions }) => {
      const open = sessions.filter(({ authenticationMethod }) => !/chap/i.test(authenticationMethod));
      return chap.uni.level === "required" || open.length === 0
        ? []
        : [
            {
              on: name,
              what: `CHAP of ${name} is ${chap.uni.level}, and ${open.length} of its ${sessions.length} sessions ${open.length === 1 ? "goes" : "go"} without`,
              fix: `new Chap(…, { adapter: "${name}", level: "required", name, secret }), with the same on the storage system.`,
            },
          ];
    }),
  },
  {
    id: "dead-path",
    severity: "error",
    why: "A path that is dead is one path less when the next one fails.",
    find: ({ storage }) =>
      storage.flatMap(({ name, paths }) =>
        paths
          .filter(({ state }) => !["active", "standby"].includes(state.toLowerCase()))
          .map(({ runtimeName, state }) => ({
            on: runtimeName,
            what: `path ${runtimeName} to ${name} is ${state}`,
            fix: "See the other findings of its adapter, then `esxcli storage core adapter rescan --all`.",
          })),
      ),
  },
  {
    id: "single-path",
    severity: "warning",
    why: "One path: a cable, a card or a switch that fails takes the storage away.",
    find: ({ storage }) =>
      storage
        .filter(({ paths }) => new Set(paths.map(({ adapter }) => adapter)).size === 1)
        .map(({ name, paths }) => ({
          on: name,
          what: `${name} is reached through ${paths[0]?.adapter} only`,
          fix: "Declare a path over another card, too: IserHost with two paths.",
        })),
  },
  {
    id: "roce-version-not-known",
    severity: "warning",
    why: "No command shows the RoCE version, and whether a host keeps it over a restart is not known.",
    find: ofAdapters(({ roce, name, targets, sessions, device }, { protocols }, { log }) => {
      const spoken = protocols.find((one) => one.device === device?.name);
      const isOpen = spoken?.v1 === true && spoken.v2;
      return roce !== undefined || sessions.length > 0 || targets.length === 0 || !isOpen
        ? []
        : [
            {
              on: name,
              what: `${log === undefined ? "the VMkernel log, which alone says the RoCE version, is not read" : "since its start the host has logged no RoCE version"} for ${name}, which has no session`,
              fix: `new RoceParams(…, { adapter: "${name}", version }) with the version of the storage system; \`pulumi up\` sets it again where nothing confirms it.`,
            },
          ];
    }),
  },
  {
    id: "log",
    severity: "warning",
    why: "The VMkernel tells of iSER's troubles in its log, and nowhere else.",
    find: (_view, { log = [] }) => {
      const troubles = log.filter((line) => troubleWords.test(line));
      return troubles.length === 0
        ? []
        : [
            {
              on: "/var/log/vmkernel.log",
              what: `${troubles.length} ${troubles.length === 1 ? "line" : "lines"} of the last day about iSER tell of trouble, the last: ${shortened(troubles.at(-1) ?? "")}`,
              fix: "`grep -i iser /var/log/vmkernel.log` on the host shows all. What is over stays in the log.",
            },
          ];
    },
  },
];

/** ESXi's lines about iSER are not known, so it goes by words. */
const troubleWords = /fail|error|reject|refus|timed? ?out|abort|unreachable|denied|disconnect/i;

type Target = AdapterView["targets"][number];
type Session = AdapterView["sessions"][number];

const isWith = (target: Target) => (session: Session) => session.targetName === target.targetName;

function statesOf(sessions: readonly Session[]): string {
  return (
    sessions
      .flatMap(({ connections }) => connections.filter((one) => !isUp(one)).map(({ state }) => state))
      .join(", ") || "none"
  );
}

function shortened(line: string): string {
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
