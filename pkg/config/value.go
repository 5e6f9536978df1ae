package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Kind is how an option's text is read.
type Kind string

// The kinds, named as the documentation names them.
const (
	KindString  Kind = "string"
	KindBool    Kind = "true|false"
	KindInt     Kind = "number"
	KindAddress Kind = "address"
	KindCIDR    Kind = "cidr"
	KindPorts   Kind = "first-last"
	KindMode    Kind = "octal mode"
	KindList    Kind = "list"
)

// value reads text into one field of a Config. Lists take any number of texts, all others exactly one.
type value struct {
	kind Kind
	set  func(texts []string) error
	get  func() []string
}

func one(kind Kind, set func(string) error, get func() string) value {
	return value{kind: kind,
		set: func(texts []string) error {
			if len(texts) != 1 {
				return fmt.Errorf("takes one value, got %d", len(texts))
			}
			return set(texts[0])
		},
		get: func() []string {
			if text := get(); text != "" {
				return []string{text}
			}
			return nil
		}}
}

func text(p *string) value {
	return one(KindString, func(s string) error { *p = s; return nil }, func() string { return *p })
}

func flag(p *bool) value {
	return one(KindBool, func(s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		*p = b
		return nil
	}, func() string {
		if *p {
			return "true"
		}
		return ""
	})
}

func number(p *int, min, max int) value {
	return one(KindInt, func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		if n < min || n > max {
			return fmt.Errorf("%d is outside %d-%d", n, min, max)
		}
		*p = n
		return nil
	}, func() string {
		if *p == 0 {
			return ""
		}
		return strconv.Itoa(*p)
	})
}

func mode(p *uint32) value {
	return one(KindMode, func(s string) error {
		n, err := strconv.ParseUint(s, 8, 32)
		if err != nil || n > 0o777 {
			return fmt.Errorf("%q is not an octal file mode such as 600", s)
		}
		*p = uint32(n)
		return nil
	}, func() string { return fmt.Sprintf("%04o", *p) })
}

func address(p *netip.Addr) value {
	return one(KindAddress, func(s string) error {
		a, err := parseAddr(s)
		if err != nil {
			return err
		}
		*p = a
		return nil
	}, func() string {
		if !p.IsValid() {
			return ""
		}
		return p.String()
	})
}

func cidr(p *netip.Prefix) value {
	return one(KindCIDR, func(s string) error {
		c, err := netip.ParsePrefix(s)
		if err != nil {
			return fmt.Errorf("%q is not a range such as 10.16.0.0/16", s)
		}
		if !c.Addr().Is4() {
			return fmt.Errorf("%s is IPv6: kove's own ranges are IPv4 so far", c)
		}
		if c != c.Masked() {
			return fmt.Errorf("%s has address bits behind its /%d: write %s", c, c.Bits(), c.Masked())
		}
		*p = c
		return nil
	}, func() string {
		if !p.IsValid() {
			return ""
		}
		return p.String()
	})
}

func ports(p *PortRange) value {
	return one(KindPorts, func(s string) error {
		first, last, ok := strings.Cut(s, "-")
		a, errA := strconv.Atoi(first)
		b, errB := strconv.Atoi(last)
		if !ok || errA != nil || errB != nil || a < 1 || b > 65535 || a > b {
			return fmt.Errorf("%q is not a port range such as 30000-32767", s)
		}
		*p = PortRange{First: a, Last: b}
		return nil
	}, func() string {
		if *p == (PortRange{}) {
			return ""
		}
		return p.String()
	})
}

// String is the form that the API server's flag takes.
func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

// Contains tells whether a port lies in the range.
func (r PortRange) Contains(port int) bool { return port >= r.First && port <= r.Last }

// list keeps each text as it is, for values that may contain commas.
func list(p *[]string) value {
	return value{kind: KindList,
		set: func(texts []string) error { *p = append([]string(nil), texts...); return nil },
		get: func() []string { return *p }}
}

// words also splits at commas: "--disable a,b" and "--disable a --disable b" are the same.
func words(p *[]string) value {
	return value{kind: KindList,
		set: func(texts []string) error { *p = split(texts); return nil },
		get: func() []string { return *p }}
}

func addresses(p *[]netip.Addr) value {
	return value{kind: KindList,
		set: func(texts []string) error {
			var out []netip.Addr
			for _, s := range split(texts) {
				a, err := parseAddr(s)
				if err != nil {
					return err
				}
				out = append(out, a)
			}
			*p = out
			return nil
		},
		get: func() []string {
			var out []string
			for _, a := range *p {
				out = append(out, a.String())
			}
			return out
		}}
}

func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return a, fmt.Errorf("%q is not an IP address", s)
	}
	return a.Unmap(), nil
}

func split(texts []string) []string {
	var out []string
	for _, t := range texts {
		for _, s := range strings.Split(t, ",") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}
