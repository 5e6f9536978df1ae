package oracle

import (
	"fmt"
	"slices"
	"strings"
)

// Compare lists the lines that only one side has, by file.
func Compare(want, got Text) []string {
	var out []string
	for _, f := range []struct{ name, want, got string }{
		{"flows.txt", want.Flows, got.Flows}, {"sb.txt", want.SB, got.SB}, {"nbout.txt", want.NBOut, got.NBOut},
	} {
		missing, extra := lineDiff(f.want, f.got)
		for _, l := range missing {
			out = append(out, fmt.Sprintf("%s: - %s", f.name, l))
		}
		for _, l := range extra {
			out = append(out, fmt.Sprintf("%s: + %s", f.name, l))
		}
	}
	return out
}

// lineDiff compares two sorted files as multisets of lines.
func lineDiff(want, got string) (missing, extra []string) {
	count := map[string]int{}
	for l := range strings.Lines(got) {
		count[l]++
	}
	for l := range strings.Lines(want) {
		if count[l]--; count[l] < 0 {
			missing = append(missing, strings.TrimSuffix(l, "\n"))
		}
	}
	for l, n := range count {
		for ; n > 0; n-- {
			extra = append(extra, strings.TrimSuffix(l, "\n"))
		}
	}
	slices.Sort(extra)
	return missing, extra
}
