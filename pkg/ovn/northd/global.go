package northd

import (
	"crypto/rand"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// internalVersion is stock ovn-northd's of OVN 25.03, with which this one's flows agree (its version, the southbound schema's, a
// count of changes to stages and actions): an ovn-controller that is told to by ovn-match-northd-version waits for its own
// (ovn-controller(8)), and stock's northd, coming after this one, would touch every flow for another.
const internalVersion = "25.03.0-20.41.0-77.6"

// globalOptions are the keys of NB_Global.options that northd sets.
func (e *engine) globalOptions() map[string]string {
	return map[string]string{"max_tunid": strconv.FormatInt(e.maxTunID(), 10), "northd_internal_version": internalVersion}
}

// ensureGlobal returns what has to be in the northbound database before anything is compiled: the NB_Global row, and the
// MACs that are chosen once.
func (e *engine) ensureGlobal() []ovsdb.Op {
	options := map[string]string{}
	if e.nbGlobal != nil {
		maps.Copy(options, e.nbGlobal.Options)
	}
	before := maps.Clone(options)
	var b [6]byte
	rand.Read(b[:])
	if prefix, ok := topo.MACPrefix(options["mac_prefix"]); ok {
		options["mac_prefix"] = prefix
	} else {
		options["mac_prefix"] = fmt.Sprintf("%02x:%02x:%02x", b[0]&0xfe|2, b[1], b[2])
	}
	if _, ok := topo.ParseMAC(options["svc_monitor_mac"]); !ok {
		options["svc_monitor_mac"] = fmt.Sprintf("%s:%02x:%02x:%02x", options["mac_prefix"], b[3], b[4], b[5])
	}
	maps.Copy(options, e.globalOptions())
	switch {
	case e.nbGlobal == nil:
		return []ovsdb.Op{ovsdb.Insert(nb.TableNBGlobal, ovsdb.NewUUID(), col(nb.NBGlobalColOptions, stringMap(options)))}
	case !maps.Equal(before, options):
		return []ovsdb.Op{ovsdb.Update(nb.TableNBGlobal, e.nbGlobal.UUID, col(nb.NBGlobalColOptions, stringMap(options)))}
	}
	return nil
}

// progress returns the update of NB_Global that says how far a configuration has come: nb_cfg is the operator's counter,
// sb_cfg what the southbound database has (committed), hv_cfg what every chassis has.
func (e *engine) progress(committed int64, now time.Time) []ovsdb.Op {
	g := e.nbGlobal
	if g == nil {
		return nil
	}
	hv, hvTime := committed, int64(0)
	for _, p := range e.south.private {
		if ch := e.south.chassisNamed(p.Name); ch != nil && ch.OtherConfig["is-remote"] == "true" {
			continue
		}
		if p.NBCfg < hv {
			hv, hvTime = p.NBCfg, p.NBCfgTimestamp
		} else if p.NBCfg == hv {
			hvTime = max(hvTime, p.NBCfgTimestamp)
		}
	}
	var cols []ovsdb.ColumnValue
	if committed != g.SBCfg {
		cols = append(cols, col(nb.NBGlobalColSBCfg, committed), col(nb.NBGlobalColSBCfgTimestamp, now.UnixMilli()))
		if g.NBCfgTimestamp == 0 || g.NBCfg != g.SBCfg {
			cols = append(cols, col(nb.NBGlobalColNBCfgTimestamp, now.UnixMilli()))
		}
	}
	if hv != g.HvCfg {
		// Without chassis nobody has a time.
		cols = append(cols, col(nb.NBGlobalColHvCfg, hv), col(nb.NBGlobalColHvCfgTimestamp, hvTime))
	}
	if len(cols) == 0 {
		return nil
	}
	return []ovsdb.Op{ovsdb.Update(nb.TableNBGlobal, g.UUID, cols...)}
}

func (s *south) chassisNamed(name string) *sb.Chassis {
	for _, c := range s.chassis {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// globalRows emits what every southbound database has: the address set of the service monitor and the constant tables.
func globalRows(g *topo.Global, b *rows) {
	b.Add(sb.TableAddressSet, "svc_monitor_mac", col(sb.AddressSetColName, "svc_monitor_mac"))
	if mac := g.South.SvcMonitorMAC; mac != "" {
		b.Member(sb.TableAddressSet, "svc_monitor_mac", sb.AddressSetColAddresses, mac)
	}
	seedRows(b)
}
