package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/status"
)

// fixture is a Host that was written down: testdata/good/*.txtar are whole machines, testdata/bad/*.txtar are one of these
// with something wrong. The comment at the top of a file is a list of KEY: VALUE
//
//	captured: or constructed:  where it comes from
//	base:    the good machine that it changes
//	role:    roles, the first being server or agent
//	flags:   NAME=VALUE of options
//	nic:     the NIC of a gateway
//	running: true when kove runs on it
//	want:    SEVERITY ID of every finding, in order, separated by commas; "none"
//	says:    a text that must appear in what is seen or in the remedy; may be repeated
//
// The files follow, without the leading slash; a name with a minus sign before it removes a file of the base. host.json is
// what is in no file; that of a bad machine changes the members that it has.
type fixture struct {
	origin         string // captured or constructed
	role           []config.Role
	flags          map[string][]string
	nic            string
	running        bool
	want, says     []string
	files          map[string]string
	facts          facts
	sentElsewhere  bool
	name, baseName string
}

type facts struct {
	User           int               `json:"user"`
	Hostname       string            `json:"hostname"`
	Now            time.Time         `json:"now"`
	Links          []Link            `json:"links"`
	NoLinks        bool              `json:"noLinks,omitempty"`        // netlink does not answer
	KernelDatapath string            `json:"kernelDatapath,omitempty"` // why there is none
	Free           uint64            `json:"free"`
	ReadOnly       bool              `json:"readOnly,omitempty"`
	DiskError      string            `json:"diskError,omitempty"`
	Denied         bool              `json:"denied,omitempty"` // directories cannot be written to
	InodesFree     uint64            `json:"inodesFree"`
	Inodes         uint64            `json:"inodes"`
	Sync           string            `json:"sync"`
	ClockSynced    bool              `json:"clockSynced"`
	Chains         []string          `json:"chains,omitempty"`
	Environ        []string          `json:"environ,omitempty"`
	Owners         map[string]string `json:"owners,omitempty"` // of sockets, by inode
	Answers        bool              `json:"answers,omitempty"`
	Reach          map[string]string `json:"reach,omitempty"` // what goes wrong, by address
	PathMTU        int               `json:"pathMTU,omitempty"`
	Server         *serverFacts      `json:"server,omitempty"`
	Status         *status.Status    `json:"status,omitempty"`
	DirectoriesToo []string          `json:"directories,omitempty"` // that exist beside those of the files
	PlainFilesToo  []string          `json:"plainFiles,omitempty"`  // that exist and have no content worth keeping
}

type serverFacts struct {
	Error string `json:"error,omitempty"`
	CA    string `json:"ca"`
	Ahead string `json:"ahead,omitempty"`
	Token string `json:"token,omitempty"` // "wrong"
	Name  string `json:"name,omitempty"`  // who has it
	// Plan is what a valid token is told.
	Plan pki.Plan `json:"plan"`
}

func readFixture(t *testing.T, file string) *fixture {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{files: map[string]string{}, flags: map[string][]string{}, name: strings.TrimSuffix(filepath.Base(file), ".txtar")}
	var head [][2]string
	for line := range strings.Lines(string(a.Comment)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			if strings.TrimSpace(line) != "" {
				t.Fatalf("%s: %q is not KEY: VALUE", file, line)
			}
			continue
		}
		value = strings.TrimSpace(value)
		head = append(head, [2]string{key, value})
		if key == "base" {
			base := readFixture(t, filepath.Join("testdata", "good", value+".txtar"))
			f.files, f.facts, f.role, f.flags, f.baseName = base.files, base.facts, base.role, base.flags, value
		}
	}
	for _, h := range head {
		switch key, value := h[0], h[1]; key {
		case "base":
		case "captured", "constructed":
			f.origin = key
		case "role":
			f.role = nil
			for _, r := range strings.Fields(value) {
				f.role = append(f.role, config.Role(r))
			}
		case "flags":
			for _, kv := range strings.Fields(value) {
				name, v, _ := strings.Cut(kv, "=")
				f.flags[name] = []string{v}
			}
		case "nic":
			f.nic = value
		case "running":
			f.running = value == "true"
		case "want":
			if value == "none" {
				break
			}
			for _, w := range strings.Split(value, ",") {
				f.want = append(f.want, strings.TrimSpace(w))
			}
		case "says":
			f.says = append(f.says, value)
		default:
			t.Fatalf("%s: what is %q?", file, key)
		}
	}
	for _, member := range a.Files {
		switch {
		case member.Name == "host.json":
			d := json.NewDecoder(bytes.NewReader(member.Data))
			d.DisallowUnknownFields()
			if err := d.Decode(&f.facts); err != nil {
				t.Fatalf("%s: host.json: %v", file, err)
			}
		case strings.HasPrefix(member.Name, "-"):
			delete(f.files, "/"+member.Name[1:])
		default:
			f.files["/"+member.Name] = string(member.Data)
		}
	}
	if f.origin == "" || len(f.role) == 0 {
		t.Fatalf("%s: it says neither captured nor constructed, or no role", file)
	}
	return f
}

