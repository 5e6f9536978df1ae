package install

import (
	"strings"
	"testing"
	"time"
)

// Whatever is wrong with the download or the machine: a clear error, and nothing has changed.
func TestWhatCanBeWrong(t *testing.T) {
	n := newLab(t, "inst-wrong", 1)[0]
	curl, wget := "PATH="+without(t, n, "wget"), "PATH="+without(t, n, "curl")
	neither := "PATH=" + without(t, n, "curl", "wget")
	mustSh(t, n, `mkdir -p /tmp/fake /tmp/small /tmp/ro /tmp/before
printf '#!/bin/sh\n[ "$1" = -m ] && echo riscv64 || exec /usr/bin/uname "$@"\n' >/tmp/fake/uname; chmod +x /tmp/fake/uname
mount -t tmpfs -o size=40m small /tmp/small; mount -t tmpfs -o size=280m half /tmp/before; mount -t tmpfs -o ro ro /tmp/ro`)
	const script = "cat /media/usb/" + oldVersion + "/install.sh | "
	url := func(fault string) string { return "INSTALL_KOVE_URL=" + releaseURL + "/" + fault }
	for _, tc := range []struct {
		name  string
		run   string   // env and command, after the script's pipe
		want  []string // in the output
		setup string
		after string
	}{
		{"corrupt by curl", curl + " " + url("corrupt") + " sh -", []string{"kove-amd64.gz of v0.1.0 is damaged on the way: SHA-256 ", ", want ", "nothing was changed"}, "", ""},
		{"corrupt by wget", wget + " " + url("corrupt") + " sh -", []string{"kove-amd64.gz of v0.1.0 is damaged on the way: SHA-256 ", "nothing was changed"}, "", ""},
		{"truncated by curl", curl + " " + url("truncated") + " sh -", []string{"/truncated/v0.1.0/kove-amd64.gz: the transfer was cut short", "nothing was changed"}, "", ""},
		{"truncated by wget", wget + " " + url("truncated") + " INSTALL_KOVE_TIMEOUT=1 sh -", []string{"/truncated/v0.1.0/kove-amd64.gz", "nothing was changed"}, "", ""},
		{"wrong checksum", url("wrongsum") + " sh -", []string{"is damaged on the way", "nothing was changed"}, "", ""},
		{"no checksums", url("nosums") + " sh -", []string{"the checksums of v0.1.0 do not name kove-amd64", "nothing was changed"}, "", ""},
		{"a login portal", url("portal") + " sh -", []string{"/portal/channels/stable names no version (it begins with '<html>please log in</html>')", "nothing was changed"}, "", ""},
		{"404 by curl", curl + " " + url("old") + " INSTALL_KOVE_VERSION=v9.9.9 sh -", []string{"/old/v9.9.9/sha256sum-amd64.txt: the server has no such file", "nothing was changed"}, "", ""},
		{"404 by wget", wget + " " + url("old") + " INSTALL_KOVE_VERSION=v9.9.9 sh -", []string{"/old/v9.9.9/sha256sum-amd64.txt: the server has no such file", "nothing was changed"}, "", ""},
		{"no such channel", url("old") + " INSTALL_KOVE_CHANNEL=edge sh -", []string{"/old/channels/edge: the server has no such file", "nothing was changed"}, "", ""},
		{"hangs in the middle, curl", curl + " " + url("hung") + " INSTALL_KOVE_TIMEOUT=1 sh -", []string{"kove-amd64.gz: no answer for 1 s", "nothing was changed"}, "", ""},
		{"hangs in the middle, wget", wget + " " + url("hung") + " INSTALL_KOVE_TIMEOUT=1 sh -", []string{"kove-amd64.gz: cannot connect, or no answer for 1 s", "nothing was changed"}, "", ""},
		{"never answers", url("mute") + " INSTALL_KOVE_TIMEOUT=1 sh -", []string{"channels/stable: no answer for 1 s", "nothing was changed"}, "", ""},
		{"nobody listens", "INSTALL_KOVE_URL=http://" + strings.TrimPrefix(releaseURL, "http://") + ":81 sh -", []string{"channels/stable: cannot connect", "nothing was changed"}, "", ""},
		{"a dead proxy", url("old") + " http_proxy=http://u:geheim@127.0.0.1:3128 sh -", []string{"cannot connect", "the shell has http_proxy=http://…@127.0.0.1:3128: correct or unset it", "nothing was changed"}, "", ""},
		{"neither curl nor wget", neither + " " + url("old") + " sh -", []string{"neither curl nor wget is here", "nothing was changed"}, "", ""},
		{"not root", url("old") + " setpriv --reuid 65534 --regid 65534 --clear-groups sh -", []string{"only root can install kove", "nothing was changed"}, "", ""},
		{"unknown architecture", "PATH=/tmp/fake:$PATH " + url("old") + " sh -", []string{"unknown architecture riscv64; kove is built for x86_64", "nothing was changed"}, "", ""},
		{"full disk, download", url("old") + " INSTALL_KOVE_BIN_DIR=/tmp/small sh -", []string{"is the disk full?", "nothing was changed"}, "", "[ -z \"$(ls -A /tmp/small)\" ]"},
		{"full disk, unpacking", url("old") + " INSTALL_KOVE_BIN_DIR=/tmp/before sh -", []string{"No space left on device", "nothing was changed"}, "", "[ -z \"$(ls -A /tmp/before)\" ]"},
		{"read-only folder", url("old") + " INSTALL_KOVE_BIN_DIR=/tmp/ro sh -", []string{"cannot write to /tmp/ro", "nothing was changed"}, "", ""},
		{"no folder", url("old") + " INSTALL_KOVE_BIN_DIR=/nowhere sh -", []string{"there is no folder /nowhere", "nothing was changed"}, "", ""},
		{"empty stick", "INSTALL_KOVE_URL=/tmp/fake sh -", []string{"there is no /tmp/fake/channels/stable", "nothing was changed"}, "", ""},
		{"skipped download, no program", "INSTALL_KOVE_SKIP_DOWNLOAD=true sh -", []string{"there is no /usr/local/bin/kove", "nothing was changed"}, "", ""},
		{"the script cut off", "sh -c 'cat >/dev/null; for n in 1 2 3 4 5 6 7 8 9; do head -c ${n}000 /media/usb/" + oldVersion + "/install.sh | " + url("old") + " sh -; done; exit 1'", nil, "", ""},
		{"port in use", url("old") + " sh -", []string{"6443", "nothing was changed"}, "(setsid busybox nc -l -p 6443 </dev/null >/dev/null 2>&1 & echo $! >/tmp/fake/nc); sleep 0.3", "kill $(cat /tmp/fake/nc)"},
		{"unknown flag", url("old") + " sh -s - server --node-adress 1.2.3.4", []string{"unknown flag --node-adress"}, "", ""},
		{"wrong value", "KOVE_CLUSTER_CIDR=10.16.0.1/16 " + url("old") + " sh -", []string{"10.16.0.1/16 has address bits behind its /16", "Nothing was changed"}, "", ""},
		{"agent without a token", "KOVE_URL=https://192.0.2.1:6443 " + url("old") + " sh -", []string{"an agent cannot join without a token", "Nothing was changed"}, "", ""},
		{"wrong role", url("old") + " sh -s - worker", []string{"kove install worker: the role is server or agent"}, "", ""},
		{"no such image", url("old") + " INSTALL_KOVE_IMAGES=/tmp/nothing sh -", []string{"--image: stat /tmp/nothing", "Nothing was changed"}, "", ""},
	} {
		t.Run(strings.ReplaceAll(tc.name, " ", "-"), func(t *testing.T) {
			if tc.setup != "" {
				mustSh(t, n, tc.setup)
			}
			before := everything(t, n)
			began := time.Now()
			out, err := sh(n, script+"env "+tc.run)
			took := time.Since(began)
			after := everything(t, n)
			if tc.after != "" {
				mustSh(t, n, tc.after)
			}
			if err == nil {
				t.Errorf("it succeeded:\n%s", out)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if strings.Contains(out, "geheim") {
				t.Errorf("it tells the proxy's password:\n%s", out)
			}
			wantSame(t, "it changed the machine", before, after)
			if took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
			t.Logf("%.1f s: %s", took.Seconds(), out)
		})
	}
}
