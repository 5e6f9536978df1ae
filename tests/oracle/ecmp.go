package oracle

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
)

// ECMP groups, their members, and chains of router policies have numbers that stock ovn-northd hands out in the order of
// UUID hashes: another run gives other numbers. What a number stands for is what the flows that test it do, so numbers are
// replaced by the rank of that.
var (
	groupMatch  = regexp.MustCompile(`reg8\[0\.\.15\] == (\d+) && reg8\[16\.\.31\] == (\d+)`)
	groupSelect = regexp.MustCompile(`reg8\[0\.\.15\] = ([1-9]\d*); reg8\[16\.\.31\] = `)
	groupOne    = regexp.MustCompile(`reg8\[0\.\.15\] = ([1-9]\d*); reg8\[16\.\.31\] = (\d+);`)
	chainMatch  = regexp.MustCompile(`^reg9\[16\.\.31\] == ([1-9]\d*) && `)
	chainSet    = regexp.MustCompile(`reg9\[16\.\.31\]=([1-9]\d*);`)
)

// place is a flow table of a datapath.
type place struct {
	datapath string
	table    int64
}

// group is what the numbers of one ECMP group stand for: the rest of the flow that tests each member.
type group map[int]string

// renumberECMP ranks the groups of a table by what their members do and then by who selects them, and the members of a
// group by what they do.
func renumberECMP(flows []*flow) {
	groups := map[place]map[int]group{}
	selectors := map[place]map[int][]string{} // by the place that tests the numbers
	for _, f := range flows {
		if f.pipeline != "ingress" {
			continue
		}
		if m := groupMatch.FindStringSubmatch(f.match); m != nil {
			at := place{f.datapath, f.table}
			if groups[at] == nil {
				groups[at] = map[int]group{}
			}
			g, member := number(m[1]), number(m[2])
			if groups[at][g] == nil {
				groups[at][g] = group{}
			}
			groups[at][g][member] = groupMatch.ReplaceAllString(f.match, "") + f.actions
		}
		if m := groupSelect.FindStringSubmatch(f.actions); m != nil {
			at := place{f.datapath, f.table + 1}
			if selectors[at] == nil {
				selectors[at] = map[int][]string{}
			}
			selectors[at][number(m[1])] = append(selectors[at][number(m[1])], f.match+"\t"+strconv.FormatInt(f.priority, 10))
		}
	}
	type key struct {
		place
		group, member int
	}
	rank := map[key]int{} // member 0: the group itself
	for at, gs := range groups {
		var order []int
		members := map[int][]string{}
		for g, ms := range gs {
			order = append(order, g)
			for _, m := range ms {
				members[g] = append(members[g], m)
			}
			slices.Sort(members[g])
			slices.Sort(selectors[at][g])
		}
		slices.SortFunc(order, func(a, b int) int {
			return cmp.Or(slices.Compare(members[a], members[b]), slices.Compare(selectors[at][a], selectors[at][b]), cmp.Compare(a, b))
		})
		for i, g := range order {
			rank[key{at, g, 0}] = i + 1
			var ids []int
			for id := range gs[g] {
				ids = append(ids, id)
			}
			slices.SortFunc(ids, func(a, b int) int { return cmp.Or(cmp.Compare(gs[g][a], gs[g][b]), cmp.Compare(a, b)) })
			for j, id := range ids {
				rank[key{at, g, id}] = j + 1
			}
		}
	}
	of := func(k key) string {
		if r, ok := rank[k]; ok {
			return strconv.Itoa(r)
		}
		return strconv.Itoa(cmp.Or(k.member, k.group))
	}
	for _, f := range flows {
		if f.pipeline != "ingress" {
			continue
		}
		at := place{f.datapath, f.table}
		f.match = replace(groupMatch, f.match, func(m []string) string {
			g := number(m[1])
			return "reg8[0..15] == " + of(key{at, g, 0}) + " && reg8[16..31] == " + of(key{at, g, number(m[2])})
		})
		at.table++
		if groupOne.MatchString(f.actions) {
			f.actions = replace(groupOne, f.actions, func(m []string) string {
				g := number(m[1])
				return "reg8[0..15] = " + of(key{at, g, 0}) + "; reg8[16..31] = " + of(key{at, g, number(m[2])}) + ";"
			})
			continue
		}
		f.actions = replace(groupSelect, f.actions, func(m []string) string {
			return "reg8[0..15] = " + of(key{at, number(m[1]), 0}) + "; reg8[16..31] = "
		})
	}
}

