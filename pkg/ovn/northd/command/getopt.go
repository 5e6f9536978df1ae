package command

import (
	"fmt"
	"strings"
)

// option is one of getopt_long(3).
type option struct {
	name  string
	short byte // 0 for none
	arg   argument
	usage string // how the value is called
}

type argument int

const (
	noArgument argument = iota
	needsArgument
	mayHaveArgument // with = or, for a short option, attached
)

// misuse is an error of the command line's form, with a hint.
func misuse(format string, args ...any) error {
	return fmt.Errorf(format+" (see %s --help)", append(args, Program)...)
}

// parse calls set for each option of a command line, in order. Names may be abbreviated. It stops at the first error, be it
// of set.
func parse(options []option, args []string, set func(o *option, value string, given bool) error) error {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			if i+1 < len(args) {
				return stray(args[i+1])
			}
			return nil
		case strings.HasPrefix(a, "--"):
			name, value, given := strings.Cut(a[2:], "=")
			o, err := find(options, name)
			if err != nil {
				return err
			}
			switch {
			case given && o.arg == noArgument:
				return misuse("option '--%s' doesn't allow an argument", o.name)
			case !given && o.arg == needsArgument:
				if i++; i == len(args) {
					return misuse("option '--%s' requires an argument", o.name)
				}
				value, given = args[i], true
			}
			if err := set(o, value, given); err != nil {
				return err
			}
		case len(a) > 1 && a[0] == '-':
			for j := 1; j < len(a); j++ {
				o := findShort(options, a[j])
				if o == nil {
					return misuse("invalid option -- '%c'", a[j])
				}
				value, given := "", false
				if o.arg != noArgument {
					value, given = a[j+1:], j+1 < len(a)
					j = len(a)
					if !given && o.arg == needsArgument {
						if i++; i == len(args) {
							return misuse("option requires an argument -- '%c'", o.short)
						}
						value, given = args[i], true
					}
				}
				if err := set(o, value, given); err != nil {
					return err
				}
			}
		default:
			return stray(a)
		}
	}
	return nil
}

func stray(arg string) error {
	return misuse("argument '%s' is not expected: everything is an option", arg)
}

func find(options []option, name string) (*option, error) {
	var found []*option
	for i := range options {
		if options[i].name == name {
			return &options[i], nil
		}
		if strings.HasPrefix(options[i].name, name) {
			found = append(found, &options[i])
		}
	}
	switch len(found) {
	case 0:
		return nil, misuse("unrecognized option '--%s'", name)
	case 1:
		return found[0], nil
	}
	var names []string
	for _, o := range found {
		names = append(names, "'--"+o.name+"'")
	}
	return nil, misuse("option '--%s' is ambiguous; possibilities: %s", name, strings.Join(names, " "))
}

func findShort(options []option, c byte) *option {
	for i := range options {
		if options[i].short == c {
			return &options[i]
		}
	}
	return nil
}
