const pulumi = require("@pulumi/pulumi");
const esxi = require("pulumi-esxi-iser");

const device = "vmrdma0";
const secret = new pulumi.Config().requireSecret("chapSecret");

/** The procedure, whole, with one path a host. */
exports.declare = ({ hosts, parameter, storageAddress }) => {
  for (const { name, alias, address, chapName, reach: host } of hosts) {
    const carrier = new esxi.VirtualSwitch(name, { host, name: "vSwitch1", uplinks: [device], mtu: 9000 });
    const group = new esxi.PortGroup(name, {
      host,
      name: "iser-a",
      virtualSwitch: carrier.name,
      vlanId: 50,
      activeUplinks: [device],
      standbyUplinks: [],
    });
    const vmk = new esxi.VmkernelAdapter(name, {
      host,
      name: "vmk1",
      portGroup: group.name,
      ipv4: { address, netmask: "255.255.0.0" },
      mtu: 9000,
    });
    const pause = new esxi.PauseParams(name, { host, nic: device, rx: true, tx: true });
    const adapter = new esxi.IserAdapter(name, { host, device });
    const roce = new esxi.RoceParams(name, { host, adapter, version: "v2" });
    const named = new esxi.AdapterProperties(name, { host, adapter, alias });
    const chap = new esxi.Chap(name, { host, adapter, level: "required", name: chapName, secret });
    const parameters = new esxi.IscsiParameters(name, { host, adapter, parameters: { NoopOutInterval: parameter } });
    const binding = new esxi.PortBinding(
      name,
      { host, adapter, vmkernelAdapter: vmk.name },
      { dependsOn: [roce, named] },
    );
    const found = new esxi.DiscoveryAddress(
      name,
      { host, adapter, address: storageAddress },
      { dependsOn: [binding, chap, parameters, pause] },
    );
    new esxi.Rescan(name, { host, adapter, triggers: [found.id] }, { dependsOn: [found, binding, chap, parameters] });
  }
};
