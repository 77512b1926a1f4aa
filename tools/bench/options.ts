import { parseArgs } from "node:util";
import { mostHosts } from "./declared.js";

export const HELP = `Usage: npm run bench [-- OPTIONS]

Measures the product with the real Pulumi engine on simulated hosts: create, no-op, preview, refresh, update of one field and destroy of the whole
procedure, over SSH and over the vSphere API, beside the same commands with one connection each, and beside what the engine itself takes. Checks the
bars, which are those of SSH; ends with 1 if one is not met.

  --hosts LIST            how many hosts. Default: 1,10,50,100
  --rounds N              of each measurement. Default: 3 up to 10 hosts, 1 above
  --baseline-hosts N      leaves the baseline out with more hosts: of a hundred it takes six minutes. Default: 50
  --start-ms MS           what the start of an esxcli process takes on a host (an assumption). Default: 300
  --call-ms MS            what a managed-method call takes on a host, in place of the start of a process (an assumption). Default: 0
  --round-trip-ms MS      a round trip to a host (an assumption). Default: 10
  --parallel N            how many resources at a time; 0: the engine's own, which is four a CPU. Default: 64
  --text-rounds N         of the comparison of provider texts; 0 leaves it out. Default: 5
  --json FILE             write the results there, as JSON, after each number of hosts what there is
  --write                 write them to docs/performance.md, .svg and .json
  --help                  this text

It takes 50 minutes to an hour; with --hosts 1 --rounds 1 --text-rounds 0 two minutes. What else the machine does meanwhile spoils it.
`;

export interface Options {
  readonly hosts: readonly number[];
  readonly rounds: number | undefined;
  /** With more the baseline is left out. */
  readonly baselineHosts: number;
  readonly startMs: number;
  readonly callMs: number;
  readonly roundTripMs: number;
  /** Undefined: the engine's own. */
  readonly parallel: number | undefined;
  readonly textRounds: number;
  readonly json: string | undefined;
  readonly write: boolean;
}

/** Undefined: help is asked for. */
export function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      hosts: text,
      rounds: text,
      "baseline-hosts": text,
      "start-ms": text,
      "call-ms": text,
      "round-trip-ms": text,
      parallel: text,
      "text-rounds": text,
      json: text,
      write: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const number = (name: Exclude<keyof typeof values, "write" | "help" | "json">, least: number, most = 100_000) => {
    const given = values[name];
    return given === undefined ? undefined : whole(`--${name}`, given, least, most);
  };
  const hosts = (values.hosts ?? "1,10,50,100").split(",").map((given) => whole("--hosts", given, 1, mostHosts));
  return {
    hosts: [...new Set(hosts)].sort((a, b) => a - b),
    rounds: number("rounds", 1),
    baselineHosts: number("baseline-hosts", 0) ?? 50,
    startMs: number("start-ms", 0) ?? 300,
    callMs: number("call-ms", 0) ?? 0,
    roundTripMs: number("round-trip-ms", 0) ?? 10,
    parallel: (number("parallel", 0) ?? 64) || undefined,
    textRounds: number("text-rounds", 0) ?? 5,
    json: values.json,
    write: values.write,
  };
}

function whole(option: string, given: string, least: number, most: number): number {
  const value = Number(given);
  if (/^\d+$/.test(given.trim()) && value >= least && value <= most) return value;
  throw new Error(`${option}: "${given}" is no whole number from ${least} to ${most}; --help says more.`);
}

/** Fewer where one round takes minutes. */
export function roundsFor(hosts: number, { rounds }: Pick<Options, "rounds">): number {
  return rounds ?? (hosts <= 10 ? 3 : 1);
}
