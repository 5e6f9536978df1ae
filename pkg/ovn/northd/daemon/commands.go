package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kove-io/kove/pkg/ovn/northd"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/pkg/ovsdb/unixctl"
)

// Limits of parallel-build/set-n-threads (ovn-northd(8), set-n-threads).
const minThreads, maxThreads = 1, 256

// notSupported is the answer where stock's question has no meaning here.
const notSupported = "not supported"

// Commands are the control commands of ovn-northd(8), RUNTIME MANAGEMENT COMMANDS.
func (d *Daemon) Commands() map[string]unixctl.Command {
	none := func(f func()) func([]string) (string, error) {
		return func([]string) (string, error) { f(); return "", nil }
	}
	line := func(f func() string) func([]string) (string, error) {
		return func([]string) (string, error) { return f() + "\n", nil }
	}
	lacks := func([]string) (string, error) { return "", errors.New(notSupported) }
	return map[string]unixctl.Command{
		"exit":                         {Run: none(func() {}), After: d.opts.Exit},
		"version":                      {Run: line(func() string { return d.opts.Version })},
		"status":                       {Run: line(func() string { return "Status: " + d.Status() })},
		"pause":                        {Run: none(d.Pause)},
		"resume":                       {Run: none(d.Resume)},
		"is-paused":                    {Run: line(func() string { return strconv.FormatBool(d.Status() == "paused") })},
		"nb-connection-status":         {Run: line(func() string { return connection(d.nb) })},
		"sb-connection-status":         {Run: line(func() string { return connection(d.sb) })},
		"nb-cluster-state-reset":       {Run: none(d.nb.ResetIndex)},
		"sb-cluster-state-reset":       {Run: none(d.sb.ResetIndex)},
		"inc-engine/show-stats":        {Args: "[NODE [COUNTER]]", Max: 2, Run: d.showStats},
		"inc-engine/clear-stats":       {Run: none(d.counters.Clear)},
		"inc-engine/recompute":         {Run: none(d.recompute)},
		"parallel-build/set-n-threads": {Args: "N_THREADS", Min: 1, Max: 1, Run: d.setThreads},
		"parallel-build/get-n-threads": {Run: line(func() string {
			d.mu.Lock()
			defer d.mu.Unlock()
			return strconv.Itoa(d.threads)
		})},
		"debug/chassis-features-list": {Run: d.chassisFeatures},
		"memory/show":                 {Run: line(memory)},
		"stopwatch/show":              {Args: "[NAME]", Max: 1, Run: d.showStopwatches},
		"stopwatch/reset": {Args: "[NAME]", Max: 1, Run: func(args []string) (string, error) {
			d.counters.ResetStopwatches(args...)
			return "", nil
		}},
		// These look into parts of stock's program that are not here.
		"coverage/show":                  {Run: lacks},
		"coverage/read-counter":          {Args: "COUNTER", Min: 1, Max: 1, Run: lacks},
		"inc-engine/compute-log-timeout": {Args: "MSECS", Min: 1, Max: 1, Run: lacks},
	}
}

func connection(c *ovsdb.Client) string {
	if c.Connected() {
		return "connected"
	}
	return "not connected"
}

func (d *Daemon) recompute() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.again != nil {
		d.log.Info("User triggered force recompute.")
		d.again()
	}
}

func (d *Daemon) setThreads(args []string) (string, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		n = 0
	}
	if n < minThreads || n > maxThreads {
		return "", fmt.Errorf("invalid n_threads: %d", n)
	}
	d.mu.Lock()
	d.threads = n
	d.mu.Unlock()
	if n > 1 {
		d.log.Warn("the number of threads is remembered and changes nothing: only what changed is computed, by one thread", "threads", n)
	}
	return "", nil
}

