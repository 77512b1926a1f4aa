import type { SimulatedHost } from "../../src/simulator/index.js";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What things in a list of a dump go by, so that one that comes or goes does not move the others. */
const keys = ["device", "name", "vmhba", "isid", "address"] as const;

/** A dump of a simulated host as lines: `switches[vSwitch1].mtu` → `9000`. */
export function flatten(dump: string): Map<string, string> {
  const lines = new Map<string, string>();
  const walk = (value: Json, path: string): void => {
    if (Array.isArray(value)) {
      const things = value.every((one) => typeof one === "object" && one !== null);
      if (!things) lines.set(path, JSON.stringify(value));
      else for (const one of value) walk(one, `${path}[${nameOf(one as { [key: string]: Json })}]`);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === "" ? key : `${path}.${key}`);
    } else lines.set(path, JSON.stringify(value));
  };
  walk(JSON.parse(dump) as Json, "");
  return lines;
}

function nameOf(thing: { [key: string]: Json }): string {
  const key = keys.find((candidate) => typeof thing[candidate] === "string" && thing[candidate] !== "");
  const port = thing.port === undefined ? "" : `:${String(thing.port)}`;
  const address =
    key !== "address" && typeof thing.address === "string" && thing.port !== undefined ? `@${thing.address}` : "";
  return key === undefined ? "" : `${String(thing[key])}${address}${port}`;
}

/** The lines that differ, each with what it was and is. */
export function changed(before: string, after: string): Map<string, readonly [string | undefined, string | undefined]> {
  const [was, is] = [flatten(before), flatten(after)];
  const paths = [...new Set([...was.keys(), ...is.keys()])].filter((path) => was.get(path) !== is.get(path));
  return new Map(paths.map((path) => [path, [was.get(path), is.get(path)]]));
}

/**
 * The dump of a host. The engine works on what does not depend on each other at the same time, so with several sessions it is without what
 * depends on which came first: the order of lists, and the numbers of adapters, of ports of switches and of sessions.
 */
export function setUp(host: SimulatedHost): string {
  const { iscsiAdapters } = host.state;
  if (iscsiAdapters.flatMap(({ sessions }) => sessions).length < 2) return host.dump();
  let dump = host.dump();
  for (const { vmhba, device } of iscsiAdapters) dump = dump.replaceAll(`"${vmhba}"`, `"of ${device}"`);
  const numbers = ["isid", "portId", "tsih"];
  return JSON.stringify(
    JSON.parse(dump, (key, value) => {
      if (numbers.includes(key)) return undefined;
      return Array.isArray(value) ? value.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : value;
    }),
    undefined,
    2,
  );
}
