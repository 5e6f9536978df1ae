package vlog

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Level is how grave a message is, or how grave it has to be.
type Level int

// The levels, from none to all.
const (
	Off Level = iota
	Emer
	Err
	Warn
	Info
	Dbg
)

var levelNames = []string{"OFF", "EMER", "ERR", "WARN", "INFO", "DBG"}

func (l Level) String() string { return levelNames[l] }

func levelOf(l slog.Level) Level {
	switch {
	case l >= slog.LevelError:
		return Err
	case l >= slog.LevelWarn:
		return Warn
	case l >= slog.LevelInfo:
		return Info
	}
	return Dbg
}

// Destination is where messages go.
type Destination int

// The destinations.
const (
	Syslog Destination = iota
	Console
	File
	numDestinations
)

var destinationNames = [numDestinations]string{"syslog", "console", "file"}

const (
	defaultPattern = "%D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m"
	filePattern    = "%D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m"
	syslogPattern  = "ovs|%05N|%c%T|%p|%m"
)

// Log is the log of a program.
type Log struct {
	program string
	console io.Writer
	handler slog.Handler // in place of console, if not nil
	now     func() time.Time
	begin   time.Time

	mu       sync.Mutex // guards the rest
	modules  map[string]*[numDestinations]Level
	foreign  map[string]bool // modules of another program, which may be named
	patterns [numDestinations]string
	path     string
	file     *os.File
	syslog   *syslogger
	serial   int
}

// New returns the log of a program with its modules, the first of which takes what has no module. Everything from Info on is
// logged to the console, until it is told otherwise.
func New(program string, console io.Writer, modules ...string) *Log {
	l := &Log{program: program, console: console, now: time.Now, begin: time.Now(), modules: map[string]*[numDestinations]Level{},
		patterns: [numDestinations]string{syslogPattern, defaultPattern, filePattern}}
	for _, m := range modules {
		l.modules[m] = &[numDestinations]Level{Info, Info, Info}
	}
	return l
}

// Over returns the log of a program whose console is another handler's business: its form and order are that one's, the levels
// and the other destinations are as in New.
func Over(program string, console slog.Handler, modules ...string) *Log {
	l := New(program, io.Discard, modules...)
	l.handler = console
	return l
}

// Accept makes Set take the names of modules that are not here, without effect: scripts written for another program name them.
func (l *Log) Accept(modules ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.foreign == nil {
		l.foreign = map[string]bool{}
	}
	for _, m := range modules {
		l.foreign[m] = true
	}
}

// Set takes a specification as of the option -v (ovs-appctl(8)): words separated by spaces, commas or colons, at most one
// each of module, destination and level, or PATTERN:destination:pattern. Nothing sets every level to dbg.
func (l *Log) Set(spec string) error {
	if rest, ok := cutPrefixFold(spec, "PATTERN:"); ok {
		dest, pattern, _ := strings.Cut(rest, ":")
		dest = strings.ToLower(dest)
		if dest != "any" && !slices.Contains(destinationNames[:], dest) {
			return fmt.Errorf("unknown destination \"%s\"", dest)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for d, name := range destinationNames {
			if dest == "any" || dest == name {
				l.patterns[d] = pattern
			}
		}
		return nil
	}
	if facility, ok := cutPrefixFold(spec, "FACILITY:"); ok {
		if !slices.Contains(facilities, strings.ToLower(facility)) {
			return fmt.Errorf("invalid facility")
		}
		return nil // only syslog's RFC 5424 form would say it
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	module, dest, level := "", -1, Dbg
	var hasLevel bool
	for _, w := range strings.FieldsFunc(spec, func(r rune) bool { return strings.ContainsRune(" ,:", r) }) {
		word := strings.ToLower(w)
		if i := slices.Index(levelNames, strings.ToUpper(w)); i >= 0 {
			if hasLevel {
				return fmt.Errorf("cannot specify multiple levels")
			}
			level, hasLevel = Level(i), true
		} else if i := slices.Index(destinationNames[:], word); i >= 0 {
			if dest >= 0 {
				return fmt.Errorf("cannot specify multiple destinations")
			}
			dest = i
		} else if l.modules[word] != nil || l.foreign[word] {
			if module != "" {
				return fmt.Errorf("cannot specify multiple modules")
			}
			module = word
		} else if word != "any" {
			return fmt.Errorf("no destination, level, or module \"%s\"", w)
		}
	}
	for name, m := range l.modules {
		for d := range m {
			if (module == "" || module == name) && (dest < 0 || dest == d) {
				m[d] = level
			}
		}
	}
	return nil
}

// facilities are those of the option -vFACILITY.
var facilities = strings.Fields("kern user mail daemon auth syslog lpr news uucp clock ftp ntp audit alert clock2 " +
	"local0 local1 local2 local3 local4 local5 local6 local7")

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// OpenFile appends to a file from now on, whose folder has to exist.
func (l *Log) OpenFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("opening log file: %w", err)
	}
	l.mu.Lock()
	if l.file != nil {
		l.file.Close()
	}
	l.path, l.file = path, f
	l.mu.Unlock()
	l.Logger("vlog").Info("opened log file " + path)
	return nil
}

