package config

import (
	"fmt"
	"strings"
)

// Fault is one thing wrong with the input.
type Fault struct {
	// Option is the name of the option, "" when the fault is not one option's.
	Option string
	// Origin is the flag, variable or file and line.
	Origin string
	// What is wrong.
	What string
	// Remedy is what to do about it.
	Remedy string
}

// Error gives the fault on one line: where, what, remedy.
func (f Fault) Error() string {
	where := f.Origin
	if where == "default" {
		where = ""
	}
	if f.Option != "" && !strings.Contains(where, f.Option) {
		where = strings.TrimPrefix(where+": "+f.Option, ": ")
	}
	s := where + ": " + f.What
	if f.Remedy != "" {
		s += "; " + f.Remedy
	}
	return s
}

// Faults are all faults that one stage found.
type Faults []Fault

// Error gives one fault a line.
func (fs Faults) Error() string {
	if len(fs) == 1 {
		return fs[0].Error()
	}
	lines := make([]string, 0, len(fs)+1)
	lines = append(lines, fmt.Sprintf("%d things are wrong with the configuration:", len(fs)))
	for _, f := range fs {
		lines = append(lines, "  - "+f.Error())
	}
	return strings.Join(lines, "\n")
}

// Err is nil when there are none.
func (fs Faults) Err() error {
	if len(fs) == 0 {
		return nil
	}
	return fs
}
