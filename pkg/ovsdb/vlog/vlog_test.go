package vlog

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newTest(t *testing.T) (*Log, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	l := New("prog", &out, "main", "vlog", "jsonrpc")
	l.now = func() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 67e6, time.UTC) }
	return l, &out
}

func TestLevels(t *testing.T) {
	for _, tc := range []struct {
		specs []string
		want  string // letters of the messages below that reach the console
	}{ // "elsewhere" is a module of another program
		{nil, "IWEjc"},
		{[]string{"warn"}, "WE"},
		{[]string{"console:err"}, "E"},
		{[]string{"file:err"}, "IWEjc"},
		{[]string{"CONSOLE,OFF"}, ""},
		{[]string{"jsonrpc:dbg"}, "IWEjJc"},
		{[]string{"off", "jsonrpc:console:dbg"}, "jJ"},
		{[]string{""}, "DIWEjJc"},
		{[]string{"any:emer"}, ""},
		{[]string{"elsewhere:emer"}, "IWEjc"},
	} {
		l, out := newTest(t)
		l.Accept("elsewhere")
		for _, s := range tc.specs {
			if err := l.Set(s); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Set("pattern:console:%m"); err != nil {
			t.Fatal(err)
		}
		log := l.Logger("main")
		log.Debug("D")
		log.Info("I")
		log.Warn("W")
		log.Error("E")
		log.With("component", "jsonrpc").Info("j")
		log.Debug("J", "component", "jsonrpc")
		log.Info("c", "component", "nothing known")
		if got := strings.ReplaceAll(strings.ReplaceAll(out.String(), "\n", ""), ` component="nothing known"`, ""); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.specs, got, tc.want)
		}
	}
}

// TestOver has another handler write to the console: levels apply, attributes and groups arrive.
func TestOver(t *testing.T) {
	var out bytes.Buffer
	l := Over("prog", slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}), "main", "jsonrpc")
	file := filepath.Join(t.TempDir(), "log")
	if err := l.OpenFile(file); err != nil {
		t.Fatal(err)
	}
	log := l.Logger("main").With("a", 1).WithGroup("g")
	log.Info("one", "b", 2)
	log.Debug("two")
	if err := l.Set("console:off"); err != nil {
		t.Fatal(err)
	}
	log.Info("three")
	if err := l.Set("jsonrpc:console:dbg"); err != nil {
		t.Fatal(err)
	}
	log.Debug("four")
	l.Logger("main").Debug("five", "component", "jsonrpc")
	if got := out.String(); !strings.Contains(got, "msg=one a=1 g.b=2") || strings.Contains(got, "two") || strings.Contains(got, "three") ||
		strings.Contains(got, "four") || !strings.Contains(got, "msg=five component=jsonrpc") {
		t.Error(got)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "|main|INFO|three a=1") {
		t.Errorf("%v %s", err, text)
	}
}

func TestSpecErrors(t *testing.T) {
	for spec, want := range map[string]string{
		"foo":                `no destination, level, or module "foo"`,
		"file:bar":           `no destination, level, or module "bar"`,
		"dbg:info":           "cannot specify multiple levels",
		"file:console":       "cannot specify multiple destinations",
		"vlog:main":          "cannot specify multiple modules",
		"PATTERN:nowhere:%m": `unknown destination "nowhere"`,
		"FACILITY:nowhere":   "invalid facility",
	} {
		l, _ := newTest(t)
		if err := l.Set(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", spec, err, want)
		}
	}
}

