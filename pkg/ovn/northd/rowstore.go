package northd

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// rowKey is the natural key of a southbound row other than a flow: what it is about, not its UUID.
type rowKey struct {
	table, key string
}

// rowStore is all southbound rows that northd owns, except flows, DP groups of flows and what chassis write.
//
// A row is wanted while at least one unit emits it. Columns that are sets of members (ports of a multicast group,
// addresses of an address set) are contributed to by the members' units and changed by mutation only.
type rowStore struct {
	rows     map[rowKey]*rowEntry
	dirty    map[*rowEntry]struct{}
	children map[ovsdb.UUID]*ovsdb.Row // rows of child tables found at start
	// found is where rows found at start are that would have another UUID if they were ours: what refers to them is told so.
	found   map[ovsdb.UUID]ovsdb.UUID
	childOf map[ovsdb.UUID]*rowEntry // entries of child tables by UUID
}

type rowEntry struct {
	rowKey
	id      ovsdb.UUID
	refs    int                 // units that emit it
	want    []ovsdb.ColumnValue // sorted by column
	first   []ovsdb.ColumnValue // columns that an insert gives a first value
	have    columns             // nil when the row does not exist; often the same as want
	members map[string]map[any]*member
	changed []memberKey // members to look at
}

// columns are the columns of a row that are not at their default. They never change once they are made.
type columns []ovsdb.ColumnValue

// columnsOf is what a row has in the columns that are northd's.
func columnsOf(table string, r *ovsdb.Row) columns {
	out := columns{}
	for _, c := range tables[table].columns {
		if v := r.Get(c); !ovsdb.IsDefault(v) {
			out = append(out, ovsdb.ColumnValue{Column: c, Value: v})
		}
	}
	return slices.Clip(out)
}

// get returns a column's value, nil if it is at its default.
func (c columns) get(column string) ovsdb.Value {
	for i := range c {
		if c[i].Column == column {
			return c[i].Value
		}
	}
	return nil
}

// wanted is what the row has once it was written.
func (e *rowEntry) wanted() columns {
	if e.want == nil {
		return columns{}
	}
	return e.want
}

type memberKey struct {
	column string
	value  any
}

type member struct {
	refs int
	have bool
}

func newRowStore() *rowStore {
	return &rowStore{rows: map[rowKey]*rowEntry{}, dirty: map[*rowEntry]struct{}{},
		children: map[ovsdb.UUID]*ovsdb.Row{}, found: map[ovsdb.UUID]ovsdb.UUID{}, childOf: map[ovsdb.UUID]*rowEntry{}}
}

func (s *rowStore) entry(k rowKey) *rowEntry {
	e := s.rows[k]
	if e == nil {
		e = &rowEntry{rowKey: k, id: hashUUID(k.table, k.key)}
		if r := s.children[e.id]; r != nil {
			delete(s.children, e.id)
			e.have = columnsOf(k.table, r)
		}
		s.rows[k] = e
		if tables[k.table].child {
			s.childOf[e.id] = e
		}
	}
	return e
}

// id returns the UUID that a row has or will have.
func (s *rowStore) id(table, key string) ovsdb.UUID {
	if e := s.rows[rowKey{table, key}]; e != nil {
		return e.id
	}
	return hashUUID(table, key)
}

// load takes a row that is in the database at start; false means that there is one of that key already.
func (s *rowStore) load(k rowKey, r *ovsdb.Row) bool {
	e := s.entry(k)
	if e.have != nil {
		return false
	}
	s.place(e, r.UUID)
	e.have = columnsOf(k.table, r)
	e.loadMembers(r)
	s.dirty[e] = struct{}{}
	return true
}

// loadMembers takes the members that a row has.
func (e *rowEntry) loadMembers(r *ovsdb.Row) {
	for _, c := range tables[e.table].members {
		switch v := r.Get(c).(type) {
		case []ovsdb.UUID:
			for _, m := range v {
				e.member(c, m).have = true
			}
		case []string:
			for _, m := range v {
				e.member(c, m).have = true
			}
		}
		for m := range e.members[c] {
			e.changed = append(e.changed, memberKey{c, m})
		}
	}
}

