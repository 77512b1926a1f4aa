import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as vsphere from "@pulumi/vsphere";
import { type FoundDevice, IserHost } from "pulumi-esxi-iser";

const config = new pulumi.Config();
const name = config.require("host");

// Whoever runs the network says what the addresses are.
const network = new pulumi.StackReference(config.require("networkStack"));
const output = (of: string) => network.requireOutput(of) as pulumi.Output<string>;

const secret = new random.RandomPassword("chap", { length: 16, special: false });

const storage = new IserHost("esx01", {
  host: { host: name, port: config.getNumber("port"), transport: config.get<"ssh" | "vsphere">("transport") },
  chap: { level: "required", name: "esx01", secret: secret.result },
  paths: {
    "iser-a": {
      device: config.require("device"),
      vmkernelAdapter: { name: "vmk1", ipv4: { address: output("hostAddress"), netmask: output("netmask") } },
    },
  },
  discovery: { array: output("storageAddress") },
});

const datacenter = vsphere.getDatacenterOutput({ name: config.require("datacenter") });
const host = vsphere.getHostOutput({ name, datacenterId: datacenter.id });

const datastore = new vsphere.VmfsDatastore("iser", {
  name: config.require("datastore"),
  hostSystemId: host.id,
  disks: [storage.devices.apply(onlyOne).name],
});

/** A datastore formats its disk. With several devices it has to be said which is meant. */
function onlyOne(devices: FoundDevice[]): FoundDevice {
  const [device, ...others] = devices;
  if (device !== undefined && others.length === 0) return device;
  throw new pulumi.RunError(
    `one device is expected, but there are: ${devices.map((it) => it.name).join(", ") || "none"}`,
  );
}

export const iqns = storage.iqns;
/** What goes into the storage system: `pulumi stack output chapSecret --show-secrets`. */
export const chapSecret = secret.result;
export const url = datastore.url;