func TestPattern(t *testing.T) {
	l, out := newTest(t)
	log := l.Logger("main")
	log.Info("first", "ls", "sw 0", "n", 3, slog.Group("g", "x", true))
	if got, want := out.String(), "2030-01-02T03:04:05Z|00001|main|INFO|first ls=\"sw 0\" n=3 g.x=true\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for pattern, want := range map[string]string{
		"%A/%c/%p":                           "prog/main/INFO",
		"%-6p|%6p|":                          "INFO  |  INFO|",
		"%D{%F %T.###}":                      "2030-01-02 03:04:05.067",
		"%d":                                 "2030-01-02 03:04:05.067",
		"100%%%n%q%":                         "100%\n%q%",
		"%D{%Y %y %b %e %s %j %k}%T%t.":      "2030 30 Jan  2 1893553445 002 %k.",
		"%D{%Y-%m-%dT%H:%M:%S.###Z}|%c%T|%m": "2030-01-02T03:04:05.067Z|main|m",
	} {
		out.Reset()
		if err := l.Set("PATTERN:console:" + pattern); err != nil {
			t.Fatal(err)
		}
		log.Info("m")
		if got := strings.TrimSuffix(out.String(), "\n"); got != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}

func TestFile(t *testing.T) {
	l, _ := newTest(t)
	l.CloseConsole()
	if err := l.Reopen(); err == nil {
		t.Error("reopening what was never opened")
	}
	if err := l.OpenFile(filepath.Join(t.TempDir(), "no", "log")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder that is not there: %v", err)
	}
	path := filepath.Join(t.TempDir(), "log")
	if err := l.OpenFile(path); err != nil {
		t.Fatal(err)
	}
	log := l.Logger("main")
	log.Info("one")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	log.Info("two")
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	log.Info("three")
	l.CloseFile()
	log.Info("lost")
	old, _ := os.ReadFile(path + ".1")
	now, _ := os.ReadFile(path)
	if !strings.Contains(string(old), "|vlog|INFO|opened log file "+path+"\n") || !strings.Contains(string(old), "|INFO|two\n") ||
		strings.Contains(string(old), "three") || !strings.Contains(string(now), "three") || strings.Contains(string(now), "lost") {
		t.Errorf("%s\n--\n%s", old, now)
	}
}

func TestSyslog(t *testing.T) {
	l, _ := newTest(t)
	if err := l.SetSyslog("carrier-pigeon", ""); err == nil || err.Error() != "unsupported syslog method 'carrier-pigeon'" {
		t.Errorf("%v", err)
	}
	sock := filepath.Join(t.TempDir(), "log")
	uc, err := net.ListenPacket("unixgram", sock)
	if err != nil {
		t.Fatal(err)
	}
	defer uc.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	if err := l.SetSyslog("unix:"+sock, udp.LocalAddr().String()); err != nil {
		t.Fatal(err)
	}
	l.Logger("main").Warn("trouble")
	for _, from := range []net.PacketConn{uc, udp} {
		b := make([]byte, 500)
		from.SetReadDeadline(time.Now().Add(time.Minute))
		n, _, err := from.ReadFrom(b)
		if got := string(b[:n]); err != nil || !strings.HasPrefix(got, "<28>") || !strings.Contains(got, "prog[") ||
			!strings.HasSuffix(got, "]: ovs|00001|main|WARN|trouble") {
			t.Errorf("%q %v", got, err)
		}
	}
}

// The forms are those that stock's daemons print.
func TestCommands(t *testing.T) {
	l, _ := newTest(t)
	c := l.Commands()
	if _, err := c["vlog/set"].Run([]string{"console:off", "jsonrpc:file:dbg"}); err != nil {
		t.Fatal(err)
	}
	want := "                 console    syslog    file\n" +
		"                 -------    ------    ------\n" +
		"jsonrpc            OFF       INFO        DBG\n" +
		"main               OFF       INFO       INFO\n" +
		"vlog               OFF       INFO       INFO\n"
	if got, _ := c["vlog/list"].Run(nil); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	want = "         prefix                            format\n" +
		"         ------                            ------\n" +
		"SYSLOG                                     ovs|%05N|%c%T|%p|%m\n" +
		"CONSOLE  none                              %D{%Y-%m-%dT%H:%M:%SZ}|%05N|%c%T|%p|%m\n" +
		"FILE     none                              %D{%Y-%m-%dT%H:%M:%S.###Z}|%05N|%c%T|%p|%m\n"
	if got, _ := c["vlog/list-pattern"].Run(nil); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if _, err := c["vlog/set"].Run([]string{"foo"}); err == nil {
		t.Error("no error")
	}
}
