package cli

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/doctor"
	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/status"
)

// silent is a healthy machine that knows nothing of the real one.
type silent struct{ healthy }

func (silent) Glob(string) []string                                                  { return nil }
func (silent) Environ() []string                                                     { return nil }
func (silent) Links() ([]doctor.Link, error)                                         { return nil, nil }
func (silent) Inodes(string) (uint64, uint64, error)                                 { return 0, 0, nil }
func (silent) SyncLatency(string) (time.Duration, error)                             { return 0, nil }
func (silent) ClockSynced() (bool, error)                                            { return true, nil }
func (silent) Chains() ([]string, error)                                             { return nil, nil }
func (silent) Reach(context.Context, string) error                                   { return nil }
func (silent) Answers(string) bool                                                   { return false }
func (silent) Now() time.Time                                                        { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }
func (silent) CheckName(context.Context, string, []byte, pki.Token, pki.Claim) error { return nil }
func (silent) PathMTU(context.Context, netip.Addr, int) (int, error) {
	return 0, nil
}
func (silent) Status(context.Context, string) (*status.Status, error) { return nil, errors.New("no") }

func TestDoctor(t *testing.T) {
	agent := []string{"doctor", "--server", "https://192.0.2.1:6443", "--token", "secret"}
	for _, tc := range []struct {
		name string
		host doctor.Host
		args []string
		code int
		out  []string // in stdout or stderr
	}{
		{"healthy", silent{}, []string{"doctor"}, ExitOK, []string{"n1 as server, before kove runs", "0 fatal, 0 warnings"}},
		{"taken port", silent{healthy{taken: "192B"}}, []string{"doctor"}, ExitPreflight, []string{"FATAL    ports/6443", "nginx (pid 812)", "--https-listen-port", "1 fatal"}},
		{"agent", silent{healthy{ca: []byte("ca")}}, agent, ExitOK, []string{"n1 as agent"}},
		{"agent without a server", silent{}, []string{"doctor", "--role", "agent"}, ExitOK, []string{"n1 as agent"}},
		{"unreachable server", silent{}, agent, ExitPreflight, []string{"server/unreachable", "connection refused"}},
		{"gateway without a NIC", silent{}, []string{"doctor", "--role", "gateway"}, ExitPreflight, []string{"gateway/nic", "--nic NAME"}},
		{"wrong range", silent{}, []string{"doctor", "--cluster-cidr", "192.0.2.0/24"}, ExitPreflight, []string{"config/cluster-cidr"}},
		{"list", silent{}, []string{"doctor", "list"}, ExitOK, []string{"CHECK", "path", "gateway"}},
		{"explain", silent{}, []string{"doctor", "explain", "path/mtu"}, ExitOK, []string{"path/mtu (fatal)", "--mtu"}},
		{"explain nothing", silent{}, []string{"doctor", "explain"}, ExitUsage, []string{"kove doctor list"}},
		{"explain the unknown", silent{}, []string{"doctor", "explain", "x/y"}, ExitUsage, []string{`"x/y"`}},
		{"unknown role", silent{}, []string{"doctor", "--role", "boss"}, ExitUsage, []string{"vm-host"}},
		{"both roles", silent{}, []string{"doctor", "--role", "agent", "--role", "server"}, ExitUsage, []string{"exclude each other"}},
		{"server that joins", silent{}, append(agent, "--role", "server"), ExitUsage, []string{"leave out --role server"}},
		{"ranges of an agent", silent{}, append(agent, "--cluster-cidr", "10.0.0.0/16"), ExitUsage, []string{"--cluster-cidr is for servers"}},
		{"unknown argument", silent{}, []string{"doctor", "who"}, ExitUsage, []string{`"who"`}},
		{"unknown format", silent{}, []string{"doctor", "-o", "xml"}, ExitUsage, []string{"table or json"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := run(t, Actions{Host: tc.host}, tc.args...)
			if code != tc.code {
				t.Errorf("exit status %d, want %d", code, tc.code)
			}
			for _, s := range tc.out {
				if !strings.Contains(stdout+stderr, s) {
					t.Errorf("%q is not said:\n%s%s", s, stdout, stderr)
				}
			}
		})
	}
}

func TestDoctorWhereKoveRuns(t *testing.T) {
	a := Actions{Host: silent{healthy{taken: "192B"}}, Status: func(context.Context, string) (*status.Status, error) {
		return &status.Status{Role: "agent"}, nil
	}}
	code, stdout, _ := run(t, a, "doctor", "-o", "json")
	var r doctor.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != ExitOK || !r.Running || len(r.Roles) != 1 || r.Roles[0] != "agent" {
		t.Errorf("exit status %d, %v\n%s", code, err, stdout)
	}
}
