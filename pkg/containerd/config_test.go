package containerd

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	o := Options{BinDir: "/d/bin", Root: "/d/root", State: "/run/x", ConfDir: "/d/etc", CNIBinDir: "/d/cni", CNIConfDir: "/d/net.d", SandboxImage: "kove.local/pause:1"}
	for name, tc := range map[string]struct {
		host  hostFacts
		lines []string
	}{
		"all rights": {hostFacts{"overlayfs", true}, []string{`snapshotter = "overlayfs"`, "restrict_oom_score_adj = false"}},
		"a lab node": {hostFacts{"native", false}, []string{`snapshotter = "native"`, "restrict_oom_score_adj = true"}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := o.render(tc.host)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range append(tc.lines, `address = "/run/x/containerd.sock"`, `BinaryName = "/d/bin/runc"`,
				`sandbox = "kove.local/pause:1"`, `conf_dir = "/d/net.d"`, `imports = ["/d/etc/conf.d/*.toml"]`) {
				if !strings.Contains(string(b), want) {
					t.Errorf("no %q in\n%s", want, b)
				}
			}
		})
	}
}

func TestConfigurationChangeIsSeen(t *testing.T) {
	dir := t.TempDir()
	o := Options{Root: dir + "/root", State: dir + "/state", ConfDir: dir + "/etc", LogDir: dir + "/log", CNIConfDir: dir + "/cni"}
	if changed, err := o.configChanged(); err != nil || !changed {
		t.Errorf("without a file: %v, %v", changed, err)
	}
	if err := o.prepare(); err != nil {
		t.Fatal(err)
	}
	if changed, err := o.configChanged(); err != nil || changed {
		t.Errorf("right after writing: %v, %v", changed, err)
	}
	if fi, err := os.Stat(o.ConfigFile()); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	o.SandboxImage = "other"
	if changed, err := o.configChanged(); err != nil || !changed {
		t.Errorf("after a change: %v, %v", changed, err)
	}
}

func TestEnvironment(t *testing.T) {
	env := Environment("/p/bin", []string{"HTTP_PROXY=http://a", "SSL_CERT_DIR=/c", "SECRET=x"})
	if !strings.HasPrefix(env[0], "PATH=/p/bin:") || !slices.Contains(env, "SSL_CERT_DIR=/c") {
		t.Errorf("got %v", env)
	}
	for _, kv := range env {
		if strings.Contains(kv, "http://a") || strings.Contains(kv, "SECRET") {
			t.Errorf("passed on: %s", kv)
		}
	}
}

func TestHasCapability(t *testing.T) {
	for status, want := range map[string]bool{
		"Name:\tx\nCapEff:\t000001ffffffffff\n": true,
		"CapEff:\t000001fffeffffff\n":           false,
		"":                                      false,
	} {
		if got := hasCapability(status, capSysResource); got != want {
			t.Errorf("%q: got %v", status, got)
		}
	}
}
