package northd

import (
	"maps"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// south is what chassis wrote.
type south struct {
	chassis  map[ovsdb.UUID]*sb.Chassis
	private  map[ovsdb.UUID]*sb.ChassisPrivate
	encaps   map[ovsdb.UUID]*sb.Encap
	bindings map[string]*ovsdb.Row // of Port_Binding, by logical port
	changed  bool                  // chassis or encaps, so that the bindings have to be looked at again
}

func newSouth() south {
	return south{chassis: map[ovsdb.UUID]*sb.Chassis{}, private: map[ovsdb.UUID]*sb.ChassisPrivate{},
		encaps: map[ovsdb.UUID]*sb.Encap{}, bindings: map[string]*ovsdb.Row{}}
}

// watchedSB are the southbound tables that others write too: what chassis say, and rows of ours that have to be put right
// when somebody touches them.
func watchedSB() map[string][]string {
	return map[string][]string{
		sb.TableChassis: nil, sb.TableChassisPrivate: nil, sb.TableEncap: nil, sb.TablePortBinding: nil,
		sb.TableDatapathBinding: nil, sb.TableSBGlobal: nil, sb.TableServiceMonitor: nil, sb.TableACLID: nil,
		sb.TableBFD: nil, sb.TableLearnedRoute: nil,
		sb.TableIGMPGroup: nil,
	}
}

// features are the keys of Chassis.other_config by which a chassis says what it understands.
var features = []string{"port-up-notif", "ct-no-masked-label", "ovn-ct-lb-related", "mac-binding-timestamp", "fdb-timestamp",
	"ls-dpg-column", "ct-commit-nat-v2", "ct-commit-to-zone", "ovn-sample-with-registers", "ct-next-zone", "ct-label-flush"}

// view is what topo may know of all chassis.
func (s *south) view(global *nb.NBGlobal) *topo.South {
	v := &topo.South{Missing: map[string]bool{}}
	for _, c := range s.chassis {
		if c.OtherConfig["is-remote"] == "true" {
			continue
		}
		for _, f := range features {
			if c.OtherConfig[f] != "true" {
				v.Missing[f] = true
			}
		}
	}
	v.VXLAN = s.vxlan()
	if global != nil {
		v.SvcMonitorMAC, _ = topo.ParseMAC(global.Options["svc_monitor_mac"])
		v.MACPrefix = global.Options["mac_prefix"]
	}
	return v
}

// byName lists the chassis by name, and by host name where that is not a name.
func (s *south) byName() map[string]topo.Chassis {
	out := map[string]topo.Chassis{}
	for id, c := range s.chassis {
		if c.Hostname != "" {
			out[c.Hostname] = topo.Chassis{ID: id, Name: c.Name, Remote: c.OtherConfig["is-remote"] == "true"}
		}
	}
	for id, c := range s.chassis {
		out[c.Name] = topo.Chassis{ID: id, Name: c.Name, Remote: c.OtherConfig["is-remote"] == "true"}
	}
	return out
}

// vxlan reports whether a chassis that is no VTEP offers VXLAN, whose VNI has room for few keys only.
func (s *south) vxlan() bool {
	for _, c := range s.chassis {
		if len(c.VTEPLogicalSwitches) > 0 {
			continue
		}
		for _, id := range c.Encaps {
			if enc := s.encaps[id]; enc != nil && enc.Type == "vxlan" {
				return true
			}
		}
	}
	return false
}

// applySB takes one southbound commit, our own included.
func (e *engine) applySB(changes []ovsdb.Change) {
	e.counters.commit("SB_", e.stats.Steps == 0, changes)
	for _, c := range changes {
		row := c.New
		if row == nil {
			row = c.Old
		}
		switch c.Table {
		case sb.TableChassis:
			put(e.south.chassis, c, func(r *ovsdb.Row) *sb.Chassis {
				ch := sb.NewChassis(r)
				ch.OtherConfig = topo.PlainWords(ch.OtherConfig)
				return ch
			})
			e.south.changed = true
		case sb.TableEncap:
			put(e.south.encaps, c, sb.NewEncap)
		case sb.TableChassisPrivate:
			put(e.south.private, c, sb.NewChassisPrivate)
		case sb.TablePortBinding:
			name := row.String(sb.PortBindingColLogicalPort)
			e.mcast.applyPort(c, name)
			if c.New != nil {
				e.south.bindings[name] = c.New
				if up, _ := c.New.Get(sb.PortBindingColUp).([]bool); len(up) == 0 {
					e.downed = append(e.downed, c.New.UUID)
				}
				e.bind(name)
			} else if b := e.south.bindings[name]; b != nil && b.UUID == c.Old.UUID {
				delete(e.south.bindings, name)
				e.topo.SetBinding(name, nil)
			}
			e.foreign(c)
		case sb.TableIGMPGroup:
			e.mcast.apply(c)
		case sb.TableServiceMonitor:
			m := sb.NewServiceMonitor(row)
			k := topo.MonitorKey{Port: m.LogicalPort, IP: m.IP, L4: m.Port}
			if m.Protocol != nil {
				k.Protocol = *m.Protocol
			}
			status := ""
			if m.Status != nil {
				status = *m.Status
			}
			e.topo.SetMonitor(k, topo.MonitorState{ID: m.UUID, Status: status, Chassis: m.ChassisName}, c.New != nil)
			e.foreign(c)
		case sb.TableBFD:
			e.applyBFD(c)
			e.foreign(c)
		case sb.TableLearnedRoute:
			e.applyLearnedRoute(c)
			e.lostRow(c, e.orphanedRoute)
		case sb.TableFDB:
			e.lostRow(c, e.orphanedMAC)
			continue
		case sb.TableDatapathBinding, sb.TableSBGlobal, sb.TableACLID:
			e.foreign(c)
		default:
			e.foreign(c)
			continue
		}
		e.stirred = true
	}
	if e.south.changed {
		e.south.changed = false
		e.topo.SetChassis(e.south.byName())
		for name := range e.south.bindings {
			e.bind(name)
		}
	}
}

// bind tells topo where a port is bound.
func (e *engine) bind(name string) {
	pb := sb.NewPortBinding(e.south.bindings[name])
	b := &topo.Binding{}
	if pb.VirtualParent != nil {
		b.VirtualParent = *pb.VirtualParent
	}
	var additional []string
	for _, id := range pb.AdditionalChassis {
		if ch := e.south.chassis[id]; ch != nil {
			additional = append(additional, ch.Name)
		}
	}
	slices.Sort(additional)
	b.AdditionalChassis = strings.Join(additional, " ")
	b.Activated = pb.Options[activatedOption]
	b.Delegated = pb.Options[delegatedOption]
	b.BoundByUs = pb.Options["is-remote-nb-bound"] == "true"
	if pb.Chassis != nil {
		if ch := e.south.chassis[*pb.Chassis]; ch != nil {
			b.Chassis = ch.Name
			b.Up = pb.Type == "remote" || ch.OtherConfig["port-up-notif"] != "true" || pb.Up != nil && *pb.Up
		}
	}
	if *b == (topo.Binding{}) {
		b = nil
	}
	e.topo.SetBinding(name, b)
}

func put[R any](m map[ovsdb.UUID]*R, c ovsdb.Change, from func(*ovsdb.Row) *R) {
	if c.New == nil {
		delete(m, c.Old.UUID)
	} else {
		m[c.New.UUID] = from(c.New)
	}
}

func (e *engine) vxlanMode() bool {
	return e.south.vxlan() && (e.nbGlobal == nil || topo.PlainWords(e.nbGlobal.Options)["vxlan_mode"] != "false")
}

// maxTunID is NB_Global.options:max_tunid, which tells the operator how many datapaths there can be.
// ovn-ic leaves the mode with a switch, "false" included: keys of transit switches are then another's to give.
func (e *engine) maxTunID() int64 {
	switch {
	case len(e.icVXLAN) > 0:
		return maxLocalKeyVXLAN
	case e.alloc.vxlan:
		return maxDatapathKeyVXLAN
	}
	return maxDatapathKey - reservedDatapathKeys
}

// globalRow sets the SB_Global row.
func (e *engine) globalRow() {
	options := map[string]string{}
	var ipsec bool
	var cfg int64
	if g := e.nbGlobal; g != nil {
		options = maps.Clone(g.Options)
		if options == nil {
			options = map[string]string{}
		}
		ipsec, cfg = g.IPsec, g.NBCfg
	}
	maps.Copy(options, e.globalOptions())
	for k, def := range map[string]string{"arp_ns_explicit_output": "true", "register_consolidation": "true"} {
		if _, ok := options[k]; !ok {
			options[k] = def
		}
	}
	e.rows.set(rowKey{sb.TableSBGlobal, ""}, ovsdb.UUID{}, []ovsdb.ColumnValue{
		col(sb.SBGlobalColIPsec, ipsec), col(sb.SBGlobalColNBCfg, cfg), col(sb.SBGlobalColOptions, stringMap(options)),
	})
}