// examine runs every check on the machine as `kove doctor` does.
func (f *fixture) examine() *Report {
	c, err := Load(config.Input{Role: f.role[0], Flags: f.flags, Host: f})
	return Examine(context.Background(), f, Case{Config: c, Roles: f.role, NIC: f.nic, Running: f.running}, err)
}

func (f *fixture) Hostname() (string, error) { return f.facts.Hostname, nil }

// SourceAddress is the first address of the NIC with the default route, or of the network of the target.
func (f *fixture) SourceAddress(to netip.Addr) (netip.Addr, error) {
	route := defaultRouteNIC(f)
	var byRoute netip.Addr
	for _, l := range f.facts.Links {
		for _, p := range l.Addrs {
			if p.Contains(to) {
				return p.Addr(), nil
			}
			if l.Name == route && !byRoute.IsValid() {
				byRoute = p.Addr()
			}
		}
	}
	if !byRoute.IsValid() {
		return netip.Addr{}, syscall.ENETUNREACH
	}
	return byRoute, nil
}

func (f *fixture) Resolve(name string) ([]netip.Addr, error) {
	a, err := netip.ParseAddr(name)
	return []netip.Addr{a}, err
}

func (f *fixture) NICs() ([]config.NIC, error) {
	if f.facts.NoLinks {
		return nil, errors.New("netlink: operation not permitted")
	}
	var out []config.NIC
	for _, l := range f.facts.Links {
		out = append(out, config.NIC{Name: l.Name, MTU: l.MTU, Up: l.Up, Addrs: l.Addrs})
	}
	return out, nil
}

func (f *fixture) Links() ([]Link, error) {
	if f.facts.NoLinks {
		return nil, errors.New("netlink: operation not permitted")
	}
	return f.facts.Links, nil
}

func (f *fixture) ReadFile(name string) ([]byte, error) {
	if data, ok := f.files[name]; ok {
		return []byte(data), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (f *fixture) Stat(name string) (fs.FileInfo, error) {
	if _, ok := f.files[name]; ok || slices.Contains(f.facts.PlainFilesToo, name) {
		return fs.Stat(fstest.MapFS{"x": {}}, "x")
	}
	directory := name == "/" || slices.Contains(f.facts.DirectoriesToo, name)
	for have := range f.files {
		directory = directory || strings.HasPrefix(have, name+"/")
	}
	if directory {
		return fs.Stat(fstest.MapFS{"x/y": {}}, "x")
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

func (f *fixture) Glob(pattern string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		if ok, err := path.Match(pattern, name); err == nil && ok {
			out = append(out, name)
		}
	}
	return out
}

func (f *fixture) Readlink(name string) (string, error) {
	return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrNotExist}
}
func (f *fixture) Environ() []string { return f.facts.Environ }
func (f *fixture) UserID() int       { return f.facts.User }
func (f *fixture) Now() time.Time    { return f.facts.Now }
func (f *fixture) Writable(string) error {
	if f.facts.Denied {
		return syscall.EACCES
	}
	return nil
}
func (f *fixture) FreeDisk(string) (uint64, bool, error) {
	if f.facts.DiskError != "" {
		return 0, false, errors.New(f.facts.DiskError)
	}
	return f.facts.Free, f.facts.ReadOnly, nil
}
func (f *fixture) Inodes(string) (free, all uint64, err error) {
	return f.facts.InodesFree, f.facts.Inodes, nil
}
func (f *fixture) SyncLatency(string) (time.Duration, error) { return time.ParseDuration(f.facts.Sync) }
func (f *fixture) ClockSynced() (bool, error)                { return f.facts.ClockSynced, nil }
func (f *fixture) Chains() ([]string, error)                 { return f.facts.Chains, nil }
func (f *fixture) Answers(string) bool                       { return f.facts.Answers }
func (f *fixture) SocketOwner(inode string) string           { return f.facts.Owners[inode] }
func (f *fixture) KernelDatapath() error {
	if f.facts.KernelDatapath != "" {
		return errors.New(f.facts.KernelDatapath)
	}
	return nil
}
func (f *fixture) Reach(_ context.Context, address string) error {
	if what := f.facts.Reach[address]; what != "" {
		return errors.New(what)
	}
	return nil
}
func (f *fixture) PathMTU(_ context.Context, _ netip.Addr, size int) (int, error) {
	if f.facts.PathMTU == 0 {
		return size, nil
	}
	return min(size, f.facts.PathMTU), nil
}
func (f *fixture) FetchCA(context.Context, string) (*pki.Probe, error) {
	s := f.facts.Server
	switch {
	case s == nil:
		return nil, errors.New("connection refused")
	case s.Error == "not kove":
		return nil, fmt.Errorf("asking: %w (404 Not Found)", pki.ErrNotServer)
	case s.Error != "":
		return nil, errors.New(s.Error)
	}
	ahead, _ := time.ParseDuration(s.Ahead) // "" is none
	return &pki.Probe{CABundle: []byte(s.CA), Dated: true, Ahead: ahead}, nil
}
func (f *fixture) CheckToken(_ context.Context, _ string, ca []byte, t pki.Token) (pki.Plan, error) {
	f.sentElsewhere = f.sentElsewhere || t.CheckCA(ca) != nil
	if f.facts.Server.Token != "" {
		return pki.Plan{}, pki.ErrWrongToken
	}
	return f.facts.Server.Plan, nil
}
func (f *fixture) CheckName(_ context.Context, _ string, ca []byte, t pki.Token, claim pki.Claim) error {
	f.sentElsewhere = f.sentElsewhere || t.CheckCA(ca) != nil
	if f.facts.Server.Name == claim.Node {
		return fmt.Errorf("%w: claiming node name %s", pki.ErrClaimed, claim.Node)
	}
	return nil
}
func (f *fixture) Status(context.Context, string) (*status.Status, error) {
	if f.facts.Status == nil {
		return nil, status.ErrNotRunning
	}
	return f.facts.Status, nil
}

func fixtures(t *testing.T, kind string) []*fixture {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", kind, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no %s machines: %v", kind, err)
	}
	var out []*fixture
	for _, file := range files {
		out = append(out, readFixture(t, file))
	}
	return out
}

