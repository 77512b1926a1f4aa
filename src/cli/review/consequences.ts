import type { Command } from "./rehearsal.js";

/** What a reviewer has to look at. */
export type Concern =
  | "another host"
  | "reboot"
  | "sessions"
  | "not undone"
  | "refused"
  | "not known"
  | "unfinished"
  | "secret on the command line";

interface Consequence {
  readonly paths: readonly string[];
  readonly concern: Concern;
  readonly what: string;
  /** Only with this option. */
  readonly option?: string;
  /** Only where the resource is new, so that nothing says what was there. */
  readonly adopting?: true;
  /** Also where the run has made what the command is about. */
  readonly always?: true;
}

const standard = "network vswitch standard";
const vmkernel = "network ip interface";
const discovery = "iscsi adapter discovery";
const levels = ["iscsi adapter", `${discovery} sendtarget`, "iscsi adapter target portal"];

/**
 * What a write may do to a host that is at work, beside what it is for. Of something that the same run has made there is nothing to lose. Each is as
 * DESIGN.md and the resource say it; where nothing is known, it says so.
 */
const consequences: readonly Consequence[] = [
  {
    paths: ["system module parameters set"],
    concern: "reboot",
    what: "counts from the next reboot of the host",
    always: true,
  },
  {
    paths: ["rdma iser delete"],
    concern: "reboot",
    what: "on ESXi 6.7 the adapter stays until the next reboot, and is declared again only after it",
    always: true,
  },
  {
    paths: ["rdma iser delete"],
    concern: "sessions",
    what: "the sessions of the adapter end, and the storage loses these paths",
    always: true,
  },
  {
    paths: ["rdma iser delete"],
    concern: "not undone",
    what: "the IQN that the host made for the adapter, and what was set on it by hand, go with it",
    always: true,
  },
  {
    paths: ["iscsi networkportal remove"],
    concern: "sessions",
    what: "sessions over this VMkernel adapter end with force; without it ESXi refuses while there are any",
  },
  {
    paths: [`${discovery} sendtarget remove`, `${discovery} statictarget remove`],
    concern: "sessions",
    what: "whether the targets and their sessions stay is not known",
  },
  {
    paths: ["iscsi adapter set"],
    option: "name",
    concern: "sessions",
    what: "the storage system must allow the new IQN: sessions take it at their next login, and without force the change is refused while there are any",
  },
  {
    paths: levels.map((level) => `${level} auth chap set`),
    concern: "sessions",
    what: "counts at the next login: the storage system must have the same",
  },
  {
    paths: levels.map((level) => `${level} auth chap set`),
    concern: "not undone",
    what: "a secret that is there now cannot be read, so it cannot be given back",
    adopting: true,
  },
  {
    paths: ["rdma iser params set"],
    concern: "sessions",
    what: "the storage system must speak this RoCE version; what it does to open sessions is not known",
  },
  {
    paths: ["network nic pauseParams set"],
    concern: "sessions",
    what: "may reset the link of the NIC, and what goes over it stops for that time",
    always: true,
  },
  {
    paths: [`${vmkernel} remove`, `${vmkernel} ipv4 set`, `${vmkernel} ipv6 address remove`],
    concern: "sessions",
    what: "sessions from the address that the VMkernel adapter has end",
  },
  {
    paths: [`${vmkernel} set`, `${standard} set`],
    option: "mtu",
    concern: "sessions",
    what: "frames of open sessions may be lost until both ends and every switch have the same MTU",
  },
  {
    paths: [`${standard} uplink remove`, `${standard} remove`, `${standard} portgroup remove`],
    concern: "sessions",
    what: "what goes over it loses its path",
  },
  {
    paths: [`${standard} portgroup set`],
    option: "vlan-id",
    concern: "sessions",
    what: "sessions over the port group are cut off from the VLAN that it had",
  },
  {
    paths: [`${standard} policy failover set`, `${standard} portgroup policy failover set`],
    concern: "sessions",
    what: "sessions may go over another uplink than before",
  },
  {
    paths: [`${vmkernel} remove`, `${standard} remove`, `${standard} portgroup remove`],
    concern: "not undone",
    what: "what was set on it by hand goes with it; made anew, it has ESXi's defaults",
  },
];

/** What a command may do beside what it is for. */
export function consequencesOf(
  { path, options, isOnFormer, secret }: Command,
  isNew: boolean,
): readonly Omit<Consequence, "paths">[] {
  const shown: readonly Omit<Consequence, "paths">[] =
    secret === "argument"
      ? [{ concern: "secret on the command line", what: "the host's process list and logs may show it" }]
      : [];
  return [
    ...consequences.filter(
      ({ paths, option, always, adopting }) =>
        paths.includes(path) &&
        (always || isOnFormer) &&
        (isNew || !adopting) &&
        (option === undefined || options.has(option)),
    ),
    ...shown,
  ];
}
