package doctor

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/kove-io/kove/pkg/config"
)

var capture = flag.String("capture", "", "write this machine to a file, as a machine for testdata/good")

// recorder writes down what checks ask this machine.
type recorder struct {
	OSHost
	files map[string][]byte
	facts facts
	plain map[string]bool
}

func (r *recorder) ReadFile(path string) ([]byte, error) {
	data, err := r.OSHost.ReadFile(path)
	if err == nil {
		r.files[path] = text(path, data)
	}
	return data, err
}

// text is a file as it may be kept: of a compressed one what it says, of the kernel's configuration and modules those that
// are asked for, of
// command lines the program.
func text(path string, data []byte) []byte {
	if z, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
		if data, err = io.ReadAll(z); err != nil {
			return nil
		}
	}
	if strings.Contains(path, "config") && strings.HasPrefix(path, "/proc") || strings.HasPrefix(path, "/boot") {
		var out []byte
		for _, m := range modules() {
			if line := "CONFIG_" + m.option + "=y\n"; bytes.Contains(data, []byte(line)) {
				out = append(out, line...)
			}
		}
		return out
	}
	if name := path[strings.LastIndexByte(path, '/')+1:]; strings.HasPrefix(name, "modules.") {
		var out []byte
		for line := range bytes.Lines(data) {
			for _, m := range modules() {
				if file, _, _ := strings.Cut(string(line), ":"); strings.Contains(strings.ReplaceAll(file, "-", "_"), "/"+m.name+".ko") {
					out = append(out, line...)
					break
				}
			}
		}
		return out
	}
	if strings.HasSuffix(path, "/cmdline") {
		program, _, _ := bytes.Cut(data, []byte{0})
		return append(program, '\n')
	}
	return data
}

func (r *recorder) Stat(path string) (os.FileInfo, error) {
	info, err := r.OSHost.Stat(path)
	if err == nil && info.IsDir() && !slices.Contains(r.facts.DirectoriesToo, path) {
		r.facts.DirectoriesToo = append(r.facts.DirectoriesToo, path)
	} else if err == nil && !info.IsDir() {
		r.plain[path] = true
	}
	return info, err
}

func (r *recorder) Environ() []string { return nil } // the shell's is nobody's business

func (r *recorder) SyncLatency(dir string) (time.Duration, error) {
	d, err := r.OSHost.SyncLatency(dir)
	r.facts.Sync = d.String()
	return d, err
}

func TestCapture(t *testing.T) {
	if *capture == "" {
		return
	}
	r := &recorder{files: map[string][]byte{}, plain: map[string]bool{}}
	f := &r.facts
	var err error
	if f.Links, err = r.Links(); err != nil {
		t.Fatal(err)
	}
	f.User, f.Now = r.UserID(), time.Now().UTC().Truncate(time.Second)
	if f.Hostname, err = r.Hostname(); err != nil {
		t.Fatal(err)
	}
	if err := r.KernelDatapath(); err != nil {
		f.KernelDatapath = err.Error()
	}
	f.Free, f.ReadOnly, _ = r.FreeDisk("/var/lib")
	f.InodesFree, f.Inodes, _ = r.Inodes("/var/lib")
	f.ClockSynced, _ = r.ClockSynced()
	f.Chains, _ = r.Chains()
	c, err := Load(config.Input{Role: config.Server, Host: r})
	report := Examine(context.Background(), r, Case{Config: c, Roles: []config.Role{config.Server, VMHost}}, err)
	var want []string
	for _, found := range report.Findings {
		want = append(want, string(found.Severity)+" "+found.ID)
	}
	if _, err := r.SourceAddress(netip.MustParseAddr("192.0.2.1")); err != nil {
		t.Log(err)
	}
	a := &txtar.Archive{Comment: fmt.Appendf(nil, "captured: %s\nrole: server vm-host\nwant: %s\n", "TODO", strings.Join(want, ", "))}
	for _, path := range slices.Sorted(maps.Keys(r.files)) {
		delete(r.plain, path)
		a.Files = append(a.Files, txtar.File{Name: path[1:], Data: r.files[path]})
	}
	f.PlainFilesToo = slices.Sorted(maps.Keys(r.plain))
	data, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	a.Files = append(a.Files, txtar.File{Name: "host.json", Data: append(data, '\n')})
	if err := os.WriteFile(*capture, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}