// stockNodes are the nodes of stock's engine that have no counterpart here: facts are computed together with the units that
// need them.
var stockNodes = []string{"acl_id", "advertised_route_sync", "bfd", "bfd_sync", "dynamic_routes", "ecmp_nexthop", "fdb_aging",
	"fdb_aging_waker", "global_config", "group_ecmp_route", "lb_data", "learned_route_sync", "lr_nat", "lr_stateful", "ls_stateful",
	"mac_binding_aging", "mac_binding_aging_waker", "multicast_igmp", "northd_output", "port_group", "route_policies", "routes",
	"sampling_app", "sync_from_sb", "sync_meters", "sync_to_sb", "sync_to_sb_addr_set", "sync_to_sb_lb", "sync_to_sb_pb",
	"NB_sampling_app", "SB_acl_id", "SB_address_set", "SB_advertised_route", "SB_bfd", "SB_chassis_template_var", "SB_dns",
	"SB_ecmp_nexthop", "SB_fdb", "SB_ha_chassis_group", "SB_igmp_group", "SB_ip_multicast", "SB_learned_route", "SB_load_balancer",
	"SB_logical_dp_group", "SB_logical_flow", "SB_mac_binding", "SB_meter", "SB_mirror", "SB_multicast_group", "SB_port_group",
	"SB_static_mac_binding"}

func (d *Daemon) showStats(args []string) (string, error) {
	have := d.counters.Snapshot()
	parts := northd.Parts()
	var b strings.Builder
	if len(args) == 0 {
		for _, name := range parts {
			writeStats(&b, name, have[name])
		}
		return b.String(), nil
	}
	name := args[0]
	known := slices.Contains(parts, name)
	switch {
	case !known && !slices.Contains(stockNodes, name):
		return "", nil // as stock
	case len(args) == 1 && known:
		writeStats(&b, name, have[name])
		return b.String(), nil
	case len(args) == 1:
		return fmt.Sprintf("Node: %s\n%s\n", name, notSupported), nil
	}
	c := have[name]
	n, ok := map[string]uint64{"recompute": c.Recompute, "compute": c.Compute, "cancel": c.Cancel}[args[1]]
	switch {
	case !ok:
		return "Invalid stat type : " + args[1] + "\n", nil
	case !known:
		return notSupported + "\n", nil
	}
	return fmt.Sprintf("%d\n", n), nil
}

func writeStats(b *strings.Builder, name string, c northd.Counter) {
	fmt.Fprintf(b, "Node: %s\n- recompute: %12d\n- compute:   %12d\n- cancel:    %12d\n", name, c.Recompute, c.Compute, c.Cancel)
}

func (d *Daemon) showStopwatches(args []string) (string, error) {
	watches := d.counters.Stopwatches()
	names := slices.Sorted(maps.Keys(watches))
	if len(args) > 0 {
		if _, ok := watches[args[0]]; !ok {
			return "", errors.New("No such stopwatch") //nolint:staticcheck // stock's words
		}
		names = args[:1]
	}
	var b strings.Builder
	ms := func(t time.Duration) float64 { return float64(t) / float64(time.Millisecond) }
	for _, name := range names {
		w := watches[name]
		fmt.Fprintf(&b, "Statistics for '%s'\n  Total samples: %d\n  Maximum: %d msec\n  Minimum: %d msec\n"+
			"  95th percentile: %f msec\n  Short term average: %f msec\n  Long term average: %f msec\n",
			name, w.Samples, w.Max.Milliseconds(), w.Min.Milliseconds(), ms(w.Percentile95()), ms(w.Short), ms(w.Long))
	}
	return b.String(), nil
}

func memory() string {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return fmt.Sprintf("heap-kB:%d heap-objects:%d system-kB:%d", m.HeapAlloc>>10, m.HeapObjects, m.Sys>>10)
}

// askTimeout is how long a command waits for a database.
const askTimeout = 5 * time.Second

// chassisFeatures says which optional features every chassis has, of those that matter to what is computed.
func (d *Daemon) chassisFeatures([]string) (string, error) {
	if !d.sb.Connected() {
		return "", errors.New("the southbound database is not connected")
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	res, err := d.sb.Transact(ctx, ovsdb.Select(sb.TableChassis))
	if err != nil {
		return "", err
	}
	all := true
	for _, r := range res[0].Rows {
		c := sb.NewChassis(r)
		all = all && (c.OtherConfig["is-remote"] == "true" || c.OtherConfig["mac-binding-timestamp"] == "true")
	}
	return fmt.Sprintf("mac_binding_timestamp: %t\n", all), nil
}
