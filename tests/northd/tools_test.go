package northd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// side is a central, of stock or of kove, for the tools to talk to: nb.sock, sb.sock, nb.db and sb.db in a folder.
type side struct {
	*lab
	who string
}

func newSide(t *testing.T, who string) side {
	t.Helper()
	l := newLab(t)
	if who == "kove" {
		l.start("ovn-central", "--data-dir", l.dir, "--ctl-dir", l.dir, "--nb-remote", "punix:"+l.path("nb.sock"), "--sb-remote", "punix:"+l.path("sb.sock"),
			"--nb-remote", "db:OVN_Northbound,NB_Global,connections", "--sb-remote", "db:OVN_Southbound,SB_Global,connections")
	} else {
		for db, table := range map[string]string{"nb": "OVN_Northbound,NB_Global", "sb": "OVN_Southbound,SB_Global"} {
			l.run("ovsdb-tool", "create", l.path(db+".db"), l.stock+"/share/ovn/ovn-"+db+".ovsschema")
			l.start("ovsdb-server", "--remote=punix:"+l.path(db+".sock"), "--remote=db:"+table+",connections", "--unixctl="+l.path("ovn"+db+"_db.ctl"), "-vconsole:off", l.path(db+".db"))
			l.until(db+" is served", func() bool { return listens(l.path(db + ".sock")) })
		}
		l.northd("stock", "northd", "--ovnnb-db=unix:"+l.path("nb.sock"), "--ovnsb-db=unix:"+l.path("sb.sock"))
	}
	l.until("both are served", func() bool {
		return listens(l.path("nb.sock")) && listens(l.path("sb.sock")) && listens(l.path("ovnnb_db.ctl")) && listens(l.path("ovnsb_db.ctl"))
	})
	l.run("ovn-nbctl", "--db=unix:"+l.path("nb.sock"), "-t40", "--wait=sb", "init")
	return side{l, who}
}

// prelude has functions for ovsdb-client's commands that do not end by themselves: begin returns when one has said something,
// finish ends it when it has said what is asked for, and prints all of it.
const prelude = `
begin() { ovsdb-client "$@" >@/begun 2>&1 & begun=$!; until [ -s @/begun ]; do sleep 0.02; done; }
finish() { until grep -q "$1" @/begun; do sleep 0.02; done; { kill $begun; wait $begun; } 2>/dev/null; cat @/begun; rm @/begun; }
`

// shell runs a line of a script and returns all that it says, without what differs from run to run.
func (s side) shell(line string) string {
	s.t.Helper()
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("/bin/bash", "-c", strings.NewReplacer("@/", s.dir+"/", "$STOCK", s.stock, "$TESTDATA", testdata).Replace(prelude+line))
	cmd.Env, cmd.Dir = s.env, s.dir
	slow := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	defer slow.Stop()
	out, err := cmd.CombinedOutput()
	text := strings.ReplaceAll(string(out), s.dir, "DIR")
	text = uuids.ReplaceAllString(text, "UUID")
	text = logTime.ReplaceAllString(text, "")
	// A table is as wide as its widest value.
	text = regexp.MustCompile(` +`).ReplaceAllString(text, " ")
	text = regexp.MustCompile(`-{2,}`).ReplaceAllString(text, "--")
	if err != nil {
		text += "status: " + err.Error() + "\n"
	}
	return text
}

var logTime = regexp.MustCompile(`(?m)^20[0-9-]+T[0-9:.]+Z\|`)

// TestTools plays lines of shell, with stock's tools in them, to a central of stock and to kove's, and compares what the tools
// say. @ is the folder with the sockets and files. The last one is a client by Open vSwitch's Python library, as OpenStack has it.
func TestTools(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "tools.txt"))
	if err != nil {
		t.Fatal(err)
	}
	stock, kove := newSide(t, "stock"), newSide(t, "kove")
	n, bytes := 0, 0
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		n++
		var want string
		done := make(chan struct{})
		go func() {
			defer close(done)
			want = stock.shell(line)
		}()
		have := kove.shell(line)
		<-done
		bytes += len(want)
		if want != have {
			t.Errorf("%s\nstock: %s\nkove:  %s", line, want, have)
		}
		if strings.Contains(line, "idl.py") && !strings.HasSuffix(want, "ports left: 1\n") {
			t.Errorf("%s did not come to its end: %s", line, want)
		}
	}
	if n < 80 || bytes < 30_000 {
		t.Errorf("only %d lines were played, which said %d bytes", n, bytes)
	}
}
