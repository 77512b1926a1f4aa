const A = "--adapter=vmhba64";
const P = `${A} --address=192.168.50.100:3260`;
const T = `${P} --name=iqn.2010-09.lab.storage:iser-a`;
const chap = "--direction=uni --level=required --authname=somebody --secret=a-simulated-one";
const failover = "--active-uplinks=vmnic4 --failback=false --load-balancing=mac";

/** What is done on a host, in this order: every command that a simulated build has, and some that fail. */
export const everyCommand: readonly string[] = `
esxcli command list
system version get
system hostname get
system stats uptime get
system time get
system module list --loaded=true
system module set --module=iser --enabled=true --force
system module load --module=iser --force
system module parameters set --module=nmlx5_core --parameter-string=pfctx=8 --append
system module parameters list --module=nmlx5_core
system module parameters list --module=none
rdma iser add --device=vmrdma0
rdma iser add --device=vmrdma1
rdma iser delete --device=vmrdma1
rdma iser add
rdma iser params set ${A} --roce=2
rdma device list
rdma device protocol list
rdma device vmknic list --device=vmrdma0
rdma device stats get --device=vmrdma0
iscsi software get
iscsi adapter list
iscsi adapter get ${A}
iscsi adapter get --adapter=vmhba9
iscsi adapter set ${A} --alias=Zürich
iscsi adapter param set ${A} --key=RecoveryTimeout --value=20
iscsi adapter param get ${A}
iscsi adapter capabilities get ${A}
iscsi adapter auth chap set ${A} ${chap}
iscsi adapter auth chap get ${A}
iscsi adapter auth chap set ${A} --default
iscsi networkportal add ${A} --nic=vmk1 --force=true
iscsi networkportal list
iscsi logicalnetworkportal list
iscsi physicalnetworkportal list
iscsi adapter discovery sendtarget add ${P}
iscsi adapter discovery sendtarget list
iscsi adapter discovery sendtarget param set ${P} --key=LoginTimeout --value=10
iscsi adapter discovery sendtarget param get ${P}
iscsi adapter discovery sendtarget auth chap set ${P} ${chap}
iscsi adapter discovery sendtarget auth chap get ${P}
iscsi adapter discovery sendtarget auth chap set ${P} --inherit
iscsi adapter discovery rediscover ${A}
iscsi adapter discovery status get ${A}
iscsi adapter discovery statictarget add ${A} --address=192.168.50.101 --name=iqn.2010-09.lab.storage:other
iscsi adapter discovery statictarget list
iscsi adapter discovery statictarget remove ${A} --address=192.168.50.101 --name=iqn.2010-09.lab.storage:other
iscsi adapter target list
iscsi adapter target portal list
iscsi adapter target portal param set ${T} --key=LoginTimeout --value=15
iscsi adapter target portal param get ${T}
iscsi adapter target portal auth chap set ${T} ${chap}
iscsi adapter target portal auth chap get ${T}
iscsi session list
iscsi session connection list
storage core adapter list
storage core adapter rescan --all
storage core path list
storage core device list
iscsi session remove ${A}
iscsi adapter discovery sendtarget remove ${P}
iscsi networkportal remove ${A} --nic=vmk1 --force=true
network nic list
network nic get --nic-name=vmnic4
network nic pauseParams set --nic-name=vmnic4 --auto=false --rx=false --tx=true
network nic pauseParams list
network vswitch standard add --vswitch-name=vSwitch9 --ports=128
network vswitch standard set --vswitch-name=vSwitch9 --mtu=9000
network vswitch standard list
network vswitch standard uplink remove --uplink-name=vmnic5 --vswitch-name=vSwitch2
network vswitch standard uplink add --uplink-name=vmnic5 --vswitch-name=vSwitch9
network vswitch standard portgroup add --portgroup-name=made --vswitch-name=vSwitch9
network vswitch standard portgroup set --portgroup-name=made --vlan-id=12
network vswitch standard portgroup list
network vswitch standard policy failover set --vswitch-name=vSwitch1 ${failover}
network vswitch standard policy failover get --vswitch-name=vSwitch1
network vswitch standard portgroup policy failover set --portgroup-name=iser-a ${failover}
network vswitch standard portgroup policy failover get --portgroup-name=iser-a
network ip interface add --interface-name=vmk5 --portgroup-name=made --mtu=9000
network ip interface set --interface-name=vmk5 --enabled=false
network ip interface ipv4 set --interface-name=vmk5 --type=static --ipv4=10.1.2.3 --netmask=255.255.255.0
network ip interface ipv4 get
network ip interface ipv6 address add --interface-name=vmk5 --ipv6=fd00::5/64
network ip interface ipv6 address list
network ip interface ipv6 address remove --interface-name=vmk5 --ipv6=fd00::5/64
network ip interface list
network diag ping --host=192.168.50.100 --interface=vmk1 --count=2 --df
network ip interface remove --interface-name=vmk5
network vswitch standard portgroup remove --portgroup-name=made --vswitch-name=vSwitch9
network vswitch standard remove --vswitch-name=vSwitch9
`
  .trim()
  .split("\n");
