package vlog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/ovsdb/unixctl"
)

// Commands are the control commands about logging (ovs-appctl(8), LOGGING COMMANDS).
func (l *Log) Commands() map[string]unixctl.Command {
	const many = 1 << 16
	text := func(f func() string) func([]string) (string, error) {
		return func([]string) (string, error) { return f(), nil }
	}
	return map[string]unixctl.Command{
		"vlog/set": {Args: "{spec | PATTERN:destination:pattern}", Max: many, Run: func(args []string) (string, error) {
			if len(args) == 0 {
				return "", l.Set("")
			}
			for _, a := range args {
				if err := l.Set(a); err != nil {
					return "", err
				}
			}
			return "", nil
		}},
		"vlog/list":         {Run: text(l.list)},
		"vlog/list-pattern": {Run: text(l.listPatterns)},
		"vlog/reopen":       {Run: func([]string) (string, error) { return "", l.Reopen() }},
		"vlog/close":        {Run: text(func() string { l.CloseFile(); return "" })},
		// Nothing is rate limited, which is what the first asks for.
		"vlog/disable-rate-limit": {Args: "[module]...", Max: many, Run: l.checkModules},
		"vlog/enable-rate-limit":  {Args: "[module]...", Max: many, Run: l.checkModules},
	}
}

func (l *Log) checkModules(names []string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range names {
		if n = strings.ToLower(n); n != "any" && l.modules[n] == nil && !l.foreign[n] {
			return "", errors.New("unknown module")
		}
	}
	return "", nil
}

func (l *Log) list() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	b.WriteString("                 console    syslog    file\n                 -------    ------    ------\n")
	for _, name := range slices.Sorted(maps.Keys(l.modules)) {
		m := l.modules[name]
		fmt.Fprintf(&b, "%-16s  %4s       %4s       %4s\n", name, m[Console], m[Syslog], m[File])
	}
	return b.String()
}

func (l *Log) listPatterns() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	b.WriteString("         prefix                            format\n         ------                            ------\n")
	for d, prefix := range [numDestinations]string{"", "none", "none"} {
		fmt.Fprintf(&b, "%-7s  %-32s  %s\n", strings.ToUpper(destinationNames[d]), prefix, l.patterns[d])
	}
	return b.String()
}
