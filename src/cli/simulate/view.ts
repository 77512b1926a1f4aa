import { z } from "zod";
import { chapLevels } from "../../esxcli/iscsiAuth.js";
import { roceVersions } from "../../esxcli/rdma.js";
import { check, readJson } from "./input.js";

const text = z.string("must be a text");
const word = text.default("");
const number = z.number("must be a number");
const flag = z.boolean("must be true or false");
const list = <T extends z.ZodType>(of: T) => z.array(of, "must be a list").default([]);

const chapState = z.object({ level: z.enum(chapLevels), name: word, inherits: flag.default(false) });
const settings = {
  chap: z.object({ uni: chapState.optional(), mutual: chapState.optional() }).default({}),
  parameters: list(z.object({ name: text, current: text, default: word, inherits: flag.default(false) })),
};
const uplinks = { active: list(text), standby: list(text) };

/**
 * A HostView as JSON, `esxi-iser discover --json`, as far as a simulated host is made of it. What is missing is taken as what a plain host has, and what is
 * there beside it is passed over: the document may be of another version.
 */
const view = z.object({
  host: text.optional(),
  devices: z.array(
    z.object({
      name: text,
      driver: text.optional(),
      state: text.default("Active"),
      mtu: number.optional(),
      speed: text.optional(),
      pairedUplink: word,
      description: text.optional(),
    }),
    "must be the list of RDMA devices that `esxi-iser discover --json` prints",
  ),
  protocols: list(z.object({ device: text, v1: flag, v2: flag, iwarp: flag.default(false) })),
  modules: list(z.object({ name: text, loaded: flag.default(true), enabled: flag.default(true) })),
  moduleParameters: z.record(text, list(z.object({ name: text, type: word, value: word }))).default({}),
  adapters: list(
    z.object({
      vmhba: text,
      name: word,
      device: z.object({ name: text }).optional(),
      iqn: text,
      alias: word,
      bindings: list(z.object({ vmknic: text })),
      discoveryAddresses: list(text),
      staticTargets: list(z.object({ name: text, address: text })),
      targets: list(
        z.object({
          targetName: text,
          address: text,
          port: number.default(3260),
          lastError: text.default("No Error"),
        }),
      ),
      sessions: list(
        z.object({
          targetName: text,
          isid: text,
          authenticationMethod: text.default("none"),
          connections: list(z.object({ address: text, state: word })),
        }),
      ),
      ...settings,
      scopes: list(
        z.object({
          level: z.object({ kind: z.enum(["sendtarget", "target"]), address: text, name: word }),
          ...settings,
        }),
      ),
      roce: z.enum(roceVersions).optional(),
    }),
  ),
  nics: list(z.object({ name: text, driver: text.optional(), link: text.default("Up") })),
  switches: list(z.object({ name: text, mtu: number.default(1500), cdp: text.default("listen"), uplinks: list(text) })),
  portGroups: list(
    z.object({
      name: text,
      virtualSwitch: text,
      vlanId: number.default(0),
      failover: z
        .object({
          ...uplinks,
          ownUplinks: flag.default(false),
          own: z
            .object({
              loadBalancing: text.optional(),
              failureDetection: text.optional(),
              notifySwitches: flag.optional(),
              failback: flag.optional(),
            })
            .default({}),
        })
        .optional(),
    }),
  ),
  interfaces: list(
    z.object({
      name: text,
      macAddress: text.optional(),
      portGroup: text,
      netstack: text.default("defaultTcpipStack"),
      mtu: number.default(1500),
    }),
  ),
  addresses: list(
    z.object({
      interfaceName: text,
      address: text,
      netmask: text,
      type: z.enum(["STATIC", "DHCP", "NONE"]).default("STATIC"),
      gateway: word,
      peerDns: flag.default(false),
    }),
  ),
  ipv6Addresses: list(z.object({ interfaceName: text, address: text, prefix: number, type: word })),
  pauses: list(z.object({ nic: text, supported: flag.default(true), rx: flag, tx: flag, auto: flag.default(false) })),
  storage: list(
    z.object({
      name: text,
      displayName: text.optional(),
      sizeMb: number,
      paths: list(z.object({ runtimeName: word, targetName: text.optional(), lun: number.default(0) })),
    }),
  ),
});

export type View = z.infer<typeof view>;

/** One view, a list of them, or a list of `{ host, found }`. */
export function readViews(file: string): readonly View[] {
  const what = "what `esxi-iser discover --json` prints";
  const value = readJson(file, z.unknown(), what);
  const found = (Array.isArray(value) ? value : [value]).map((one: unknown) =>
    isObject(one) && isObject(one.found) ? { host: one.host, ...one.found } : one,
  );
  return Array.isArray(value)
    ? check(found, z.array(view).min(1, "has no host"), file, what)
    : [check(found[0], view, file, what)];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
