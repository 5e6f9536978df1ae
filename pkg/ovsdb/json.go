package ovsdb

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON values are nil, bool, int64, float64, string, []any and map[string]any. As in OVSDB, a number whose value is integral
// and fits is an int64, however it was written.

const jsonMaxDepth = 1000

var errJSONEnd = errors.New("parsing JSON: unexpected end of input")

type jsonParser struct {
	b     []byte
	i     int
	depth int
}

// parseJSON parses exactly one value.
func parseJSON(b []byte) (any, error) {
	p := jsonParser{b: b}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.i != len(p.b) {
		return nil, p.bad("end of input")
	}
	return v, nil
}

func (p *jsonParser) bad(want string) error {
	if p.i >= len(p.b) {
		return errJSONEnd
	}
	return fmt.Errorf("parsing JSON: byte %d is %q: want %s", p.i, p.b[p.i], want)
}

func (p *jsonParser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *jsonParser) value() (any, error) {
	p.space()
	if p.i >= len(p.b) {
		return nil, errJSONEnd
	}
	switch c := p.b[p.i]; {
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '"':
		return p.str()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		return true, p.word("true")
	case c == 'f':
		return false, p.word("false")
	case c == 'n':
		return nil, p.word("null")
	}
	return nil, p.bad("a value")
}

func (p *jsonParser) word(w string) error {
	if len(p.b)-p.i < len(w) || string(p.b[p.i:p.i+len(w)]) != w {
		return p.bad(w)
	}
	p.i += len(w)
	return nil
}

func (p *jsonParser) enter() error {
	if p.depth++; p.depth > jsonMaxDepth {
		return fmt.Errorf("parsing JSON: nested more than %d deep", jsonMaxDepth)
	}
	p.i++
	p.space()
	return nil
}

func (p *jsonParser) object() (any, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	m := map[string]any{}
	if p.i < len(p.b) && p.b[p.i] == '}' {
		p.i++
		p.depth--
		return m, nil
	}
	for {
		p.space()
		if p.i >= len(p.b) || p.b[p.i] != '"' {
			return nil, p.bad("a member name")
		}
		k, err := p.str()
		if err != nil {
			return nil, err
		}
		p.space()
		if p.i >= len(p.b) || p.b[p.i] != ':' {
			return nil, p.bad("':'")
		}
		p.i++
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		m[k] = v
		p.space()
		if p.i >= len(p.b) {
			return nil, errJSONEnd
		}
		switch p.b[p.i] {
		case ',':
			p.i++
		case '}':
			p.i++
			p.depth--
			return m, nil
		default:
			return nil, p.bad("',' or '}'")
		}
	}
}

func (p *jsonParser) array() (any, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	a := []any{}
	if p.i < len(p.b) && p.b[p.i] == ']' {
		p.i++
		p.depth--
		return a, nil
	}
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		a = append(a, v)
		p.space()
		if p.i >= len(p.b) {
			return nil, errJSONEnd
		}
		switch p.b[p.i] {
		case ',':
			p.i++
		case ']':
			p.i++
			p.depth--
			return a, nil
		default:
			return nil, p.bad("',' or ']'")
		}
	}
}

func (p *jsonParser) str() (string, error) {
	p.i++
	start := p.i
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			s := string(p.b[start:p.i])
			p.i++
			return s, nil
		case c == '\\':
			return p.strSlow(start)
		case c < 0x20:
			return "", p.bad("no control character in a string")
		default:
			p.i++
		}
	}
	return "", errJSONEnd
}

func (p *jsonParser) strSlow(start int) (string, error) {
	out := append([]byte(nil), p.b[start:p.i]...)
	for p.i < len(p.b) {
		c := p.b[p.i]
		switch {
		case c == '"':
			p.i++
			return string(out), nil
		case c < 0x20:
			return "", p.bad("no control character in a string")
		case c != '\\':
			out = append(out, c)
			p.i++
			continue
		}
		if p.i++; p.i >= len(p.b) {
			return "", errJSONEnd
		}
		c = p.b[p.i]
		p.i++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, err := p.hex4()
			if err != nil {
				return "", err
			}
			if r == 0 {
				// As stock: there are no such strings, and a client of stock's could not read them.
				return "", fmt.Errorf("parsing JSON: byte %d: a string holds no NUL", p.i)
			}
			if r >= 0xdc00 && r < 0xe000 { // the second half of a pair without the first: not UTF-8, which is for others to say
				out = append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6&0x3f), 0x80|byte(r&0x3f))
				continue
			}
			if utf16.IsSurrogate(r) {
				if len(p.b)-p.i < 2 || p.b[p.i] != '\\' || p.b[p.i+1] != 'u' {
					return "", fmt.Errorf("parsing JSON: byte %d: half a surrogate pair", p.i)
				}
				p.i += 2
				low, err := p.hex4()
				if err != nil {
					return "", err
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					return "", fmt.Errorf("parsing JSON: byte %d: half a surrogate pair", p.i)
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			p.i--
			return "", p.bad("an escape")
		}
	}
	return "", errJSONEnd
}

