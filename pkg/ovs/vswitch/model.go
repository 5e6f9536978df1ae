package vswitch

import (
	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
)

// Database is the name of the schema.
const Database = "Open_vSwitch"

// Datapath types of a bridge.
const (
	DatapathSystem = "system" // the kernel's Open vSwitch
	DatapathNetdev = "netdev" // ovs-vswitchd's own
)

// OpenvSwitch is the one row of the table Open_vSwitch.
type OpenvSwitch struct {
	UUID        string            `ovsdb:"_uuid"`
	Bridges     []string          `ovsdb:"bridges"`
	CurCfg      int               `ovsdb:"cur_cfg"`
	NextCfg     int               `ovsdb:"next_cfg"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
	OtherConfig map[string]string `ovsdb:"other_config"`
	OVSVersion  *string           `ovsdb:"ovs_version"`
}

// Bridge is a row of the table Bridge.
type Bridge struct {
	UUID         string            `ovsdb:"_uuid"`
	Name         string            `ovsdb:"name"`
	Ports        []string          `ovsdb:"ports"`
	DatapathType string            `ovsdb:"datapath_type"`
	FailMode     *string           `ovsdb:"fail_mode"`
	ExternalIDs  map[string]string `ovsdb:"external_ids"`
	OtherConfig  map[string]string `ovsdb:"other_config"`
}

// Port is a row of the table Port. kove's ports have one interface of the same name.
type Port struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	Interfaces  []string          `ovsdb:"interfaces"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
}

// Interface is a row of the table Interface.
type Interface struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	Type        string            `ovsdb:"type"`
	MAC         *string           `ovsdb:"mac"`         // wanted, of an internal port
	MTURequest  *int              `ovsdb:"mtu_request"` // wanted, of an internal port
	Options     map[string]string `ovsdb:"options"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
	OFPort      *int              `ovsdb:"ofport"` // written by ovs-vswitchd, -1 when it cannot open the interface
	Error       *string           `ovsdb:"error"`  // written by ovs-vswitchd
}

// Keys of Interface.external_ids. iface-id is what binds an interface to a logical switch port; ovn-installed is written
// by ovn-controller when all flows of that port are in place.
const (
	IfaceID      = "iface-id"
	AttachedMAC  = "attached-mac"
	OVNInstalled = "ovn-installed"
)

// Installed tells that ovn-controller has put all flows of the interface's logical port in place.
func (i Interface) Installed() bool { return i.ExternalIDs[OVNInstalled] == "true" }

func databaseModel() (model.ClientDBModel, error) {
	return model.NewClientDBModel(Database, map[string]model.Model{
		"Open_vSwitch": &OpenvSwitch{},
		"Bridge":       &Bridge{},
		"Port":         &Port{},
		"Interface":    &Interface{},
	})
}

// monitored names exactly the columns above: Interface has counters that change every five seconds.
func monitored() []client.MonitorOption {
	o, b, p, i := &OpenvSwitch{}, &Bridge{}, &Port{}, &Interface{}
	return []client.MonitorOption{
		client.WithTable(o, &o.Bridges, &o.CurCfg, &o.NextCfg, &o.ExternalIDs, &o.OtherConfig, &o.OVSVersion),
		client.WithTable(b, &b.Name, &b.Ports, &b.DatapathType, &b.FailMode, &b.ExternalIDs, &b.OtherConfig),
		client.WithTable(p, &p.Name, &p.Interfaces, &p.ExternalIDs),
		client.WithTable(i, &i.Name, &i.Type, &i.MAC, &i.MTURequest, &i.Options, &i.ExternalIDs, &i.OFPort, &i.Error),
	}
}
