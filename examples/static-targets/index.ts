import * as pulumi from "@pulumi/pulumi";
import { IserHost, type StaticTargetOptions } from "pulumi-esxi-iser";

const config = new pulumi.Config();
const netmask = config.require("netmask");
const storage = { "iser-a": config.require("storageA"), "iser-b": config.require("storageB") };

// Each target over each path. The label becomes a part of the resource's name, so it should not change.
const staticTargets: Record<string, StaticTargetOptions> = {};
for (const targetName of config.requireObject<string[]>("targets")) {
  const label = targetName.split(":").at(-1);
  for (const [path, address] of Object.entries(storage))
    staticTargets[`${label}-${path}`] = { targetName, address, paths: [path] };
}

const host = new IserHost("esx01", {
  host: {
    host: config.require("host"),
    port: config.getNumber("port"),
    transport: config.get<"ssh" | "vsphere">("transport"),
  },
  paths: {
    "iser-a": {
      device: config.require("deviceA"),
      vmkernelAdapter: { name: "vmk1", ipv4: { address: config.require("addressA"), netmask } },
    },
    "iser-b": {
      device: config.require("deviceB"),
      vmkernelAdapter: { name: "vmk2", ipv4: { address: config.require("addressB"), netmask } },
    },
  },
  staticTargets,
});

export const iqns = host.iqns;
export const devices = host.devices.apply((all) => all.map(({ name }) => name));
