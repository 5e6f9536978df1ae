package oracle

// notYet lists the golden scenarios that kove does not make equal to stock, with what is missing. TestGolden fails when a
// listed scenario has become equal, and when one that is not listed differs.
var notYet = map[string]string{
	"02-ls-addresses":                   "Port_Binding, flows",
	"17-lb-health-check":                "Service_Monitor, flows",
	"19-lb-template":                    "Chassis_Template_Var, flows",
	"20-dgp-snat":                       "HA_Chassis_Group, flows",
	"26-bfd-routes":                     "BFD, written back BFD",
	"29-dhcpv4":                         "flows",
	"30-dhcpv6":                         "flows",
	"31-dns":                            "DNS",
	"32-localnet-vlan":                  "flows",
	"34-qos":                            "flows",
	"37-ha-chassis-group":               "HA_Chassis_Group",
	"38-mcast-snoop":                    "Multicast_Group, flows",
	"39-mcast-relay-igmp":               "Multicast_Group, flows",
	"42-transit-switch":                 "Port_Binding",
	"44-forwarding-group-sfc":           "flows",
	"45-dhcp-relay":                     "flows",
	"51-acl-sampling":                   "flows",
	"52-drop-debug":                     "flows",
	"53-dynamic-routing":                "Advertised_Route, flows",
	"55-old-chassis-features":           "Load_Balancer",
	"59-openstack-like":                 "HA_Chassis_Group, flows",
	"64-enable-chk-lookup-flags":        "flows",
	"65-acl-persist-established":        "ACL_ID, flows",
	"67-external-port-localnet":         "flows",
	"68-sampling-after-lb-ts-fdb":       "flows",
	"71-ecmp-nexthop-routing-protocols": "ECMP_Nexthop, flows",
}
