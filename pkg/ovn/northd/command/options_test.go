package command

import (
	"crypto/tls"
	"errors"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

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
	o, err := parseOptions(strings.Fields(line), environ(vars...), func(string) error { return nil })
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
		{"", nil, options{nb: []string{"unix:/var/run/ovn/ovnnb_db.sock"}, sb: []string{"unix:/var/run/ovn/ovnsb_db.sock"},
			unixctl: "/var/run/ovn/ovn-northd." + pid + ".ctl", threads: 1}},
		{"--pidfile --log-file", []string{"OVN_RUNDIR=/r", "OVS_LOGDIR=/l", "OVN_NB_DB=tcp:h:1,tcp:h:2", "OVS_SYSLOG_METHOD=null"},
			options{nb: []string{"tcp:h:1", "tcp:h:2"}, sb: []string{"unix:/r/ovnsb_db.sock"}, unixctl: "/r/ovn-northd." + pid + ".ctl",
				pidfile: "/r/ovn-northd.pid", logFile: "/l/ovn-northd.log", threads: 1, syslogMethod: "null"}},
		{"--pidfile=x.pid --log-file=/a/b.log -u c.ctl --ovnsb unix:s -D unix:n --dry-run --n-threads 3 --overwrite-pidfile",
			[]string{"OVN_RUNDIR=/r", "OVN_LOGDIR=/k", "OVS_LOGDIR=/l"},
			options{nb: []string{"unix:n"}, sb: []string{"unix:s"}, unixctl: "/r/c.ctl", pidfile: "/r/x.pid", logFile: "/a/b.log", dryRun: true,
				threads: 3, overwritePidfile: true}},
		{"--unixctl=none -p k -cc.pem -C none --ovnsb-db=ssl:[::1]:6642 --detach --monitor --no-chdir --user=u:g --no-self-confinement",
			[]string{"OVN_RUNDIR=/r"},
			options{nb: []string{"unix:/r/ovnnb_db.sock"}, sb: []string{"ssl:[::1]:6642"}, threads: 1, detach: true, monitor: true, noChdir: true, user: "u:g",
				tls: ovsdb.TLSFiles{PrivateKey: "k", Certificate: "c.pem", CACert: "none"}}},
		{"--n-threads=0", []string{"OVN_RUNDIR=/r"}, options{nb: []string{"unix:/r/ovnnb_db.sock"}, sb: []string{"unix:/r/ovnsb_db.sock"},
			unixctl: "/r/ovn-northd." + pid + ".ctl", threads: 1, warnings: []string{"Setting n_threads to 1 as --n-threads option was set to : [0]"}}},
		{"--n-threads=900", []string{"OVN_RUNDIR=/r"}, options{nb: []string{"unix:/r/ovnnb_db.sock"}, sb: []string{"unix:/r/ovnsb_db.sock"},
			unixctl: "/r/ovn-northd." + pid + ".ctl", threads: 256, warnings: []string{"Setting n_threads to 256 as --n-threads option was set to : [900]"}}},
	} {
		if got := given(t, tc.line, tc.vars...); !reflect.DeepEqual(*got, tc.want) {
			t.Errorf("%q:\n%+v, want\n%+v", tc.line, *got, tc.want)
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
		_, err := parseOptions(strings.Fields(line), environ(), func(spec string) error {
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

func TestTLSOptions(t *testing.T) {
	for text, want := range map[string][2]uint16{
		"TLSv1.2":          {tls.VersionTLS12, tls.VersionTLS12},
		"TLSv1.3":          {tls.VersionTLS13, tls.VersionTLS13},
		"TLSv1.2,TLSv1.3":  {tls.VersionTLS12, tls.VersionTLS13},
		"TLSv1.2+":         {tls.VersionTLS12, tls.VersionTLS13},
		"TLSv1.2-TLSv1.3":  {tls.VersionTLS12, tls.VersionTLS13},
		"TLSv1 TLSv1.1+":   {tls.VersionTLS12, tls.VersionTLS13}, // the old ones are gone
		"TLSv1.3-TLSv1.2":  {},
		"SSLv3":            {},
		"TLSv1.3+,TLSv1.9": {},
		"TLSv1":            {},
		",":                {},
	} {
		low, high, err := protocolRange(text)
		if (err != nil) != (want[0] == 0) || err == nil && (low != want[0] || high != want[1]) {
			t.Errorf("%s: %x to %x, %v", text, low, high, err)
		}
	}
	o := given(t, "-p k -c c -C a --ssl-ciphers=HIGH:!aNULL:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256 --ssl-ciphersuites=X --ssl-protocols=TLSv1.3")
	c, err := o.tlsConfig()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.CipherSuites, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}) || c.MinVersion != tls.VersionTLS13 {
		t.Errorf("%x from %x", c.CipherSuites, c.MinVersion)
	}
	if len(o.warnings) != 2 || !strings.Contains(o.warnings[0], "HIGH:!aNULL") || !strings.Contains(o.warnings[1], "ssl-ciphersuites") {
		t.Errorf("%q", o.warnings)
	}
	if c, err := given(t, "").tlsConfig(); c != nil || err != nil {
		t.Errorf("without any file: %v %v", c, err)
	}
}
