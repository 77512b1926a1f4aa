/**
 * Writes test/fixtures/states/<version>.json: the states of the whole procedure as this version writes them, over SSH and through the vSphere API, which
 * later versions have to read. Once for each release: `npm run state:keep`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Program } from "../test/support/program.js";
import { asKept, kept, type ReleasedState, secrets } from "../test/support/releasedState.js";
import type { Transport } from "../test/support/served.js";
import type { StackState } from "./engine/pulumi.js";

const iqn = "iqn.2010-09.lab.storage:a";
const netmask = "255.255.255.0";
const [address, other] = ["192.168.50.100", "192.168.50.101"];
const mutual = { name: "array", secret: secrets.mutual };
const chap = { name: "esx01", secret: secrets.chap, mutual };

/** Two paths: one is made, of the other the network is there and not as it is declared. */
const whole: Omit<ReleasedState, "states"> = {
  options: {
    model: "8.0",
    name: "esx01.lab",
    nics: [{ name: "vmnic0" }, { name: "vmnic4" }, { name: "vmnic5" }],
    switches: [
      { name: "vSwitch0", uplinks: ["vmnic0"] },
      { name: "vSwitch2", uplinks: ["vmnic5"] },
    ],
    portGroups: [
      { name: "Management Network", virtualSwitch: "vSwitch0" },
      { name: "iser-b", virtualSwitch: "vSwitch2" },
    ],
    vmkernelAdapters: [
      { name: "vmk0", portGroup: "Management Network", ipv4: { address: "192.168.1.11", netmask } },
      { name: "vmk2", portGroup: "iser-b" },
    ],
    storage: [
      { address, targets: [{ name: iqn, chap }] },
      { address: other, targets: [{ name: `${iqn}b` }] },
    ],
  },
  commands: [
    "esxcli network vswitch standard portgroup set -p iser-b -v 7",
    "esxcli system module parameters set -m nmlx5_core -p max_vfs=4",
  ],
  resources: [
    {
      type: "IserHost",
      as: "esx01",
      mtu: 9000,
      roceVersion: "v2",
      chap: { level: "required", ...chap },
      parameters: { RecoveryTimeout: 25 },
      pauseParams: { rx: false, tx: false, auto: false },
      moduleParameters: { nmlx5_core: { pfcrx: "0x08", pfctx: "0x08" } },
      paths: {
        "iser-a": {
          device: "vmrdma0",
          alias: "storage-a",
          vmkernelAdapter: { name: "vmk1", ipv4: { address: "192.168.50.11", netmask } },
        },
        "iser-b": {
          device: "vmrdma1",
          virtualSwitch: "vSwitch2",
          portGroup: { name: "iser-b", vlanId: 0 },
          vmkernelAdapter: {
            name: "vmk2",
            ipv4: { address: "192.168.50.12", netmask },
            ipv6Addresses: ["fd00::12/64"],
          },
        },
      },
      discovery: { array: address },
    },
    { type: "StaticTarget", as: "other", after: ["esx01"], adapter: "vmrdma0", targetName: `${iqn}b`, address: other },
    {
      type: "IscsiParameters",
      as: "address parameters",
      after: ["esx01"],
      adapter: "vmrdma1",
      discoveryAddress: { address },
      parameters: { LoginTimeout: 10, HeaderDigest: "preferred" },
    },
    {
      type: "Chap",
      as: "other chap",
      after: ["other"],
      adapter: "vmrdma0",
      target: { targetName: `${iqn}b`, address: other },
      level: "prohibited",
      mutual: "prohibited",
    },
  ],
};

async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8")) as { version: string };
  const file = join(__dirname, `../test/fixtures/states/${version}.json`);
  const states = { ssh: await written("ssh"), vsphere: await written("vsphere") };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, asKept({ ...whole, states }));
  execFileSync("npx", ["--no-install", "biome", "format", "--write", file], { cwd: join(__dirname, "..") });
  console.log(`written to ${file}`);
}

async function written(transport: Transport): Promise<StackState> {
  const program = await Program.start(whole.options, transport);
  try {
    for (const line of whole.commands) program.host.execute(line);
    await program.declare(whole.resources);
    await program.stack.up();
    return await kept(program);
  } finally {
    await program.close();
  }
}

void main();
