package northd

import (
	"crypto/sha256"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// compileRows emits the southbound rows of a view that are not flows.
func compileRows(view any, b *rows) {
	switch v := view.(type) {
	case *topo.Global:
		globalRows(v, b)
	case *topo.Switch:
		switchRows(v, b)
	case *topo.SwitchPort:
		switchPortRows(v, b)
	case *topo.Router:
		routerRows(v, b)
	case *topo.RouterPort:
		routerPortRows(v, b)
	case *topo.LoadBalancer:
		loadBalancerRows(v, b)
	case *topo.PortGroup:
		portGroupRows(v, b)
	case *nb.AddressSet:
		addressSetRows(v, b)
	case *topo.Meter:
		meterRows(v, b)
	case *nb.Mirror:
		mirrorRows(v, b)
	case *nb.ChassisTemplateVar:
		templateVarRows(v, b)
	case *topo.BFD:
		bfdRows(v, b)
	case *topo.DNS:
		dnsRows(v, b)
	case *topo.Multicast:
		multicastRows(v, b)
	}
}

func col(column string, v ovsdb.Value) ovsdb.ColumnValue {
	return ovsdb.ColumnValue{Column: column, Value: v}
}

func stringMap(m map[string]string) ovsdb.Map { return ovsdb.NewStringMap(m) }

func optional[T any](p *T) []T {
	if p == nil {
		return nil
	}
	return []T{*p}
}

func switchRows(sw *topo.Switch, b *rows) {
	ids := map[string]string{"logical-switch": sw.ID.String(), "name": sw.Name}
	addName2(ids, sw.ExternalIDs)
	zoneLimit(sw.OtherConfig, ids)
	if n := topo.Uint(sw.OtherConfig["fdb_age_threshold"], 0); n > 0 {
		ids["fdb_age_threshold"] = strconv.FormatUint(uint64(n), 10)
	}
	if ts, ok := sw.OtherConfig["interconn-ts"]; ok {
		ids["interconn-ts"] = ts
	}
	b.AddWithID(sb.TableDatapathBinding, sw.ID.String(), sw.SB,
		col(sb.DatapathBindingColTunnelKey, sw.Key), col(sb.DatapathBindingColExternalIDs, stringMap(ids)))

	aclIDRows(sw.ACLs, b)

	oc := sw.OtherConfig
	snoop := oc["mcast_snoop"] == "true"
	idle := seconds(oc["mcast_idle_timeout"], 300, 15)
	b.Add(sb.TableIPMulticast, sw.SB.String(),
		col(sb.IPMulticastColDatapath, sw.SB),
		col(sb.IPMulticastColEnabled, []bool{snoop}),
		col(sb.IPMulticastColQuerier, []bool{oc["mcast_querier"] != "false"}),
		col(sb.IPMulticastColEthSrc, oc["mcast_eth_src"]),
		col(sb.IPMulticastColIP4Src, oc["mcast_ip4_src"]),
		col(sb.IPMulticastColIP6Src, oc["mcast_ip6_src"]),
		col(sb.IPMulticastColTableSize, []int64{int64(sw.MulticastTableSize())}),
		col(sb.IPMulticastColIdleTimeout, []int64{idle}),
		col(sb.IPMulticastColQueryInterval, []int64{seconds(oc["mcast_query_interval"], idle/2, 1)}),
		col(sb.IPMulticastColQueryMaxResp, []int64{int64(topo.Ulong(oc["mcast_query_max_response"], 1))}))
}

// addName2 keeps the name by which OpenStack knows a datapath.
func addName2(ids, external map[string]string) {
	for _, k := range []string{"neutron:network_name", "neutron:router_name"} {
		if v := external[k]; v != "" {
			ids["name2"] = v
			return
		}
	}
}

func bounded(s string, def, low, high int64) int64 {
	const none = math.MinInt32
	n := topo.Int(s, none)
	if n == none {
		return def
	}
	return min(max(int64(n), low), high)
}

// seconds reads a time of multicast: what is out of bounds is brought into them, of numbers that are too long the last 32 bits.
func seconds(s string, otherwise, low int64) int64 {
	return min(max(int64(uint32(topo.Ulong(s, uint64(otherwise)))), low), 3600)
}

func routerRows(r *topo.Router, b *rows) {
	ids := map[string]string{"logical-router": r.ID.String(), "name": r.Name}
	addName2(ids, r.ExternalIDs)
	routerNumbers(r.Options, ids)
	if r.Options["always_learn_from_arp_request"] == "false" {
		ids["always_learn_from_arp_request"] = "false"
	}
	b.AddWithID(sb.TableDatapathBinding, r.ID.String(), r.SB,
		col(sb.DatapathBindingColTunnelKey, r.Key), col(sb.DatapathBindingColExternalIDs, stringMap(ids)))
	routerVIPRows(r, b)
	nexthopRows(r, b)
}

// Multicast groups that every switch may have, with their fixed keys.
const (
	mcFlood   = "_MC_flood"
	mcUnknown = "_MC_unknown"
	mcFloodL2 = "_MC_flood_l2"

	mcMrouterFlood = "_MC_mrouter_flood"
	mcStatic       = "_MC_static"
)

var mcKeys = map[string]int64{mcFlood: 32768, mcUnknown: 32769, mcMrouterFlood: 32770, mcStatic: 32771, mcFloodL2: 32772}

func multicastMember(dp *topo.Datapath, name string, port ovsdb.UUID, b *rows) {
	key := dp.SB.String() + "/" + name
	b.Add(sb.TableMulticastGroup, key, col(sb.MulticastGroupColDatapath, dp.SB), col(sb.MulticastGroupColName, name),
		col(sb.MulticastGroupColTunnelKey, mcKeys[name]))
	b.Member(sb.TableMulticastGroup, key, sb.MulticastGroupColPorts, port)
}

func switchPortRows(p *topo.SwitchPort, b *rows) {
	row := p.Row
	var mirrors []ovsdb.UUID
	for _, m := range p.Mirrors {
		mirrors = append(mirrors, m.UUID)
	}
	// What the row of the port has and that of its chassis-redirect port too.
	both := []ovsdb.ColumnValue{
		col(sb.PortBindingColDatapath, p.DP.SB), col(sb.PortBindingColMAC, portMACs(p)),
		col(sb.PortBindingColPortSecurity, ovsdb.Set(slices.Clone(row.PortSecurity)...)),
		col(sb.PortBindingColParentPort, optional(row.ParentName)),
		col(sb.PortBindingColTag, p.Tag), col(sb.PortBindingColMirrorRules, ovsdb.Set(mirrors...)),
		col(sb.PortBindingColExternalIDs, stringMap(portIDs(row))),
	}
	cols := append(slices.Clone(both), col(sb.PortBindingColLogicalPort, p.Name), col(sb.PortBindingColTunnelKey, p.Key.Key))
	typ, options := portType(row.Type), maps.Clone(row.Options)
	if row.Type == "router" {
		typ, options = routerPortType(p)
		cols = append(cols, col(sb.PortBindingColNATAddresses, ovsdb.Set(natAddresses(p)...)))
	} else {
		if options == nil {
			options = map[string]string{}
		}
		if p.Switch.OtherConfig["vlan-passthru"] == "true" {
			options["vlan-passthru"] = "true"
		}
		if q := p.Key.Queue; q != 0 {
			options["qdisc_queue_id"] = strconv.FormatInt(q, 10)
			if n, ok := p.PhysicalNetwork(); ok {
				options["qos_physical_network"] = n
			}
		}
		requestedChassis(p, &cols, options, b)
		if row.Type == "external" && p.HAGroup != nil {
			cols = append(cols, col(sb.PortBindingColHAChassisGroup, []ovsdb.UUID{haGroupRows(p.HAGroup, b)}))
		}
	}
	cols = append(cols, col(sb.PortBindingColType, typ), col(sb.PortBindingColOptions, stringMap(options)))
	b.AddWithID(sb.TablePortBinding, portRowKey(p.Name, p.DP.SB, p.Variant()), p.Key.SB, cols...)
	if p.CRKey != nil {
		options := map[string]string{"distributed-port": p.Name}
		b.AddWithID(sb.TablePortBinding, portRowKey(p.CRName(), p.DP.SB, ""), p.CRKey.SB, append(both,
			col(sb.PortBindingColLogicalPort, p.CRName()), col(sb.PortBindingColTunnelKey, p.CRKey.Key),
			col(sb.PortBindingColType, "chassisredirect"), col(sb.PortBindingColOptions, stringMap(options)),
			col(sb.PortBindingColHAChassisGroup, []ovsdb.UUID{haGroupID(p.Peer.HAGroup)}))...)
	}

	if p.Enabled {
		multicastMember(p.DP, mcFlood, p.Member(), b)
		if row.Type != "router" {
			multicastMember(p.DP, mcFloodL2, p.Key.SB, b)
		}
		if p.Unknown {
			multicastMember(p.DP, mcUnknown, p.Member(), b)
		}
		if p.Option("mcast_flood_reports") == "true" || p.Peer != nil && p.Peer.Options["mcast_relay"] == "true" {
			multicastMember(p.DP, mcMrouterFlood, p.Member(), b)
		}
		if p.Option("mcast_flood") == "true" {
			multicastMember(p.DP, mcStatic, p.Member(), b)
		}
	}
	// The chassis of a gateway watch those that have something to send to it.
	for _, g := range p.Switch.HAGroups {
		if !p.ChassisID.IsZero() {
			b.Member(sb.TableHAChassisGroup, g.Name, sb.HAChassisGroupColRefChassis, p.ChassisID)
		}
		for _, ch := range p.Additional {
			b.Member(sb.TableHAChassisGroup, g.Name, sb.HAChassisGroupColRefChassis, ch.ID)
		}
	}
	for _, pg := range p.PortGroups {
		name := strconv.FormatInt(p.DP.Key, 10) + "_" + pg.Name
		b.Add(sb.TablePortGroup, name, col(sb.PortGroupColName, name))
		b.Member(sb.TablePortGroup, name, sb.PortGroupColPorts, p.Name)
		if slices.Contains(row.Addresses, "router") {
			continue // addresses that are the router's, not its own
		}
		for _, a := range p.Addresses {
			for _, n := range a.IP4 {
				b.Member(sb.TableAddressSet, pg.Name+"_ip4", sb.AddressSetColAddresses, n.IP())
			}
			for _, n := range a.IP6 {
				b.Member(sb.TableAddressSet, pg.Name+"_ip6", sb.AddressSetColAddresses, n.IP())
			}
		}
	}

	hostRoutes(p, b)

	// Written back: up.
	if up := p.Up || row.Type == "router"; row.Up == nil || *row.Up != up {
		b.Back(ovsdb.Update(nb.TableLogicalSwitchPort, p.ID, col(nb.LogicalSwitchPortColUp, []bool{up})))
	}
	if has := optional(row.DynamicAddresses); strings.Join(has, "") != p.DynamicAddresses {
		var want []string
		if p.DynamicAddresses != "" {
			want = []string{p.DynamicAddresses}
		}
		b.Back(ovsdb.Update(nb.TableLogicalSwitchPort, p.ID, col(nb.LogicalSwitchPortColDynamicAddresses, want)))
	}
	if row.TagRequest != nil && !slices.Equal(p.Tag, optional(row.Tag)) {
		b.Back(ovsdb.Update(nb.TableLogicalSwitchPort, p.ID, col(nb.LogicalSwitchPortColTag, p.Tag)))
	}

}

// portType is Port_Binding.type: what is no type of a port stands for none.
func portType(typ string) string {
	switch typ {
	case "router", "localnet", "localport", "l2gateway", "vtep", "external", "virtual", "remote":
		return typ
	}
	return ""
}

func portIDs(row *nb.LogicalSwitchPort) map[string]string {
	ids := maps.Clone(row.ExternalIDs)
	if n := ids["neutron:port_name"]; n != "" {
		ids["name"] = n
	}
	return ids
}

// portMACs is Port_Binding.mac: the addresses as they were written.
func portMACs(p *topo.SwitchPort) []string {
	return ovsdb.Set(slices.Clone(p.Row.Addresses)...)
}

// activatedOption is the option of a Port_Binding by which ovn-controller tells that a migrating machine's new place is live. It
// stays as long as more than one chassis is requested.
const activatedOption = "additional-chassis-activated"

func requestedChassis(p *topo.SwitchPort, cols *[]ovsdb.ColumnValue, options map[string]string, b *rows) {
	remote := p.Type == "remote" && len(p.Requested) > 0 && p.Requested[0].Remote
	if remote && p.ChassisID != p.Requested[0].ID {
		// No ovn-controller of this availability zone binds it.
		b.Bind(ovsdb.Update(sb.TablePortBinding, p.Key.SB, col(sb.PortBindingColChassis, []ovsdb.UUID{p.Requested[0].ID})))
	} else if !remote && p.BoundByUs && !p.ChassisID.IsZero() {
		b.Bind(ovsdb.Update(sb.TablePortBinding, p.Key.SB, col(sb.PortBindingColChassis, []ovsdb.UUID(nil))))
	}
	if len(p.Requested) == 0 {
		return
	}
	*cols = append(*cols, col(sb.PortBindingColRequestedChassis, []ovsdb.UUID{p.Requested[0].ID}))
	if remote {
		options["is-remote-nb-bound"] = "true"
	}
	var more []ovsdb.UUID
	for _, c := range p.Requested[1:] {
		more = append(more, c.ID)
	}
	*cols = append(*cols, col(sb.PortBindingColRequestedAdditionalChassis, ovsdb.Set(more...)))
	if p.Activated != "" && len(p.Requested) > 1 {
		options[activatedOption] = p.Activated
	}
}

func routerPortType(p *topo.SwitchPort) (string, map[string]string) {
	typ, options := "patch", map[string]string{}
	if p.Peer != nil {
		options["peer"] = p.Peer.Name
	} else if rp := p.Option("router-port"); rp != "" {
		options["peer"] = rp
	}
	if p.PeerRouter != nil && p.PeerRouter.Gateway {
		typ, options["l3gateway-chassis"] = "l3gateway", p.PeerRouter.Chassis
	}
	return typ, options
}

func routerPortRows(p *topo.RouterPort, b *rows) {
	typ, options := "patch", map[string]string{}
	if p.PeerName != "" {
		options["peer"] = p.PeerName
	}
	if p.Router.Gateway {
		typ, options["l3gateway-chassis"] = "l3gateway", p.Router.Chassis
		dynamicRouting(p, options)
	}
	for _, a := range p.Advertised {
		advertise(p.RouterPortFacts, a, b)
	}
	if p.CRKey != nil && p.PeerName != "" {
		options["chassis-redirect-port"] = p.CRName
	}
	var requested []ovsdb.UUID
	if !p.Remote.IsZero() {
		typ, requested = "remote", []ovsdb.UUID{p.Remote}
		if p.Bound != p.Remote {
			// No ovn-controller of this availability zone binds it.
			b.Bind(ovsdb.Update(sb.TablePortBinding, p.Key.SB, col(sb.PortBindingColChassis, requested)))
		}
	}
	routerPortOptions(p, options)
	routerPortStatus(p, b)
	if p.Enabled && p.Row.Options["mcast_flood"] == "true" {
		multicastMember(p.DP, mcStatic, p.Member(), b)
	}
	mac := routerPortMAC(p)
	b.AddWithID(sb.TablePortBinding, portRowKey(p.Name, p.DP.SB, ""), p.Key.SB,
		col(sb.PortBindingColDatapath, p.DP.SB), col(sb.PortBindingColLogicalPort, p.Name),
		col(sb.PortBindingColTunnelKey, p.Key.Key), col(sb.PortBindingColMAC, []string{mac}),
		col(sb.PortBindingColType, typ), col(sb.PortBindingColOptions, stringMap(options)),
		col(sb.PortBindingColRequestedChassis, requested),
		col(sb.PortBindingColExternalIDs, stringMap(p.Row.ExternalIDs)))
	for _, m := range p.StaticMACs {
		b.AddWithID(sb.TableStaticMACBinding, m.UUID.String(), m.UUID, col(sb.StaticMACBindingColLogicalPort, m.LogicalPort),
			col(sb.StaticMACBindingColIP, m.IP), col(sb.StaticMACBindingColMAC, m.MAC),
			col(sb.StaticMACBindingColDatapath, p.DP.SB), col(sb.StaticMACBindingColOverrideDynamicMAC, m.OverrideDynamicMAC))
	}
	if p.CRKey == nil || p.HAGroup == nil {
		return
	}
	cr := map[string]string{"distributed-port": p.Name}
	dynamicRouting(p, cr)
	if v := p.Row.Options["redirect-type"]; v != "" {
		cr["redirect-type"] = v
	}
	if p.AlwaysRedirect() {
		cr["always-redirect"] = "true"
	}
	group := haGroupRows(p.HAGroup, b)
	b.AddWithID(sb.TablePortBinding, portRowKey(p.CRName, p.DP.SB, ""), p.CRKey.SB,
		col(sb.PortBindingColDatapath, p.DP.SB), col(sb.PortBindingColLogicalPort, p.CRName),
		col(sb.PortBindingColTunnelKey, p.CRKey.Key), col(sb.PortBindingColMAC, []string{mac}),
		col(sb.PortBindingColType, "chassisredirect"), col(sb.PortBindingColOptions, stringMap(cr)),
		col(sb.PortBindingColHAChassisGroup, []ovsdb.UUID{group}),
		col(sb.PortBindingColExternalIDs, stringMap(p.Row.ExternalIDs)))
}

func haGroupID(h *topo.HAGroup) ovsdb.UUID { return hashUUID(sb.TableHAChassisGroup, h.Name) }

// haGroupRows emits the group and its members, and returns the group's UUID.
func haGroupRows(h *topo.HAGroup, b *rows) ovsdb.UUID {
	var members []ovsdb.UUID
	for i, m := range h.Members {
		key := h.Name + "/" + m.Chassis
		if slices.ContainsFunc(h.Members[:i], func(o topo.HAMember) bool { return o.Chassis == m.Chassis }) {
			key += "/" + m.ID.String() // once more the same, with another priority
		}
		ids := map[string]string{"chassis-name": m.Chassis}
		var chassis []ovsdb.UUID
		if !m.SB.IsZero() {
			chassis = []ovsdb.UUID{m.SB}
		}
		members = append(members, b.Add(sb.TableHAChassis, key,
			col(sb.HAChassisColChassis, chassis), col(sb.HAChassisColPriority, m.Priority),
			col(sb.HAChassisColExternalIDs, stringMap(ids))))
	}
	return b.Add(sb.TableHAChassisGroup, h.Name, col(sb.HAChassisGroupColName, h.Name),
		col(sb.HAChassisGroupColHAChassis, ovsdb.Set(members...)))
}

func loadBalancerRows(lb *topo.LoadBalancer, b *rows) {
	if len(lb.Switches) == 0 && len(lb.Routers) == 0 {
		return
	}
	monitorRows(lb, b)
	group := func(dps []ovsdb.UUID) []ovsdb.UUID {
		if len(dps) == 0 {
			return nil
		}
		// The key is the content: load balancers of one group of load balancers have one row between them, as with stock.
		set := ovsdb.Set(dps...)
		h := sha256.New()
		for _, dp := range set {
			h.Write(dp[:])
		}
		return []ovsdb.UUID{b.Add(sb.TableLogicalDPGroup, string(h.Sum(nil)), col(sb.LogicalDPGroupColDatapaths, set))}
	}
	var sws, lrs []ovsdb.UUID
	for _, s := range lb.Switches {
		sws = append(sws, s.SB)
	}
	for _, r := range lb.Routers {
		lrs = append(lrs, r.SB)
	}
	options := maps.Clone(lb.Row.Options)
	if options == nil {
		options = map[string]string{}
	}
	options["hairpin_orig_tuple"] = "true"
	onSwitches := sb.LoadBalancerColLsDatapathGroup
	if !lb.Global.Has("ls-dpg-column") {
		onSwitches = sb.LoadBalancerColDatapathGroup
	}
	var protocol []string // absent if the northbound one is: flows then take tcp, and so does ovn-controller
	if lb.Row.Protocol != nil {
		protocol = []string{*lb.Row.Protocol}
	}
	b.AddWithID(sb.TableLoadBalancer, lb.ID.String(), lb.ID,
		col(sb.LoadBalancerColName, lb.Name), col(sb.LoadBalancerColVIPs, stringMap(lb.Written())),
		col(sb.LoadBalancerColProtocol, protocol), col(sb.LoadBalancerColOptions, stringMap(options)),
		col(onSwitches, group(sws)), col(sb.LoadBalancerColLrDatapathGroup, group(lrs)))
}

func monitorRows(lb *topo.LoadBalancer, b *rows) {
	for _, m := range lb.Monitors {
		b.Add(sb.TableServiceMonitor, monitorKey(m.Port, m.IP, m.Protocol, m.L4),
			col(sb.ServiceMonitorColIP, m.IP), col(sb.ServiceMonitorColProtocol, []string{m.Protocol}),
			col(sb.ServiceMonitorColPort, m.L4), col(sb.ServiceMonitorColLogicalPort, m.Port),
			col(sb.ServiceMonitorColSrcMAC, lb.Global.South.SvcMonitorMAC), col(sb.ServiceMonitorColSrcIP, m.SourceIP),
			col(sb.ServiceMonitorColChassisName, m.Chassis), col(sb.ServiceMonitorColOptions, stringMap(m.Check.Options)))
		if !m.Down.IsZero() {
			b.Bind(ovsdb.Update(sb.TableServiceMonitor, m.Down, col(sb.ServiceMonitorColStatus, []string{"offline"})))
		}
	}
}

func templateVarRows(v *nb.ChassisTemplateVar, b *rows) {
	b.AddWithID(sb.TableChassisTemplateVar, v.UUID.String(), v.UUID, col(sb.ChassisTemplateVarColChassis, v.Chassis),
		col(sb.ChassisTemplateVarColVariables, stringMap(v.Variables)))
}

func aclIDRows(acls []*topo.ACL, b *rows) {
	for _, a := range acls {
		if a.ID != 0 {
			b.AddWithID(sb.TableACLID, a.UUID.String(), a.UUID, col(sb.ACLIDColID, a.ID))
		}
	}
}

func portGroupRows(pg *topo.PortGroup, b *rows) {
	aclIDRows(pg.Keepers, b)
	for _, family := range []string{"_ip4", "_ip6"} {
		b.Add(sb.TableAddressSet, pg.Name+family, col(sb.AddressSetColName, pg.Name+family))
	}
}

func addressSetRows(as *nb.AddressSet, b *rows) {
	b.Add(sb.TableAddressSet, as.Name, col(sb.AddressSetColName, as.Name))
	for _, a := range as.Addresses {
		b.Member(sb.TableAddressSet, as.Name, sb.AddressSetColAddresses, a)
	}
}

func meterRows(m *topo.Meter, b *rows) {
	meter := func(name string) {
		var bands []ovsdb.UUID
		for _, r := range m.Rows {
			bands = append(bands, b.Add(sb.TableMeterBand, name+"/"+r.UUID.String(), col(sb.MeterBandColAction, r.Action),
				col(sb.MeterBandColRate, r.Rate), col(sb.MeterBandColBurstSize, r.BurstSize)))
		}
		b.Add(sb.TableMeter, name, col(sb.MeterColName, name), col(sb.MeterColUnit, m.Unit),
			col(sb.MeterColBands, ovsdb.Set(bands...)))
	}
	meter(m.Name)
	for _, acl := range m.ACLs {
		meter(m.Name + "__" + acl.String())
	}
}

func mirrorRows(m *nb.Mirror, b *rows) {
	b.AddWithID(sb.TableMirror, m.UUID.String(), m.UUID, col(sb.MirrorColName, m.Name), col(sb.MirrorColFilter, m.Filter),
		col(sb.MirrorColSink, m.Sink), col(sb.MirrorColType, m.Type), col(sb.MirrorColIndex, m.Index))
}

func dnsRows(d *topo.DNS, b *rows) {
	if len(d.Switches) == 0 {
		return
	}
	var dps []ovsdb.UUID
	for _, s := range d.Switches {
		dps = append(dps, s.SB)
	}
	// Names in answers are in small letters, as those that chassis compare are.
	records := make(map[string]string, len(d.Records))
	for name, answer := range d.Records {
		records[name] = lower(answer)
	}
	options := map[string]string{"ovn-owned": strconv.FormatBool(d.Options["ovn-owned"] == "true")}
	b.AddWithID(sb.TableDNS, d.UUID.String(), d.UUID, col(sb.DNSColRecords, stringMap(records)), col(sb.DNSColDatapaths, ovsdb.Set(dps...)),
		col(sb.DNSColOptions, stringMap(options)))
}

// lower writes ASCII letters small, and leaves others as they are.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