func TestMachines(t *testing.T) {
	for _, kind := range []string{"good", "bad"} {
		for _, f := range fixtures(t, kind) {
			t.Run(kind+"/"+f.name, func(t *testing.T) {
				r := f.examine()
				var got []string
				var text strings.Builder
				for _, found := range r.Findings {
					got = append(got, string(found.Severity)+" "+found.ID)
					fmt.Fprintln(&text, found)
					if found.Seen == "" || found.Why == "" || found.Remedy == "" {
						t.Errorf("%+v is incomplete", found)
					}
					if _, e := Explain(found.ID); len(e) == 0 {
						t.Errorf("%s is not explained", found.ID)
					}
				}
				if !slices.Equal(got, f.want) {
					t.Errorf("found %q, want %q\n%s", got, f.want, &text)
				}
				for _, s := range f.says {
					if !strings.Contains(text.String(), s) {
						t.Errorf("%q is not said:\n%s", s, &text)
					}
				}
				if kind == "good" && r.Fatal > 0 {
					t.Errorf("a good machine has %d fatal findings:\n%s", r.Fatal, &text)
				}
				if kind == "bad" && len(f.want) == 0 {
					t.Error("nothing is wrong with a bad machine")
				}
				if f.sentElsewhere {
					t.Error("the token went to a server that it does not belong to")
				}
			})
		}
	}
}

// covered are the machines that show a finding, by the explanation's id.
func covered(t *testing.T) map[string][]*fixture {
	t.Helper()
	out := map[string][]*fixture{}
	for _, kind := range []string{"bad", "good"} {
		for _, f := range fixtures(t, kind) {
			for _, want := range f.want {
				_, id, _ := strings.Cut(want, " ")
				if _, e := Explain(id); len(e) == 1 {
					out[e[0].ID] = append(out[e[0].ID], f)
				}
			}
		}
	}
	return out
}

func TestEveryFindingHasAMachine(t *testing.T) {
	have := covered(t)
	severities := map[string]map[string]bool{}
	for _, list := range have {
		for _, f := range list {
			for _, want := range f.want {
				s, id, _ := strings.Cut(want, " ")
				if _, e := Explain(id); len(e) == 1 {
					if severities[e[0].ID] == nil {
						severities[e[0].ID] = map[string]bool{}
					}
					severities[e[0].ID][s] = true
				}
			}
		}
	}
	for _, check := range Checks() {
		if len(check.Finds) == 0 || check.About == "" {
			t.Errorf("check %s explains nothing", check.Name)
		}
		for _, e := range check.Finds {
			if len(have[e.ID]) == 0 {
				t.Errorf("no machine in testdata/bad shows %s", e.ID)
			} else if !severities[e.ID][string(e.Severity)] {
				t.Errorf("%s is said to be %s, no machine shows it so", e.ID, e.Severity)
			}
		}
	}
}

// TestPreflightIsASubset makes sure that a start refuses with the words of `kove doctor`.
func TestPreflightIsASubset(t *testing.T) {
	for _, f := range fixtures(t, "bad") {
		c, err := config.Load(config.Input{Role: f.role[0], Flags: f.flags, Host: f})
		if err != nil || f.running {
			continue
		}
		report := f.examine()
		for _, found := range Preflight(context.Background(), f, c) {
			if !slices.Contains(report.Findings, found) {
				t.Errorf("%s: the start says %s, kove doctor does not", f.name, found)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	for id, want := range map[string]int{"ports/6443": 1, "ports": 1, "kernel": 3, "kernel/too-old": 1, "ranges/dns": 1, "run-dir/disk-full": 1, "config/node-name": 1, "no": 0, "kernel/no": 0} {
		if _, got := Explain(id); len(got) != want {
			t.Errorf("%s is explained %d times, want %d", id, len(got), want)
		}
	}
}