// agrees reports whether a row in the database is as we left it; r is nil when it has been deleted.
func (s *rowStore) agrees(k rowKey, r *ovsdb.Row) bool {
	e := s.rows[k]
	if e == nil || e.have == nil {
		return r == nil
	}
	if r == nil {
		return false
	}
	for _, c := range tables[k.table].columns {
		if have, v := e.have.get(c), r.Get(c); have != nil && !ovsdb.Equal(v, have) || have == nil && !ovsdb.IsDefault(v) {
			return false
		}
	}
	return true
}

// membersAgree reports whether what a change put into the sets of members, or took out, is as we left it. What did not change
// was looked at before.
func (s *rowStore) membersAgree(k rowKey, old, new *ovsdb.Row) bool {
	e := s.rows[k]
	if e == nil {
		return len(tables[k.table].members) == 0
	}
	for _, column := range tables[k.table].members {
		var was ovsdb.Value
		if old != nil {
			was = old.Get(column)
		}
		ms := e.members[column]
		has := func(v any) bool { m := ms[v]; return m != nil && m.have }
		agree := true
		switch is := new.Get(column).(type) {
		case []ovsdb.UUID:
			was, _ := was.([]ovsdb.UUID)
			diffSorted(was, is, ovsdb.UUID.Compare, func(v ovsdb.UUID, come bool) { agree = agree && has(v) == come })
		case []string:
			was, _ := was.([]string)
			diffSorted(was, is, strings.Compare, func(v string, come bool) { agree = agree && has(v) == come })
		}
		if !agree {
			return false
		}
	}
	return true
}

// diffSorted calls f for what is only in one of two sorted sets.
func diffSorted[T any](old, new []T, compare func(a, b T) int, f func(v T, come bool)) {
	for len(old) > 0 && len(new) > 0 {
		switch c := compare(old[0], new[0]); {
		case c < 0:
			f(old[0], false)
			old = old[1:]
		case c > 0:
			f(new[0], true)
			new = new[1:]
		default:
			old, new = old[1:], new[1:]
		}
	}
	for _, v := range old {
		f(v, false)
	}
	for _, v := range new {
		f(v, true)
	}
}

// learn corrects what we believe of a row; r is nil when there is none.
func (s *rowStore) learn(k rowKey, r *ovsdb.Row) {
	e := s.rows[k]
	switch {
	case r != nil && (e == nil || e.have == nil):
		s.load(k, r)
	case r != nil:
		e.have = columnsOf(k.table, r)
		for _, ms := range e.members {
			for _, m := range ms {
				m.have = false
			}
		}
		e.loadMembers(r)
		s.dirty[e] = struct{}{}
	case e != nil && e.have != nil:
		e.have = nil
		for c, ms := range e.members {
			for v, m := range ms {
				m.have = false
				e.changed = append(e.changed, memberKey{c, v})
			}
		}
		s.dirty[e] = struct{}{}
	}
}

func (e *rowEntry) member(column string, value any) *member {
	if e.members == nil {
		e.members = map[string]map[any]*member{}
	}
	ms := e.members[column]
	if ms == nil {
		ms = map[any]*member{}
		e.members[column] = ms
	}
	m := ms[value]
	if m == nil {
		m = &member{}
		ms[value] = m
	}
	return m
}

func (s *rowStore) add(k rowKey) {
	e := s.entry(k)
	if e.refs++; e.refs == 1 {
		s.dirty[e] = struct{}{}
	}
}

// set says what the columns of a row should be. id is used for a row that does not exist yet, if it is not zero.
func (s *rowStore) set(k rowKey, id ovsdb.UUID, want []ovsdb.ColumnValue) {
	e := s.entry(k)
	if e.have == nil && !id.IsZero() {
		e.id = id
	}
	s.resolve(want)
	if e.have != nil && slices.EqualFunc(e.want, want, func(a, b ovsdb.ColumnValue) bool {
		return a.Column == b.Column && ovsdb.Equal(a.Value, b.Value)
	}) {
		return
	}
	e.want = want
	s.dirty[e] = struct{}{}
}

