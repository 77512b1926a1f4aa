import * as pulumi from "@pulumi/pulumi";
import { IserHost } from "pulumi-esxi-iser";
import { readStacks } from "./stacks";

const config = new pulumi.Config();
const [networkA, networkB] = [config.require("networkA"), config.require("networkB")];
const netmask = config.require("netmask");
const storage = config.require("storage");

const stack = pulumi.getStack();
const slice = readStacks().get(stack);
// Else a stack that is no longer in the inventory would be one whose hosts are all to be deleted.
if (slice === undefined) throw new pulumi.RunError(`inventory.json has no host in the stack ${stack}`);

// Each host stands alone, under no component, so that `pulumi state move` can take it to another stack.
const hosts = Object.entries(slice).map(([name, { number, address, port, transport, hostKey, thumbprint }]) => {
  const path = (device: string, vmkernelAdapter: string, network: string) => ({
    device,
    vmkernelAdapter: { name: vmkernelAdapter, ipv4: { address: `${network}.${number}`, netmask } },
  });
  const made = new IserHost(name, {
    host: { host: address ?? name, port, transport, hostKey, thumbprint },
    mtu: 9000,
    paths: { "iser-a": path("vmrdma0", "vmk1", networkA), "iser-b": path("vmrdma1", "vmk2", networkB) },
    discovery: {
      "array-a": { address: `${networkA}.${storage}`, paths: ["iser-a"] },
      "array-b": { address: `${networkB}.${storage}`, paths: ["iser-b"] },
    },
  });
  return [name, made] as const;
});

export const iqns = Object.fromEntries(hosts.map(([name, { iqns }]) => [name, iqns]));
