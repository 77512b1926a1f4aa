import * as pulumi from "@pulumi/pulumi";
import { IserHost } from "pulumi-esxi-iser";

const config = new pulumi.Config();
const netmask = config.require("netmask");

const host = new IserHost("esx01", {
  host: {
    host: config.require("host"),
    port: config.getNumber("port"),
    transport: config.get<"ssh" | "vsphere">("transport"),
  },
  // A path has its own card, virtual switch, port group and VMkernel adapter: iSER does not team NICs.
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
  // Each path asks the port of the storage system that is on its own network.
  discovery: {
    "array-a": { address: config.require("storageA"), paths: ["iser-a"] },
    "array-b": { address: config.require("storageB"), paths: ["iser-b"] },
  },
});

export const iqns = host.iqns;
/** How many paths each device has: two, when all is well. */
export const paths = host.devices.apply((all) =>
  Object.fromEntries(all.map(({ name, paths }) => [name, paths.length])),
);
