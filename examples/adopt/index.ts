import * as pulumi from "@pulumi/pulumi";
import {
  AdapterProperties,
  DiscoveryAddress,
  IscsiParameters,
  IserAdapter,
  PortBinding,
  PortGroup,
  VirtualSwitch,
  VmkernelAdapter,
} from "pulumi-esxi-iser";

const config = new pulumi.Config();
const host = {
  host: config.require("host"),
  port: config.getNumber("port"),
  transport: config.get<"ssh" | "vsphere">("transport"),
};
const device = config.require("device");
const mtu = config.requireNumber("mtu");

// Everything is declared as it is on the host. What is not given is not looked after: start with little, and add to it.
const carrier = new VirtualSwitch("iser-a", { host, name: config.require("virtualSwitch"), uplinks: [device], mtu });

const portGroup = new PortGroup("iser-a", {
  host,
  name: config.require("portGroup"),
  virtualSwitch: carrier.name,
  vlanId: config.requireNumber("vlanId"),
  activeUplinks: [device],
  standbyUplinks: [],
});

const vmkernelAdapter = new VmkernelAdapter("iser-a", {
  host,
  name: config.require("vmkernelAdapter"),
  portGroup: portGroup.name,
  ipv4: { address: config.require("address"), netmask: config.require("netmask") },
  mtu,
});

const adapter = new IserAdapter("iser-a", { host, device });

new AdapterProperties("iser-a", { host, adapter, alias: config.require("alias") });

new IscsiParameters("iser-a", {
  host,
  adapter,
  parameters: { RecoveryTimeout: config.requireNumber("recoveryTimeout") },
});

const binding = new PortBinding("iser-a", { host, adapter, vmkernelAdapter: vmkernelAdapter.name });

new DiscoveryAddress("array", { host, adapter, address: config.require("storage") }, { dependsOn: binding });

export const vmhba = adapter.vmhba;
export const iqn = adapter.iqn;
