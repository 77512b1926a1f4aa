import * as pulumi from "@pulumi/pulumi";
import { IserHost, priorityFlowControl } from "pulumi-esxi-iser";

const config = new pulumi.Config();

// RoCE needs a network that loses no frames. Either the priority of RoCE is paused alone, or everything on the link is. Not both: with
// priority flow control on, the driver refuses global pause.
const flowControl =
  config.require("flowControl") === "pause"
    ? { pauseParams: { rx: true, tx: true } }
    : { moduleParameters: priorityFlowControl({ priority: 3, trust: "dscp", dscp: config.requireNumber("dscp") }) };

const host = new IserHost("esx01", {
  host: {
    host: config.require("host"),
    port: config.getNumber("port"),
    transport: config.get<"ssh" | "vsphere">("transport"),
  },
  // Of the virtual switch and the VMkernel adapter. The physical switches and the storage system must carry it too.
  mtu: config.requireNumber("mtu"),
  ...flowControl,
  paths: {
    "iser-a": {
      device: config.require("device"),
      vmkernelAdapter: {
        name: "vmk1",
        ipv4: { address: config.require("address"), netmask: config.require("netmask") },
      },
    },
  },
  discovery: { array: config.require("storage") },
});

export const iqns = host.iqns;