// notUTF8 returns the bytes of a string up to the one with which it stops being UTF-8, from the beginning of that character
// on; nil if it is UTF-8. The end counts as a byte 0.
func notUTF8(s string) []byte {
	for i := 0; i < len(s); {
		if _, n := utf8.DecodeRuneInString(s[i:]); n > 1 || s[i] < utf8.RuneSelf {
			i += n
			continue
		}
		first, more := s[i], 0
		low, high := byte(0x80), byte(0xbf) // of the second byte
		switch {
		case first >= 0xc2 && first < 0xe0:
			more = 1
		case first >= 0xe0 && first < 0xf0:
			more = 2
		case first >= 0xf0 && first < 0xf5:
			more = 3
		}
		switch first {
		case 0xe0:
			low = 0xa0
		case 0xed:
			high = 0x9f
		case 0xf0:
			low = 0x90
		case 0xf4:
			high = 0x8f
		}
		out := []byte{first}
		for k := 1; k <= more; k++ {
			c := byte(0)
			if i+k < len(s) {
				c = s[i+k]
			}
			if out = append(out, c); c < low || c > high {
				break
			}
			low, high = 0x80, 0xbf
		}
		return out
	}
	return nil
}

func (p *jsonParser) hex4() (rune, error) {
	if len(p.b)-p.i < 4 {
		return 0, errJSONEnd
	}
	n, err := strconv.ParseUint(string(p.b[p.i:p.i+4]), 16, 16)
	if err != nil {
		return 0, p.bad("four hexadecimal digits")
	}
	p.i += 4
	return rune(n), nil
}

func (p *jsonParser) digits() int {
	n := 0
	for p.i < len(p.b) && p.b[p.i] >= '0' && p.b[p.i] <= '9' {
		p.i++
		n++
	}
	return n
}

func (p *jsonParser) number() (any, error) {
	start := p.i
	if p.b[p.i] == '-' {
		p.i++
	}
	first := p.i
	n := p.digits()
	if n == 0 {
		return nil, p.bad("a digit")
	}
	if n > 1 && p.b[first] == '0' {
		p.i = first
		return nil, fmt.Errorf("parsing JSON: byte %d: leading zeros are not allowed", first)
	}
	plain := true
	if p.i < len(p.b) && p.b[p.i] == '.' {
		plain = false
		p.i++
		if p.digits() == 0 {
			return nil, p.bad("a digit after the decimal point")
		}
	}
	if p.i < len(p.b) && (p.b[p.i] == 'e' || p.b[p.i] == 'E') {
		plain = false
		p.i++
		if p.i < len(p.b) && (p.b[p.i] == '+' || p.b[p.i] == '-') {
			p.i++
		}
		if p.digits() == 0 {
			return nil, p.bad("a digit in the exponent")
		}
	}
	s := string(p.b[start:p.i])
	if plain {
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			return v, nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("parsing JSON: number %.40s is outside the valid range", s)
	}
	if f != math.Trunc(f) {
		return f, nil
	}
	if math.Abs(f) < 1<<53 {
		return int64(f), nil
	}
	if v, ok := integral(s); ok {
		return v, nil
	}
	return f, nil
}

// integral reads a number that may have a fraction and an exponent, such as 1e18, exactly; false if it is no int64.
func integral(s string) (int64, bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	fraction = strings.TrimRight(fraction, "0")
	exp := 0
	if exponent != "" {
		var err error
		if exp, err = strconv.Atoi(exponent); err != nil {
			return 0, false
		}
	}
	if exp -= len(fraction); exp < 0 || exp > 18 {
		return 0, false
	}
	v, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", exp), 10, 64)
	return v, err == nil
}

// appendJSON appends v with sorted object members.
func appendJSON(b []byte, v any) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, x)
	case int:
		return strconv.AppendInt(b, int64(x), 10)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case float64:
		return appendReal(b, x)
	case string:
		return appendString(b, x)
	case UUID:
		return appendUUIDAtom(b, x)
	case []any:
		b = append(b, '[')
		for i, e := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, e)
		}
		return append(b, ']')
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		b = append(b, '{')
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, k)
			b = append(b, ':')
			b = appendJSON(b, x[k])
		}
		return append(b, '}')
	}
	panic(fmt.Sprintf("ovsdb: %T is not a JSON value", v))
}

func jsonText(v any) string { return string(appendJSON(nil, v)) }

func appendReal(b []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

func appendUUIDAtom(b []byte, u UUID) []byte {
	b = append(b, `["uuid","`...)
	b = u.append(b)
	return append(b, `"]`...)
}

func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
