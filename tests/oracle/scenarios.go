package oracle

// notYet lists the golden scenarios that kove does not make equal to stock, with what is missing. TestGolden fails when a
// listed scenario has become equal, and when one that is not listed differs.
var notYet = map[string]string{
	"17-lb-health-check":                "Service_Monitor, flows",
	"19-lb-template":                    "Chassis_Template_Var, flows",
	"20-dgp-snat":                       "HA_Chassis_Group, flows",
	"26-bfd-routes":                     "BFD, written back BFD",
	"37-ha-chassis-group":               "HA_Chassis_Group",
	"38-mcast-snoop":                    "Multicast_Group, flows",
	"39-mcast-relay-igmp":               "Multicast_Group, flows",
	"42-transit-switch":                 "Port_Binding",
	"45-dhcp-relay":                     "flows",
	"52-drop-debug":                     "flows",
	"53-dynamic-routing":                "Advertised_Route, flows",
	"59-openstack-like":                 "HA_Chassis_Group, flows",
	"65-acl-persist-established":        "ACL_ID, flows",
	"71-ecmp-nexthop-routing-protocols": "ECMP_Nexthop, flows",
}