func (s *rowStore) remove(k rowKey) {
	if e := s.rows[k]; e != nil {
		if e.refs--; e.refs == 0 {
			s.dirty[e] = struct{}{}
		}
	}
}

func (s *rowStore) addMember(k rowKey, m memberKey) {
	e := s.entry(k)
	if x := e.member(m.column, m.value); x.refs == 0 {
		e.changed = append(e.changed, m)
		s.dirty[e] = struct{}{}
		x.refs = 1
	} else {
		x.refs++
	}
}

func (s *rowStore) removeMember(k rowKey, m memberKey) {
	e := s.rows[k]
	if e == nil {
		return
	}
	x := e.member(m.column, m.value)
	if x.refs--; x.refs == 0 {
		e.changed = append(e.changed, m)
		s.dirty[e] = struct{}{}
	}
}

// commit returns the operations for the dirty rows, and takes them as done. Rows that others refer to come first, and go
// last.
func (s *rowStore) commit() (before, after []ovsdb.Op) {
	s.adopt()
	dirty := make([]*rowEntry, 0, len(s.dirty))
	for e := range s.dirty {
		dirty = append(dirty, e)
	}
	if len(s.dirty) > 1<<12 {
		s.dirty = map[*rowEntry]struct{}{} // a map that was cleared keeps its size
	} else {
		clear(s.dirty)
	}
	slices.SortFunc(dirty, func(a, b *rowEntry) int {
		return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.key, b.key))
	})
	for _, e := range dirty {
		switch {
		case e.refs > 0 && e.have == nil:
			before = append(before, e.insert())
		case e.refs > 0:
			before = e.update(before)
		case e.have != nil:
			e.have = nil
			if !tables[e.table].child {
				after = append(after, ovsdb.Delete(e.table, e.id))
			}
			for _, ms := range e.members {
				for _, m := range ms {
					m.have = false
				}
			}
			e.changed = nil
			e.id = hashUUID(e.table, e.key)
			delete(s.found, e.id)
			s.forget(e)
		default:
			s.forget(e)
		}
	}
	return before, after
}

// forget drops an entry that nobody contributes to.
func (s *rowStore) forget(e *rowEntry) {
	for _, ms := range e.members {
		for _, m := range ms {
			if m.refs > 0 {
				return
			}
		}
	}
	delete(s.rows, e.rowKey)
	if tables[e.table].child {
		delete(s.childOf, e.id)
	}
}

func (e *rowEntry) insert() ovsdb.Op {
	cols := slices.Concat(e.want, tables[e.table].initial, e.first)
	e.have = e.wanted()
	for column, ms := range e.members {
		var strs []string
		var ids []ovsdb.UUID
		for v, m := range ms {
			if m.have = m.refs > 0; !m.have {
				delete(ms, v)
				continue
			}
			switch v := v.(type) {
			case string:
				strs = append(strs, v)
			case ovsdb.UUID:
				ids = append(ids, v)
			}
		}
		if len(strs) > 0 {
			cols = append(cols, ovsdb.ColumnValue{Column: column, Value: ovsdb.Set(strs...)})
		} else if len(ids) > 0 {
			cols = append(cols, ovsdb.ColumnValue{Column: column, Value: ovsdb.Set(ids...)})
		}
	}
	e.changed = nil
	return ovsdb.Insert(e.table, e.id, cols...)
}

