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
      vmkernelAdapter: {
        name: "vmk1",
        ipv4: { address: config.require("address"), netmask: config.require("netmask") },
      },
    },
  },
  // For everything that says nothing else.
  chap: { level: "required", name: "esx01", secret: config.requireSecret("productionSecret") },
  discovery: {
    production: config.require("production"),
    archive: {
      address: config.require("archive"),
      chap: { level: "required", name: "esx01-archive", secret: config.requireSecret("archiveSecret") },
    },
  },
  staticTargets: {
    scratch: {
      targetName: config.require("scratchTarget"),
      address: config.require("scratch"),
      // Both ways: the target proves who it is, too.
      chap: {
        level: "required",
        name: "esx01-scratch",
        secret: config.requireSecret("scratchSecret"),
        mutual: { name: "scratch", secret: config.requireSecret("scratchMutualSecret") },
      },
    },
  },
});

export const iqns = host.iqns;
