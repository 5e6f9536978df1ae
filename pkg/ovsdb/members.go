package ovsdb

import "fmt"

// members takes the members of a JSON object one by one and remembers the first thing wrong with them, in the words of stock
// ovsdb-server, so that a caller checks once, at the end.
type members struct {
	v    any
	m    map[string]any
	what string
	used map[string]bool
	err  *Error
}

func newMembers(v any, what string) *members {
	m := &members{v: v, what: what, used: map[string]bool{}}
	var ok bool
	if m.m, ok = v.(map[string]any); !ok {
		m.err = &Error{Code: "syntax error", Details: fmt.Sprintf("Parsing %s failed: Object expected.", what)}
	}
	return m
}

func (m *members) fail(format string, args ...any) {
	if m.err == nil {
		m.err = syntaxError(m.v, "Parsing %s failed: %s", m.what, fmt.Sprintf(format, args...))
	}
}

func (m *members) take(name string, required bool) (any, bool) {
	v, ok := m.m[name]
	m.used[name] = true
	if !ok && required {
		m.fail("Required '%s' member is missing.", name)
	}
	return v, ok
}

func (m *members) mismatch(name string) { m.fail("Type mismatch for member '%s'.", name) }

func (m *members) any(name string) any {
	v, _ := m.take(name, true)
	return v
}

func (m *members) optional(name string) any {
	v, _ := m.take(name, false)
	return v
}

// optionalArray is a member that is an array, nil without it.
func (m *members) optionalArray(name string) any {
	v, ok := m.take(name, false)
	if _, isArray := v.([]any); ok && !isArray {
		m.mismatch(name)
	}
	return v
}

func (m *members) str(name string, required bool) (string, bool) {
	v, ok := m.take(name, required)
	if !ok {
		return "", false
	}
	s, ok := v.(string)
	if !ok {
		m.mismatch(name)
	}
	return s, ok
}

func (m *members) id(name string, required bool) string {
	s, ok := m.str(name, required)
	if ok && !isID(s) {
		m.mismatch(name)
		return ""
	}
	return s
}

func (m *members) boolean(name string, def bool) bool {
	v, ok := m.take(name, false)
	if !ok {
		return def
	}
	b, ok := v.(bool)
	if !ok {
		m.mismatch(name)
		return def
	}
	return b
}

func (m *members) integer(name string) (int64, bool) {
	v, ok := m.take(name, false)
	if !ok {
		return 0, false
	}
	n, ok := v.(int64)
	if !ok {
		m.mismatch(name)
	}
	return n, ok
}

func (m *members) real(name string) (float64, bool) {
	switch v := m.optional(name).(type) {
	case nil:
		return 0, false
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	m.mismatch(name)
	return 0, false
}

func (m *members) object(name string, required bool) map[string]any {
	v, ok := m.take(name, required)
	if !ok {
		return nil
	}
	o, ok := v.(map[string]any)
	if !ok {
		m.mismatch(name)
	}
	return o
}

func (m *members) array(name string) ([]any, bool) {
	v, ok := m.take(name, false)
	if !ok {
		return nil, false
	}
	a, ok := v.([]any)
	if !ok {
		m.mismatch(name)
	}
	return a, ok
}

// done reports the first error, or the first member that nobody took.
func (m *members) done() error {
	if m.err == nil {
		var extra []string
		for _, k := range sortedKeys(m.m) {
			if !m.used[k] {
				extra = append(extra, k)
			}
		}
		switch n := len(extra) - 1; {
		case n == 0:
			m.fail("Member '%s' is present but not allowed here.", extra[0])
		case n == 1:
			m.fail("Member '%s' and 1 other member are present but not allowed here.", extra[0])
		case n > 1:
			m.fail("Member '%s' and %d other members are present but not allowed here.", extra[0], n)
		}
	}
	if m.err != nil {
		return m.err
	}
	return nil
}