// Reopen opens the file again, which somebody has moved away.
func (l *Log) Reopen() error {
	l.mu.Lock()
	path := l.path
	l.mu.Unlock()
	if path == "" {
		return fmt.Errorf("Logging to file not configured")
	}
	l.Logger("vlog").Info("closing log file")
	return l.OpenFile(path)
}

// CloseFile stops logging to the file; Reopen resumes it.
func (l *Log) CloseFile() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}

// CloseConsole stops logging to the console for good.
func (l *Log) CloseConsole() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.console = io.Discard
}

// Logger returns a logger for a module.
func (l *Log) Logger(module string) *slog.Logger {
	return slog.New(&handler{log: l, module: module, console: l.handler})
}

// wants reports whether a destination wants a message.
func (l *Log) wants(module string, d Destination, level Level) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.modules[module]
	return m != nil && level <= m[d]
}

// enabled reports whether any destination wants a message.
func (l *Log) enabled(module string, level Level) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.modules[module]
	return m != nil && level <= max(m[Syslog], m[Console], m[File])
}

func (l *Log) write(module string, level Level, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.modules[module]
	if m == nil {
		return
	}
	l.serial++
	r := record{log: l, module: module, level: level, text: text, now: l.now()}
	// Nobody could be told that a log cannot be written.
	if level <= m[Console] {
		_, _ = io.WriteString(l.console, r.format(l.patterns[Console])+"\n")
	}
	if level <= m[File] && l.file != nil {
		_, _ = l.file.WriteString(r.format(l.patterns[File]) + "\n")
	}
	if level <= m[Syslog] && l.syslog != nil {
		l.syslog.send(l.program, level, r.format(l.patterns[Syslog]))
	}
}

type handler struct {
	log     *Log
	module  string
	attrs   string
	group   string
	console slog.Handler // with the same attributes and groups; nil without Over
}

// Enabled implements slog.Handler. A record may name another module, so that all of them count.
func (h *handler) Enabled(_ context.Context, l slog.Level) bool {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	for _, m := range h.log.modules {
		if levelOf(l) <= max(m[Syslog], m[Console], m[File]) {
			return true
		}
	}
	return false
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	next := *h
	r.Attrs(func(a slog.Attr) bool {
		next.add(a)
		return true
	})
	level := levelOf(r.Level)
	if h.console != nil && h.log.wants(next.module, Console, level) {
		if err := h.console.Handle(ctx, r); err != nil {
			return err
		}
	}
	if h.log.enabled(next.module, level) {
		h.log.write(next.module, level, r.Message+next.attrs)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	for _, a := range attrs {
		next.add(a)
	}
	if h.console != nil {
		next.console = h.console.WithAttrs(attrs)
	}
	return &next
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	next := *h
	next.group += name + "."
	if h.console != nil {
		next.console = h.console.WithGroup(name)
	}
	return &next
}

func (h *handler) add(a slog.Attr) {
	if a.Key == "component" {
		h.log.mu.Lock()
		known := h.log.modules[a.Value.String()] != nil
		h.log.mu.Unlock()
		if known {
			h.module = a.Value.String()
			return
		}
	}
	if a.Value.Kind() == slog.KindGroup {
		inner := *h
		if a.Key != "" {
			inner.group += a.Key + "."
		}
		for _, g := range a.Value.Group() {
			inner.add(g)
		}
		h.attrs = inner.attrs
		return
	}
	v := a.Value.Resolve().String()
	if v == "" || strings.ContainsAny(v, " \"=\n") {
		v = fmt.Sprintf("%q", v)
	}
	h.attrs += fmt.Sprintf(" %s%s=%s", h.group, a.Key, v)
}
