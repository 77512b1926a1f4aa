import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type HostOptions, SimulatedHost } from "../../../src/simulator/index.js";

/** What was recorded: the lines behind the source and notes, without those that show a prompt and a command. */
export function recording(name: string): string {
  const text = readFileSync(join(__dirname, "../../fixtures/transcripts", `${name}.txt`), "utf8");
  const lines = text.split("\n").filter((line) => !/^(# (source|note):|~ # |\[root@[^\]]*\] ?|# esxcli )/.test(line));
  while (lines[0] === "") lines.shift();
  while (lines.at(-1) === "") lines.pop();
  return lines.map((line) => `${line}\n`).join("");
}

/** Runs of blanks as one and no dashes: for recordings whose columns were pulled together. */
export function squeezed(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter((line) => line !== "" && !/^[- ]+$/.test(line));
}

/** The field names of blocks. */
export function fieldNames(text: string): string[] {
  return squeezed(text).flatMap((line) => /^([\w ]+):/.exec(line)?.[1] ?? []);
}

export interface Hand {
  readonly host: SimulatedHost;
  /** Runs a command that works, and gives what it printed. */
  readonly run: (line: string, stdin?: string) => string;
  /** Runs a command that fails with status 1, and gives what it printed on standard output. */
  readonly refused: (line: string, stdin?: string) => string;
}

export function hand(options: HostOptions = {}): Hand {
  const host = new SimulatedHost(options);
  const expecting = (wanted: number) => (line: string, stdin?: string) => {
    const { status, stdout, stderr } = host.execute(line, stdin);
    if (status !== wanted) throw new Error(`${line}: status ${status}\n${stdout}${stderr}`);
    return stdout;
  };
  return { host, run: expecting(0), refused: expecting(1) };
}

/** A host with iSER on its first device, and the adapter's number. */
export function withAdapter(options: HostOptions = {}): Hand {
  const it = hand(options);
  it.run(`esxcli rdma iser add${options.model === "6.7" || options.model === "7.0" ? "" : " -d vmrdma0"}`);
  return it;
}

/** A host that is set up as far as a session. */
export function withSession(options: HostOptions = {}): Hand {
  const it = withAdapter(options);
  it.run("esxcli iscsi networkportal add -A vmhba64 -n vmk1");
  it.run("esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 192.168.50.100");
  it.run("esxcli iscsi adapter discovery rediscover -A vmhba64");
  return it;
}

/** The values of one field in a text of blocks. */
export function valuesOf(text: string, field: string): string[] {
  return [...text.matchAll(new RegExp(`^ *${field}: (.*)$`, "gm"))].map((match) => match[1] ?? "");
}
