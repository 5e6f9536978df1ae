package northd

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kove-io/kove/pkg/ovn/topo"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// Counter says how often a part of the computation ran.
type Counter struct {
	Recompute uint64 // for everything, at the start of a session
	Compute   uint64 // for what changed
	Cancel    uint64 // and gave up: a panic
}

// Counters count what northd computes. The parts are:
//
//   - northd: steps, each of which ends in at most one transaction on either side
//   - lflow: steps that changed logical flows
//   - NB_table, SB_table: commits that touched a table, by its name in lower case; only of the tables that northd follows
//   - unit_kind: units of a kind that were compiled, for example unit_switch_port
//
// They go on over sessions, and are safe for concurrent use. The zero value is ready.
type Counters struct {
	mu    sync.Mutex
	parts map[string]*Counter
	times map[string]*Stopwatch
}

// Snapshot returns a copy.
func (c *Counters) Snapshot() map[string]Counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]Counter{}
	for name, n := range c.parts {
		out[name] = *n
	}
	return out
}

// Clear starts from zero. Parts stay known.
func (c *Counters) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.parts {
		*n = Counter{}
	}
}

// Parts lists every part that there is.
func Parts() []string {
	var out []string
	for _, t := range topo.Tables() {
		out = append(out, "NB_"+strings.ToLower(t))
	}
	for t := range watchedSB() {
		out = append(out, "SB_"+strings.ToLower(t))
	}
	for k := range topo.NumKinds {
		out = append(out, unitPart(k))
	}
	out = append(out, "northd", "lflow")
	slices.Sort(out)
	return out
}

func unitPart(k topo.Kind) string { return "unit_" + strings.ReplaceAll(k.String(), " ", "_") }

func (c *Counters) part(name string) *Counter {
	if c.parts == nil {
		c.parts = map[string]*Counter{}
	}
	n := c.parts[name]
	if n == nil {
		n = &Counter{}
		c.parts[name] = n
	}
	return n
}

func (c *Counters) count(name string, full bool, n uint64) {
	if c == nil || n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.part(name); full {
		p.Recompute += n
	} else {
		p.Compute += n
	}
}

// commit counts one commit of a database.
func (c *Counters) commit(prefix string, full bool, changes []ovsdb.Change) {
	if c == nil {
		return
	}
	last := ""
	seen := map[string]bool{}
	for i := range changes {
		if t := changes[i].Table; t != last && !seen[t] {
			seen[t], last = true, t
			c.count(prefix+strings.ToLower(t), full, 1)
		}
	}
}

func (c *Counters) unit(k topo.Kind, full, panicked bool) {
	if c == nil {
		return
	}
	if !panicked {
		c.count(unitPart(k), full, 1)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.part(unitPart(k)).Cancel++
}

// Stopwatch says how long something took.
type Stopwatch struct {
	Samples     uint64
	Max, Min    time.Duration
	Short, Long time.Duration // averages that forget, one by half at each sample, the other by a hundredth
	recent      []time.Duration
}

// recentSamples is how many samples a percentile is taken of.
const recentSamples = 512

// Percentile95 is of the latest samples.
func (s *Stopwatch) Percentile95() time.Duration {
	if len(s.recent) == 0 {
		return 0
	}
	sorted := slices.Clone(s.recent)
	slices.Sort(sorted)
	return sorted[(len(sorted)*95+99)/100-1]
}

// Stopwatches returns copies: ovnnb_db_run for computing a step, ovnsb_db_run for writing it.
func (c *Counters) Stopwatches() map[string]Stopwatch {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]Stopwatch{}
	for name, s := range c.times {
		w := *s
		w.recent = slices.Clone(s.recent)
		out[name] = w
	}
	return out
}

// ResetStopwatches forgets all samples, or those of the names given.
func (c *Counters) ResetStopwatches(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.times, func(name string, _ *Stopwatch) bool { return len(names) == 0 || slices.Contains(names, name) })
}

func (c *Counters) took(name string, d time.Duration) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.times == nil {
		c.times = map[string]*Stopwatch{}
	}
	s := c.times[name]
	if s == nil {
		s = &Stopwatch{Min: d, Short: d, Long: d}
		c.times[name] = s
	}
	s.Max, s.Min = max(s.Max, d), min(s.Min, d)
	s.Short += (d - s.Short) / 2
	s.Long += (d - s.Long) / 100
	if len(s.recent) < recentSamples {
		s.recent = append(s.recent, d)
	} else {
		s.recent[s.Samples%recentSamples] = d
	}
	s.Samples++
}
