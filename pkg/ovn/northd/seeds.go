package northd

import (
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// seedRows emits the constant tables: the DHCP options that ovn-controller can write (RFC 2132, RFC 8415 and others), and
// what a chassis may do to the southbound database (ovn-sb(5), RBAC).
func seedRows(b *rows) {
	for _, o := range dhcpOptions {
		b.Add(sb.TableDHCPOptions, o.name, col(sb.DHCPOptionsColName, o.name), col(sb.DHCPOptionsColCode, o.code),
			col(sb.DHCPOptionsColType, o.typ))
	}
	for _, o := range dhcpv6Options {
		b.Add(sb.TableDHCPv6Options, o.name, col(sb.DHCPv6OptionsColName, o.name), col(sb.DHCPv6OptionsColCode, o.code),
			col(sb.DHCPv6OptionsColType, o.typ))
	}
	permissions := map[string]ovsdb.UUID{}
	for _, p := range permissionsOfChassis {
		auth := []string{p.authorization}
		permissions[p.table] = b.Add(sb.TableRBACPermission, p.table, col(sb.RBACPermissionColTable, p.table),
			col(sb.RBACPermissionColAuthorization, auth), col(sb.RBACPermissionColInsertDelete, p.insertDelete),
			col(sb.RBACPermissionColUpdate, ovsdb.Set(append([]string(nil), p.update...)...)))
	}
	b.Add(sb.TableRBACRole, "ovn-controller", col(sb.RBACRoleColName, "ovn-controller"),
		col(sb.RBACRoleColPermissions, ovsdb.NewMap(permissions)))
}

type dhcpOption struct {
	name string
	code int64
	typ  string
}

var dhcpOptions = []dhcpOption{
	{"offerip", 0, "ipv4"},
	{"netmask", 1, "ipv4"},
	{"router", 3, "ipv4"},
	{"dns_server", 6, "ipv4"},
	{"log_server", 7, "ipv4"},
	{"lpr_server", 9, "ipv4"},
	{"hostname", 12, "str"},
	{"domain_name", 15, "str"},
	{"swap_server", 16, "ipv4"},
	{"ip_forward_enable", 19, "bool"},
	{"policy_filter", 21, "ipv4"},
	{"default_ttl", 23, "uint8"},
	{"mtu", 26, "uint16"},
	{"broadcast_address", 28, "ipv4"},
	{"router_discovery", 31, "bool"},
	{"router_solicitation", 32, "ipv4"},
	{"arp_cache_timeout", 35, "uint32"},
	{"ethernet_encap", 36, "bool"},
	{"tcp_ttl", 37, "uint8"},
	{"tcp_keepalive_interval", 38, "uint32"},
	{"nis_server", 41, "ipv4"},
	{"ntp_server", 42, "ipv4"},
	{"netbios_name_server", 44, "ipv4"},
	{"netbios_node_type", 46, "uint8"},
	{"lease_time", 51, "uint32"},
	{"server_id", 54, "ipv4"},
	{"T1", 58, "uint32"},
	{"T2", 59, "uint32"},
	{"tftp_server", 66, "host_id"},
	{"bootfile_name", 67, "str"},
	{"domain_search_list", 119, "domains"},
	{"classless_static_route", 121, "static_routes"},
	{"tftp_server_address", 150, "ipv4"},
	{"path_prefix", 210, "str"},
	{"ms_classless_static_route", 249, "static_routes"},
	{"wpad", 252, "str"},
	{"next_server", 253, "ipv4"},
	{"bootfile_name_alt", 254, "str"},
}

var dhcpv6Options = []dhcpOption{
	{"server_id", 2, "mac"},
	{"ia_addr", 5, "ipv6"},
	{"dns_server", 23, "ipv6"},
	{"domain_search", 24, "str"},
	{"fqdn", 39, "domain"},
	{"bootfile_name", 59, "str"},
	{"bootfile_name_alt", 254, "str"},
}

type permission struct {
	table string
	// authorization is the column that holds the chassis name; the empty string lets every chassis at every row.
	authorization string
	insertDelete  bool
	update        []string
}

var permissionsOfChassis = []permission{
	{"Controller_Event", "", true, []string{"chassis", "event_info", "event_type", "seq_num"}},
	{"FDB", "", true, []string{"dp_key", "mac", "port_key", "timestamp"}},
	{"MAC_Binding", "", true, []string{"datapath", "ip", "logical_port", "mac", "timestamp"}},
	{"Port_Binding", "", false, []string{"additional_chassis", "additional_encap", "chassis", "encap", "options", "up", "virtual_parent"}},
	{"Encap", "chassis_name", true, []string{"ip", "options", "type"}},
	{"IGMP_Group", "chassis_name", true, []string{"address", "chassis", "datapath", "ports", "protocol"}},
	{"BFD", "chassis_name", false, []string{"status"}},
	{"Service_Monitor", "chassis_name", false, []string{"status"}},
	{"Chassis", "name", true, []string{"encaps", "external_ids", "nb_cfg", "other_config", "transport_zones", "vtep_logical_switches"}},
	{"Chassis_Private", "name", true, []string{"chassis", "external_ids", "nb_cfg", "nb_cfg_timestamp"}},
}