func (e *rowEntry) update(ops []ovsdb.Op) []ovsdb.Op {
	var cols []ovsdb.ColumnValue
	for _, c := range e.want {
		if have := e.have.get(c.Column); have == nil && ovsdb.IsDefault(c.Value) || have != nil && ovsdb.Equal(have, c.Value) {
			continue
		}
		cols = append(cols, c)
	}
	// A column that is no longer wanted goes back to its default.
	for _, c := range e.have {
		if !ovsdb.IsDefault(c.Value) && columns(e.want).get(c.Column) == nil {
			cols = append(cols, ovsdb.ColumnValue{Column: c.Column, Value: zeroOf(c.Value)})
		}
	}
	e.have = e.wanted()
	if len(cols) > 0 {
		slices.SortFunc(cols, func(a, b ovsdb.ColumnValue) int { return cmp.Compare(a.Column, b.Column) })
		ops = append(ops, ovsdb.Update(e.table, e.id, cols...))
	}
	if muts := e.mutations(); len(muts) > 0 {
		ops = append(ops, ovsdb.Mutate(e.table, e.id, muts...))
	}
	return ops
}

func (e *rowEntry) mutations() []ovsdb.Mutation {
	if len(e.changed) == 0 {
		return nil
	}
	var muts []ovsdb.Mutation
	for _, column := range tables[e.table].members {
		var goneStr, comeStr []string
		var goneID, comeID []ovsdb.UUID
		for _, k := range e.changed {
			if k.column != column {
				continue
			}
			m := e.members[column][k.value]
			if m == nil || (m.refs > 0) == m.have {
				continue
			}
			m.have = m.refs > 0
			switch v := k.value.(type) {
			case string:
				if m.have {
					comeStr = append(comeStr, v)
				} else {
					goneStr = append(goneStr, v)
				}
			case ovsdb.UUID:
				if m.have {
					comeID = append(comeID, v)
				} else {
					goneID = append(goneID, v)
				}
			}
			if !m.have {
				delete(e.members[column], k.value)
			}
		}
		muts = append(muts, setMutations(column, ovsdb.Set(goneStr...), ovsdb.Set(comeStr...))...)
		muts = append(muts, setMutations(column, ovsdb.Set(goneID...), ovsdb.Set(comeID...))...)
	}
	e.changed = nil
	return muts
}

func zeroOf(v ovsdb.Value) ovsdb.Value {
	switch v.(type) {
	case int64:
		return int64(0)
	case float64:
		return float64(0)
	case bool:
		return false
	case string:
		return ""
	case ovsdb.UUID:
		return ovsdb.UUID{}
	case []int64:
		return []int64(nil)
	case []float64:
		return []float64(nil)
	case []bool:
		return []bool(nil)
	case []string:
		return []string(nil)
	case []ovsdb.UUID:
		return []ovsdb.UUID(nil)
	case ovsdb.Map:
		return ovsdb.Map(nil)
	}
	return nil
}

// tableInfo says which columns of a southbound table northd owns, and how its rows are told apart.
type tableInfo struct {
	columns []string
	members []string            // columns that are sets of members
	child   bool                // not a root: the database removes it with its last reference
	initial []ovsdb.ColumnValue // columns that an insert gives a first value, and others own from then on
	key     func(*ovsdb.Row) string
}

