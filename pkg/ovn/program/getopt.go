package program

import (
	"fmt"
	"strings"
)

// Option is one of getopt_long(3).
type Option struct {
	Name  string
	Short byte // 0 for none
	Arg   Argument
}

// Argument says whether an option has a value.
type Argument int

// With a value, without, or either: then with = or, for a short option, attached.
const (
	NoArgument Argument = iota
	NeedsArgument
	MayHaveArgument
)

// parse calls set for each option of a command line, in order, and returns what is no option. Names may be abbreviated. It
// stops at the first error, be it of set.
func parse(options []Option, args []string, set func(o *Option, value string, given bool) error) (rest []string, err error) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return append(rest, args[i+1:]...), nil
		case strings.HasPrefix(a, "--"):
			name, value, given := strings.Cut(a[2:], "=")
			o, err := find(options, name)
			if err != nil {
				return nil, err
			}
			switch {
			case given && o.Arg == NoArgument:
				return nil, fmt.Errorf("option '--%s' doesn't allow an argument", o.Name)
			case !given && o.Arg == NeedsArgument:
				if i++; i == len(args) {
					return nil, fmt.Errorf("option '--%s' requires an argument", o.Name)
				}
				value, given = args[i], true
			}
			if err := set(o, value, given); err != nil {
				return nil, err
			}
		case len(a) > 1 && a[0] == '-':
			for j := 1; j < len(a); j++ {
				o := findShort(options, a[j])
				if o == nil {
					return nil, fmt.Errorf("invalid option -- '%c'", a[j])
				}
				value, given := "", false
				if o.Arg != NoArgument {
					value, given = a[j+1:], j+1 < len(a)
					j = len(a)
					if !given && o.Arg == NeedsArgument {
						if i++; i == len(args) {
							return nil, fmt.Errorf("option requires an argument -- '%c'", o.Short)
						}
						value, given = args[i], true
					}
				}
				if err := set(o, value, given); err != nil {
					return nil, err
				}
			}
		default:
			rest = append(rest, a)
		}
	}
	return rest, nil
}

func find(options []Option, name string) (*Option, error) {
	var found []*Option
	for i := range options {
		if options[i].Name == name {
			return &options[i], nil
		}
		if strings.HasPrefix(options[i].Name, name) {
			found = append(found, &options[i])
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("unrecognized option '--%s'", name)
	case 1:
		return found[0], nil
	}
	var names []string
	for _, o := range found {
		names = append(names, "'--"+o.Name+"'")
	}
	return nil, fmt.Errorf("option '--%s' is ambiguous; possibilities: %s", name, strings.Join(names, " "))
}

func findShort(options []Option, c byte) *Option {
	for i := range options {
		if options[i].Short == c {
			return &options[i]
		}
	}
	return nil
}
