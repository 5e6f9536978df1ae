package oracle

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

var swapScenario = flag.String("swap", "", "TestSwap: only scenarios whose names contain this")

// TestSwap computes each scenario by stock ovn-northd, puts kove's northd in its place on the same databases, then stock's again. A
// northd that finds what it would write has nothing to write: no row of either database may be deleted, added or
// changed, so that no chassis hears of the swap. What stock's own restart changes is no fault of kove's, and groups of
// routes are renumbered (renumbered). A third of the scenarios, all of them with KOVE_LONG=1 or -swap.
func TestSwap(t *testing.T) {
	scenarios, err := Scenarios(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for i, sc := range scenarios {
		if _, listed := notYet[sc.Name]; listed || !strings.Contains(sc.Name, *swapScenario) {
			continue
		}
		if os.Getenv("KOVE_LONG") == "" && *swapScenario == "" && i%3 != 0 {
			continue
		}
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			s := newSwap(t)
			s.load(t, sc)
			stop := s.stock(t)
			byStock := s.dumps(t)
			stop()
			stop = s.stock(t)
			again := s.dumps(t)
			stop()
			restless := kinds(diffDumps(byStock, again))
			judge := func(what string, before, after [2]*Dump) {
				for _, d := range renumbered(diffDumps(before, after)) {
					if !restless[kind(d)] {
						t.Error(what + ": " + d)
					}
				}
			}
			stop = startNorthd(t, t.Context(), s.nb, s.sb)
			byKove := s.dumps(t)
			stop()
			judge("kove after stock", again, byKove)
			stop = s.stock(t)
			back := s.dumps(t)
			stop()
			judge("stock after kove", byKove, back)

			// The other way round: rows that kove made are what stock wants.
			s = newSwap(t)
			s.load(t, sc)
			stop = startNorthd(t, t.Context(), s.nb, s.sb)
			byKove = s.dumps(t)
			stop()
			stop = s.stock(t)
			judge("stock after kove alone", byKove, s.dumps(t))
			stop()
		})
	}
}

// swap is a pair of databases at stock's ovsdb-server, for one northd after the other.
type swap struct {
	dir    string
	nb, sb *ovsdb.Client
}

func newSwap(t *testing.T) *swap {
	t.Helper()
	s := &swap{dir: t.TempDir()}
	s.nb, s.sb = remoteIn(t, s.dir, "nb", nb.Database), remoteIn(t, s.dir, "sb", sb.Database)
	return s
}

