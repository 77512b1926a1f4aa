import type { Listening } from "./hosts.js";
import { type Baseline, declareBaseline, declareEngine, declareOurs } from "./programs.js";
import { type Operation, operations } from "./result.js";
import { commandNodes, type ShapedResource } from "./shape.js";
import { allTransports, type Transport, transports } from "./transports.js";

/** What is measured beside each other: ours over each transport, a command a resource, or resources of a provider that does nothing. */
export type SideName = Transport | "baseline" | "engine";

export interface Side {
  readonly name: SideName;
  /** Of its hosts, which are its own. */
  readonly transport: Transport;
  readonly hosts: number;
  /** Of all hosts. */
  readonly resources: number;
  readonly operations: readonly Operation[];
  /** Settings of its stack. */
  readonly settings: (hosts: readonly Listening[]) => Readonly<Record<string, string>>;
  /** What its program declares, with a value for what the one-field update changes. */
  readonly declare: (hosts: readonly Listening[], value: number) => object;
}

export interface Contest {
  readonly hosts: number;
  readonly shape: readonly ShapedResource[];
  /** Undefined: without. */
  readonly baseline: Baseline | undefined;
  readonly chapSecret: string;
}

/** Ours over a transport. */
export function ourSide(transport: Transport, hosts: number, resourcesPerHost: number): Side {
  return {
    name: transport,
    transport,
    hosts,
    resources: hosts * resourcesPerHost,
    operations,
    settings: transports[transport].settings,
    declare: (listening, value) => declareOurs(transport, listening, value),
  };
}

export function sidesOf({ hosts, shape, baseline, chapSecret }: Contest): Side[] {
  const updated = shape.findIndex(({ name }) => name === "IscsiParameters");
  const nodes = (host: number) => commandNodes(shape, host, chapSecret);
  const others = { transport: "ssh", settings: () => ({}) } as const;
  return [
    ...allTransports.map((transport) => ourSide(transport, hosts, shape.length)),
    ...(baseline === undefined
      ? []
      : [
          {
            ...others,
            name: "baseline" as const,
            hosts,
            resources: hosts * shape.reduce((sum, { writes }) => sum + writes.length, 0),
            operations: ["create"] as const,
            declare: (listening: readonly Listening[]) => declareBaseline(baseline, listening, nodes),
          },
        ]),
    {
      ...others,
      name: "engine",
      // It reaches none.
      hosts: 0,
      resources: hosts * shape.length,
      operations,
      declare: (_, value) => declareEngine(hosts, shape, updated, value),
    },
  ];
}
