package northd

import (
	"encoding/json"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestOldSchema starts a northd at a database whose schema is too old: it says what is missing, does nothing, and goes on once the
// database is converted.
func TestOldSchema(t *testing.T) {
	l := newLab(t)
	text, err := os.ReadFile(l.stock + "/share/ovn/ovn-nb.ovsschema")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	schema["version"] = "7.0.0"
	delete(schema["tables"].(map[string]any)["ACL"].(map[string]any)["columns"].(map[string]any), "network_function_group")
	delete(schema["tables"].(map[string]any)["ACL"].(map[string]any)["columns"].(map[string]any), "sample_new")
	if text, err = json.Marshal(schema); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.path("old.ovsschema"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	l.run("ovsdb-tool", "create", l.path("nb.db"), l.path("old.ovsschema"))
	l.databases("stock")
	p := l.northd("kove", "northd")
	const want = `OVN_Northbound is of version 7.0.0 and has no column sample_new in table ACL: upgrade it to version 7.11.0`
	p.until("it says what is missing", func() bool { return strings.Contains(p.said(), want) })
	l.run("ovsdb-client", "convert", "unix:"+l.path("ovnnb_db.sock"), l.stock+"/share/ovn/ovn-nb.ovsschema")
	l.nbctl("--wait=sb", "ls-add", "sw0")
}

// TestUser runs as somebody else, who may then write where it has to.
func TestUser(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t)
	l.databases("stock")
	files, err := filepath.Glob(l.path("*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(files, l.dir) {
		if err := os.Lchown(f, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	// Programs built for a test are root's alone.
	binary := l.path("ovn-northd")
	text, err := os.ReadFile(self(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(binary, text, 0o755); err != nil {
		t.Fatal(err)
	}
	l.run(binary, "--user=nobody", "--detach", "--no-chdir", "--pidfile", "--log-file")
	pid := readPid(t, l.path("ovn-northd.pid"))
	l.reap(pid)
	status, err := os.ReadFile("/proc/" + itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Uid:\t" + nobody.Uid + "\t" + nobody.Uid + "\t" + nobody.Uid, "Gid:\t" + nobody.Gid, "CapEff:\t0000000000000000"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("want %q in\n%s", want, status)
		}
	}
	for _, name := range []string{"ovn-northd.pid", "ovn-northd.log", "ovn-northd." + itoa(pid) + ".ctl"} {
		st, err := os.Stat(l.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if of := st.Sys().(*syscall.Stat_t).Uid; int(of) != uid {
			t.Errorf("%s is of user %d", name, of)
		}
	}
	l.nbctl("--wait=sb", "ls-add", "sw0")
	l.run("ovn-appctl", "-t", "ovn-northd", "exit")
	l.until("it ends", func() bool { return !alive(pid) })
}