func (s *swap) load(t *testing.T, sc Scenario) {
	t.Helper()
	nbOps, sbOps, err := sc.Load(s.nb.Schema(), s.sb.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.nb.Transact(t.Context(), nbOps...); err != nil {
		t.Fatal(err)
	}
	if _, err := s.sb.Transact(t.Context(), sbOps...); err != nil {
		t.Fatal(err)
	}
}

// stock runs stock ovn-northd until stop is called.
func (s *swap) stock(t *testing.T) (stop func()) {
	t.Helper()
	cmd := exec.Command(filepath.Join(stockDir(t), "bin", "ovn-northd"), "--ovnnb-db=unix:"+s.dir+"/nb.sock", "--ovnsb-db=unix:"+s.dir+"/sb.sock",
		"--unixctl="+s.dir+"/northd.ctl", "-vconsole:off", "-vsyslog:off")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
	t.Cleanup(stop)
	return stop
}

// dumps waits until northd has answered and returns both databases.
func (s *swap) dumps(t *testing.T) [2]*Dump {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	syncNorthd(t, ctx, s.nb)
	syncNorthd(t, ctx, s.nb)
	var ds [2]*Dump
	for i, db := range []ovsdb.DB{s.nb, s.sb} {
		d, err := FromDB(ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		ds[i] = d
	}
	return ds
}

// notChurn are the columns that every `ovn-nbctl sync` changes.
var notChurn = []string{"nb_cfg", "nb_cfg_timestamp", "sb_cfg", "sb_cfg_timestamp", "hv_cfg", "hv_cfg_timestamp"}

// diffDumps says which rows of both databases were deleted and added, and which columns of the others changed.
func diffDumps(before, after [2]*Dump) []string {
	var out []string
	for i, name := range []string{"NB", "SB"} {
		for table, was := range before[i].Tables {
			is := after[i].Tables[table]
			for id, row := range was {
				now, ok := is[id]
				if !ok {
					out = append(out, fmt.Sprintf("%s %s deleted: %v", name, table, showRow(row)))
					continue
				}
				for c, v := range row {
					if !slices.Contains(notChurn, c) && said(c, v) != said(c, now[c]) {
						out = append(out, fmt.Sprintf("%s %s %s: %v became %v in %v", name, table, c, v, now[c], showRow(row)))
					}
				}
			}
			for id, row := range is {
				if _, ok := was[id]; !ok {
					out = append(out, fmt.Sprintf("%s %s added: %v", name, table, showRow(row)))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// said is a value as text. The order of addresses to announce says nothing.
func said(column string, v ovsdb.Value) string {
	s := fmt.Sprint(v)
	if column == sb.PortBindingColNATAddresses {
		words := strings.Fields(strings.Trim(s, "[]"))
		slices.Sort(words)
		s = strings.Join(words, " ")
	}
	return s
}

// showRow prints a row's columns that are not empty, in order.
func showRow(row Row) string {
	var cs []string
	for c, v := range row {
		if s := fmt.Sprint(v); s != "" && s != "[]" && s != "map[]" && s != "{}" && c != "external_ids" {
			cs = append(cs, c+"="+s)
		}
	}
	slices.Sort(cs)
	return strings.Join(cs, " ")
}

// kind is what a difference is about: database, table and column.
func kind(difference string) string {
	return strings.Join(strings.SplitN(difference, " ", 4)[:3], " ")
}

func kinds(differences []string) map[string]bool {
	m := map[string]bool{}
	for _, d := range differences {
		m[kind(d)] = true
	}
	return m
}

// groupNumber is the number of a group of routes or policies, of its members of a route table or of a chain of policies in a flow: stock counts,
// kove takes a number that follows from the group's content, so that it depends on no other group. Two routers whose flows
// have a number in common have the flow in common.
var (
	groupNumber = regexp.MustCompile(`(reg7|reg8\[0\.\.15\]|reg8\[16\.\.31\]|reg9\[16\.\.31\]) ?(==?) ?\d+`)
	flowPlace   = regexp.MustCompile(`logical_(dp_group|datapath)=\[[^]]*\]`)
)

// renumbered drops the flows that were replaced by ones with another number for their group or another order in a set only, and
// with them the groups of datapaths of such flows.
func renumbered(differences []string) []string {
	mask := func(d, verb string) (string, bool) {
		rest, ok := strings.CutPrefix(d, "SB Logical_Flow "+verb+": ")
		words := strings.FieldsFunc(flowPlace.ReplaceAllString(groupNumber.ReplaceAllString(rest, "$1 $2 N"), ""), func(r rune) bool { return strings.ContainsRune(" ,{}", r) })
		slices.Sort(words) // stock lists some sets in the order of its hashes
		return strings.Join(words, " "), ok
	}
	deleted, added := map[string]bool{}, map[string]bool{}
	for _, d := range differences {
		if m, ok := mask(d, "deleted"); ok {
			deleted[m] = true
		}
		if m, ok := mask(d, "added"); ok {
			added[m] = true
		}
	}
	return slices.DeleteFunc(differences, func(d string) bool {
		if len(added) > 0 && strings.HasPrefix(d, "SB Logical_DP_Group ") {
			return true
		}
		gone, wasThere := mask(d, "deleted")
		come, isThere := mask(d, "added")
		return wasThere && added[gone] || isThere && deleted[come]
	})
}
