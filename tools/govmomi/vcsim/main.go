package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	esx := flag.Bool("esx", false, "Simulate standalone ESX")
	listen := flag.String("l", "127.0.0.1:8989", "Listen address for vcsim")
	username := flag.String("username", "", "Login username for vcsim (any username allowed by default)")
	password := flag.String("password", "", "Login password for vcsim (any password allowed by default)")
	secure := flag.Bool("tls", true, "Enable TLS")
	dc := flag.Int("dc", -1, "Number of datacenters")
	cluster := flag.Int("cluster", -1, "Number of clusters")
	hosts := flag.Int("host", -1, "Number of hosts per cluster")
	standalone := flag.Int("standalone-host", -1, "Number of standalone hosts")
	vms := flag.Int("vm", -1, "Number of virtual machines per resource pool")
	flag.Parse()

	model := simulator.VPX()
	if *esx {
		model = simulator.ESX()
	}
	for value, field := range map[*int]*int{
		dc: &model.Datacenter, cluster: &model.Cluster, hosts: &model.ClusterHost, standalone: &model.Host, vms: &model.Machine,
	} {
		if *value >= 0 {
			*field = *value
		}
	}
	defer model.Remove()
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	model.Service.Listen = &url.URL{Host: *listen}
	if *username != "" && *password != "" {
		model.Service.Listen.User = url.UserPassword(*username, *password)
	}
	model.Service.RegisterEndpoints = true
	if *secure {
		model.Service.TLS = new(tls.Config)
	}
	server := model.Service.NewServer()
	defer server.Close()
	fmt.Printf("export GOVC_URL=%s GOVC_SIM_PID=%d\n", server.URL, os.Getpid())

	done := make(chan os.Signal, 1)
	signal.Notify(done, syscall.SIGINT, syscall.SIGTERM)
	<-done
}
