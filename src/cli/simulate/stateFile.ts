import { z } from "zod";
import { type HostOptions, models, type SimulatedHost } from "../../simulator/index.js";
import { usage } from "../usage.js";
import { check, readJson } from "./input.js";

const text = z.string("must be a text").min(1, "is empty");
const flag = z.boolean("must be true or false");
const whole = (least: number, most: number) =>
  z.int("must be a whole number").min(least, `must be at least ${least}`).max(most, `must be at most ${most}`);
const ipv4 = z.ipv4("must be an IPv4 address");
const mac = z.string("must be a text").regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, "must be a MAC address");
const named = (pattern: RegExp, example: string) =>
  z.string("must be a text").regex(pattern, `must be a name such as ${example}`);
const nic = named(/^vmnic\d+$/, "vmnic4");
const mtu = whole(1280, 9000);
const credentials = { name: text, secret: text };

/** The fields of HostOptions that are data. What is left out is as on the simulated host of `esxi-iser simulate`. */
const host = z.strictObject({
  model: z.enum(models, `must be one of ${models.join(", ")}`).optional(),
  name: text.optional(),
  nics: z
    .array(
      z.strictObject({
        name: nic,
        driver: text.optional(),
        description: text.optional(),
        speed: whole(1, 1_000_000).optional(),
        linkUp: flag.optional(),
        mac: mac.optional(),
        pci: text.optional(),
        pause: z
          .strictObject({ supported: flag.optional(), rx: flag.optional(), tx: flag.optional(), auto: flag.optional() })
          .optional(),
      }),
    )
    .optional(),
  rdmaDevices: z
    .array(
      z.strictObject({
        name: named(/^vmrdma\d+$/, "vmrdma0"),
        uplink: nic.optional(),
        driver: text.optional(),
        state: z.enum(["Active", "Down"], "must be Active or Down").optional(),
        mtu: whole(256, 4096).optional(),
        speed: text.optional(),
        description: text.optional(),
        protocols: z.strictObject({ v1: flag.optional(), v2: flag.optional(), iwarp: flag.optional() }).optional(),
      }),
    )
    .optional(),
  switches: z.array(z.strictObject({ name: text, uplinks: z.array(nic).optional(), mtu: mtu.optional() })).optional(),
  portGroups: z.array(z.strictObject({ name: text, virtualSwitch: text, vlan: whole(0, 4095).optional() })).optional(),
  vmkernelAdapters: z
    .array(
      z.strictObject({
        name: named(/^vmk\d+$/, "vmk1"),
        portGroup: text,
        ipv4: z.strictObject({ address: ipv4, netmask: ipv4, gateway: ipv4.optional() }).optional(),
        mtu: mtu.optional(),
        mac: mac.optional(),
        netstack: text.optional(),
      }),
    )
    .optional(),
  storage: z
    .array(
      z.strictObject({
        address: text,
        port: whole(1, 65535).optional(),
        targets: z.array(
          z.strictObject({
            name: text,
            chap: z.strictObject({ ...credentials, mutual: z.strictObject(credentials).optional() }).optional(),
            luns: z
              .array(
                z.strictObject({
                  device: text,
                  sizeMb: whole(1, 2 ** 40),
                  lun: whole(0, 16383).optional(),
                  displayName: text.optional(),
                }),
              )
              .optional(),
          }),
        ),
      }),
    )
    .optional(),
  /** Lines of esxcli, without that word. */
  commands: z.array(text).optional(),
});

/** What a host is made of, and the esxcli lines that are run on it before it listens. */
export type StartingState = Pick<
  HostOptions,
  "model" | "name" | "nics" | "rdmaDevices" | "switches" | "portGroups" | "vmkernelAdapters" | "storage"
> & { readonly commands?: readonly string[] };

/** The hosts of a file: one, or a list. */
export function readStates(file: string): { readonly isList: boolean; readonly states: readonly StartingState[] } {
  const what = "a starting state";
  const value = readJson(file, z.unknown(), what);
  const isList = Array.isArray(value);
  const states = isList
    ? check(value, z.array(host).min(1, "has no host"), file, what)
    : [check(value, host, file, what)];
  return { isList, states: states as readonly StartingState[] };
}

/** Sees to it that what a host's pieces name of each other is there. */
export function checkReferences({ state }: SimulatedHost, where: string): void {
  const refer = (field: string, name: string, known: readonly { readonly name: string }[]) => {
    if (name === "" || known.some((one) => one.name === name)) return;
    throw usage(
      `${where}: ${field} is ${name}, which the host does not have: it has ${known.map((one) => one.name).join(", ") || "none"}`,
      "Name one of them, or add it. A list that is left out is that of a host without a file; one that is given takes its place as a whole.",
    );
  };
  for (const [at, { uplink }] of state.rdmaDevices.entries()) refer(`rdmaDevices[${at}].uplink`, uplink, state.nics);
  for (const [at, { uplinks }] of state.switches.entries())
    for (const [which, one] of uplinks.entries()) refer(`switches[${at}].uplinks[${which}]`, one, state.nics);
  for (const [at, { virtualSwitch }] of state.portGroups.entries())
    refer(`portGroups[${at}].virtualSwitch`, virtualSwitch, state.switches);
  for (const [at, { portGroup }] of state.interfaces.entries())
    refer(`vmkernelAdapters[${at}].portGroup`, portGroup, state.portGroups);
}

/** Runs the lines on the host, each of which has to succeed. */
export function runCommands(host: SimulatedHost, commands: readonly string[], where: string): void {
  for (const [at, line] of commands.entries()) {
    const { status, stdout, stderr } = host.execute(`esxcli ${line}`);
    if (status === 0) continue;
    // As the journal has it, without secrets.
    const shown = host.journal.at(-1)?.line ?? "esxcli";
    throw usage(
      `${where}: commands[${at}], \`${shown}\`, ended with ${status}: ${`${stdout}${stderr}`.trim().split("\n")[0]}`,
      "Run it on a simulated host by hand, over ssh, to see what it takes.",
    );
  }
}
