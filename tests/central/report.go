package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// report holds what was measured: network → measure → side → values.
type report struct {
	Begun    time.Time
	Machine  string
	Settings string
	Networks []*measures
}

type measures struct {
	Name   string
	Ports  int
	Values map[string]map[string][]float64
}

func (r *report) network(name string, ports int) *measures {
	for _, m := range r.Networks {
		if m.Name == name {
			return m
		}
	}
	m := &measures{Name: name, Ports: ports, Values: map[string]map[string][]float64{}}
	r.Networks = append(r.Networks, m)
	return m
}

func (r *report) add(network, key, side string, v float64) {
	m := r.network(network, 0)
	if m.Values[key] == nil {
		m.Values[key] = map[string][]float64{}
	}
	m.Values[key][side] = append(m.Values[key][side], v)
}

// measure is one line of the table.
type measure struct {
	key, title, unit string
	goal             float64
}

func lines() (out []measure) {
	for _, op := range operations() {
		out = append(out, measure{op.Key, op.Title, "ms", op.Goal})
	}
	return append(out,
		measure{"bulk", "load from empty: all visible, sb_cfg caught up", "ms", 3},
		measure{"bulk_commit", "load from empty: all committed", "ms", 0},
		measure{"bulk_cpu", "load from empty: CPU time", "ms", 0},
		measure{"rss_loaded", "RSS after the load", "MiB", 2},
		measure{"rss", "RSS after the changes", "MiB", 2},
		measure{"monitors_connect", "100 monitors get the contents", "ms", 0},
		measure{"monitors_rss", "RSS with 100 monitors", "MiB", 0},
		measure{"monitors_port_add", "one port, 100 monitors", "ms", 0},
		measure{"monitors_port_add_cpu", "one port, 100 monitors: CPU time", "ms", 0},
		measure{"restart", "restart: both databases have answered", "ms", 0},
		measure{"restart_northd", "restart: sb_cfg caught up", "ms", 0},
		measure{"port_add_cpu", "CPU time of one port and its sync", "ms", 0},
	)
}

type summary struct {
	Network, Measure, Unit                            string
	Count                                             int
	Stock, StockMin, StockMax, Kove, KoveMin, KoveMax float64
	Ratio, Goal                                       float64
	Met                                               bool
}

// small reports whether the network is one that no goal is for.
func (s *summary) small() bool { return strings.HasPrefix(s.Network, "1000 ") }

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}

func (r *report) summaries() (out []summary) {
	for _, m := range r.Networks {
		for _, l := range lines() {
			stock, kove := m.Values[l.key]["stock"], m.Values[l.key]["kove"]
			if len(stock) == 0 || len(kove) == 0 {
				continue
			}
			s := summary{Network: m.Name, Measure: l.title, Unit: l.unit, Count: len(kove), Goal: l.goal,
				Stock: median(stock), StockMin: slices.Min(stock), StockMax: slices.Max(stock),
				Kove: median(kove), KoveMin: slices.Min(kove), KoveMax: slices.Max(kove)}
			if s.Kove > 0 {
				s.Ratio = s.Stock / s.Kove
			}
			s.Met = s.Ratio >= s.Goal
			out = append(out, s)
		}
	}
	return out
}

// print writes the table as Markdown: medians, and the range below them.
func (r *report) print(w io.Writer) {
	last := ""
	for _, s := range r.summaries() {
		if s.Network != last {
			fmt.Fprintf(w, "\n%s\n\n| what | stock | kove | stock / kove | goal |\n| --- | --- | --- | --- | --- |\n", s.Network)
			last = s.Network
		}
		goal := ""
		switch {
		case s.Goal > 0 && s.Met:
			goal = fmt.Sprintf("%g, met", s.Goal)
		case s.Goal > 0:
			goal = fmt.Sprintf("%g, missed", s.Goal)
		}
		fmt.Fprintf(w, "| %s | %s (%s-%s) | %s (%s-%s) %s | %s | %s |\n", s.Measure, short(s.Stock), short(s.StockMin), short(s.StockMax),
			short(s.Kove), short(s.KoveMin), short(s.KoveMax), s.Unit, short(s.Ratio), goal)
	}
	fmt.Fprintf(w, "\n%s. %s.\n", r.Machine, r.Settings)
}

func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func (r *report) write(file string) error {
	raw, err := json.MarshalIndent(struct {
		*report
		Summaries []summary
	}{r, r.summaries()}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o644)
}
