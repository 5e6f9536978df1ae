package command

import (
	"errors"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/kove-io/kove/pkg/ovn/program"
	"github.com/kove-io/kove/pkg/ovsdb"
)

func environ(vars ...string) func(string) string {
	return func(name string) string {
		for _, v := range vars {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// given parses a command line and returns what differs from that without options.
func given(t *testing.T, line string, vars ...string) *options {
	t.Helper()
	env := environ(vars...)
	o, err := parseOptions(newProgram(env), strings.Fields(line), env, func(string) error { return nil })
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return o
}

func TestDefaults(t *testing.T) {
	pid := strconv.Itoa(os.Getpid())
	for _, tc := range []struct {
		line string
		vars []string
		want options
	}{
		{"", nil, options{Options: &program.Options{Unixctl: "/var/run/ovn/ovn-northd." + pid + ".ctl"}, nb: []string{"unix:/var/run/ovn/ovnnb_db.sock"}, sb: []string{"unix:/var/run/ovn/ovnsb_db.sock"}, threads: 1}},
		{"--pidfile --log-file", []string{"OVN_RUNDIR=/r", "OVS_LOGDIR=/l", "OVN_NB_DB=tcp:h:1,tcp:h:2", "OVS_SYSLOG_METHOD=null"},
			options{Options: &program.Options{Unixctl: "/r/ovn-northd." + pid + ".ctl", Pidfile: "/r/ovn-northd.pid", LogFile: "/l/ovn-northd.log", SyslogMethod: "null"}, nb: []string{"tcp:h:1", "tcp:h:2"}, sb: []string{"unix:/r/ovnsb_db.sock"}, threads: 1}},
		{"--pidfile=x.pid --log-file=/a/b.log -u c.ctl --ovnsb unix:s -D unix:n --dry-run --n-threads 3 --overwrite-pidfile",
			[]string{"OVN_RUNDIR=/r", "OVN_LOGDIR=/k", "OVS_LOGDIR=/l"},
			options{Options: &program.Options{Unixctl: "/r/c.ctl", Pidfile: "/r/x.pid", LogFile: "/a/b.log", OverwritePidfile: true}, nb: []string{"unix:n"}, sb: []string{"unix:s"}, dryRun: true, threads: 3}},
		{"--unixctl=none -p k -cc.pem -C none --ovnsb-db=ssl:[::1]:6642 --detach --monitor --no-chdir --user=u:g --no-self-confinement",
			[]string{"OVN_RUNDIR=/r"},
			options{Options: &program.Options{Detach: true, Monitor: true, NoChdir: true, User: "u:g", TLS: ovsdb.TLSFiles{PrivateKey: "k", Certificate: "c.pem", CACert: "none"}}, nb: []string{"unix:/r/ovnnb_db.sock"}, sb: []string{"ssl:[::1]:6642"}, threads: 1}},
		{"--n-threads=0", []string{"OVN_RUNDIR=/r"}, options{Options: &program.Options{Unixctl: "/r/ovn-northd." + pid + ".ctl", Warnings: []string{"Setting n_threads to 1 as --n-threads option was set to : [0]"}}, nb: []string{"unix:/r/ovnnb_db.sock"}, sb: []string{"unix:/r/ovnsb_db.sock"}, threads: 1}},
		{"--n-threads=900", []string{"OVN_RUNDIR=/r"}, options{Options: &program.Options{Unixctl: "/r/ovn-northd." + pid + ".ctl", Warnings: []string{"Setting n_threads to 256 as --n-threads option was set to : [900]"}}, nb: []string{"unix:/r/ovnnb_db.sock"}, sb: []string{"unix:/r/ovnsb_db.sock"}, threads: 256}},
	} {
		if got := given(t, tc.line, tc.vars...); !reflect.DeepEqual(*got, tc.want) {
			t.Errorf("%q:\n%+v %+v, want\n%+v %+v", tc.line, *got, *got.Options, tc.want, *tc.want.Options)
		}
	}
}

// The specifications of -v are taken in order, and the first that is wrong ends it, unless something is to be shown before.
func TestVerbose(t *testing.T) {
	wrong := errors.New("wrong")
	for line, want := range map[string]string{
		"-v -vdbg --verbose --verbose=file:warn": ",dbg,,file:warn|<nil>",
		"-vbad -vnever":                          `bad|processing "bad": wrong`,
		"-vone -V -vbad --nonsense":              "one|<nil>",
	} {
		var got []string
		_, err := parseOptions(newProgram(environ()), strings.Fields(line), environ(), func(spec string) error {
			got = append(got, spec)
			if spec == "bad" {
				return wrong
			}
			return nil
		})
		text := strings.Join(got, ",") + "|<nil>"
		if err != nil {
			text = strings.Join(got, ",") + "|" + err.Error()
		}
		if text != want {
			t.Errorf("%s: %s, want %s", line, text, want)
		}
	}
}