var tables = map[string]tableInfo{
	sb.TableAddressSet: {members: []string{sb.AddressSetColAddresses}, columns: []string{sb.AddressSetColName}, key: byName},
	sb.TablePortGroup:  {members: []string{sb.PortGroupColPorts}, columns: []string{sb.PortGroupColName}, key: byName},
	sb.TableMulticastGroup: {
		members: []string{sb.MulticastGroupColPorts},
		columns: []string{sb.MulticastGroupColDatapath, sb.MulticastGroupColName, sb.MulticastGroupColTunnelKey},
		key: func(r *ovsdb.Row) string {
			return uuidCol(r, sb.MulticastGroupColDatapath) + "/" + r.String(sb.MulticastGroupColName)
		},
	},
	sb.TableDatapathBinding: {
		columns: []string{sb.DatapathBindingColTunnelKey, sb.DatapathBindingColExternalIDs},
		key: func(r *ovsdb.Row) string {
			m, _ := r.Get(sb.DatapathBindingColExternalIDs).(ovsdb.Map)
			return m.GetString("logical-switch") + m.GetString("logical-router")
		},
	},
	sb.TablePortBinding: {
		columns: []string{sb.PortBindingColDatapath, sb.PortBindingColLogicalPort, sb.PortBindingColType,
			sb.PortBindingColTunnelKey, sb.PortBindingColMAC, sb.PortBindingColOptions, sb.PortBindingColPortSecurity,
			sb.PortBindingColNATAddresses, sb.PortBindingColParentPort, sb.PortBindingColTag, sb.PortBindingColExternalIDs,
			sb.PortBindingColHAChassisGroup, sb.PortBindingColMirrorRules, sb.PortBindingColRequestedChassis,
			sb.PortBindingColRequestedAdditionalChassis},
		initial: []ovsdb.ColumnValue{{Column: sb.PortBindingColUp, Value: []bool{false}}},
		key: func(r *ovsdb.Row) string {
			dp, _ := r.Get(sb.PortBindingColDatapath).(ovsdb.UUID)
			parent, _ := r.Get(sb.PortBindingColParentPort).([]string)
			return portRowKey(r.String(sb.PortBindingColLogicalPort), dp, topo.VariantOf(r.String(sb.PortBindingColType), len(parent) > 0))
		},
	},
	sb.TableIPMulticast: {
		columns: []string{sb.IPMulticastColDatapath, sb.IPMulticastColEnabled, sb.IPMulticastColQuerier,
			sb.IPMulticastColEthSrc, sb.IPMulticastColIP4Src, sb.IPMulticastColIP6Src, sb.IPMulticastColTableSize,
			sb.IPMulticastColIdleTimeout, sb.IPMulticastColQueryInterval, sb.IPMulticastColQueryMaxResp},
		key: func(r *ovsdb.Row) string { return uuidCol(r, sb.IPMulticastColDatapath) },
	},
	// Load balancers, mirrors, DNS records, template variables and static MAC bindings have their northbound row's UUID, as with
	// stock: it replaces rows that have another one, and ovn-controller does not survive that of template variables.
	sb.TableLoadBalancer: {
		columns: []string{sb.LoadBalancerColName, sb.LoadBalancerColVIPs, sb.LoadBalancerColProtocol,
			sb.LoadBalancerColLsDatapathGroup, sb.LoadBalancerColLrDatapathGroup, sb.LoadBalancerColDatapathGroup,
			sb.LoadBalancerColOptions, sb.LoadBalancerColExternalIDs},
		key: byUUID,
	},
	sb.TableSBGlobal: {columns: []string{sb.SBGlobalColIPsec, sb.SBGlobalColNBCfg, sb.SBGlobalColOptions},
		key: func(*ovsdb.Row) string { return "" }},
	sb.TableMeter: {columns: []string{sb.MeterColName, sb.MeterColUnit, sb.MeterColBands}, key: byName},
	sb.TableMirror: {columns: []string{sb.MirrorColName, sb.MirrorColFilter, sb.MirrorColSink, sb.MirrorColType,
		sb.MirrorColIndex, sb.MirrorColExternalIDs}, key: byUUID},
	sb.TableDHCPOptions: {columns: []string{sb.DHCPOptionsColName, sb.DHCPOptionsColCode, sb.DHCPOptionsColType}, key: byName},
	sb.TableDHCPv6Options: {columns: []string{sb.DHCPv6OptionsColName, sb.DHCPv6OptionsColCode, sb.DHCPv6OptionsColType},
		key: byName},
	sb.TableRBACRole: {columns: []string{sb.RBACRoleColName, sb.RBACRoleColPermissions}, key: byName},
	sb.TableRBACPermission: {columns: []string{sb.RBACPermissionColTable, sb.RBACPermissionColAuthorization,
		sb.RBACPermissionColInsertDelete, sb.RBACPermissionColUpdate}, key: func(r *ovsdb.Row) string {
		return r.String(sb.RBACPermissionColTable)
	}},
	sb.TableDNS: {columns: []string{sb.DNSColRecords, sb.DNSColDatapaths, sb.DNSColOptions, sb.DNSColExternalIDs},
		key: byUUID},
	sb.TableChassisTemplateVar: {columns: []string{sb.ChassisTemplateVarColChassis, sb.ChassisTemplateVarColVariables},
		key: byUUID},
	sb.TableServiceMonitor: {columns: []string{sb.ServiceMonitorColIP, sb.ServiceMonitorColProtocol, sb.ServiceMonitorColPort,
		sb.ServiceMonitorColLogicalPort, sb.ServiceMonitorColSrcMAC, sb.ServiceMonitorColSrcIP, sb.ServiceMonitorColChassisName,
		sb.ServiceMonitorColOptions, sb.ServiceMonitorColExternalIDs}, key: func(r *ovsdb.Row) string {
		port, _ := r.Get(sb.ServiceMonitorColPort).(int64)
		return monitorKey(r.String(sb.ServiceMonitorColLogicalPort), r.String(sb.ServiceMonitorColIP),
			r.String(sb.ServiceMonitorColProtocol), port)
	}},
	// The row's UUID is its ACL's.
	sb.TableACLID:          {columns: []string{sb.ACLIDColID}, key: byUUID},
	sb.TableHAChassisGroup: {members: []string{sb.HAChassisGroupColRefChassis}, columns: []string{sb.HAChassisGroupColName, sb.HAChassisGroupColHAChassis}, key: byName},
	sb.TableStaticMACBinding: {columns: []string{sb.StaticMACBindingColLogicalPort, sb.StaticMACBindingColIP,
		sb.StaticMACBindingColMAC, sb.StaticMACBindingColDatapath, sb.StaticMACBindingColOverrideDynamicMAC},
		key: byUUID},
	// The status belongs to chassis as long as the session is of use: see bfdRows.
	sb.TableBFD: {columns: []string{sb.BFDColLogicalPort, sb.BFDColDstIP, sb.BFDColMinTx, sb.BFDColMinRx, sb.BFDColDetectMult,
		sb.BFDColStatus}, key: func(r *ovsdb.Row) string {
		return sessionKey(r.String(sb.BFDColLogicalPort), r.String(sb.BFDColDstIP))
	}},
	sb.TableAdvertisedRoute: {columns: []string{sb.AdvertisedRouteColDatapath, sb.AdvertisedRouteColLogicalPort,
		sb.AdvertisedRouteColIPPrefix, sb.AdvertisedRouteColTrackedPort}, key: advertisedKey},
	sb.TableECMPNexthop: {columns: []string{sb.ECMPNexthopColDatapath, sb.ECMPNexthopColPort, sb.ECMPNexthopColNexthop},
		key: func(r *ovsdb.Row) string {
			return uuidCol(r, sb.ECMPNexthopColPort) + "/" + r.String(sb.ECMPNexthopColNexthop)
		}},
	// Children are written with their parents and never looked for: their keys are content.
	sb.TableHAChassis:      {child: true, columns: []string{sb.HAChassisColChassis, sb.HAChassisColPriority, sb.HAChassisColExternalIDs}},
	sb.TableMeterBand:      {child: true, columns: []string{sb.MeterBandColAction, sb.MeterBandColRate, sb.MeterBandColBurstSize}},
	sb.TableLogicalDPGroup: {child: true, columns: []string{sb.LogicalDPGroupColDatapaths}},
}

func monitorKey(lsp, ip, protocol string, port int64) string {
	return lsp + "/" + ip + "/" + protocol + "/" + strconv.FormatInt(port, 10)
}

func byName(r *ovsdb.Row) string { return r.String("name") }

func byUUID(r *ovsdb.Row) string { return r.UUID.String() }

func uuidCol(r *ovsdb.Row, column string) string {
	u, _ := r.Get(column).(ovsdb.UUID)
	return u.String()
}
