package topo

import (
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

func (t *Topo) computeSwitchFacts(id ovsdb.UUID) *SwitchFacts {
	row, dp := t.LogicalSwitch.Get(id), t.datapath.Get(id)
	if row == nil || dp == nil {
		return nil
	}
	f := &SwitchFacts{
		Datapath: dp, Global: t.Global(), OtherConfig: row.OtherConfig, ExternalIDs: row.ExternalIDs, Copp: t.coppOf(row.Copp),
		HasDNS:           slices.ContainsFunc(t.DNS.list(row.DNSRecords), func(d *nb.DNS) bool { return len(d.Records) > 0 }),
		HasNonRouterPort: t.members.others.Get(id),
		HasUnknown:       len(t.members.byClass.Get(classKey{id, ClassUnknown})) > 0,
	}
	for _, a := range t.switchACLs(id, row) {
		f.HasACLs = true
		if a.Action == "allow-related" {
			f.HasStatefulACL = true
		}
		i := TierToLport
		if a.Direction == "from-lport" {
			i = TierFromLport
			if a.Options["apply-after-lb"] == "true" {
				i = TierFromLportAfterLB
			}
		}
		f.MaxTier[i] = max(f.MaxTier[i], a.Tier)
	}
	for _, lb := range t.switchLBs.Get(id) {
		f.HasLB = true
		f.HasLBVIP = f.HasLBVIP || len(lb.Row.VIPs) > 0 // though it may be none that one can use
	}
	f.RouterPorts = t.portsOfClass(id, ClassRouter)
	f.Localnets = t.portsOfClass(id, ClassLocalnet)
	for _, p := range t.portsOfClass(id, ClassMulticast) {
		f.MulticastFlood = f.MulticastFlood || p.Enabled && p.Option("mcast_flood") == "true"
	}
	for _, p := range t.portsOfClass(id, ClassVTEP) {
		f.VTEPs = append(f.VTEPs, p.Name)
	}
	for _, p := range f.RouterPorts {
		if p.Peer == nil {
			f.HasNonRouterPort = true // leads nowhere
			continue
		}
	}
	f.HAGroups = t.haReach.Get(struct{}{})[id]
	return f
}

func (t *Topo) switchACLs(id ovsdb.UUID, row *nb.LogicalSwitch) []*ACL {
	acls := t.aclList(row.ACLs, "")
	for _, pg := range t.members.pgsOf.Get(id) {
		acls = append(acls, t.pgACLs.Get(pg)...)
	}
	return acls
}

func (t *Topo) portsOfClass(sw ovsdb.UUID, c Class) []*SwitchPortFacts {
	var out []*SwitchPortFacts
	for _, id := range t.members.byClass.Get(classKey{sw, c}) {
		if p := t.portFacts.Get(id); p != nil {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *SwitchPortFacts) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (t *Topo) computeSwitch(id ovsdb.UUID) *Switch {
	f, row := t.switchFacts.Get(id), t.LogicalSwitch.Get(id)
	if f == nil {
		return nil
	}
	s := &Switch{
		SwitchFacts: f, ACLs: t.switchACLs(id, row), QoS: t.QoS.list(row.QoSRules), DNS: t.DNS.list(row.DNSRecords),
		ForwardingGroups: t.ForwardingGroup.list(row.ForwardingGroups),
	}
	return s
}

func (t *Topo) computeSwitchPortFacts(id ovsdb.UUID) *SwitchPortFacts {
	row := t.LogicalSwitchPort.Get(id)
	sw, ok := t.switchOf.one(id)
	if row == nil || !ok {
		return nil
	}
	dp, key := t.datapath.Get(sw), t.portKey(row.Name, id)
	if dp == nil || key == nil {
		return nil
	}
	p := &SwitchPortFacts{
		Row: row, ID: id, Name: row.Name, Quoted: Quote(row.Name), Type: row.Type, DP: dp, Key: key,
		Enabled: row.Enabled == nil || *row.Enabled,
	}
	p.CRKey = t.portKey(p.CRName(), id)
	if b := t.bindings.Get(row.Name); b != nil {
		p.Up, p.Chassis, p.Activated = b.Up, b.Chassis, b.Activated
	}
	if rp := lspRouterPort(row); rp != "" {
		if id, ok := t.lrpByName.one(rp); ok {
			p.Peer = t.routerPortFacts.Get(id)
		}
	}
	for _, s := range row.Addresses {
		switch {
		case s == "unknown":
			p.Unknown = true
		case s == "router":
			if p.Peer != nil {
				p.Addresses = append(p.Addresses, hostAddresses(p.Peer.Addresses))
			}
		case IsDynamic(s):
			if row.DynamicAddresses != nil {
				if a, ok := ParseAddresses(*row.DynamicAddresses); ok {
					p.Addresses = append(p.Addresses, a)
				}
			}
		default:
			if a, ok := ParseAddresses(s); ok {
				p.Addresses = append(p.Addresses, a)
			}
		}
	}
	for _, s := range row.PortSecurity {
		if a, ok := ParseAddresses(s); ok {
			p.PortSecurity = append(p.PortSecurity, a)
		}
	}
	return p
}

// portKey returns the key that a port has under a name, or nil.
func (t *Topo) portKey(name string, owner ovsdb.UUID) *PortKey {
	if k := t.portKeys.Get(name); k != nil && k.Owner == owner {
		return k
	}
	return nil
}

// hostAddresses drops the prefix lengths.
func hostAddresses(a Addresses) Addresses {
	out := Addresses{MAC: a.MAC}
	for _, n := range a.IP4 {
		out.IP4 = append(out.IP4, Network{n.Addr, 32})
	}
	for _, n := range a.IP6 {
		out.IP6 = append(out.IP6, Network{n.Addr, 128})
	}
	return out
}

// IsDynamic recognises "dynamic", "MAC dynamic", "dynamic IP…".
func IsDynamic(s string) bool {
	if !strings.Contains(s, "dynamic") {
		return false
	}
	_, ok := parseDynamic(s)
	return ok
}

func (t *Topo) computeSwitchPort(id ovsdb.UUID) *SwitchPort {
	f := t.portFacts.Get(id)
	if f == nil {
		return nil
	}
	p := &SwitchPort{
		SwitchPortFacts: f, Switch: t.switchFacts.Get(f.DP.ID), DHCPv4: t.DHCPOptions.opt(f.Row.DHCPv4Options),
		DHCPv6: t.DHCPOptions.opt(f.Row.DHCPv6Options), Mirrors: t.Mirror.list(f.Row.MirrorRules), Tag: t.tag(f.Row),
	}
	if p.Switch == nil {
		return nil
	}
	for _, pg := range t.pgOf.Get(id) {
		if g := t.pgFacts.Get(pg); g != nil {
			p.PortGroups = append(p.PortGroups, g)
		}
	}
	for _, c := range t.lspByParent.Get(f.Name) {
		if c := t.portFacts.Get(c); c != nil {
			p.Children = append(p.Children, c)
		}
	}
	for _, name := range strings.FieldsFunc(f.Option("virtual-parents"), func(r rune) bool { return r == ',' }) {
		if id, ok := t.lspByName.one(name); ok && f.Type == "virtual" {
			if q := t.portFacts.Get(id); q != nil {
				p.Parents = append(p.Parents, q)
			}
		}
	}
	if bound := t.bindings.Get(f.Name); bound != nil {
		p.BoundByUs = bound.BoundByUs
	}
	if f.Chassis != "" {
		p.ChassisID = t.chassis.Get(f.Chassis).ID
	}
	if bound := t.bindings.Get(f.Name); bound != nil && bound.AdditionalChassis != "" {
		for _, name := range strings.Fields(bound.AdditionalChassis) {
			p.Additional = append(p.Additional, t.chassis.Get(name))
		}
	}
	if names := f.Option("requested-chassis"); names != "" {
		for _, name := range strings.Split(names, ",") {
			if c := t.chassis.Get(name); !c.ID.IsZero() {
				p.Requested = append(p.Requested, c)
			}
		}
	}
	if f.Peer != nil {
		back, _ := t.lspByRouterLRP.one(f.Peer.Name)
		p.LedTo = back == f.ID
		p.PeerRouter = t.peerRouters.Get(f.Peer.DP.ID)
		if id, ok := t.lspByName.one(f.Peer.Row.Options["routing-protocol-redirect"]); ok {
			if q := t.portFacts.Get(id); q != nil && q.DP == f.DP {
				p.ProtocolRedirect = q
			}
		}
	}
	if slices.ContainsFunc(f.Row.Addresses, IsDynamic) {
		p.DynamicAddresses = t.dynamic.Get(f.DP.ID)[id]
	}
	if f.Row.HAChassisGroup != nil {
		p.HAGroup = t.haGroups.Get(*f.Row.HAChassisGroup)
	}
	return p
}
