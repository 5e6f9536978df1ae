package vlog

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// record is one message on its way.
type record struct {
	log    *Log
	module string
	level  Level
	text   string
	now    time.Time
}

// format expands a pattern (ovs-appctl(8), vlog/set PATTERN).
func (r *record) format(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' || i+1 == len(pattern) {
			b.WriteByte(pattern[i])
			continue
		}
		i++
		left, zero := false, false
		for ; i < len(pattern) && (pattern[i] == '-' || pattern[i] == '0'); i++ {
			left, zero = left || pattern[i] == '-', zero || pattern[i] == '0'
		}
		from := i
		for ; i < len(pattern) && pattern[i] >= '0' && pattern[i] <= '9'; i++ {
		}
		width, _ := strconv.Atoi(pattern[from:i])
		if i == len(pattern) {
			break
		}
		verb, arg := pattern[i], ""
		if i+1 < len(pattern) && pattern[i+1] == '{' {
			if end := strings.IndexByte(pattern[i:], '}'); end > 0 {
				arg = pattern[i+2 : i+end]
				i += end
			}
		}
		s := r.expand(verb, arg)
		pad := max(0, width-len(s))
		switch {
		case left:
			s += strings.Repeat(" ", pad)
		case zero:
			s = strings.Repeat("0", pad) + s
		default:
			s = strings.Repeat(" ", pad) + s
		}
		b.WriteString(s)
	}
	return b.String()
}

func (r *record) expand(verb byte, arg string) string {
	switch verb {
	case 'A':
		return r.log.program
	case 'c':
		return r.module
	case 'd', 'D':
		now := r.now
		if verb == 'D' {
			now = now.UTC()
		}
		if arg == "" {
			arg = "%Y-%m-%d %H:%M:%S.###"
		}
		return strftime(arg, now)
	case 'E':
		host, _ := os.Hostname() // "" is as good as any
		return host
	case 'm':
		return r.text
	case 'N':
		return strconv.Itoa(r.log.serial)
	case 'n':
		return "\n"
	case 'p':
		return r.level.String()
	case 'P':
		return strconv.Itoa(os.Getpid())
	case 'r':
		return strconv.FormatInt(r.now.Sub(r.log.begin).Milliseconds(), 10)
	case 't', 'T':
		return "" // the name of a thread other than the main one
	case '%':
		return "%"
	}
	return "%" + string(verb)
}

var strftimeVerbs = map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'b': "Jan",
	'B': "January", 'a': "Mon", 'A': "Monday", 'e': "_2", 'I': "03", 'p': "PM", 'Z': "MST", 'z': "-0700", 'F': "2006-01-02",
	'T': "15:04:05", 'R': "15:04", 'D': "01/02/06", 'h': "Jan"}

// strftime is strftime(3) in English, where besides ### stands for milliseconds.
func strftime(pattern string, t time.Time) string {
	pattern = strings.ReplaceAll(pattern, "###", fmt.Sprintf("%03d", t.Nanosecond()/1e6))
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' || i+1 == len(pattern) {
			b.WriteByte(pattern[i])
			continue
		}
		i++
		switch layout := strftimeVerbs[pattern[i]]; {
		case layout != "":
			b.WriteString(t.Format(layout))
		case pattern[i] == 's':
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		case pattern[i] == 'j':
			fmt.Fprintf(&b, "%03d", t.YearDay())
		case pattern[i] == '%':
			b.WriteByte('%')
		default:
			b.WriteString(pattern[i-1 : i+1])
		}
	}
	return b.String()
}
