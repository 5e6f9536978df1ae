package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/kove-io/kove/pkg/cli"
	"github.com/kove-io/kove/pkg/doctor"
	"github.com/kove-io/kove/tests/lab"
)

// kase is one testdata file: KEY: VALUE lines, then shell.
//
//	what:  what is wrong
//	args:  of kove doctor; {server} and {token} are those of the host to join, {address} and {tunnel} are the host's own
//	env:   NAME=VALUE words for the doctor
//	user:  a user id to run it as
//	want:  SEVERITY ID of what it must find beside what it finds before the setup
//	says:  text that must appear; may be repeated
//
// Section setup runs in the host, section fabric beside the bridges with $PORT being the host's NIC eth0 there.
type kase struct {
	name, args, user string
	env, want, says  []string
	setup, fabric    string
}

func readCase(t *testing.T, file string) kase {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := kase{name: strings.TrimSuffix(filepath.Base(file), ".txtar")}
	for line := range strings.Lines(string(a.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch key {
		case "", "what":
		case "args":
			c.args = value
		case "env":
			c.env = strings.Fields(value)
		case "user":
			c.user = value
		case "want":
			for _, w := range strings.Split(value, ",") {
				c.want = append(c.want, strings.TrimSpace(w))
			}
		case "says":
			c.says = append(c.says, value)
		default:
			t.Fatalf("%s: what is %q?", file, key)
		}
	}
	for _, f := range a.Files {
		switch f.Name {
		case "setup":
			c.setup = string(f.Data)
		case "fabric":
			c.fabric = string(f.Data)
		default:
			t.Fatalf("%s: what is section %q?", file, f.Name)
		}
	}
	if len(c.want) == 0 {
		t.Fatalf("%s: it wants nothing", file)
	}
	return c
}

// examine runs the doctor and checks that its exit status and its JSON agree.
func examine(ctx context.Context, t *testing.T, h *lab.Host, args ...string) *doctor.Report {
	t.Helper()
	out, err := h.Command(ctx, args[0], append(args[1:], "-o", "json")...).Output()
	code := 0
	var stderr []byte
	if ee := (*exec.ExitError)(nil); errors.As(err, &ee) {
		code, stderr = ee.ExitCode(), ee.Stderr
	} else if err != nil {
		t.Fatal(err)
	}
	if err := validate(out); err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
	}
	r := new(doctor.Report)
	if err := json.Unmarshal(out, r); err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
	}
	if want := map[bool]int{true: cli.ExitPreflight, false: cli.ExitOK}[r.Fatal > 0]; code != want {
		t.Errorf("%v: exit status %d with %d fatal findings", args, code, r.Fatal)
	}
	return r
}

func ids(r *doctor.Report) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, string(f.Severity)+" "+f.ID)
	}
	return out
}

func TestDoctorOnHosts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	s := newSite(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()

	good := s.boot(t)
	before := examine(ctx, t, good, "kove", "doctor")
	if before.Fatal > 0 {
		t.Errorf("a good host has fatal findings: %v", before.Findings)
	}
	// The data plane of a kernel without the module needs a NIC of its own, so a joining host is given one.
	joining := strings.NewReplacer("{server}", "https://"+s.server+":"+joinPort, "{token}", s.token)
	joined := examine(ctx, t, good, append([]string{"kove"}, strings.Fields(joining.Replace("doctor --server {server} --token {token} --datapath userspace --tunnel-nic eth1"))...)...)
	if joined.Fatal > 0 {
		t.Errorf("a host that may join has fatal findings: %v", joined.Findings)
	}
	machines := examine(ctx, t, good, "kove", "doctor", "--role", "server", "--role", "vm-host")
	usual := slices.Concat(ids(before), ids(joined), ids(machines))
	usual = append(usual, "warning disk/slow") // depends on what else this machine does now

	for _, file := range files {
		c := readCase(t, file)
		t.Run(c.name, func(t *testing.T) {
			h := good // as long as nothing is changed
			if c.setup != "" || c.fabric != "" {
				h = s.boot(t)
				defer func() {
					if err := h.PowerOff(); err != nil {
						t.Error(err)
					}
				}()
			}
			if c.setup != "" {
				if out, err := h.Run(ctx, "sh", "-euc", c.setup); err != nil {
					t.Fatalf("setup: %v\n%s", err, out)
				}
			}
			if c.fabric != "" {
				if out, err := s.lab.Host(lab.Fabric).Run(ctx, "env", "PORT="+h.Name+"-eth0", "sh", "-euc", c.fabric); err != nil {
					t.Fatalf("fabric: %v\n%s", err, out)
				}
			}
			args := append([]string{"env"}, c.env...)
			if c.user != "" {
				args = append(args, "setpriv", "--reuid="+c.user, "--regid="+c.user, "--clear-groups")
			}
			words := strings.NewReplacer("{server}", "https://"+s.server, "{token}", s.token, "{address}", h.Address().String(), "{tunnel}", h.TunnelAddress().String())
			args = append(append(args, "kove", "doctor"), strings.Fields(words.Replace(c.args))...)
			r := examine(ctx, t, h, args...)
			var got []string
			var text strings.Builder
			for _, f := range r.Findings {
				text.WriteString(f.String() + "\n")
				if id := string(f.Severity) + " " + f.ID; !slices.Contains(usual, id) {
					got = append(got, id)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q\n%s", got, c.want, &text)
			}
			for _, say := range c.says {
				if say = words.Replace(say); !strings.Contains(text.String(), say) {
					t.Errorf("%q is not said:\n%s", say, &text)
				}
			}
		})
	}
}

// TestDoctorChangesNothing compares a host before and after an examination with everything switched on.
func TestDoctorChangesNothing(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	h := s.boot(t)
	const snapshot = "find / -xdev -newer /run/before 2>/dev/null | grep -vE '^/(proc|sys|dev)' | sort; ip -br addr; ip route; nft list ruleset; cat /proc/self/mounts"
	if _, err := h.Run(ctx, "touch", "/run/before"); err != nil {
		t.Fatal(err)
	}
	before, err := h.Run(ctx, "sh", "-c", snapshot)
	if err != nil {
		t.Fatal(err)
	}
	examine(ctx, t, h, "kove", "doctor", "--role", "agent", "--role", "gateway", "--role", "vm-host", "--nic", "eth1", "--server", "https://"+s.server+":"+joinPort, "--token", s.token)
	after, err := h.Run(ctx, "sh", "-c", snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if before != after {
		t.Errorf("kove doctor changed the host from\n%s\nto\n%s", before, after)
	}
}
