package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
)

// printDoc prints the tables of docs/benchmarks.md from the files of a run on disk and, if there is one, of a run on tmpfs.
func printDoc(w io.Writer, files []string) error {
	if len(files) < 1 || len(files) > 2 {
		return fmt.Errorf("-doc wants the file that -json wrote, and maybe that of a run on tmpfs, not %d arguments", len(files))
	}
	runs := make([]*report, 2)
	for i, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		runs[i] = &report{}
		if err := json.Unmarshal(raw, runs[i]); err != nil {
			return fmt.Errorf("reading %s: %w", f, err)
		}
	}
	docTables(w, runs[0], runs[1])
	return nil
}

// undocumented are measures that the page leaves out.
var undocumented = []string{"bulk_commit", "rss_loaded", "monitors_port_add_cpu", "port_add_cpu"}

// docTables prints disk beside tmpfs, which may be nil. Goals are for the large networks.
func docTables(w io.Writer, disk, tmpfs *report) {
	other := map[[2]string]summary{}
	if tmpfs != nil {
		for _, s := range tmpfs.summaries() {
			other[[2]string{s.Network, s.Measure}] = s
		}
	}
	out := map[string]bool{}
	for _, l := range lines() {
		out[l.title] = slices.Contains(undocumented, l.key)
	}
	last := ""
	for _, s := range disk.summaries() {
		if out[s.Measure] {
			continue
		}
		if s.Network != last {
			fmt.Fprintf(w, "\n### %s\n\n| what | stock | kove | ratio | ratio, tmpfs | goal |\n| --- | --- | --- | --- | --- | --- |\n", s.Network)
			last = s.Network
		}
		t, ok := other[[2]string{s.Network, s.Measure}]
		if s.Unit == "MiB" {
			ok = false // the same wherever the files are
		}
		second := ""
		if ok {
			second = times(t.Ratio)
		}
		goal := ""
		switch {
		case s.Goal == 0 || s.small():
		case s.Met:
			goal = fmt.Sprintf("%g, met", s.Goal)
		case ok && t.Met:
			goal = fmt.Sprintf("%g, missed on disk", s.Goal)
		default:
			goal = fmt.Sprintf("%g, missed", s.Goal)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", s.Measure, cell(s.Stock, s.StockMin, s.StockMax, s.Unit),
			cell(s.Kove, s.KoveMin, s.KoveMax, s.Unit), times(s.Ratio), second, goal)
	}
	fmt.Fprintf(w, "\nOn disk: %s; %s.\n", disk.Machine, disk.Settings)
	if tmpfs != nil {
		fmt.Fprintf(w, "On tmpfs: %s; %s.\n", tmpfs.Machine, tmpfs.Settings)
	}
}

func cell(v, least, most float64, unit string) string {
	text := short(v) + " " + unit
	if unit == "ms" && v >= 1000 {
		text = fmt.Sprintf("%.1f s", v/1000)
	}
	return fmt.Sprintf("%s (%s-%s)", text, short(least), short(most))
}

func times(ratio float64) string {
	if ratio >= 10 {
		return fmt.Sprintf("%.0f", ratio)
	}
	return fmt.Sprintf("%.1f", ratio)
}
