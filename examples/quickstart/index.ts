import * as pulumi from "@pulumi/pulumi";
import { AdapterProperties, Chap, DiscoveryAddress, IserAdapter, PortBinding, RoceParams } from "pulumi-esxi-iser";

const config = new pulumi.Config();
const host = {
  host: config.require("host"),
  port: config.getNumber("port"),
  transport: config.get<"ssh" | "vsphere">("transport"),
};

// Each step takes the adapter by what is declared, so the first preview knows every value.
const adapter = new IserAdapter("iser-a", { host, device: config.require("device") });

new AdapterProperties("iser-a", { host, adapter, alias: "storage-a" });

// ESXi 6.7 and 9.x have no command for the RoCE version: there the host chooses it.
if (config.getBoolean("setRoceVersion") ?? true) {
  new RoceParams("iser-a", { host, adapter, version: "v2" });
}

const chap = new Chap("iser-a", {
  host,
  adapter,
  level: "required",
  name: "esx01",
  secret: config.requireSecret("chapSecret"),
});

const binding = new PortBinding("iser-a", { host, adapter, vmkernelAdapter: config.require("vmkernelAdapter") });

// Discovery logs in with what CHAP has set, over what is bound.
new DiscoveryAddress("storage", { host, adapter, address: config.require("storage") }, { dependsOn: [chap, binding] });

export const vmhba = adapter.vmhba;
export const iqn = adapter.iqn;
export const compliant = binding.compliant;
