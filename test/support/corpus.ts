import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IserError } from "../../src/errors.js";
import type { HostCommand } from "../../src/esxcli/command.js";
import { adapterGet, networkPortalList } from "../../src/esxcli/iscsi.js";
import { discoveryStatus } from "../../src/esxcli/iscsiDiscovery.js";
import { connectionList, sessionList } from "../../src/esxcli/iscsiSession.js";
import { nicList } from "../../src/esxcli/network.js";
import { ping } from "../../src/esxcli/ping.js";
import { storageAdapterList } from "../../src/esxcli/storage.js";
import type { HostOptions } from "../../src/simulator/index.js";
import { adapterSubjects } from "../integration/resources/subjects/adapter.js";
import { networkSubjects } from "../integration/resources/subjects/network.js";
import type { Subject } from "../integration/resources/subjects/subject.js";
import { systemSubjects } from "../integration/resources/subjects/system.js";
import { DirectLab } from "./directLab.js";

/** A command that reads, and what a host printed for it. */
export interface Answer {
  readonly command: HostCommand;
  readonly stdout: string;
}

/** What a command is, whatever it is asked of: `esxcli iscsi adapter list`. */
export function kindOf(command: HostCommand): string {
  return command.kind === "log" ? `log ${command.containing}` : `${command.kind} ${command.path}`;
}

const models = ["6.7", "7.0", "8.0", "9.0"] as const satisfies readonly HostOptions["model"][];
const subjects: readonly Subject[] = [...adapterSubjects, ...networkSubjects, ...systemSubjects];

/**
 * What simulated hosts of every model print for every read while each resource goes through its life: made, changed in each attribute,
 * refreshed, destroyed. And the recordings of real hosts. Each answer once.
 */
export async function collectAnswers(): Promise<readonly Answer[]> {
  const answers = new Map<string, Answer>();
  const keep = (command: HostCommand, stdout: string) => {
    if (command.effect === "read") answers.set(`${kindOf(command)}\n${stdout}`, { command, stdout });
  };
  for (const model of models) {
    for (const subject of subjects) {
      for (const change of [{}, ...subject.attributes.map((attribute) => attribute.change)]) {
        const lab = new DirectLab({ model }, (command, { status, stdout }) => {
          if (status === 0) keep(command, stdout);
        });
        for (const line of [...subject.needs, ...subject.neighbours]) lab.host.execute(line);
        await live(lab, subject, change);
      }
    }
  }
  for (const recording of recordings()) keep(nicList, recording);
  return [...answers.values()];
}

/** What no life of a resource asks on these hosts. */
const asked = [
  networkPortalList(),
  sessionList(),
  connectionList(),
  adapterGet("vmhba64"),
  storageAdapterList,
  discoveryStatus("vmhba64"),
  ping({ vmkernelAdapter: "vmk1", address: "192.168.50.100", packet: 1500 }),
];

/** Older models lack what some subjects need: what they printed until then counts all the same. */
async function live(lab: DirectLab, { definition, inputs }: Subject, change: object): Promise<void> {
  const declared = lab.lifecycle(definition);
  try {
    await declared.up(inputs);
    await declared.up({ ...inputs, ...change });
    await declared.refresh();
    for (const command of asked) await lab.session.execute(command);
    await declared.destroy();
  } catch (error) {
    if (!(error instanceof IserError)) throw error;
  }
}

/** `network nic list` of a real host, as two sources give it. */
function recordings(): readonly string[] {
  const fixtures = join(__dirname, "../fixtures");
  const transcripts = readdirSync(join(fixtures, "transcripts")).filter((file) => file.startsWith("formatter-xml--"));
  return [join("esxcli", "network-nic-list.xml"), ...transcripts.map((file) => join("transcripts", file))].map(
    (file) => {
      const text = readFileSync(join(fixtures, file), "utf8");
      return text.slice(text.indexOf("<output"));
    },
  );
}

/** A command of every maker of commands that read, at every level where there are several, for a check that none is missing. */
export function everyRead(): readonly HostCommand[] {
  const folder = join(__dirname, "../../src/esxcli");
  const levels = [
    { kind: "adapter", vmhba: "vmhba64" },
    { kind: "sendtarget", vmhba: "vmhba64", address: "192.168.50.100:3260" },
    { kind: "target", vmhba: "vmhba64", address: "192.168.50.100:3260", name: "iqn.2010-09.lab.storage:a" },
  ];
  return readdirSync(folder).flatMap((file) => {
    const exported = Object.values(require(join(folder, file)) as Record<string, unknown>);
    return exported.flatMap((value) => {
      if (typeof value !== "function") return isRead(value) ? [value] : [];
      return [["x"], ...levels.map((level) => [level, "uni"])].flatMap((args) => {
        const made = attempt(() => (value as (...given: unknown[]) => unknown)(...args));
        return isRead(made) ? [made] : [];
      });
    });
  });
}

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** A command, and not one that was made of arguments of the wrong kind. */
function isRead(value: unknown): value is HostCommand {
  const command = value as Partial<HostCommand> | undefined;
  return (
    typeof command === "object" &&
    command?.effect === "read" &&
    !/undefined|\[object|"(?:value|path)":\{/.test(JSON.stringify(command) ?? "")
  );
}
