import * as pulumi from "@pulumi/pulumi";
import { type HostArgs, IserCluster } from "pulumi-esxi-iser";

const config = new pulumi.Config();
const [networkA, networkB] = [config.require("networkA"), config.require("networkB")];
const netmask = config.require("netmask");
const storage = config.require("storage");

/** How a host is reached, by its name: only what differs from SSH to port 22 at that name, and its host key. */
const connections = config.getObject<Record<string, Partial<HostArgs>>>("connections") ?? {};

const ipv4 = (network: string, number: number) => ({ address: `${network}.${number}` });

/** What each host has other than the rest: how it is reached, and its storage addresses. */
const member = (name: string, number: number) => ({
  host: connections[name],
  paths: {
    "iser-a": { vmkernelAdapter: { ipv4: ipv4(networkA, number) } },
    "iser-b": { vmkernelAdapter: { ipv4: ipv4(networkB, number) } },
  },
});

const cluster = new IserCluster("lab", {
  mtu: 9000,
  paths: {
    "iser-a": { device: "vmrdma0", vmkernelAdapter: { name: "vmk1", ipv4: { netmask } } },
    "iser-b": { device: "vmrdma1", vmkernelAdapter: { name: "vmk2", ipv4: { netmask } } },
  },
  discovery: {
    "array-a": { address: `${networkA}.${storage}`, paths: ["iser-a"] },
    "array-b": { address: `${networkB}.${storage}`, paths: ["iser-b"] },
  },
  hosts: {
    "esx01.lab": member("esx01.lab", 11),
    "esx02.lab": member("esx02.lab", 12),
    "esx03.lab": member("esx03.lab", 13),
    "esx04.lab": member("esx04.lab", 14),
    "esx05.lab": member("esx05.lab", 15),
    "esx06.lab": member("esx06.lab", 16),
    // Its cards are in other slots, so its RDMA devices have other numbers.
    "esx07.lab": {
      host: connections["esx07.lab"],
      paths: {
        "iser-a": { device: "vmrdma2", vmkernelAdapter: { ipv4: ipv4(networkA, 17) } },
        "iser-b": { device: "vmrdma3", vmkernelAdapter: { ipv4: ipv4(networkB, 17) } },
      },
    },
    // It is on a switch that has no jumbo frames.
    "esx08.lab": { ...member("esx08.lab", 18), mtu: 1500 },
  },
  atOnce: config.requireNumber("atOnce"),
});

export const iqns = cluster.iqns;