// renumberChains ranks the policy chains of a router by the priorities and matches in them.
func renumberChains(flows []*flow) {
	chains := map[string]map[int][]string{}
	for _, f := range flows {
		if m := chainMatch.FindStringSubmatch(f.match); m != nil {
			if chains[f.datapath] == nil {
				chains[f.datapath] = map[int][]string{}
			}
			c := number(m[1])
			chains[f.datapath][c] = append(chains[f.datapath][c], strconv.FormatInt(f.priority, 10)+"\t"+f.match[len(m[0]):])
		}
	}
	rank := map[string]map[string]string{}
	for dp, cs := range chains {
		var order []int
		for c := range cs {
			order = append(order, c)
			slices.Sort(cs[c])
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Or(slices.Compare(cs[a], cs[b]), cmp.Compare(a, b)) })
		rank[dp] = map[string]string{}
		for i, c := range order {
			rank[dp][strconv.Itoa(c)] = strconv.Itoa(i + 1)
		}
	}
	for _, f := range flows {
		f.match = replace(chainMatch, f.match, func(m []string) string {
			return "reg9[16..31] == " + cmp.Or(rank[f.datapath][m[1]], m[1]) + " && "
		})
		f.actions = replace(chainSet, f.actions, func(m []string) string {
			return "reg9[16..31]=" + cmp.Or(rank[f.datapath][m[1]], m[1]) + ";"
		})
	}
}

// The chain in which every packet starts.
var firstChain = regexp.MustCompile(`^reg9\[16\.\.31\] == 0 && \((.*)\)$`)

// dropLoneChain takes the match of the first chain out of routers without another one, whose packets are all in it: stock has it
// or not, depending on whether it came across a chain of some other router before.
func dropLoneChain(flows []*flow) {
	several := map[string]bool{}
	for _, f := range flows {
		if chainMatch.MatchString(f.match) || chainSet.MatchString(f.actions) {
			several[f.datapath] = true
		}
	}
	for _, f := range flows {
		if m := firstChain.FindStringSubmatch(f.match); m != nil && !several[f.datapath] {
			f.match = m[1]
		}
	}
}

// Route tables have numbers in the order in which stock comes across their names, which follows UUIDs.
var (
	tableMatch = regexp.MustCompile(`\breg7 == ([1-9]\d*)\b`)
	tableSet   = regexp.MustCompile(`\breg7 = ([1-9]\d*);`)
)

// renumberTables ranks the route tables of a router by the routes in them and by the ports that use them.
func renumberTables(flows []*flow) {
	tables := map[string]map[string][]string{}
	note := func(f *flow, n, text string) {
		if tables[f.datapath] == nil {
			tables[f.datapath] = map[string][]string{}
		}
		tables[f.datapath][n] = append(tables[f.datapath][n], text)
	}
	for _, f := range flows {
		if m := tableMatch.FindStringSubmatch(f.match); m != nil {
			note(f, m[1], tableMatch.ReplaceAllString(f.match, ""))
		}
		if m := tableSet.FindStringSubmatch(f.actions); m != nil {
			note(f, m[1], f.match)
		}
	}
	rank := map[string]map[string]string{}
	for dp, ts := range tables {
		var order []string
		for n := range ts {
			order = append(order, n)
			slices.Sort(ts[n])
		}
		slices.SortFunc(order, func(a, b string) int { return cmp.Or(slices.Compare(ts[a], ts[b]), cmp.Compare(a, b)) })
		rank[dp] = map[string]string{}
		for i, n := range order {
			rank[dp][n] = strconv.Itoa(i + 1)
		}
	}
	for _, f := range flows {
		f.match = replace(tableMatch, f.match, func(m []string) string { return "reg7 == " + cmp.Or(rank[f.datapath][m[1]], m[1]) })
		f.actions = replace(tableSet, f.actions, func(m []string) string { return "reg7 = " + cmp.Or(rank[f.datapath][m[1]], m[1]) + ";" })
	}
}

func replace(re *regexp.Regexp, s string, f func(m []string) string) string {
	return re.ReplaceAllStringFunc(s, func(all string) string { return f(re.FindStringSubmatch(all)) })
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
