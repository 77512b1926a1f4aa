import * as pulumi from "@pulumi/pulumi";
import { IserHost } from "pulumi-esxi-iser";

const config = new pulumi.Config();

const host = new IserHost("esx01", {
  host: {
    host: config.require("host"),
    port: config.getNumber("port"),
    transport: config.get<"ssh" | "vsphere">("transport"),
  },
  mtu: 9000,
  chap: { level: "required", name: "esx01", secret: config.requireSecret("chapSecret") },
  paths: {
    "iser-a": {
      device: "vmrdma0",
      vmkernelAdapter: { name: "vmk1", ipv4: { address: "192.168.50.11", netmask: "255.255.255.0" } },
    },
  },
  discovery: { array: "192.168.50.100" },
});

export const iqns = host.iqns;
