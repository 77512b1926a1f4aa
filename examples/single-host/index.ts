import * as pulumi from "@pulumi/pulumi";
import { IserHost } from "pulumi-esxi-iser";

const config = new pulumi.Config();

const host = new IserHost("esx01", {
  host: {
    host: config.require("host"),
    port: config.getNumber("port"),
    transport: config.get<"ssh" | "vsphere">("transport"),
  },
  paths: {
    "iser-a": {
      device: config.require("device"),
      virtualSwitch: config.require("virtualSwitch"),
      vmkernelAdapter: {
        name: config.require("vmkernelAdapter"),
        ipv4: { address: config.require("address"), netmask: config.require("netmask") },
      },
    },
  },
  discovery: { array: config.require("storage") },
});

// The storage system has to know the initiator by its iSCSI name.
export const iqns = host.iqns;
export const devices = host.devices.apply((all) => all.map(({ name }) => name));
